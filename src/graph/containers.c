/* Containers: what has many entries, and lists of many links. SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "graph/conclude.h"

/* Types whose references are entries when the line says no length (Struct, Set and Queue are STRUCT, OBJECT or DATA), and of which the
 * links of a list can be. */
static bool can_contain(const char *type)
{
	return !strcmp(type, "STRUCT") || !strcmp(type, "OBJECT") || !strcmp(type, "DATA") || !strcmp(type, "HASH") || !strcmp(type, "ARRAY");
}

struct finder {
	struct conclusion *c;
	bool *can;         /* by key: can_contain */
	uint32_t *chain;   /* by position: objects of the same key's class one below the other */
	struct top top;
};

static uint32_t key_of(const struct finder *f, uint32_t id)
{
	return reducer_slot_key(f->c->r, f->c->csr.slot[id]);
}

static uint64_t entries_of(const struct finder *f, uint32_t id)
{
	uint32_t refs = f->c->csr.off[id + 1] - f->c->csr.off[id];
	uint64_t length = idvals_get(&f->c->lengths, id, 0);
	if (length)
		return length;
	return refs >= GRAPH_CONTAINER_MIN && f->can[key_of(f, id)] ? refs : 0;
}

/* chain[p]: length of the longest list that starts at p, links being of one class; each link's next is dominated by it. */
static void chains(struct finder *f)
{
	struct conclusion *c = f->c;
	for (uint32_t p = c->dom.reached; p >= 1; p--) {
		f->chain[p]++;
		uint32_t up = c->dom.up[p];
		if (up == 0)
			continue;
		uint32_t a = key_of(f, c->dom.id[p]), b = key_of(f, c->dom.id[up]);
		if (c->s->keys[a].klass != c->s->keys[b].klass || c->s->keys[a].type != c->s->keys[b].type || !f->can[a]) {
			if (f->chain[p] < GRAPH_CONTAINER_MIN)
				f->chain[p] = 0;
			continue;
		}
		if (f->chain[p] > f->chain[up])
			f->chain[up] = f->chain[p];
		f->chain[p] = 0; /* not the head */
	}
	for (uint32_t p = 1; p <= c->dom.reached; p++)
		if (f->chain[p] < GRAPH_CONTAINER_MIN)
			f->chain[p] = 0;
}

static uint64_t length_at(const struct finder *f, uint32_t p)
{
	uint64_t entries = entries_of(f, f->c->dom.id[p]);
	return entries > f->chain[p] ? entries : f->chain[p];
}

static void offer_all(struct finder *f)
{
	struct conclusion *c = f->c;
	for (uint32_t p = 1; p <= c->dom.reached; p++) {
		uint64_t bytes = conclusion_retained(c, p).bytes;
		if (f->top.n == f->top.cap && bytes < f->top.row[0].a)
			continue;
		uint64_t length = length_at(f, p);
		if (length)
			top_offer(&f->top, (struct top_row){.a = bytes, .b = length, .id = c->dom.id[p]});
	}
	top_sort(&f->top);
}

static struct sum_container row_of(const struct finder *f, const struct top_row *r)
{
	const struct sum_key *k = conclusion_key(f->c, r->id);
	return (struct sum_container){
		.sig = f->c->sig[r->id],
		.addr = addrmap_addr(&f->c->g->map, r->id),
		.length = r->b,
		.type = k->type,
		.klass = k->klass,
		.file = k->file,
		.line = k->line,
		.retained = conclusion_retained(f->c, f->c->dom.at[r->id]),
	};
}

bool conclude_containers(struct conclusion *c)
{
	struct top_row *rows = xcalloc(SUM_CONTAINERS, sizeof(*rows));
	struct finder f = {.c = c, .can = xcalloc(c->s->nkeys, sizeof(bool)), .top = {.row = rows, .cap = SUM_CONTAINERS}};
	uint64_t n = (uint64_t)c->dom.reached + 1;
	for (size_t i = 0; i < c->s->nkeys; i++)
		f.can[i] = can_contain(strtab_str(&c->s->names, c->s->keys[i].type));
	f.chain = gmem_alloc(&c->g->mem, n, 4);
	if (f.chain) {
		chains(&f);
		offer_all(&f);
		c->s->containers = xcalloc(f.top.n, sizeof(*c->s->containers));
		c->s->ncontainers = f.top.n;
		for (size_t i = 0; i < f.top.n; i++)
			c->s->containers[i] = row_of(&f, &rows[i]);
	}
	bool ok = f.chain != NULL;
	gmem_free(&c->g->mem, f.chain, n, 4);
	free(f.can);
	free(rows);
	return ok;
}
