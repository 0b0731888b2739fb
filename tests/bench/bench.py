#!/usr/bin/env python3
# Speed and memory against the simdjson baseline, in one run. SPDX-License-Identifier: BSD-2-Clause
"""make bench [BENCH="--objects N[,N] --repeat R --json FILE"]

Best CPU seconds of alternating repetitions; page cache warm. The baseline loads the file before its clock starts; hda's rows
read it in pieces within their time, as file mode does. Dumps come from $HDA_SHARED/bench/gendump.c and go
to a folder under $TMPDIR that is removed at the end."""
import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile

SHARED = os.path.join(os.environ["HDA_SHARED"], "bench")
BENCH = os.path.join(os.environ["top_builddir"], "tests/bench/pipe_bench")


# Row: arguments of pipe_bench, None for other programs.
ROWS = {
    "wc -l": None,
    "memory read": ["read", "memory"],
    "simdjson --edges": None,
    "hda scan": ["scan"],
    "hda tally, edges": ["tally"],
    "hda reduce": ["reduce"],
    "hda reduce, edges": ["edges"],
    "hda graph": ["graph"],
}


def cpu_of(command):
    """CPU seconds of a command, of these in user mode, and its output."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    out = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout.decode()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    user = after.ru_utime - before.ru_utime
    return user + after.ru_stime - before.ru_stime, user, out


def run_once(name, dump, simdjson):
    if name == "wc -l":
        return {"cpu_s": cpu_of(["wc", "-l", dump])[0]}
    if name == "simdjson --edges":
        # Its own clock counts the wall, also while other programs run; time in user mode does not, but leaves the
        # kernel's work for its tables out. The smaller one is the bar.
        _, user, out = cpu_of([simdjson, dump, "--edges"])
        return {"cpu_s": min(user, float(out.split(" bytes in ")[1].split(" s:")[0]))}
    return json.loads(cpu_of([BENCH, *ROWS[name], dump])[2])


def measure(dump, simdjson, repeat):
    best = {}
    for _ in range(repeat):
        for name in ROWS:
            r = run_once(name, dump, simdjson)
            if name not in best or r["cpu_s"] < best[name]["cpu_s"]:
                best[name] = r
    return best


def report(objects, size, best):
    base = best["simdjson --edges"]["cpu_s"]
    print("\n%d objects, %.0f MB" % (objects, size / 1e6))
    print("%-18s %9s %9s %10s %10s" % ("", "CPU s", "MB/s", "x simdjson", "RSS MiB"))
    for name, r in best.items():
        rss = "%.0f" % (r["rss_kib"] / 1024) if "rss_kib" in r and name != "memory read" else "-"
        print("%-18s %9.3f %9.0f %10.2f %10s" % (name, r["cpu_s"], size / 1e6 / r["cpu_s"], base / r["cpu_s"], rss))
    print("tally, edges: the baseline's work, and (generation x key) and lists; reduce: and duplicate strings")
    r = best["hda reduce"]
    limit = 64 * 1024 + 200 * r["keys"] / 1024
    print("memory without graph: %.1f MiB, bar %.1f MiB" % (r["rss_kib"] / 1024, limit / 1024))


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--objects", default="500000,4400000")
    p.add_argument("--repeat", type=int, default=5)
    p.add_argument("--json")
    a = p.parse_args()
    if not os.path.exists(os.path.join(SHARED, "gendump.c")):
        print("bench: skipped, no $HDA_SHARED/bench")
        return 0
    sizes = [int(n) for n in a.objects.split(",")]
    results = []
    with tempfile.TemporaryDirectory(prefix="hda-bench-") as d:
        if shutil.disk_usage(d).free < 2 * 340 * max(sizes):
            print("bench: %s has not enough free space (set TMPDIR)" % d)
            return 1
        gendump, simdjson = os.path.join(d, "gendump"), os.path.join(d, "simdjson")
        subprocess.run([*os.environ.get("CC", "cc").split(), "-O2", "-o", gendump, SHARED + "/gendump.c"], check=True)
        subprocess.run([*os.environ.get("CXX", "c++").split(), "-O3", "-march=native", "-o", simdjson, SHARED + "/simdjson_baseline.cpp", "-lsimdjson"], check=True)
        for n in sizes:
            dump = os.path.join(d, "heap-9-1700000000-1000.dump")
            with open(dump, "wb") as f:
                subprocess.run([gendump, "-n", str(n)], stdout=f, check=True)
            best = measure(dump, simdjson, a.repeat)
            report(n, os.path.getsize(dump), best)
            results.append({"objects": n, "bytes": os.path.getsize(dump), "best": best})
            os.unlink(dump)
    if a.json:
        with open(a.json, "w") as f:
            json.dump(results, f, indent=1)
    print(json.dumps(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
