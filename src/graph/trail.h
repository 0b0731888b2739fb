/* The way to one object that was asked for by its address. SPDX-License-Identifier: BSD-2-Clause
 *
 * A shortest path from a root, object by object; of several the one over the smallest signatures. Known only while the dump is being read.
 */
#pragma once

#include "graph/conclude.h"

enum { TRAIL_STEPS = 1000 }; /* at most: of a longer one the middle is left out */

/* Fills g->trail. false without memory. */
bool conclude_trail(struct conclusion *c);
void trail_done(struct graph_trail *t);
