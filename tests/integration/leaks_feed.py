#!/usr/bin/env python3
"""Dumps of a process that leaks beside a cache that fills, as Ruby writes them: to a daemon or into files. Standard library only.

leaks_feed.py send RUNTIME_DIR PID REVISION FROM TO [LEAK]     dumps FROM .. TO-1, sent one after the other
leaks_feed.py files DIR PID TIME FROM TO [LEAK]                the same as heap-PID-TIME-JOBS.dump
LEAK: objects that are kept a dump (300; 0: nothing leaks).
"""
import math, os, sys, time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from peer import Peer

CLASS, STRING, CACHE, RECENT, HASH1, HASH2 = (0x7f0000000000 + 8 * i for i in range(6))


def line(**o): return ("{" + ", ".join('"%s":%s' % (k, v if isinstance(v, int) else '"%s"' % v if isinstance(v, str) else "[" + ", ".join('"0x%x"' % a for a in v) + "]") for k, v in o.items()) + "}\n").encode()


def dump(k, leak):
    """The k-th dump, from 0: generation 10 k + 5 is between the dumps k - 1 and k."""
    born = [(10 * i + 5, leak) for i in range(k + 1)]
    full = [round(400 * (1 - math.exp(-i / 2.5))) for i in range(k + 2)]
    cache = [(10 * i + 5, full[i + 1] - full[i]) for i in range(k + 1)]
    addr = 0x7f0000010000
    kept, rows = {HASH1: [], HASH2: []}, []
    for holder, births, site in ((HASH1, born, ("app/lib/price_cache.rb", 14)), (HASH2, cache, ("app/lib/recent.rb", 3))):
        for generation, n in births:
            for _ in range(n):
                addr += 40
                kept[holder].append(addr)
                rows.append(line(address="0x%x" % addr, type="STRING", **{"class": "0x%x" % STRING}, bytesize=10, value="x", file=site[0], line=site[1], generation=generation, memsize=40))
    head = [line(type="ROOT", root="vm", references=[CLASS, STRING, CACHE, RECENT])]
    for a, name, refs in ((CLASS, "Class", []), (STRING, "String", []), (CACHE, "PriceCache", [HASH1]), (RECENT, "Recent", [HASH2])):
        head.append(line(address="0x%x" % a, type="CLASS", **{"class": "0x%x" % CLASS}, name=name, references=refs, memsize=500))
    for a in (HASH1, HASH2):
        head.append(line(address="0x%x" % a, type="HASH", **{"class": "0x%x" % CLASS}, size=len(kept[a]), references=kept[a], memsize=192, file="app/boot.rb", line=1, generation=1))
    # Tracing itself allocates: the newest generation of a file is that of the dump.
    head.append(line(address="0x7f000000f000", type="DATA", **{"class": "0x%x" % CLASS}, struct="objspace/dump", file="app/dump.rb", line=1, generation=10 * k + 10, memsize=40))
    return b"".join(head + rows)


def main(how, where, pid, name, first, last, leak="300"):
    for k in range(int(first), int(last)):
        data, jobs = dump(k, int(leak)), 1000 * (k + 1)
        if how == "files":
            with open("%s/heap-%s-%d-%d.dump" % (where, pid, int(name) + 60 * k, jobs), "wb") as f: f.write(data)
            continue
        t, b = Peer(where).dump(data, jobs, k + 1, int(pid), rev=name, app="shop", role="worker", start=int(pid), traced=True, time=time.time() - 4000 + 60 * k + int(pid),
                                gc=dict(count=10 * k + 10, major_gc_count=k + 1, total_allocated_objects=100000 * (k + 1), heap_live_slots=20000 + int(leak) * k, old_objects=9000 + int(leak) * k, compact_count=0))
        if t != "ACK" or b.get("partial"):
            print(t, b)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
