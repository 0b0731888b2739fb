/* One key through the dumps of a run. SPDX-License-Identifier: BSD-2-Clause */
#include "analyze/cohort.h"

#include <stdlib.h>
#include <string.h>

#include "analyze/life.h"
#include "analyze/verdict_impl.h"
#include "base/mem.h"

#define NEAR_S .01 /* times of the state lie on a grid of 1/VERDICT_SECOND_PARTS */

static void add_part(struct cohorts *c, uint32_t a, uint32_t e, bool weighed)
{
	const struct verdict_proc *p = c->p;
	if (e > a && c->n < COHORTS)
		c->c[c->n++] = (struct cohort){.jobs_from = p->bx[a], .jobs_to = p->bx[e], .t_from = p->t[a], .t_to = p->t[e],
		    .gc_from = p->gc[a] - (a > 0), .gc_to = p->gc[e] - 1, .born = NAN, .low = NAN, .weighed = weighed};
}

static void parts_of_births(struct cohorts *c)
{
	const struct verdict_proc *p = c->p;
	uint32_t first = p->bound[0], last = (uint32_t)p->nmarks - 1;
	c->c[c->n++] = (struct cohort){.jobs_from = NAN,
	    .jobs_to = p->bx[first],
	    .t_from = NAN,
	    .t_to = p->t[first],
	    .gc_from = -1,
	    .gc_to = p->gc[first] - (first > 0),
	    .born = NAN,
	    .low = NAN};
	for (uint32_t i = 0; i < p->nbound; i++)
		add_part(c, p->bound[i], verdict_span_end(p->bound, p->nbound, i, p->cut), true);
	add_part(c, p->cut, last, false);
}

/* Segments of levels end at dumps; the first dump is one of its own. */
static void parts_of_levels(struct cohorts *c)
{
	const struct verdict_proc *p = c->p;
	c->c[c->n++] = (struct cohort){
	    .jobs_from = NAN, .jobs_to = p->x[0], .t_from = -INFINITY, .t_to = p->t[0], .born = NAN, .low = NAN, .weighed = true};
	for (uint32_t i = 0; i < p->nlbound; i++) {
		uint32_t a = (uint32_t)verdict_dump_mark(p, p->lbound[i]);
		bool open = i + 1 == p->nlbound;
		add_part(c, a, open ? (uint32_t)p->nmarks - 1 : (uint32_t)verdict_dump_mark(p, p->lbound[i + 1]), true);
	}
}

void cohorts_init(struct cohorts *c, const struct verdict_proc *p, const struct verdict_entry *e)
{
	*c = (struct cohorts){.p = p, .e = e, .births = p->traced && e->site && e->key->len < 0};
	if (p->nmarks == 0)
		return;
	c->interval = (p->t[p->nmarks - 1] - p->t[0]) / fmax((double)p->ndumps - 1, 1);
	if (c->births)
		parts_of_births(c);
	else
		parts_of_levels(c);
}

/* --- finding the entry in a summary: by the texts of its names --- */

static bool same(const struct dump_summary *s, uint32_t id, const char *text)
{
	struct span t = strtab_get(&s->names, id);
	return text ? span_eq(t, span_of(text)) : id == 0;
}

/* The steps above signature sig, from the root, are the entry's path (life_weigh.c keeps LIFE_PATH of them). */
static bool same_path(const struct dump_summary *s, uint32_t sig, const struct verdict_entry *e)
{
	uint32_t chain[LIFE_PATH * 4];
	size_t n = 0;
	for (uint32_t i = s->sigs[sig].parent; i != UINT32_MAX && i < s->nsigs && n < LIFE_PATH * 4; i = s->sigs[i].parent)
		chain[n++] = i;
	if ((n < LIFE_PATH ? n : LIFE_PATH) != e->npath)
		return false;
	for (size_t k = 0; k < e->npath; k++) {
		if (!same(s, s->sigs[chain[n - 1 - k]].klass, e->path[k]))
			return false;
	}
	return true;
}

/* "file:line" of a key is the site. */
static bool same_site(const struct dump_summary *s, const struct sum_key *k, const char *site)
{
	const char *colon = site ? strrchr(site, ':') : NULL;
	if (!colon)
		return k->file == 0;
	return k->line == strtoull(colon + 1, NULL, 10) &&
	       span_eq(strtab_get(&s->names, k->file), (struct span){(const uint8_t *)site, (size_t)(colon - site)});
}

static size_t find_key(const struct dump_summary *s, const struct verdict_entry *e)
{
	for (size_t i = 0; i < s->nkeys; i++) {
		const struct sum_key *k = &s->keys[i];
		if (same_site(s, k, e->site) && same(s, k->type, e->type) && same(s, k->klass, e->klass))
			return i;
	}
	return SIZE_MAX;
}

static struct cohort_level held(const struct dump_summary *s, const struct verdict_entry *e)
{
	struct cohort_level l = {.len = NAN};
	_cleanup_free_ uint64_t *counts = summary_counts(s);
	for (uint32_t i = 0; i < s->nsigs; i++) {
		const struct sum_sig *g = &s->sigs[i];
		if (!g->own.count || g->parent == UINT32_MAX || !same(s, g->klass, e->klass) || !same_path(s, i, e))
			continue;
		l.n += (double)counts[i];
		l.b += (double)g->own.bytes;
	}
	return l;
}

/* All containers of its signature, where they are summed up. False: they are listed. */
static bool contents(const struct dump_summary *s, const struct verdict_entry *e, struct cohort_level *ret)
{
	for (size_t i = 0; i < s->ncontents; i++) {
		const struct sum_content *c = &s->contents[i];
		if (!summary_is_several(s, c) || !same(s, c->type, e->type) || !same(s, s->sigs[c->sig].klass, e->klass) ||
		    !same_path(s, c->sig, e))
			continue;
		*ret = (struct cohort_level){.n = (double)s->sigs[c->sig].own.count, .len = (double)summary_content_length(s, c)};
		return true;
	}
	return false;
}

static struct cohort_level container(const struct dump_summary *s, const struct verdict_entry *e)
{
	struct cohort_level l = {.len = 0};
	if (contents(s, e, &l))
		return l;
	for (size_t i = 0; i < s->ncontainers; i++) {
		const struct sum_container *c = &s->containers[i];
		if (c->sig >= s->nsigs || !same(s, c->type, e->type) || !same(s, c->klass, e->klass) || !same_path(s, c->sig, e))
			continue;
		l.n++;
		l.len += (double)c->length;
	}
	return l;
}

/* --- births --- */

static double gc_of(const struct dump_summary *s)
{
	return s->head.gc_count != HEADER_UNKNOWN ? (double)s->head.gc_count : s->max_generation != UINT64_MAX ? (double)s->max_generation : 0;
}

/* How many objects of the key live of each part. Of an older store nobody knows when garbage was born: it is taken from the youngest. */
static void count_births(const struct cohorts *c, const struct dump_summary *s, size_t key, double ret[COHORTS])
{
	memset(ret, 0, COHORTS * sizeof(*ret));
	for (size_t i = 0; key != SIZE_MAX && i < s->ngenkeys; i++) {
		const struct sum_genkey *g = &s->genkeys[i];
		if (g->key != key)
			continue;
		for (size_t k = 0; k < c->n; k++) {
			if ((double)g->generation > c->c[k].gc_from && (double)g->generation <= c->c[k].gc_to)
				ret[k] += (double)(g->t.count - g->dead);
		}
	}
	double left = key != SIZE_MAX && !s->genkeys_dead ? (double)s->keys[key].garbage.count : 0;
	for (size_t k = c->n; k-- && left > 0;) {
		double gone = fmin(left, ret[k]);
		ret[k] -= gone;
		left -= gone;
	}
}

static void add_births(struct cohorts *c, const struct dump_summary *s, size_t key, double t)
{
	double now[COHORTS], gc = gc_of(s);
	count_births(c, s, key, now);
	for (size_t k = 0; k < c->n; k++) {
		struct cohort *o = &c->c[k];
		if (gc < o->gc_to)
			continue;
		/* The first dump after the part has them all; a later one has lost some. */
		if (!isfinite(o->born) && isfinite(o->t_from) && gc > o->gc_to && t <= o->t_to + 1.5 * c->interval + NEAR_S)
			o->born = now[k];
		o->still = now[k];
	}
}

static void add_low(struct cohorts *c, double level, double t)
{
	for (size_t k = 0; k < c->n; k++) {
		struct cohort *o = &c->c[k];
		if (t > o->t_from + NEAR_S && t <= o->t_to + NEAR_S)
			o->low = isfinite(o->low) ? fmin(o->low, level) : level;
	}
}

struct cohort_level cohorts_add(struct cohorts *c, const struct dump_summary *s, double t)
{
	const struct verdict_entry *e = c->e;
	struct cohort_level l = {.len = NAN};
	size_t key = SIZE_MAX;
	if (e->key->len >= 0) {
		l = container(s, e);
	} else if (!e->type) {
		l = held(s, e);
	} else {
		key = find_key(s, e);
		const struct sum_key *k = key != SIZE_MAX ? &s->keys[key] : NULL;
		l.n = k ? (double)k->all.count - (double)k->garbage.count : 0;
		l.b = k ? (double)k->all.bytes - (double)k->garbage.bytes : 0;
	}
	if (c->births)
		add_births(c, s, key, t);
	else
		add_low(c, isfinite(l.len) ? l.len : l.n, t);
	return l;
}
