/* A made-up process for the store's tests: a series of summaries as a large Rails process gives. SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include "base/mem.h"
#include "reduce/summary.h"

struct series_opts {
	size_t keys, gens;   /* of the first dump */
	size_t sigs;         /* 0: no graph */
	uint64_t seed, pid;
	unsigned churn_pct;  /* keys whose figures differ from dump to dump */
	uint64_t window;     /* GC runs after which an object born after boot goes, whatever it is; 0 = never */
};

/* The state of the process from which each dump is drawn. */
struct series {
	struct series_opts o;
	uint64_t rnd, jobs, n, gc;
	double time;
	struct cell { uint32_t key; uint64_t gen, count, size; } *cells; /* (generation x key) */
	size_t ncells, cap;
	uint64_t *lines;     /* by key */
	uint64_t *retain;    /* by signature: retained objects */
};

void series_init(struct series *s, const struct series_opts *o);
void series_done(struct series *s);
/* The next dump, 1000 jobs later. The caller frees. */
struct dump_summary *series_next(struct series *s);
/* Whether two summaries say the same in all parts, texts compared as texts. Prints the first difference. */
bool summaries_equal(const struct dump_summary *a, const struct dump_summary *b);
