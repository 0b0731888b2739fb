# Out of descriptors, thousands of gems, secrets, idleness.
. "$top_srcdir/tests/tap.sh"
. "$top_srcdir/tests/integration/lib.sh"
sanitized=$(grep -c '^#define HDA_SANITIZED 1' "$top_builddir/config.h" || true)

# --- no descriptors left: a pause, no spin, and then it goes on
(ulimit -n 64; exec "$hdad" --state-dir "$work/state" --runtime-dir "$work/run") >>"$work/log" 2>&1 &
hdad_pid=$!
ok 'starts with 64 descriptors' wait_for 20 answers
python3 - "$work/run" "$top_srcdir" "$hdad_pid" <<'PY'
import sys, time
sys.path.insert(0, sys.argv[2] + "/tests/integration")
import peer
def cpu(): f = open("/proc/%s/stat" % sys.argv[3]).read().rsplit(") ", 1)[1].split(); return int(f[11]) + int(f[12])
many = [peer.Peer(sys.argv[1]) for _ in range(100)]
a = cpu(); time.sleep(1.0); print("cpu", cpu() - a, file=sys.stderr)
sys.exit(0 if cpu() - a < 30 else 1) # in 1/100 s; a spin takes 100
PY
is 'without descriptors it does not spin' "$?" 0
ok 'it says that it paused' log_has 'event=accept_paused'
ok 'and goes on when descriptors are back' wait_for 10 answers
like 'a dump is taken' "$(peer dump - 1 1)" '^ACK '
hdad_stop

# --- secrets: nothing of a value in store, logs, answers
python3 - "$top_srcdir" >"$work/secret.dump" <<'PY'
import sys
sys.path.insert(0, sys.argv[1] + "/tests/integration")
import peer
sys.stdout.buffer.write(peer.small_dump(200, "SECRETTOKEN"))
for i in range(50): print('{"address":"0x7f11000%05x", "type":"STRING", "class":"0x7f0000000000", "bytesize":18, "value":"SECRETTOKENdupdup", "memsize":40}' % (i * 40))
print('{"address":"0x1", "type":"STRING", "value":"SECRETTOKEN\x01 broken')
print('SECRETTOKEN rubbish "value":"SECRETTOKEN"')
PY
ok 'starts' hdad_start
like 'a dump with a secret' "$(peer dump "$work/secret.dump" 7 7)" '^ACK .*"bad": [12]'
{ for c in show top strings refs generations holders dumps ps leaks trend status; do peer ask query $c; done; } >"$work/answers" 2>&1
ok 'answers came' [ "$(grep -c '"status": 20' "$work/answers")" -ge 5 ]
hdad_stop
ok 'no secret in the answers' sh -c '! grep -q SECRETTOKEN "$1"' sh "$work/answers"
ok 'no secret in the log' sh -c '! grep -q SECRETTOKEN "$1"' sh "$work/log"
ok 'no secret in the store' sh -c '! grep -rqa SECRETTOKEN "$1"' sh "$work/state"
printf 'keep_values = yes\n' >"$work/c"
ok 'starts with keep_values' hdad_start -c "$work/c"
like 'the same dump' "$(peer dump "$work/secret.dump" 8 8)" '^ACK '
like 'now the value is shown: the test can fail' "$(peer ask query strings)" 'SECRETTOKEN'

# --- idle: small, and silent
idle=$(awk '/VmRSS/ { print $2 }' "/proc/$hdad_pid/status")
if [ "$sanitized" -eq 0 ]; then ok "idle: $idle kB, at most 16 MB" [ "$idle" -le 16384 ]; else skip 'idle memory' 'sanitizer'; fi
# Our threads bear names of their own (hdad-q0); one called as the process is the thread sanitizer's, which ticks.
switches() {
	cat "/proc/$hdad_pid"/task/*/status | awk -v main="$hdad_pid" -v sanitized="$sanitized" '
		/^Name:/ { name = $2 }
		/^Pid:/ { ours = !sanitized || $2 == main || name != "hdad" }
		/ctxt_switches/ && ours { n += $2 }
		END { print n }'
}
# Two seconds without a wake-up, within a few: right after a dump the threads still put things away.
quiet() { a=$(switches); sleep 2; b=$(switches); [ $((b - a)) -le 1 ]; }
ok 'idle: no wake-ups' wait_for 7 quiet

# --- idle gems
gems=10000
[ "$(ulimit -n)" -ge 10100 ] || ulimit -n 10100 2>/dev/null || gems=$(($(ulimit -n) - 200))
hdad_stop
ok 'starts' hdad_start
python3 - "$work/run" "$top_srcdir" "$hdad_pid" "$gems" >"$work/gems" <<'PY'
import sys, time, struct, threading
sys.path.insert(0, sys.argv[2] + "/tests/integration")
import peer
run, n = sys.argv[1], int(sys.argv[4])
many = []
for i in range(n):
    p = peer.Peer(run); t, _ = p.hello("control", pid=100000 + i); assert t == "WELCOME", (i, t); many.append(p)
end = time.time() + 60
while peer.counter(run, "sessions_gem") < n and time.time() < end: time.sleep(0.05)
print("gems", peer.counter(run, "sessions_gem"))
rss = [int(l.split()[1]) for l in open("/proc/%s/status" % sys.argv[3]) if l.startswith("VmRSS")][0]
print("rss", rss)
print("dump", peer.Peer(run).dump(peer.small_dump(), 1, 1, 55)[0])
def answer():
    p = many[n // 2]; t, b = p.recv(); p.send("DUMP_ANSWER", token=b["token"], ok=True)
th = threading.Thread(target=answer); th.start()
print("ask", peer.query(run, "dump", pid=100000 + n // 2)[1]); th.join()
def refuse():
    p = many[1]; t, b = p.recv(); p.send("DUMP_ANSWER", token=b["token"], ok=False, why="headroom")
th = threading.Thread(target=refuse); th.start()
print("refused", peer.query(run, "dump", pid=100001)[1]); th.join()
def go(): p = many[2]; p.recv(); p.s.close()
th = threading.Thread(target=go); th.start()
print("gone", peer.query(run, "dump", pid=100002)[1]); th.join()
print("nobody", peer.query(run, "dump", pid=7)[1])
PY
like "$gems gems are connected" "$(cat "$work/gems")" "^gems $gems\$"
rss=$(sed -n 's/^rss //p' "$work/gems")
if [ "$sanitized" -eq 0 ]; then ok "memory with them: $rss kB, at most 64 MB" [ "${rss:-999999}" -le 65536 ]; else skip 'memory with gems' 'sanitizer'; fi
like 'a dump is taken beside them' "$(cat "$work/gems")" '^dump ACK'
like 'hdactl dump reaches its gem' "$(cat "$work/gems")" "^ask .*'status': 200"
like 'a refusal comes back with its reason' "$(cat "$work/gems")" "^refused .*'status': 300.*headroom"
like 'a gem that goes away is said' "$(cat "$work/gems")" "^gone .*'status': 300.*went away"
like 'a pid that nobody has is 404' "$(cat "$work/gems")" "^nobody .*'status': 404"
hdad_stop

# --- watch
ok 'starts' hdad_start
python3 - "$work/run" "$top_srcdir" >"$work/watched" <<'PY'
import sys
sys.path.insert(0, sys.argv[2] + "/tests/integration")
import peer
w = peer.Peer(sys.argv[1], "query"); w.hello("query"); w.send("REQUEST", cmd="watch", args={})
import time
end = time.time() + 60
while not peer.counter(sys.argv[1], "watchers") and time.time() < end: time.sleep(0.02)
peer.Peer(sys.argv[1]).dump(peer.small_dump(), 3, 33, 77)
for _ in range(2):
    t, b = w.recv(); print(t, dict(zip(b["cols"], b["rows"][0])))
PY
like 'watch shows the beginning' "$(sed -n 1p "$work/watched")" "'event': 'begin'.*'pid': 77"
like 'and the end' "$(sed -n 2p "$work/watched")" "'event': 'stored'.*'objects': 1001"
hdad_stop

unlike 'no assertion, no sanitizer' "$(cat "$work/log")" 'bug:|Sanitizer|runtime error'
done_testing
