/* The largest groups of a dump. SPDX-License-Identifier: BSD-2-Clause
 *
 * Pure functions over an immutable summary; any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reduce/summary.h"

enum top_by { TOP_TYPE, TOP_CLASS, TOP_SITE, TOP_GEM, TOP_KEY };
enum top_sort { TOP_BYTES, TOP_COUNT, TOP_RETAINED, TOP_GARBAGE };

enum { TOP_TYPES = 4 }; /* types named per group */

struct top_opts {
	enum top_by by;
	enum top_sort sort;
	uint64_t generation;   /* only objects of this generation (needs genkeys); UINT64_MAX: all */
	uint32_t type, klass;  /* only these (name ids of the summary); 0: all */
	uint32_t file, line;   /* only this site; file 0: all */
	size_t first;          /* so many rows are put in order, the others follow in any; 0: all are */
};

/* A group. What differs inside it is 0 (= null): a site with objects of two classes has klass 0. */
struct top_row {
	uint32_t type, klass, file, line;
	uint32_t gem;                 /* id in top.gems, only by gem */
	uint32_t keys;                /* keys summed up here */
	uint32_t types[TOP_TYPES];    /* the types inside, largest first (name ids) */
	uint32_t ntypes;              /* in all, of which at most TOP_TYPES are listed */
	bool null_site;               /* by site or gem: the objects whose file is unknown */
	struct tally all, garbage, retained;
};

struct top {
	const struct dump_summary *s; /* borrowed */
	struct top_row *rows;         /* sorted: by what was asked, then bytes, count (falling), then names */
	size_t n;
	struct strtab gems;
	struct tally total;           /* over all rows */
	bool retained_summed;         /* retained of a row is a sum over keys: what they keep alive together may be less */
};

/* Groups, filters and sorts. Free with analyze_top_done. Takes O(keys). With a generation, garbage and retained are all 0 (not known
 * per generation). */
void analyze_top(const struct dump_summary *s, const struct top_opts *opts, struct top *ret);
/* Sorts again, after a caller put better figures into the rows. */
void analyze_top_sort(struct top *t, enum top_sort sort, size_t first);
void analyze_top_done(struct top *t);
/* Compares names by bytes, null first; 0 ids are null. */
int analyze_name_cmp(const struct strtab *t, uint32_t a, uint32_t b);
