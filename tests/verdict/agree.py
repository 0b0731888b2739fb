#!/usr/bin/env python3
"""TAP: the C verdict against the reference on every given scenario: same lines, labels equal, rates within 1 %.
agree.py VERDICT_JSON SHARED_VERDICT_DIR [N ...]"""
import glob, json, os, subprocess, sys

prog, ref, ns = sys.argv[1], sys.argv[2], [int(v) for v in sys.argv[3:]] or [5, 10]
try:
    import numpy  # the reference needs it
except ImportError:
    print("1..0 # SKIP no numpy for the reference")
    sys.exit(0)
sys.path.insert(0, ref)
sys.dont_write_bytecode = True
import leakdet, run

files = sorted(glob.glob(os.path.join(ref, "scenarios", "*.json.zst")) + glob.glob(os.path.join(ref, "real", "series", "*.json.zst")))
docs = [run.load(f) for f in files]
test, failed = 0, 0
for n in ns:
    cut = [run.cut(d, n) for d in docs]
    out = subprocess.run([prog], input="\n".join(map(json.dumps, cut)) + "\n", text=True, stdout=subprocess.PIPE, check=True).stdout.splitlines()
    bad = []
    for d, o in zip(cut, map(json.loads, out)):
        want = leakdet.run(d)
        key = lambda ls: {tuple(l["rows"]): l for l in ls}
        a, b = key(want["lines"]), key(o["lines"])
        if a.keys() != b.keys():
            bad.append("%s: other lines" % d["id"])
            continue
        for rows, l in a.items():
            m = b[rows]
            close = lambda x, y: abs(x - y) <= .01 * max(abs(x), abs(y)) + 1
            if l["label"] != m["label"] or not close(l["bytes_per_1000"], m["bytes_per_1000"]) or l["head"] != m["head"]:
                bad.append("%s rows %s: %s %s head %s, here %s %s head %s" % (d["id"], rows, l["label"], l["bytes_per_1000"], l["head"], m["label"], m["bytes_per_1000"], m["head"]))
    test += 1
    failed += bool(bad)
    print("%sok %d - %d scenarios at n = %d agree with the reference" % ("not " if bad else "", test, len(docs), n))
    for b in bad:
        print("# " + b)
print("1..%d" % test)
sys.exit(failed > 0)
