/* What the parts that draw conclusions share. SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include "graph/dfs.h"
#include "graph/dom.h"
#include "graph/idval.h"
#include "graph/internal.h"
#include "graph/top.h"

struct conclusion {
	struct graph *g;
	struct rows rows;         /* until conclude_reach: ids are those of the address table */
	struct csr csr;           /* afterwards: ids are those of the walk; see conclusion_addr, conclusion_id */
	struct dfs dfs;
	struct idvals lengths;    /* of containers from GRAPH_CONTAINER_MIN entries */
	struct idvals big_sizes;
	struct idvals named;      /* name id (of the scanner) of CLASS and MODULE lines that have a name */
	const struct scanner *sc;
	const struct reducer *r;
	struct dump_summary *s;
	/* with roots */
	struct domtree dom;
	uint64_t *prefix;         /* by position: bytes of all before it; dom.n + 2 */
	uint32_t *sig;            /* by id: index into s->sigs; csr.n numbers in an array of sigs_cap */
	uint64_t sigs_cap;
};

/* What the object at a position of the dominator tree keeps alive, itself included. */
static inline struct tally conclusion_retained(const struct conclusion *c, uint32_t p)
{
	return (struct tally){.count = c->dom.sub[p], .bytes = c->prefix[p + c->dom.sub[p]] - c->prefix[p]};
}

/* An object's key. */
static inline const struct sum_key *conclusion_key(const struct conclusion *c, uint32_t id)
{
	uint32_t slot = c->rows.node ? c->rows.node[id].slot : c->csr.slot[id];
	return &c->s->keys[reducer_slot_key(c->r, slot & ~CSR_HAS_CLASS)];
}

/* Its size in bytes. */
static inline uint64_t conclusion_size(const struct conclusion *c, uint32_t id)
{
	uint32_t size = c->rows.node ? c->rows.node[id].size : c->csr.size[id];
	return __builtin_expect(size == REC_SIZE_BIG, 0) ? idvals_get(&c->big_sizes, id, 0) : size;
}

/* Where an object lies. */
uint64_t conclusion_addr(const struct conclusion *c, uint32_t id);
/* The id of the object at an id of the address table, DFS_NONE when it is unreachable. */
static inline uint32_t conclusion_id(const struct conclusion *c, uint32_t map_id)
{
	return c->dfs.num ? c->dfs.num[map_id] - 1 : map_id;
}

/* A row about one object, bytes its own size, refs 0. */
struct sum_object object_row(const struct conclusion *c, uint32_t id);
/* As above, but the class of a CLASS or MODULE line with a name is that name. */
struct sum_object object_row_named(struct conclusion *c, uint32_t id);

/* The steps with roots, in this order; each false without memory. */
bool conclude_reach(struct conclusion *c);       /* dom, prefix; reachable, garbage, dangling, top_retained */
bool conclude_signatures(struct conclusion *c);  /* sig; sigs with their own tallies */
bool conclude_key_sigs(struct conclusion *c);     /* key_sigs */
bool conclude_groups(struct conclusion *c);      /* retained by key, class, site, type, signature */
bool conclude_holders(struct conclusion *c);     /* holders */
bool conclude_containers(struct conclusion *c);  /* containers */
