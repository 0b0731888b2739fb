/* Texts, numbers, JSON and arguments of hdactl. SPDX-License-Identifier: BSD-2-Clause */
#include "unit.h"

#include <locale.h>
#include <math.h>

#include "cli/args.h"
#include "cli/commands.h"
#include "cli/human.h"
#include "cli/json.h"
#include "cli/text.h"
#include "query/query.h"

static void numbers(void **state)
{
	(void)state;
	char b[HUMAN_MAX];
	assert_string_equal(human_bytes(b, 612, false), "612");
	assert_string_equal(human_bytes(b, 33449574, false), "31.9M");
	assert_string_equal(human_bytes(b, 1048575, false), "1.0M");
	assert_string_equal(human_bytes(b, 33449574, true), "33449574");
	assert_string_equal(human_count(b, 1431822, false), "1 431 822");
	assert_string_equal(human_count(b, 999, false), "999");
	assert_string_equal(human_count(b, -1000, false), "-1 000");
	assert_string_equal(human_delta(b, 4012, false, false), "+4 012");
	assert_string_equal(human_delta(b, 0, false, false), "0");
	assert_string_equal(human_duration(b, 7800, false), "2h10m");
	assert_string_equal(human_duration(b, 273600, false), "3d4h");
	assert_string_equal(human_duration(b, 0.9, false), "0.9s");
	assert_string_equal(human_share(b, 0.054, false), "5.4%");
	assert_string_equal(human_share(b, 0.17, false), "17%");
	double t;
	assert_int_equal(human_parse_time("1479820044", &t), 0);
	assert_true(t == 1479820044.0);
	static const char *const none[] = {"noon", "0", "-5", "1e300", "253402300800", "1960-01-01", "10000-01-01", "2026-02-31", "2026-04-31 10:00"};
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		assert_true(human_parse_time(none[i], &t) < 0);
	assert_int_equal(human_parse_time("2028-02-29", &t), 0);
}

static void same(char *got, const char *wanted)
{
	assert_string_equal(got, wanted);
	free(got);
}

static void texts(void **state)
{
	(void)state;
	setlocale(LC_CTYPE, "C.UTF-8");
	same(text_safe(SPAN_LIT("a\x1b[31m\xff\xc3\xa9")), "a\\x1B[31m\\xFF\xc3\xa9");
	same(text_cut_left("app/lib/price_cache.rb:14", 10, true), "…che.rb:14");
	same(text_cut_right("abcdef", 4, true), "abc…");
	same(text_cut_left("abc", 3, true), "abc");
	same(text_short_path("/x/gems/activerecord-6.1.7/lib/a/statement_pool.rb", true), "activerecord-6.1.7 …/statement_pool.rb");
	same(text_short_path("/usr/lib/ruby/3.1.0/json/common.rb", true), "ruby-3.1.0 …/common.rb");
	same(text_short_path("app/a.rb", true), "app/a.rb");
	same(text_short_path("/srv/shop/releases/20261124/app/lib/price_cache.rb", true), "app/lib/price_cache.rb");
	same(text_short_path("/srv/shop/config/application.rb", true), "config/application.rb");
	same(text_short_path("/home/ann/code/shop/tests/worker.rb", true), "…/shop/tests/worker.rb");
	same(text_short_path("/home/ann/code/shop/tests/worker.rb", false), "~/shop/tests/worker.rb");
	same(text_short_path("/tests/a/worker.rb", true), "/tests/a/worker.rb");
	same(text_short_path("/x.rb", true), "/x.rb");
	same(text_short_path("a/b/c/d/e.rb", true), "a/b/c/d/e.rb");
	same(text_short_path("", true), "");
	same(text_sparkline((double[]){0, 1, 2, 3, 4, 5, 6, 7}, 8, 40, true), "▁▂▃▄▅▆▇█");
	same(text_sparkline((double[]){5, NAN, 5}, 3, 40, true), "▁ ▁");
	same(text_bars((double[]){5, 5, 5}, 3, 40, true), "███");
	same(text_bars((double[]){8, 4, 0, NAN, 1}, 5, 40, true), "█▅▁ ▂");
	same(text_bars((double[]){0, 0}, 2, 40, false), "__");
	same(text_bar(0.5, 10), "#####");
	same(text_bar(0, 10), "");
}

static void json(void **state)
{
	(void)state;
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);
	struct val list[] = {val_null(), val_str(""), val_real(NAN), val_real(0.1), val_int(-3), val_bool(true),
	    val_span(SPAN_LIT("q\"\\\n\x01\xff\xc3\xa9"))};
	struct val v = {.kind = VAL_LIST};
	v.list.p = list;
	v.list.n = sizeof(list) / sizeof(list[0]);
	json_val(f, &v);
	fclose(f);
	assert_string_equal(text, "[null,null,null,0.1,-3,true,\"q\\\"\\\\\\n\\u0001\xef\xbf\xbd\xc3\xa9\"]");
	free(text);
}

/* What is written of a number: the shortest of %.15g to %.17g that reads back. */
static void shortest(char *buf, size_t n, double r)
{
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(buf, n, "%.*g", digits, r);
		if (strtod(buf, NULL) == r)
			return;
	}
}

static void json_number_is(const struct val *v, const char *want)
{
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);
	json_val(f, v);
	fclose(f);
	assert_string_equal(text, want);
	free(text);
}

static void json_numbers(void **state)
{
	(void)state;
	static const double reals[] = {0, -0.0, 1, -1, 9, 10, 0.5, -0.5, 1.5, 12345678901234, 999999999999999, 1e15, -999999999999999, -1e15, 1e15 + 1, 1e18, 1e300,
	    (double)9007199254740993, 0.1 + 0.2, 1e-300, 123456789.25};
	static const uint64_t uints[] = {0, 9, 10, 99, 100, UINT32_MAX, UINT64_MAX - 1, UINT64_MAX};
	char want[64];
	uint64_t seed = 1;
	for (size_t i = 0; i < sizeof(reals) / sizeof(*reals); i++) {
		struct val v = val_real(reals[i]);
		shortest(want, sizeof(want), reals[i]);
		json_number_is(&v, want);
	}
	for (size_t i = 0; i < sizeof(uints) / sizeof(*uints); i++) {
		struct val v = val_uint(uints[i]);
		snprintf(want, sizeof(want), "%llu", (unsigned long long)uints[i]);
		json_number_is(&v, want);
	}
	for (int i = 0; i < 2000; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		struct val v = val_real((double)(int64_t)seed / (double)(1u << (seed & 31)));
		shortest(want, sizeof(want), v.r);
		json_number_is(&v, want);
	}
}

static int parse(struct args *a, const char *const *argv, char **why)
{
	int n = 0;
	while (argv[n])
		n++;
	return args_parse(a, n, (char *const *)(uintptr_t)argv, why);
}

static void arguments(void **state)
{
	(void)state;
	struct args a;
	char *why = NULL;
	assert_int_equal(parse(&a, (const char *const[]){"hdactl", "top", "-n3", "--by=site", "-f", "x", "--", "-last", NULL}, &why), 0);
	assert_int_equal(a.nwords, 2);
	assert_string_equal(a.words[1], "-last");
	assert_int_equal(args_use(&a, OPT_ID_N)->number, 3);
	assert_string_equal(args_text(&a, OPT_ID_BY), "site");
	args_done(&a);
	static const char *const bad[][4] = {{"hdactl", "--by"}, {"hdactl", "--json=1"}, {"hdactl", "-n", "-1"}, {"hdactl", "-x"}, {"hdactl", "--exat"}};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_true(parse(&a, bad[i], &why) < 0);
		assert_non_null(why);
		free(why);
		why = NULL;
		args_done(&a);
	}
}

/* Whatever a query takes, the command line can say. */
static void commands_cover_queries(void **state)
{
	(void)state;
	for (const struct query_cmd *const *q = query_all(); *q; q++) {
		const struct command *c = command_find((*q)->name);
		assert_non_null(c);
		for (size_t i = 0; (*q)->args[i]; i++) {
			const char *arg = (*q)->args[i];
			const struct opt *o = strcmp(arg, "n") == 0 ? opt_get(OPT_ID_N) : opt_find(arg, strlen(arg));
			bool word = strcmp(arg, "dump") == 0 || strcmp(arg, "address") == 0 || (strcmp(arg, "generation") == 0 && c->words == WORDS_GENERATION);
			if (!word && !(o && command_takes(c, o->id)))
				fail_msg("%s: no way to say %s", c->name, arg);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(numbers), cmocka_unit_test(texts), cmocka_unit_test(json), cmocka_unit_test(json_numbers), cmocka_unit_test(arguments),
	    cmocka_unit_test(commands_cover_queries)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
