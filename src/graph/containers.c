/* Containers: what has many entries, lists of many links, and Strings of many bytes. SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/u64map.h"
#include "graph/conclude.h"

/* Types whose references are entries when the line says no length (Struct, Set and Queue are STRUCT, OBJECT or DATA), and of which the
 * links of a list can be. */
static bool can_contain(const char *type)
{
	return !strcmp(type, "STRUCT") || !strcmp(type, "OBJECT") || !strcmp(type, "DATA") || !strcmp(type, "HASH") || !strcmp(type, "ARRAY");
}

struct finder {
	struct conclusion *c;
	uint32_t *kind;    /* by slot: a number of its (type, class), 0 = no container */
	uint32_t *chain;   /* by id: links of a list from here down, 0 = no head of a list */
	struct top top;
};

static void kinds(struct finder *f)
{
	const struct dump_summary *s = f->c->s;
	uint32_t n = reducer_nslots(f->c->r), count = 0;
	struct u64map seen = {0};
	f->kind = xcalloc(n, sizeof(*f->kind));
	for (uint32_t i = 0; i < n; i++) {
		const struct sum_key *k = &s->keys[reducer_slot_key(f->c->r, i)];
		if (!can_contain(strtab_str(&s->names, k->type)))
			continue;
		bool fresh;
		uint32_t *at = u64map_put(&seen, (uint64_t)k->type << 32 | k->klass, &fresh);
		if (fresh)
			*at = ++count;
		f->kind[i] = *at;
	}
	u64map_done(&seen);
}

static inline uint32_t kind_of(const struct finder *f, uint32_t id) { return f->kind[f->c->walk.slot[id] & SLOT_MASK]; }

static uint64_t entries_of(const struct finder *f, uint32_t id)
{
	if (!(f->c->walk.slot[id] & SLOT_LONG))
		return 0;
	uint64_t length = idvals_get(&f->c->lengths, id, 0);
	if (length)
		return length;
	uint32_t refs = conclusion_refs(f->c, id);
	return refs >= GRAPH_CONTAINER_MIN ? refs : 0;
}

/* Offers an object whose chain is known. */
static void offer(struct finder *f, uint32_t id)
{
	struct conclusion *c = f->c;
	if (!top_wants(&f->top, c->bytes[id]))
		return;
	uint64_t entries = entries_of(f, id), length = entries > f->chain[id] ? entries : f->chain[id];
	if (length)
		top_offer(&f->top, (struct top_row){.a = c->bytes[id], .b = length, .id = c->walk.old[id], .ref = id});
}

/* chain[id]: length of the longest list that starts there, links being of one class; each link's next is dominated by it. From the last id to
 * the first, so that an object comes when all it dominates has come. */
static void find(struct finder *f)
{
	const struct conclusion *c = f->c;
	for (uint32_t id = c->walk.n; id-- > 0;) {
		uint32_t kind = kind_of(f, id), up = c->up[id], links = f->chain[id] + 1;
		if (!kind) { /* a String of many bytes, or nothing */
			if (f->c->walk.slot[id] & SLOT_LONG && idvals_get(&f->c->lengths, id, 0))
				offer(f, id);
			continue;
		}
		if (up && kind_of(f, up - 1) == kind) {
			if (links > f->chain[up - 1])
				f->chain[up - 1] = links;
			links = 0; /* not the head */
		}
		f->chain[id] = links < GRAPH_CONTAINER_MIN ? 0 : links;
		offer(f, id);
	}
	top_sort(&f->top);
}

static struct sum_container row_of(const struct finder *f, const struct top_row *r)
{
	const struct sum_key *k = conclusion_key(f->c, r->ref);
	return (struct sum_container){
		.sig = f->c->sig[r->ref],
		.addr = conclusion_addr(f->c, r->ref),
		.length = r->b,
		.type = k->type,
		.klass = k->klass,
		.file = k->file,
		.line = k->line,
		.retained = conclusion_retained(f->c, r->ref),
	};
}

bool conclude_containers(struct conclusion *c)
{
	struct top_row *rows = xcalloc(SUM_CONTAINERS, sizeof(*rows));
	struct finder f = {.c = c, .top = {.row = rows, .cap = SUM_CONTAINERS}};
	uint64_t n = c->walk.n;
	kinds(&f);
	f.chain = gmem_alloc(&c->g->mem, n, 4);
	if (f.chain) {
		find(&f);
		c->s->containers = xcalloc(f.top.n, sizeof(*c->s->containers));
		c->s->ncontainers = f.top.n;
		for (size_t i = 0; i < f.top.n; i++)
			c->s->containers[i] = row_of(&f, &rows[i]);
	}
	bool ok = f.chain != NULL;
	gmem_free(&c->g->mem, f.chain, n, 4);
	free(f.kind);
	free(rows);
	return ok;
}
