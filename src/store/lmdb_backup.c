/* Backup and migration. SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "store/lmdb_int.h"

enum { MIGRATE_BATCH = 32 }; /* dumps a transaction */

static int fail(char **ret_why, int err, const char *path, const char *what)
{
	if (ret_why)
		*ret_why = xasprintf("%s: %s: %s", path, what, hda_strerror(err));
	return err;
}

static int sync_path(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int err = fsync(fd) < 0 ? -errno : 0;
	close(fd);
	return err;
}

/* The directory in which path lies. */
static char *parent_of(const char *path)
{
	size_t n = strlen(path);
	while (n > 1 && path[n - 1] == '/')
		n--;
	while (n > 0 && path[n - 1] != '/')
		n--;
	return n ? xstrndup(path, n) : xstrdup(".");
}

static char *without_slash(const char *path)
{
	size_t n = strlen(path);
	while (n > 1 && path[n - 1] == '/')
		n--;
	return xstrndup(path, n);
}

/* Copies into tmp, which is removed again on failure. */
static int copy_to(struct lmdb *m, const char *tmp, char **ret_why)
{
	_cleanup_free_ char *data = xasprintf("%s/data.mdb", tmp);
	if (mkdir(tmp, 0700) < 0)
		return fail(ret_why, -errno, tmp, "cannot make the directory");
	MDB_txn *txn; /* tells, as the copy cannot, that env is alive */
	int err = lmdb_enter(m, MDB_RDONLY, &txn);
	if (!err) {
		err = db_err(mdb_env_copy2(m->env, tmp, MDB_CP_COMPACT));
		mdb_txn_abort(txn);
		lmdb_leave(m);
	}
	if (err)
		fail(ret_why, err, tmp, "cannot copy");
	else if ((err = sync_path(data)) || (err = sync_path(tmp)))
		fail(ret_why, err, tmp, "cannot sync");
	if (err) {
		unlink(data);
		rmdir(tmp);
	}
	return err;
}

int lmdb_backup(struct store *s, const char *dir, char **ret_why)
{
	_cleanup_free_ char *to = without_slash(dir);
	_cleanup_free_ char *tmp = xasprintf("%s.part", to), *parent = parent_of(to);
	_cleanup_free_ char *data = xasprintf("%s/data.mdb", tmp);
	struct stat st;
	if (lstat(to, &st) == 0)
		return fail(ret_why, -EEXIST, to, "a backup goes into a new directory");
	/* What an interrupted backup left. */
	unlink(data);
	rmdir(tmp);
	int err = copy_to((struct lmdb *)s, tmp, ret_why);
	if (err)
		return err;
	if (rename(tmp, to) < 0) {
		err = fail(ret_why, -errno, to, "cannot rename");
		unlink(data);
		rmdir(tmp);
		return err;
	}
	err = sync_path(parent);
	return err ? fail(ret_why, err, parent, "cannot sync") : 0;
}

/* One dump of the old store, under its old ids, into the open transaction. */
struct copying {
	struct lmdb_wtxn *w;
	struct lmdb_row *row;
};

static int copy_dump(void *ctx, struct dump_summary *s)
{
	struct copying *c = ctx;
	int err = lmdb_save(c->w, s, c->row, true);
	summary_free(s);
	return err;
}

static int copy_meta(struct lmdb *from, MDB_txn *old, struct lmdb_wtxn *w)
{
	static const char *const what[] = {"secret", "counters"};
	struct span v;
	int err = 0;
	for (size_t i = 0; i < sizeof(what) / sizeof(*what) && !err; i++) {
		struct db_key k = db_key_text(what[i]);
		err = db_get(from, old, DB_meta, db_span(&k), &v);
		if (!err)
			err = db_put((struct lmdb *)w->w.s, w->txn, DB_meta, db_span(&k), v, 0);
	}
	return err;
}

static int copy_procs(struct lmdb *from, MDB_txn *old, struct lmdb_wtxn *w)
{
	struct store_proc *p;
	size_t n;
	int err = lmdb_procs(from, old, &p, &n);
	if (err)
		return err;
	for (size_t i = 0; i < n && !err; i++)
		err = lmdb_proc_put((struct lmdb *)w->w.s, w->txn, &p[i]);
	free(p);
	return err;
}

static int copy_all(struct lmdb *from, MDB_txn *old, struct store *to)
{
	struct lmdb_row *rows;
	struct store_wtxn *w = NULL;
	size_t n;
	int err = lmdb_rows(from, old, 0, &rows, &n);
	if (err)
		return err;
	for (size_t i = 0; i <= n && !err; i++) {
		if (!w)
			err = store_wtxn_begin(to, &w);
		if (err)
			break;
		struct copying c = {.w = (struct lmdb_wtxn *)w, .row = &rows[i]};
		if (i < n) {
			lmdb_base_choose(&rows[i], rows, i); /* as at the first writing */
			err = lmdb_walk(from, old, &rows[i].d.dump, 1, STORE_ALL, copy_dump, &c);
		} else { /* last, so that a broken copy has no processes to show */
			err = copy_procs(from, old, c.w);
			if (!err)
				err = lmdb_memos_copy(from, old, (struct lmdb *)to, c.w->txn);
			if (!err)
				err = copy_meta(from, old, c.w);
		}
		if (!err && (i == n || i % MIGRATE_BATCH == MIGRATE_BATCH - 1)) {
			err = store_wtxn_commit(w);
			w = NULL;
		}
	}
	store_wtxn_abort(w);
	free(rows);
	return err;
}

static void remove_store(const char *dir)
{
	static const char *const files[] = {"data.mdb", "lock.mdb", "hdad.lock"};
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		_cleanup_free_ char *path = xasprintf("%s/%s", dir, files[i]);
		unlink(path);
	}
	rmdir(dir);
}

/* Writing everything anew also leaves behind names that no dump uses any more. */
int store_migrate(const char *from, const char *to, char **ret_why)
{
	struct store_opts ro = {.dir = from, .read_only = true};
	_cleanup_free_ char *dir = without_slash(to);
	_cleanup_free_ char *tmp = xasprintf("%s.part", dir), *parent = parent_of(dir);
	struct store_opts rw = {.dir = tmp};
	struct store *old, *fresh;
	struct store_rtxn *r;
	struct stat st;
	if (lstat(dir, &st) == 0)
		return fail(ret_why, -EEXIST, dir, "a migration goes into a new directory");
	int err = store_open(&old, &ro, ret_why);
	if (err)
		return err;
	remove_store(tmp); /* what an interrupted migration left */
	err = store_open(&fresh, &rw, ret_why);
	if (err) {
		remove_store(tmp); /* a full disk: what could be made of it */
		store_close(old);
		return err;
	}
	err = store_rtxn_begin(old, &r);
	if (!err) {
		err = copy_all((struct lmdb *)old, ((struct lmdb_rtxn *)r)->txn, fresh);
		store_rtxn_end(r);
	}
	store_close(fresh);
	store_close(old);
	if (err) {
		remove_store(tmp);
		return fail(ret_why, err, from, "cannot copy");
	}
	if (rename(tmp, dir) < 0)
		return fail(ret_why, -errno, dir, "cannot rename");
	err = sync_path(parent);
	return err ? fail(ret_why, err, parent, "cannot sync") : 0;
}
