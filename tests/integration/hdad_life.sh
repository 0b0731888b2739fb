# Start, modes of the sockets, dumps, reload, stop; one after the other.
. "$top_srcdir/tests/tap.sh"
. "$top_srcdir/tests/integration/lib.sh"
conf=$work/hda.conf
printf '[ingest]\nmax_dumps = 3\nretry_after = 200ms\n' >"$conf"

ok 'starts' hdad_start -c "$conf"
is 'modes of the sockets' "$(cd "$work/run" && stat -c '%a %n' ./*.sock | tr '\n' ' ')" '600 ./control.sock 660 ./ingest.sock 660 ./query.sock '
like 'greets on ingest' "$(peer hello ingest)" '^WELCOME .*"v": 1'
like 'greets on query' "$(peer hello query)" '^WELCOME '
like 'takes a dump' "$(peer dump - 10 1)" '^ACK .*"dump": 1, "objects": 1001, "partial": false'
like 'a repeated (identity, seq) gets the old id' "$(peer dump - 10 1)" '^ACK .*"dump": 1,'
like 'the next dump gets the next id' "$(peer dump - 20 2)" '^ACK .*"dump": 2,'
like 'dumps lists both' "$(peer ask query dumps | grep -c ROW)" '^2$'
is 'counters agree' "$(peer counter dumps_stored) $(peer counter dumps_repeated)" '2 1'
like 'an unknown command is 404' "$(peer ask query nonsense)" '^DONE .*"status": 404'
like 'an unknown argument is 405' "$(peer ask query status colour=red)" '^DONE .*"status": 405'
like 'reload is not for the query socket' "$(peer ask query reload)" '^DONE .*"status": 406'
like 'nor is backup' "$(peer ask query backup dir=/tmp/x)" '^DONE .*"status": 406'
like 'config shows what was given' "$(peer ask query config changed=1)" '"name": "max_dumps".*"value": "3"'

# The runtime directory is taken: a second one refuses, and leaves the first alone.
mkdir "$work/state2"
second=$("$hdad" --state-dir "$work/state2" --runtime-dir "$work/run" 2>&1); status=$?
is 'a second hdad on the same sockets ends with 1' "$status" 1
like 'and says why' "$second" 'event=start_failed.*another hdad answers there'
second=$("$hdad" --state-dir "$work/state" --runtime-dir "$work/state2" 2>&1)
like 'a second hdad on the same store refuses' "$second" 'event=start_failed.*another hdad uses this directory'
like 'a state directory that is not there: what to do' "$("$hdad" --state-dir "$work/nosuch" --runtime-dir "$work/state2" 2>&1)" \
	'event=start_failed.*nosuch: no such directory: make it'
like 'the first still answers' "$(peer hello query)" '^WELCOME '

# Reload: all or nothing.
printf '[ingest]\nmax_dumps = 5\ningest_workers = 7\n' >"$conf"
like 'reload names what needs a restart' "$(peer ask control reload)" '"status": 200, "text": "reloaded; needs a restart: ingest_workers"'
like 'the new value counts' "$(peer ask query config)" '"name": "max_dumps".*"value": "5"'
unlike 'a value that needs a restart does not' "$(peer ask query config)" '"name": "ingest_workers".*"value": "7"'
printf '[ingest]\nmax_dumps = 6\nhello_deadline = soon\n' >"$conf"
like 'a bad file is refused with its line' "$(peer ask control reload)" 'hda.conf:3: hello_deadline: .*soon.*the old configuration stays'
like 'that is a refusal' "$(peer ask control reload)" '"status": 407'
HDA_RUNTIME_DIR=$work/run "$hdactl" reload >"$work/out" 2>&1 && status=0 || status=$?
is 'hdactl: exit 4' $status 4
like 'hdactl says the line, too' "$(cat "$work/out")" 'hda.conf:3: hello_deadline: "soon" is not a time'
like 'and nothing of it is taken' "$(peer ask query config)" '"name": "max_dumps".*"value": "5"'
printf '[ingest]\nmax_dumps = 8\n' >"$conf"
kill -HUP "$hdad_pid"
ok 'HUP reloads' wait_for 5 log_has 'event=reload_done.*nothing'
like 'and its value counts' "$(peer ask query config)" '"name": "max_dumps".*"value": "8"'

hdad_stop
is 'TERM ends it with 0' "$hdad_status" 0
ok 'it says so' log_has 'event=stopped'
is 'its sockets are gone' "$(ls "$work/run")" ''
is 'the store stays' "$(ls "$work/state")" 'store'

# A socket file of a dead hdad is replaced; anything else is not.
ok 'starts again' hdad_start -c "$conf"
like 'what was acknowledged is there' "$(peer ask query dumps | grep -c ROW)" '^2$'
hdad_stop KILL
ok 'kill -9 leaves the files' [ -S "$work/run/ingest.sock" ]
ok 'dead sockets are replaced' hdad_start -c "$conf"
hdad_stop
echo precious >"$work/run/query.sock"
like 'a file that is no socket is left alone' "$("$hdad" --state-dir "$work/state" --runtime-dir "$work/run" 2>&1)" 'query.sock: is there already and is not a socket'
is 'indeed' "$(cat "$work/run/query.sock")" precious
rm "$work/run/query.sock"

is '--check-config with a good file' "$("$hdad" --check-config -c "$conf")" "$conf: ok"
printf '[ingest]\ningest_workers = 0\n' >"$conf"
bad=$("$hdad" serve 2>&1); status=$?
is 'a word that is no command: one line' "$status $bad" '2 hdad: no such command: "serve"; see hdad --help'
bad=$("$hdad" --check-config -c "$conf" 2>&1); status=$?
is '--check-config with a bad file: 78' "$status $bad" '78 hda.conf:2: ingest_workers: 0 is below 1'
bad=$("$hdad" -c "$conf" --state-dir "$work/state" --runtime-dir "$work/run" 2>&1); status=$?
is 'a bad file at the start: 78' "$status" 78
"$hdad" --nonsense 2>/dev/null; is 'a wrong option: 2' "$?" 2
like '--version' "$("$hdad" --version)" '^hdad [0-9.]+ \(protocol 1\.\.1, schema 1\.[0-9]+\)'

# Descriptors 0 to 2 closed: the store must not get one of them.
"$hdad" --state-dir "$work/state" --runtime-dir "$work/run" 0<&- 1>&- 2>&- &
hdad_pid=$!
ok 'starts with descriptors 0-2 closed' wait_for 10 answers
is 'they are /dev/null' "$(for i in 0 1 2; do readlink "/proc/$hdad_pid/fd/$i"; done | sort -u)" /dev/null
hdad_stop
is 'and ends well' "$hdad_status" 0
done_testing
