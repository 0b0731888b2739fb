/* Counters. SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/stats.h"

const struct stat_row stat_rows[STAT_N] = {
#define X(name, kind, level, text) [STAT_##name] = {#name, #kind, #level, text},
#include "daemon/stats.def"
#undef X
};

uint64_t stats_sum(struct stats *const *blocks, unsigned n, enum stat_id id)
{
	uint64_t sum = 0;
	for (unsigned i = 0; i < n; i++)
		sum += atomic_load_explicit(&blocks[i]->v[id], memory_order_relaxed);
	return sum;
}
