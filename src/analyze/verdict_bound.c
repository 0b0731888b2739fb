/* Verdict: where growth that slows down will end. SPDX-License-Identifier: BSD-2-Clause
 *
 * A cache of K entries of which any is wanted with equal chance fills as K (1 − e^(−b x)): the chance that a job brings a new one falls
 * with those that are there. Counts of such births by parts of the run are fitted by maximum likelihood over b (Goel and Okumoto 1979,
 * "Time-Dependent Error-Detection Rate Model for Software Reliability", whose errors are our entries); e^(−b X) is the part that is still
 * to come. An end is only told when the exponential explains the counts better than a steady rate and than every power of x, which has no
 * end, and when two thirds are there already: what is farther away cannot be told from counts. */
#include "analyze/bound.h"
#include "analyze/verdict_impl.h"

enum { BOUND_PARTS_MAX = VERDICT_UNITS };

#define BOUND_LEAST 30.    /* births below which nothing is told */
#define BOUND_PARTS 5      /* parts of the run, likewise */
#define BOUND_FILLED 1.    /* b X at least: 1 - 1/e of it is there */
#define BOUND_MOST 40.     /* b X at most: more is a step, not a decay */
#define BOUND_BETTER 3.3   /* log likelihood, in units of the dispersion, by which it must beat a steady rate: chi squared of 1 df, 1 % */
#define BOUND_AWAY .25     /* share of the births that may lie elsewhere than the fit says */
#define BOUND_NEAR .01     /* this share of the bound may be missing when it counts as reached */

struct counts {
	const struct bound_part *u;
	unsigned m;
	double x0, span, total;
	double share[BOUND_PARTS_MAX]; /* of the fit tried last */
};

/* Log likelihood (without the multinomial coefficient) of the counts when births until the share z of the run are F(z). */
static double fits(struct counts *c, double (*until)(double z, double arg), double arg)
{
	double ll = 0, at = 0, all = until(1, arg);
	for (unsigned i = 0; i < c->m; i++) {
		double z0 = at / c->span, z1 = (at + c->u[i].w) / c->span;
		c->share[i] = fmax((until(z1, arg) - until(z0, arg)) / all, 1e-12);
		ll += c->u[i].s * log(c->share[i]);
		at += c->u[i].w;
	}
	return ll;
}

static double steady(double z, double arg) { (void)arg; return z; }
static double decaying(double z, double bx) { return -expm1(-bx * z); }
static double power(double z, double p) { return pow(z, 1 - p); }

/* b X with the highest likelihood: a coarse look, then golden sections. */
static double best_decay(struct counts *c, double *ret_ll)
{
	enum { COARSE = 16, FINE = 18 };
	const double step = log(BOUND_MOST / .1) / (COARSE - 1), golden = .6180339887498949;
	double best = .1, top = -INFINITY;
	for (int i = 0; i < COARSE; i++) {
		double bx = .1 * exp(step * i), ll = fits(c, decaying, bx);
		if (ll > top) {
			top = ll;
			best = bx;
		}
	}
	double a = best * exp(-step), e = best * exp(step);
	for (int i = 0; i < FINE; i++) {
		double l = e - golden * (e - a), r = a + golden * (e - a);
		if (fits(c, decaying, l) < fits(c, decaying, r))
			a = l;
		else
			e = r;
	}
	best = (a + e) / 2;
	*ret_ll = fits(c, decaying, best);
	return best;
}

/* Pearson's dispersion of the last fit, at least 1; *ret_away: share of the births that lie elsewhere. */
static double dispersion(const struct counts *c, double *ret_away)
{
	double q = 0, away = 0;
	for (unsigned i = 0; i < c->m; i++) {
		double want = c->total * c->share[i], d = c->u[i].s - want;
		q += d * d / fmax(want, 1);
		away += fabs(d) / 2;
	}
	*ret_away = away / c->total;
	return fmax(q / (c->m - 2), 1);
}

bool bound_estimate(const struct bound_part *u, unsigned m, struct bound *ret)
{
	static const double powers[] = {.9, .7, .5, .35, .2};
	struct counts c = {.u = u, .m = m};
	for (unsigned i = 0; i < m; i++) {
		c.total += u[i].s;
		c.span += u[i].w;
	}
	if (m < BOUND_PARTS || m > BOUND_PARTS_MAX || !(c.total >= BOUND_LEAST) || !(c.span > 0) || !isfinite(c.total) || !isfinite(c.span))
		return false;
	double ll, away, other = -INFINITY, flat = fits(&c, steady, 0);
	for (unsigned i = 0; i < sizeof(powers) / sizeof(*powers); i++)
		other = fmax(other, fits(&c, power, powers[i]));
	double bx = best_decay(&c, &ll), phi = dispersion(&c, &away);
	if (bx < BOUND_FILLED || bx > BOUND_MOST || away > BOUND_AWAY || ll - flat < BOUND_BETTER * phi || ll <= other)
		return false;
	*ret = (struct bound){.whole = c.total / -expm1(-bx), .rate = bx / c.span, .span = c.span};
	return true;
}

bool verdict_bound(const struct verdict_unit *u, unsigned m, double gap, double *ret_more, double *ret_jobs)
{
	struct bound_part part[VERDICT_UNITS];
	struct bound b;
	if (m > VERDICT_UNITS)
		return false;
	for (unsigned i = 0; i < m; i++)
		part[i] = (struct bound_part){u[i].w, u[i].s};
	if (!bound_estimate(part, m, &b))
		return false;
	double left = b.whole * exp(-b.rate * (b.span + fmax(gap, 0))), near = fmax(BOUND_NEAR * b.whole, 1);
	*ret_more = left;
	*ret_jobs = left > near ? log(left / near) / b.rate : 0;
	return isfinite(left) && isfinite(*ret_jobs);
}
