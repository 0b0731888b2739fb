/* The first n of very many objects by one figure. SPDX-License-Identifier: BSD-2-Clause
 *
 * A heap with the weakest on top, so that nearly every object costs one comparison. Ties go to the lower address, then
 * to the lower slot: which objects win does not depend on the order in which they come. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "reduce/summary.h"

/* An object as the reducer keeps it until its names are known. */
struct top_obj {
	uint64_t rank; /* the figure it is ordered by */
	uint64_t addr, bytes, refs, generation, length;
	uint32_t slot;
};

/* Embedded; all-zero, then max set. */
struct tops {
	struct top_obj *p; /* max + 0 entries, allocated with the first one */
	uint32_t n, max;
	uint64_t floor;    /* an object below this rank cannot enter (0 until the heap is full) */
};

void tops_done(struct tops *t);
/* Lets it in if it is good enough. rank 0 never is. */
void tops_add(struct tops *t, const struct top_obj *o);
/* Sorts in place, strongest first. No tops_add after it. */
void tops_sort(struct tops *t);
/* Orders strongest first; for qsort. */
int top_obj_cmp(const void *a, const void *b);
