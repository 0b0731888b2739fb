#!/usr/bin/env python3
"""TAP: the C verdict against the reference on every given scenario. agree.py VERDICT_JSON SHARED_VERDICT_DIR [N ...]

Where both say the same of a key, its rate is the same within 1 %. Where they differ (README.md says why they may) the difference must
be for the better: no true leak that the reference finds is lost (but those of EXPLAINED), no line is called a leak that is none, no figure of the score falls."""
import glob, hashlib, json, os, subprocess, sys

prog, ref, ns = sys.argv[1], sys.argv[2], [int(v) for v in sys.argv[3:]] or [5, 10]
try:
    import numpy  # the reference needs it
except ImportError:
    print("1..0 # SKIP no numpy for the reference")
    sys.exit(0)
sys.path[:0] = [ref, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")]
sys.dont_write_bytecode = True
import leakdet, part, run

files = sorted(glob.glob(os.path.join(ref, "scenarios", "*.json.zst")) + glob.glob(os.path.join(ref, "real", "series", "*.json.zst")))
docs = [run.load(f) for f in files]
test, failed = 0, 0
# Leaks that the reference finds and the C verdict does not yet, each with its reason. The figures of the score must not fall for it.
EXPLAINED = {
    (5, "bursty-02"): "few large bursts, most of them early: as well something that began to fill midway; found at 50 dumps",
    (10, "bursty-02"): "the same",
    (5, "jobmix-07"): "a leak of a class of jobs that became rarer, which brings fewer births as a cache does; found at 10 dumps",
}
ns = part.in_part(ns)
if part.PARTS > 1:
    print("# part %d/%d: after %s dumps" % (part.PART, part.PARTS, ", ".join(map(str, ns))))


def ok(good, text, why=()):
    global test, failed
    test += 1
    failed += not good
    print("%sok %d - %s" % ("" if good else "not ", test, text))
    for w in why if not good else []:
        print("# " + w)


def figures(s):
    share = lambda a, b: a / b if b else 1.
    return dict(precision=share(s.tp, s.tp + s.fp), strict=share(s.tp, s.tp + s.fp + s.early), recall=share(s.found, s.due), first=share(s.first, s.sc),
                native=share(s.nfound, s.ndue), splits=-s.split)


def reference(text, cut):
    """What the reference says of these documents. It takes most of this test's time and does not depend on the build: .ci/run keeps it
    in $HDA_TEST_CACHE, under a hash of the reference and of the documents."""
    source = b"".join(open(os.path.join(ref, name), "rb").read() for name in ("leakdet.py", "run.py"))
    cache = os.environ.get("HDA_TEST_CACHE")
    path = cache and os.path.join(cache, "verdict-" + hashlib.sha256(source + text.encode()).hexdigest() + ".json")
    if path and os.path.exists(path):
        return json.load(open(path))
    said = [leakdet.run(c) for c in cut]
    if path:
        json.dump(said, open(path + ".new", "w"))
        os.rename(path + ".new", path)
    return said


for n in ns:
    cut = [run.cut(d, n) for d in docs]
    text = "\n".join(map(json.dumps, cut)) + "\n"
    out = subprocess.run([prog], input=text, text=True, stdout=subprocess.PIPE, check=True).stdout.splitlines()
    bad, worse, theirs, ours = [], [], run.Score(), run.Score()
    for d, want, o in zip(docs, reference(text, cut), map(json.loads, out)):
        theirs.add(d, n, want, False)
        ours.add(d, n, o, False)
        true = {i for l in d["truth"]["leaks"] for i in l["rows"]}
        called = lambda v: {i for l in v["lines"] if l["label"] == "leak" for i in l["rows"]}
        here, there = called(o), called(want)
        rate = {l["head"]: l for l in want["lines"]}
        for l in o["lines"]:
            m = rate.get(l["head"])
            if m and m["label"] == l["label"] == "leak" and m["how"] == l["how"] and abs(m["obj_per_1000"] - l["obj_per_1000"]) > .01 * m["obj_per_1000"] + .01:
                bad.append("%s head %s: %s objects per 1000 jobs, here %s" % (d["id"], l["head"], m["obj_per_1000"], l["obj_per_1000"]))
        for l in d["truth"]["leaks"]:
            if n <= l.get("to_seq", 99) and there & set(l["rows"]) and not here & set(l["rows"]) and (n, d["id"]) not in EXPLAINED:
                worse.append("%s: the leak of rows %s is lost" % (d["id"], l["rows"]))
        blind = {int(k) for k, v in d["truth"].get("undecidable", {}).items() if n in v}
        if (here - there) - true - blind and not here & true:
            worse.append("%s: rows %s are no leak" % (d["id"], sorted((here - there) - true)))
    ok(not bad, "n = %d: rates of %d scenarios are the reference's" % (n, len(docs)), bad)
    ok(not worse, "n = %d: where labels differ they are better" % n, worse)
    a, b = figures(theirs), figures(ours)
    ok(all(b[k] >= a[k] - 1e-9 for k in a), "n = %d: no figure of the score is below the reference's" % n, ["%s %.4f, here %.4f" % (k, a[k], b[k]) for k in a])
print("1..%d" % test)
sys.exit(failed > 0)
