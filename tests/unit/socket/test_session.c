/* Connections: what they bound, what they keep, and when they die. SPDX-License-Identifier: BSD-2-Clause */
#include "unit.h"

#include <event2/event.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "frame/frame.h"
#include "socket/session.h"

enum { PIECE = 8192, SOCKET_BUFFER = 16384, PIECES_MAX = 64 };

enum { NOTHING, PAUSE, LEAVE, CLOSE };

struct world {
	struct event_base *base;
	struct session_loop loop, other;
	struct heartbeat heart;
	struct session *s, *left;
	int peer;
	unsigned frames, closed, faults, drained;
	uint32_t seqs[8];
	enum session_fault fault;
	int then; /* what the callback does with the first frame */
};

static struct world *of(const struct session *s) { return s->loop->ctx; }

static void on_frame(struct session *s, const struct frame *f)
{
	struct world *w = of(s);
	w->seqs[w->frames++ % 8] = f->hdr.seq;
	if (w->frames > 1)
		return;
	if (w->then == PAUSE)
		session_pause(s);
	else if (w->then == LEAVE)
		session_leave(s);
	else if (w->then == CLOSE)
		session_close(s);
}

static void on_closed(struct session *s) { of(s)->closed++; }
static void on_left(void *ctx, struct session *s) { ((struct world *)ctx)->left = s; }

static void on_fault(void *ctx, struct session *s, enum session_fault why, const char *text)
{
	struct world *w = ctx;
	(void)s;
	(void)text;
	w->faults++;
	w->fault = why;
}

static void on_drained(struct session *s)
{
	assert_int_equal(s->out.n, s->out_done);
	of(s)->drained++;
}

static const struct session_ops ops = {.kind = "test", .frame = on_frame, .drained = on_drained, .closed = on_closed};

static void loop_init(struct session_loop *l, struct world *w)
{
	session_loop_init(l, w->base, &w->heart);
	l->ctx = w;
	l->fault = on_fault;
	l->left = on_left;
}

static int setup(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));
	int two[2], size = SOCKET_BUFFER;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, two), 0);
	assert_int_equal(setsockopt(two[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)), 0);
	w->base = event_base_new();
	loop_init(&w->loop, w);
	loop_init(&w->other, w);
	w->s = session_new(&w->loop, two[0], 1, sizeof(struct session), &ops);
	w->peer = two[1];
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;
	session_loop_done(&w->loop);
	session_loop_done(&w->other);
	event_base_free(w->base);
	close(w->peer);
	free(w);
	return 0;
}

/* All that is ready, and what comes of it. */
static void turn(struct world *w)
{
	for (int i = 0; i < 8; i++)
		event_base_loop(w->base, EVLOOP_NONBLOCK);
}

static void frames(struct world *w, uint32_t first, uint32_t n)
{
	struct enc e = {0};
	for (uint32_t i = first; i < first + n; i++)
		frame_put(&e, HDA_FRAME_HELLO, i, (struct span){(const uint8_t *)"\x80", 1});
	assert_int_equal(write(w->peer, e.p, e.n), e.n);
	enc_done(&e);
}

/* n frames come, and the callback of the first does that: the others wait, or are nobody's any more. */
static void first_does(struct world *w, int then, uint32_t n)
{
	w->then = then;
	frames(w, 1, n);
	turn(w);
	assert_int_equal(w->frames, 1);
}

/* A peer that does not read costs the socket's buffer and out_max, and then its connection. */
static void test_unread(void **state)
{
	struct world *w = *state;
	static const uint8_t piece[PIECE];
	unsigned n = 0;
	while (session_open(w->s) && n < PIECES_MAX) {
		session_send_raw(w->s, piece, sizeof(piece));
		assert_true(w->s->out.n - w->s->out_done <= SESSION_OUT_MAX);
		n++;
	}
	assert_true(n >= SESSION_OUT_MAX / PIECE); /* not before */
	assert_int_equal(w->closed, 1);
	assert_int_equal(w->faults, 1);
	assert_int_equal(w->fault, SESSION_FAULT_UNREAD);
}

/* One that reads in the end gets every byte, in order. */
static void test_all_written(void **state)
{
	struct world *w = *state;
	uint8_t sent[SESSION_OUT_MAX], got[sizeof(sent)];
	size_t n = 0;
	for (size_t i = 0; i < sizeof(sent); i++)
		sent[i] = (uint8_t)(i * 31 >> 3);
	session_send_raw(w->s, sent, sizeof(sent));
	assert_true(w->s->out.n > w->s->out_done);
	session_close_soon(w->s);
	assert_int_equal(w->closed, 0); /* not before all is written */
	while (n < sizeof(got)) {
		ssize_t r = read(w->peer, got + n, sizeof(got) - n);
		if (r > 0)
			n += (size_t)r;
		else
			assert_int_equal(r, -1);
		turn(w);
	}
	assert_memory_equal(got, sent, n);
	assert_int_equal(w->closed, 1);
	assert_int_equal(w->faults, 0);
}

/* What had to wait is told to have gone, once; what went at once is not. */
static void test_drained(void **state)
{
	struct world *w = *state;
	static uint8_t sent[SESSION_OUT_MAX], got[sizeof(sent)];
	session_send_raw(w->s, sent, 1);
	turn(w);
	assert_int_equal(w->drained, 0);
	session_send_raw(w->s, sent, sizeof(sent));
	turn(w);
	assert_int_equal(w->drained, 0);
	for (size_t n = 0; n < sizeof(sent) + 1;) {
		ssize_t r = read(w->peer, got, sizeof(got));
		n += r > 0 ? (size_t)r : 0;
		turn(w);
	}
	assert_int_equal(w->drained, 1);
	assert_int_equal(w->closed, 0);
}

/* Who shut down only its sending side is there; who closed is gone. */
static void test_peer_gone(void **state)
{
	struct world *w = *state;
	assert_false(session_peer_gone(w->s->fd));
	shutdown(w->peer, SHUT_WR);
	assert_false(session_peer_gone(w->s->fd));
	shutdown(w->peer, SHUT_RDWR);
	assert_true(session_peer_gone(w->s->fd));
}

static void test_pause(void **state)
{
	struct world *w = *state;
	first_does(w, PAUSE, 3);
	frames(w, 4, 1); /* not read at all meanwhile */
	turn(w);
	assert_int_equal(w->frames, 1);
	session_resume(w->s);
	turn(w);
	assert_int_equal(w->frames, 4);
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(w->seqs[i], i + 1);
}

/* To another loop, with what stood behind the frame. */
static void test_leave(void **state)
{
	struct world *w = *state;
	first_does(w, LEAVE, 2);
	assert_ptr_equal(w->left, w->s);
	assert_int_equal(w->loop.n, 0);
	session_attach(&w->other, w->left, &ops);
	frames(w, 3, 1);
	turn(w);
	assert_int_equal(w->other.n, 1);
	assert_int_equal(w->frames, 3);
	assert_int_equal(w->seqs[2], 3);
	assert_int_equal(w->closed, 0);
}

static void test_closed_by_its_callback(void **state)
{
	struct world *w = *state;
	first_does(w, CLOSE, 3);
	assert_int_equal(w->closed, 1);
	assert_null(w->loop.sessions);
}

/* While another thread knows its address the struct stays, closed. */
static void test_pinned(void **state)
{
	struct world *w = *state;
	session_pin(w->s);
	close(w->peer);
	w->peer = -1;
	turn(w);
	assert_int_equal(w->closed, 1);
	assert_int_equal(w->s->state, SESSION_CLOSED);
	assert_int_equal(w->s->fd, -1);
	assert_int_equal(w->loop.n, 0);
	session_unpin(w->s);
	turn(w);
	assert_null(w->loop.sessions);
}

static void test_deadline(void **state)
{
	struct world *w = *state;
	session_set_deadline(w->s, 1);
	event_base_loop(w->base, EVLOOP_ONCE); /* the sweep: the only thing that can happen */
	turn(w);
	assert_int_equal(w->closed, 1);
	assert_int_equal(w->fault, SESSION_FAULT_DEADLINE);
	uint8_t got[256];
	assert_true(read(w->peer, got, sizeof(got)) > 0); /* it was told */
}

static void test_bad_frame(void **state)
{
	struct world *w = *state;
	uint8_t bad[64];
	memset(bad, 0xee, sizeof(bad));
	assert_int_equal(write(w->peer, bad, sizeof(bad)), sizeof(bad));
	turn(w);
	assert_int_equal(w->frames, 0);
	assert_int_equal(w->closed, 1);
	assert_int_equal(w->fault, SESSION_FAULT_PROTOCOL);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(test_unread), T(test_all_written), T(test_drained), T(test_peer_gone), T(test_pause), T(test_leave), T(test_closed_by_its_callback), T(test_pinned),
	    T(test_deadline), T(test_bad_frame),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
