/* Connections: reading with a budget, writing with a bound, deadlines, and a death without surprise. SPDX-License-Identifier: BSD-2-Clause
 *
 * A session belongs to one loop, a loop to one thread. Reading is plain event + read(2) into the loop's one buffer, so that an
 * idle session costs its struct alone; not reading is the back-pressure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cursor.h"
#include "base/heartbeat.h"
#include "base/span.h"
#include "frame/frame.h"
#include "hda/protocol.h"

struct event;
struct event_base;
struct session;

enum {
	SESSION_READ = 256 * 1024,      /* bytes of one read(2): stays in L2 while it is scanned */
	SESSION_PAD = 64,               /* readable bytes behind them: the scanner's SCAN_PAD */
	SESSION_BUDGET = 4 << 20,       /* bytes of one callback, */
	SESSION_BUDGET_US = 2000,       /* or microseconds, then the others get their turn */
	SESSION_OUT_MAX = 64 * 1024,    /* unread answers of a session; more and it is closed */
	SESSION_SWEEP_MS = 250,         /* how exactly deadlines are kept */
	SESSION_MAGIC = 0x68646173,
};

/* X(name, text): what a session is doing. session_set_state is the only writer. */
#define SESSION_STATES(X)                                                                          \
	X(HELLO, "connected; has not said who it is")                                              \
	X(READY, "known; waits for WANT or REQUEST, or is an idle gem")                            \
	X(LEASED, "may dump; its BEGIN has not come")                                              \
	X(WAITING, "began a dump; waits for its share of graph_memory, is not read")               \
	X(DUMPING, "raw bytes of a dump arrive")                                                   \
	X(ENDING, "the end mark came; its END has not")                                            \
	X(STORING, "the dump is with the store thread")                                            \
	X(BUSY, "a query thread answers, or a gem was asked")                                      \
	X(WATCHING, "gets a row per event")                                                        \
	X(CLOSING, "last answers are being written, nothing is read")                              \
	X(CLOSED, "descriptor closed; freed when the turn is over and nobody holds it")

enum session_state {
#define X(name, text) SESSION_##name,
	SESSION_STATES(X)
#undef X
	SESSION_STATES_N
};

/* What a kind of session does. Callbacks run in the loop's thread; each may close the session. */
struct session_ops {
	const char *kind; /* "ingest": for messages */
	/* A frame; its body is valid until the callback returns. */
	void (*frame)(struct session *s, const struct frame *f);
	/* While s->raw: bytes with SESSION_PAD readable bytes behind them. Returns what stands behind the end mark (n 0: none), and has
	 * cleared s->raw by then; or everything was used and s->raw still stands. */
	struct span (*bytes)(struct session *s, struct span in);
	/* The peer will send no more (or the connection broke: err < 0). NULL: close. */
	void (*eof)(struct session *s, int err);
	/* What a send had to leave is written now. May be NULL. */
	void (*drained)(struct session *s);
	/* s->deadline_ms passed (it is 0 now). NULL: ERROR 303, close. */
	void (*deadline)(struct session *s);
	/* The state changed: counters. May be NULL. */
	void (*changed)(struct session *s, enum session_state old);
	/* Closed now: let go of all that hangs on it but the session itself. May be NULL. */
	void (*closed)(struct session *s);
};

/* Why sessions end, for counters and logs. */
enum session_fault { SESSION_FAULT_PROTOCOL, SESSION_FAULT_DEADLINE, SESSION_FAULT_UNREAD };

/* First member of a bigger struct made by calloc; freed by free(). */
struct session {
	uint32_t magic;
	enum session_state state;
	const struct session_ops *ops;
	struct session_loop *loop;
	struct session *prev, *next;   /* of the loop */
	struct session *next_dead;
	struct event *readable, *writable; /* writable: made when first needed */
	struct enc out;                /* frames to write; bytes before out_done are written */
	size_t out_done, out_max;
	uint8_t *stash;                /* bytes read but not fed while it was paused */
	size_t nstash;
	uint64_t deadline_ms;          /* monotonic; 0 = none */
	uint64_t write_deadline_ms;    /* while out is not empty */
	uint64_t frame_deadline_ms;    /* while part of a frame is held: a byte now and then does not move it */
	uint64_t pid;                  /* SO_PEERCRED's; 0 unknown */
	int fd;                        /* -1 once closed */
	uint32_t pins;                 /* other threads that know its address */
	uint32_t last_seq;             /* of the frame being answered */
	bool raw, paused, eof, leaving;
	struct frame_decoder dec;
};

/* One a thread. Embedded. */
struct session_loop {
	struct event_base *base;
	uint8_t *buf;               /* SESSION_READ + SESSION_PAD bytes */
	struct session *sessions;   /* all, closed ones that are not yet freed too */
	struct session *dead;       /* closed ones, through next_dead */
	size_t n;                   /* open sessions */
	struct event *sweep, *reap;
	bool sweeping;
	uint64_t now_ms;            /* of this turn, near enough for deadlines */
	uint64_t write_stall_ms;    /* how long an answer may stay unread */
	uint64_t frame_stall_ms;    /* how long the rest of a frame may take; 0 for ever */
	struct heartbeat *heart;
	/* A session is about to be closed for this reason (may be NULL). text may be NULL. */
	void (*fault)(void *ctx, struct session *s, enum session_fault why, const char *text);
	void (*yielded)(void *ctx); /* a budget was used up (may be NULL) */
	void (*left)(void *ctx, struct session *s); /* after session_leave: takes it */
	void *ctx;
};

/* buf is allocated here. */
void session_loop_init(struct session_loop *l, struct event_base *base, struct heartbeat *heart);
/* Closes and frees every session, pinned ones too: no other thread may hold one any more. */
void session_loop_done(struct session_loop *l);

/* A session over fd (taken) in state HELLO, reading. `size` bytes are allocated, struct session first. */
struct session *session_new(struct session_loop *l, int fd, uint64_t pid, size_t size, const struct session_ops *ops);
/* Closes now, answers unwritten; frees it one turn later. Twice is fine. */
void session_close(struct session *s);
/* Reads no more; closes when the answers are written, or at the write deadline. */
void session_close_soon(struct session *s);
void session_set_state(struct session *s, enum session_state state);
const char *session_state_name(enum session_state state);
static inline bool session_open(const struct session *s) { return s->state < SESSION_CLOSING; }

/* Deadline from now; 0 = none. */
void session_set_deadline(struct session *s, uint64_t ms);
/* Sends one frame: writes what the socket takes, keeps the rest. A session that leaves more than out_max unread is closed. */
void session_send(struct session *s, uint8_t type, uint32_t seq, const struct enc *body);
/* The same for whole frames already encoded. */
void session_send_raw(struct session *s, const void *p, size_t n);
/* Answers ERROR and closes soon; counted as a fault of the protocol when status is 4xx. */
void session_error(struct session *s, int status, const char *text);

/* The peer has closed this socket; one that only shut down its sending side still reads. Any thread. */
bool session_peer_gone(int fd);

/* Stops reading; what was read but not used is kept. From a frame callback or outside of one. */
void session_pause(struct session *s);
/* Uses what was kept, then reads on. Not from its own callbacks. */
void session_resume(struct session *s);

/* Another thread knows its address: the struct outlives its closing until the last unpin. Loop's thread. */
void session_pin(struct session *s);
void session_unpin(struct session *s);
/* From a frame callback: when the turn is over it is taken out of its loop with everything it is, bytes behind the frame included,
 * and given to the loop's left(). Not while pinned. */
void session_leave(struct session *s);
/* Goes on in another loop. That loop's thread. */
void session_attach(struct session_loop *l, struct session *s, const struct session_ops *ops);
