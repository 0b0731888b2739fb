/* Bodies of messages to structs and back. SPDX-License-Identifier: BSD-2-Clause
 *
 * Every x_encode appends a msgpack map to *e; every x_decode reads a body that a peer sent: first checked as a whole
 * (proto/walk.h), then read into *ret, which borrows nothing. Text fields are cut to their room and control characters in them
 * become '?', so that they can be shown. Decoders return 0 or HDA_EFORMAT, HDA_ELIMIT with *err filled; *ret is then undefined. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/cursor.h"
#include "base/err.h"
#include "base/span.h"
#include "hda/protocol.h"
#include "proto/header.h"

/* Why a body was refused: what goes into the ERROR frame. */
struct proto_err {
	int status;     /* enum hda_status */
	char text[160];
};

enum role { ROLE_NONE, ROLE_INGEST, ROLE_CONTROL, ROLE_QUERY };

struct msg_hello {
	uint32_t min, max;       /* protocol versions */
	enum role role;
	struct proc_ident who;   /* what was said; host_pid stays 0 */
	char client[64];         /* name and version of the peer's software */
};

struct msg_welcome {
	uint32_t v;              /* version chosen */
	char server[64];
	uint32_t limit_begin, limit_request, limit_row; /* "limits": bytes of a body */
	uint32_t ack_ms;         /* the daemon commits within this, usually; 0 = not said */
	bool keep;               /* values of strings are kept (keep_values = yes) */
};

struct msg_error {
	uint32_t code;           /* enum hda_status */
	char text[256];
	uint32_t min, max;       /* with 401: the sender's versions; else 0 */
};

struct msg_want { char reason[16]; };
struct msg_go { uint32_t lease_ms; };
struct msg_later { uint32_t retry_ms; char why[128]; };
struct msg_end { bool ok; uint64_t lines; /* HEADER_UNKNOWN */ bool discard; /* with !ok: record nothing */ };
struct msg_ack { uint64_t dump, objects, bytes, bad; bool partial; };
struct msg_dump_now { uint64_t token; uint32_t traced_s; };
/* The first says whether, the second (done) how it went. Figures HEADER_UNKNOWN, rates 0 when not said. */
struct msg_dump_answer {
	uint64_t token;
	bool ok, done;
	char why[128];
	uint64_t dump;                   /* what the ACK said */
	uint64_t pause_us, took_ms;      /* the fork; from the fork to the child's end */
	uint64_t traced_ms, allocated, rss_grew, gc_runs; /* while allocations were traced: objects, bytes, collections */
	double rate_before, rate_traced; /* jobs a second */
};
struct msg_gem_state { char state[16], why[128]; double until_s; /* 0: not said */ };

/* X(name, struct) */
#define PROTO_MESSAGES(X)                                                                          \
	X(hello, struct msg_hello) X(welcome, struct msg_welcome) X(error, struct msg_error)       \
	X(want, struct msg_want) X(go, struct msg_go) X(later, struct msg_later)                   \
	X(end, struct msg_end) X(ack, struct msg_ack)                                              \
	X(dump_now, struct msg_dump_now) X(dump_answer, struct msg_dump_answer) \
	X(gem_state, struct msg_gem_state)

#define X(name, type)                                                                              \
	void msg_##name##_encode(struct enc *e, const type *m);                                    \
	HDA_MUST_CHECK int msg_##name##_decode(type *ret, struct span body, struct proto_err *err);
PROTO_MESSAGES(X)
#undef X

/* BEGIN. Figures that are HEADER_UNKNOWN and texts that are "" are left out. On success the caller owns *ret: dump_header_done.
 * pid, jobs and time are required. host_pid is not part of it: the receiver knows it from the socket. */
void msg_begin_encode(struct enc *e, const struct dump_header *h);
HDA_MUST_CHECK int msg_begin_decode(struct dump_header *ret, struct span body, struct proto_err *err);

/* The version to speak with a peer of these versions; 0: none in common. */
uint32_t proto_version(uint32_t peer_min, uint32_t peer_max);
/* "ingest" ... */
const char *role_name(enum role r);
