#!/usr/bin/env python3
"""Families taken from what Sidekiq and Puma processes do: families_app.py OUTDIR [--seed S] [--per N] [--only a,b]

Written by someone who had not looked at the stories that the verdict knows. Worlds, rows and truth are those of sim.py, as in
families.py, which has the older ones. Score: run.py -n 5,10,20,50 OUTDIR -- tests/verdict-json (make score-new does all).
"""
import math, sys

sys.dont_write_bytecode = True
import numpy as np
from families import entries, main, start # finds the simulator, too
import sim
from sim import CLASSES, N, T, background, cache, leak, lograte, make, site


def ticks(at):
    """Births by tick of events at these moments (in ticks)."""
    at = np.asarray(at, dtype=int)
    return np.bincount(at[(at >= 0) & (at < N * T)], minlength=N * T)


def work(w, f):
    """Traffic times f, by tick: a day's rhythm, dumps far apart and close together."""
    w.tx = np.concatenate([[0], np.cumsum(np.maximum(np.diff(w.tx) * f, 1))]); w.dx = np.diff(w.tx)
    w.mix = np.rint(w.mix * np.asarray(f)[:, None]).astype(np.int64)


def far_and_near(w, rng):
    """Dumps after 100 to 5000 jobs, as somebody asks for them."""
    f = np.repeat(np.exp(rng.uniform(math.log(100), math.log(5000), N)), T) / T / w.dx
    dt = np.diff(w.tt) * f; work(w, f)
    w.tt = np.concatenate([[0], np.cumsum(dt)]); w.dtm = np.diff(w.tt)


def day_and_night(w, rng):
    """A dump an hour or so; at night a twentieth of the jobs of the day."""
    day = rng.integers(8, 26) * T
    f = np.maximum(np.sin((np.arange(N * T) / day + rng.random()) * 2 * np.pi) * 1.2 + .7, .06); work(w, f)


def zipf(n, a):
    p = np.arange(1, n + 1.) ** -a
    return p / p.sum()


def app(s, rng, w):
    """What a grown application has besides: each of these is bounded or turns over."""
    at = lambda: site(rng, True)
    cap = int(rng.choice([300, 1000, 4000])); full = rng.uniform(1, 20)
    entries(s, rng, w.lru(cap, int(cap * rng.uniform(1.2, 4)), rng.uniform(.5, 1), cap / full * 2), "class Rows", "slow", where=at(), kids=1)
    entries(s, rng, w.cleared(w.births(lograte(rng, .05, 2)), rng.uniform(1.5, 7), rng.random()), "class Stats", "fast", where=at())
    life = rng.uniform(.3, 3) * w.every
    entries(s, rng, w.survive(w.births(lograte(rng, .05, 1)), lambda a, t: np.exp(-a / life)), "class Jobs", "fast", cls="Context", type="OBJECT", where=at())
    entries(s, rng, w.coupons(int(lograte(rng, 100, 3000)), rng.uniform(.8, 1.2), lograte(rng, .02, .5)), "class Renderer", "slow", where=at())
    entries(s, rng, w.pool(int(rng.integers(5, 25)), int(rng.integers(40, 400)), rng.uniform(1, 8)), "class RedisPool", "slow", kind="Array", cls="Conn", type="OBJECT", where=at())


def compacts(s, w, rng, every):
    """The heap is compacted every so many dumps (GC.auto_compact): before Ruby 3.4 what moves answers for another address."""
    at, one, out = list(range(1, N, every)), sim.scramble, s.out
    w.compact_at = at[0]
    def each(rng, rows, w, q=.65):
        for w.compact_at in at:
            one(rng, rows, w, q)
        w.compact_at = at[0]
    def several():
        sim.scramble = each
        try:
            d = out()
        finally:
            sim.scramble = one
        for k, x in enumerate(d["procs"][0]["dumps"]):
            x["compact"] = sum(a <= k for a in at)
        return d
    s.out = several


# --- nothing leaks -------------------------------------------------------------------------------------------
def f_app_calm(i, S):
    """A whole application: a row cache, statistics that are sent off, jobs' contexts, templates, a pool."""
    s, rng, w = start("app_calm", i, S); app(s, rng, w); return s

def f_locales(i, S):
    """I18n loads each locale when somebody first wants it: a dozen to sixty bursts, ever rarer."""
    s, rng, w = start("locales", i, S)
    n = int(rng.integers(8, 60)); first = rng.exponential(1 / zipf(n, rng.uniform(.8, 1.6))) * rng.uniform(.02, .3) * T
    b = ticks(first) * int(lograte(rng, 100, 3000))
    entries(s, rng, w.seen(b), "class Backend", "slow", where="i18n/backend/simple.rb:70", kids=1); return s

def f_labels(i, S):
    """Metrics by endpoint, status and host: series appear when first counted, each product of three Zipf laws."""
    s, rng, w = start("labels", i, S)
    p = np.outer(np.outer(zipf(int(rng.integers(20, 120)), rng.uniform(.7, 1.4)), zipf(int(rng.integers(3, 7)), 2)).ravel(), zipf(int(rng.integers(2, 10)), .3)).ravel()
    first = rng.exponential(1 / (p * lograte(rng, .2, 2)))
    entries(s, rng, w.seen(ticks(np.searchsorted(w.tx, first, "right") - 1)), "class Metrics", "slow", cls="Series", type="OBJECT", kids=1); return s

def f_lazy_expiry(i, S):
    """What has expired goes when it is asked for again, or when a sweep over a random part happens to meet it."""
    s, rng, w = start("lazy_expiry", i, S)
    ttl, f, tau = rng.uniform(.2, 3) * w.every, rng.uniform(.1, .8), rng.uniform(1, 12) * w.every
    S_ = lambda a, t: np.where(a < ttl, 1., (1 - f) * np.exp(-np.maximum(a - ttl, 0) / tau))
    entries(s, rng, w.survive(w.births(lograte(rng, .05, 4)), S_), "class Expiring", "fast"); return s

def f_pareto(i, S):
    """Sessions whose lengths have a long tail: most end at once, some stay for as long as everything before them."""
    s, rng, w = start("pareto", i, S)
    a0, al = rng.uniform(.05, 1) * w.every, rng.uniform(.8, 1.8)
    entries(s, rng, w.survive(w.births(lograte(rng, .1, 8)), lambda a, t: (1 + a / a0) ** -al), "class Visits", "fast", cls="Visit", type="OBJECT"); return s

def f_lru_with_ttl(i, S):
    """An LRU whose entries live for some dumps at most, whichever comes first."""
    s, rng, w = start("lru_with_ttl", i, S)
    b = w.births(lograte(rng, .05, 3)); cap = int(max(b.sum() / N * rng.uniform(1, 12), 40)); ttl = rng.uniform(1, 10) * w.every
    cum, M = np.cumsum(b), w.survive(b, lambda a, t: (a < ttl).astype(float))
    for k in range(N):
        e = w.edge[k + 1]
        M[:e, k] = np.minimum(M[:e, k], np.clip(cap - (cum[e - 1] - cum[:e]), 0, b[:e]))
    entries(s, rng, M, "class Fragments", "fast"); return s

def f_last_errors(i, S):
    """The last error of each kind is kept with its backtrace until the next of its kind; some kinds come once in ten dumps."""
    s, rng, w = start("last_errors", i, S)
    n = int(rng.integers(20, 200)); p = zipf(n, rng.uniform(.6, 1.3)) * lograte(rng, 1, 12) * n / N; M = np.zeros((N * T, N), dtype=np.int64)
    for q in p:
        at = np.sort(rng.integers(0, N * T, rng.poisson(q * N)))
        for k in range(N):
            j = np.searchsorted(at, w.edge[k + 1])
            if j:
                M[at[j - 1], k] += 1
    entries(s, rng, M, "class ErrorBoard", "fast", cls="RuntimeError", type="OBJECT", size=80)
    s.add(M * 30, "STRING", "String", site(rng), ["class ErrorBoard", "Hash", "RuntimeError"], "class", 110, 0, "fast"); return s

def f_pool_outage(i, S):
    """A pool that grows by demand; in an outage all connections are thrown away, and come again one by one."""
    s, rng, w = start("pool_outage", i, S)
    size, objs, at = int(rng.integers(10, 80)), int(rng.integers(40, 600)), 0
    M = np.zeros((N * T, N), dtype=np.int64)
    while at < N * T:
        end = at + int(rng.exponential(12 * T)) + T; b = ticks(at + rng.exponential(rng.uniform(.5, 8) * T, size)); b[min(end, N * T):] = 0
        for k in range(N):
            if at < w.edge[k + 1] <= end:
                M[:w.edge[k + 1], k] += b[:w.edge[k + 1]] * objs
        at = end
    entries(s, rng, M, "class ConnectionPool", "slow", kind="Array", cls="Conn", type="OBJECT"); return s

def f_day_fill(i, S):
    """A cache of what customers ask for fills while the day comes and goes."""
    s, rng = make("day_fill", i, S); w = s.worlds[0]; day_and_night(w, rng); background(s)
    n = int(lograte(rng, 300, 20000)); entries(s, rng, w.coupons(n, rng.uniform(.3, 1), n / w.every * rng.uniform(.03, .8)), "class Customers", "slow", cls="Customer", type="OBJECT"); return s

def f_asked_for(i, S):
    """Dumps 100 to 5000 jobs apart, while a cache fills, or turns over."""
    s, rng = make("asked_for", i, S); w = s.worlds[0]; far_and_near(w, rng); background(s)
    b = w.births(lograte(rng, .05, 3)); kind = i % 3
    life = rng.uniform(500, 8000)
    M = w.fifo(b, int(b.sum() * rng.uniform(.05, .5))) if kind == 0 else w.survive(b, lambda a, t: np.exp(-a / life)) if kind == 1 else w.coupons(int(lograte(rng, 300, 8000)), rng.uniform(.4, 1.), lograte(rng, .1, 2))
    entries(s, rng, M, "class Lookup", "fast" if kind == 1 else "slow"); return s

def f_lazy_jobs(i, S):
    """Each class of jobs loads what it needs with its first job: many holders, a burst each, some of them late."""
    s, rng, w = start("lazy_jobs", i, S)
    n = int(rng.integers(12, 40)); first = rng.exponential(1 / zipf(n, rng.uniform(.8, 1.5))) * rng.uniform(.05, .5) * T
    for j in range(n):
        b = ticks([first[j]] if first[j] < N * T else []) * int(lograte(rng, 50, 4000))
        if b.any():
            s.add(w.seen(b), "IMEMO", "iseq", "app/jobs/job_%d.rb:1" % j, ["class Job%d" % j, "Class"], "class", 300, 0, "slow")
    entries(s, rng, w.seen(ticks(first) * int(rng.integers(5, 40))), "class Registry", "slow", cls="Callback", type="OBJECT"); return s

def f_random_eviction(i, S):
    """A cache that throws away any entry when it is full, as stores do that sample."""
    s, rng, w = start("random_eviction", i, S)
    b = w.births(lograte(rng, .05, 3)); cap = int(max(b.sum() / N * rng.uniform(1, 12), 60)); cur, M = np.zeros(N * T, dtype=np.int64), np.zeros((N * T, N), dtype=np.int64)
    for t in range(N * T):
        cur[t] = b[t]; over = int(cur.sum()) - cap
        if over > 0:
            cur[:t + 1] -= rng.multivariate_hypergeometric(cur[:t + 1], over)
        if (t + 1) % T == 0:
            M[:, t // T] = cur
    entries(s, rng, M, "class Sampled", "slow"); return s

def f_same_name(i, S):
    """No births are known: under one holder and class are a cache that fills, sessions, and what was always there."""
    s, rng, w = start("same_name", i, S, mode="u"); life = rng.uniform(.3, 4) * w.every
    M = w.lru(1000, int(1000 * rng.uniform(1.2, 3)), .7, 1000 / rng.uniform(1, 15)) + w.survive(w.births(lograte(rng, .05, 1)), lambda a, t: np.exp(-a / life)) + w.static(int(lograte(rng, 100, 5000)))
    entries(s, rng, M, "class App", "slow"); return s

def f_arenas(i, S):
    """Each thread that first allocates gets an arena of malloc's, which is never given back, but for a trim now and then."""
    s, rng, w = start("arenas", i, S); app(s, rng, w)
    n, mb = int(rng.integers(4, 32)), rng.uniform(2, 20) * 1e6
    up = np.cumsum(ticks(rng.exponential(rng.uniform(2, 15) * T, n)))[w.edge[1:] - 1] * mb
    for k in np.nonzero(rng.random(N) < rng.choice([0, .1]))[0]:
        up[k:] -= up[k] * rng.uniform(.1, .5)
    s.rss[0] += up + rng.gamma(2, mb / 4, N); return s

def f_auto_compact(i, S):
    """GC.auto_compact: objects move before every dump or every fourth, while a cache fills and sessions come and go."""
    s, rng, w = start("auto_compact", i, S); compacts(s, w, rng, [1, 1, 2, 4][i % 4]); life = rng.uniform(.3, 3) * w.every
    entries(s, rng, w.lru(1000, 2000, .7, 1000 / rng.uniform(2, 15)), "class Rows", "slow")
    entries(s, rng, w.survive(w.births(lograte(rng, .05, 1)), lambda a, t: np.exp(-a / life)), "class Jobs", "fast", cls="Context", type="OBJECT"); return s

def f_rows_in_flight(i, S):
    """One line makes the rows of imports, of which every second dump has some in flight, and those that a bounded list keeps."""
    s, rng, w = start("rows_in_flight", i, S); M = np.zeros((N * T, N), dtype=np.int64)
    for k in range(N):
        if rng.random() < rng.uniform(.2, .7):
            M[w.edge[k + 1] - 1 - int(rng.integers(0, 3)), k] += int(lograte(rng, 300, 50000))
    b = w.births(lograte(rng, .02, .5)); entries(s, rng, M + w.fifo(b, int(max(b.sum() / N * rng.uniform(2, 10), 40))), "class Import", "fast", cls="Row", type="OBJECT"); return s


# --- something does ------------------------------------------------------------------------------------------
def f_app_leak(i, S):
    """A whole application, and in it a leak."""
    s, rng, w = start("app_leak", i, S); app(s, rng, w); r = lograte(rng, .03, 5); leak(s, w.births(r), rate=r); return s

def f_forgotten_some(i, S):
    """Of the subscriptions of one line a few in a hundred are never taken back; the others live as sessions do."""
    s, rng, w = start("forgotten_some", i, S); r, part = lograte(rng, .03, 1), rng.uniform(.03, .3); life = rng.uniform(.1, 1.5) * w.every
    tail = rng.random() < .5; a0 = life / 4
    extra = w.survive(w.births(r / part * (1 - part)), (lambda a, t: (1 + a / a0) ** -2.) if tail else (lambda a, t: np.exp(-a / life)))
    leak(s, w.births(r), rate=r, extra=extra, kids=0); s.leaks[-1]["due"] += 4; return s

def f_failed_only(i, S):
    """Only the failed jobs of one class leak, each all of its context: two to twenty events a dump interval."""
    s, rng, w = start("failed_only", i, S, mixdrift=.2); ev, size = lograte(rng, 1.5, 20), int(rng.integers(3, 60))
    c = int(rng.integers(len(CLASSES))); share = w.mix[:, c] / np.maximum(w.mix.sum(1), 1)
    b = rng.poisson(ev / T * share / share.mean()) * size; r = ev * size / w.every
    leak(s, b, rate=r, events=ev, norate=True); return s

def f_rate_changes(i, S):
    """A setting is changed while the process runs: from then on it leaks four times as fast, or a third as fast."""
    s, rng, w = start("rate_changes", i, S); r, f, at = lograte(rng, .05, 2), float(rng.choice([.33, 2, 4])), int(rng.uniform(.1, .7) * N * T)
    k = np.where(np.arange(N * T) < at, 1, f); leak(s, rng.poisson(r * w.dx * k), rate=r, norate=True); s.leaks[-1]["due"] += 4; return s

def f_cleared_in_part(i, S):
    """A sweep takes what is marked as done, once in two to eight dumps; a part never is."""
    s, rng, w = start("cleared_in_part", i, S); r, keep = lograte(rng, .1, 3), rng.uniform(.2, .7)
    leak(s, w.births(r * keep), rate=r * keep, extra=w.cleared(w.births(r * (1 - keep)), rng.uniform(2, 8), rng.random()), kids=0); s.leaks[-1]["due"] += 6; return s

def f_day_leak(i, S):
    """Day and night; what leaks, leaks per job, or per hour."""
    s, rng = make("day_leak", i, S); w = s.worlds[0]; day_and_night(w, rng); background(s); r = lograte(rng, .05, 3)
    jps = (w.tx[-1] - w.tx[0]) / (w.tt[-1] - w.tt[0])
    leak(s, w.births(r) if i % 2 else w.births(0, per_sec=r * jps), rate=r, norate=not i % 2); s.leaks[-1]["due"] += 4; return s

def f_asked_for_leak(i, S):
    """Dumps 100 to 5000 jobs apart, and a leak."""
    s, rng = make("asked_for_leak", i, S); w = s.worlds[0]; far_and_near(w, rng); background(s); r = lograte(rng, .05, 3)
    leak(s, w.births(r), rate=r); s.leaks[-1]["due"] = int(max(5, np.searchsorted(w.tx[w.edge[1:]] * r, 40) + 2)); return s

def f_thread_leak(i, S):
    """Threads that nobody joins: one to six a dump interval, each with what it gathers in its first dump interval."""
    s, rng, w = start("thread_leak", i, S); ev, own = rng.uniform(1, 6), int(lograte(rng, 5, 200))
    at = rng.uniform(0, N * T, rng.poisson(ev * N)); b = ticks(np.concatenate([a + rng.exponential(.5 * T, own) for a in at]))
    r = ev * own / w.every; leak(s, b, rate=r, events=ev, root="vm", norate=True); return s

def f_under_sessions(i, S):
    """No births are known, and the class and holder of the leak have a thousand sessions as well."""
    s, rng, w = start("under_sessions", i, S, mode="u"); r, life = lograte(rng, .05, 1), rng.uniform(.1, .8) * w.every
    leak(s, w.births(r), rate=r, extra=w.survive(w.births(rng.uniform(100, 2000) / life), lambda a, t: np.exp(-a / life)), kids=0, norate=True)
    s.leaks[-1]["due"] += 8; return s

def f_resets(i, S):
    """The counter of jobs begins anew several times in one process, dumps are missing, the clock is set back."""
    s, rng, w = start("resets", i, S); s.ev["reset"] = int(rng.integers(2, 12)); s.ev["clock"] = (int(rng.integers(13, 25)), float(rng.choice([60., 3600., 86400.])))
    if i % 2:
        s.ev["double"] = [int(v) for v in rng.choice(np.arange(26, 45), 3, replace=False)]
    r = lograte(rng, .05, 3); leak(s, w.births(r), rate=r)
    if i % 3 == 0:
        cap = int(r * w.every * rng.uniform(1, 6)) + 10; s.leaks.clear(); s.rows[0] = s.rows[0][:-1]
        s.rows[0] = [x for x in s.rows[0] if x["label"] != "leak"]; entries(s, rng, w.fifo(w.births(r), cap), "class Recent", "slow")
    return s

def f_killed_workers(i, S):
    """A worker is killed when it is large, every 6 to 12 dumps, and begins anew: the same revision, the same leak; or the same warm-up."""
    rg = np.random.default_rng([S, i, 9]); per, left = [], N
    while left:
        per.append(int(min(rg.integers(6, 13), left))); left -= per[-1]
    s, rng = make("killed_workers", i, S, worlds=len(per), per=per); s.successive = True; r, has = lograte(rng, .03, 3), i % 3 > 0
    for wi, w in enumerate(s.worlds):
        if wi:
            w.t0 = s.worlds[wi - 1].t0 + s.worlds[wi - 1].tt[-1] + 20
        background(s, wi)
        if has:
            leak(s, w.births(r), wi, rate=r, group=np.random.default_rng(s.bgseed + 1))
        else:
            cache(s, w.coupons(1500, .8, 1500 / w.every * .4), "STRING", "String", "app/lib/rows.rb:30", ["class RowStore", "Hash"], "class", 300, wi, "slow")
    if has:
        s.join()
    return s

def f_auto_compact_leak(i, S):
    """GC.auto_compact, and a leak."""
    s, rng, w = start("auto_compact_leak", i, S); compacts(s, w, rng, [1, 1, 2, 4][i % 4])
    r = lograte(rng, .1, 3); leak(s, w.births(r), rate=r, norate=True); s.leaks[-1]["due"] += 4; return s

def f_arenas_leak(i, S):
    """A native leak while malloc's arenas are made and trimmed."""
    s, rng, w = start("arenas_leak", i, S); n, mb = int(rng.integers(4, 24)), rng.uniform(1, 6) * 1e6
    s.rss[0] += np.cumsum(ticks(rng.exponential(rng.uniform(1, 6) * T, n)))[w.edge[1:] - 1] * mb + rng.gamma(2, mb / 6, N)
    r = lograte(rng, 8e6, 4e7) / w.every; s.rss[0] += r * w.tx[w.edge[1:]]; s.native = dict(bytes_per_1000=r * 1000); return s

def f_two_makers(i, S):
    """Two classes of jobs leak by one line, the one three objects a job, the other one in five jobs."""
    s, rng, w = start("two_makers", i, S, mixdrift=.3); a, b = rng.choice(len(CLASSES), 2, replace=False); r = lograte(rng, .1, 2)
    n = rng.poisson(r * (w.mix[:, a] + w.mix[:, b] / 15)); leak(s, n, rate=max(n.sum() / w.tx[-1], 1e-3), norate=True); return s

def f_batch_leak(i, S):
    """Each import, one or two a dump interval, leaks some of its rows; others are in flight."""
    s, rng, w = start("batch_leak", i, S); ev, part = rng.uniform(.8, 2), lograte(rng, 20, 300)
    at = rng.uniform(0, N * T, rng.poisson(ev * N)); b = np.zeros(N * T, dtype=np.int64); fl = np.zeros((N * T, N), dtype=np.int64)
    for x in at.astype(int):
        b[x] += int(part * rng.uniform(.6, 1.4))
    for k in range(N):
        if rng.random() < .4:
            fl[w.edge[k + 1] - 1, k] += int(part * 30)
    leak(s, b, rate=ev * part / w.every, events=ev, extra=fl, kids=0, norate=True); s.leaks[-1]["due"] += 2; return s

def f_one_of_four(i, S):
    """Four workers, begun at different times; what leaks is so rare that one alone can hardly tell."""
    per = [N, N - 12, N - 20, N - 30]; s, rng = make("one_of_four", i, S, worlds=4, per=per); r = lograte(rng, .003, .03) * 1000 / s.worlds[0].every
    for wi in range(4):
        background(s, wi); leak(s, s.worlds[wi].births(r), wi, rate=r, group=np.random.default_rng(s.bgseed + 1))
    s.join(); return s


if __name__ == "__main__":
    main(dict(globals()), per=4, seed=41)
