/* trend: series over the dumps of a process. SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "analyze/slope.h"
#include "analyze/trend.h"
#include "base/mem.h"
#include "query/commands.h"
#include "query/run.h"

enum {
	TREND_LAST = 60,         /* --last when not given */
	TREND_ROWS = 10,         /* -n when not given */
	TREND_JOBS = 1000,       /* the rate is per so many jobs */
};

static const char *const bys[] = {"type", "class", "site", "string", "data", "holder", "container", "retained-class", NULL};
static const char *const metrics[] = {"bytes", "count", NULL};

struct asked {
	size_t by, metric;
	uint64_t last, most;
	struct store_dump *d; /* the dumps of the trend in their order */
	size_t n;
	struct trend t;
	struct query_run *r;
	bool traced;
};

static bool read_args(struct query_run *r, struct asked *a)
{
	if (!arg_word(r, "by", bys, TREND_TYPE, &a->by) || !arg_word(r, "metric", metrics, 0, &a->metric) ||
	    !arg_rows(r, TREND_ROWS, &a->most) || !arg_number(r, "last", TREND_LAST, &a->last))
		return false;
	if (a->last == 0 || a->last > TREND_DUMPS)
		a->last = TREND_DUMPS;
	return true;
}

/* The last whole dumps of the process asked for, else of the one that sent the latest dump. */
static bool select_dumps(struct query_run *r, struct asked *a)
{
	_cleanup_free_ struct store_proc *p = NULL;
	size_t np = 0, n = 0;
	if (!run_procs(r, &p, &np))
		return false;
	size_t chosen = np - 1;
	while (chosen > 0 && p[chosen].ndumps == 0)
		chosen--;
	unsigned long long pid = p[chosen].who.pid;
	int err = store_rtxn_dumps(r->txn, p[chosen].proc, &a->d, &n);
	if (err < 0) {
		run_store_fail(r, err);
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		if (!a->d[i].partial)
			a->d[a->n++] = a->d[i];
	}
	qsort(a->d, a->n, sizeof(*a->d), dump_order);
	if (a->n < 2) {
		run_fail(r, HDA_STATUS_NOTHING, "a trend needs two whole dumps of a process; %llu has %zu: hdactl dumps --all --pid %llu", pid, a->n, pid);
		return false;
	}
	if (a->n > a->last) {
		memmove(a->d, a->d + (a->n - a->last), a->last * sizeof(*a->d));
		run_note(r, "the last %llu of %zu dumps: --last 0 for all", (unsigned long long)a->last, a->n);
		a->n = a->last;
	}
	run_note(r, "process %llu, %zu dumps", pid, a->n);
	if (np > 1 && arg_get(r->args, "pid", 0))
		run_note(r, "%zu processes had this pid: this is the latest", np);
	return true;
}

static const struct store_dump *dump_by_id(const struct asked *a, uint64_t id)
{
	for (size_t i = 0; i < a->n; i++) {
		if (a->d[i].dump == id)
			return &a->d[i];
	}
	return NULL;
}

static int each(void *ctx, struct dump_summary *s)
{
	struct asked *a = ctx;
	const struct store_dump *d = dump_by_id(a, s->dump);
	a->r->work = 0; /* each dump is worth a look at the deadline */
	if (d && run_ok(a->r))
		trend_add(&a->t, s, d->thinned);
	summary_free(s);
	return a->r->status != 0;
}

static int each_keys(void *ctx, const struct store_keys *k)
{
	struct asked *a = ctx;
	const struct store_dump *d = dump_by_id(a, k->dump);
	a->r->work = 0;
	int err = d && run_ok(a->r) ? trend_add_keys(&a->t, k, d->thinned) : 0;
	return err ? err : a->r->status != 0;
}

/* The dumps in the order of their ids, as walks want them. */
static int walk(struct asked *a, const uint64_t *ids)
{
	struct query_run *r = a->r;
	unsigned parts = a->by == TREND_RETAINED ? STORE_KEYS | STORE_RETAINED : trend_by_keys((enum trend_by)a->by) ? STORE_KEYS : STORE_GRAPH;
	int err = trend_by_keys((enum trend_by)a->by) ? store_rtxn_walk_keys(r->txn, ids, a->n, each_keys, a) : -ENOTSUP;
	return err == -ENOTSUP ? store_rtxn_walk(r->txn, ids, a->n, parts, each, a) : err;
}

static bool collect(struct query_run *r, struct asked *a)
{
	bool rising = true; /* dumps imported out of order are loaded one by one */
	_cleanup_free_ uint64_t *ids = xcalloc(a->n, sizeof(*ids));
	for (size_t i = 0; i < a->n; i++) {
		ids[i] = a->d[i].dump;
		a->traced |= a->d[i].traced;
		rising &= i == 0 || ids[i] > ids[i - 1];
	}
	if (rising) {
		int err = walk(a, ids);
		if (err < 0 && !r->status)
			run_store_fail(r, err);
	}
	for (size_t i = 0; !rising && i < a->n; i++) {
		struct dump_summary *s = run_load_id(r, ids[i], STORE_KEYS | (trend_by_keys((enum trend_by)a->by) ? 0 : STORE_GRAPH));
		if (!s || each(a, s))
			break;
	}
	return r->status == 0;
}

/* The first row: the points that all series share. */
static bool say_points(struct query_run *r, const struct asked *a)
{
	struct val *v = xcalloc(a->n * 3, sizeof(*v));
	struct row row = {.n = 0};
	for (size_t i = 0; i < a->n; i++) {
		v[i] = val_uint(a->d[i].dump);
		v[a->n + i] = a->d[i].jobs == HEADER_UNKNOWN ? val_null() : val_uint(a->d[i].jobs);
		v[2 * a->n + i] = a->d[i].time > 0 ? val_real(a->d[i].time) : val_null();
	}
	row_cstr(&row, "list", "points");
	row_list(&row, "dumps", v, a->n);
	row_list(&row, "jobs", v + a->n, a->n);
	row_list(&row, "times", v + 2 * a->n, a->n);
	bool ok = run_row(r, &row);
	free(v);
	return ok;
}

static double rate(const struct asked *a, const double *values)
{
	double x[TREND_DUMPS];
	for (size_t i = 0; i < a->n; i++)
		x[i] = a->d[i].jobs == HEADER_UNKNOWN ? NAN : (double)a->d[i].jobs / TREND_JOBS;
	return slope_robust(x, values, a->n);
}

static bool say(struct query_run *r, const struct asked *a, const char *list, const struct trend_series *s)
{
	bool count = a->metric == 1;
	double first = NAN, last = a->n ? s->v[a->n - 1] : NAN;
	struct val *v = xcalloc(a->n, sizeof(*v));
	for (size_t i = 0; i < a->n; i++) {
		v[i] = isfinite(s->v[i]) ? val_uint((uint64_t)(s->v[i] > 0 ? s->v[i] : 0)) : val_null();
		if (!isfinite(first))
			first = s->v[i];
	}
	uint64_t now = isfinite(last) && last > 0 ? (uint64_t)last : isfinite(last) ? 0 : UINT64_MAX;
	struct row row = {.n = 0};
	struct contract c = {s->type, s->klass, s->file, s->line, UINT64_MAX, count ? now : UINT64_MAX, count ? UINT64_MAX : now};
	row_cstr(&row, "list", list);
	row_name(&row, "name", &a->t.names, s->name);
	row_contract(&row, &a->t.names, &c);
	row_real(&row, "first", first);
	row_real(&row, "last", last);
	row_real(&row, "growth", s->growth);
	row_real(&row, "per_1000_jobs", rate(a, s->v));
	row_list(&row, "series", v, a->n);
	bool ok = run_row(r, &row);
	free(v);
	return ok;
}

/* What the rows shown leave of the total. */
static void say_rest(struct query_run *r, const struct asked *a, size_t shown)
{
	double v[TREND_DUMPS];
	for (size_t i = 0; i < a->n; i++) {
		v[i] = a->t.total[i];
		for (size_t k = 0; k < shown; k++)
			v[i] -= isfinite(a->t.series[k].v[i]) ? a->t.series[k].v[i] : 0;
	}
	double first = NAN;
	for (size_t i = 0; i < a->n && !isfinite(first); i++)
		first = v[i];
	struct trend_series rest = {.v = v, .growth = v[a->n - 1] - first};
	say(r, a, "rest", &rest);
}

static void answer(struct query_run *r, struct asked *a)
{
	size_t shown = 0;
	trend_finish(&a->t, a->most < a->t.nseries ? (size_t)a->most : a->t.nseries);
	bool sites = a->by == TREND_SITE && !a->traced;
	if (a->t.nseries == 0 || sites) {
		run_fail(r, HDA_STATUS_NOTHING, "%s", a->by >= TREND_HOLDER ? "none of these dumps has a graph, so no holder is known: hdactl show says why"
		    : sites ? "these dumps were written without allocation tracing, so no site is known: hdactl trend --by holder"
		    : "nothing of that kind in any of these dumps: hdactl trend --by type");
		return;
	}
	if (!say_points(r, a))
		return;
	while (shown < a->t.nsorted && say(r, a, "series", &a->t.series[shown]))
		shown++;
	if (shown < a->t.nseries && run_ok(r))
		say_rest(r, a, shown);
	run_note_cut(r, shown, a->t.nseries, "series");
}

static int run(struct query_run *r)
{
	struct asked *a = xcalloc(1, sizeof(*a));
	a->r = r;
	if (read_args(r, a) && select_dumps(r, a)) {
		trend_init(&a->t, (enum trend_by)a->by, a->metric == 1, a->n);
		if (collect(r, a))
			answer(r, a);
		trend_done(&a->t);
	}
	free(a->d);
	free(a);
	return run_done(r);
}

static const char *const args[] = {"pid", "by", "metric", "last", "n", NULL};
const struct query_cmd query_cmd_trend = {
    .name = "trend", .summary = "series over the dumps of a process, the fastest growing first", .args = args, .run = run};
