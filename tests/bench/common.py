"""What the benches of the whole daemon share: the programs, a daemon of one's own, made-up dumps, times."""
import os, shutil, signal, subprocess, sys, tempfile, time

build = os.environ["top_builddir"]


def program(name):
    return os.path.join(build, name)


def percentile(values, p):
    v = sorted(values)
    return v[min(int(p * len(v)), len(v) - 1)]


def run(*argv):
    return subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def timed(f, good=(0,)):
    """Seconds that f takes, which returns a finished process; another exit status than the good ones ends the bench."""
    t = time.monotonic()
    r = f()
    t = time.monotonic() - t
    if r.returncode not in good:
        sys.exit("%s: exit status %d: %s" % (" ".join(r.args), r.returncode, r.stderr.decode()))
    return t


def children_cpu():
    import resource
    r = resource.getrusage(resource.RUSAGE_CHILDREN)
    return r.ru_utime + r.ru_stime


class Daemon:
    """A real hdad in directories of its own. state: an old state directory (kept), else a new one."""
    def __init__(self, conf="", state=None, env=None):
        self.dir = tempfile.mkdtemp(prefix="hda-bench.")
        self.run = os.path.join(self.dir, "run")
        self.state = state or os.path.join(self.dir, "state")
        for d in (self.run, self.state):
            os.makedirs(d, 0o700, exist_ok=True)
        c = os.path.join(self.dir, "conf")
        open(c, "w").write(conf)
        self.log = os.path.join(self.dir, "log")
        self.p = subprocess.Popen([program("hdad"), "-c", c, "--state-dir", self.state, "--runtime-dir", self.run], stderr=open(self.log, "w"),
                                  env=dict(os.environ, **(env or {})))
        while "event=ready" not in open(self.log).read():
            if self.p.poll() is not None:
                sys.exit("hdad did not start: " + open(self.log).read())
            time.sleep(0.01)

    def ctl(self, *args):
        return run(program("hdactl"), "--runtime-dir", self.run, *args)

    def cpu(self):
        """Seconds that all its threads have run."""
        d = "/proc/%d/task" % self.p.pid
        return sum(int(open("%s/%s/schedstat" % (d, t)).read().split()[0]) for t in os.listdir(d)) / 1e9

    def stop(self):
        self.p.send_signal(signal.SIGTERM)
        self.p.wait()
        shutil.rmtree(self.dir)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class Dumps:
    """Made-up dump files, by gendump of $HDA_SHARED/bench; without it the bench says that it is skipped and ends."""
    def __init__(self, bench):
        src = os.path.join(os.environ["HDA_SHARED"], "bench", "gendump.c")
        if not os.path.exists(src):
            print("%s: skipped: no gendump" % bench)
            sys.exit(0)
        self.dir = tempfile.mkdtemp(prefix="hda-bench.")
        subprocess.run([os.environ.get("CC", "cc"), "-O2", "-o", self.dir + "/gendump", src], check=True)

    def path(self, pid, at, counter):
        return os.path.join(self.dir, "heap-%d-%d-%d.dump" % (pid, at, counter))

    def make(self, pid, at, counter, objects, jobs=0):
        """The heap after `jobs` of gendump's jobs, by the name of a dump of process pid at that time after `counter` jobs."""
        with open(self.path(pid, at, counter), "wb") as f:
            subprocess.run([self.dir + "/gendump", "-n", str(objects), "-j", str(jobs)], stdout=f, check=True)
        return f.name

    def series(self, pid, n):
        """Dumps of one process, one a minute."""
        return [self.make(pid, 1700000000 + 60 * i, 1000 * (i + 1), 30000, 20 * i) for i in range(n)]

    def again(self, old, pid, at, counter):
        """The same heap as another dump."""
        os.link(old, self.path(pid, at, counter))
        return self.path(pid, at, counter)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.dir)
