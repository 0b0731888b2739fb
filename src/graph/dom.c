/* Immediate dominators. SPDX-License-Identifier: BSD-2-Clause
 *
 * Numbers are ids + 1 here: 0 is the virtual root. Two steps: semidominators, from the last number to the first; dominators, from the
 * first to the last. Two things keep the first step small:
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
	uint32_t n;
	uint64_t all;          /* n + 1 */
	uint32_t *idom;        /* by number */
	uint32_t *semi;        /* by number; after it is final also the start of `least` */
	uint32_t *poff, *pred; /* predecessors above, by number; all + 1 */
	uint64_t npred;
	uint32_t *link;        /* by number: ancestor in the forest, compressed */
	uint32_t *least;       /* by number: lowest semi on the path to the forest's root */
	uint32_t *stack;
};

/* semi[w] = the lowest predecessor with a number below w's: at least its parent is one. */
static void least_preds(struct snca *s)
{
	const struct dom_graph *g = s->g;
	for (uint32_t w = 1; w <= s->n; w++)
		s->semi[w] = g->parent[w - 1];
	for (uint32_t i = 0; i < g->nroots; i++)
		s->semi[g->roots[i] + 1] = 0;
	for (uint32_t v = 1; v <= s->n; v++) {
		for (uint32_t e = g->off[v - 1], end = g->off[v]; e < end; e++) {
			uint32_t w = g->to[e] + 1;
			if (w < v)
				s->poff[w] += s->semi[w] != 0; /* final already: all below w have been seen */
			else if (s->semi[w] > v)
				s->semi[w] = v;
		}
	}
}

static bool preds(struct snca *s)
{
	const struct dom_graph *g = s->g;
	uint64_t sum = 0;
	for (uint32_t w = 0; w <= s->n; w++) {
		sum += s->poff[w];
		s->poff[w] = (uint32_t)sum; /* the end; filled downwards below */
	}
	s->poff[s->all] = (uint32_t)sum;
	s->npred = sum;
	s->pred = gmem_raw(s->mem, sum, 4);
	if (!s->pred)
		return false;
	for (uint32_t v = s->n; v >= 1; v--) {
		for (uint32_t e = g->off[v - 1], end = g->off[v]; e < end; e++) {
			uint32_t w = g->to[e] + 1;
			if (w < v && s->semi[w] != 0)
				s->pred[--s->poff[w]] = v;
		}
	}
	return true;
}

/* Lowest semi on the forest's path above v (its root left out), path compressed. Nodes from `linked` on are in the forest. */
static inline uint32_t eval(struct snca *s, uint32_t v, uint32_t linked)
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
	for (uint32_t w = s->n; w >= 1; w--) {
		uint32_t best = s->semi[w];
		for (uint32_t e = s->poff[w]; e < s->poff[w + 1]; e++) {
			uint32_t x = eval(s, s->pred[e], w + 1);
			best = x < best ? x : best;
		}
		s->semi[w] = s->least[w] = best;
		s->link[w] = s->g->parent[w - 1];
	}
}

/* The nearest dominator of the parent that is not below the semidominator. */
static void dominators(struct snca *s)
{
	s->idom[0] = 0;
	for (uint32_t w = 1; w <= s->n; w++) {
		uint32_t d = s->g->parent[w - 1];
		while (d > s->semi[w])
			d = s->idom[d];
		s->idom[w] = d;
	}
}

static void drop(struct snca *s, uint32_t **p, uint64_t n)
{
	gmem_free(s->mem, *p, n, 4);
	*p = NULL;
}

static void drop_middle(struct snca *s)
{
	drop(s, &s->semi, s->all);
	drop(s, &s->poff, s->all + 1);
	drop(s, &s->pred, s->npred);
	drop(s, &s->link, s->all);
	drop(s, &s->least, s->all);
	drop(s, &s->stack, s->all);
}

static bool snca(struct snca *s)
{
	s->semi = gmem_raw(s->mem, s->all, 4);
	s->poff = gmem_alloc(s->mem, s->all + 1, 4);
	if (!s->semi || !s->poff)
		return false;
	least_preds(s);
	if (!preds(s))
		return false;
	s->link = gmem_raw(s->mem, s->all, 4);
	s->least = gmem_raw(s->mem, s->all, 4);
	s->stack = gmem_raw(s->mem, s->all, 4);
	if (!s->link || !s->least || !s->stack)
		return false;
	semidominators(s);
	drop(s, &s->least, s->all);
	drop(s, &s->link, s->all);
	s->idom = gmem_raw(s->mem, s->all, 4);
	if (!s->idom)
		return false;
	dominators(s);
	return true;
}

uint32_t *dom_immediate(const struct dom_graph *g, struct gmem *mem)
{
	struct snca s = {.mem = mem, .g = g, .n = g->n, .all = (uint64_t)g->n + 1};
	bool ok = snca(&s);
	drop_middle(&s);
	if (!ok)
		drop(&s, &s.idom, s.all);
	return s.idom;
}
