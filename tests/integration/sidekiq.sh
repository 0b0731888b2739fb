#!/bin/sh
# Real Sidekiq with a real Redis server, 3 300 jobs, every 1 000th a dump into hdad. SPDX-License-Identifier: BSD-2-Clause
. "$top_srcdir/tests/tap.sh"
share 2 # in the sanitizers' suite
[ -n "${RUBY:-}" ] || skip_all 'no ruby'
for tool in sidekiq redis-server jq; do
	command -v $tool >/dev/null || skip_all "no $tool"
done
"$RUBY" -rsidekiq -e 1 2>/dev/null || skip_all 'this ruby has no sidekiq'
. "$top_srcdir/tests/integration/lib.sh"
jobs=3300
app=$top_srcdir/tests/integration/sidekiq_app.rb
sidekiq_pid=
end_all() {
	for pid in $sidekiq_pid $redis_pid; do kill -9 "$pid" 2>/dev/null; done
	hda_cleanup
}
trap end_all EXIT
export REDIS_SOCKET="$work/redis.sock" TRUTH="$work/truth" RUBYLIB="$top_srcdir/contrib/ruby-client/lib" HDA_RUNTIME_DIR="$work/run"
export HDA_SOCKET="$work/run/ingest.sock" HDA_APP=shop HDA_EVERY=1000 HDA_JITTER=0 HDA_MIN_INTERVAL=0 HDA_HEADROOM=0
: >"$TRUTH"
report() { "$hdactl" --json "$@" 2>>"$work/err"; }
acked() { report dumps | jq -e '.rows | length >= 3' >/dev/null; }

ok 'Redis starts' redis_start
ok 'hdad starts' hdad_start
ok "$jobs jobs are enqueued" "$RUBY" -r "$app" -e "Sidekiq::Client.push_bulk('class' => LeakJob, 'args' => (1..$jobs).map { |i| [i] })"
# As a new process group leader would be, but without job control: its own pid is all that is signalled.
(cd "$work" && exec sidekiq -r "$app" -c 2 -q default) >"$work/sidekiq.log" 2>&1 &
sidekiq_pid=$!
ok 'three dumps arrive' wait_for 90 acked
finished() { "$RUBY" -r "$app" -e "exit Sidekiq::Stats.new.processed >= $jobs" -rsidekiq/api; }
ok 'and every job is done' wait_for 30 finished
kill -TERM "$sidekiq_pid"
ended() { dead "$sidekiq_pid"; }
ok 'Sidekiq ends when told' wait_for 15 ended
status=0
wait "$sidekiq_pid" || status=$?
is 'with status 0' "$status" 0
pid=$sidekiq_pid
sidekiq_pid=
[ "$tap_failed" -eq 0 ] || diag "$(tail -20 "$work/sidekiq.log")"
unlike 'the gem had nothing to complain of' "$(cat "$work/sidekiq.log")" 'hda: '

report dumps >"$work/dumps.json"
is 'the counters' "$(jq -c '[.rows[].counter] | sort' "$work/dumps.json")" '[1000,2000,3000]'
is 'all of that process' "$(jq -c '[.rows[].pid] | unique' "$work/dumps.json")" "[$pid]"
is 'all whole' "$(jq -c '[.rows[].partial] | unique' "$work/dumps.json")" '[false]'
is 'failed jobs count, too' "$(grep -c 'job [0-9]* fails' "$work/sidekiq.log" | awk '{ print ($1 >= 4) }')" 1
for n in 1000 2000 3000; do
	alive=$(awk -v n=$n '$1 == n { print $2; exit }' "$TRUTH")
	all=$(awk -v n=$n '$1 == n { print $3; exit }' "$TRUTH")
	got=$(jq ".rows[] | select(.counter == $n) | .objects" "$work/dumps.json")
	id=$(jq ".rows[] | select(.counter == $n) | .dump" "$work/dumps.json")
	kept=$(report top "${id:-0}" --by class --class KeptRow -n 0 | jq '[.rows[].count] | add // 0')
	diag "dump $n: $got objects, Ruby counted ${alive:-nothing} alive of ${all:-nothing}; $kept rows kept"
	# What the jobs between the count and the fork left: each some 150 objects.
	more=$(((${kept:-0} - n) * 250))
	ok "dump $n: the objects that Ruby says are alive, less 3 %" [ "${got:-0}" -ge "$((${alive:-999999999} * 97 / 100))" ]
	ok "dump $n: no more than its heap holds, and 5 %" [ "${got:-0}" -le "$((${all:-1} * 105 / 100 + more))" ]
	# Jobs under way while the hda thread connects put some more in.
	ok "dump $n: one row a job" [ "${kept:-0}" -ge "$n" ]
	ok "dump $n: and no more than were under way" [ "${kept:-0}" -le "$((n + 200))" ]
done

redis_stop
hdad_stop
is 'hdad ends with 0' "$hdad_status" 0
done_testing
