/* Verdict: one line a leak, the most useful first. SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "analyze/verdict_fold.h"
#include "analyze/verdict_fuse.h"
#include "analyze/verdict_impl.h"
#include "base/mem.h"

static const char *const labels[] = {"static", "fast", "slow", "suspect", "bounded?", "backlog?", "phase?", "leak"};
static const char *const stories[] = {"leak", "slow", "turn", "burst", "flat", "wander"};
static const char *const natives[] = {"none", "learning", "heap explains it", "suspect", "fragmentation", "native leak"};

const char *verdict_label_name(enum verdict_label l) { return labels[l]; }
const char *verdict_story_name(enum verdict_story s) { return stories[s]; }
const char *verdict_native_name(enum verdict_native_label l) { return natives[l]; }

#define ENTRY_BYTES 24 /* of a container of which only the length is known: a table slot of a Ruby Hash */

bool verdict_is_text(const struct verdict_entry *e) { return e->key->len >= 0 && e->type && strcmp(e->type, "STRING") == 0; }

double verdict_unit_bytes(const struct verdict_fused *f)
{
	return f->entry->key->len < 0 ? f->size : verdict_is_text(f->entry) ? 1 : ENTRY_BYTES;
}

static uint64_t path_hash(uint64_t h, const char *const *path, size_t n)
{
	for (size_t i = 0; i < n; i++)
		h = XXH3_64bits_withSeed(path[i], strlen(path[i]), h);
	return h;
}

#define BIRTHS_KNOWN .5 /* share of the run */

enum { LEVEL_DUMPS = 10 }; /* from so many dumps on a level tells a straight line from a bent one by itself */

/* At most so sure. What would be a leak by itself is not settled while there are few dumps, however little another says. */
static void doubt(struct verdict_fused *f, double most)
{
	if (most >= f->conf)
		return;
	f->conf = most;
	if (f->label == VERDICT_LEAK)
		f->label = most >= VERDICT_SUSPECT_AT || f->proc->ndumps <= LEVEL_DUMPS ? VERDICT_SUSPECT : VERDICT_SLOW;
}

/* Is most of the run known by births? Not where objects were moved again and again: each time it begins anew, and of the times before
 * little is kept. */
static bool knows_births(const struct verdict_proc *p)
{
	if (!p->traced || p->e0 == 0) /* or a life of no dump */
		return p->traced;
	double known = p->x[p->cut] - p->x[p->e0];
	for (unsigned i = 0; i < p->nfrozen; i++)
		known += p->frozen[i].w;
	return known >= BIRTHS_KNOWN * (p->x[p->nmarks - 1] - p->x[0]);
}

#define STILL_MIN 4  /* entries that it should have gained there, for that to say something */

/* Jobs of the newest part of levels. */
static double newest_part(const struct verdict_proc *p)
{
	double w = 0;
	for (uint32_t i = p->nlbound; p->nmarks && i-- && !(w > 0);)
		w = p->x[p->nmarks - 1] - p->x[verdict_dump_mark(p, p->lbound[i])];
	return w;
}

/* Did container c keep its length while entries e came? Then they replace others, however many of those that came are still there: a cache
 * that is full, a set of slots. (What lost many at once was cleared in part.) */
static bool stands_still(const struct verdict_fused *c, const struct verdict_fused *e)
{
	const struct verdict_judged *j = &c->judged;
	if (j->nunits < 2 || c->proc != e->proc || e->entry->key->n < VERDICT_STILL_OWN * c->entry->key->len)
		return false;
	double came = e->rate * newest_part(c->proc);
	return came >= STILL_MIN && fabs(j->units[j->nunits - 1]) <= VERDICT_STILL * came;
}

#define SHORT_LIVES 3. /* hazard: lives of the run that entries would not live through */
#define GOES_ON .7     /* of its pace a container gains in the newest third of its parts, and still grows */
enum { GOES_ON_PARTS = 6 };

/* Does container c gain as ever, although its entries e live for a small part of the run? If as many came as go it would have stopped long
 * ago: more come, to a list that is worked off too slowly. */
static bool gains_anyway(const struct verdict_fused *c, const struct verdict_fused *e)
{
	const struct verdict_judged *j = &c->judged;
	double all = 0, late = 0;
	unsigned from = j->nunits - j->nunits / 3;
	if (j->nunits < GOES_ON_PARTS || c->proc != e->proc || e->hazard < SHORT_LIVES)
		return false;
	for (unsigned i = 0; i < j->nunits; i++) {
		all += j->units[i];
		late += i >= from ? j->units[i] : 0;
	}
	return late / (j->nunits - from) >= GOES_ON * all / j->nunits;
}

/* Row i, whose objects replace others, and what hangs below it and comes along. */
static void doubt_replaced(struct verdict_fused *f, size_t n, size_t i)
{
	for (size_t j = 0; j < n; j++) {
		if (f[j].conf < VERDICT_SUSPECT_AT)
			continue;
		if (j != i && !(verdict_under(f[j].entry, f[i].entry) && verdict_tied(&f[j], &f[i])))
			continue;
		f[j].container_odds = VERDICT_SLOTS_ODDS;
		f[j].conf = verdict_less_likely(f[j].conf, VERDICT_SLOTS_ODDS);
		f[j].label = f[j].conf >= VERDICT_SUSPECT_AT ? VERDICT_SUSPECT : VERDICT_FAST;
	}
}

/* A container's length says less than its entries' lives: it is at most as sure as they are. Of entries whose lives nobody knows it
 * says more than a short level does, for each that it gained is one that came: then they are at most as sure as it is. */
static void doubt_containers(struct verdict_fused *f, size_t n)
{
	uint64_t *hash = xcalloc(n + 1, sizeof(*hash)); /* most pairs are told apart by one number */
	for (size_t i = 0; i < n; i++)
		hash[i] = path_hash(0, f[i].entry->path, f[i].entry->npath);
	for (size_t i = 0; i < n; i++) {
		const struct verdict_entry *c = f[i].entry;
		if (f[i].judged.still)
			doubt_replaced(f, n, i);
		if (c->key->len < 0 || !c->path || !c->klass)
			continue;
		uint64_t want = path_hash(hash[i], &c->klass, 1);
		bool backlog = false;
		double surest = -1, own = f[i].judged.by_births && f[i].conf > 0 ? f[i].conf : 1;
		for (size_t j = 0; j < n; j++) {
			if (hash[j] != want || j == i || !verdict_inside(f[j].entry, c) || verdict_is_mixed(f[j].entry->key->n, c->key->len))
				continue;
			if (stands_still(&f[i], &f[j])) {
				f[j].container_odds = VERDICT_STILL_ODDS;
				doubt(&f[j], verdict_less_likely(f[j].conf, VERDICT_STILL_ODDS));
			}
			backlog |= gains_anyway(&f[i], &f[j]);
			bool knows = knows_births(f[j].proc) || f[j].hazard > VERDICT_HALF;
			bool kept = f[j].judged.by_births && f[j].hazard < .02 && f[i].judged.by_births && f[j].conf >= .6;
			surest = fmax(surest, knows && !kept ? f[j].conf : 1);
			bool as_long = f[i].judged.nunits >= f[j].judged.nunits; /* else it was too short at first to be listed */
			if (!knows && !f[j].judged.by_births && f[j].proc->ndumps < LEVEL_DUMPS && as_long)
				doubt(&f[j], own);
		}
		if (backlog && f[i].conf >= VERDICT_SUSPECT_AT) {
			f[i].conf = fmin(f[i].conf, VERDICT_LEAK_AT * .99);
			f[i].label = VERDICT_BACKLOG;
		} else if (surest >= 0 && f[i].conf > 0) {
			doubt(&f[i], surest);
		}
	}
	free(hash);
}

static int by_id(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return x < y ? -1 : x > y;
}

/* Figures of a line, once all its keys are known. */
static void finish_line(struct verdict *v, size_t i)
{
	struct verdict_line *l = &v->lines[i];
	const struct verdict_fused *top = &v->fused[l->top];
	const struct verdict_proc *p = top->proc;
	double by[2] = {0}; /* bytes that its keys of untraced and of traced lives tell: the same objects twice */
	l->head = l->top;
	l->conf = top->conf;
	for (size_t j = 0; j < v->nfused; j++) {
		const struct verdict_fused *f = &v->fused[j];
		if (f->line != (int)i)
			continue;
		l->conf = fmax(l->conf, f->conf);
		if (f->entry->key->len >= 0)
			continue;
		by[f->proc->traced] += f->rate * f->size;
		if (verdict_names(f, top, &v->fused[l->head]))
			l->head = j;
	}
	double bytes = fmax(by[0], by[1]);
	if (!(bytes > 0))
		bytes = top->rate * verdict_unit_bytes(top);
	double low = top->low / fmax(top->rate, 1e-12), high = top->high / fmax(top->rate, 1e-12);
	size_t last = p->nmarks - 1;
	double pace = (p->x[last] - p->x[0]) / fmax(p->t[last] - p->t[0], 1e-9) * 3600;
	l->label = l->conf >= VERDICT_LEAK_AT ? VERDICT_LEAK : top->label;
	l->obj_per_1000 = verdict_is_text(v->fused[l->head].entry) ? 0 : v->fused[l->head].rate * 1000;
	l->bytes_per_1000 = bytes * 1000;
	l->low = bytes * low * 1000;
	l->high = bytes * high * 1000;
	l->bytes_per_hour = bytes * pace;
	l->has_limit = p->limit > 0;
	double room = p->limit - p->rss, rel[3] = {high, 1, low};
	for (int r = 0; r < 3; r++)
		l->hours_to_limit[r] = room / fmax(bytes * pace * rel[r], 1e-9);
	v->fused[l->head].head = true;
	qsort(l->rows, l->nrows, sizeof(*l->rows), by_id);
}

static int by_use(const void *a, const void *b)
{
	const struct verdict_line *x = a, *y = b;
	if ((x->label == VERDICT_LEAK) != (y->label == VERDICT_LEAK))
		return x->label == VERDICT_LEAK ? -1 : 1;
	double p = x->conf * x->bytes_per_1000, q = y->conf * y->bytes_per_1000;
	if (p != q)
		return p > q ? -1 : 1;
	return x->top < y->top ? -1 : x->top > y->top;
}

/* Whatever hangs below a growing container joins the line of its topmost growing entries. */
static void climb(struct verdict *v)
{
	doubt_containers(v->fused, v->nfused);
	verdict_fold(v);
	for (size_t i = 0; i < v->nlines; i++)
		finish_line(v, i);
	qsort(v->lines, v->nlines, sizeof(*v->lines), by_use);
	/* Lines moved: tell their keys. */
	for (size_t i = 0; i < v->nlines; i++) {
		int old = v->fused[v->lines[i].top].line;
		for (size_t j = 0; j < v->nfused; j++) {
			if (v->fused[j].line == old)
				v->fused[j].line = -2 - (int)i;
		}
	}
	for (size_t j = 0; j < v->nfused; j++) {
		if (v->fused[j].line < -1)
			v->fused[j].line = -2 - v->fused[j].line;
	}
}

struct verdict *verdict_new(struct verdict_life *lives, size_t nlives)
{
	struct verdict *v = xcalloc(1, sizeof(*v));
	const struct verdict_proc *longest = NULL;
	v->nfused = verdict_fuse(lives, nlives, &v->fused);
	climb(v);
	for (size_t i = 0; i < nlives; i++) {
		if (lives[i].proc->ndumps >= 2 && (!longest || lives[i].proc->ndumps > longest->ndumps))
			longest = lives[i].proc;
	}
	if (longest)
		verdict_native(longest, &v->native);
	return v;
}

void verdict_free(struct verdict *v)
{
	if (!v)
		return;
	for (size_t i = 0; i < v->nfused; i++)
		free(v->fused[i].ids);
	for (size_t i = 0; i < v->nlines; i++)
		free(v->lines[i].rows);
	free(v->fused);
	free(v->lines);
	free(v);
}
