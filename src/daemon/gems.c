/* Idle gems: thousands of silent connections, and DUMP_NOW. SPDX-License-Identifier: BSD-2-Clause Main thread. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "daemon/admin.h"

enum { ASK_MS = 15000 /* how long a gem may take to say whether it will dump */ };

static void resolve(struct client *c, int status, const char *text)
{
	struct gem_ask *ask = c->ask;
	if (!ask)
		return;
	c->ask = NULL;
	if (ask->asker) {
		ask->asker->ask = NULL;
		admin_asked(ask->asker, ask->seq, status, text);
	}
	free(ask);
}

void gems_forget(struct gem_ask *ask)
{
	/* The gem's answer is still to come; nobody waits for it. */
	ask->asker = NULL;
}

static void on_frame(struct session *s, const struct frame *f)
{
	struct client *c = (struct client *)s;
	struct msg_dump_answer m;
	struct proto_err err;
	if (f->hdr.type != HDA_FRAME_DUMP_ANSWER) {
		session_error(s, HDA_STATUS_UNEXPECTED, "an idle gem only answers DUMP_NOW");
		return;
	}
	if (msg_dump_answer_decode(&m, f->body, &err) < 0) {
		session_error(s, err.status, err.text);
		return;
	}
	if (!c->ask || m.token != c->ask->token)
		return; /* an answer that came too late */
	session_set_deadline(s, 0);
	session_set_state(s, SESSION_READY);
	char text[256];
	snprintf(text, sizeof(text), "pid %llu %s%s", (unsigned long long)c->pid, m.ok ? "will dump" : "will not dump: ", m.ok ? "" : m.why);
	resolve(c, m.ok ? HDA_STATUS_OK : HDA_STATUS_BUSY, text);
}

static void on_deadline(struct session *s)
{
	session_set_state(s, SESSION_READY);
	resolve((struct client *)s, HDA_STATUS_DEADLINE, "the process did not answer");
}

static void on_closed(struct session *s)
{
	struct client *c = (struct client *)s;
	c->h->ngems--;
	stats_sub(&c->h->stats, STAT_sessions_gem, 1);
	log_event(LOG_gem_gone, LOG_UINT("pid", c->pid), LOG_STR("app", c->app));
	resolve(c, HDA_STATUS_BUSY, "the process went away");
}

const struct session_ops gem_ops = {.kind = "gem", .frame = on_frame, .deadline = on_deadline, .closed = on_closed};

void gems_take(struct hdad *h, struct client *c)
{
	h->ngems++;
	stats_add(&h->stats, STAT_sessions_gem, 1);
	log_event(LOG_gem_connected, LOG_UINT("pid", c->pid), LOG_STR("app", c->app));
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

bool gems_ask(struct admin *a, uint64_t pid, uint32_t traced_s, uint32_t seq, char **ret_text, int *ret_status)
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
	*ask = (struct gem_ask){.token = ++h->next_token, .seq = seq, .gem = c, .asker = a};
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
