# Whole-daemon tests: source after tap.sh. Everything happens in $work, which goes away at the end; daemons are ended by pid.
#	. "$top_srcdir/tests/tap.sh"; . "$top_srcdir/tests/integration/lib.sh"
#	hdad_start [OPTION ...]     starts hdad on $work/state and $work/run ($hdad_pid), waits for READY's work: the control socket answers
#	hdad_stop [SIGNAL]          TERM (or another), waits for its end; its exit status is in $hdad_status
#	peer COMMAND ...            tests/integration/peer.py on $work/run
hdad=$top_builddir/hdad
hdactl=$top_builddir/hdactl
work=$(mktemp -d "${TMPDIR:-/tmp}/hda-test.XXXXXX")
hdad_pid=
hdad_status=
mkdir -m 700 "$work/state" "$work/run"

peer() { python3 "$top_srcdir/tests/integration/peer.py" "$work/run" "$@"; }
# alive PID: the process runs (a zombie does not).
alive() { kill -0 "$1" 2>/dev/null && ! grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null; }
dead() { ! alive "$1"; }
# answers: the control socket accepts and speaks.
answers() { peer hello control >/dev/null 2>&1; }
readies() { grep -c 'event=ready' "$work/log" || true; }
ready_or_dead() { dead "$hdad_pid" || [ "$(readies)" -gt "$hdad_readies" ]; }

hdad_start() {
	: >>"$work/log"
	hdad_readies=$(readies)
	"$hdad" --state-dir "$work/state" --runtime-dir "$work/run" "$@" >>"$work/log" 2>&1 &
	hdad_pid=$!
	if ! wait_for 20 ready_or_dead || dead "$hdad_pid"; then
		diag "hdad did not start:"; diag "$(cat "$work/log")"
		return 1
	fi
}
# hdad_wait SECONDS: waits for its end; $hdad_status.
hdad_wait() {
	wait_for "$1" dead "$hdad_pid" || { diag "hdad does not end"; kill -9 "$hdad_pid"; }
	hdad_status=0
	wait "$hdad_pid" 2>/dev/null || hdad_status=$?
	hdad_pid=
}
hdad_stop() {
	[ -n "$hdad_pid" ] || return 0
	kill -"${1:-TERM}" "$hdad_pid" 2>/dev/null
	hdad_wait 20
}
log_has() { grep -Eq -e "$1" "$work/log"; }
# A Redis of the test's own: a socket in $work, nothing on disk. redis_pid is empty when it has ended; whoever starts it ends it.
redis_pid=
redis_start() {
	redis-server --port 0 --unixsocket "$work/redis.sock" --save '' --appendonly no --dir "$work" >"$work/redis.log" 2>&1 &
	redis_pid=$!
	wait_for 10 [ -S "$work/redis.sock" ]
}
redis_stop() {
	kill -TERM "$redis_pid" 2>/dev/null
	wait_for 5 dead "$redis_pid" && redis_pid=
}
hda_cleanup() {
	[ -z "$hdad_pid" ] || kill -9 "$hdad_pid" 2>/dev/null
	# A sanitizer's report fails the file even when the daemon was killed before it could say so by its exit status.
	hdad_bad=0
	if grep -Eqs 'Sanitizer:|runtime error:' "$work/log"; then hdad_bad=1; diag "$(cat "$work/log")"; fi
	[ -z "${HDA_KEEP:-}" ] || { diag "kept: $work"; [ "$hdad_bad" -eq 0 ] || exit 1; return; }
	rm -rf "$work"
	[ "$hdad_bad" -eq 0 ] || exit 1
}
trap hda_cleanup EXIT
trap 'exit 1' INT TERM HUP
