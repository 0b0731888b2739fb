#!/bin/sh
# Verdicts of real Ruby processes whose growth is not objects of one class: what the line says, and that it is one. SPDX-License-Identifier: BSD-2-Clause
. "$top_srcdir/tests/tap.sh"
share 2 # in the sanitizers' suite
. "$top_srcdir/tests/integration/lib.sh"
command -v jq >/dev/null || skip_all "no jq"
command -v ruby >/dev/null || skip_all "no ruby"

# said SHAPE: $work/SHAPE.json and .txt
said() {
	mkdir "$work/$1"
	ruby "$top_srcdir/tests/integration/leaks_shapes_program.rb" "$1" "$work/$1" 10 || fail "$1: ruby"
	"$hdactl" -f "$work/$1" leaks --json >"$work/$1.json" 2>/dev/null
	"$hdactl" -f "$work/$1" leaks >"$work/$1.txt" 2>&1
	for by in holder container; do
		"$hdactl" -f "$work/$1" trend --by "$by" --json 2>/dev/null |
			jq -r '.rows[] | select(.label == "leak") | "\(.name) \(.id)"' >"$work/$1.$by"
	done
	rm -r "${work:?}/$1"
}
labels() { jq -r '[.rows[].label // empty] | join(" ")' "$work/$1.json"; }
text() { cat "$work/$1.txt"; }

said numbers
is 'numbers: one leak' "$(labels numbers)" leak
like 'numbers: entries, for there are no objects' "$(text numbers)" '^LEAK +[0-9]+ %  \+20 entries/job  \+480 B/job'
like 'numbers: how many by now' "$(text numbers)" '^  now +200 000 entries    id '

said buffer
is 'a String that grows: one leak' "$(labels buffer)" leak
like 'a String that grows: bytes' "$(text buffer)" '^LEAK +[0-9]+ %  \+24 B/job '
like 'a String that grows: who holds it' "$(text buffer)" '^  held by    global variable -> String \(240 000 bytes\)$'
is 'a String that grows: no objects' "$(jq '.rows[0].objects_per_job' "$work/buffer.json")" 0

said flushed
is 'a String that is cut: no leak' "$(jq '[.rows[] | select(.label == "leak")] | length' "$work/flushed.json")" 0

said closures
is 'closures: one leak' "$(labels closures)" leak
like 'closures: objects, and entries of their own' "$(text closures)" '^  held by    global variable -> Array \(10 000 entries, \+1/job\)$'
leaks=$(jq -r '.rows[0] | "\(.holder) \(.id)"' "$work/closures.json")
is 'closures: the trend by holder says so, by the same name' "$(cat "$work/closures.holder")" "$leaks"
is 'closures: so does the trend by container' "$(cat "$work/closures.container")" "$leaks"
like 'closures: what the interpreter keeps beside each counts for nothing' "$(text closures)" '^LEAK +[0-9]+ %  \+1 objects/job'
like 'closures: what is kept of every part is drawn full' "$(text closures)" '^  kept, by time of birth  █+  per job$'

said late
is 'a list that was short at first: one leak' "$(labels late)" leak
like 'a list that was short at first: the list is named' "$(text late)" '^  held by    global variable -> Array \(200 entries, \+0\.02/job\)$'

said memo
is 'a memo: one line, no leak' "$(labels memo)" slow
like 'a memo: what it is, and its end' "$(text memo)" '^SLOW +(filled|will stop near)'

# Two workers of one application, of which one traces: the same leak, not one and a half.
mkdir "$work/one" "$work/both"
ruby "$top_srcdir/tests/integration/leaks_shapes_program.rb" events "$work/one" 6 71 || fail "events: ruby"
ruby "$top_srcdir/tests/integration/leaks_shapes_program.rb" events "$work/both" 6 72 trace || fail "events: ruby"
ln -s "$work/one"/* "$work/both"
rate='.rows[] | select(.label == "leak") | "\(.bytes_per_1000_jobs / 1000 | round) \(.objects_per_job * 100 | round)"'
"$hdactl" -f "$work/one" leaks --json 2>/dev/null | jq -r "$rate" >"$work/one.rate"
"$hdactl" -f "$work/both" leaks --json 2>/dev/null | jq -r "$rate" >"$work/both.rate"
is 'one worker: a leak of 40 bytes a job' "$(cat "$work/one.rate")" '40 100'
is 'with another that traces: the same' "$(cat "$work/both.rate")" "$(cat "$work/one.rate")"
is 'with another that traces: in both' "$("$hdactl" -f "$work/both" leaks --json 2>/dev/null |
	jq -r '.rows[] | select(.label == "leak") | "\(.workers) \(.of_workers)"')" '2 2'

# A worker that does not have it stands beside: which one has is said.
mkdir "$work/beside"
ruby "$top_srcdir/tests/integration/leaks_shapes_program.rb" memo "$work/beside" 6 74 || fail "memo: ruby"
ln -s "$work/one"/* "$work/beside"
like 'one of two workers: which' "$("$hdactl" -f "$work/beside" leaks 2>/dev/null)" 'in 1 of 2 workers \(pid 71\) '
is 'one of two workers: in JSON' "$("$hdactl" -f "$work/beside" leaks --json 2>/dev/null | jq -c '.rows[] | select(.label == "leak") | .worker_pids')" '[71]'

# Traced, and no GC between most dumps: births cannot be told apart, and nothing is claimed.
mkdir "$work/still"
ruby "$top_srcdir/tests/integration/leaks_shapes_program.rb" still "$work/still" 9 73 trace || fail "still: ruby"
"$hdactl" -f "$work/still" leaks >"$work/still.txt" 2>&1
like 'no GC: said' "$(text still)" '^[0-9]+ of 9 dumps came right after another one or without a GC since'
like 'no GC: no verdict yet' "$(text still)" 'more before a verdict can be trusted$'
unlike 'no GC: nothing is called bounded' "$(text still)" '^SLOW'

said lists
is 'many short lists: one leak' "$(labels lists)" leak
like 'many short lists: entries of all' "$(text lists)" '^LEAK +[0-9]+ %  \+1 entries/job'
like 'many short lists: how many they are' "$(text lists)" '^  held by    global variable -> Array \(10 [0-9]+ entries in 50[0-9]\)$'
is 'many short lists: so does the trend by container' "$(cat "$work/lists.container")" "$(jq -r '.rows[0] | "\(.holder) \(.id)"' "$work/lists.json")"

said texts
is 'many texts: one leak' "$(labels texts)" leak
like 'many texts: bytes' "$(text texts)" '^LEAK +[0-9]+ %  \+1[5-9] B/job'
is 'many texts: how many they are' "$(jq '.rows[0] | [.containers, .objects_per_job]' "$work/texts.json" -c)" '[40,0]'

said cut
is 'texts that are cut: no leak' "$(jq '[.rows[] | select(.label == "leak")] | length' "$work/cut.json")" 0

said queue
is 'a queue whose consumers are behind: no leak' "$(labels queue)" 'backlog?'
like 'a queue whose consumers are behind: what is said of it' "$(text queue)" '^no leak found but what should end by itself, see above'
is 'a queue whose consumers are behind: each entry once' "$(jq '.rows[0] | .entries // .count' "$work/queue.json")" 2500

done_testing
