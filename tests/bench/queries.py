#!/usr/bin/env python3
"""What a question costs in a store of 1 000 dumps of a large process: a part of `make bench-daemon`.

store_bench writes the store (20 000 keys, 200 generations, 5 % changing from dump to dump, with the verdict's state); a real hdad opens
it; hdactl asks, each question many times. state_bench does the same for the verdict after a dump, and for leaks over 100 processes.
Prints a table, and with --queries-json FILE the same as JSON. Wall times hold on a quiet machine only; CPU is hdad's and hdactl's together."""
import argparse, json, os, shutil, subprocess, tempfile, time
from common import Daemon, children_cpu, percentile, program, timed

ap = argparse.ArgumentParser()
ap.add_argument("--store-dumps", type=int, default=1000)
ap.add_argument("--asked", type=int, default=100, help="times that each question is asked")
ap.add_argument("--queries-json")
a, _ = ap.parse_known_args()
BAR = 50  # ms
QUESTIONS = ["top", "top --by site", "top --by key -n 0", "trend", "trend --by class", "trend --by site", "trend --by holder", "trend --last 0",
             "trend --last 0 --by site", "diff first last", "diff %d last" % (a.store_dumps // 2), "leaks", "ps", "show"]


def ask(d, words):
    wall, cpu = [], []
    for _ in range(a.asked + 1):
        before = d.cpu() + children_cpu()
        wall.append(1e3 * timed(lambda: d.ctl(*words.split(), "--json")))
        cpu.append(1e3 * (d.cpu() + children_cpu() - before))
    return {"name": "hdactl " + words, "n": a.asked, **{"%s_p%d_ms" % (k, p): round(percentile(v[1:], p / 100), 1)
                                                      for k, v in (("wall", wall), ("cpu", cpu)) for p in (50, 99)}}


def output(*argv):
    return subprocess.run([str(x) for x in argv], stdout=subprocess.PIPE, check=True, text=True).stdout


tmp = tempfile.mkdtemp(prefix="hda-bench.")
rows = []
try:
    os.mkdir(tmp + "/state", 0o700)
    print("store of %d dumps:" % a.store_dumps)
    print(output(program("tests/bench/store_bench"), tmp + "/state/store", a.store_dumps, 20000, 5, 1), end="")
    with Daemon("[store]\ndetail_dumps = 100000\nmax_age = 0s\n", state=tmp + "/state") as d:
        time.sleep(1)
        print("%-34s %9s %9s %9s %9s   ms, bar: p99 %d" % ("", "wall p50", "p99", "CPU p50", "p99", BAR))
        for q in QUESTIONS:
            r = ask(d, q)
            rows.append(r)
            print("%-34s %9.1f %9.1f %9.1f %9.1f" % (r["name"], r["wall_p50_ms"], r["wall_p99_ms"], r["cpu_p50_ms"], r["cpu_p99_ms"]), flush=True)
    for line in output(program("tests/bench/state_bench"), tmp + "/verdict", a.store_dumps, 20000, 5, 100, a.asked).splitlines():
        r = json.loads(line)
        r["name"] = "code: " + r["name"]
        rows.append(r)
        print(" ".join("%s %s" % (k.replace("_", " "), v) if k != "name" else "%-34s" % v for k, v in r.items()))
finally:
    shutil.rmtree(tmp)
if a.queries_json:
    json.dump(rows, open(a.queries_json, "w"), indent=1)
