/* Series of groups over many dumps. SPDX-License-Identifier: BSD-2-Clause
 *
 * Fed one summary after the other, so that only sums are held; joins dumps by the texts of their names. Pure; one thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strtab.h"
#include "base/u64map.h"
#include "reduce/summary.h"

enum trend_by {
	TREND_TYPE, TREND_CLASS, TREND_SITE,
	TREND_STRING,      /* STRING objects by class and site */
	TREND_DATA,        /* DATA objects by class */
	TREND_HOLDER,      /* holders by name: retained */
	TREND_CONTAINER,   /* containers by signature: entries (count), retained (bytes) */
	TREND_RETAINED,    /* retained by class */
};

enum { TREND_DUMPS = 1000 }; /* points at most */

struct trend_series {
	uint32_t type, klass, file, line; /* ids of trend.names, 0 = null */
	uint32_t name;                    /* of a holder or container */
	double growth;                    /* median of the last three values minus median of the first three */
	double *v;                        /* after trend_finish: one value a dump, NAN where nobody knows; in trend.values */
};

struct trend {
	enum trend_by by;
	bool count;                  /* else bytes */
	size_t max, n;               /* dumps: planned, added */
	struct strtab names;
	struct trend_series *series; /* after trend_finish by growth falling, then last value, then names */
	size_t nseries;
	double *values;              /* after trend_finish: a row of `max` a series */
	double *now;                 /* while a dump is added: its value of each series, NAN = not there */
	double *column[TREND_DUMPS]; /* of each dump added, width[] series long */
	size_t width[TREND_DUMPS];
	double total[TREND_DUMPS];   /* of all groups, NAN where nobody knows */
	bool complete[TREND_DUMPS];  /* a group that is not in this dump has 0, else nobody knows */
	size_t cap;
	struct u64map groups[2];     /* (type, class), (file, line) -> dense; then the pair -> series */
	struct u64map index;
};

/* max: dumps that will be added, 1 to TREND_DUMPS. */
void trend_init(struct trend *t, enum trend_by by, bool count, size_t max);
void trend_done(struct trend *t);
/* The next dump in order of time; nothing of s is kept. thinned: its table of keys is not whole, so only sums by type are known. */
void trend_add(struct trend *t, const struct dump_summary *s, bool thinned);
/* Sorts; then series, values and total may be read. */
void trend_finish(struct trend *t);
