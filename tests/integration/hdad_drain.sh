# TERM finishes dumps in flight; a second one does not; kill -9 loses nothing that was acknowledged.
. "$top_srcdir/tests/tap.sh"
. "$top_srcdir/tests/integration/lib.sh"
half() { python3 - "$work" "$top_srcdir" "$@" <<'PY'
import sys, time, os, signal
work, src, mode, pid = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
sys.path.insert(0, src + "/tests/integration")
import peer
p = peer.Peer(work + "/run", timeout=20)
data = peer.small_dump(2000)
assert p.hello(pid=4121)[0] == "WELCOME"
p.send("WANT"); assert p.recv()[0] == "GO"
p.begin(1, int(sys.argv[5])); p.s.sendall(data[:len(data) // 2])
end = time.time() + 60
while peer.counter(work + "/run", "dump_bytes") < len(data) // 2 and time.time() < end: time.sleep(0.02)
if mode == "partial": p.s.close(); sys.exit(0)
heard_before = open(work + "/log").read().count("event=stop_drain")
os.kill(pid, signal.SIGKILL if mode == "kill" else signal.SIGTERM)
if mode == "drain":
    end = time.time() + 60   # no new session is served any more
    while time.time() < end:
        try:
            q = peer.Peer(work + "/run", timeout=0.2); t = q.hello()
        except OSError: break
        time.sleep(0.02)
    else: print("STILL SERVED")
if mode == "now":   # two signals at once are one: the second goes when the first was heard
    def heard(): return open(work + "/log").read().count("event=stop_drain")
    end = time.time() + 60
    while heard() <= heard_before and time.time() < end: time.sleep(0.02)
    os.kill(pid, signal.SIGTERM)
try:
    p.s.sendall(data[len(data) // 2:] + peer.MARK); p.send("END", ok=True)
    print(*p.recv())
except OSError as e: print("LOST", type(e).__name__)
PY
}
ok 'starts' hdad_start
half partial "$hdad_pid" 1
ok 'a torn dump is recorded as partial' wait_for 5 log_has 'event=dump_partial'
no_lease() { [ "$(peer counter leases)" = 0 ]; }
ok 'its lease is free' wait_for 30 no_lease # one turn of the worker's loop after the line in the log
like 'a dump in flight is finished and acknowledged' "$(half drain "$hdad_pid" 2)" '^ACK .*2001.*'
hdad_wait 10
is 'then hdad ends with 0' "$hdad_status" 0

ok 'starts' hdad_start
like 'what was acknowledged while draining is there' "$(peer ask query dumps)" '"objects": 2001'
like 'a second TERM drops the dump' "$(half now "$hdad_pid" 3)" '^(LOST|EOF)'
hdad_wait 10
is 'and ends with 0' "$hdad_status" 0
ok 'it says so' log_has 'event=stop_now.*second signal'

# kill -9 in the middle of many dumps: whatever got an ACK is there after a restart.
ok 'starts' hdad_start
python3 - "$work" "$top_srcdir" "$hdad_pid" >"$work/acked" <<'PY'
import sys, os, signal, threading
work, src, pid = sys.argv[1], sys.argv[2], int(sys.argv[3])
sys.path.insert(0, src + "/tests/integration")
import peer
data, acked, lock = peer.small_dump(300), [], threading.Lock()
def run(k):
    for i in range(200):
        try: t, b = peer.Peer(work + "/run").dump(data, i, i, 9000 + k)
        except OSError: return
        if t == "EOF": return
        if t != "ACK": continue
        with lock:
            acked.append(b["dump"])
            if len(acked) == 25: os.kill(pid, signal.SIGKILL)
ts = [threading.Thread(target=run, args=(k,)) for k in range(3)]
[t.start() for t in ts]; [t.join() for t in ts]
print(*sorted(acked), sep="\n")
PY
hdad_wait 10
ok 'dumps were acknowledged before the kill' [ "$(wc -l <"$work/acked")" -ge 25 ]
ok 'starts after kill -9' hdad_start
peer ask query dumps all=1 | sed -n 's/.*"dump": \([0-9]*\),.*/\1/p' | sort -n >"$work/stored"
sort "$work/acked" >"$work/a"; sort "$work/stored" >"$work/b"
is 'nothing acknowledged is lost' "$(comm -23 "$work/a" "$work/b")" ''
hdad_stop
is 'ends well' "$hdad_status" 0
printf 'drain_deadline = 300ms\n' >"$work/c"
ok 'starts with a short drain_deadline' hdad_start -c "$work/c"
python3 - "$work" "$top_srcdir" "$hdad_pid" <<'PY'
import sys, os, signal
sys.path.insert(0, sys.argv[2] + "/tests/integration")
import peer
p = peer.Peer(sys.argv[1] + "/run"); p.hello(); p.send("WANT"); p.recv(); p.begin(); p.s.sendall(b"{")
os.kill(int(sys.argv[3]), signal.SIGTERM)
sys.exit(0 if p.recv()[0] == "EOF" else 1)
PY
hdad_wait 5
ok 'drain_deadline ends what does not end' log_has 'event=stop_now.*drain_deadline'
done_testing
