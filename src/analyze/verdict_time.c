/* Verdict: time of a process, in jobs, seconds and marks. SPDX-License-Identifier: BSD-2-Clause
 *
 * Of the marks of a long run only some are kept: the newest VERDICT_MARKS_NEW, those at which a segment begins, and of the others
 * those whose distance from the first mark of the epoch is a multiple of a power of two. So a history of any length is known to
 * a hundredth of itself, and one of up to VERDICT_MARKS marks (85 dumps with two marks between them) exactly. */
#include <stdlib.h>
#include <string.h>

#include "analyze/verdict_impl.h"
#include "base/mem.h"

void verdict_proc_init(struct verdict_proc *p) { *p = (struct verdict_proc){0}; }

void verdict_proc_done(struct verdict_proc *p) { *p = (struct verdict_proc){0}; }

static bool is_bound(const uint32_t *bound, uint32_t n, uint32_t mark)
{
	for (uint32_t i = 0; i < n; i++) {
		if (bound[i] == mark)
			return true;
	}
	return false;
}

/* A mark that something in the state points at, or that the next dump may need. */
static bool is_needed(const struct verdict_proc *p, uint32_t i)
{
	return i == 0 || i + VERDICT_MARKS_NEW >= p->nmarks || i == p->e0 || i == p->cut || i == p->oldcut || i == p->before ||
	       is_bound(p->bound, p->nbound, i) || is_bound(p->oldbound, p->noldbound, i);
}

static void move_bounds(uint32_t *bound, uint32_t n, const uint32_t *to)
{
	for (uint32_t i = 0; i < n; i++)
		bound[i] = to[bound[i]];
}

static void copy_mark(struct verdict_proc *p, uint32_t to, uint32_t from)
{
	p->no[to] = p->no[from];
	p->dump[to] = p->dump[from];
	p->x[to] = p->x[from];
	p->t[to] = p->t[from];
	p->gc[to] = p->gc[from];
	p->bx[to] = p->bx[from];
	memmove(p->mix[to], p->mix[from], sizeof(p->mix[to]));
}

/* Leaves out marks until half of them are free again. */
static void thin(struct verdict_proc *p)
{
	uint32_t to[VERDICT_MARKS], n = 0, stride = 1, keep;
	do {
		stride *= 2;
		keep = 0;
		for (uint32_t i = 0; i < p->nmarks; i++)
			keep += is_needed(p, i) || (p->no[i] - p->no[p->e0]) % stride == 0;
	} while (keep > VERDICT_MARKS / 2 + VERDICT_BOUNDS);
	for (uint32_t i = 0; i < p->nmarks; i++) {
		to[i] = n;
		n += is_needed(p, i) || (p->no[i] - p->no[p->e0]) % stride == 0;
	}
	for (uint32_t i = 0; i < p->nmarks; i++) {
		if (i + 1 == p->nmarks ? n > to[i] : to[i + 1] > to[i])
			copy_mark(p, to[i], i);
	}
	move_bounds(p->bound, p->nbound, to);
	move_bounds(p->oldbound, p->noldbound, to);
	p->e0 = to[p->e0];
	p->cut = to[p->cut];
	p->oldcut = to[p->oldcut];
	p->before = to[p->before];
	p->nmarks = n;
}

/* To parts of a job and a second that are written exactly, and that no lie of a peer can leave. */
static double grid(double v, double parts) { return floor(fmin(fmax(v, -VERDICT_TIME_MAX), VERDICT_TIME_MAX) * parts + .5) / parts; }

static void add_mark(struct verdict_proc *p, double x, double t, double gc, double since_gc, const double *mix)
{
	size_t n = p->nmarks++;
	p->no[n] = n ? p->no[n - 1] + 1 : 0;
	p->dump[n] = (uint32_t)p->ndumps;
	p->x[n] = grid(x, VERDICT_JOB_PARTS);
	p->t[n] = grid(t, VERDICT_SECOND_PARTS);
	p->gc[n] = grid(fmax(gc, n ? p->gc[n - 1] : 0), 1);
	p->bx[n] = fmax(fmin(grid(x - since_gc, VERDICT_JOB_PARTS), p->x[n]), n ? p->bx[n - 1] : -VERDICT_TIME_MAX);
	for (unsigned c = 0; c < VERDICT_CLASSES; c++)
		p->mix[n][c] = grid(mix[c], VERDICT_JOB_PARTS);
}

/* The marks noted since the last dump, and the dump itself. */
static void add_marks(struct verdict_proc *p, const struct verdict_dump *d, const double *mix)
{
	double x0 = p->x[p->nmarks - 1], t0 = p->t[p->nmarks - 1], m0[VERDICT_CLASSES];
	memcpy(m0, p->mix[p->nmarks - 1], sizeof(m0));
	double pts[VERDICT_SUB][3];
	unsigned n = d->nmarks < VERDICT_SUB ? d->nmarks : VERDICT_SUB - 1;
	for (unsigned i = 0; i <= n; i++) {
		pts[i][0] = (i < n ? d->marks[i][0] : d->jobs) + p->off;
		pts[i][1] = (i < n ? d->marks[i][1] : d->t) - p->last.t;
		pts[i][2] = i < n ? d->marks_gc[i] : (double)d->gc;
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
		add_mark(p, fmax(pts[i][0], p->x[p->nmarks - 1] + .5), fmax(t0 + pts[i][1], p->t[p->nmarks - 1]), pts[i][2], d->since_gc[i], at);
	}
}

/* When there are more than VERDICT_SEGMENTS segments they merge in pairs. */
static void merge_bounds(uint32_t *bound, uint32_t *n, uint32_t *unit)
{
	for (uint32_t i = 0; 2 * i < *n; i++)
		bound[i] = bound[2 * i];
	*n = (*n + 1) / 2;
	*unit *= 2;
}

/* Closes segments of dumps up to u. */
static void extend(uint32_t *bound, uint32_t *n, uint32_t *unit, uint32_t u)
{
	while (u - bound[*n - 1] >= *unit) {
		if (*n == VERDICT_BOUNDS) {
			merge_bounds(bound, n, unit);
		} else {
			bound[*n] = bound[*n - 1] + *unit;
			++*n;
		}
	}
}

/* The same for segments of marks up to mark u: their ends are among the newest marks, all of which are kept. */
static void extend_births(struct verdict_proc *p, uint32_t u)
{
	while (p->no[u] - p->no[p->bound[p->nbound - 1]] >= p->unit) {
		if (p->nbound == VERDICT_BOUNDS) {
			merge_bounds(p->bound, &p->nbound, &p->unit);
		} else {
			uint32_t end = (uint32_t)verdict_mark_at(p, p->no[p->bound[p->nbound - 1]] + p->unit);
			p->bound[p->nbound++] = end;
		}
	}
}

/* Mark of the last dump whose births have been through a major GC since, or are known to be reachable. While no major GC runs it stays
 * where it was; a counter that falls says nothing. */
static uint32_t mature(const struct verdict_proc *p)
{
	return p->before > p->e0 && (p->graph || p->major > p->major_before) ? p->before : p->cut;
}

/* What was known of the segments when objects moved: the last VERDICT_SEGMENTS of earlier epochs and all of this one. */
static void freeze(struct verdict_proc *p)
{
	struct verdict_unit all[VERDICT_FROZEN];
	unsigned n = p->nfrozen < VERDICT_SEGMENTS ? p->nfrozen : VERDICT_SEGMENTS;
	memcpy(all, p->frozen + (p->nfrozen - n), n * sizeof(*all));
	p->frozen_kept = n;
	for (uint32_t i = 0; i < p->nbound; i++) {
		uint32_t a = p->bound[i], e = verdict_span_end(p->bound, p->nbound, i, p->cut);
		if (e > a)
			all[n++] = verdict_stretch(p, a, e, 0);
	}
	memcpy(p->frozen, all, n * sizeof(*all));
	p->nfrozen = n;
}

#define SOON .2 /* of the mean interval */
enum { SOON_DUMPS = 3 }; /* so many tell what an interval is */

/* Whether it comes right after the last one, both in jobs and by the clock, as one asked for by hand does. It has next to nothing new
 * to say, and counted as one more interval it would say it with the weight of all others. The next one covers its time as well.
 * (84 simulated processes, six such dumps in each: false leaks at later dumps 33 -> 25, of 20 without them; leaks found as before.) */
static bool is_too_soon(const struct verdict_proc *p, const struct verdict_dump *d)
{
	if (p->ndumps < SOON_DUMPS)
		return false;
	double n = (double)p->ndumps - 1, jobs = d->jobs - p->last.jobs, s = d->t - p->last.t;
	return jobs >= 0 && s >= 0 && jobs < SOON * (p->x[p->nmarks - 1] - p->x[0]) / n && s < SOON * (p->t[p->nmarks - 1] - p->t[0]) / n;
}

bool verdict_proc_update(struct verdict_proc *p, const struct verdict_dump *d)
{
	if (d->partial || (p->have_last && d->jobs == p->last.jobs && d->gc == p->last.gc) || is_too_soon(p, d))
		return false;
	if (p->nmarks + VERDICT_SUB > VERDICT_MARKS)
		thin(p);
	if (p->have_last && d->jobs < p->last.jobs) { /* the counter fell within one process: unwrap it */
		p->off += p->last.jobs;
		for (unsigned c = 0; c < VERDICT_CLASSES; c++)
			p->offmix[c] += p->last.mix[c];
	}
	double mix[VERDICT_CLASSES];
	for (unsigned c = 0; c < VERDICT_CLASSES; c++)
		mix[c] = d->mix[c] + p->offmix[c];
	p->before = p->nmarks ? (uint32_t)p->nmarks - 1 : 0;
	if (p->nmarks == 1)
		p->bx[0] = grid(p->x[0] + fmin(d->until_gc, fmax(d->jobs + p->off - d->since_gc[d->nmarks] - p->x[0], 0)), VERDICT_JOB_PARTS);
	if (p->nmarks == 0)
		add_mark(p, d->jobs, 0, (double)d->gc, d->since_gc[0], mix);
	else
		add_marks(p, d, mix);
	p->ndumps++;
	p->rss = d->rss;
	p->high = fmax(d->memsize, p->high * .985);
	if (p->ndumps == 1)
		p->oldmalloc_first = d->oldmalloc;
	p->oldmalloc_most = fmax(p->oldmalloc_most, d->oldmalloc);
	p->major_before = p->have_last ? p->major : 0;
	p->major = d->major;
	p->moved = p->have_last && d->compact != p->last.compact;
	p->epoch = p->moved && p->traced && p->ruby < 3.4;
	p->last = *d;
	p->have_last = true;
	if (p->epoch)
		freeze(p);
	memcpy(p->oldbound, p->bound, sizeof(p->bound));
	p->noldbound = p->nbound;
	p->oldcut = p->cut;
	return true;
}

/* Where RSS stood least over what the heap explains, by segment of levels. */
static void add_native(struct verdict_proc *p)
{
	uint32_t n = (uint32_t)p->ndumps - 1, i = verdict_lows_index(p, n), m = p->nnative ? 1 : 0;
	for (uint32_t k = 1; p->lmerged && k < p->nnative; k += 2) {
		bool second = k + 1 < p->nnative && p->native[k + 1].rss - p->native[k + 1].high < p->native[k].rss - p->native[k].high;
		p->native[m++] = p->native[second ? k + 1 : k];
	}
	if (p->lmerged)
		p->nnative = m;
	if (p->nnative > i && p->rss - p->high >= p->native[i].rss - p->native[i].high)
		return;
	p->native[i].rss = p->rss;
	p->native[i].high = p->high;
	p->native[i].live = p->last.live;
	p->native[i].at = n;
	p->nnative = i + 1;
}

/* What the whole heap stands at after a major GC, and what waits for one. */
static void add_boundary(struct verdict_proc *p)
{
	if (p->lmerged) {
		verdict_lows_merge(&p->slots);
		verdict_lows_merge(&p->old);
		verdict_lows_merge(&p->dead);
	}
	if (p->last.knows_dead)
		verdict_lows_add(p, &p->dead, p->last.dead);
	if (p->ndumps > 1 && p->major <= p->major_before)
		return;
	p->last_major = (uint32_t)p->ndumps - 1;
	if (p->last.live_slots > 0)
		verdict_lows_add(p, &p->slots, p->slots_now = p->last.live_slots);
	if (p->last.old_objects > 0)
		verdict_lows_add(p, &p->old, p->old_now = p->last.old_objects);
}

void verdict_proc_advance(struct verdict_proc *p)
{
	uint32_t n = (uint32_t)p->ndumps - 1, u = (uint32_t)p->nmarks - 1;
	if (p->nbound == 0 || p->epoch) {
		p->bound[0] = p->e0 = p->cut = u;
		p->nbound = p->unit = 1;
	} else {
		extend_births(p, u);
		p->cut = mature(p);
	}
	uint32_t lunit = p->lunit;
	if (p->nlbound == 0) {
		p->lbound[0] = 0;
		p->nlbound = p->lunit = lunit = 1;
	} else {
		extend(p->lbound, &p->nlbound, &p->lunit, n);
	}
	p->lmerged = p->lunit > lunit;
	add_native(p);
	add_boundary(p);
}

size_t verdict_mark_at(const struct verdict_proc *p, uint32_t no)
{
	size_t a = 0, b = p->nmarks;
	while (a < b) {
		size_t m = (a + b) / 2;
		if (p->no[m] < no)
			a = m + 1;
		else
			b = m;
	}
	return a;
}

size_t verdict_dump_mark(const struct verdict_proc *p, uint32_t dump)
{
	size_t a = 0, b = p->nmarks;
	while (a < b) {
		size_t m = (a + b) / 2;
		if (p->dump[m] <= dump)
			a = m + 1;
		else
			b = m;
	}
	return a ? a - 1 : 0;
}

/* A moment of the run. mix: that of a mark, or `own`. */
struct moment {
	double x, t;
	const double *mix;
	double own[VERDICT_CLASSES];
};

static const struct moment *moment_of_mark(const struct verdict_proc *p, uint32_t m, struct moment *ret)
{
	ret->x = p->x[m];
	ret->t = p->t[m];
	ret->mix = p->mix[m];
	return ret;
}

/* Up to which births are known at mark m: of what lies between two marks, and before the first, the pace is taken for steady. */
static const struct moment *moment_of_births(const struct verdict_proc *p, uint32_t m, struct moment *ret)
{
	double x = p->bx[m];
	if (x == p->x[m] || p->nmarks < 2)
		return moment_of_mark(p, m, ret);
	uint32_t k = m > 0 ? m : 1;
	while (k > 1 && p->x[k - 1] > x)
		k--;
	while (k + 1 < p->nmarks && p->x[k] < x) /* the first one's may lie behind it */
		k++;
	double f = (x - p->x[k - 1]) / (p->x[k] - p->x[k - 1]);
	ret->x = x;
	ret->t = p->t[k - 1] + f * (p->t[k] - p->t[k - 1]);
	for (unsigned c = 0; c < p->nclasses; c++)
		ret->own[c] = p->mix[k - 1][c] + f * (p->mix[k][c] - p->mix[k - 1][c]);
	ret->mix = ret->own;
	return ret;
}

static struct verdict_unit between(const struct verdict_proc *p, const struct moment *a, const struct moment *e, double s)
{
	struct verdict_unit u = {.w = fmax(e->x - a->x, .5), .sec = e->t - a->t, .x = (a->x + e->x) / 2, .s = s};
	for (unsigned c = 0; c < p->nclasses; c++)
		u.mix[c] = e->mix[c] - a->mix[c];
	return u;
}

struct verdict_unit verdict_stretch(const struct verdict_proc *p, uint32_t a, uint32_t e, double s)
{
	struct moment from, to;
	return between(p, moment_of_births(p, a, &from), moment_of_births(p, e, &to), s);
}

bool verdict_before(const struct verdict_proc *p, double s, struct verdict_unit *ret)
{
	size_t last = p->nmarks - 1;
	size_t next = verdict_dump_mark(p, 1);
	double w = p->bx[0];
	/* Of few GC runs until the second dump nobody knows which births were before them (life_dump.c). */
	if (!(w > 0) || !(p->x[last] > p->x[0]) || (p->gc[next] - p->gc[0] > 1 && p->bx[next] <= w && w > p->x[0]))
		return false;
	double pace = (p->t[last] - p->t[0]) / (p->x[last] - p->x[0]);
	*ret = (struct verdict_unit){.w = w, .sec = w * pace, .x = w / 2, .s = fmax(s, 0)};
	memcpy(ret->mix, p->mix[0], sizeof(ret->mix));
	return true;
}

struct verdict_unit verdict_between(const struct verdict_proc *p, uint32_t from, uint32_t to, double s)
{
	struct moment a, e;
	moment_of_mark(p, (uint32_t)verdict_dump_mark(p, from), &a);
	moment_of_mark(p, (uint32_t)verdict_dump_mark(p, to), &e);
	return between(p, &a, &e, s);
}

uint32_t verdict_span_end(const uint32_t *bound, uint32_t n, uint32_t i, uint32_t cut)
{
	return i + 1 < n && bound[i + 1] < cut ? bound[i + 1] : cut;
}
