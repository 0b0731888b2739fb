/* A disk that fails once: LMDB gives its environment up, and the store opens it anew. SPDX-License-Identifier: BSD-2-Clause */
#include "unit.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/syscall.h>

#include "disk.h"

enum { PAGE_LEAST = 4096 };

static const struct series_opts small = {.keys = 50, .gens = 4, .seed = 5, .pid = 77, .churn_pct = 100};
static atomic_int failing; /* so many writes of meta pages fail from now on */

/* In LMDB's place of libc's: what is shorter than a page is a meta page's head (mdb.c, mdb_env_write_meta). */
static ssize_t write_at(int fd, const void *p, size_t n, off_t at)
{
	if (n < PAGE_LEAST && atomic_load(&failing) > 0) {
		atomic_fetch_sub(&failing, 1);
		errno = EIO;
		return -1;
	}
	return syscall(SYS_pwrite64, fd, p, n, at);
}

ssize_t pwrite(int fd, const void *p, size_t n, off_t at);
ssize_t pwrite64(int fd, const void *p, size_t n, off_t at);
ssize_t pwrite(int fd, const void *p, size_t n, off_t at) { return write_at(fd, p, n, at); }
ssize_t pwrite64(int fd, const void *p, size_t n, off_t at) { return write_at(fd, p, n, at); }

struct world {
	char *dir;
	struct store *s;
	struct series live;
	struct dump_summary *kept;
};

static int setup(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));
	uint64_t id;
	atomic_store(&failing, 0);
	w->dir = disk_temp();
	w->s = disk_open(w->dir, &(struct store_opts){.detail_dumps = 50});
	series_init(&w->live, &small);
	w->kept = series_next(&w->live);
	assert_int_equal(disk_put(w->s, w->kept, &id), 0);
	assert_int_equal(id, 1);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;
	store_close(w->s);
	summary_free(w->kept);
	series_done(&w->live);
	disk_remove(w->dir);
	free(w->dir);
	free(w);
	return 0;
}

static int put(struct world *w, uint64_t *ret)
{
	struct dump_summary *d = series_next(&w->live);
	int err = disk_put(w->s, d, ret);
	summary_free(d);
	return err;
}

static uint64_t reopened(struct world *w)
{
	struct store_stats st;
	store_stats(w->s, &st);
	return st.reopened;
}

static void check_kept(struct world *w)
{
	struct dump_summary *got = disk_load(w->s, 1);
	assert_true(summaries_equal(w->kept, got));
	summary_free(got);
}

static void test_next_works(void **state)
{
	struct world *w = *state;
	uint64_t id;
	atomic_store(&failing, 1);
	assert_int_equal(put(w, &id), -EIO);
	assert_int_equal(atomic_load(&failing), 0);
	check_kept(w); /* a reader is as good as a writer */
	assert_int_equal(put(w, &id), 0);
	assert_int_equal(reopened(w), 1);
	size_t n;
	free(disk_list(w->s, 0, &n));
	assert_int_equal(n, 2);
	check_kept(w);
}

/* While somebody reads the file stays open: he goes on, who comes is sent away, the first after him opens it. */
static void test_reader_goes_on(void **state)
{
	struct world *w = *state;
	struct store_rtxn *r, *other;
	struct dump_summary *got = NULL;
	uint64_t id;
	assert_int_equal(store_rtxn_begin(w->s, &r), 0);
	atomic_store(&failing, 1);
	assert_int_equal(put(w, &id), -EIO);
	assert_int_equal(put(w, &id), -EIO);
	assert_int_equal(store_rtxn_begin(w->s, &other), -EIO);
	store_reader_check(w->s);
	assert_int_equal(reopened(w), 0);
	assert_int_equal(store_rtxn_load(r, 1, STORE_ALL, &got), 0);
	assert_true(summaries_equal(w->kept, got));
	summary_free(got);
	store_rtxn_end(r);
	assert_int_equal(put(w, &id), 0);
	assert_int_equal(reopened(w), 1);
	check_kept(w);
}

/* What cannot be opened now is tried again by each who comes. */
static void test_tried_again(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *data = xasprintf("%s/data.mdb", w->dir), *aside = xasprintf("%s/aside", w->dir), *copy = xasprintf("%s.copy", w->dir);
	char *why = NULL;
	uint64_t id;
	atomic_store(&failing, 1);
	assert_int_equal(put(w, &id), -EIO);
	assert_int_equal(rename(data, aside), 0);
	assert_int_equal(mkdir(data, 0700), 0);
	assert_int_equal(put(w, &id), -EIO);
	assert_int_not_equal(store_backup(w->s, copy, &why), 0);
	free(why);
	assert_int_equal(reopened(w), 0);
	assert_int_equal(rmdir(data), 0);
	assert_int_equal(rename(aside, data), 0);
	assert_int_equal(put(w, &id), 0);
	assert_int_equal(reopened(w), 1);
	assert_int_equal(store_backup(w->s, copy, NULL), 0);
	struct store *s = disk_open(copy, &(struct store_opts){.detail_dumps = 50});
	size_t n;
	free(disk_list(s, 0, &n));
	assert_int_equal(n, 2);
	store_close(s);
	disk_remove(copy);
	check_kept(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_next_works, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_reader_goes_on, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_tried_again, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
