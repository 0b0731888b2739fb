#!/bin/sh
# hdactl dump and hdactl ps, with a real process, a real hdad. SPDX-License-Identifier: BSD-2-Clause
. "$top_srcdir/tests/tap.sh"
share 2 # in the sanitizers' suite
[ -n "${RUBY:-}" ] || skip_all 'no ruby'
command -v jq >/dev/null || skip_all 'no jq'
. "$top_srcdir/tests/integration/lib.sh"
worker=
other=
end_all() {
	for pid in $worker $other; do kill -9 "$pid" 2>/dev/null; done
	hda_cleanup
}
trap end_all EXIT
export HDA_RUNTIME_DIR="$work/run" HDA_SOCKET="$work/run/ingest.sock"
mkfifo "$work/life"
work_on() {
	MIN_INTERVAL=$1 EVERY=${EVERY:-1000000} "$RUBY" -I "$top_srcdir/contrib/ruby-client/lib" "$top_srcdir/tests/integration/gem_demand_worker.rb" <"$work/life" >"$work/worker.log" 2>&1 &
	worker=$!
	exec 9>"$work/life"
}
end_work() { exec 9>&-; wait "$worker"; worker=; }
state() { "$hdactl" --json ps --pid "$worker" 2>/dev/null | jq -r '.rows[0].state // empty'; }
in_state() { [ "$(state)" = "$1" ]; }
code() { status=0; "$@" >"$work/out" 2>"$work/err" || status=$?; }

printf '%s\n' '[ingest]' 'max_dumps = 1' 'retry_after = 60s' >"$work/hda.conf"
ok 'hdad starts' hdad_start -c "$work/hda.conf"
work_on 0
ok 'ps shows a connected process that has not dumped' wait_for 20 in_state idle
code "$hdactl" dump --pid "$worker" --wait
is 'dump --wait: exit 0' $status 0
like 'dump --wait: progress' "$(cat "$work/err")" '^accepted: .*will dump'
like 'dump --wait: the dump begins' "$(cat "$work/err")" '^dumping'
like 'dump --wait: what it was' "$(cat "$work/out")" '^dump 1: [0-9 ]+ objects, heap .*, after [0-9 ]+ jobs?, '
like 'dump --wait: what it cost' "$(cat "$work/out")" '^cost: the process stood still for [0-9.]+ ms'
like 'dump --wait: the dump at a glance' "$(cat "$work/out")" "^dump 1   pid $worker .*after [0-9]+ jobs"
code "$hdactl" dump --pid "$worker" --traced 1 --wait
is 'dump --traced --wait: exit 0' $status 0
like 'dump --traced: progress' "$(cat "$work/err")" 'trace allocations for 1 s'
like 'dump --traced: what tracing cost' "$(cat "$work/out")" '^tracing: 1 s, [0-9 ]+ objects allocated, RSS \+.*, [0-9 ]+ GC runs?, [0-9.]+ jobs/s \([0-9.]+ before\)'
is "the dump has sites" "$("$hdactl" --json top 2 --by site -n 0 | jq '[.rows[].file | select(. != null and test("gem_demand_worker.rb"))] | length > 0')" true
is 'the first had none' "$("$hdactl" --json dumps | jq -c '[.rows[].traced]')" '[false,true]'
code "$hdactl" dump --pid "$worker"
is 'dump without --wait: exit 0' $status 0
like 'dump without --wait: the promise' "$(cat "$work/out")" "pid $worker will dump"
three() { "$hdactl" --json dumps | jq -e '.rows | length == 3' >/dev/null; }
ok 'and the dump comes' wait_for 20 three
ok 'idle again' wait_for 20 in_state idle
is 'dump --wait --json: one row' "$("$hdactl" --json dump --pid "$worker" --wait 2>/dev/null | jq -r '.rows[0] | "\(.event) \(.dump) \(.pause_s > 0)"')" 'over 4 true'

# A process that hangs is not waited for longer than it was promised, and is shown as what it is.
kill -STOP "$worker"
code "$hdactl" dump --pid "$worker" --wait
like 'a hung process: says so' "$(cat "$work/err")" 'did not answer'
ok 'a hung process: not done' [ "$status" -ne 0 ]
is 'ps: it is silent' "$(state)" silent
kill -CONT "$worker"
ok 'the worker ends' end_work
gone() { [ -z "$("$hdactl" --json ps | jq -r '.rows[0].state // empty')" ]; }
ok 'ps: nobody is connected' wait_for 20 gone

work_on 1000
ok 'another one' wait_for 20 in_state idle
code "$hdactl" dump --pid "$worker" --wait
is 'its dump' $status 0
why() { "$hdactl" --json ps --pid "$1" 2>/dev/null | jq -r '.rows[0].why // empty'; }
code "$hdactl" dump --pid "$worker"
like 'a process that just dumped says why not' "$(cat "$work/err")" 'will not dump: the last dump was [0-9]+ s ago, and min_interval is 1000 s'
ok 'its end' end_work

# What else ps shows, and why: the one dump that the daemon takes at a time is held in the middle.
work_on 0
ok 'a third' wait_for 20 in_state idle
child=
dumps_now() { kill -STOP "$child" 2>/dev/null && alive "$child" && in_state dumping; }
held() {
	"$hdactl" dump --pid "$worker" >/dev/null 2>&1 &
	asker=$!
	child=
	until [ -n "$child" ] || dead "$asker"; do child=$(cat /proc/"$worker"/task/*/children 2>/dev/null | tr -d ' '); done
	[ -z "$child" ] || kill -STOP "$child" 2>/dev/null
	wait "$asker" # slower than a whole dump, where hdactl is built with a sanitizer
	# Stopped at once it may not have begun yet: then it goes on step by step, each much shorter than what it waits after its beginning.
	until [ -z "$child" ] || dumps_now; do
		kill -CONT "$child" 2>/dev/null || child=
		sleep 0.01
	done
	[ -n "$child" ]
}
ok 'its child is held' wait_for 30 held
ok 'ps: dumping' wait_for 10 in_state dumping
like 'and for how long' "$(why "$worker")" '^for [0-9]+ s$'
EVERY=1 MIN_INTERVAL=0 "$RUBY" -I "$top_srcdir/contrib/ruby-client/lib" "$top_srcdir/tests/integration/gem_demand_worker.rb" <"$work/life" >"$work/other.log" 2>&1 &
other=$!
other_state() { [ "$("$hdactl" --json ps --pid "$other" 2>/dev/null | jq -r '.rows[0].state // empty')" = "$1" ]; }
ok 'ps: another is refused' wait_for 20 other_state refused
like 'and why, and for how long' "$(why "$other")" '^later: .*[0-9].*\(for [0-9]+ s\)$'
kill -CONT "$child"
ok 'the first is idle again' wait_for 20 in_state idle
code "$hdactl" dump --pid "$worker" --traced 60
is 'traced for a minute' $status 0
ok 'ps: tracing' wait_for 10 in_state tracing
like 'and why, and how long' "$(why "$worker")" '^for a dump on demand \(for [0-9]+ s\)$'
kill -9 "$other"
wait "$other" 2>/dev/null
other=
ok 'its end' end_work
EVERY=1 work_on 1000
ok 'a fourth dumps by itself, and then waits' wait_for 20 in_state postponed
like 'and says why' "$(why "$worker")" '^min_interval: one dump in 1000.* s \(for [0-9]+ s\)$'
ok 'its end' end_work
is 'nobody complained' "$(cat "$work/worker.log")" ''
hdad_stop
is 'hdad ends with 0' "$hdad_status" 0
done_testing
