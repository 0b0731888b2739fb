/* Verdict: time of a process, in jobs, seconds and marks. SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "analyze/verdict_impl.h"
#include "base/mem.h"

void verdict_proc_init(struct verdict_proc *p) { *p = (struct verdict_proc){0}; }

void verdict_proc_done(struct verdict_proc *p)
{
	free(p->x);
	free(p->t);
	free(p->mix);
	free(p->dm);
	free(p->major);
	free(p->high);
	free(p->rss);
	free(p->base);
	*p = (struct verdict_proc){0};
}

static void add_mark(struct verdict_proc *p, double x, double t, const double *mix)
{
	if (p->nmarks == p->mark_cap) {
		p->mark_cap = p->mark_cap ? p->mark_cap * 2 : 64;
		p->x = xreallocarray(p->x, p->mark_cap, sizeof(*p->x));
		p->t = xreallocarray(p->t, p->mark_cap, sizeof(*p->t));
		p->mix = xreallocarray(p->mix, p->mark_cap, sizeof(*p->mix));
	}
	p->x[p->nmarks] = x;
	p->t[p->nmarks] = t;
	memcpy(p->mix[p->nmarks], mix, sizeof(*p->mix));
	p->nmarks++;
}

static void add_dump(struct verdict_proc *p, const struct verdict_dump *d)
{
	if (p->ndumps == p->dump_cap) {
		p->dump_cap = p->dump_cap ? p->dump_cap * 2 : 32;
		p->dm = xreallocarray(p->dm, p->dump_cap, sizeof(*p->dm));
		p->major = xreallocarray(p->major, p->dump_cap, sizeof(*p->major));
		p->high = xreallocarray(p->high, p->dump_cap, sizeof(*p->high));
		p->rss = xreallocarray(p->rss, p->dump_cap, sizeof(*p->rss));
	}
	size_t n = p->ndumps++;
	p->dm[n] = (uint32_t)(p->nmarks - 1);
	p->major[n] = d->major;
	p->rss[n] = d->rss;
	p->high[n] = fmax(d->memsize, n ? p->high[n - 1] * .985 : 0);
}

/* The marks noted since the last dump, and the dump itself. */
static void add_marks(struct verdict_proc *p, const struct verdict_dump *d, const double *mix)
{
	double x0 = p->x[p->nmarks - 1], t0 = p->t[p->nmarks - 1], m0[VERDICT_CLASSES];
	memcpy(m0, p->mix[p->nmarks - 1], sizeof(m0));
	double pts[VERDICT_SUB][2];
	unsigned n = d->nmarks < VERDICT_SUB ? d->nmarks : VERDICT_SUB - 1;
	for (unsigned i = 0; i <= n; i++) {
		pts[i][0] = (i < n ? d->marks[i][0] : d->jobs) + p->off;
		pts[i][1] = (i < n ? d->marks[i][1] : d->t) - p->last.t;
	}
	if (!(pts[n][1] > 0)) { /* the clock was set back: assume the usual pace */
		double pace = t0 > 0 ? t0 / fmax(x0 - p->x[0], 1) : 1;
		for (unsigned i = 0; i <= n; i++)
			pts[i][1] = (pts[i][0] - x0) * pace;
	}
	double span = fmax(pts[n][0] - x0, 1);
	for (unsigned i = 0; i <= n; i++) {
		double at[VERDICT_CLASSES], f = fmin(fmax((pts[i][0] - x0) / span, 0), 1);
		for (unsigned c = 0; c < VERDICT_CLASSES; c++)
			at[c] = m0[c] + f * (mix[c] - m0[c]);
		add_mark(p, fmax(pts[i][0], p->x[p->nmarks - 1] + .5), fmax(t0 + pts[i][1], p->t[p->nmarks - 1]), at);
	}
}

/* Closes segments up to u; when there are more than VERDICT_SEGMENTS, they merge in pairs. */
static void extend(uint32_t *bound, uint32_t *n, uint32_t *unit, uint32_t u)
{
	while (u - bound[*n - 1] >= *unit) {
		if (*n == VERDICT_BOUNDS) {
			for (uint32_t i = 0; 2 * i < *n; i++)
				bound[i] = bound[2 * i];
			*n = (*n + 1) / 2;
			*unit *= 2;
		} else {
			bound[*n] = bound[*n - 1] + *unit;
			++*n;
		}
	}
}

/* Mark of the last dump whose births have been through a major GC since, or are known to be reachable. */
static uint32_t mature(const struct verdict_proc *p, size_t n)
{
	for (size_t d = n; d-- > 0;) {
		if (p->dm[d] > p->e0 && (p->graph || p->major[n] > p->major[d]))
			return p->dm[d];
	}
	return p->e0;
}

static void add_base(struct verdict_proc *p)
{
	if (p->nrec == p->rec_cap) {
		p->rec_cap = p->rec_cap ? p->rec_cap * 2 : 32;
		p->base = xreallocarray(p->base, p->rec_cap, sizeof(*p->base));
	}
	p->base[p->nrec++] = (int32_t)p->nmarks - 1;
}

bool verdict_proc_update(struct verdict_proc *p, const struct verdict_dump *d)
{
	add_base(p);
	if (d->partial || (p->have_last && d->jobs == p->last.jobs && d->gc == p->last.gc))
		return false;
	if (p->have_last && d->jobs < p->last.jobs) { /* the counter fell within one process: unwrap it */
		p->off += p->last.jobs;
		for (unsigned c = 0; c < VERDICT_CLASSES; c++)
			p->offmix[c] += p->last.mix[c];
	}
	double mix[VERDICT_CLASSES];
	for (unsigned c = 0; c < VERDICT_CLASSES; c++)
		mix[c] = d->mix[c] + p->offmix[c];
	if (p->nmarks == 0)
		add_mark(p, d->jobs, 0, mix);
	else
		add_marks(p, d, mix);
	add_dump(p, d);
	p->moved = p->have_last && d->compact != p->last.compact;
	p->epoch = p->moved && p->traced && p->ruby < 3.4;
	p->last = *d;
	p->have_last = true;
	memcpy(p->oldbound, p->bound, sizeof(p->bound));
	p->noldbound = p->nbound;
	p->oldcut = p->cut;
	return true;
}

void verdict_proc_advance(struct verdict_proc *p)
{
	uint32_t n = (uint32_t)p->ndumps - 1, u = (uint32_t)p->nmarks - 1;
	if (p->nbound == 0 || p->epoch) {
		p->bound[0] = p->e0 = p->cut = u;
		p->nbound = p->unit = 1;
	} else {
		extend(p->bound, &p->nbound, &p->unit, u);
		p->cut = mature(p, n);
	}
	uint32_t lunit = p->lunit;
	if (p->nlbound == 0) {
		p->lbound[0] = 0;
		p->nlbound = p->lunit = lunit = 1;
	} else {
		extend(p->lbound, &p->nlbound, &p->lunit, n);
	}
	p->lmerged = p->lunit > lunit;
}

size_t verdict_mark_of(const struct verdict_proc *p, size_t j, unsigned q)
{
	return j < p->nrec && p->base[j] >= 0 ? (size_t)p->base[j] + 1 + q : 0;
}

struct verdict_unit verdict_stretch(const struct verdict_proc *p, uint32_t a, uint32_t e, double s)
{
	struct verdict_unit u = {.w = p->x[e] - p->x[a], .sec = p->t[e] - p->t[a], .x = (p->x[a] + p->x[e]) / 2, .s = s};
	for (unsigned c = 0; c < VERDICT_CLASSES; c++)
		u.mix[c] = p->mix[e][c] - p->mix[a][c];
	return u;
}

uint32_t verdict_span_end(const uint32_t *bound, uint32_t n, uint32_t i, uint32_t cut)
{
	return i + 1 < n && bound[i + 1] < cut ? bound[i + 1] : cut;
}
