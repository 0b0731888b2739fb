/* Unix sockets that accept. SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/err.h"

struct event_base;
struct listener;

enum {
	LISTENER_BACKLOG = 4096,   /* the kernel cuts it to net.core.somaxconn */
	LISTENER_ACCEPTS = 64,     /* connections taken in one callback, then the others get their turn */
	LISTENER_PAUSE_MS = 100,   /* out of descriptors: without a pause the loop spins (2.7 M callbacks a second, STYLE 2-17) */
};

struct listener_opts {
	const char *name;       /* "ingest", for messages; static */
	/* A new connection: close-on-exec, non-blocking; the callee owns fd. pid is the peer's in our view, 0 unknown. */
	void (*accepted)(void *ctx, int fd, uint64_t pid);
	/* No descriptors left: accepting pauses; or (err != -EMFILE ...) accept failed. May be NULL. */
	void (*trouble)(void *ctx, const char *name, int err, bool paused);
	void *ctx;
};

/* Makes a listening socket at path with exactly this mode from its first instant, and the group when it exists and we may
 * set it (group may be NULL). A socket file that nobody answers on is replaced; one that somebody answers on, and anything that is
 * not a socket, is an error; so is a directory of a user other than root and us, or one that others may write to without the sticky
 * bit. Not for threads: changes the umask for a moment. *ret_fd; or -errno / HDA_EEXISTS / HDA_EREFUSED with *ret_why, which the
 * caller frees. */
HDA_MUST_CHECK int listener_bind(const char *path, mode_t mode, const char *group, int *ret_fd, char **ret_why);
/* Checks a socket that systemd handed over; HDA_EFORMAT with *ret_why when it is not a listening Unix stream socket. */
HDA_MUST_CHECK int listener_adopt(int fd, const char *name, char **ret_why);

/* Starts accepting on base; takes fd. path: unlinked by listener_free when it is still ours; NULL for a socket that was handed
 * over. One thread: the base's. */
struct listener *listener_new(struct event_base *base, int fd, const char *path, const struct listener_opts *opts);
/* No more connections from now on; the socket stays bound. */
void listener_stop(struct listener *l);
void listener_free(struct listener *l);
