/* What the files of src/graph share. SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include "graph/addrmap.h"
#include "graph/glog.h"
#include "graph/gmem.h"
#include "graph/graph.h"

/* Thresholds of what is worth a row; README.md lists them all. */
enum {
	GRAPH_CONTAINER_MIN = 64,      /* entries from which something is a container, links from which a list is one */
	GRAPH_HOLDER_SHARE = 2000,     /* a holder retains at least one part in so many of the reachable bytes ... */
	GRAPH_HOLDER_MIN = 4096,       /* ... and at least so many bytes */
	GRAPH_HOLDER_CARRY_PERCENT = 60, /* a node whose largest dominated child carries on more than this is no holder: the child may be */
	GRAPH_HOLDER_STEPS = 4,        /* steps of a holder's path that are shown; the middle of a longer one is left out */
};

/* An object as the scan leaves it. Five numbers, so 20 bytes. */
enum { REC_CODE, REC_SLOT, REC_SIZE, REC_NREFS, REC_CLASS, REC_WIDTH };
#define REC_SIZE_BIG 0xFFFFFFFFu /* the size stands in big_sizes */

struct graph {
	struct gmem mem;
	int state;              /* 0 or HDA_ELIMIT */
	bool has_roots;
	struct addrmap map;
	struct glog objs;       /* REC_*: one an object, the first line of each address only */
	struct glog refs;       /* codes: the references of the objects, in the same order */
	struct glog roots;      /* (name id of the scanner, code) */
	struct glog lengths;    /* (code, low, high half of the length) of containers from GRAPH_CONTAINER_MIN entries */
	struct glog named;      /* (code, name id of the scanner) of CLASS and MODULE lines with a name */
	struct glog big_sizes;  /* (code, low, high) of sizes from 2^32 - 1 */
	uint64_t pending;       /* references of the record being read, at the end of refs */
};

/* The same by id, in flat arrays. Made by csr_build from the logs, which it uses up. */
struct csr {
	struct gmem *mem;
	uint32_t n;      /* objects */
	uint32_t m;      /* elements of `to` */
	uint32_t *slot;  /* by id, with CSR_HAS_CLASS; see csr_slot */
	uint32_t *size;  /* by id, REC_SIZE_BIG = look it up */
	uint32_t *off;   /* n + 1 */
	uint32_t *to;    /* ids; an object's references, then its class; those to addresses without an object are left out */
	uint32_t *in;    /* by id: references to it, class edges left out; freed by csr_done or before */
	uint64_t dangling; /* references left out */
};

#define CSR_HAS_CLASS 0x80000000u /* the last edge of the object is that to its class */

/* The reducer's slot of an object. */
static inline uint32_t csr_slot(const struct csr *c, uint32_t id) { return c->slot[id] & ~CSR_HAS_CLASS; }
/* Its references to objects, the class left out. */
static inline uint32_t csr_refs(const struct csr *c, uint32_t id)
{
	return c->off[id + 1] - c->off[id] - (c->slot[id] >> 31);
}

/* false without memory. */
bool csr_build(struct csr *c, struct graph *g);
void csr_free_in(struct csr *c);
void csr_done(struct csr *c);
/* The memory is used up: frees everything, sets the state. */
void graph_give_up(struct graph *g);
