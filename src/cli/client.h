/* The blocking client of hdad: for hdactl and import. SPDX-License-Identifier: BSD-2-Clause
 *
 * One connection, one thread. Every wait is bounded by a timeout. After an error the text says in one sentence what happened and
 * what to do; the connection can then only be closed. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "frame/frame.h"
#include "proto/message.h"
#include "proto/request.h"
#include "proto/value.h"

enum {
	CLIENT_PIECE = 256 * 1024,           /* bytes of one client_file: progress moves, and Ctrl-C is noticed */
	CLIENT_TIMEOUT_MS = 10 * 1000,       /* connect, and each answer frame of a query by default */
	CLIENT_ACK_TIMEOUT_MS = 120 * 1000,  /* from END to ACK: graph work of a large dump */
};

#define CLIENT_RUNTIME_DIR "/run/hda" /* where the sockets are by default */

/* Embedded; client_init, then one of the opens, then client_close in every case. */
struct client {
	int fd;                 /* -1: not connected */
	uint32_t seq;           /* of the next frame sent */
	int timeout_ms;         /* for each wait */
	struct frame_decoder dec;
	struct enc out;         /* frame being built */
	uint8_t *in;            /* receive buffer */
	struct msg_welcome welcome;
	char path[108];         /* of the socket; sun_path's size */
	char text[512];         /* of the last error */
};

/* What an answer brings. Any may be NULL. Spans and cells are valid during the call. Non-zero from a callback stops: the call
 * returns that value. */
struct client_sink {
	void *ctx;
	int (*cols)(void *ctx, const struct span *names, size_t n);
	int (*row)(void *ctx, const struct val *cells, size_t n);
	int (*dump)(void *ctx, const struct span *names, const struct val *cells, size_t n);
	int (*note)(void *ctx, struct span text);
	void (*done)(void *ctx, int status, struct span text); /* DONE: status is enum hda_status; text may be empty */
};

void client_init(struct client *c);
void client_close(struct client *c);

/* Connects to NAME.sock in the runtime directory (NULL: HDA_RUNTIME_DIR, else CLIENT_RUNTIME_DIR), says HELLO, waits for
 * WELCOME. name: "query", "control" or "ingest". role as in HELLO. 0; -ENOENT, -ECONNREFUSED (not running), -EACCES (permission:
 * the text names the group), HDA_EVERSION (the text has both ranges), HDA_ETIMEDOUT_, -errno; c->text is set on errors. */
HDA_MUST_CHECK int client_open(struct client *c, const char *runtime_dir, const char *name, enum role role);
/* The same on a descriptor that is connected already and is taken over (tests). */
HDA_MUST_CHECK int client_open_fd_take(struct client *c, int fd, enum role role);

/* Sends a request and calls back until DONE. Returns DONE's status (> 0), or a negative error with c->text: HDA_EPARTIAL when
 * the daemon closed in the middle, HDA_EREFUSED when it sent ERROR. */
HDA_MUST_CHECK int client_request(struct client *c, const struct msg_request *req, const struct client_sink *sink);

/* Ingest. Asks for the lease: 0 = GO; 1 = LATER (*ret has when and why; the connection stays usable for another try). */
HDA_MUST_CHECK int client_want(struct client *c, const char *reason, struct msg_later *ret);
/* The header, then raw pieces of the dump (NULs and all), then the end with the wait for the ACK.
 * client_data returns HDA_EREFUSED when the daemon refuses in the middle (c->text has its words). */
HDA_MUST_CHECK int client_begin(struct client *c, const struct dump_header *h);
HDA_MUST_CHECK int client_data(struct client *c, struct span piece);
/* The next bytes of a file from its place on, CLIENT_PIECE at most, without a copy in this process (sendfile(2): SIGPIPE must be
 * ignored). Returns how many, 0 at its end, -ENOSYS when this file cannot be sent so (read it, and use client_data), or an error as
 * client_data's. */
HDA_MUST_CHECK ssize_t client_file(struct client *c, int fd);
HDA_MUST_CHECK int client_end(struct client *c, bool ok, uint64_t lines, struct msg_ack *ret);
/* In place of client_end: nothing of what was sent since client_begin is to be recorded. */
HDA_MUST_CHECK int client_discard(struct client *c);
