#!/usr/bin/env python3
"""What the whole daemon costs: part of `make bench-daemon`. Prints a table, and with --json FILE the same as JSON.

Socket to ACK against file mode; two dumps at once against one after the other; an idle daemon; the size of a store. What questions cost
is queries.py's and load.py's. Needs gendump from $HDA_SHARED/bench; otherwise says skipped. Never part of make check."""
import argparse, json, os, re, subprocess, time
from common import Daemon, Dumps, program, run, timed

ap = argparse.ArgumentParser()
ap.add_argument("--objects", type=int, default=2000000)
ap.add_argument("--dumps", type=int, default=200, help="dumps of the store whose size is told")
ap.add_argument("--repeat", type=int, default=3)
ap.add_argument("--json")
a, _ = ap.parse_known_args()
OFF = "[graph]\ngraph = no\n[ingest]\ningest_workers = 2\n"
out = {}


def row(name, value, bar=""):
    out[name] = value
    print("%-58s %12s   %s" % (name, value, bar), flush=True)


def status(pid, key):
    return int(re.search(key + r":\s+(\d+)", open("/proc/%d/status" % pid).read()).group(1))


def best(f):
    return min(f() for _ in range(a.repeat))


def files_at_once(*paths):
    """What the machine allows: as many processes as files, which share nothing but memory."""
    t = time.monotonic()
    ps = [subprocess.Popen([program("hdactl"), "--no-graph", "-f", p, "show"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for p in paths]
    assert not any([p.wait() for p in ps])
    return time.monotonic() - t


def fresh(*paths, j="1"):
    with Daemon(OFF) as d:
        return timed(lambda: d.ctl("import", "-j", j, *paths))


def speed(one, two):
    size = os.path.getsize(one) / 1e6
    for path in (one, two):
        open(path, "rb").read()
    print("%d objects, %.0f MB a dump; best of %d" % (a.objects, size, a.repeat))
    t_file = best(lambda: timed(lambda: run(program("hdactl"), "--no-graph", "-f", one, "show")))
    t_sock = best(lambda: fresh(one))
    t_files = best(lambda: files_at_once(one, two))
    t_both = best(lambda: fresh(one, two, j="2"))
    row("file mode without graph, MB/s", "%.0f" % (size / t_file))
    row("socket to ACK without graph, MB/s", "%.0f" % (size / t_sock))
    row("socket to ACK / file mode", "%.2f" % (t_file / t_sock), "bar 0.8")
    row("two dumps at once on two workers, speed against one", "%.2f" % (2 * t_sock / t_both), "bar 1.7")
    row("two processes hdactl -f at once, speed against one", "%.2f" % (2 * t_file / t_files), "the machine's own")


def idle(d):
    time.sleep(1)
    wakes = status(d.p.pid, "voluntary_ctxt_switches")
    time.sleep(5)
    row("idle daemon, RSS MB", "%.1f" % (status(d.p.pid, "VmRSS") / 1024), "bar 16")
    row("idle daemon, wake-ups in 5 s", str(status(d.p.pid, "voluntary_ctxt_switches") - wakes), "bar 0")


def store(d, dumps):
    paths = dumps.series(3, min(a.dumps, 40))
    for i in range(len(paths), a.dumps):  # the same heaps again, later
        paths.append(dumps.again(paths[i % 40], 3, 1700000000 + 60 * i, 1000 * (i + 1)))
    for i in range(0, len(paths), 100):
        timed(lambda: d.ctl("import", *paths[i:i + 100]))
    used = sum(os.path.getsize(os.path.join(p, f)) for p, _, fs in os.walk(d.state) for f in fs)
    row("store of %d dumps, file size, kB a dump" % a.dumps, "%.1f" % (used / 1000 / a.dumps))


with Dumps("bench-daemon") as dumps:
    speed(dumps.make(1, 1700000000, 1000, a.objects), dumps.make(2, 1700000000, 1000, a.objects))
    with Daemon() as d:
        idle(d)
        store(d, dumps)
if a.json:
    json.dump(out, open(a.json, "w"), indent=1)
