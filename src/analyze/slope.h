/* A rate that outliers do not move. SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum {
	SLOPE_POINTS = 128, /* more points than this are thinned to every k-th; bounds the pairs to 8 128 */
};

/* The median of the slopes of all pairs of points with different x (Theil 1950, Sen 1968): right as long as less than 29 % of the
 * points are wrong. Points with a y that is not finite are left out. NAN when fewer than two remain. Pure; any thread. */
double slope_robust(const double *x, const double *y, size_t n);
/* The median of v, which is put in another order. NAN for n = 0. */
double slope_median(double *v, size_t n);
