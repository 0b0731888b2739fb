#!/usr/bin/env python3
"""Questions while graphs are computed: part of `make bench-daemon`. Prints a table, and with --load-json FILE the same as JSON.

A real hdad with one worker and a store of small dumps is asked the same questions twice, each through a process of hdactl of its own: idle, and
while another hdactl streams a large dump into it over and over, whose graph is computed each time. Beside that a small dump is sent
now and then (another session), and a stand-in for systemd receives the watchdog's pings. Bar: p99 under load <= 2 x idle.
Needs gendump from $HDA_SHARED/bench; otherwise says skipped."""
import argparse, json, os, shutil, socket, sys, tempfile, threading, time
from common import Daemon, Dumps, percentile, timed

ap = argparse.ArgumentParser()
ap.add_argument("--load-objects", type=int, default=2000000)
ap.add_argument("--load-asked", type=int, default=100, help="how often each question is asked, idle and under load")
ap.add_argument("--load-workers", type=int, default=1)
ap.add_argument("--load-json")
a, _ = ap.parse_known_args()
QUESTIONS = [["status"], ["top"], ["top", "--by", "site"], ["trend", "--pid", "3"], ["diff", "3@1000", "3@40000"], ["leaks", "--pid", "3"]]
BAR = 2.0


class Pings(threading.Thread):
    """systemd's end of NOTIFY_SOCKET: when each WATCHDOG=1 came."""
    def __init__(self, path):
        super().__init__(daemon=True)
        self.s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.s.bind(path)
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
    def __init__(self, daemon, dumps, big):
        super().__init__(daemon=True)
        self.daemon_, self.dumps, self.big, self.done, self.over = daemon, dumps, big, 0, False
        self.start()

    def run(self):
        while not self.over:
            path = self.dumps.again(self.big, 1000 + self.done, 1800000000, 1000)
            r = self.daemon_.ctl("import", path)
            os.unlink(path)
            if r.returncode:
                print("load: import failed:", r.stderr.decode(), file=sys.stderr)
                os._exit(1)
            self.done += 1


def cut(times):
    return {"p50_ms": 1e3 * percentile(times, 0.5), "p99_ms": 1e3 * percentile(times, 0.99)}


def ask_all(d, dumps):
    """Each question in turn, so that all of them meet all phases of the load. Then a small dump, which is new each time."""
    times = {" ".join(q): [] for q in QUESTIONS}
    small = []
    for i in range(a.load_asked):
        for q in QUESTIONS:
            times[" ".join(q)].append(timed(lambda: d.ctl(*q, "--json"), good=(0, 1)))
        if i % 10 == 0:
            path = dumps.make(500000 + time.monotonic_ns() % 400000, 1700000000, 1000, 30000)
            small.append(timed(lambda: d.ctl("import", path)))
            os.unlink(path)
    return {**{k: cut(v) for k, v in times.items()}, "a small dump to its ACK": cut(small)}


def measure(d, dumps, pings):
    for path in dumps.series(3, 40):
        timed(lambda: d.ctl("import", path))
    big = dumps.make(1, 1800000000, 1000, a.load_objects)
    begin = time.monotonic()
    idle = ask_all(d, dumps)
    idle_gap, _ = pings.longest(begin, time.monotonic())
    load = Load(d, dumps, big)
    while load.done == 0:
        time.sleep(0.1)
    begin, first = time.monotonic(), load.done
    busy = ask_all(d, dumps)
    end, n = time.monotonic(), load.done - first
    busy_gap, npings = pings.longest(begin, end)
    load.over = True
    load.join()
    return {"objects": a.load_objects, "dumps_during": n, "seconds": end - begin, "questions": {q: {"idle": idle[q], "load": busy[q]} for q in idle},
            "pings": npings, "longest_without_ping_s": {"idle": idle_gap, "load": busy_gap}}


tmp = tempfile.mkdtemp(prefix="hda-bench.")
try:
    pings = Pings(tmp + "/notify")
    env = {"NOTIFY_SOCKET": tmp + "/notify", "WATCHDOG_USEC": "1000000"}
    with Dumps("load") as dumps, Daemon("[ingest]\ningest_workers = %d\n" % a.load_workers, env=env) as d:
        out = measure(d, dumps, pings)
finally:
    shutil.rmtree(tmp)
print("%d questions asked %d times, idle and in %.1f s in which %d dumps of %d objects with graphs were taken in by %d worker(s)"
      % (len(QUESTIONS), a.load_asked, out["seconds"], out["dumps_during"], a.load_objects, a.load_workers))
print("%-28s %9s %9s %9s %9s %7s   bar: p99 %.0f x idle" % ("wall ms", "idle p50", "p99", "load p50", "p99", "x p99", BAR))
for name, q in out["questions"].items():
    i, b = q["idle"], q["load"]
    print("%-28s %9.1f %9.1f %9.1f %9.1f %7.2f" % (name, i["p50_ms"], i["p99_ms"], b["p50_ms"], b["p99_ms"], b["p99_ms"] / i["p99_ms"]))
gap = out["longest_without_ping_s"]
print("watchdog of 1 s: %d pings under load, longest time without one %.2f s (idle %.2f s)" % (out["pings"], gap["load"], gap["idle"]))
if out["dumps_during"] == 0:
    sys.exit("load: no dump was taken in meanwhile: says nothing")
if a.load_json:
    json.dump(out, open(a.load_json, "w"), indent=1)
