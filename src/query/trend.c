/* trend: series over the dumps of a process. SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "analyze/fit.h"
#include "analyze/slope.h"
#include "analyze/trend.h"
#include "base/mem.h"
#include "query/commands.h"
#include "query/trend_keys.h"
#include "query/trend_words.h"
#include "query/run.h"

enum {
	TREND_LAST = 60,         /* --last when not given */
	TREND_ROWS = 10,         /* -n when not given */
	TREND_JOBS = 1000,       /* the rate is per so many jobs */
	TREND_AHEAD = 8,         /* points of a forecast ... */
	TREND_AHEAD_PART = 2,    /* ... which goes on for this part of the time that the dumps cover */
	TREND_FAR_HOURS = 24 * 365, /* a limit further away than this is not said */
};

static const char *const bys[] = {"type", "class", "site", "string", "data", "holder", "container", "retained-class", NULL};
static const char *const metrics[] = {"bytes", "count", NULL};

struct asked {
	size_t by, metric;
	uint64_t last, most;
	struct store_dump *d; /* the dumps of the trend in their order */
	size_t n;
	struct trend t;      /* the first t.n of them */
	struct query_run *r;
	bool traced, by_jobs;
	double jobs[TREND_DUMPS], hours[TREND_DUMPS], ahead[TREND_AHEAD]; /* ahead: the points of the forecast, in what the fit is over */
	uint64_t limit;      /* of the process's memory, HEADER_UNKNOWN */
	struct trend_words *words; /* NULL: no verdict */
	struct trend_series rest;
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
	if (a->n < 2 && pid)
		run_fail(r, HDA_STATUS_NOTHING, "a trend needs two whole dumps of a process; %llu has %zu: hdactl dumps --all --pid %llu", pid,
		    a->n, pid);
	else if (a->n < 2)
		run_fail(r, HDA_STATUS_NOTHING, "a trend needs two whole dumps of a process; there %s %zu: hdactl dumps --all",
		    a->n == 1 ? "is" : "are", a->n);
	if (a->n < 2)
		return false;
	if (a->n > a->last) {
		memmove(a->d, a->d + (a->n - a->last), a->last * sizeof(*a->d));
		run_note(r, "the last %llu of %zu dumps: --last 0 for all", (unsigned long long)a->last, a->n);
		a->n = a->last;
	}
	a->words = trend_words_new(r->txn, &p[chosen], TREND_LAST);
	if (pid)
		run_note(r, "process %llu, %zu dump%s", pid, a->n, a->n == 1 ? "" : "s");
	else
		run_note(r, "files of a process whose pid is not known, %zu dump%s", a->n, a->n == 1 ? "" : "s");
	if (np > 1 && arg_get(r->args, "pid", 0))
		run_note(r, "%zu processes had this pid: this is the latest", np);
	return true;
}

static int each(void *ctx, struct dump_summary *s)
{
	struct asked *a = ctx;
	a->r->work = 0; /* each dump is worth a look at the deadline */
	if (run_ok(a->r))
		trend_add(&a->t, s, a->d[a->t.n].thinned);
	summary_free(s);
	return a->r->status != 0;
}

static void begin(struct asked *a) { trend_init(&a->t, (enum trend_by)a->by, a->metric == 1, a->n); }

enum { NO_TYPES = 2 }; /* beside what `each` returns: a dump has no sums by type */

static int each_types(void *ctx, struct dump_summary *s)
{
	if (s->ntypes)
		return each(ctx, s);
	summary_free(s);
	return NO_TYPES;
}

/* By type the sums are there already; not so in dumps of an older store, after which all starts anew. */
static int walk_types(struct asked *a, const uint64_t *ids)
{
	int err = store_rtxn_walk(a->r->txn, ids, a->n, STORE_TYPES | STORE_BARE, each_types, a);
	if (err == NO_TYPES) {
		trend_done(&a->t);
		begin(a);
	}
	return err;
}

/* The dumps in the order of their ids, as walks want them. */
static int walk(struct asked *a, const uint64_t *ids)
{
	if (a->t.by == TREND_TYPE) {
		int done = walk_types(a, ids);
		if (done != NO_TYPES)
			return done;
	}
	bool keys = trend_by_keys(a->t.by);
	unsigned parts = a->t.by == TREND_RETAINED ? STORE_KEYS | STORE_RETAINED : keys ? STORE_KEYS : STORE_GRAPH;
	int err = keys ? trend_keys(a->r, &a->t, a->d, a->n, a->most < SIZE_MAX ? (size_t)a->most : SIZE_MAX) : -ENOTSUP;
	return err == -ENOTSUP ? store_rtxn_walk(a->r->txn, ids, a->n, parts, each, a) : err;
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
		struct dump_summary *s = run_load_id(r, ids[i], STORE_KEYS | (trend_by_keys(a->t.by) ? 0 : STORE_GRAPH));
		if (!s || each(a, s))
			break;
	}
	return r->status == 0;
}

/* Jobs in thousands, where every dump says them; else NAN. Hours since the first dump. */
static void set_axes(struct asked *a)
{
	for (size_t i = 0; i < a->n; i++) {
		a->jobs[i] = a->d[i].jobs == HEADER_UNKNOWN ? NAN : (double)a->d[i].jobs / TREND_JOBS;
		a->hours[i] = a->d[i].time > 0 ? (a->d[i].time - a->d[0].time) / 3600 : NAN;
		a->by_jobs &= isfinite(a->jobs[i]);
	}
	const double *x = a->by_jobs ? a->jobs : a->hours;
	double first = x[0], last = x[a->n - 1];
	for (size_t i = 0; i < TREND_AHEAD; i++)
		a->ahead[i] = last + (last - first) / TREND_AHEAD_PART * (double)(i + 1) / TREND_AHEAD;
}

static struct val point(double v) { return isfinite(v) ? val_real(v) : val_null(); }

/* The first row: the points that all series share, and those of the forecast. */
static bool say_points(struct query_run *r, const struct asked *a)
{
	struct val *v = xcalloc(a->n * 3, sizeof(*v)), jobs[TREND_AHEAD], times[TREND_AHEAD];
	struct row row = {.n = 0};
	double t0 = a->d[0].time, t1 = a->d[a->n - 1].time;
	for (size_t i = 0; i < a->n; i++) {
		v[i] = val_uint(a->d[i].dump);
		v[a->n + i] = a->d[i].jobs == HEADER_UNKNOWN ? val_null() : val_uint(a->d[i].jobs);
		v[2 * a->n + i] = a->d[i].time > 0 ? val_real(a->d[i].time) : val_null();
	}
	for (size_t i = 0; i < TREND_AHEAD; i++) {
		jobs[i] = a->by_jobs ? point(round(a->ahead[i] * TREND_JOBS)) : val_null();
		times[i] = t0 > 0 && t1 > 0 ? point(t1 + (t1 - t0) / TREND_AHEAD_PART * (double)(i + 1) / TREND_AHEAD) : val_null();
	}
	row_cstr(&row, "list", "points");
	row_list(&row, "dumps", v, a->n);
	row_list(&row, "jobs", v + a->n, a->n);
	row_list(&row, "times", v + 2 * a->n, a->n);
	row_list(&row, "forecast_jobs", jobs, TREND_AHEAD);
	row_list(&row, "forecast_times", times, TREND_AHEAD);
	bool ok = run_row(r, &row);
	free(v);
	return ok;
}

/* The values of one row, with the texts and lists that it borrows. */
struct said {
	struct val series[TREND_DUMPS], fit[TREND_DUMPS], forecast[TREND_AHEAD];
	struct trend_word word;
	bool labelled;
};

/* As leaks sees it: without an end, or with the end it told, and only where it told none with that of the series itself. */
static bool fit_as_told(const struct asked *a, const struct said *s, const double *x, const double *values, struct fit *ret)
{
	double more = !s->labelled ? NAN : a->metric == 1 ? s->word.more : s->word.more_bytes, last = values[a->n - 1];
	if (isfinite(more) && isfinite(last) && fit_towards(x, values, a->n, last + more, ret))
		return true;
	return fit_series(x, values, a->n, !(s->labelled && s->word.leads), ret);
}

/* When the limit is reached, if nothing grew but this: seconds since 1970, 0 never. */
static double limit_at(const struct asked *a, const struct fit *f, double per_hour)
{
	const struct store_dump *last = &a->d[a->n - 1];
	if (a->metric == 1 || f->bent || !(per_hour > 0) || a->limit == HEADER_UNKNOWN || last->rss == HEADER_UNKNOWN || !(last->time > 0))
		return 0;
	double hours = ((double)a->limit - (double)last->rss) / per_hour;
	return hours > TREND_FAR_HOURS ? 0 : last->time + fmax(hours, 0) * 3600;
}

/* The line through a series and where it goes on. */
static void put_fit(struct row *row, const struct asked *a, struct said *s, const double *values)
{
	const double *x = a->by_jobs ? a->jobs : a->hours;
	struct fit f = {.bound = NAN, .slope = NAN};
	bool known = fit_as_told(a, s, x, values, &f);
	double per_hour = slope_robust(a->hours, values, a->n);
	for (size_t i = 0; i < a->n; i++)
		s->fit[i] = known && isfinite(x[i]) ? val_real(round(fit_at(&f, x[i]))) : val_null();
	for (size_t i = 0; i < TREND_AHEAD; i++)
		s->forecast[i] = known && isfinite(a->ahead[i]) ? val_real(round(fit_at(&f, a->ahead[i]))) : val_null();
	row_real(row, "per_1000_jobs", a->by_jobs && known ? f.slope : slope_robust(a->jobs, values, a->n));
	row_real(row, "per_hour", per_hour);
	row_cstr(row, "label", s->labelled ? verdict_label_name(s->word.label) : NULL);
	row_real(row, "confidence", s->labelled ? s->word.confidence : NAN);
	row_cstr(row, "id", s->labelled ? s->word.id : NULL);
	row_real(row, "bound", round(f.bound));
	row_time(row, "limit_at", limit_at(a, &f, per_hour));
	row_list(row, "fit", s->fit, a->n);
	row_list(row, "forecast", s->forecast, TREND_AHEAD);
}

static void find_label(const struct asked *a, const struct trend_series *s, struct said *ret)
{
	const struct strtab *t = &a->t.names;
	struct trend_group g = {
	    (enum trend_by)a->by, strtab_str(t, s->type), strtab_str(t, s->klass), strtab_str(t, s->file), strtab_str(t, s->name), s->line};
	ret->labelled = a->words && trend_words_find(a->words, &g, &ret->word);
}

static bool say(struct query_run *r, const struct asked *a, const char *list, const struct trend_series *s)
{
	bool count = a->metric == 1;
	double first = NAN, last = a->n ? s->v[a->n - 1] : NAN;
	struct said *said = xcalloc(1, sizeof(*said));
	for (size_t i = 0; i < a->n; i++) {
		said->series[i] = isfinite(s->v[i]) ? val_uint((uint64_t)(s->v[i] > 0 ? s->v[i] : 0)) : val_null();
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
	if (s != &a->rest)
		find_label(a, s, said);
	said->labelled &= said->word.id[0] || !(last == first && s->growth == 0); /* what has not moved fills nothing */
	put_fit(&row, a, said, s->v);
	row_list(&row, "series", said->series, a->n);
	bool ok = run_row(r, &row);
	free(said);
	return ok;
}

/* All series together: when the process reaches its limit. */
static void note_limit(struct query_run *r, const struct asked *a)
{
	struct fit f;
	const double *x = a->by_jobs ? a->jobs : a->hours;
	double per_hour = slope_robust(a->hours, a->t.total, a->n);
	if (!trend_by_keys((enum trend_by)a->by) || a->by > TREND_SITE || !fit_series(x, a->t.total, a->n, true, &f))
		return;
	double at = limit_at(a, &f, per_hour);
	const struct store_dump *last = &a->d[a->n - 1];
	double hours = (at - last->time) / 3600;
	bool days = hours >= 72;
	if (at > last->time)
		run_note(r, "the heap grows by %.1f MiB an hour: at that rate the limit of %.0f MiB is reached %.1f %s after the last dump",
		    per_hour / (1 << 20), (double)a->limit / (1 << 20), days ? hours / 24 : hours, days ? "days" : "hours");
}

/* What the rows shown leave of the total. */
static void say_rest(struct query_run *r, struct asked *a, size_t shown)
{
	double v[TREND_DUMPS];
	for (size_t i = 0; i < a->n; i++) {
		v[i] = a->t.total[i];
		for (size_t k = 0; k < shown; k++)
			v[i] -= isfinite(a->t.series[k].v[i]) ? a->t.series[k].v[i] : 0;
	}
	a->rest = (struct trend_series){.v = v, .growth = trend_growth(&a->t, v)};
	say(r, a, "rest", &a->rest);
}

/* The limit is the last dump's: it may have been changed. */
static bool set_limit(struct query_run *r, struct asked *a)
{
	struct dump_summary *last = run_load_id(r, a->d[a->n - 1].dump, 0);
	if (last)
		a->limit = last->head.cgroup_limit;
	summary_free(last);
	return last != NULL;
}

static void answer(struct query_run *r, struct asked *a)
{
	size_t shown = 0;
	trend_finish(&a->t, a->most < a->t.nseries ? (size_t)a->most : a->t.nseries);
	bool sites = a->by == TREND_SITE && !a->traced;
	if (a->t.nseries == 0 || sites) {
		run_fail(r, HDA_STATUS_NOTHING, "%s",
		    a->by >= TREND_HOLDER ? "none of these dumps has a graph, so no holder is known: hdactl show says why"
		    : sites               ? "these dumps were written without allocation tracing, so no site is known: hdactl trend --by holder"
		                          : "nothing of that kind in any of these dumps: hdactl trend --by type");
		return;
	}
	if (!say_points(r, a))
		return;
	while (shown < a->t.nsorted && say(r, a, "series", &a->t.series[shown]))
		shown++;
	if (shown < a->t.nseries && run_ok(r))
		say_rest(r, a, shown);
	run_note_cut(r, shown, a->t.nseries, "series", "series");
	note_limit(r, a);
}

static int run(struct query_run *r)
{
	struct asked *a = xcalloc(1, sizeof(*a));
	a->r = r;
	a->by_jobs = true;
	if (read_args(r, a) && select_dumps(r, a)) {
		begin(a);
		set_axes(a);
		if (set_limit(r, a) && collect(r, a))
			answer(r, a);
		trend_done(&a->t);
	}
	trend_words_free(a->words);
	free(a->d);
	free(a);
	return run_done(r);
}

static const char *const args[] = {"pid", "by", "metric", "last", "n", NULL};
const struct query_cmd query_cmd_trend = {
    .name = "trend", .summary = "series over the dumps of a process, the fastest growing first", .args = args, .run = run};
