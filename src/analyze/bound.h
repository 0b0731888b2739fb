/* Where something that grows ever more slowly will end. SPDX-License-Identifier: BSD-2-Clause
 *
 * The one estimator of a bound: `leaks` asks it about births, `trend` about the low boundary of a series. Method and limits:
 * verdict_bound.c. Pure; any thread. */
#pragma once

#include <stdbool.h>

/* A part of the run: its width (in jobs, or what x is), what was gained in it and kept. */
struct bound_part {
	double w, s;
};

/* Until x after the begin, whole (1 - exp(-rate x)) is gained. */
struct bound {
	double whole, rate, span; /* span: of all parts */
};

/* False: no end can be told (too little, steady, or too far away). */
bool bound_estimate(const struct bound_part *u, unsigned m, struct bound *ret);
