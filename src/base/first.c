/* The first few of many in order. SPDX-License-Identifier: BSD-2-Clause */
#include "base/first.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* Where it works: `size` bytes each, and room for one. */
struct heap {
	char *p, *spare;
	size_t size;
	int (*cmp)(const void *, const void *);
};

static void swap(struct heap *h, size_t a, size_t b)
{
	memcpy(h->spare, h->p + a * h->size, h->size);
	memcpy(h->p + a * h->size, h->p + b * h->size, h->size);
	memcpy(h->p + b * h->size, h->spare, h->size);
}

static int order(const struct heap *h, size_t a, size_t b) { return h->cmp(h->p + a * h->size, h->p + b * h->size); }

/* Makes a heap of k true again, whose element `at` may come too early in order for its place; the root is the last in order. */
static void sift(struct heap *h, size_t k, size_t at)
{
	for (size_t child = 2 * at + 1; child < k; child = 2 * at + 1) {
		if (child + 1 < k && order(h, child + 1, child) > 0)
			child++;
		if (order(h, child, at) <= 0)
			return;
		swap(h, child, at);
		at = child;
	}
}

void sort_first(void *base, size_t n, size_t size, size_t first, int (*cmp)(const void *, const void *))
{
	size_t k = first < n ? first : n;
	if (k == 0)
		return;
	if (k < n) {
		_cleanup_free_ char *spare = xmalloc(size);
		struct heap h = {base, spare, size, cmp};
		for (size_t i = k / 2; i-- > 0;)
			sift(&h, k, i);
		for (size_t i = k; i < n; i++) {
			if (order(&h, i, 0) >= 0)
				continue;
			swap(&h, i, 0);
			sift(&h, k, 0);
		}
	}
	qsort(base, k, size, cmp);
}
