/* The k largest of many. SPDX-License-Identifier: BSD-2-Clause */
#include "graph/top.h"

#include <stdlib.h>

static bool better(const struct top_row *x, const struct top_row *y)
{
	if (x->a != y->a)
		return x->a > y->a;
	if (x->b != y->b)
		return x->b > y->b;
	if (x->tie != y->tie)
		return x->tie < y->tie;
	return x->addr < y->addr;
}

static void swap(struct top_row *x, struct top_row *y)
{
	struct top_row t = *x;
	*x = *y;
	*y = t;
}

static void sift_up(struct top *t, size_t i)
{
	while (i && better(&t->row[(i - 1) / 2], &t->row[i])) {
		swap(&t->row[(i - 1) / 2], &t->row[i]);
		i = (i - 1) / 2;
	}
}

static void sift_down(struct top *t)
{
	size_t i = 0, c;
	while ((c = 2 * i + 1) < t->n) {
		if (c + 1 < t->n && better(&t->row[c], &t->row[c + 1]))
			c++;
		if (!better(&t->row[i], &t->row[c]))
			return;
		swap(&t->row[i], &t->row[c]);
		i = c;
	}
}

void top_offer(struct top *t, struct top_row r)
{
	if (t->n < t->cap) {
		t->row[t->n] = r;
		sift_up(t, t->n++);
	} else if (t->cap && better(&r, &t->row[0])) {
		t->row[0] = r;
		sift_down(t);
	}
}

static int best_first(const void *a, const void *b)
{
	const struct top_row *x = a, *y = b;
	return better(x, y) ? -1 : better(y, x) ? 1 : 0;
}

void top_sort(struct top *t) { qsort(t->row, t->n, sizeof(*t->row), best_first); }
