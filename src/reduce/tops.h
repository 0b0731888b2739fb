/* The first n of very many objects by one figure. SPDX-License-Identifier: BSD-2-Clause
 *
 * A heap with the weakest on top, so that nearly every object costs one comparison. Ties go by what the objects say of themselves,
 * and only then to the lower address: which objects win depends neither on the order in which they come nor, but for their names,
 * on where they lie. Names are not known yet, so more are kept than are wanted (REDUCE_SPARE), and reduce_objects has the last word. */
#pragma once

#include <stdbool.h>
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
	struct top_obj *p; /* grows up to max entries */
	uint32_t n, cap, max;
	uint64_t floor;    /* an object below this rank cannot enter (0 until the heap is full) */
};

void tops_done(struct tops *t);
/* Lets it in if it is good enough. rank 0 never is. */
void tops_add(struct tops *t, const struct top_obj *o);
/* Sorts in place, strongest first. No tops_add after it. */
void tops_sort(struct tops *t);
/* Whether they differ in nothing but names and addresses. */
bool tops_tie(const struct top_obj *a, const struct top_obj *b);
/* Orders strongest first; for qsort. */
int top_obj_cmp(const void *a, const void *b);
