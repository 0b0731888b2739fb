/* The depth-first walk. SPDX-License-Identifier: BSD-2-Clause */
#include "graph/dfs.h"

enum { AHEAD = 8 }; /* edges of a row whose ends are fetched when it is copied; the rest one by one */

struct walk {
	struct dfs *d;
	struct dfs_node *node;
	const uint32_t *to;
	uint32_t *next;  /* by new id: where to go on in its row when the walk comes back to it */
	uint32_t count;
	uint32_t w;      /* edges written */
};

/* Numbers v and copies its row. */
static inline void visit(struct walk *w, uint32_t v, uint32_t parent)
{
	struct dfs *d = w->d;
	struct dfs_node *node = &w->node[v];
	uint32_t i = w->count++;
	d->old[i] = v;
	d->parent[i] = parent;
	d->off[i] = w->w;
	node->num = w->count;
	if (node->row == DFS_NONE)
		return;
	const uint32_t *from = w->to + node->row;
	for (uint32_t x, k = 0;; k++) {
		x = from[k] & ~DFS_LAST;
		d->to[w->w++] = x;
		if (k < AHEAD)
			__builtin_prefetch(&w->node[x], 1);
		if (from[k] & DFS_LAST)
			break;
	}
}

/* The next edge of v's row from e on whose end is not numbered, or `end`. Fetches what comes soon. */
static inline uint32_t unseen(const struct walk *w, uint32_t e, uint32_t end)
{
	const uint32_t *to = w->d->to;
	for (; e < end; e++) {
		if (e + AHEAD < end)
			__builtin_prefetch(&w->node[to[e + AHEAD]], 1);
		const struct dfs_node *x = &w->node[to[e]];
		if (!x->num) {
			__builtin_prefetch(&w->to[x->row == DFS_NONE ? 0 : x->row]);
			if (e + 1 < end) { /* its brother's row, for when the walk comes back */
				const struct dfs_node *y = &w->node[to[e + 1]];
				__builtin_prefetch(&w->to[y->row == DFS_NONE ? 0 : y->row]);
			}
			return e;
		}
	}
	return end;
}

static void walk_from(struct walk *w, uint32_t root)
{
	struct dfs *d = w->d;
	uint32_t i = w->count, e = w->w, end;
	visit(w, root, 0);
	end = w->w; /* off[i + 1] is written by the next visit, so the end of the newest row is kept here */
	for (;;) {
		e = unseen(w, e, end);
		if (e < end) {
			uint32_t child = d->to[e];
			w->next[i] = e + 1;
			e = w->w;
			visit(w, child, i + 1);
			i = w->count - 1;
			end = w->w;
			continue;
		}
		if (d->parent[i] == 0)
			return;
		i = d->parent[i] - 1;
		e = w->next[i];
		end = d->off[i + 1];
	}
}

static bool alloc(struct dfs *d)
{
	d->old = gmem_raw(d->mem, d->n, 4);
	d->parent = gmem_raw(d->mem, d->n, 4);
	d->off = gmem_raw(d->mem, (uint64_t)d->n + 1, 4);
	d->to = gmem_raw(d->mem, d->m, 4);
	return d->old && d->parent && d->off && d->to;
}

bool dfs_walk(struct dfs *d, uint32_t n, struct dfs_node *node, const uint32_t *to, uint64_t m, const uint32_t *roots, uint32_t nroots,
    struct gmem *mem)
{
	*d = (struct dfs){.mem = mem, .n = n, .m = m};
	uint32_t *next = gmem_raw(mem, n, 4);
	bool ok = alloc(d) && next;
	if (ok) {
		struct walk w = {.d = d, .node = node, .to = to, .next = next};
		for (uint32_t i = 0; i < nroots; i++)
			if (!node[roots[i]].num)
				walk_from(&w, roots[i]);
		d->reached = w.count;
		d->off[w.count] = w.w;
	}
	gmem_free(mem, next, n, 4);
	if (!ok)
		dfs_done(d);
	return ok;
}

void dfs_finish(struct dfs *d, const struct dfs_node *node)
{
	for (uint32_t e = 0, end = d->off[d->reached]; e < end; e++)
		d->to[e] = node[d->to[e]].num - 1; /* what a reachable object refers to is reachable */
}

void dfs_done(struct dfs *d)
{
	if (!d->mem)
		return;
	gmem_free(d->mem, d->old, d->n, 4);
	gmem_free(d->mem, d->parent, d->n, 4);
	gmem_free(d->mem, d->off, (uint64_t)d->n + 1, 4);
	gmem_free(d->mem, d->to, d->m, 4);
	*d = (struct dfs){0};
}
