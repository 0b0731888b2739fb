/* The only writer: what waits in its inbox becomes one commit. SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/mem.h"
#include "daemon/acks.h"
#include "daemon/hdad.h"
#include "daemon/host.h"
#include "daemon/querier.h"
#include "daemon/thread.h"

enum {
	RETAIN_EVERY_MS = 60000,      /* between retentions while dumps arrive */
	RETAIN_IDLE_MS = 3600000,     /* while none arrives: only age can make work */
	COMMIT_MS = 120000,           /* a commit on a very slow disk is no reason for the watchdog */
};

struct batch {
	struct inbox_msg *first;      /* struct dump each */
	struct inbox_msg *acks;       /* struct query_job each */
	bool stop;
};

/* Puts all dumps into one transaction. Their ids are valid only when the commit is. */
static int put_all(struct storer *st, struct inbox_msg *first)
{
	struct store_wtxn *w;
	int err = store_wtxn_begin(st->h->store, &w);
	if (err < 0)
		return err;
	for (struct inbox_msg *m = first; m; m = m->next) {
		struct dump *d = (struct dump *)m;
		d->sum->received = host_now();
		d->err = store_wtxn_put(w, d->sum, &d->id);
		heartbeat_move(&st->heart);
		if (d->err < 0 && d->err != HDA_EEXISTS)
			break; /* the transaction is dead; commit says why */
		/* Without a verdict a dump is still a dump. When this killed the transaction, the next put or the commit says so. */
		int verr = d->err == 0 ? verdicts_dump(st, w, d) : 0;
		if (verr < 0)
			log_event(LOG_verdict_failed, LOG_STR("why", hda_strerror(verr)));
	}
	err = store_wtxn_commit(w);
	stats_add(&st->stats, err < 0 ? STAT_commit_failures : STAT_commits, 1);
	return err;
}

static int retain(struct storer *st, bool hard)
{
	struct store_wtxn *w;
	int err = store_wtxn_begin(st->h->store, &w);
	if (err < 0)
		return err;
	err = store_wtxn_retain(w, host_now(), hard);
	int committed = store_wtxn_commit(w);
	err = err < 0 ? err : committed;
	stats_add(&st->stats, STAT_retentions, 1);
	if (err < 0)
		log_event(LOG_retention_failed, LOG_STR("why", hda_strerror(err)));
	return err;
}

/* Room by force, then one more try. */
static int put_with_room(struct storer *st, struct inbox_msg *first)
{
	int err = put_all(st, first);
	if (!hda_no_room(err))
		return err;
	if (!atomic_exchange(&st->h->store_full, true))
		log_event(LOG_store_full, LOG_STR("why", hda_strerror(err)));
	(void)!retain(st, true); /* whether it helped, the next line tells */
	return put_all(st, first);
}

static void answer(struct inbox_msg *first, int err)
{
	struct inbox_msg *next;
	for (struct inbox_msg *m = first; m; m = next) {
		next = m->next;
		struct dump *d = (struct dump *)m;
		if (err < 0) {
			d->err = err;
			d->id = 0;
		}
		summary_free(d->sum);
		d->sum = NULL;
		m->kind = WORKER_STORED;
		inbox_post(&d->w->in, m);
	}
}

static void commit(struct storer *st, struct inbox_msg *first)
{
	if (!first)
		return;
	heartbeat_long(&st->heart, host_mono_ms() + COMMIT_MS);
	int err = put_with_room(st, first);
	/* One dump that cannot be stored must not take the others with it. */
	if (err < 0 && first->next) {
		struct inbox_msg *next;
		for (struct inbox_msg *m = first; m; m = next) {
			next = m->next;
			m->next = NULL;
			answer(m, put_with_room(st, m));
		}
	} else {
		answer(first, err);
	}
	if (err < 0 && !hda_no_room(err))
		log_event(LOG_store_failed, LOG_STR("why", hda_strerror(err)));
	if (err == 0 && atomic_exchange(&st->h->store_full, false))
		log_event(LOG_store_recovered, LOG_STR("state", "ok"));
	heartbeat_long(&st->heart, 0);
}

static struct batch take(struct storer *st)
{
	struct batch b = {0};
	struct inbox_msg **tail = &b.first, **asked = &b.acks, *next;
	for (struct inbox_msg *m = inbox_take(&st->h->store_in); m; m = next) {
		next = m->next;
		m->next = NULL;
		if (m->kind == STORER_STOP) {
			b.stop = true;
			free(m);
			continue;
		}
		if (m->kind == STORER_ACK) {
			*asked = m;
			asked = &m->next;
			continue;
		}
		*tail = m;
		tail = &m->next;
	}
	return b;
}

static void acknowledge(struct storer *st, struct inbox_msg *first)
{
	struct inbox_msg *next;
	for (struct inbox_msg *m = first; m; m = next) {
		next = m->next;
		heartbeat_long(&st->heart, host_mono_ms() + COMMIT_MS);
		acks_answer(st, (struct query_job *)m);
		heartbeat_long(&st->heart, 0);
	}
}

/* How long to sleep: for ever when there is nothing to do but to wait. */
static int sleep_ms(uint64_t now, uint64_t at)
{
	return !at ? -1 : at <= now ? 0 : (int)(at - now < INT32_MAX ? at - now : INT32_MAX);
}

static void *run(void *ctx)
{
	struct storer *st = ctx;
	struct hdad *h = st->h;
	bool ages = st->ages;
	uint64_t retain_at = ages ? host_mono_ms() + RETAIN_IDLE_MS : 0;
	bool dirty = false; /* dumps came since the last retention */
	uint64_t quiet_at = host_mono_ms() + VERDICTS_QUIET_MS;
	int verr = verdicts_init(st);
	if (verr < 0)
		log_event(LOG_verdict_failed, LOG_STR("why", hda_strerror(verr)));
	for (;;) {
		struct pollfd p = {.fd = inbox_fd(&h->store_in), .events = POLLIN};
		uint64_t wake = st->verdicts.nstale && (!retain_at || quiet_at < retain_at) ? quiet_at : retain_at;
		poll(&p, 1, sleep_ms(host_mono_ms(), wake));
		heartbeat_enter(&st->heart);
		struct batch b = take(st);
		uint64_t now = host_mono_ms();
		if (b.first) {
			commit(st, b.first);
			if (!dirty)
				retain_at = now + RETAIN_EVERY_MS;
			dirty = true;
			quiet_at = host_mono_ms() + VERDICTS_QUIET_MS;
		}
		acknowledge(st, b.acks);
		if (b.stop)
			break;
		if (now >= quiet_at)
			verdicts_rebuild_one(st);
		if (retain_at && now >= retain_at) {
			heartbeat_long(&st->heart, now + COMMIT_MS);
			(void)!retain(st, false);
			heartbeat_long(&st->heart, 0);
			dirty = false;
			retain_at = ages ? now + RETAIN_IDLE_MS : 0;
		}
		hdad_reader_check(h);
		heartbeat_leave(&st->heart);
	}
	verdicts_done(st);
	heartbeat_leave(&st->heart);
	return NULL;
}

int storer_start(struct storer *st, struct hdad *h)
{
	st->h = h;
	st->ages = config_get(h->cfg, CFG_max_age) != 0; /* needs a restart to change */
	return thread_start(&st->thread, "hdad-store", run, st);
}
