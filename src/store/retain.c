/* Which dumps stay, which are thinned, which go. SPDX-License-Identifier: BSD-2-Clause */
#include "store/retain.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "store/model.h"

/* What a thinned dump takes, about: enough to know when to stop. */
enum { THINNED_BYTES = 1024 };

/* One process: its dumps (pointers into the plan), oldest first. */
struct life {
	struct retain_dump **d;
	size_t n;
	struct retain_dump *first, *last; /* whole ones; NULL = none */
	bool alive;
};

static int by_proc_then_age(const void *pa, const void *pb)
{
	const struct retain_dump *a = *(struct retain_dump *const *)pa, *b = *(struct retain_dump *const *)pb;
	if (a->d.proc != b->d.proc)
		return a->d.proc < b->d.proc ? -1 : 1;
	return model_dump_cmp(&a->d, &b->d);
}

static bool too_old(const struct retain_opts *o, double time)
{
	return o->max_age_s && time > 0 && time < o->now - (double)o->max_age_s;
}

/* An old dump that is imported today is new to this store: it would be gone before anybody saw it. */
static double age_time(const struct store_dump *d) { return d->time > 0 ? fmax(d->time, d->received) : d->time; }

static bool is_protected(const struct life *l, const struct retain_dump *d)
{
	return l->alive && (d == l->first || d == l->last);
}

static void survey(const struct retain_opts *o, struct life *l)
{
	double newest = 0;
	l->first = l->last = NULL;
	for (size_t i = 0; i < l->n; i++) {
		newest = fmax(newest, age_time(&l->d[i]->d));
		if (l->d[i]->d.partial)
			continue;
		if (!l->first)
			l->first = l->d[i];
		l->last = l->d[i];
	}
	l->alive = !too_old(o, newest);
}

static void thin(struct retain_dump *d)
{
	if (d->action == RETAIN_KEEP && !d->d.thinned && !d->d.partial)
		d->action = RETAIN_THIN;
}

/* The place on the grid of hours or days that keeps one dump each. */
static double bucket(const struct retain_opts *o, double time)
{
	bool daily = time < o->now - RETAIN_HOURLY_S;
	double step = daily ? RETAIN_DAY_S : RETAIN_HOUR_S;
	return floor(time / step) * step + (daily ? 0.5 : 0);
}

/* Age and detail: what goes even when there is room. */
static void plan_life(const struct retain_opts *o, struct life *l)
{
	size_t newer = 0; /* whole dumps after this one */
	bool in_detail = true;
	for (size_t i = l->n; i-- > 0;) {
		struct retain_dump *d = l->d[i];
		in_detail = !o->detail_dumps || newer < o->detail_dumps;
		if (too_old(o, age_time(&d->d)) && !is_protected(l, d))
			d->action = RETAIN_DELETE;
		if (d->d.partial) {
			if (!in_detail)
				d->action = RETAIN_DELETE;
			continue;
		}
		newer++;
		if (!in_detail)
			thin(d);
	}
	/* Of the thinned, the oldest of each hour or day stays. */
	double have = -1;
	for (size_t i = 0; i < l->n; i++) {
		struct retain_dump *d = l->d[i];
		if (d->d.partial || d->action == RETAIN_DELETE || (d->action == RETAIN_KEEP && !d->d.thinned))
			continue;
		double b = bucket(o, d->d.time);
		if (d->d.time > 0 && b == have && !is_protected(l, d))
			d->action = RETAIN_DELETE;
		have = b;
	}
}

static uint64_t freed_by(const struct retain_dump *d)
{
	if (d->action == RETAIN_DELETE)
		return d->stored;
	return d->action == RETAIN_THIN && d->stored > THINNED_BYTES ? d->stored - THINNED_BYTES : 0;
}

static uint64_t freed(const struct retain_dump *d, size_t n)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < n; i++)
		sum += freed_by(&d[i]);
	return sum;
}

/* The life of a dump, found by its place in the sorted list. */
static struct life *life_of(struct life *l, size_t n, uint64_t proc)
{
	size_t lo = 0, hi = n;
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		if (l[mid].d[0]->d.proc < proc)
			lo = mid + 1;
		else
			hi = mid;
	}
	return &l[lo];
}

static size_t whole_after(const struct life *l, const struct retain_dump *d)
{
	size_t n = 0;
	for (size_t i = l->n; i-- > 0 && l->d[i] != d;)
		n += !l->d[i]->d.partial;
	return n;
}

/* For want of room: the oldest lose their detail, then the oldest go, as far as needed. */
static void plan_room(const struct retain_opts *o, struct life *lives, size_t nlives, struct retain_dump *d, size_t n)
{
	uint64_t have = freed(d, n);
	size_t detail = o->hard ? RETAIN_HARD_DETAIL : RETAIN_MIN_DETAIL;
	for (int pass = 0; pass < 3; pass++) {
		for (size_t i = 0; i < n && have < o->to_free; i++) {
			struct life *l = life_of(lives, nlives, d[i].d.proc);
			uint64_t before = freed_by(&d[i]);
			if (d[i].d.partial && d[i].action == RETAIN_KEEP)
				d[i].action = RETAIN_DELETE;
			else if (pass == 0 && whole_after(l, &d[i]) >= detail)
				thin(&d[i]);
			else if (pass == 1 && !is_protected(l, &d[i]) && whole_after(l, &d[i]) >= detail)
				d[i].action = RETAIN_DELETE;
			else if (pass == 2 && o->hard && &d[i] != l->last)
				d[i].action = RETAIN_DELETE;
			have += freed_by(&d[i]) - before;
		}
	}
}

void retain_plan(const struct retain_opts *o, struct retain_dump *d, size_t n)
{
	if (!n)
		return;
	struct retain_dump **sorted = xreallocarray(NULL, n, sizeof(struct retain_dump *));
	struct life *lives = xcalloc(n, sizeof(*lives));
	size_t nlives = 0;
	for (size_t i = 0; i < n; i++) {
		d[i].action = RETAIN_KEEP;
		sorted[i] = &d[i];
	}
	qsort(sorted, n, sizeof(struct retain_dump *), by_proc_then_age);
	for (size_t i = 0; i < n; i++) {
		if (i == 0 || sorted[i]->d.proc != sorted[i - 1]->d.proc)
			lives[nlives++].d = &sorted[i];
		lives[nlives - 1].n++;
	}
	for (size_t i = 0; i < nlives; i++) {
		survey(o, &lives[i]);
		plan_life(o, &lives[i]);
	}
	plan_room(o, lives, nlives, d, n);
	free(lives);
	free(sorted);
}
