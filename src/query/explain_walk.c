/* leaks --explain: one key through the stored dumps. SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "query/explain.h"

struct walking {
	struct query_run *r;
	struct explain_walk *to;
	double t0;   /* seconds since 1970 at the first dump of the run */
};

static int each(void *ctx, struct dump_summary *s)
{
	struct walking *w = ctx;
	struct explain_walk *to = w->to;
	struct cohort_level l = cohorts_add(&to->cohorts, s, s->head.time - w->t0);
	to->jobs[to->n] = s->head.jobs != HEADER_UNKNOWN ? (double)s->head.jobs : NAN;
	to->time[to->n] = s->head.time > 0 ? s->head.time : NAN;
	to->level[to->n] = isfinite(l.len) ? l.len : l.n;
	to->bytes[to->n++] = isfinite(l.len) ? NAN : l.b;
	summary_free(s);
	return run_ok(w->r) ? 0 : 1;
}

/* Ids of the dumps in the order of time, the newest SERIES_DUMPS of those that can be read whole. */
static uint64_t *whole_dumps(struct query_run *r, uint64_t proc, size_t *ret_n)
{
	_cleanup_free_ struct store_dump *d = NULL;
	size_t n = 0, m = 0;
	int err = store_rtxn_dumps(r->txn, proc, &d, &n);
	if (err < 0) {
		run_store_fail(r, err);
		return NULL;
	}
	qsort(d, n, sizeof(*d), life_order);
	uint64_t *ids = xcalloc(n + 1, sizeof(*ids));
	for (size_t i = 0; i < n; i++) {
		if (!d[i].partial && !d[i].thinned)
			ids[m++] = d[i].dump;
	}
	if (m > SERIES_DUMPS) {
		memmove(ids, ids + (m - SERIES_DUMPS), SERIES_DUMPS * sizeof(*ids));
		m = SERIES_DUMPS;
	}
	*ret_n = m;
	return ids;
}

bool explain_walk(
    struct query_run *r, const struct store_proc *q, const struct verdict_proc *p, const struct verdict_entry *e, struct explain_walk *ret)
{
	size_t n = 0;
	_cleanup_free_ uint64_t *ids = whole_dumps(r, q->proc, &n);
	if (!ids)
		return false;
	cohorts_init(&ret->cohorts, p, e);
	ret->jobs = xcalloc(n + 1, sizeof(*ret->jobs));
	ret->time = xcalloc(n + 1, sizeof(*ret->time));
	ret->level = xcalloc(n + 1, sizeof(*ret->level));
	ret->bytes = xcalloc(n + 1, sizeof(*ret->bytes));
	struct walking w = {.r = r, .to = ret, .t0 = q->last_time - (p->nmarks ? p->t[p->nmarks - 1] : 0)};
	unsigned parts = ret->cohorts.births ? STORE_KEYS | STORE_GENS | STORE_GENKEYS : STORE_KEYS | STORE_GRAPH;
	int err = store_rtxn_walk(r->txn, ids, n, parts, each, &w);
	if (err < 0)
		run_store_fail(r, err);
	return run_ok(r);
}

void explain_walk_done(struct explain_walk *w)
{
	free(w->jobs);
	free(w->time);
	free(w->level);
	free(w->bytes);
}
