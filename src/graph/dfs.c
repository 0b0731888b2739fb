/* The depth-first walk. SPDX-License-Identifier: BSD-2-Clause */
#include "graph/dfs.h"

enum { AHEAD = 8 }; /* edges whose ends are fetched ahead */

struct walk {
	struct dfs *d;
	const uint32_t *off, *to;
	uint32_t *stack; /* pairs: old id, next edge */
	uint32_t count;
};

static inline void visit(struct walk *w, uint32_t v, uint32_t parent)
{
	w->d->old[w->count] = v;
	w->d->parent[w->count] = parent;
	w->d->num[v] = ++w->count;
	uint32_t e = w->off[v], end = w->off[v + 1];
	for (uint32_t k = 0; k < AHEAD && e + k < end; k++) {
		__builtin_prefetch(&w->d->num[w->to[e + k]], 1);
		__builtin_prefetch(&w->off[w->to[e + k]]);
	}
}

static void walk_from(struct walk *w, uint32_t root)
{
	uint64_t top = 0;
	visit(w, root, 0);
	uint32_t v = root, e = w->off[v], end = w->off[v + 1];
	for (;;) {
		uint32_t child = DFS_NONE;
		while (e < end) {
			uint32_t x = w->to[e++];
			if (e + AHEAD <= end) {
				__builtin_prefetch(&w->d->num[w->to[e + AHEAD - 1]], 1);
				__builtin_prefetch(&w->off[w->to[e + AHEAD - 1]]);
			}
			if (!w->d->num[x]) {
				child = x;
				break;
			}
		}
		if (child != DFS_NONE) {
			visit(w, child, w->d->num[v]);
			w->stack[2 * top] = v;
			w->stack[2 * top + 1] = e;
			top++;
			v = child;
			e = w->off[v];
		} else {
			if (top == 0)
				return;
			top--;
			v = w->stack[2 * top];
			e = w->stack[2 * top + 1];
		}
		end = w->off[v + 1];
	}
}

bool dfs_walk(struct dfs *d, uint32_t n, const uint32_t *off, const uint32_t *to, const uint32_t *roots, uint32_t nroots,
    struct gmem *mem)
{
	*d = (struct dfs){.mem = mem, .n = n};
	d->num = gmem_alloc(mem, n, 4);
	d->old = gmem_raw(mem, n, 4);
	d->parent = gmem_raw(mem, n, 4);
	uint32_t *stack = gmem_raw(mem, n, 8);
	bool ok = d->num && d->old && d->parent && stack;
	if (ok) {
		struct walk w = {.d = d, .off = off, .to = to, .stack = stack};
		for (uint32_t i = 0; i < nroots; i++)
			if (!d->num[roots[i]])
				walk_from(&w, roots[i]);
		d->reached = w.count;
	}
	gmem_free(mem, stack, n, 8);
	if (!ok)
		dfs_done(d);
	return ok;
}

void dfs_done(struct dfs *d)
{
	if (!d->mem)
		return;
	gmem_free(d->mem, d->num, d->n, 4);
	gmem_free(d->mem, d->old, d->n, 4);
	gmem_free(d->mem, d->parent, d->n, 4);
	*d = (struct dfs){0};
}

bool dfs_edges(const struct dfs *d, const uint32_t *off, const uint32_t *to, uint32_t **ret_off, uint32_t **ret_to, uint32_t *ret_m)
{
	uint32_t r = d->reached, sum = 0;
	uint32_t *new_off = gmem_raw(d->mem, (uint64_t)r + 1, 4);
	if (!new_off)
		return false;
	for (uint32_t v = 0; v < r; v++) {
		if (v + AHEAD < r)
			__builtin_prefetch(&off[d->old[v + AHEAD]]);
		new_off[v] = sum;
		sum += off[d->old[v] + 1] - off[d->old[v]];
	}
	new_off[r] = sum;
	uint32_t *new_to = gmem_raw(d->mem, sum, 4), *w = new_to;
	if (!new_to) {
		gmem_free(d->mem, new_off, (uint64_t)r + 1, 4);
		return false;
	}
	for (uint32_t v = 0; v < r; v++) {
		if (v + 2 * AHEAD < r)
			__builtin_prefetch(&off[d->old[v + 2 * AHEAD]]);
		if (v + AHEAD < r)
			__builtin_prefetch(&to[off[d->old[v + AHEAD]]]);
		for (uint32_t e = off[d->old[v]], end = off[d->old[v] + 1]; e < end; e++)
			*w++ = d->num[to[e]] - 1; /* what a reachable object refers to is reachable */
	}
	*ret_off = new_off;
	*ret_to = new_to;
	*ret_m = sum;
	return true;
}

uint32_t *dfs_values(const struct dfs *d, const uint32_t *values)
{
	uint32_t *out = gmem_raw(d->mem, d->reached, 4);
	for (uint32_t v = 0; out && v < d->reached; v++) {
		if (v + 2 * AHEAD < d->reached)
			__builtin_prefetch(&values[d->old[v + 2 * AHEAD]]);
		out[v] = values[d->old[v]];
	}
	return out;
}
