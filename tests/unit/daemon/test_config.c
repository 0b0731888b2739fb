/* Tests of hda.conf's parser and of the log's form. SPDX-License-Identifier: BSD-2-Clause */
#include "unit.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "daemon/config.h"
#include "daemon/log.h"
#include "proto/header.h"

/* The message of a text that must be refused; caller frees. */
static char *refused(const char *text)
{
	struct config *c = NULL;
	char *why = NULL;
	assert_true(config_parse("/etc/hda/hda.conf", text, strlen(text), &c, &why) < 0);
	assert_null(c);
	assert_non_null(why);
	return why;
}

static void refuses(const char *text, const char *message)
{
	char *why = refused(text);
	assert_string_equal(why, message);
	free(why);
}

static struct config *accepted(const char *text)
{
	struct config *c = NULL;
	char *why = NULL;
	if (config_parse("hda.conf", text, strlen(text), &c, &why) < 0)
		fail_msg("%s", why);
	return c;
}

static void test_defaults(void **state)
{
	(void)state;
	struct config *c = config_new();
	assert_int_equal(config_get(c, CFG_max_dumps), 4);
	assert_int_equal(config_get(c, CFG_map_size), 64ull << 30);
	assert_int_equal(config_get(c, CFG_hello_deadline), 5000);
	assert_int_equal(config_get(c, CFG_keep_values), 0);
	assert_true(c->is_auto[CFG_graph_memory]);
	assert_true(config_get(c, CFG_graph_memory) >= 16 << 20);
	assert_in_range(config_get(c, CFG_ingest_workers), 1, 8);
	config_unref(c);
}

static void test_values(void **state)
{
	(void)state;
	struct config *c = accepted("# comment\n[ingest]\ningest_workers = 3\nkeep_values = Yes\nretry_after=250ms ; inline\n"
				    "[store]\nstore_size = 2G\nmax_age = 0\n[graph]\ngraph_memory: 512M\n");
	assert_int_equal(config_get(c, CFG_ingest_workers), 3);
	assert_int_equal(config_get(c, CFG_keep_values), 1);
	assert_int_equal(config_get(c, CFG_retry_after), 250);
	assert_int_equal(config_get(c, CFG_store_size), 2ull << 30);
	assert_int_equal(config_get(c, CFG_max_age), 0);
	assert_int_equal(config_get(c, CFG_graph_memory), 512 << 20);
	assert_true(c->given[CFG_max_age]);
	assert_false(c->given[CFG_max_dumps]);
	config_unref(c);
	config_unref(accepted("")); /* an empty file is all defaults */
	config_unref(accepted("max_dumps = 7\n")); /* sections may be left out */
}

static void test_errors_name_the_line(void **state)
{
	(void)state;
	refuses("[ingest]\n\n\ningest_workers = 0\n", "hda.conf:4: ingest_workers: 0 is below 1");
	refuses("max_dumps = 1001\n", "hda.conf:1: max_dumps: 1001 is above 1000");
	refuses("[ingest]\nworkers = 4\n", "hda.conf:2: workers: no such option");
	refuses("max_dumps = 2\n# x\nmax_dumps = 2\n", "hda.conf:3: max_dumps stands twice, first in line 1");
	refuses("[graph]\nmax_dumps = 2\n", "hda.conf:2: max_dumps belongs in [ingest], not in [graph]");
	refuses("max_dumps = 4M\n", "hda.conf:1: max_dumps: \"4M\" is not a number");
	refuses("hello_deadline = 5\n", "hda.conf:1: hello_deadline: \"5\" is not a time (ms s m h d)");
	refuses("store_size = -1\n", "hda.conf:1: store_size: \"-1\" is not a number of bytes (K M G T)");
	refuses("store_size = 99999999999999999999G\n", "hda.conf:1: store_size: \"99999999999999999999G\" is not a number of bytes (K M G T)");
	refuses("keep_values = maybe\n", "hda.conf:1: keep_values: \"maybe\" is not yes or no");
	refuses("max_dumps = auto\n", "hda.conf:1: max_dumps: \"auto\" is not a number");
	refuses("\nrubbish\n", "hda.conf:2: neither \"name = value\" nor \"[section]\" nor a comment");
	refuses("[ingest]\n[grahp]\n[graph]\n", "hda.conf:2: [grahp]: no such section");
	refuses(" [Ingest] \nmax_dumps = 2\n", "hda.conf:1: [Ingest]: no such section");
	refuses("[ingest\n", "hda.conf:1: neither \"name = value\" nor \"[section]\" nor a comment");
	refuses("map_size = 1G\nstore_size = 2G\n", "hda.conf:2: store_size is above map_size");
}

static void test_strange_files(void **state)
{
	(void)state;
	char line[600];
	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 1] = '\0';
	refuses(line, "hda.conf:1: a line of more than 190 bytes");
	struct config *c = NULL;
	char *why = NULL;
	assert_true(config_parse("hda.conf", "max_dumps = 2\0\n", 15, &c, &why) < 0);
	assert_string_equal(why, "hda.conf:1: a NUL byte");
	free(why);
	assert_true(config_load("/nonexistent/hda.conf", &c, &why) < 0);
	assert_string_equal(why, "/nonexistent/hda.conf: No such file or directory");
	free(why);
	char dir[] = "/tmp/hda-test-config-XXXXXX";
	assert_non_null(mkdtemp(dir));
	_cleanup_free_ char *pipe = xasprintf("%s/hda.conf", dir), *want = xasprintf("%s: is a pipe, not a file", pipe);
	assert_int_equal(mkfifo(pipe, 0600), 0);
	assert_true(config_load(pipe, &c, &why) < 0); /* and does not wait for a writer */
	assert_string_equal(why, want);
	free(why);
	unlink(pipe);
	rmdir(dir);
}

/* Whatever a row's default, lowest and highest value: writing it and reading it gives it back. */
static void test_rows_round_trip(void **state)
{
	(void)state;
	for (enum config_id id = 0; id < CFG_N; id++) {
		const struct config_row *r = &config_rows[id];
		const char *texts[] = {r->def, r->lo, r->hi};
		for (size_t i = 0; i < 3; i++) {
			uint64_t v, back;
			bool is_auto;
			char *why = NULL;
			assert_int_equal(config_value(id, texts[i], &v, &is_auto, &why), 0);
			char *text = config_format(id, v);
			assert_int_equal(config_value(id, text, &back, &is_auto, &why), 0);
			assert_true(v == back);
			free(text);
		}
		assert_true(strlen(r->text) > 10 && strlen(r->text) + strlen(r->name) < 160);
	}
}

static void test_reload_rows(void **state)
{
	(void)state;
	struct config *old = config_new();
	struct config *fresh = accepted("ingest_workers = 9\nmax_dumps = 9\nquery_threads = 9\n");
	char *rows = config_restart_rows(old, fresh);
	assert_string_equal(rows, "ingest_workers, query_threads");
	free(rows);
	config_keep_fixed(fresh, old);
	assert_null(config_restart_rows(old, fresh));
	assert_int_equal(config_get(fresh, CFG_max_dumps), 9);
	assert_true(config_get(fresh, CFG_ingest_workers) == config_get(old, CFG_ingest_workers));
	config_unref(old);
	config_unref(fresh);
}

static void test_log_lines(void **state)
{
	(void)state;
	char buf[LOG_LINE_MAX];
	const struct log_field f[] = {LOG_UINT("dump", 7), LOG_STR("app", "a \"b\"\n<3>x\xff"), LOG_STR("w", "plain-1"),
	    LOG_UINT("jobs", HEADER_UNKNOWN), LOG_REAL("t", 1.5), LOG_STR("none", ""), {.kind = LOG_FIELD_END}};
	log_format(buf, sizeof(buf), LOG_dump_stored, f, 3);
	assert_string_equal(buf, "<6>event=dump_stored msg=\"dump stored\" dump=7 app=\"a \\\"b\\\"\\x0a<3>x\\xff\" w=plain-1 t=1.500 none=\"\" suppressed=3");
	char big[5000];
	memset(big, '\n', sizeof(big));
	big[sizeof(big) - 1] = '\0';
	const struct log_field g[] = {LOG_STR("v", big), LOG_STR("w", big), LOG_STR("x", big), LOG_STR("y", big), {.kind = LOG_FIELD_END}};
	assert_true(log_format(buf, sizeof(buf), LOG_dump_stored, g, 0) < sizeof(buf));
	assert_null(strchr(buf, '\n'));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_defaults), cmocka_unit_test(test_values), cmocka_unit_test(test_errors_name_the_line),
	    cmocka_unit_test(test_strange_files), cmocka_unit_test(test_rows_round_trip), cmocka_unit_test(test_reload_rows),
	    cmocka_unit_test(test_log_lines)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
