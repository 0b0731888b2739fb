#!/usr/bin/env python3
"""Scenario families of what rests and goes on: families_pause.py OUTDIR [--seed S] [--per N]

As families.py. What is bounded rests, too: tables that imports fill, tenants that come one by one, pools that grow at peaks."""
import math, sys

from families import N, T, entries, leak, lograte, np, sim, start


def kept(w, births):
    return w.survive(births, lambda jobs, seconds: np.ones_like(jobs, dtype=float))


def resting(births, at):
    """Nothing in the intervals `at`."""
    births = np.array(births)
    for d in at:
        births[d * T:(d + 1) * T] = 0
    return births


def by_turns(rng, times, on, off):
    """1 by tick while something runs, so many times, and 0 else; on, off: from how many intervals to below how many it runs, and rests."""
    mask, pos = np.zeros(N * T, dtype=np.int64), 0
    for _ in range(times):
        n = int(rng.integers(*on)) * T
        mask[pos:pos + n] = 1
        pos += n + int(rng.integers(*off)) * T
    return mask


def f_campaigns(i, S):
    """A table filled by two to four imports with rests of up to three intervals between, then full."""
    s, rng, w = start("campaigns", i, S)
    mask = by_turns(rng, int(rng.integers(2, 5)), (2, 6), (1, 4))
    entries(s, rng, kept(w, w.births(lograte(rng, .1, 5)) * mask), "class ImportTable", "slow"); return s


def f_tenants(i, S):
    """Eight tenants one by one: fills of one or two intervals, rests as long."""
    s, rng, w = start("tenants", i, S)
    mask = by_turns(rng, 8, (1, 3), (1, 3))
    entries(s, rng, kept(w, w.births(lograte(rng, .2, 3)) * mask), "class TenantData", "slow"); return s


def f_memo_rests(i, S):
    """A memo of a finite universe that rests for two intervals while it fills."""
    s, rng, w = start("memo_rests", i, S)
    universe, tau = lograte(rng, 500, 20000), T * rng.uniform(2, 15)
    births = rng.poisson(universe / tau * np.exp(-np.arange(N * T) / tau))
    entries(s, rng, kept(w, resting(births, rng.choice(np.arange(2, 14), 2, replace=False))), "class Memo", "slow"); return s


def f_weekly_flush(i, S):
    """Kept until a flush each six to twelve intervals, before which nothing comes."""
    s, rng, w = start("weekly_flush", i, S)
    p = rng.uniform(6, 12)
    births = resting(w.births(lograte(rng, .1, 3)), [d for d in range(N) if d % p > p - 1.5])
    entries(s, rng, w.cleared(births, p), "class Outgoing", "fast"); return s


def f_peaks(i, S):
    """A pool that grows at each peak of the day, each time less, and keeps its size."""
    s, rng, w = start("peaks", i, S)
    births, n0 = np.zeros(N * T, dtype=np.int64), lograte(rng, 50, 500)
    for k, d in enumerate(range(1, N, int(rng.integers(3, 6)))):
        np.add.at(births, d * T + rng.integers(0, T, int(n0 * math.exp(-k / 2))), 1)
    entries(s, rng, kept(w, births), "class Pool", "slow"); return s


def f_switched_off(i, S):
    """A leak switched off for one to four intervals."""
    s, rng, w = start("switched_off", i, S)
    r, g = lograte(rng, .05, 5), int(rng.integers(3, 16))
    leak(s, resting(w.births(r), range(g, g + int(rng.integers(1, 5)))), rate=r); return s


def f_weekends(i, S):
    """A leak that rests two of seven intervals."""
    s, rng, w = start("weekends", i, S)
    r = lograte(rng, .05, 5)
    leak(s, resting(w.births(r), [d for d in range(N) if d % 7 >= 5]), rate=r * 5 / 7); return s


def f_two_rests(i, S):
    """A leak with two rests of one interval."""
    s, rng, w = start("two_rests", i, S)
    r = lograte(rng, .05, 5)
    leak(s, resting(w.births(r), rng.choice(np.arange(3, 18), 2, replace=False)), rate=r); return s


if __name__ == "__main__":
    sim.main({k[2:]: v for k, v in list(globals().items()) if k.startswith("f_")}, sys.argv)
