/* Series of groups over many dumps. SPDX-License-Identifier: BSD-2-Clause
 *
 * Fed one summary after the other, so that only sums are held; joins dumps by the texts of their names. Pure; one thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyze/history.h"
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

struct trend_order;

/* A sum in several, added to in turn: most changes are of few series, and each addition would wait for the one before. */
enum { TREND_LANES = 4 };
struct trend_lanes { uint64_t v[TREND_LANES]; };

/* What a run of the store's changes came to. */
struct trend_run {
	struct trend_gain { uint32_t series; uint64_t gain; } *g;
	size_t n, cap;
	uint64_t sum;
	bool whole; /* nothing was left out because its key is not there in the end: the run can be taken back by this */
};

struct trend {
	enum trend_by by;
	bool count;                  /* else bytes */
	size_t max, n;               /* dumps: planned, added */
	struct strtab names;
	struct trend_series *series; /* after trend_finish the first nsorted by growth falling, then last value, then names */
	size_t nseries, nsorted;
	double *values;              /* after trend_finish: a row of `max` a sorted series */
	uint64_t *now, *told;        /* of each series: its value in the dump being added, TREND_ABSENT, and as history has it */
	struct history history;      /* of told, a step each dump added */
	size_t place[TREND_DUMPS];   /* of the dump added then, among all */
	/* by place */
	double total[TREND_DUMPS];   /* of all groups, NAN where nobody knows */
	bool known[TREND_DUMPS];     /* of this dump something is known */
	bool complete[TREND_DUMPS];  /* a group that is not in this dump has 0, else nobody knows */
	size_t cap;
	struct trend_order *order;   /* after trend_narrow: the series that will be shown, in order */
	bool *wanted;                /* which these are, of the nwanted series that there were */
	size_t nwanted;
	/* for trend_add_keys */
	uint32_t *of;                /* by number: series + 1 of a key, 0 = not met yet, or one of these: */
	uint32_t *moved;             /* series that may have changed */
	uint32_t *ids;               /* by name id of the caller's table */
	uint64_t sum;                /* of all series */
	struct trend_lanes *gain;    /* of each series in the run being added */
	bool *gains;                 /* whether it has any there */
	struct trend_run run[STORE_LINKS + 1]; /* by link, and one for what is not taken back */
	size_t nof, nids, nmoved, cap_moved;
	struct u64map groups[2];     /* (type, class), (file, line) -> dense; then the pair -> series */
	struct u64map index;
};

enum {
	TREND_LEVEL = 3, /* a level at an end is the median of so many values */
	TREND_LEVELS_FROM = 2 * TREND_LEVEL, /* dumps; with fewer the first and the last tell more than two overlapping medians */
};
#define TREND_ABSENT UINT64_MAX
#define TREND_OF_NONE UINT32_MAX       /* the key is of no interest */
#define TREND_OF_SUM (UINT32_MAX - 1)  /* it counts for the total only */

/* max: dumps that will be added, 1 to TREND_DUMPS. Each has a place among them, in order of time. */
void trend_init(struct trend *t, enum trend_by by, bool count, size_t max);
void trend_done(struct trend *t);
/* A dump, in the order of places; nothing of s is kept. thinned: its table of keys is not whole, so only sums by type are known. */
void trend_add(struct trend *t, const struct dump_summary *s, bool thinned);
/* The same from what the store lends, in any order: at the cost of what changed. All from one walk, and none by trend_add. Only for the
 * kinds that are sums over keys, which trend_by_keys tells, and of dumps of which trend_knows. An error is the store's. */
bool trend_by_keys(enum trend_by by);
HDA_MUST_CHECK int trend_add_keys(struct trend *t, const struct store_keys *k, size_t place);
/* Whether a dump says something to a trend over keys. */
bool trend_knows(enum trend_by by, bool thinned);
/* A dump that does not. */
void trend_add_unknown(struct trend *t, size_t place);
/* Adds the dumps that another trend of the same kind and the same `max` has added by trend_add_keys, but its first `skip`, which this one
 * has, too. Both have been narrowed, or neither. */
void trend_join(struct trend *t, const struct trend *other, size_t skip);
/* May be called when only the TREND_LEVEL first and last of the dumps that are known have been added, by trend_add_keys: where they tell
 * which the `most` first series will be, the values of others are not kept. `most` as for trend_finish. */
void trend_narrow(struct trend *t, size_t most);
/* Sorts out the `most` first series; then they, their values and total may be read. */
void trend_finish(struct trend *t, size_t most);
/* The growth of other values over the same dumps, as that of a series. */
double trend_growth(const struct trend *t, const double *v);
