/* Tallies of (generation x slot). SPDX-License-Identifier: BSD-2-Clause
 *
 * A traced dump of n objects has up to n such pairs, far apart in memory: the table is cut into partitions that grow
 * one by one (no doubling peak), 16 bytes a pair, and each addition waits in a short ring until its line is fetched. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reduce/summary.h"

enum {
	GENTAB_PARTS_LOG2 = 6,
	GENTAB_RING = 16,            /* additions under way: about a memory latency's worth */
	GENTAB_MAX = 4 * 1024 * 1024 /* pairs kept; beyond it new pairs are dropped (gentab.cut): 80 MB */
};

/* count 0: empty. A pair whose next addition would not fit moves to the spill list first. */
struct gen_pair {
	uint32_t slot, gen; /* gen: index of the generation */
	uint32_t count, bytes;
};

struct gen_spill {
	uint32_t slot, gen;
	struct tally t;
};

struct gentab_part {
	struct gen_pair *p;
	uint32_t cap, n;
};

struct gentab {
	struct gentab_part part[1 << GENTAB_PARTS_LOG2];
	size_t n; /* pairs */
	bool cut;
	struct gen_spill *spill;
	size_t nspill, cap_spill;
	uint32_t npending;
	struct { uint32_t slot, gen; struct tally t; } pending[GENTAB_RING];
};

/* All-zero is an empty table. */
void gentab_done(struct gentab *t);
/* More objects of this pair; waits in the ring. */
void gentab_add(struct gentab *t, uint32_t gen, uint32_t slot, struct tally more);
/* The same at once (merge). */
void gentab_add_tally(struct gentab *t, uint32_t gen, uint32_t slot, struct tally more);
/* Carries out what waits in the ring. Call before reading the partitions. */
void gentab_flush(struct gentab *t);
/* Calls fn for each pair, in no order; a pair may come more than once: add up. Flush first. */
void gentab_each(const struct gentab *t, void (*fn)(void *ctx, uint32_t gen, uint32_t slot, struct tally t), void *ctx);
