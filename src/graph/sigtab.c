/* Signatures. SPDX-License-Identifier: BSD-2-Clause */
#include "graph/sigtab.h"

#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

enum {
	FIRST_CAP = 1024,
	CAP_SLACK = 8, /* one part in so many beyond the limit: the one that passes it and the classes, which always find room */
};

bool sigtab_init(struct sigtab *t, struct gmem *mem, const struct strtab *names, uint32_t limit, uint32_t expected)
{
	*t = (struct sigtab){.mem = mem, .names = names, .limit = limit, .cap = FIRST_CAP};
	while (t->cap < limit && t->cap < expected)
		t->cap *= 2;
	t->nslots = 2 * t->cap;
	t->cap += t->cap / CAP_SLACK;
	t->sig = gmem_alloc(mem, t->cap, sizeof(*t->sig));
	t->brief_cap = t->cap;
	t->brief = gmem_alloc(mem, t->cap, sizeof(*t->brief));
	t->slots = gmem_alloc(mem, t->nslots, sizeof(*t->slots));
	return t->sig && t->brief && t->slots;
}

void sigtab_done(struct sigtab *t)
{
	if (!t->mem)
		return;
	gmem_free(t->mem, t->sig, t->cap, sizeof(*t->sig));
	gmem_free(t->mem, t->brief, t->brief_cap, sizeof(*t->brief));
	gmem_free(t->mem, t->slots, t->nslots, sizeof(*t->slots));
	*t = (struct sigtab){0};
}

static void insert(struct sigtab *t, uint32_t i)
{
	uint32_t at = sigtab_place(t, t->sig[i].parent, t->sig[i].step);
	while (t->slots[at].index)
		at = (at + 1) & (t->nslots - 1);
	t->slots[at] = (struct sig_slot){
	    .parent = t->sig[i].parent, .step = t->sig[i].step, .index = (i + 1) | (t->sig[i].dead ? SIG_DEAD : 0)};
}

static bool grow(struct sigtab *t)
{
	uint32_t cap = t->cap * 2, nslots = t->nslots * 2;
	uint32_t *brief = gmem_grow(t->mem, t->brief, t->brief_cap, cap, sizeof(*brief));
	if (!brief)
		return false;
	t->brief = brief;
	t->brief_cap = cap;
	struct sig *sig = gmem_grow(t->mem, t->sig, t->cap, cap, sizeof(*sig));
	if (!sig)
		return false;
	t->sig = sig;
	t->cap = cap;
	struct sig_slot *slots = gmem_alloc(t->mem, nslots, sizeof(*slots));
	if (!slots)
		return false;
	gmem_free(t->mem, t->slots, t->nslots, sizeof(*t->slots));
	t->slots = slots;
	t->nslots = nslots;
	for (uint32_t i = 0; i < t->n; i++)
		insert(t, i);
	return true;
}

/* The index, with SIG_DEAD (in the slot, since the signature itself would be a miss of the cache more), or SIG_NONE. */
static uint32_t find(const struct sigtab *t, uint32_t parent, uint32_t step)
{
	for (uint32_t at = sigtab_place(t, parent, step); t->slots[at].index; at = (at + 1) & (t->nslots - 1))
		if (t->slots[at].parent == parent && t->slots[at].step == step)
			return t->slots[at].index - 1;
	return SIG_NONE;
}

static uint32_t add(struct sigtab *t, uint32_t parent, uint32_t step, bool klass)
{
	if (t->n == t->cap && !grow(t))
		return SIG_NONE;
	struct span text = strtab_get(t->names, step);
	bool root = parent == SIG_NONE;
	t->sig[t->n] = (struct sig){
		.id = XXH3_64bits_withSeed(text.n ? text.p : (const uint8_t *)"", text.n, root ? 0 : t->sig[parent].id),
		.parent = parent,
		.step = step,
		.repeat = 1,
		.depth = root ? 1 : (uint8_t)(t->sig[parent].depth + 1),
		.klass = klass,
	};
	insert(t, t->n);
	t->brief[t->n] = step | SIG_END;
	if (!root)
		t->brief[parent] &= ~SIG_END;
	t->counted += !klass;
	return t->n++;
}

uint32_t sigtab_root(struct sigtab *t, uint32_t step)
{
	uint32_t i = find(t, SIG_NONE, step);
	return i != SIG_NONE ? i : add(t, SIG_NONE, step, false);
}

static uint32_t extend(struct sigtab *t, uint32_t parent, uint32_t step, bool klass)
{
	if (t->sig[parent].step == step && t->sig[parent].parent != SIG_NONE)
		return parent;
	if (klass && t->sig[parent].klass)
		parent = t->sig[parent].parent;
	if (t->sig[parent].depth >= SIG_DEPTH_MAX)
		return parent;
	uint32_t i = find(t, parent, step);
	if (i != SIG_NONE)
		return i & SIG_DEAD ? parent : i;
	if (t->frozen && !klass)
		return parent;
	return add(t, parent, step, klass);
}

uint32_t sigtab_extend(struct sigtab *t, uint32_t parent, uint32_t step, bool klass)
{
	struct sig_memo *m = &t->memo[sigtab_memo(parent, step)];
	if (m->parent == parent && m->step == step && step)
		return m->sig;
	uint32_t sig = extend(t, parent, step, klass);
	if (sig != SIG_NONE)
		*m = (struct sig_memo){.parent = parent, .step = step, .sig = sig};
	return sig;
}

/* Marks anew what has something alive below it. */
static void mark_ends(struct sigtab *t)
{
	for (uint32_t i = 0; i < t->n; i++)
		t->brief[i] |= SIG_END;
	for (uint32_t i = 0; i < t->n; i++)
		if (!t->sig[i].dead && t->sig[i].parent != SIG_NONE)
			t->brief[t->sig[i].parent] &= ~SIG_END;
}

void sigtab_freeze(struct sigtab *t, uint32_t first)
{
	t->frozen = true;
	memset(t->memo, 0, sizeof(t->memo));
	for (uint32_t i = first; i < t->n; i++) {
		if (!t->sig[i].klass) {
			t->sig[i].dead = true;
			t->counted--;
		}
	}
	for (uint32_t at = 0; at < t->nslots; at++)
		if (t->slots[at].index > first && t->sig[t->slots[at].index - 1].dead)
			t->slots[at].index |= SIG_DEAD;
	mark_ends(t);
}
