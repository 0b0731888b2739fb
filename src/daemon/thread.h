/* Threads of hdad. SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include <pthread.h>

#include "base/err.h"
#include "daemon/stats.h"
#include "socket/session.h"

struct event_base;

/* Starts a thread with all signals blocked (signals are main's events) and a name for ps. -errno. */
HDA_MUST_CHECK int thread_start(pthread_t *ret, const char *name, void *(*run)(void *), void *ctx);
/* A lock-free event base for one thread; NULL without descriptors. */
struct event_base *thread_base_new(void);
/* Counts and logs why a session of this thread ends. */
void thread_fault(struct stats *st, struct session *s, enum session_fault why, const char *text);
