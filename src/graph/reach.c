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

/* Tallies of what the walk did not reach; ids are still those of the address table. */
static void garbage(struct conclusion *c)
{
	struct dump_summary *s = c->s;
	for (uint32_t v = 0; v < c->rows.n; v++) {
		const struct dfs_node *node = &c->rows.node[v];
		if (node->num)
			continue;
		struct tally *t = &s->keys[reducer_slot_key(c->r, node->slot & ~CSR_HAS_CLASS)].garbage;
		uint64_t size = conclusion_size(c, v);
		t->count++;
		t->bytes += size;
		s->garbage.count++;
		s->garbage.bytes += size;
	}
	s->garbage_by_type_total = s->garbage;
	s->dangling = c->rows.dangling;
}

/* From here on there are only reachable objects, numbered by the walk. */
static bool renumber(struct conclusion *c)
{
	struct dfs *d = &c->dfs;
	if (!dfs_numbers(d, c->rows.node))
		return false;
	rows_done(&c->rows);
	dfs_finish(d);
	c->csr = (struct csr){.n = d->reached, .slot = d->slot, .size = d->size, .off = d->off, .to = d->to};
	idvals_renumber(&c->big_sizes, d->num);
	idvals_renumber(&c->lengths, d->num);
	idvals_renumber(&c->named, d->num);
	return true;
}

static bool dominators(struct conclusion *c)
{
	struct rows *rows = &c->rows;
	struct gmem *mem = &c->g->mem;
	uint32_t nroots = 0, *roots = root_ids(c, &nroots);
	graph_phase(c->g, "walk");
	bool ok = roots && dfs_walk(&c->dfs, rows->n, rows->node, rows->to, rows->m, roots, nroots, mem);
	if (ok) {
		graph_phase(c->g, "renumber");
		garbage(c);
		ok = renumber(c);
	}
	if (ok) {
		for (uint32_t i = 0; i < nroots; i++)
			roots[i] = c->dfs.num[roots[i]] - 1;
		graph_phase(c->g, "dominators");
		const struct csr *r = &c->csr;
		struct dom_graph d = {.n = r->n, .off = r->off, .to = r->to, .parent = c->dfs.parent, .roots = roots, .nroots = nroots};
		ok = domtree_build(&c->dom, &d, mem);
	}
	gmem_free(mem, roots, c->g->roots.n, 4);
	return ok;
}

static bool prefix_sums(struct conclusion *c)
{
	uint64_t sum = 0;
	uint32_t n = c->dom.n;
	c->prefix = gmem_raw(&c->g->mem, (uint64_t)n + 2, 8);
	if (!c->prefix)
		return false;
	c->prefix[0] = 0;
	for (uint32_t p = 1; p <= n; p++) {
		c->prefix[p] = sum;
		sum += conclusion_size(c, c->dom.id[p]);
	}
	c->prefix[(uint64_t)n + 1] = sum;
	c->s->reachable = (struct tally){.count = n, .bytes = sum};
	return true;
}

static void top_retained(struct conclusion *c)
{
	struct top_row rows[SUM_TOP_OBJECTS];
	struct top top = {.row = rows, .cap = SUM_TOP_OBJECTS};
	for (uint32_t p = 1; p <= c->dom.n; p++) {
		struct tally t = conclusion_retained(c, p);
		top_offer(&top, (struct top_row){.a = t.bytes, .b = t.count, .id = c->dfs.old[c->dom.id[p]]});
	}
	top_sort(&top);
	c->s->top_retained = xcalloc(top.n, sizeof(*c->s->top_retained));
	c->s->ntop_retained = top.n;
	for (size_t i = 0; i < top.n; i++) {
		struct sum_object *o = &c->s->top_retained[i];
		*o = object_row_named(c, conclusion_id(c, rows[i].id));
		o->bytes = rows[i].a;
		o->refs = rows[i].b;
	}
}

bool conclude_reach(struct conclusion *c)
{
	if (!dominators(c))
		return false;
	graph_phase(c->g, "retained");
	if (!prefix_sums(c))
		return false;
	top_retained(c);
	return true;
}
