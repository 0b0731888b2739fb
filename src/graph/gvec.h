/* A log of u32 records that lies in one piece. SPDX-License-Identifier: BSD-2-Clause
 *
 * What the scan appends and the end changes in place, at random. It never moves once it is large: address space for all it may become is
 * set aside, and memory follows 2 MiB at a time. So it takes no copy, and no second array of its size. Up to 2 MiB it doubles. */
#pragma once

#include <stdint.h>

#include "graph/gmem.h"

/* Embedded; all-zero but mem and width is empty. */
struct gvec {
	struct gmem *mem;
	uint32_t width;  /* numbers in a record */
	uint32_t *p;
	uint64_t n, cap; /* numbers, not records: there, and for which there is room */
	uint64_t space;  /* numbers for which there is address space; cap while it is small */
};

void gvec_init(struct gvec *v, struct gmem *mem, uint32_t width);
void gvec_done(struct gvec *v);
/* Nothing is appended any more: p becomes the caller's, who frees it with gmem_free of (*ret_cap, 4); v is empty. NULL when it is empty. */
uint32_t *gvec_take(struct gvec *v, uint64_t *ret_cap);
/* As gvec_push, when there is no room. */
uint32_t *gvec_push_slow(struct gvec *v);
/* Place for one more record, or NULL without memory. */
static inline uint32_t *gvec_push(struct gvec *v)
{
	if (__builtin_expect(v->cap - v->n < v->width, 0))
		return gvec_push_slow(v);
	uint32_t *p = v->p + v->n;
	v->n += v->width;
	return p;
}
