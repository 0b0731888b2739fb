/* The commands over hand-made dumps. SPDX-License-Identifier: BSD-2-Clause */
#include "unit.h"

#include "base/mem.h"
#include "hda/protocol.h"
#include "sample.h"

enum { U = 1 };
#define UNTRACED UINT64_MAX

/* Two processes: 4121 with whole dumps after 1000 and 2000 jobs and a partial one, 4122 (host pid 77) with one. */
struct world {
	struct store *store;
	struct query_ctx q;
	uint64_t a, b, partial, other;
};

static struct sample heap(uint64_t strings, uint64_t arrays)
{
	struct sample h = {0};
	for (uint64_t i = 0; i < strings; i++)
		sample_add(&h, 0x1000 + i * 40, 40, 10 + i % 3, "STRING", "String", "app/a.rb", (uint32_t)(1 + i % 2));
	for (uint64_t i = 0; i < arrays; i++)
		sample_add(&h, 0x900000 + i * 40, 100, 12, "ARRAY", "Array", "/var/lib/gems/3.1.0/gems/rack-2.2.22/lib/rack/utils.rb", 88);
	sample_add(&h, 0xa00000, 7, UNTRACED, "IMEMO", NULL, NULL, 0);
	return h;
}

static int set_up(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));
	w->store = sample_store();
	w->q = (struct query_ctx){.store = w->store, .now = 5e6};
	struct sample h = heap(10, 3);
	w->a = sample_put(w->store, sample_summary(&h, 4121, 1000, NULL));
	sample_done(&h);
	h = heap(16, 4);
	w->b = sample_put(w->store, sample_summary(&h, 4121, 2000, NULL));
	struct dump_summary *s = sample_summary(&h, 4121, 3000, NULL);
	s->partial = true;
	w->partial = sample_put(w->store, s);
	sample_done(&h);
	h = heap(5, 0);
	s = sample_summary(&h, 4122, 500, NULL);
	s->head.who.host_pid = 77;
	snprintf(s->head.who.app, HEADER_LABEL, "shop");
	snprintf(s->head.who.role, HEADER_LABEL, "puma");
	w->other = sample_put(w->store, s);
	sample_done(&h);
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

static void test_table(void **state)
{
	(void)state;
	for (size_t i = 0; query_all()[i]; i++) {
		const struct query_cmd *c = query_all()[i];
		assert_ptr_equal(query_find(c->name), c);
		assert_non_null(c->summary);
		assert_non_null(c->run);
		assert_non_null(c->args);
	}
	assert_null(query_find("to"));
	assert_null(query_find("topp"));
}

static void test_unknown(void **state)
{
	struct world *w = *state;
	struct caught c = {0};
	ask(&c, &w->q, "tops");
	assert_int_equal(c.status, HDA_STATUS_UNKNOWN);
	ask(&c, &w->q, "top last --byy type");
	assert_int_equal(c.status, HDA_STATUS_ARGUMENT);
	assert_non_null(strstr(c.text, "byy"));
	assert_non_null(strstr(c.text, "generation")); /* names what it takes */
	ask(&c, &w->q, "top last --by typ");
	assert_int_equal(c.status, HDA_STATUS_ARGUMENT);
	assert_non_null(strstr(c.text, "type, class, site, gem, key, object"));
	ask(&c, &w->q, "top last --generation x");
	assert_int_equal(c.status, HDA_STATUS_ARGUMENT);
	caught_done(&c);
}

static void test_select(void **state)
{
	struct world *w = *state;
	struct caught c = {0};
	char by_id[64];
	snprintf(by_id, sizeof(by_id), "top %llu", (unsigned long long)w->partial);
	const struct {
		const char *line;
		uint64_t counter; /* 0: nothing found, 1: wrong argument */
	} cases[] = {
	    {"top", 2000}, {"top last", 2000}, {"top first", 500}, {"top 4121", 2000}, {"top 4121@1000", 1000}, {"top 4122", 500},
	    {"top 77", 500}, {"top 77@500", 500}, {by_id, 3000}, {"top 4121@3000", 0}, {"top 4121@999", 0}, {"top 5555", 0},
	    {"top 5555@1", 0}, {"top lost", U}, {"top @1", U}, {"top 1@", U}, {"top 4121@x", U}, {"top 99999999999999999999999", U},
	    {"top -1", U}, {"top --pid 4122", 500}, {"top last --pid 4122", 500}, {"top first --pid 4121", 1000}, {"top 1 --pid 4122", 0},
	    {"top 4121@1000 --pid 4121", 1000}, {"top 4121@1000 --pid 4122", 0}, {"top --pid 1", 0}, {"top --pid x", U},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		ask(&c, &w->q, cases[i].line);
		if (cases[i].counter == U) {
			assert_int_equal(c.status, HDA_STATUS_ARGUMENT);
			continue;
		}
		if (cases[i].counter == 0) {
			assert_int_equal(c.status, HDA_STATUS_NOTHING);
			assert_non_null(strstr(c.text, "hdactl")); /* what to do next */
			assert_int_equal(c.dump.n, 0);
			continue;
		}
		assert_int_equal(c.status, HDA_STATUS_OK);
		assert_int_equal(c.dump.f[2].v.u, cases[i].counter);
	}
	caught_done(&c);
}

/* hdad does not trust that the tool has looked at what is asked. */
static void test_leaks_refused(void **state)
{
	struct world *w = *state;
	static const char *const asked[] = {"leaks --label leek", "leaks --label 7", "leaks --min-confidence 101", "leaks --min-confidence x"};
	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		struct caught c = {.n = 0};
		ask(&c, &(struct query_ctx){.store = w->store, .now = 1.7e9}, asked[i]);
		assert_int_equal(c.status, HDA_STATUS_ARGUMENT);
		assert_int_equal(c.n, 0);
		caught_done(&c);
	}
}

/* Of any kind a value is shown as it was sent. */
static void test_refused_value(void **state)
{
	struct world *w = *state;
	const struct row_sink none = {0};
	const struct query_args args = {.a = {{"by", val_uint(5)}}, .n = 1};
	char *text;
	assert_int_equal(query_dispatch(&w->q, "top", &args, &none, &text), HDA_STATUS_ARGUMENT);
	assert_non_null(strstr(text, "not \"5\""));
	free(text);
}

/* A plain number is a dump's id first, a pid only then; behind --pid it is a pid. */
static void test_select_id_wins(void **state)
{
	struct world *w = *state;
	struct caught c = {0};
	struct sample h = heap(1, 0);
	uint64_t id = sample_put(w->store, sample_summary(&h, w->a, 123, NULL)); /* a process whose pid is a dump's id */
	sample_done(&h);
	char line[64];
	snprintf(line, sizeof(line), "top %llu", (unsigned long long)w->a);
	ask(&c, &w->q, line);
	assert_int_equal(c.dump.f[0].v.u, w->a);
	assert_non_null(strstr(c.notes, "for the process with this pid: --pid"));
	snprintf(line, sizeof(line), "top %llu@123", (unsigned long long)w->a);
	ask(&c, &w->q, line);
	assert_int_equal(c.dump.f[0].v.u, id);
	snprintf(line, sizeof(line), "top --pid %llu", (unsigned long long)w->a);
	ask(&c, &w->q, line);
	assert_int_equal(c.dump.f[0].v.u, id);
	assert_null(strstr(c.notes, "for the process with this pid"));
	caught_done(&c);
}

static void test_dump_object(void **state)
{
	struct world *w = *state;
	struct caught c = {0};
	static const char *const names[] = {"dump", "pid", "counter", "time", "ruby", "traced", "partial", "objects", "bytes", "roots",
	    "edges", "bad_lines"};
	ask(&c, &w->q, "show 4121@1000");
	assert_int_equal(c.status, HDA_STATUS_OK);
	assert_int_equal(c.dump.n, sizeof(names) / sizeof(*names));
	for (size_t i = 0; i < c.dump.n; i++)
		assert_string_equal(c.dump.f[i].name, names[i]);
	assert_int_equal(c.dump.f[7].v.u, 14);
	assert_int_equal(c.dump.f[8].v.u, 10 * 40 + 3 * 100 + 7);
	assert_true(c.dump.f[5].v.b);
	caught_done(&c);
}

static void test_ps(void **state)
{
	struct world *w = *state;
	struct caught c = {0};
	ask(&c, &w->q, "ps");
	assert_int_equal(c.status, HDA_STATUS_OK);
	assert_int_equal(c.n, 2);
	assert_int_equal(cell_u(&c, 0, "pid"), 4121); /* the latest first */
	assert_int_equal(cell_u(&c, 0, "dumps"), 2);
	assert_int_equal(cell_u(&c, 0, "partial"), 1);
	assert_int_equal(cell_u(&c, 0, "jobs"), 2000);
	assert_string_equal(cell_s(&c, 0, "app"), "(null)");
	assert_string_equal(cell_s(&c, 1, "app"), "shop/puma");
	/* From 707 to 1047 bytes in 1 000 000 s. */
	assert_true(cell_r(&c, 0, "bytes_per_hour") > 340 * 0.0036 - 1e-9 && cell_r(&c, 0, "bytes_per_hour") < 340 * 0.0036 + 1e-9);
	assert_int_equal(cell(&c, 1, "bytes_per_hour")->kind, VAL_NULL); /* one dump tells no growth */
	assert_non_null(strstr(c.notes, "2 processes, 3 dumps, 1 partial"));
	ask(&c, &w->q, "ps --pid 77");
	assert_int_equal(c.n, 1);
	assert_int_equal(cell_u(&c, 0, "pid"), 4122);
	ask(&c, &w->q, "ps --pid 5555");
	assert_int_equal(c.status, HDA_STATUS_NOTHING);
	assert_non_null(strstr(c.text, "no process 5555 has ever sent a dump. 2 have: hdactl ps"));
	caught_done(&c);
}

static void test_dumps(void **state)
{
	struct world *w = *state;
	struct caught c = {0};
	ask(&c, &w->q, "dumps");
	assert_int_equal(c.n, 3);
	assert_non_null(strstr(c.notes, "1 partial dump not shown: --all"));
	ask(&c, &w->q, "dumps --pid 4121 --all");
	assert_int_equal(c.n, 3);
	assert_int_equal(cell_u(&c, 2, "dump"), w->partial);
	assert_string_equal(cell_s(&c, 2, "note"), "partial");
	assert_string_equal(cell_s(&c, 1, "note"), "(null)");
	ask(&c, &w->q, "dumps --pid 1");
	assert_int_equal(c.status, HDA_STATUS_NOTHING);
	caught_done(&c);
}

static void test_top(void **state)
{
	struct world *w = *state;
	struct caught c = {0};
	static const char *const contract[] = {"type", "class", "file", "line", "generation", "count", "bytes"};
	ask(&c, &w->q, "top last --by type");
	assert_int_equal(c.n, 3);
	for (size_t i = 0; i < 7; i++)
		assert_string_equal(c.rows[0].f[i].name, contract[i]);
	assert_string_equal(cell_s(&c, 0, "type"), "STRING");
	assert_string_equal(cell_s(&c, 0, "class"), "(null)");
	assert_int_equal(cell_u(&c, 0, "count"), 16);
	assert_int_equal(cell_u(&c, 0, "bytes"), 640);
	assert_string_equal(cell_s(&c, 1, "type"), "ARRAY");
	ask(&c, &w->q, "top last --by class --sort count -n 1");
	assert_int_equal(c.n, 1);
	assert_string_equal(cell_s(&c, 0, "class"), "String");
	assert_non_null(strstr(c.notes, "2 classes not shown: -n 0 for all"));
	ask(&c, &w->q, "top last --by class --sort count -n 2");
	assert_non_null(strstr(c.notes, "1 class not shown: -n 0 for all"));
	ask(&c, &w->q, "top last --by key -n 0");
	assert_int_equal(c.n, 4);
	assert_string_equal(cell_s(&c, 0, "type"), "ARRAY"); /* 400 bytes; two lines of 320 follow, in their order */
	assert_int_equal(cell_u(&c, 1, "line"), 1);
	assert_int_equal(cell_u(&c, 2, "line"), 2);
	assert_int_equal(cell(&c, 3, "line")->kind, VAL_NULL);
	ask(&c, &w->q, "top last --by gem");
	assert_string_equal(cell_s(&c, 0, "gem"), "app");
	assert_string_equal(cell_s(&c, 1, "gem"), "rack-2.2.22");
	assert_string_equal(cell_s(&c, 2, "gem"), "(null)");
	ask(&c, &w->q, "top last --by site --type ARRAY");
	assert_int_equal(c.n, 1);
	assert_int_equal(cell_u(&c, 0, "line"), 88);
	ask(&c, &w->q, "top last --by key --generation 12");
	assert_int_equal(c.n, 3); /* 4 arrays; 5 strings: i % 3 == 2 */
	assert_int_equal(cell_u(&c, 0, "count") + cell_u(&c, 1, "count") + cell_u(&c, 2, "count"), 9);
	assert_int_equal(cell_u(&c, 0, "generation"), 12);
	ask(&c, &w->q, "top last --class Nowhere");
	assert_int_equal(c.status, HDA_STATUS_NOTHING);
	ask(&c, &w->q, "top last --generation 99");
	assert_int_equal(c.status, HDA_STATUS_NOTHING);
	ask(&c, &w->q, "top last --sort retained");
	assert_int_equal(c.status, HDA_STATUS_NOTHING);
	assert_non_null(strstr(c.text, "no graph"));
	caught_done(&c);
}

static void test_show(void **state)
{
	struct world *w = *state;
	struct caught c = {0};
	ask(&c, &w->q, "show last");
	assert_int_equal(c.status, HDA_STATUS_OK);
	size_t i = find_row(&c, 0, "list", "types");
	assert_string_equal(cell_s(&c, i, "type"), "STRING");
	assert_int_equal(cell(&c, i, "count_change")->i, 6);
	assert_int_equal(cell(&c, i, "bytes_change")->i, 240);
	assert_non_null(strstr(c.notes, "changes are since dump 1"));
	i = find_row(&c, find_row(&c, 0, "list", "totals"), "name", "objects");
	assert_int_equal(cell_u(&c, i, "count"), 21);
	ask(&c, &w->q, "show first");
	i = find_row(&c, 0, "list", "types");
	assert_int_equal(cell(&c, i, "count_change")->kind, VAL_NULL);
	caught_done(&c);
}

static bool at_once(void *ctx)
{
	(void)ctx;
	return true;
}

static void test_limits(void **state)
{
	struct world *w = *state;
	struct caught c = {0};
	struct query_ctx q = w->q;
	q.row_cap = 2;
	ask(&c, &q, "top last --by key");
	assert_int_equal(c.status, HDA_STATUS_OK);
	assert_int_equal(c.n, 2);
	assert_non_null(strstr(c.notes, "2 rows are the most"));
	q = w->q;
	q.expired = at_once;
	for (size_t i = 0; query_all()[i]; i++) {
		ask(&c, &q, query_all()[i]->name);
		assert_true(c.status == HDA_STATUS_DEADLINE || c.status == HDA_STATUS_ARGUMENT);
		assert_int_equal(c.n, 0);
	}
	c.stop_after = 1;
	ask(&c, &w->q, "top last --by key");
	assert_int_equal(c.n, 1);
	caught_done(&c);
}

static void test_empty_store(void **state)
{
	(void)state;
	struct query_ctx q = {.store = sample_store()};
	struct caught c = {0};
	for (size_t i = 0; query_all()[i]; i++) {
		ask(&c, &q, query_all()[i]->name);
		assert_true(c.status == HDA_STATUS_NOTHING || c.status == HDA_STATUS_ARGUMENT);
		assert_int_equal(c.n, 0);
	}
	caught_done(&c);
	store_close(q.store);
}

/* README.md is the schema: each command has its row there, with each of its arguments. */
static void test_readme(void **state)
{
	(void)state;
	const char *top = getenv("top_srcdir");
	char path[4096];
	snprintf(path, sizeof(path), "%s/src/query/README.md", top ? top : ".");
	FILE *f = fopen(path, "r");
	if (!f)
		unit_skip("no src/query/README.md");
	static char text[65536];
	size_t n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = '\0';
	for (size_t i = 0; query_all()[i]; i++) {
		const struct query_cmd *c = query_all()[i];
		char start[64];
		snprintf(start, sizeof(start), "\n| `%s` | ", c->name);
		char *row = strstr(text, start);
		if (!row)
			fail_msg("README.md has no row for %s", c->name);
		char args[512];
		snprintf(args, sizeof(args), " %.*s", (int)strcspn(row + strlen(start), "|"), row + strlen(start));
		for (size_t k = 0; c->args[k]; k++) {
			char word[64];
			snprintf(word, sizeof(word), " %s", c->args[k]);
			char *at = strstr(args, word);
			while (at && strchr(" ,;|\n", at[strlen(word)]) == NULL)
				at = strstr(at + 1, word);
			if (!at)
				fail_msg("README.md does not say that %s takes %s", c->name, c->args[k]);
		}
	}
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_table), cmocka_unit_test(test_readme), T(test_unknown), T(test_select),
	    T(test_refused_value), T(test_select_id_wins), T(test_leaks_refused), T(test_dump_object), T(test_ps), T(test_dumps), T(test_top), T(test_show), T(test_limits),
	    cmocka_unit_test(test_empty_store)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
