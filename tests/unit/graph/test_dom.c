/* Dominators against removing each node. SPDX-License-Identifier: BSD-2-Clause */
#include "unit.h"

#include "base/mem.h"
#include "graph/dfs.h"
#include "graph/dom.h"

enum { MAX_N = 24, MAX_M = 400 };

struct small {
	uint32_t n, off[MAX_N + 1], to[MAX_M], roots[MAX_N], nroots;
};

static void reach(const struct small *g, uint32_t without, bool *seen)
{
	uint32_t stack[MAX_N], top = 0;
	memset(seen, 0, MAX_N);
	for (uint32_t i = 0; i < g->nroots; i++) {
		if (g->roots[i] != without && !seen[g->roots[i]]) {
			seen[g->roots[i]] = true;
			stack[top++] = g->roots[i];
		}
	}
	while (top) {
		uint32_t v = stack[--top];
		for (uint32_t e = g->off[v]; e < g->off[v + 1]; e++) {
			uint32_t w = g->to[e];
			if (w != without && !seen[w]) {
				seen[w] = true;
				stack[top++] = w;
			}
		}
	}
}

static void make(struct small *g, uint64_t *rnd)
{
	g->n = 1 + (uint32_t)unit_below(rnd, MAX_N);
	uint32_t density = (uint32_t)unit_below(rnd, 4), m = 0;
	for (uint32_t v = 0; v < g->n; v++) {
		g->off[v] = m;
		uint32_t d = (uint32_t)unit_below(rnd, 1 + density + (unit_below(rnd, 10) == 0 ? 10 : 0));
		for (uint32_t k = 0; k < d; k++) /* repeats, self references, cycles */
			g->to[m++] = (uint32_t)unit_below(rnd, g->n);
	}
	g->off[g->n] = m;
	g->nroots = (uint32_t)unit_below(rnd, 4);
	for (uint32_t i = 0; i < g->nroots; i++)
		g->roots[i] = (uint32_t)unit_below(rnd, g->n);
}

/* Walk, renumbering and dominators in one; ids of *t are those of *d. */
static bool build(struct domtree *t, struct dfs *d, uint32_t n, const uint32_t *off, const uint32_t *to, const uint32_t *roots,
    uint32_t nroots, struct gmem *mem)
{
	uint32_t m = off[n], *new_roots = xcalloc(nroots, 4), *rows = xcalloc(m, 4);
	struct dfs_node *node = xcalloc(n, sizeof(*node));
	for (uint32_t v = 0; v < n; v++) {
		node[v] = (struct dfs_node){.row = off[v] < off[v + 1] ? off[v] : DFS_NONE, .slot = v, .size = ~v};
		for (uint32_t e = off[v]; e < off[v + 1]; e++)
			rows[e] = to[e] | (e + 1 == off[v + 1] ? DFS_LAST : 0);
	}
	*t = (struct domtree){0};
	bool ok = dfs_walk(d, n, node, rows, m, roots, nroots, mem) && dfs_numbers(d, node);
	if (ok) {
		dfs_finish(d);
		for (uint32_t i = 0; i < nroots; i++)
			new_roots[i] = d->num[roots[i]] - 1;
		struct dom_graph g = {.n = d->reached, .off = d->off, .to = d->to, .parent = d->parent, .roots = new_roots,
		    .nroots = nroots};
		ok = domtree_build(t, &g, mem);
	}
	free(new_roots);
	free(rows);
	free(node);
	return ok;
}

/* The rows by new id are those by old id, renumbered; what is carried along came along. */
static void check_rows(const struct small *g, const struct dfs *d)
{
	for (uint32_t i = 0; i < d->reached; i++) {
		uint32_t v = d->old[i];
		assert_int_equal(d->num[v], i + 1);
		assert_true(d->slot[i] == v && d->size[i] == ~v);
		assert_int_equal(d->off[i + 1] - d->off[i], g->off[v + 1] - g->off[v]);
		for (uint32_t k = 0; k < g->off[v + 1] - g->off[v]; k++)
			assert_int_equal(d->old[d->to[d->off[i] + k]], g->to[g->off[v] + k]);
	}
}

/* Position of an old id, 0 = unreachable. */
static uint32_t at(const struct domtree *t, const struct dfs *d, uint32_t v) { return d->num[v] ? t->at[d->num[v] - 1] : 0; }

/* Retained = what is no longer reachable when the node is removed. */
static void check(const struct small *g, const struct domtree *t, const struct dfs *d)
{
	bool all[MAX_N], without[MAX_N];
	uint32_t reached = 0;
	reach(g, DFS_NONE, all);
	for (uint32_t v = 0; v < g->n; v++)
		reached += all[v];
	assert_int_equal(t->n, reached);
	assert_int_equal(t->sub[0], reached + 1);
	for (uint32_t v = 0; v < g->n; v++) {
		uint32_t p = at(t, d, v), kept = 0;
		assert_int_equal(p != 0, all[v]);
		if (!p)
			continue;
		assert_int_equal(d->old[t->id[p]], v);
		assert_true(t->up[p] < p && p + t->sub[p] <= t->up[p] + t->sub[t->up[p]]);
		reach(g, v, without);
		for (uint32_t w = 0; w < g->n; w++) {
			bool lost = all[w] && !without[w], inside = at(t, d, w) >= p && at(t, d, w) < p + t->sub[p];
			assert_int_equal(lost, inside);
			kept += lost;
		}
		assert_int_equal(t->sub[p], kept);
	}
}

static void test_random(void **state)
{
	(void)state;
	uint64_t rnd = 42;
	for (int round = 0; round < 20000; round++) {
		struct small g;
		struct gmem mem = {0};
		struct domtree t;
		struct dfs d;
		make(&g, &rnd);
		assert_true(build(&t, &d, g.n, g.off, g.to, g.roots, g.nroots, &mem));
		check(&g, &t, &d);
		check_rows(&g, &d);
		domtree_done(&t);
		dfs_done(&d);
		assert_int_equal(mem.now, 0);
	}
}

static void test_empty(void **state)
{
	(void)state;
	struct gmem mem = {0};
	struct domtree t;
	struct dfs d;
	uint32_t off[1] = {0};
	assert_true(build(&t, &d, 0, off, off, off, 0, &mem));
	assert_int_equal(t.n, 0);
	domtree_done(&t);
	dfs_done(&d);
	assert_int_equal(mem.now, 0);
}

/* A linked list of 10 million nodes, forth and back: no recursion, linear time. */
static void test_list(void **state)
{
	(void)state;
	enum { N = 10000000 };
	struct gmem mem = {0};
	uint32_t *off = xcalloc(N + 1, 4), *to = xcalloc(2 * (size_t)N, 4), m = 0, root = 0;
	for (uint32_t v = 0; v < N; v++) {
		off[v] = m;
		if (v)
			to[m++] = v - 1;
		if (v + 1 < N)
			to[m++] = v + 1;
	}
	off[N] = m;
	struct domtree t;
	struct dfs d;
	assert_true(build(&t, &d, N, off, to, &root, 1, &mem));
	for (uint32_t v = 0; v < N; v++)
		if (t.sub[at(&t, &d, v)] != N - v || t.up[at(&t, &d, v)] != at(&t, &d, v) - 1)
			fail_msg("node %u", v);
	domtree_done(&t);
	dfs_done(&d);
	gmem_trim(&mem);
	assert_int_equal(mem.now, 0);
	free(off);
	free(to);
}

static void test_no_memory(void **state)
{
	(void)state;
	uint64_t rnd = 5;
	struct small g;
	do
		make(&g, &rnd);
	while (g.nroots == 0 || g.n < 10);
	for (uint64_t limit = 4096; limit < 100 * 4096; limit += 4096) {
		struct gmem mem = {.limit = limit};
		struct domtree t;
		struct dfs d;
		bool ok = build(&t, &d, g.n, g.off, g.to, g.roots, g.nroots, &mem);
		assert_true(mem.peak <= limit);
		assert_int_equal(ok, !mem.failed);
		domtree_done(&t);
		dfs_done(&d);
		assert_int_equal(mem.now, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_no_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
