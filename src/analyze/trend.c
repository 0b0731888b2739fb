/* Series of groups over many dumps. SPDX-License-Identifier: BSD-2-Clause */
#include "analyze/trend.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

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
	free(t->told);
	history_done(&t->history);
	free(t->order);
	free(t->wanted);
	free(t->of);
	free(t->moved);
	free(t->ids);
	free(t->gain);
	free(t->gains);
	for (size_t i = 0; i <= STORE_LINKS; i++)
		free(t->run[i].g);
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

/* The series of a group, made when new. */
static uint32_t series_at(struct trend *t, const struct trend_series *key, uint64_t id)
{
	bool fresh;
	uint32_t *at = u64map_put(&t->index, id, &fresh);
	if (fresh) {
		size_t old = t->cap;
		t->series = xgrow(t->series, t->nseries, &t->cap, sizeof(*t->series));
		if (t->cap != old) {
			t->now = xreallocarray(t->now, t->cap, sizeof(*t->now));
			t->told = xreallocarray(t->told, t->cap, sizeof(*t->told));
			t->gain = xreallocarray(t->gain, t->cap, sizeof(*t->gain));
			t->gains = xreallocarray(t->gains, t->cap, sizeof(*t->gains));
		}
		*at = (uint32_t)t->nseries++;
		t->series[*at] = *key;
		t->now[*at] = t->told[*at] = TREND_ABSENT;
		t->gain[*at] = (struct trend_lanes){{0}};
		t->gains[*at] = false;
	}
	return *at;
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

static void count_in(struct trend *t, const struct trend_series *key, uint64_t v)
{
	uint32_t at = series_at(t, key, id_of(t, key)); /* which may move the array */
	t->now[at] = t->now[at] == TREND_ABSENT ? v : t->now[at] + v;
	t->sum += v;
}

static uint64_t metric(const struct trend *t, struct tally v) { return t->count ? v.count : v.bytes; }

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
	return (struct shape){
	    by == TREND_TYPE || special, by == TREND_CLASS || special || by == TREND_RETAINED, by == TREND_SITE || by == TREND_STRING};
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

static void add_types(struct adding *a)
{
	for (size_t i = 0; i < a->s->ntypes; i++) {
		struct trend_series key = {.type = name_of(a, a->s->types[i].type)};
		count_in(a->t, &key, metric(a->t, a->s->types[i].all));
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
		step = step ? summary_step_text(step) : "?";
		char *longer = text ? xasprintf("%s -> %s", step, text) : xstrdup(step);
		free(text);
		text = longer;
		if (summary_names_itself(step))
			break;
	}
	uint32_t id = strtab_intern(&a->t->names, span_of(text ? text : "?"));
	free(text);
	return id;
}

/* Entries or bytes of all Arrays and Hashes of a signature that stands for several of them: many short ones may grow where no long one
 * does. */
static void add_contents(struct adding *a)
{
	const struct dump_summary *s = a->s;
	for (size_t i = 0; i < s->ncontents; i++) {
		const struct sum_content *c = &s->contents[i];
		if (!summary_is_several(s, c) || strcmp(strtab_str(&s->names, c->type), "STRING") == 0)
			continue;
		struct trend_series key = {.type = name_of(a, c->type), .name = container_name(a, c->sig)};
		count_in(a->t, &key, a->t->count ? summary_content_length(s, c) : s->sigs[c->sig].retained.bytes);
	}
}

static void add_containers(struct adding *a)
{
	_cleanup_free_ bool *several = summary_several(a->s);
	add_contents(a);
	for (size_t i = 0; i < a->s->ncontainers; i++) {
		const struct sum_container *c = &a->s->containers[i];
		if (c->sig < a->s->nsigs && several[c->sig] && strcmp(strtab_str(&a->s->names, c->type), "STRING") != 0)
			continue;
		struct trend_series key = {.type = name_of(a, c->type), .name = container_name(a, c->sig)};
		uint64_t entries = c->length == UINT64_MAX ? 0 : c->length;
		count_in(a->t, &key, a->t->count ? entries : c->retained.bytes);
	}
}

/* Ends a dump whose values are in `now` (those of `moved` may differ from `told`). complete: what is absent is 0, else nobody knows. */
static void end(struct trend *t, size_t place, bool known, bool complete)
{
	HDA_ASSERT(t->n < t->max && place < t->max);
	for (size_t i = 0; i < t->nmoved; i++) {
		uint32_t s = t->moved[i];
		if (t->now[s] == t->told[s])
			continue;
		history_move(&t->history, s, t->now[s] - t->told[s]);
		t->told[s] = t->now[s];
	}
	t->nmoved = 0;
	history_step(&t->history);
	t->known[place] = known;
	t->complete[place] = known && complete;
	t->total[place] = known ? (double)t->sum : NAN;
	t->place[t->n++] = place;
}

static inline void moves(struct trend *t, uint32_t series)
{
	if (t->nmoved == t->cap_moved)
		t->moved = xgrow(t->moved, t->nmoved, &t->cap_moved, sizeof(*t->moved));
	t->moved[t->nmoved++] = series;
}

void trend_add(struct trend *t, const struct dump_summary *s, bool thinned)
{
	struct adding a = {t, s, xcalloc((size_t)s->names.n + 1, sizeof(uint32_t))};
	bool listed = !trend_by_keys(t->by);
	bool types = t->by == TREND_TYPE && s->ntypes > 0; /* then the keys need not be there */
	bool known = listed ? s->has_graph && !thinned : types || (s->nkeys > 0 && trend_knows(t->by, thinned));
	t->sum = 0;
	for (size_t i = 0; i < t->nseries; i++)
		t->now[i] = TREND_ABSENT;
	if (known && t->by == TREND_HOLDER)
		add_holders(&a);
	else if (known && t->by == TREND_CONTAINER)
		add_containers(&a);
	else if (known && t->by == TREND_RETAINED)
		add_retained(&a);
	else if (types)
		add_types(&a);
	else if (known)
		add_keys(&a);
	free(a.ids);
	for (uint32_t i = 0; i < t->nseries; i++)
		moves(t, i);
	end(t, t->n, known, !listed);
}

bool trend_by_keys(enum trend_by by) { return by <= TREND_DATA; }

bool trend_knows(enum trend_by by, bool thinned) { return !thinned || by == TREND_TYPE; }

void trend_add_unknown(struct trend *t, size_t place) { end(t, place, false, false); }

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

/* Whether its values are kept. */
static bool is_wanted(const struct trend *t, uint32_t series) { return !t->order || (series < t->nwanted && t->wanted[series]); }

/* What a key counts for, worked out once. */
static int meet(struct trend *t, const struct store_keys *k, uint32_t number)
{
	uint32_t part[4];
	int err = k->mean(k, number, part);
	if (err)
		return err;
	t->of[number] = TREND_OF_NONE;
	struct span type = strtab_get(k->names, part[0]);
	if ((t->by == TREND_STRING && !span_eq(type, SPAN_LIT("STRING"))) || (t->by == TREND_DATA && !span_eq(type, SPAN_LIT("DATA"))))
		return 0;
	struct shape sh = shape_of(t->by);
	struct trend_series key = {.type = sh.type ? lent_name(t, k, part[0]) : 0, .klass = sh.klass ? lent_name(t, k, part[1]) : 0,
	    .file = sh.site ? lent_name(t, k, part[2]) : 0, .line = sh.site ? part[3] : 0};
	uint32_t series = series_at(t, &key, id_of(t, &key));
	if (t->now[series] == TREND_ABSENT) {
		t->now[series] = 0;
		moves(t, series);
	}
	t->of[number] = is_wanted(t, series) ? series + 1 : TREND_OF_SUM;
	return 0;
}

/* A change of a key that is not one series' alone, or not yet. *of: what t->of says of the key. */
static int add_other(struct trend *t, const struct store_keys *k, uint32_t number, struct trend_run *r, uint32_t *of)
{
	int err = 0;
	/* What is not there in the end comes to nothing: so far nobody needs to know it. */
	if (*of == 0 && k->there[number])
		err = meet(t, k, number);
	else if (*of == 0)
		r->whole = false;
	*of = t->of[number];
	return err;
}

static void gains(struct trend *t, struct trend_run *r, uint32_t series)
{
	if (r->n == r->cap)
		r->g = xgrow(r->g, r->n, &r->cap, sizeof(*r->g));
	r->g[r->n++].series = series;
	t->gains[series] = true;
}

/* Ends a run: the sums of its series. */
static void sum_up(struct trend *t, struct trend_run *r)
{
	for (size_t i = 0; i < r->n; i++) {
		struct trend_lanes *l = &t->gain[r->g[i].series];
		r->g[i].gain = 0;
		for (size_t k = 0; k < TREND_LANES; k++)
			r->g[i].gain += l->v[k];
		*l = (struct trend_lanes){{0}};
		t->gains[r->g[i].series] = false;
	}
}

/* What a run comes to, series by series. The loop that the time goes into. */
static int add_up(struct trend *t, const struct store_keys *k, const struct store_run *run, struct trend_run *r)
{
	const bool count = t->count;
	const uint32_t *of_key = t->of;
	uint64_t sum = 0;
	int err = 0;
	r->n = 0;
	r->whole = true;
	for (size_t i = 0; i < run->n && !err; i++) {
		const struct store_change *c = &run->c[i];
		uint64_t gain = count ? c->count : c->bytes;
		uint32_t of = of_key[c->number];
		if (of == 0)
			err = add_other(t, k, c->number, r, &of);
		sum += of == 0 || of == TREND_OF_NONE ? 0 : gain;
		if (of - 1 >= t->nseries)
			continue;
		t->gain[of - 1].v[i % TREND_LANES] += gain;
		if (!t->gains[of - 1])
			gains(t, r, of - 1);
	}
	r->sum = sum;
	sum_up(t, r);
	return err;
}

/* The same forth or back; of a run that is taken back it is known what it came to. */
static int add_run(struct trend *t, const struct store_keys *k, const struct store_run *run)
{
	struct trend_run *r = &t->run[run->link];
	if (!run->back || !r->whole) {
		r = run->back ? &t->run[STORE_LINK_NONE] : r;
		int err = add_up(t, k, run, r);
		if (err)
			return err;
	}
	uint64_t flip = run->back ? UINT64_MAX : 0;
	t->sum += (r->sum ^ flip) - flip;
	for (size_t i = 0; i < r->n; i++) {
		uint32_t s = r->g[i].series;
		if (!is_wanted(t, s))
			continue;
		if (t->now[s] == t->told[s])
			moves(t, s);
		t->now[s] += (r->g[i].gain ^ flip) - flip;
	}
	return 0;
}

int trend_add_keys(struct trend *t, const struct store_keys *k, size_t place)
{
	int err = 0;
	HDA_ASSERT(trend_by_keys(t->by));
	t->of = widen(t->of, &t->nof, k->nkeys);
	for (size_t i = 0; i < k->nruns && !err; i++)
		err = add_run(t, k, &k->runs[i]);
	end(t, place, k->n > 0, true);
	return err;
}

/* A series of one trend that is one of another's. */
struct same {
	uint32_t here, there;
};

/* A name of the other trend, worked out once each. */
static uint32_t same_name(struct trend *t, const struct trend *other, uint32_t *ids, uint32_t id)
{
	if (id && !ids[id])
		ids[id] = strtab_intern(&t->names, strtab_get(&other->names, id));
	return ids[id];
}

/* All series of the other are met. Newly allocated: those whose values are kept, which are few after trend_narrow. */
static struct same *meet_all(struct trend *t, const struct trend *other, size_t *ret_n)
{
	struct same *ret = xreallocarray(NULL, other->nseries + 1, sizeof(*ret));
	uint32_t *ids = xcalloc((size_t)other->names.n + 1, sizeof(*ids));
	*ret_n = 0;
	for (uint32_t i = 0; i < other->nseries; i++) {
		const struct trend_series *o = &other->series[i];
		struct trend_series key = {.type = same_name(t, other, ids, o->type), .klass = same_name(t, other, ids, o->klass),
		    .file = same_name(t, other, ids, o->file), .line = o->line};
		uint32_t here = series_at(t, &key, id_of(t, &key));
		if (is_wanted(other, i))
			ret[(*ret_n)++] = (struct same){here, i};
	}
	free(ids);
	return ret;
}

/* What the other never met comes to nothing in its dumps. */
static void join_begin(struct trend *t)
{
	for (uint32_t i = 0; i < t->nseries; i++) {
		if (!is_wanted(t, i) || t->now[i] == TREND_ABSENT)
			continue;
		t->now[i] = 0;
		moves(t, i);
	}
}

/* One dump of the other: at has the values of its series. */
static void join_dump(struct trend *t, const struct trend *other, const struct same *same, size_t n, const uint64_t *at, size_t place)
{
	for (size_t i = 0; i < n; i++) {
		if (at[same[i].there] == TREND_ABSENT)
			continue;
		t->now[same[i].here] = at[same[i].there];
		moves(t, same[i].here);
	}
	t->sum = other->known[place] ? (uint64_t)other->total[place] : 0;
	end(t, place, other->known[place], other->complete[place]);
}

void trend_join(struct trend *t, const struct trend *other, size_t skip)
{
	size_t n;
	struct same *same = meet_all(t, other, &n);
	uint64_t *at = xreallocarray(NULL, other->nseries + 1, sizeof(*at));
	struct history_walk w = history_walk(&other->history);
	for (size_t i = 0; i < other->nseries; i++)
		at[i] = TREND_ABSENT;
	join_begin(t);
	for (size_t k = 0; k < other->n; k++) {
		history_next(&w, at);
		if (k >= skip)
			join_dump(t, other, same, n, at, other->place[k]);
	}
	free(at);
	free(same);
}
