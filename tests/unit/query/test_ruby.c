/* diff of a real Ruby process that leaks into reused slots. SPDX-License-Identifier: BSD-2-Clause
 *
 * $RUBY (make check sets it) writes two traced dumps; without a Ruby the test is skipped. */
#include "unit.h"

#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "daemon/pipeline.h"
#include "hda/protocol.h"
#include "sample.h"

/* Line 6 makes 20 000 strings that are alive at the first dump and dead at the second; line 12 leaks 5 000 into their slots. */
static const char script[] =
    "require 'objspace'\n"
    "dir = ARGV[0]\n"
    "ObjectSpace.trace_object_allocations_start\n"
    "$leak = Array.new(6000)\n"
    "$flight = []\n"
    "20_000.times { |i| $flight << 'flies ' + i.to_s }\n"
    "GC.start\n"
    "File.open(dir + '/1', 'w') { |f| ObjectSpace.dump_all(output: f) }\n"
    "$flight = nil\n"
    "3.times { GC.start }\n"
    "5_000.times { |i|\n"
    "  $leak[i] = 'leaks ' + i.to_s\n"
    "  GC.start if i % 1000 == 999\n"
    "}\n"
    "File.open(dir + '/2', 'w') { |f| ObjectSpace.dump_all(output: f) }\n";

struct reading {
	struct census_dump *census;
	struct pipeline *p;
};

static void see(void *ctx, const struct heap_obj *o, uint32_t slot)
{
	struct reading *r = ctx;
	census_dump_add(r->census, o->addr, slot, o->flags & OBJ_HAS_GENERATION ? o->generation : UINT64_MAX, o->memsize);
}

static uint32_t slot_key(void *ctx, uint32_t slot) { return pipeline_slot_key(((struct reading *)ctx)->p, slot); }

static void read_dump(struct store *st, struct query_census *c, const char *path, uint64_t jobs)
{
	struct reading r = {.census = census_dump_new()};
	struct pipeline_opts opts = {.graph = false, .census = see, .census_ctx = &r};
	r.p = pipeline_new(&opts);
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	static uint8_t buf[1 << 16];
	size_t n;
	while ((n = fread(buf, 1, sizeof(buf) - SCAN_PAD, f)) > 0)
		pipeline_feed(r.p, buf, n);
	fclose(f);
	struct dump_header h;
	dump_header_init(&h);
	h.who.pid = 4121;
	h.jobs = jobs;
	h.time = 1000.0 * (double)jobs;
	struct dump_summary *s = pipeline_finish(r.p, &h, false);
	dump_header_done(&h);
	query_census_put(c, sample_put(st, s), r.census, slot_key, &r);
	pipeline_free(r.p);
}

static bool run_ruby(const char *ruby, const char *file, const char *dir)
{
	pid_t pid = fork();
	if (pid == 0) {
		execlp(ruby, ruby, file, dir, (char *)NULL);
		_exit(127);
	}
	int status = 0;
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void check(const struct query_ctx *q, bool exact)
{
	struct caught c = {0};
	ask(&c, q, "diff 4121@1 4121@2 -n 0");
	assert_int_equal(c.status, HDA_STATUS_OK);
	uint64_t leaked = 0, flying = 0, low = 0, high = 0;
	for (size_t i = 0; i < c.n; i++) {
		assert_string_equal(cell_s(&c, i, "identity"), "generation");
		low += cell_u(&c, i, "count_low");
		high += cell_u(&c, i, "count_high");
		if (strcmp(cell_s(&c, i, "type"), "STRING") != 0 || cell(&c, i, "line")->kind != VAL_UINT)
			continue;
		/* A line makes one string that stays and two that are dropped at once: the last few may not be swept yet. */
		if (cell_u(&c, i, "line") == 12)
			leaked += cell_u(&c, i, "count_low");
		flying += cell_u(&c, i, "line") == 6 ? cell_u(&c, i, "count_low") : 0;
	}
	assert_int_equal(flying, 0);
	assert_true(leaked >= 5000 && leaked <= 5010);
	assert_true(!exact || low == high);
	caught_done(&c);
}

static void test_reuse(void **state)
{
	(void)state;
	const char *ruby = getenv("RUBY");
	char dir[] = "/tmp/hda-test-XXXXXX", path[64], one[64], two[64];
	if (!ruby || !*ruby || access(ruby, X_OK) != 0)
		unit_skip("no ruby");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/leak.rb", dir);
	snprintf(one, sizeof(one), "%s/1", dir);
	snprintf(two, sizeof(two), "%s/2", dir);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(script, f);
	fclose(f);
	bool ran = run_ruby(ruby, path, dir);
	if (ran) {
		struct store *st = sample_store();
		struct query_census *c = query_census_new();
		read_dump(st, c, one, 1);
		read_dump(st, c, two, 2);
		struct query_ctx q = {.store = st};
		check(&q, false);
		q.census = c;
		check(&q, true);
		query_census_free(c);
		store_close(st);
	}
	unlink(one);
	unlink(two);
	unlink(path);
	rmdir(dir);
	assert_true(ran);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_reuse)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
