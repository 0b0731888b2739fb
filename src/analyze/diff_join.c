/* Joins dumps by the texts of their names: ids mean nothing across summaries. SPDX-License-Identifier: BSD-2-Clause */
#include "analyze/diff_join.h"

#include <stdlib.h>

#include "base/mem.h"

static uint64_t pair(uint32_t a, uint32_t b) { return (uint64_t)a << 32 | b; }

void groups_init(struct groups *g, const struct dump_summary *s)
{
	*g = (struct groups){.nkeys = s->nkeys};
	g->of = xcalloc(s->nkeys, sizeof(*g->of));
	g->first = xcalloc(s->nkeys, sizeof(*g->first));
	for (size_t i = 0; i < s->nkeys; i++) {
		bool fresh;
		uint32_t *at = u64map_put(&g->by_name, pair(s->keys[i].type, s->keys[i].klass), &fresh);
		if (fresh) {
			*at = (uint32_t)g->n;
			g->first[g->n++] = (uint32_t)i;
		}
		g->of[i] = *at;
	}
}

void groups_done(struct groups *g)
{
	free(g->of);
	free(g->first);
	u64map_done(&g->by_name);
	*g = (struct groups){0};
}

/* (type, class) and (file, line) become dense numbers first, so that the whole key fits 64 bits. */
struct key_index {
	struct u64map sites, keys;
	size_t nsites;
};

static void index_init(struct key_index *x, const struct dump_summary *to, const struct groups *g)
{
	*x = (struct key_index){0};
	for (size_t i = 0; i < to->nkeys; i++) {
		bool fresh;
		uint32_t *site = u64map_put(&x->sites, pair(to->keys[i].file, to->keys[i].line), &fresh);
		if (fresh)
			*site = (uint32_t)x->nsites++;
		*u64map_put(&x->keys, pair(g->of[i], *site), NULL) = (uint32_t)i;
	}
}

/* The id in `to` of each name of `from`, 0 = `to` does not have it. */
static uint32_t *translate(const struct strtab *from, const struct strtab *to)
{
	uint32_t *ids = xcalloc((size_t)from->n + 1, sizeof(*ids));
	for (uint32_t i = 1; i <= from->n; i++)
		ids[i] = strtab_find(to, strtab_get(from, i));
	return ids;
}

void join_init(struct join *j, const struct dump_summary *from, const struct dump_summary *to, const struct groups *g)
{
	struct key_index x;
	index_init(&x, to, g);
	uint32_t *ids = translate(&from->names, &to->names);
	*j = (struct join){.n = from->nkeys};
	j->key = xcalloc(j->n, sizeof(*j->key));
	j->group = xcalloc(j->n, sizeof(*j->group));
	for (size_t i = 0; i < j->n; i++) {
		const struct sum_key *k = &from->keys[i];
		bool named = (!k->type || ids[k->type]) && (!k->klass || ids[k->klass]);
		const uint32_t *group = named ? u64map_get(&g->by_name, pair(ids[k->type], ids[k->klass])) : NULL;
		const uint32_t *site = !k->file || ids[k->file] ? u64map_get(&x.sites, pair(ids[k->file], k->line)) : NULL;
		const uint32_t *key = group && site ? u64map_get(&x.keys, pair(*group, *site)) : NULL;
		j->group[i] = group ? *group : JOIN_NONE;
		j->key[i] = key ? *key : JOIN_NONE;
	}
	free(ids);
	u64map_done(&x.sites);
	u64map_done(&x.keys);
}

void join_done(struct join *j)
{
	free(j->key);
	free(j->group);
	*j = (struct join){0};
}
