/* Hand-over between threads: a queue, and an eventfd or a condition. SPDX-License-Identifier: BSD-2-Clause
 *
 * Ownership of a message moves with its pointer: who posts must not touch it again. Many threads post; one takes (or, with
 * inbox_wait_one, several take one message each). The queue is not bounded by itself: each sender has a limit of its own. */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* First member of every message. */
struct inbox_msg {
	struct inbox_msg *next;
	int kind; /* the receiver's enum */
};

struct inbox {
	pthread_mutex_t lock;
	pthread_cond_t filled; /* shared */
	struct inbox_msg *head, **tail; /* oldest first */
	size_t n;
	int fd;       /* eventfd: readable while something waits; -1 of a shared one */
	bool shared;
};

/* Embedded. shared: several threads take messages by inbox_wait_one; else one thread polls the descriptor and takes all.
 * Fails with -errno when no descriptor is left. */
HDA_MUST_CHECK int inbox_init(struct inbox *in, bool shared);
/* The inbox must be empty and no thread may use it any more. */
void inbox_done(struct inbox *in);
/* Any thread. Never blocks, never fails. */
void inbox_post(struct inbox *in, struct inbox_msg *m);
/* The descriptor to poll for reading (not for shared inboxes). */
int inbox_fd(const struct inbox *in);
/* All messages, oldest first, as a list through next; NULL when there is none. Clears the descriptor. */
struct inbox_msg *inbox_take(struct inbox *in);
/* Waits for one message (shared inboxes). Any number of threads. */
struct inbox_msg *inbox_wait_one(struct inbox *in);
/* Messages waiting now: a hint, old when it is read. Any thread. */
size_t inbox_length(struct inbox *in);
