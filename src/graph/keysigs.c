/* Which holder path most objects of a site have. SPDX-License-Identifier: BSD-2-Clause
 *
 * A majority vote (Boyer and Moore 1981, "MJRTY - A Fast Majority Vote Algorithm") finds the only candidate; a second pass counts it.
 * What is no majority is left out, so that the answer does not hang on the order of the objects. */
#include <stdlib.h>

#include "base/mem.h"
#include "graph/conclude.h"

struct vote {
	uint32_t sig, votes, of, all; /* candidate; its lead; objects that have it; objects in all */
};

static void elect(const struct conclusion *c, struct vote *v, const uint32_t *key, uint32_t begin, uint32_t end)
{
	for (uint32_t id = begin; id < end; id++) {
		struct vote *k = &v[key[conclusion_slot(c, id)]];
		uint32_t sig = k->votes ? k->sig : c->sig[id];
		k->all++;
		k->sig = sig;
		k->votes += sig == c->sig[id] ? 1 : UINT32_MAX; /* no branch, which could not be foreseen */
	}
}

static void count(const struct conclusion *c, struct vote *v, const uint32_t *key, uint32_t begin, uint32_t end)
{
	for (uint32_t id = begin; id < end; id++) {
		struct vote *k = &v[key[conclusion_slot(c, id)]];
		k->of += k->sig == c->sig[id];
	}
}

static uint32_t *slot_keys(const struct conclusion *c)
{
	uint32_t n = reducer_nslots(c->r), *key = xcalloc(n, sizeof(*key));
	for (uint32_t i = 0; i < n; i++)
		key[i] = reducer_slot_key(c->r, i);
	return key;
}

bool conclude_key_sigs(struct conclusion *c)
{
	struct dump_summary *s = c->s;
	struct gmem *mem = &c->g->mem;
	struct vote *v = gmem_alloc(mem, s->nkeys, sizeof(*v));
	if (!v)
		return s->nkeys == 0;
	memset(v, 0, s->nkeys * sizeof(*v));
	uint32_t *key = slot_keys(c);
	elect(c, v, key, 0, c->walk.n);
	elect(c, v, key, c->walk.leaf, c->walk.cap);
	count(c, v, key, 0, c->walk.n);
	count(c, v, key, c->walk.leaf, c->walk.cap);
	free(key);
	s->key_sigs = xcalloc(s->nkeys, sizeof(*s->key_sigs));
	for (uint32_t i = 0; i < s->nkeys; i++) {
		if (s->keys[i].file && v[i].all >= SUM_KEY_SIG_MIN && v[i].of > v[i].all / 2)
			s->key_sigs[s->nkey_sigs++] = (struct sum_key_sig){i, v[i].sig};
	}
	gmem_free(mem, v, s->nkeys, sizeof(*v));
	return true;
}
