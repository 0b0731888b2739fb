/* Query and control sessions: a request, its rows, the next request. SPDX-License-Identifier: BSD-2-Clause Main thread. */
#include "daemon/admin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/mem.h"
#include "daemon/hello.h"
#include "daemon/host.h"
#include "daemon/querier.h"

enum {
	ADMIN_OUT_MAX = ANSWER_HOLD + (2 << 20), /* what a querier holds, and its last frames */
};

static struct admin *admin_of(struct session *s) { return (struct admin *)s; }

/* The next question waits until the last answer is out: a querier may write to the descriptor itself. on_drained goes on. */
static void keep_turns(struct session *s)
{
	if (session_open(s) && s->out_done < s->out.n)
		session_pause(s);
}

static void on_hello(struct admin *a, const struct frame *f)
{
	struct session *s = &a->s;
	struct msg_hello m;
	if (!hello_take(s, f, 1u << ROLE_QUERY, &m))
		return;
	session_set_state(s, SESSION_READY);
	session_set_deadline(s, 0); /* an idle client costs a descriptor of a bounded number */
	hello_welcome(s, a->h->cfg, f->hdr.seq);
	keep_turns(s);
}

/* An answer that main makes itself. */
static void answer_now(struct admin *a, uint32_t seq, int status, const char *text)
{
	struct answer an;
	answer_init(&an, seq);
	answer_end(&an, status, text);
	stats_add(&a->h->stats, STAT_queries, 1);
	session_send_raw(&a->s, an.out.p, an.out.n);
	answer_done(&an);
	keep_turns(&a->s);
}

/* --- commands of main --- */

static bool arg_u64(const struct val *v, uint64_t *ret)
{
	if (!v)
		return false;
	if (v->kind == VAL_UINT) {
		*ret = v->u;
		return true;
	}
	if (v->kind != VAL_STR || v->s.n == 0 || v->s.n > 19)
		return false;
	uint64_t n = 0;
	for (size_t i = 0; i < v->s.n; i++) {
		if (v->s.p[i] < '0' || v->s.p[i] > '9')
			return false;
		n = n * 10 + (uint64_t)(v->s.p[i] - '0');
	}
	*ret = n;
	return true;
}

static bool arg_time(const struct val *v, double *ret)
{
	uint64_t n;
	if (v->kind == VAL_REAL) {
		*ret = v->r;
		return true;
	}
	if (!arg_u64(v, &n))
		return false;
	*ret = (double)n;
	return true;
}

enum { TRACE_MAX_S = 3600 /* as hdactl(1) says */ };

static void cmd_dump(struct admin *a, const struct msg_request *req, uint32_t seq)
{
	uint64_t pid, traced = 0;
	char *text = NULL;
	int status = HDA_STATUS_ARGUMENT;
	if (!arg_u64(job_arg(req, "pid"), &pid)) {
		answer_now(a, seq, status, "dump: pid must be the number of a process");
		return;
	}
	if (job_arg(req, "trace") && (!arg_u64(job_arg(req, "trace"), &traced) || traced > TRACE_MAX_S)) {
		answer_now(a, seq, status, "dump: trace is a number of seconds, at most 3600");
		return;
	}
	const struct val *wait = job_arg(req, "wait");
	session_set_state(&a->s, SESSION_BUSY);
	if (gems_ask(a, pid, (uint32_t)traced, wait && wait->kind == VAL_BOOL && wait->b, seq, &text, &status))
		return;
	session_set_state(&a->s, SESSION_READY);
	answer_now(a, seq, status, text);
	free(text);
}

static void cmd_reload(struct admin *a, const struct msg_request *req, uint32_t seq)
{
	_cleanup_free_ char *text = NULL;
	(void)req;
	int status = hdad_reload(a->h, &text);
	answer_now(a, seq, status, text);
}

static void cmd_watch(struct admin *a, const struct msg_request *req, uint32_t seq)
{
	const struct val *since = job_arg(req, "since");
	double t = 0;
	if (since && !arg_time(since, &t))
		answer_now(a, seq, HDA_STATUS_ARGUMENT, "watch: since is a number of seconds since 1970");
	else
		watch_begin(a, seq, since ? &t : NULL);
}

/* The commands BY_MAIN. */
static const struct {
	const char *name;
	void (*run)(struct admin *a, const struct msg_request *req, uint32_t seq);
} main_cmds[] = {{"reload", cmd_reload}, {"watch", cmd_watch}, {"dump", cmd_dump}};

void admin_asked(struct admin *a, uint32_t seq, int status, const char *text)
{
	if (!session_open(&a->s))
		return;
	session_set_state(&a->s, SESSION_READY);
	answer_now(a, seq, status, text);
	if (a->s.eof)
		session_close_soon(&a->s);
}

/* --- requests --- */

static void to_querier(struct admin *a, struct query_job *j)
{
	session_set_state(&a->s, SESSION_BUSY);
	/* The querier writes to the descriptor itself if it must, so main keeps off it. */
	session_pause(&a->s);
	session_pin(&a->s);
	j->msg.kind = QUERIER_JOB;
	inbox_post(&a->h->query_in, &j->msg);
}

/* The storer writes, and answers. */
static void to_storer(struct admin *a, struct query_job *j)
{
	session_set_state(&a->s, SESSION_BUSY);
	session_pause(&a->s);
	session_pin(&a->s);
	j->msg.kind = STORER_ACK;
	inbox_post(&a->h->store_in, &j->msg);
}

static const char *unknown_arg(const struct daemon_cmd *cmd, const struct msg_request *req)
{
	for (size_t i = 0; i < req->n; i++) {
		const char *const *p = cmd->args;
		while (*p && strcmp(*p, req->a[i].name) != 0)
			p++;
		if (!*p)
			return req->a[i].name;
	}
	return NULL;
}

/* A request with all that its answer needs; NULL when it could not be read, which ends the session. */
static struct query_job *job_new(struct admin *a, const struct frame *f)
{
	struct proto_err err;
	struct query_job *j = xcalloc(1, sizeof(*j));
	j->body = xmalloc(f->body.n);
	memcpy(j->body, f->body.p, f->body.n);
	if (msg_request_decode(&j->req, (struct span){j->body, f->body.n}, &err) < 0) {
		query_job_free(j);
		session_error(&a->s, err.status, err.text);
		return NULL;
	}
	j->h = a->h;
	j->s = &a->s;
	j->fd = a->s.fd;
	j->control = a->control;
	j->cfg = config_ref(a->h->cfg);
	j->deadline_ms = host_mono_ms() + config_get(a->h->cfg, CFG_query_deadline);
	answer_init(&j->answer, f->hdr.seq);
	return j;
}

/* True when a command of the daemon was answered with what is wrong with it. */
static bool refused(struct admin *a, const struct daemon_cmd *cmd, const struct msg_request *req, uint32_t seq)
{
	const char *bad = unknown_arg(cmd, req);
	if (cmd->control_only && !a->control) {
		answer_now(a, seq, HDA_STATUS_FORBIDDEN, "only by the control socket");
		return true;
	}
	if (bad) {
		_cleanup_free_ char *text = xasprintf("%s: no argument \"%s\"", cmd->name, bad);
		answer_now(a, seq, HDA_STATUS_ARGUMENT, text);
	}
	return bad != NULL;
}

static void run_here(struct admin *a, const struct daemon_cmd *cmd, const struct msg_request *req, uint32_t seq)
{
	for (size_t i = 0; i < sizeof(main_cmds) / sizeof(main_cmds[0]); i++) {
		if (!strcmp(main_cmds[i].name, cmd->name)) {
			main_cmds[i].run(a, req, seq);
			return;
		}
	}
	HDA_ASSERT(!"a command of main has no function");
}

static void on_request(struct admin *a, const struct frame *f)
{
	HDA_ASSERT(a->s.out_done == a->s.out.n); /* keep_turns */
	struct query_job *j = job_new(a, f);
	if (!j)
		return;
	const struct daemon_cmd *cmd = daemon_cmd_find(j->req.cmd);
	if (!cmd && !strcmp(j->req.cmd, "ps"))
		j->gems = gems_snapshot(a->h, &j->ngems);
	if (cmd && refused(a, cmd, &j->req, f->hdr.seq)) {
		query_job_free(j);
	} else if (!cmd || cmd->by == BY_QUERIER) {
		to_querier(a, j);
	} else if (cmd->by == BY_STORER) {
		to_storer(a, j);
	} else {
		run_here(a, cmd, &j->req, f->hdr.seq);
		query_job_free(j);
	}
}

void admin_answered(struct hdad *h, struct inbox_msg *m)
{
	struct query_job *j = (struct query_job *)m;
	struct session *s = j->s;
	(void)h;
	if (session_open(s)) {
		if (j->dead) {
			session_close(s);
		} else {
			session_set_state(s, SESSION_READY);
			session_send_raw(s, j->answer.out.p, j->answer.out.n);
		}
	}
	query_job_free(j);
	session_unpin(s);
	if (session_open(s) && s->out_done == s->out.n)
		session_resume(s);
}

static void on_drained(struct session *s)
{
	if (s->state == SESSION_READY)
		session_resume(s);
}

/* While an answer is in the making or unread the session is paused and sees no end, so this is after the last one; but for `dump`,
 * whose asker may have shut down only its sending side. */
static void on_eof(struct session *s, int err)
{
	if (s->state != SESSION_BUSY || err < 0 || session_peer_gone(s->fd))
		session_close(s);
}

static void on_frame(struct session *s, const struct frame *f)
{
	struct admin *a = admin_of(s);
	if (s->state == SESSION_HELLO)
		on_hello(a, f);
	else if (s->state == SESSION_READY && f->hdr.type == HDA_FRAME_REQUEST)
		on_request(a, f);
	else
		session_error(s, HDA_STATUS_UNEXPECTED, "this message is not allowed now");
}

static void on_changed(struct session *s, enum session_state old)
{
	struct admin *a = admin_of(s);
	if (old != SESSION_WATCHING || s->state == SESSION_WATCHING)
		return;
	stats_sub(&a->h->stats, STAT_watchers, 1);
}

static void on_closed(struct session *s)
{
	struct admin *a = admin_of(s);
	if (a->ask)
		gems_forget(a->ask);
	a->ask = NULL;
	a->h->nadmins[a->control]--;
	stats_sub(&a->h->stats, a->control ? STAT_sessions_control : STAT_sessions_query, 1);
}

#define ADMIN_OPS .frame = on_frame, .eof = on_eof, .drained = on_drained, .changed = on_changed, .closed = on_closed
static const struct session_ops query_ops = {.kind = "query", ADMIN_OPS};
static const struct session_ops control_ops = {.kind = "control", ADMIN_OPS};

void admin_accept(struct hdad *h, int fd, uint64_t pid, bool control)
{
	struct session *s = session_new(&h->loop, fd, pid, sizeof(struct admin), control ? &control_ops : &query_ops);
	struct admin *a = admin_of(s);
	a->h = h;
	a->control = control;
	s->out_max = ADMIN_OUT_MAX;
	h->nadmins[control]++;
	stats_add(&h->stats, control ? STAT_sessions_control : STAT_sessions_query, 1);
	session_set_deadline(s, config_get(h->cfg, CFG_hello_deadline));
}
