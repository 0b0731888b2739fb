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
 * may_bend: where each third of the points gains less than half of what the third before it gained, beyond what noise can do, a curve
 * that fills up exponentially goes through the medians of the thirds instead, if it comes clearly nearer to the points. False (*ret untouched): fewer than two points, or all at
 * one x. Pure; any thread. */
bool fit_series(const double *x, const double *y, size_t n, bool may_bend, struct fit *ret);
/* Its value at x; never below 0. */
double fit_at(const struct fit *f, double x);
