/* Group, sum, sort. SPDX-License-Identifier: BSD-2-Clause */
#include "analyze/top.h"

#include <stdlib.h>

#include "base/first.h"
#include "base/gem.h"
#include "base/mem.h"
#include "base/u64map.h"

/* What sorting needs beside a row: its tallies by type are kept while summing. */
struct order {
	const struct top *t;
	enum top_sort sort;
	size_t row;
};

int analyze_name_cmp(const struct strtab *t, uint32_t a, uint32_t b)
{
	if (a == b)
		return 0;
	struct span x = strtab_get(t, a), y = strtab_get(t, b);
	size_t n = x.n < y.n ? x.n : y.n;
	int c = n ? memcmp(x.p, y.p, n) : 0;
	if (c)
		return c;
	return x.n != y.n ? (x.n < y.n ? -1 : 1) : (a < b ? -1 : 1);
}

static int fall(uint64_t a, uint64_t b) { return a == b ? 0 : (a > b ? -1 : 1); }

static uint64_t weight(const struct top_row *r, enum top_sort sort)
{
	switch (sort) {
	case TOP_COUNT:
		return r->all.count;
	case TOP_RETAINED:
		return r->retained.bytes;
	case TOP_GARBAGE:
		return r->garbage.bytes;
	case TOP_BYTES:
		break;
	}
	return r->all.bytes;
}

static int order_cmp(const void *a, const void *b)
{
	const struct order *x = a, *y = b;
	const struct top_row *r = &x->t->rows[x->row], *q = &y->t->rows[y->row];
	const struct strtab *names = &x->t->s->names;
	int c = fall(weight(r, x->sort), weight(q, x->sort));
	c = c ? c : fall(r->all.bytes, q->all.bytes);
	c = c ? c : fall(r->all.count, q->all.count);
	c = c ? c : analyze_name_cmp(names, r->type, q->type);
	c = c ? c : analyze_name_cmp(names, r->klass, q->klass);
	c = c ? c : analyze_name_cmp(names, r->file, q->file);
	c = c ? c : -fall(r->line, q->line);
	return c ? c : analyze_name_cmp(&x->t->gems, r->gem, q->gem);
}

void analyze_top_sort(struct top *t, enum top_sort sort, size_t first)
{
	struct order *o = xcalloc(t->n, sizeof(*o));
	for (size_t i = 0; i < t->n; i++)
		o[i] = (struct order){t, sort, i};
	sort_first(o, t->n, sizeof(*o), first ? first : t->n, order_cmp);
	struct top_row *sorted = xcalloc(t->n, sizeof(*sorted));
	for (size_t i = 0; i < t->n; i++)
		sorted[i] = t->rows[o[i].row];
	free(t->rows);
	free(o);
	t->rows = sorted;
}

/* The gem of a file, worked out once per file. */
static uint32_t gem_id(struct top *t, struct u64map *known, uint32_t file)
{
	if (file == 0)
		return 0;
	bool fresh;
	uint32_t *id = u64map_put(known, file, &fresh);
	if (fresh) {
		char buf[GEM_NAME];
		size_t n = gem_name(strtab_get(&t->s->names, file), buf);
		*id = strtab_intern(&t->gems, (struct span){(const uint8_t *)buf, n});
	}
	return *id;
}

static uint64_t group_of(const struct sum_key *k, uint32_t key, uint32_t gem, enum top_by by)
{
	switch (by) {
	case TOP_TYPE:
		return k->type;
	case TOP_CLASS:
		return k->klass;
	case TOP_SITE:
		return (uint64_t)k->file << 32 | k->line;
	case TOP_GEM:
		return gem;
	case TOP_KEY:
		break;
	}
	return key;
}

static void tally_add(struct tally *to, struct tally t)
{
	to->count += t.count;
	to->bytes += t.bytes;
}

/* Notes the type of a key; keys come largest first, so the first types seen are the largest. */
static void add_type(struct top_row *r, uint32_t type)
{
	uint32_t listed = r->ntypes < TOP_TYPES ? r->ntypes : TOP_TYPES;
	for (uint32_t i = 0; i < listed; i++) {
		if (r->types[i] == type)
			return;
	}
	if (listed < TOP_TYPES)
		r->types[listed] = type;
	r->ntypes++;
}

static void add_key(struct top_row *r, const struct sum_key *k, struct tally all, bool whole)
{
	if (r->keys++ == 0) {
		r->type = k->type;
		r->klass = k->klass;
		r->file = k->file;
		r->line = k->line;
	}
	r->type = r->type == k->type ? k->type : 0;
	r->klass = r->klass == k->klass ? k->klass : 0;
	if (r->file != k->file || r->line != k->line)
		r->line = 0;
	r->file = r->file == k->file ? k->file : 0;
	add_type(r, k->type);
	tally_add(&r->all, all);
	if (whole) {
		tally_add(&r->garbage, k->garbage);
		tally_add(&r->retained, k->retained);
	}
}

/* By type, class or gem the other parts of the key say nothing, even when by chance they are all alike. */
static void blank(struct top_row *r, enum top_by by)
{
	r->null_site = (by == TOP_SITE || by == TOP_GEM) && r->file == 0 && (by == TOP_SITE || r->gem == 0);
	if (by == TOP_TYPE)
		r->klass = 0;
	if (by == TOP_TYPE || by == TOP_CLASS || by == TOP_GEM)
		r->file = r->line = 0;
	if (by == TOP_GEM)
		r->type = r->klass = 0;
}

struct grouping {
	struct top *t;
	const struct top_opts *opts;
	struct u64map rows, gems;
	size_t cap;
};

static void group(struct grouping *g, uint32_t key, struct tally all)
{
	const struct top_opts *o = g->opts;
	const struct sum_key *k = &g->t->s->keys[key];
	if ((o->type && k->type != o->type) || (o->klass && k->klass != o->klass))
		return;
	if (o->file && (k->file != o->file || k->line != o->line))
		return;
	uint32_t gem = o->by == TOP_GEM ? gem_id(g->t, &g->gems, k->file) : 0;
	bool fresh;
	uint32_t *at = u64map_put(&g->rows, group_of(k, key, gem, o->by), &fresh);
	if (fresh) {
		g->t->rows = xgrow(g->t->rows, g->t->n, &g->cap, sizeof(*g->t->rows));
		*at = (uint32_t)g->t->n++;
		g->t->rows[*at] = (struct top_row){.gem = gem};
	} else if (k->retained.count) {
		g->t->retained_summed = true;
	}
	add_key(&g->t->rows[*at], k, all, o->generation == UINT64_MAX);
	tally_add(&g->t->total, all);
}

void analyze_top(const struct dump_summary *s, const struct top_opts *opts, struct top *ret)
{
	*ret = (struct top){.s = s};
	strtab_init(&ret->gems);
	struct grouping g = {.t = ret, .opts = opts};
	if (opts->generation == UINT64_MAX) {
		for (size_t i = 0; i < s->nkeys; i++)
			group(&g, (uint32_t)i, s->keys[i].all);
	} else {
		for (size_t i = 0; i < s->ngenkeys; i++) {
			if (s->genkeys[i].generation == opts->generation)
				group(&g, s->genkeys[i].key, s->genkeys[i].t);
		}
	}
	for (size_t i = 0; i < ret->n; i++)
		blank(&ret->rows[i], opts->by);
	u64map_done(&g.rows);
	u64map_done(&g.gems);
	analyze_top_sort(ret, opts->sort, opts->first);
}

void analyze_top_done(struct top *t)
{
	free(t->rows);
	strtab_done(&t->gems);
	*t = (struct top){0};
}
