/* A rate that outliers do not move. SPDX-License-Identifier: BSD-2-Clause */
#include "analyze/slope.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"

/* The k-th smallest, by quickselect with the middle as pivot (Hoare 1961); v is put in another order. */
static double kth(double *v, size_t n, size_t k)
{
	size_t lo = 0, hi = n - 1;
	while (lo < hi) {
		double pivot = v[lo + (hi - lo) / 2];
		size_t i = lo, j = hi;
		for (;;) {
			while (v[i] < pivot)
				i++;
			while (v[j] > pivot)
				j--;
			if (i >= j)
				break;
			double t = v[i];
			v[i++] = v[j];
			v[j--] = t;
		}
		/* All of [lo..j] is <= pivot <= all of [j+1..hi]. */
		if (k <= j)
			hi = j;
		else
			lo = j + 1;
	}
	return v[k];
}

double slope_median(double *v, size_t n)
{
	if (n == 0)
		return NAN;
	double upper = kth(v, n, n / 2);
	if (n % 2)
		return upper;
	double lower = v[0];
	for (size_t i = 1; i < n / 2; i++)
		lower = fmax(lower, v[i]);
	return (lower + upper) / 2;
}

double slope_robust(const double *x, const double *y, size_t n)
{
	double px[SLOPE_POINTS], py[SLOPE_POINTS];
	size_t step = (n + SLOPE_POINTS - 1) / SLOPE_POINTS, m = 0, pairs = 0;
	for (size_t i = 0; i < n; i += step) {
		if (!isfinite(y[i]) || !isfinite(x[i]))
			continue;
		px[m] = x[i];
		py[m++] = y[i];
	}
	if (m < 2)
		return NAN;
	_cleanup_free_ double *slopes = xcalloc(m * (m - 1) / 2, sizeof(*slopes));
	for (size_t i = 0; i < m; i++) {
		for (size_t j = i + 1; j < m; j++) {
			if (px[i] != px[j])
				slopes[pairs++] = (py[j] - py[i]) / (px[j] - px[i]);
		}
	}
	return slope_median(slopes, pairs);
}
