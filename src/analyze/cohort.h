/* One key through the dumps of a run: by the part of the run in which its objects were born. SPDX-License-Identifier: BSD-2-Clause
 *
 * The parts are the segments that the verdict rests on (VERDICT_SEGMENTS), so that what a person is shown is what was weighed. Where births
 * are not known (untraced, a container, a holder) each part has the lowest level of its dumps instead. Pure; one thread. */
#pragma once

#include "analyze/verdict.h"
#include "reduce/summary.h"

enum { COHORTS = VERDICT_LEVELS + 2 };

struct cohort {
	double jobs_from, jobs_to; /* the counter, unwrapped; from NAN: before the first dump */
	double t_from, t_to;       /* seconds since the first dump */
	double gc_from, gc_to;     /* born in a generation > from and <= to */
	/* objects there at the first dump after the part's last generation; NAN: there is no such dump, or it is not kept any more */
	double born;
	double still;              /* of these there in the last dump added */
	double low;                /* without births: the least number of objects (or entries) at a dump of this part; NAN: no dump of it */
	bool weighed;              /* the verdict rests on it; else it is too young (no major GC since), or from before the first dump */
};

/* Embedded. The entry and the process are borrowed. */
struct cohorts {
	const struct verdict_proc *p;
	const struct verdict_entry *e;
	bool births;
	double interval;           /* seconds between two dumps, about */
	struct cohort c[COHORTS];
	size_t n;
};

/* What a dump has of an entry, garbage left out. */
struct cohort_level {
	double n, b, len;          /* objects, bytes, entries (NAN: it is no container) */
};

void cohorts_init(struct cohorts *c, const struct verdict_proc *p, const struct verdict_entry *e);
/* The next dump in order of time. t: seconds since the first dump of the run. Needs keys and genkeys, and sigs and containers for
 * entries without a site. */
struct cohort_level cohorts_add(struct cohorts *c, const struct dump_summary *s, double t);
