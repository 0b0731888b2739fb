/* A thread that answers queries. SPDX-License-Identifier: BSD-2-Clause
 *
 * Small answers (up to ANSWER_HOLD) are made whole and written by main. Of a larger one this thread writes the beginning itself,
 * while the read transaction is open: so a peer that does not read is given stall_deadline, and half a second when others wait. */
#include "daemon/querier.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "daemon/host.h"
#include "daemon/thread.h"

enum {
	STALL_OTHERS_WAIT_MS = 500,
	POLL_SLICE_MS = 100,         /* between two looks at whether we stop or others wait */
};

const struct val *job_arg(const struct msg_request *req, const char *name)
{
	for (size_t i = 0; i < req->n; i++) {
		if (!strcmp(req->a[i].name, name))
			return &req->a[i].v;
	}
	return NULL;
}

void query_job_free(struct query_job *j)
{
	answer_done(&j->answer);
	free(j->gems);
	config_unref(j->cfg);
	free(j->body);
	free(j);
}

static bool expired(void *ctx)
{
	struct query_job *j = ctx;
	heartbeat_move(&j->q->heart);
	if (atomic_load(&j->h->stopping) || host_mono_ms() > j->deadline_ms)
		return true;
	j->dead = j->dead || session_peer_gone(j->fd);
	return j->dead;
}

/* Waits until the peer reads; false when it had its time. */
static bool wait_writable(struct query_job *j, uint64_t since)
{
	for (;;) {
		struct pollfd p = {.fd = j->fd, .events = POLLOUT};
		if (poll(&p, 1, POLL_SLICE_MS) > 0)
			return true;
		heartbeat_move(&j->q->heart);
		uint64_t now = host_mono_ms(), stall = config_get(j->cfg, CFG_stall_deadline);
		if (inbox_length(&j->h->query_in) && stall > STALL_OTHERS_WAIT_MS)
			stall = STALL_OTHERS_WAIT_MS;
		if (now - since > stall || now > j->deadline_ms || atomic_load(&j->h->stopping))
			return false;
	}
}

/* answer.flush: writes all that is held. */
static int write_out(void *ctx, struct enc *out)
{
	struct query_job *j = ctx;
	size_t done = 0;
	uint64_t since = host_mono_ms();
	while (done < out->n) {
		ssize_t n = send(j->fd, out->p + done, out->n - done, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n > 0) {
			done += (size_t)n;
			since = host_mono_ms();
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN && wait_writable(j, since))
			continue;
		j->dead = true;
		if (n < 0 && errno == EAGAIN)
			stats_add(&j->q->stats, STAT_query_stalls, 1);
		return HDA_ETIMEDOUT_;
	}
	enc_clear(out);
	return 0;
}

static int dispatch(struct query_job *j, char **ret_text)
{
	struct query_args *args = xcalloc(1, sizeof(*args));
	args->n = j->req.n;
	for (size_t i = 0; i < j->req.n; i++)
		args->a[i] = (struct query_arg){.name = j->req.a[i].name, .v = j->req.a[i].v};
	struct query_ctx q = {
	    .store = j->h->store,
	    .now = host_now(),
	    .row_cap = config_get(j->cfg, CFG_row_cap),
	    .expired = expired,
	    .expired_ctx = j,
	    .gems = j->gems,
	    .ngems = j->ngems,
	};
	struct row_sink sink = answer_sink(&j->answer);
	int status = query_dispatch(&q, j->req.cmd, args, &sink, ret_text);
	free(args);
	hdad_reader_check(j->h);
	return status;
}

static void answer(struct querier *q, struct query_job *j)
{
	j->q = q;
	j->answer.flush = write_out;
	j->answer.ctx = j;
	char *text = NULL;
	const struct daemon_cmd *cmd = daemon_cmd_find(j->req.cmd);
	int status = cmd ? cmd->run(j, &j->answer, &text) : dispatch(j, &text);
	if (j->answer.err == HDA_ELIMIT) {
		free(text);
		text = xstrdup("a row is larger than a message may be");
		status = HDA_STATUS_TOO_LARGE;
		j->answer.err = 0;
	}
	answer_end(&j->answer, status, text);
	stats_add(&q->stats, STAT_queries, 1);
	stats_add(&q->stats, STAT_query_rows, j->answer.nrows);
	stats_add(&q->stats, STAT_query_bytes, j->answer.nbytes);
	if (status == HDA_STATUS_DEADLINE && !j->dead)
		stats_add(&q->stats, STAT_query_deadlines, 1);
	if (status >= 500) {
		stats_add(&q->stats, STAT_query_failures, 1);
		log_event(LOG_query_failed, LOG_STR("cmd", j->req.cmd), LOG_STR("why", text));
	}
	free(text);
}

static void *run(void *ctx)
{
	struct querier *q = ctx;
	for (;;) {
		struct inbox_msg *m = inbox_wait_one(&q->h->query_in);
		if (m->kind == QUERIER_STOP) {
			free(m);
			return NULL;
		}
		heartbeat_enter(&q->heart);
		struct query_job *j = (struct query_job *)m;
		answer(q, j);
		atomic_store(&q->h->answered_ms, host_mono_ms());
		m->kind = MAIN_ANSWERED;
		inbox_post(&q->h->main_in, m);
		heartbeat_leave(&q->heart);
	}
}

int querier_start(struct querier *q, struct hdad *h, unsigned index)
{
	q->h = h;
	char name[16];
	snprintf(name, sizeof(name), "hdad-q%u", index % 100);
	return thread_start(&q->thread, name, run, q);
}
