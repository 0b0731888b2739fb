/* Instance variables, names sent with the dump, and places of blocks beside signatures. SPDX-License-Identifier: BSD-2-Clause */
#include "unit.h"

#include "base/mem.h"
#include "fake_stages.h"
#include "graph/graph.h"
#include "graph/shapes.h"

static uint64_t address(uint32_t v) { return 0x7f0000000000 + (uint64_t)v * 40; }

struct world {
	struct fake f;
	struct graph *g;
};

static struct world *new_world(void)
{
	struct world *w = xcalloc(1, sizeof(*w));
	w->f = fake_new();
	w->g = graph_new(&(struct graph_opts){.memory = 0});
	return w;
}

static void world_free(struct world *w)
{
	graph_free(w->g);
	fake_free(&w->f);
	free(w);
}

enum { NO_SHAPE = UINT32_MAX };

/* An object: class, number, size, shape, numbers of what it refers to, ended by -1. */
static void put_at(struct world *w, const char *type, const char *klass, const char *file, uint32_t v, uint32_t shape, const int *refs)
{
	uint64_t to[8];
	size_t n = 0;
	for (; refs[n] >= 0; n++)
		to[n] = address((uint32_t)refs[n]);
	struct heap_obj o = {.addr = address(v), .memsize = 5000, .refs = to, .nrefs = n, .refs_total = n, .shape = shape,
	    .flags = shape == NO_SHAPE ? 0 : OBJ_HAS_SHAPE,
	    .type = !strcmp(type, "OBJECT") ? HEAP_OBJECT : !strcmp(type, "IMEMO") ? HEAP_IMEMO : !strcmp(type, "CLASS") ? HEAP_CLASS : HEAP_HASH};
	graph_object(w->g, &o, fake_slot(&w->f, type, klass, file, file ? 12 : 0));
}

#define put(w, type, klass, v, shape, ...) put_at(w, type, klass, NULL, v, shape, (const int[]){__VA_ARGS__, -1})

static void shape(struct world *w, uint64_t id, uint64_t parent, const char *var)
{
	struct heap_shape s = {.id = id, .parent_id = parent, .edge_name = var ? fake_name(&w->f, var) : 0};
	graph_shape(w->g, &s);
}

static void root(struct world *w, const char *name, uint32_t v)
{
	uint64_t to = address(v);
	graph_root(w->g, fake_name(&w->f, name), &to, 1, true);
}

static void called(struct world *w, const char *name, uint32_t v)
{
	uint64_t to = address(v);
	graph_name(w->g, fake_name(&w->f, name), &to, 1);
}

/* Label of the only signature whose last step is `klass`, "" when it has none. */
static const char *label(const struct world *w, const char *klass)
{
	const struct sum_sig *found = NULL;
	for (size_t i = 0; i < w->f.s->nsigs; i++) {
		if (strcmp(strtab_str(&w->f.s->names, w->f.s->sigs[i].klass), klass))
			continue;
		assert_null(found);
		found = &w->f.s->sigs[i];
	}
	assert_non_null(found);
	return found->label ? strtab_str(&w->f.s->names, found->label) : "";
}

static const char *holder(const struct world *w, uint32_t v)
{
	for (size_t i = 0; i < w->f.s->nholders; i++)
		if (w->f.s->holders[i].addr == address(v))
			return strtab_str(&w->f.s->names, w->f.s->holders[i].text);
	return "";
}

static void finish(struct world *w)
{
	graph_finish(w->g, w->f.sc, w->f.r, w->f.s);
	assert_true(w->f.s->has_graph);
}

/* Shape 3 of Shop: @id, @cache; the lines of shapes come in any order. */
static void shop_shapes(struct world *w)
{
	shape(w, 3, 2, "@cache");
	shape(w, 2, 1, NULL); /* a change of capacity adds no variable */
	shape(w, 1, 0, "@id");
	shape(w, 0, 0, NULL);
}

static void test_variables(void **state)
{
	(void)state;
	struct world *w = new_world();
	root(w, "vm", 1);
	root(w, "vm", 2);
	put(w, "OBJECT", "Shop", 1, 3, 10, 11);
	put(w, "OBJECT", "Shop", 2, 3, 12, 13);
	put(w, "HASH", "Ids", 10, NO_SHAPE, -1);
	put(w, "HASH", "Hash", 11, NO_SHAPE, -1);
	put(w, "HASH", "Ids", 12, NO_SHAPE, -1);
	put(w, "HASH", "Hash", 13, NO_SHAPE, -1);
	shop_shapes(w);
	finish(w);
	assert_string_equal(label(w, "Shop"), "");
	assert_string_equal(label(w, "Ids"), "@id -> Ids");
	assert_string_equal(holder(w, 11), "Ruby VM -> Shop -> @cache -> Hash");
	world_free(w);
}

/* One fewer reference than variables: nobody knows which one is nil. */
static void test_not_certain(void **state)
{
	(void)state;
	static const struct { uint64_t parent; int to[3]; } cases[] = {
		{0, {10, -1, -1}},   /* fewer references than variables */
		{0, {10, 99, -1}},   /* one leads nowhere */
		{7, {10, 10, -1}},   /* a shape whose parent has no line */
		{1, {10, 10, -1}},   /* a circle */
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct world *w = new_world();
		root(w, "vm", 1);
		shape(w, 0, 0, NULL);
		shape(w, 1, cases[i].parent, "@a");
		shape(w, 2, 1, "@b");
		put_at(w, "OBJECT", "Shop", NULL, 1, 2, cases[i].to);
		put(w, "HASH", "Hash", 10, NO_SHAPE, -1);
		finish(w);
		assert_string_equal(label(w, "Hash"), "");
		world_free(w);
	}
}

/* Two variables lead to what is one step by its names: the step has no label, but each holder has its own. */
static void test_two_names(void **state)
{
	(void)state;
	struct world *w = new_world();
	root(w, "vm", 1);
	shop_shapes(w);
	put(w, "OBJECT", "Shop", 1, 3, 10, 11);
	put(w, "HASH", "Hash", 10, NO_SHAPE, -1);
	put(w, "HASH", "Hash", 11, NO_SHAPE, -1);
	finish(w);
	assert_string_equal(label(w, "Hash"), "");
	assert_string_equal(holder(w, 10), "Ruby VM -> Shop -> @id -> Hash");
	assert_string_equal(holder(w, 11), "Ruby VM -> Shop -> @cache -> Hash");
	world_free(w);
	w = new_world(); /* an object of another shape says nothing, which is enough */
	root(w, "vm", 1);
	root(w, "vm", 2);
	shop_shapes(w);
	put(w, "OBJECT", "Shop", 1, 3, 10, 11);
	put(w, "OBJECT", "Shop", 2, 9, 11, -1);
	put(w, "HASH", "Ids", 10, NO_SHAPE, -1);
	put(w, "HASH", "Hash", 11, NO_SHAPE, -1);
	finish(w);
	assert_string_equal(label(w, "Ids"), "@id -> Ids");
	assert_string_equal(label(w, "Hash"), "");
	world_free(w);
}

/* Ruby 4.0: the variables of a class lie in an IMEMO, which is no step. */
static void test_of_a_class(void **state)
{
	(void)state;
	struct world *w = new_world();
	root(w, "vm", 1);
	shape(w, 0, 0, NULL);
	shape(w, 1, 0, "@cache");
	fake_class(&w->f, address(1), "PriceCache");
	put(w, "CLASS", "Class", 1, NO_SHAPE, 2);
	put(w, "IMEMO", "imemo:fields", 2, 1, 10);
	put(w, "HASH", "Hash", 10, NO_SHAPE, -1);
	finish(w);
	assert_string_equal(label(w, "Hash"), "@cache -> Hash");
	assert_string_equal(holder(w, 10), "class PriceCache -> @cache -> Hash");
	world_free(w);
}

static void test_names_sent(void **state)
{
	(void)state;
	struct world *w = new_world();
	root(w, "vm", 1);
	root(w, "global_tbl", 11);
	fake_class(&w->f, address(1), "Foo");
	put(w, "CLASS", "Class", 1, NO_SHAPE, 10);
	put(w, "HASH", "Hash", 10, NO_SHAPE, -1);
	put(w, "HASH", "Array", 11, NO_SHAPE, -1);
	called(w, "hda: constant Foo::REGISTRY", 10);
	called(w, "hda: constant Foo::ALIAS", 10);
	called(w, "hda: global $stats", 11);
	called(w, "hda: constant Foo::GONE", 99); /* no such object */
	finish(w);
	assert_string_equal(label(w, "Hash"), "constant Foo::ALIAS -> Hash"); /* the first in the alphabet */
	assert_string_equal(label(w, "Array"), "global $stats -> Array");
	assert_string_equal(holder(w, 10), "constant Foo::ALIAS -> Hash");
	assert_int_equal(w->f.s->reachable.count, 3);
	world_free(w);
}

/* proc at FILE:LINE in the middle of a path; two places: none. */
static void test_blocks(void **state)
{
	(void)state;
	for (int two = 0; two < 2; two++) {
		struct world *w = new_world();
		root(w, "vm", 1);
		put(w, "HASH", "Hooks", 1, NO_SHAPE, 2, 3);
		put_at(w, "DATA", "Proc", "app/hooks.rb", 2, NO_SHAPE, (const int[]){10, -1});
		put_at(w, "DATA", "Proc", two ? "app/other.rb" : "app/hooks.rb", 3, NO_SHAPE, (const int[]){10, -1});
		put(w, "HASH", "Hash", 10, NO_SHAPE, 11);
		put(w, "HASH", "Leaf", 11, NO_SHAPE, -1);
		finish(w);
		assert_string_equal(label(w, "Proc"), two ? "" : "proc at app/hooks.rb:12");
		assert_string_equal(holder(w, 10), two ? "Ruby VM -> Hooks -> Proc -> Hash" : "Ruby VM -> Hooks -> proc at app/hooks.rb:12 -> Hash");
		world_free(w);
	}
}

/* The ids are those of the heap without labels. */
static void test_ids_stay(void **state)
{
	(void)state;
	uint64_t id[2][8];
	for (int with = 0; with < 2; with++) {
		struct world *w = new_world();
		root(w, "vm", 1);
		if (with)
			shop_shapes(w);
		put(w, "OBJECT", "Shop", 1, 3, 10, 11);
		put(w, "HASH", "Ids", 10, NO_SHAPE, -1);
		put(w, "HASH", "Hash", 11, NO_SHAPE, -1);
		if (with)
			called(w, "hda: constant Foo::REGISTRY", 11);
		finish(w);
		assert_int_equal(w->f.s->nsigs, 4);
		assert_int_equal(w->f.s->sigs[1].label != 0 || w->f.s->sigs[2].label != 0 || w->f.s->sigs[3].label != 0, with);
		for (size_t i = 0; i < 4; i++)
			id[with][i] = w->f.s->sigs[i].id;
		world_free(w);
	}
	assert_memory_equal(id[0], id[1], 4 * sizeof(id[0][0]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_variables),
		cmocka_unit_test(test_not_certain),
		cmocka_unit_test(test_two_names),
		cmocka_unit_test(test_of_a_class),
		cmocka_unit_test(test_names_sent),
		cmocka_unit_test(test_blocks),
		cmocka_unit_test(test_ids_stay),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
