/* The depth-first walk, and the graph renumbered by it. SPDX-License-Identifier: BSD-2-Clause
 *
 * Dominators need depth-first numbers; everything after them only sees what is reachable, and is quicker when objects that hold
 * each other lie side by side. So the walk writes the graph anew while it goes: new id = order of the walk, unreachable objects left
 * out. From then on it reads the new rows, whose latest are still in the cache. Knows nothing of dumps. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "graph/gmem.h"

#define DFS_NONE 0xFFFFFFFFu
#define DFS_LAST 0x80000000u /* set in the last edge of each row */

struct dfs_node {
	uint32_t row;   /* its first edge, DFS_NONE = it has none */
	uint32_t slot, size; /* carried along */
	uint32_t num;   /* new id + 1, 0 = not reached (all 0 before the walk) */
};

/* Embedded. */
struct dfs {
	struct gmem *mem;
	uint32_t n, reached;
	uint32_t *num;     /* by old id: new id + 1, 0 = unreachable; n */
	uint32_t *old;     /* by new id; capacity n */
	uint32_t *parent;  /* by new id: new id + 1 of the parent in the tree, 0 = a root; capacity n */
	/* The graph by new id. */
	uint32_t *off;     /* capacity n + 1 */
	uint32_t *to;      /* capacity m; old ids until dfs_finish */
	uint32_t *slot, *size; /* capacity n */
	uint64_t m;
};

/* Walks n nodes with m edges in `to` from the roots (old ids; repeats allowed). Iterative. false without memory (then *d is empty). */
bool dfs_walk(struct dfs *d, uint32_t n, struct dfs_node *node, const uint32_t *to, uint64_t m, const uint32_t *roots, uint32_t nroots,
    struct gmem *mem);
/* Sets num from the nodes, which are not needed any more afterwards. false without memory. */
bool dfs_numbers(struct dfs *d, const struct dfs_node *node);
/* Makes the edges lead to new ids. */
void dfs_finish(struct dfs *d);
void dfs_done(struct dfs *d);
