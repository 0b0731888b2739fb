/* What is new and stays. SPDX-License-Identifier: BSD-2-Clause */
#include "analyze/diff.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/diff_join.h"
#include "analyze/top.h"
#include "base/assert.h"
#include "base/mem.h"

/* A dump as the comparison sees it. */
struct view {
	const struct dump_summary *s;
	const struct diff_object *obj; /* by rising address */
	size_t nobj, at;               /* at: cursor while walking in address order */
	bool all;                      /* obj holds every object, not only those of the newest generation */
	uint64_t lo, hi;               /* the dump was taken inside these generations */
	struct join join;              /* to the last dump */
	struct u64map genkeys;         /* (generation - lo, key of the last dump) -> objects, lo <= generation <= hi only */
	struct diff_object *edge;      /* owned: made from edge_addrs */
};

struct work {
	struct view v[DIFF_DUMPS];
	size_t n;
	struct groups groups; /* of the last dump */
	struct diff *ret;
	struct diff_row *rows; /* by key of the last dump */
};

static const struct dump_summary *last(const struct work *w) { return w->v[w->n - 1].s; }

static uint64_t min64(uint64_t a, uint64_t b) { return a < b ? a : b; }

/* --- what can be said at all --- */

/* "3.1.7" -> 301; 0 unknown */
static unsigned ruby_version(const char *text)
{
	unsigned major = 0, minor = 0;
	return sscanf(text, "%u.%u", &major, &minor) == 2 ? major * 100 + minor : 0;
}

static bool traced(const struct dump_summary *s) { return s->ngenkeys > 0; }

static void judge(struct work *w)
{
	enum { SITES_MOVE_FROM = 304 }; /* from Ruby 3.4 on GC.compact takes the allocation records along */
	struct diff *r = w->ret;
	bool boundaries = traced(last(w)), addresses = true;
	for (size_t i = 0; i < w->n; i++) {
		const struct dump_header *a = &w->v[0].s->head, *b = &w->v[i].s->head;
		r->other_process |= w->v[i].s->proc != w->v[0].s->proc;
		r->compacted |= a->compact_count != b->compact_count && a->compact_count != HEADER_UNKNOWN && b->compact_count != HEADER_UNKNOWN;
		boundaries &= i + 1 == w->n || w->v[i].lo != UINT64_MAX;
		addresses &= w->v[i].all;
	}
	unsigned ruby = ruby_version(last(w)->head.ruby);
	r->sites_lost = r->compacted && traced(last(w)) && ruby && ruby < SITES_MOVE_FROM;
	r->untraced_earliest = traced(last(w)) && !traced(w->v[0].s);
	if (!r->other_process && boundaries && !r->sites_lost)
		r->identity = DIFF_GENERATION;
	else if (!r->other_process && addresses && !r->compacted)
		r->identity = DIFF_ADDRESS;
	else
		r->identity = DIFF_COUNT;
}

/* The generations inside which a dump was taken. The header's GC count is that of the moment before the dump; a collection in
 * between, or in the forked child, shows as an object with a later generation. */
static void boundary(struct view *v)
{
	uint64_t gc = v->s->head.gc_count, newest = traced(v->s) ? v->s->max_generation : UINT64_MAX;
	v->lo = gc != HEADER_UNKNOWN ? gc : newest;
	v->hi = newest != UINT64_MAX && newest > v->lo ? newest : v->lo;
}

/* Without a census the addresses of the newest generation may be known. */
static void use_edge(struct view *v)
{
	const struct dump_summary *s = v->s;
	if (v->obj || s->edge_addrs_cut || s->nedge_addrs == 0 || s->max_generation >= DIFF_GEN_UNKNOWN)
		return;
	v->edge = xcalloc(s->nedge_addrs, sizeof(*v->edge));
	for (size_t i = 0; i < s->nedge_addrs; i++) {
		const struct sum_key *k = &s->keys[s->edge_keys[i]];
		uint64_t each = k->all.count ? k->all.bytes / k->all.count : 0;
		v->edge[i] = (struct diff_object){s->edge_addrs[i], s->edge_keys[i], (uint32_t)s->max_generation,
		    each < UINT32_MAX ? (uint32_t)each : UINT32_MAX};
	}
	v->obj = v->edge;
	v->nobj = s->nedge_addrs;
}

/* Whether obj holds all objects of that generation. */
static bool complete(const struct view *v, uint64_t generation)
{
	return v->all || (v->obj && generation == v->s->max_generation);
}

static bool inside(const struct view *v, uint64_t generation) { return generation >= v->lo && generation <= v->hi; }

/* --- by generation --- */

/* How the objects of one generation of the last dump stand to the others. */
enum stand { STAND_OUT, STAND_IN, STAND_ADDRESS, STAND_COUNT };

static enum stand stand(const struct work *w, uint64_t generation)
{
	enum stand st = STAND_IN;
	for (size_t i = 0; i + 1 < w->n; i++) {
		const struct view *v = &w->v[i];
		if (i == 0 ? generation < v->lo : generation > v->hi)
			return STAND_OUT;
		if (!inside(v, generation))
			continue;
		bool address = !w->ret->compacted && complete(v, generation) && complete(&w->v[w->n - 1], generation);
		if (!address)
			st = STAND_COUNT;
		else if (st == STAND_IN)
			st = STAND_ADDRESS;
	}
	return st;
}

static void add(struct diff_row *row, uint64_t generation, uint64_t count_low, uint64_t count_high, uint64_t bytes_low, uint64_t bytes_high)
{
	row->count_low += count_low;
	row->count_high += count_high;
	row->bytes_low += bytes_low;
	row->bytes_high += bytes_high;
	if (count_high == 0 || generation == UINT64_MAX)
		return;
	if (row->generation_min == UINT64_MAX || generation < row->generation_min)
		row->generation_min = generation;
	if (row->generation_max == UINT64_MAX || generation > row->generation_max)
		row->generation_max = generation;
}

static uint64_t slot_of(const struct view *v, uint64_t generation, uint32_t key) { return (generation - v->lo) << 32 | key; }

/* Counts of dump v by (generation, key of the last dump) inside its boundary. */
static void index_boundary(struct view *v)
{
	for (size_t i = 0; i < v->s->ngenkeys; i++) {
		const struct sum_genkey *g = &v->s->genkeys[i];
		if (!inside(v, g->generation) || g->key >= v->join.n || v->join.key[g->key] == JOIN_NONE)
			continue;
		uint32_t *n = u64map_put(&v->genkeys, slot_of(v, g->generation, v->join.key[g->key]), NULL);
		*n = (uint32_t)min64((uint64_t)*n + g->t.count, UINT32_MAX);
	}
}

/* Objects of this generation and key of the last dump that dump v had: at most so many. */
static uint64_t most_there(const struct view *v, uint64_t generation, uint32_t key)
{
	if (!traced(v->s))
		return UINT64_MAX; /* nobody knows */
	const uint32_t *n = u64map_get(&v->genkeys, slot_of(v, generation, key));
	return n ? *n : 0;
}

/* An interval: of `here` objects of the last dump at most c were in dump v. Absent from the earliest are then here - c .. here; present
 * in a later one 0 .. min(c, here). */
static void count_interval(struct work *w, const struct sum_genkey *g)
{
	uint64_t here = g->t.count, low = here, high = here;
	for (size_t i = 0; i + 1 < w->n; i++) {
		if (!inside(&w->v[i], g->generation))
			continue;
		uint64_t c = most_there(&w->v[i], g->generation, g->key);
		if (i == 0) {
			low -= min64(low, c);
		} else {
			low = 0;
			high = min64(high, c);
		}
	}
	low = min64(low, high);
	add(&w->rows[g->key], g->generation, low, high, here ? g->t.bytes / here * low : 0,
	    high == here ? g->t.bytes : g->t.bytes / here * high);
}

/* Whether dump v has an object at this address that is the same by `same`; addresses must be asked for in rising order. */
static bool at_address(struct view *v, const struct diff_object *o, bool (*same)(const struct view *, const struct diff_object *,
    const struct diff_object *, const struct work *), const struct work *w)
{
	while (v->at < v->nobj && v->obj[v->at].addr < o->addr)
		v->at++;
	for (size_t i = v->at; i < v->nobj && v->obj[i].addr == o->addr; i++) {
		if (v->obj[i].key < v->s->nkeys && same(v, &v->obj[i], o, w))
			return true;
	}
	return false;
}

static bool same_birth(const struct view *v, const struct diff_object *was, const struct diff_object *is, const struct work *w)
{
	(void)w;
	return was->generation == is->generation && v->join.key[was->key] == is->key;
}

static bool same_kind(const struct view *v, const struct diff_object *was, const struct diff_object *is, const struct work *w)
{
	return v->join.group[was->key] == w->groups.of[is->key];
}

/* Inside the generation of a dump its addresses decide: nothing born in it can have died before the next collection. */
static void by_boundary_address(struct work *w)
{
	const struct view *l = &w->v[w->n - 1];
	for (size_t k = 0; k < l->nobj; k++) {
		const struct diff_object *o = &l->obj[k];
		if (o->generation == DIFF_GEN_UNKNOWN || o->key >= l->s->nkeys || stand(w, o->generation) != STAND_ADDRESS)
			continue;
		bool in = true;
		for (size_t i = 0; i + 1 < w->n && in; i++) {
			if (inside(&w->v[i], o->generation))
				in = at_address(&w->v[i], o, same_birth, w) == (i != 0);
		}
		if (in)
			add(&w->rows[o->key], o->generation, 1, 1, o->bytes, o->bytes);
	}
}

static void by_generation(struct work *w)
{
	const struct dump_summary *l = last(w);
	bool any_address = false;
	for (size_t i = 0; i + 1 < w->n; i++)
		index_boundary(&w->v[i]);
	for (size_t i = 0; i < l->ngenkeys; i++) {
		const struct sum_genkey *g = &l->genkeys[i];
		if (g->t.count == 0)
			continue;
		switch (stand(w, g->generation)) {
		case STAND_OUT:
			break;
		case STAND_IN:
			add(&w->rows[g->key], g->generation, g->t.count, g->t.count, g->t.bytes, g->t.bytes);
			break;
		case STAND_ADDRESS:
			any_address = true;
			break;
		case STAND_COUNT:
			count_interval(w, g);
			break;
		}
	}
	if (any_address)
		by_boundary_address(w);
	w->ret->boundary_first = w->v[0].lo;
	w->ret->boundary_last = w->v[0].hi;
}

/* --- by address --- */

static void by_address(struct work *w)
{
	const struct view *l = &w->v[w->n - 1];
	for (size_t k = 0; k < l->nobj; k++) {
		const struct diff_object *o = &l->obj[k];
		bool in = o->key < l->s->nkeys;
		for (size_t i = 0; i + 1 < w->n && in; i++)
			in = at_address(&w->v[i], o, same_kind, w) == (i != 0);
		if (in)
			add(&w->rows[o->key], UINT64_MAX, 1, 1, o->bytes, o->bytes);
	}
}

/* --- by count --- */

static struct tally living(const struct sum_key *k, bool without_garbage)
{
	if (!without_garbage)
		return k->all;
	return (struct tally){k->all.count - min64(k->all.count, k->garbage.count), k->all.bytes - min64(k->all.bytes, k->garbage.bytes)};
}

/* Sums the keys of dump v by key of the last dump, or by its groups. */
static void sum_up(const struct view *v, bool by_group, bool without_garbage, struct tally *to)
{
	for (size_t i = 0; i < v->s->nkeys; i++) {
		uint32_t at = by_group ? v->join.group[i] : v->join.key[i];
		if (at == JOIN_NONE)
			continue;
		struct tally t = living(&v->s->keys[i], without_garbage);
		to[at].count += t.count;
		to[at].bytes += t.bytes;
	}
}

/* Sites are compared only where all dumps know them. */
static void by_count(struct work *w)
{
	bool by_group = w->ret->sites_lost, graph = true;
	for (size_t i = 0; i < w->n; i++) {
		by_group |= traced(w->v[i].s) != traced(last(w));
		graph &= w->v[i].s->has_graph;
	}
	w->ret->without_garbage = graph;
	size_t n = by_group ? w->groups.n : last(w)->nkeys;
	struct tally *was = xcalloc(n, sizeof(*was)), *least = xcalloc(n, sizeof(*least)), *now = xcalloc(n, sizeof(*now));
	sum_up(&w->v[0], by_group, graph, was);
	for (size_t i = 0; i < n; i++)
		least[i] = (struct tally){UINT64_MAX, UINT64_MAX};
	for (size_t k = 1; k < w->n; k++) {
		memset(now, 0, n * sizeof(*now));
		sum_up(&w->v[k], by_group, graph, now);
		for (size_t i = 0; i < n; i++)
			least[i] = (struct tally){min64(least[i].count, now[i].count), min64(least[i].bytes, now[i].bytes)};
	}
	for (size_t i = 0; i < n; i++) {
		if (least[i].count <= was[i].count)
			continue;
		uint64_t count = least[i].count - was[i].count, bytes = least[i].bytes - min64(least[i].bytes, was[i].bytes);
		struct diff_row *row = &w->rows[by_group ? w->groups.first[i] : i];
		add(row, UINT64_MAX, count, count, bytes, bytes);
		if (by_group)
			row->file = row->line = 0;
	}
	free(was);
	free(least);
	free(now);
}

/* --- the answer --- */

struct order {
	const struct strtab *names;
	struct diff_row row;
};

static int fall(uint64_t a, uint64_t b) { return a == b ? 0 : (a > b ? -1 : 1); }

static int order_cmp(const void *a, const void *b)
{
	const struct diff_row *x = &((const struct order *)a)->row, *y = &((const struct order *)b)->row;
	const struct strtab *names = ((const struct order *)a)->names;
	int c = fall(x->bytes_low, y->bytes_low);
	c = c ? c : fall(x->count_low, y->count_low);
	c = c ? c : fall(x->bytes_high, y->bytes_high);
	c = c ? c : fall(x->count_high, y->count_high);
	c = c ? c : analyze_name_cmp(names, x->type, y->type);
	c = c ? c : analyze_name_cmp(names, x->klass, y->klass);
	c = c ? c : analyze_name_cmp(names, x->file, y->file);
	return c ? c : -fall(x->line, y->line);
}

static void collect(struct work *w)
{
	struct diff *r = w->ret;
	size_t nkeys = last(w)->nkeys;
	struct order *o = xcalloc(nkeys, sizeof(*o));
	r->exact = r->identity == DIFF_GENERATION;
	for (size_t i = 0; i < nkeys; i++) {
		const struct diff_row *row = &w->rows[i];
		if (row->count_high == 0)
			continue;
		o[r->n++] = (struct order){&last(w)->names, *row};
		r->exact &= row->count_low == row->count_high;
		r->count_low += row->count_low;
		r->count_high += row->count_high;
		r->bytes_low += row->bytes_low;
		r->bytes_high += row->bytes_high;
	}
	qsort(o, r->n, sizeof(*o), order_cmp);
	r->rows = xcalloc(r->n, sizeof(*r->rows));
	for (size_t i = 0; i < r->n; i++)
		r->rows[i] = o[i].row;
	free(o);
}

void analyze_diff(const struct diff_dump *d, size_t n, struct diff *ret)
{
	HDA_ASSERT(n >= 2 && n <= DIFF_DUMPS);
	*ret = (struct diff){.boundary_first = UINT64_MAX, .boundary_last = UINT64_MAX};
	struct work w = {.n = n, .ret = ret};
	const struct dump_summary *l = d[n - 1].s;
	groups_init(&w.groups, l);
	w.rows = xcalloc(l->nkeys, sizeof(*w.rows));
	for (size_t i = 0; i < l->nkeys; i++)
		w.rows[i] = (struct diff_row){.type = l->keys[i].type, .klass = l->keys[i].klass, .file = l->keys[i].file,
		    .line = l->keys[i].line, .generation_min = UINT64_MAX, .generation_max = UINT64_MAX};
	for (size_t i = 0; i < n; i++) {
		w.v[i] = (struct view){.s = d[i].s, .obj = d[i].obj, .nobj = d[i].nobj, .all = d[i].obj != NULL};
		boundary(&w.v[i]);
		use_edge(&w.v[i]);
		join_init(&w.v[i].join, d[i].s, l, &w.groups);
	}
	judge(&w);
	if (ret->identity == DIFF_GENERATION)
		by_generation(&w);
	else if (ret->identity == DIFF_ADDRESS)
		by_address(&w);
	else
		by_count(&w);
	collect(&w);
	for (size_t i = 0; i < n; i++) {
		join_done(&w.v[i].join);
		u64map_done(&w.v[i].genkeys);
		free(w.v[i].edge);
	}
	groups_done(&w.groups);
	free(w.rows);
}

void diff_done(struct diff *r)
{
	free(r->rows);
	*r = (struct diff){0};
}
