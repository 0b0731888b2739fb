/* Immediate dominators of objects that lead nowhere. SPDX-License-Identifier: BSD-2-Clause
 *
 * Numbers are ids + 1 here, 0 is the root. Both ends climb, always the higher number, until they meet: few steps in most heaps, each a miss
 * of the cache, so a few edges climb in turn and what each reads next is fetched meanwhile. Where trees are deep (long lists) that could
 * take forever: then jump pointers (Myers, "An Applicative Random-Access Stack", 1983) find the rest in logarithmic time. */
#include "graph/leaves.h"

enum {
	LANES = 16,         /* edges that climb in turn */
	STEPS_AN_EDGE = 32, /* on the average, before jump pointers are made */
};

struct climb {
	uint32_t a, b;  /* numbers */
	uint32_t leaf;  /* id */
};

struct climber {
	uint32_t *parent;
	const struct idom_edge *edge;
	uint64_t at, n; /* edges begun; of so many */
	uint64_t left;  /* steps */
	struct climb lane[LANES];
	uint32_t lanes;
};

/* Some edges of one leaf may climb at one time, each from the parent of that moment. All they find lies on one way up, so the least is it.
 */
static inline void found(uint32_t *parent, uint32_t leaf, uint32_t dominator)
{
	if (dominator < parent[leaf])
		parent[leaf] = dominator;
}

static inline void begin(struct climber *c, struct climb *l)
{
	const struct idom_edge *e = &c->edge[c->at++];
	*l = (struct climb){.a = c->parent[e->to], .b = e->from + 1, .leaf = e->to};
}

/* One step, or the next edge. false: there is none. */
static inline bool step(struct climber *c, struct climb *l)
{
	if (l->a == l->b) {
		found(c->parent, l->leaf, l->a);
		if (c->at == c->n)
			return false;
		begin(c, l);
	} else {
		uint32_t high = l->a > l->b ? l->a : l->b, low = l->a > l->b ? l->b : l->a;
		l->a = c->parent[high - 1];
		l->b = low;
	}
	uint32_t next = l->a > l->b ? l->a : l->b;
	__builtin_prefetch(&c->parent[next ? next - 1 : 0]);
	return true;
}

/* false: it took too many steps; edges that climb still have not been found. */
static bool climb(struct climber *c)
{
	enum { AHEAD = 2 * LANES };
	while (c->lanes < LANES && c->at < c->n)
		begin(c, &c->lane[c->lanes++]);
	while (c->lanes) {
		if (c->left < c->lanes)
			return false;
		c->left -= c->lanes;
		if (c->at + AHEAD < c->n)
			__builtin_prefetch(&c->parent[c->edge[c->at + AHEAD].to]);
		for (uint32_t i = 0; i < c->lanes;) {
			if (step(c, &c->lane[i]))
				i++;
			else
				c->lane[i] = c->lane[--c->lanes];
		}
	}
	return true;
}

/* By number. */
struct jumps {
	const uint32_t *parent; /* by id */
	uint32_t *depth, *jump;
};

static void jumps_fill(struct jumps *j, uint32_t n)
{
	j->depth[0] = j->jump[0] = 0;
	for (uint32_t v = 1; v <= n; v++) {
		uint32_t up = j->parent[v - 1], far = j->jump[up];
		j->depth[v] = j->depth[up] + 1;
		j->jump[v] = j->depth[up] - j->depth[far] == j->depth[far] - j->depth[j->jump[far]] ? j->jump[far] : up;
	}
}

static uint32_t common(const struct jumps *j, uint32_t a, uint32_t b)
{
	if (j->depth[a] < j->depth[b]) {
		uint32_t c = a;
		a = b;
		b = c;
	}
	while (j->depth[a] > j->depth[b])
		a = j->depth[j->jump[a]] >= j->depth[b] ? j->jump[a] : j->parent[a - 1];
	while (a != b) {
		bool far = j->jump[a] != j->jump[b];
		a = far ? j->jump[a] : j->parent[a - 1];
		b = far ? j->jump[b] : j->parent[b - 1];
	}
	return a;
}

static bool jump(struct climber *c, uint32_t n, struct gmem *mem)
{
	uint64_t all = (uint64_t)n + 1;
	struct jumps j = {.parent = c->parent, .depth = gmem_raw(mem, all, 4), .jump = gmem_raw(mem, all, 4)};
	bool ok = j.depth && j.jump;
	if (ok) {
		jumps_fill(&j, n);
		for (uint64_t i = 0; i < c->n; i++) /* those found before do no harm */
			found(c->parent, c->edge[i].to, common(&j, c->parent[c->edge[i].to], c->edge[i].from + 1));
	}
	gmem_free(mem, j.depth, all, 4);
	gmem_free(mem, j.jump, all, 4);
	return ok;
}

bool leaves_dominators(uint32_t *parent, uint32_t n, const struct idom_edge *edge, uint64_t nedges, struct gmem *mem)
{
	struct climber c = {.parent = parent, .edge = edge, .n = nedges, .left = nedges * STEPS_AN_EDGE};
	return climb(&c) || jump(&c, n, mem);
}
