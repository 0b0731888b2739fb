#!/usr/bin/env python3
# Compares graph_json with the oracle, with Ruby's own facts, and with itself after renumbering. SPDX-License-Identifier: BSD-2-Clause
"""compare.py GRAPH_JSON DUMP.zst [renumber]: prints each difference; exit status 1 when there is one. renumber: also with itself."""
import hashlib
import json
import os
import random
import re
import subprocess
import sys
import tempfile
from collections import Counter

# A stale pointer on the machine stack holds so many objects of the vault besides.
HELD_BESIDES = {"v2_7_8.trace": 3, "v3_2_11.trace": 6}


def zstd(path):
    return subprocess.run(["zstd", "-dcq", "--long=31", path], check=True, stdout=subprocess.PIPE).stdout


def run(program, write):
    """What the program says of the dump that `write` writes into a file."""
    with tempfile.TemporaryFile() as dump:
        write(dump)
        dump.seek(0)
        p = subprocess.run([program], stdin=dump, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    return json.loads(p.stdout.decode("utf-8", "replace"))


def unpacked(path):
    return lambda f: subprocess.run(["zstd", "-dcq", "--long=31", path], check=True, stdout=f)


def against_oracle(got, want):
    if want is None or not got["has_graph"]:
        if want is not None or got["has_graph"] or not got["why"]:
            yield "has_graph", got["has_graph"], got["why"]
        return
    for name in ("reachable_objects", "reachable_bytes", "garbage_objects", "garbage_bytes", "dangling_references"):
        if got[name] != want[name]:
            yield name, got[name], want[name]
    types = Counter()
    for k in got["keys"]:
        types[k[0]] += k[4]
    by_type = sorted(([t, c] for t, c in types.items() if c), key=lambda r: (-r[1], r[0]))
    if by_type != want["garbage_by_type"]:
        yield "garbage_by_type", by_type, want["garbage_by_type"]
    # The oracle orders equal ones by address, and cuts among them.
    ours, theirs = got["top_retained"][:50], want["top_retained"]
    above = lambda rows: sorted(r for r in rows if r[3:5] > theirs[-1][3:5])
    if above(ours) != above(theirs) or [r[3:5] for r in ours] != [r[3:5] for r in theirs]:
        yield "top_retained", *next((a, b) for a, b in zip(ours, theirs) if a != b)
    own = [sum(s[2] for s in got["sigs"]), sum(s[3] for s in got["sigs"])]
    if own != [want["reachable_objects"], want["reachable_bytes"]]:
        yield "own tallies of signatures", own, ""
    if len({s[0] for s in got["sigs"]}) != len(got["sigs"]) or [s[0] for s in got["sigs"]] != sorted(s[0] for s in got["sigs"]):
        yield "order of signatures", "", ""


def against_facts(got, path):
    version, kind = os.path.basename(path).split(".")[:2]
    facts = os.path.join(os.path.dirname(path), version + ".facts.json")
    if not os.path.exists(facts) or kind not in ("notrace", "trace"):
        return
    vault = json.load(open(facts))["vault" if kind == "notrace" else "vault_traced"]
    found = [r for r in got["top_retained"] if r[0] == vault["address"]]
    short = HELD_BESIDES.get(version + "." + kind, 0)
    if not found or found[0][4] != vault["objects"] - short or not short and found[0][3] != vault["bytes"]:
        yield "vault", found, vault


ADDRESS = re.compile(rb'0x[0-9a-f]{4,16}(?=")')


def renumbered(dump, seed):
    """Each address replaced by another one, all lines in another order."""
    rnd = random.Random(seed)
    old = sorted(set(ADDRESS.findall(dump)))
    slots = rnd.sample(range(4 * len(old)), len(old))
    new = {a: b"0x%x" % (0x7f1234560000 + 40 * i // 8 * 8) for a, i in zip(old, slots)}
    lines = ADDRESS.sub(lambda m: new[m.group(0)], dump).split(b"\n")
    rnd.shuffle(lines)
    return b"\n".join(lines)


def renumbered_once(path, seed):
    """A writer of it. .ci/run, which tests several builds, keeps it in $HDA_TEST_CACHE: making it takes longer than reading it."""
    cache = os.environ.get("HDA_TEST_CACHE")
    if not cache:
        return lambda f: (f.write(renumbered(zstd(path), seed)), f.flush())
    with open(path, "rb") as f, open(__file__, "rb") as me:
        name = hashlib.sha256(me.read() + f.read()).hexdigest()
    kept = os.path.join(cache, "renumbered-%s-%d.zst" % (name, seed))
    if not os.path.exists(kept):
        packed = subprocess.run(["zstd", "-1cq"], input=renumbered(zstd(path), seed), check=True, stdout=subprocess.PIPE).stdout
        with open(kept + ".new", "wb") as f:
            f.write(packed)
        os.rename(kept + ".new", kept)
    return unpacked(kept)


def no_addresses(got):
    """Everything but addresses, in its order."""
    no = lambda r: [c for c in r if not (isinstance(c, str) and re.fullmatch("0x[0-9a-f]+", c))]
    return {k: [no(r) if isinstance(r, list) else r for r in v] if isinstance(v, list) else v for k, v in got.items()}


def against_itself(program, path, got):
    first = no_addresses(got)
    for seed in (1, 2):
        again = no_addresses(run(program, renumbered_once(path, seed)))
        for name in first:
            if first[name] != again[name]:
                a, b = first[name], again[name]
                if isinstance(a, list):
                    a, b = [x for x in a if x not in b][:2], [x for x in b if x not in a][:2]
                yield "renumbered: " + name, a, b


def main(program, path, renumber=None):
    want = json.loads(zstd(path[:-4] + ".expected.json.zst"))["graph"]
    got = run(program, unpacked(path))
    found = list(against_oracle(got, want)) + list(against_facts(got, path))
    if renumber and "synthetic" not in path:  # its duplicates and torn lines depend on the order
        found += against_itself(program, path, got)
    for what, a, b in found:
        print(f"{what}: got {str(a)[:400]}, expected {str(b)[:400]}")
    return 1 if found else 0


sys.exit(main(*sys.argv[1:]))
