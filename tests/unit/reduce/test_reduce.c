/* The reducer on hand-made objects: limits, sampling, and that the parts of a dump add up. SPDX-License-Identifier: BSD-2-Clause */
#include "unit.h"

#include "base/mem.h"
#include "reduce/internal.h"

enum { NOBJ = 4000, NSITES = 40, ROUNDS = 40 };

/* Names as a scanner would number them: 1 .. 20; sites 1 .. NSITES. */
static struct strtab names;
static struct scan_site sites[NSITES];

static int make(void **state)
{
	(void)state;
	strtab_init(&names);
	for (int i = 1; i <= 20; i++) {
		char text[16];
		snprintf(text, sizeof(text), "name%d", i);
		strtab_intern(&names, span_of(text));
	}
	for (uint32_t i = 0; i < NSITES; i++)
		sites[i] = (struct scan_site){1 + i % 20, 1 + i / 4};
	return 0;
}

static int clear(void **state)
{
	(void)state;
	strtab_done(&names);
	return 0;
}

static struct heap_obj random_obj(uint64_t *seed)
{
	static const uint32_t types[] = {HEAP_STRING, HEAP_STRING, HEAP_ARRAY, HEAP_DATA, HEAP_IMEMO, HEAP_CLASS, HEAP_ICLASS, HEAP_TYPES + 3};
	uint64_t value = unit_below(seed, 600);
	struct heap_obj o = {
		.addr = 8 * (1 + unit_below(seed, 3000)),
		.klass = 8 * (1 + unit_below(seed, 300)),
		.superclass = 8 * (1 + unit_below(seed, 300)),
		.memsize = unit_below(seed, 30) ? unit_below(seed, 500) : UINT64_C(3000000000),
		.generation = unit_below(seed, 30),
		.length = unit_below(seed, 90),
		.bytesize = value,
		.refs_total = unit_below(seed, 50),
		.type = types[unit_below(seed, 8)],
		.site = (uint32_t)unit_below(seed, NSITES + 1),
		.detail = (uint32_t)unit_below(seed, 5),
		.name = (uint32_t)unit_below(seed, 2) * (uint32_t)unit_below(seed, 20),
		.flags = (uint32_t)unit_below(seed, 64),
	};
	o.value_hash = unit_rnd(&value);
	return o;
}

static struct dump_summary *finished(struct reducer *r)
{
	struct dump_summary *s = summary_new();
	reduce_finish(r, &names, sites, NSITES, s);
	return s;
}

static const char *name(const struct dump_summary *s, uint32_t id) { return id ? strtab_str(&s->names, id) : "(null)"; }

static void same_tally(struct tally a, struct tally b)
{
	assert_int_equal(a.count, b.count);
	assert_int_equal(a.bytes, b.bytes);
}

static void same_objects(const struct dump_summary *a, const struct sum_object *x, size_t nx, const struct dump_summary *b,
    const struct sum_object *y, size_t ny)
{
	assert_int_equal(nx, ny);
	for (size_t i = 0; i < nx; i++) {
		assert_int_equal(x[i].addr, y[i].addr);
		assert_int_equal(x[i].bytes, y[i].bytes);
		assert_int_equal(x[i].refs, y[i].refs);
		assert_int_equal(x[i].generation, y[i].generation);
		assert_string_equal(name(a, x[i].type), name(b, y[i].type));
	}
}

/* Equal in everything but the numbers of names. */
static void same_summary(const struct dump_summary *a, const struct dump_summary *b)
{
	assert_int_equal(a->objects, b->objects);
	assert_int_equal(a->bytes, b->bytes);
	assert_int_equal(a->nkeys, b->nkeys);
	for (size_t i = 0; i < a->nkeys; i++) {
		assert_string_equal(name(a, a->keys[i].type), name(b, b->keys[i].type));
		assert_string_equal(name(a, a->keys[i].klass), name(b, b->keys[i].klass));
		assert_string_equal(name(a, a->keys[i].file), name(b, b->keys[i].file));
		assert_int_equal(a->keys[i].line, b->keys[i].line);
		same_tally(a->keys[i].all, b->keys[i].all);
	}
	assert_int_equal(a->ngens, b->ngens);
	for (size_t i = 0; i < a->ngens; i++) {
		assert_int_equal(a->gens[i].generation, b->gens[i].generation);
		same_tally(a->gens[i].t, b->gens[i].t);
	}
	assert_int_equal(a->ngenkeys, b->ngenkeys);
	for (size_t i = 0; i < a->ngenkeys; i++) {
		assert_int_equal(a->genkeys[i].generation, b->genkeys[i].generation);
		assert_int_equal(a->genkeys[i].key, b->genkeys[i].key);
		same_tally(a->genkeys[i].t, b->genkeys[i].t);
	}
	assert_int_equal(a->dup_groups, b->dup_groups);
	assert_int_equal(a->dup_copies, b->dup_copies);
	assert_int_equal(a->dup_bytes, b->dup_bytes);
	assert_int_equal(a->dup_estimated, b->dup_estimated);
	assert_int_equal(a->ndups, b->ndups);
	for (size_t i = 0; i < a->ndups; i++) {
		assert_int_equal(a->dups[i].copies, b->dups[i].copies);
		assert_int_equal(a->dups[i].bytes, b->dups[i].bytes);
		assert_int_equal(a->dups[i].length, b->dups[i].length);
		assert_int_equal(a->dups[i].generation, b->dups[i].generation);
		assert_int_equal(a->dups[i].nsites, b->dups[i].nsites);
		assert_string_equal(name(a, a->dups[i].sites[0].file), name(b, b->dups[i].sites[0].file));
	}
	same_objects(a, a->refs, a->nrefs, b, b->refs, b->nrefs);
	same_objects(a, a->largest, a->nlargest, b, b->largest, b->nlargest);
	same_objects(a, a->gen_refs, a->ngen_refs, b, b->gen_refs, b->ngen_refs);
	assert_int_equal(a->edge_addrs_cut, b->edge_addrs_cut);
	assert_int_equal(a->nedge_addrs, b->nedge_addrs);
	assert_memory_equal(a->edge_addrs, b->edge_addrs, a->nedge_addrs * sizeof(*a->edge_addrs));
	assert_int_equal(a->nroot_names, b->nroot_names);
}

/* Objects cut at two random places into three reducers, merged in each of two orders and both groupings, are the whole. */
static void test_merge(void **state)
{
	(void)state;
	uint64_t seed = 77;
	for (int round = 0; round < ROUNDS; round++) {
		struct heap_obj *o = xcalloc(NOBJ, sizeof(*o));
		size_t n = 1 + unit_below(&seed, NOBJ), cut1 = unit_below(&seed, n), cut2 = cut1 + unit_below(&seed, n - cut1);
		uint32_t limit = round % 4 == 3 ? 64 : 0; /* every fourth round samples its strings */
		struct reducer *part[5][3];
		for (size_t i = 0; i < n; i++)
			o[i] = random_obj(&seed);
		for (int k = 0; k < 5; k++) {
			const size_t from[] = {0, k ? cut1 : n, k ? cut2 : n, n};
			for (int p = 0; p < 3; p++) {
				part[k][p] = reducer_new(&(struct reducer_opts){.order = from[p], .dup_strings = limit});
				for (size_t i = from[p]; i < from[p + 1]; i++)
					reducer_add(part[k][p], &o[i]);
				reducer_root(part[k][p], 1 + (uint32_t)p % 2, 3);
			}
		}
		reducer_merge(part[0][0], part[0][1], NULL, NULL); /* the whole, and two empty ones */
		reducer_merge(part[0][0], part[0][2], NULL, NULL);
		reducer_merge(part[1][0], part[1][1], NULL, NULL); /* (a + b) + c */
		reducer_merge(part[1][0], part[1][2], NULL, NULL);
		reducer_merge(part[2][1], part[2][2], NULL, NULL); /* a + (b + c) */
		reducer_merge(part[2][0], part[2][1], NULL, NULL);
		reducer_merge(part[3][2], part[3][1], NULL, NULL); /* (c + b) + a */
		reducer_merge(part[3][2], part[3][0], NULL, NULL);
		reducer_merge(part[4][1], part[4][0], NULL, NULL); /* c + (b + a) */
		reducer_merge(part[4][2], part[4][1], NULL, NULL);
		struct dump_summary *whole = finished(part[0][0]);
		struct reducer *const all[] = {part[1][0], part[2][0], part[3][2], part[4][2]};
		for (int k = 0; k < 4; k++) {
			struct dump_summary *s = finished(all[k]);
			same_summary(whole, s);
			summary_free(s);
		}
		summary_free(whole);
		for (int k = 0; k < 15; k++)
			reducer_free(part[k / 3][k % 3]);
		free(o);
	}
}

static void test_newest(void **state)
{
	(void)state;
	struct reducer *r = reducer_new(&(struct reducer_opts){0});
	for (uint64_t i = 0; i < 3 * SUM_EDGE_ADDRS; i++) {
		struct heap_obj o = {.addr = 8 * i, .type = HEAP_ARRAY, .generation = i < SUM_EDGE_ADDRS + 1 ? 5 : 6, .flags = OBJ_HAS_GENERATION};
		reducer_add(r, &o);
		assert_int_equal(r->edge_cut, i == SUM_EDGE_ADDRS || i > 2 * SUM_EDGE_ADDRS);
	}
	struct dump_summary *s = finished(r);
	assert_int_equal(s->max_generation, 6);
	assert_true(s->edge_addrs_cut && s->nedge_addrs == 0);
	summary_free(s);
	reducer_free(r);
}

/* Far more values than the table may hold: the estimate of what is there twice is near the truth. */
static void test_sampling(void **state)
{
	(void)state;
	enum { VALUES = 200000, LIMIT = 20000 };
	struct reducer *r = reducer_new(&(struct reducer_opts){.dup_strings = LIMIT});
	for (uint64_t i = 0; i < 3 * VALUES / 2; i++) {
		uint64_t v = i % VALUES;
		struct heap_obj o = {.addr = 8 * i, .type = HEAP_STRING, .memsize = 40, .bytesize = 7, .value_hash = unit_rnd(&v), .flags = OBJ_HAS_VALUE};
		reducer_add(r, &o);
		assert_true(r->dups.n <= LIMIT);
	}
	struct dump_summary *s = finished(r);
	assert_true(s->dup_estimated);
	assert_in_range(s->dup_groups, VALUES / 2 * 95 / 100, VALUES / 2 * 105 / 100);
	assert_in_range(s->dup_copies, VALUES * 95 / 100, VALUES * 105 / 100);
	summary_free(s);
	reducer_free(r);
}

/* One partition filled so that it is settled many times, with strings that its log has no bits for, and texts; whole, and as two
 * parts that are merged. */
static void test_settling(void **state)
{
	(void)state;
	enum { VALUES = 15000, COPIES = 3, LONG = 100000, WIDE = 50000 };
	struct reducer *r[3];
	for (int k = 0; k < 3; k++)
		r[k] = reducer_new(&(struct reducer_opts){.keep_values = true, .order = (uint64_t)k});
	for (uint64_t i = 0; i < COPIES * VALUES; i++) {
		uint64_t v = i % VALUES, seed = v;
		char text[24];
		int n = snprintf(text, sizeof(text), "text %d", (int)v);
		struct heap_obj o = {.addr = 8 * i, .type = HEAP_STRING, .memsize = v == 5 ? WIDE : 40, .bytesize = v % 7 == 5 ? LONG : 7,
		    .value_hash = unit_rnd(&seed) >> DUP_PARTS_LOG2, .flags = OBJ_HAS_VALUE, .value = {(const uint8_t *)text, (size_t)n}};
		reducer_add(r[0], &o);
		reducer_add(r[1 + (i / VALUES == 1)], &o);
	}
	assert_true(r[0]->dups.n > 0); /* settled before it was asked to */
	reducer_merge(r[1], r[2], NULL, NULL);
	for (int k = 0; k < 2; k++) {
		struct dump_summary *s = finished(r[k]);
		assert_int_equal(s->dup_groups, VALUES);
		assert_int_equal(s->dup_copies, COPIES * VALUES);
		assert_int_equal(s->dup_bytes, COPIES * ((VALUES - 1) * 40 + WIDE));
		assert_false(s->dup_estimated);
		assert_int_equal(s->dups[0].copies, COPIES);
		assert_int_equal(s->dups[0].bytes, COPIES * WIDE);
		assert_int_equal(s->dups[0].length, LONG);
		assert_string_equal(name(s, s->dups[0].value), "text 5");
		summary_free(s);
	}
	for (int k = 0; k < 3; k++)
		reducer_free(r[k]);
}

/* Classes that hold each other, and a chain too deep to be meant. */
static void test_class_names(void **state)
{
	(void)state;
	enum { DEEP = 5000 };
	struct reducer *r = reducer_new(&(struct reducer_opts){0});
	const struct heap_obj lines[] = {
		{.addr = 8, .type = HEAP_CLASS, .superclass = 16, .flags = OBJ_HAS_SUPERCLASS},
		{.addr = 16, .type = HEAP_ICLASS, .superclass = 8, .flags = OBJ_HAS_SUPERCLASS},
		{.addr = 24, .type = HEAP_CLASS, .superclass = 24, .flags = OBJ_HAS_SUPERCLASS | OBJ_SINGLETON},
		{.addr = 32, .type = HEAP_CLASS, .superclass = 40, .flags = OBJ_HAS_SUPERCLASS},
		{.addr = 40, .type = HEAP_ICLASS, .superclass = 48, .flags = OBJ_HAS_SUPERCLASS},
		{.addr = 48, .type = HEAP_CLASS, .name = 2},
		{.addr = 48, .type = HEAP_CLASS, .name = 3},
		{.addr = 56, .type = HEAP_CLASS, .real_name = 4, .superclass = 48, .flags = OBJ_HAS_SUPERCLASS | OBJ_SINGLETON},
	};
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		reducer_add(r, &lines[i]);
	for (uint64_t i = 0; i < DEEP; i++) {
		struct heap_obj o = {.addr = 1000 + i, .type = HEAP_CLASS, .superclass = i ? 999 + i : 48, .flags = OBJ_HAS_SUPERCLASS};
		reducer_add(r, &o);
	}
	struct dump_summary *s = finished(r);
	assert_string_equal(name(s, reducer_class_name(r, 8)), "#<Class>");
	assert_string_equal(name(s, reducer_class_name(r, 16)), "#<Class>");
	assert_string_equal(name(s, reducer_class_name(r, 24)), "(null)");
	assert_string_equal(name(s, reducer_class_name(r, 32)), "#<Class < name2>");
	assert_string_equal(name(s, reducer_class_name(r, 40)), "name2");
	assert_string_equal(name(s, reducer_class_name(r, 48)), "name2");
	assert_string_equal(name(s, reducer_class_name(r, 56)), "name4");
	assert_string_equal(name(s, reducer_class_name(r, 1001)), "#<Class < #<Class < name2>>");
	assert_int_equal(strlen(name(s, reducer_class_name(r, 1000 + DEEP - 1))), strlen("name2") + 11 * CLASSES_WRAPS_MAX);
	assert_int_equal(reducer_class_name(r, 64), 0);
	summary_free(s);
	reducer_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_merge),
		cmocka_unit_test(test_newest),
		cmocka_unit_test(test_sampling),
		cmocka_unit_test(test_settling),
		cmocka_unit_test(test_class_names),
	};
	return cmocka_run_group_tests(tests, make, clear);
}
