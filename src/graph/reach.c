/* What is reachable, what is garbage, and the objects that retain most. SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>

#include "base/mem.h"
#include "graph/conclude.h"

/* Ids of all objects named by ROOT lines. NULL without memory. */
static uint32_t *root_ids(struct conclusion *c, uint32_t *ret_n)
{
	const struct glog *l = &c->g->roots;
	uint32_t *ids = gmem_alloc(&c->g->mem, l->n, 4), n = 0;
	for (uint64_t i = 0; ids && i < l->n; i++) {
		uint32_t id = addrmap_id(&c->g->map, glog_at(l, i)[1]);
		if (id != ADDR_NONE)
			ids[n++] = id;
	}
	*ret_n = n;
	return ids;
}

static bool dominators(struct conclusion *c)
{
	uint32_t nroots = 0, *roots = root_ids(c, &nroots);
	if (!roots)
		return false;
	struct dom_graph d = {.n = c->csr.n, .off = c->csr.off, .to = c->csr.to, .extra = c->csr.klass, .roots = roots, .nroots = nroots};
	bool ok = domtree_build(&c->dom, &d, &c->g->mem);
	gmem_free(&c->g->mem, roots, c->g->roots.n, 4);
	return ok;
}

static bool prefix_sums(struct conclusion *c)
{
	uint64_t sum = 0;
	uint32_t n = c->dom.reached;
	c->prefix = gmem_alloc(&c->g->mem, (uint64_t)n + 2, 8);
	if (!c->prefix)
		return false;
	for (uint32_t p = 1; p <= n; p++) {
		c->prefix[p] = sum;
		sum += conclusion_size(c, c->dom.id[p]);
	}
	c->prefix[(uint64_t)n + 1] = sum;
	c->s->reachable = (struct tally){.count = n, .bytes = sum};
	return true;
}

static void garbage(struct conclusion *c)
{
	struct dump_summary *s = c->s;
	for (uint32_t v = 0; v < c->csr.n; v++) {
		if (c->dom.at[v])
			continue;
		struct tally *t = &s->keys[reducer_slot_key(c->r, c->csr.slot[v])].garbage;
		uint64_t size = conclusion_size(c, v);
		t->count++;
		t->bytes += size;
		s->garbage.count++;
		s->garbage.bytes += size;
	}
	s->garbage_by_type_total = s->garbage;
}

static void top_retained(struct conclusion *c)
{
	struct top_row rows[SUM_TOP_OBJECTS];
	struct top top = {.row = rows, .cap = SUM_TOP_OBJECTS};
	for (uint32_t p = 1; p <= c->dom.reached; p++) {
		struct tally t = conclusion_retained(c, p);
		top_offer(&top, (struct top_row){.a = t.bytes, .b = t.count, .id = c->dom.id[p]});
	}
	top_sort(&top);
	c->s->top_retained = xcalloc(top.n, sizeof(*c->s->top_retained));
	c->s->ntop_retained = top.n;
	for (size_t i = 0; i < top.n; i++) {
		struct sum_object *o = &c->s->top_retained[i];
		*o = object_row_named(c, rows[i].id);
		o->bytes = rows[i].a;
		o->refs = rows[i].b;
	}
}

bool conclude_reach(struct conclusion *c)
{
	if (!dominators(c) || !prefix_sums(c))
		return false;
	c->s->dangling = c->csr.dangling;
	garbage(c);
	top_retained(c);
	return true;
}
