/* Strings to dense numbers. SPDX-License-Identifier: BSD-2-Clause */
#include "base/strtab.h"

#include <stdlib.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/assert.h"
#include "base/mem.h"

enum { STRTAB_FIRST = 64 };

void strtab_init(struct strtab *t)
{
	*t = (struct strtab){.cap = STRTAB_FIRST, .mask = STRTAB_FIRST * 2 - 1};
	t->entries = xcalloc(t->cap, sizeof(*t->entries));
	t->slots = xcalloc(t->mask + 1, sizeof(*t->slots));
}

void strtab_done(struct strtab *t)
{
	arena_done(&t->text);
	free(t->entries);
	free(t->slots);
	*t = (struct strtab){0};
}

void strtab_clone(struct strtab *ret, const struct strtab *t)
{
	*ret = (struct strtab){.n = t->n, .cap = t->cap, .mask = t->mask};
	ret->entries = xreallocarray(NULL, t->cap, sizeof(*t->entries));
	ret->slots = xreallocarray(NULL, (size_t)t->mask + 1, sizeof(*t->slots));
	memcpy(ret->slots, t->slots, ((size_t)t->mask + 1) * sizeof(*t->slots));
	size_t bytes = 0;
	for (uint32_t id = 1; id <= t->n; id++)
		bytes += (size_t)t->entries[id].n + 1;
	char *text = arena_alloc(&ret->text, bytes);
	ret->entries[0] = (struct strtab_entry){0};
	for (uint32_t id = 1; id <= t->n; id++) {
		const struct strtab_entry *e = &t->entries[id];
		memcpy(text, e->p, (size_t)e->n + 1);
		ret->entries[id] = (struct strtab_entry){text, e->n, e->hash};
		text += (size_t)e->n + 1;
	}
}

static uint32_t hash_of(struct span s) { return (uint32_t)XXH3_64bits(s.p ? (const void *)s.p : "", s.n); }

/* The slot that holds these bytes, or the empty one where they would go. */
static uint32_t slot_of(const struct strtab *t, struct span s, uint32_t hash)
{
	uint32_t i = hash & t->mask;
	for (; t->slots[i]; i = (i + 1) & t->mask) {
		const struct strtab_entry *e = &t->entries[t->slots[i]];
		if (e->hash == hash && e->n == s.n && (s.n == 0 || memcmp(e->p, s.p, s.n) == 0))
			break;
	}
	return i;
}

static void grow(struct strtab *t)
{
	HDA_ASSERT(t->cap < UINT32_MAX / 4);
	t->cap *= 2;
	t->entries = xreallocarray(t->entries, t->cap, sizeof(*t->entries));
	t->mask = t->cap * 2 - 1;
	free(t->slots);
	t->slots = xcalloc((size_t)t->mask + 1, sizeof(*t->slots));
	for (uint32_t id = 1; id <= t->n; id++) {
		uint32_t i = t->entries[id].hash & t->mask;
		while (t->slots[i])
			i = (i + 1) & t->mask;
		t->slots[i] = id;
	}
}

uint32_t strtab_intern(struct strtab *t, struct span s)
{
	uint32_t hash = hash_of(s), i = slot_of(t, s, hash);
	if (t->slots[i])
		return t->slots[i];
	HDA_ASSERT(s.n < UINT32_MAX);
	if (t->n + 1 >= t->cap) {
		grow(t);
		i = slot_of(t, s, hash);
	}
	uint32_t id = ++t->n;
	t->entries[id] = (struct strtab_entry){arena_copy(&t->text, s.p, s.n), (uint32_t)s.n, hash};
	t->slots[i] = id;
	return id;
}

uint32_t strtab_find(const struct strtab *t, struct span s)
{
	return t->slots[slot_of(t, s, hash_of(s))];
}

struct span strtab_get(const struct strtab *t, uint32_t id)
{
	HDA_ASSERT(id <= t->n);
	if (id == 0)
		return (struct span){NULL, 0};
	return (struct span){(const uint8_t *)t->entries[id].p, t->entries[id].n};
}

const char *strtab_str(const struct strtab *t, uint32_t id)
{
	return (const char *)strtab_get(t, id).p;
}

size_t strtab_memory(const struct strtab *t)
{
	return t->text.bytes + t->cap * sizeof(*t->entries) + ((size_t)t->mask + 1) * sizeof(*t->slots);
}
