/* The walk: what is reachable, on which way, and each object's signature. SPDX-License-Identifier: BSD-2-Clause
 *
 * Breadth first from the roots, level by level. Each object reached gets a number, its new id, in the order of the walk; from there on
 * there are only flat arrays by id, in which a parent lies before its children and children of one parent side by side, so that sums over
 * trees are straight passes. Unlike a depth-first walk it knows long before what it reads next, and fetches it.
 *
 * Signature: an object takes that of its parent on a shortest path, extended by its own step. Of several parents on the level before
 * the one with the smallest signature id wins, never the one with the lowest address, so that the result depends on names and structure
 * only. Roots of last resort (the machine stack, whose stale words point anywhere) begin only when all other roots have been followed
 * to the end: they name only what nothing else holds (VERDICT.md, section 1).
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
#define WALK_ROOTED 0x80000000u
#define WALK_NUM 0x7FFFFFFFu
#define WALK_LEAF 0x80000000u /* set in `to` of an edge of `cross`: that object has no row */

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
		uint32_t top;  /* reached: as in walk.top, but WALK_LEAF as in walk.cross */
	};
	union {
		uint32_t slot; /* carried along */
		uint32_t sig;  /* reached: that of the best parent so far */
	};
	union {
		uint32_t size; /* carried along */
		uint32_t run;  /* reached: objects in the folded chain up to that parent */
	};
	uint32_t num;          /* new id + 1, 0 = not reached (all 0 before the walk); WALK_ROOTED as in walk.top */
};

struct walk_root {
	uint32_t step, id;
	bool last_resort;
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

/* Embedded; all-zero is empty. Arrays by id, of which the first n of cap elements are filled. */
struct walk {
	struct gmem *mem;
	uint32_t n, cap;
	uint32_t *old;    /* old id */
	uint32_t *parent; /* id + 1 of the one it was reached from, 0 = a root; never more than its own id */
	uint32_t *slot, *size, *row; /* those of the node */
	uint32_t *sig;    /* index in the table of signatures */
	uint32_t *top;    /* id of the root's reference that its tree hangs on; WALK_ROOTED: the root alone dominates it */
	struct glog cross; /* (from, to and WALK_LEAF): edges beside the tree to what is not known to be rooted; and those of the tree from an
	                    * object without a row to its class, which so is known to be no leaf */
};

/* false without memory (then *w is empty). */
bool walk_run(struct walk *w, const struct walk_input *in, struct sigtab *t, struct gmem *mem);
/* Frees top and cross. */
void walk_free_edges(struct walk *w);
void walk_done(struct walk *w);
