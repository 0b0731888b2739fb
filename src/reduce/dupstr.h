/* Strings with equal contents, found by their hash. SPDX-License-Identifier: BSD-2-Clause
 *
 * Most values of a heap are there once, and only the second copy makes a group. So a value seen once costs 14 bytes in an
 * open-addressing table (17 to 20 with its free room): 48 bits of its hash (8 more are its partition: with 2.5 million values
 * two different ones are taken for equal once in 23 000 dumps), and what the group will want to know of its first
 * copy, packed in 64 bits. What does not fit there becomes a group at once.
 *
 * Exact up to DUP_DISTINCT_MAX distinct values. Beyond it only hashes with k zero low bits are followed, k rising as
 * needed (Wegman's adaptive sampling; Flajolet, "On adaptive sampling", 1990): counts are then estimates (x 2^k), and
 * what is kept does not depend on the order of the objects. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"
#include "base/strtab.h"
#include "base/u64map.h"
#include "reduce/summary.h"

enum {
	DUP_PARTS_LOG2 = 8,
	DUP_RING = 16,                      /* additions under way: about a memory latency's worth */
	DUP_DISTINCT_MAX = 2500 * 1000,     /* distinct values followed: 50 MB at the most */
	DUP_GROUPS_MAX = 1024 * 1024,       /* of these with several copies (or unusual figures) */
	DUP_PAIRS_MAX = 1024 * 1024,        /* (group, site) pairs followed; beyond it new sites are not listed */
	DUP_VALUES_BYTES = 16 * 1024 * 1024 /* texts kept with keep_values */
};

/* 48 bits of hash, then 64 bits of the first copy or the number of a group (dupstr.c). */
struct dup_entry {
	uint16_t w[7];
};

struct dup_group {
	uint64_t hash;
	uint64_t copies, bytes, length;
	uint64_t generation; /* of the newest copy, UINT64_MAX unknown */
	uint32_t value;      /* id in dupstr.values, 0 none */
};

/* One string. */
struct dup_string {
	uint64_t hash, bytes, length;
	uint32_t site;
	uint32_t gen; /* index of the generation, UINT32_MAX: unknown */
};

struct dup_part {
	struct dup_entry *p;
	uint32_t cap, n;
};

struct dupstr {
	struct dup_part part[1 << DUP_PARTS_LOG2];
	size_t n;            /* distinct values followed */
	size_t max;          /* 0: DUP_DISTINCT_MAX (tests set a small one) */
	unsigned sample;     /* k */
	struct dup_group *groups;
	size_t ngroups, cap_groups;
	struct u64map sites; /* group << 32 | site -> copies */
	struct strtab values;
	bool has_values;     /* values is in use */
	uint32_t npending;
	struct dup_string pending[DUP_RING];
	uint64_t *const *gens; /* the reducer's array: index of a generation -> generation */
};

/* All-zero and gens set is an empty table. */
void dupstr_done(struct dupstr *d);
/* One more string; value is kept when its group is made, {NULL, 0} for none. */
void dupstr_add(struct dupstr *d, const struct dup_string *s, struct span value);
/* Carries out what waits in the ring. Call before merging or finishing. */
void dupstr_flush(struct dupstr *d);
/* Adds all of from; sites[id] is the id here of a site there (NULL: the same), gens[i] the same for generations. */
void dupstr_merge(struct dupstr *d, const struct dupstr *from, const uint32_t *sites, const uint32_t *gens);
struct reduce_names;
/* Fills s->dups, dup_groups, dup_copies, dup_bytes, dup_estimated. Empties the table. */
void dupstr_finish(struct dupstr *d, const struct reduce_names *names, struct dump_summary *s);
