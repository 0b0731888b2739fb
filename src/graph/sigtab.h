/* Signatures: the names along a path from a root, each stored once. SPDX-License-Identifier: BSD-2-Clause
 *
 * A signature is a parent and a step, so the table is a tree. Its id is a hash over the texts of its steps, the same in every dump,
 * process and host. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/strtab.h"
#include "graph/gmem.h"

#define SIG_NONE 0xFFFFFFFFu
#define SIG_DEAD 0x80000000u
#define SIG_END 0x80000000u /* in `brief` */

enum {
	SIG_MEMO = 2048,             /* power of two; brothers and sisters ask the same */
	SIG_DEPTH_MAX = 64,          /* steps; what lies deeper counts with its ancestor of that depth */
	SIG_BUILD_MIN = 1 << 16,     /* signatures while they are being found: at least this many, at most ... */
	SIG_BUILD_MAX = 1 << 20,
	SIG_BUILD_SHARE = 16,        /* ... and between these one for so many objects */
};

struct sig {
	uint64_t id;
	uint32_t parent;  /* SIG_NONE for a root */
	uint32_t step;    /* name id */
	uint32_t repeat;  /* the longest chain folded into it */
	uint8_t depth;    /* 1 for a root */
	bool klass;       /* its step is a class or module by name */
	bool dead;        /* taken back: never found again */
};

/* Embedded; sigtab_init before use. */
struct sigtab {
	struct gmem *mem;
	const struct strtab *names;
	struct sig *sig;
	uint32_t n, cap;
	uint32_t *brief;       /* by signature: its step; SIG_END: nothing alive lies below it. What most questions ask, in little memory */
	uint32_t brief_cap;
	struct sig_slot {
		uint32_t parent, step, index; /* index + 1, SIG_DEAD added when it is dead; 0 = empty */
	} *slots;              /* open addressing over (parent, step) */
	uint32_t nslots;       /* power of two */
	uint32_t counted;      /* live signatures that are no classes: those the limit is about */
	uint32_t limit;
	bool frozen;           /* no new ones but for classes */
	struct sig_memo {
		uint32_t parent, step, sig;
	} memo[SIG_MEMO];      /* last answers of sigtab_extend, by hash; step 0 = empty */
};

/* limit: see SIG_BUILD_*; expected: there will hardly be more than that. names is where step ids come from; borrowed. */
bool sigtab_init(struct sigtab *t, struct gmem *mem, const struct strtab *names, uint32_t limit, uint32_t expected);
void sigtab_done(struct sigtab *t);
/* The root signature with this step. SIG_NONE without memory. */
uint32_t sigtab_root(struct sigtab *t, uint32_t step);
/* The signature of something with this step below `parent`, folded: the parent's own when the step repeats it or when nothing may be
 * added any more; a class directly below a class stands in its place (the way to class A::B::C is of no interest, its name says it).
 * SIG_NONE without memory. */
uint32_t sigtab_extend(struct sigtab *t, uint32_t parent, uint32_t step, bool klass);
/* Soon sigtab_extend is going to be called with these. Signature tables are larger than caches. */
FETCHES void sigtab_fetch(const struct sigtab *t, uint32_t parent, uint32_t step);
/* Nothing that is no class can be added below it: sigtab_extend of any other step gives the signature itself. */
static inline bool sigtab_is_end(const struct sigtab *t, uint32_t sig) { return t->frozen && t->brief[sig] & SIG_END; }
/* Its step. */
static inline uint32_t sigtab_step(const struct sigtab *t, uint32_t sig) { return t->brief[sig] & ~SIG_END; }
/* Soon one of these is going to be asked for. */
FETCHES void sigtab_fetch_step(const struct sigtab *t, uint32_t sig) { __builtin_prefetch(&t->brief[sig]); }
/* Takes back all but classes from index `first` on and adds no more: they are dead. */
void sigtab_freeze(struct sigtab *t, uint32_t first);

static inline uint32_t sigtab_memo(uint32_t parent, uint32_t step)
{
	return (parent * 0x9e3779b1u ^ step * 0x85ebca6bu) >> 16 & (SIG_MEMO - 1);
}

/* Multiply and fold (Knuth, TAOCP 3, 6.4). */
static inline uint32_t sigtab_place(const struct sigtab *t, uint32_t parent, uint32_t step)
{
	uint64_t h = ((uint64_t)parent << 32 | step) * 0x9e3779b97f4a7c15ull;
	h ^= h >> 29;
	return (uint32_t)(h * 0xbf58476d1ce4e5b9ull >> 32) & (t->nslots - 1);
}

FETCHES void sigtab_fetch(const struct sigtab *t, uint32_t parent, uint32_t step)
{
	const struct sig_memo *m = &t->memo[sigtab_memo(parent, step)];
	if (sigtab_is_end(t, parent) || (m->parent == parent && m->step == step)) /* it will hardly be forgotten until then */
		return;
	__builtin_prefetch(&t->slots[sigtab_place(t, parent, step)]);
	__builtin_prefetch(&t->sig[parent]);
}
