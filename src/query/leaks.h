/* What leaks and its explanation share. SPDX-License-Identifier: BSD-2-Clause Private to src/query/leaks*.c and explain*.c. */
#pragma once

#include "query/ack.h"
#include "query/run.h"
#include "query/series.h"

enum {
	LEAKS_PROCS = 64,      /* lives of one application that are weighed together, newest first */
	LEAKS_SLOW = 10,       /* bounded growers shown */
};

/* The lives that are weighed together, and what they say. */
struct weighed {
	struct life *life[LEAKS_PROCS];
	const struct store_proc *proc[LEAKS_PROCS];
	struct verdict_life lives[LEAKS_PROCS];
	size_t n, group;       /* group: counts the groups of an answer */
	struct verdict *v;
	struct finding *found; size_t nfound;
};

/* A line of the answer. */
struct finding {
	const struct verdict_line *l;     /* NULL: a bounded grower, which has no line in the verdict */
	const struct verdict_fused *f;    /* the topmost key */
	const struct verdict_entry *head; /* the key that names it */
	double pace;                      /* of a bounded grower: bytes per job, for the order */
	uint32_t id;
	char holder[SERIES_TEXT];
	enum ack_state acked;
	struct ack ack;
	bool covered;                     /* another line says it, and says it better */
};

/* Fills w->found: lines as the verdict ranks them, then bounded growers, the fastest first. False: the store failed, the run is over. */
bool leaks_find(struct query_run *r, struct weighed *w);
enum verdict_label finding_label(const struct finding *f);
/* Says what a finding on the finalizer table waits for: waits as in verdict_fused, 0: nothing. */
void leaks_say_waits(struct query_run *r, unsigned waits);
/* Sends the row of a finding; list (may be NULL) as its column "list". */
bool leaks_say(struct query_run *r, const struct weighed *w, const struct finding *f, const char *list);
/* A row for a process of which nothing grows: its figures and no label. */
bool leaks_say_process(struct query_run *r, const struct weighed *w);
/* A row for what is not followed, summed up: label `other`. */
bool leaks_say_other(struct query_run *r, const struct weighed *w, const struct life_other *o);
/* The evidence for one finding: README.md. */
bool explain_say(struct query_run *r, const struct weighed *w, const struct finding *f);
