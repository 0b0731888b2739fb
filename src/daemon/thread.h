/* Threads of hdad. SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include "base/thread.h"
#include "daemon/stats.h"
#include "socket/session.h"

struct event_base;

/* A lock-free event base for one thread; NULL without descriptors. */
struct event_base *thread_base_new(void);
/* Counts and logs why a session of this thread ends. */
void thread_fault(struct stats *st, struct session *s, enum session_fault why, const char *text);
