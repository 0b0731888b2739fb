/* Collecting: address table, logs, resolving, limits. SPDX-License-Identifier: BSD-2-Clause */
#include "unit.h"

#include "base/err.h"
#include "base/mem.h"
#include "graph/internal.h"

/* An object given straight to the graph. */
static void put(struct graph *g, uint64_t addr, uint64_t klass, uint64_t memsize, const uint64_t *refs, size_t n)
{
	struct heap_obj o = {.addr = addr, .klass = klass, .flags = klass ? OBJ_HAS_CLASS : 0, .memsize = memsize, .type = HEAP_OBJECT,
	    .refs = refs, .nrefs = n, .refs_total = n};
	graph_object(g, &o, (uint32_t)(addr % 97));
}

static struct graph *new_graph(uint64_t memory)
{
	struct graph_opts opts = {.memory = memory};
	return graph_new(&opts);
}

static void test_addresses(void **state)
{
	(void)state;
	struct gmem mem = {0};
	struct addrmap m;
	addrmap_init(&m, &mem);
	static const uint64_t at[] = {0, 8, 65528, 65536, 0x7f0000000000, 0x7f0000000028, 0x7f0000000029, UINT64_MAX, UINT64_MAX - 7,
	    0x8000000000000000, 1};
	enum { N = sizeof(at) / sizeof(*at) };
	uint32_t code[N];
	for (int i = 0; i < N; i++) {
		code[i] = addrmap_code(&m, at[i]);
		assert_int_equal(addrmap_add(&m, code[i]), 1);
		assert_int_equal(addrmap_add(&m, code[i]), 0);
	}
	uint32_t no_object = addrmap_code(&m, 0x7f0000000030), no_page = addrmap_code(&m, 0x123456789000), no_odd = addrmap_code(&m, 5);
	bool seen[N] = {false};
	for (int i = 0; i < N; i++) {
		uint32_t id = addrmap_id(&m, code[i]);
		assert_int_equal(id, i); /* in the order in which they came */
		assert_true(!seen[id]);
		seen[id] = true;
		assert_true(addrmap_addr(&m, id) == at[i]);
		assert_int_equal(addrmap_find(&m, at[i]), id);
	}
	assert_true(addrmap_id(&m, no_object) == ADDR_NONE && addrmap_id(&m, no_page) == ADDR_NONE && addrmap_id(&m, no_odd) == ADDR_NONE);
	assert_true(addrmap_find(&m, 24) == ADDR_NONE && addrmap_find(&m, 0x500000000000) == ADDR_NONE && addrmap_find(&m, 7) == ADDR_NONE);
	addrmap_done(&m);
	gmem_trim(&mem); /* what was freed is kept until then */
	assert_int_equal(mem.now, 0);
	assert_true(mem.peak > 0);
}

/* Random heaps against an obvious reading. */
static void test_resolve_random(void **state)
{
	(void)state;
	enum { OBJS = 300, REFS = 6 };
	uint64_t rnd = 1, own = 0;
	for (int round = 0; round < 60; round++) {
		struct graph *g = new_graph(0);
		uint64_t addr[OBJS], klass[OBJS], ref[OBJS][REFS], dangling = 0, total = 0;
		uint32_t nref[OBJS];
		bool first[OBJS];
		for (int i = 0; i < OBJS; i++) { /* few pages, so that duplicates come; some odd */
			addr[i] = 0x10000 + unit_below(&rnd, 40) * 16384 + unit_below(&rnd, 200) * 40 + (unit_below(&rnd, 20) == 0);
			nref[i] = (uint32_t)unit_below(&rnd, REFS + 1);
		}
		for (int i = 0; i < OBJS; i++) { /* mostly one class a slot; some of other classes, of none, of one without a line */
			klass[i] = unit_below(&rnd, 5) ? addr[addr[i] % 7] : unit_below(&rnd, 3) == 0 ? 0 : unit_below(&rnd, 2) ? addr[i] : 0x999000;
			for (uint32_t k = 0; k < nref[i]; k++)
				ref[i][k] = unit_below(&rnd, 10) ? addr[unit_below(&rnd, OBJS)] : 0x777000 + unit_below(&rnd, 99);
			first[i] = true;
			for (int j = 0; j < i; j++)
				first[i] = first[i] && addr[j] != addr[i];
			if (unit_below(&rnd, 4) == 0) { /* a record that turns out bad */
				graph_refs(g, ref[i], nref[i]);
				graph_drop(g);
			}
			if (nref[i] > 3) {
				graph_refs(g, ref[i], 2);
				put(g, addr[i], klass[i], i + 1, ref[i] + 2, nref[i] - 2);
			} else {
				put(g, addr[i], klass[i], i + 1, ref[i], nref[i]);
			}
		}
		struct rows c;
		assert_true(rows_build(&c, g));
		for (int i = 0; i < OBJS; i++) {
			uint32_t id = addrmap_find(&g->map, addr[i]);
			assert_true(id < c.n);
			if (!first[i])
				continue;
			total++;
			assert_true(addrmap_addr(&g->map, id) == addr[i]); /* in order, out of order, odd */
			const struct walk_node *node = &c.node[id];
			assert_int_equal(node->size, i + 1);
			assert_int_equal(node->num, 0);
			assert_int_equal(node->slot & SLOT_MASK, addr[i] % 97);
			uint32_t e = node->row;
			for (uint32_t k = 0; k < nref[i]; k++) {
				uint32_t to = addrmap_find(&g->map, ref[i][k]);
				if (to == ADDR_NONE)
					dangling++;
				else
					assert_int_equal(c.to[e++] & ~WALK_LAST, to);
			}
			assert_int_equal(rows_class(&c, id), addrmap_find(&g->map, klass[i]));
			own += node->slot >> 31;
			if (node->slot & SLOT_CLASS_EDGE) /* the class comes last */
				assert_int_equal(c.to[e++] & ~WALK_LAST, addrmap_find(&g->map, klass[i]));
			if (node->row != WALK_NONE)
				assert_true(e > node->row && c.to[e - 1] & WALK_LAST);
		}
		assert_int_equal(c.n, total);
		assert_true(c.dangling == dangling);
		rows_done(&c);
		graph_free(g);
	}
	assert_true(own > 100);
}

/* Many references cross chunks of the log. */
static void test_many_refs(void **state)
{
	(void)state;
	enum { N = 700000 };
	struct graph *g = new_graph(0);
	uint64_t *refs = xcalloc(N, sizeof(*refs));
	for (int i = 0; i < N; i++)
		refs[i] = 0x40000 + (uint64_t)(i % 1000) * 8;
	for (int i = 0; i < N; i += 4096)
		graph_refs(g, refs + i, i + 4096 < N ? 4096 : (size_t)(N - i));
	graph_drop(g);
	for (int i = 0; i < 1000; i++)
		put(g, refs[i], 0, 40, refs, i == 999 ? N : 0);
	struct rows c;
	assert_true(rows_build(&c, g));
	assert_int_equal(c.n, 1000);
	for (int i = 0; i < 999; i++)
		assert_int_equal(c.node[i].row, WALK_NONE);
	const uint32_t *row = c.to + c.node[999].row;
	for (int i = 0; i < N; i++) {
		assert_int_equal(row[i] & ~WALK_LAST, i % 1000);
		assert_int_equal(row[i] >> 31, i == N - 1);
		const uint32_t *high = u64map_get(&c.in_high, i % 1000);
		assert_int_equal(c.in[i % 1000] + 256 * c.many[*high].times, N / 1000);
	}
	rows_done(&c);
	graph_free(g);
	free(refs);
}

static void test_limit(void **state)
{
	(void)state;
	struct graph *g = new_graph(8 << 20);
	uint64_t refs[4096];
	for (int i = 0; i < 4096; i++)
		refs[i] = 0x40000 + (uint64_t)i * 40;
	int batches = 0;
	while (!graph_state(g) && batches < 100000) { /* one array that never ends */
		graph_refs(g, refs, 4096);
		batches++;
		assert_true(graph_memory(g) <= 8 << 20);
	}
	assert_int_equal(graph_state(g), HDA_ELIMIT);
	assert_int_equal(graph_memory(g), 0);
	assert_true(graph_memory_peak(g) <= 8 << 20);
	put(g, 0x40000, 0, 40, refs, 5); /* ignored */
	graph_root(g, 1, refs, 5, true);
	graph_drop(g);
	assert_int_equal(graph_memory(g), 0);
	struct dump_summary *s = summary_new();
	graph_finish(g, NULL, NULL, s);
	assert_false(s->has_graph);
	assert_non_null(strstr(strtab_str(&s->names, s->no_graph_why), "graph_memory"));
	summary_free(s);
	graph_free(g);
}

/* 4 thousand million references in one array: more than ids can number, so there is no graph, and that is said. */
static void test_four_billion(void **state)
{
	(void)state;
	struct graph *g = new_graph(8 << 20);
	uint64_t refs[4096], all = (UINT64_C(1) << 32) + 4096;
	for (int i = 0; i < 4096; i++)
		refs[i] = 0x40000 + (uint64_t)i % 9 * 40;
	for (uint64_t n = 4096; n < all; n += 4096)
		graph_refs(g, refs, 4096);
	struct heap_obj o = {.addr = 0x40000, .memsize = 40, .type = HEAP_ARRAY, .refs = refs, .nrefs = 4096, .refs_total = all, .length = all,
	    .flags = OBJ_HAS_LENGTH};
	graph_object(g, &o, 0);
	graph_root(g, 1, refs, 1, true);
	assert_int_equal(graph_state(g), HDA_ELIMIT);
	struct dump_summary *s = summary_new();
	graph_finish(g, NULL, NULL, s);
	assert_false(s->has_graph);
	assert_non_null(strstr(strtab_str(&s->names, s->no_graph_why), "graph_memory"));
	summary_free(s);
	graph_free(g);
}

/* Each address in a region of its own: as much memory per address as can be made. */
static void test_sparse_addresses(void **state)
{
	(void)state;
	struct graph *g = new_graph(4 << 20);
	uint64_t rnd = 7;
	for (int i = 0; i < 5000; i++)
		put(g, unit_rnd(&rnd), 0, 40, NULL, 0);
	assert_int_equal(graph_state(g), HDA_ELIMIT);
	assert_true(graph_memory_peak(g) <= 4 << 20);
	graph_free(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_resolve_random),
		cmocka_unit_test(test_many_refs),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_four_billion),
		cmocka_unit_test(test_sparse_addresses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
