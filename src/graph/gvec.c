/* A log in one piece. SPDX-License-Identifier: BSD-2-Clause */
#include "graph/gvec.h"

#include <string.h>

enum {
	FIRST = 16 * 1024 / 4,       /* numbers in the first piece; the next ones are twice as large: what is there moves */
	STEP = 2 * 1024 * 1024 / 4,  /* from here on it stays where it is, and grows by so many: a huge page */
};

/* Address space for a log: as many numbers as the largest may get (2^31 objects of 4), or what the system gives, but so many. */
#define SPACE_MAX (UINT64_C(1) << 33)
#define SPACE_MIN (UINT64_C(1) << 24)

void gvec_init(struct gvec *v, struct gmem *mem, uint32_t width) { *v = (struct gvec){.mem = mem, .width = width}; }

static void leave_space(struct gvec *v)
{
	if (v->space > v->cap)
		gmem_unreserve(v->p + v->cap, (v->space - v->cap) * 4);
	v->space = v->cap;
}

void gvec_done(struct gvec *v)
{
	leave_space(v);
	gmem_free(v->mem, v->p, v->cap, 4);
	gvec_init(v, v->mem, v->width);
}

uint32_t *gvec_take(struct gvec *v, uint64_t *ret_cap)
{
	uint32_t *p = v->p;
	leave_space(v);
	*ret_cap = v->cap;
	gvec_init(v, v->mem, v->width);
	return p;
}

/* Moves it to where there is room for all that may come. */
static bool settle_down(struct gvec *v)
{
	uint64_t space = v->mem->limit && v->mem->limit / 4 < SPACE_MAX ? v->mem->limit / 4 / STEP * STEP + STEP : SPACE_MAX;
	uint32_t *p = NULL;
	while (!(p = gmem_reserve(space * 4)) && space > SPACE_MIN)
		space = space / 2 / STEP * STEP;
	uint64_t cap = v->cap + STEP;
	if (!p || cap > space || !gmem_commit(v->mem, p, 0, cap * 4)) {
		if (p)
			gmem_unreserve(p, space * 4);
		v->mem->failed = true;
		return false;
	}
	memcpy(p, v->p, v->n * 4);
	gmem_free(v->mem, v->p, v->cap, 4);
	v->p = p;
	v->cap = cap;
	v->space = space;
	return true;
}

static bool more(struct gvec *v)
{
	if (v->cap < STEP) {
		uint64_t cap = v->cap == 0 ? FIRST : v->cap * 2;
		uint32_t *p = gmem_grow(v->mem, v->p, v->cap, cap, 4);
		if (!p)
			return false;
		v->p = p;
		v->cap = v->space = cap;
		return true;
	}
	if (v->cap == v->space)
		return v->cap == STEP && settle_down(v);
	if (!gmem_commit(v->mem, v->p, v->cap * 4, (v->cap + STEP) * 4))
		return false;
	v->cap += STEP;
	return true;
}

uint32_t *gvec_push_slow(struct gvec *v) { return more(v) ? gvec_push(v) : NULL; }
