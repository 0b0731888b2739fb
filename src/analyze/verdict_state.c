/* Verdict: the small state of one key. SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "analyze/verdict_impl.h"
#include "base/mem.h"

void verdict_key_init(struct verdict_key *k) { *k = (struct verdict_key){.len = -1}; }

void verdict_key_done(struct verdict_key *k)
{
	free(k->frozen);
	free(k->births);
	verdict_key_init(k);
}

/* Births between marks a (exclusive) and e (inclusive). */
static double births_in(const struct verdict_key *k, uint32_t a, uint32_t e)
{
	double sum = 0;
	for (size_t i = (size_t)a + 1; i <= e && i < k->nbirths; i++)
		sum += k->births[i];
	return sum;
}

unsigned verdict_units(const struct verdict_proc *p, const struct verdict_key *k, struct verdict_unit *out)
{
	if (!k->births || k->nbirths == 0)
		return 0;
	uint32_t cut = p->cut, u = (uint32_t)k->nbirths - 1;
	while (cut > p->e0 && p->x[u] - p->x[cut] < VERDICT_TAU * k->oldest)
		cut--;
	unsigned m = 0;
	for (uint32_t i = 0; i < p->nbound; i++) {
		uint32_t a = p->bound[i], e = verdict_span_end(p->bound, p->nbound, i, cut);
		if (e > a)
			out[m++] = verdict_stretch(p, a, e, births_in(k, a, e));
	}
	return m;
}

void verdict_key_freeze(const struct verdict_proc *p, struct verdict_key *k)
{
	struct verdict_unit all[VERDICT_UNITS];
	unsigned old = k->nfrozen < VERDICT_SEGMENTS ? k->nfrozen : VERDICT_SEGMENTS;
	if (old)
		memcpy(all, k->frozen + (k->nfrozen - old), old * sizeof(*all));
	unsigned n = old + verdict_units(p, k, all + old);
	k->frozen = xreallocarray(k->frozen, n, sizeof(*k->frozen));
	memcpy(k->frozen, all, n * sizeof(*all));
	k->nfrozen = n;
	k->has_prev = false;
	k->released = k->exposed = k->oldest = 0;
}

/* The births of the last dump, one dump later: the oldest release, the hazard of the proven. */
static void deaths(const struct verdict_proc *p, struct verdict_key *k)
{
	uint32_t u = (uint32_t)p->nmarks - 1;
	double keep = 1 - 3. / fmax((double)(u - p->e0) / VERDICT_SUB, 3);
	double step = p->x[u] - p->x[p->dm[p->ndumps - 2]];
	k->released *= keep;
	k->exposed *= keep;
	for (uint32_t i = 0; i < p->noldbound; i++) {
		uint32_t a = p->oldbound[i], e = verdict_span_end(p->oldbound, p->noldbound, i, p->oldcut);
		double was = k->prev[i];
		if (e <= a || was <= 0)
			continue;
		double now = births_in(k, a, e), age = p->x[u] - (p->x[a] + p->x[e]) / 2;
		if (was - now >= fmax(3, VERDICT_LOSS * was)) {
			k->oldest = fmax(k->oldest, age);
		} else if (age > VERDICT_TAU * k->oldest) {
			k->released += fmax(was - now, 0);
			k->exposed += was * step;
		}
	}
}

static void remember(const struct verdict_proc *p, struct verdict_key *k)
{
	for (uint32_t i = 0; i < p->nbound; i++) {
		uint32_t a = p->bound[i], e = verdict_span_end(p->bound, p->nbound, i, p->cut);
		k->prev[i] = e > a ? births_in(k, a, e) : 0;
	}
	k->has_prev = true;
}

/* Untraced: addresses of the last dump that went away. */
static void turnover(const struct verdict_proc *p, struct verdict_key *k, const struct verdict_row *row)
{
	size_t n = p->ndumps - 1;
	if (row->gone >= 0 && n > 0 && !p->moved) {
		double keep = 1 - 3. / fmax((double)n, 3), was = k->has_prev ? k->prev[0] : 0;
		k->released = k->released * keep + row->gone;
		k->exposed = k->exposed * keep + was * (p->x[p->nmarks - 1] - p->x[p->dm[n - 1]]);
	}
	k->prev[0] = row->n;
	k->has_prev = true;
}

/* When segments of levels merge: the first dump stays alone, then pairs keep their minimum. */
static void merge_levels(struct verdict_key *k)
{
	uint32_t n = k->nlow ? 1 : 0;
	for (uint32_t i = 1; i < k->nlow; i += 2) {
		uint32_t j = i + 1 < k->nlow && k->low[i + 1] < k->low[i] ? i + 1 : i;
		k->low[n] = k->low[j];
		k->at[n++] = k->at[j];
	}
	k->nlow = n;
}

/* The low boundary of each segment of dumps: its minimum, and the dump where it was. */
static void low_boundary(const struct verdict_proc *p, struct verdict_key *k, double y)
{
	uint32_t n = (uint32_t)p->ndumps - 1;
	uint32_t i = n == p->lbound[p->nlbound - 1] ? p->nlbound - 1 : p->nlbound;
	while (k->nlow < i + 1) {
		k->low[k->nlow] = INFINITY;
		k->at[k->nlow++] = n;
	}
	if (y < k->low[i]) {
		k->low[i] = y;
		k->at[i] = n;
	}
}

void verdict_key_absent(const struct verdict_proc *p, struct verdict_key *k)
{
	uint32_t n = (uint32_t)p->ndumps - 1, last = p->lbound[p->nlbound - 1];
	k->nlow = 0;
	k->fresh = true; /* made by today's segments: they need no merging */
	for (uint32_t i = 0; i < p->nlbound && p->lbound[i] < n; i++) {
		k->low[k->nlow] = 0;
		k->at[k->nlow++] = p->lbound[i];
	}
	if (n > last + 1) { /* the open segment has dumps before this one */
		k->low[k->nlow] = 0;
		k->at[k->nlow++] = n - 1;
	}
}

void verdict_key_update(const struct verdict_proc *p, struct verdict_key *k, const struct verdict_row *row)
{
	k->n = row->n;
	k->b = row->b;
	k->len = row->len;
	if (p->traced && row->births) {
		k->nbirths = p->nmarks;
		k->births = xreallocarray(k->births, k->nbirths, sizeof(*k->births));
		memcpy(k->births, row->births, k->nbirths * sizeof(*k->births));
		if (k->has_prev)
			deaths(p, k);
		remember(p, k);
	} else {
		k->nbirths = 0;
		turnover(p, k, row);
	}
	if (p->lmerged && !k->fresh)
		merge_levels(k);
	k->fresh = false;
	low_boundary(p, k, row->len >= 0 ? row->len : row->n);
}

double verdict_hazard(const struct verdict_proc *p, const struct verdict_key *k)
{
	return k->exposed > 0 ? k->released / k->exposed * (p->x[p->nmarks - 1] - p->x[p->e0]) : 0;
}
