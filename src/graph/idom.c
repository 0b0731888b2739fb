/* Immediate dominators of everything that a walk reached. SPDX-License-Identifier: BSD-2-Clause */
#include "graph/idom.h"

#include "graph/dfs.h"
#include "graph/dom.h"

enum { ROUNDS = 6 }; /* of looking for rooted objects; each is a pass over all objects, so it must at least halve the edges */

struct edge {
	uint32_t from, to; /* ids */
};

struct finder {
	struct walk *w;
	struct edge *edge;
	uint64_t n, cap;
};

static inline bool is_rooted(const struct walk *w, uint32_t id) { return w->top[id] >> 31; }

static bool take_edges(struct finder *f)
{
	struct walk *w = f->w;
	f->cap = w->cross.n;
	f->edge = gmem_raw(w->mem, f->cap, sizeof(*f->edge));
	if (!f->edge)
		return false;
	for (uint64_t i = 0; i < w->cross.n;) {
		const uint32_t *p = glog_at(&w->cross, i);
		uint64_t run = glog_run(&w->cross, i);
		for (uint64_t k = 0; k < run; k++, p += 2)
			if (!is_rooted(w, p[1]))
				f->edge[f->n++] = (struct edge){p[0], p[1]};
		i += run;
		glog_free_before(&w->cross, i);
	}
	glog_done(&w->cross);
	return true;
}

/* One round: tops anew, now that more are rooted; then what they tell. */
static void find_rooted(struct finder *f)
{
	struct walk *w = f->w;
	for (uint32_t id = 0; id < w->n; id++)
		w->top[id] = is_rooted(w, id) ? id | WALK_ROOTED : w->top[w->parent[id] - 1] & ~WALK_ROOTED;
	for (uint64_t i = 0; i < f->n; i++) {
		const struct edge *e = &f->edge[i];
		if ((w->top[e->from] ^ w->top[e->to]) & ~WALK_ROOTED)
			w->top[e->to] |= WALK_ROOTED;
	}
	uint64_t n = 0;
	for (uint64_t i = 0; i < f->n; i++)
		if (!is_rooted(w, f->edge[i].to))
			f->edge[n++] = f->edge[i];
	f->n = n;
}

/* The part of the tree that matters, numbered in the order of ids. */
struct part {
	struct gmem *mem;
	uint32_t *num;  /* by id: number + 1, 0 = left out */
	uint32_t n;
	uint32_t *id;   /* by number */
	uint64_t m;
	struct dfs_node *node;
	uint32_t *to;
	uint32_t *roots, nroots;
};

static void part_done(struct part *p, const struct walk *w)
{
	gmem_free(p->mem, p->num, w->n, 4);
	gmem_free(p->mem, p->id, p->n, 4);
	gmem_free(p->mem, p->node, (uint64_t)p->n + 1, sizeof(*p->node));
	gmem_free(p->mem, p->to, p->m, 4);
	gmem_free(p->mem, p->roots, p->n, 4);
}

static bool part_choose(struct part *p, const struct finder *f)
{
	const struct walk *w = f->w;
	*p = (struct part){.mem = w->mem, .num = gmem_alloc(w->mem, w->n, 4), .m = f->n};
	if (!p->num)
		return false;
	for (uint64_t i = 0; i < f->n; i++)
		p->num[f->edge[i].from] = p->num[f->edge[i].to] = 1;
	for (uint32_t id = w->n; id-- > 0;) {
		if (!p->num[id])
			continue;
		p->n++;
		if (is_rooted(w, id))
			continue;
		p->num[w->parent[id] - 1] = 1;
		p->m++;
	}
	if (p->m > UINT32_MAX)
		return false;
	p->id = gmem_raw(p->mem, p->n, 4);
	p->node = gmem_alloc(p->mem, (uint64_t)p->n + 1, sizeof(*p->node));
	p->to = gmem_raw(p->mem, p->m, 4);
	p->roots = gmem_raw(p->mem, p->n, 4);
	return p->id && p->node && p->to && p->roots;
}

/* Turns the counts in node[].row into the ends of the rows, which fill downwards. */
static void part_rows(struct part *p)
{
	uint32_t sum = 0;
	for (uint32_t k = 0; k <= p->n; k++)
		p->node[k].row = sum += p->node[k].row;
}

static inline void part_edge(struct part *p, uint32_t from, uint32_t to) { p->to[--p->node[from].row] = to; }

/* Marks the ends of the rows. The node behind the last one stands for the end. */
static void part_ends(struct part *p)
{
	for (uint32_t k = 0; k < p->n; k++) {
		uint32_t end = p->node[k + 1].row;
		if (p->node[k].row == end)
			continue;
		p->to[end - 1] |= DFS_LAST;
	}
	for (uint32_t k = 0; k < p->n; k++)
		if (p->node[k].row == p->node[k + 1].row)
			p->node[k].row = DFS_NONE;
}

static void part_fill(struct part *p, const struct finder *f)
{
	const struct walk *w = f->w;
	uint32_t n = 0;
	for (uint32_t id = 0; id < w->n; id++) {
		if (!p->num[id])
			continue;
		p->num[id] = n + 1;
		p->id[n] = id;
		if (is_rooted(w, id))
			p->roots[p->nroots++] = n;
		else
			p->node[p->num[w->parent[id] - 1] - 1].row++;
		n++;
	}
	for (uint64_t i = 0; i < f->n; i++)
		p->node[p->num[f->edge[i].from] - 1].row++;
	part_rows(p);
	for (uint64_t i = f->n; i-- > 0;)
		part_edge(p, p->num[f->edge[i].from] - 1, p->num[f->edge[i].to] - 1);
	for (uint32_t k = p->n; k-- > 0;)
		if (!is_rooted(w, p->id[k]))
			part_edge(p, p->num[w->parent[p->id[k]] - 1] - 1, k);
	part_ends(p);
}

/* Semi-NCA over the part; its answers go into w->parent. */
static bool part_solve(struct part *p, struct walk *w)
{
	struct dfs d;
	if (!dfs_walk(&d, p->n, p->node, p->to, p->m, p->roots, p->nroots, p->mem))
		return false;
	dfs_finish(&d, p->node);
	for (uint32_t i = 0; i < p->nroots; i++)
		p->roots[i] = p->node[p->roots[i]].num - 1;
	const struct dom_graph g = {.n = d.reached, .off = d.off, .to = d.to, .parent = d.parent, .roots = p->roots, .nroots = p->nroots};
	uint32_t *idom = dom_immediate(&g, p->mem);
	for (uint32_t i = 0; idom && i < d.reached; i++)
		w->parent[p->id[d.old[i]]] = idom[i + 1] ? p->id[d.old[idom[i + 1] - 1]] + 1 : 0;
	gmem_free(p->mem, idom, (uint64_t)d.reached + 1, 4);
	dfs_done(&d);
	return idom != NULL;
}

bool idom_find(struct walk *w)
{
	struct finder f = {.w = w};
	bool ok = take_edges(&f);
	for (int i = 0; ok && i < ROUNDS && f.n; i++) {
		uint64_t before = f.n;
		find_rooted(&f);
		if (f.n > before / 2)
			break;
	}
	struct part p = {.mem = w->mem};
	if (ok && f.n) {
		ok = part_choose(&p, &f);
		if (ok)
			part_fill(&p, &f);
	}
	gmem_free(w->mem, f.edge, f.cap, sizeof(*f.edge));
	for (uint32_t id = 0; ok && id < w->n; id++)
		if (is_rooted(w, id))
			w->parent[id] = 0;
	ok = ok && (!p.n || part_solve(&p, w));
	part_done(&p, w);
	walk_free_edges(w);
	return ok;
}
