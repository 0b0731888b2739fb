/* Does a thread still move? SPDX-License-Identifier: BSD-2-Clause
 *
 * The thread writes, the watchdog reads. A thread is well when it is idle, when it moved since the last look, or while a piece
 * of work lasts that it declared to be long. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* All-zero is an idle thread. */
struct heartbeat {
	_Atomic uint64_t beats;
	_Atomic bool busy;
	_Atomic uint64_t long_until_ms; /* monotonic; 0 = no long work */
};

static inline void heartbeat_move(struct heartbeat *h)
{
	atomic_fetch_add_explicit(&h->beats, 1, memory_order_relaxed);
}

/* Work begins / ends. */
static inline void heartbeat_enter(struct heartbeat *h)
{
	heartbeat_move(h);
	atomic_store_explicit(&h->busy, true, memory_order_relaxed);
}

static inline void heartbeat_leave(struct heartbeat *h)
{
	atomic_store_explicit(&h->busy, false, memory_order_relaxed);
}

/* The next move may come only at until_ms (0: ordinary work again). */
static inline void heartbeat_long(struct heartbeat *h, uint64_t until_ms)
{
	heartbeat_move(h);
	atomic_store_explicit(&h->long_until_ms, until_ms, memory_order_relaxed);
}

/* The watchdog's look: *seen is what it saw last time. */
static inline bool heartbeat_well(struct heartbeat *h, uint64_t *seen, uint64_t now_ms)
{
	uint64_t beats = atomic_load_explicit(&h->beats, memory_order_relaxed);
	bool moved = beats != *seen;
	*seen = beats;
	return moved || !atomic_load_explicit(&h->busy, memory_order_relaxed) ||
	       now_ms < atomic_load_explicit(&h->long_until_ms, memory_order_relaxed);
}
