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
#include "store/store.h"

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
	double *v;                        /* after trend_finish, of the first: one value a dump, NAN where nobody knows; in trend.values */
};

struct trend {
	enum trend_by by;
	bool count;                  /* else bytes */
	size_t max, n;               /* dumps: planned, added */
	struct strtab names;
	struct trend_series *series; /* after trend_finish the first nsorted by growth falling, then last value, then names */
	size_t nseries, nsorted;
	double *values;              /* after trend_finish: a row of `max` a sorted series */
	double *now;                 /* while a dump is added: its value of each series, NAN = not there */
	double *column[TREND_DUMPS]; /* of each dump added, width[] series long */
	size_t width[TREND_DUMPS];
	double total[TREND_DUMPS];   /* of all groups, NAN where nobody knows */
	bool complete[TREND_DUMPS];  /* a group that is not in this dump has 0, else nobody knows */
	size_t cap;
	uint32_t *by_number;         /* for trend_add_keys: series + 1 of a key, UINT32_MAX = of no interest, 0 = not seen yet */
	uint32_t *ids;               /* by name id of the caller's table */
	size_t nnumbers, nids;
	struct u64map groups[2];     /* (type, class), (file, line) -> dense; then the pair -> series */
	struct u64map index;
};

/* max: dumps that will be added, 1 to TREND_DUMPS. */
void trend_init(struct trend *t, enum trend_by by, bool count, size_t max);
void trend_done(struct trend *t);
/* The next dump in order of time; nothing of s is kept. thinned: its table of keys is not whole, so only sums by type are known. */
void trend_add(struct trend *t, const struct dump_summary *s, bool thinned);
/* The same from what the store lends; all from one walk, and none by trend_add. Only for the kinds that are sums over keys, which
 * trend_by_keys tells. An error is the store's. */
bool trend_by_keys(enum trend_by by);
HDA_MUST_CHECK int trend_add_keys(struct trend *t, const struct store_keys *k, bool thinned);
/* Sorts out the `most` first series; then they, their values and total may be read. */
void trend_finish(struct trend *t, size_t most);
