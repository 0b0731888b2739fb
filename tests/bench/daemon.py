#!/usr/bin/env python3
"""What the whole daemon costs: `make bench-daemon`. Prints a table, and with --json FILE the same as JSON.

Socket to ACK against file mode; two dumps at once against one after the other; an idle daemon; a store of many dumps and the time
of queries over it. Needs gendump from $HDA_SHARED/bench; otherwise says skipped. Never part of make check."""
import argparse, json, os, re, shutil, signal, subprocess, sys, tempfile, time

ap = argparse.ArgumentParser()
ap.add_argument("--objects", type=int, default=2000000)
ap.add_argument("--dumps", type=int, default=200, help="dumps of the store that is queried")
ap.add_argument("--repeat", type=int, default=3)
ap.add_argument("--json")
a, _ = ap.parse_known_args()
build, shared = os.environ["top_builddir"], os.environ["HDA_SHARED"]
src = os.path.join(shared, "bench", "gendump.c")
if not os.path.exists(src):
    sys.exit(print("bench-daemon: skipped: no gendump") or 0)
hdad, hdactl = os.path.join(build, "hdad"), os.path.join(build, "hdactl")
out = {}


def row(name, value, bar=""):
    out[name] = value
    print("%-58s %12s   %s" % (name, value, bar))


def hz(pid):
    f = open("/proc/%d/stat" % pid).read().rsplit(")", 1)[1].split()
    return (int(f[11]) + int(f[12])) / os.sysconf("SC_CLK_TCK")


def status(pid, key):
    return int(re.search(key + r":\s+(\d+)", open("/proc/%d/status" % pid).read()).group(1))


class Daemon:
    def __init__(self, conf=""):
        self.dir = tempfile.mkdtemp(prefix="hda-bench.")
        for d in ("state", "run"):
            os.mkdir(os.path.join(self.dir, d), 0o700)
        c = os.path.join(self.dir, "conf")
        open(c, "w").write(conf)
        self.p = subprocess.Popen([hdad, "-c", c, "--state-dir", self.dir + "/state", "--runtime-dir", self.dir + "/run"],
                                  stderr=subprocess.PIPE, text=True)
        for line in self.p.stderr:
            if "event=ready" in line:
                break
        os.set_blocking(self.p.stderr.fileno(), False)

    def ctl(self, *args, **kw):
        return subprocess.run([hdactl, "--runtime-dir", self.dir + "/run", *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, **kw)

    def stop(self):
        self.p.send_signal(signal.SIGTERM)
        self.p.wait()
        shutil.rmtree(self.dir)


def best(f):
    return min(f() for _ in range(a.repeat))


def timed(f):
    t = time.monotonic()
    r = f()
    assert r.returncode == 0, r.stderr
    return time.monotonic() - t


tmp = tempfile.mkdtemp(prefix="hda-bench.")
gen = os.path.join(tmp, "gendump")
subprocess.run([os.environ.get("CC", "cc"), "-O2", "-o", gen, src], check=True)


def dump(pid, t, n, jobs, objects):
    path = os.path.join(tmp, "heap-%d-%d-%d.dump" % (pid, t, n))
    with open(path, "wb") as f:
        subprocess.run([gen, "-n", str(objects), "-j", str(jobs)], stdout=f, check=True)
    return path


one = dump(1, 1700000000, 1000, 0, a.objects)
two = dump(2, 1700000000, 1000, 0, a.objects)
size = os.path.getsize(one) / 1e6
open(one, "rb").read(); open(two, "rb").read()
print("%d objects, %.0f MB a dump; best of %d" % (a.objects, size, a.repeat))
off = "[graph]\ngraph = no\n[ingest]\ningest_workers = 2\n"
t_file = best(lambda: timed(lambda: subprocess.run([hdactl, "--no-graph", "-f", one, "show"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)))


def files_at_once(*paths):
    """What the machine allows: as many processes as files, which share nothing but memory."""
    t = time.monotonic()
    ps = [subprocess.Popen([hdactl, "--no-graph", "-f", p, "show"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for p in paths]
    assert not any([p.wait() for p in ps])
    return time.monotonic() - t


def fresh(*paths, j="1"):
    d = Daemon(off)
    try:
        return timed(lambda: d.ctl("import", "-j", j, *paths))
    finally:
        d.stop()


t_sock = best(lambda: fresh(one))
t_files = best(lambda: files_at_once(one, two))
t_both = best(lambda: fresh(one, two, j="2"))
row("file mode without graph, MB/s", "%.0f" % (size / t_file))
row("socket to ACK without graph, MB/s", "%.0f" % (size / t_sock))
row("socket to ACK / file mode", "%.2f" % (t_file / t_sock), "bar 0.8")
row("two dumps at once on two workers, speed against one", "%.2f" % (2 * t_sock / t_both), "bar 1.7")
row("two processes hdactl -f at once, speed against one", "%.2f" % (2 * t_file / t_files), "the machine's own")

d = Daemon()
time.sleep(1)
before, wakes = hz(d.p.pid), status(d.p.pid, "voluntary_ctxt_switches")
time.sleep(5)
row("idle daemon, RSS MB", "%.1f" % (status(d.p.pid, "VmRSS") / 1024), "bar 16")
row("idle daemon, wake-ups in 5 s", str(status(d.p.pid, "voluntary_ctxt_switches") - wakes), "bar 0")
small = [dump(3, 1700000000 + 60 * i, 1000 * (i + 1), 20 * i, 30000) for i in range(min(a.dumps, 40))]
hdr = [s for s in small]
for i in range(len(small), a.dumps):  # the same heaps again, later
    p = os.path.join(tmp, "heap-3-%d-%d.dump" % (1700000000 + 60 * i, 1000 * (i + 1)))
    os.link(small[i % len(small)], p)
    hdr.append(p)
for i in range(0, len(hdr), 100):
    r = d.ctl("import", *hdr[i:i + 100])
    assert r.returncode == 0, r.stderr
used = sum(os.path.getsize(os.path.join(p, f)) for p, _, fs in os.walk(d.dir + "/state") for f in fs)
row("store of %d dumps, file size, kB a dump" % a.dumps, "%.1f" % (used / 1000 / a.dumps))


def p99(*args):
    t = sorted(timed(lambda: d.ctl(*args, "--json")) for _ in range(40))
    return "%.0f ms" % (1000 * t[-1])


for args in (["top"], ["top", "--by", "site"], ["trend"], ["trend", "--by", "site"], ["diff", "first", "last"], ["leaks", "--pid", "3"]):
    row("slowest of 40: hdactl " + " ".join(args), p99(*args), "bar 50 ms")
d.stop()
shutil.rmtree(tmp)
if a.json:
    json.dump(out, open(a.json, "w"), indent=1)
