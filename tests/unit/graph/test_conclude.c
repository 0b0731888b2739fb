/* From objects to conclusions: retained by group against the slow way, hostile heaps, names. SPDX-License-Identifier: BSD-2-Clause */
#include "unit.h"

#include "base/mem.h"
#include "fake_stages.h"
#include "graph/graph.h"

enum { MAX_N = 20, MAX_REFS = 5, KEYS = 4, GENERATIONS = 3, UNBORN = GENERATIONS /* of no generation */ };

static struct graph *new_graph(uint64_t memory) { return graph_new(&(struct graph_opts){.memory = memory}); }

/* generation: 10, 20, 30, or none. */
static void put_born(struct graph *g, uint32_t slot, uint32_t type, uint64_t addr, uint64_t klass, uint64_t size, const uint64_t *refs,
    size_t n, uint32_t generation)
{
	struct heap_obj o = {.addr = addr, .klass = klass, .flags = klass ? OBJ_HAS_CLASS : 0, .memsize = size, .type = type, .refs = refs,
	    .nrefs = n, .refs_total = n, .generation = 10 * (generation + 1)};
	o.flags |= generation < UNBORN ? OBJ_HAS_GENERATION : 0;
	graph_object(g, &o, slot);
}

static void put(struct graph *g, uint32_t slot, uint32_t type, uint64_t addr, uint64_t klass, uint64_t size, const uint64_t *refs, size_t n)
{
	put_born(g, slot, type, addr, klass, size, refs, n, UNBORN);
}

static uint64_t address(uint32_t v) { return 0x7f0000000000 + (uint64_t)v * 40; }

/* A small heap in an obvious form. */
struct heap {
	uint32_t n, key[MAX_N], nref[MAX_N], ref[MAX_N][MAX_REFS], klass[MAX_N], nroots, root[3];
	uint32_t born[MAX_N]; /* index of its generation, or UNBORN */
};

static void make(struct heap *h, uint64_t *rnd)
{
	bool traced = unit_below(rnd, 4) > 0;
	h->n = 1 + (uint32_t)unit_below(rnd, MAX_N);
	for (uint32_t v = 0; v < h->n; v++) {
		h->key[v] = (uint32_t)unit_below(rnd, KEYS);
		h->born[v] = traced ? (uint32_t)unit_below(rnd, GENERATIONS + 1) : UNBORN;
		h->nref[v] = (uint32_t)unit_below(rnd, 4);
		h->klass[v] = (uint32_t)unit_below(rnd, 3) ? UINT32_MAX : (uint32_t)unit_below(rnd, h->n); /* also its own */
		for (uint32_t k = 0; k < h->nref[v]; k++)
			h->ref[v][k] = (uint32_t)unit_below(rnd, h->n);
	}
	h->nroots = 1 + (uint32_t)unit_below(rnd, 3);
	for (uint32_t i = 0; i < h->nroots; i++)
		h->root[i] = (uint32_t)unit_below(rnd, h->n);
}

static void reach(const struct heap *h, uint32_t without, bool *seen)
{
	uint32_t stack[MAX_N * (MAX_REFS + 2)], top = 0;
	memset(seen, 0, MAX_N);
	for (uint32_t i = 0; i < h->nroots; i++)
		stack[top++] = h->root[i];
	while (top) {
		uint32_t v = stack[--top];
		if (v == without || seen[v])
			continue;
		seen[v] = true;
		for (uint32_t k = 0; k < h->nref[v]; k++)
			stack[top++] = h->ref[v][k];
		if (h->klass[v] != UINT32_MAX)
			stack[top++] = h->klass[v];
	}
}

/* Keys 0 and 1 are of one gem, 2 and 3 of another: what both keys of a gem hold counts once. */
static void check_gems(bool held[KEYS][MAX_N], const struct dump_summary *s)
{
	static const char *const gems[] = {"foo-1.0", "bar-2.0"};
	for (uint32_t g = 0; g < 2; g++) {
		struct tally want = {0, 0}, got = {0, 0};
		for (uint32_t w = 0; w < MAX_N; w++) {
			want.count += held[2 * g][w] || held[2 * g + 1][w];
			want.bytes += held[2 * g][w] || held[2 * g + 1][w] ? w + 1 : 0;
		}
		for (size_t i = 0; i < s->nret_gem; i++)
			if (!strcmp(strtab_str(&s->names, s->ret_gem[i].name), gems[g]))
				got = s->ret_gem[i].retained;
		assert_int_equal(got.count, want.count);
		assert_int_equal(got.bytes, want.bytes);
	}
}

/* An object counts once for each group that it is in the retained set of, through any member. */
static void check_groups(const struct heap *h, const struct dump_summary *s)
{
	bool all[MAX_N], without[MAX_N];
	struct tally want[KEYS] = {{0, 0}}, garbage[KEYS] = {{0, 0}};
	bool held[KEYS][MAX_N] = {{false}};
	reach(h, UINT32_MAX, all);
	for (uint32_t v = 0; v < h->n; v++) {
		if (!all[v]) {
			garbage[h->key[v]].count++;
			garbage[h->key[v]].bytes += v + 1;
			continue;
		}
		reach(h, v, without);
		for (uint32_t w = 0; w < h->n; w++)
			held[h->key[v]][w] |= all[w] && !without[w];
	}
	for (int k = 0; k < KEYS; k++) {
		for (uint32_t w = 0; w < h->n; w++) {
			want[k].count += held[k][w];
			want[k].bytes += held[k][w] ? w + 1 : 0;
		}
		assert_int_equal(s->keys[k].retained.count, want[k].count);
		assert_int_equal(s->keys[k].retained.bytes, want[k].bytes);
		assert_int_equal(s->keys[k].garbage.count, garbage[k].count);
		assert_int_equal(s->keys[k].garbage.bytes, garbage[k].bytes);
	}
	check_gems(held, s);
	for (size_t i = 0; i < s->nret_class; i++) /* the class of key k is "K<k>", and no other key has it */
		for (int k = 0; k < KEYS; k++)
			if (s->keys[k].klass == s->ret_class[i].name)
				assert_true(s->ret_class[i].retained.bytes == want[k].bytes);
}

static void check_sigs(const struct dump_summary *s)
{
	struct tally own = {0, 0};
	for (size_t i = 0; i < s->nsigs; i++) {
		own.count += s->sigs[i].own.count;
		own.bytes += s->sigs[i].own.bytes;
		assert_true(s->sigs[i].parent == UINT32_MAX || s->sigs[i].parent < s->nsigs);
		assert_true(i == 0 || s->sigs[i - 1].id < s->sigs[i].id);
		assert_true(s->sigs[i].retained.bytes >= s->sigs[i].own.bytes);
	}
	assert_int_equal(own.count, s->reachable.count);
	assert_int_equal(own.bytes, s->reachable.bytes);
}

/* What the reducer has said before: how many objects there are of each (generation x key). */
static void fill_generations(const struct heap *h, struct dump_summary *s)
{
	s->gens = xcalloc(GENERATIONS, sizeof(*s->gens));
	s->genkeys = xcalloc(GENERATIONS * KEYS, sizeof(*s->genkeys));
	for (uint32_t g = 0; g < GENERATIONS; g++) {
		struct sum_gen all = {10 * (g + 1), {0, 0}};
		for (uint32_t k = 0; k < KEYS; k++) {
			struct sum_genkey row = {.generation = all.generation, .key = k};
			for (uint32_t v = 0; v < h->n; v++)
				row.t.count += h->born[v] == g && h->key[v] == k;
			all.t.count += row.t.count;
			if (row.t.count)
				s->genkeys[s->ngenkeys++] = row;
		}
		if (all.t.count)
			s->gens[s->ngens++] = all;
	}
}

/* Of each of these so many are dead as are not reached. */
static void check_dead(const struct heap *h, const struct dump_summary *s)
{
	bool all[MAX_N];
	reach(h, UINT32_MAX, all);
	assert_int_equal(s->genkeys_dead, s->ngenkeys > 0);
	for (size_t i = 0; i < s->ngenkeys; i++) {
		uint32_t dead = 0;
		for (uint32_t v = 0; v < h->n; v++)
			dead += !all[v] && h->key[v] == s->genkeys[i].key && 10 * (h->born[v] + 1) == s->genkeys[i].generation;
		assert_int_equal(s->genkeys[i].dead, dead);
	}
}

static void test_groups_random(void **state)
{
	(void)state;
	uint64_t rnd = 9;
	for (int round = 0; round < 3000; round++) {
		struct heap h;
		struct fake f = fake_new();
		struct graph *g = new_graph(0);
		make(&h, &rnd);
		for (int k = 0; k < KEYS; k++) {
			char name[16];
			snprintf(name, sizeof(name), "K%d", k);
			assert_int_equal(fake_slot(&f, "OBJECT", name, k < 2 ? "/x/gems/foo-1.0/a.rb" : "/x/gems/bar-2.0/a.rb", (uint32_t)k), k);
		}
		for (uint32_t v = 0; v < h.n; v++) {
			uint64_t refs[MAX_REFS];
			for (uint32_t k = 0; k < h.nref[v]; k++)
				refs[k] = address(h.ref[v][k]);
			put_born(g, h.key[v], HEAP_OBJECT, address(v), h.klass[v] == UINT32_MAX ? 0 : address(h.klass[v]), v + 1, refs, h.nref[v],
			    h.born[v]);
		}
		fill_generations(&h, f.s);
		for (uint32_t i = 0; i < h.nroots; i++) {
			uint64_t a = address(h.root[i]);
			graph_root(g, fake_name(&f, i ? "vm" : "machine_context"), &a, 1, true);
		}
		graph_finish(g, f.sc, f.r, f.s);
		assert_true(f.s->has_graph && f.s->no_graph_why == 0);
		check_groups(&h, f.s);
		check_sigs(f.s);
		check_dead(&h, f.s);
		graph_free(g);
		fake_free(&f);
	}
}

/* Text of a signature, root first, "/" between. */
static void sig_text(const struct dump_summary *s, uint32_t i, char *out, size_t n)
{
	out[0] = 0;
	if (s->sigs[i].parent != UINT32_MAX) {
		sig_text(s, s->sigs[i].parent, out, n);
		strncat(out, "/", n - strlen(out) - 1);
	}
	strncat(out, strtab_str(&s->names, s->sigs[i].klass), n - strlen(out) - 1);
}

static const struct sum_sig *sig_named(const struct dump_summary *s, const char *text)
{
	char buf[512];
	for (uint32_t i = 0; i < s->nsigs; i++) {
		sig_text(s, i, buf, sizeof(buf));
		if (!strcmp(buf, text))
			return &s->sigs[i];
	}
	return NULL;
}

/* Threads name what no other root leads to, and stacks what no thread does; in whatever order their lines come. */
static void test_turns(void **state)
{
	(void)state;
	enum { CLASS = 1, THREAD, OF_CLASS, OF_THREAD, OF_STACK, OF_OWN };
	for (int turn = 0; turn < 2; turn++) {
		struct fake f = fake_new();
		struct graph *g = new_graph(0);
		uint32_t k_class = fake_slot(&f, "CLASS", "Class", NULL, 0), k_thread = fake_slot(&f, "DATA", "Thread", NULL, 0),
			 k_array = fake_slot(&f, "ARRAY", "Array", NULL, 0);
		fake_class(&f, address(CLASS), "Foo");
		uint64_t of_class = address(OF_CLASS), of_thread[2] = {address(OF_THREAD), address(OF_CLASS)};
		put(g, k_class, HEAP_CLASS, address(CLASS), 0, 500, &of_class, 1);
		put(g, k_thread, HEAP_DATA, address(THREAD), 0, 500, of_thread, 2);
		for (uint32_t v = OF_CLASS; v <= OF_OWN; v++)
			put(g, k_array, HEAP_ARRAY, address(v), 0, 40, NULL, 0);
		uint64_t class_at = address(CLASS), thread_at = address(THREAD), own = address(OF_OWN),
			 stack[] = {address(OF_CLASS), address(OF_THREAD), address(OF_STACK)};
		const struct { const char *name; const uint64_t *to; size_t n; } root[] = {
		    {"vm", &class_at, 1}, {"threads", &thread_at, 1}, {"thread stacks", stack, 3}, {"machine_context", &own, 1}};
		for (size_t i = 0; i < 4; i++) {
			size_t r = turn ? 3 - i : i;
			graph_root(g, fake_name(&f, root[r].name), root[r].to, root[r].n, true);
		}
		graph_finish(g, f.sc, f.r, f.s);
		assert_true(f.s->has_graph);
		assert_int_equal(f.s->garbage.count, 0);
		static const char *const paths[] = {"root vm/class Foo/Array", "root threads/Thread/Array", "root thread stacks/Array",
		    "root machine_context/Array"};
		for (size_t i = 0; i < 4; i++) {
			const struct sum_sig *s = sig_named(f.s, paths[i]);
			assert_non_null(s);
			assert_int_equal(s->own.count, 1);
		}
		graph_free(g);
		fake_free(&f);
	}
}

/* root vm -> class Object -> class PriceCache -> IMEMO -> Hash (100 x Array -> String), and a list of 70 nodes. */
static void test_names(void **state)
{
	(void)state;
	enum { OBJECT_CLASS = 1, CACHE, MEMO, HASH, NODES = 10, ARRAYS = 100, STRINGS = 300 };
	struct fake f = fake_new();
	struct graph *g = new_graph(0);
	uint32_t k_class = fake_slot(&f, "CLASS", "Class", NULL, 0), k_memo = fake_slot(&f, "IMEMO", "imemo:env", NULL, 0),
		 k_hash = fake_slot(&f, "HASH", "Hash", NULL, 0), k_array = fake_slot(&f, "ARRAY", "Array", NULL, 0),
		 k_string = fake_slot(&f, "STRING", "String", NULL, 0), k_node = fake_slot(&f, "OBJECT", "Node", NULL, 0);
	fake_class(&f, address(OBJECT_CLASS), "Object");
	fake_class(&f, address(CACHE), "PriceCache");
	uint64_t arrays[100], one, two[2];
	for (uint32_t i = 0; i < 100; i++) {
		arrays[i] = address(ARRAYS + i);
		one = address(STRINGS + i);
		put(g, k_array, HEAP_ARRAY, arrays[i], 0, 40, &one, 1);
		put(g, k_string, HEAP_STRING, one, 0, 1000, NULL, 0);
	}
	for (uint32_t i = 0; i < 70; i++) {
		one = address(NODES + i + 1);
		put(g, k_node, HEAP_OBJECT, address(NODES + i), 0, 40, &one, 1); /* the last one's next dangles */
	}
	two[0] = address(CACHE);
	two[1] = address(NODES);
	put(g, k_class, HEAP_CLASS, address(OBJECT_CLASS), 0, 500, two, 2);
	one = address(MEMO);
	put(g, k_class, HEAP_CLASS, address(CACHE), 0, 500, &one, 1);
	one = address(HASH);
	put(g, k_memo, HEAP_IMEMO, address(MEMO), address(STRINGS), 40, &one, 1); /* its class is noise */
	put(g, k_hash, HEAP_HASH, address(HASH), 0, 40, arrays, 100);
	two[0] = address(OBJECT_CLASS);
	graph_root(g, fake_name(&f, "vm"), two, 1, true);
	one = arrays[7]; /* the stack points into the cache: that must not give the Array another name */
	graph_root(g, fake_name(&f, "machine_context"), &one, 1, true);
	graph_finish(g, f.sc, f.r, f.s);
	assert_true(f.s->has_graph);
	assert_int_equal(f.s->dangling, 1);
	const struct sum_sig *s = sig_named(f.s, "root vm/class PriceCache/Hash/Array/String");
	assert_non_null(s);
	assert_int_equal(s->own.count, 100);
	s = sig_named(f.s, "root vm/class Object/Node");
	assert_non_null(s);
	assert_int_equal(s->repeat, 70);
	assert_int_equal(s->own.count, 70);
	s = sig_named(f.s, "root vm/class PriceCache");
	assert_int_equal(s->own.count, 2); /* with the IMEMO */
	assert_int_equal(f.s->ncontents, 1);
	assert_ptr_equal(&f.s->sigs[f.s->contents[0].sig], s);
	assert_int_equal(f.s->contents[0].folded, 1);
	assert_string_equal(strtab_str(&f.s->names, f.s->holders[0].text), "class PriceCache -> Hash");
	assert_int_equal(f.s->holders[0].retained.count, 1 + 2 * 99);
	assert_int_equal(f.s->ncontainers, 2);
	assert_int_equal(f.s->containers[0].length, 100);
	assert_int_equal(f.s->containers[1].length, 70);
	assert_true(f.s->containers[1].addr == address(NODES));
	graph_free(g);
	fake_free(&f);
}

/* An Array of so many entries, none of which is an object, or a String of so many bytes. */
static void put_long(struct graph *g, uint32_t slot, uint32_t type, uint64_t addr, uint64_t length)
{
	struct heap_obj o = {.type = type, .addr = addr, .memsize = 40 + length};
	if (type == HEAP_STRING)
		o.bytesize = length;
	else
		o.length = length;
	o.flags |= type == HEAP_STRING ? 0 : OBJ_HAS_LENGTH;
	graph_object(g, &o, slot);
}

/* Long and short ones of a signature are summed up, each by what it has beyond a few; garbage is in no signature. */
static void test_contents(void **state)
{
	(void)state;
	static const uint64_t length[2][3] = {{2, 10, 100}, {100, 300, 70000}};
	enum { FOO = 1, FIRST, GARBAGE = 10 };
	struct fake f = fake_new();
	struct graph *g = new_graph(0);
	uint32_t k_class = fake_slot(&f, "CLASS", "Class", NULL, 0), k_array = fake_slot(&f, "ARRAY", "Array", NULL, 0),
		 k_string = fake_slot(&f, "STRING", "String", NULL, 0);
	uint64_t held[6], foo = address(FOO);
	fake_class(&f, foo, "Foo");
	for (uint32_t i = 0; i < 6; i++) {
		held[i] = address(FIRST + i);
		put_long(g, i < 3 ? k_array : k_string, i < 3 ? HEAP_ARRAY : HEAP_STRING, held[i], length[i / 3][i % 3]);
	}
	put_long(g, k_array, HEAP_ARRAY, address(GARBAGE), 50);
	put(g, k_class, HEAP_CLASS, foo, 0, 500, held, 6);
	graph_root(g, fake_name(&f, "vm"), &foo, 1, true);
	graph_finish(g, f.sc, f.r, f.s);
	assert_true(f.s->has_graph);
	assert_int_equal(f.s->ncontents, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct sum_content *c = &f.s->contents[i];
		bool array = strcmp(strtab_str(&f.s->names, c->type), "ARRAY") == 0;
		assert_ptr_equal(&f.s->sigs[c->sig], sig_named(f.s, array ? "root vm/class Foo/Array" : "root vm/class Foo/String"));
		assert_int_equal(c->longer, array ? 3 : 2);
		assert_int_equal(c->beyond, array ? 2 + 10 + 100 : 300 + 70000 - 2 * SUM_FEW_BYTES);
		assert_int_equal(summary_content_length(f.s, c), array ? 2 + 10 + 100 : SUM_FEW_BYTES + 300 + 70000);
	}
	graph_free(g);
	fake_free(&f);
}

/* Everything refers to everything at the ends of the address space; twice the same lines. */
static void test_hostile(void **state)
{
	(void)state;
	static const uint64_t at[] = {0, 1, 8, UINT64_MAX, UINT64_MAX - 7, 0x7f0000000001, 0x8000000000000000};
	enum { N = sizeof(at) / sizeof(*at) };
	struct fake f = fake_new();
	struct graph *g = new_graph(0);
	uint32_t slot = fake_slot(&f, "CLASS", "Class", NULL, 0);
	for (int twice = 0; twice < 2; twice++)
		for (int i = 0; i < N; i++)
			put(g, slot, HEAP_CLASS, at[i], at[i], twice ? 7 : UINT64_MAX - 1, at, N); /* its own class */
	graph_root(g, fake_name(&f, "vm"), at, N, false);
	graph_root(g, fake_name(&f, "vm"), at, N, true);
	graph_root(g, fake_name(&f, "empty"), NULL, 0, true);
	graph_finish(g, f.sc, f.r, f.s);
	assert_true(f.s->has_graph);
	assert_int_equal(f.s->reachable.count, N);
	assert_int_equal(f.s->garbage.count, 0);
	assert_int_equal(f.s->referenced[0].refs, N);
	assert_true(f.s->top_retained[0].bytes == UINT64_MAX - 1);
	graph_free(g);
	fake_free(&f);
}

static void test_no_roots(void **state)
{
	(void)state;
	struct fake f = fake_new();
	struct graph *g = new_graph(0);
	uint64_t to = address(0);
	put(g, fake_slot(&f, "OBJECT", "A", NULL, 0), HEAP_OBJECT, address(0), 0, 40, &to, 1);
	graph_finish(g, f.sc, f.r, f.s);
	assert_false(f.s->has_graph);
	assert_non_null(strstr(strtab_str(&f.s->names, f.s->no_graph_why), "no ROOT lines"));
	assert_int_equal(f.s->garbage.count, 0);
	assert_int_equal(f.s->nreferenced, 1);
	graph_free(g);
	fake_free(&f);
	f = fake_new(); /* roots, but no objects at all */
	g = new_graph(0);
	graph_root(g, fake_name(&f, "vm"), &to, 1, true);
	graph_finish(g, f.sc, f.r, f.s);
	assert_true(f.s->has_graph);
	assert_int_equal(f.s->reachable.count, 0);
	graph_free(g);
	fake_free(&f);
}

/* Giving up at any point of the end leaves no graph, no leak, and says so. */
static void test_limits(void **state)
{
	(void)state;
	int without = 0, with = 0;
	for (uint64_t limit = 16 << 10; limit < 4 << 20; limit += 16 << 10) {
		struct fake f = fake_new();
		struct graph *g = new_graph(limit);
		uint32_t slot = fake_slot(&f, "OBJECT", "A", NULL, 0);
		for (uint32_t v = 0; v < 3000; v++) {
			uint64_t next[2] = {address(v + 1), address(v / 2)};
			put_born(g, slot, HEAP_OBJECT, address(v), 0, 40, next, 2, limit >> 14 & 1 ? 0 : UNBORN);
		}
		for (uint32_t v = 4000; v < 4100; v++)
			put_born(g, slot, HEAP_OBJECT, address(v), 0, 40, NULL, 0, limit >> 14 & 1 ? 0 : UNBORN);
		f.s->gens = xcalloc(f.s->ngens = 1, sizeof(*f.s->gens));
		f.s->genkeys = xcalloc(f.s->ngenkeys = 1, sizeof(*f.s->genkeys));
		f.s->gens[0] = (struct sum_gen){10, {3100, 0}};
		f.s->genkeys[0] = (struct sum_genkey){.generation = 10, .t = {3100, 0}};
		uint64_t root = address(0);
		graph_root(g, fake_name(&f, "vm"), &root, 1, true);
		graph_finish(g, f.sc, f.r, f.s);
		assert_true(graph_memory_peak(g) <= limit);
		if (f.s->has_graph) {
			assert_int_equal(f.s->reachable.count, 3000);
			assert_int_equal(f.s->genkeys_dead, limit >> 14 & 1);
			assert_int_equal(f.s->genkeys[0].dead, limit >> 14 & 1 ? 100 : 0);
			with++;
		} else {
			assert_true(f.s->no_graph_why != 0 && f.s->nsigs == 0 && f.s->nholders == 0 && f.s->keys[0].retained.count == 0);
			assert_true(!f.s->genkeys_dead && f.s->genkeys[0].dead == 0);
			assert_int_equal(graph_memory(g), 0);
			without++;
		}
		graph_free(g);
		fake_free(&f);
	}
	assert_true(with > 5 && without > 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_groups_random),
		cmocka_unit_test(test_names),
	    cmocka_unit_test(test_contents),
		cmocka_unit_test(test_turns),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_no_roots),
		cmocka_unit_test(test_limits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
