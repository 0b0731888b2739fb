/* From the summaries of one process life to what the verdict judges. SPDX-License-Identifier: BSD-2-Clause
 *
 * Rows are keys (type, class, site) with the births of their objects where allocations were traced; without tracing, the objects
 * of a signature (class and holder path); and containers with their lengths. Only what moved is kept. Pure; one thread. */
#pragma once

#include <stdbool.h>

#include "analyze/verdict.h"
#include "reduce/summary.h"

enum {
	LIFE_KEYS = 200000,  /* keys followed per life; what comes later is not judged, and counted in `other` */
	LIFE_PATH = 32,      /* steps of a holder path that are compared */
};

struct life;

struct life *life_new(void);
void life_free(struct life *l);
/* The next dump of this life, with STORE_KEYS, STORE_GENS, STORE_GENKEYS, STORE_GRAPH and STORE_KEY_SIGS loaded. Partial ones change nothing. */
void life_add(struct life *l, const struct dump_summary *s);
/* For verdict_new; belongs to the life, valid until the next life_add. */
struct verdict_life *life_verdict(struct life *l);
/* Whole dumps counted. */
size_t life_dumps(const struct life *l);
/* False: no job counter was ever said, so a "job" is a thousandth of a dump interval. */
bool life_knows_jobs(const struct life *l);
/* True: births are known by allocation tracing. */
bool life_traced(const struct life *l);
/* Keys seen in all. */
size_t life_keys(const struct life *l);
/* Rows of dumps that were left out because there were LIFE_KEYS keys already. */
uint64_t life_other(const struct life *l);
