#!/usr/bin/env python3
"""What a question costs in a store of 1 000 dumps of a large process: the second half of `make bench-daemon`.

store_bench writes the store (20 000 keys, 200 generations, 5 % changing from dump to dump, with the verdict's state); a real hdad opens
it; hdactl asks, each question many times. state_bench does the same for the verdict after a dump, and for leaks over 100 processes.
Prints a table, and with --queries-json FILE the same as JSON. Wall times hold on a quiet machine only; CPU is hdad's and hdactl's together."""
import argparse, json, os, resource, shutil, signal, subprocess, tempfile, time

ap = argparse.ArgumentParser()
ap.add_argument("--store-dumps", type=int, default=1000)
ap.add_argument("--asked", type=int, default=100, help="times that each question is asked")
ap.add_argument("--queries-json")
a, _ = ap.parse_known_args()
build = os.environ["top_builddir"]
BAR = 50  # ms
QUESTIONS = ["top", "top --by site", "top --by key -n 0", "trend", "trend --by class", "trend --by site", "trend --by holder", "trend --last 0",
             "diff first last", "diff %d last" % (a.store_dumps // 2), "leaks", "ps", "show"]


def program(name):
    return os.path.join(build, name)


def cpu_of(pid):
    """Seconds that all threads have run."""
    ns = 0
    for t in os.listdir("/proc/%d/task" % pid):
        ns += int(open("/proc/%d/task/%s/schedstat" % (pid, t)).read().split()[0])
    return ns / 1e9


def children():
    r = resource.getrusage(resource.RUSAGE_CHILDREN)
    return r.ru_utime + r.ru_stime


def percentile(v, p):
    return sorted(v)[min(int(p * len(v)), len(v) - 1)]


def ask(hdad, run, words):
    wall, cpu = [], []
    for i in range(a.asked + 1):
        before, t = cpu_of(hdad) + children(), time.monotonic()
        r = subprocess.run([program("hdactl"), "--runtime-dir", run, *words.split(), "--json"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        wall.append(1e3 * (time.monotonic() - t))
        cpu.append(1e3 * (cpu_of(hdad) + children() - before))
        if r.returncode:
            raise SystemExit("hdactl %s: %s" % (words, r.stderr.decode()))
    return {"name": "hdactl " + words, "n": a.asked, **{"%s_p%d_ms" % (k, p): round(percentile(v[1:], p / 100), 1)
                                                      for k, v in (("wall", wall), ("cpu", cpu)) for p in (50, 99)}}


tmp = tempfile.mkdtemp(prefix="hda-bench.")
rows = []
try:
    os.makedirs(tmp + "/state", 0o700)
    os.mkdir(tmp + "/run", 0o700)
    print("store of %d dumps:" % a.store_dumps)
    print(subprocess.run([program("tests/bench/store_bench"), tmp + "/state/store", str(a.store_dumps), "20000", "5", "1"], stdout=subprocess.PIPE,
                         check=True, text=True).stdout, end="")
    open(tmp + "/conf", "w").write("[store]\ndetail_dumps = 100000\nmax_age = 0s\n")
    hdad = subprocess.Popen([program("hdad"), "-c", tmp + "/conf", "--state-dir", tmp + "/state", "--runtime-dir", tmp + "/run"],
                            stderr=subprocess.PIPE, text=True)
    try:
        while "event=ready" not in hdad.stderr.readline():
            pass
        time.sleep(1)
        print("%-34s %9s %9s %9s %9s   ms, bar: p99 %d" % ("", "wall p50", "p99", "CPU p50", "p99", BAR))
        for q in QUESTIONS:
            r = ask(hdad.pid, tmp + "/run", q)
            rows.append(r)
            print("%-34s %9.1f %9.1f %9.1f %9.1f" % (r["name"], r["wall_p50_ms"], r["wall_p99_ms"], r["cpu_p50_ms"], r["cpu_p99_ms"]), flush=True)
    finally:
        hdad.send_signal(signal.SIGTERM)
        hdad.communicate()
    out = subprocess.run([program("tests/bench/state_bench"), tmp + "/verdict", str(a.store_dumps), "20000", "5", "100", str(a.asked)],
                         stdout=subprocess.PIPE, check=True, text=True).stdout
    for line in out.splitlines():
        r = json.loads(line)
        r["name"] = "code: " + r["name"]
        rows.append(r)
        print(" ".join("%s %s" % (k.replace("_", " "), v) if k != "name" else "%-34s" % v for k, v in r.items()))
finally:
    shutil.rmtree(tmp)
if a.queries_json:
    json.dump(rows, open(a.queries_json, "w"), indent=1)
