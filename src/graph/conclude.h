/* What the parts that draw conclusions share. SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include "graph/idval.h"
#include "graph/internal.h"
#include "graph/top.h"

struct conclusion {
	struct graph *g;
	struct csr csr;
	struct idvals lengths;    /* of containers from GRAPH_CONTAINER_MIN entries */
	struct idvals big_sizes;
	struct idvals named;      /* name id (of the scanner) of CLASS and MODULE lines that have a name */
	const struct scanner *sc;
	const struct reducer *r;
	struct dump_summary *s;
};

/* An object's key. */
static inline const struct sum_key *conclusion_key(const struct conclusion *c, uint32_t id)
{
	return &c->s->keys[reducer_slot_key(c->r, c->csr.slot[id])];
}

/* Its size in bytes. */
static inline uint64_t conclusion_size(const struct conclusion *c, uint32_t id)
{
	uint32_t size = c->csr.size[id];
	return __builtin_expect(size == REC_SIZE_BIG, 0) ? idvals_get(&c->big_sizes, id, 0) : size;
}

/* A row about one object, bytes its own size, refs 0. */
struct sum_object object_row(const struct conclusion *c, uint32_t id);
