/* Dominators of leaves against climbing one step at a time. SPDX-License-Identifier: BSD-2-Clause */
#include "unit.h"

#include "base/mem.h"
#include "graph/leaves.h"

/* The nearest common ancestor of two numbers (id + 1, 0 = the root). */
static uint32_t common(const uint32_t *parent, uint32_t a, uint32_t b)
{
	while (a != b) {
		if (a > b)
			a = parent[a - 1];
		else
			b = parent[b - 1];
	}
	return a;
}

static void check(uint32_t *parent, uint32_t n, const struct idom_edge *edge, uint64_t nedges)
{
	struct gmem mem = {0};
	uint32_t *want = xcalloc(n, sizeof(*want));
	memcpy(want, parent, n * sizeof(*want));
	for (uint64_t i = 0; i < nedges; i++)
		want[edge[i].to] = common(want, want[edge[i].to], edge[i].from + 1);
	assert_true(leaves_dominators(parent, n, edge, nedges, &mem));
	assert_memory_equal(parent, want, n * sizeof(*want));
	gmem_trim(&mem);
	assert_int_equal(mem.now, 0);
	free(want);
}

/* A random tree, its last quarter leaves, with any number of references to each. */
static void test_random(void **state)
{
	(void)state;
	enum { N = 400 };
	uint64_t rnd = 7;
	for (int round = 0; round < 3000; round++) {
		uint32_t parent[N], n = 4 + (uint32_t)unit_below(&rnd, N - 4), inner = n - n / 4, span = 1 + (uint32_t)unit_below(&rnd, inner);
		struct idom_edge edge[N];
		uint64_t m = unit_below(&rnd, N);
		for (uint32_t id = 0; id < n; id++) {
			uint32_t up = id < inner ? id : inner;
			parent[id] = up - (uint32_t)unit_below(&rnd, (up < span ? up : span) + 1); /* small spans: deep trees */
		}
		for (uint64_t i = 0; i < m; i++)
			edge[i] = (struct idom_edge){(uint32_t)unit_below(&rnd, inner), inner + (uint32_t)unit_below(&rnd, n - inner)};
		check(parent, n, edge, m);
	}
}

/* Two lists of a million links below one object, a leaf between each pair of links: climbing alone would take 10^12 steps. */
static void test_deep(void **state)
{
	(void)state;
	enum { LINKS = 1000000, N = 1 + 3 * LINKS };
	uint32_t *parent = xcalloc(N, sizeof(*parent));
	struct idom_edge *edge = xcalloc(LINKS, sizeof(*edge));
	for (uint32_t i = 0; i < LINKS; i++) {
		uint32_t a = 1 + 2 * i, leaf = 1 + 2 * LINKS + i;
		parent[a] = i ? a - 1 : 1;
		parent[a + 1] = i ? a : 1;
		parent[leaf] = a + 1;
		edge[i] = (struct idom_edge){a + 1, leaf};
	}
	struct gmem mem = {0};
	assert_true(leaves_dominators(parent, N, edge, LINKS, &mem));
	for (uint32_t i = 0; i < LINKS; i++)
		if (parent[1 + 2 * LINKS + i] != 1)
			fail_msg("leaf %u", i);
	gmem_trim(&mem);
	free(edge);
	free(parent);
}

static void test_no_memory(void **state)
{
	(void)state;
	enum { LINKS = 1000, N = 1 + 3 * LINKS };
	uint32_t parent[N] = {0};
	struct idom_edge edge[LINKS];
	for (uint32_t i = 0; i < LINKS; i++) {
		parent[1 + 2 * i] = i ? 2 * i : 1;
		parent[2 + 2 * i] = i ? 1 + 2 * i : 1;
		parent[1 + 2 * LINKS + i] = 2 + 2 * i;
		edge[i] = (struct idom_edge){2 + 2 * i, 1 + 2 * LINKS + i};
	}
	struct gmem mem = {.limit = 4096};
	assert_false(leaves_dominators(parent, N, edge, LINKS, &mem));
	assert_true(mem.failed && mem.peak <= 4096);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_deep),
		cmocka_unit_test(test_no_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
