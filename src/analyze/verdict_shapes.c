/* Verdict: what each story predicts. SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "analyze/verdict_impl.h"

const double verdict_prior_births[STORIES] = {[STORY_LEAK] = .24, [STORY_SLOW] = .55, [STORY_TURN] = .11, [STORY_BURST] = .12};
const double verdict_prior_levels[STORIES] = {
    [STORY_FLAT] = .70, [STORY_WANDER] = .07, [STORY_LEAK] = .07, [STORY_SLOW] = .12, [STORY_BURST] = .04};

double verdict_lse(const double *v, unsigned n)
{
	double top = -INFINITY, sum = 0;
	for (unsigned i = 0; i < n; i++)
		top = fmax(top, v[i]);
	if (!isfinite(top))
		return top;
	for (unsigned i = 0; i < n; i++)
		sum += v[i] - top > VERDICT_NOTHING ? exp(v[i] - top) : 0;
	return top + log(sum);
}

#define NO_LIKELIHOOD (-30.)

void verdict_sum_both(struct verdict_sum *s, const struct verdict_sum *more)
{
	if (!isfinite(more->top))
		return;
	if (s->sum > 0 && more->top <= s->top) {
		s->sum += more->top - s->top > VERDICT_NOTHING ? more->sum * exp(more->top - s->top) : 0;
	} else {
		s->sum = (s->sum > 0 ? s->sum * exp(s->top - more->top) : 0) + more->sum;
		s->top = more->top;
	}
	s->weight += more->weight;
}

void verdict_sum_add(struct verdict_sum *s, double ll, double weight)
{
	verdict_sum_both(s, &(struct verdict_sum){.top = ll, .sum = 1, .weight = weight});
}

void verdict_sum_kinds(const struct verdict_sum *kinds, struct verdict_sum *stories)
{
	for (unsigned k = 0; k < KINDS; k++)
		verdict_sum_add(&stories[k < KIND_STRAIGHT ? STORY_LEAK : STORY_SLOW], verdict_sum_log(&kinds[k]), kinds[k].weight);
}

double verdict_sum_log(const struct verdict_sum *s) { return s->sum > 0 ? s->top + log(s->sum) : NO_LIKELIHOOD; }

double verdict_sum_mean(const struct verdict_sum *s) { return s->sum > 0 ? s->top + log(s->sum / s->weight) : NO_LIKELIHOOD; }

/* A leak in the first part of which so many times its later births were kept; the later part is this many units at least. */
static const struct { double times, weight; unsigned units; } tail = {3, .03, 5};

/* What was more at first, by as much as one likes and in any way: only the later part is explained, as of a leak (weight) or of what
 * fills (slow), when it is this many dump intervals and units long. A memo by what is finite and by what is not ends as the one, two
 * caches of one line as the other. */
static const struct { double weight, slow, intervals; unsigned units; } later = {.09, .09, 6, 5};

#define BY_CLASS .20 /* weight of all classes of jobs, and of all beginnings in the middle of the run */
#define MIDWAY .12
#define RARER .10 /* among the slow, of all classes of jobs that become rarer */
#define FALLS .8  /* a class became rarer when its last share of the jobs is below this part of its first */
#define SLOW_ALL (1 + MIDWAY + RARER / 2) /* the weights of what is slow add up to this; half of the classes become rarer */
#define APART .1 /* of a unit's width: the next one does not follow it; between them objects were moved */
#define BY_CLOCK .03 /* ... and on top of it what slows down by the clock, ... */
#define FILLS_BY_CLASS .03 /* ... or by the jobs of one class, and the later parts above */

/* What fills: births as a power of the work done, or that decay, in parts of the run. One that has hardly begun to fill is all but a
 * leak. */
static const double powers[] = {.9, .7, .5, .35, .2};
static const struct { double times, weight; } decays[] = {{.125, .08}, {.25, .08}, {.5, .08}, {1, .08}, {2, .08}, {4, .01}};
static const double since_decays[] = {.25, .5, 1};
static const struct { double decay, power; } clocks[] = {{.25, 0}, {.5, 0}, {1, 0}, {0, .7}, {0, .35}};
static const unsigned later_from[] = {1, 2, 4};
static const double later_decays[] = {.25, .5, 1, 2}, later_powers[] = {.8, .4};
static const double class_decays[] = {.25, 1};
static const double turns[] = {.125, .25, .5};

#define COUNT(a) (sizeof(a) / sizeof(*(a)))
enum {
	POWERS = COUNT(powers),
	DECAYS = COUNT(decays),
	SINCE = COUNT(since_decays),
	CLOCKS = COUNT(clocks),
	FROMS = COUNT(later_from),
	LATER_DECAYS = COUNT(later_decays),
	LATER_SLOWS = LATER_DECAYS + COUNT(later_powers),
	CLASS_DECAYS = COUNT(class_decays),
	TURNS = COUNT(turns),
};
/* Without units: per job, per hour, accelerating, and those of the tables. Of a unit: a leak since it, or more until it; what fills since
 * it, or stopped there; a burst in it. Of a class: a leak, one that becomes rarer, and what it fills. */
_Static_assert(VERDICT_SHAPES_OF(0, 0) == 3 + POWERS + DECAYS + CLOCKS + FROMS * (1 + LATER_SLOWS) + TURNS, "all shapes without units");
_Static_assert(VERDICT_SHAPES_UNIT == 2 + SINCE + 1 + 1, "all shapes of a unit");
_Static_assert(VERDICT_SHAPES_CLASS == 2 + CLASS_DECAYS, "all shapes of a class");

/* A list of shapes being made. */
struct maker {
	const struct verdict_unit *u;
	const struct verdict_unit *before; /* the jobs before the first dump; NULL: not known */
	unsigned m, n, room;
	double wsum, least[VERDICT_UNITS]; /* width of all; share of births that any shape allows in a unit */
	struct verdict_shape *out;
};

/* v: births by unit; v0: those that the same would have made before the first. Returns the shape, NULL when there is none. */
static struct verdict_shape *add(
    struct maker *k, enum verdict_story story, enum verdict_how how, unsigned arg, double weight, const double *v, double v0)
{
	double sum = 0, total = 0;
	for (unsigned i = 0; i < k->m; i++)
		sum += v[i];
	if (!(sum > 0) || !isfinite(sum) || k->n == k->room)
		return NULL;
	struct verdict_shape *s = &k->out[k->n++];
	s->story = story;
	s->kind = KINDS;
	s->how = how;
	s->arg = arg;
	s->weight = weight;
	s->log_weight = log(weight);
	s->tail = false;
	s->from = 0;
	if (story == STORY_LEAK)
		s->kind = how == HOW_JOB ? KIND_JOB : KIND_LEAK;
	else if (story == STORY_SLOW)
		s->kind = KIND_SLOW;
	for (unsigned i = 0; i < k->m; i++)
		total += s->share[i] = (1 - VERDICT_EPS) * v[i] / sum + k->least[i];
	for (unsigned i = 0; i < k->m; i++)
		s->share[i] /= total;
	s->before = k->before ? ((1 - VERDICT_EPS) * v0 / sum + VERDICT_EPS * k->before->w / k->wsum) / total : 0;
	return s;
}

/* What s says of the units before `from` is left out. */
static void only_from(struct verdict_shape *s, unsigned m, unsigned from)
{
	double sum = 0;
	s->tail = true;
	s->from = from;
	for (unsigned i = from; i < m; i++)
		sum += s->share[i];
	for (unsigned i = 0; i < m; i++)
		s->share[i] = i < from ? 0 : s->share[i] / sum;
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
		struct verdict_shape *s = add(k, STORY_LEAK, HOW_SINCE, a, tail.weight / (k->m - tail.units), v, b.w * tail.times);
		if (s)
			s->tail = true;
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

/* What the jobs of one class fill slows down by the count of those jobs, whenever they come: only at night, or where the counter of all
 * jobs says nothing. */
static void slows_by_class(struct maker *k, unsigned nclasses)
{
	for (unsigned c = 0; nclasses > 1 && c < nclasses; c++) {
		double all = 0, b = fmax(or_none(k->before).mix[c], 0);
		for (unsigned i = 0; i < k->m; i++)
			all += fmax(k->u[i].mix[c], 0);
		for (unsigned j = 0; all > 0 && j < CLASS_DECAYS; j++) {
			double v[VERDICT_UNITS] = {0}, at = 0, scale = fmax(class_decays[j] * all, 1e-9);
			for (unsigned i = 0; i < k->m; i++) {
				double n = fmax(k->u[i].mix[c], 0);
				v[i] = n * exp(-(at + n / 2) / scale);
				at += n;
			}
			double weight = FILLS_BY_CLASS / CLASS_DECAYS / SLOW_ALL / nclasses;
			add(k, STORY_SLOW, HOW_CLASS, c, weight, v, b * exp(fmin(b / 2 / scale, 50)));
		}
	}
}

/* What began to fill in the middle of the run. */
static void slows_since(struct maker *k)
{
	const struct verdict_unit *u = k->u;
	for (unsigned a = 1; a + 2 < k->m; a++) {
		double from = u[a].x - u[a].w / 2, span = u[k->m - 1].x + u[k->m - 1].w / 2 - from;
		for (unsigned j = 0; j < SINCE; j++) {
			double v[VERDICT_UNITS] = {0};
			for (unsigned i = a; i < k->m; i++)
				v[i] = u[i].w * exp(-(u[i].x - from) / (since_decays[j] * span));
			add(k, STORY_SLOW, HOW_SINCE, a, MIDWAY / SLOW_ALL / SINCE / (k->m - 3), v, 0);
		}
	}
}

static void set_kind(struct verdict_shape *s, enum verdict_kind kind)
{
	if (s)
		s->kind = kind;
}

/* How many things that fill are so long that they are hardly bent after so many dump intervals, of those that were when there were few:
 * their lengths are log-uniform, as those of what has no bend at all (verdict_fill), down to a floor: below it strict precision falls. */
static double hardly_bent(double intervals)
{
	enum { FEW = 5, LONGEST = 300 };
	const double least = .8;
	return fmax(log(LONGEST / fmax(intervals, FEW)) / log((double)LONGEST / FEW), least);
}

static void slows(struct maker *k, double intervals)
{
	const struct verdict_unit *u = k->u, b = or_none(k->before);
	unsigned m = k->m;
	double v[VERDICT_UNITS] = {0}, span = u[m - 1].x - u[0].x + u[m - 1].w, x0 = u[0].x - u[0].w / 2;
	double hardly = hardly_bent(intervals);
	for (unsigned j = 0; j < POWERS; j++) {
		for (unsigned i = 0; i < m; i++)
			v[i] = u[i].w * pow(fmax(u[i].x, 1e-9), -powers[j]);
		double v0 = b.w * pow(fmax(b.x, 1e-9), -powers[j]);
		struct verdict_shape *s = add(k, STORY_SLOW, HOW_OTHER, j, (powers[j] < .4 ? hardly : 1) * .08 / SLOW_ALL, v, v0);
		set_kind(s, powers[j] < .4 ? KIND_STRAIGHT : KIND_BENT);
	}
	for (unsigned j = 0; j < DECAYS; j++) {
		for (unsigned i = 0; i < m; i++)
			v[i] = u[i].w * exp(-(u[i].x - x0) / (decays[j].times * span));
		double v0 = b.w * exp(fmin((x0 - b.x) / (decays[j].times * span), 50));
		struct verdict_shape *s = add(k, STORY_SLOW, HOW_OTHER, j, (decays[j].times > 1 ? hardly : 1) * decays[j].weight / SLOW_ALL, v, v0);
		set_kind(s, decays[j].times > 1 ? KIND_STRAIGHT : decays[j].times > .3 ? KIND_BENT : KIND_SLOW);
	}
	for (unsigned e = 1; e < m; e++) {
		if (u[e - 1].x - x0 > .8 * span)
			continue;
		for (unsigned i = 0; i < m; i++)
			v[i] = i < e ? u[i].w : 0;
		add(k, STORY_SLOW, HOW_OTHER, e, .2 / SLOW_ALL / (m - 1), v, b.w);
	}
}

/* What slows down by the clock while the pace of jobs changes: expiry, timers, a worker that has hardly a job at first. */
static void slows_by_clock(struct maker *k)
{
	const struct verdict_unit b = or_none(k->before);
	double all = 0;
	for (unsigned i = 0; i < k->m; i++)
		all += k->u[i].sec;
	for (unsigned j = 0; j < CLOCKS; j++) {
		double v[VERDICT_UNITS] = {0}, at = 0;
		for (unsigned i = 0; i < k->m; i++) {
			double z = (at + k->u[i].sec / 2) / fmax(all, 1e-9), z0 = b.sec / fmax(all, 1e-9);
			v[i] = k->u[i].sec * (clocks[j].decay > 0 ? exp(-z / clocks[j].decay) : pow(fmax(z0 + z, 1e-9), -clocks[j].power));
			at += k->u[i].sec;
		}
		add(k, STORY_SLOW, HOW_HOUR, j, BY_CLOCK / CLOCKS / SLOW_ALL, v, b.sec);
	}
}

/* Steady or slowing down from a unit on, with anything before it. */
static void later_parts(struct maker *k, double intervals)
{
	const struct verdict_unit *u = k->u, *last = &u[k->m - 1];
	double end = last->x + last->w / 2, all = end - (u[0].x - u[0].w / 2);
	unsigned n = 0;
	for (; n < FROMS && later_from[n] + later.units <= k->m; n++) {
		if ((end - (u[later_from[n]].x - u[later_from[n]].w / 2)) * intervals < later.intervals * all)
			break;
	}
	for (unsigned f = 0; f < n; f++) {
		unsigned from = later_from[f];
		double x0 = u[from].x - u[from].w / 2, v[VERDICT_UNITS] = {0};
		for (unsigned j = 0; j <= LATER_SLOWS; j++) {
			for (unsigned i = from; i < k->m; i++) {
				double p = j > LATER_DECAYS ? pow(fmax(u[i].x, 1e-9), -later_powers[j - LATER_DECAYS - 1])
				                            : j ? exp(-(u[i].x - x0) / (later_decays[j - 1] * (end - x0))) : 1;
				v[i] = u[i].w * p;
			}
			double weight = j ? later.slow / SLOW_ALL / LATER_SLOWS / n : later.weight / n;
			struct verdict_shape *s = add(k, j ? STORY_SLOW : STORY_LEAK, j ? HOW_OTHER : HOW_SINCE, from, weight, v, 0);
			if (s)
				only_from(s, k->m, from);
		}
	}
}

double verdict_counted_at(const struct verdict_unit *u, unsigned m, unsigned i)
{
	while (i + 1 < m && u[i + 1].x - u[i + 1].w / 2 < u[i].x + u[i].w / 2 + APART * u[i].w)
		i++;
	return u[i].x + u[i].w / 2;
}

double verdict_longest(const struct verdict_unit *u, unsigned m)
{
	double longest = 0, begin = 0, end = -INFINITY;
	for (unsigned i = 0; i < m; i++) {
		double at = verdict_counted_at(u, m, i);
		if (at > end) {
			begin = u[i].x - u[i].w / 2;
			end = at;
		}
		longest = fmax(longest, end - begin);
	}
	return longest;
}

/* Those that are young when they are counted. */
static void turnover(struct maker *k)
{
	const struct verdict_unit *u = k->u, b = or_none(k->before);
	double v[VERDICT_UNITS] = {0}, span = verdict_longest(u, k->m);
	for (unsigned j = 0; j < TURNS; j++) {
		for (unsigned i = 0; i < k->m; i++)
			v[i] = u[i].w * exp((u[i].x - verdict_counted_at(u, k->m, i)) / (turns[j] * span));
		add(k, STORY_TURN, HOW_OTHER, j, .33, v, b.w * exp((b.x - verdict_counted_at(u, k->m, 0)) / (turns[j] * span)));
	}
}

unsigned verdict_shapes(const struct verdict_unit *u, unsigned m, const struct verdict_unit *before, unsigned nclasses, double intervals,
    struct verdict_shape *out)
{
	struct maker k = {.u = u, .before = before, .m = m, .out = out, .room = VERDICT_SHAPES_OF(m, nclasses)};
	double v[VERDICT_UNITS] = {0};
	for (unsigned i = 0; i < m; i++)
		k.wsum += u[i].w;
	for (unsigned i = 0; i < m; i++)
		k.least[i] = VERDICT_EPS * u[i].w / k.wsum;
	leaks(&k, nclasses);
	slows(&k, intervals);
	slows_since(&k);
	slows_by_clock(&k);
	slow_classes(&k, nclasses);
	slows_by_class(&k, nclasses);
	later_parts(&k, intervals);
	turnover(&k);
	for (unsigned e = 0; e < m; e++) {
		for (unsigned i = 0; i < m; i++)
			v[i] = i == e ? u[i].w : 0;
		add(&k, STORY_BURST, HOW_OTHER, e, 1. / m, v, 0);
	}
	return k.n;
}
