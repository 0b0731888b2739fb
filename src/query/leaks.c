/* leaks: what leaks, how fast, how sure, and what does not. SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/gem.h"
#include "base/mem.h"
#include "query/commands.h"
#include "query/run.h"
#include "query/series.h"

enum {
	LEAKS_GROWS = 3,       /* survivors from which a life is said to have a leak, too */
	LEAKS_PROCS = 64,      /* lives of one application that are weighed together, newest first */
};

/* The lives that are weighed together, and what they say. */
struct weighed {
	struct life *life[LEAKS_PROCS];
	const struct store_proc *proc[LEAKS_PROCS];
	struct verdict_life lives[LEAKS_PROCS];
	size_t n, group;       /* group: counts the groups of an answer */
	struct verdict *v;
};

static void weighed_done(struct weighed *w)
{
	verdict_free(w->v);
	for (size_t i = 0; i < w->n; i++)
		life_free(w->life[i]);
}

/* The run goes on. */
static bool may_go(void *ctx) { return run_ok(ctx); }

static const char *how_text(const struct verdict_fused *f, char *buf, size_t n)
{
	switch (f->judged.how) {
	case HOW_JOB: snprintf(buf, n, "per job"); break;
	case HOW_HOUR: snprintf(buf, n, "per hour"); break;
	case HOW_CLASS: snprintf(buf, n, "per %s job", f->proc->classes[f->judged.how_arg]); break;
	case HOW_SINCE: snprintf(buf, n, "since part %u of %u of the run", f->judged.how_arg + 1, f->judged.m); break;
	case HOW_ACCELERATING: snprintf(buf, n, "accelerating"); break;
	default: snprintf(buf, n, "%s", ""); break;
	}
	return buf;
}

static void put_site(struct row *row, const struct verdict_entry *e)
{
	const char *colon = e->site ? strrchr(e->site, ':') : NULL;
	row_text(row, "file", colon ? (struct span){(const uint8_t *)e->site, (size_t)(colon - e->site)} : (struct span){NULL, 0});
	uint64_t line = colon ? strtoull(colon + 1, NULL, 10) : 0;
	row_uint(row, "line", line ? line : UINT64_MAX);
}

/* Whose growth it is: the newest life of the group. label must live until the row is sent. */
static void put_process(struct row *row, const struct weighed *w, char label[PROC_LABEL])
{
	const struct store_proc *p = w->proc[w->n - 1];
	const struct verdict_proc *v = w->lives[w->n - 1].proc;
	row_uint(row, "group", w->group);
	row_pid(row, "pid", p->who.pid);
	row_cstr(row, "app", proc_label(&p->who, label, PROC_LABEL));
	row_cstr(row, "ruby", p->ruby);
	row_uint(row, "dumps", p->ndumps);
	row_uint(row, "jobs", p->jobs);
	row_real(row, "span_s", p->last_time - p->first_time);
	row_time(row, "last_time", p->last_time);
	row_uint(row, "heap", p->heap_bytes);
	row_uint(row, "rss", p->rss);
	row_uint(row, "limit", v->limit > 0 ? (uint64_t)v->limit : UINT64_MAX);
	row_uint(row, "lives", w->n);
}

/* What the lives together say of the past of one leak. */
struct seen {
	double first, gone;        /* seconds since 1970; 0 never */
	const char *rev;           /* the first revision that had it */
	unsigned workers, of;      /* lives of the newest revision in which it grows, of those that can tell */
};

static bool same_text(const char *a, const char *b) { return a == b || (a && b && strcmp(a, b) == 0); }

/* The file of a site without the directory of the release; "" without a site. */
static struct span site_file(const struct verdict_entry *e)
{
	const char *colon = e->site ? strrchr(e->site, ':') : NULL;
	return colon ? gem_relative((struct span){(const uint8_t *)e->site, (size_t)(colon - e->site)}) : (struct span){NULL, 0};
}

/* Does something of this fingerprint grow in the life? */
static bool grows_in(const struct verdict_life *l, const struct verdict_entry *head)
{
	for (size_t i = 0; i < l->nentries; i++) {
		const struct verdict_entry *e = &l->entries[i];
		if (!e->judged || e->judged->m == 0 || e->judged->survivors < LEAKS_GROWS || !same_text(e->type, head->type) ||
		    !same_text(e->klass, head->klass) || e->npath != head->npath || !span_eq(site_file(e), site_file(head)))
			continue;
		size_t k = 0;
		while (k < e->npath && strcmp(e->path[k], head->path[k]) == 0)
			k++;
		if (k == e->npath)
			return true;
	}
	return false;
}

static struct seen seen_of(const struct weighed *w, const struct verdict_entry *head, uint32_t id)
{
	const char *newest = w->proc[w->n - 1]->who.rev;
	struct seen s = {.rev = newest};
	double since = 0;
	bool tells = false;
	for (size_t i = 0; i < w->n; i++) {
		const struct life_known *k = life_know(w->life[i], id, NULL);
		if (k && k->first_seen > 0 && (s.first <= 0 || k->first_seen < s.first)) {
			s.first = k->first_seen;
			s.rev = k->rev;
		}
		if (strcmp(w->proc[i]->who.rev, newest) != 0 || life_dumps(w->life[i]) < 2)
			continue;
		s.of++;
		s.workers += grows_in(&w->lives[i], head);
		tells |= life_dumps(w->life[i]) >= SERIES_LEARNING;
		since = since <= 0 || w->proc[i]->first_time < since ? w->proc[i]->first_time : since;
	}
	s.gone = s.workers == 0 && tells ? since : 0;
	return s;
}

/* One line of the answer. Slow growers (no line of their own) come with line < 0. */
static bool say(struct query_run *r, const struct weighed *w, const struct verdict_fused *f, const struct verdict_line *l, const char *holder)
{
	const struct verdict_entry *head = l ? w->v->fused[l->head].entry : f->entry;
	const struct store_proc *p = w->proc[w->n - 1];
	char id[SERIES_ID], how[160];
	double per_job = l ? l->obj_per_1000 / 1000 : f->rate, bytes = l ? l->bytes_per_1000 : f->rate * f->size * 1000;
	struct row row = {.n = 0};
	uint32_t number = series_id(head, holder);
	snprintf(id, sizeof(id), "%06x", number);
	row_cstr(&row, "id", id);
	row_cstr(&row, "label", verdict_label_name(l ? l->label : f->label));
	row_real(&row, "confidence", l ? l->conf : f->conf);
	row_cstr(&row, "type", head->type);
	row_cstr(&row, "class", head->klass);
	put_site(&row, head);
	row_cstr(&row, "holder", holder);
	row_real(&row, "objects_per_job", per_job);
	row_real(&row, "bytes_per_1000_jobs", bytes);
	row_real(&row, "low", l ? l->low : f->low * f->size * 1000);
	row_real(&row, "high", l ? l->high : f->high * f->size * 1000);
	row_real(&row, "bytes_per_hour", l ? l->bytes_per_hour : NAN);
	if (l && l->has_limit && isfinite(l->hours_to_limit[1]) && l->hours_to_limit[1] > 0)
		row_time(&row, "limit_at", p->last_time + l->hours_to_limit[1] * 3600);
	else
		row_null(&row, "limit_at");
	struct seen seen = seen_of(w, head, number);
	row_time(&row, "first_seen", seen.first > 0 ? seen.first : l && l->label == VERDICT_LEAK ? p->last_time : 0);
	row_cstr(&row, "revision", seen.rev);
	row_uint(&row, "workers", seen.workers);
	row_uint(&row, "of_workers", seen.of);
	row_time(&row, "gone_since", seen.gone);
	row_uint(&row, "count", (uint64_t)fmax(head->key->n, 0));
	row_uint(&row, "bytes", (uint64_t)fmax(head->key->b, 0));
	row_uint(&row, "entries", f->entry->key->len >= 0 ? (uint64_t)f->entry->key->len : UINT64_MAX);
	row_cstr(&row, "how", how_text(f, how, sizeof(how)));
	struct val units[VERDICT_UNITS];
	for (unsigned i = 0; i < f->judged.nunits; i++)
		units[i] = (struct val){.kind = VAL_REAL, .r = f->judged.units[i]};
	row_list(&row, "series", units, f->judged.nunits);
	char label[PROC_LABEL];
	put_process(&row, w, label);
	return run_row(r, &row);
}

/* A row for a process of which nothing grows: its figures and no label. */
static bool say_process(struct query_run *r, const struct weighed *w)
{
	struct row row = {.n = 0};
	row_null(&row, "id");
	row_null(&row, "label");
	char label[PROC_LABEL];
	put_process(&row, w, label);
	return run_row(r, &row);
}

static int by_confidence(const void *a, const void *b)
{
	const struct verdict_fused *x = *(const struct verdict_fused *const *)a, *y = *(const struct verdict_fused *const *)b;
	double p = x->rate * x->size, q = y->rate * y->size;
	return p < q ? 1 : p > q ? -1 : 0;
}

/* Bounded growers, the largest first: they are what a person would otherwise take for the leak. */
static size_t say_slow(struct query_run *r, const struct weighed *w, size_t most)
{
	_cleanup_free_ const struct verdict_fused **slow = xcalloc(w->v->nfused, sizeof(*slow));
	size_t n = 0;
	for (size_t i = 0; i < w->v->nfused; i++) {
		const struct verdict_fused *f = &w->v->fused[i];
		if (f->label == VERDICT_SLOW && f->line < 0 && f->judged.survivors >= 30)
			slow[n++] = f;
	}
	qsort(slow, n, sizeof(*slow), by_confidence);
	for (size_t i = 0; i < n && i < most; i++) {
		char holder[SERIES_TEXT];
		series_holder(slow[i]->entry, holder, sizeof(holder));
		if (!say(r, w, slow[i], NULL, holder))
			break;
	}
	return n;
}

/* What can be said of a process where nothing leaks, and how much it is worth. */
static void clean_note(struct query_run *r, const struct weighed *w, size_t leaks, size_t suspects)
{
	const struct life *l = w->life[w->n - 1];
	size_t dumps = life_dumps(l);
	double limit = verdict_detection_limit(w->lives[w->n - 1].proc);
	if (dumps < 4)
		run_note(r, "%zu dump%s so far: %zu more before a verdict can be trusted", dumps, dumps == 1 ? "" : "s", 5 - dumps);
	if (leaks == 0 && limit > 0)
		run_note(r, "no leak found (a leak of %.3g objects per job would have been seen by now)", limit);
	else if (leaks == 0)
		run_note(r, "no leak found%s", life_traced(l) ? "" : "; allocations were not traced, so only levels and holders could be weighed");
	size_t grown = 0;
	for (size_t i = 0; i < w->v->nfused; i++)
		grown += w->v->fused[i].label >= VERDICT_SLOW;
	size_t keys = life_keys(l);
	run_note(r, "no other growth: %zu keys static or oscillating%s", keys > grown ? keys - grown : 0,
	    suspects ? "; suspects need more dumps" : "");
	if (!life_knows_jobs(l))
		run_note(r, "no job counter in these dumps: a \"job\" is a thousandth of the time between two of them");
	if (life_other(l))
		run_note(r, "more than %d keys: %llu rows were not judged", LIFE_KEYS, (unsigned long long)life_other(l));
}

static void native_note(struct query_run *r, const struct verdict_native *n)
{
	if (n->label == NATIVE_LEAK)
		run_note(r, "native leak %.0f %%: RSS grows %.0f B per 1000 jobs (%.0f..%.0f) that the Ruby heap does not explain", n->conf * 100,
		    n->bytes_per_1000, n->low, n->high);
	else if (n->label == NATIVE_FRAGMENTATION)
		run_note(r, "RSS grew more than the Ruby heap explains, and slows down: fragmentation");
	else if (n->label == NATIVE_EXPLAINED)
		run_note(r, "the Ruby heap explains the growth of RSS");
}

struct wanted_lines {
	double min_confidence;
	struct span label;
};

static int weigh_group(struct query_run *r, struct weighed *w, const struct wanted_lines *want)
{
	for (size_t i = 0; i < w->n; i++)
		w->lives[i] = *life_verdict(w->life[i]);
	w->v = verdict_new(w->lives, w->n);
	size_t leaks = 0, suspects = 0;
	uint64_t before = r->rows;
	for (size_t i = 0; i < w->v->nlines; i++) {
		const struct verdict_line *l = &w->v->lines[i];
		leaks += l->label == VERDICT_LEAK;
		suspects += l->label != VERDICT_LEAK;
		if (l->conf < want->min_confidence || (want->label.n && !span_eq(want->label, span_of(verdict_label_name(l->label)))))
			continue;
		char holder[SERIES_TEXT];
		series_holder(series_path(w->v, i), holder, sizeof(holder));
		if (!say(r, w, &w->v->fused[l->top], l, holder))
			return r->status;
	}
	if (want->min_confidence <= 0 && (!want->label.n || span_eq(want->label, SPAN_LIT("slow"))))
		say_slow(r, w, 10);
	if (r->rows == before && want->min_confidence <= 0 && !want->label.n)
		say_process(r, w);
	clean_note(r, w, leaks, suspects);
	native_note(r, &w->v->native);
	return 0;
}

static bool same_app(const struct store_proc *a, const struct store_proc *b)
{
	return strcmp(a->who.app, b->who.app) == 0 && strcmp(a->who.role, b->who.role) == 0;
}

/* Reads and weighs the lives first..n of one application; they are done with afterwards. */
static bool group(struct query_run *r, const struct store_proc *p, const size_t *members, size_t n, size_t number, const struct wanted_lines *want)
{
	struct weighed w = {.group = number};
	bool good = true;
	for (size_t i = n > LEAKS_PROCS ? n - LEAKS_PROCS : 0; good && i < n; i++) {
		const struct store_proc *q = &p[members[i]];
		if (q->ndumps == 0)
			continue;
		int err = series_load(r->txn, q, may_go, r, &w.life[w.n]);
		if (err < 0)
			run_store_fail(r, err);
		good = w.life[w.n] != NULL;
		if (good)
			w.proc[w.n++] = q;
	}
	if (good && w.n)
		weigh_group(r, &w, want);
	weighed_done(&w);
	return good && run_ok(r);
}

static bool in_app(const struct store_proc *p, struct span app)
{
	char label[PROC_LABEL];
	return app.n == 0 || span_eq(app, span_of(p->who.app)) || span_eq(app, span_of(proc_label(&p->who, label, sizeof(label))));
}

static int run(struct query_run *r)
{
	_cleanup_free_ struct store_proc *p = NULL;
	size_t n = 0, groups = 0;
	uint64_t percent = 0;
	struct span app = arg_text(r->args, "app");
	struct wanted_lines want = {.label = arg_text(r->args, "label")};
	if (!arg_number(r, "min-confidence", 0, &percent) || !run_procs(r, &p, &n))
		return r->status;
	want.min_confidence = (double)percent / 100;
	_cleanup_free_ bool *done = xcalloc(n, sizeof(*done));
	_cleanup_free_ size_t *members = xcalloc(n, sizeof(*members));
	for (size_t i = 0; i < n; i++) {
		size_t m = 0;
		if (done[i] || !in_app(&p[i], app) || p[i].ndumps == 0)
			continue;
		for (size_t j = i; j < n; j++) {
			if (!done[j] && (j == i || same_app(&p[i], &p[j]))) {
				done[j] = true;
				members[m++] = j;
			}
		}
		groups++;
		if (!group(r, p, members, m, groups, &want))
			return r->status;
	}
	if (groups == 0)
		return run_fail(r, HDA_STATUS_NOTHING, "no process%s has sent a whole dump: hdactl ps, hdactl dumps --all", app.n ? " of this application" : "");
	return run_done(r);
}

static const char *const args[] = {"pid", "app", "all", "min-confidence", "label", NULL};
const struct query_cmd query_cmd_leaks = {
    .name = "leaks", .summary = "what leaks, how fast, how sure, and what does not", .args = args, .run = run};
