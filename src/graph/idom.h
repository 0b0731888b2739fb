/* Immediate dominators of everything that a walk reached. SPDX-License-Identifier: BSD-2-Clause
 *
 * Most objects are referred to once: that reference's holder is their dominator, and nothing is to be computed. For the others:
 *
 * 1. An edge beside the tree whose two ends hang on different references of the root makes its end *rooted*: the root alone dominates it.
 *    The walk finds these.
 * 2. Of the other edges those whose ends lead anywhere themselves are lifted: what lies above no such end has one way in, so an edge
 *    that begins there may begin at its parent. Lifted to the root, it makes its end rooted; lifted to its end or the end's parent, it
 *    tells nothing. The ends of those that are left, with all of the tree above them, are a small graph; semi-NCA (dom.h) answers for it.
 * 3. Those that lead nowhere follow from the others (leaves.h).
 * 4. All others are dominated by their parents.
 *
 * Right, since nothing but the tree's edges leads into or out of what is left out, and since a rooted object may be taken for the end of a
 * reference of the root's own: each way that leads to it over something else could as well begin there. */
#pragma once

#include "graph/walk.h"

/* By id: id + 1 of the immediate dominator, 0 = the root; always less than the object's own id + 1. In w->parent, which is changed in
 * place; frees w's cross. false without memory. */
bool idom_find(struct walk *w);
