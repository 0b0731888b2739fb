/* Idle gems: thousands of silent connections, and DUMP_NOW. SPDX-License-Identifier: BSD-2-Clause Main thread.
 *
 *   asked -DUMP_ANSWER{ok}-> accepted -the dump's BEGIN-> begun -committed-> stored -DUMP_ANSWER{done}-> over
 * A gem is not believed more than what is seen: a dump that is stored ends the wait though the gem never says so, a promise without
 * a dump ends at a deadline, and a process that dumps is shown as such whatever it says. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "daemon/admin.h"
#include "daemon/answer.h"
#include "daemon/host.h"

enum {
	ASK_MS = 15000,    /* how long a gem may take to say whether it will dump */
	LEASE_MS = 60000,  /* more than tracing and dump_deadline: it may be told to come back later */
	LAST_MS = 5000,    /* from the commit to the gem's last word */
};

/* What an idle gem does. */
struct gem {
	uint64_t since_ms;           /* connected */
	uint64_t dumping_ms;         /* its dump began; 0: none is in flight */
	uint64_t until_ms;           /* of the state; 0: not said */
	bool silent;                 /* did not answer the last question */
	char state[16], why[128];    /* as it says */
};

/* --- what the asker hears --- */

static void put_row(struct gem_ask *ask, const char *const *cols, const struct val *cells, size_t n)
{
	struct answer an;
	answer_init(&an, ask->seq);
	answer_cells(&an, cols, cells, n);
	answer_push(&an);
	session_send_raw(&ask->asker->s, an.out.p, an.out.n);
	answer_done(&an);
}

static void progress(struct gem_ask *ask, const char *event, const char *text, double until_s)
{
	static const char *const cols[] = {"time", "event", "pid", "text", "until_s"};
	if (!ask->asker || !ask->wait)
		return;
	const struct val cells[] = {val_real(host_now()), val_str(event), val_uint(ask->gem->pid), text ? val_str(text) : val_null(),
	    until_s > 0 ? val_real(until_s) : val_null()};
	put_row(ask, cols, cells, sizeof(cells) / sizeof(cells[0]));
}

static struct val known(uint64_t n) { return n == HEADER_UNKNOWN ? val_null() : val_uint(n); }
static struct val scaled(uint64_t n, double unit) { return n == HEADER_UNKNOWN ? val_null() : val_real((double)n / unit); }

/* The last row: the dump, and what it cost (m: NULL when the gem did not say). */
static void put_end(struct gem_ask *ask, const struct msg_dump_answer *m)
{
	static const char *const cols[] = {"time", "event", "pid", "dump", "jobs", "objects", "bytes", "bad_lines", "took_s", "pause_s",
	    "traced_s", "allocated", "rss_grew", "gc_runs", "jobs_per_s_before", "jobs_per_s_traced"};
	const struct watch_event *e = &ask->stored;
	const struct val null = val_null();
	bool traced = m && m->traced_ms != HEADER_UNKNOWN;
	const struct val cells[] = {val_real(e->time), val_str("over"), val_uint(ask->gem->pid), known(e->dump), known(e->jobs),
	    known(e->objects), known(e->bytes), known(e->bad), m ? scaled(m->took_ms, 1e3) : val_real(e->took_s),
	    m ? scaled(m->pause_us, 1e6) : null, m ? scaled(m->traced_ms, 1e3) : null, m ? known(m->allocated) : null,
	    m ? known(m->rss_grew) : null, m ? known(m->gc_runs) : null, traced ? val_real(m->rate_before) : null,
	    traced ? val_real(m->rate_traced) : null};
	put_row(ask, cols, cells, sizeof(cells) / sizeof(cells[0]));
}

/* The asker has his answer; the question stays until the gem is through. */
static void answer_asker(struct gem_ask *ask, int status, const char *text)
{
	struct admin *a = ask->asker;
	ask->asker = NULL;
	if (!a)
		return;
	a->ask = NULL;
	admin_asked(a, ask->seq, status, text);
}

static void over(struct client *c, int status, const char *text)
{
	struct gem_ask *ask = c->ask;
	if (!ask)
		return;
	answer_asker(ask, status, text);
	c->ask = NULL;
	free(ask);
	if (!session_open(&c->s))
		return;
	session_set_deadline(&c->s, 0);
	session_set_state(&c->s, SESSION_READY);
}

/* By what was seen of the dump, and what the gem said of it last. */
static void finish(struct client *c, const struct msg_dump_answer *m)
{
	struct gem_ask *ask = c->ask;
	const struct watch_event *e = &ask->stored;
	char text[256];
	if (e->kind == WATCH_STORED && ask->asker && ask->wait)
		put_end(ask, m);
	if (e->kind == WATCH_STORED)
		snprintf(text, sizeof(text), "dump %llu is stored", (unsigned long long)e->dump);
	else if (m && !m->ok)
		snprintf(text, sizeof(text), "pid %llu did not dump: %s", (unsigned long long)c->pid, m->why);
	else if (m && e->kind == WATCH_BEGIN)
		snprintf(text, sizeof(text), "pid %llu says that it dumped, but no dump came", (unsigned long long)c->pid);
	else
		snprintf(text, sizeof(text), "the dump of pid %llu is not whole: %s", (unsigned long long)c->pid, e->text[0] ? e->text : "partial");
	over(c, e->kind == WATCH_STORED ? HDA_STATUS_OK : HDA_STATUS_BUSY, text);
}

void gems_forget(struct gem_ask *ask)
{
	/* The gem's answer is still to come; nobody waits for it. */
	ask->asker = NULL;
}

/* --- what the gem says --- */

static void accepted(struct client *c)
{
	struct gem_ask *ask = c->ask;
	char text[128];
	if (ask->traced_s)
		snprintf(text, sizeof(text), "pid %llu will trace allocations for %u s, then dump", (unsigned long long)c->pid, ask->traced_s);
	else
		snprintf(text, sizeof(text), "pid %llu will dump", (unsigned long long)c->pid);
	ask->accepted = true;
	session_set_deadline(&c->s, (uint64_t)ask->traced_s * 1000 + config_get(c->h->cfg, CFG_dump_deadline) + LEASE_MS);
	progress(ask, "accepted", text, 0);
	if (!ask->wait)
		answer_asker(ask, HDA_STATUS_OK, text);
}

static void on_answer(struct client *c, const struct frame *f)
{
	struct msg_dump_answer m;
	struct proto_err err;
	if (msg_dump_answer_decode(&m, f->body, &err) < 0) {
		session_error(&c->s, err.status, err.text);
		return;
	}
	c->gem->silent = false;
	if (!c->ask || m.token != c->ask->token)
		return; /* an answer that came too late */
	if (m.done) {
		finish(c, &m);
	} else if (m.ok) {
		accepted(c);
	} else {
		char text[256];
		snprintf(text, sizeof(text), "pid %llu will not dump: %s", (unsigned long long)c->pid, m.why);
		over(c, HDA_STATUS_BUSY, text);
	}
}

static void on_state(struct client *c, const struct frame *f)
{
	struct msg_gem_state m;
	struct proto_err err;
	if (msg_gem_state_decode(&m, f->body, &err) < 0) {
		session_error(&c->s, err.status, err.text);
		return;
	}
	struct gem *g = c->gem;
	memcpy(g->state, m.state, sizeof(g->state));
	memcpy(g->why, m.why, sizeof(g->why));
	g->until_ms = m.until_s > 0 && m.until_s < 1e9 ? host_mono_ms() + (uint64_t)(m.until_s * 1000) : 0;
	/* That it dumps is seen, not believed. */
	if (c->ask && c->ask->accepted && strcmp(m.state, "idle") != 0 && strcmp(m.state, "dumping") != 0)
		progress(c->ask, m.state, m.why[0] ? m.why : NULL, m.until_s);
}

static void on_frame(struct session *s, const struct frame *f)
{
	struct client *c = (struct client *)s;
	if (f->hdr.type == HDA_FRAME_DUMP_ANSWER)
		on_answer(c, f);
	else if (f->hdr.type == HDA_FRAME_GEM_STATE)
		on_state(c, f);
	else
		session_error(s, HDA_STATUS_UNEXPECTED, "an idle gem only answers DUMP_NOW and says its state");
}

static void on_deadline(struct session *s)
{
	struct client *c = (struct client *)s;
	if (c->ask && c->ask->stored.kind != WATCH_BEGIN) {
		finish(c, NULL); /* it is seen, whatever the gem says */
		return;
	}
	c->gem->silent = true;
	over(c, HDA_STATUS_DEADLINE, c->ask && c->ask->accepted ? "the process agreed, but no dump came" : "the process did not answer");
}

static void on_closed(struct session *s)
{
	struct client *c = (struct client *)s;
	c->h->ngems--;
	stats_sub(&c->h->stats, STAT_sessions_gem, 1);
	log_event(LOG_gem_gone, LOG_UINT("pid", c->pid), LOG_STR("app", c->app));
	if (c->ask && c->ask->stored.kind != WATCH_BEGIN)
		finish(c, NULL);
	else
		over(c, HDA_STATUS_BUSY, "the process went away");
	free(c->gem);
	c->gem = NULL;
	free(c->who);
	c->who = NULL;
}

const struct session_ops gem_ops = {.kind = "gem", .frame = on_frame, .deadline = on_deadline, .closed = on_closed};

void gems_take(struct hdad *h, struct client *c)
{
	h->ngems++;
	stats_add(&h->stats, STAT_sessions_gem, 1);
	log_event(LOG_gem_connected, LOG_UINT("pid", c->pid), LOG_STR("app", c->app));
	c->gem = xcalloc(1, sizeof(*c->gem));
	c->gem->since_ms = host_mono_ms();
	session_attach(&h->loop, &c->s, &gem_ops);
	if (h->ngems > config_get(h->cfg, CFG_max_gems))
		session_error(&c->s, HDA_STATUS_BUSY, "too many idle gems");
	else if (h->state != HDAD_RUNNING)
		session_error(&c->s, HDA_STATUS_DRAINING, "shutting down");
}

static struct client *find(struct hdad *h, uint64_t pid)
{
	for (struct session *s = h->loop.sessions; s; s = s->next) { /* newest first */
		struct client *c = (struct client *)s;
		if (s->ops == &gem_ops && session_open(s) && (c->pid == pid || c->host_pid == pid))
			return c;
	}
	return NULL;
}

bool gems_ask(struct admin *a, uint64_t pid, uint32_t traced_s, bool wait, uint32_t seq, char **ret_text, int *ret_status)
{
	struct hdad *h = a->h;
	struct client *c = find(h, pid);
	if (!c) {
		*ret_text = xasprintf("no process %llu waits for requests: does it run the gem?", (unsigned long long)pid);
		*ret_status = HDA_STATUS_UNKNOWN;
		return false;
	}
	if (c->ask) {
		*ret_text = xasprintf("process %llu is being asked already", (unsigned long long)pid);
		*ret_status = HDA_STATUS_BUSY;
		return false;
	}
	struct gem_ask *ask = xcalloc(1, sizeof(*ask));
	*ask = (struct gem_ask){.token = ++h->next_token, .seq = seq, .gem = c, .asker = a, .traced_s = traced_s, .wait = wait};
	c->ask = a->ask = ask;
	stats_add(&h->stats, STAT_dump_requests, 1);
	session_set_state(&c->s, SESSION_BUSY);
	session_set_deadline(&c->s, ASK_MS);
	struct msg_dump_now m = {.token = ask->token, .traced_s = traced_s};
	struct enc e = {0};
	msg_dump_now_encode(&e, &m);
	session_send(&c->s, HDA_FRAME_DUMP_NOW, (uint32_t)ask->token, &e); /* may close it, and so resolve the request */
	enc_done(&e);
	return true;
}

/* --- what is seen --- */

void gems_event(struct hdad *h, const struct watch_event *e)
{
	for (struct session *s = h->loop.sessions; s; s = s->next) {
		struct client *c = (struct client *)s;
		if (s->ops != &gem_ops || !session_open(s) || c->pid != e->pid || (c->host_pid != e->host_pid && e->host_pid != HEADER_UNKNOWN))
			continue;
		bool begins = e->kind == WATCH_BEGIN;
		c->gem->dumping_ms = begins ? host_mono_ms() : 0;
		if (!c->ask || !c->ask->accepted)
			return;
		if (begins)
			progress(c->ask, "dumping", NULL, 0);
		else
			c->ask->stored = *e;
		if (!begins)
			session_set_deadline(s, LAST_MS);
		return;
	}
}

static void describe(const struct client *c, uint64_t now, struct query_gem *ret)
{
	const struct gem *g = c->gem;
	ret->who = *c->who;
	ret->connected_s = (double)(now - g->since_ms) / 1000;
	if (g->dumping_ms) {
		snprintf(ret->state, sizeof(ret->state), "dumping");
		snprintf(ret->why, sizeof(ret->why), "for %llu s", (unsigned long long)(now - g->dumping_ms) / 1000);
	} else if (g->silent) {
		snprintf(ret->state, sizeof(ret->state), "silent");
		snprintf(ret->why, sizeof(ret->why), "did not answer when it was asked for a dump");
	} else {
		bool said = g->state[0] && strcmp(g->state, "dumping") != 0;
		snprintf(ret->state, sizeof(ret->state), "%s", said ? g->state : "idle");
		if (said && g->until_ms > now)
			snprintf(ret->why, sizeof(ret->why), "%.90s (for %llu s)", g->why, (unsigned long long)(g->until_ms - now + 999) / 1000);
		else if (said)
			snprintf(ret->why, sizeof(ret->why), "%s", g->why);
	}
}

struct query_gem *gems_snapshot(struct hdad *h, size_t *ret_n)
{
	uint64_t now = host_mono_ms();
	struct query_gem *all = xcalloc(h->ngems + 1, sizeof(*all));
	size_t n = 0;
	for (struct session *s = h->loop.sessions; s && n < h->ngems; s = s->next) {
		if (s->ops == &gem_ops && session_open(s))
			describe((struct client *)s, now, &all[n++]);
	}
	*ret_n = n;
	return all;
}
