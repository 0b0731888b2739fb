/* What stays in the long run: thinned dumps and their cost, backups, migration. SPDX-License-Identifier: BSD-2-Clause */
#include "unit.h"

#include <errno.h>

#include "disk.h"
#include "store/lmdb_int.h"

enum {
	THIN_BYTES_MAX = 1024, /* a thinned dump costs at most this, index rows and half-full pages included */
	DETAIL = 3,
	HOURS = 166,           /* below a week: one dump an hour stays */
	STEADY = 26,           /* from here on each hour adds one thinned dump */
};

static const struct series_opts real = {.keys = 3000, .gens = 30, .sigs = 300, .seed = 5, .pid = 31, .churn_pct = 10};
static const struct series_opts small = {.keys = 300, .gens = 20, .sigs = 100, .seed = 6, .pid = 32, .churn_pct = 10};

static uint64_t used(struct store *s)
{
	struct store_stats st;
	store_stats(s, &st);
	return st.used_bytes;
}

/* Bytes of the pages of the tables in which a thinned dump has rows. */
static uint64_t thin_pages(struct store *s)
{
	static const enum db_table tables[] = {DB_thin, DB_dumps, DB_proc_dumps};
	struct lmdb *m = (struct lmdb *)s;
	MDB_txn *txn;
	MDB_stat st;
	uint64_t sum = 0;
	assert_int_equal(mdb_txn_begin(m->env, NULL, MDB_RDONLY, &txn), 0);
	for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++) {
		assert_int_equal(mdb_stat(txn, m->dbi[tables[i]], &st), 0);
		sum += (st.ms_branch_pages + st.ms_leaf_pages + st.ms_overflow_pages) * st.ms_psize;
	}
	mdb_txn_abort(txn);
	return sum;
}

/* As hdad runs: one dump an hour, retention after each. In the file's used bytes the last dumps with all details weigh
 * most, so a thinned one is weighed by the pages of its tables; the file must agree, within what those few dumps vary. */
static void test_cost(void **state)
{
	(void)state;
	char *dir = disk_temp();
	struct store *s = disk_open(dir, &(struct store_opts){.detail_dumps = DETAIL});
	struct series live;
	uint64_t before = 0, id;
	size_t n, thinned = 0;
	series_init(&live, &real);
	for (int i = 0; i < HOURS; i++) {
		struct dump_summary *d = series_next(&live);
		d->head.time = 1.7e9 + 3600.0 * i;
		assert_int_equal(disk_put(s, d, &id), 0);
		assert_int_equal(disk_retain(s, d->head.time, false), 0);
		summary_free(d);
		if (i == STEADY)
			before = used(s);
	}
	struct store_dump *rows = disk_list(s, 0, &n);
	for (size_t i = 0; i < n; i++)
		thinned += rows[i].thinned;
	free(rows);
	assert_int_equal(n, HOURS);
	assert_int_equal(thinned, HOURS - DETAIL);
	uint64_t after = used(s), each = thin_pages(s) / HOURS;
	uint64_t grown = after > before ? (after - before) / (HOURS - 1 - STEADY) : 0;
	print_message("# a thinned dump of %zu keys costs %llu bytes; the file grew by %llu a dump\n", real.keys,
	    (unsigned long long)each, (unsigned long long)grown);
	assert_true(each > 100); /* it was measured */
	assert_true(each <= THIN_BYTES_MAX);
	assert_true(grown <= 2 * THIN_BYTES_MAX);
	series_done(&live);
	store_close(s);
	disk_remove(dir);
	free(dir);
}

static int keep_all(void *ctx, struct dump_summary *s)
{
	struct dump_summary ***at = ctx;
	*(*at)++ = s;
	return 0;
}

/* The dump with this id reads as it was written, alone and, with the one before, in a walk. */
static void same_dump(struct store *s, uint64_t id, uint64_t before, const struct dump_summary *want)
{
	struct store_rtxn *r;
	struct dump_summary *got, *walked[2], **at = walked;
	uint64_t both[2] = {before, id};
	assert_int_equal(store_rtxn_begin(s, &r), 0);
	assert_int_equal(store_rtxn_load(r, id, STORE_ALL, &got), 0);
	assert_true(summaries_equal(want, got));
	if (before) {
		assert_int_equal(store_rtxn_walk(r, both, 2, STORE_ALL, keep_all, &at), 0);
		assert_true(summaries_equal(want, walked[1]));
		summary_free(walked[0]);
		summary_free(walked[1]);
	}
	store_rtxn_end(r);
	summary_free(got);
}

static void test_base_places(void **state)
{
	(void)state;
	static const uint64_t want[][2] = {{1, 0}, {7, 6}, {8, 0}, {9, 8}, {16, 8}, {63, 62}, {64, 0}, {72, 64}, {128, 64}, {130, 129}, {511, 510}};
	for (size_t i = 0; i < sizeof(want) / sizeof(*want); i++)
		assert_int_equal(lmdb_base_place(want[i][0]), want[i][1]);
	for (uint64_t place = 1; place < DB_RUN_MAX; place++) {
		unsigned steps = 0;
		for (uint64_t at = place; at; at = lmdb_base_place(at), steps++)
			assert_true(lmdb_base_level(lmdb_base_place(at)) > 0 || lmdb_base_place(at) == at - 1);
		assert_true(steps <= DB_LEVELS * (DB_RADIX - 1));
	}
	assert_int_equal(lmdb_base_level(0), DB_LEVELS);
	assert_int_equal(lmdb_base_level(24), 1);
	assert_int_equal(lmdb_base_level(448), 2);
}

/* Whole dumps, and those that differences hang on, go one after the other: what stays reads as it was written. */
static void test_bases_go(void **state)
{
	(void)state;
	enum { ALL = 150, LEFT = 70 };
	char *dir = disk_temp();
	struct store *s = disk_open(dir, &(struct store_opts){.detail_dumps = LEFT});
	struct dump_summary *all[ALL + 1] = {NULL};
	struct series live;
	size_t n, compared = 0;
	uint64_t id;
	series_init(&live, &small);
	for (int i = 0; i < ALL; i++) {
		struct dump_summary *d = series_next(&live);
		assert_int_equal(disk_put(s, d, &id), 0);
		assert_int_equal(id, i + 1);
		all[id] = d;
		if (i % 7 == 0 || i > ALL - 10)
			assert_int_equal(disk_retain(s, d->head.time, false), 0);
		if (i == 0 || i % 30 == 29)
			same_dump(s, id, i ? id - 1 : 0, d);
	}
	struct store_dump *rows = disk_list(s, 0, &n);
	for (size_t i = 0; i < n; i++) {
		if (rows[i].thinned)
			continue;
		same_dump(s, rows[i].dump, i && !rows[i - 1].thinned ? rows[i - 1].dump : 0, all[rows[i].dump]);
		compared++;
	}
	assert_int_equal(compared, LEFT);
	free(rows);
	for (int i = 0; i <= ALL; i++)
		summary_free(all[i]);
	series_done(&live);
	store_close(s);
	disk_remove(dir);
	free(dir);
}

/* A store with two processes, whole dumps, differences, torn and thinned ones. */
static void make(struct store *s)
{
	struct series a, b;
	uint64_t id;
	series_init(&a, &small);
	series_init(&b, &(struct series_opts){.keys = 100, .gens = 5, .seed = 7, .pid = 33, .churn_pct = 30});
	for (int i = 0; i < 45; i++) {
		struct dump_summary *d = series_next(i % 3 ? &a : &b);
		d->partial = i % 11 == 10;
		assert_int_equal(disk_put(s, d, &id), 0);
		if (i % 20 == 19)
			assert_int_equal(disk_retain(s, d->head.time, false), 0);
		summary_free(d);
	}
	series_done(&a);
	series_done(&b);
}

/* Everything that can be read is the same in both. */
static void same_stores(struct store *a, struct store *b)
{
	struct store_rtxn *ra, *rb;
	struct store_proc *pa, *pb;
	size_t na, nb, npa, npb, thinned = 0, partial = 0;
	uint8_t xa[16], xb[16];
	struct store_dump *da = disk_list(a, 0, &na), *db = disk_list(b, 0, &nb);
	assert_int_equal(na, nb);
	assert_true(na > 20);
	for (size_t i = 0; i < na; i++) {
		assert_int_equal(da[i].dump, db[i].dump);
		assert_int_equal(da[i].proc, db[i].proc);
		assert_int_equal(da[i].objects, db[i].objects);
		assert_int_equal(da[i].thinned, db[i].thinned);
		assert_int_equal(da[i].partial, db[i].partial);
		assert_true(da[i].time == db[i].time);
		thinned += da[i].thinned;
		partial += da[i].partial;
		struct dump_summary *x = disk_load(a, da[i].dump), *y = disk_load(b, da[i].dump);
		assert_true(summaries_equal(x, y));
		summary_free(x);
		summary_free(y);
	}
	assert_true(thinned > 0 && partial > 0);
	assert_int_equal(store_rtxn_begin(a, &ra), 0);
	assert_int_equal(store_rtxn_begin(b, &rb), 0);
	assert_int_equal(store_rtxn_procs(ra, &pa, &npa), 0);
	assert_int_equal(store_rtxn_procs(rb, &pb, &npb), 0);
	assert_int_equal(npa, 2);
	assert_int_equal(npb, 2);
	for (size_t i = 0; i < npa; i++) {
		assert_int_equal(pa[i].proc, pb[i].proc);
		assert_int_equal(pa[i].who.pid, pb[i].who.pid);
		assert_int_equal(pa[i].ndumps, pb[i].ndumps);
		assert_int_equal(pa[i].npartial, pb[i].npartial);
		assert_int_equal(pa[i].first_dump, pb[i].first_dump);
		assert_int_equal(pa[i].last_dump, pb[i].last_dump);
	}
	store_rtxn_end(ra);
	store_rtxn_end(rb);
	free(pa);
	free(pb);
	free(da);
	free(db);
	store_secret(a, xa);
	store_secret(b, xb);
	assert_memory_equal(xa, xb, sizeof(xa));
}

/* The next dump gets the same id in both, and is read back. */
static void both_go_on(struct store *a, struct store *b)
{
	struct series live;
	uint64_t ia, ib;
	series_init(&live, &small);
	for (int i = 0; i < 60; i++)
		summary_free(series_next(&live));
	struct dump_summary *d = series_next(&live);
	assert_int_equal(disk_put(a, d, &ia), 0);
	assert_int_equal(disk_put(b, d, &ib), 0);
	assert_int_equal(ia, ib);
	struct dump_summary *got = disk_load(b, ib);
	assert_true(summaries_equal(d, got));
	assert_int_equal(got->proc, 2);
	summary_free(got);
	summary_free(d);
	series_done(&live);
}

static const struct store_opts keeping = {.detail_dumps = 8};

static void test_backup(void **state)
{
	(void)state;
	char *dir = disk_temp();
	_cleanup_free_ char *to = xasprintf("%s-backup", dir), *why = NULL;
	struct store *s = disk_open(dir, &keeping);
	make(s);
	int err = store_backup(s, to, &why);
	if (err)
		fail_msg("%s", why);
	struct store *b = disk_open(to, &keeping);
	same_stores(s, b);
	both_go_on(s, b);
	assert_int_equal(store_backup(s, to, &why), -EEXIST); /* never over something */
	assert_non_null(strstr(why, "new directory"));
	store_close(b);
	disk_remove(to);
	/* What an interrupted one left does not stand in the way; a slash at the end neither. */
	_cleanup_free_ char *left = xasprintf("%s.part", to), *slash = xasprintf("%s/", to);
	assert_int_equal(mkdir(left, 0700), 0);
	assert_int_equal(store_backup(s, slash, NULL), 0);
	b = disk_open(to, &(struct store_opts){.read_only = true});
	same_stores(s, b);
	store_close(b);
	disk_remove(to);
	/* Where nothing can be written, nothing is left. */
	_cleanup_free_ char *nowhere = xasprintf("%s-none/deep", dir), *why2 = NULL;
	assert_int_equal(store_backup(s, nowhere, &why2), -ENOENT);
	assert_non_null(strstr(why2, nowhere));
	store_close(s);
	disk_remove(dir);
	free(dir);
}

static void test_migrate(void **state)
{
	(void)state;
	char *dir = disk_temp();
	_cleanup_free_ char *to = xasprintf("%s-new", dir), *why = NULL;
	struct store *s = disk_open(dir, &keeping);
	make(s);
	assert_int_equal(store_migrate(dir, to, &why), -EBUSY); /* not under a running hdad */
	assert_non_null(strstr(why, "in use"));
	struct stat st;
	assert_int_equal(stat(to, &st), -1);
	store_close(s);
	free(why);
	why = NULL;
	int err = store_migrate(dir, to, &why);
	if (err)
		fail_msg("%s", why);
	s = disk_open(dir, &keeping);
	struct store *n = disk_open(to, &keeping);
	same_stores(s, n);
	print_message("# %llu bytes before, %llu after\n", (unsigned long long)used(s), (unsigned long long)used(n));
	assert_true(used(n) <= used(s) + used(s) / 4);
	both_go_on(s, n);
	store_close(n);
	store_close(s);
	assert_int_equal(store_migrate(dir, to, &why), -EEXIST);
	disk_remove(to);
	disk_remove(dir);
	free(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_base_places), cmocka_unit_test(test_bases_go), cmocka_unit_test(test_cost), cmocka_unit_test(test_backup), cmocka_unit_test(test_migrate),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
