/* Immediate dominators of objects that lead nowhere. SPDX-License-Identifier: BSD-2-Clause
 *
 * Nothing hangs on them, so their dominators follow from those of all others: the nearest common ancestor, in the tree of dominators, of
 * all that refer to them. They are two thirds of what is referred to more than once. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "graph/gmem.h"

/* A reference. */
struct idom_edge {
	uint32_t from, to; /* ids */
};

/* parent: by id, of n inner ones, and behind these of all ends of edges: id + 1 of the immediate dominator, 0 = the root, always less than
 * the own id + 1; of the ends of the edges: of any that refers to them, and of their dominators when it returns. The edges' other ends are
 * among the n. false without memory (then some are left as they were). Time nearly linear. */
bool leaves_dominators(uint32_t *parent, uint32_t n, const struct idom_edge *edge, uint64_t nedges, struct gmem *mem);
