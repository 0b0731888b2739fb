/* Reachability and immediate dominators of a graph in flat arrays. SPDX-License-Identifier: BSD-2-Clause
 *
 * Semi-NCA (Georgiadis, "Linear-Time Algorithms for Dominators and Related Problems", 2005, section 2.3), iterative throughout, on
 * depth-first numbers. A virtual root stands above all roots. Knows nothing of dumps. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "graph/gmem.h"

#define DOM_NONE 0xFFFFFFFFu

/* A borrowed graph: edges of v are to[off[v] .. off[v + 1]) and, unless NULL or DOM_NONE, extra[v]. */
struct dom_graph {
	uint32_t n;
	const uint32_t *off, *to, *extra;
	const uint32_t *roots; /* ids; repeats allowed */
	uint32_t nroots;
};

/* The dominator tree in preorder: position 0 is the virtual root, positions 1 .. reached the reachable nodes. What v dominates, itself
 * included, are the positions at .. at + sub[at] - 1, so anything summed over a subtree is a difference of prefix sums. */
struct domtree {
	struct gmem *mem;
	uint32_t n;        /* nodes of the graph */
	uint32_t reached;  /* without the virtual root */
	uint32_t *at;      /* by id: position, 0 = unreachable */
	uint32_t *id;      /* by position (id[0] is DOM_NONE); reached + 1 */
	uint32_t *up;      /* by position: position of the immediate dominator; up[0] = 0 */
	uint32_t *sub;     /* by position: nodes dominated, itself included (without the virtual root: sub[0] = reached + 1) */
};

/* false without memory (then *t is empty). Time nearly linear in nodes and edges. */
bool domtree_build(struct domtree *t, const struct dom_graph *g, struct gmem *mem);
void domtree_done(struct domtree *t);
