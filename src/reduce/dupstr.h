/* Strings with equal contents, found by their hash. SPDX-License-Identifier: BSD-2-Clause
 *
 * Most values of a heap are there once, and only the second copy makes a group. So a string is first written to the log of
 * its partition, 14 bytes: 48 bits of its hash (8 more are its partition: with 2.5 million values two different ones are
 * taken for equal once in 23 000 dumps), and what its group will want to know of it, packed in 64 bits. What does not fit
 * there waits beside the log. Nothing is looked up then: a table of all values is far larger than the cache, and each
 * look-up in it would wait for memory. A partition is small enough for the cache: when its log is full, and at the
 * end, it is settled, that is, its equal entries become groups and only one entry of each value stays.
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
	DUP_CHUNK = 256,                    /* entries of a log's chunk: 3.5 KB, so little of it is free room */
	DUP_SLAB = 2 * 1024 * 1024,         /* chunks are cut from blocks of one huge page: 7 000 page faults less in a large dump */
	DUP_SETTLE = 40 * DUP_CHUNK,        /* entries of a log before it is settled: 37 MB in all partitions */
	DUP_BIGS = 512,                     /* strings beside the log before it is settled: 5 MB in all partitions */
	DUP_DISTINCT_MAX = 2500 * 1000,     /* distinct values followed: 44 MB at the most */
	DUP_GROUPS_MAX = 1024 * 1024,       /* of these with several copies (or unusual figures) */
	DUP_PAIRS_MAX = 1024 * 1024,        /* (group, site) pairs followed; beyond it new sites are not listed */
	DUP_VALUES_BYTES = 16 * 1024 * 1024, /* texts kept with keep_values */
	DUP_SEEN_BITS_LOG2 = 25             /* 4 MB, with keep_values only: see dupstr.seen */
};

/* 48 bits of hash, then 64 bits of the first copy or the number of a group (dupstr.c). */
struct dup_entry {
	uint16_t w[7];
};

struct dup_group {
	uint64_t hash;
	uint64_t copies, bytes, length;
	uint64_t generation; /* of the newest copy, UINT64_MAX unknown */
};

/* One string. */
struct dup_string {
	uint64_t hash, bytes, length;
	uint32_t site;
	uint32_t gen; /* index of the generation, UINT32_MAX: unknown */
};

/* at and end are where the next entry goes and the end of its chunk. */
struct dup_part {
	struct dup_entry *at, *end;
	struct dup_entry **chunks;
	uint32_t nchunks; /* in use, the last one up to at */
	uint32_t held;    /* allocated */
	size_t cap;
	uint32_t settled; /* entries at the start that are all different */
	uint32_t limit;   /* chunks in use before it is settled again */
	struct dup_string *bigs;
	uint32_t nbigs;
};

struct dupstr {
	struct dup_part part[1 << DUP_PARTS_LOG2];
	void **slabs;              /* blocks of DUP_SLAB bytes that the chunks lie in */
	size_t nslabs, cap_slabs;
	size_t slab_left;          /* chunks still to be cut from the last one */
	size_t n;            /* distinct values followed, of those settled */
	size_t max;          /* 0: DUP_DISTINCT_MAX (tests set a small one) */
	unsigned sample;     /* k */
	struct dup_group *groups;
	size_t ngroups, cap_groups;
	struct u64map sites; /* group << 32 | site -> copies */
	uint32_t *index;     /* of the partition settled last: hash -> number of its entry + 1 */
	uint32_t index_size; /* a power of two */
	/* With keep_values: the text is at hand only while its string is added, and worth keeping from the second copy on. A bit
	 * per hash seen says whether this may be one; now and then it is not, which costs the room of a text. */
	uint64_t *seen;
	struct u64map texts; /* hash -> id in values */
	struct strtab values;
	uint64_t *const *gens; /* the reducer's array: index of a generation -> generation */
};

/* All-zero and gens set is an empty table. */
void dupstr_done(struct dupstr *d);
/* One more string; value is its text, kept when it may be a second copy, {NULL, 0} for none. */
void dupstr_add(struct dupstr *d, const struct dup_string *s, struct span value);
/* Settles all partitions. Call before merging. */
void dupstr_flush(struct dupstr *d);
/* Adds all of from (both flushed); sites[id] is the id here of a site there (NULL: the same), gens[i] the same for generations. */
void dupstr_merge(struct dupstr *d, const struct dupstr *from, const uint32_t *sites, const uint32_t *gens);
struct reduce_names;
/* Fills s->dups, dup_groups, dup_copies, dup_bytes, dup_estimated. Empties the table. */
void dupstr_finish(struct dupstr *d, const struct reduce_names *names, struct dump_summary *s);
