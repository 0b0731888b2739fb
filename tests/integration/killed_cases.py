"""kill -9 while hdad makes room, and writes that fail; for hdad_killed.sh. One case a line: ok|not|skip <tab> name <tab> what was seen.

A store's file changes in system calls alone (no MDB_WRITEMAP). So a process that dies before its 1st, 2nd, 3rd ... write leaves every
state that "between any two instructions" can leave, but for a write that the kill cuts short: those come in the second part, where
the moment is one of the clock.
"""
import itertools, os, random, shutil, signal, subprocess, sys, threading, time

top, hdad, work = sys.argv[1:4]
sys.path[:0] = [top + "/tests/integration", top + "/tests"]
import peer
from part import PART, PARTS, in_part

RUN, STATE, LOG, CONF = (f"{work}/{x}" for x in ("run", "state", "log", "conf"))
STORE = STATE + "/store"
PIDS = (5000, 5001, 5002)
ROWS = 8000                  # objects of a dump, each of a site of its own: some 130 kB in the store, of 8 MB
RETENTIONS = 2               # the one that is disturbed finds what the one before has left: thinned dumps, free pages
CALLS = "pwrite64,pwritev,writev,fdatasync,ftruncate"
WRITES_MAX = 300             # the loop over the writes ends by itself; were this reached, it did not
CLOCK_MS = (0, 6, 12, 20, 32, 48)
DAY = 86400
FIRST = (time.time() // DAY - 4) * DAY  # when the dumps begin: of a week's thinned dumps one an hour stays
VOLATILE = {"took_s", "age_s", "host_pid"}


def say(verdict, name, seen=""): print(verdict, name, " ".join(str(seen).split()), sep="\t", flush=True)


def case(name, good, seen=""): say("ok" if good else "not", name, "" if good else seen)


class Daemon:
    """hdad on work/state; `under`: a program that runs it."""

    def __init__(self, *under):
        with open(LOG, "ab") as log:
            at = log.tell()
            env = dict(os.environ)
            if under:  # the leak check wants to trace the process itself, which the tracer does already
                env["ASAN_OPTIONS"] = env.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
            self.p = subprocess.Popen([*under, hdad, "-c", CONF, "--state-dir", STATE, "--runtime-dir", RUN], stdout=log, stderr=log, env=env)
        end = time.monotonic() + 60
        while not self.logged(at, b"event=ready"):
            if self.p.poll() is not None or time.monotonic() > end:
                self.p.kill()
                raise RuntimeError("hdad does not start: " + self.text(at)[-600:].decode())
            time.sleep(0.003)
        self.at = at

    def text(self, at):
        with open(LOG, "rb") as f:
            f.seek(at)
            return f.read()

    def logged(self, at, what): return what in self.text(at)

    def end(self, sig=signal.SIGTERM):
        """Its exit status. Its own number stands in the lock file, whoever runs it."""
        if self.p.poll() is None:
            try: os.kill(int(open(STORE + "/hdad.lock").read().split()[0]), sig)
            except ProcessLookupError: pass
        return self.p.wait(60)


def stored(d):
    """Puts a copy of a state into place; None: an empty one."""
    shutil.rmtree(STATE)
    if d: shutil.copytree(d, STATE)
    else: os.mkdir(STATE, 0o700)
    for name in os.listdir(RUN): os.unlink(f"{RUN}/{name}")


def data(i):
    """Dump i: half of its sizes change from dump to dump, so that those of a process are differences from each other."""
    r, same = random.Random(i), random.Random(i % len(PIDS))
    return b"".join(b'{"address":"0x%x", "type":"OBJECT", "class":"0x7f0000000000", "file":"p%d_%d.rb", "line":%d, "generation":%d, '
                    b'"memsize":%d}\n' % (0x7f2000000000 + 40 * k, i % len(PIDS), k % 50, k + 1, k % 20,
                                          (same if k % 8 == 0 else r).getrandbits(48)) for k in range(ROWS))


def send(i, what=None):
    """The answer to dump i, or ("LOST", ...). Each process dumps every half hour: of the thinned some stay."""
    try:
        return peer.Peer(RUN, timeout=60).dump(what or data(i), i // len(PIDS) * 1000, i, PIDS[i % len(PIDS)],
                                               time=FIRST + i * 1800 / len(PIDS))
    except OSError as e:
        return "LOST", {"why": str(e)}


def ask(cmd, **args):
    rows, done = peer.query(RUN, cmd, **args)
    if done.get("status") != 200: raise RuntimeError(f"{cmd} {args}: {done}")
    return [{k: v for k, v in r.items() if k not in VOLATILE} for r in rows]


def status(): return {r["name"]: r["value"] for r in ask("status")}


def dumps(): return sorted(ask("dumps", all=1), key=lambda r: r["dump"])


def ids(rows): return [r["dump"] for r in rows]


def tops(which):
    """Of each dump the sum over all its rows, and the largest of them."""
    return {d: ask("top", dump=d) + ask("top", dump=d, by="site", n=10) for d in which}


def trends(): return {pid: ask("trend", pid=pid, last=0) + ask("trend", pid=pid, by="site", n=10, last=0) for pid in PIDS}


def answers(): return dict(dumps=dumps(), ps=ask("ps"), leaks=ask("leaks"), trends=trends())


def names(d): return sorted(os.path.relpath(os.path.join(at, f), d) for at, _, fs in os.walk(d) for f in fs)


def fill():
    """Fills the store until one more dump makes retention work. Leaves the state before in work/before. -> that dump's number, and
    what hdad answers before and, undisturbed, after."""
    d, i, near, seen = Daemon(), 0, 0, 0
    while True:
        s = status()
        if s["max_bytes"] - s["used_bytes"] < 600 << 10:  # it may be the next
            before = answers()
            d.end()
            shutil.rmtree(work + "/before", ignore_errors=True)
            shutil.copytree(STATE, work + "/before")
            d, near = Daemon(), i
        t, b = send(i)
        if t != "ACK": raise RuntimeError(f"dump {i} is refused: {b}")
        if status()["retentions"] and near == i:
            seen += 1
            if seen == RETENTIONS: break
        i += 1
    after = dict(answers(), new=b["dump"])
    after["tops"] = tops(ids(after["dumps"]))
    d.end()
    return i, before, after


def state_of(before, after):
    """Which of the three states that may be seen this is; else a text that says what is wrong."""
    rows = dumps()
    if rows == before["dumps"]: return "before" if answers() == before else "the dumps of before, but other answers"
    if rows not in (after["dumps"], [r for r in after["dumps"] if r["dump"] != after["new"]]):
        return f"neither the dumps of before nor of after: {ids(rows)}"
    if any(top != after["tops"][dump] for dump, top in tops(ids(rows)).items()): return "a dump's top is another than undisturbed"
    return "stored" if ids(rows)[-1] == after["new"] else "room made"


def settled(i, what, after):
    """Sent once more, it must come to what it had come to undisturbed. -> "" or what is wrong."""
    t, b = send(i, what)
    if t != "ACK" or b.get("dump") != after["new"]: return f"sent again: {t} {b}"
    now = answers()
    return ", ".join(f"{k} differ" for k in now if now[k] != after[k])


def one_write(n, i, what, before, after):
    """Killed at the n-th write of the thread that stores. -> (was it, state, what is wrong)."""
    stored(work + "/before")
    d = Daemon("strace", "-f", "-qq", "-o", "/dev/null", "-P", STORE + "/data.mdb", "-e", "trace=" + CALLS,
               "-e", f"inject={CALLS}:signal=KILL:when={n}")
    t, b = send(i, what)
    killed = t != "ACK"
    d.end(signal.SIGKILL)
    d = Daemon()
    state = state_of(before, after)
    bad = "" if state in ("before", "room made", "stored") else state
    if not killed and state != "stored": bad = f"acknowledged, and then: {state}"
    bad = bad or settled(i, what, after)
    if d.end() != 0: bad = bad or "it does not end well"
    if names(STATE) != names(work + "/before"): bad = bad or f"left: {names(STATE)}"
    if os.listdir(RUN): bad = bad or f"left: {os.listdir(RUN)}"
    return killed, state, bad


def every_write(i, before, after):
    what, states = data(i), []
    for n in range(PART, WRITES_MAX, PARTS):
        killed, state, bad = one_write(n, i, what, before, after)
        if not killed: break
        states.append(state)
        case(f"killed at write {n}: it starts, nothing is lost, nothing is left behind", not bad, bad)
    case("with a kill later than its last write the dump is acknowledged, and there", not killed and not bad, bad)
    order = [s for s, _ in itertools.groupby(states)]
    case("killed before and after room was made", order[:2] == ["before", "room made"] and set(order[2:]) <= {"stored"}, states)


def failing(call, i, what):
    """The disk fails once: the first such call of the thread that stores. After it dumps are taken again. -> what is wrong."""
    stored(None)
    d = Daemon()
    send(0)
    d.end()
    d = Daemon("strace", "-f", "-qq", "-o", "/dev/null", "-P", STORE + "/data.mdb", "-e", "trace=" + call,
               "-e", f"inject={call}:error=EIO:when=1")
    answers = [send(i + k, what) for k in range(3)]
    said = [(t, b.get("code")) for t, b in answers]
    bad = "" if said == [("ERROR", 500), ("ACK", None), ("ACK", None)] else f"answers: {said}"
    have = ids(dumps())
    if have != [1] + [b["dump"] for t, b in answers if t == "ACK"]: bad = bad or f"stored: {have}"
    if not d.logged(d.at, b"event=store_failed"): bad = bad or "the log is silent"
    reopened = status()["reopened"]
    if reopened != (call == "pwrite64"): bad = bad or f"opened anew {reopened} times"  # LMDB writes its meta pages by it
    if d.end() != 0: bad = bad or "it does not end well"
    return bad


def may_trace():
    try: return subprocess.run(["strace", "-qq", "-o", "/dev/null", "true"], capture_output=True).returncode == 0
    except FileNotFoundError: return False


def by_the_clock(ms, i, many, before, after):
    """Each process sends its dumps; killed so long after hdad began to make room. -> what is wrong."""
    stored(work + "/before")
    d, acked = Daemon(), []

    def feed(k):
        for j in range(k, len(many), len(PIDS)):
            t, b = send(i + j, many[j])
            if t != "ACK": return
            acked.append(b["dump"])
    ts = [threading.Thread(target=feed, args=(k,)) for k in range(len(PIDS))]
    for t in ts: t.start()
    end = time.monotonic() + 60
    while not d.logged(d.at, b"event=store_full") and time.monotonic() < end: time.sleep(0.001)
    time.sleep(ms / 1000)  # not luck: any moment is as good as another
    d.end(signal.SIGKILL)
    for t in ts: t.join()
    d = Daemon()
    have, kept = ids(dumps()), ids(after["dumps"])[:-1]
    old = [x for x in have if x < after["new"]]
    bad = "" if set(acked) <= set(have) else f"lost: {sorted(set(acked) - set(have))}"
    if old != kept and old != ids(before["dumps"]): bad = bad or f"old dumps: {old}"
    if old == kept and any(tops([x])[x] != after["tops"][x] for x in kept): bad = bad or "an old dump's top is another"
    for j, what in enumerate(many):
        t, b = send(i + j, what)
        if t != "ACK": bad = bad or f"dump {j} again: {t} {b}"
    now = dumps()
    if ids(now)[:len(kept)] != kept or len(now) != len(kept) + len(many): bad = bad or f"in the end {ids(now)}"
    trends()
    if d.end() != 0: bad = bad or "it does not end well"
    return bad, len(acked)


def main():
    with open(CONF, "w") as f: f.write("[store]\nstore_size = 8M\ndetail_dumps = 4\nmax_age = 0s\n")
    i, before, after = fill()
    thin = sum(r["thinned"] for r in after["dumps"]) - sum(r["thinned"] for r in before["dumps"] if r["dump"] in ids(after["dumps"]))
    gone = len(set(ids(before["dumps"])) - set(ids(after["dumps"])))
    case("one dump more makes hdad thin some and remove some", thin > 0 and gone > 0, f"{thin} thinned, {gone} gone")
    if may_trace():
        every_write(i, before, after)
        for call in ("pwrite64", "pwritev,writev", "fdatasync"):
            bad = failing(call, i, data(i))
            case(f"a {call} that fails: one dump is refused, those after it are taken", not bad, bad)
    else: say("skip", "killed and failing at every write", "strace is missing or may not trace")
    many = [data(i + j) for j in range(4 * len(PIDS))]
    for ms in in_part(CLOCK_MS):
        bad, n = by_the_clock(ms, i, many, before, after)
        case(f"killed {ms} ms after it began to make room: all that was acknowledged is there", not bad, bad)
    say("end", "all")


if __name__ == "__main__": main()
