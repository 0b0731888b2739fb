/* Series of groups over many dumps. SPDX-License-Identifier: BSD-2-Clause */
#include "analyze/trend.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/slope.h"
#include "analyze/top.h"
#include "base/assert.h"
#include "base/mem.h"

void trend_init(struct trend *t, enum trend_by by, bool count, size_t max)
{
	HDA_ASSERT(max >= 1 && max <= TREND_DUMPS);
	*t = (struct trend){.by = by, .count = count, .max = max};
	strtab_init(&t->names);
}

void trend_done(struct trend *t)
{
	strtab_done(&t->names);
	free(t->series);
	free(t->values);
	free(t->now);
	for (size_t i = 0; i < t->n; i++)
		free(t->column[i]);
	u64map_done(&t->groups[0]);
	u64map_done(&t->groups[1]);
	u64map_done(&t->index);
	*t = (struct trend){0};
}

/* A dump while it is added: its name ids in terms of the trend's, worked out once each. */
struct adding {
	struct trend *t;
	const struct dump_summary *s;
	uint32_t *ids;
};

static uint32_t name_of(struct adding *a, uint32_t id)
{
	if (id && a->ids[id] == 0)
		a->ids[id] = strtab_intern(&a->t->names, strtab_get(&a->s->names, id));
	return id ? a->ids[id] : 0;
}

static uint64_t pair(uint32_t a, uint32_t b) { return (uint64_t)a << 32 | b; }

static uint32_t dense(struct u64map *m, uint64_t key)
{
	bool fresh;
	uint32_t *at = u64map_put(m, key, &fresh);
	if (fresh)
		*at = (uint32_t)(m->n - 1);
	return *at;
}

/* The value of a group in the dump being added, made when new. */
static double *value_at(struct trend *t, const struct trend_series *key, uint64_t id)
{
	bool fresh;
	uint32_t *at = u64map_put(&t->index, id, &fresh);
	if (fresh) {
		size_t old = t->cap;
		t->series = xgrow(t->series, t->nseries, &t->cap, sizeof(*t->series));
		if (t->cap != old)
			t->now = xreallocarray(t->now, t->cap, sizeof(*t->now));
		*at = (uint32_t)t->nseries++;
		t->series[*at] = *key;
		t->now[*at] = NAN;
	}
	return &t->now[*at];
}

/* One number for a group: where one part of the key decides, that part, else both made dense first. */
static uint64_t id_of(struct trend *t, const struct trend_series *key)
{
	if (t->by == TREND_SITE)
		return pair(key->file, key->line);
	uint32_t named = key->klass ? key->klass : key->name;
	if (t->by != TREND_STRING)
		return pair(key->type, named);
	uint64_t what = dense(&t->groups[0], pair(key->type, named));
	return what << 32 | dense(&t->groups[1], pair(key->file, key->line));
}

static void count_in(struct trend *t, const struct trend_series *key, double v)
{
	double *at = value_at(t, key, id_of(t, key));
	*at = isnan(*at) ? v : *at + v;
	t->total[t->n] += v;
}

static double metric(const struct trend *t, struct tally v) { return t->count ? (double)v.count : (double)v.bytes; }

/* By what kind of object a trend is limited, 0 = all; false: no object of this dump is of the kind. */
static bool only_type(const struct adding *a, uint32_t *ret)
{
	*ret = 0;
	if (a->t->by != TREND_STRING && a->t->by != TREND_DATA)
		return true;
	*ret = strtab_find(&a->s->names, a->t->by == TREND_STRING ? SPAN_LIT("STRING") : SPAN_LIT("DATA"));
	return *ret != 0;
}

static void add_keys(struct adding *a)
{
	struct trend *t = a->t;
	uint32_t only;
	if (!only_type(a, &only))
		return;
	bool type = t->by == TREND_TYPE || t->by == TREND_STRING || t->by == TREND_DATA;
	bool klass = t->by == TREND_CLASS || t->by == TREND_STRING || t->by == TREND_DATA || t->by == TREND_RETAINED;
	bool site = t->by == TREND_SITE || t->by == TREND_STRING;
	for (size_t i = 0; i < a->s->nkeys; i++) {
		const struct sum_key *k = &a->s->keys[i];
		if (only && k->type != only)
			continue;
		struct trend_series key = {.type = type ? name_of(a, k->type) : 0, .klass = klass ? name_of(a, k->klass) : 0,
		    .file = site ? name_of(a, k->file) : 0, .line = site ? k->line : 0};
		count_in(t, &key, metric(t, t->by == TREND_RETAINED ? k->retained : k->all));
	}
}

static void add_retained(struct adding *a)
{
	if (a->s->nret_class == 0) {
		add_keys(a);
		return;
	}
	for (size_t i = 0; i < a->s->nret_class; i++) {
		struct trend_series key = {.klass = name_of(a, a->s->ret_class[i].name)};
		count_in(a->t, &key, metric(a->t, a->s->ret_class[i].retained));
	}
}

static void add_holders(struct adding *a)
{
	for (size_t i = 0; i < a->s->nholders; i++) {
		struct trend_series key = {.name = name_of(a, a->s->holders[i].text)};
		count_in(a->t, &key, metric(a->t, a->s->holders[i].retained));
	}
}

/* The last two steps of a signature name a container well enough to be read; the full path is `path`'s. */
static uint32_t container_name(struct adding *a, uint32_t sig)
{
	enum { STEPS = 4 };
	const struct dump_summary *s = a->s;
	char *text = NULL;
	for (int i = 0; i < STEPS && sig < s->nsigs; i++, sig = s->sigs[sig].parent) {
		const char *step = strtab_str(&s->names, s->sigs[sig].klass);
		step = step ? step : "?";
		char *longer = text ? xasprintf("%s -> %s", step, text) : xstrdup(step);
		free(text);
		text = longer;
		if (strncmp(step, "class ", 6) == 0 || strncmp(step, "module ", 7) == 0)
			break;
	}
	uint32_t id = strtab_intern(&a->t->names, span_of(text ? text : "?"));
	free(text);
	return id;
}

static void add_containers(struct adding *a)
{
	for (size_t i = 0; i < a->s->ncontainers; i++) {
		const struct sum_container *c = &a->s->containers[i];
		struct trend_series key = {.type = name_of(a, c->type), .name = container_name(a, c->sig)};
		double entries = c->length == UINT64_MAX ? 0 : (double)c->length;
		count_in(a->t, &key, a->t->count ? entries : (double)c->retained.bytes);
	}
}

void trend_add(struct trend *t, const struct dump_summary *s, bool thinned)
{
	HDA_ASSERT(t->n < t->max);
	struct adding a = {t, s, xcalloc((size_t)s->names.n + 1, sizeof(uint32_t))};
	bool listed = t->by == TREND_HOLDER || t->by == TREND_CONTAINER || t->by == TREND_RETAINED;
	bool known = listed ? s->has_graph && !thinned : s->nkeys > 0 && (!thinned || t->by == TREND_TYPE);
	t->complete[t->n] = known && !listed;
	t->total[t->n] = known ? 0 : NAN;
	for (size_t i = 0; i < t->nseries; i++)
		t->now[i] = NAN;
	if (known && t->by == TREND_HOLDER)
		add_holders(&a);
	else if (known && t->by == TREND_CONTAINER)
		add_containers(&a);
	else if (known && t->by == TREND_RETAINED)
		add_retained(&a);
	else if (known)
		add_keys(&a);
	free(a.ids);
	t->width[t->n] = t->nseries;
	t->column[t->n] = xcalloc(t->nseries, sizeof(double));
	if (t->nseries)
		memcpy(t->column[t->n], t->now, t->nseries * sizeof(double));
	t->n++;
}

/* From columns a dump to rows a series. */
static void turn(struct trend *t)
{
	t->values = xcalloc(t->nseries * t->max, sizeof(*t->values));
	for (size_t k = 0; k < t->n; k++) {
		double absent = t->complete[k] ? 0 : NAN;
		for (size_t i = 0; i < t->nseries; i++) {
			double v = i < t->width[k] ? t->column[k][i] : NAN;
			t->values[i * t->max + k] = isnan(v) ? absent : v;
		}
	}
}

/* The median of the first or last three values that are known; 0 when none is. */
static double end_level(const double *v, size_t n, bool from_end)
{
	enum { LEVEL_POINTS = 3 };
	double known[LEVEL_POINTS];
	size_t m = 0;
	for (size_t i = 0; i < n && m < LEVEL_POINTS; i++) {
		double x = v[from_end ? n - 1 - i : i];
		if (isfinite(x))
			known[m++] = x;
	}
	return m ? slope_median(known, m) : 0;
}

/* With few dumps the first and the last tell more than two overlapping medians. */
static double growth_of(const double *v, size_t n)
{
	enum { LEVELS_FROM = 6 };
	if (n >= LEVELS_FROM)
		return end_level(v, n, true) - end_level(v, n, false);
	double first = NAN, last = NAN;
	for (size_t i = 0; i < n; i++) {
		if (!isfinite(v[i]))
			continue;
		first = isfinite(first) ? first : v[i];
		last = v[i];
	}
	return isfinite(last) ? last - first : 0;
}

struct order {
	const struct strtab *names;
	struct trend_series s;
	double last;
};

static int order_cmp(const void *a, const void *b)
{
	const struct order *x = a, *y = b;
	const struct strtab *names = x->names;
	if (x->s.growth != y->s.growth)
		return x->s.growth > y->s.growth ? -1 : 1;
	if (x->last != y->last)
		return x->last > y->last ? -1 : 1;
	int c = analyze_name_cmp(names, x->s.type, y->s.type);
	c = c ? c : analyze_name_cmp(names, x->s.klass, y->s.klass);
	c = c ? c : analyze_name_cmp(names, x->s.name, y->s.name);
	c = c ? c : analyze_name_cmp(names, x->s.file, y->s.file);
	return c ? c : (x->s.line > y->s.line) - (x->s.line < y->s.line);
}

void trend_finish(struct trend *t)
{
	turn(t);
	struct order *o = xcalloc(t->nseries, sizeof(*o));
	for (size_t i = 0; i < t->nseries; i++) {
		double *v = t->values + i * t->max;
		o[i] = (struct order){&t->names, t->series[i], t->n && isfinite(v[t->n - 1]) ? v[t->n - 1] : 0};
		o[i].s.v = v;
		o[i].s.growth = growth_of(v, t->n);
	}
	qsort(o, t->nseries, sizeof(*o), order_cmp);
	for (size_t i = 0; i < t->nseries; i++)
		t->series[i] = o[i].s;
	free(o);
}
