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
	uint32_t *chain;   /* by id of inner ones: links of a list from here down, 0 = no head of a list */
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

/* Offers an object; links: of the list of which it is the head. */
static void offer(struct finder *f, uint32_t id, uint32_t links)
{
	struct conclusion *c = f->c;
	uint64_t bytes = conclusion_retained(c, id).bytes;
	if (!top_wants(&f->top, bytes) || conclusion_is_spare(c, id))
		return;
	uint64_t entries = entries_of(f, id), length = entries > links ? entries : links;
	if (length)
		top_offer(&f->top, (struct top_row){
		    .a = bytes, .b = length, .tie = conclusion_path_tie(c, id), .addr = conclusion_addr(c, id), .ref = id});
}

/* A String of many bytes is one; anything else without a kind is none. */
static bool can_be_offered(const struct finder *f, uint32_t id, uint32_t kind)
{
	return kind || idvals_get(&f->c->lengths, id, 0);
}

/* The longest list below `up` is at least so long: chain[id] is the length of the longest list that starts there, links being of one
 * class; each link's next is dominated by it. What kind the next one has cannot be foreseen, so there is no branch on it. */
static inline void lengthen(struct finder *f, uint32_t up, bool link, uint32_t links)
{
	uint32_t longest = f->chain[up];
	f->chain[up] = link && links > longest ? links : longest;
}

/* Leaves, which can only be the last links. */
static void find_leaves(struct finder *f)
{
	const struct conclusion *c = f->c;
	for (uint32_t id = c->walk.leaf; id < c->walk.cap; id++) {
		uint32_t kind = kind_of(f, id), up = c->up[id];
		if (up)
			lengthen(f, up - 1, (kind != 0) & (kind_of(f, up - 1) == kind), 1);
		if (c->walk.slot[id] & SLOT_LONG && can_be_offered(f, id, kind))
			offer(f, id, 0);
	}
}

/* From the last id to the first, so that an object comes when all it dominates has come. */
static void find_inner(struct finder *f)
{
	const struct conclusion *c = f->c;
	for (uint32_t id = c->walk.n; id-- > 0;) {
		uint32_t up = c->up[id] ? c->up[id] - 1 : id, kind = kind_of(f, id), links = f->chain[id] + 1;
		bool link = (kind != 0) & (up != id) & (kind_of(f, up) == kind), head = (kind != 0) & !link & (links >= GRAPH_CONTAINER_MIN);
		f->chain[id] = head ? links : 0;
		lengthen(f, up, link, links);
		if ((head || c->walk.slot[id] & SLOT_LONG) && can_be_offered(f, id, kind))
			offer(f, id, f->chain[id]);
	}
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
		find_leaves(&f);
		find_inner(&f);
		top_sort(&f.top);
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
