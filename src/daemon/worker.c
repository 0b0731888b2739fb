/* A thread that reads dumps. SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/mem.h"
#include "daemon/hdad.h"
#include "daemon/host.h"
#include "daemon/thread.h"

static void take_config(struct worker *w, struct config *cfg)
{
	config_unref(w->cfg);
	w->cfg = cfg;
	w->loop.write_stall_ms = config_get(cfg, CFG_stall_deadline);
	w->loop.frame_stall_ms = config_get(cfg, CFG_idle_deadline);
}

static void handle(struct worker *w, struct inbox_msg *m)
{
	switch ((enum worker_msg)m->kind) {
	case WORKER_ACCEPT: {
		struct accept_msg *a = (struct accept_msg *)m;
		ingest_new(w, a->fd, a->pid);
		free(a);
		return;
	}
	case WORKER_STORED:
		ingest_stored((struct dump *)m);
		return;
	case WORKER_MEMORY:
		ingest_memory(w);
		break;
	case WORKER_CONFIG:
		take_config(w, ((struct config_msg *)m)->cfg);
		break;
	case WORKER_DRAIN:
		w->draining = true;
		ingest_drain(w);
		worker_check_drained(w);
		break;
	case WORKER_STOP:
		event_base_loopexit(w->base, NULL);
		break;
	}
	free(m);
}

static void on_inbox(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	struct worker *w = ctx;
	heartbeat_enter(&w->heart);
	struct inbox_msg *next;
	for (struct inbox_msg *m = inbox_take(&w->in); m; m = next) {
		next = m->next;
		handle(w, m);
		heartbeat_move(&w->heart);
	}
	heartbeat_leave(&w->heart);
}

static void on_fault(void *ctx, struct session *s, enum session_fault why, const char *text)
{
	struct worker *w = ctx;
	thread_fault(&w->stats, s, why, text);
}

static void on_yield(void *ctx)
{
	struct worker *w = ctx;
	stats_add(&w->stats, STAT_budget_yields, 1);
}

static void on_left(void *ctx, struct session *s)
{
	struct worker *w = ctx;
	struct client *c = (struct client *)s;
	c->w = NULL;
	c->msg.kind = MAIN_GEM;
	inbox_post(&w->h->main_in, &c->msg);
}

static void *run(void *ctx)
{
	struct worker *w = ctx;
	event_base_dispatch(w->base);
	/* Main has stopped posting. Sessions that are left lose their dumps; dumps that the storer still has come back to nobody. */
	session_loop_done(&w->loop);
	return NULL;
}

int worker_start(struct worker *w, struct hdad *h, unsigned index)
{
	w->h = h;
	w->index = index;
	int err = inbox_init(&w->in, false);
	if (err < 0)
		return err;
	w->base = thread_base_new();
	if (!w->base) {
		inbox_done(&w->in);
		return -EMFILE;
	}
	session_loop_init(&w->loop, w->base, &w->heart);
	w->loop.fault = on_fault;
	w->loop.yielded = on_yield;
	w->loop.left = on_left;
	w->loop.ctx = w;
	take_config(w, config_ref(h->cfg));
	w->in_event = event_new(w->base, inbox_fd(&w->in), EV_READ | EV_PERSIST, on_inbox, w);
	HDA_ASSERT(w->in_event);
	event_add(w->in_event, NULL);
	char name[16];
	snprintf(name, sizeof(name), "hdad-in%u", index % 100);
	err = thread_start(&w->thread, name, run, w);
	if (err < 0) {
		session_loop_done(&w->loop);
		worker_done(w);
	}
	return err;
}

void worker_done(struct worker *w)
{
	struct inbox_msg *next;
	for (struct inbox_msg *m = inbox_take(&w->in); m; m = next) {
		next = m->next;
		if (m->kind == WORKER_ACCEPT)
			close(((struct accept_msg *)m)->fd);
		if (m->kind == WORKER_CONFIG)
			config_unref(((struct config_msg *)m)->cfg);
		if (m->kind == WORKER_STORED)
			dump_free((struct dump *)m);
		else
			free(m);
	}
	inbox_done(&w->in);
	event_free(w->in_event);
	event_base_free(w->base);
	config_unref(w->cfg);
}

void worker_post(struct worker *w, enum worker_msg kind)
{
	struct inbox_msg *m = xcalloc(1, sizeof(*m));
	m->kind = kind;
	inbox_post(&w->in, m);
}

void worker_accept(struct worker *w, int fd, uint64_t pid)
{
	struct accept_msg *a = xcalloc(1, sizeof(*a));
	a->msg.kind = WORKER_ACCEPT;
	a->fd = fd;
	a->pid = pid;
	atomic_fetch_add(&w->load, 1);
	inbox_post(&w->in, &a->msg);
}

void worker_config(struct worker *w, struct config *cfg)
{
	struct config_msg *m = xcalloc(1, sizeof(*m));
	m->msg.kind = WORKER_CONFIG;
	m->cfg = config_ref(cfg);
	inbox_post(&w->in, &m->msg);
}

void worker_check_drained(struct worker *w)
{
	if (!w->draining || w->drained)
		return;
	for (struct session *s = w->loop.sessions; s; s = s->next) {
		if (s->state != SESSION_CLOSED || s->pins)
			return;
	}
	w->drained = true;
	w->drained_msg.kind = MAIN_DRAINED;
	inbox_post(&w->h->main_in, &w->drained_msg);
}
