/* A map or a limit that is reached: what is committed stays whole, room can be made, writing goes on.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "unit.h"

#include <sys/stat.h>

#include "disk.h"

enum {
	MAP = 16 << 20,
	LIMIT = 5 << 20,       /* of the file, in a much larger map */
	BIG_MAP = 256 << 20,
	DUMPS_MAX = 4000,      /* far more than fit */
	SAMPLE = 29,           /* each so many-th dump is compared whole */
	FILE_SPARE = 4,        /* without a long reader the file has so small a part of the limit as free pages on top */
	MORE = 40,             /* puts after the store was full */
};

static const struct series_opts heavy = {.keys = 3000, .gens = 40, .sigs = 500, .seed = 3, .pid = 77, .churn_pct = 100};

/* Puts until the store is full; returns how many went in. One dump a transaction, or all in one. */
static size_t fill(struct store *s, struct series *live, uint64_t *ids, size_t max)
{
	for (size_t n = 0; n < max; n++) {
		struct dump_summary *d = series_next(live);
		int err = disk_put(s, d, &ids[n]);
		summary_free(d);
		if (err) {
			assert_int_equal(err, HDA_EFULL);
			return n;
		}
	}
	fail_msg("%zu dumps did not fill it", max);
	return 0;
}

/* Compares the dumps of the store with the series that made them, all rows and each SAMPLE-th whole. */
static void check_all(struct store *s, const uint64_t *ids, size_t n)
{
	struct series live;
	size_t rows;
	struct store_dump *d = disk_list(s, 0, &rows);
	assert_int_equal(rows, n);
	series_init(&live, &heavy);
	for (size_t i = 0; i < n; i++) {
		struct dump_summary *want = series_next(&live);
		assert_int_equal(d[i].dump, ids[i]);
		assert_int_equal(d[i].objects, want->objects);
		assert_int_equal(d[i].bytes, want->bytes);
		if (i % SAMPLE == 0 || i + 1 == n) {
			struct dump_summary *got = disk_load(s, ids[i]);
			assert_true(summaries_equal(want, got));
			summary_free(got);
		}
		summary_free(want);
	}
	series_done(&live);
	free(d);
}

static uint64_t used(struct store *s)
{
	struct store_stats st;
	store_stats(s, &st);
	return st.used_bytes;
}

static uint64_t file_size(const char *dir)
{
	struct stat st;
	char *path = xasprintf("%s/data.mdb", dir);
	assert_int_equal(stat(path, &st), 0);
	free(path);
	return (uint64_t)st.st_size;
}

/* As hdad does it: a put; when full a hard retention and the put again. Returns the number of hard retentions. */
static size_t go_on(struct store *s, struct series *live, size_t n)
{
	size_t hard = 0;
	for (size_t i = 0; i < n; i++) {
		uint64_t id;
		struct dump_summary *d = series_next(live);
		int err = disk_put(s, d, &id);
		if (err == HDA_EFULL) {
			hard++;
			assert_int_equal(disk_retain(s, d->head.time, true), 0);
			err = disk_put(s, d, &id);
		}
		assert_int_equal(err, 0);
		struct dump_summary *got = disk_load(s, id);
		assert_true(summaries_equal(d, got));
		summary_free(got);
		summary_free(d);
	}
	return hard;
}

static void fill_and_go_on(const struct store_opts *o, uint64_t limit)
{
	char *dir = disk_temp();
	struct store *s = disk_open(dir, o);
	struct series live;
	uint64_t *ids = xcalloc(DUMPS_MAX, sizeof(*ids));
	series_init(&live, &heavy);
	size_t n = fill(s, &live, ids, DUMPS_MAX);
	print_message("# full after %zu dumps, %llu of %llu bytes used\n", n, (unsigned long long)used(s),
	    (unsigned long long)limit);
	assert_true(n > 10);
	assert_true(used(s) <= limit);
	assert_true(used(s) >= limit / 10 * 7); /* full means full */
	check_all(s, ids, n);
	/* Full a second time without room made, and nothing of it stays. */
	struct dump_summary *d = series_next(&live);
	uint64_t id;
	assert_int_equal(disk_put(s, d, &id), HDA_EFULL);
	store_close(s);
	s = disk_open(dir, o);
	check_all(s, ids, n);
	assert_int_equal(disk_put(s, d, &id), HDA_EFULL);
	uint64_t before = used(s);
	assert_int_equal(disk_retain(s, d->head.time, true), 0);
	assert_true(used(s) < before / 10 * 8);
	assert_int_equal(disk_put(s, d, &id), 0);
	struct dump_summary *got = disk_load(s, id);
	assert_true(summaries_equal(d, got));
	summary_free(got);
	summary_free(d);
	go_on(s, &live, MORE);
	assert_true(used(s) <= limit);
	print_message("# then the file has %llu bytes, %llu of them in use\n", (unsigned long long)file_size(dir), (unsigned long long)used(s));
	assert_true(file_size(dir) <= o->map_size);
	assert_true(file_size(dir) <= limit + limit / FILE_SPARE);
	store_close(s);
	series_done(&live);
	free(ids);
	disk_remove(dir);
	free(dir);
}

static void test_map_full(void **state)
{
	(void)state;
	fill_and_go_on(&(struct store_opts){.map_size = MAP}, MAP);
}

static void test_max_size(void **state)
{
	(void)state;
	fill_and_go_on(&(struct store_opts){.map_size = BIG_MAP, .max_size = LIMIT}, LIMIT);
}

/* As hdad runs: retention after each put keeps it below the limit, so that full never comes. */
static void test_soft(void **state)
{
	(void)state;
	enum { DUMPS = 150 };
	char *dir = disk_temp();
	struct store *s = disk_open(dir, &(struct store_opts){.map_size = BIG_MAP, .max_size = LIMIT, .detail_dumps = 1000});
	struct series live;
	series_init(&live, &heavy);
	for (int i = 0; i < DUMPS; i++) {
		uint64_t id;
		struct dump_summary *d = series_next(&live);
		assert_int_equal(disk_put(s, d, &id), 0);
		assert_int_equal(disk_retain(s, d->head.time, false), 0);
		assert_true(used(s) <= LIMIT);
		summary_free(d);
	}
	size_t n;
	struct store_dump *rows = disk_list(s, 0, &n);
	assert_int_equal(rows[n - 1].dump, DUMPS);
	assert_false(rows[n - 1].thinned);
	assert_int_equal(rows[0].dump, 1); /* the first of a living process */
	print_message("# %zu of %d dumps stay, %llu bytes, in a file of %llu\n", n, (int)DUMPS, (unsigned long long)used(s),
	    (unsigned long long)file_size(dir));
	assert_true(file_size(dir) <= LIMIT + LIMIT / FILE_SPARE);
	free(rows);
	store_close(s);
	series_done(&live);
	disk_remove(dir);
	free(dir);
}

/* A reader that stays open keeps old pages: then the map itself runs full. Nothing breaks, and when it goes there is room. */
static void test_long_reader(void **state)
{
	(void)state;
	char *dir = disk_temp();
	struct store_opts o = {.map_size = MAP, .detail_dumps = 5};
	struct store *s = disk_open(dir, &o);
	struct store_rtxn *r;
	struct series live;
	struct store_stats st;
	uint64_t id;
	series_init(&live, &heavy);
	struct dump_summary *first = series_next(&live);
	assert_int_equal(disk_put(s, first, &id), 0);
	assert_int_equal(store_rtxn_begin(s, &r), 0);
	int err = 0;
	size_t n = 0;
	for (; !err && n < DUMPS_MAX; n++) {
		struct dump_summary *d = series_next(&live);
		err = disk_put(s, d, &id);
		if (!err)
			err = disk_retain(s, d->head.time, false);
		summary_free(d);
	}
	assert_int_equal(err, HDA_EFULL);
	store_stats(s, &st);
	assert_int_equal(st.readers, 1);
	assert_true(st.oldest_reader_txns >= n);
	struct dump_summary *got = NULL;
	assert_int_equal(store_rtxn_load(r, 1, STORE_ALL, &got), 0);
	assert_true(summaries_equal(first, got)); /* the old view is still whole */
	summary_free(got);
	store_rtxn_end(r);
	size_t hard = go_on(s, &live, MORE);
	print_message("# full after %zu dumps with a reader open; %zu hard retentions later\n", n, hard);
	summary_free(first);
	store_close(s);
	series_done(&live);
	disk_remove(dir);
	free(dir);
}

/* One transaction larger than the map: it fails whole. */
static void test_one_transaction(void **state)
{
	(void)state;
	char *dir = disk_temp();
	struct store *s = disk_open(dir, &(struct store_opts){.map_size = MAP});
	struct series live;
	struct store_wtxn *w;
	uint64_t id;
	size_t n;
	series_init(&live, &heavy);
	struct dump_summary *first = series_next(&live);
	assert_int_equal(disk_put(s, first, &id), 0);
	assert_int_equal(store_wtxn_begin(s, &w), 0);
	int err = 0;
	for (size_t i = 0; !err && i < DUMPS_MAX; i++) {
		struct dump_summary *d = series_next(&live);
		err = store_wtxn_put(w, d, &id);
		summary_free(d);
	}
	assert_int_equal(err, HDA_EFULL);
	/* Sticky: nothing more goes in, and the commit says why. */
	assert_int_equal(store_wtxn_retain(w, 2e9, true), HDA_EFULL);
	assert_int_equal(store_wtxn_put(w, first, &id), HDA_EFULL);
	assert_int_equal(store_wtxn_commit(w), HDA_EFULL);
	free(disk_list(s, 0, &n));
	assert_int_equal(n, 1);
	go_on(s, &live, 3);
	summary_free(first);
	store_close(s);
	series_done(&live);
	disk_remove(dir);
	free(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_map_full), cmocka_unit_test(test_max_size), cmocka_unit_test(test_soft),
	    cmocka_unit_test(test_long_reader), cmocka_unit_test(test_one_transaction),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
