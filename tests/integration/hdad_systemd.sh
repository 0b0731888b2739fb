# Under systemd, without systemd: notification, watchdog, sockets handed over, units that verify and score.
. "$top_srcdir/tests/tap.sh"
. "$top_srcdir/tests/integration/lib.sh"
systemd=$(ldd "$hdad" | grep -c libsystemd || true)

if [ "$systemd" -gt 0 ]; then
	notify=$work/notify
	python3 "$top_srcdir/tests/integration/notify.py" "$notify" "$work/notified" &
	notify_pid=$!
	trap 'kill $notify_pid; hda_cleanup' EXIT
	wait_for 5 grep -q listening "$work/notified"
	said() { grep -q -e "$1" "$work/notified"; }
	printf 'max_dumps = 2\n' >"$work/c"
	NOTIFY_SOCKET=$notify WATCHDOG_USEC=1000000 hdad_start -c "$work/c" 
	ok 'READY=1 with a status' wait_for 5 said 'READY=1 | STATUS=accepting'
	ok 'READY came after the sockets' answers
	ok 'WATCHDOG=1' wait_for 5 said 'WATCHDOG=1'
	ok 'STATUS= while running' said 'STATUS=0 dumps in flight, 0 stored, 0 gems'
	kill -HUP "$hdad_pid"
	ok 'RELOADING=1 with MONOTONIC_USEC' wait_for 5 said 'RELOADING=1 | MONOTONIC_USEC=[0-9]'
	ok 'then READY=1 again' wait_for 5 sh -c 'sed -n "/RELOADING/,\$p" "$1" | grep -q READY=1' sh "$work/notified"
	echo rubbish >"$work/c"
	kill -HUP "$hdad_pid"
	ok 'READY=1 after a reload that was refused too' wait_for 5 said 'READY=1 | STATUS=reload refused'
	hdad_stop
	ok 'STOPPING=1 with EXTEND_TIMEOUT_USEC' wait_for 5 said 'STOPPING=1 | EXTEND_TIMEOUT_USEC=100000000'
	n=$(grep -c 'WATCHDOG=1' "$work/notified")
	ok 'the watchdog is not flooded' [ "$n" -le 40 ]
else
	skip 'notification' 'built without systemd'
fi

if [ "$systemd" -gt 0 ] && command -v systemd-socket-activate >/dev/null; then
	systemd-socket-activate -l "$work/run/ingest.sock" -l "$work/run/query.sock" -l "$work/run/control.sock" \
		--fdname=hdad-ingest:hdad-query:hdad-control "$hdad" --state-dir "$work/state" --runtime-dir "$work/run" 2>>"$work/log" &
	hdad_pid=$!
	wait_for 5 test -S "$work/run/control.sock"
	like 'by systemd-socket-activate: the first connection starts it' "$(peer hello query)" '^WELCOME '
	like 'and dumps go in' "$(peer dump - 1 1)" '^ACK '
	like 'it knows that the sockets are not its own' "$(cat "$work/log")" 'event=ready .*runtime_dir="\(systemd\)"'
	hdad_stop
	is 'it ends with 0' "$hdad_status" 0
	ok 'sockets that were handed over are not unlinked' [ -S "$work/run/ingest.sock" ]
	rm -f "$work"/run/*.sock
	systemd-socket-activate -l "$work/run/ingest.sock" --fdname=other "$hdad" --state-dir "$work/state" --runtime-dir "$work/run" 2>>"$work/log" &
	hdad_pid=$!
	wait_for 5 test -S "$work/run/ingest.sock"
	python3 -c 'import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])' "$work/run/ingest.sock"
	hdad_wait 10
	is 'a socket of a strange name: refuses to start' "$hdad_status" 1
	ok 'and says so' log_has 'event=start_failed.*wanted hdad-ingest, hdad-query, hdad-control'
else
	skip 'socket activation' 'no systemd-socket-activate, or built without systemd'
fi

if command -v systemd-analyze >/dev/null; then
	units=$work/units; mkdir "$units"
	(cd "$top_builddir" && make -s contrib/systemd/hdad.service >/dev/null 2>&1)
	# verify wants the programs to be there.
	sed -e "s|^ExecStart=[^ ]*|ExecStart=$hdad|" -e "s|^ExecReload=[^ ]*|ExecReload=/bin/true|" \
		"$top_builddir/contrib/systemd/hdad.service" >"$units/hdad.service"
	cp "$top_srcdir"/contrib/systemd/*.socket "$units"
	is 'systemd-analyze verify is silent' "$(cd "$units" && SYSTEMD_UNIT_PATH="$units:" systemd-analyze verify --man=no ./hdad.service ./hdad-*.socket 2>&1 |
		grep -i 'hdad' | head -5)" ''
	out=$(systemd-analyze security --offline=yes --threshold=5 "$units/hdad.service" 2>&1); status=$?
	is 'systemd-analyze security: exposure of 0.5 at most' "$status" 0
	like 'it was really measured' "$out" 'Overall exposure level for hdad.service: 0\.[0-5]'
else
	skip 'units' 'no systemd-analyze'
fi
unlike 'no assertion, no sanitizer' "$(cat "$work/log")" 'bug:|Sanitizer|runtime error'
done_testing
