/* Threads. SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include <pthread.h>

#include "base/err.h"

/* Starts a thread with all signals blocked (they are for the threads that were there before) and a name for ps, of at most 15 bytes.
 * -errno. Any thread. */
HDA_MUST_CHECK int thread_start(pthread_t *ret, const char *name, void *(*run)(void *), void *ctx);
