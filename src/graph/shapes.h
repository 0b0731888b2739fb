/* Instance variables by shape. SPDX-License-Identifier: BSD-2-Clause
 *
 * SHAPE lines are a tree in which each IVAR edge adds a variable. Ruby writes the references of an OBJECT (and of an IMEMO that holds
 * the variables of a class, Ruby 4.0) in that order and leaves out what is no object (nil, true, small numbers): reference i is
 * variable i only where there are as many references as variables. */
#pragma once

#include "graph/glog.h"

enum {
	SHAPE_REFS_MAX = 255,           /* references of an object whose variables are told apart */
	SHAPE_ID_MAX = (1 << 24) - 1,   /* the highest id that is followed (Ruby has 2^19) */
	SHAPE_LINES_MAX = 1 << 20,      /* SHAPE lines followed */
	SHAPE_VARS_MAX = 1 << 20,       /* variables of all shapes in use, together */
};

struct shape {
	uint32_t id, parent, name; /* name: id of the scanner, 0 = no variable */
	uint32_t first, n;         /* its variables in vars, from the root of the tree on; n SHAPE_NEW: not asked for yet, SHAPE_UNSURE: torn */
};

/* Embedded; all-zero is empty. */
struct shapes {
	struct gmem *mem;
	struct shape *s; /* by id */
	uint64_t n, cap;
	uint32_t *vars;
	size_t nvars, cap_vars;
};

/* From a log of (id, parent, name). false without memory. */
bool shapes_take(struct shapes *s, const struct glog *log);
void shapes_done(struct shapes *s);
/* The variables' names (ids of the scanner) of an object of this shape with nrefs references, in their order, or NULL: not certain.
 * Valid until the next call. */
const uint32_t *shapes_vars(struct shapes *s, uint32_t id, uint32_t nrefs);
