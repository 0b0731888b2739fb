/* A line through a series, and where it goes on. SPDX-License-Identifier: BSD-2-Clause */
#include "analyze/fit.h"

#include <math.h>
#include <stdlib.h>

#include "analyze/slope.h"
#include "base/mem.h"

#define BEND_BELOW .5    /* gain of the last third against that of the one before, per x */
#define FULL_BELOW .02   /* of which so little is left that it counts as none: the rate stays finite */
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

/* A curve that fills up, when the thirds say so. */
static bool bend(const struct points *p, struct fit *f)
{
	double x[3], y[3];
	size_t third = p->n / 3;
	for (size_t k = 0; k < 3; k++) {
		size_t from = k == 0 ? 0 : k == 1 ? (p->n - third) / 2 : p->n - third;
		x[k] = median(p->x + from, third);
		y[k] = median(p->y + from, third);
	}
	double step = (x[2] - x[0]) / 2, d1 = y[1] - y[0], d2 = y[2] - y[1], least = NOISES * noise(p);
	if (!(x[1] > x[0]) || !(x[2] > x[1]) || !(d1 > least) || d2 < -least)
		return false;
	double ratio = fmax(d2, 0) / (x[2] - x[1]) / (d1 / (x[1] - x[0]));
	if (ratio >= BEND_BELOW)
		return false;
	ratio = fmax(ratio, FULL_BELOW);
	f->bent = true;
	f->rate = -log(ratio) / step;
	f->x0 = x[0];
	f->level = y[0];
	f->bound = y[0] + d1 / (1 - exp(-f->rate * (x[1] - x[0])));
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

double fit_at(const struct fit *f, double x)
{
	double v = f->bent ? f->bound - (f->bound - f->level) * exp(-f->rate * (x - f->x0)) : f->level + f->slope * (x - f->x0);
	return fmax(v, 0);
}
