/* A line through a series, and where it goes on. SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum { FIT_BEND_POINTS = 9 }; /* fewer points than this are not enough to see a series bend */

/* Straight: level at x0, slope. Bent: it grows towards `bound`, ever slower. */
struct fit {
	bool bent;
	double slope;      /* per x; of the whole series, bent or not */
	double x0, level;
	double bound;      /* NAN when straight */
	double rate;       /* bent: what is missing falls by exp(-rate) per x */
};

/* Fits the points whose x and y are finite. Straight lines are Theil and Sen's (slope.h), through the median of what they leave.
 * may_bend: where the low boundary of at least FIT_BEND_POINTS points fills up, beyond what noise can do, and its end can be told (bound.h:
 * the estimator of `leaks`), it is a curve towards that end, if it comes clearly nearer to the points. False (*ret untouched): fewer than
 * two points, or all at one x. Pure; any thread. */
bool fit_series(const double *x, const double *y, size_t n, bool may_bend, struct fit *ret);
/* The curve towards a bound that is known: of the rates that it may have, the one that misses the points least. False as above. */
bool fit_towards(const double *x, const double *y, size_t n, double bound, struct fit *ret);
/* Its value at x; never below 0. */
double fit_at(const struct fit *f, double x);
