/* What the files of src/graph share. SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include "graph/addrmap.h"
#include "graph/glog.h"
#include "graph/gmem.h"
#include "graph/graph.h"
#include "graph/gvec.h"
#include "graph/walk.h"

/* Thresholds of what is worth a row; README.md lists them all. */
enum {
	GRAPH_CONTAINER_MIN = 64,      /* entries from which something is a container, links from which a list is one */
	GRAPH_BUFFER_MIN = 64 << 10,   /* bytes from which a String is a container of bytes: a log, a capture, a body that is never cut */
	GRAPH_HOLDER_SHARE = 2000,     /* a holder retains at least one part in so many of the reachable bytes ... */
	GRAPH_HOLDER_MIN = 4096,       /* ... and at least so many bytes */
	GRAPH_HOLDER_CARRY_PERCENT = 60, /* a node whose largest dominated child carries on more than this is no holder: the child may be */
	GRAPH_HOLDER_STEPS = 4,        /* steps of a holder's path that are shown; the middle of a longer one is left out */
};

/* In the size of a node: it stands in big_sizes. */
#define REC_SIZE_BIG 0xFFFFFFFFu

/* In `born`: of no generation that is known. */
#define GRAPH_UNBORN 0xFFFFFFFFu

/* Objects of one slot nearly always have one class, so their references to it are kept once a slot. */
enum { SLOT_UNKNOWN, SLOT_CLASSLESS, SLOT_CLASS };
enum { GRAPH_SLOTS_FIRST = 1024 };
struct slot_class {
	uint64_t addr;
	uint32_t code, state;
};

struct graph {
	struct gmem mem;
	struct graph_opts opts;
	int state;              /* 0 or HDA_ELIMIT */
	bool has_roots;
	struct addrmap map;
	struct gvec objs;       /* struct walk_node by id, num 0, row: where in refs its references begin; the first line of an address only */
	struct gvec refs;       /* codes: the references of the objects, in the same order; with SLOT_CLASS_EDGE then that to its class */
	struct gvec born;       /* generation by id, GRAPH_UNBORN: unknown; of a traced dump, until the walk is done */
	struct slot_class *slot_class; /* by slot of the reducer: the class of its first object */
	uint64_t nslots;
	struct glog roots;      /* (name id of the scanner, code) */
	struct glog lengths;    /* (code, low, high half of the length) of containers from GRAPH_CONTAINER_MIN entries, Strings from
	                           GRAPH_BUFFER_MIN bytes */
	struct glog shorts;     /* (code, entries, or bytes of a String beyond SUM_FEW_BYTES) of shorter ones */
	struct glog named;      /* (code, name id of the scanner) of CLASS and MODULE lines with a name */
	struct glog big_sizes;  /* (code, low, high) of sizes from 2^32 - 1 */
	struct glog shaped;     /* (code, references << 24 | shape id) of objects with a shape whose references may be variables */
	struct glog shapes;     /* (id, parent, name id of the scanner) of SHAPE lines */
	struct glog names;      /* (code, name id of the scanner): what the gem calls objects, with GRAPH_NAME_PREFIX */
	struct graph_trail trail;
	uint64_t pending;       /* references of the record being read, at the end of refs */
};

/* The same with ids for codes: what the scan has left, changed in place. Of references that lead nowhere nothing is left. */
struct rows {
	struct gmem *mem;
	uint32_t n;              /* objects */
	struct walk_node *node;  /* by id, one cache line for all a walk asks; NULL after rows_take_nums; size REC_SIZE_BIG = look it up */
	uint32_t *to;            /* ids with WALK_LAST; an object's references, then its class when that is not its slot's */
	uint64_t node_cap, to_cap; /* numbers */
	uint32_t *slot_class;    /* by slot: id of the class of its objects, ADDR_NONE = none */
	uint64_t nslots;
	uint8_t *in;             /* by id: references to it mod 256, class edges left out; freed by rows_done or before */
	struct u64map in_high;   /* ids of those with more: index in `many` */
	struct in_many {
		uint32_t id, times;  /* 256 references each */
	} *many;
	uint32_t nmany, many_cap;
	uint64_t dangling;       /* references to addresses without an object */
};

/* The class of an object, ADDR_NONE = none or without a line. Before rows_take_nums. */
uint32_t rows_class(const struct rows *r, uint32_t id);

/* A phase of the end begins. */
static inline void graph_phase(const struct graph *g, const char *name)
{
	if (g->opts.phase)
		g->opts.phase(g->opts.phase_ctx, name);
}

/* false without memory. */
bool rows_build(struct rows *r, struct graph *g);
void rows_free_in(struct rows *r);
/* The numbers that the walk gave, by id (0 = unreachable), in place of the nodes. The caller frees them: n of 4 bytes. */
uint32_t *rows_take_nums(struct rows *r);
void rows_done(struct rows *r);
/* The memory is used up: frees everything, sets the state. */
void graph_give_up(struct graph *g);
