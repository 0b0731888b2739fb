/* Reachability and immediate dominators. SPDX-License-Identifier: BSD-2-Clause
 *
 * Numbers are depth-first numbers here: 0 the virtual root, 1 .. reached. Three steps: the depth-first walk; semidominators,
 * from the last number to the first; dominators, from the first to the last. Two things keep the middle step small:
 *
 * - A predecessor v with a lower number than w counts as itself, so of those only the lowest matters: the forward scan in
 *   least_preds() finds it with no list of predecessors.
 * - When that lowest one is already the virtual root nothing can go lower, and all other edges into w are dropped. That spares most of
 *   the edges from objects to their class, since the roots name the core classes.
 *
 * What is left (cross and back edges) is turned around into lists of predecessors. */
#include "graph/dom.h"

struct snca {
	struct gmem *mem;
	const struct dom_graph *g;
	uint32_t n, reached;
	uint32_t *num;      /* by id, 0 = not reached */
	uint32_t *vertex;   /* by number: id */
	uint32_t *parent;   /* by number: in the depth-first tree; becomes idom */
	uint32_t *semi;     /* by number */
	uint32_t *poff, *pred; /* predecessors above, by number */
	uint64_t npred;
	uint32_t *link;     /* by number: ancestor in the forest, compressed */
	uint32_t *least;    /* by number: lowest semi on the path to the forest's root */
	uint32_t *stack;    /* 2 (n + 1) */
};

static uint64_t all(const struct snca *s) { return (uint64_t)s->reached + 1; }

/* --- the walk --- */

/* Where a node's edges are left off: index into `to`, with the class edge as one past the end. */
static inline uint32_t degree(const struct dom_graph *g, uint32_t v)
{
	return g->off[v + 1] - g->off[v] + (g->extra && g->extra[v] != DOM_NONE);
}

static inline uint32_t edge(const struct dom_graph *g, uint32_t v, uint32_t k)
{
	uint32_t e = g->off[v] + k;
	return e < g->off[v + 1] ? g->to[e] : g->extra[v];
}

static uint32_t walk_from(struct snca *s, uint32_t root, uint32_t count)
{
	const struct dom_graph *g = s->g;
	uint32_t *stack = s->stack, top = 0; /* pairs: number, next edge */
	s->num[root] = ++count;
	s->vertex[count] = root;
	s->parent[count] = 0;
	stack[0] = count;
	stack[1] = 0;
	for (;;) {
		uint32_t v = s->vertex[stack[2 * top]], k = stack[2 * top + 1], d = degree(g, v), w = 0;
		while (k < d && s->num[w = edge(g, v, k)])
			k++;
		if (k == d) {
			if (top-- == 0)
				return count;
			continue;
		}
		stack[2 * top + 1] = k + 1;
		s->num[w] = ++count;
		s->vertex[count] = w;
		s->parent[count] = stack[2 * top];
		top++;
		stack[2 * top] = count;
		stack[2 * top + 1] = 0;
	}
}

static bool walk(struct snca *s)
{
	s->num = gmem_alloc(s->mem, s->n, 4);
	s->vertex = gmem_alloc(s->mem, (uint64_t)s->n + 1, 4);
	s->parent = gmem_alloc(s->mem, (uint64_t)s->n + 1, 4);
	s->stack = gmem_alloc(s->mem, 2 * ((uint64_t)s->n + 1), 4);
	if (!s->num || !s->vertex || !s->parent || !s->stack)
		return false;
	s->vertex[0] = DOM_NONE;
	for (uint32_t i = 0; i < s->g->nroots; i++)
		if (!s->num[s->g->roots[i]])
			s->reached = walk_from(s, s->g->roots[i], s->reached);
	return true;
}

/* --- predecessors --- */

/* semi[w] = the lowest predecessor with a number below w's: at least its parent is one. */
static void least_preds(struct snca *s)
{
	for (uint32_t w = 1; w <= s->reached; w++)
		s->semi[w] = s->parent[w];
	for (uint32_t i = 0; i < s->g->nroots; i++)
		s->semi[s->num[s->g->roots[i]]] = 0;
	for (uint32_t v = 1; v <= s->reached; v++) {
		uint32_t id = s->vertex[v], d = degree(s->g, id);
		for (uint32_t k = 0; k < d; k++) {
			uint32_t w = s->num[edge(s->g, id, k)];
			if (w < v) {
				s->poff[w] += w != 0 && s->semi[w] != 0; /* final already: all below w have been seen */
				continue;
			}
			if (s->semi[w] > v)
				s->semi[w] = v;
		}
	}
}

static bool preds(struct snca *s)
{
	uint64_t sum = 0;
	for (uint32_t w = 0; w <= s->reached; w++) {
		sum += s->poff[w];
		s->poff[w] = (uint32_t)sum; /* the end; filled downwards below */
	}
	s->poff[all(s)] = (uint32_t)sum;
	s->npred = sum;
	s->pred = gmem_alloc(s->mem, sum, 4);
	if (!s->pred)
		return false;
	for (uint32_t v = s->reached; v >= 1; v--) {
		uint32_t id = s->vertex[v], d = degree(s->g, id);
		for (uint32_t k = 0; k < d; k++) {
			uint32_t w = s->num[edge(s->g, id, k)];
			if (w < v && s->semi[w] != 0)
				s->pred[--s->poff[w]] = v;
		}
	}
	return true;
}

/* --- semidominators --- */

/* Lowest semi on the forest's path above v (its root left out), path compressed. Nodes from `linked` on are in the forest. */
static uint32_t eval(struct snca *s, uint32_t v, uint32_t linked)
{
	uint32_t *stack = s->stack, top = 0;
	while (s->link[v] >= linked) { /* the ancestor has itself an ancestor to jump to */
		stack[top++] = v;
		v = s->link[v];
	}
	while (top) {
		uint32_t w = stack[--top], up = s->link[w];
		if (s->least[up] < s->least[w])
			s->least[w] = s->least[up];
		s->link[w] = s->link[up];
		v = w;
	}
	return s->least[v];
}

static void semidominators(struct snca *s)
{
	for (uint32_t w = s->reached; w >= 1; w--) {
		uint32_t best = s->semi[w];
		for (uint32_t e = s->poff[w]; e < s->poff[w + 1]; e++) {
			uint32_t x = eval(s, s->pred[e], w + 1);
			best = x < best ? x : best;
		}
		s->semi[w] = s->least[w] = best;
		s->link[w] = s->parent[w];
	}
}

/* parent[] becomes idom[]: the nearest dominator of the parent that is not below the semidominator. */
static void dominators(struct snca *s)
{
	for (uint32_t w = 1; w <= s->reached; w++) {
		uint32_t d = s->parent[w];
		while (d > s->semi[w])
			d = s->parent[d];
		s->parent[w] = d;
	}
}

static void drop_u32(struct snca *s, uint32_t **p, uint64_t n)
{
	gmem_free(s->mem, *p, n, 4);
	*p = NULL;
}

static void drop_middle(struct snca *s)
{
	drop_u32(s, &s->semi, all(s));
	drop_u32(s, &s->poff, all(s) + 1);
	drop_u32(s, &s->pred, s->npred);
	drop_u32(s, &s->link, all(s));
	drop_u32(s, &s->least, all(s));
	drop_u32(s, &s->stack, 2 * ((uint64_t)s->n + 1));
}

static bool snca(struct snca *s)
{
	s->semi = gmem_alloc(s->mem, all(s), 4);
	s->poff = gmem_alloc(s->mem, all(s) + 1, 4);
	if (!s->semi || !s->poff)
		return false;
	least_preds(s);
	if (!preds(s))
		return false;
	s->link = gmem_alloc(s->mem, all(s), 4);
	s->least = gmem_alloc(s->mem, all(s), 4);
	if (!s->link || !s->least)
		return false;
	semidominators(s);
	dominators(s);
	drop_middle(s);
	return true;
}

/* --- the tree in preorder --- */

/* Positions by number in `pos`: children of a node lie one after the other in the order of their numbers. */
static void positions(const struct snca *s, const uint32_t *size, uint32_t *next, uint32_t *pos)
{
	pos[0] = 0;
	next[0] = 1;
	for (uint32_t w = 1; w <= s->reached; w++) {
		uint32_t d = s->parent[w];
		pos[w] = next[d];
		next[d] += size[w];
		next[w] = pos[w] + 1;
	}
}

static void fill(struct domtree *t, const struct snca *s, const uint32_t *size, const uint32_t *pos)
{
	for (uint32_t w = 0; w <= s->reached; w++) {
		uint32_t p = pos[w];
		t->id[p] = s->vertex[w];
		t->up[p] = w ? pos[s->parent[w]] : 0;
		t->sub[p] = size[w];
		if (w)
			t->at[s->vertex[w]] = p;
	}
}

static bool preorder(struct domtree *t, struct snca *s)
{
	uint32_t *size = gmem_alloc(s->mem, all(s), 4), *next = gmem_alloc(s->mem, all(s), 4), *pos = gmem_alloc(s->mem, all(s), 4);
	bool ok = size && next && pos;
	if (ok) {
		for (uint32_t w = s->reached; w >= 1; w--) {
			size[w]++;
			size[s->parent[w]] += size[w];
		}
		size[0]++;
		positions(s, size, next, pos);
	}
	gmem_free(s->mem, next, all(s), 4);
	*t = (struct domtree){.mem = s->mem, .n = s->n, .reached = s->reached};
	t->at = s->num; /* numbers become positions in place */
	s->num = NULL;
	t->id = ok ? gmem_alloc(s->mem, all(s), 4) : NULL;
	t->up = ok ? gmem_alloc(s->mem, all(s), 4) : NULL;
	t->sub = ok ? gmem_alloc(s->mem, all(s), 4) : NULL;
	ok = t->id && t->up && t->sub;
	if (ok)
		fill(t, s, size, pos);
	gmem_free(s->mem, size, all(s), 4);
	gmem_free(s->mem, pos, all(s), 4);
	return ok;
}

bool domtree_build(struct domtree *t, const struct dom_graph *g, struct gmem *mem)
{
	struct snca s = {.mem = mem, .g = g, .n = g->n};
	*t = (struct domtree){0};
	bool ok = walk(&s) && snca(&s) && preorder(t, &s);
	drop_middle(&s);
	drop_u32(&s, &s.num, s.n);
	drop_u32(&s, &s.vertex, (uint64_t)s.n + 1);
	drop_u32(&s, &s.parent, (uint64_t)s.n + 1);
	if (!ok)
		domtree_done(t);
	return ok;
}

void domtree_done(struct domtree *t)
{
	if (!t->mem)
		return;
	gmem_free(t->mem, t->at, t->n, 4);
	gmem_free(t->mem, t->id, (uint64_t)t->reached + 1, 4);
	gmem_free(t->mem, t->up, (uint64_t)t->reached + 1, 4);
	gmem_free(t->mem, t->sub, (uint64_t)t->reached + 1, 4);
	*t = (struct domtree){0};
}
