/* The storer's part in verdicts. SPDX-License-Identifier: BSD-2-Clause
 *
 * The state of a process changes in the transaction of its dump, so what is acknowledged and what the verdict knows are one. A state that
 * does not fit (an older dump was imported) is dropped there and built again when no dump has come for a moment. */
#include "daemon/verdicts.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "daemon/acks.h"
#include "daemon/hdad.h"
#include "daemon/host.h"
#include "query/series.h"

enum { HOUR_MS = 3600000 };

static void mark_stale(struct verdicts *v, uint64_t proc)
{
	for (size_t i = 0; i < v->nstale; i++) {
		if (v->stale[i] == proc)
			return;
	}
	v->stale = xgrow(v->stale, v->nstale, &v->cap, sizeof(*v->stale));
	v->stale[v->nstale++] = proc;
}

int verdicts_init(struct storer *st)
{
	struct store_rtxn *r;
	struct store_proc *p = NULL;
	size_t n = 0;
	int err = store_rtxn_begin(st->h->store, &r);
	if (err < 0)
		return err;
	err = store_rtxn_procs(r, &p, &n);
	for (size_t i = 0; !err && i < n; i++) {
		if (p[i].ndumps && !series_fits(r, &p[i]))
			mark_stale(&st->verdicts, p[i].proc);
	}
	store_rtxn_end(r);
	free(p);
	acks_drop_over(st);
	return err;
}

void verdicts_done(struct storer *st)
{
	free(st->verdicts.stale);
	st->verdicts = (struct verdicts){.stale = NULL};
}

static void log_change(struct storer *st, const struct dump *d, const struct series_change *c)
{
	struct verdicts *v = &st->verdicts;
	uint64_t now = host_mono_ms();
	char id[SERIES_ID];
	if (c->to == VERDICT_LEAK && acks_hold(st, c->id, d->sum->head.who.rev)) {
		stats_add(&st->stats, STAT_label_changes_acknowledged, 1);
		return;
	}
	if (v->hour_ms == 0 || now - v->hour_ms >= HOUR_MS) {
		v->hour_ms = now;
		v->lines = 0;
	}
	if (v->lines == VERDICTS_LOG_HOUR) {
		stats_add(&st->stats, STAT_label_changes_unlogged, 1);
		return;
	}
	v->lines++;
	snprintf(id, sizeof(id), "%06x", c->id & 0xffffff);
	const struct proc_ident *who = &d->sum->head.who;
	log_event(LOG_label_changed, LOG_STR("id", id), LOG_STR("from", verdict_label_name(c->from)), LOG_STR("to", verdict_label_name(c->to)),
	    LOG_REAL("confidence", c->confidence), LOG_STR("where", c->where), LOG_UINT("pid", who->pid), LOG_STR("app", who->app),
	    LOG_STR("role", who->role), LOG_STR("revision", who->rev), LOG_UINT("dump", d->id));
}

int verdicts_dump(struct storer *st, struct store_wtxn *w, const struct dump *d)
{
	struct series_changes changes = {.n = 0};
	struct store_proc p;
	bool stale, own = d->sum->head.who.host_pid != 0; /* the process itself sent it, so it runs on this host */
	if (d->sum->partial)
		return 0;
	int err = series_update(w, d->sum, d->id, own ? (double)host_total_memory() : 0, &changes, &stale);
	if (err || stale) {
		int known = store_wtxn_proc(w, d->id, &p);
		if (!known)
			mark_stale(&st->verdicts, p.proc);
		err = err ? err : known;
	}
	if (err)
		return err;
	stats_add(&st->stats, STAT_label_changes, changes.all);
	stats_add(&st->stats, STAT_label_changes_unlogged, changes.all - changes.n);
	for (size_t i = 0; i < changes.n; i++)
		log_change(st, d, &changes.c[i]);
	return 0;
}

static bool may_go(void *ctx)
{
	struct storer *st = ctx;
	heartbeat_move(&st->heart);
	return inbox_length(&st->h->store_in) == 0;
}

bool verdicts_rebuild_one(struct storer *st)
{
	struct verdicts *v = &st->verdicts;
	if (v->nstale == 0)
		return false;
	uint64_t proc = v->stale[v->nstale - 1];
	int err = series_rebuild(st->h->store, proc, may_go, st);
	if (err < 0)
		log_event(LOG_verdict_failed, LOG_STR("why", hda_strerror(err)), LOG_UINT("process", proc));
	if (err == 0 && inbox_length(&st->h->store_in)) /* it stopped, or a dump came: once more, later */
		return true;
	v->nstale--;
	stats_add(&st->stats, STAT_verdict_rebuilds, err == 0);
	return true;
}
