/* The evidence for one finding, gathered from the stored dumps. SPDX-License-Identifier: BSD-2-Clause Private to src/query/explain*.c. */
#pragma once

#include "analyze/cohort.h"
#include "query/leaks.h"

/* All-zero is empty; explain_walk_done in every case. */
struct explain_walk {
	struct cohorts cohorts;
	double *jobs, *time, *level, *bytes; /* by dump: the counter, seconds since 1970, objects (or entries), bytes */
	size_t n;
};

/* Follows an entry of a life through its whole dumps of full detail, SERIES_DUMPS at most. False: the run is over. */
bool explain_walk(
    struct query_run *r, const struct store_proc *q, const struct verdict_proc *p, const struct verdict_entry *e, struct explain_walk *ret);
void explain_walk_done(struct explain_walk *w);
