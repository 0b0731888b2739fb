/* leaks: what leaks, how fast, how sure, and what does not. SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "analyze/verdict.h"
#include "base/mem.h"
#include "query/commands.h"
#include "query/leaks.h"

static void weighed_done(struct weighed *w)
{
	free(w->found);
	verdict_free(w->v);
	for (size_t i = 0; i < w->n; i++)
		life_free(w->life[i]);
}

/* The run goes on. */
static bool may_go(void *ctx) { return run_ok(ctx); }

/* Bounded growers by what they take: they are what a person would otherwise take for the leak. */
static int by_growth(const void *a, const void *b)
{
	const struct finding *x = a, *y = b;
	uint32_t i = x->f->entry->id, j = y->f->entry->id;
	return x->pace != y->pace ? (x->pace < y->pace ? 1 : -1) : i < j ? -1 : i > j;
}

static bool finish_finding(struct query_run *r, struct finding *f, const struct verdict_entry *path)
{
	f->id = series_id(f->head, path);
	series_shown(path, f->holder, sizeof(f->holder));
	int state = ack_get(r->txn, f->id, r->q->now, &f->ack);
	if (state < 0)
		run_store_fail(r, state);
	f->acked = state < 0 ? ACK_NONE : (enum ack_state)state;
	return state >= 0;
}

/* A container that may leak, and what it holds, which looks like a cache, are one thing: once it is a suspect worth the name it stands for
 * both, until then the cache does. */
static void cover(struct weighed *w)
{
	for (size_t i = 0; i < w->nfound; i++) {
		struct finding *c = &w->found[i];
		if (!c->l || finding_label(c) != VERDICT_SUSPECT || c->f->entry->key->len < 0)
			continue;
		for (size_t j = 0; j < w->nfound; j++) {
			struct finding *b = &w->found[j];
			if (b->l || !verdict_under(b->f->entry, c->f->entry))
				continue;
			*(c->l->conf >= VERDICT_SUSPECT_AT ? &b->covered : &c->covered) = true;
		}
	}
}

bool leaks_find(struct query_run *r, struct weighed *w)
{
	const struct verdict *v = w->v;
	size_t n = 0;
	w->found = xcalloc(v->nlines + v->nfused + 1, sizeof(*w->found));
	for (size_t i = 0; i < v->nlines; i++, n++) {
		const struct verdict_line *l = &v->lines[i];
		w->found[n] = (struct finding){.l = l, .f = &v->fused[l->top], .head = v->fused[l->head].entry};
		if (!finish_finding(r, &w->found[n], series_path(v, i)))
			return false;
	}
	size_t slow = n;
	_cleanup_free_ struct verdict_bounded *b = xcalloc(v->nfused + 1, sizeof(*b));
	for (size_t i = 0, m = verdict_bounded(v, b); i < m; i++)
		w->found[n++] = (struct finding){.f = b[i].top, .head = b[i].head->entry, .pace = b[i].pace};
	qsort(w->found + slow, n - slow, sizeof(*w->found), by_growth);
	for (size_t i = slow; i < n; i++) {
		if (!finish_finding(r, &w->found[i], w->found[i].f->entry))
			return false;
	}
	w->nfound = n;
	cover(w);
	return true;
}

struct counted {
	size_t leaks, acked, suspects; /* acked: leaks that are acknowledged, which do not count as leaks */
	size_t ends;    /* of what else grows: bounded by design, a queue, a running method */
	size_t hidden;  /* leaks that what was asked for leaves out */
	unsigned waits; /* dumps more before one of the suspects may be called a leak: it may wait for a major GC */
};

void leaks_say_waits(struct query_run *r, unsigned waits)
{
	char more[48] = "";
	if (waits < VERDICT_WAITS_FOR_MAJOR)
		snprintf(more, sizeof(more), ", or %u dump%s more", waits, waits == 1 ? "" : "s");
	if (waits)
		run_note(r, "what hangs on the finalizer table may only wait for a major GC: to be told from a leak it takes one%s", more);
}

/* Unreachable objects become ever more, although major GCs run: in the dump of a forked child, whose other threads are dead, such are what
 * the threads of the process hold, unless the gem has sent that. Says so. */
static bool say_lost(struct query_run *r, const struct verdict_proc *p)
{
	struct verdict_boundary dead;
	verdict_boundary(p, &p->dead, &dead);
	if (dead.label != BOUNDARY_RISING || dead.low <= 0 || 2 * (size_t)p->last_major < p->ndumps)
		return false;
	run_note(r, "no leak found among what is held; but unreachable objects become %.0f more with each 1000 jobs (%.0f .. %.0f) although "
	    "major GCs run: if these are dumps of a forked child, that may be what other threads hold (gem: stacks)",
	    dead.per_1000, dead.low, dead.high);
	return true;
}

/* What can be said of a process where nothing leaks, and how much it is worth. */
static void clean_note(struct query_run *r, const struct weighed *w, const struct counted *c)
{
	const struct life *l = w->life[w->n - 1];
	size_t dumps = life_dumps(l);
	double limit = verdict_detection_limit(w->lives[w->n - 1].proc);
	uint64_t all = w->proc[w->n - 1]->ndumps;
	if (dumps < VERDICT_LEARNING && life_traced(l) && all > dumps)
		run_note(r, "%llu of %llu dumps came right after another one or without a GC since: what was born since cannot be told by them",
		    (unsigned long long)(all - dumps), (unsigned long long)all);
	if (dumps < VERDICT_LEARNING)
		run_note(r, "%zu dump%s so far: %zu more before a verdict can be trusted", dumps, dumps == 1 ? "" : "s", VERDICT_LEARNING - dumps);
	const char *more = c->acked ? " but what is acknowledged" : c->ends ? " but what should end by itself, see above" : "";
	if (c->hidden)
		run_note(r, "%zu leak%s not shown, by --label or --min-confidence", c->hidden, c->hidden == 1 ? " is" : "s are");
	if (c->leaks == 0 && c->suspects)
		run_note(r, "nothing is sure to leak yet%s", c->acked ? " but what is acknowledged" : "");
	else if (c->leaks == 0 && say_lost(r, w->lives[w->n - 1].proc))
		;
	else if (c->leaks == 0 && limit > 0)
		run_note(r, "no leak found%s (a leak of %.3g objects per job would have been seen by now)", more, limit);
	else if (c->leaks == 0)
		run_note(r, "no leak found%s%s", more,
		    life_traced(l) ? "" : "; allocations were not traced, so only levels and holders could be weighed");
	size_t grown = 0;
	for (size_t i = 0; i < w->v->nfused; i++)
		grown += w->v->fused[i].label >= VERDICT_SLOW;
	size_t keys = life_keys(l), others = (size_t)life_other(l)->rows, judged = keys > others ? keys - others : 0;
	run_note(r, "no other growth: %zu keys static or oscillating%s", judged > grown ? judged - grown : 0,
	    c->suspects ? "; suspects need more dumps" : "");
	leaks_say_waits(r, c->waits);
	if (!life_knows_jobs(l) && dumps > 1)
		run_note(r, "no job counter in these dumps: a \"job\" is a thousandth of the time between two of them");
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
	char explain[SERIES_ID];  /* the beginning of an id, in small letters; "": not asked for */
	char hit[SERIES_ID];      /* the id that it was */
	size_t hit_group;         /* the last group that has it */
	bool was;                 /* it names a leak that is gone */
	double gone;              /* when it went */
	bool several;             /* groups: each note says whom it is about */
};

enum { SUSPECT_MIN = 8 /* objects that a suspect has kept before it is worth a line that was not asked for */ };

/* A finding passes what --label and --min-confidence ask for. Bounded growers have no confidence of their own. */
static bool is_wanted(const struct finding *f, const struct wanted_lines *want)
{
	if (!want->label.n && (f->covered || (finding_label(f) == VERDICT_SUSPECT && f->f->judged.survivors < SUSPECT_MIN)))
		return false;
	if (want->label.n && !span_eq(want->label, span_of(verdict_label_name(finding_label(f)))))
		return false;
	return f->l ? f->l->conf >= want->min_confidence : want->min_confidence <= 0;
}

/* Those that count first, then what is acknowledged. */
static void say_all(struct query_run *r, const struct weighed *w, const struct wanted_lines *want)
{
	for (int acked = 0; acked < 2; acked++) {
		size_t slow = 0;
		for (size_t i = 0; i < w->nfound; i++) {
			const struct finding *f = &w->found[i];
			if ((f->acked == ACK_HOLDS) != acked || !is_wanted(f, want) || (!f->l && slow++ >= LEAKS_SLOW))
				continue;
			if (!leaks_say(r, w, f, NULL))
				return;
		}
	}
}

static bool ends_by_design(enum verdict_label l) { return l == VERDICT_BOUNDED || l == VERDICT_BACKLOG || l == VERDICT_PHASE; }

static struct counted count_all(const struct weighed *w, const struct wanted_lines *want)
{
	struct counted c = {.leaks = 0};
	for (size_t i = 0; i < w->nfound; i++) {
		const struct finding *f = &w->found[i];
		bool leak = finding_label(f) == VERDICT_LEAK;
		c.acked += leak && f->acked == ACK_HOLDS;
		c.leaks += leak && f->acked != ACK_HOLDS;
		c.hidden += leak && !is_wanted(f, want);
		bool grows = f->l && !leak && !f->covered && f->f->judged.survivors >= SUSPECT_MIN;
		c.ends += grows && ends_by_design(finding_label(f));
		c.suspects += grows && !ends_by_design(finding_label(f));
		if (f->l && !leak && f->f->waits > c.waits)
			c.waits = f->f->waits;
	}
	return c;
}

static bool begins(const char *id, const char *with) { return strncmp(id, with, strlen(with)) == 0; }

/* A leak of which only the memory is left. */
static void look_back(const struct weighed *w, struct wanted_lines *want)
{
	for (size_t i = 0; i < w->n; i++) {
		size_t n;
		const struct life_known *k = life_known(w->life[i], &n);
		for (size_t j = 0; j < n; j++) {
			char id[SERIES_ID];
			snprintf(id, sizeof(id), "%06x", k[j].id & 0xffffff);
			if (!begins(id, want->explain))
				continue;
			want->was = true;
			want->gone = k[j].gone;
		}
	}
}

/* The evidence for the one that was asked for, if this group has it. */
static void explain_group(struct query_run *r, const struct weighed *w, struct wanted_lines *want)
{
	for (size_t i = 0; i < w->nfound; i++) {
		const struct finding *f = &w->found[i];
		char id[SERIES_ID];
		snprintf(id, sizeof(id), "%06x", f->id & 0xffffff);
		if (!begins(id, want->explain))
			continue;
		if (want->hit[0] && strcmp(want->hit, id) != 0) {
			run_fail(r, HDA_STATUS_ARGUMENT, "%s begins more than one id: %s, %s", want->explain, want->hit, id);
			return;
		}
		bool again = want->hit[0] && want->hit_group == w->group; /* two lines of one name: the first is the larger */
		memcpy(want->hit, id, sizeof(id));
		want->hit_group = w->group;
		if (!again && !explain_say(r, w, f))
			return;
	}
	if (!want->hit[0])
		look_back(w, want);
}

/* What the newest dumps of the group have beyond the rows that are followed. */
static void say_other(struct query_run *r, const struct weighed *w, const struct wanted_lines *want)
{
	struct life_other all = {.rows = 0};
	for (size_t i = 0; i < w->n; i++) {
		const struct life_other *o = life_other(w->life[i]);
		all.rows += o->rows;
		all.n += o->n;
		all.b += o->b;
	}
	if (all.rows && want->min_confidence <= 0 && (!want->label.n || span_eq(want->label, SPAN_LIT("other"))))
		leaks_say_other(r, w, &all);
}

/* "shop/web", "pid 4121", "shop/web pid 4121". */
static const char *about_group(const struct weighed *w, char *buf, size_t n)
{
	char label[PROC_LABEL];
	const struct store_proc *p = w->proc[w->n - 1];
	const char *app = p->who.app[0] || p->who.role[0] ? proc_label(&p->who, label, sizeof(label)) : "";
	if (w->n == 1 && p->who.pid)
		snprintf(buf, n, "%s%spid %llu", app, app[0] ? " " : "", (unsigned long long)p->who.pid);
	else
		snprintf(buf, n, "%s", app[0] ? app : w->n == 1 ? "files" : "these processes");
	return buf;
}

static bool weigh_group(struct query_run *r, struct weighed *w, struct wanted_lines *want)
{
	for (size_t i = 0; i < w->n; i++)
		w->lives[i] = *life_verdict(w->life[i]);
	w->v = verdict_new(w->lives, w->n);
	uint64_t before = r->rows;
	if (!leaks_find(r, w))
		return false;
	if (want->explain[0]) {
		explain_group(r, w, want);
		return run_ok(r);
	}
	char about[PROC_LABEL + 32];
	r->about = want->several ? about_group(w, about, sizeof(about)) : NULL;
	say_all(r, w, want);
	say_other(r, w, want);
	if (r->rows == before && want->min_confidence <= 0 && !want->label.n)
		leaks_say_process(r, w);
	struct counted c = count_all(w, want);
	clean_note(r, w, &c);
	native_note(r, &w->v->native);
	r->about = NULL;
	return run_ok(r);
}

static bool same_app(const struct store_proc *a, const struct store_proc *b)
{
	return strcmp(a->who.app, b->who.app) == 0 && strcmp(a->who.role, b->who.role) == 0;
}

/* Reads and weighs the lives first..n of one application; they are done with afterwards. */
static bool group(
    struct query_run *r, const struct store_proc *p, const size_t *members, size_t n, size_t number, struct wanted_lines *want)
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

/* Takes "9C41" as "9c41". False: the run has failed, this is no beginning of an id. */
static bool take_id(struct query_run *r, char ret[SERIES_ID])
{
	struct span s = arg_text(r->args, "explain");
	bool good = s.n > 0 && s.n < SERIES_ID;
	if (!arg_get(r->args, "explain", 0))
		return true;
	for (size_t i = 0; good && i < s.n; i++) {
		uint8_t c = s.p[i] | 0x20; /* a digit has that bit already */
		good = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
		ret[i] = (char)c;
	}
	if (!good)
		run_fail(r, HDA_STATUS_ARGUMENT, "\"%.*s\" is no id: up to %d hex digits, as leaks shows them", (int)(s.n < 40 ? s.n : 40),
		    s.p ? (const char *)s.p : "", SERIES_ID - 1);
	return good;
}

/* "40 minutes", "3 hours", "12 days". */
static const char *ago(double s, char buf[32])
{
	const char *unit = s < 7200 ? "minutes" : s < 172800 ? "hours" : "days";
	snprintf(buf, 32, "%.0f %s", s / (s < 7200 ? 60 : s < 172800 ? 3600 : 86400), unit);
	return buf;
}

static int not_found(struct query_run *r, const struct wanted_lines *want)
{
	char buf[32];
	if (want->was && want->gone > 0)
		return run_fail(r, HDA_STATUS_NOTHING, "%s was a leak, and no longer is: it stopped %s ago. hdactl leaks shows what grows now",
		    want->explain, ago(fmax(r->q->now - want->gone, 0), buf));
	if (want->was)
		return run_fail(r, HDA_STATUS_NOTHING, "%s was a leak of an earlier process; nothing of it grows now. hdactl leaks shows what does",
		    want->explain);
	return run_fail(
	    r, HDA_STATUS_NOTHING, "no line of these processes has an id that begins with %s: hdactl leaks shows them", want->explain);
}

/* Whether there is more than one group to be told of. */
static bool several(const struct store_proc *p, size_t n, struct span app)
{
	const struct store_proc *first = NULL;
	for (size_t i = 0; i < n; i++) {
		if (!in_app(&p[i], app) || p[i].ndumps == 0)
			continue;
		if (first && !same_app(first, &p[i]))
			return true;
		first = &p[i];
	}
	return false;
}

/* The lives of each application together. */
static size_t each_group(struct query_run *r, const struct store_proc *p, size_t n, struct wanted_lines *want)
{
	struct span app = arg_text(r->args, "app");
	size_t groups = 0;
	want->several = several(p, n, app);
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
		if (!group(r, p, members, m, groups, want))
			break;
	}
	return groups;
}

/* What is asked for, that it can be asked for. */
static bool take_filters(struct query_run *r, struct wanted_lines *want)
{
	const char *words[VERDICT_LEAK + 3] = {NULL}; /* the labels, what is left, the end */
	uint64_t percent = 0;
	size_t any;
	for (int i = 0; i <= VERDICT_LEAK; i++)
		words[i] = verdict_label_name((enum verdict_label)i);
	words[VERDICT_LEAK + 1] = "other";
	if (!arg_number(r, "min-confidence", 0, &percent) || !arg_word(r, "label", words, 0, &any))
		return false;
	if (percent > 100)
		run_fail(r, HDA_STATUS_ARGUMENT, "min-confidence is at most 100 percent, not %llu", (unsigned long long)percent);
	want->label = arg_text(r->args, "label");
	want->min_confidence = (double)percent / 100;
	return percent <= 100;
}

static int run(struct query_run *r)
{
	_cleanup_free_ struct store_proc *p = NULL;
	size_t n = 0;
	struct wanted_lines want = {.label = {NULL, 0}};
	if (!take_filters(r, &want) || !take_id(r, want.explain) || !run_procs(r, &p, &n))
		return r->status;
	size_t groups = each_group(r, p, n, &want);
	if (groups == 0)
		return run_fail(r, HDA_STATUS_NOTHING, "no process%s has sent a whole dump: hdactl ps, hdactl dumps --all",
		    arg_text(r->args, "app").n ? " of this application" : "");
	if (want.explain[0] && !want.hit[0] && r->status == 0)
		return not_found(r, &want);
	return run_done(r);
}

static const char *const args[] = {"pid", "app", "all", "min-confidence", "label", "explain", NULL};
const struct query_cmd query_cmd_leaks = {
    .name = "leaks", .summary = "what leaks, how fast, how sure, and what does not", .args = args, .run = run};
