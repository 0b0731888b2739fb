/* The addresses of each dump. SPDX-License-Identifier: BSD-2-Clause */
#include "query/census.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct census_dump {
	uint64_t dump;
	struct diff_object *o;
	size_t n, cap;
};

struct query_census {
	struct census_dump **d;
	size_t n, cap;
};

struct query_census *query_census_new(void) { return xcalloc(1, sizeof(struct query_census)); }

void query_census_free(struct query_census *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->n; i++)
		census_dump_free(c->d[i]);
	free(c->d);
	free(c);
}

struct census_dump *census_dump_new(void) { return xcalloc(1, sizeof(struct census_dump)); }

void census_dump_free(struct census_dump *d)
{
	if (!d)
		return;
	free(d->o);
	free(d);
}

void census_dump_add(struct census_dump *d, uint64_t addr, uint32_t slot, uint64_t generation, uint64_t bytes)
{
	d->o = xgrow(d->o, d->n, &d->cap, sizeof(*d->o));
	uint32_t gen = generation < DIFF_GEN_UNKNOWN ? (uint32_t)generation : DIFF_GEN_UNKNOWN;
	d->o[d->n++] = (struct diff_object){addr, slot, gen, bytes < UINT32_MAX ? (uint32_t)bytes : UINT32_MAX};
}

/* The end of the rising run that begins at i. */
static size_t run_end(const struct diff_object *o, size_t n, size_t i)
{
	for (i++; i < n && o[i - 1].addr <= o[i].addr; i++)
		continue;
	return i;
}

static void merge(const struct diff_object *a, size_t na, const struct diff_object *b, size_t nb, struct diff_object *to)
{
	while (na && nb) {
		if (a->addr <= b->addr) {
			*to++ = *a++;
			na--;
		} else {
			*to++ = *b++;
			nb--;
		}
	}
	memcpy(to, na ? a : b, (na + nb) * sizeof(*to));
}

/* Merges rising runs until one is left: Ruby writes pages nearly in order, so that there are few. */
static void sort(struct census_dump *d)
{
	if (d->n < 2)
		return;
	struct diff_object *other = xreallocarray(NULL, d->n, sizeof(*other));
	while (run_end(d->o, d->n, 0) < d->n) {
		for (size_t i = 0; i < d->n;) {
			size_t j = run_end(d->o, d->n, i), k = j < d->n ? run_end(d->o, d->n, j) : j;
			merge(d->o + i, j - i, d->o + j, k - j, other + i);
			i = k;
		}
		struct diff_object *t = d->o;
		d->o = other;
		other = t;
	}
	d->cap = d->n;
	free(other);
}

void query_census_put(
    struct query_census *c, uint64_t dump, struct census_dump *d, uint32_t (*slot_key)(void *ctx, uint32_t slot), void *ctx)
{
	for (size_t i = 0; slot_key && i < d->n; i++)
		d->o[i].key = slot_key(ctx, d->o[i].key);
	sort(d);
	d->dump = dump;
	c->d = xgrow(c->d, c->n, &c->cap, sizeof(struct census_dump *));
	c->d[c->n++] = d;
}

const struct diff_object *query_census_get(const struct query_census *c, uint64_t dump, size_t *ret_n)
{
	*ret_n = 0;
	for (size_t i = 0; c && i < c->n; i++) {
		if (c->d[i]->dump != dump)
			continue;
		*ret_n = c->d[i]->n;
		return c->d[i]->o;
	}
	return NULL;
}
