/* Dominators against removing each node. SPDX-License-Identifier: BSD-2-Clause */
#include "unit.h"

#include "base/mem.h"
#include "graph/idom.h"

enum { MAX_N = 24, MAX_M = 400 };

struct small {
	uint32_t n, off[MAX_N + 1], to[MAX_M], roots[MAX_N], nroots;
	bool by_slot[MAX_N]; /* its last edge is that of its slot, not of its row */
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
		g->by_slot[v] = d && unit_below(rnd, 3) == 0;
		for (uint32_t k = 0; k < d; k++) /* repeats, self references, cycles */
			g->to[m++] = (uint32_t)unit_below(rnd, g->n);
	}
	g->off[g->n] = m;
	g->nroots = (uint32_t)unit_below(rnd, 4);
	for (uint32_t i = 0; i < g->nroots; i++)
		g->roots[i] = (uint32_t)unit_below(rnd, g->n);
}

/* Walk and dominators in one: dominators are in w->parent. Each node is its own slot, and roots are of both kinds. */
static bool build(struct walk *w, uint32_t n, const uint32_t *off, const uint32_t *to, const bool *by_slot, const uint32_t *root,
    uint32_t nroots, struct gmem *mem)
{
	uint32_t m = 0, *rows = xcalloc(off[n], 4), *slot_class = xcalloc(n, 4), *step = xcalloc(n, 4);
	struct walk_node *node = xcalloc(n, sizeof(*node));
	struct walk_root *roots = xcalloc(nroots, sizeof(*roots));
	for (uint32_t v = 0; v < n; v++) {
		uint32_t own = off[v + 1] - off[v] - (by_slot && by_slot[v]);
		node[v] = (struct walk_node){.row = own ? m : WALK_NONE, .slot = v, .size = ~v};
		for (uint32_t k = 0; k < own; k++)
			rows[m++] = to[off[v] + k] | (k + 1 == own ? WALK_LAST : 0);
		slot_class[v] = by_slot && by_slot[v] ? to[off[v + 1] - 1] : WALK_NONE;
		step[v] = STEP_FOLD;
	}
	struct strtab names;
	struct sigtab t;
	strtab_init(&names);
	uint32_t vm = strtab_intern(&names, SPAN_LIT("vm")), stack = strtab_intern(&names, SPAN_LIT("stack"));
	for (uint32_t i = 0; i < nroots; i++)
		roots[i] = (struct walk_root){.id = root[i], .step = i % 2 ? stack : vm, .turn = i % 2 ? TURN_STACKS : TURN_FIRST};
	struct walk_input in = {.n = n, .node = node, .to = rows, .slot_class = slot_class, .nslots = n, .slot_step = step, .roots = roots,
	    .nroots = nroots};
	bool ok = sigtab_init(&t, mem, &names, 100, 100) && walk_run(w, &in, &t, mem);
	sigtab_done(&t);
	strtab_done(&names);
	for (uint32_t v = 0; ok && v < n; v++)
		if (node[v].num)
			assert_int_equal(w->old[(node[v].num & WALK_NUM) - 1], v);
	ok = ok && idom_find(w);
	free(roots);
	free(node);
	free(step);
	free(slot_class);
	free(rows);
	return ok;
}

/* Retained = what is no longer reachable when the node is removed. */
static void check(const struct small *g, const struct walk *w)
{
	bool all[MAX_N], without[MAX_N], dominated[MAX_N];
	uint32_t reached = 0;
	reach(g, WALK_NONE, all);
	for (uint32_t v = 0; v < g->n; v++)
		reached += all[v];
	assert_int_equal(walk_count(w), reached);
	for (uint32_t i = walk_first(w); i < w->cap; i = walk_next(w, i)) {
		uint32_t v = w->old[i];
		assert_true(all[v] && w->parent[i] <= i && w->parent[i] <= w->n); /* a dominator comes first, and is no leaf */
		assert_true(w->slot[i] == v && w->size[i] == ~v);
		reach(g, v, without);
		for (uint32_t k = walk_first(w); k < w->cap; k = walk_next(w, k)) {
			dominated[k] = k == i || (w->parent[k] && dominated[w->parent[k] - 1]);
			assert_int_equal(dominated[k], !without[w->old[k]]);
		}
	}
}

static void test_random(void **state)
{
	(void)state;
	uint64_t rnd = 42;
	for (int round = 0; round < 20000; round++) {
		struct small g;
		struct gmem mem = {0};
		struct walk w;
		make(&g, &rnd);
		assert_true(build(&w, g.n, g.off, g.to, g.by_slot, g.roots, g.nroots, &mem));
		check(&g, &w);
		walk_done(&w);
		gmem_trim(&mem); /* what was freed is kept until then */
		assert_int_equal(mem.now, 0);
	}
}

static void test_empty(void **state)
{
	(void)state;
	struct gmem mem = {0};
	struct walk w;
	uint32_t off[1] = {0};
	assert_true(build(&w, 0, off, off, NULL, off, 0, &mem));
	assert_int_equal(walk_count(&w), 0);
	walk_done(&w);
	gmem_trim(&mem); /* what was freed is kept until then */
	assert_int_equal(mem.now, 0);
}

/* A linked list of 10 million nodes, forth and back: no recursion, linear time. */
static void test_list(void **state)
{
	(void)state;
	if (!unit_in_part(1))
		unit_skip("linear time does not hang on sanitizers: clang's part");
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
	struct walk w;
	assert_true(build(&w, N, off, to, NULL, &root, 1, &mem));
	assert_int_equal(w.n, N);
	for (uint32_t v = 0; v < N; v++)
		if (w.old[v] != v || w.parent[v] != v)
			fail_msg("node %u", v);
	walk_done(&w);
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
	for (uint64_t limit = 4096; limit < 200 * 4096; limit += 4096) {
		struct gmem mem = {.limit = limit};
		struct walk w;
		bool ok = build(&w, g.n, g.off, g.to, g.by_slot, g.roots, g.nroots, &mem);
		assert_true(mem.peak <= limit);
		assert_int_equal(ok, !mem.failed);
		walk_done(&w);
		gmem_trim(&mem); /* what was freed is kept until then */
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
