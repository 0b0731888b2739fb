/* From the logs of the scan to rows by id, in place. SPDX-License-Identifier: BSD-2-Clause */
#include "graph/internal.h"

#include "base/mem.h"

/* What a u64map and `many` take per entry at worst. */
enum { MANY_BYTES = 13 * 5 };

void rows_free_in(struct rows *r)
{
	gmem_free(r->mem, r->in, r->n, sizeof(*r->in));
	gmem_free(r->mem, r->many, r->many_cap, sizeof(*r->many));
	gmem_charge(r->mem, -(int64_t)r->nmany * MANY_BYTES);
	u64map_done(&r->in_high);
	r->in = NULL;
	r->many = NULL;
	r->nmany = r->many_cap = 0;
}

uint32_t *rows_take_nums(struct rows *r)
{
	uint32_t *num = (uint32_t *)r->node; /* the first quarter: what is written has been read */
	for (uint32_t v = 0; v < r->n; v++)
		num[v] = r->node[v].num & WALK_NUM;
	if (num)
		gmem_cut(r->mem, num, r->node_cap, r->n, 4);
	r->node = NULL;
	return num;
}

void rows_done(struct rows *r)
{
	if (!r->mem)
		return;
	rows_free_in(r);
	gmem_free(r->mem, r->node, r->node_cap, 4);
	gmem_free(r->mem, r->to, r->to_cap, 4);
	gmem_free(r->mem, r->slot_class, r->nslots, 4);
	*r = (struct rows){0};
}

static void take_slots(struct rows *r, const struct graph *g)
{
	for (uint64_t i = 0; i < r->nslots; i++)
		r->slot_class[i] = g->slot_class[i].state == SLOT_CLASS ? addrmap_id(&g->map, g->slot_class[i].code) : ADDR_NONE;
}

uint32_t rows_class(const struct rows *r, uint32_t id)
{
	const struct walk_node *v = &r->node[id];
	if (!(v->slot & SLOT_OWN_CLASS))
		return r->slot_class[v->slot & SLOT_MASK];
	if (!(v->slot & SLOT_CLASS_EDGE))
		return ADDR_NONE;
	const uint32_t *e = r->to + v->row;
	while (!(*e & WALK_LAST))
		e++;
	return *e & ~WALK_LAST;
}

/* One more time 256 references to an object. false without memory. */
static bool count_high(struct rows *r, uint32_t id)
{
	bool fresh;
	if (r->nmany == r->many_cap) {
		uint32_t cap = r->many_cap ? r->many_cap * 2 : 256;
		struct in_many *p = gmem_grow(r->mem, r->many, r->many_cap, cap, sizeof(*p));
		if (!p)
			return false;
		r->many = p;
		r->many_cap = cap;
	}
	uint32_t *at = u64map_put(&r->in_high, id, &fresh);
	if (fresh) {
		if (!gmem_charge(r->mem, MANY_BYTES)) /* the entry stays, of no use: the graph gives up */
			return false;
		*at = r->nmany++;
		r->many[*at] = (struct in_many){.id = id};
	}
	r->many[*at].times++;
	return true;
}

/* Codes to ids, rows of the dump's order to rows without what leads nowhere. `to` is read at `at`, written before it. */
struct taker {
	struct rows *r;
	const struct addrmap *map;
	uint32_t *to;
	uint64_t at, n, out;
	uint64_t counted; /* edges of `out` whose ends have been counted */
	bool ok;
};

/* How far ahead of being resolved a code's bits are fetched, and how long after it its end is counted: it has been fetched by then. */
enum { AHEAD_BITS = 24, BEHIND_COUNT = 24 };

/* Counts the ends of the edges before `end`. */
static inline void count(struct taker *t, uint64_t end)
{
	struct rows *r = t->r;
	for (; t->counted < end; t->counted++) {
		uint32_t id = t->to[t->counted] & ~WALK_LAST;
		if (__builtin_expect(++r->in[id] == 0, 0) && !count_high(r, id))
			t->ok = false;
	}
}

/* The references up to `end`. */
__attribute__((always_inline)) static inline void take_refs(struct taker *t, uint64_t end)
{
	struct rows *r = t->r;
	uint64_t begin = t->out, first = t->at;
	for (; t->at < end; t->at++) {
		if (t->at + AHEAD_BITS < t->n)
			addrmap_fetch(t->map, t->to[t->at + AHEAD_BITS]);
		uint32_t id = addrmap_id(t->map, t->to[t->at]);
		if (id == ADDR_NONE)
			continue;
		__builtin_prefetch(&r->in[id], 1);
		t->to[t->out++] = id;
	}
	if (t->out - t->counted > BEHIND_COUNT)
		count(t, t->out - BEHIND_COUNT);
	r->dangling += (end - first) - (t->out - begin);
}

/* One row, up to `end`. */
__attribute__((always_inline)) static inline void take_row(struct taker *t, struct walk_node *node, uint64_t end)
{
	bool klass = node->slot & SLOT_CLASS_EDGE;
	uint64_t begin = t->out;
	take_refs(t, end - klass);
	if (klass) { /* not counted, and not missed */
		count(t, t->out);
		uint32_t id = addrmap_id(t->map, t->to[t->at++]);
		if (id == ADDR_NONE)
			node->slot &= ~SLOT_CLASS_EDGE;
		else
			t->to[t->out++] = id;
		t->counted = t->out;
	}
	node->row = t->out > begin ? (uint32_t)begin : WALK_NONE;
	if (t->out > begin)
		t->to[t->out - 1] |= WALK_LAST;
}

/* All rows: each ends where the next one begins. The body is compiled twice, with and without popcnt. */
__attribute__((always_inline)) static inline bool take_body(struct rows *r, const struct addrmap *map, uint64_t nrefs)
{
	struct taker t = {.r = r, .map = map, .to = r->to, .n = nrefs, .ok = true};
	struct walk_node *last = NULL;
	for (uint32_t v = 0; v < r->n && t.ok; v++) {
		struct walk_node *node = &r->node[v];
		if (node->row == WALK_NONE)
			continue;
		if (last)
			take_row(&t, last, node->row);
		last = node;
	}
	if (last && t.ok)
		take_row(&t, last, nrefs);
	count(&t, t.out);
	return t.ok;
}

static bool take_plain(struct rows *r, const struct addrmap *map, uint64_t nrefs) { return take_body(r, map, nrefs); }

#ifdef __x86_64__
__attribute__((target("popcnt"))) static bool take_popcnt(struct rows *r, const struct addrmap *map, uint64_t nrefs)
{
	return take_body(r, map, nrefs);
}
#endif

static bool take(struct rows *r, const struct addrmap *map, uint64_t nrefs)
{
#ifdef __x86_64__
	__builtin_cpu_init();
	if (__builtin_cpu_supports("popcnt"))
		return take_popcnt(r, map, nrefs);
#endif
	return take_plain(r, map, nrefs);
}

bool rows_build(struct rows *r, struct graph *g)
{
	uint64_t nrefs = g->refs.n - g->pending;
	*r = (struct rows){.mem = &g->mem, .n = g->map.nobjects, .nslots = g->nslots};
	r->node = (struct walk_node *)gvec_take(&g->objs, &r->node_cap);
	r->to = gvec_take(&g->refs, &r->to_cap);
	r->slot_class = gmem_raw(r->mem, r->nslots, 4);
	r->in = gmem_alloc(r->mem, r->n, sizeof(*r->in));
	if (!r->slot_class || !r->in)
		return false;
	take_slots(r, g);
	return take(r, &g->map, nrefs);
}
