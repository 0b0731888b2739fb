/* Verdict: how well each story explains counted births. SPDX-License-Identifier: BSD-2-Clause */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/four.h"
#include "analyze/slope.h"
#include "analyze/verdict_impl.h"
#include "base/assert.h"
#include "base/mem.h"

/* How much births per job may vary between equal intervals (coefficient of variation), and how likely that is. */
static const struct { double cv, weight; } dispersions[] = {{.12, .44}, {.3, .20}, {.7, .10}, {1.5, .06}};
enum { DISPERSIONS = sizeof(dispersions) / sizeof(*dispersions) };
/* What fills comes of many first uses, which no single cause brings together, but for what comes ready in parts: connections, modules, each
 * with all it needs. Those are there after some dumps. So a slow thing varies so much (from the third dispersion on) less often the more
 * dumps there are: from FEW to MANY its weight falls to this part. */
enum { UNEVEN = 2, FEW_DUMPS = 5, MANY_DUMPS = 15 };
#define UNEVEN_SLOW .5
_Static_assert(DISPERSIONS == (int)FOUR, "one of four each");
/* ... and that there is no chance in it at all: one object for each third job. Then the births vary by this share of what chance
 * would make of them (and by rounding), and a few of them tell a straight line from a bent one. */
static const struct { double part, rounding, weight; } regular = {.15, .25, .05};
#define CHANCE_ALONE .15 /* each birth comes by itself: the counts vary as those of any rare thing (Poisson) and no more */
/* A steady trickle, and in some units a burst besides, of any size: what fails is kept, a little always and much in an outage. Each unit is
 * one with probability `bursts`, its number then as likely in each of so many e-folds; the others vary by cv. Only the trickle tells a
 * straight line from a bent one. Asked of `least` objects a unit and more. */
static const struct { double bursts, times, folds, cv, weight, least; unsigned units; } trickle = {.2, 2, 8, .15, .05, 4, 6};
#define FREE_FOLDS 4.    /* e-folds that the rate of a unit may take of which a shape says nothing */

/* What there was of it before the first dump, where the same story began with the process (weight .03: a boot leaves what it likes; else
 * its number is anything, every order of magnitude as likely as the next, of so many e-folds). A cache that fills had most of its births
 * then, a leak its part by the jobs. More of it finds some leaks earlier, and calls real caches that fill slowly leaks. */
static const struct { double same, folds; } past = {.03, 10};

/* From the newest births, which are not counted yet since some will go: there will not be more of them. When they are so few as a leak of
 * this pace would have rarer than one time in ten, its odds fall, to `pauses` where there are none of very many: it may rest. */
static const struct { double pauses, seldom; } newest = {.3, 10};

static double concentration(unsigned m, unsigned j) { return m / (dispersions[j].cv * dispersions[j].cv); }

/* log of gamma(x), x > 0, to 1e-13: Stirling's series (Abramowitz & Stegun 6.1.41) of a number from 16 on, from which x is a product away.
 * Twice as fast as libm's, which takes half of a verdict's time. */
static double ln_gamma(double x)
{
	enum { ASYMPTOTIC = 16 };
	double product = 1;
	if (!(x > 0))
		return INFINITY;
	for (; x < ASYMPTOTIC; x++)
		product *= x;
	double i = 1 / x, i2 = i * i, half_log_2pi = .91893853320467274178;
	double v = (x - .5) * log(x) - x + half_log_2pi + i * (1. / 12 - i2 * (1. / 360 - i2 * (1. / 1260 - i2 / 1680)));
	return product == 1 ? v : v - log(product);
}

/* Log of the multinomial coefficient. */
static double coefficient(const struct verdict_unit *u, unsigned m, double total)
{
	double v = ln_gamma(total + 1);
	for (unsigned i = 0; i < m; i++)
		v -= ln_gamma(u[i].s + 1);
	return v;
}

/* Log likelihood of survivors that are regular: normal about the shares, given their sum. In pairs: it is bound by divisions. */
static double regular_ll(const double *s, unsigned m, double total, const double *share)
{
	double logs = 0, all = 1, chi2 = 0, sum = 0; /* one logarithm of a product in place of many */
	for (unsigned i = 0; i < m; i += 2) {
		unsigned j = i + 1 < m ? i + 1 : i;
		pair e = total * (pair){share[i], share[j]}, d = (pair){s[i], s[j]} - e, var = regular.rounding + regular.part * e, q = d * d / var;
		chi2 += i == j ? q[0] : q[0] + q[1];
		sum += i == j ? var[0] : var[0] + var[1];
		all *= i == j ? var[0] : var[0] * var[1];
		if (all > 1e150) {
			logs += log(all);
			all = 1;
		}
	}
	return (log(sum / all) - (m - 1) * 1.83787706640934548356 /* log of 2 pi */ - logs - chi2) / 2;
}

/* Dirichlet-multinomial log likelihood of the survivors given shares, at each concentration, without the multinomial coefficient and
 * gamma(concentration) / gamma(total + concentration), which are the same for every story. some: the n units that have survivors. */
static void dirmult(const double *s_of, const unsigned *some, unsigned n, const double *share,
    const double concentration[DISPERSIONS], double ret[DISPERSIONS])
{
	enum { FEW = 16 };
	struct four c = four_load(concentration), v = four_all(0), product = four_all(1), moved; /* one logarithm for many */
	for (unsigned i = 0; i < n; i++) {
		double s = s_of[some[i]];
		struct four a = four_mul(c, four_all(share[some[i]]));
		if (s <= FEW && s == floor(s)) { /* gamma(a + s) / gamma(a) is a product, of few numbers as a rule */
			for (double k = 0; k < s; k++)
				product = four_mul(product, four_add(a, four_all(k)));
		} else {
			struct four sum = four_add(a, four_all(s));
			v = four_sub(four_add(v, four_ln_gamma_large(sum)), four_ln_gamma(a, &moved));
			product = four_mul(product, moved);
		}
		if (four_is_extreme(product)) {
			v = four_add(v, four_log(product));
			product = four_all(1);
		}
	}
	four_store(four_add(v, four_log(product)), ret);
}

/* The same where each birth comes by itself. memo: by unit, log of its share (NAN: not asked yet); NULL: nowhere to keep it. */
static double multinomial(const double *s, const unsigned *some, unsigned n, const double *share, double *memo)
{
	double v = 0;
	for (unsigned i = 0; i < n; i++) {
		double l = memo ? memo[some[i]] : NAN;
		if (isnan(l))
			l = log(share[some[i]]);
		if (memo)
			memo[some[i]] = l;
		v += s[some[i]] * l;
	}
	return v;
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

/* What a shape says of the births before the first dump, by dispersion: a beta distribution. */
struct expected_past { double a[DISPERSIONS], b[DISPERSIONS], lbeta[DISPERSIONS]; };

/* log of the beta function. */
static struct four lbeta(struct four a, struct four b)
{
	struct four pa, pb, ps, la = four_ln_gamma(a, &pa), lb = four_ln_gamma(b, &pb), ls = four_ln_gamma(four_add(a, b), &ps);
	return four_add(four_sub(four_add(la, lb), ls), four_log(four_div(ps, four_mul(pa, pb))));
}

/* What is to be explained: the survivors from a unit on. What is the same for all shapes is worked out once. */
struct part {
	const struct verdict_unit *u, *before; /* before: NULL: nothing known, or nothing to explain */
	unsigned m, from;
	double s[VERDICT_UNITS], total;        /* survivors by unit, and in all */
	double coef;                           /* the multinomial coefficient */
	double past_coef;                      /* ... and that of the past, with the chance of its number */
	double base;                           /* log likelihood of what the shape says nothing of; -INFINITY: no such part */
	double concentration[DISPERSIONS], same[DISPERSIONS];
	unsigned some[VERDICT_UNITS], nsome;
	double uneven;                         /* log of the part of what is slow that varies much */
	bool trickles;                         /* most units have some */
	double trickled[VERDICT_UNITS], burst[VERDICT_UNITS]; /* by unit: log of the coefficient of its trickle; likelihood of a burst */
};

/* Log likelihood of the births before the first dump, given those after it, of which the shape says that they are r times as many, by
 * dispersion. The chance in them is that of one unit however long that time was: a process is not all its life what it is now. */
static void past_ll(const struct part *p, const struct expected_past *e, double ret[DISPERSIONS])
{
	double s0 = p->before->s, same[DISPERSIONS];
	struct four l = lbeta(four_add(four_all(s0), four_load(e->a)), four_add(four_all(p->total), four_load(e->b)));
	four_store(four_add(four_all(p->past_coef), four_sub(l, four_load(e->lbeta))), same);
	for (unsigned j = 0; j < DISPERSIONS; j++)
		same[j] = past.same * exp(fmin(same[j], 0)) + (1 - past.same) / ((s0 + 1) * past.folds);
	four_store(four_log(four_load(same)), ret);
}

/* Of units that are free any rate is as likely, of so many e-folds; and so is what was there before them. */
static double free_ll(const struct verdict_unit *u, unsigned from, unsigned m, const struct verdict_unit *before)
{
	double head = 0, tail = 0, whead = 0, wtail = 0, v = before ? -log((before->s + 1) * past.folds) : 0;
	for (unsigned i = 0; i < m; i++) {
		*(i < from ? &head : &tail) += u[i].s;
		*(i < from ? &whead : &wtail) += u[i].w;
		if (i < from)
			v -= log((u[i].s + 1) * FREE_FOLDS);
	}
	/* Where less came at first it began in the middle, which is another shape. */
	return tail >= 1 && head * wtail > tail * whead ? v + log((head + tail + 1) / (tail + 1)) : -INFINITY;
}

/* Median of v[i] / share[i]. */
static double median_ratio(const struct verdict_unit *u, const double *share, unsigned m)
{
	double v[VERDICT_UNITS];
	for (unsigned i = 0; i < m; i++)
		v[i] = u[i].s / share[i];
	return slope_median(v, m);
}

/* Is there one, and a burst beside it? Of most rows there is not, and it costs as much as two dispersions. */
static bool may_trickle(const struct part *p)
{
	double width[VERDICT_UNITS], most = 0;
	if (p->from || p->m < trickle.units || 2 * p->nsome <= p->m + 1 || p->total < trickle.least * p->m)
		return false;
	for (unsigned i = 0; i < p->m; i++) {
		width[i] = p->u[i].w;
		most = fmax(most, p->u[i].s / p->u[i].w);
	}
	return most > 2 * trickle.times * median_ratio(p->u, width, p->m);
}

static void trickle_init(struct part *p)
{
	double r = 1 / (trickle.cv * trickle.cv);
	p->trickles = may_trickle(p);
	for (unsigned i = 0; p->trickles && i < p->m; i++) {
		p->trickled[i] = log(1 - trickle.bursts) + ln_gamma(p->u[i].s + r) - ln_gamma(r) - ln_gamma(p->u[i].s + 1);
		p->burst[i] = trickle.bursts / ((p->u[i].s + 1) * trickle.folds);
	}
}

/* Log likelihood of a trickle of this shape with bursts: each unit negative binomial about the trickle, whose size is the median's, or a
 * burst. Given the sum, as all others are: the size was as likely in each order of magnitude, and is known as well as m units tell it. */
static double trickle_ll(const struct part *p, const double *share)
{
	double r = 1 / (trickle.cv * trickle.cv), size = median_ratio(p->u, share, p->m), v = 0, product = 1;
	for (unsigned i = 0; i < p->m; i++) {
		double mean = fmax(size * share[i], 1e-9), all = r + mean;
		double burst = p->u[i].s > trickle.times * mean ? p->burst[i] : 0;
		product *= 1e-30 + burst + exp(p->trickled[i] + r * log(r / all) + p->u[i].s * log(mean / all));
		if (product < 1e-150) {
			v += log(product);
			product = 1;
		}
	}
	double error = sqrt(1 / fmax(size, 1) + trickle.cv * trickle.cv / p->m);
	return v + log(product) + log(p->total * fmin(error, 1));
}

static double uneven_slow(size_t dumps)
{
	return log(UNEVEN_SLOW) * fmin(fmax(((double)dumps - FEW_DUMPS) / (MANY_DUMPS - FEW_DUMPS), 0), 1);
}

static void part_init(struct part *p, const struct verdict_unit *u, unsigned m, unsigned from, const struct verdict_unit *before)
{
	p->u = u + from;
	p->m = m - from;
	p->from = from;
	p->before = from ? NULL : before;
	p->base = from ? free_ll(u, from, m, before) : 0;
	p->total = 0;
	p->nsome = 0;
	for (unsigned i = 0; i < p->m; i++) {
		p->total += p->s[i] = p->u[i].s;
		if (p->u[i].s != 0)
			p->some[p->nsome++] = i;
	}
	p->coef = coefficient(p->u, p->m, p->total);
	p->past_coef = p->before ? ln_gamma(p->before->s + p->total + 1) - ln_gamma(p->before->s + 1) - ln_gamma(p->total + 1) +
	                               log((p->total + 1) / (p->before->s + p->total + 1)) : 0;
	for (unsigned j = 0; j < DISPERSIONS; j++) {
		p->concentration[j] = concentration(p->m, j);
		p->same[j] = log(dispersions[j].weight) + ln_gamma(p->concentration[j]) - ln_gamma(p->total + p->concentration[j]);
	}
	trickle_init(p);
}

/* Likelihood of the part given the shape, over all dispersions: exp(top) * sum, sum from 1 to a few. past_of: that of the births before
 * it, by dispersion. memo: for multinomial. */
static struct verdict_sum likelihood(const struct part *p, const struct verdict_shape *s, const double *past_of, double *memo)
{
	enum { CHANCE = DISPERSIONS, REGULAR, TRICKLE, ALL };
	const double *share = s->share + p->from;
	double d[ALL];
	dirmult(p->s, p->some, p->nsome, share, p->concentration, d);
	for (unsigned j = 0; j < DISPERSIONS; j++)
		d[j] += p->base + p->coef + p->same[j] + (s->story == STORY_SLOW && j >= UNEVEN ? p->uneven : 0);
	d[CHANCE] = log(CHANCE_ALONE) + p->base + p->coef + multinomial(p->s, p->some, p->nsome, share, memo);
	d[REGULAR] = log(regular.weight) + p->base + regular_ll(p->s, p->m, p->total, share);
	bool may = p->trickles && (s->story == STORY_LEAK || s->story == STORY_SLOW);
	d[TRICKLE] = may ? log(trickle.weight) + p->base + trickle_ll(p, share) : -INFINITY;
	if (s->story == STORY_SLOW && s->how == HOW_CLASS) /* roughly: not at the least dispersion, nor with less */
		d[0] = d[CHANCE] = d[REGULAR] = -INFINITY;
	for (unsigned j = 0; p->before && j < ALL; j++) /* chance alone and what is regular: as of the least */
		d[j] += past_of[j < DISPERSIONS ? j : 0];
	struct verdict_sum ret = {.top = d[0], .weight = s->weight};
	for (unsigned j = 1; j < ALL; j++)
		ret.top = d[j] > ret.top ? d[j] : ret.top;
	for (unsigned j = 0; j < ALL; j++)
		ret.sum += d[j] - ret.top > VERDICT_NOTHING ? exp(d[j] - ret.top) : 0;
	ret.top += s->log_weight;
	return ret;
}

/* The shapes made last: most keys of a process have the same units. */
struct table {
	struct verdict_unit u[VERDICT_UNITS], before;
	double intervals;
	unsigned m, nclasses, n;
	bool has_before;
	struct verdict_shape shapes[VERDICT_SHAPES_MAX];
	struct expected_past past[VERDICT_SHAPES_MAX]; /* has_before, of shapes of all units */
	unsigned past_as[VERDICT_SHAPES_MAX]; /* the first shape that says the same of it */
	/* By shape and unit, as multinomial asked for. Made when a second key has the same units. */
	double *memo;
	size_t memo_room;
	bool memo_made;
};

enum { WHOLE, PAUSED, TABLES };

static void free_tables(void *p)
{
	struct table *t = p;
	for (unsigned i = 0; i < TABLES; i++)
		free(t[i].memo);
	free(t);
}

/* Two a thread, of runs as they are and without a pause, freed with it. Made by the first verdict: they are half a MiB, and most threads
 * and most runs of the tool weigh nothing. */
static pthread_key_t table_key;
static bool has_key;
static void make_key(void) { has_key = pthread_key_create(&table_key, free_tables) == 0; }

static struct table *table_of_thread(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, make_key);
	HDA_ASSERT(has_key);
	struct table *t = pthread_getspecific(table_key);
	if (!t) {
		t = xcalloc(TABLES, sizeof(*t));
		int err = pthread_setspecific(table_key, t);
		HDA_ASSERT(!err);
	}
	return t;
}

/* Are the units alike but for what survives of them? */
static bool alike(const struct verdict_unit *a, const struct verdict_unit *b, unsigned nclasses)
{
	return a->w == b->w && a->sec == b->sec && a->x == b->x && memcmp(a->mix, b->mix, nclasses * sizeof(*a->mix)) == 0;
}

/* Room for what is remembered of the shares, nothing in it yet. */
static void make_memo(struct table *t)
{
	size_t n = (size_t)t->n * t->m;
	if (n > t->memo_room)
		t->memo = xreallocarray(t->memo, t->memo_room = n, sizeof(*t->memo));
	for (size_t i = 0; i < n; i++)
		t->memo[i] = NAN;
	t->memo_made = true;
}

/* What the shapes say of the time before the first dump; many say the same, as all that begin later. */
static void expect_past(struct table *t)
{
	struct { double r; unsigned at; } said[VERDICT_SHAPES_MAX];
	unsigned n = 0, k;
	for (unsigned i = 0; i < t->n; i++) {
		double r = t->shapes[i].before, scale = fmin(1, 1 / (t->m * fmax(r, 1e-9)));
		if (t->shapes[i].from)
			continue;
		for (k = 0; k < n && said[k].r != r; k++)
			;
		t->past_as[i] = k < n ? said[k].at : i;
		if (k < n)
			continue;
		said[n].r = r;
		said[n++].at = i;
		struct expected_past *e = &t->past[i];
		for (unsigned j = 0; j < DISPERSIONS; j++) {
			e->b[j] = concentration(t->m, j) * scale;
			e->a[j] = e->b[j] * r;
		}
		four_store(lbeta(four_load(e->a), four_load(e->b)), e->lbeta);
	}
}

static struct table *shapes_of(
    const struct verdict_unit *u, unsigned m, const struct verdict_unit *before, unsigned nclasses, double intervals, unsigned which)
{
	struct table *t = table_of_thread() + which;
	bool same = t->m == m && t->nclasses == nclasses && t->intervals == intervals && t->has_before == (before != NULL) &&
	            (!before || alike(before, &t->before, nclasses));
	for (unsigned i = 0; same && i < m; i++)
		same = alike(&u[i], &t->u[i], nclasses);
	if (same) {
		if (!t->memo_made)
			make_memo(t);
		return t;
	}
	t->memo_made = false;
	memcpy(t->u, u, m * sizeof(*u));
	if (before)
		t->before = *before;
	t->has_before = before != NULL;
	t->m = m;
	t->nclasses = nclasses;
	t->intervals = intervals;
	t->n = verdict_shapes(u, m, before, nclasses, intervals, t->shapes);
	if (before)
		expect_past(t);
	return t;
}

/* What the stories come to. */
struct weighed_stories {
	double evidence[STORIES];       /* log marginal likelihood */
	double kinds[KINDS];            /* log mean likelihood */
	const struct verdict_shape *best; /* the best leak shape */
	double late, tailed;            /* shares of the leak's evidence */
	unsigned since;                 /* the unit that it names, of a HOW_SINCE */
	double chi2;                    /* of the best shape, without a pause */
};

static void evidence(const struct verdict_unit *u, unsigned m, const struct verdict_unit *before, unsigned nclasses, size_t dumps,
    unsigned which, struct weighed_stories *ret)
{
	struct table *t = shapes_of(u, m, before, nclasses, (double)dumps - 1, which);
	struct verdict_sum stories[STORIES] = {0}, since[2] = {0}, kinds[KINDS] = {0};
	const double few = 2; /* no sum that likelihood gives is more than exp(2) */
	double top = -INFINITY;
	struct part p = {.uneven = uneven_slow(dumps)}, best;
	double past_of[VERDICT_SHAPES_MAX][DISPERSIONS]; /* of the first shape that says it: in the order in which they are asked */
	part_init(&p, u, m, 0, before);
	best = p;
	ret->best = &t->shapes[0]; /* per job: there always is */
	for (unsigned i = 0; i < t->n; i++) {
		const struct verdict_shape *s = &t->shapes[i];
		if (s->from != p.from)
			part_init(&p, u, m, s->from, before);
		if (!isfinite(p.base))
			continue;
		unsigned as = p.before ? t->past_as[i] : i;
		if (p.before && as == i)
			past_ll(&p, &t->past[i], past_of[i]);
		double *memo = t->memo_made ? t->memo + (size_t)i * m : NULL;
		struct verdict_sum l = likelihood(&p, s, past_of[as], memo);
		verdict_sum_both(s->kind < KINDS ? &kinds[s->kind] : &stories[s->story], &l);
		if (s->story != STORY_LEAK)
			continue;
		if (s->how == HOW_SINCE)
			verdict_sum_both(&since[s->tail], &l);
		double v = l.top + few > top ? verdict_sum_log(&l) : -INFINITY;
		if (v > top) {
			top = v;
			best = p;
			ret->best = s;
		}
	}
	verdict_sum_kinds(kinds, stories);
	for (unsigned c = 0; c < STORIES; c++)
		ret->evidence[c] = verdict_sum_log(&stories[c]);
	for (unsigned c = 0; c < KINDS; c++)
		ret->kinds[c] = verdict_sum_mean(&kinds[c]);
	ret->late = since[0].sum > 0 ? exp(verdict_sum_log(&since[0]) - ret->evidence[STORY_LEAK]) : 0;
	ret->tailed = since[1].sum > 0 ? exp(verdict_sum_log(&since[1]) - ret->evidence[STORY_LEAK]) : 0;
	ret->since = ret->best->how == HOW_SINCE ? ret->best->arg : 0;
	ret->chi2 = chi2(best.u, best.m, best.total, ret->best->share + best.from);
}

/* The same where there may have been a pause. How the leak goes is taken from the likelier of the two; the rate is that of the whole. */
static void weigh_pause(const struct verdict_unit *u, unsigned m, const struct verdict_unit *before, unsigned nclasses, size_t dumps,
    struct weighed_stories *w)
{
	struct verdict_pause g;
	struct verdict_unit rest[VERDICT_UNITS];
	struct weighed_stories p = {.best = NULL};
	if (!verdict_pause_find(u, m, &g))
		return;
	evidence(rest, verdict_pause_cut(u, m, &g, rest), before, nclasses, dumps, PAUSED, &p);
	double share = verdict_pause_mix(w->evidence, w->kinds, p.evidence, p.kinds, g.odds + g.missing);
	w->late += share * (p.late - w->late);
	w->tailed += share * (p.tailed - w->tailed);
	if (share > .5) {
		w->best = p.best;
		w->since = verdict_pause_unit(&g, p.since);
	}
}

/* P(X <= x) of a Poisson of this mean, x also between whole numbers: 1 less the regularised incomplete gamma function of x + 1, by its
 * series (Abramowitz & Stegun 6.5.29). */
static double at_most(double x, double mean)
{
	enum { TERMS = 2000, MEAN_MAX = 700 };
	double a = x + 1, term = 1 / a, sum = term;
	if (!(mean > 0) || mean > MEAN_MAX) /* then chance is nothing beside the difference */
		return mean > x ? 0 : 1;
	for (unsigned n = 1; n < TERMS && term > sum * 1e-12; n++) {
		term *= mean / (a + n);
		sum += term;
	}
	return fmin(fmax(1 - sum * exp(a * log(mean) - mean - ln_gamma(a)), 0), 1);
}

/* What the leak would have made in this stretch. */
static double expected_in(const struct verdict_unit *stretch, const struct verdict_unit *u, unsigned m, const struct verdict_judged *j)
{
	double work = 0;
	if (j->how != HOW_HOUR && j->how != HOW_CLASS)
		return j->rate * stretch->w;
	for (unsigned i = 0; i < m; i++)
		work += j->how == HOW_HOUR ? u[i].sec : u[i].mix[j->how_arg];
	return j->survivors * (j->how == HOW_HOUR ? stretch->sec : stretch->mix[j->how_arg]) / fmax(work, 1e-9);
}

/* Has it stopped since? phi: how much more than by chance its births vary. */
static void weigh_newest(
    const struct verdict_unit *fresh, const struct verdict_unit *u, unsigned m, double phi, struct verdict_judged *j)
{
	double spread = fmax(phi, 1), p = at_most(fresh->s / spread, expected_in(fresh, u, m, j) / spread);
	double odds = log(fmin(newest.pauses + newest.seldom * p, 1));
	j->evidence[STORY_LEAK] += odds;
	j->kinds[KIND_JOB] += odds;
	j->kinds[KIND_LEAK] += odds;
}

bool verdict_counted(const struct verdict_unit *u, unsigned m, const struct verdict_beside *beside, unsigned nclasses, double hazard,
    size_t dumps, struct verdict_judged *ret)
{
	const struct verdict_unit *before = beside ? beside->before : NULL;
	double total = 0;
	for (unsigned i = 0; i < m; i++)
		total += u[i].s;
	if (total < 1 || m < 2 || !isfinite(total))
		return false;
	struct weighed_stories w = {.best = NULL};
	*ret = (struct verdict_judged){
	    .by_births = true, .survivors = total, .m = m, .hazard = hazard, .nunits = m, .more = -1, .more_jobs = -1};
	evidence(u, m, before, nclasses, dumps, WHOLE, &w);
	weigh_pause(u, m, before, nclasses, dumps, &w);
	memcpy(ret->evidence, w.evidence, sizeof(w.evidence));
	ret->late = w.late;
	ret->tailed = w.tailed;
	/* Births that look recent because the old ones die: then they must be seen dying, between two times when objects are moved. */
	double width = u[m - 1].x + u[m - 1].w / 2 - (u[0].x - u[0].w / 2), seen = (double)dumps * verdict_longest(u, m) / fmax(width, 1e-9);
	ret->evidence[STORY_TURN] -= 8 * fmax(0, 1 - hazard) * fmin(fmax((seen - 4) / 8, 0), 1);
	/* Only differences matter, and only they are left of a million births when they are stored as floats. */
	double top = -INFINITY;
	for (unsigned c = 0; c <= STORY_BURST; c++)
		top = fmax(top, ret->evidence[c]);
	for (unsigned c = 0; c <= STORY_BURST; c++)
		ret->evidence[c] -= top;
	for (unsigned c = 0; c < KINDS; c++)
		ret->kinds[c] = w.kinds[c] - top;
	ret->how = w.best->how;
	ret->how_arg = w.best->how == HOW_SINCE ? w.since : w.best->arg;
	unsigned since = w.since;
	since += since > 0 && m - since > 3 && !w.best->from; /* it began somewhere inside that unit: the rate without it */
	double s1 = 0, w1 = 0;
	for (unsigned i = since; i < m; i++) {
		s1 += u[i].s;
		w1 += u[i].w;
	}
	unsigned m1 = m - since;
	double phi0 = 1 + VERDICT_CV0 * VERDICT_CV0 * total / m;
	double phi = m1 > 1 ? (VERDICT_NU0 * phi0 + w.chi2) / (VERDICT_NU0 + m1 - 1) : phi0 * 4;
	ret->rate = s1 / fmax(w1, 1e-9);
	ret->se = sqrt(fmax(phi, 1) * fmax(s1, 1)) / fmax(w1, 1e-9);
	ret->df = fmax(m1 - 1 + VERDICT_NU0, 1);
	if (beside && beside->newest)
		weigh_newest(beside->newest, u, m, phi, ret);
	for (unsigned i = 0; i < m; i++)
		ret->units[i] = u[i].s;
	return true;
}
