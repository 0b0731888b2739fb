/* Bump allocation: many small things, freed together. SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct arena_block;

/* Embedded; all-zero is an empty arena. One thread at a time. */
struct arena {
	struct arena_block *blocks; /* newest first */
	size_t bytes;               /* handed out and wasted, in all */
};

/* n bytes, aligned to 16, not cleared; valid until arena_done. Never NULL (aborts without memory). */
void *arena_alloc(struct arena *a, size_t n) __attribute__((returns_nonnull));
/* n bytes of p, copied, with a NUL behind them. */
char *arena_copy(struct arena *a, const void *p, size_t n) __attribute__((returns_nonnull));
/* Frees everything; the arena is empty again. */
void arena_done(struct arena *a);
