/* Immediate dominators of everything that a walk reached. SPDX-License-Identifier: BSD-2-Clause
 *
 * Most objects are referred to once: that reference's holder is their dominator, and nothing is to be computed. So:
 *
 * 1. An edge beside the tree whose two ends hang on different references of the root makes its end *rooted*: the root alone dominates it.
 *    A rooted object's tree then hangs on the root as well, which makes more of them rooted; some rounds of that.
 * 2. What is left of such edges, with the part of the tree that leads to their ends, is a small graph; semi-NCA (dom.h) answers for it.
 *    (Leaving out the rest is right since no other edge leads into it or out of it but the tree's. An added edge from a dominator to what it
 *    dominates immediately changes no dominator, so that rooted objects may be taken as ends of the root's own references.)
 * 3. All others are dominated by their parents. */
#pragma once

#include "graph/walk.h"

/* By id: id + 1 of the immediate dominator, 0 = the root; always less than the object's own id + 1. w->n numbers in w->parent, which
 * are changed in place; frees w's top and cross. false without memory. */
bool idom_find(struct walk *w);
