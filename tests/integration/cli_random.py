#!/usr/bin/env python3
"""cli_random.py HDACTL DIR SEED: a random small dump of every oddness of a graph, read by hdactl -f: what it says is what removing objects one by
one says, and stays so when all lines are shuffled and all addresses replaced. One line for each difference. SPDX-License-Identifier: BSD-2-Clause"""
import json
import random
import subprocess
import sys
from collections import defaultdict

BASE = 0x7f0000000000
REPORTS = [c.split() for c in (
    "show", "top --by class -n 0", "top --by class --sort retained -n 0", "top --by site --sort retained -n 0", "top --by key -n 0",
    "top --by key --sort garbage -n 0", "top --by object -n 0", "top --by object --sort retained -n 0", "top --by object -n 7", "holders -n 0",
    "holders --class K1", "holders --folded", "containers -n 0", "refs -n 0", "refs -n 7", "strings -n 0", "generations", "generation 2",
    "path --class K2 -n 0", "path --site f1.rb:2")]


def klass_line(rnd, o, classes):
    o["type"] = rnd.choice(["CLASS"] * 5 + ["MODULE", "ICLASS"])
    if o["type"] != "ICLASS" and rnd.random() < .8:
        o["name"] = "K%d" % rnd.randrange(len(classes))
    if rnd.random() < .5:
        o["superclass"] = rnd.choice(classes)
    o["class"] = rnd.choice(classes)


def other_line(rnd, o, classes, addresses):
    o["type"] = rnd.choice(["OBJECT", "STRING", "ARRAY", "HASH", "DATA", "IMEMO", "STRUCT", "FUTURE"])
    if rnd.random() < .95: # some have a class that is none, or not there
        o["class"] = rnd.choice(classes) if rnd.random() < .9 else rnd.choice(addresses + [BASE - 800])
    o[{"IMEMO": "imemo_type", "DATA": "struct"}.get(o["type"], "encoding")] = rnd.choice(["env", "ment"])


def made(rnd, n):
    """(objects, roots): with cycles, an object that is its own class, references to itself, to roots, to nothing, the same many times, chains."""
    addresses = [BASE + 40 * s for s in rnd.sample(range(3 * n), n)]
    classes, objects = addresses[:max(1, n // 6)], []
    for i, a in enumerate(addresses):
        o = {"address": a}
        klass_line(rnd, o, classes) if i < len(classes) else other_line(rnd, o, classes, addresses)
        refs = [rnd.choice(addresses) for _ in range(rnd.choice([0, 0, 1, 1, 2, 3, 8]))] + [a] * (rnd.random() < .1)
        o["references"] = refs + refs[:1] * rnd.choice([0, 0, 0, 300]) + [BASE - 8] * (rnd.random() < .1)
        o["memsize"] = rnd.choice([0, 40, 40, 80, rnd.randrange(5000)])
        if rnd.random() < .5:
            o.update(file="f%d.rb" % rnd.randrange(3), line=rnd.randrange(1, 4), generation=rnd.randrange(4))
        objects.append(o)
    if rnd.random() < .5: # all that is no class in one list
        chain = rnd.sample(range(len(classes), n), n - len(classes))
        for x, y in zip(chain, chain[1:]):
            objects[x]["references"][:1] = [addresses[y]]
    names = ["vm", "vm", "machine_context", "global_tbl", "finalizers"]
    return objects, [(rnd.choice(names), [rnd.choice(addresses) for _ in range(rnd.choice([0, 1, 2, 4]))] + [4096]) for _ in range(4)]


def text(objects, roots, rnd=None):
    def value(k, v):
        if k == "references":
            return json.dumps([hex(a) for a in v])
        return '"0x%x"' % v if k in ("address", "class", "superclass") else json.dumps(v)
    lines = ['{"type":"ROOT", "root":"%s", "references":%s}' % (name, value("references", refs)) for name, refs in roots]
    lines += ["{" + ", ".join('"%s":%s' % (k, value(k, o[k])) for k in o) + "}" for o in objects]
    if rnd:
        rnd.shuffle(lines)
    return "\n".join(lines) + "\n"


def renumbered(objects, roots, rnd):
    new = defaultdict(lambda: BASE + 8 * len(new) * 5 + 8 * rnd.randrange(5))
    for a in rnd.sample(objects, len(objects)):
        new[a["address"]]
    one = lambda k, v: [new[a] for a in v] if k == "references" else new[v] if k in ("address", "class", "superclass") else v
    return [{k: one(k, v) for k, v in o.items()} for o in objects], [(name, [new[a] for a in refs]) for name, refs in roots]


def slow(objects, roots):
    """{address: (bytes, objects) that it alone keeps alive}, {site: bytes}, garbage bytes, dangling references."""
    at = {o["address"]: o for o in objects}
    edges = {a: {r for r in o["references"] + [o.get("class")] * (o["type"] != "IMEMO") if r in at} for a, o in at.items()}
    first = {a for _, refs in roots for a in refs if a in at}

    def reach(without):
        seen = set(first - {without})
        todo = list(seen)
        while todo:
            for a in edges[todo.pop()] - seen - {without}:
                seen.add(a)
                todo.append(a)
        return seen
    live = reach(None)
    lost = {a: live - reach(a) for a in live}
    size = lambda objects: sum(at[a]["memsize"] for a in objects)
    sites = defaultdict(set)
    for a in live:
        sites[at[a].get("file"), at[a].get("line")] |= lost[a]
    return ({a: (size(lost[a]), len(lost[a])) for a in live}, {s: size(all_) for s, all_ in sites.items()}, size(at) - size(live),
            sum(r not in at for o in objects for r in o["references"]))


def ask(hdactl, path, report):
    """(exit status, what does not hang on addresses and the clock)."""
    as_json = ["--json"] * ("--folded" not in report)
    p = subprocess.run([hdactl, "-f", path, *report, *as_json], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    if not as_json or not p.stdout:
        return p.returncode, p.stdout.decode(), []
    rows = [r for r in json.loads(p.stdout)["rows"] if r.get("name") != "lines"]
    return p.returncode, json.dumps([{k: v for k, v in r.items() if k != "address"} for r in rows]), rows


def main(hdactl, folder, seed):
    rnd = random.Random(int(seed))
    objects, roots = made(rnd, rnd.choice([3, 12, 40, 150, 400]))
    path, other = folder + "/a-1700000000.dump", folder + "/b-1700000000.dump"
    with open(path, "w", encoding="ascii") as a, open(other, "w", encoding="ascii") as b:
        a.write(text(objects, roots))
        b.write(text(*renumbered(objects, roots, rnd), rnd))
    retained, sites, garbage, dangling = slow(objects, roots)
    got = ask(hdactl, path, REPORTS[7])[2]
    if len(got) != min(len(retained), 100):
        print("objects listed:", len(got), "of", len(retained))
    for r in got:
        if (r["retained"], r["retained_objects"]) != retained.get(int(r["address"], 16)):
            print("retained:", r, retained.get(int(r["address"], 16)))
    if sorted((r["retained"] for r in got), reverse=True) != sorted((b for b, _ in retained.values()), reverse=True)[:100]:
        print("not the largest ones")
    for r in ask(hdactl, path, REPORTS[3])[2]:
        if (r["retained"] or 0) != sites.get((r["file"], r["line"]), 0):
            print("site:", r, sites.get((r["file"], r["line"])))
    totals = {r["name"]: r for r in ask(hdactl, path, ["show"])[2] if r["list"] == "totals"}
    if (totals["garbage"]["bytes"], totals["dangling references"]["count"]) != (garbage, dangling):
        print("totals:", totals, garbage, dangling)
    for report in REPORTS:
        a, b = ask(hdactl, path, report), ask(hdactl, other, report)
        if a[:2] != b[:2]:
            print("renumbered:", *report, a[:2], b[:2])


main(*sys.argv[1:])
