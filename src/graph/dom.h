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

/* The immediate dominators by number (id + 1; 0 = the virtual root, also as the answer): n + 1 numbers that the caller frees with
 * gmem_free; NULL without memory. Time nearly linear in nodes and edges. */
uint32_t *dom_immediate(const struct dom_graph *g, struct gmem *mem);
