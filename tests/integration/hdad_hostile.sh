# Peers that break the protocol, are slow, or never read: each is told why and closed; the others do not notice.
. "$top_srcdir/tests/tap.sh"
. "$top_srcdir/tests/integration/lib.sh"
# What is not about deadlines has long ones: a test that stood still for a second would be told so by them.
printf '%s\n' 'hello_deadline = 60s' 'idle_deadline = 60s' 'stall_deadline = 60s' 'dump_deadline = 60s' 'max_queries = 8' 'max_sessions = 40' \
	'retry_after = 300ms' 'max_dumps = 2' >"$work/c"
ok 'starts' hdad_start -c "$work/c"
cat >"$work/hostile.py" <<'PY'
import sys, time, struct, socket, threading
work, src = sys.argv[1], sys.argv[2]
sys.path.insert(0, src + "/tests/integration")
import peer
from peer import Peer, frame, pack
run = work + "/run"
n = 0
def t(name, good, got=""):
    global n; n += 1
    print(("ok" if good else "not ok"), "-", name, "" if good else "# got %r" % (got,))
def raw(data, sock="ingest", want="ERROR", code=None, text="", name=""):
    p = Peer(run, sock); p.s.sendall(data); k, b = p.recv()
    end = p.recv()[0] if k == "ERROR" else k
    t(name, k == want and (code is None or b.get("code") == code) and text in b.get("text", "") and end == "EOF", (k, b, end))
H = dict(m="hda1", min=1, max=1, role="ingest", pid=1)
for sock in ("ingest", "query"):
    raw(frame("HELLO", b"", length=0xffffffff), sock, code=402, name=f"{sock}: a frame of 4 GiB")
    raw(frame(250, b"x" * 10), sock, name=f"{sock}: an unknown frame type")
    raw(frame("HELLO", pack({**H, "m": "evil"})), sock, code=400, name=f"{sock}: bad magic")
    raw(frame("HELLO", pack({**H, "min": 7, "max": 9})), sock, code=401, text="yours 7 to 9, ours 1 to 1", name=f"{sock}: no common version")
    raw(frame("HELLO", b"\xdd\xff\xff\xff\xff"), sock, code=400, name=f"{sock}: a msgpack bomb")
    raw(frame("HELLO", b"\xdf\xff\xff\xff\xff" + b"\x91" * 100), sock, name=f"{sock}: a map of 4 G entries")
    raw(frame("HELLO", b"\x81\xa1m" + b"\x91" * 3000 + b"\xc0"), sock, name=f"{sock}: 3 000 arrays in each other")
    raw(frame("HELLO", b"\x82\xa1m\xa4hda1\xa1m\xa4hda1"), sock, code=400, text="uplicate", name=f"{sock}: a duplicate key")
    raw(frame("HELLO", pack(H) + b"\x00"), sock, code=400, name=f"{sock}: bytes behind the body")
    raw(frame("HELLO", pack({**H, "role": "queen"})), sock, name=f"{sock}: an unknown role")
    raw(frame("WANT", pack({})), sock, code=403, name=f"{sock}: no HELLO first")
    raw(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", sock, name=f"{sock}: HTTP")
raw(frame("HELLO", pack({**H, "role": "query"})), "ingest", code=406, text="takes ingest control", name="role query on the ingest socket")
raw(frame("HELLO", pack(H)), "query", code=406, name="role ingest on the query socket")
def after(name, *frames, code=403):
    p = Peer(run); p.hello(); k = None
    for f in frames: p.s.sendall(f)
    while True:
        k, b = p.recv()
        if k in ("ERROR", "EOF", "ACK"): break
    t(name, k == "ERROR" and b["code"] == code, (k, b))
after("BEGIN without WANT", frame("BEGIN", pack(dict(pid=1, jobs=1, time=1.0))))
after("REQUEST on the ingest socket", frame("REQUEST", pack(dict(cmd="ps", args={}))))
after("WANT twice", frame("WANT", pack({})), frame("WANT", pack({})))
after("BEGIN without a pid", frame("WANT", pack({})), frame("BEGIN", pack(dict(jobs=1))), code=400)
after("no END after the mark", frame("WANT", pack({})), frame("BEGIN", pack(dict(pid=1, jobs=1, time=1.0))) + b'{}\n' + peer.MARK, frame("WANT", pack({})))
# What came before a fault is there, as of any torn dump.
def torn(name, seq, behind):
    p = Peer(run); p.hello(); p.send("WANT"); p.recv(); p.begin(seq, seq)
    p.s.sendall(peer.small_dump(10) + behind); k, b = p.recv(); until = time.time() + 60
    def there(): return [d for d in peer.query(run, "dumps", all=True)[0] if d["counter"] == seq and d["partial"]]
    while not there() and time.time() < until: time.sleep(0.05)
    t(name, k == "ERROR" and [d["objects"] for d in there()] == [11], (k, b, there()))
torn("a fault behind the mark: what came is a partial dump", 9001, peer.MARK + frame("WANT", pack({})))
torn("an END that cannot be read: the same", 9002, peer.MARK + frame("END", pack(dict(lines=-1))))
torn("a frame of 4 GiB in its place: the same", 9003, peer.MARK + frame("END", b"", length=0xffffffff))
# Questions on end without a look at the answers, more than the sockets hold; then the sending side is shut down.
p = Peer(run, "query", timeout=60); p.hello("query")
p.s.sendall(b"".join(frame("REQUEST", pack(dict(cmd=c, args={}))) for c in ["nosuch", "config"] * 150 + ["ps"])); p.s.shutdown(socket.SHUT_WR)
got = []
while not got or got[-1][0] in ("ROW", "DONE"): got.append(p.recv())
done = [b["status"] for k, b in got if k == "DONE"]
t("questions on end are answered in turn, after a shutdown too", done == [404, 200] * 150 + [200] and got[-1][0] == "EOF", (len(done), got[-1]))
# Who asks and goes is no question that passed its deadline.
asked = peer.counter(run, "queries")
p = Peer(run, "query"); p.hello("query"); p.send("REQUEST", cmd="ps", args={}); p.s.close()
until = time.time() + 60
while peer.counter(run, "queries") < asked + 2 and time.time() < until: time.sleep(0.02)
t("one that asks and goes counts as no deadline", peer.counter(run, "query_deadlines") == 0, peer.counter(run, "query_deadlines"))
def leases(): return peer.counter(run, "leases")
until = time.time() + 60 # a lease goes with its connection, one turn of the worker's loop after the answer
while leases() != 0 and time.time() < until: time.sleep(0.02)
t("the leases of all of them are free", leases() == 0, leases())
def deadlines(short):
    """One second (a dump: three), or a minute."""
    conf = open(work + "/c").read()
    for name, s in (("hello", 1), ("idle", 1), ("stall", 1), ("dump", 3)):
        conf = conf.replace(*(f"{name}_deadline = {d}s" for d in ((60, s) if short else (s, 60))))
    open(work + "/c", "w").write(conf)
    done = peer.query(run, "reload", "control")[1]
    t("deadlines of %s: reloaded" % ("a second" if short else "a minute"), done["status"] == 200 and "restart: " not in done["text"].replace("restart: nothing", ""), done)
deadlines(True)
# slow peers, all at once; meanwhile a dump and a query go through quickly
def timed(f):
    a = time.time(); k = f(); return k, time.time() - a
def one_byte(out):
    p = Peer(run); data = frame("HELLO", pack(H))
    def go():
        try:
            for c in data: p.s.sendall(bytes([c])); time.sleep(0.15)
        except OSError: pass
        return p.recv()
    out["one byte now and then in HELLO"] = timed(go)
def silent(out): p = Peer(run); out["says nothing"] = timed(p.recv)
def silent_dump(out):
    p = Peer(run); p.hello(); p.send("WANT"); p.recv(); p.begin(5, 77); p.s.sendall(b'{"add'); out["silent within a dump"] = timed(p.recv)
def slow_dump(out):
    p = Peer(run); p.hello(); p.send("WANT"); p.recv(); p.begin(5, 78)
    def go():
        try:
            for i in range(60): p.s.sendall(b"{"); time.sleep(0.2)
        except OSError: pass
        return p.recv()
    out["one byte now and then in a dump"] = timed(go)
def never_reads(out):
    p = Peer(run, "query"); p.hello("query")
    def go():
        try:
            while True: p.s.sendall(frame("REQUEST", pack(dict(cmd="config", args={}))))
        except OSError: return ("EOF", {})
    p.s.settimeout(12); out["asks and never reads"] = timed(go)
def one_byte_of(sock, role):
    def run(out):
        p = Peer(run_dir, sock); assert p.hello(role)[0] == "WELCOME"
        data = frame("REQUEST", pack(dict(cmd="ps", args={}))) if role == "query" else frame("GEM_STATE", pack(dict(state="idle")))
        def go():
            try:
                for c in data: p.s.sendall(bytes([c])); time.sleep(0.4)
            except OSError: pass
            return p.recv()
        out["one byte now and then, " + role] = timed(go)
    return run
def silent_query(out):
    p = Peer(run_dir, "query"); p.hello("query"); time.sleep(2.5); p.send("REQUEST", cmd="ps", args={}); out["idle"] = p.recv()
run_dir = run
out = {}
ts = [threading.Thread(target=f, args=(out,)) for f in (one_byte, silent, silent_dump, slow_dump, never_reads,
    one_byte_of("query", "query"), one_byte_of("ingest", "control"), silent_query)]
[x.start() for x in ts]
# One that waited for any of them would take its deadline, a second at least; a loaded machine may make one late, not all.
def ask(): rows, done = peer.query(run, "config"); return done["status"]
asked = [timed(ask) for _ in range(5)]
t("a query beside them takes no longer", {a[0] for a in asked} == {200} and min(a[1] for a in asked) < 0.8, asked)
[x.join() for x in ts]
t("each of them had its end", len(out) == len(ts), sorted(out))
k, b = out.pop("idle", ("", {}))
t("a query session between two requests may be silent", k in ("ROW", "DONE"), (k, b))
for name, ((k, b), took) in out.items():
    t(f"{name}: closed within its deadline", k in ("ERROR", "EOF") and took < 10, (k, b, took))
deadlines(False)
k, b = Peer(run).dump(peer.small_dump(), 9, 99)
t("a dump afterwards is taken", k == "ACK" and b["objects"] == 1001, (k, b))
# limits on sessions
many = []
for i in range(50):
    p = Peer(run); many.append(p)
k, b = many[-1].recv()
t("connections over max_sessions are told so", k == "ERROR" and b["code"] == 300, (k, b))
[p.s.close() for p in many]
end = time.time() + 60
while peer.counter(run, "sessions_ingest") and time.time() < end: time.sleep(0.05)
t("and counted down again", peer.counter(run, "sessions_ingest") == 0)
# the lease
a, b, c = Peer(run), Peer(run), Peer(run)
r = []  # one asks after the other was answered: no order is promised among sockets that are readable at once
for p in (a, b, c): p.hello(); p.send("WANT"); r.append(p.recv())
t("two leases, the third is told LATER", [x[0] for x in r] == ["GO", "GO", "LATER"] and r[2][1]["retry_ms"] == 300, r)
a.s.close(); end = time.time() + 60; k = "LATER"
while k == "LATER" and time.time() < end: time.sleep(0.05); c.send("WANT"); k, _ = c.recv()
t("a closed connection frees its lease for it", k == "GO", k)
print("1..%d" % n)
sys.exit(0)
PY
python3 "$work/hostile.py" "$work" "$top_srcdir" >"$work/hostile.out" 2>"$work/hostile.err"
is 'the hostile peer ran to its end' "$?" 0
diag "$(cat "$work/hostile.err")"
while read -r a b c; do
	case $a in
	ok) ok "${c:-$b}" true ;;
	not) ok "$c" false ;;
	esac
done <"$work/hostile.out"
ok 'hdad is alive' alive "$hdad_pid"
ok 'memory did not grow with what was claimed' [ "$(awk '/VmHWM/ { print $2 }' "/proc/$hdad_pid/status")" -lt "${HDA_RSS_CAP:-400000}" ]
hdad_stop
is 'it ends well' "$hdad_status" 0
unlike 'no assertion, no sanitizer' "$(cat "$work/log")" 'bug:|Sanitizer|runtime error'
done_testing
