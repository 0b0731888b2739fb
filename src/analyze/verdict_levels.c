/* Verdict: how well each story explains a level. SPDX-License-Identifier: BSD-2-Clause
 *
 * The low boundary (minima by segment) is regressed on the cumulated shapes; Bayes factors by the empirical-Bayes g prior
 * (Liang et al. 2008). For RSS the high water of the heap is regressed out first. */
#include "analyze/slope.h"
#include "analyze/verdict_impl.h"

/* A projection on what a constant (and the heap's high water) do not explain. */
struct residual {
	unsigned m;
	bool has_high;
	double high[VERDICT_LEVELS]; /* centred, unit length */
};

static void centre(double *v, unsigned m)
{
	double mean = 0;
	for (unsigned i = 0; i < m; i++)
		mean += v[i] / m;
	for (unsigned i = 0; i < m; i++)
		v[i] -= mean;
}

static double dot(const double *a, const double *b, unsigned m)
{
	double s = 0;
	for (unsigned i = 0; i < m; i++)
		s += a[i] * b[i];
	return s;
}

static void residual_init(struct residual *r, const double *high, unsigned m)
{
	*r = (struct residual){.m = m};
	if (!high)
		return;
	double scale = 0;
	for (unsigned i = 0; i < m; i++) {
		r->high[i] = high[i];
		scale += high[i] * high[i];
	}
	centre(r->high, m);
	double norm = sqrt(dot(r->high, r->high, m));
	r->has_high = norm > 1e-9 * sqrt(scale) && norm > 0; /* a heap that never changed explains nothing */
	for (unsigned i = 0; r->has_high && i < m; i++)
		r->high[i] /= norm;
}

static void project(const struct residual *r, double *v)
{
	centre(v, r->m);
	if (!r->has_high)
		return;
	double a = dot(v, r->high, r->m);
	for (unsigned i = 0; i < r->m; i++)
		v[i] -= a * r->high[i];
}

/* What the regression on one shape gives. */
struct fit {
	double lambda, se, logbf;
};

struct data {
	struct residual out;
	const double *y, *dy; /* residual level, its differences */
	double sst, floor;
	unsigned m;
	double df;
	bool rss;
};

static bool fit_shape(const struct data *d, const struct verdict_shape *s, struct fit *ret)
{
	double f[VERDICT_LEVELS] = {0};
	for (unsigned i = 1; i < d->m; i++)
		f[i] = f[i - 1] + s->share[i - 1];
	project(&d->out, f);
	double ff = dot(f, f, d->m);
	if (ff < 1e-6)
		return false;
	double lam = dot(f, d->y, d->m) / ff;
	double r2 = lam > 0 ? fmin(lam * lam * ff / d->sst, 1 - 1e-9) : 0;
	double res = fmax(d->sst - lam * lam * ff, d->floor) / fmax(d->df - 1, 1);
	double walk = 0;
	if (lam > 0 && !d->rss) { /* births are counted, so the level wanders: counting noise on top */
		double inc2 = 0;
		for (unsigned i = 0; i + 1 < d->m; i++) {
			double inc = d->dy[i] - lam * (f[i + 1] - f[i]);
			inc2 += inc * inc;
		}
		double steps = d->m > 2 ? d->m - 1 : 1;
		walk = fmax(lam + VERDICT_CV0 * VERDICT_CV0 * lam * lam / steps, inc2 - 2 * (d->m - 1.) * res);
	}
	double g = fmax(r2 * (d->df - 1) / (1 - r2) - 1, 0);
	ret->lambda = lam;
	ret->se = sqrt(res / ff + walk);
	ret->logbf = (d->df - 1) / 2 * log(1 + g) - d->df / 2 * log(1 + g * (1 - r2));
	return true;
}

/* Every shape, fitted: what the stories and kinds come to, and the best leak. */
static void fit_shapes(const struct data *d, const struct verdict_unit *u, unsigned nclasses, struct verdict_levels *ret)
{
	struct verdict_shape shapes[VERDICT_LEVEL_SHAPES_MAX];
	unsigned n = verdict_shapes(u, d->m - 1, NULL, nclasses, 0, shapes);
	struct verdict_sum stories[STORIES] = {0}, kinds[KINDS] = {0};
	double best = -INFINITY;
	for (unsigned i = 0; i < n; i++) {
		const struct verdict_shape *s = &shapes[i];
		struct fit f;
		if (s->story == STORY_TURN || !fit_shape(d, s, &f))
			continue;
		double v = f.logbf + s->log_weight;
		if (s->kind < KINDS)
			verdict_sum_add(&kinds[s->kind], v, s->weight);
		else
			verdict_sum_add(&stories[s->story], v, s->weight);
		if (s->story == STORY_LEAK && v > best) {
			best = v;
			ret->lambda = f.lambda;
			ret->se = f.se;
			ret->df = d->df - 1;
			ret->how = s->how;
			ret->how_arg = s->arg;
		}
	}
	for (unsigned c = 0; c < KINDS; c++)
		ret->kinds[c] = verdict_sum_mean(&kinds[c]);
	verdict_sum_kinds(kinds, stories);
	for (unsigned c = 0; c < STORIES; c++) {
		if (stories[c].sum > 0) {
			ret->evidence[c] = verdict_sum_log(&stories[c]);
			ret->has[c] = true;
		}
	}
}

/* Levels y0, and the units between them. */
static void weigh(
    const double *y0, const double *high, unsigned m, const struct verdict_unit *u, unsigned nclasses, struct verdict_levels *ret)
{
	double y[VERDICT_LEVELS], dy[VERDICT_LEVELS], top = 1, dd = 0;
	*ret = (struct verdict_levels){0};
	for (unsigned c = 0; c < STORIES; c++)
		ret->evidence[c] = -30;
	for (unsigned i = 0; i < m; i++) {
		y[i] = y0[i];
		top = fmax(top, fabs(y0[i]));
	}
	for (unsigned i = 0; i + 1 < m; i++)
		ret->width += u[i].w;
	struct data d = {.y = y, .dy = dy, .m = m, .rss = high, .df = (double)m - (high ? 2 : 1)};
	residual_init(&d.out, high, m);
	project(&d.out, y);
	d.floor = m * fmax(.25, high ? (2e-3 * top) * (2e-3 * top) : .25);
	d.sst = dot(y, y, m) + d.floor;
	for (unsigned i = 0; i + 1 < m; i++) {
		dy[i] = y[i + 1] - y[i];
		dd += dy[i] * dy[i];
	}
	ret->evidence[STORY_FLAT] = 0;
	ret->evidence[STORY_WANDER] = .5 * log(m) + d.df / 2 * log(d.sst / (dd + d.floor));
	ret->has[STORY_FLAT] = ret->has[STORY_WANDER] = true;
	fit_shapes(&d, u, nclasses, ret);
}

/* The same where there may have been a pause: what is left is weighed as if that time, and what little came in it, had not been. */
static void weigh_pause(const double *y0, unsigned m, const struct verdict_unit *u, unsigned nclasses, struct verdict_levels *ret)
{
	struct verdict_pause g;
	struct verdict_unit rest[VERDICT_LEVELS];
	struct verdict_levels l;
	double y[VERDICT_LEVELS];
	if (!verdict_pause_find(u, m - 1, &g))
		return;
	unsigned n = verdict_pause_cut(u, m - 1, &g, rest) + 1, out = g.end - g.begin;
	for (unsigned i = 0; i < n; i++)
		y[i] = i <= g.begin ? y0[i] : y0[i + out] - (y0[g.end] - y0[g.begin]);
	weigh(y, NULL, n, rest, nclasses, &l);
	if (!l.has[STORY_LEAK] || !(l.lambda > 0))
		return;
	double share = verdict_pause_mix(ret->evidence, ret->kinds, l.evidence, l.kinds, g.odds);
	if (share > .5) {
		ret->how = l.how;
		ret->how_arg = l.how == HOW_SINCE ? verdict_pause_unit(&g, l.how_arg) : l.how_arg;
	}
	for (unsigned c = 0; c < STORIES; c++)
		ret->has[c] |= l.has[c];
}

void verdict_levels(
    const struct verdict_proc *p, const uint32_t *at, const double *y, const double *high, unsigned m, struct verdict_levels *ret)
{
	struct verdict_unit u[VERDICT_LEVELS];
	for (unsigned i = 0; i + 1 < m; i++) {
		u[i] = verdict_between(p, at[i], at[i + 1], y[i + 1] - y[i]);
		u[i].w = fmax(u[i].w, .5);
	}
	weigh(y, high, m, u, p->nclasses, ret);
	if (!high)
		weigh_pause(y, m, u, p->nclasses, ret);
}

/* The pace in the second half of the run, as a part of that of the whole: a warm-up slows down, a heap made larger jumps once. */
#define GOES_ON .5   /* below this it is no leak, whatever shape explains it best */
#define UNDIMINISHED .8 /* from this on, with no part of the second half below STEADY, it is one whatever happened in the first */
#define STEADY .25
enum { LATE_PARTS = 4, LATE_DUMPS = 12 }; /* parts of the second half, and dumps, that it takes to say so */

#define PER_LIVE 1.5 /* bytes of RSS that go along with a byte that comes to be alive in the heap: malloc's own, tables half full */
#define LARGE .25 /* of the growth of RSS in the second half of the run: so much at once is a buffer */
#define PER_HEAP 3. /* bytes of RSS that go along with a byte of the heap, at most: a real one takes 1.2 to 1.5 */

struct late { double whole, median, least, beyond; unsigned n; };

/* Of large buffers, which came to be alive at once, beyond the usual and what RSS grew by then: bytes a job that RSS of the second half of
 * the run may have followed page by page as they were written. Of those that came before: what it had not grown by until the middle.
 * usual: bytes that come to be alive a job. */
static double at_once(const struct verdict_proc *p, const double *rss, unsigned m, double usual)
{
	double least = LARGE * (rss[m - 1] - rss[m / 2]), before = 0, later = 0, rest = 0;
	for (unsigned i = 0; i + 1 < m; i++) {
		double jobs = p->x[verdict_dump_mark(p, p->native[i + 1].at)] - p->x[verdict_dump_mark(p, p->native[i].at)];
		double jump = p->native[i + 1].live - p->native[i].live - fmax(usual * jobs, rss[i + 1] - rss[i]);
		rest += i >= m / 2 && jump <= least ? jobs : 0;
		if (jump > least && i >= m / 2)
			later += jump;
		else if (jump > least)
			before = fmax(before, p->native[m / 2].live - p->native[i].live - (rss[m / 2] - rss[i]));
	}
	return (before + later) / fmax(rest, 1);
}

/* Growth a job in the second half of the run, without what goes along with the heap: the median of its parts, in which a single jump does
 * not show, and the least; and that of the whole. beyond: what goes beyond the objects that came to be alive then. The regression cannot
 * tell that part where the heap has free slots for them all: its high water stands still, while RSS follows them page by page. Nor where a
 * buffer doubles: all of it lives at once, and RSS follows page by page as it is written.
 * rate: as the best shape of a leak has it. */
static struct late late_pace(const struct verdict_proc *p, const uint32_t *at, const double *y, const double *high, unsigned m, double rate)
{
	double x[VERDICT_LEVELS], z[VERDICT_LEVELS], h[VERDICT_LEVELS], rss[VERDICT_LEVELS], live[VERDICT_LEVELS], per_heap = 0;
	for (unsigned i = 0; i < m; i++) {
		x[i] = p->x[verdict_dump_mark(p, at[i])];
		z[i] = y[i] - rate * x[i];
		h[i] = high[i];
	}
	centre(z, m);
	centre(h, m);
	double hh = dot(h, h, m);
	if (hh > 0)
		per_heap = fmin(fmax(dot(z, h, m) / hh, 0), PER_HEAP);
	struct late ret = {.least = INFINITY};
	ret.whole = (y[m - 1] - y[0] - per_heap * (high[m - 1] - high[0])) / fmax(x[m - 1] - x[0], 1);
	for (unsigned i = m / 2; i + 1 < m; i++) {
		double grown = y[i + 1] - y[i], jobs = fmax(x[i + 1] - x[i], 1), v = (grown - per_heap * (high[i + 1] - high[i])) / jobs;
		ret.least = fmin(ret.least, v);
		rss[ret.n] = grown / jobs;
		live[ret.n] = (p->native[i + 1].live - p->native[i].live) / jobs;
		z[ret.n++] = v;
	}
	ret.median = slope_median(z, ret.n);
	double usual = fmax(slope_median(live, ret.n), 0);
	ret.beyond = slope_median(rss, ret.n) - PER_LIVE * usual - at_once(p, y, m, usual);
	return ret;
}

void verdict_native(const struct verdict_proc *p, struct verdict_native *ret)
{
	uint32_t at[VERDICT_LEVELS];
	double y[VERDICT_LEVELS], high[VERDICT_LEVELS], post[STORIES];
	unsigned m = p->nlbound < p->nnative ? p->nlbound : p->nnative; /* the first dump and the closed segments */
	bool known = p->rss > 0; /* dump files do not say it */
	*ret = (struct verdict_native){.label = NATIVE_LEARNING};
	if (m < 5)
		return;
	for (unsigned i = 0; i < m; i++) {
		at[i] = p->native[i].at;
		y[i] = p->native[i].rss;
		high[i] = p->native[i].high;
		known = known && y[i] > 0;
	}
	if (!known) {
		ret->label = NATIVE_NONE;
		return;
	}
	struct verdict_levels l;
	verdict_levels(p, at, y, high, m, &l);
	verdict_posterior(l.evidence, l.has, verdict_prior_levels, post);
	unsigned top = 0;
	for (unsigned c = 1; c < STORIES; c++)
		top = post[c] > post[top] ? c : top;
	double t = verdict_t95(l.df), rss = p->rss;
	ret->conf = post[STORY_LEAK];
	ret->bytes_per_1000 = 1000 * l.lambda / l.width;
	ret->low = fmax(1000 * (l.lambda - t * l.se) / l.width, 0);
	ret->high = 1000 * (l.lambda + t * l.se) / l.width;
	double rate = l.lambda / l.width;
	struct late late = late_pace(p, at, y, high, m, rate);
	double pace = fmax(rate, late.whole);
	bool goes_on = late.median >= GOES_ON * pace;
	if (late.n >= LATE_PARTS && p->ndumps >= LATE_DUMPS && late.median >= UNDIMINISHED * pace && late.least >= STEADY * pace)
		ret->conf += post[STORY_SLOW] + post[STORY_BURST];
	/* Where a major GC is rare, what was old when it died stays until then, with all that malloc gave for it; RSS keeps the most of it. */
	bool beyond = late.beyond * l.width > .02 * rss + PER_LIVE * fmax(p->oldmalloc_most - p->oldmalloc_first, 0);
	bool lives = y[m - 1] - y[0] <= PER_LIVE * (p->native[m - 1].live - p->native[0].live);
	if (ret->conf / (1 + verdict_fill(m, .18)) >= VERDICT_LEAK_AT && l.lambda > .02 * rss && goes_on && beyond)
		ret->label = NATIVE_LEAK;
	else if (l.lambda > .05 * rss && !lives && (top == STORY_SLOW || top == STORY_BURST || (top == STORY_LEAK && !goes_on)))
		ret->label = NATIVE_FRAGMENTATION;
	else if (ret->conf >= VERDICT_SUSPECT_AT && l.lambda > .02 * rss && beyond)
		ret->label = NATIVE_SUSPECT;
	else
		ret->label = NATIVE_EXPLAINED;
}
