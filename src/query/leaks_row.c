/* leaks: what a row says. SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/gem.h"
#include "query/leaks.h"

enum { LEAKS_GROWS = 3 /* survivors from which a life is said to have a leak, too */ };

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

/* The low boundary of the newest life, in words and figures. */
static void put_boundary(struct row *row, const struct verdict_proc *p)
{
	struct verdict_boundary slots, old;
	verdict_boundary(p, &p->slots, &slots);
	verdict_boundary(p, &p->old, &old);
	bool knows = slots.label != BOUNDARY_UNKNOWN, knows_old = old.label != BOUNDARY_UNKNOWN;
	row_cstr(row, "boundary", knows ? verdict_boundary_name(slots.label) : NULL);
	row_real(row, "boundary_objects", knows ? slots.objects : NAN);
	row_real(row, "boundary_per_1000_jobs", knows ? slots.per_1000 : NAN);
	row_real(row, "boundary_low", knows ? slots.low : NAN);
	row_real(row, "boundary_high", knows ? slots.high : NAN);
	row_cstr(row, "old_boundary", knows_old ? verdict_boundary_name(old.label) : NULL);
	row_real(row, "old_boundary_objects", knows_old ? old.objects : NAN);
	row_real(row, "old_boundary_per_1000_jobs", knows_old ? old.per_1000 : NAN);
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
	put_boundary(row, v);
}

enum { SEEN_PIDS = 8 /* workers that are named */ };

/* What the lives together say of the past of one leak. */
struct seen {
	double first, gone;        /* seconds since 1970; 0 never */
	const char *rev;           /* the first revision that had it */
	unsigned workers, of;      /* lives of the newest revision in which it grows, of those that can tell */
	struct val pids[SEEN_PIDS]; /* of the first of them */
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

/* Does the leak grow in the life? A traced life and an untraced one have no keys of objects in common: where the key that names it is of
 * the other kind, any key of the line tells. */
static bool leaks_in(const struct weighed *w, const struct verdict_life *l, const struct finding *fd)
{
	bool own = fd->l == NULL, other = false;
	for (size_t i = 0; fd->l && i < w->v->nfused; i++) {
		const struct verdict_fused *f = &w->v->fused[i];
		bool same_kind = f->proc->traced == l->proc->traced;
		if (f->line != fd->f->line || !f->entry)
			continue;
		own |= f->entry == fd->head && same_kind;
		other |= same_kind && f->entry->key->len < 0 && grows_in(l, f->entry);
	}
	return own ? grows_in(l, fd->head) : other;
}

static struct seen seen_of(const struct weighed *w, const struct finding *fd)
{
	const char *newest = w->proc[w->n - 1]->who.rev;
	struct seen s = {.rev = newest};
	double since = 0;
	bool tells = false;
	for (size_t i = 0; i < w->n; i++) {
		const struct life_known *k = life_know(w->life[i], fd->id, NULL);
		if (k && k->first_seen > 0 && (s.first <= 0 || k->first_seen < s.first)) {
			s.first = k->first_seen;
			s.rev = k->rev;
		}
		if (strcmp(w->proc[i]->who.rev, newest) != 0 || life_dumps(w->life[i]) < 2)
			continue;
		s.of++;
		if (leaks_in(w, &w->lives[i], fd)) {
			if (s.workers < SEEN_PIDS)
				s.pids[s.workers] = val_uint(w->proc[i]->who.pid);
			s.workers++;
		}
		tells |= life_dumps(w->life[i]) >= VERDICT_LEARNING;
		since = since <= 0 || w->proc[i]->first_time < since ? w->proc[i]->first_time : since;
	}
	s.gone = s.workers == 0 && tells ? since : 0;
	return s;
}

enum verdict_label finding_label(const struct finding *f) { return f->l ? f->l->label : f->f->label; }

/* How fast, how sure, until when. */
static void put_rate(struct row *row, const struct weighed *w, const struct finding *fd)
{
	const struct verdict_line *l = fd->l;
	const struct verdict_fused *f = fd->f;
	double size = verdict_unit_bytes(f);
	row_real(row, "objects_per_job", l ? l->obj_per_1000 / 1000 : verdict_is_text(f->entry) ? 0 : f->rate);
	row_real(row, "bytes_per_1000_jobs", l ? l->bytes_per_1000 : f->rate * size * 1000);
	row_real(row, "low", l ? l->low : f->low * size * 1000);
	row_real(row, "high", l ? l->high : f->high * size * 1000);
	row_real(row, "bytes_per_hour", l ? l->bytes_per_hour : NAN);
	if (l && l->has_limit && isfinite(l->hours_to_limit[1]) && l->hours_to_limit[1] > 0)
		row_time(row, "limit_at", w->proc[w->n - 1]->last_time + l->hours_to_limit[1] * 3600);
	else
		row_null(row, "limit_at");
}

/* Of a container; of several, where one of them has most, what that has. */
static double entries(const struct verdict_entry *e) { return e->one > 0 ? e->one : e->key->len; }

/* Where a bounded grower will end, and when; null where that cannot be told. */
static void put_bound(struct row *row, const struct weighed *w, const struct finding *fd)
{
	const struct verdict_judged *j = &fd->f->judged;
	const struct verdict_key *key = fd->f->entry->key;
	const struct verdict_proc *p = fd->f->proc;
	bool knows = finding_label(fd) == VERDICT_SLOW && j->more >= 0 && p->nmarks;
	double now = key->len >= 0 ? entries(fd->f->entry) : key->n;
	double span = knows ? p->t[p->nmarks - 1] - p->t[0] : 0, jobs = knows ? p->x[p->nmarks - 1] - p->x[0] : 0;
	row_real(row, "bound", knows ? now + j->more : NAN);
	row_time(row, "bound_at", knows && span > 0 && jobs > 0 ? w->proc[w->n - 1]->last_time + j->more_jobs * span / jobs : 0);
}

static void put_past(struct row *row, const struct weighed *w, const struct finding *fd, const struct seen *seen)
{
	bool leak = finding_label(fd) == VERDICT_LEAK;
	row_time(row, "first_seen", seen->first > 0 ? seen->first : leak ? w->proc[w->n - 1]->last_time : 0);
	row_cstr(row, "revision", seen->rev);
	row_uint(row, "workers", seen->workers);
	row_uint(row, "of_workers", seen->of);
	row_list(row, "worker_pids", seen->pids, seen->workers < SEEN_PIDS ? seen->workers : SEEN_PIDS);
	row_time(row, "gone_since", seen->gone);
}

static void put_ack(struct row *row, const struct finding *fd)
{
	bool any = fd->acked != ACK_NONE;
	row_bool(row, "acknowledged", fd->acked == ACK_HOLDS);
	row_time(row, "ack_made", any ? fd->ack.made : 0);
	row_time(row, "ack_until", any ? fd->ack.until : 0);
	row_cstr(row, "ack_revision", any ? fd->ack.rev : NULL);
	row_cstr(row, "ack_note", any ? fd->ack.note : NULL);
}

bool leaks_say(struct query_run *r, const struct weighed *w, const struct finding *fd, const char *list)
{
	const struct verdict_entry *head = fd->head;
	const struct verdict_fused *f = fd->f;
	char id[SERIES_ID], how[160], label[PROC_LABEL];
	struct row row = {.n = 0};
	snprintf(id, sizeof(id), "%06x", fd->id & 0xffffff);
	row_cstr(&row, "id", id);
	row_cstr(&row, "label", verdict_label_name(finding_label(fd)));
	row_real(&row, "confidence", fd->l ? fd->l->conf : f->conf);
	row_cstr(&row, "type", head->type);
	row_cstr(&row, "class", head->klass);
	put_site(&row, head);
	row_cstr(&row, "holder", fd->holder);
	put_rate(&row, w, fd);
	struct seen seen = seen_of(w, fd);
	put_past(&row, w, fd, &seen);
	row_uint(&row, "count", (uint64_t)fmax(head->key->n, 0));
	row_uint(&row, "bytes", (uint64_t)fmax(head->key->b, 0));
	bool container = f->entry->key->len >= 0;
	row_uint(&row, "entries", container ? (uint64_t)entries(f->entry) : UINT64_MAX);
	row_uint(&row, "containers", !container ? UINT64_MAX : f->entry->one > 0 ? 1 : (uint64_t)fmax(f->entry->key->n, 0));
	row_real(&row, "entries_per_job", container ? f->rate : NAN);
	row_cstr(&row, "how", how_text(f, how, sizeof(how)));
	struct val units[VERDICT_UNITS];
	for (unsigned i = 0; i < f->judged.nunits; i++)
		units[i] = (struct val){.kind = VAL_REAL, .r = f->judged.units[i]};
	row_list(&row, "series", units, f->judged.nunits);
	put_bound(&row, w, fd);
	put_ack(&row, fd);
	put_process(&row, w, label);
	if (list)
		row_cstr(&row, "list", list);
	return run_row(r, &row);
}

bool leaks_say_process(struct query_run *r, const struct weighed *w)
{
	struct row row = {.n = 0};
	row_null(&row, "id");
	row_null(&row, "label");
	char label[PROC_LABEL];
	put_process(&row, w, label);
	return run_row(r, &row);
}

bool leaks_say_other(struct query_run *r, const struct weighed *w, const struct life_other *o)
{
	struct row row = {.n = 0};
	char label[PROC_LABEL];
	row_null(&row, "id");
	row_cstr(&row, "label", "other");
	row_uint(&row, "count", (uint64_t)fmax(o->n, 0));
	row_uint(&row, "bytes", (uint64_t)fmax(o->b, 0));
	row_uint(&row, "keys", o->rows);
	put_process(&row, w, label);
	return run_row(r, &row);
}
