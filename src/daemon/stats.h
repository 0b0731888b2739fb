/* Counters. SPDX-License-Identifier: BSD-2-Clause
 *
 * Each thread has a block that only it writes; whoever asks sums them. No locks: relaxed atomics. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum stat_id {
#define X(name, kind, level, text) STAT_##name,
#include "daemon/stats.def"
#undef X
	STAT_N
};

struct stat_row {
	const char *name, *kind, *level, *text;
};

extern const struct stat_row stat_rows[STAT_N];

/* A block; all-zero is fresh. Gauges may be lowered in another block than they were raised in: only the sum counts. */
struct stats {
	_Atomic uint64_t v[STAT_N];
};

static inline void stats_add(struct stats *s, enum stat_id id, uint64_t n)
{
	/* One writer a block: a plain addition would do, but readers must see whole words. */
	atomic_store_explicit(&s->v[id], atomic_load_explicit(&s->v[id], memory_order_relaxed) + n, memory_order_relaxed);
}

static inline void stats_sub(struct stats *s, enum stat_id id, uint64_t n) { stats_add(s, id, (uint64_t)0 - n); }

/* The sum of a counter over n blocks. */
uint64_t stats_sum(struct stats *const *blocks, unsigned n, enum stat_id id);
