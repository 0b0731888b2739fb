#!/usr/bin/env python3
"""New scenario families for the score of the verdict: families.py OUTDIR [--seed S] [--per N] [--only a,b]

The worlds, rows and truth are those of sim.py (the specification's simulator, found through $HDA_SHARED or beside this tree); here
are the compositions it does not have. Score: run.py -n 5,10,20,50 OUTDIR -- tests/verdict-json (make score-new does both).
"""
import math, os, sys

here = os.path.dirname(os.path.abspath(__file__))
shared = os.environ.get("HDA_SHARED") or os.path.join(here, "..", "..", "..", "shared")
sys.path.insert(0, os.path.join(shared, "verdict"))
sys.dont_write_bytecode = True
import numpy as np
import sim
from sim import CLASSES, N, T, World, background, cache, leak, lograte, make, site, write


def start(family, i, S, **kw):
    s, rng = make(family, i, S, **kw)
    for wi in range(len(s.worlds)):
        background(s, wi)
    return s, rng, s.worlds[0]


def entries(s, rng, M, holder, label, kind="Hash", size=200, cls="String", wi=0, root="class", type="STRING", where=None, kids=0):
    cache(s, M, type, cls, where or site(rng, True), [holder, kind], root, size, wi, label, kids)


# --- nothing leaks -------------------------------------------------------------------------------------------
def f_lru_50(i, S):
    """An LRU that fills over 50 dumps: hits of a finite universe, so births fall while it fills."""
    s, rng, w = start("lru_50", i, S)
    cap = int(rng.choice([1000, 3000, 8000])); zipf = rng.uniform(.4, .9); universe = int(cap * rng.choice([1.2, 1.5, 2, 3]))
    entries(s, rng, w.lru(cap, universe, zipf, cap / 50 * rng.uniform(1.5, 4)), "class RowStore", "slow"); return s

def f_lru_steady(i, S):
    """Unique keys up to a bound after 12 to 45 dumps: a leak to all eyes until it is full, then not."""
    s, rng, w = start("lru_steady", i, S)
    cap = int(rng.choice([500, 2000, 10000])); full = rng.uniform(12, 45)
    entries(s, rng, w.fifo(w.births(cap / full / w.every), cap), "class RowStore", "slow"); return s

def f_ring(i, S):
    """A ring buffer that fills within 3 to 30 dumps and is then replaced entry by entry, slowly."""
    s, rng, w = start("ring", i, S)
    cap = int(rng.choice([300, 1000, 5000])); full = rng.uniform(3, 30)
    entries(s, rng, w.fifo(w.births(cap / full / w.every), cap), "class Crumbs", "slow", kind="Array"); return s

def f_ttl_long(i, S):
    """Entries die a fixed time after birth, or all at once, after 2 to 14 dumps."""
    s, rng, w = start("ttl_long", i, S)
    b, P = w.births(lograte(rng, .05, 5)), rng.uniform(2, 14)
    if rng.random() < .5:
        age = P * w.dtm.mean() * T
        M = w.survive(b, lambda a, t: (t < age).astype(float))
    else:
        M = w.cleared(b, P, rng.random() * P)
    entries(s, rng, M, "class TtlStore", "fast"); return s

def f_prune(i, S):
    """A cache that is pruned to three quarters each time it is full."""
    s, rng, w = start("prune", i, S)
    every = rng.uniform(2, 9)
    b, at = w.births(lograte(rng, .1, 4)), np.arange(N * T)
    ph = rng.random() * every
    times = np.floor((at / T + ph) / every)
    M = w.survive(b, lambda a, t: np.ones_like(a)); cur = b.copy()
    for k in range(w.n):
        e = w.edge[k + 1]; was = times[max(w.edge[k] - 1, 0)] if k else times[0]
        for g in range(int(times[e - 1] - was)):
            born = times[:e] < times[e - 1] - (times[e - 1] - was - 1 - g)
            cur[:e] = np.where(born, rng.binomial(cur[:e], .75), cur[:e])
        M[:e, k] = cur[:e]
    entries(s, rng, M, "class Fragments", "slow"); return s

def f_batch_first(i, S):
    """A big batch is in flight at the first dump and stays for 0 to 4 more; another one comes later."""
    s, rng, w = start("batch_first", i, S)
    for k in (0, int(rng.integers(6, 40))):
        s.add(w.batch(k, int(lograte(rng, 5000, 200000)), int(rng.integers(1, 5))), "OBJECT", "Row", "app/lib/import.rb:%d" % (30 + k % 3), ["machine stack", "Array"], "stack", 120, 0, "fast")
    return s

def f_nightly(i, S):
    """A nightly batch: for some dumps births are kept, then all go; again every 8 to 20 dumps."""
    s, rng, w = start("nightly", i, S)
    period, width = int(rng.integers(8, 20)) * T, int(rng.integers(2, 5)) * T
    b = w.births(lograte(rng, .5, 20)); at = np.arange(N * T); ph = int(rng.integers(0, period))
    on = (at + ph) % period < width
    b = np.where(on, b, 0)
    M = w.seen(b)
    for k in range(w.n):
        e = w.edge[k + 1]
        gen = (at[:e] + ph) // period
        now = (e - 1 + ph)
        dead = (gen < now // period) | (now % period >= width)
        M[:e, k] = np.where(dead, 0, M[:e, k])
    entries(s, rng, M, "class Nightly", "fast", kind="Array", cls="Row", type="OBJECT"); return s

def f_pool_resize(i, S):
    """A pool grows by steps each time its limit is raised: few bursts, never released."""
    s, rng, w = start("pool_resize", i, S)
    b = np.zeros(N * T, dtype=np.int64)
    for k in rng.choice(np.arange(1, 30), int(rng.integers(2, 5)), replace=False):
        b[int(k) * T + int(rng.integers(0, T))] = int(rng.integers(5, 30)) * int(rng.integers(20, 400))
    entries(s, rng, w.seen(b), "class ConnectionPool", "slow", kind="Array", cls="Conn", type="OBJECT"); return s

def f_tenants(i, S):
    """A memo per tenant: a finite number of tenants, the big ones first, some join later."""
    s, rng, w = start("tenants", i, S)
    M = w.coupons(int(lograte(rng, 100, 3000)), rng.uniform(.6, 1.4), lograte(rng, .05, 2)) * int(rng.integers(1, 6))
    entries(s, rng, M, "class TenantConfig", "slow"); return s

def f_ramp(i, S):
    """Traffic ramps up while a cache fills."""
    s, rng = make("ramp", i, S)
    w = s.worlds[0]
    f = np.linspace(.3, 1.7, N * T) if rng.random() < .5 else np.linspace(1.7, .3, N * T)
    w.tx = np.concatenate([[0], np.cumsum(np.diff(w.tx) * f)]); w.dx = np.diff(w.tx); w.mix = np.rint(w.mix * f[:, None]).astype(np.int64)
    background(s)
    entries(s, rng, w.lru(2000, int(2000 * rng.uniform(1.2, 5)), rng.uniform(.6, 1), 2000 / rng.uniform(3, 25)), "class RowStore", "slow"); return s

def f_reload(i, S):
    """Code is loaded at a deploy in the same process: one burst of classes and their methods, and a cache begins again."""
    s, rng, w = start("reload", i, S)
    k = int(rng.integers(3, 20))
    b = np.zeros(N * T, dtype=np.int64); b[k * T + 2] = int(rng.integers(200, 3000))
    s.add(w.seen(b), "CLASS", "Class", "app/models/a.rb:%d" % rng.integers(2, 99), ["vm", "Module"], "vm", 700, 0, "slow")
    gone = w.coupons(800, .8, .3); gone2 = np.where((np.arange(N * T) < k * T)[:, None] & (w.edge[None, 1:] > k * T), 0, gone)
    entries(s, rng, gone2, "class Templates2", "slow"); return s

def f_backlog_array(i, S):
    """A queue in a plain Array grows for 5 to 15 dumps and drains."""
    s, rng, w = start("backlog_array", i, S)
    entries(s, rng, w.backlog(lograte(rng, .5, 4), int(rng.integers(0, 6 * T)), int(rng.integers(5 * T, 15 * T)), rng.uniform(.1, .4)), "class Outbox", "backlog", kind="Array", cls="Event", type="OBJECT"); return s

def f_sibling_caches(i, S):
    """Four workers, young and old, whose counter is reset in the middle; their caches fill."""
    s, rng = make("sibling_caches", i, S, worlds=4, per=[N, N, 20, 8])
    per = lograte(rng, .05, .3)
    for wi in range(4):
        background(s, wi); w = s.worlds[wi]
        cache(s, w.lru(1500, 2500, .7, 1500 * per), "STRING", "String", "app/lib/rows.rb:30", ["class RowStore", "Hash"], "class", 300, wi, "slow")
    s.ev["reset"] = 4
    return s

def f_compact_cache(i, S):
    s, rng, w = start("compact_cache", i, S, ruby=str(np.random.default_rng([S, i, 9]).choice(["2.7.8", "3.1.7", "3.3.5"])))
    w.compact_at = int(rng.choice([2, 4, 7, 12]))
    entries(s, rng, w.lru(1000, 2000, .7, 1000 / rng.uniform(2, 10)), "class RowStore", "slow"); return s

def season(w, rng):
    """Traffic by the time of day: one to four waves within the run, from a fifth to nearly twice the mean."""
    f = 1 + rng.uniform(.4, .8) * np.sin(np.arange(N * T) / (N * T) * 2 * np.pi * rng.uniform(1, 4) + rng.uniform(0, 2 * np.pi))
    w.tx = np.concatenate([[0], np.cumsum(np.diff(w.tx) * f)]); w.dx = np.diff(w.tx); w.mix = np.rint(w.mix * f[:, None]).astype(np.int64)

def f_season_cache(i, S):
    """Traffic comes and goes by the time of day while a cache fills; another one lives by the clock."""
    s, rng = make("season_cache", i, S); w = s.worlds[0]; season(w, rng); background(s)
    entries(s, rng, w.coupons(int(lograte(rng, 300, 6000)), rng.uniform(0, .9), lograte(rng, .05, 1)), "class RowStore", "slow")
    life = rng.uniform(.5, 4) * w.dtm.mean() * T
    entries(s, rng, w.survive(w.births(lograte(rng, .05, 2)), lambda a, t: np.exp(-t / life)), "class Presence", "fast", cls="User", type="OBJECT"); return s

def f_lfu(i, S):
    """Least frequently used goes first: newcomers die young, the old core stays for ever."""
    s, rng, w = start("lfu", i, S)
    cap = int(rng.choice([300, 1000, 3000])); universe = cap * int(rng.choice([2, 4, 10])); per_dump = cap * rng.uniform(.15, 1.5)
    p = np.arange(1, universe + 1.) ** -rng.uniform(.5, 1.1); q = np.cumsum(p / p.sum())
    uses, born, M = {}, {}, np.zeros((w.n * T, w.n), dtype=np.int64)
    for b in range(w.n * T):
        for key in np.searchsorted(q, rng.random(rng.poisson(per_dump / T))).tolist():
            if key not in born:
                if len(born) >= cap:
                    few = min(list(born)[-64:], key=uses.get); del born[few]
                born[key] = b
            uses[key] = uses.get(key, 0) + 1
        if (b + 1) % T == 0:
            M[:, b // T] = np.bincount(list(born.values()), minlength=w.n * T)
    entries(s, rng, M, "class FragmentStore", "slow"); return s

def f_ttl_jitter(i, S):
    """Entries live for a time of their own, 60 to 140 % of 1.5 to 15 dump intervals."""
    s, rng, w = start("ttl_jitter", i, S)
    age = rng.uniform(1.5, 15) * w.dtm.mean() * T
    entries(s, rng, w.survive(w.births(lograte(rng, .05, 5)), lambda a, t: np.clip((1.4 - t / age) / .8, 0, 1)), "class TokenStore", "fast"); return s

def f_resized(i, S):
    """A cache that has filled and turned over gets a higher bound from a new configuration, in the same process."""
    s, rng, w = start("resized", i, S)
    cap, k = int(rng.choice([300, 1000, 3000])), int(rng.integers(6, 25)); times = int(rng.choice([2, 4]))
    b = w.births(cap / rng.uniform(1, 5) / w.every); born = np.cumsum(b); M = np.zeros((w.n * T, w.n), dtype=np.int64)
    for d in range(w.n):
        e = w.edge[d + 1]; room = cap if d < k else min(cap * times, cap + born[e - 1] - born[w.edge[k] - 1])
        M[:e, d] = np.clip(room - (born[e - 1] - born[:e]), 0, b[:e])
    entries(s, rng, M, "class RowStore", "slow"); return s

def f_tenant_memo(i, S):
    """A memo per tenant, few objects or thousands each; every tenant comes once, the busy ones soon, the last ones hardly ever."""
    s, rng, w = start("tenant_memo", i, S)
    n = int(lograte(rng, 40, 600)); rate = rng.lognormal(0, rng.uniform(1.5, 3), n); size = np.maximum(rng.lognormal(2, 1.2, n), 1).astype(int)
    at = np.searchsorted(w.tx, rng.exponential(1 / rate) * w.every * rng.uniform(1, 6), "right") - 1
    entries(s, rng, w.seen(np.bincount(at[at < w.n * T], weights=size[at < w.n * T], minlength=w.n * T).astype(np.int64)), "class TenantRules", "slow", cls="Rule", type="OBJECT"); return s

def f_pool_peak(i, S):
    """A pool as large as the most that was ever in use at once: it grows at each new peak of the load."""
    s, rng, w = start("pool_peak", i, S)
    load = rng.poisson(rng.uniform(5, 40) * np.exp(rng.normal(0, rng.uniform(.1, .5), w.n * T))); peak = np.maximum.accumulate(load)
    entries(s, rng, w.seen(np.diff(np.concatenate([[0], peak])) * int(rng.integers(20, 300))), "class ConnectionPool", "slow", kind="Array", cls="Conn", type="OBJECT"); return s

def f_vocabulary(i, S):
    """Interned strings: new words come as a power of the words read (Heaps), and never go."""
    s, rng, w = start("vocabulary", i, S)
    b, k = rng.uniform(.4, .65), lograte(rng, 5, 60)
    x = w.tx + rng.uniform(0, 3) * w.every
    s.add(w.seen(rng.poisson(k * np.diff(x ** b))), "STRING", "String", site(rng), ["root fstring"], "vm", 60, 0, "slow"); return s

def f_memo_uniform(i, S):
    """A memo of a finite number of keys, each as likely as the next: 30 to 99.9 % filled at the end of the run."""
    s, rng, w = start("memo_uniform", i, S)
    entries(s, rng, w.coupons((n := int(lograte(rng, 300, 10000))), 0., n * rng.uniform(.4, 7) / N / w.every), "class Memo", "slow"); return s

def f_restart_cache(i, S):
    """Two lives of one revision, the second begins in the middle; their caches fill at the same pace."""
    cut = int(np.random.default_rng([S, i, 5]).choice([4, 8, 15]))
    s, rng = make("restart_cache", i, S, worlds=2, per=[cut, N - cut]); s.successive = True
    s.worlds[1].t0 = s.worlds[0].t0 + s.worlds[0].tt[-1] + 40
    n, z, r = int(lograte(rng, 300, 5000)), rng.uniform(.3, 1), rng.uniform(.05, .4)
    for wi in (0, 1):
        background(s, wi); w = s.worlds[wi]
        cache(s, w.coupons(n, z, n * r / w.every), "STRING", "String", "app/lib/rows.rb:30", ["class RowStore", "Hash"], "class", 300, wi, "slow")
    return s

def f_gaps_cache(i, S):
    """Dumps are missing in runs, and one is torn, while a cache fills and another is pruned."""
    s, rng, w = start("gaps_cache", i, S)
    a = int(rng.integers(3, 9)); s.ev["drop"] = sorted({*range(a, a + int(rng.integers(2, 5))), *(int(v) for v in rng.choice(np.arange(14, N - 1), 12, replace=False))})
    s.ev["partial"] = [int(rng.integers(1, 3))]
    entries(s, rng, w.coupons(int(lograte(rng, 300, 6000)), rng.uniform(.2, 1), lograte(rng, .05, 1)), "class RowStore", "slow")
    entries(s, rng, w.cleared(w.births(lograte(rng, .05, 3)), rng.uniform(2, 6), rng.random()), "class TtlStore", "fast", cls="Row", type="OBJECT"); return s


def f_ttl_beyond(i, S):
    """Sessions that live 15 to 40 dumps: none is released before, and nobody could tell; then as many go as come."""
    s, rng, w = start("ttl_beyond", i, S)
    age = rng.uniform(15, 40) * w.dtm.mean() * T
    entries(s, rng, w.survive(w.births(lograte(rng, .05, 3)), lambda a, t: (t < age).astype(float)), "class SessionStore", "fast", cls="Session", type="OBJECT"); return s

def f_tenants_slow(i, S):
    """Tenants sign up one by one until all are there; the rules of each are loaded as they are used, and stay."""
    s, rng, w = start("tenants_slow", i, S)
    n, at = int(rng.integers(8, 80)), np.zeros(N * T, dtype=np.int64)
    for t in rng.exponential(rng.uniform(2, 12) * T, n):
        use = (t + rng.exponential(rng.uniform(.3, 3) * T, int(rng.integers(20, 400)))).astype(int)
        at += np.bincount(use[use < N * T], minlength=N * T)
    entries(s, rng, w.seen(at), "class TenantRules", "slow", cls="Rule", type="OBJECT"); return s

def f_logarithm(i, S):
    """Label values of a metric: the next new one takes as many jobs again as all before it."""
    s, rng, w = start("logarithm", i, S)
    entries(s, rng, w.seen(rng.poisson(lograte(rng, 60, 3000) * np.diff(np.log(w.tx + rng.uniform(.1, 2) * w.every)))), "class Metrics", "slow"); return s

def f_fragments_and_cache(i, S):
    """Malloc's fragmentation beside a cache that fills."""
    s, rng, w = start("fragments_and_cache", i, S)
    s.rss[0] += lograte(rng, 3e7, 4e8) * (1 - np.exp(-w.tx[w.edge[1:]] / (w.every * rng.uniform(.7, 5))))
    entries(s, rng, w.lru(2000, 5000, .7, 2000 / rng.uniform(2, 12)), "class RowStore", "slow", size=900); return s

def f_outbox(i, S):
    """What could not be delivered is kept for 4 to 20 dumps, then goes within two; later it happens again."""
    s, rng, w = start("outbox", i, S)
    b = w.births(lograte(rng, .05, 2)); M = w.seen(b); at, a = np.arange(N * T), 0
    while a < N * T:
        broken = a + int(rng.integers(2, 8)) * T; back = broken + int(rng.integers(4, 20)) * T; done = back + 2 * T
        for k in range(w.n):
            e = w.edge[k + 1]; mine = (at[:e] >= a) & (at[:e] < done)
            left = 1. if e <= back else max(1 - (e - back) / (2. * T), 0)
            M[:e, k] = np.where(mine & ((at[:e] < broken) & (at[:e] < e - 1) | (left == 0)), 0, np.where(mine, np.rint(M[:e, k] * left), M[:e, k]))
        a = done
    entries(s, rng, M, "class Outbox", "backlog", kind="Array", cls="Event", type="OBJECT"); return s

def week(w, rng):
    """Five dumps of work, two of little."""
    f = np.where((np.arange(N * T) // T + rng.integers(0, 7)) % 7 < 5, 1., rng.uniform(.05, .3))
    w.tx = np.concatenate([[0], np.cumsum(np.diff(w.tx) * f)]); w.dx = np.diff(w.tx); w.mix = np.rint(w.mix * f[:, None]).astype(np.int64)

def f_week_cache(i, S):
    """A week of seven dumps, two of them quiet: sessions that live for some days, and a cache that fills."""
    s, rng = make("week_cache", i, S); w = s.worlds[0]; week(w, rng); background(s)
    life = rng.uniform(1, 5) * w.dtm.mean() * T
    entries(s, rng, w.survive(w.births(lograte(rng, .05, 2)), lambda a, t: np.exp(-t / life)), "class SessionStore", "fast", cls="Session", type="OBJECT")
    entries(s, rng, w.coupons(int(lograte(rng, 300, 6000)), rng.uniform(0, .9), lograte(rng, .05, 1)), "class RowStore", "slow"); return s

def f_error_ring(i, S):
    """The last so many errors are kept; they come in bursts."""
    s, rng, w = start("error_ring", i, S)
    b = w.bursts(lograte(rng, .05, 2), rng.uniform(.7, 6)); full = rng.uniform(1.5, 20)
    entries(s, rng, w.fifo(b, max(int(b.mean() * T * full), 20)), "class Errors", "slow", kind="Array", cls="Failure", type="OBJECT"); return s

def f_idle_timeout(i, S):
    """What nobody asked for in a while is dropped: the popular stay for ever, the others come and go."""
    s, rng, w = start("idle_timeout", i, S)
    n = int(lograte(rng, 200, 3000)); p = np.arange(1, n + 1.) ** -rng.uniform(.6, 1.2); p *= n * rng.uniform(.3, 2) / T / p.sum()
    idle, last, born, M = rng.uniform(.7, 6) * T, np.full(n, -1e9), np.zeros(n, dtype=int), np.zeros((w.n * T, w.n), dtype=np.int64)
    for b in range(w.n * T):
        hit = rng.random(n) < 1 - np.exp(-p)
        born = np.where(hit & (last < b - idle), b, born); last = np.where(hit, b, last)
        if (b + 1) % T == 0:
            M[:, b // T] = np.bincount(born[last >= b - idle], minlength=w.n * T)
    entries(s, rng, M, "class FragmentStore", "fast"); return s

def idle_start(w, rng):
    """Hardly a job in the first dumps."""
    f = np.where(np.arange(N * T) < int(rng.integers(2, 6)) * T, rng.uniform(.02, .15), 1.)
    w.tx = np.concatenate([[0], np.cumsum(np.diff(w.tx) * f)]); w.dx = np.diff(w.tx); w.mix = np.rint(w.mix * f[:, None]).astype(np.int64)

def f_idle_start_cache(i, S):
    """A worker that hardly has a job in its first dumps, then all of them; its cache fills."""
    s, rng = make("idle_start_cache", i, S); w = s.worlds[0]; idle_start(w, rng); background(s)
    n = int(lograte(rng, 300, 6000))
    entries(s, rng, w.coupons(n, rng.uniform(.2, 1), n * rng.uniform(.05, .6) / w.every), "class RowStore", "slow"); return s

def f_two_caches(i, S):
    """Two caches of one line and holder, one of which is full long before the other."""
    s, rng, w = start("two_caches", i, S)
    n = int(lograte(rng, 200, 2000)); m = n * int(rng.integers(2, 8))
    entries(s, rng, w.coupons(n, rng.uniform(0, .6), n / w.every / rng.uniform(.3, 2)) + w.coupons(m, rng.uniform(0, .8), m / w.every / rng.uniform(3, 15)), "class Lookup", "slow"); return s

def f_page_cache(i, S):
    """A cache by bytes: it holds few large or many small entries, and drops the oldest half when there is no room."""
    s, rng, w = start("page_cache", i, S)
    b = w.births(lograte(rng, .05, 2)); cum = np.cumsum(b); full = int(max(b.mean() * T * rng.uniform(2, 15), 40)); low = 0
    M = np.zeros((w.n * T, w.n), dtype=np.int64)
    for k in range(w.n):
        e = w.edge[k + 1]
        while cum[e - 1] - low > full:
            low += full * rng.uniform(.4, .6)
        M[:e, k] = np.clip(cum[:e] - low, 0, b[:e])
    entries(s, rng, M, "class Pages", "slow", cls="Page", type="OBJECT", size=4000); return s

def pace(w, f):
    """Traffic times f, by tick."""
    w.tx = np.concatenate([[0], np.cumsum(np.diff(w.tx) * f)]); w.dx = np.diff(w.tx); w.mix = np.rint(w.mix * f[:, None]).astype(np.int64)

def f_pool_steps(i, S):
    """Load rises in a few steps, a day's campaign each; the pool opens what connections the step needs within a dump interval, and keeps them."""
    s, rng, w = start("pool_steps", i, S)
    at, b = int(rng.integers(1, 6)) * T, np.zeros(N * T, dtype=np.int64)
    while at < rng.uniform(.3, .8) * N * T:
        for t in at + rng.integers(0, T, int(rng.integers(2, 12))):
            b[t] += int(rng.integers(30, 300))
        at += int(rng.integers(2, 8)) * T
    entries(s, rng, w.seen(b), "class ConnectionPool", "slow", kind="Array", cls="Conn", type="OBJECT"); return s

def f_args_zipf(i, S):
    """A memo by argument: of half a million possible ones a few are common; new ones come ever more seldom."""
    s, rng, w = start("args_zipf", i, S)
    entries(s, rng, w.coupons(int(lograte(rng, 5e4, 5e5)), rng.uniform(1., 1.5), lograte(rng, .1, 3)), "class Memo", "slow"); return s

def f_purge_60(i, S):
    """A table out of which a sweep takes six of ten entries, whichever they are, every few dumps."""
    s, rng, w = start("purge_60", i, S)
    sweep = np.floor(np.arange(N * T) / T / rng.uniform(1.5, 8) + rng.random()); born = w.births(lograte(rng, .05, 4)); cur = born.copy()
    M = np.zeros((N * T, N), dtype=np.int64)
    for t in range(1, N * T):
        if sweep[t] > sweep[t - 1]:
            cur[:t] = rng.binomial(cur[:t], .4)
        if (t + 1) % T == 0:
            M[:t + 1, t // T] = cur[:t + 1]
    entries(s, rng, M, "class Table", "fast"); return s

def f_thread_locals(i, S):
    """A pool of threads that are replaced one by one, each with what it keeps for itself, which grows to its bound within a dump or so."""
    s, rng, w = start("thread_locals", i, S)
    n, life, own = int(rng.integers(5, 40)), rng.uniform(2, 15) * T, int(lograte(rng, 20, 400))
    M = np.zeros((w.n * T, w.n), dtype=np.int64)
    for _ in range(n):
        a = -rng.exponential(life)
        while a < N * T:
            end = a + rng.exponential(life); at = np.maximum(a + rng.exponential(rng.uniform(.3, 1.5) * T, own), 0).astype(int)
            b = np.bincount(at[at < min(end, N * T)], minlength=N * T)
            for k in range(w.n):
                if a < w.edge[k + 1] <= end:
                    M[:w.edge[k + 1], k] += b[:w.edge[k + 1]]
            a = end
    entries(s, rng, M, "Thread", "fast", cls="Buffer", type="OBJECT", root="vm"); return s

def deploys(name, i, S):
    """Ten lives of five dumps and some, each of its own revision, each of which loads its code and fills its caches."""
    per = [5] * 10
    s, rng = make(name, i, S, worlds=len(per), per=per); s.successive = True
    for wi, w in enumerate(s.worlds):
        if wi:
            w.t0 = s.worlds[wi - 1].t0 + s.worlds[wi - 1].tt[-1] + 40
        w.rev = "r%d" % (wi + 1); background(s, wi)
    return s, rng

def f_deploys(i, S):
    """A deploy every five dumps: each life loads its code and fills its caches, and ends before anything is full."""
    s, rng = deploys("deploys", i, S); n, r = int(lograte(rng, 500, 5000)), rng.uniform(.05, .3)
    for wi, w in enumerate(s.worlds):
        cache(s, w.coupons(n, .7, n * r / w.every), "STRING", "String", "app/lib/rows.rb:30", ["class RowStore", "Hash"], "class", 300, wi, "slow")
    return s

def compacted(s, w, rng):
    """GC.compact every third dump. Before Ruby 3.4 the objects that it moves answer with what is known of another address."""
    at = list(range(int(rng.integers(2, 5)), N, 3)); w.compact_at, out = at[0], s.out
    def several():
        one = sim.scramble
        def each(rng, rows, w, q=.65):
            for k in at:
                w.compact_at = k; one(rng, rows, w, q)
            w.compact_at = at[0]
        sim.scramble = each
        try:
            d = out()
        finally:
            sim.scramble = one
        for k, x in enumerate(d["procs"][0]["dumps"]):
            x["compact"] = sum(a <= k for a in at)
        return d
    s.out = several

def f_compact_often_cache(i, S):
    """The heap is compacted every third dump while a cache fills."""
    s, rng, w = start("compact_often_cache", i, S); compacted(s, w, rng)
    entries(s, rng, w.lru(1000, 2000, .7, 1000 / rng.uniform(2, 15)), "class RowStore", "slow"); return s

def f_cache_steps(i, S):
    """An import now and then brings new keys, fewer each time, into a cache that keeps them; none come after some of them."""
    s, rng, w = start("cache_steps", i, S)
    at, n, b = int(rng.integers(0, 3 * T)), lograte(rng, 100, 4000), np.zeros(N * T, dtype=np.int64)
    for _ in range(int(rng.integers(3, 10))):
        if at < N * T:
            b[at] += int(n); n *= rng.uniform(.4, .95)
        at += int(rng.uniform(1, 6) * T)
    entries(s, rng, w.seen(b), "class Catalogue", "slow", cls="Product", type="OBJECT"); return s

def f_floating(i, S):
    """No graph, no collection before the dump: a third of what is listed is garbage, and some of it old."""
    s, rng, w = start("floating", i, S, mode="t", majors=float(np.random.default_rng([S, i, 3]).choice([.3, .5, 1])))
    for j in range(4):
        m = lograte(rng, 500, 50000); s.add(w.churn(m, m, lograte(rng, .05, 2)), "STRING", "String", site(rng), None, None, 60, 0, "fast")
    entries(s, rng, w.lru(1000, 3000, .7, 1000 / rng.uniform(2, 12)), "class RowStore", "slow"); return s

def f_sawtooth_pool(i, S):
    """A pool that opens what the load needs and closes, oldest first, what was idle for long: saw teeth of very different heights."""
    s, rng, w = start("sawtooth_pool", i, S)
    size, b, M, alive = int(rng.integers(20, 300)), np.zeros(N * T, dtype=np.int64), np.zeros((N * T, N), dtype=np.int64), []
    up, want = True, 0.
    for t in range(N * T):
        want = want + rng.exponential(rng.uniform(.1, 2)) if up else want * rng.uniform(.3, .8)
        up = up and rng.random() > .04 or not up and want < 2
        alive = (alive + [t] * max(int(want) - len(alive), 0))[max(len(alive) - int(want), 0):]
        if (t + 1) % T == 0:
            M[:, t // T] = np.bincount(alive, minlength=N * T) * size
    entries(s, rng, M, "class ThreadPool", "fast", kind="Array", cls="Worker", type="OBJECT"); return s

def daily(s, w, rng):
    """The mix of jobs changes once a day: two regimes, each of some dumps."""
    day, part = int(rng.integers(5, 14)) * T, rng.uniform(.3, .7); night = (np.arange(N * T) + rng.integers(0, day)) % day < part * day
    c = int(rng.integers(len(CLASSES))); w.mix[:, c] = rng.poisson(w.dx * np.where(night, rng.uniform(.4, .8), rng.uniform(.0, .06))); rest = w.mix.sum(1) - w.mix[:, c]
    for o in range(len(CLASSES)):
        if o != c:
            w.mix[:, o] = np.rint(w.mix[:, o] / np.maximum(rest, 1) * np.maximum(w.dx - w.mix[:, c], 0))
    return c

def f_daily_mix_cache(i, S):
    """The mix of jobs changes once a day; the jobs of the night fill a cache."""
    s, rng = make("daily_mix_cache", i, S); w = s.worlds[0]; c = daily(s, w, rng); background(s)
    n = int(lograte(rng, 300, 6000)); lam = np.cumsum(w.mix[:, c]) / w.every; p = n * (1 - np.exp(-lam * rng.uniform(.05, .5)))
    entries(s, rng, w.seen(rng.poisson(np.diff(np.concatenate([[0], p])))), "class RowStore", "slow"); return s

def f_sessions_growth(i, S):
    """Traffic grows to three or four times what it was, and with it the sessions, which live by the clock."""
    s, rng = make("sessions_growth", i, S); w = s.worlds[0]; pace(w, np.linspace(.5, rng.uniform(1.5, 2), N * T)); background(s)
    life = rng.uniform(.5, 8) * w.dtm.mean() * T
    entries(s, rng, w.survive(w.births(lograte(rng, .05, 3)), lambda a, t: np.exp(-t / life)), "class SessionStore", "fast", cls="Session", type="OBJECT"); return s

def f_late_autoload(i, S):
    """Each feature loads its code when it is first used: some at once, some days later, a burst each, of one loader's line."""
    s, rng, w = start("late_autoload", i, S)
    at = np.minimum(rng.exponential(rng.uniform(3, 12) * T, int(rng.integers(6, 40))), N * T * 2).astype(int); size = np.maximum(rng.lognormal(4.5, 1.2, len(at)), 3).astype(int)
    s.add(w.seen(np.bincount(at[at < N * T], weights=size[at < N * T], minlength=N * T).astype(np.int64)), "IMEMO", "iseq", "zeitwerk/loader.rb:88", ["vm", "Module"], "vm", 300, 0, "slow"); return s


# --- leaks -----------------------------------------------------------------------------------------------------
def f_cache_and_leak(i, S):
    """One line fills a cache and leaks; the cache turns over fast, slowly, or by time."""
    s, rng, w = start("cache_and_leak", i, S)
    r, cap = lograte(rng, .05, 2), int(rng.choice([200, 1000, 3000])); kind = rng.integers(3)
    b = w.births(cap / w.every * rng.uniform(.1, 1))
    extra = w.fifo(b, cap) if kind == 0 else w.survive(b, lambda a, t: np.exp(-a / (w.every * 1.5))) if kind == 1 else w.cleared(b, rng.uniform(1.5, 5))
    leak(s, w.births(r), rate=r, extra=extra, kids=0); return s

def f_needle(i, S):
    """One object per 100 jobs inside half a million of churn of the same class."""
    s, rng, w = start("needle", i, S)
    r = lograte(rng, .008, .02)
    s.add(w.churn(5e5 if s.traced else 2e4), "OBJECT", "Item", site(rng), ["machine stack", "Worker"], "stack", 60, 0, "fast")
    leak(s, w.births(r), rate=r); return s

def two_revisions(name, i, S, cuts):
    """Two lives, one after the other, the second of another revision, with what always moves in both. Returns where the first ends, too."""
    cut = int(np.random.default_rng([S, i, 5]).choice(cuts))
    s, rng = make(name, i, S, worlds=2, per=[cut, N - cut]); s.successive = True
    s.worlds[1].t0 = s.worlds[0].t0 + s.worlds[0].tt[-1] + 40; s.worlds[1].rev = "r2"
    for wi in (0, 1):
        background(s, wi)
    return s, lograte(rng, .05, 5), cut

def f_deploy(i, S):
    """A leak that comes with the second revision; the first life was clean."""
    s, r, cut = two_revisions("deploy", i, S, [3, 6, 12])
    leak(s, s.worlds[1].births(r), 1, rate=r, from_seq=cut); return s

def f_stopped(i, S):
    """A leak that a deploy ends."""
    s, r, cut = two_revisions("stopped", i, S, [6, 10, 15])
    leak(s, s.worlds[0].births(r), 0, rate=r)
    s.leaks[-1]["to_seq"] = cut; return s

def f_native_and_cache(i, S):
    s, rng, w = start("native_and_cache", i, S)
    r = lograte(rng, 4e3, 4e4) * 1000 / w.every; s.rss[0] += r * w.tx[w.edge[1:]]
    entries(s, rng, w.lru(2000, 6000, .8, 2000 / rng.uniform(3, 20)), "class RowStore", "slow", size=900)
    s.native = dict(bytes_per_1000=r * 1000); return s

def f_per_hour(i, S):
    """A timer leaks: per hour, while the pace of jobs changes much."""
    s, rng, w = start("per_hour", i, S, rate_wave=.6)
    secs = w.tt[-1] / w.tx[-1]; r = lograte(rng, .1, 5)
    leak(s, w.births(0, per_sec=r / secs), rate=r, norate=True); return s

def f_job_class(i, S):
    s, rng, w = start("job_class", i, S, mixdrift=.6)
    c = int(rng.integers(len(CLASSES))); r = lograte(rng, .2, 6); share = w.mix[:, c].sum() / w.mix.sum()
    leak(s, w.births(r, cls=c), rate=r * share, job=CLASSES[c], share=share); return s

def f_two_in_one_holder(i, S):
    """Two leaks of one class: two tables that are fed by different job classes."""
    s, rng, w = start("two_in_one_holder", i, S, mixdrift=.6)
    for c in (0, 1):
        r = lograte(rng, .2, 4); share = w.mix[:, c].sum() / w.mix.sum()
        leak(s, w.births(r, cls=c), rate=r * share, name="class Registry" if s.traced else "class Registry%d" % c, root="class", kids=0, job=CLASSES[c], share=share)
    return s

def f_two_leaks(i, S):
    """Two leaks of two holders, both one object a job and so."""
    s, rng, w = start("two_leaks", i, S)
    for nm in ("class Alpha", "class Beta"):
        r = lograte(rng, .3, 2); leak(s, w.births(r), name=nm, rate=r)
    return s

def f_falling(i, S):
    """A leak whose rate falls to a third over the run."""
    s, rng, w = start("falling", i, S)
    r = lograte(rng, .2, 5); x = w.tx[1:] / w.tx[-1]
    leak(s, rng.poisson(r * w.dx * (1.5 - x)), rate=r * .5, norate=True); return s

def f_ramp_leak(i, S):
    """A leak while traffic triples."""
    s, rng = make("ramp_leak", i, S)
    w = s.worlds[0]; f = np.linspace(.5, 1.5, N * T)
    w.tx = np.concatenate([[0], np.cumsum(np.diff(w.tx) * f)]); w.dx = np.diff(w.tx); w.mix = np.rint(w.mix * f[:, None]).astype(np.int64)
    background(s)
    r = lograte(rng, .1, 5); leak(s, w.births(r), rate=r); return s

def f_leak_beside_lru(i, S):
    """A slow leak beside a cache that fills and is larger."""
    s, rng, w = start("leak_beside_lru", i, S)
    entries(s, rng, w.lru(8000, 16000, .7, 8000 / rng.uniform(4, 25)), "class RowStore", "slow", size=900)
    r = lograte(rng, .03, .5); leak(s, w.births(r), rate=r); return s

def f_late(i, S):
    """A leak that begins in the middle of the run."""
    s, rng, w = start("late", i, S)
    k = int(rng.integers(3, 25)); r = lograte(rng, .1, 5)
    leak(s, w.births(r, start=k * T), rate=r, from_seq=k); return s

def f_bursts(i, S):
    s, rng, w = start("bursts", i, S)
    r, ev = lograte(rng, .1, 3), rng.uniform(1, 6); leak(s, w.bursts(r, ev), rate=r, events=ev); return s

def f_siblings_reset(i, S):
    """Three workers with the leak, counters reset with no restart."""
    s, rng = make("siblings_reset", i, S, worlds=3, per=[N, N, N]); r = lograte(rng, .05, 2)
    seed = s.bgseed + 1
    for wi in range(3):
        background(s, wi); w = s.worlds[wi]
        leak(s, w.births(r), wi, rate=r, group=np.random.default_rng(seed))
    s.join(); s.ev["reset"] = int(rng.integers(2, 12)); return s

def f_one_of_siblings(i, S):
    """Only one of three workers leaks: the queue it serves is another one."""
    s, rng = make("one_of_siblings", i, S, worlds=3, per=[N, N, N]); r = lograte(rng, .05, 3)
    for wi in range(3):
        background(s, wi)
    leak(s, s.worlds[1].births(r), 1, rate=r); return s

def f_compact_leak(i, S):
    s, rng, w = start("compact_leak", i, S, ruby=str(np.random.default_rng([S, i, 8]).choice(["2.7.8", "3.1.7", "3.3.5"])))
    w.compact_at = int(rng.choice([2, 4, 7, 12])); r = lograte(rng, .2, 5); leak(s, w.births(r), rate=r); return s

def f_irregular_gaps(i, S):
    s, rng = make("irregular_gaps", i, S, irregular=1.1); background(s); w = s.worlds[0]
    s.ev["drop"] = sorted(int(v) for v in rng.choice(np.arange(1, N - 1), 10, replace=False)); s.ev["clock"] = (int(rng.integers(2, 12)), 7200.)
    r = lograte(rng, .1, 5); leak(s, w.births(r), rate=r); return s

def f_bare(i, S):
    """A Hash of immediates: only its length grows."""
    s, rng, w = start("bare", i, S, mode=["tg", "u"][i % 2]); r = lograte(rng, .2, 8); leak(s, w.births(r), rate=r, bare=True); return s

def f_season_leak(i, S):
    """A leak by the job, or by the clock, while traffic comes and goes by the time of day."""
    s, rng = make("season_leak", i, S); w = s.worlds[0]; season(w, rng); background(s)
    r, hour = lograte(rng, .1, 5), rng.random() < .3
    leak(s, w.births(0, per_sec=r * w.tx[-1] / w.tt[-1]) if hour else w.births(r), rate=r, norate=bool(hour)); return s

def f_rare_class(i, S):
    """Only a job class that is a small part of all leaks, many objects each time, and it comes in waves."""
    s, rng = make("rare_class", i, S, mixdrift=.5); w = s.worlds[0]
    w.mix[:, 3] = rng.poisson(w.mix[:, 3] * rng.uniform(.03, .2)); background(s)
    r = lograte(rng, 2, 40); share = w.mix[:, 3].sum() / w.dx.sum()
    leak(s, w.births(r, cls=3), rate=r * share, job=CLASSES[3], share=share); return s

def f_stops(i, S):
    """A leak whose cause is switched off in the same process: what leaked stays."""
    s, rng, w = start("stops", i, S)
    k = int(rng.integers(8, 25)); r = lograte(rng, .1, 5)
    leak(s, w.births(r, stop=k * T), rate=r); s.leaks[-1]["to_seq"] = k; return s

def f_two_rates(i, S):
    """Two leaks of one holder, of two classes and lines, one five to thirty times as fast."""
    s, rng, w = start("two_rates", i, S)
    r = lograte(rng, .05, .5); other = r * rng.uniform(5, 30)
    for rate, (ty, cls), line in ((r, ("OBJECT", "Audit"), 20), (other, ("STRING", "String"), 71)):
        id = s.add(w.seen(w.births(rate)), ty, cls, "app/lib/journal.rb:%d" % line, ["class Journal" if s.traced else "class Journal%d" % line, "Array"], "class", 120, 0, "leak")
        s.leaks.append(dict(rows=[id], head=id, obj_per_1000=rate * 1000, bytes_per_1000=rate * 120000, row_bytes={id: rate * 120000}, from_seq=0, job=None, due=max(4, math.ceil(30 / (rate * w.every)) + 1)))
    return s

def f_symbols(i, S):
    """to_sym on what users send: a leak in the interpreter's own table, beside the symbols of loaded code."""
    s, rng, w = start("symbols", i, S)
    r = lograte(rng, .05, 5); where = site(rng, True)
    s.add(w.warm(int(lograte(rng, 300, 6000)), rng.uniform(.3, 3)), "SYMBOL", "Symbol", "zeitwerk/loader.rb:61", ["root symbols"], "vm", 40, 0, "slow") if s.traced else None
    id = s.add(w.seen(w.births(r)), "SYMBOL", "Symbol", where, ["root symbols"], "vm", 40, 0, "leak")
    s.leaks.append(dict(rows=[id], head=id, obj_per_1000=r * 1000, bytes_per_1000=r * 40000, row_bytes={id: r * 40000}, from_seq=0, job=None, due=max(4, math.ceil(30 / (r * w.every)) + 1))); return s

def f_restart_same(i, S):
    """A restart in the middle, of one revision, with the leak in both lives."""
    cut = int(np.random.default_rng([S, i, 5]).choice([4, 8, 15]))
    s, rng = make("restart_same", i, S, worlds=2, per=[cut, N - cut]); s.successive = True
    s.worlds[1].t0 = s.worlds[0].t0 + s.worlds[0].tt[-1] + 40
    r = lograte(rng, .05, 5)
    for wi in (0, 1):
        background(s, wi); leak(s, s.worlds[wi].births(r), wi, rate=r, group=np.random.default_rng(s.bgseed + 1))
    s.join(); return s

def f_late_class(i, S):
    """A feature is switched on in the middle: the only job class that leaks has not run before."""
    s, rng = make("late_class", i, S, mixdrift=.3); w = s.worlds[0]; k = int(rng.integers(2, 15))
    w.mix[:k * T, 2] = 0; background(s)
    r = lograte(rng, .3, 6); share = w.mix[k * T:, 2].sum() / w.dx[k * T:].sum()
    leak(s, w.births(r, cls=2), rate=r * share, job=CLASSES[2], share=share, from_seq=k); return s

def f_worse(i, S):
    """A deploy makes a leak three to ten times as fast."""
    s, r, cut = two_revisions("worse", i, S, [4, 8, 12])
    for wi, q in ((0, 1), (1, np.random.default_rng([S, i, 9]).uniform(3, 10))):
        leak(s, s.worlds[wi].births(r * q), wi, rate=r * q, norate=True, group=np.random.default_rng(s.bgseed + 1))
    s.leaks[0]["norate"] = True
    s.join(); return s

def f_same_class(i, S):
    """A leak beside a cache of the same class and kind of holder, as large as it and larger."""
    s, rng, w = start("same_class", i, S)
    r = lograte(rng, .05, 1)
    entries(s, rng, w.lru(cap := int(lograte(rng, 500, 5000)), cap * 3, .7, cap / rng.uniform(1, 12)), "class RowStore", "slow", cls="Item", type="OBJECT", size=120)
    id = s.add(w.seen(w.births(r)), "OBJECT", "Item", site(rng, True), ["class Journal", "Hash"], "class", 120, 0, "leak")
    s.leaks.append(dict(rows=[id], head=id, obj_per_1000=r * 1000, bytes_per_1000=r * 120000, row_bytes={id: r * 120000}, from_seq=0, job=None, due=max(4, math.ceil(30 / (r * w.every)) + 1))); return s

def f_buffer(i, S):
    """One String that is appended to and never cut: the log of all that was done."""
    s, rng, w = start("buffer", i, S, mode=["tg", "u"][i % 2])
    r, line = lograte(rng, .2, 8), int(rng.integers(20, 200))
    length = w.seen(w.births(r)).sum(0) * line + 70000; cap = 2 ** np.ceil(np.log2(length))
    id = s.add(w.static(1), "STRING", "String", site(rng, True), ["class Journal"], "class", wi=0, bytes=cap + 40, length=length, label="leak")
    s.leaks.append(dict(rows=[id], head=id, obj_per_1000=0, bytes_per_1000=r * line * 1000, row_bytes={id: r * line * 1000}, from_seq=0, job=None, norate=True, due=max(4, math.ceil(30 / (r * w.every)) + 1))); return s

def f_week_leak(i, S):
    """A leak by the job in a week of seven dumps, two of them quiet."""
    s, rng = make("week_leak", i, S); w = s.worlds[0]; week(w, rng); background(s)
    r = lograte(rng, .1, 5); leak(s, w.births(r), rate=r); return s

def f_cron(i, S):
    """A job of the clock leaks about as much each time; it comes once in a third of a dump interval, up to once in two."""
    s, rng, w = start("cron", i, S)
    every, size = rng.uniform(.34, 2), int(lograte(rng, 10, 800)); b = np.zeros(N * T, dtype=np.int64)
    for k in np.arange(rng.random() * every, N, every):
        b[int(k * T)] += rng.poisson(size)
    leak(s, b, rate=size / every / w.every, events=1 / every, norate=True); return s

def f_memo_mixed(i, S):
    """A memo by what is finite and by what is not: the first part fills and stays, the second goes on."""
    s, rng, w = start("memo_mixed", i, S)
    r = lograte(rng, .05, 2); n = int(r * w.every * rng.uniform(1, 12))
    leak(s, w.births(r), rate=r, extra=w.coupons(n, rng.uniform(0, .8), n / w.every / rng.uniform(.3, 4)), kids=0); return s

def f_clumps(i, S):
    """A thread, a connection, a request now and then is kept with all that it holds: 6 to 40 in a dump interval, 5 to 200 objects each."""
    s, rng, w = start("clumps", i, S)
    ev, size = rng.uniform(6, 40), int(lograte(rng, 5, 200))
    leak(s, w.births(ev / w.every) * size, rate=ev * size / w.every, events=ev); return s

def f_rare_major(i, S):
    """No graph, and a major GC only now and then: what leaks is known late, under what is not collected yet."""
    s, rng, w = start("rare_major", i, S, mode="t", majors=.35)
    s.add(w.churn(50, 200, lograte(rng, .5, 20)), "STRING", "String", site(rng), None, None, 60, 0, "fast")
    r = lograte(rng, .2, 5); leak(s, w.births(r), rate=r); s.leaks[-1]["due"] += 6; return s

def f_idle_start_leak(i, S):
    """A worker that hardly has a job in its first dumps, then all of them, and a leak."""
    s, rng = make("idle_start_leak", i, S); w = s.worlds[0]; idle_start(w, rng); background(s)
    r = lograte(rng, .1, 5); leak(s, w.births(r), rate=r); s.leaks[-1]["due"] += 5; return s

def f_growing(i, S):
    """Every job runs all the callbacks that were registered before, and each leaves something: it gets worse and worse."""
    s, rng, w = start("growing", i, S)
    r = lograte(rng, .2, 4); leak(s, rng.poisson(r * w.dx * 2 * w.tx[1:] / w.tx[-1]), rate=r, norate=True); s.leaks[-1]["due"] += 3; return s

def f_reloaded(i, S):
    """Code is loaded anew now and then, and each time the old classes and what they hold stay."""
    s, rng, w = start("reloaded", i, S)
    ev, size = rng.uniform(.7, 4), int(lograte(rng, 30, 2000))
    leak(s, w.births(ev / w.every) * size, rate=ev * size / w.every, events=ev, norate=True); return s

def f_purge_leak(i, S):
    """A sweep every few dumps takes what has expired, six of ten; the others have no date and stay."""
    s, rng, w = start("purge_leak", i, S)
    r = lograte(rng, .05, 2)
    leak(s, w.births(r), rate=r, extra=w.cleared(w.births(r * rng.uniform(1.2, 1.8)), rng.uniform(1.5, 6), rng.random() * 5), kids=0); return s

def f_deploys_leak(i, S):
    """A deploy every five dumps, and a leak in each life."""
    s, rng = deploys("deploys_leak", i, S); r = lograte(rng, .05, 5)
    for wi, w in enumerate(s.worlds):
        leak(s, w.births(r), wi, rate=r, group=np.random.default_rng(s.bgseed + 1), line=2 * wi)
    s.join(); return s

def f_compact_often_leak(i, S):
    """The heap is compacted every third dump, beside a leak."""
    s, rng, w = start("compact_often_leak", i, S); compacted(s, w, rng)
    r = lograte(rng, .1, 5); leak(s, w.births(r), rate=r, norate=s.traced and float(s.ruby[:3]) < 3.4); return s

def f_floating_leak(i, S):
    """A leak under a third of garbage, no graph, no collection before the dump."""
    s, rng, w = start("floating_leak", i, S, mode="t", majors=float(np.random.default_rng([S, i, 3]).choice([.5, 1, 2])))
    for j in range(4):
        m = lograte(rng, 500, 50000); s.add(w.churn(m, m, lograte(rng, .05, 2)), "STRING", "String", site(rng), None, None, 60, 0, "fast")
    r = lograte(rng, .1, 5); leak(s, w.births(r), rate=r); s.leaks[-1]["due"] += 3; return s

def f_daily_mix_leak(i, S):
    """The mix of jobs changes once a day; the jobs of the night leak."""
    s, rng = make("daily_mix_leak", i, S); w = s.worlds[0]; c = daily(s, w, rng); background(s)
    r, share = lograte(rng, .2, 6), w.mix[:, c].sum() / w.dx.sum()
    leak(s, w.births(r, cls=c), rate=r * share, norate=True); s.leaks[-1]["due"] += 8; return s

def f_night_leak(i, S):
    """Something that runs for some hours of the day only leaks, whatever the jobs are: nights, weekends, a window of maintenance."""
    s, rng, w = start("night_leak", i, S)
    day = int(rng.integers(3, 9)) * T; on = (np.arange(N * T) + rng.integers(0, day)) % day < day * rng.uniform(.2, .5)
    r = lograte(rng, .1, 5); leak(s, np.where(on, w.births(r / on.mean()), 0), rate=r, norate=True); s.leaks[-1]["due"] += 3 * day // T; return s

def f_idle_leak(i, S):
    """What leaks is what waits for work: the less traffic the more, in waves."""
    s, rng = make("idle_leak", i, S); w = s.worlds[0]
    f = 1 + rng.uniform(.4, .8) * np.sin(np.arange(N * T) / (N * T) * 2 * np.pi * rng.uniform(2, 8) + rng.uniform(0, 2 * np.pi)); pace(w, f); background(s)
    r = lograte(rng, .1, 5); leak(s, rng.poisson(r * w.every / T * (2 - f)), rate=r, norate=True); return s

def f_rare_bursts(i, S):
    """A large burst is kept once in two to six dumps."""
    s, rng, w = start("rare_bursts", i, S)
    ev, size = rng.uniform(.17, .5), int(lograte(rng, 50, 5000)); b = w.births(ev / w.every)
    leak(s, np.rint(b * size * rng.gamma(8, 1 / 8, N * T)).astype(np.int64), rate=ev * size / w.every, events=ev, norate=True); return s

def f_two_holders(i, S):
    """One line makes what two tables keep for ever, one of them three times as many."""
    s, rng, w = start("two_holders", i, S, mode=["tg", "u"][i % 2])
    r, where = lograte(rng, .1, 2), site(rng, True)
    for k, nm in ((1, "class Alpha"), (3, "class Beta")):
        leak(s, w.births(r * k), rate=r * k, name=nm, kids=0, sitegiven=where, group=np.random.default_rng(s.bgseed + 1))
    return s

def f_one_of_many(i, S):
    """Only one of six workers leaks; the others have the same table, in which entries live for a while."""
    s, rng = make("one_of_many", i, S, worlds=6, per=[N] * 6); r = lograte(rng, .05, 3); where = "app/lib/registry.rb:77"
    bad = int(rng.integers(6)); life = rng.uniform(.2, 1.5)
    for wi, w in enumerate(s.worlds):
        background(s, wi); M = w.survive(w.births(r), lambda a, t: np.exp(-a / (life * w.every)))
        if wi == bad:
            leak(s, w.births(r), wi, rate=r, name="class Registry", root="class", kids=0, sitegiven=where, group=np.random.default_rng(s.bgseed + 1))
        else:
            a = s.leaks; leak(s, w.births(0), wi, rate=r, name="class Registry", root="class", kids=0, sitegiven=where, group=np.random.default_rng(s.bgseed + 1), extra=M); a.pop()
            for row in s.rows[wi][-2:]:
                row["label"] = "fast"
    return s

def f_jumps(i, S):
    """The counter of jobs jumps: now and then a bulk of hundreds of thousands is counted that did no work here; a leak, or a cache."""
    s, rng, w = start("jumps", i, S); out, at = s.out, [(int(k), lograte(rng, .5, 20)) for k in rng.choice(np.arange(2, N), 4, replace=False)]
    if i % 2:
        entries(s, rng, w.coupons(int(lograte(rng, 300, 6000)), rng.uniform(.3, .9), lograte(rng, .05, 1)), "class RowStore", "slow")
    else:
        r = lograte(rng, .1, 5); leak(s, w.births(r), rate=r, norate=True); s.leaks[-1]["due"] += 3
    def jumping():
        d = out()
        for k, by in at:
            for x in d["procs"][0]["dumps"][k:]:
                x["jobs"] += int(by * w.every)
            for x in d["procs"][0]["dumps"][k + 1:]:
                x["marks"] = [[j + int(by * w.every), t] for j, t in x["marks"]]
        return d
    s.out = jumping; return s

def f_needle_1000(i, S):
    """One object in a thousand jobs, of a class of which hundreds of thousands come and go."""
    s, rng = make("needle_1000", i, S); w = s.worlds[0]; pace(w, np.full(N * T, 5000. / w.every)); w.every = 5000; background(s)
    r = lograte(rng, .0006, .002)
    s.add(w.churn(3e5 if s.traced else 2e4), "OBJECT", "Item", site(rng), ["machine stack", "Worker"], "stack", 60, 0, "fast")
    leak(s, w.births(r), rate=r); return s

def f_error_leak(i, S):
    """What fails is kept: a little always, twenty times as much in the outages, one in four to ten dumps, which last an hour or a day."""
    s, rng, w = start("error_leak", i, S)
    r, f, at = lograte(rng, .03, 1), np.ones(N * T), int(rng.integers(0, 5 * T))
    while at < N * T:
        f[at:at + int(rng.uniform(.3, 2) * T)] = 20; at += int(rng.uniform(4, 10) * T)
    r2 = r * f.mean(); leak(s, rng.poisson(r * w.dx * f), rate=r2, norate=True); s.leaks[-1]["due"] += 6; return s

def f_warm_and_leak(i, S):
    """One line loads what it needs, ten dumps' worth of the leak and more within the first ones, and leaks."""
    s, rng, w = start("warm_and_leak", i, S)
    r = lograte(rng, .05, 2)
    leak(s, w.births(r), rate=r, extra=w.warm(int(r * w.every * rng.uniform(2, 30)), rng.uniform(.3, 2)), kids=0); return s


def main(names, per, seed):
    """Writes `per` scenarios of each family: the functions f_* among these names."""
    opt = dict(zip(sys.argv[2::2], sys.argv[3::2]))
    os.makedirs(sys.argv[1], exist_ok=True)
    for f, fn in [(k[2:], v) for k, v in names.items() if k.startswith("f_")]:
        for i in range(int(opt.get("--per", per)) if f in opt.get("--only", f).split(",") else 0):
            write(fn(i, int(opt.get("--seed", seed))).out(), "%s/%s-%02d.json.zst" % (sys.argv[1], f, i))


if __name__ == "__main__":
    main(dict(globals()), per=6, seed=31)
