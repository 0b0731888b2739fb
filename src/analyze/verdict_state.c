/* Verdict: the small state of one key. SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "analyze/verdict_impl.h"
#include "base/mem.h"

void verdict_key_init(struct verdict_key *k) { *k = (struct verdict_key){.len = -1}; }

void verdict_key_done(struct verdict_key *k)
{
	free(k->frozen);
	free(k->lows);
}

static struct verdict_lows *lows_of(struct verdict_key *k)
{
	if (!k->lows)
		k->lows = xcalloc(1, sizeof(*k->lows));
	return k->lows;
}

/* Births between marks a (exclusive) and e (inclusive). */
static double births_in(const struct verdict_key *k, uint32_t a, uint32_t e)
{
	double sum = 0;
	for (uint32_t i = 0; i < k->nbirths; i++)
		sum += k->births[i].mark > a && k->births[i].mark <= e ? k->births[i].n : 0;
	return sum;
}

/* The mark before which survivors of this key are proven. */
static uint32_t key_cut(const struct verdict_proc *p, const struct verdict_key *k, uint32_t u)
{
	uint32_t cut = p->cut;
	while (cut > p->e0 && p->x[u] - p->x[cut] < VERDICT_TAU * (double)k->oldest)
		cut--;
	return cut;
}

static float counted(double v) { return (float)fmin(fmax(v, 0), VERDICT_COUNT_MAX); }

unsigned verdict_units(const struct verdict_proc *p, const struct verdict_key *k, struct verdict_unit *out)
{
	unsigned m = 0;
	for (unsigned i = 0; i < k->nfrozen && i < p->nfrozen; i++) {
		if (k->frozen[i] < 0)
			continue;
		out[m] = p->frozen[i];
		out[m++].s = k->frozen[i];
	}
	if (!k->born)
		return m;
	uint32_t cut = key_cut(p, k, (uint32_t)p->nmarks - 1);
	for (uint32_t i = 0; i < p->nbound; i++) {
		uint32_t a = p->bound[i], e = verdict_span_end(p->bound, p->nbound, i, cut);
		if (e > a && p->bx[e] > p->bx[a]) /* without a GC run between two marks nothing is born in it, so to say */
			out[m++] = verdict_stretch(p, a, e, births_in(k, a, e));
	}
	return m;
}

struct verdict_unit verdict_newest(const struct verdict_proc *p, const struct verdict_key *k)
{
	uint32_t last = (uint32_t)p->nmarks - 1;
	struct verdict_unit u = verdict_stretch(p, p->cut, last, births_in(k, p->cut, last));
	u.w = p->x[last] - p->bx[p->cut]; /* what was born since the last GC run is in it */
	return u;
}

double verdict_older(const struct verdict_key *k)
{
	double born = 0;
	for (uint32_t i = 0; i < k->nbirths; i++)
		born += k->births[i].mark > 0 ? k->births[i].n : 0;
	return fmax(k->n - born, 0);
}

double verdict_kept(const struct verdict_proc *p, const struct verdict_key *k)
{
	double sum = 0;
	for (unsigned i = 0; i < k->nfrozen && i < p->nfrozen; i++)
		sum += k->frozen[i] < 0 ? 0 : (double)k->frozen[i];
	if (!k->nbirths)
		return sum;
	uint32_t cut = key_cut(p, k, (uint32_t)p->nmarks - 1);
	for (uint32_t i = 0; i < p->nbound; i++)
		sum += births_in(k, p->bound[i], verdict_span_end(p->bound, p->nbound, i, cut));
	return sum;
}

/* Survivors of the segments of the epoch that ends, as far as they are proven; a segment of which half or more is proven
 * counts whole. */
void verdict_key_freeze(const struct verdict_proc *p, struct verdict_key *k)
{
	float all[VERDICT_FROZEN];
	uint32_t cut = key_cut(p, k, p->before);
	unsigned n = p->frozen_kept;
	for (unsigned i = 0; i < n; i++)
		all[i] = k->nfrozen >= n ? k->frozen[k->nfrozen - n + i] : 0;
	for (uint32_t i = 0; i < p->nbound && n < p->nfrozen; i++) {
		uint32_t a = p->bound[i], e = verdict_span_end(p->bound, p->nbound, i, p->cut);
		if (e <= a)
			continue;
		uint32_t own = e < cut ? e : cut;
		double part = own > a ? (p->bx[own] - p->bx[a]) / fmax(p->bx[e] - p->bx[a], .5) : 0;
		all[n++] = part < .5 ? -1 : k->has_prev ? k->prev[i] : 0;
	}
	k->frozen = xreallocarray(k->frozen, n + 1, sizeof(*k->frozen));
	memcpy(k->frozen, all, n * sizeof(*all));
	k->nfrozen = n;
	k->has_prev = false;
	k->released = k->exposed = k->oldest = 0;
}

/* The births of the last dump, one dump later: the oldest release, the hazard of the proven. */
static void deaths(const struct verdict_proc *p, struct verdict_key *k)
{
	uint32_t u = (uint32_t)p->nmarks - 1;
	double keep = 1 - 3. / fmax((double)(p->no[u] - p->no[p->e0]) / VERDICT_SUB, 3);
	double step = p->x[u] - p->x[p->before], released = k->released * keep, exposed = k->exposed * keep;
	for (uint32_t i = 0; i < p->noldbound; i++) {
		uint32_t a = p->oldbound[i], e = verdict_span_end(p->oldbound, p->noldbound, i, p->oldcut);
		double was = k->prev[i];
		if (e <= a || was <= 0)
			continue;
		double now = births_in(k, a, e), age = p->x[u] - (p->x[a] + p->x[e]) / 2;
		if (was - now >= fmax(3, VERDICT_LOSS * was)) {
			k->oldest = (float)fmax(k->oldest, age);
		} else if (age > VERDICT_TAU * (double)k->oldest) {
			released += fmax(was - now, 0);
			exposed += was * step;
		}
	}
	k->released = counted(released);
	k->exposed = (float)fmin(exposed, 1e36);
}

static void remember(const struct verdict_proc *p, struct verdict_key *k)
{
	for (uint32_t i = 0; i < p->nbound; i++) {
		uint32_t a = p->bound[i], e = verdict_span_end(p->bound, p->nbound, i, p->cut);
		k->prev[i] = e > a ? counted(births_in(k, a, e)) : 0;
	}
	k->has_prev = true;
}

/* Untraced: addresses of the last dump that went away. */
static void turnover(const struct verdict_proc *p, struct verdict_key *k, const struct verdict_row *row)
{
	size_t n = p->ndumps - 1;
	if (row->gone >= 0 && n > 0 && !p->moved) {
		double keep = 1 - 3. / fmax((double)n, 3), was = k->has_prev ? k->prev[0] : 0;
		k->released = counted(k->released * keep + row->gone);
		k->exposed = (float)fmin(k->exposed * keep + was * (p->x[p->nmarks - 1] - p->x[p->before]), 1e36);
	}
	k->prev[0] = counted(row->n);
	k->has_prev = true;
}

void verdict_key_was(const struct verdict_proc *p, struct verdict_key *k, double value)
{
	k->fresh = true; /* made by today's segments: they need no merging */
	verdict_lows_was(p, lows_of(k), value);
}

void verdict_key_update(const struct verdict_proc *p, struct verdict_key *k, const struct verdict_row *row)
{
	k->n = row->n;
	k->b = row->b;
	k->len = row->len;
	k->born = p->traced && row->born;
	k->births = k->born ? row->births : NULL;
	k->nbirths = k->born ? row->nbirths : 0;
	if (k->born) {
		if (k->has_prev)
			deaths(p, k);
		remember(p, k);
		if (row->len < 0)
			return;
	} else {
		turnover(p, k, row);
	}
	if (p->lmerged && !k->fresh)
		verdict_lows_merge(lows_of(k));
	k->fresh = false;
	verdict_lows_add(p, lows_of(k), row->len >= 0 ? row->len : row->n);
}

double verdict_hazard(const struct verdict_proc *p, const struct verdict_key *k)
{
	return k->exposed > 0 ? (double)k->released / (double)k->exposed * (p->x[p->nmarks - 1] - p->x[p->e0]) : 0;
}
