/* Inside the verdict. SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include <math.h>

#include "analyze/verdict.h"

#define VERDICT_CV0 .12       /* births per job differ by at least this much between equal intervals */
#define VERDICT_EPS .01       /* share of births that a shape with zeros still allows anywhere */
#define VERDICT_LOSS .20      /* a segment that loses this share in one step has seen a release */
#define VERDICT_TAU 1.25      /* survivors are proven once older than this times the oldest release */
#define VERDICT_HALF .5       /* hazard at which a line is half believed */
#define VERDICT_MIN_S 8       /* fewer proven survivors are never a leak */
#define VERDICT_SEVERAL 4     /* containers of one signature from which on they are weighed together, as in summary.h */
#define VERDICT_STILL .1      /* of what its entries would have it gain a container gained so little, or lost it, and stands still */
#define VERDICT_STILL_OWN .5  /* of a container's entries a row has so many, and says whether they are replaced */
#define VERDICT_STILL_ODDS .2 /* ... what is left then of the odds that they leak, where it stood still in the newest part, */
#define VERDICT_SLOTS_ODDS .05 /* ... and where it did in all of the run */
#define VERDICT_LEAK_AT .70   /* confidence of a leak */
#define VERDICT_COUNT_MAX 1e18 /* objects; more is a lie */
#define VERDICT_TIME_MAX 1e15 /* jobs, seconds, GC runs; more is a lie */
#define VERDICT_JOB_PARTS 16. /* jobs are known to a sixteenth (marks between dumps are interpolated) */
#define VERDICT_SECOND_PARTS 1024.
#define VERDICT_NOTHING (-80.) /* log of a likelihood that is nothing beside another of 1 */
#define VERDICT_NU0 2.        /* weight of the prior dispersion */

/* A shape: expected share of births by unit, of a story. */
struct verdict_shape {
	enum verdict_story story;
	enum verdict_kind kind;
	enum verdict_how how;
	unsigned arg;
	double weight, log_weight;
	double share[VERDICT_UNITS];
	bool tail;                         /* more at first, then steady */
	unsigned from;                     /* it says nothing of the units before this one, nor of what was there before the first */
	double before;                     /* expected births before the first unit, as a multiple of those in all units */
};

/* How many shapes there are at most: so many, and more for each unit and each class of jobs (verdict_shapes.c adds them up). */
enum { VERDICT_SHAPES_FIXED = 43, VERDICT_SHAPES_UNIT = 7, VERDICT_SHAPES_CLASS = 4 };
#define VERDICT_SHAPES_OF(units, classes) \
	(VERDICT_SHAPES_FIXED + (units) * VERDICT_SHAPES_UNIT + (classes) * VERDICT_SHAPES_CLASS)
enum {
	VERDICT_SHAPES_MAX = VERDICT_SHAPES_OF(VERDICT_UNITS, VERDICT_CLASSES),
	VERDICT_LEVEL_SHAPES_MAX = VERDICT_SHAPES_OF(VERDICT_LEVELS, VERDICT_CLASSES), /* of levels, which are in fewer units */
};

/* All shapes over m units into *out (room for VERDICT_SHAPES_OF(m, nclasses)); returns how many. before: the stretch from the first job
 * to the first dump; NULL: not known. intervals: between dumps, in all units; 0: no shapes of later parts only (`from`). */
unsigned verdict_shapes(const struct verdict_unit *u, unsigned m, const struct verdict_unit *before, unsigned nclasses, double intervals,
    struct verdict_shape *out);
/* At which job the survivors of unit i were counted: at the end of the units that follow each other, after which objects were moved. */
double verdict_counted_at(const struct verdict_unit *u, unsigned m, unsigned i);
/* Jobs of the longest row of units that follow each other. */
double verdict_longest(const struct verdict_unit *u, unsigned m);
/* log(sum(exp(v))) over n values. */
double verdict_lse(const double *v, unsigned n);
/* Likelihoods added up, by their logarithms; {0}: none yet. */
struct verdict_sum { double top, sum, weight; };
/* Adds a likelihood that has been given its weight. */
void verdict_sum_add(struct verdict_sum *s, double ll, double weight);
/* Adds those of another sum. */
void verdict_sum_both(struct verdict_sum *s, const struct verdict_sum *more);
/* Adds what each kind comes to, to its story. */
void verdict_sum_kinds(const struct verdict_sum *kinds, struct verdict_sum *stories);
/* Log of the sum, of what was given each its weight; of no likelihood: less than nearly any. */
double verdict_sum_log(const struct verdict_sum *s);
/* Log of the mean. */
double verdict_sum_mean(const struct verdict_sum *s);
/* What is known beside the units; each NULL where it is not. */
struct verdict_beside {
	const struct verdict_unit *before; /* what was there at the first dump, and the jobs until then */
	const struct verdict_unit *newest; /* the stretch after the last unit, and what is there of it yet */
};
/* Survivors (or increments) by unit, judged as counts. beside: NULL: nothing. False: too little. */
bool verdict_counted(const struct verdict_unit *u, unsigned m, const struct verdict_beside *beside, unsigned nclasses, double hazard,
    size_t dumps, struct verdict_judged *ret);

/* A time in which next to nothing came of what is regular else: units from begin to before end. */
struct verdict_pause {
	unsigned begin, end;
	double odds, missing;              /* logs: of such a pause; of what came in it, of counts */
};
/* One in the middle of the run. False: none. Pure, as the next three. */
bool verdict_pause_find(const struct verdict_unit *u, unsigned m, struct verdict_pause *ret);
/* The units without it into *out (room for m); returns how many. */
unsigned verdict_pause_cut(const struct verdict_unit *u, unsigned m, const struct verdict_pause *g, struct verdict_unit *out);
/* The unit that a story of the rest began in, as one of all; of one that began after the pause, the pause is a part of it. */
unsigned verdict_pause_unit(const struct verdict_pause *g, unsigned i);
/* Log likelihoods of the stories and kinds, to which those of a run with a pause are added. Returns the share of those in the leak's. */
double verdict_pause_mix(double *evidence, double *kinds, const double *paused, const double *paused_kinds, double odds);

/* Result of the regression of a level on the shapes. */
struct verdict_levels {
	double evidence[STORIES], kinds[KINDS];
	bool has[STORIES];
	double lambda, se, df, width;   /* of the best leak shape: growth over the run, its error; jobs of the run */
	enum verdict_how how;
	unsigned how_arg;
};
/* Levels y at dumps `at` (indices); high != NULL: with the heap's high water as a second regressor (RSS). */
void verdict_levels(
    const struct verdict_proc *p, const uint32_t *at, const double *y, const double *high, unsigned m, struct verdict_levels *ret);
/* Births by part that slow down: *ret_more of them are still to come, and in *ret_jobs jobs all but a hundredth of the whole (or one) are
 * there, counted from `gap` jobs after the last part. False: no end can be told. Pure. */
bool verdict_bound(const struct verdict_unit *u, unsigned m, double gap, double *ret_more, double *ret_jobs);
/* Probabilities from log evidence and the priors (0 = story not considered). */
void verdict_posterior(const double *evidence, const bool *has, const double *prior, double *ret);
extern const double verdict_prior_births[STORIES], verdict_prior_levels[STORIES];
/* Student's t, 5 % one-sided. */
double verdict_t95(double df);
/* More objects than a container has entries are of several holders: not all its own. */
static inline bool verdict_is_mixed(double objects, double entries) { return objects > 1.1 * entries + VERDICT_MIN_S; }
/* A confidence with its odds multiplied. */
double verdict_less_likely(double conf, double odds);
/* Odds that a steady grower has an end not seen yet. */
double verdict_fill(double intervals, double base);

/* --- low boundaries (verdict_lows.c) --- */
/* The segment of dump n, which is the newest: 0 is the first dump alone, then the closed ones, then the open one. */
uint32_t verdict_lows_index(const struct verdict_proc *p, uint32_t n);
/* When segments of levels merged (lmerged): pairs keep their least. */
void verdict_lows_merge(struct verdict_lows *l);
/* The level y at the newest dump. */
void verdict_lows_add(const struct verdict_proc *p, struct verdict_lows *l, double y);
/* The level was `value` at all dumps before the newest. */
void verdict_lows_was(const struct verdict_proc *p, struct verdict_lows *l, double value);

/* What hangs on the finalizer table is there until its dead owner is swept, which takes a major GC where the owner is old. How many dumps
 * more until growth there may be called a leak, unless one comes; 0: it may; VERDICT_WAITS_FOR_MAJOR: only then. */
unsigned verdict_waits(const struct verdict_proc *p, const struct verdict_entry *e, const struct verdict_judged *j);

/* The unit of births between marks a and e: between the GC runs before them. */
struct verdict_unit verdict_stretch(const struct verdict_proc *p, uint32_t a, uint32_t e, double s);
/* The jobs before the first dump, of which s objects were there; false: the counter began with it. */
bool verdict_before(const struct verdict_proc *p, double s, struct verdict_unit *ret);
/* The unit of levels between two dumps, by their numbers. */
struct verdict_unit verdict_between(const struct verdict_proc *p, uint32_t from, uint32_t to, double s);
/* Proven survivors by segment, of earlier epochs first; returns how many units were written. */
unsigned verdict_units(const struct verdict_proc *p, const struct verdict_key *k, struct verdict_unit *out);
/* The stretch after the last births that count, and what of it is there yet. */
struct verdict_unit verdict_newest(const struct verdict_proc *p, const struct verdict_key *k);
/* The survivors of all its units, without making them. */
double verdict_kept(const struct verdict_proc *p, const struct verdict_key *k);
/* Those that were there at the first dump already. */
double verdict_older(const struct verdict_key *k);
double verdict_hazard(const struct verdict_proc *p, const struct verdict_key *k);
/* End of segment i of `bound`, not after cut. */
uint32_t verdict_span_end(const uint32_t *bound, uint32_t n, uint32_t i, uint32_t cut);
void verdict_native(const struct verdict_proc *p, struct verdict_native *ret);
