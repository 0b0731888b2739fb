/* What a store refuses to open, and that the text says what to do. SPDX-License-Identifier: BSD-2-Clause */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>

#include "disk.h"
#include "hda/schema.h"
#include "store/lmdb_int.h"

enum { NOBODY = 65534 };

static int setup(void **state)
{
	*state = disk_temp();
	return 0;
}

static int teardown(void **state)
{
	chmod(*state, 0700);
	disk_remove(*state);
	free(*state);
	return 0;
}

static void write_file(const char *dir, const char *name, const void *p, size_t n)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", dir, name);
	FILE *f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(p, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

/* Opening fails with this error and a text that names the place and holds each of the words (NULL at the end). */
static void refused(const char *dir, bool read_only, int want, const char *const *words)
{
	struct store *s = NULL;
	_cleanup_free_ char *why = NULL;
	int err = store_open(&s, &(struct store_opts){.dir = dir, .read_only = read_only}, &why);
	if (!err)
		store_close(s);
	assert_int_equal(err, want);
	assert_non_null(why);
	print_message("# %s\n", why);
	assert_non_null(strstr(why, dir));
	for (; *words; words++)
		if (!strstr(why, *words))
			fail_msg("no \"%s\" in: %s", *words, why);
	/* Nobody has to want the text. */
	assert_int_equal(store_open(&s, &(struct store_opts){.dir = dir, .read_only = read_only}, NULL), want);
}
#define REFUSED(dir, ro, err, ...) refused(dir, ro, err, (const char *const[]){__VA_ARGS__, NULL})

static struct dump_summary *small_dump(void)
{
	struct series s;
	series_init(&s, &(struct series_opts){.keys = 50, .gens = 5, .sigs = 10, .seed = 9, .pid = 3, .churn_pct = 5});
	struct dump_summary *d = series_next(&s);
	series_done(&s);
	return d;
}

static void make_store(const char *dir)
{
	struct store *s = disk_open(dir, &(struct store_opts){0});
	struct dump_summary *d = small_dump();
	uint64_t id;
	assert_int_equal(disk_put(s, d, &id), 0);
	summary_free(d);
	store_close(s);
}

/* The one dump of make_store is there and whole. */
static void check_store(const char *dir, bool read_only)
{
	struct store *s = disk_open(dir, &(struct store_opts){.read_only = read_only});
	struct dump_summary *want = small_dump(), *got = disk_load(s, 1);
	assert_true(summaries_equal(want, got));
	summary_free(want);
	summary_free(got);
	store_close(s);
}

static void test_foreign(void **state)
{
	const char *dir = *state;
	static char text[8192] = "# a file of somebody else\n";
	static const size_t sizes[] = {sizeof(text), 19, 1};
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		write_file(dir, "data.mdb", text, sizes[i]);
		REFUSED(dir, false, HDA_EFOREIGN, "data.mdb", "not a store of hda", "another directory");
		/* It is left as it was. */
		_cleanup_free_ char *path = xasprintf("%s/data.mdb", dir);
		struct stat st;
		char head[26] = "";
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_size, sizes[i]);
		FILE *f = fopen(path, "rb");
		assert_non_null(f);
		size_t n = fread(head, 1, sizeof(head), f);
		fclose(f);
		assert_memory_equal(head, text, n);
	}
}

/* Of LMDB, but not ours. */
static void test_other_lmdb(void **state)
{
	const char *dir = *state;
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;
	MDB_val k = {3, (char[]){"key"}}, v = {5, (char[]){"value"}};
	assert_int_equal(mdb_env_create(&env), 0);
	assert_int_equal(mdb_env_open(env, dir, 0, 0600), 0);
	assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
	assert_int_equal(mdb_dbi_open(txn, NULL, 0, &dbi), 0);
	assert_int_equal(mdb_put(txn, dbi, &k, &v, 0), 0);
	assert_int_equal(mdb_txn_commit(txn), 0);
	mdb_env_close(env);
	REFUSED(dir, false, HDA_EFOREIGN, "another program", "another directory");
}

/* Opens and reads everything of a damaged store in a child: an error or what is left, but it ends well. */
static void survives(const char *dir)
{
	int status;
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct store *s;
		struct store_rtxn *r;
		struct dump_summary *d = NULL;
		int err = store_open(&s, &(struct store_opts){.dir = dir}, NULL);
		if (!err && store_rtxn_begin(s, &r) == 0) {
			err = store_rtxn_load(r, 1, STORE_ALL, &d);
			store_rtxn_end(r);
		}
		_exit(err && err != HDA_ECORRUPT && err != HDA_EFOREIGN && err != HDA_ENOTFOUND);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* A file that lost its end: in its header, or anywhere behind. */
static void test_cut(void **state)
{
	const char *dir = *state;
	enum { HEADER = 2 * 4096, STEP = 4096, STEPS_MAX = 64 };
	_cleanup_free_ char *path = xasprintf("%s/data.mdb", dir);
	static const off_t sizes[] = {HEADER / 2, 5000, 100};
	struct stat st;
	make_store(dir);
	assert_int_equal(stat(path, &st), 0);
	off_t step = st.st_size / STEPS_MAX > STEP ? st.st_size / STEPS_MAX : STEP;
	for (off_t size = st.st_size - 1; size > HEADER; size -= step) {
		unlink(path);
		make_store(dir);
		assert_int_equal(truncate(path, size), 0);
		survives(dir);
	}
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		assert_int_equal(truncate(path, sizes[i]), 0);
		REFUSED(dir, false, HDA_EFOREIGN, "damaged", "backup");
	}
}

/* A crash before the first commit leaves an empty file: that is a new store. */
static void test_empty_file(void **state)
{
	const char *dir = *state;
	write_file(dir, "data.mdb", "", 0);
	make_store(dir);
	check_store(dir, false);
}

/* Writes the schema's record anew. */
static void set_schema(const char *dir, uint64_t major, uint64_t minor)
{
	struct store *s = disk_open(dir, &(struct store_opts){0});
	struct lmdb *m = (struct lmdb *)s;
	struct db_key k = db_key_text("schema");
	struct enc e = {0};
	MDB_txn *txn;
	enc_str(&e, SPAN_LIT(HDA_SCHEMA_MAGIC));
	enc_uv(&e, major);
	enc_uv(&e, minor);
	assert_int_equal(mdb_txn_begin(m->env, NULL, 0, &txn), 0);
	assert_int_equal(db_put(m, txn, DB_meta, db_span(&k), (struct span){e.p, e.n}, 0), 0);
	assert_int_equal(mdb_txn_commit(txn), 0);
	enc_done(&e);
	store_close(s);
}

static void test_newer_major(void **state)
{
	const char *dir = *state;
	make_store(dir);
	set_schema(dir, HDA_SCHEMA_MAJOR + 1, 0);
	REFUSED(dir, false, HDA_EVERSION, "schema 2.0", "1.0", "hdad migrate");
	REFUSED(dir, true, HDA_EVERSION, "schema 2.0", "hdad migrate");
}

/* A newer minor is read, not written. */
static void test_newer_minor(void **state)
{
	const char *dir = *state;
	make_store(dir);
	set_schema(dir, HDA_SCHEMA_MAJOR, HDA_SCHEMA_MINOR + 1);
	REFUSED(dir, false, HDA_EVERSION, "schema 1.1", "hdad migrate");
	check_store(dir, true);
}

/* In a child, as somebody without root's rights. */
static int open_as_nobody(const char *dir, char *ret_why, size_t cap)
{
	int fd[2], status, err;
	assert_int_equal(pipe(fd), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct store *s;
		char *why = NULL;
		if (geteuid() == 0 && (setgid(NOBODY) < 0 || setuid(NOBODY) < 0))
			_exit(1);
		err = store_open(&s, &(struct store_opts){.dir = dir}, &why);
		size_t n = why ? strlen(why) : 0;
		if (write(fd[1], &err, sizeof(err)) != sizeof(err) || write(fd[1], why ? why : "", n) != (ssize_t)n)
			_exit(1);
		_exit(0);
	}
	close(fd[1]);
	assert_int_equal(read(fd[0], &err, sizeof(err)), sizeof(err));
	ssize_t n = read(fd[0], ret_why, cap - 1);
	assert_true(n >= 0);
	ret_why[n] = '\0';
	close(fd[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	return err;
}

static void test_not_writable(void **state)
{
	const char *dir = *state;
	char why[1024];
	if (geteuid() == 0)
		assert_int_equal(chown(dir, NOBODY, NOBODY), 0);
	assert_int_equal(chmod(dir, 0500), 0);
	assert_int_equal(open_as_nobody(dir, why, sizeof(why)), -EACCES);
	print_message("# %s\n", why);
	assert_non_null(strstr(why, dir));
	assert_non_null(strstr(why, "not writable"));
	assert_non_null(strstr(why, "chown"));
	/* The first start: the directory above cannot be written to. */
	_cleanup_free_ char *sub = xasprintf("%s/store", dir);
	assert_int_equal(open_as_nobody(sub, why, sizeof(why)), -EACCES);
	assert_non_null(strstr(why, sub));
	assert_non_null(strstr(why, "chown"));
}

static void test_not_a_directory(void **state)
{
	const char *dir = *state;
	write_file(dir, "data.mdb", "x", 1);
	_cleanup_free_ char *path = xasprintf("%s/data.mdb", dir);
	REFUSED(path, false, -ENOTDIR, "not a directory");
	_cleanup_free_ char *deep = xasprintf("%s/a/b", dir);
	REFUSED(deep, false, -ENOENT, "cannot make the directory");
	_cleanup_free_ char *none = xasprintf("%s/none", dir);
	REFUSED(none, true, -ENOENT, "none");
	struct stat st;
	assert_int_equal(stat(none, &st), -1); /* reading makes nothing */
}

/* While one process has it open, in this process or another. */
static void test_in_use(void **state)
{
	const char *dir = *state;
	char pid[32], why[1024];
	make_store(dir);
	struct store *s = disk_open(dir, &(struct store_opts){0});
	snprintf(pid, sizeof(pid), "process %ld", (long)getpid());
	REFUSED(dir, false, -EBUSY, "in use by", pid, "hdactl");
	REFUSED(dir, true, -EBUSY, "in use by", pid);
	if (geteuid() != 0) { /* as root the child would be another user, for whom the file is closed */
		assert_int_equal(open_as_nobody(dir, why, sizeof(why)), -EBUSY);
		assert_non_null(strstr(why, pid));
	}
	/* Those who were refused have broken nothing. */
	struct dump_summary *want = small_dump(), *got = disk_load(s, 1);
	assert_true(summaries_equal(want, got));
	want->head.seq += 1;
	uint64_t id;
	assert_int_equal(disk_put(s, want, &id), 0);
	summary_free(want);
	summary_free(got);
	store_close(s);
	check_store(dir, false);
}

/* Readers share; a reader writes nothing and keeps a writer out. */
static void test_readers(void **state)
{
	const char *dir = *state;
	make_store(dir);
	struct store *s = disk_open(dir, &(struct store_opts){.read_only = true});
	struct store_wtxn *w;
	assert_int_equal(store_wtxn_begin(s, &w), -EROFS);
	REFUSED(dir, false, -EBUSY, "in use");
	store_close(s);
	check_store(dir, true);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	    T(test_foreign), T(test_other_lmdb), T(test_cut), T(test_empty_file), T(test_newer_major), T(test_newer_minor),
	    T(test_not_writable), T(test_not_a_directory), T(test_in_use), T(test_readers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
