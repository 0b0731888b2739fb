/* Series of groups over many dumps. SPDX-License-Identifier: BSD-2-Clause */
#include "analyze/trend.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/slope.h"
#include "analyze/top.h"
#include "base/assert.h"
#include "base/first.h"
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
	free(t->by_number);
	free(t->ids);
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

/* Which parts of a key tell groups apart. */
struct shape {
	bool type, klass, site;
};

static struct shape shape_of(enum trend_by by)
{
	bool special = by == TREND_STRING || by == TREND_DATA;
	return (struct shape){by == TREND_TYPE || special, by == TREND_CLASS || special || by == TREND_RETAINED, by == TREND_SITE || by == TREND_STRING};
}

static void add_keys(struct adding *a)
{
	struct trend *t = a->t;
	uint32_t only;
	if (!only_type(a, &only))
		return;
	struct shape sh = shape_of(t->by);
	for (size_t i = 0; i < a->s->nkeys; i++) {
		const struct sum_key *k = &a->s->keys[i];
		if (only && k->type != only)
			continue;
		struct trend_series key = {.type = sh.type ? name_of(a, k->type) : 0, .klass = sh.klass ? name_of(a, k->klass) : 0,
		    .file = sh.site ? name_of(a, k->file) : 0, .line = sh.site ? k->line : 0};
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

/* Begins and ends the column of a dump, where series have the value `absent` first. complete: what stays NAN is 0, else nobody knows. */
static void begin(struct trend *t, bool known, bool complete, double absent)
{
	HDA_ASSERT(t->n < t->max);
	t->complete[t->n] = known && complete;
	t->total[t->n] = known ? 0 : NAN;
	for (size_t i = 0; i < t->nseries; i++)
		t->now[i] = absent;
}

static void end(struct trend *t)
{
	t->width[t->n] = t->nseries;
	t->column[t->n] = xreallocarray(NULL, t->nseries + 1, sizeof(double));
	if (t->nseries)
		memcpy(t->column[t->n], t->now, t->nseries * sizeof(double));
	t->n++;
}

void trend_add(struct trend *t, const struct dump_summary *s, bool thinned)
{
	struct adding a = {t, s, xcalloc((size_t)s->names.n + 1, sizeof(uint32_t))};
	bool listed = t->by == TREND_HOLDER || t->by == TREND_CONTAINER || t->by == TREND_RETAINED;
	bool known = listed ? s->has_graph && !thinned : s->nkeys > 0 && (!thinned || t->by == TREND_TYPE);
	begin(t, known, !listed, NAN);
	if (known && t->by == TREND_HOLDER)
		add_holders(&a);
	else if (known && t->by == TREND_CONTAINER)
		add_containers(&a);
	else if (known && t->by == TREND_RETAINED)
		add_retained(&a);
	else if (known)
		add_keys(&a);
	free(a.ids);
	end(t);
}

bool trend_by_keys(enum trend_by by) { return by <= TREND_DATA; }

/* Room for index i in an array of *n numbers, new ones 0. */
static uint32_t *widen(uint32_t *p, size_t *n, uint64_t i)
{
	size_t more = *n ? *n : 1024;
	if (i < *n)
		return p;
	while (more <= i)
		more *= 2;
	p = xreallocarray(p, more, sizeof(*p));
	memset(p + *n, 0, (more - *n) * sizeof(*p));
	*n = more;
	return p;
}

/* The trend's id of a name of the store's. */
static uint32_t lent_name(struct trend *t, const struct store_keys *k, uint32_t id)
{
	t->ids = widen(t->ids, &t->nids, id);
	if (id && !t->ids[id])
		t->ids[id] = strtab_intern(&t->names, strtab_get(k->names, id));
	return t->ids[id];
}

/* What a key counts for, worked out once. */
static int meet(struct trend *t, const struct store_keys *k, uint64_t number)
{
	uint32_t part[4];
	int err = number > UINT32_MAX ? HDA_ECORRUPT : k->key(k, number, part);
	if (err)
		return err;
	t->by_number = widen(t->by_number, &t->nnumbers, number);
	t->by_number[number] = UINT32_MAX;
	struct span type = strtab_get(k->names, part[0]);
	if ((t->by == TREND_STRING && !span_eq(type, SPAN_LIT("STRING"))) || (t->by == TREND_DATA && !span_eq(type, SPAN_LIT("DATA"))))
		return 0;
	struct shape sh = shape_of(t->by);
	struct trend_series key = {.type = sh.type ? lent_name(t, k, part[0]) : 0, .klass = sh.klass ? lent_name(t, k, part[1]) : 0,
	    .file = sh.site ? lent_name(t, k, part[2]) : 0, .line = sh.site ? part[3] : 0};
	t->by_number[number] = (uint32_t)(value_at(t, &key, id_of(t, &key)) - t->now) + 1;
	return 0;
}

/* Makes sure that all numbers of a dump are known. */
static int meet_all(struct trend *t, const struct store_keys *k)
{
	int err = 0;
	for (size_t i = 0; !err && i < k->n; i++) {
		uint64_t number = k->cells[i * STORE_KEY_CELLS + STORE_KEY_NUMBER];
		if (number >= t->nnumbers || !t->by_number[number])
			err = meet(t, k, number);
	}
	return err;
}

int trend_add_keys(struct trend *t, const struct store_keys *k, bool thinned)
{
	bool known = k->n > 0 && (!thinned || t->by == TREND_TYPE);
	int err = known ? meet_all(t, k) : 0;
	HDA_ASSERT(trend_by_keys(t->by));
	begin(t, known, true, known ? 0 : NAN);
	const uint64_t *row = k->cells + (t->count ? STORE_KEY_COUNT : STORE_KEY_BYTES), *number = k->cells + STORE_KEY_NUMBER;
	const uint32_t *series = t->by_number;
	double *now = t->now;
	for (size_t i = 0; known && !err && i < k->n; i++, row += STORE_KEY_CELLS, number += STORE_KEY_CELLS) {
		if (series[*number] != UINT32_MAX)
			now[series[*number] - 1] += (double)*row;
	}
	for (size_t i = 0; known && i < t->nseries; i++)
		t->total[t->n] += now[i];
	end(t);
	return err;
}

/* The value of a series in the k-th dump. */
static double value(const struct trend *t, size_t series, size_t k)
{
	double v = series < t->width[k] ? t->column[k][series] : NAN;
	return isnan(v) && t->complete[k] ? 0 : v;
}

/* The median of the first or last three values that are known; 0 when none is. */
static double end_level(const struct trend *t, size_t series, bool from_end)
{
	enum { LEVEL_POINTS = 3 };
	double known[LEVEL_POINTS];
	size_t m = 0;
	for (size_t i = 0; i < t->n && m < LEVEL_POINTS; i++) {
		double x = value(t, series, from_end ? t->n - 1 - i : i);
		if (isfinite(x))
			known[m++] = x;
	}
	return m ? slope_median(known, m) : 0;
}

/* With few dumps the first and the last tell more than two overlapping medians. */
static double growth_of(const struct trend *t, size_t series)
{
	enum { LEVELS_FROM = 6 };
	if (t->n >= LEVELS_FROM)
		return end_level(t, series, true) - end_level(t, series, false);
	double first = NAN, last = NAN;
	for (size_t i = 0; i < t->n; i++) {
		double v = value(t, series, i);
		if (!isfinite(v))
			continue;
		first = isfinite(first) ? first : v;
		last = v;
	}
	return isfinite(last) ? last - first : 0;
}

struct order {
	const struct trend *t;
	size_t series;
	double growth, last;
};

static int order_cmp(const void *a, const void *b)
{
	const struct order *x = a, *y = b;
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

static struct order order_of(const struct trend *t, size_t series)
{
	double last = t->n ? value(t, series, t->n - 1) : 0;
	return (struct order){t, series, growth_of(t, series), isfinite(last) ? last : 0};
}

void trend_finish(struct trend *t, size_t most)
{
	t->nsorted = most < t->nseries ? most : t->nseries;
	struct order *o = xcalloc(t->nseries, sizeof(*o));
	struct trend_series *sorted = xcalloc(t->nsorted, sizeof(*sorted));
	for (size_t i = 0; i < t->nseries; i++)
		o[i] = order_of(t, i);
	sort_first(o, t->nseries, sizeof(*o), most, order_cmp);
	t->values = xcalloc(t->nsorted * t->max, sizeof(*t->values));
	for (size_t i = 0; i < t->nsorted; i++) {
		sorted[i] = t->series[o[i].series];
		sorted[i].growth = o[i].growth;
		sorted[i].v = t->values + i * t->max;
		for (size_t k = 0; k < t->n; k++)
			sorted[i].v[k] = value(t, o[i].series, k);
	}
	free(o);
	free(t->series);
	t->series = sorted;
}
