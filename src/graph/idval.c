/* Sparse values by id. SPDX-License-Identifier: BSD-2-Clause */
#include "graph/idval.h"

#include <stdlib.h>

static int by_id(const void *a, const void *b)
{
	uint32_t x = ((const struct idval *)a)->id, y = ((const struct idval *)b)->id;
	return (x > y) - (x < y);
}

bool idvals_take(struct idvals *s, struct glog *log, const struct addrmap *map)
{
	struct idval *v = gmem_alloc(log->mem, log->n, sizeof(*v));
	if (!v)
		return false;
	*s = (struct idvals){.mem = log->mem, .v = v, .n = log->n, .cap = log->n};
	for (uint64_t i = 0; i < s->n; i++) {
		const uint32_t *p = glog_at(log, i);
		v[i].id = addrmap_id(map, p[0]);
		v[i].value = log->width == 3 ? (uint64_t)p[2] << 32 | p[1] : p[1];
	}
	glog_done(log);
	qsort(v, s->n, sizeof(*v), by_id);
	return true;
}

void idvals_renumber(struct idvals *s, const uint32_t *num)
{
	uint64_t n = 0;
	for (uint64_t i = 0; i < s->n; i++)
		if (num[s->v[i].id])
			s->v[n++] = (struct idval){.value = s->v[i].value, .id = num[s->v[i].id] - 1};
	s->n = n;
	qsort(s->v, n, sizeof(*s->v), by_id);
}

void idvals_done(struct idvals *s)
{
	if (s->mem)
		gmem_free(s->mem, s->v, s->cap, sizeof(*s->v));
	*s = (struct idvals){0};
}

uint64_t idvals_get(const struct idvals *s, uint32_t id, uint64_t absent)
{
	uint64_t lo = 0, hi = s->n;
	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;
		if (s->v[mid].id < id)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < s->n && s->v[lo].id == id ? s->v[lo].value : absent;
}
