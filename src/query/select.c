/* Which dump, which process. SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "query/run.h"

int dump_order(const void *a, const void *b)
{
	const struct store_dump *x = a, *y = b;
	if (x->time > 0 && y->time > 0 && x->time != y->time)
		return x->time < y->time ? -1 : 1;
	if (x->jobs != y->jobs && x->jobs != HEADER_UNKNOWN && y->jobs != HEADER_UNKNOWN)
		return x->jobs < y->jobs ? -1 : 1;
	return (x->dump > y->dump) - (x->dump < y->dump);
}

int life_order(const void *a, const void *b)
{
	const struct store_dump *x = a, *y = b;
	if (x->seq != HEADER_UNKNOWN && y->seq != HEADER_UNKNOWN && x->seq != y->seq)
		return x->seq < y->seq ? -1 : 1;
	return dump_order(a, b);
}

const char *proc_label(const struct proc_ident *who, char *buf, size_t n)
{
	snprintf(buf, n, "%s%s%s", who->app, who->app[0] && who->role[0] ? "/" : "", who->role);
	return buf;
}

static bool of_pid(const struct store_dump *d, uint64_t pid) { return d->pid == pid || (d->host_pid && d->host_pid == pid); }

enum want { WANT_LAST, WANT_FIRST, WANT_NUMBER, WANT_COUNTER };

struct wanted {
	enum want want;
	uint64_t number, counter;
	uint64_t pid; /* only dumps of this process; HEADER_UNKNOWN: of any */
	char text[SELECT_BUF];
};

/* Reads the words of a DUMP argument, and --pid. */
static bool parse(struct query_run *r, const struct val *v, struct wanted *w)
{
	*w = (struct wanted){.want = WANT_LAST, .text = "last"};
	if (!arg_number(r, "pid", HEADER_UNKNOWN, &w->pid))
		return false;
	if (!v)
		return true;
	if (v->kind == VAL_UINT) {
		w->want = WANT_NUMBER;
		w->number = v->u;
		snprintf(w->text, sizeof(w->text), "%llu", (unsigned long long)v->u);
		return true;
	}
	struct span s = v->kind == VAL_STR ? v->s : (struct span){NULL, 0};
	snprintf(w->text, sizeof(w->text), "%.*s", s.n < SELECT_BUF ? (int)s.n : SELECT_BUF - 1, s.p ? (const char *)s.p : "");
	const uint8_t *at = s.n ? memchr(s.p, '@', s.n) : NULL;
	if (span_eq(s, SPAN_LIT("last")))
		return true;
	if (span_eq(s, SPAN_LIT("first"))) {
		w->want = WANT_FIRST;
		return true;
	}
	if (at && parse_u64((struct span){s.p, (size_t)(at - s.p)}, &w->number) &&
	    parse_u64((struct span){at + 1, s.n - (size_t)(at - s.p) - 1}, &w->counter)) {
		w->want = WANT_COUNTER;
		return true;
	}
	if (parse_u64(s, &w->number)) {
		w->want = WANT_NUMBER;
		return true;
	}
	run_fail(r, HDA_STATUS_ARGUMENT, "a dump is an id, last, first, PID or PID@COUNTER, not \"%s\": hdactl dumps lists them", w->text);
	return false;
}

/* The first or last dump that fits, NULL when none does. partial: of these, too. */
static const struct store_dump *pick(const struct store_dump *d, size_t n, const struct wanted *w, bool by_id, bool partial)
{
	const struct store_dump *best = NULL;
	for (size_t i = 0; i < n; i++) {
		if (w->pid != HEADER_UNKNOWN && !of_pid(&d[i], w->pid))
			continue;
		if (by_id) {
			if (d[i].dump == w->number)
				return &d[i];
			continue;
		}
		if ((d[i].partial && !partial) || ((w->want == WANT_NUMBER || w->want == WANT_COUNTER) && !of_pid(&d[i], w->number)))
			continue;
		if (w->want == WANT_COUNTER && d[i].jobs != w->counter)
			continue;
		int c = best ? dump_order(&d[i], best) : 1;
		if (!best || (w->want == WANT_FIRST ? c < 0 : c > 0))
			best = &d[i];
	}
	return best;
}

static size_t count_pids(const struct store_dump *d, size_t n, uint64_t pid)
{
	size_t m = 0;
	for (size_t i = 0; i < n; i++)
		m += of_pid(&d[i], pid);
	return m;
}

/* None fits of a process that was named by --pid. */
static void none_of_pid(struct query_run *r, const struct wanted *w, size_t of_it)
{
	unsigned long long pid = w->pid;
	if (of_it == 0 && r->q->files)
		run_fail(r, HDA_STATUS_NOTHING, "none of the files is of process %llu: ps lists them", pid);
	else if (of_it == 0)
		run_fail(r, HDA_STATUS_NOTHING, "no process %llu has ever sent a dump: hdactl ps lists those that have", pid);
	else if (w->want == WANT_NUMBER || w->want == WANT_COUNTER)
		run_fail(r, HDA_STATUS_NOTHING, "process %llu has no dump %s: hdactl dumps --pid %llu lists what it has", pid, w->text, pid);
	else
		run_fail(r, HDA_STATUS_NOTHING, "process %llu has no whole dump, only partial ones: hdactl dumps --all --pid %llu", pid, pid);
}

static void none(struct query_run *r, const struct wanted *w, const struct store_dump *d, size_t n)
{
	unsigned long long number = w->number;
	if (n == 0)
		run_fail(r, HDA_STATUS_NOTHING, "there is no dump yet. Does the process load the gem and call Hda.start? "
						"Old dump files: hdactl import DIR");
	else if (w->pid != HEADER_UNKNOWN)
		none_of_pid(r, w, count_pids(d, n, w->pid));
	else if (w->want == WANT_COUNTER && count_pids(d, n, w->number))
		run_fail(r, HDA_STATUS_NOTHING, "process %llu has no whole dump after %llu jobs: hdactl dumps --pid %llu lists what it has",
		    number, (unsigned long long)w->counter, number);
	else if ((w->want == WANT_NUMBER || w->want == WANT_COUNTER) && count_pids(d, n, w->number))
		run_fail(r, HDA_STATUS_NOTHING, "process %llu has no whole dump, only partial ones: hdactl dumps --all --pid %llu", number, number);
	else if (w->want == WANT_NUMBER)
		run_fail(r, HDA_STATUS_NOTHING, "%llu is neither a dump nor a process that has sent one: hdactl dumps, hdactl ps", number);
	else if (w->want == WANT_COUNTER)
		run_fail(r, HDA_STATUS_NOTHING, "no process %llu has ever sent a dump: hdactl ps lists those that have", number);
	else
		run_fail(r, HDA_STATUS_NOTHING, "there is no whole dump, only partial ones: hdactl dumps --all, and name one by its id");
}

/* None of the n processes that are there has this pid. */
static void no_process(struct query_run *r, uint64_t pid, size_t n)
{
	if (n == 0)
		run_fail(r, HDA_STATUS_NOTHING, "no process has sent a dump yet. Does it load the gem and call Hda.start? "
						"Is its user in group hda-ingest?");
	else if (r->q->files)
		run_fail(r, HDA_STATUS_NOTHING, "none of the files is of process %llu. They are of %zu %s: ps lists them",
		    (unsigned long long)pid, n, n == 1 ? "process" : "processes");
	else
		run_fail(r, HDA_STATUS_NOTHING, "no process %llu has ever sent a dump. %zu %s: hdactl ps. Is the gem loaded, "
						"and its user in group hda-ingest?", (unsigned long long)pid, n, n == 1 ? "has" : "have");
}

/* A number that is a dump's id may be the pid of another process as well. */
static void other_meaning(struct query_run *r, const struct wanted *w, const struct store_dump *found, const struct store_dump *d, size_t n)
{
	unsigned long long number = w->number, pid = found->pid;
	if (w->want == WANT_NUMBER && w->pid == HEADER_UNKNOWN && !of_pid(found, number) && count_pids(d, n, number))
		run_note(r, "%llu is the id of a dump, of process %llu; for the process with this pid: --pid %llu", number, pid, number);
}

bool run_select(struct query_run *r, size_t i, struct store_dump *ret)
{
	struct wanted w;
	if (!run_ok(r) || !parse(r, arg_get(r->args, "dump", i), &w))
		return false;
	_cleanup_free_ struct store_dump *d = NULL;
	size_t n = 0;
	int err = store_rtxn_dumps(r->txn, 0, &d, &n);
	if (err < 0) {
		run_store_fail(r, err);
		return false;
	}
	const struct store_dump *found = w.want == WANT_NUMBER ? pick(d, n, &w, true, true) : NULL;
	if (!found)
		found = pick(d, n, &w, false, false);
	/* Who names a file wants to see it, even if it was cut off. */
	if (!found && r->q->files && (w.want == WANT_FIRST || w.want == WANT_LAST))
		found = pick(d, n, &w, false, true);
	if (!found) {
		none(r, &w, d, n);
		return false;
	}
	if (found->dump == w.number)
		other_meaning(r, &w, found, d, n);
	*ret = *found;
	return true;
}

struct dump_summary *run_load_id(struct query_run *r, uint64_t dump, unsigned parts)
{
	struct dump_summary *s = NULL;
	if (!run_ok(r))
		return NULL;
	int err = store_rtxn_load(r->txn, dump, parts, &s);
	if (err == HDA_ENOTFOUND)
		run_fail(r, HDA_STATUS_NOTHING, "dump %llu is no longer there: hdactl dumps", (unsigned long long)dump);
	else if (err < 0)
		run_store_fail(r, err);
	return err < 0 ? NULL : s;
}

struct dump_summary *run_load(struct query_run *r, unsigned parts, struct store_dump *ret)
{
	if (!run_select(r, 0, ret))
		return NULL;
	struct dump_summary *s = run_load_id(r, ret->dump, parts);
	if (s && !run_dump(r, ret)) {
		summary_free(s);
		return NULL;
	}
	if (s && ret->partial)
		run_note(r, "dump %llu is partial: the process or its connection died before the end; figures are of what arrived",
		    (unsigned long long)ret->dump);
	if (s && ret->time_from_mtime)
		run_note(r, "no time in the file's name: its modification time stands for it");
	return s;
}

int run_listing(struct query_run *r, unsigned parts, uint64_t rows,
    void (*answer)(struct query_run *r, const struct dump_summary *s, uint64_t most))
{
	struct store_dump d;
	uint64_t most;
	if (!arg_rows(r, rows, &most))
		return r->status;
	struct dump_summary *s = run_load(r, parts, &d);
	if (s)
		answer(r, s, most);
	summary_free(s);
	return run_done(r);
}

bool run_previous(struct query_run *r, const struct store_dump *d, struct store_dump *ret)
{
	_cleanup_free_ struct store_dump *all = NULL;
	size_t n = 0;
	int err = store_rtxn_dumps(r->txn, d->proc, &all, &n);
	if (err < 0) {
		run_store_fail(r, err);
		return false;
	}
	const struct store_dump *best = NULL;
	for (size_t i = 0; i < n; i++) {
		if (all[i].partial || all[i].dump == d->dump || dump_order(&all[i], d) >= 0)
			continue;
		if (!best || dump_order(&all[i], best) > 0)
			best = &all[i];
	}
	if (best)
		*ret = *best;
	return best != NULL;
}

static int proc_order(const void *a, const void *b)
{
	const struct store_proc *x = a, *y = b;
	if (x->last_time != y->last_time)
		return x->last_time < y->last_time ? -1 : 1;
	return (x->proc > y->proc) - (x->proc < y->proc);
}

bool run_procs(struct query_run *r, struct store_proc **ret, size_t *ret_n)
{
	struct store_proc *p = NULL;
	size_t n = 0, kept = 0;
	uint64_t pid;
	if (!run_ok(r) || !arg_number(r, "pid", UINT64_MAX, &pid))
		return false;
	int err = store_rtxn_procs(r->txn, &p, &n);
	if (err < 0) {
		run_store_fail(r, err);
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		if (pid == UINT64_MAX || p[i].who.pid == pid || (p[i].who.host_pid && p[i].who.host_pid == pid))
			p[kept++] = p[i];
	}
	if (kept == 0) {
		free(p);
		no_process(r, pid, n);
		return false;
	}
	qsort(p, kept, sizeof(*p), proc_order);
	*ret = p;
	*ret_n = kept;
	return true;
}
