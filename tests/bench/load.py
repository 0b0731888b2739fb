#!/usr/bin/env python3
"""Questions while graphs are computed: part of `make bench-daemon`. Prints a table, and with --load-json FILE the same as JSON.

A real hdad with one worker and a store of small dumps is asked the same questions twice, each through a process of hdactl of its own: idle, and
while another hdactl streams a large dump into it over and over, whose graph is computed each time. Beside that a small dump is sent
now and then (another session), and a stand-in for systemd receives the watchdog's pings. Bar: p99 under load <= 2 x idle.
Needs gendump from $HDA_SHARED/bench; otherwise says skipped."""
import argparse, json, os, shutil, signal, socket, subprocess, sys, tempfile, threading, time

ap = argparse.ArgumentParser()
ap.add_argument("--load-objects", type=int, default=2000000)
ap.add_argument("--load-asked", type=int, default=100, help="how often each question is asked, idle and under load")
ap.add_argument("--load-workers", type=int, default=1)
ap.add_argument("--load-json")
a, _ = ap.parse_known_args()
build, shared = os.environ["top_builddir"], os.environ["HDA_SHARED"]
src = os.path.join(shared, "bench", "gendump.c")
if not os.path.exists(src):
    sys.exit(print("load: skipped: no gendump") or 0)
hdad, hdactl = os.path.join(build, "hdad"), os.path.join(build, "hdactl")
tmp = tempfile.mkdtemp(prefix="hda-bench.")
QUESTIONS = [["status"], ["top"], ["top", "--by", "site"], ["trend", "--pid", "3"], ["diff", "3@1000", "3@40000"], ["leaks", "--pid", "3"]]
BAR = 2.0


def ctl(*args):
    return subprocess.run([hdactl, "--runtime-dir", tmp + "/run", *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def dump(name, objects, jobs):
    path = os.path.join(tmp, name)
    with open(path, "wb") as f:
        subprocess.run([tmp + "/gendump", "-n", str(objects), "-j", str(jobs)], stdout=f, check=True)
    return path


class Pings(threading.Thread):
    """systemd's end of NOTIFY_SOCKET: when each WATCHDOG=1 came."""
    def __init__(self):
        super().__init__(daemon=True)
        self.s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.s.bind(tmp + "/notify")
        self.at = []
        self.start()

    def run(self):
        while True:
            if b"WATCHDOG=1" in self.s.recv(4096):
                self.at.append(time.monotonic())

    def longest(self, begin, end):
        t = [begin] + [x for x in self.at if begin <= x <= end] + [end]
        return max(y - x for x, y in zip(t, t[1:])), len(t) - 2


class Load(threading.Thread):
    """Sends the large dump again and again, each time as the dump of another process; `done` counts those acknowledged."""
    def __init__(self, big):
        super().__init__()
        self.big, self.done, self.over = big, 0, False
        self.start()

    def run(self):
        while not self.over:
            path = os.path.join(tmp, "heap-%d-1800000000-1000.dump" % (1000 + self.done))
            os.link(self.big, path)
            r = ctl("import", path)
            os.unlink(path)
            if r.returncode != 0:
                sys.exit(print("load: import failed:", r.stderr.decode()))
            self.done += 1


def cut(times):
    t = sorted(times)
    return {"p50_ms": 1000 * t[len(t) // 2], "p99_ms": 1000 * t[min(len(t) - 1, len(t) * 99 // 100)]}


def timed(*args):
    t = time.monotonic()
    r = ctl(*args)
    if r.returncode not in (0, 1):
        sys.exit(print("load:", args, r.stderr.decode()))
    return time.monotonic() - t


def ask_all():
    """Each question in turn, so that all of them meet all phases of the load. Then a small dump, which is new each time."""
    times = {" ".join(q): [] for q in QUESTIONS}
    small = []
    for i in range(a.load_asked):
        for q in QUESTIONS:
            times[" ".join(q)].append(timed(*q, "--json"))
        if i % 10 == 0:
            path = dump("heap-%d-1700000000-1000.dump" % (500000 + time.monotonic_ns() % 400000), 30000, 0)
            small.append(timed("import", path))
            os.unlink(path)
    return {k: cut(v) for k, v in times.items()}, cut(small)


try:
    subprocess.run([os.environ.get("CC", "cc"), "-O2", "-o", tmp + "/gendump", src], check=True)
    for d in ("state", "run"):
        os.mkdir(tmp + "/" + d, 0o700)
    open(tmp + "/conf", "w").write("[ingest]\ningest_workers = %d\n" % a.load_workers)
    pings = Pings()
    env = dict(os.environ, NOTIFY_SOCKET=tmp + "/notify", WATCHDOG_USEC="1000000")
    p = subprocess.Popen([hdad, "-c", tmp + "/conf", "--state-dir", tmp + "/state", "--runtime-dir", tmp + "/run"], env=env,
                         stderr=open(tmp + "/log", "w"))
    while ctl("status").returncode != 0:
        time.sleep(0.1)
    for i in range(40):
        r = ctl("import", dump("heap-3-%d-%d.dump" % (1700000000 + 60 * i, 1000 * (i + 1)), 30000, 20 * i))
        assert r.returncode == 0, r.stderr
    big = dump("big", a.load_objects, 0)
    begin = time.monotonic()
    idle, idle_small = ask_all()
    idle_gap, _ = pings.longest(begin, time.monotonic())
    load = Load(big)
    while load.done == 0:
        time.sleep(0.1)
    begin, first = time.monotonic(), load.done
    busy, busy_small = ask_all()
    end, n = time.monotonic(), load.done - first
    busy_gap, npings = pings.longest(begin, end)
    load.over = True
    load.join()
    out = {"objects": a.load_objects, "dumps_during": n, "seconds": end - begin, "questions": {}, "pings": npings,
           "longest_without_ping_s": {"idle": idle_gap, "load": busy_gap}}
    print("%d questions asked %d times, idle and in %.1f s in which %d dumps of %d objects with graphs were taken in by %d worker(s)"
          % (len(QUESTIONS), a.load_asked, end - begin, n, a.load_objects, a.load_workers))
    print("%-28s %9s %9s %9s %9s %7s   bar: p99 %.0f x idle" % ("wall ms", "idle p50", "p99", "load p50", "p99", "x p99", BAR))
    for name, i, b in [(q, idle[q], busy[q]) for q in idle] + [("a small dump to its ACK", idle_small, busy_small)]:
        out["questions"][name] = {"idle": i, "load": b}
        print("%-28s %9.1f %9.1f %9.1f %9.1f %7.2f" % (name, i["p50_ms"], i["p99_ms"], b["p50_ms"], b["p99_ms"], b["p99_ms"] / i["p99_ms"]))
    print("watchdog of 1 s: %d pings under load, longest time without one %.2f s (idle %.2f s)" % (npings, busy_gap, idle_gap))
    p.send_signal(signal.SIGTERM)
    p.wait()
    if n == 0:
        sys.exit(print("load: no dump was taken in meanwhile: says nothing") or 1)
    if a.load_json:
        json.dump(out, open(a.load_json, "w"), indent=1)
finally:
    if "p" in globals() and p.poll() is None:
        p.kill()
    shutil.rmtree(tmp)
