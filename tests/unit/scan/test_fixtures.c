/* The scanner over the shared dumps of six Rubies: counts as the oracle has them, and the same callbacks however the
 * bytes are cut and whichever implementation reads. SPDX-License-Identifier: BSD-2-Clause */
#include "unit.h"

#include <dirent.h>

#include "base/mem.h"
#include "scan_dumps.h"
#include "scan_record.h"

enum { DUMPS_MAX = 100, NAME_LEN = 300 };
static char dumps[DUMPS_MAX][NAME_LEN];
static int ndumps;

static int by_name(const void *a, const void *b) { return strcmp(a, b); }

static void find_dumps(void)
{
	char dir_name[NAME_LEN];
	snprintf(dir_name, sizeof(dir_name), "%s/dumps", unit_shared());
	DIR *dir = opendir(dir_name);
	assert_non_null(dir);
	for (struct dirent *e; (e = readdir(dir)) && ndumps < DUMPS_MAX;) {
		size_t n = strlen(e->d_name);
		if (n > 9 && strcmp(e->d_name + n - 9, ".dump.zst") == 0)
			snprintf(dumps[ndumps++], NAME_LEN, "%s/dumps/%.*s", unit_shared(), (int)n - 4, e->d_name);
	}
	closedir(dir);
	qsort(dumps, (size_t)ndumps, NAME_LEN, by_name);
}

static struct dump_bytes load(int i, const char *suffix)
{
	char *path = xasprintf("%s%s", dumps[i], suffix);
	struct dump_bytes d = dump_load(path);
	free(path);
	return d;
}

/* The first number behind "key": in the oracle's answer. */
static uint64_t expected(const struct dump_bytes *json, const char *key)
{
	char want[64];
	snprintf(want, sizeof(want), "\"%s\": ", key);
	const char *p = strstr((const char *)json->p, want);
	assert_non_null(p);
	return strtoull(p + strlen(want), NULL, 10);
}

static void check_counts(const struct recording *r, const struct dump_bytes *json)
{
	assert_int_equal(r->stats.objects, expected(json, "objects"));
	assert_int_equal(r->bytes, expected(json, "bytes"));
	assert_int_equal(r->stats.edges, expected(json, "edges"));
	assert_int_equal(r->stats.roots, expected(json, "roots"));
	assert_int_equal(r->stats.root_refs, expected(json, "root_references"));
	assert_int_equal(r->stats.shapes, expected(json, "shapes"));
	assert_int_equal(r->stats.free_slots, expected(json, "free_slots"));
	assert_int_equal(r->stats.bad_lines, expected(json, "bad_lines"));
	assert_int_equal(r->refs, r->stats.edges + r->stats.root_refs);
	assert_int_equal(r->stats.lines, r->stats.objects + r->stats.roots + r->stats.shapes + r->stats.free_slots +
						 r->stats.bad_lines);
}

static void counts_are_the_oracles(void **state)
{
	(void)state;
	assert_true(ndumps > 0);
	for (int i = 0; i < ndumps; i++) {
		struct dump_bytes d = load(i, ".zst"), json = load(i, ".expected.json.zst");
		struct recording r;
		recording_run(&r, &(struct recording_opts){.impl = SCAN_PLAIN}, d.p, d.n);
		check_counts(&r, &json);
		assert_int_equal(r.stats.bytes, d.n);
		if (!strstr(dumps[i], "synthetic"))
			assert_int_equal(r.stats.unknown_keys, 0);
		free(d.p);
		free(json.p);
	}
}

static void check_equal(int i, const struct dump_bytes *d, const struct recording *want, struct recording_opts o)
{
	struct recording got;
	recording_run(&got, &o, d->p, d->n);
	if (got.hash != want->hash)
		fail_msg("%s: impl %d, pieces of %zu, seed %llu say something else", dumps[i], o.impl, o.piece,
			 (unsigned long long)o.cut_seed);
}

static void same_however_cut(void **state)
{
	(void)state;
	assert_true(ndumps > 0);
	for (int i = 0; i < ndumps; i++) {
		struct dump_bytes d = load(i, ".zst");
		struct recording want;
		recording_run(&want, &(struct recording_opts){.impl = SCAN_PLAIN}, d.p, d.n);
		bool small = d.n < 1500000;
		check_equal(i, &d, &want, (struct recording_opts){.impl = SCAN_SIMD});
		check_equal(i, &d, &want, (struct recording_opts){.impl = SCAN_SIMD, .piece = 65536});
		check_equal(i, &d, &want, (struct recording_opts){.impl = SCAN_SIMD, .piece = 2000, .cut_seed = 1 + (uint64_t)i});
		if (small) {
			check_equal(i, &d, &want, (struct recording_opts){.impl = SCAN_PLAIN, .piece = 400, .cut_seed = 7});
			check_equal(i, &d, &want, (struct recording_opts){.impl = SCAN_PLAIN, .piece = 1});
			check_equal(i, &d, &want, (struct recording_opts){.impl = SCAN_SIMD, .piece = 1});
		}
		free(d.p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_are_the_oracles),
		cmocka_unit_test(same_however_cut),
	};
	if (!unit_shared()) { /* cmocka's own skip() says "not ok", which the driver takes for a failure */
		printf("1..0 # SKIP no shared dumps (HDA_SHARED)\n");
		return 0;
	}
	find_dumps();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
