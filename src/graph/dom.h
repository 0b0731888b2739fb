/* Immediate dominators of a graph in flat arrays. SPDX-License-Identifier: BSD-2-Clause
 *
 * Semi-NCA (Georgiadis, "Linear-Time Algorithms for Dominators and Related Problems", 2005, section 2.3), iterative throughout. A virtual
 * root stands above all roots. Knows nothing of dumps. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "graph/gmem.h"

/* A borrowed graph whose ids are the order of a depth-first walk from its roots that reached everything (dfs.h). */
struct dom_graph {
	uint32_t n;
	const uint32_t *off, *to;  /* edges of v: to[off[v] .. off[v + 1]) */
	const uint32_t *parent;    /* id + 1 in the tree of the walk, 0 = a root */
	const uint32_t *roots;     /* ids; repeats allowed */
	uint32_t nroots;
};

/* The dominator tree in preorder: position 0 is the virtual root, positions 1 .. n the nodes. What v dominates, itself included, are
 * the positions at .. at + sub[at] - 1, so anything summed over a subtree is a difference of prefix sums. */
struct domtree {
	struct gmem *mem;
	uint32_t n;      /* nodes, without the virtual root */
	uint32_t *at;    /* by id: position */
	uint32_t *id;    /* by position (id[0] means nothing); n + 1, as the next two */
	uint32_t *up;    /* by position: position of the immediate dominator; up[0] = 0 */
	uint32_t *sub;   /* by position: nodes dominated, itself included */
};

/* false without memory (then *t is empty). Time nearly linear in nodes and edges. */
bool domtree_build(struct domtree *t, const struct dom_graph *g, struct gmem *mem);
void domtree_done(struct domtree *t);
