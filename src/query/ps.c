/* ps: the processes seen. SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/slope.h"
#include "base/mem.h"
#include "hda/protocol.h"
#include "query/ack.h"
#include "query/commands.h"
#include "query/run.h"
#include "query/series.h"

enum {
	PS_GROWTH_DUMPS = 20, /* the growth an hour is that of the last so many dumps */
	PS_GROWTH_SPAN_S = 60, /* dumps closer together say nothing about an hour */
};

/* Bytes of heap an hour over the last whole dumps; NAN with fewer than two, or all within PS_GROWTH_SPAN_S. */
static double growth(struct query_run *r, uint64_t proc)
{
	enum { HOUR = 3600 };
	_cleanup_free_ struct store_dump *d = NULL;
	size_t n = 0, m = 0;
	int err = store_rtxn_dumps(r->txn, proc, &d, &n);
	if (err < 0) {
		run_store_fail(r, err);
		return NAN;
	}
	for (size_t i = 0; i < n; i++) {
		if (!d[i].partial && d[i].time > 0)
			d[m++] = d[i];
	}
	qsort(d, m, sizeof(*d), dump_order);
	if (m < 2)
		return NAN;
	size_t from = m > PS_GROWTH_DUMPS ? m - PS_GROWTH_DUMPS : 0;
	if (d[m - 1].time - d[from].time < PS_GROWTH_SPAN_S)
		return NAN;
	double x[PS_GROWTH_DUMPS], y[PS_GROWTH_DUMPS];
	for (size_t i = from; i < m; i++) {
		x[i - from] = d[i].time / HOUR;
		y[i - from] = (double)d[i].bytes;
	}
	return slope_robust(x, y, m - from);
}

static bool may_go(void *ctx) { return run_ok(ctx); }

/* A store that cannot be read says nothing here: the questions around it do. */
static bool acked(void *ctx, uint32_t id)
{
	struct query_run *r = ctx;
	struct ack a;
	return ack_get(r->txn, id, r->q->now, &a) == ACK_HOLDS;
}

/* The word stays "" for a process of which no whole dump came. False: the run is over. */
static bool verdict(struct query_run *r, const struct store_proc *p, struct series_word *ret)
{
	struct life *l = NULL;
	int err = p->ndumps ? series_load(r->txn, p, may_go, r, &l) : 0;
	if (err < 0) {
		run_store_fail(r, err);
		return false;
	}
	if (l)
		series_word(l, acked, r, ret);
	life_free(l);
	return run_ok(r);
}

/* The gem of that process life; NULL when none is connected. */
static const struct query_gem *gem_of(const struct query_run *r, const struct proc_ident *who)
{
	for (size_t i = 0; i < r->q->ngems; i++) {
		const struct proc_ident *g = &r->q->gems[i].who;
		if (g->pid == who->pid && g->start == who->start && g->pidns == who->pidns && strcmp(g->boot, who->boot) == 0)
			return &r->q->gems[i];
	}
	return NULL;
}

static void put_gem(struct row *row, const struct query_gem *g)
{
	row_cstr(row, "state", g ? g->state : NULL);
	row_cstr(row, "why", g && g->why[0] ? g->why : NULL);
	row_real(row, "connected_s", g ? g->connected_s : NAN);
}

/* Who it is. label must live until the row is sent. */
static void put_who(struct row *row, const struct proc_ident *who, char label[PROC_LABEL])
{
	row_pid(row, "pid", who->pid);
	row_pid(row, "host_pid", who->host_pid);
	row_cstr(row, "app", proc_label(who, label, PROC_LABEL));
	row_cstr(row, "host", who->host);
	row_cstr(row, "revision", who->rev);
}

/* A process that has not dumped yet. */
static bool say_gem(struct query_run *r, const struct query_gem *g)
{
	char label[PROC_LABEL];
	struct row row = {.n = 0};
	put_who(&row, &g->who, label);
	row_uint(&row, "dumps", 0);
	put_gem(&row, g);
	return run_row(r, &row);
}

/* Connected processes without a dump, of the pid asked for or all. */
static size_t say_new(struct query_run *r, const struct store_proc *p, size_t n)
{
	size_t said = 0;
	uint64_t pid;
	if (!arg_number(r, "pid", UINT64_MAX, &pid))
		return 0;
	for (size_t i = 0; i < r->q->ngems; i++) {
		const struct query_gem *g = &r->q->gems[i];
		bool known = pid != UINT64_MAX && g->who.pid != pid && g->who.host_pid != pid;
		for (size_t k = 0; k < n && !known; k++)
			known = gem_of(r, &p[k].who) == g;
		if (!known && say_gem(r, g))
			said++;
	}
	return said;
}

static bool say(struct query_run *r, const struct store_proc *p)
{
	char label[PROC_LABEL];
	struct row row = {.n = 0};
	put_who(&row, &p->who, label);
	row_cstr(&row, "ruby", p->ruby);
	row_uint(&row, "dumps", p->ndumps);
	row_uint(&row, "partial", p->npartial);
	row_uint(&row, "jobs", p->jobs);
	row_time(&row, "first_time", p->first_time);
	row_time(&row, "last_time", p->last_time);
	/* another host's clock may be ahead */
	row_real(&row, "age_s", p->last_time > 0 && r->q->now > 0 ? fmax(r->q->now - p->last_time, 0) : NAN);
	row_uint(&row, "first_dump", p->first_dump ? p->first_dump : UINT64_MAX);
	row_uint(&row, "last_dump", p->last_dump ? p->last_dump : UINT64_MAX);
	row_uint(&row, "bytes", p->heap_bytes);
	row_uint(&row, "rss", p->rss);
	row_real(&row, "bytes_per_hour", growth(r, p->proc));
	struct series_word w = {.confidence = NAN};
	if (!verdict(r, p, &w))
		return false;
	row_cstr(&row, "verdict", w.word);
	row_real(&row, "confidence", w.confidence);
	row_cstr(&row, "where", w.where);
	row_cstr(&row, "leak", w.id);
	put_gem(&row, gem_of(r, &p->who));
	return run_row(r, &row);
}

/* Nobody has dumped: those that could are an answer as well. */
static int only_new(struct query_run *r)
{
	int status = r->status;
	if (status != HDA_STATUS_NOTHING)
		return status;
	r->status = 0;
	if (say_new(r, NULL, 0) == 0) {
		r->status = status;
		return status;
	}
	free(r->text);
	r->text = NULL;
	return run_done(r);
}

static int run(struct query_run *r)
{
	_cleanup_free_ struct store_proc *p = NULL;
	size_t n = 0;
	uint64_t dumps = 0, partial = 0;
	if (!run_procs(r, &p, &n))
		return only_new(r);
	size_t fresh = say_new(r, p, n);
	for (size_t i = n; i > 0 && say(r, &p[i - 1]); i--) {
		dumps += p[i - 1].ndumps;
		partial += p[i - 1].npartial;
	}
	n += fresh;
	run_note(r, "%zu process%s, %llu dump%s, %llu partial", n, n == 1 ? "" : "es", (unsigned long long)dumps, dumps == 1 ? "" : "s",
	    (unsigned long long)partial);
	return run_done(r);
}

static const char *const args[] = {"pid", NULL};
const struct query_cmd query_cmd_ps = {
    .name = "ps", .summary = "the processes that have sent dumps, the latest first", .args = args, .run = run};
