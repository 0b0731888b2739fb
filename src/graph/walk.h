/* The walk: what is reachable, on which way, and each object's signature. SPDX-License-Identifier: BSD-2-Clause
 *
 * Breadth first from the roots, level by level. Each object reached gets a number, its new id, in the order of the walk; from there on
 * there are only flat arrays by id, in which a parent lies before its children and children of one parent side by side, so that sums over
 * trees are straight passes. Unlike a depth-first walk it knows long before what it reads next, and fetches it.
 *
 * *Leaves*, which lead to nothing that has not been seen to the end, are most of a heap. They get their ids from the end of the range
 * downwards, so that all others, the *inner* ones, lie side by side: what only concerns these is short.
 *
 * Signature: an object takes that of its parent on a shortest path, extended by its own step. Of several parents on the level before
 * the one with the smallest signature id wins, never the one with the lowest address, so that the result depends on names and structure
 * only. Roots of a later turn (stacks, whose stale words point anywhere) begin only when those of the turns before have been followed
 * to the end: they name only what nothing else holds.
 *
 * References that lead to what has been reached already are set aside for the dominators (idom.h), but for those that can tell them
 * nothing. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "graph/glog.h"
#include "graph/gmem.h"
#include "graph/sigtab.h"

#define WALK_NONE 0xFFFFFFFFu
#define WALK_LAST 0x80000000u /* set in the last edge of each row */
#define WALK_ROOTED 0x80000000u /* in the num of a node */
#define WALK_NUM 0x7FFFFFFFu

/* In a slot. */
#define SLOT_OWN_CLASS 0x80000000u  /* the object's class is not that of its slot */
#define SLOT_CLASS_EDGE 0x40000000u /* but where the last edge of its row leads */
#define SLOT_LONG 0x20000000u       /* it may have many entries */
#define SLOT_MASK 0x1FFFFFFFu

/* Steps that are no names. */
#define STEP_FOLD 0xFFFFFFFFu   /* internal (IMEMO, ICLASS): goes with its parent */
#define STEP_CLASS 0xFFFFFFFEu  /* a class or module: asked from class_step */

/* An object before the walk, and once it has been reached, when all that another reference to it asks stands in this one cache line. */
struct walk_node {
	union {
		uint32_t row;  /* its first edge, WALK_NONE = it has none */
		uint32_t top;  /* reached: the root's reference that its tree hangs on */
	};
	union {
		uint32_t slot; /* carried along */
		uint32_t sig;  /* reached: that of the best parent so far */
	};
	union {
		uint32_t size; /* carried along */
		uint32_t run;  /* reached: objects in the folded chain up to that parent */
	};
	uint32_t num;          /* new id + 1, 0 = not reached (all 0 before the walk); WALK_ROOTED: the root alone dominates it */
};

/* Roots come in turns: those of a later one name only what none of an earlier one leads to. */
enum walk_turn { TURN_FIRST, TURN_THREADS, TURN_STACKS, WALK_TURNS };

struct walk_root {
	uint32_t step, id;
	uint8_t turn; /* enum walk_turn */
};

struct walk_input {
	uint32_t n;                     /* objects */
	struct walk_node *node;         /* by old id */
	const uint32_t *to;             /* edges: old ids with WALK_LAST */
	const uint32_t *slot_class;     /* by slot: old id of the class that its objects refer to besides, WALK_NONE = none */
	uint64_t nslots;
	const uint32_t *slot_step;      /* by slot: a name id or STEP_* */
	const struct walk_root *roots;
	uint32_t nroots;
	uint32_t (*class_step)(void *ctx, uint32_t old_id, uint32_t slot);
	void *ctx;
};

/* Embedded; all-zero is empty. Arrays by id: of inner ones 0 .. n - 1, of leaves leaf .. cap - 1. */
struct walk {
	struct gmem *mem;
	uint32_t n, leaf, cap;
	uint32_t *old;    /* old id */
	uint32_t *parent; /* id + 1 of the one it was reached from, 0 = a root, or the root alone dominates it; less than its own */
	uint32_t *slot, *size; /* those of the node */
	uint32_t *sig;    /* index in the table of signatures */
	uint32_t *row;    /* of inner ones only: that of the node */
	uint64_t row_cap;
	struct glog cross; /* (from, to): edges beside the tree to what is not known to be rooted */
};

/* All ids: for (id = walk_first(w); id < w->cap; id = walk_next(w, id)), parents before their children. */
static inline uint32_t walk_first(const struct walk *w) { return w->n ? 0 : w->leaf; }
static inline uint32_t walk_next(const struct walk *w, uint32_t id) { return id + 1 == w->n ? w->leaf : id + 1; }
/* How many. */
static inline uint32_t walk_count(const struct walk *w) { return w->n + (w->cap - w->leaf); }

/* false without memory (then *w is empty). */
bool walk_run(struct walk *w, const struct walk_input *in, struct sigtab *t, struct gmem *mem);
void walk_done(struct walk *w);
