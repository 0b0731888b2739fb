/* A line through a series, and where it goes on. SPDX-License-Identifier: BSD-2-Clause */
#include "analyze/fit.h"

#include <math.h>
#include <stdlib.h>

#include "analyze/bound.h"
#include "analyze/slope.h"
#include "base/mem.h"

enum { FIT_PARTS = 16, /* of the series, over which the bound is estimated */ RATES = 32 /* tried for a bound that is known */ };
#define RATE_LEAST .1    /* times the length of the series: nearly straight ... */
#define RATE_MOST 40.    /* ... and there at once */
#define CLEARLY .7        /* a curve that misses the points by so much of what the line does is better */
#define NOISES 4.        /* a gain is one from so many times the noise on */

/* The finite points; arrays of their own. */
struct points {
	double *x, *y;
	size_t n;
};

static struct points known_points(const double *x, const double *y, size_t n)
{
	struct points p = {xcalloc(n + 1, sizeof(double)), xcalloc(n + 1, sizeof(double)), 0};
	for (size_t i = 0; i < n; i++) {
		if (!isfinite(x[i]) || !isfinite(y[i]))
			continue;
		p.x[p.n] = x[i];
		p.y[p.n++] = y[i];
	}
	return p;
}

static double median(const double *v, size_t n)
{
	_cleanup_free_ double *copy = xcalloc(n + 1, sizeof(*copy));
	for (size_t i = 0; i < n; i++)
		copy[i] = v[i];
	return slope_median(copy, n);
}

/* How far a point is from where its neighbours say, mostly. */
static double noise(const struct points *p)
{
	_cleanup_free_ double *d = xcalloc(p->n, sizeof(*d));
	for (size_t i = 1; i + 1 < p->n; i++)
		d[i - 1] = fabs(p->y[i] - (p->y[i - 1] + p->y[i + 1]) / 2);
	return p->n > 2 ? slope_median(d, p->n - 2) : 0;
}

/* The low boundary of the series: what it stands at for good after each part of it, ever rising. Returns the number of parts. */
static unsigned parts_of(const struct points *p, struct bound_part ret[FIT_PARTS])
{
	size_t levels = p->n < FIT_PARTS + 1 ? p->n : FIT_PARTS + 1;
	double x[FIT_PARTS + 1], y[FIT_PARTS + 1];
	for (size_t i = 0; i < levels; i++) {
		size_t from = i * p->n / levels, n = (i + 1) * p->n / levels - from;
		x[i] = median(p->x + from, n);
		y[i] = median(p->y + from, n);
	}
	for (size_t i = levels - 1; i-- > 0;)
		y[i] = fmin(y[i], y[i + 1]);
	for (size_t i = 0; i + 1 < levels; i++)
		ret[i] = (struct bound_part){x[i + 1] - x[i], y[i + 1] - y[i]};
	return (unsigned)levels - 1;
}

/* The level at x0 of a curve of this bound and rate: where the median of the points says. */
static double level_of(const struct points *p, double bound, double rate)
{
	_cleanup_free_ double *v = xcalloc(p->n, sizeof(*v));
	for (size_t i = 0; i < p->n; i++)
		v[i] = bound - (bound - p->y[i]) * exp(rate * (p->x[i] - p->x[0]));
	return slope_median(v, p->n);
}

/* A curve that fills up, if bound.h finds an end. */
static bool bend(const struct points *p, struct fit *f)
{
	struct bound_part part[FIT_PARTS];
	struct bound b;
	double gained = 0;
	unsigned m = parts_of(p, part);
	for (unsigned i = 0; i < m; i++)
		gained += part[i].s;
	if (!(gained > NOISES * noise(p)) || !bound_estimate(part, m, &b))
		return false;
	_cleanup_free_ double *left = xcalloc(p->n, sizeof(*left));
	for (size_t i = 0; i < p->n; i++)
		left[i] = p->y[i] + b.whole * expm1(-b.rate * (p->x[i] - p->x[0]));
	*f = (struct fit){.bent = true, .slope = f->slope, .x0 = p->x[0], .rate = b.rate, .level = slope_median(left, p->n)};
	f->bound = f->level + b.whole;
	return true;
}

static void straight(const struct points *p, struct fit *f)
{
	_cleanup_free_ double *left = xcalloc(p->n, sizeof(*left));
	f->x0 = p->x[0];
	for (size_t i = 0; i < p->n; i++)
		left[i] = p->y[i] - f->slope * (p->x[i] - f->x0);
	f->level = slope_median(left, p->n);
}

/* How far the points are from it, summed up. */
static double misfit(const struct points *p, const struct fit *f)
{
	double sum = 0;
	for (size_t i = 0; i < p->n; i++)
		sum += fabs(p->y[i] - fit_at(f, p->x[i]));
	return sum;
}

bool fit_series(const double *x, const double *y, size_t n, bool may_bend, struct fit *ret)
{
	struct points p = known_points(x, y, n);
	struct fit f = {.bound = NAN, .slope = slope_robust(p.x, p.y, p.n)}, curve = f;
	bool good = isfinite(f.slope);
	if (good) {
		straight(&p, &f);
		if (may_bend && p.n >= FIT_BEND_POINTS && bend(&p, &curve) && misfit(&p, &curve) < CLEARLY * misfit(&p, &f))
			f = curve;
		*ret = f;
	}
	free(p.x);
	free(p.y);
	return good;
}

bool fit_towards(const double *x, const double *y, size_t n, double bound, struct fit *ret)
{
	struct points p = known_points(x, y, n);
	struct fit best = {.bent = true, .bound = bound, .slope = slope_robust(p.x, p.y, p.n)};
	double span = p.n ? p.x[p.n - 1] - p.x[0] : 0, least = INFINITY;
	bool good = span > 0 && isfinite(best.slope);
	for (int i = 0; good && i < RATES; i++) {
		struct fit f = best;
		f.x0 = p.x[0];
		f.rate = RATE_LEAST * pow(RATE_MOST / RATE_LEAST, (double)i / (RATES - 1)) / span;
		f.level = fmin(level_of(&p, bound, f.rate), bound);
		double miss = misfit(&p, &f);
		if (miss < least) {
			least = miss;
			*ret = f;
		}
	}
	free(p.x);
	free(p.y);
	return good && isfinite(least);
}

double fit_at(const struct fit *f, double x)
{
	double v = f->bent ? f->bound - (f->bound - f->level) * exp(-f->rate * (x - f->x0)) : f->level + f->slope * (x - f->x0);
	return fmax(v, 0);
}
