/* Map of 64-bit keys, open addressing. SPDX-License-Identifier: BSD-2-Clause */
#include "base/u64map.h"

#include <stdlib.h>

#include "base/mem.h"

/* Finaliser of MurmurHash3 (Austin Appleby, public domain): a bijection, so no two keys collide in full. */
static uint64_t mix(uint64_t x)
{
	x ^= x >> 33;
	x *= 0xff51afd7ed558ccdull;
	x ^= x >> 33;
	x *= 0xc4ceb9fe1a85ec53ull;
	return x ^ x >> 33;
}

void u64map_done(struct u64map *m)
{
	free(m->keys);
	free(m->values);
	free(m->used);
	*m = (struct u64map){0};
}

static size_t slot_of(const struct u64map *m, uint64_t key)
{
	size_t i = mix(key) & (m->cap - 1);
	while (m->used[i] && m->keys[i] != key)
		i = (i + 1) & (m->cap - 1);
	return i;
}

static void grow(struct u64map *m)
{
	struct u64map old = *m;
	m->cap = old.cap ? old.cap * 2 : 64;
	m->keys = xcalloc(m->cap, sizeof(*m->keys));
	m->values = xcalloc(m->cap, sizeof(*m->values));
	m->used = xcalloc(m->cap, 1);
	for (size_t i = 0; i < old.cap; i++) {
		if (!old.used[i])
			continue;
		size_t s = slot_of(m, old.keys[i]);
		m->used[s] = 1;
		m->keys[s] = old.keys[i];
		m->values[s] = old.values[i];
	}
	u64map_done(&old);
}

uint32_t *u64map_put(struct u64map *m, uint64_t key, bool *ret_new)
{
	if (m->n * 3 >= m->cap * 2)
		grow(m);
	size_t i = slot_of(m, key);
	bool fresh = !m->used[i];
	if (fresh) {
		m->used[i] = 1;
		m->keys[i] = key;
		m->n++;
	}
	if (ret_new)
		*ret_new = fresh;
	return &m->values[i];
}

uint32_t *u64map_get(const struct u64map *m, uint64_t key)
{
	if (m->cap == 0)
		return NULL;
	size_t i = slot_of(m, key);
	return m->used[i] ? &m->values[i] : NULL;
}
