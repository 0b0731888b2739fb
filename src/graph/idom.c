/* Immediate dominators of everything that a walk reached. SPDX-License-Identifier: BSD-2-Clause */
#include "graph/idom.h"

#include "graph/dfs.h"
#include "graph/dom.h"
#include "graph/leaves.h"

struct finder {
	struct walk *w;
	struct idom_edge *edge; /* in front those of the part, at the end those to leaves */
	uint64_t n, leaf, cap;  /* of the part; the first to a leaf */
};

enum { AHEAD = 16 };

/* The edges to what is not rooted. */
static void sort_edges(struct finder *f)
{
	struct walk *w = f->w;
	for (uint64_t i = 0; i < w->cross.n;) {
		const uint32_t *p = glog_at(&w->cross, i);
		uint64_t run = glog_run(&w->cross, i);
		for (uint64_t k = 0; k < run; k++, p += 2) {
			if (k + AHEAD < run)
				__builtin_prefetch(&w->parent[p[2 * AHEAD + 1]]);
			if (w->parent[p[1]] == 0)
				continue;
			f->edge[p[1] >= w->leaf ? --f->leaf : f->n++] = (struct idom_edge){p[0], p[1]};
		}
		i += run;
		glog_free_before(&w->cross, i);
	}
	glog_done(&w->cross);
}

static bool take_edges(struct finder *f)
{
	f->cap = f->leaf = f->w->cross.n;
	f->edge = gmem_raw(f->w->mem, f->cap, sizeof(*f->edge));
	if (!f->edge)
		return false;
	sort_edges(f);
	return true;
}

/* What lies above no end has one way in, from its parent, and dominates no end. So an edge that begins there may as well begin at the
 * nearest ancestor that does lie above one; and most do begin there. */
struct lifter {
	struct walk *w;
	uint32_t *at; /* by id: id + 1 of the nearest of itself and its ancestors that is above an end or is one, 0 = the root */
};

static void find_above_ends(struct lifter *l, const struct finder *f)
{
	const struct walk *w = l->w;
	for (uint64_t i = 0; i < f->n; i++)
		l->at[f->edge[i].to] = 1;
	for (uint32_t id = w->n; id-- > 0;)
		if (l->at[id] && w->parent[id])
			l->at[w->parent[id] - 1] = 1;
	for (uint32_t id = 0; id < w->n; id++)
		l->at[id] = l->at[id] ? id + 1 : w->parent[id] ? l->at[w->parent[id] - 1] : 0;
}

/* Lifts the edges of the part, and leaves out those that then tell nothing. */
static void lift_edges(const struct lifter *l, struct finder *f)
{
	struct walk *w = l->w;
	uint64_t n = 0;
	for (uint64_t i = 0; i < f->n; i++) {
		uint32_t to = f->edge[i].to, from = l->at[f->edge[i].from];
		if (from == 0)
			w->parent[to] = 0; /* a way from the root that shares nothing with the others: rooted */
		else if (from != to + 1 && from != w->parent[to])
			f->edge[n++] = (struct idom_edge){from - 1, to};
	}
	f->n = 0;
	for (uint64_t i = 0; i < n; i++)
		if (w->parent[f->edge[i].to])
			f->edge[f->n++] = f->edge[i];
}

static bool lift(struct finder *f)
{
	struct walk *w = f->w;
	struct lifter l = {.w = w, .at = gmem_alloc(w->mem, w->n, 4)};
	if (!l.at)
		return false;
	find_above_ends(&l, f);
	lift_edges(&l, f);
	gmem_free(w->mem, l.at, w->n, 4);
	return true;
}

/* The part of the tree that matters: the ends of the edges and all that is above them. Numbered in preorder, so that the depth-first walk
 * through it finds most of what it reads next beside what it has just read. */
struct part {
	struct gmem *mem;
	uint32_t *num;  /* by id: number + 1, 0 = left out */
	uint32_t n;
	uint32_t *id;   /* by number */
};

static void part_done(struct part *p, const struct walk *w)
{
	gmem_free(p->mem, p->num, w->n, 4);
	gmem_free(p->mem, p->id, p->n, 4);
}

/* num[] becomes the size of the subtree in the part. */
static void part_sizes(struct part *p, const struct finder *f)
{
	const struct walk *w = f->w;
	const uint32_t end = 0x80000000u;
	for (uint64_t i = 0; i < f->n; i++)
		p->num[f->edge[i].from] = p->num[f->edge[i].to] = end;
	for (uint32_t id = w->n; id-- > 0;) {
		if (!p->num[id])
			continue;
		uint32_t size = p->num[id] = (p->num[id] & ~end) + 1;
		if (w->parent[id])
			p->num[w->parent[id] - 1] += size;
		else
			p->n += size;
	}
}

/* Sizes to numbers. Each node's num[] is the end of what is left of its own stretch; each child takes its stretch from there, and what is
 * left in the end is the node alone. */
static void part_number(struct part *p, const struct walk *w)
{
	uint32_t left = p->n;
	for (uint32_t id = 0; id < w->n; id++) {
		uint32_t size = p->num[id];
		if (!size)
			continue;
		uint32_t *end = w->parent[id] ? &p->num[w->parent[id] - 1] : &left;
		p->num[id] = *end;
		*end -= size;
		p->id[*end] = id;
	}
}

static bool part_choose(struct part *p, const struct finder *f)
{
	*p = (struct part){.mem = f->w->mem, .num = gmem_alloc(f->w->mem, f->w->n, 4)};
	if (!p->num)
		return false;
	part_sizes(p, f);
	p->id = gmem_raw(p->mem, p->n, 4);
	if (!p->id)
		return false;
	part_number(p, f->w);
	return true;
}

/* By number: number + 1 of the parent, 0 = the root. */
static inline uint32_t part_up(const struct part *p, const struct walk *w, uint32_t k)
{
	uint32_t up = w->parent[p->id[k]];
	return up ? p->num[up - 1] : 0;
}

/* The part as a graph of its own. */
struct rest {
	const struct part *p;
	uint64_t m;
	struct dfs_node *node; /* n + 1 */
	uint32_t *to;
	uint32_t *roots, nroots;
};

/* Turns the counts in node[].row into the ends of the rows, which fill downwards. */
static void rest_rows(struct rest *g)
{
	uint32_t sum = 0;
	for (uint32_t k = 0; k <= g->p->n; k++)
		g->node[k].row = sum += g->node[k].row;
}

static inline void rest_edge(struct rest *g, uint32_t from, uint32_t to) { g->to[--g->node[from].row] = to; }

/* Marks the ends of the rows. The node behind the last one stands for the end. */
static void rest_ends(struct rest *g)
{
	for (uint32_t k = 0; k < g->p->n; k++) {
		if (g->node[k].row == g->node[k + 1].row)
			g->node[k].row = DFS_NONE;
		else
			g->to[g->node[k + 1].row - 1] |= DFS_LAST;
	}
}

static void rest_fill(struct rest *g, const struct finder *f)
{
	const struct part *p = g->p;
	for (uint32_t k = 0; k < p->n; k++) {
		uint32_t up = part_up(p, f->w, k);
		if (up)
			g->node[up - 1].row++;
		else
			g->roots[g->nroots++] = k;
	}
	for (uint64_t i = 0; i < f->n; i++)
		g->node[p->num[f->edge[i].from] - 1].row++;
	rest_rows(g);
	for (uint64_t i = f->n; i-- > 0;)
		rest_edge(g, p->num[f->edge[i].from] - 1, p->num[f->edge[i].to] - 1);
	for (uint32_t k = p->n; k-- > 0;) {
		uint32_t up = part_up(p, f->w, k);
		if (up)
			rest_edge(g, up - 1, k);
	}
	rest_ends(g);
}

/* Semi-NCA; its answers go into w->parent. */
static bool rest_solve(struct rest *g, struct walk *w)
{
	struct dfs d;
	const struct part *p = g->p;
	if (!dfs_walk(&d, p->n, g->node, g->to, g->m, g->roots, g->nroots, p->mem))
		return false;
	dfs_finish(&d, g->node);
	for (uint32_t i = 0; i < g->nroots; i++)
		g->roots[i] = g->node[g->roots[i]].num - 1;
	const struct dom_graph dg = {.n = d.reached, .off = d.off, .to = d.to, .parent = d.parent, .roots = g->roots, .nroots = g->nroots};
	uint32_t *idom = dom_immediate(&dg, p->mem);
	for (uint32_t i = 0; idom && i < d.reached; i++)
		w->parent[p->id[d.old[i]]] = idom[i + 1] ? p->id[d.old[idom[i + 1] - 1]] + 1 : 0;
	gmem_free(p->mem, idom, (uint64_t)d.reached + 1, 4);
	dfs_done(&d);
	return idom != NULL;
}

static bool rest(const struct part *p, const struct finder *f)
{
	struct rest g = {.p = p, .m = f->n + p->n};
	if (g.m > UINT32_MAX)
		return false;
	g.node = gmem_alloc(p->mem, (uint64_t)p->n + 1, sizeof(*g.node));
	g.to = gmem_raw(p->mem, g.m, 4);
	g.roots = gmem_raw(p->mem, p->n, 4);
	bool ok = g.node && g.to && g.roots;
	if (ok) {
		rest_fill(&g, f);
		ok = rest_solve(&g, f->w);
	}
	gmem_free(p->mem, g.node, (uint64_t)p->n + 1, sizeof(*g.node));
	gmem_free(p->mem, g.to, g.m, 4);
	gmem_free(p->mem, g.roots, p->n, 4);
	return ok;
}

bool idom_find(struct walk *w)
{
	struct finder f = {.w = w};
	struct part p = {.mem = w->mem};
	bool ok = take_edges(&f) && (!f.n || lift(&f));
	if (ok && f.n)
		ok = part_choose(&p, &f) && rest(&p, &f);
	part_done(&p, w);
	ok = ok && leaves_dominators(w->parent, w->n, f.edge + f.leaf, f.cap - f.leaf, w->mem);
	gmem_free(w->mem, f.edge, f.cap, sizeof(*f.edge));
	return ok;
}
