/* Which series of a trend grow most, and their values. SPDX-License-Identifier: BSD-2-Clause
 *
 * The history is read twice: once for what the order needs of all series, then for all values of those that are wanted. */
#include <math.h>
#include <stdlib.h>

#include "analyze/slope.h"
#include "analyze/top.h"
#include "analyze/trend.h"
#include "base/first.h"
#include "base/mem.h"

/* The first and the last values of a series that are known, by the rank of their dumps among those that know it: the last in rank %
 * TREND_LEVEL. */
struct ends {
	double first[TREND_LEVEL], last[TREND_LEVEL], at_last_dump;
	size_t n;
};

/* What a series that stands at v in a dump is worth there. */
static double value(const struct trend *t, uint64_t v, size_t place)
{
	if (!t->known[place])
		return NAN;
	return v != TREND_ABSENT ? (double)v : t->complete[place] ? 0 : NAN;
}

/* Where the dumps stand among those that say anything; where not all say something of every series, each series has ranks of its own. */
struct ranks {
	size_t of[TREND_DUMPS], n;
	bool own;
};

static void find_ranks(const struct trend *t, struct ranks *ret)
{
	ret->n = 0;
	ret->own = false;
	for (size_t k = 0; k < t->max; k++) {
		ret->of[k] = ret->n;
		ret->n += t->known[k];
		ret->own |= t->known[k] && !t->complete[k];
	}
}

/* Of dumps in the middle nothing is needed, where all series have the same ranks. */
static bool in_middle(const struct ranks *r, size_t place)
{
	return !r->own && r->of[place] >= TREND_LEVEL && r->of[place] + TREND_LEVEL < r->n;
}

static void meet_ends(const struct trend *t, const struct ranks *r, size_t place, const uint64_t *at, struct ends *e)
{
	for (size_t i = 0; i < t->nseries; i++, e++) {
		double v = value(t, at[i], place);
		if (!isfinite(v))
			continue;
		size_t rank = r->own ? e->n : r->of[place];
		if (rank < TREND_LEVEL)
			e->first[rank] = v;
		if (r->own || rank + TREND_LEVEL >= r->n)
			e->last[rank % TREND_LEVEL] = v;
		if (rank >= e->n)
			e->n = rank + 1;
		if (place == t->max - 1)
			e->at_last_dump = v;
	}
}

/* Newly allocated: the ends of each series. */
static struct ends *find_ends(const struct trend *t)
{
	struct ends *e = xcalloc(t->nseries + 1, sizeof(*e));
	uint64_t *at = xreallocarray(NULL, t->nseries + 1, sizeof(*at));
	struct history_walk w = history_walk(&t->history);
	struct ranks r;
	find_ranks(t, &r);
	for (size_t i = 0; i < t->nseries; i++)
		at[i] = TREND_ABSENT;
	for (size_t k = 0; k < t->n; k++) {
		history_next(&w, at);
		if (t->known[t->place[k]] && !in_middle(&r, t->place[k]))
			meet_ends(t, &r, t->place[k], at, e);
	}
	free(at);
	return e;
}

static double level(const double *v, size_t n)
{
	double copy[TREND_LEVEL];
	size_t m = n < TREND_LEVEL ? n : TREND_LEVEL;
	for (size_t i = 0; i < m; i++)
		copy[i] = v[i];
	return m ? slope_median(copy, m) : 0;
}

static double growth_of(const struct trend *t, const struct ends *e)
{
	if (t->max >= TREND_LEVELS_FROM)
		return level(e->last, e->n) - level(e->first, e->n);
	return e->n ? e->last[(e->n - 1) % TREND_LEVEL] - e->first[0] : 0;
}

double trend_growth(const struct trend *t, const double *v)
{
	struct ends e = {.n = 0};
	for (size_t i = 0; i < t->max; i++) {
		if (!isfinite(v[i]))
			continue;
		if (e.n < TREND_LEVEL)
			e.first[e.n] = v[i];
		e.last[e.n++ % TREND_LEVEL] = v[i];
	}
	return growth_of(t, &e);
}

struct trend_order {
	const struct trend *t;
	size_t series;
	double growth, last;
};

static int order_cmp(const void *a, const void *b)
{
	const struct trend_order *x = a, *y = b;
	const struct strtab *names = &x->t->names;
	const struct trend_series *p = &x->t->series[x->series], *q = &y->t->series[y->series];
	if (x->growth != y->growth)
		return x->growth > y->growth ? -1 : 1;
	if (x->last != y->last)
		return x->last > y->last ? -1 : 1;
	int c = analyze_name_cmp(names, p->type, q->type);
	c = c ? c : analyze_name_cmp(names, p->klass, q->klass);
	c = c ? c : analyze_name_cmp(names, p->name, q->name);
	c = c ? c : analyze_name_cmp(names, p->file, q->file);
	return c ? c : (p->line > q->line) - (p->line < q->line);
}

/* Newly allocated: all series, the `most` first in order. */
static struct trend_order *put_in_order(const struct trend *t, size_t most)
{
	struct ends *e = find_ends(t);
	struct trend_order *o = xcalloc(t->nseries + 1, sizeof(*o));
	for (size_t i = 0; i < t->nseries; i++)
		o[i] = (struct trend_order){t, i, growth_of(t, &e[i]), e[i].at_last_dump};
	free(e);
	sort_first(o, t->nseries, sizeof(*o), most, order_cmp);
	return o;
}

/* Series that are nowhere in the ends come after one that has grown, or that is there at last. */
static bool beats_unseen(const struct trend_order *o) { return o->growth > 0 || (o->growth >= 0 && o->last > 0); }

void trend_narrow(struct trend *t, size_t most)
{
	bool usable = most && most < t->nseries && t->n == TREND_LEVELS_FROM;
	for (size_t k = 0; usable && k < t->n; k++)
		usable = t->complete[t->place[k]];
	if (!usable)
		return;
	struct trend_order *o = put_in_order(t, most);
	if (!beats_unseen(&o[most - 1])) {
		free(o);
		return;
	}
	t->order = o;
	t->nwanted = t->nseries;
	t->wanted = xcalloc(t->nwanted, sizeof(*t->wanted));
	for (size_t i = 0; i < most; i++)
		t->wanted[o[i].series] = true;
	for (size_t i = 0; i < t->nof; i++) {
		uint32_t s = t->of[i];
		if (s && s <= t->nseries && !t->wanted[s - 1])
			t->of[i] = TREND_OF_SUM;
	}
}

/* The values of the series in t->order. */
static void fill_values(struct trend *t)
{
	uint64_t *at = xreallocarray(NULL, t->nseries + 1, sizeof(*at));
	struct history_walk w = history_walk(&t->history);
	t->values = xcalloc(t->nsorted * t->max, sizeof(*t->values));
	for (size_t i = 0; i < t->nseries; i++)
		at[i] = TREND_ABSENT;
	for (size_t k = 0; k < t->n; k++) {
		history_next(&w, at);
		for (size_t i = 0; i < t->nsorted; i++)
			t->values[i * t->max + t->place[k]] = value(t, at[t->order[i].series], t->place[k]);
	}
	free(at);
}

void trend_finish(struct trend *t, size_t most)
{
	t->nsorted = most < t->nseries ? most : t->nseries;
	if (!t->order)
		t->order = put_in_order(t, most);
	struct trend_series *sorted = xcalloc(t->nsorted, sizeof(*sorted));
	fill_values(t);
	for (size_t i = 0; i < t->nsorted; i++) {
		sorted[i] = t->series[t->order[i].series];
		sorted[i].growth = t->order[i].growth;
		sorted[i].v = t->values + i * t->max;
	}
	free(t->series);
	t->series = sorted;
}
