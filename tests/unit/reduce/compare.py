#!/usr/bin/env python3
# Compares reduce_json with the oracle on one dump. SPDX-License-Identifier: BSD-2-Clause
"""compare.py REDUCE_JSON DUMP.zst [graph]: prints each difference; exit status 1 when there is one.

Runs both scanners, whole and in random pieces; by_type, by_class and by_site are summed here from the keys."""
import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
from part import in_part


def zstd(path):
    return subprocess.run(["zstd", "-dcq", "--long=31", path], check=True, stdout=subprocess.PIPE).stdout


def grouped(keys, *columns):
    out = defaultdict(lambda: [0, 0])
    for k in keys:
        g = out[tuple(k[c] for c in columns)]
        g[0] += k[4]
        g[1] += k[5]
    return sorted((*k, *v) for k, v in ((tuple(map(str, k)), v) for k, v in out.items()))


def rows(table):
    return sorted((*map(str, r[:-2]), *r[-2:]) for r in table)


def differences(got, want):
    keys = got["by_key"]
    for name in ("objects", "bytes", "edges", "roots", "root_references", "roots_by_name", "shapes", "free_slots", "bad_lines", "by_generation"):
        if got[name] != want[name]:
            yield name, got[name], want[name]
    for name, columns in (("by_type", (0,)), ("by_class", (1,)), ("by_site", (2, 3)), ("by_key", (0, 1, 2, 3))):
        a, b = grouped(keys, *columns), rows(want[name])
        if a != b:
            yield name, [r for r in a if r not in b][:5], [r for r in b if r not in a][:5]
    if [(-k[5], -k[4]) for k in keys] != sorted((-k[5], -k[4]) for k in keys):
        yield "order of keys", "", ""
    if len({tuple(k[:4]) for k in keys}) != len(keys):
        yield "keys twice", "", ""
    d, w = got["duplicate_strings"], want["duplicate_strings"]
    for name in ("groups", "copies", "bytes"):
        if d[name] != w[name]:
            yield "duplicate " + name, d[name], w[name]
    if d["estimated"] or d["top"][:20] != w["top"]:
        yield "duplicate top", d["top"][:20], w["top"]
    pairs = got["by_generation_key"]
    if [p[:2] for p in pairs] != sorted(p[:2] for p in pairs):
        yield "order of generation keys", "", ""
    sums = defaultdict(lambda: [0, 0])
    for g, k, count, size in pairs:
        sums[g][0] += count
        sums[g][1] += size
    if [[g, *v] for g, v in sorted(sums.items())] != want["by_generation"]:
        yield "sum of generation keys", "", ""
    if "graph" in got or want["graph"] is None:
        yield from graph_differences(got.get("graph"), want["graph"])


def graph_differences(got, want):
    if got is None or want is None:
        if got != want:
            yield "graph", got is not None, want is not None
        return
    for name in ("reachable_objects", "reachable_bytes", "garbage_objects", "garbage_bytes", "dangling_references"):
        if got[name] != want[name]:
            yield name, got[name], want[name]
    a = sorted(([r[0], r[3], r[4]] for r in got["top_retained"][:50]), key=lambda r: (-r[1], -r[2], int(r[0], 16)))
    b = [[r[0], r[3], r[4]] for r in want["top_retained"]]
    if a != b:
        yield "top_retained", [r for r in a if r not in b][:5], [r for r in b if r not in a][:5]


def main(program, path, *more):
    want = json.loads(zstd(path[:-4] + ".expected.json.zst"))
    dump = tempfile.TemporaryFile()  # five times through a pipe takes longer than to reduce it
    subprocess.run(["zstd", "-dcq", "--long=31", path], check=True, stdout=dump)
    bad, seen = False, {}
    hows = ["plain", "65536", "0"], ["simd", "262144", "0"], ["plain", "300", "7"], ["simd", "300", "11"], ["simd", "9000", "5"]
    for how in in_part(hows):
        dump.seek(0)
        out = subprocess.run([program, *how, *more], stdin=dump, stdout=subprocess.PIPE, check=True).stdout
        if out not in seen:  # the same bytes differ in the same way
            seen[out] = list(differences(json.loads(out), want))
        for what, a, b in seen[out]:
            bad = True
            print("%s, %s: %.600s, not %.600s" % (" ".join(how), what, a, b))
    return bad


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
