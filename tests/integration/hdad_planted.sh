# What others left or planted where hdad works: symbolic links, foreign directories, files of a killed process.
. "$top_srcdir/tests/tap.sh"
share 2 # in the sanitizers' suite
. "$top_srcdir/tests/integration/lib.sh"

# refuses TEXT: hdad gives up at its start, by itself, and says TEXT.
refuses() {
	"$hdad" --state-dir "$work/state" --runtime-dir "${run:-$work/run}" >"$work/out" 2>&1 &
	hdad_pid=$!
	wait_for 20 sh -c 'grep -q "event=ready" "$1" || ! kill -0 "$2" 2>/dev/null' sh "$work/out" "$hdad_pid"
	! grep -q 'event=ready' "$work/out" || kill "$hdad_pid"
	hdad_wait 20
	cat "$work/out" >>"$work/log"
	[ "$hdad_status" -eq 1 ] && grep -Eq "event=start_failed.*$1" "$work/out" || { diag "status $hdad_status: $(cat "$work/out")"; return 1; }
}
echo precious >"$work/victim"
unharmed() { [ "$(cat "$work/victim")" = precious ] && [ ! -e "$work/nowhere" ]; }

# --- the place of a socket
for name in ingest query control; do
	for to in victim nowhere; do
		ln -s "$work/$to" "$work/run/$name.sock"
		ok "$name.sock is a link to $to: refused, and named" refuses "$name.sock: is there already and is not a socket"
		ok 'the link is left as it is' [ -L "$work/run/$name.sock" ]
		rm "$work/run/$name.sock"
	done
done
ok 'what they point at is as it was' unharmed
# A socket that is not ours, through a link: nobody's socket is taken away by it.
python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$work/other.sock"
ln -s "$work/other.sock" "$work/run/query.sock"
ok 'a link to a dead socket: refused' refuses 'query.sock: is there already'
ok 'and the socket is there' [ -S "$work/other.sock" ]
rm "$work/run/query.sock"

# --- the runtime directory
mkdir -m 700 "$work/elsewhere"
mv "$work/run" "$work/run.real"; ln -s "$work/elsewhere" "$work/run"
ok 'a runtime directory that is a link to a directory of ours will do (/var/run is one)' hdad_start
is 'the modes are as always' "$(cd "$work/elsewhere" && stat -c '%a %n' -- *.sock | sort -k2 | tr '\n' ' ')" '600 control.sock 660 ingest.sock 660 query.sock '
hdad_stop
is 'it ends well' "$hdad_status" 0
is 'and takes its sockets away' "$(ls "$work/elsewhere")" ''
rm "$work/run"; mv "$work/run.real" "$work/run"
chmod 777 "$work/run"
ok 'a runtime directory that everybody may write to is refused' refuses 'others may write to it'
chmod 1777 "$work/run"
ok 'with the sticky bit nobody can replace our sockets: it starts' hdad_start
hdad_stop
chmod 700 "$work/run"
if [ "$(id -u)" -eq 0 ]; then
	chown 65534 "$work/run"
	ok 'a runtime directory of another user is refused' refuses 'belongs to user 65534'
	chown 0 "$work/run"
else
	ok 'a runtime directory of another user # SKIP needs root' true
fi

# --- the store's files
rm -rf "$work/state/store"; mkdir -m 700 "$work/state/store"
for file in hdad.lock lock.mdb data.mdb; do
	for to in victim nowhere; do
		ln -s "$work/$to" "$work/state/store/$file"
		ok "$file is a link to $to: refused, and named" refuses "$file: (Too many levels of symbolic links|is a symbolic link)"
		rm -f "$work/state/store/"*
	done
done
ok 'what they point at is as it was' unharmed

# --- a killed process: its lock is no lock, its number no reason
ok 'starts' hdad_start
like 'a dump' "$(peer dump - 1 1)" '^ACK '
killed=$hdad_pid
hdad_stop KILL
like 'the lock file names the dead' "$(cat "$work/state/store/hdad.lock")" "^$killed "
ok 'starts beside it' hdad_start
is 'the dump is there' "$(peer ask query dumps | grep -c ROW)" 1
ok 'and says whose it is now' [ "$(sed 's/ .*//' "$work/state/store/hdad.lock")" = "$hdad_pid" ]
hdad_stop
# A number that another process has by now.
printf '%-20d\n' $$ >"$work/state/store/hdad.lock"
ok 'a number of a process that lives stops nobody' hdad_start
hdad_stop

ok 'starts once more' hdad_start

# --- a backup that was killed leaves a .part, which the next one replaces
mkdir "$work/copy.part"; echo torn >"$work/copy.part/data.mdb"
like 'a backup over what a killed one left' "$(peer ask control backup "dir=$work/copy")" '"status": 20'
ok 'the copy is there, the rest of the other is not' [ -s "$work/copy/data.mdb" -a ! -e "$work/copy.part" ]
ln -s "$work/victim" "$work/link"
like 'a backup to a link is refused' "$(peer ask control backup "dir=$work/link")" '"status": 4'
mkdir "$work/c2.part"; ln -s "$work/victim" "$work/c2.part/data.mdb"
like 'a link in a .part is taken away, not followed' "$(peer ask control backup "dir=$work/c2")" '"status": 20'
ok 'what they point at is as it was' unharmed
hdad_stop
is 'ends well' "$hdad_status" 0
unlike 'no assertion, no sanitizer' "$(cat "$work/log")" 'bug:|Sanitizer|runtime error'
done_testing
