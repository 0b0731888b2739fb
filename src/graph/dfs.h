/* The depth-first walk, and the graph renumbered by it. SPDX-License-Identifier: BSD-2-Clause
 *
 * Dominators need depth-first numbers; everything after them only sees what is reachable, and is quicker when objects that hold
 * each other lie side by side. So the graph is renumbered once: new id = order of the walk, unreachable objects left out. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "graph/gmem.h"

#define DFS_NONE 0xFFFFFFFFu

/* Embedded. */
struct dfs {
	struct gmem *mem;
	uint32_t n, reached;
	uint32_t *num;     /* by old id: new id + 1, 0 = unreachable; n */
	uint32_t *old;     /* by new id; capacity n */
	uint32_t *parent;  /* by new id: new id + 1 of the parent in the tree, 0 = a root; capacity n */
};

/* Edges of v: to[off[v] .. off[v + 1]). Iterative. false without memory (then *d is empty). */
bool dfs_walk(struct dfs *d, uint32_t n, const uint32_t *off, const uint32_t *to, const uint32_t *roots, uint32_t nroots,
    struct gmem *mem);
void dfs_done(struct dfs *d);
/* The edges of the reachable by new id: *ret_off of reached + 1 elements, *ret_to of *ret_m. The caller frees with gmem_free. */
bool dfs_edges(const struct dfs *d, const uint32_t *off, const uint32_t *to, uint32_t **ret_off, uint32_t **ret_to, uint32_t *ret_m);
/* Values by new id of values by old id: reached elements that the caller frees, or NULL. */
uint32_t *dfs_values(const struct dfs *d, const uint32_t *values);
