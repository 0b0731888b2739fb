/* An append-only log of u32 records in chunks. SPDX-License-Identifier: BSD-2-Clause
 *
 * What the scan leaves for the end. Chunks never move (no doubling, so no peak of twice the size) and are given back one by one
 * while the log is read. */
#pragma once

#include <stdint.h>

#include "graph/gmem.h"

enum {
	GLOG_CHUNK = 2 * 1024 * 1024 / 4, /* numbers in a chunk: 2 MiB, a huge page */
	GLOG_FIRST = 16 * 1024 / 4,   /* in the first one, */
	GLOG_SECOND = 256 * 1024 / 4, /* and in the second one: small dumps stay small */
};

/* Embedded; all-zero but mem and width is empty. n, at: in records. */
struct glog {
	struct gmem *mem;
	uint32_t width;    /* numbers in a record */
	uint32_t **chunks;
	uint64_t nchunks, cap;
	uint64_t n;        /* records */
	uint64_t freed;    /* chunks given back from the front */
	uint32_t *next, *end; /* where the next record goes; next == end: a chunk must be found first */
};

void glog_init(struct glog *l, struct gmem *mem, uint32_t width);
void glog_done(struct glog *l);
/* As glog_push, when the chunk is full. */
uint32_t *glog_push_slow(struct glog *l);
/* Place for one more record, or NULL without memory. */
static inline uint32_t *glog_push(struct glog *l)
{
	uint32_t *p = l->next;
	if (__builtin_expect(p == l->end, 0))
		return glog_push_slow(l);
	l->next += l->width;
	l->n++;
	return p;
}
/* Record i, which must not have been given back. */
uint32_t *glog_at(const struct glog *l, uint64_t i);
/* From record i on: how many lie side by side in memory (at least 1 when i < n). */
uint64_t glog_run(const struct glog *l, uint64_t i);
/* Gives back the chunks that lie wholly before record i. */
void glog_free_before(struct glog *l, uint64_t i);
