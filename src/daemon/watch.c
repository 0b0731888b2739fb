/* Events for watchers, and the last of them for those who come later. SPDX-License-Identifier: BSD-2-Clause Main thread. */
#include <stdlib.h>

#include "base/mem.h"
#include "daemon/admin.h"
#include "daemon/answer.h"

enum { WATCH_OUT_MAX = 32 * 1024 /* bytes of unread live events; then events are lost, not the watcher */ };

static const char *const names[] = {
    [WATCH_BEGIN] = "begin", [WATCH_STORED] = "stored", [WATCH_PARTIAL] = "partial",
    [WATCH_REFUSED] = "refused", [WATCH_DROPPED] = "dropped"};

static struct val known(uint64_t n) { return n == HEADER_UNKNOWN ? val_null() : val_uint(n); }

static void put(struct answer *an, const struct watch_event *e)
{
	static const char *const cols[] = {
	    "time", "event", "dump", "pid", "host_pid", "app", "jobs", "objects", "bytes", "bad_lines", "took_s", "text"};
	const struct val cells[] = {val_real(e->time), val_str(names[e->kind]), known(e->dump), known(e->pid), known(e->host_pid),
	    e->app[0] ? val_str(e->app) : val_null(), known(e->jobs), known(e->objects), known(e->bytes), known(e->bad),
	    e->kind == WATCH_BEGIN ? val_null() : val_real(e->took_s), e->text[0] ? val_str(e->text) : val_null()};
	answer_cells(an, cols, cells, sizeof(cells) / sizeof(cells[0]));
}

static void push(struct session *s, struct answer *an)
{
	answer_push(an);
	session_send_raw(s, an->out.p, an->out.n);
	answer_done(an);
}

void admin_event(struct hdad *h, struct watch_event *e)
{
	gems_event(h, e);
	for (struct session *s = h->loop.sessions; s; s = s->next) {
		if (s->state != SESSION_WATCHING)
			continue;
		if (s->out.n - s->out_done > WATCH_OUT_MAX) {
			stats_add(&h->stats, STAT_watch_lost, 1);
			continue;
		}
		struct answer an;
		answer_init(&an, s->last_seq);
		put(&an, e);
		push(s, &an);
	}
	if (!h->past)
		h->past = xcalloc(WATCH_PAST, sizeof(struct watch_event *));
	struct watch_event **slot = &h->past[h->npast++ % WATCH_PAST];
	free(*slot);
	*slot = e;
}

void watch_begin(struct admin *a, uint32_t seq, const double *since)
{
	struct hdad *h = a->h;
	struct answer an;
	a->s.last_seq = seq;
	session_set_state(&a->s, SESSION_WATCHING);
	stats_add(&h->stats, STAT_watchers, 1);
	answer_init(&an, seq);
	uint64_t n = 0;
	for (uint64_t i = h->npast > WATCH_PAST ? h->npast - WATCH_PAST : 0; since && i < h->npast; i++) {
		if (h->past[i % WATCH_PAST]->time < *since)
			continue;
		put(&an, h->past[i % WATCH_PAST]);
		n++;
	}
	if (n)
		push(&a->s, &an);
	else
		answer_done(&an);
}

void watch_done(struct hdad *h)
{
	for (size_t i = 0; h->past && i < WATCH_PAST; i++)
		free(h->past[i]);
	free(h->past);
}
