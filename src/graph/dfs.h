/* The depth-first walk, and the graph renumbered by it. SPDX-License-Identifier: BSD-2-Clause
 *
 * Dominators need depth-first numbers, and are quicker when nodes that follow each other lie side by side. So the walk writes the graph
 * anew while it goes: new id = order of the walk. From then on it reads the new rows, whose latest are still in the cache. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "graph/gmem.h"

#define DFS_NONE 0xFFFFFFFFu
#define DFS_LAST 0x80000000u /* set in the last edge of each row */

struct dfs_node {
	uint32_t row;   /* its first edge, DFS_NONE = it has none */
	uint32_t num;   /* new id + 1, 0 = not reached (all 0 before the walk) */
};

/* Embedded. */
struct dfs {
	struct gmem *mem;
	uint32_t n, reached;
	uint32_t *old;     /* by new id; capacity n */
	uint32_t *parent;  /* by new id: new id + 1 of the parent in the tree, 0 = a root; capacity n */
	/* The graph by new id. */
	uint32_t *off;     /* capacity n + 1 */
	uint32_t *to;      /* capacity m; old ids until dfs_finish */
	uint64_t m;
};

/* Walks n nodes with m edges in `to` from the roots (old ids; repeats allowed). Iterative. false without memory (then *d is empty). */
bool dfs_walk(struct dfs *d, uint32_t n, struct dfs_node *node, const uint32_t *to, uint64_t m, const uint32_t *roots, uint32_t nroots,
    struct gmem *mem);
/* Makes the edges lead to new ids. */
void dfs_finish(struct dfs *d, const struct dfs_node *node);
void dfs_done(struct dfs *d);
