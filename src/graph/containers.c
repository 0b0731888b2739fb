/* Containers: what has many entries, and lists of many links. SPDX-License-Identifier: BSD-2-Clause */
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
	uint32_t *chain;   /* by position: links of a list from here down, 0 = no head of a list */
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

static inline uint32_t kind_at(const struct finder *f, uint32_t p)
{
	return f->kind[csr_slot(&f->c->csr, f->c->dom.id[p])];
}

static uint64_t entries_of(const struct finder *f, uint32_t id)
{
	uint32_t refs = csr_refs(&f->c->csr, id);
	uint64_t length = idvals_get(&f->c->lengths, id, 0);
	return length ? length : refs >= GRAPH_CONTAINER_MIN ? refs : 0;
}

/* chain[p]: length of the longest list that starts at p, links being of one class; each link's next is dominated by it. */
static void chains(struct finder *f)
{
	const struct domtree *d = &f->c->dom;
	for (uint32_t p = d->n; p >= 1; p--) {
		uint32_t kind = kind_at(f, p), up = d->up[p];
		f->chain[p]++;
		if (up && kind && kind_at(f, up) == kind) {
			if (f->chain[p] > f->chain[up])
				f->chain[up] = f->chain[p];
			f->chain[p] = 0; /* not the head */
		} else if (f->chain[p] < GRAPH_CONTAINER_MIN) {
			f->chain[p] = 0;
		}
	}
}

static uint64_t length_at(const struct finder *f, uint32_t p)
{
	uint64_t entries = entries_of(f, f->c->dom.id[p]);
	return entries > f->chain[p] ? entries : f->chain[p];
}

static void offer_all(struct finder *f)
{
	struct conclusion *c = f->c;
	for (uint32_t p = 1; p <= c->dom.n; p++) {
		if (!kind_at(f, p))
			continue;
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
		.addr = conclusion_addr(f->c, r->id),
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
	struct finder f = {.c = c, .top = {.row = rows, .cap = SUM_CONTAINERS}};
	uint64_t n = (uint64_t)c->dom.n + 1;
	kinds(&f);
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
	free(f.kind);
	free(rows);
	return ok;
}
