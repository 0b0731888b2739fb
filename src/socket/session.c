/* Connections. SPDX-License-Identifier: BSD-2-Clause */
#include "socket/session.h"

#include <errno.h>
#include <event2/event.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/mem.h"
#include "proto/message.h"

static uint64_t mono_us(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static void check(const struct session *s) { HDA_ASSERT(s->magic == SESSION_MAGIC); }

const char *session_state_name(enum session_state state)
{
	static const char *const names[] = {
#define X(name, text) #name,
	    SESSION_STATES(X)
#undef X
	};
	return state < SESSION_STATES_N ? names[state] : "?";
}

void session_set_state(struct session *s, enum session_state state)
{
	check(s);
	enum session_state old = s->state;
	/* Nothing revives a closing session: an answer that could not be written may have closed it in its caller's hands. */
	if (old >= SESSION_CLOSING && state <= old)
		return;
	s->state = state;
	if (s->ops->changed)
		s->ops->changed(s, old);
}

/* --- deadlines --- */

static void arm_sweep(struct session_loop *l)
{
	if (l->sweeping)
		return;
	l->sweeping = true;
	event_add(l->sweep, &(struct timeval){.tv_usec = SESSION_SWEEP_MS * 1000});
}

void session_set_deadline(struct session *s, uint64_t ms)
{
	s->deadline_ms = 0;
	if (!ms || !session_open(s))
		return;
	s->deadline_ms = mono_us() / 1000 + ms;
	if (s->loop)
		arm_sweep(s->loop);
}

static void fault(struct session *s, enum session_fault why, const char *text)
{
	if (s->loop->fault)
		s->loop->fault(s->loop->ctx, s, why, text);
}

static void expire(struct session *s, uint64_t now)
{
	if (s->write_deadline_ms && now >= s->write_deadline_ms) {
		fault(s, SESSION_FAULT_UNREAD, NULL);
		session_close(s);
		return;
	}
	if (s->frame_deadline_ms && now >= s->frame_deadline_ms) {
		fault(s, SESSION_FAULT_DEADLINE, session_state_name(s->state));
		session_error(s, HDA_STATUS_DEADLINE, "the rest of a message did not come");
		return;
	}
	if (!s->deadline_ms || now < s->deadline_ms)
		return;
	s->deadline_ms = 0;
	if (s->ops->deadline) {
		s->ops->deadline(s);
		return;
	}
	fault(s, SESSION_FAULT_DEADLINE, session_state_name(s->state));
	session_error(s, HDA_STATUS_DEADLINE, "too slow");
}

static void on_sweep(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	struct session_loop *l = ctx;
	heartbeat_enter(l->heart);
	l->sweeping = false;
	uint64_t now = mono_us() / 1000;
	bool more = false;
	for (struct session *s = l->sessions; s; s = s->next) {
		if (s->state != SESSION_CLOSED && (s->deadline_ms || s->write_deadline_ms || s->frame_deadline_ms))
			expire(s, now);
		more = more || s->deadline_ms || s->write_deadline_ms || s->frame_deadline_ms;
	}
	if (more)
		arm_sweep(l);
	heartbeat_leave(l->heart);
}

/* --- life and death --- */

static void list_add(struct session **head, struct session *s)
{
	s->prev = NULL;
	s->next = *head;
	if (s->next)
		s->next->prev = s;
	*head = s;
}

static void list_del(struct session **head, struct session *s)
{
	if (s->prev)
		s->prev->next = s->next;
	else
		*head = s->next;
	if (s->next)
		s->next->prev = s->prev;
	s->prev = s->next = NULL;
}

static void free_session(struct session *s)
{
	frame_decoder_done(&s->dec);
	enc_done(&s->out);
	free(s->stash);
	s->magic = 0;
	free(s);
}

static void drop_events(struct session *s)
{
	if (s->readable)
		event_free(s->readable);
	if (s->writable)
		event_free(s->writable);
	s->readable = s->writable = NULL;
}

bool session_peer_gone(int fd)
{
	struct pollfd p = {.fd = fd};
	return poll(&p, 1, 0) > 0 && (p.revents & (POLLHUP | POLLERR));
}

/* A callback that was already due this turn may still fire after event_del: so closed sessions are freed a turn later. */
static void on_reap(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	struct session_loop *l = ctx;
	struct session *dead = l->dead, *next;
	l->dead = NULL;
	for (struct session *s = dead; s; s = next) {
		next = s->next_dead;
		if (s->pins) {
			s->next_dead = l->dead;
			l->dead = s;
			continue;
		}
		list_del(&l->sessions, s);
		free_session(s);
	}
}

static void reap_soon(struct session_loop *l) { event_add(l->reap, &(struct timeval){0}); }

void session_close(struct session *s)
{
	check(s);
	if (s->state == SESSION_CLOSED)
		return;
	struct session_loop *l = s->loop;
	session_set_state(s, SESSION_CLOSED);
	if (s->ops->closed)
		s->ops->closed(s);
	drop_events(s);
	close(s->fd);
	s->fd = -1;
	s->deadline_ms = s->write_deadline_ms = s->frame_deadline_ms = 0;
	l->n--;
	/* It stays in the list until it is freed: whoever walks the list may close any session on the way. */
	s->next_dead = l->dead;
	l->dead = s;
	reap_soon(l);
}

void session_close_soon(struct session *s)
{
	check(s);
	if (!session_open(s))
		return;
	session_set_state(s, SESSION_CLOSING);
	s->deadline_ms = s->frame_deadline_ms = 0;
	event_del(s->readable);
	if (s->out.n == s->out_done)
		session_close(s);
}

void session_pin(struct session *s) { s->pins++; }

void session_unpin(struct session *s)
{
	check(s);
	HDA_ASSERT(s->pins > 0);
	if (--s->pins == 0 && s->state == SESSION_CLOSED)
		reap_soon(s->loop);
}

/* --- writing --- */

static void on_writable(evutil_socket_t fd, short what, void *ctx);

static void arm_write(struct session *s)
{
	if (!s->writable) {
		s->writable = event_new(s->loop->base, s->fd, EV_WRITE | EV_PERSIST, on_writable, s);
		HDA_ASSERT(s->writable);
	}
	event_add(s->writable, NULL);
	/* A peer that reads a little now and then gets a new deadline each time: only standing still ends it. */
	s->write_deadline_ms = mono_us() / 1000 + s->loop->write_stall_ms;
	arm_sweep(s->loop);
}

/* Writes what the socket takes. May close the session. */
static void flush(struct session *s)
{
	while (s->out_done < s->out.n) {
		ssize_t n = send(s->fd, s->out.p + s->out_done, s->out.n - s->out_done, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			arm_write(s);
			return;
		}
		if (n < 0) { /* the peer is gone */
			session_close(s);
			return;
		}
		s->out_done += (size_t)n;
	}
	enc_done(&s->out); /* an idle session keeps no buffer */
	s->out_done = 0;
	s->write_deadline_ms = 0;
	if (s->writable)
		event_del(s->writable);
	if (s->state == SESSION_CLOSING)
		session_close(s);
}

static void on_writable(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	struct session *s = ctx;
	if (s->state == SESSION_CLOSED)
		return;
	struct heartbeat *heart = s->loop->heart;
	heartbeat_enter(heart);
	flush(s);
	if (session_open(s) && s->out_done == s->out.n && s->ops->drained)
		s->ops->drained(s);
	heartbeat_leave(heart);
}

void session_send_raw(struct session *s, const void *p, size_t n)
{
	check(s);
	if (s->state == SESSION_CLOSED || n == 0)
		return;
	bool waiting = s->out_done < s->out.n;
	if (s->out.n - s->out_done + n > s->out_max) {
		fault(s, SESSION_FAULT_UNREAD, NULL);
		session_close(s);
		return;
	}
	if (s->out_done) {
		memmove(s->out.p, s->out.p + s->out_done, s->out.n - s->out_done);
		s->out.n -= s->out_done;
		s->out_done = 0;
	}
	enc_raw(&s->out, p, n);
	if (!waiting)
		flush(s);
}

void session_send(struct session *s, uint8_t type, uint32_t seq, const struct enc *body)
{
	struct enc e = {0};
	frame_put(&e, type, seq, (struct span){body->p, body->n});
	session_send_raw(s, e.p, e.n);
	enc_done(&e);
}

void session_error(struct session *s, int status, const char *text)
{
	if (!session_open(s))
		return;
	if (status >= 400 && status < 500)
		fault(s, SESSION_FAULT_PROTOCOL, text);
	struct msg_error m = {.code = (uint32_t)status};
	strncpy(m.text, text, sizeof(m.text) - 1);
	if (status == HDA_STATUS_VERSION) {
		m.min = HDA_PROTOCOL_MIN;
		m.max = HDA_PROTOCOL_MAX;
	}
	struct enc e = {0};
	msg_error_encode(&e, &m);
	session_send(s, HDA_FRAME_ERROR, s->last_seq, &e);
	enc_done(&e);
	session_close_soon(s);
}

/* --- reading --- */

static void stash_rest(struct session *s)
{
	struct span rest = frame_decoder_rest(&s->dec);
	if (!rest.n)
		return;
	HDA_ASSERT(s->nstash == 0);
	s->stash = xmalloc(rest.n + SESSION_PAD);
	memcpy(s->stash, rest.p, rest.n);
	memset(s->stash + rest.n, 0, SESSION_PAD);
	s->nstash = rest.n;
}

/* A frame that has begun must end, whatever the session may otherwise wait for. */
static void arm_frame(struct session *s)
{
	if (s->frame_deadline_ms || !s->loop->frame_stall_ms || frame_decoder_idle(&s->dec))
		return;
	s->frame_deadline_ms = mono_us() / 1000 + s->loop->frame_stall_ms;
	arm_sweep(s->loop);
}

/* Bytes to frames and to the raw bytes between them. */
static void feed(struct session *s, struct span in)
{
	frame_decoder_feed(&s->dec, in);
	while (session_open(s)) {
		if (s->paused || s->leaving) {
			stash_rest(s);
			return;
		}
		if (s->raw) {
			struct span rest = s->ops->bytes(s, frame_decoder_rest(&s->dec));
			if (s->raw || !session_open(s))
				return;
			frame_decoder_feed(&s->dec, rest);
			continue;
		}
		struct frame f;
		int r = frame_decoder_next(&s->dec, &f);
		if (r == 0) {
			arm_frame(s);
			return;
		}
		if (r < 0) {
			session_error(s, s->dec.status, s->dec.text);
			return;
		}
		s->frame_deadline_ms = 0;
		s->last_seq = f.hdr.seq;
		s->ops->frame(s, &f);
	}
}

static void ended(struct session *s, int err)
{
	s->eof = true;
	if (s->readable)
		event_del(s->readable); /* else an end of file fires for ever */
	if (s->ops->eof)
		s->ops->eof(s, err);
	else
		session_close(s);
}

/* One read; false when the turn is over. */
static bool read_once(struct session *s, size_t *total)
{
	struct session_loop *l = s->loop;
	ssize_t n = read(s->fd, l->buf, SESSION_READ);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0) {
		ended(s, n < 0 ? -errno : 0);
		return false;
	}
	memset(l->buf + n, 0, SESSION_PAD);
	*total += (size_t)n;
	feed(s, (struct span){l->buf, (size_t)n});
	return session_open(s) && !s->paused && !s->eof && !s->leaving;
}

static void detach(struct session *s)
{
	struct session_loop *l = s->loop;
	drop_events(s);
	list_del(&l->sessions, s);
	l->n--;
	s->loop = NULL;
	s->leaving = false;
	s->paused = true;
	l->left(l->ctx, s);
}

static void on_readable(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	struct session *s = ctx;
	if (!session_open(s))
		return;
	struct session_loop *l = s->loop;
	heartbeat_enter(l->heart);
	uint64_t start = mono_us();
	l->now_ms = start / 1000;
	size_t total = 0;
	while (read_once(s, &total)) {
		uint64_t now = mono_us();
		l->now_ms = now / 1000;
		if (total >= SESSION_BUDGET || now - start >= SESSION_BUDGET_US) {
			if (l->yielded)
				l->yielded(l->ctx);
			break;
		}
	}
	if (s->leaving && session_open(s))
		detach(s); /* the last touch: another thread has it now */
	heartbeat_leave(l->heart);
}

void session_pause(struct session *s)
{
	s->paused = true;
	event_del(s->readable);
}

void session_resume(struct session *s)
{
	check(s);
	if (!session_open(s) || !s->paused)
		return;
	s->paused = false;
	s->loop->now_ms = mono_us() / 1000;
	uint8_t *stash = s->stash;
	size_t n = s->nstash;
	s->stash = NULL;
	s->nstash = 0;
	if (n)
		feed(s, (struct span){stash, n});
	free(stash);
	HDA_ASSERT(!s->leaving);
	if (session_open(s) && !s->paused)
		event_add(s->readable, NULL);
}

/* --- loops --- */

static void hook(struct session_loop *l, struct session *s)
{
	s->loop = l;
	s->readable = event_new(l->base, s->fd, EV_READ | EV_PERSIST, on_readable, s);
	HDA_ASSERT(s->readable);
	list_add(&l->sessions, s);
	l->n++;
	if (s->deadline_ms)
		arm_sweep(l);
}

struct session *session_new(struct session_loop *l, int fd, uint64_t pid, size_t size, const struct session_ops *ops)
{
	HDA_ASSERT(size >= sizeof(struct session));
	struct session *s = xcalloc(1, size);
	s->magic = SESSION_MAGIC;
	s->ops = ops;
	s->fd = fd;
	s->pid = pid;
	s->out_max = SESSION_OUT_MAX;
	frame_decoder_init(&s->dec);
	hook(l, s);
	session_set_state(s, SESSION_HELLO);
	event_add(s->readable, NULL);
	return s;
}

void session_leave(struct session *s)
{
	HDA_ASSERT(s->pins == 0 && s->loop->left);
	s->leaving = true;
}

void session_attach(struct session_loop *l, struct session *s, const struct session_ops *ops)
{
	check(s);
	s->ops = ops;
	hook(l, s);
	if (s->out_done < s->out.n)
		arm_write(s);
	session_resume(s);
}

void session_loop_init(struct session_loop *l, struct event_base *base, struct heartbeat *heart)
{
	*l = (struct session_loop){.base = base, .heart = heart, .write_stall_ms = 5000};
	l->buf = xmalloc(SESSION_READ + SESSION_PAD);
	l->sweep = event_new(base, -1, 0, on_sweep, l);
	l->reap = event_new(base, -1, 0, on_reap, l);
	HDA_ASSERT(l->sweep && l->reap);
}

void session_loop_done(struct session_loop *l)
{
	for (struct session *s = l->sessions; s; s = s->next)
		session_close(s);
	while (l->sessions) {
		struct session *s = l->sessions;
		list_del(&l->sessions, s);
		free_session(s);
	}
	event_free(l->sweep);
	event_free(l->reap);
	free(l->buf);
}
