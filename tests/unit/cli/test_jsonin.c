/* Reading back --json: what is read, and that torn and foreign texts are errors. SPDX-License-Identifier: BSD-2-Clause */
#include "unit.h"

#include "cli/jsonin.h"

static int read_text(const char *text, size_t n, struct report *a, char **why)
{
	uint8_t *p = malloc(n ? n : 1); /* of its exact size: a byte read behind it is seen */
	memcpy(p, text, n);
	*a = (struct report){0};
	int err = jsonin_report((struct span){p, n}, "leaks", a, why);
	free(p);
	return err;
}

static void good(const char *text, size_t rows, struct report *a)
{
	char *why;
	int err = read_text(text, strlen(text), a, &why);
	if (err)
		fail_msg("%s: %s", text, why);
	assert_null(why);
	assert_int_equal(a->nrows, rows);
}

static void bad(const char *text, size_t n)
{
	struct report a;
	char *why;
	if (read_text(text, n, &a, &why) != HDA_EFORMAT)
		fail_msg("taken: %.*s", (int)n, text);
	assert_non_null(why);
	free(why);
	report_done(&a);
}

#define DOC(rows) "{\"hda\":1,\"report\":\"leaks\",\"dump\":null,\"rows\":[" rows "]}\n"

static void test_good(void **state)
{
	struct report a;
	(void)state;
	good(DOC(""), 0, &a);
	report_done(&a);
	good(DOC("\n{\"id\":\"9c41e7\",\"n\":-1.5e3,\"b\":true,\"z\":null,\"l\":[1,[2,{\"x\":\"y\"}]]}, {}, {\"id\":\"a\"}"), 2, &a);
	assert_string_equal(report_str(&a.rows[0], "id"), "9c41e7");
	assert_true(report_num(&a.rows[0], "n") == -1500 && report_num(&a.rows[0], "b") == 1);
	assert_null(report_str(&a.rows[0], "z"));
	assert_string_equal(report_str(&a.rows[1], "id"), "a");
	report_done(&a);
	good(DOC("{\"t\":\"q\\\"\\\\\\/\\n\\u00e9\\u20ac\\ud83d\\ude00\\ud800x\"}"), 1, &a);
	assert_string_equal(report_str(&a.rows[0], "t"), "q\"\\/\n\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xef\xbf\xbdx");
	report_done(&a);
	good(" { \"rows\" : [ ] , \"report\" : \"leaks\" , \"hda\" : 1 } ", 0, &a);
	report_done(&a);
}

static void test_torn(void **state)
{
	static const char doc[] = DOC("{\"id\":\"9c41e7\",\"n\":-1.5e3,\"s\":\"\\u00e9\\\\\",\"l\":[1,[2,{\"x\":\"y\"}]]}, {\"id\":\"a\"}");
	(void)state;
	for (size_t n = 0; n + 2 < sizeof(doc); n++) /* without its last brace it is never whole */
		bad(doc, n);
}

static void test_foreign(void **state)
{
	static const char *const texts[] = {"", "[]", "null", "{}", "{\"hda\":1}", "{\"hda\":2,\"report\":\"leaks\",\"rows\":[]}", "{\"hda\":1,\"report\":\"ps\",\"rows\":[]}",
	    "{\"hda\":1,\"report\":\"leaks\",\"rows\":{}}", "{\"hda\":1,\"report\":\"leaks\"}", DOC("1"), DOC("{\"a\":1,}"), DOC("{\"a\" 1}"), DOC("{a:1}"), DOC("{\"a\":01x}"),
	    DOC("{\"a\":tru}"), DOC("{\"a\":\"\\x\"}"), DOC("{\"a\":\"\\u12g4\"}"), DOC("{\"a\":\"\n\"}"), DOC("{}") "{}", DOC("{\"a\":[1 2]}"), DOC("{},")};
	char deep[400] = "{\"hda\":1,\"report\":\"leaks\",\"rows\":[],\"x\":";
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		bad(texts[i], strlen(texts[i]));
	size_t n = strlen(deep);
	memset(deep + n, '[', 300);
	bad(deep, n + 300);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_good), cmocka_unit_test(test_torn), cmocka_unit_test(test_foreign)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
