#!/bin/sh
# hdactl leaks and what is around it: --explain, --ack, --unack, --ci, with a daemon and with -f. SPDX-License-Identifier: BSD-2-Clause
. "$top_srcdir/tests/tap.sh"
share 2 # in the sanitizers' suite
. "$top_srcdir/tests/integration/lib.sh"
command -v jq >/dev/null || skip_all "no jq"
export HDA_RUNTIME_DIR="$work/run"
code() { status=0; "$@" >"$work/out" 2>"$work/err" || status=$?; }
feed() { python3 "$top_srcdir/tests/integration/leaks_feed.py" "$@"; }
t0=$(($(date +%s) - 4000))
mkdir "$work/d" "$work/clean"
feed files "$work/d" 100 "$t0" 0 12
feed files "$work/clean" 100 "$t0" 0 12 0

# --- the rows of leaks --json
"$hdactl" -f "$work/d" --json leaks >"$work/f.json" 2>/dev/null
is 'json: the fields, in this order' "$(jq -r '.rows[0] | keys_unsorted[:18] | join(" ")' "$work/f.json")" \
	'id label confidence type class file line holder objects_per_job bytes_per_1000_jobs low high bytes_per_hour limit_at first_seen revision workers of_workers'
is 'json: what leaks' "$(jq -r '.rows[0] | "\(.label) \(.class) \(.file):\(.line) \(.holder)"' "$work/f.json")" 'leak String app/lib/price_cache.rb:14 class PriceCache -> Class'
ok 'json: every row has every field' jq -e '[.rows[] | keys | length] | unique | length == 1' "$work/f.json"
id=$(jq -r '.rows[0].id' "$work/f.json")
slow=$(jq -r '[.rows[] | select(.label == "slow")][0].id' "$work/f.json")
like 'json: an id' "$id" '^[0-9a-f]{6}$'
like 'json: the cache is there, and no leak' "$slow" '^[0-9a-f]{6}$'

like 'a cache that is full: says so' "$("$hdactl" -f "$work/d" leaks)" '^SLOW +filled: 397 entries, and no more than 4 are to come$'
like 'narrow: a trend has its verdict' "$(COLUMNS=40 "$hdactl" -f "$work/d" trend 2>/dev/null | head -n 1)" 'VERDICT'
like 'a leak that --label leaves out is told of' "$("$hdactl" -f "$work/d" leaks --label slow 2>&1)" '^1 leak is not shown, by --label or --min-confidence$'
like 'and one that --min-confidence does' "$("$hdactl" -f "$work/d" leaks --min-confidence 99 2>&1)" '^1 leak is not shown'
mkdir "$work/filling"
feed files "$work/filling" 100 "$t0" 0 8
like 'a cache that fills: where and when it will stop' "$("$hdactl" -f "$work/filling" leaks)" '^SLOW +will stop near 400 entries \(now 38[0-9]\), about [0-9]{2}:[0-9]{2}$'
is 'a cache that fills: its bound is near the truth' "$("$hdactl" -f "$work/filling" --json leaks 2>/dev/null | jq '[.rows[] | select(.label == "slow") | .bound | . > 390 and . < 410] | all')" true
mkdir "$work/young"
feed files "$work/young" 100 "$t0" 0 4
unlike 'too few dumps: no end is told' "$("$hdactl" -f "$work/young" leaks)" 'will stop|filled'
unlike 'files: no low boundary' "$("$hdactl" -f "$work/d" leaks)" 'low boundary'

# --- more names than are followed: 33 000 classes and an object of each, the sum of what there is no room for as one row
mkdir "$work/names"
awk 'BEGIN { print "{\"type\":\"ROOT\", \"root\":\"vm\", \"references\":[\"0x50\"]}"; for (i = 1; i <= 33000; i++) {
	printf "{\"address\":\"0x%x\", \"type\":\"CLASS\", \"name\":\"Made%d\", \"memsize\":500}\n", i * 80, i
	printf "{\"address\":\"0x%x\", \"type\":\"OBJECT\", \"class\":\"0x%x\", \"memsize\":40}\n", i * 80 + 40, i * 80 } }' >"$work/names/heap-7-$t0-1000.dump"
"$hdactl" -f "$work/names" --no-graph --json leaks >"$work/names.json" 2>/dev/null
is 'other: keys, objects and bytes of what is not followed' "$(jq -c '.rows[] | select(.label == "other") | [.id, .keys > 200, .keys == .count, .bytes == 40 * .count]' "$work/names.json")" '[null,true,true,true]'
like 'other: as a line' "$("$hdactl" -f "$work/names" --no-graph leaks 2>&1)" '^OTHER +[0-9]+ keys more than are followed: [0-9]+ objects, [0-9.]+K, not judged$'
is 'other: --label' "$("$hdactl" -f "$work/names" --no-graph --json leaks --label other 2>/dev/null | jq '.rows | length')" 1

# --- --explain
code "$hdactl" -f "$work/d" leaks --explain "$id"
is 'explain: exit 0' $status 0
cp "$work/out" "$work/explained"
like 'explain: the line' "$(cat "$work/out")" '^LEAK +[0-9]+ %  \+0\.[0-9]+ '
like 'explain: a cohort' "$(cat "$work/out")" '^  2 000 \.\. 3 000 +300 +300 +100%  ##########$'
like 'explain: the youngest do not count' "$(cat "$work/out")" '^  11 000 \.\. 12 000 .*too young to count$'
like 'explain: the series' "$(cat "$work/out")" '^  300  .*  3 600$'
like 'explain: with jobs' "$(cat "$work/out")" '^  at 1 000 \.\. 12 000 jobs, 12 dumps$'
like 'explain: the root' "$(cat "$work/out")" '^  Ruby VM$'
like 'explain: the holder' "$(cat "$work/out")" 'class PriceCache$'
like 'explain: the stories' "$(cat "$work/out")" '^ +[0-9]+%  kept for ever: '
like 'explain: a cache, weighed' "$(cat "$work/out")" '^ +[0-9.]+%  a cache or warm-up that fills: '
like 'explain: what was released' "$(cat "$work/out")" '^  released    0% '
like 'explain: the detection limit' "$(cat "$work/out")" '^  limit       a leak of [0-9.]+ objects per job would have been seen by now$'
like 'explain: when first seen' "$(cat "$work/out")" 'first seen 20[0-9-]+ [0-9:]+ '
code "$hdactl" -f "$work/d" leaks --explain "$(printf %s "$id" | cut -c1-4 | tr a-f A-F)"
is 'explain: the beginning of an id, in capitals' "$(cat "$work/out")" "$(cat "$work/explained")"
code "$hdactl" -f "$work/d" leaks --explain "$slow"
is 'explain of a cache: exit 0' $status 0
like 'explain of a cache: ever fewer' "$(cat "$work/out")" '^ +[0-9]+%  a cache or warm-up that fills: '
like 'explain of a cache: why' "$(cat "$work/out")" '^why it is called slow$'
"$hdactl" -f "$work/d" --json leaks --explain "$id" >"$work/fx.json" 2>/dev/null
is 'explain --json: the lists' "$(jq -r '[.rows[].list] | unique | join(" ")' "$work/fx.json")" 'cohorts evidence holders leak series stories'
is 'explain --json: the first row is the line' "$(jq -r '.rows[0].id' "$work/fx.json")" "$id"
is 'explain --json: shares' "$(jq -c '[.rows[] | select(.list == "cohorts" and .weighed) | .share] | unique' "$work/fx.json")" '[1]'
is 'explain --json: the weights add up' "$(jq '[.rows[] | select(.list == "stories") | .weight] | add * 1000 | round' "$work/fx.json")" 1000
is 'explain --json: the series' "$(jq -c '[.rows[] | select(.list == "series") | .count[]]' "$work/fx.json")" '[300,600,900,1200,1500,1800,2100,2400,2700,3000,3300,3600]'
code "$hdactl" -f "$work/d" leaks --explain 000000
is 'explain: an unknown id: exit 1' $status 1
like 'explain: an unknown id: says so' "$(cat "$work/err")" '^hdactl: no line of these processes has an id that begins with 000000: hdactl leaks shows them$'
for bad in zz 1234567 12-4; do
	code "$hdactl" -f "$work/d" leaks --explain "$bad"
	is "explain \"$bad\": exit 2" $status 2
	like "explain \"$bad\": says so" "$(cat "$work/err")" '^hdactl: "'"$bad"'" is no id: up to 6 hex digits'
done
# Every word that --explain prints in front of a figure stands in the manual.
for w in survivors pace released holder 'end unseen' limit together 'STILL THERE' KEPT GAINED 'too young to count' 'not counted'; do
	ok "explain: \"$w\" is in the manual" grep -q -e "$w" "$top_srcdir/doc/hdactl.1"
done

# --- --ci
code "$hdactl" -f "$work/d" leaks --ci "$work/f.json"
is 'ci: its own baseline: exit 0' $status 0
like 'ci: its own baseline: known' "$(cat "$work/out")" "^known $id  app/lib/price_cache.rb:14 "
like 'ci: its own baseline: the count' "$(cat "$work/out")" '^0 new leaks, 1 known, 0 gone, against '
"$hdactl" -f "$work/clean" --json leaks >"$work/clean.json" 2>/dev/null
code "$hdactl" -f "$work/d" leaks --ci "$work/clean.json"
is 'ci: a new leak: exit 1' $status 1
like 'ci: a new leak is shown' "$(cat "$work/out")" '^NEW   LEAK +[0-9]+ %'
like 'ci: a new leak: the count' "$(cat "$work/out")" '^1 new leak, 0 known, 0 gone, against '
code "$hdactl" -f "$work/clean" leaks --ci "$work/f.json"
is 'ci: a leak that is gone: exit 0' $status 0
like 'ci: a leak that is gone is named' "$(cat "$work/out")" "^gone  $id  app/lib/price_cache.rb:14 "
is 'ci --json: rows' "$("$hdactl" -f "$work/d" --json leaks --ci "$work/clean.json" 2>/dev/null | jq -r '.rows[] | "\(.ci) \(.id) \(.label)"')" "new $id leak"
jq '.rows |= map(if .label == "leak" then .label = "slow" else . end)' "$work/f.json" >"$work/slow.json"
code "$hdactl" -f "$work/d" leaks --ci "$work/slow.json"
is 'ci: a cache of the baseline that leaks now is new' $status 1
jq '.rows |= map(if .label == "leak" then .label = "suspect" else . end)' "$work/f.json" >"$work/suspect.json"
code "$hdactl" -f "$work/d" leaks --ci "$work/suspect.json"
is 'ci: a suspect of the baseline that leaks now is known' $status 0
code "$hdactl" -f "$work/d" leaks --ci "$work/none.json"
is 'ci: no baseline: exit 5' $status 5
like 'ci: no baseline: what to do' "$(cat "$work/err")" 'none.json: No such file or directory. Save one: hdactl leaks --json > '
n=$(wc -c <"$work/f.json")
for cut in 0 1 20 $((n / 2)) $((n - 3)); do
	head -c $cut "$work/f.json" >"$work/torn.json"
	code "$hdactl" -f "$work/d" leaks --ci "$work/torn.json"
	is "ci: a baseline torn after $cut bytes: exit 5" "$status $(grep -c 'is no baseline' "$work/err")" '5 1'
done
"$hdactl" -f "$work/d" --json ps >"$work/ps.json" 2>/dev/null
code "$hdactl" -f "$work/d" leaks --ci "$work/ps.json"
is 'ci: another report: exit 5' $status 5
code "$hdactl" -f "$work/d" leaks --ci "$work/f.json" --label leak
is 'ci with --label: exit 2' $status 2
code "$hdactl" -f "$work/none" leaks --ci "$work/f.json"
is 'ci: no dump to read: exit 5' $status 5

# --- --ack: not with -f
code "$hdactl" -f "$work/d" leaks --ack "$id"
is 'ack with -f: exit 2' $status 2
like 'ack with -f: why' "$(cat "$work/err")" 'need the daemon: with -f there is nowhere to keep what is known'

# --- with a daemon
hdad_start || exit 1
feed send "$work/run" 100 r1 0 12
"$hdactl" --json leaks >"$work/s.json" 2>/dev/null
is 'daemon: the same id as of the files' "$(jq -r '.rows[0].id' "$work/s.json")" "$id"
is 'daemon: since this revision' "$(jq -r '.rows[0] | "\(.revision) \(.workers)"' "$work/s.json")" 'r1 1'
is 'daemon: no control group has a limit, so it is the memory of the host' "$(jq -r '.rows[0].limit' "$work/s.json")" "$(($(awk '/^MemTotal/ { print $2 }' /proc/meminfo) * 1024))"
ok 'daemon: when it is reached' jq -e '.rows[0].limit_at > .rows[0].last_time' "$work/s.json"
like 'daemon: the low boundary' "$("$hdactl" leaks)" '^low boundary  23 [0-9]+ objects live after major collections, rising 300 per 1000 jobs \([0-9]+ \.\. [0-9]+\); old objects rising 300$'
is 'daemon: the low boundary --json' "$(jq -r '.rows[0] | "\(.boundary) \(.boundary_per_1000_jobs | round) \(.old_boundary) \(.old_boundary_per_1000_jobs | round)"' "$work/s.json")" 'rising 300 rising 300'
lists='[.rows[] | select(.list == "cohorts" or .list == "series" or .list == "holders" or .list == "stories") | del(.time_from, .time_to, .times, .group) | if .weight then .weight |= (. * 1e4 | round) else . end]'
is 'daemon: the same evidence as of the files' "$("$hdactl" --json leaks --explain "$id" 2>/dev/null | jq -cS "$lists" | cksum)" "$(jq -cS "$lists" "$work/fx.json" | cksum)"
ok 'journal: the leak was told' log_has "event=label_changed.* id=$id from=static to=leak"
is 'ci with a daemon: exit 0' "$("$hdactl" leaks --ci "$work/f.json" >/dev/null; echo $?)" 0

code "$hdactl" leaks --ack "$(printf %s "$id" | cut -c1-5)" --until r2 --note 'ticket 311: next release'
is 'ack: exit 0' $status 0
is 'ack: says so' "$(cat "$work/out")" "$id is acknowledged"
ok 'ack: in the journal' log_has "event=leak_acknowledged .* id=$id revision=r2 .*note=\"ticket 311: next release\""
code "$hdactl" leaks
like 'ack: is shown' "$(cat "$work/out")" '^  ACK until revision r2: ticket 311: next release$'
like 'ack: no other leak' "$(cat "$work/out")" '^no leak found but what is acknowledged'
is 'ack: comes last' "$("$hdactl" --json leaks 2>/dev/null | jq -r '.rows[-1] | "\(.id) \(.label) \(.acknowledged) \(.ack_revision) \(.ack_note) \(.ack_until)"')" \
	"$id leak true r2 ticket 311: next release null"
is 'ack: ps counts it so' "$("$hdactl" --json ps 2>/dev/null | jq -r '.rows[0] | "\(.verdict) \(.leak)"')" "acknowledged $id"
code "$hdactl" leaks --ci "$work/clean.json"
is 'ack: is not new in ci' $status 0
hdad_stop
is 'ack: the daemon ends well' $hdad_status 0
hdad_start || exit 1
is 'ack: a restart keeps it' "$("$hdactl" --json ps 2>/dev/null | jq -r '.rows[0].verdict')" acknowledged
told() { grep -c "event=label_changed.* id=$id .*to=leak" "$work/log"; }
before=$(told)
feed send "$work/run" 101 r1 0 12
is 'ack: the next process has the leak, too' "$("$hdactl" --json leaks 2>/dev/null | jq -r '.rows[-1] | "\(.workers) \(.of_workers)"')" '2 2'
is 'ack: the journal does not tell it again' "$(told)" "$before"
is 'ack: but it is counted' "$(peer counter label_changes_acknowledged)" 1
feed send "$work/run" 102 r2 0 12
code "$hdactl" leaks
like 'the revision is there: the ack is over' "$(cat "$work/out")" '^  ACK is over: until revision r2: ticket 311'
is 'the revision is there: ps says leak again' "$("$hdactl" --json ps 2>/dev/null | jq -r '[.rows[].verdict] | unique | join(" ")')" leak
is 'the revision is there: the journal tells it' "$(told)" $((before + 1))
code "$hdactl" leaks --ci "$work/clean.json"
is 'the revision is there: new in ci' $status 1

day=$(($(date +%Y) + 1))-02-03
code "$hdactl" leaks --ack "$id" --until "$day"
is 'ack until a date: exit 0' $status 0
like 'ack until a date: is shown' "$("$hdactl" leaks)" "^  ACK until $day 00:00:00\$"
code "$hdactl" leaks --ack "$id" --until 2020-02-03
is 'ack until a date that has passed: exit 2' $status 2
code "$hdactl" leaks --ack "$id" --until 2031-02-33
is 'ack until a date that is none: exit 2' $status 2
code "$hdactl" leaks --ack 000000
is 'ack of an unknown id: exit 1' $status 1
code "$hdactl" leaks --ack "$id" --unack "$id"
is 'ack and unack: exit 2' $status 2
code "$hdactl" leaks --ack "$id" --pid 100
is 'ack for one process: exit 2' $status 2
code "$hdactl" leaks --ack "$id" --note "$(printf '%0256d' 1)"
is 'ack with too long a note: exit 2' $status 2
code "$hdactl" leaks --ack "$id" --note "$(printf '%0255d' 1)"
is 'ack with the longest note: exit 0' $status 0
code "$hdactl" leaks --unack "$id"
is 'unack: exit 0' $status 0
unlike 'unack: it counts again' "$("$hdactl" leaks)" 'ACK'
code "$hdactl" leaks --unack "$id"
is 'unack twice: exit 1' $status 1
like 'unack twice: says so' "$(cat "$work/err")" "$id is not acknowledged"
like 'the query socket refuses ack' "$(peer ask query ack "id=$id" 2>&1)" '406|only by the control socket'
for bad in id=12 id=12345g "id=$id until=5" "id=$id revision=x$(printf '%0200d' 1)" "id=$id note=7" "id=$id note=$(printf '%0256d' 1)"; do
	# shellcheck disable=SC2086 # arguments
	like "the control socket refuses ack $(printf %.20s "$bad")" "$(peer ask control ack $bad 2>&1)" '405'
done
hdad_stop
is 'the daemon ends well' $hdad_status 0
done_testing
