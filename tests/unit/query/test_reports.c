/* generations, strings, refs, trend and the reports about holders. SPDX-License-Identifier: BSD-2-Clause */
#include "unit.h"

#include "base/mem.h"
#include "hda/protocol.h"
#include "sample.h"

#define UNTRACED UINT64_MAX

struct world {
	struct store *store;
	struct query_ctx q;
};

static uint32_t name(struct dump_summary *s, const char *text) { return strtab_intern(&s->names, span_of(text)); }

/* root vm -> class Cache -> Hash -> String (n of them), and root vm -> Thread -> Array. */
static void add_graph(struct dump_summary *s, uint64_t n)
{
	enum { SIGS = 6 };
	static const struct { const char *step; uint32_t parent; uint64_t own, retained; } steps[SIGS] = {
	    {"root vm", UINT32_MAX, 0, 9000}, {"class Cache", 0, 1, 5000}, {"Hash", 1, 1, 4900}, {"String", 2, 10, 400},
	    {"Thread", 0, 1, 300}, {"Array", 4, 2, 80}};
	s->has_graph = true;
	s->sigs = xcalloc(SIGS, sizeof(*s->sigs));
	for (uint32_t i = 0; i < SIGS; i++)
		s->sigs[i] = (struct sum_sig){.id = 100 + i, .parent = steps[i].parent, .klass = name(s, steps[i].step), .repeat = 1,
		    .own = {steps[i].own, steps[i].own * 40}, .retained = {steps[i].own * n, steps[i].retained + n}};
	s->nsigs = SIGS;
	s->holders = xcalloc(2, sizeof(*s->holders));
	s->holders[0] = (struct sum_holder){2, name(s, "class Cache -> Hash"), 0xabc0, {1, 40}, {n, 40 * n}};
	s->holders[1] = (struct sum_holder){4, name(s, "Thread"), 0xdef0, {1, 40}, {5, 300}};
	s->nholders = 2;
	s->containers = xcalloc(2, sizeof(*s->containers));
	s->containers[0] = (struct sum_container){2, 0xabc0, n, name(s, "HASH"), name(s, "Hash"), 0, 0, {n, 40 * n}};
	s->containers[1] = (struct sum_container){5, 0xeee0, 20, name(s, "ARRAY"), name(s, "Array"), 0, 0, {2, 80}};
	s->ncontainers = 2;
	s->top_retained = xcalloc(1, sizeof(*s->top_retained));
	s->top_retained[0] = (struct sum_object){0xabc0, 40 * n, n, UNTRACED, n, name(s, "HASH"), name(s, "Hash"), 0, 0};
	s->ntop_retained = 1;
	s->ret_class = xcalloc(2, sizeof(*s->ret_class));
	s->ret_class[0] = (struct sum_ret){name(s, "Hash"), 0, {n, 40 * n}};
	s->ret_class[1] = (struct sum_ret){name(s, "String"), 0, {3, 90}};
	s->nret_class = 2;
	s->ret_type = xcalloc(1, sizeof(*s->ret_type));
	s->ret_type[0] = (struct sum_ret){name(s, "HASH"), 0, {n, 40 * n}};
	s->nret_type = 1;
}

static void add_lists(struct dump_summary *s)
{
	uint32_t file = name(s, "app/a.rb");
	s->dups = xcalloc(2, sizeof(*s->dups));
	s->dups[0] = (struct sum_dup){.copies = 4, .bytes = 400, .length = 7, .generation = 5, .nsites = 2,
	    .sites = {{file, 1, 3}, {file, 0, 1}}};
	s->dups[1] = (struct sum_dup){.copies = 2, .bytes = 80, .length = 3, .generation = UNTRACED, .nsites = 0};
	s->ndups = 2;
	s->dup_groups = 9;
	s->dup_copies = 30;
	s->dup_bytes = 900;
	s->refs = xcalloc(1, sizeof(*s->refs));
	s->refs[0] = (struct sum_object){0xabc0, 40, 77, 5, 76, name(s, "ARRAY"), name(s, "Array"), file, 1};
	s->nrefs = 1;
	s->gen_refs = xcalloc(2, sizeof(*s->gen_refs));
	s->gen_refs[0] = (struct sum_object){0xabc8, 40, 7, 4, 6, name(s, "ARRAY"), name(s, "Array"), file, 1};
	s->gen_refs[1] = s->refs[0];
	s->ngen_refs = 2;
}

static int set_up(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));
	w->store = sample_store();
	w->q = (struct query_ctx){.store = w->store};
	for (uint64_t k = 1; k <= 8; k++) {
		struct sample h = {0};
		for (uint64_t i = 0; i < 10 * k; i++)
			sample_add(&h, 0x1000 + i * 40, 40, 4 + i % 2, "STRING", "String", "app/a.rb", (uint32_t)(1 + i % 2));
		for (uint64_t i = 0; i < 50; i++)
			sample_add(&h, 0x90000 + i * 40, 60, 4, "HASH", "Hash", "app/b.rb", 9);
		if (k == 3)
			sample_add(&h, 0xa0000, 11, UNTRACED, "DATA", "Thread", NULL, 0);
		struct dump_summary *s = sample_summary(&h, 4121, 1000 * k, NULL);
		add_graph(s, 10 * k);
		add_lists(s);
		sample_put(w->store, s);
		sample_done(&h);
	}
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;
	store_close(w->store);
	free(w);
	return 0;
}

static void test_generations(void **state)
{
	struct world *w = *state;
	struct caught c = {0};
	ask(&c, &w->q, "generations 4121@3000");
	assert_int_equal(c.n, 2);
	assert_int_equal(cell_u(&c, 0, "generation"), 4);
	assert_int_equal(cell_u(&c, 0, "count"), 65);
	assert_int_equal(cell_u(&c, 1, "count"), 15);
	assert_int_equal(cell_u(&c, 1, "bytes"), 600);
	assert_non_null(strstr(c.notes, "1 object has no generation"));
	ask(&c, &w->q, "generation 4121@3000 5");
	assert_int_equal(c.status, HDA_STATUS_OK);
	static const char *const lists[] = {"sites by bytes", "sites by count", "types", "references", "strings"};
	size_t at = 0;
	for (size_t i = 0; i < 5; i++) {
		size_t k = find_row(&c, 0, "list", lists[i]);
		assert_true(k != SIZE_MAX && k >= at);
		at = k;
	}
	assert_int_equal(cell_u(&c, 0, "line"), 2);
	assert_int_equal(cell_u(&c, 0, "count"), 15);
	assert_int_equal(cell_u(&c, find_row(&c, 0, "list", "references"), "references"), 77);
	assert_int_equal(c.n, 5);
	ask(&c, &w->q, "generation 4121@3000");
	assert_int_equal(c.status, HDA_STATUS_ARGUMENT);
	ask(&c, &w->q, "generation 4121@3000 99");
	assert_int_equal(c.status, HDA_STATUS_NOTHING);
	caught_done(&c);
}

static void test_strings_refs(void **state)
{
	struct world *w = *state;
	struct caught c = {0};
	ask(&c, &w->q, "strings");
	assert_int_equal(c.n, 2);
	assert_string_equal(cell_s(&c, 0, "type"), "STRING");
	assert_int_equal(cell_u(&c, 0, "count"), 4);
	assert_int_equal(cell_u(&c, 0, "wasted"), 300);
	assert_int_equal(cell(&c, 0, "sites")->list.n, 2);
	assert_int_equal(span_eq(cell(&c, 0, "sites")->list.p[0].s, SPAN_LIT("app/a.rb:1 (3)")), 1);
	assert_int_equal(span_eq(cell(&c, 0, "sites")->list.p[1].s, SPAN_LIT("app/a.rb (1)")), 1); /* no line is not line 0 */
	assert_string_equal(cell_s(&c, 1, "file"), "(null)");
	assert_int_equal(cell(&c, 1, "generation")->kind, VAL_NULL);
	assert_non_null(strstr(c.notes, "9 groups of equal strings in all, of which a dump keeps the 2 largest: 30 copies, 900 bytes"));
	ask(&c, &w->q, "refs");
	assert_int_equal(c.n, 1);
	assert_string_equal(cell_s(&c, 0, "list"), "referencing");
	assert_string_equal(cell_s(&c, 0, "address"), "0xabc0");
	assert_int_equal(cell_u(&c, 0, "references"), 77);
	caught_done(&c);
}

static void test_trend(void **state)
{
	struct world *w = *state;
	struct caught c = {0};
	ask(&c, &w->q, "trend --by type --metric count -n 1");
	assert_int_equal(c.status, HDA_STATUS_OK);
	assert_string_equal(cell_s(&c, 0, "list"), "points");
	assert_int_equal(cell(&c, 0, "jobs")->list.n, 8);
	assert_int_equal(cell(&c, 0, "jobs")->list.p[7].u, 8000);
	assert_string_equal(cell_s(&c, 1, "type"), "STRING");
	assert_int_equal(cell_u(&c, 1, "count"), 80);
	assert_true(cell_r(&c, 1, "first") == 10 && cell_r(&c, 1, "last") == 80);
	assert_true(cell_r(&c, 1, "per_1000_jobs") == 10);
	assert_true(cell_r(&c, 1, "growth") == 50); /* medians: 70 - 20 */
	assert_int_equal(cell(&c, 1, "series")->list.p[2].u, 30);
	assert_string_equal(cell_s(&c, 2, "list"), "rest");
	assert_int_equal(cell(&c, 2, "series")->list.p[2].u, 51); /* 50 hashes and the Thread of dump 3 */
	assert_int_equal(cell(&c, 2, "series")->list.p[3].u, 50);
	assert_int_equal(c.n, 3);
	ask(&c, &w->q, "trend --by type --metric count --last 6 -n 1");
	assert_int_equal(cell(&c, 2, "series")->list.p[0].u, 51);
	assert_true(cell_r(&c, 2, "growth") == 0); /* medians here too: the Thread of one dump is no shrinking */
	ask(&c, &w->q, "trend --by data --metric count");
	assert_int_equal(cell(&c, 1, "series")->list.p[1].u, 0);
	assert_int_equal(cell(&c, 1, "series")->list.p[2].u, 1);
	ask(&c, &w->q, "trend --by string --last 3");
	assert_int_equal(c.n, 3); /* two lines of app/a.rb */
	assert_int_equal(cell(&c, 1, "series")->list.n, 3);
	ask(&c, &w->q, "trend --by holder");
	assert_string_equal(cell_s(&c, 1, "name"), "class Cache -> Hash");
	assert_true(cell_r(&c, 1, "per_1000_jobs") == 400);
	ask(&c, &w->q, "trend --by container --metric count");
	assert_true(cell_r(&c, 1, "per_1000_jobs") == 10);
	ask(&c, &w->q, "trend --by retained-class");
	assert_string_equal(cell_s(&c, 1, "class"), "Hash");
	ask(&c, &w->q, "trend --pid 9");
	assert_int_equal(c.status, HDA_STATUS_NOTHING);
	ask(&c, &w->q, "trend --by colour");
	assert_int_equal(c.status, HDA_STATUS_ARGUMENT);
	caught_done(&c);
}

static void test_holders(void **state)
{
	struct world *w = *state;
	struct caught c = {0};
	ask(&c, &w->q, "holders -n 0");
	assert_int_equal(c.status, HDA_STATUS_OK);
	assert_int_equal(c.n, 6);
	static const char *const order[] = {"Ruby VM", "class Cache", "Hash", "String", "Thread", "Array"};
	static const uint64_t depth[] = {0, 1, 2, 3, 1, 2};
	for (size_t i = 0; i < 6; i++) {
		assert_string_equal(cell_s(&c, i, "name"), order[i]);
		assert_int_equal(cell_u(&c, i, "depth"), depth[i]);
		if (i) { /* the parent is a row before */
			size_t k = 0;
			while (k < i && strcmp(cell_s(&c, k, "id"), cell_s(&c, i, "parent")) != 0)
				k++;
			assert_true(k < i);
		}
	}
	assert_string_equal(cell_s(&c, 2, "holder"), "class Cache -> Hash");
	assert_string_equal(cell_s(&c, 2, "id"), "0000000000000066");
	ask(&c, &w->q, "holders --depth 1");
	assert_int_equal(c.n, 3);
	ask(&c, &w->q, "holders --class Array");
	assert_int_equal(c.n, 3); /* the way to it */
	assert_string_equal(cell_s(&c, 2, "name"), "Array");
	ask(&c, &w->q, "holders --class Array --depth 1"); /* not as far as that */
	assert_int_equal(c.n, 2);
	assert_string_equal(cell_s(&c, 1, "name"), "Thread");
	ask(&c, &w->q, "holders --class Nowhere");
	assert_int_equal(c.status, HDA_STATUS_NOTHING);
	ask(&c, &w->q, "holders --site app/a.rb:1");
	assert_string_equal(cell_s(&c, 3, "name"), "String");
	ask(&c, &w->q, "holders --site app/a.rb");
	assert_int_equal(c.status, HDA_STATUS_ARGUMENT);
	ask(&c, &w->q, "holders --site app/a.rb:77");
	assert_int_equal(c.status, HDA_STATUS_NOTHING);
	ask(&c, &w->q, "containers");
	assert_int_equal(c.n, 2);
	assert_int_equal(cell_u(&c, 0, "length"), 80);
	assert_string_equal(cell_s(&c, 0, "path"), "Ruby VM -> class Cache -> Hash");
	assert_string_equal(cell_s(&c, 0, "name"), "class Cache -> Hash");
	ask(&c, &w->q, "path --class String");
	assert_string_equal(cell_s(&c, 0, "path"), "Ruby VM -> class Cache -> Hash -> String");
	ask(&c, &w->q, "path --address 0xEEE0");
	assert_string_equal(cell_s(&c, 0, "path"), "Ruby VM -> Thread -> Array");
	ask(&c, &w->q, "path --address 0x1");
	assert_int_equal(c.status, HDA_STATUS_NOTHING);
	static const char *const wrong[] = {"path 99 --address zz", "path 99 --site a.rb", "path 99 --key x", "holders 99 --site a.rb",
	    "holders --class String --site app/a.rb:1"};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		ask(&c, &w->q, wrong[i]); /* whether or not there is such a dump */
		assert_int_equal(c.status, HDA_STATUS_ARGUMENT);
	}
	ask(&c, &w->q, "path");
	assert_int_equal(c.status, HDA_STATUS_ARGUMENT);
	caught_done(&c);
}

static void test_retained_and_growth(void **state)
{
	struct world *w = *state;
	struct caught c = {0};
	ask(&c, &w->q, "top --by class --sort retained");
	assert_string_equal(cell_s(&c, 0, "class"), "Hash"); /* less memory than the strings, but it holds them */
	assert_int_equal(cell_u(&c, 0, "retained"), 3200);
	ask(&c, &w->q, "top --by object --sort retained");
	assert_string_equal(cell_s(&c, 0, "address"), "0xabc0");
	assert_int_equal(cell_u(&c, 0, "retained_objects"), 80);
	ask(&c, &w->q, "diff 4121@1000 4121@8000");
	size_t i = find_row(&c, 0, "list", "holders");
	assert_string_equal(cell_s(&c, i, "name"), "class Cache -> Hash");
	assert_int_equal(cell(&c, i, "retained_change")->i, 2800);
	i = find_row(&c, 0, "list", "containers");
	assert_int_equal(cell(&c, i, "length_change")->i, 70);
	assert_int_equal(find_row(&c, i + 1, "list", "containers"), SIZE_MAX); /* the Array did not grow */
	ask(&c, &w->q, "show");
	i = find_row(&c, 0, "list", "holders");
	assert_int_equal(cell(&c, i, "bytes_change")->i, 400);
	caught_done(&c);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {T(test_generations), T(test_strings_refs), T(test_trend), T(test_holders),
	    T(test_retained_and_growth)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
