/* What is reachable, what is garbage, and the objects that retain most. SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>

#include "base/mem.h"
#include "graph/conclude.h"
#include "graph/dead.h"
#include "graph/idom.h"

/* Tallies of what the walk did not reach; ids are still those of the address table. */
static void garbage(struct conclusion *c, struct dead *dead)
{
	struct dump_summary *s = c->s;
	for (uint32_t v = 0; v < c->rows.n; v++) {
		const struct walk_node *node = &c->rows.node[v];
		if (node->num)
			continue;
		uint32_t slot = node->slot & SLOT_MASK, key = reducer_slot_key(c->r, slot);
		struct tally *t = &s->keys[key].garbage;
		uint64_t size = conclusion_size(c, v);
		t->count++;
		t->bytes += size;
		s->garbage.count++;
		s->garbage.bytes += size;
		dead_count(dead, v, slot, key);
	}
	s->garbage_by_type_total = s->garbage;
	s->dangling = c->rows.dangling;
}

bool conclusion_renumber(struct conclusion *c, struct walk *w)
{
	struct dead dead;
	bool ok = dead_begin(&dead, c);
	if (ok) {
		garbage(c, &dead);
		dead_end(&dead);
	}
	gvec_done(&c->g->born);
	c->num = rows_take_nums(&c->rows);
	idvals_renumber(&c->big_sizes, c->num);
	idvals_renumber(&c->lengths, c->num);
	idvals_renumber(&c->named, c->num);
	c->walk = *w;
	c->sig = c->walk.sig;
	return ok;
}

/* What leaves add to their dominators, or to all when they have none. */
static void leaf_sums(struct conclusion *c, struct tally *all)
{
	for (uint32_t id = c->walk.leaf; id < c->walk.cap; id++) {
		uint32_t up = c->up[id];
		uint64_t size = conclusion_size(c, id);
		if (up) {
			c->sub[up - 1]++;
			c->bytes[up - 1] += size;
		} else {
			all->count++;
			all->bytes += size;
		}
	}
}

/* Sums over the dominator tree: whoever is dominated has the higher id. */
static bool sums(struct conclusion *c)
{
	uint32_t n = c->walk.n;
	c->sub = gmem_alloc(&c->g->mem, n, 4);
	c->bytes = gmem_alloc(&c->g->mem, n, 8);
	if (!c->sub || !c->bytes)
		return false;
	struct tally all = {0, 0};
	leaf_sums(c, &all);
	for (uint32_t id = n; id-- > 0;) {
		c->sub[id]++;
		c->bytes[id] += conclusion_size(c, id);
		uint32_t up = c->up[id];
		if (up) {
			c->sub[up - 1] += c->sub[id];
			c->bytes[up - 1] += c->bytes[id];
		} else {
			all.count += c->sub[id];
			all.bytes += c->bytes[id];
		}
	}
	c->s->reachable = all;
	return true;
}

static inline void offer(const struct conclusion *c, struct top *top, uint32_t id, uint64_t bytes)
{
	if (top_wants(top, bytes))
		top_offer(top, (struct top_row){.a = bytes, .b = conclusion_retained(c, id).count, .tie = conclusion_tie(c, id),
		    .addr = conclusion_addr(c, id), .ref = id});
}

static void top_retained(struct conclusion *c)
{
	struct top_row rows[SUM_TOP_OBJECTS];
	struct top top = {.row = rows, .cap = SUM_TOP_OBJECTS};
	for (uint32_t id = 0; id < c->walk.n; id++)
		offer(c, &top, id, c->bytes[id]);
	for (uint32_t id = c->walk.leaf; id < c->walk.cap; id++)
		offer(c, &top, id, conclusion_size(c, id));
	top_sort(&top);
	c->s->top_retained = xcalloc(top.n, sizeof(*c->s->top_retained));
	c->s->ntop_retained = top.n;
	for (size_t i = 0; i < top.n; i++) {
		struct sum_object *o = &c->s->top_retained[i];
		*o = object_row_named(c, rows[i].ref);
		o->bytes = rows[i].a;
		o->refs = rows[i].b;
	}
}

bool conclude_reach(struct conclusion *c)
{
	if (!idom_find(&c->walk))
		return false;
	c->up = c->walk.parent;
	graph_phase(c->g, "retained");
	if (!sums(c))
		return false;
	top_retained(c);
	return true;
}
