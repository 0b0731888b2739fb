/* Bounded heaps of the strongest objects. SPDX-License-Identifier: BSD-2-Clause */
#include "reduce/tops.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/mem.h"

enum { TOPS_FIRST = 5 /* entries: there may be very many heaps of few */ };

void tops_done(struct tops *t)
{
	free(t->p);
	*t = (struct tops){.max = t->max};
}

static int figures_cmp(const struct top_obj *a, const struct top_obj *b)
{
	if (a->rank != b->rank)
		return a->rank > b->rank ? -1 : 1;
	if (a->bytes != b->bytes)
		return a->bytes > b->bytes ? -1 : 1;
	if (a->refs != b->refs)
		return a->refs > b->refs ? -1 : 1;
	if (a->generation != b->generation)
		return a->generation < b->generation ? -1 : 1;
	return (a->length > b->length) - (a->length < b->length);
}

bool tops_tie(const struct top_obj *a, const struct top_obj *b) { return figures_cmp(a, b) == 0; }

int top_obj_cmp(const void *va, const void *vb)
{
	const struct top_obj *a = va, *b = vb;
	int c = figures_cmp(a, b);
	return c ? c : (a->addr > b->addr) - (a->addr < b->addr);
}

static bool weaker(const struct top_obj *a, const struct top_obj *b) { return top_obj_cmp(a, b) > 0; }

static void sift_down(struct tops *t, uint32_t i)
{
	struct top_obj moving = t->p[i];
	for (;;) {
		uint32_t c = 2 * i + 1;
		if (c >= t->n)
			break;
		if (c + 1 < t->n && weaker(&t->p[c + 1], &t->p[c]))
			c++;
		if (!weaker(&t->p[c], &moving))
			break;
		t->p[i] = t->p[c];
		i = c;
	}
	t->p[i] = moving;
}

void tops_add(struct tops *t, const struct top_obj *o)
{
	if (o->rank == 0 || o->rank < t->floor)
		return;
	if (t->n < t->max) {
		if (t->n == t->cap) {
			uint32_t cap = t->cap ? t->cap * 2 : TOPS_FIRST;
			t->cap = cap < t->max ? cap : t->max;
			t->p = xreallocarray(t->p, t->cap, sizeof(*t->p));
		}
		t->p[t->n++] = *o;
		if (t->n < t->max)
			return;
		for (uint32_t i = t->n / 2; i-- > 0;)
			sift_down(t, i);
	} else if (weaker(&t->p[0], o)) {
		t->p[0] = *o;
		sift_down(t, 0);
	}
	t->floor = t->p[0].rank;
}

void tops_sort(struct tops *t)
{
	if (t->n)
		qsort(t->p, t->n, sizeof(*t->p), top_obj_cmp);
}
