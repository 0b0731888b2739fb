/* Verdict: what each story predicts, and how well it explains counted births. SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "analyze/verdict_impl.h"

const double verdict_prior_births[STORIES] = {[STORY_LEAK] = .22, [STORY_SLOW] = .55, [STORY_TURN] = .11, [STORY_BURST] = .12};
const double verdict_prior_levels[STORIES] = {
    [STORY_FLAT] = .70, [STORY_WANDER] = .07, [STORY_LEAK] = .07, [STORY_SLOW] = .12, [STORY_BURST] = .04};

/* How much births per job may vary between equal intervals (coefficient of variation), and how likely that is. */
static const struct { double cv, weight; } dispersions[] = {{.12, .52}, {.3, .24}, {.7, .12}, {1.5, .07}};
enum { DISPERSIONS = sizeof(dispersions) / sizeof(*dispersions) };
/* ... and that there is no chance in it at all: one object for each third job. Then the births vary by this share of what chance
 * would make of them (and by rounding), and a few of them tell a straight line from a bent one. */
static const struct { double part, rounding, weight; } regular = {.15, .25, .05};

double verdict_lse(const double *v, unsigned n)
{
	double top = -INFINITY, sum = 0;
	for (unsigned i = 0; i < n; i++)
		top = fmax(top, v[i]);
	if (!isfinite(top))
		return top;
	for (unsigned i = 0; i < n; i++)
		sum += exp(v[i] - top);
	return top + log(sum);
}

/* A leak in the first part of which so many times its later births were kept; the later part is this many units at least. */
static const struct { double times, weight; unsigned units; } tail = {3, .06, 5};

/* What there was of it before the first dump, where the same story began with the process (weight .03: a boot leaves what it likes; else
 * its number is anything, every order of magnitude as likely as the next, of so many e-folds). A cache that fills had most of its births
 * then, a leak its part by the jobs. More of it finds some leaks earlier, and calls real caches that fill slowly leaks. */
static const struct { double same, folds; } past = {.03, 10};

#define BY_CLASS .20 /* weight of all classes of jobs, and of all beginnings in the middle of the run */
#define MIDWAY .12
#define RARER .10 /* among the slow, of all classes of jobs that become rarer */
#define FALLS .8  /* a class became rarer when its last share of the jobs is below this part of its first */
#define SLOW_ALL (1 + MIDWAY + RARER / 2) /* the weights of what is slow add up to this; half of the classes become rarer */

/* A list of shapes being made. */
struct maker {
	const struct verdict_unit *u;
	const struct verdict_unit *before; /* the jobs before the first dump; NULL: not known */
	unsigned m, n;
	double wsum;
	struct verdict_shape *out;
};

/* v: births by unit; v0: those that the same would have made before the first. */
static void add(struct maker *k, enum verdict_story story, enum verdict_how how, unsigned arg, double weight, const double *v, double v0)
{
	double sum = 0, total = 0;
	for (unsigned i = 0; i < k->m; i++)
		sum += v[i];
	if (!(sum > 0) || !isfinite(sum) || k->n == VERDICT_SHAPES_MAX)
		return;
	struct verdict_shape *s = &k->out[k->n++];
	*s = (struct verdict_shape){.story = story, .how = how, .arg = arg, .weight = weight};
	for (unsigned i = 0; i < k->m; i++)
		total += s->share[i] = (1 - VERDICT_EPS) * v[i] / sum + VERDICT_EPS * k->u[i].w / k->wsum;
	for (unsigned i = 0; i < k->m; i++)
		s->share[i] /= total;
	if (k->before)
		s->before = ((1 - VERDICT_EPS) * v0 / sum + VERDICT_EPS * k->before->w / k->wsum) / total;
}

/* A unit as it is, or an empty one. */
static struct verdict_unit or_none(const struct verdict_unit *u) { return u ? *u : (struct verdict_unit){0}; }

static void leaks(struct maker *k, unsigned nclasses)
{
	const struct verdict_unit b = or_none(k->before);
	double v[VERDICT_UNITS] = {0};
	for (unsigned i = 0; i < k->m; i++)
		v[i] = k->u[i].w;
	add(k, STORY_LEAK, HOW_JOB, 0, .55, v, b.w);
	for (unsigned i = 0; i < k->m; i++)
		v[i] = k->u[i].sec;
	add(k, STORY_LEAK, HOW_HOUR, 0, .10, v, b.sec);
	for (unsigned c = 0; nclasses > 1 && c < nclasses; c++) {
		for (unsigned i = 0; i < k->m; i++)
			v[i] = fmax(k->u[i].mix[c], 0);
		add(k, STORY_LEAK, HOW_CLASS, c, BY_CLASS / nclasses, v, fmax(b.mix[c], 0));
	}
	for (unsigned a = 1; a + 2 < k->m; a++) {
		for (unsigned i = 0; i < k->m; i++)
			v[i] = i >= a ? k->u[i].w : 0;
		add(k, STORY_LEAK, HOW_SINCE, a, MIDWAY / (k->m - 3), v, 0);
	}
	for (unsigned i = 0; i < k->m; i++)
		v[i] = k->u[i].w * k->u[i].x;
	add(k, STORY_LEAK, HOW_ACCELERATING, 0, .03, v, b.w * b.x);
	/* A cache of the same line filled at first, or the leak was worse then: what counts is that it goes on. */
	for (unsigned a = 1; a + tail.units <= k->m; a++) {
		for (unsigned i = 0; i < k->m; i++)
			v[i] = k->u[i].w * (i < a ? tail.times : 1);
		add(k, STORY_LEAK, HOW_SINCE, a, tail.weight / (k->m - tail.units), v, b.w * tail.times);
	}
}

/* The rate by unit that comes nearest to v and never rises (least squares: neighbours that rise are pooled; Ayer et al. 1955, "An Empirical
 * Distribution Function for Sampling with Incomplete Information"), as births. False: it hardly falls. */
static bool falling(const struct maker *k, double *v)
{
	struct { double v, w; unsigned end; } pool[VERDICT_UNITS];
	unsigned n = 0;
	for (unsigned i = 0; i < k->m; i++) {
		pool[n].v = v[i];
		pool[n].w = k->u[i].w;
		pool[n++].end = i + 1;
		for (; n > 1 && pool[n - 1].v * pool[n - 2].w >= pool[n - 2].v * pool[n - 1].w; n--) {
			pool[n - 2].v += pool[n - 1].v;
			pool[n - 2].w += pool[n - 1].w;
			pool[n - 2].end = pool[n - 1].end;
		}
	}
	for (unsigned p = 0, i = 0; p < n; p++) {
		for (; i < pool[p].end; i++)
			v[i] = k->u[i].w * pool[p].v / pool[p].w;
	}
	return pool[n - 1].v / pool[n - 1].w < FALLS * pool[0].v / pool[0].w;
}

/* What fills brings fewer births, and so does a class of jobs that becomes rarer: its leak is told by its ups and downs, not by that. */
static void slow_classes(struct maker *k, unsigned nclasses)
{
	for (unsigned c = 0; nclasses > 1 && c < nclasses; c++) {
		double v[VERDICT_UNITS] = {0};
		for (unsigned i = 0; i < k->m; i++)
			v[i] = fmax(k->u[i].mix[c], 0);
		if (falling(k, v))
			add(k, STORY_SLOW, HOW_CLASS, c, RARER / SLOW_ALL / nclasses, v, fmax(or_none(k->before).mix[c], 0));
	}
}

/* What began to fill in the middle of the run. */
static void slows_since(struct maker *k)
{
	static const double decay[] = {.25, .5, 1};
	const struct verdict_unit *u = k->u;
	for (unsigned a = 1; a + 2 < k->m; a++) {
		double from = u[a].x - u[a].w / 2, span = u[k->m - 1].x + u[k->m - 1].w / 2 - from;
		for (unsigned j = 0; j < 3; j++) {
			double v[VERDICT_UNITS] = {0};
			for (unsigned i = a; i < k->m; i++)
				v[i] = u[i].w * exp(-(u[i].x - from) / (decay[j] * span));
			add(k, STORY_SLOW, HOW_SINCE, a, MIDWAY / SLOW_ALL / 3 / (k->m - 3), v, 0);
		}
	}
}

static void slows(struct maker *k)
{
	static const double power[] = {.9, .7, .5, .35, .2}, decay[] = {.125, .25, .5, 1, 2};
	const struct verdict_unit *u = k->u, b = or_none(k->before);
	unsigned m = k->m;
	double v[VERDICT_UNITS] = {0}, span = u[m - 1].x - u[0].x + u[m - 1].w, x0 = u[0].x - u[0].w / 2;
	for (unsigned j = 0; j < 5; j++) {
		for (unsigned i = 0; i < m; i++)
			v[i] = u[i].w * pow(fmax(u[i].x, 1e-9), -power[j]);
		add(k, STORY_SLOW, HOW_OTHER, j, .08 / SLOW_ALL, v, b.w * pow(fmax(b.x, 1e-9), -power[j]));
	}
	for (unsigned j = 0; j < 5; j++) {
		for (unsigned i = 0; i < m; i++)
			v[i] = u[i].w * exp(-(u[i].x - x0) / (decay[j] * span));
		add(k, STORY_SLOW, HOW_OTHER, j, .08 / SLOW_ALL, v, b.w * exp(fmin((x0 - b.x) / (decay[j] * span), 50)));
	}
	for (unsigned e = 1; e < m; e++) {
		if (u[e - 1].x - x0 > .8 * span)
			continue;
		for (unsigned i = 0; i < m; i++)
			v[i] = i < e ? u[i].w : 0;
		add(k, STORY_SLOW, HOW_OTHER, e, .2 / SLOW_ALL / (m - 1), v, b.w);
	}
}

unsigned verdict_shapes(
    const struct verdict_unit *u, unsigned m, const struct verdict_unit *before, unsigned nclasses, struct verdict_shape *out)
{
	static const double turn[] = {.125, .25, .5};
	struct maker k = {.u = u, .before = before, .m = m, .out = out};
	const struct verdict_unit b = or_none(before);
	double v[VERDICT_UNITS] = {0}, span = u[m - 1].x - u[0].x + u[m - 1].w;
	for (unsigned i = 0; i < m; i++)
		k.wsum += u[i].w;
	leaks(&k, nclasses);
	slows(&k);
	slows_since(&k);
	slow_classes(&k, nclasses);
	for (unsigned j = 0; j < 3; j++) {
		for (unsigned i = 0; i < m; i++)
			v[i] = u[i].w * exp((u[i].x - u[m - 1].x) / (turn[j] * span));
		add(&k, STORY_TURN, HOW_OTHER, j, .33, v, b.w * exp((b.x - u[m - 1].x) / (turn[j] * span)));
	}
	for (unsigned e = 0; e < m; e++) {
		for (unsigned i = 0; i < m; i++)
			v[i] = i == e ? u[i].w : 0;
		add(&k, STORY_BURST, HOW_OTHER, e, 1. / m, v, 0);
	}
	return k.n;
}

/* lgamma(3) also writes the sign to a variable that all threads share, and the store's thread judges beside those that answer. */
static double ln_gamma(double x)
{
	int sign;
	return lgamma_r(x, &sign);
}

/* Log of the multinomial coefficient. */
static double coefficient(const struct verdict_unit *u, unsigned m, double total)
{
	double v = ln_gamma(total + 1);
	for (unsigned i = 0; i < m; i++)
		v -= ln_gamma(u[i].s + 1);
	return v;
}

/* Log likelihood of survivors that are regular: normal about the shares, given their sum. */
static double regular_ll(const struct verdict_unit *u, unsigned m, double total, const double *share)
{
	double logs = 0, product = 1, chi2 = 0, sum = 0; /* one logarithm of a product in place of many */
	for (unsigned i = 0; i < m; i++) {
		double e = total * share[i], var = regular.rounding + regular.part * e;
		chi2 += (u[i].s - e) * (u[i].s - e) / var;
		sum += var;
		product *= 2 * M_PI * var;
		if (product > 1e150) {
			logs += log(product);
			product = 1;
		}
	}
	return (log(2 * M_PI * sum) - logs - log(product) - chi2) / 2;
}

/* log of gamma(a + s) / gamma(a): of a product where s is a small whole number, as most are, and of nothing where it is 0. */
static double rising(double a, double s)
{
	enum { FEW = 16 };
	if (!(s <= FEW) || s != floor(s))
		return ln_gamma(a + s) - ln_gamma(a);
	double product = 1;
	for (double k = 0; k < s; k++)
		product *= a + k;
	return s > 0 ? log(product) : 0;
}

/* Dirichlet-multinomial log likelihood of the survivors given shares and concentration, without the multinomial coefficient and
 * gamma(concentration) / gamma(total + concentration), which are the same for every story. some: the n units that have survivors. */
static double dirmult(const struct verdict_unit *u, const unsigned *some, unsigned n, const double *share, double concentration)
{
	double v = 0;
	for (unsigned i = 0; i < n; i++)
		v += rising(concentration * share[some[i]], u[some[i]].s);
	return v;
}

/* log of the beta function. */
static double lbeta(double a, double b) { return ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b); }

/* Log likelihood of s0 births before the first dump, given `total` after it, of which the shape says that they are r times as many. The
 * chance in them is that of one unit however long that time was: a process is not all its life what it is now. */
static double past_ll(double s0, double total, double r, double concentration, unsigned m)
{
	double scale = fmin(1, 1 / (m * fmax(r, 1e-9))), a = concentration * r * scale, b = concentration * scale;
	double same = ln_gamma(s0 + total + 1) - ln_gamma(s0 + 1) - ln_gamma(total + 1) + lbeta(s0 + a, total + b) - lbeta(a, b) +
	              log((total + 1) / (s0 + total + 1));
	return log(past.same * exp(fmin(same, 0)) + (1 - past.same) / ((s0 + 1) * past.folds));
}

/* Pearson's chi squared of the survivors against shares. */
static double chi2(const struct verdict_unit *u, unsigned m, double total, const double *share)
{
	double q = 0;
	for (unsigned i = 0; i < m; i++) {
		double d = u[i].s - total * share[i];
		q += d * d / (total * share[i]);
	}
	return q;
}

/* Log marginal likelihood of each story; the best leak shape is left in *best with its chi squared. */
static void evidence(const struct verdict_unit *u, unsigned m, const struct verdict_unit *before, double total, unsigned nclasses,
    double *ret, struct verdict_shape *best, double *ret_chi2)
{
	struct verdict_shape shapes[VERDICT_SHAPES_MAX];
	unsigned n = verdict_shapes(u, m, before, nclasses, shapes);
	double ll[STORIES][VERDICT_SHAPES_MAX], top = -INFINITY, concentration[DISPERSIONS], same[DISPERSIONS];
	unsigned count[STORIES] = {0}, some[VERDICT_UNITS], nsome = 0;
	for (unsigned i = 0; i < m; i++) {
		if (u[i].s != 0)
			some[nsome++] = i;
	}
	for (unsigned j = 0; j < DISPERSIONS; j++) {
		concentration[j] = m / (dispersions[j].cv * dispersions[j].cv);
		same[j] = log(dispersions[j].weight) + ln_gamma(concentration[j]) - ln_gamma(total + concentration[j]);
	}
	double coef = coefficient(u, m, total);
	for (unsigned i = 0; i < n; i++) {
		const struct verdict_shape *s = &shapes[i];
		double d[DISPERSIONS + 1];
		for (unsigned j = 0; j < DISPERSIONS; j++)
			d[j] = coef + same[j] + dirmult(u, some, nsome, s->share, concentration[j]);
		d[DISPERSIONS] = log(regular.weight) + regular_ll(u, m, total, s->share);
		if (s->story == STORY_SLOW && s->how == HOW_CLASS) /* roughly: not at the least dispersion, nor without chance */
			d[0] = d[DISPERSIONS] = -INFINITY;
		for (unsigned j = 0; before && j <= DISPERSIONS; j++)
			d[j] += past_ll(before->s, total, s->before, concentration[j < DISPERSIONS ? j : 0], m);
		double v = verdict_lse(d, DISPERSIONS + 1) + log(s->weight);
		ll[s->story][count[s->story]++] = v;
		if (s->story == STORY_LEAK && v > top) {
			top = v;
			*best = *s;
		}
	}
	for (unsigned c = 0; c < STORIES; c++)
		ret[c] = count[c] ? verdict_lse(ll[c], count[c]) : -30;
	*ret_chi2 = chi2(u, m, total, best->share);
}

bool verdict_counted(const struct verdict_unit *u, unsigned m, const struct verdict_unit *before, unsigned nclasses, double hazard,
    size_t dumps, struct verdict_judged *ret)
{
	double total = 0, q;
	for (unsigned i = 0; i < m; i++)
		total += u[i].s;
	if (total < 1 || m < 2 || !isfinite(total))
		return false;
	struct verdict_shape best = {0};
	*ret = (struct verdict_judged){
	    .by_births = true, .survivors = total, .m = m, .hazard = hazard, .nunits = m, .more = -1, .more_jobs = -1};
	evidence(u, m, before, total, nclasses, ret->evidence, &best, &q);
	/* Births that look recent because the old ones die: then they must be seen dying. */
	ret->evidence[STORY_TURN] -= 8 * fmax(0, 1 - hazard) * fmin(fmax(((double)dumps - 4) / 8, 0), 1);
	/* Only differences matter, and only they are left of a million births when they are stored as floats. */
	double top = -INFINITY;
	for (unsigned c = 0; c <= STORY_BURST; c++)
		top = fmax(top, ret->evidence[c]);
	for (unsigned c = 0; c <= STORY_BURST; c++)
		ret->evidence[c] -= top;
	ret->how = best.how;
	ret->how_arg = best.arg;
	unsigned since = best.how == HOW_SINCE ? best.arg : 0;
	since += since > 0 && m - since > 3; /* it began somewhere inside that unit: the rate without it */
	double s1 = 0, w1 = 0;
	for (unsigned i = since; i < m; i++) {
		s1 += u[i].s;
		w1 += u[i].w;
	}
	unsigned m1 = m - since;
	double phi0 = 1 + VERDICT_CV0 * VERDICT_CV0 * total / m;
	double phi = m1 > 1 ? (VERDICT_NU0 * phi0 + q) / (VERDICT_NU0 + m1 - 1) : phi0 * 4;
	ret->rate = s1 / fmax(w1, 1e-9);
	ret->se = sqrt(fmax(phi, 1) * fmax(s1, 1)) / fmax(w1, 1e-9);
	ret->df = fmax(m1 - 1 + VERDICT_NU0, 1);
	for (unsigned i = 0; i < m; i++)
		ret->units[i] = u[i].s;
	return true;
}
