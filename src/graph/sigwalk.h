/* Gives each reachable object its signature. SPDX-License-Identifier: BSD-2-Clause
 *
 * Breadth first from the roots, level by level: an object takes the signature of its parent on a shortest path, extended by its own step.
 * Of several parents on the level before the one with the smallest signature id wins, never the one with the lowest address, so that
 * the result depends on names and structure only. Roots of last resort (the machine stack, whose stale words point anywhere) begin only
 * when all other roots have been followed to the end: they name only what nothing else holds (VERDICT.md, section 1). */
#pragma once

#include "graph/gmem.h"
#include "graph/sigtab.h"

/* Steps that are no names. */
#define STEP_FOLD 0xFFFFFFFFu   /* internal (IMEMO, ICLASS): goes with its parent */
#define STEP_CLASS 0xFFFFFFFEu  /* a class or module: asked from class_step */

struct sig_root {
	uint32_t step, id;
	bool last_resort;
};

struct sig_input {
	uint32_t n;                     /* objects */
	const uint32_t *off, *to;       /* edges of v: to[off[v] .. off[v + 1]) */
	const struct sig_root *roots;
	uint32_t nroots;
	const uint32_t *slot;           /* by id; only the low 31 bits */
	const uint32_t *slot_step;      /* by slot: a name id or STEP_* */
	uint32_t (*class_step)(void *ctx, uint32_t id);
	void *ctx;
};

/* The signature of each id, SIG_NONE when unreachable: n numbers in an array of sig_walk_cap(n) that the caller frees with gmem_free;
 * NULL without memory. */
static inline uint64_t sig_walk_cap(uint32_t n) { return 2 * (uint64_t)n; }
uint32_t *sig_walk(const struct sig_input *in, struct sigtab *t, struct gmem *mem);
