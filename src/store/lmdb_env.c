/* Opening and closing LMDB, read transactions, figures. SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/mem.h"
#include "hda/schema.h"
#include "store/lmdb_int.h"

enum {
	DB_MAP_MIN = 1 << 20,   /* below this nothing works */
	DB_MAP_SPARE = 8,       /* max_size leaves 1/8 of the map: retention itself needs pages */
};
static const char no_room[] = "No space left on device: make room on this disk, or choose another directory";
static const uint64_t DB_MAP_DEFAULT = 64ull << 30; /* address space only */

/* Sets *ret_why (unless NULL) and returns err. */
static int why(char **ret_why, int err, char *text)
{
	if (ret_why)
		*ret_why = text;
	else
		free(text);
	return err;
}

static int check_place(const char *dir, bool read_only, char **ret_why)
{
	struct stat st;
	struct statfs fs;
	if (!read_only && mkdir(dir, 0700) < 0 && errno != EEXIST) {
		int err = -errno;
		return why(ret_why, err, xasprintf("%s: cannot make the directory: %s: %s", dir, hda_strerror(err),
				err == -ENOSPC || err == -EDQUOT ? "make room" : "chown what it is in to the user who runs this, or choose another"));
	}
	if (stat(dir, &st) < 0)
		return why(ret_why, -errno, xasprintf("%s: %s", dir, hda_strerror(-errno)));
	if (!S_ISDIR(st.st_mode))
		return why(ret_why, -ENOTDIR, xasprintf("%s: not a directory", dir));
	if (access(dir, read_only ? R_OK | X_OK : R_OK | W_OK | X_OK) < 0)
		return why(ret_why, -errno, xasprintf("%s: not %s: %s: chown it to the user who runs this, or choose "
				"another directory", dir, read_only ? "readable" : "writable", hda_strerror(-errno)));
	const char *name = statfs(dir, &fs) == 0 ? lmdb_unsafe_fs((unsigned long)fs.f_type) : NULL;
	if (name)
		return why(ret_why, HDA_EREFUSED, xasprintf("%s: on %s, where the store is not safe: choose a local disk",
				dir, name));
	return 0;
}

/* One process at a time: LMDB would allow more, its lock file does not survive two opens in one. */
static int take_lock(struct lmdb *m, char **ret_why)
{
	_cleanup_free_ char *path = xasprintf("%s/hdad.lock", m->dir);
	bool ro = m->s.opts.read_only;
	m->lock_fd = open(path, (ro ? O_RDONLY : O_RDWR | O_CREAT) | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (m->lock_fd < 0)
		return ro ? 0 : why(ret_why, -errno, xasprintf("%s: %s", path, hda_strerror(-errno)));
	char pid[32] = "";
	if (flock(m->lock_fd, (ro ? LOCK_SH : LOCK_EX) | LOCK_NB) < 0) {
		ssize_t n = pread(m->lock_fd, pid, sizeof(pid) - 1, 0);
		size_t len = strspn(n > 0 ? pid : "", "0123456789");
		return why(ret_why, -EBUSY, xasprintf("%s: in use by process %.*s: ask that one (hdactl), or stop it first",
				m->dir, (int)(len ? len : 1), len ? pid : "?"));
	}
	/* Over what the last one wrote, so that a full disk does not stop a restart; the number is a help, the lock is what counts. */
	if (ro)
		return 0;
	int n = snprintf(pid, sizeof(pid), "%-20ld\n", (long)getpid());
	(void)!pwrite(m->lock_fd, pid, (size_t)n, 0);
	return 0;
}

/* LMDB writes its table of readers through a mapping: without room on the disk that would end us by SIGBUS. So the room is taken
 * before. A longer file than LMDB asks for is a longer table. */
static int reserve_readers(struct lmdb *m, char **ret_why)
{
	enum { READER_BYTES = 64, HEAD_BYTES = 8192 }; /* of mdb.c: sizeof(MDB_reader); more than sizeof(MDB_txninfo) */
	_cleanup_free_ char *path = xasprintf("%s/lock.mdb", m->dir);
	if (m->s.opts.read_only)
		return 0;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return why(ret_why, -errno, xasprintf("%s: %s", path, hda_strerror(-errno)));
	int err = posix_fallocate(fd, 0, HEAD_BYTES + DB_READERS * READER_BYTES);
	close(fd);
	if (err == ENOSPC || err == EDQUOT)
		return why(ret_why, -err, xasprintf("%s: %s", path, no_room));
	return 0; /* a file system that cannot reserve: as good as it can be */
}

/* A data file that is not LMDB's at all, told before LMDB maps it. A short one is a crash during the first open. */
static int check_file(struct lmdb *m, char **ret_why)
{
	_cleanup_free_ char *path = xasprintf("%s/data.mdb", m->dir);
	enum { MAGIC_AT = 16 }; /* behind the page header; 0xBEEFC0DE in the host's order (mdb.c, MDB_MAGIC) */
	uint8_t head[MAGIC_AT + 4];
	uint32_t magic;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW); /* LMDB would follow a link, and make what it points at */
	if (fd < 0)
		return errno == ENOENT ? 0 : why(ret_why, -errno, xasprintf("%s: %s", path, hda_strerror(-errno)));
	ssize_t n = pread(fd, head, sizeof(head), 0);
	close(fd);
	if (n == 0)
		return 0;
	memcpy(&magic, head + MAGIC_AT, 4);
	if (n < (ssize_t)sizeof(head) || magic != 0xBEEFC0DE)
		return why(ret_why, HDA_EFOREIGN, xasprintf("%s: not a store of hda: choose another directory", path));
	return 0;
}

/* A file cut behind its header would end us by SIGBUS where LMDB reads the mapping: made as long again, its lost pages are zero
 * and LMDB calls them damaged. A whole file may be short too, by free pages that were never written. */
static int lengthen(struct lmdb *m)
{
	MDB_envinfo info;
	struct stat st;
	int fd, err = db_err(mdb_env_info(m->env, &info));
	if (err)
		return err;
	off_t want = (off_t)((info.me_last_pgno + 1) * m->page_size);
	err = db_err(mdb_env_get_fd(m->env, &fd));
	if (err || m->s.opts.read_only)
		return err;
	if (fstat(fd, &st) < 0 || (st.st_size < want && ftruncate(fd, want) < 0))
		return -errno;
	return 0;
}

static int open_env(struct lmdb *m, char **ret_why)
{
	int rc = mdb_env_create(&m->env);
	_Static_assert((int)DB_COUNT <= (int)DB_TABLES_MAX, "one slot a table");
	if (rc == 0)
		rc = mdb_env_set_maxdbs(m->env, DB_TABLES_MAX);
	if (rc == 0)
		rc = mdb_env_set_maxreaders(m->env, DB_READERS);
	if (rc == 0)
		rc = mdb_env_set_mapsize(m->env, m->s.opts.map_size);
	if (rc == 0)
		rc = mdb_env_open(m->env, m->dir, MDB_NOTLS | (m->s.opts.read_only ? MDB_RDONLY : 0), 0600);
	if (rc == 0) {
		MDB_stat st;
		mdb_env_stat(m->env, &st);
		m->page_size = st.ms_psize;
		int dead;
		mdb_reader_check(m->env, &dead);
		return lengthen(m);
	}
	int err = db_write_err(m, rc);
	const char *text = mdb_strerror(rc);
	if (err == HDA_EFOREIGN)
		text = "data.mdb is not a store of hda, or is damaged: choose another directory, or put a backup in its place";
	else if (err == -ENOSPC)
		text = no_room;
	return why(ret_why, err, xasprintf("%s: %s", m->dir, text));
}

/* The schema's record: magic, major, minor. */
static int check_schema(struct lmdb *m, MDB_txn *txn, char **ret_why)
{
	struct db_key k = db_key_text("schema");
	struct span v;
	struct dec d;
	int err = db_get(m, txn, DB_meta, db_span(&k), &v);
	if (err && err != HDA_ENOTFOUND)
		return err;
	dec_init(&d, err ? NULL : v.p, err ? 0 : v.n);
	struct span magic = dec_str(&d);
	uint64_t major = dec_uv(&d), minor = dec_uv(&d);
	if (d.err || !span_eq(magic, SPAN_LIT(HDA_SCHEMA_MAGIC)))
		return why(ret_why, HDA_EFOREIGN, xasprintf("%s: not a store of hda: choose another directory", m->dir));
	if (major == HDA_SCHEMA_MAJOR && (minor <= HDA_SCHEMA_MINOR || m->s.opts.read_only))
		return 0;
	return why(ret_why, HDA_EVERSION, xasprintf("%s: schema %llu.%llu, but this hdad writes %d.%d: "
			"start the hdad that made it, or convert it with a newer one: hdad migrate %s NEW-DIRECTORY",
			m->dir, (unsigned long long)major, (unsigned long long)minor, HDA_SCHEMA_MAJOR, HDA_SCHEMA_MINOR,
			m->dir));
}

static int make_schema(struct lmdb *m, MDB_txn *txn)
{
	struct db_key schema = db_key_text("schema"), secret = db_key_text("secret"), counters = db_key_text("counters");
	struct db_key first = db_key_pair(1, 1);
	uint8_t bytes[16];
	struct enc e = {0};
	enc_str(&e, SPAN_LIT(HDA_SCHEMA_MAGIC));
	enc_uv(&e, HDA_SCHEMA_MAJOR);
	enc_uv(&e, HDA_SCHEMA_MINOR);
	randombytes_buf(bytes, sizeof(bytes));
	int err = db_put(m, txn, DB_meta, db_span(&schema), (struct span){e.p, e.n}, 0);
	if (!err)
		err = db_put(m, txn, DB_meta, db_span(&secret), (struct span){bytes, sizeof(bytes)}, 0);
	if (!err)
		err = db_put(m, txn, DB_meta, db_span(&counters), db_span(&first), 0);
	sodium_memzero(bytes, sizeof(bytes));
	enc_done(&e);
	return err;
}

static int get_secret(struct lmdb *m, MDB_txn *txn)
{
	struct db_key k = db_key_text("secret");
	struct span v;
	int err = db_get(m, txn, DB_meta, db_span(&k), &v);
	if (err)
		return err == HDA_ENOTFOUND ? HDA_ECORRUPT : err;
	if (v.n != sizeof(m->secret))
		return HDA_ECORRUPT;
	memcpy(m->secret, v.p, v.n);
	return 0;
}

/* Opens all tables; a new environment gets them first. The handles stay valid after the commit. */
static int open_tables(struct lmdb *m, MDB_txn *txn, char **ret_why)
{
	static const char *const names[DB_COUNT] = {
#define X(name) [DB_##name] = #name,
	    DB_TABLES(X)
#undef X
	};
	MDB_stat st;
	int err = db_err(mdb_env_stat(m->env, &st));
	bool fresh = st.ms_entries == 0;
	if (!err && !fresh) {
		int rc = mdb_dbi_open(txn, names[DB_meta], 0, &m->dbi[DB_meta]);
		if (rc == MDB_NOTFOUND || rc == MDB_INCOMPATIBLE)
			return why(ret_why, HDA_EFOREIGN, xasprintf("%s: an LMDB file of another program: choose another "
					"directory", m->dir));
		err = rc ? db_err(rc) : check_schema(m, txn, ret_why);
	}
	unsigned flags = m->s.opts.read_only ? 0 : MDB_CREATE;
	for (int i = 0; i < DB_COUNT && !err; i++) {
		err = db_err(mdb_dbi_open(txn, names[i], flags, &m->dbi[i]));
		if (err == HDA_ENOTFOUND && i == DB_memos) { /* a store from before there were any, read only */
			m->dbi[i] = 0;
			err = 0;
		}
	}
	if (!err && fresh)
		err = m->s.opts.read_only ? HDA_EFOREIGN : make_schema(m, txn);
	return err ? err : get_secret(m, txn);
}

static void close_env(struct lmdb *m)
{
	if (m->env)
		mdb_env_close(m->env);
	m->env = NULL;
}

static void lmdb_close(struct store *s)
{
	struct lmdb *m = (struct lmdb *)s;
	HDA_ASSERT(!m->readers && !m->users);
	close_env(m);
	if (m->lock_fd >= 0)
		close(m->lock_fd);
	pthread_mutex_destroy(&m->lock);
	sodium_memzero(m->secret, sizeof(m->secret));
	free(m->dir);
	free(m);
}

int lmdb_used(struct lmdb *m, MDB_txn *txn, uint64_t *ret)
{
	enum { FREE_TABLE = 0 }; /* LMDB's own: transaction -> count, page numbers */
	MDB_envinfo info;
	MDB_cursor *c;
	MDB_val k, v;
	uint64_t nfree = 0;
	int rc = mdb_env_info(m->env, &info);
	if (rc == 0)
		rc = mdb_cursor_open(txn, FREE_TABLE, &c);
	if (rc)
		return db_err(rc);
	while ((rc = mdb_cursor_get(c, &k, &v, MDB_NEXT)) == 0) {
		size_t pages = 0;
		if (v.mv_size >= sizeof(pages))
			memcpy(&pages, v.mv_data, sizeof(pages));
		nfree += pages;
	}
	mdb_cursor_close(c);
	if (rc != MDB_NOTFOUND)
		return db_err(rc);
	uint64_t all = info.me_last_pgno + 1;
	*ret = (all > nfree ? all - nfree : 0) * m->page_size;
	return 0;
}

static void lmdb_reader_check(struct store *s)
{
	struct lmdb *m = (struct lmdb *)s;
	int dead;
	if (lmdb_join(m))
		return;
	mdb_reader_check(m->env, &dead);
	lmdb_leave(m);
}

static int lmdb_rtxn_begin(struct store *s, struct store_rtxn **ret)
{
	struct lmdb *m = (struct lmdb *)s;
	struct lmdb_rtxn *r = xcalloc(1, sizeof(*r));
	int err = lmdb_enter(m, MDB_RDONLY, &r->txn);
	if (err) {
		free(r);
		return err;
	}
	r->r.s = s;
	pthread_mutex_lock(&m->lock);
	r->next = m->readers;
	r->prev = &m->readers;
	if (r->next)
		r->next->prev = &r->next;
	m->readers = r;
	pthread_mutex_unlock(&m->lock);
	*ret = &r->r;
	return 0;
}

static void lmdb_rtxn_end(struct store_rtxn *base)
{
	struct lmdb_rtxn *r = (struct lmdb_rtxn *)base;
	struct lmdb *m = (struct lmdb *)base->s;
	pthread_mutex_lock(&m->lock);
	*r->prev = r->next;
	if (r->next)
		r->next->prev = r->prev;
	pthread_mutex_unlock(&m->lock);
	mdb_txn_abort(r->txn);
	lmdb_leave(m);
	free(r);
}

static int lmdb_rtxn_twin(struct store_rtxn *r, struct store_rtxn **ret)
{
	int err = lmdb_rtxn_begin(r->s, ret);
	if (err || mdb_txn_id(((struct lmdb_rtxn *)*ret)->txn) == mdb_txn_id(((struct lmdb_rtxn *)r)->txn))
		return err;
	lmdb_rtxn_end(*ret);
	return -EAGAIN;
}

static int lmdb_rtxn_procs(struct store_rtxn *r, struct store_proc **ret, size_t *ret_n)
{
	return lmdb_procs((struct lmdb *)r->s, ((struct lmdb_rtxn *)r)->txn, ret, ret_n);
}

static int lmdb_rtxn_dumps(struct store_rtxn *r, uint64_t proc, struct store_dump **ret, size_t *ret_n)
{
	struct lmdb_row *rows;
	size_t n;
	int err = lmdb_rows((struct lmdb *)r->s, ((struct lmdb_rtxn *)r)->txn, proc, &rows, &n);
	if (err)
		return err;
	struct store_dump *d = xreallocarray(NULL, n + 1, sizeof(*d));
	for (size_t i = 0; i < n; i++)
		d[i] = rows[i].d;
	free(rows);
	*ret = d;
	*ret_n = n;
	return 0;
}

static int lmdb_rtxn_walk(struct store_rtxn *r, const uint64_t *dumps, size_t n, unsigned parts,
    int (*each)(void *ctx, struct dump_summary *s), void *ctx)
{
	return lmdb_walk((struct lmdb *)r->s, ((struct lmdb_rtxn *)r)->txn, dumps, n, parts, each, ctx);
}

static int lmdb_rtxn_walk_keys(struct store_rtxn *r, const uint64_t *dumps, size_t n,
    int (*each)(void *ctx, const struct store_keys *k), void *ctx)
{
	return lmdb_walk_keys((struct lmdb *)r->s, ((struct lmdb_rtxn *)r)->txn, dumps, n, each, ctx);
}

static uint64_t entries(struct lmdb *m, MDB_txn *txn, enum db_table t)
{
	MDB_stat st;
	return mdb_stat(txn, m->dbi[t], &st) ? 0 : st.ms_entries;
}

/* When the dump was made that has been there longest: it is the next to go. 0: there is none. */
static double first_time(struct lmdb *m, MDB_txn *txn)
{
	MDB_cursor *c;
	MDB_val k, v;
	struct lmdb_row row = {0};
	if (mdb_cursor_open(txn, m->dbi[DB_dumps], &c))
		return 0;
	if (mdb_cursor_get(c, &k, &v, MDB_FIRST) ||
	    lmdb_row_decode((struct span){v.mv_data, v.mv_size}, 1, &row))
		row.d.time = 0;
	mdb_cursor_close(c);
	return row.d.time;
}

static void lmdb_stats(struct store *s, struct store_stats *ret)
{
	static const char engine[] = "LMDB";
	struct lmdb *m = (struct lmdb *)s;
	struct store_rtxn *r;
	MDB_envinfo info;
	*ret = (struct store_stats){.max_bytes = m->max_size, .map_bytes = s->opts.map_size, .engine = engine};
	pthread_mutex_lock(&m->lock);
	ret->reopened = m->reopened;
	pthread_mutex_unlock(&m->lock);
	int v[3];
	const char *version = mdb_version(&v[0], &v[1], &v[2]); /* "LMDB 0.9.24: (...)" */
	if (version && strncmp(version, engine, sizeof(engine) - 1) == 0)
		ret->engine = version;
	if (lmdb_rtxn_begin(s, &r))
		return;
	MDB_txn *txn = ((struct lmdb_rtxn *)r)->txn;
	ret->dumps = entries(m, txn, DB_dumps);
	ret->procs = entries(m, txn, DB_procs);
	ret->names = entries(m, txn, DB_names);
	ret->oldest_dump_time = first_time(m, txn);
	if (lmdb_used(m, txn, &ret->used_bytes))
		ret->used_bytes = 0;
	mdb_env_info(m->env, &info);
	pthread_mutex_lock(&m->lock);
	for (const struct lmdb_rtxn *x = m->readers; x; x = x->next) {
		uint64_t behind = info.me_last_txnid - mdb_txn_id(x->txn);
		if (behind > ret->oldest_reader_txns && x != (const struct lmdb_rtxn *)r)
			ret->oldest_reader_txns = behind;
		ret->readers += x != (const struct lmdb_rtxn *)r;
	}
	pthread_mutex_unlock(&m->lock);
	lmdb_rtxn_end(r);
}

static void lmdb_secret(const struct store *s, uint8_t ret[16])
{
	memcpy(ret, ((const struct lmdb *)s)->secret, 16);
}

static const struct store_ops lmdb_ops = {
    .close = lmdb_close,
    .secret = lmdb_secret,
    .wtxn_begin = lmdb_wtxn_begin,
    .put = lmdb_put,
    .memo_put = lmdb_memo_put,
    .memo_w = lmdb_memo_w,
    .memo_r = lmdb_memo_r,
    .memo_ids = lmdb_memo_ids,
    .proc_of_dump = lmdb_proc_of_dump,
    .retain = lmdb_retain,
    .commit = lmdb_commit,
    .abort = lmdb_abort,
    .rtxn_begin = lmdb_rtxn_begin,
    .rtxn_end = lmdb_rtxn_end,
    .twin = lmdb_rtxn_twin,
    .procs = lmdb_rtxn_procs,
    .dumps = lmdb_rtxn_dumps,
    .walk = lmdb_rtxn_walk,
    .walk_keys = lmdb_rtxn_walk_keys,
    .stats = lmdb_stats,
    .reader_check = lmdb_reader_check,
    .backup = lmdb_backup,
};

static void set_sizes(struct lmdb *m)
{
	struct store_opts *o = &m->s.opts;
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	if (!o->map_size)
		o->map_size = DB_MAP_DEFAULT;
	if (o->map_size < DB_MAP_MIN)
		o->map_size = DB_MAP_MIN;
	o->map_size -= o->map_size % page;
	m->max_size = o->map_size - o->map_size / DB_MAP_SPARE;
	if (o->max_size && o->max_size < m->max_size)
		m->max_size = o->max_size;
}

/* The file and its tables, behind the lock. */
static int open_file(struct lmdb *m, char **ret_why)
{
	MDB_txn *txn;
	int err = check_file(m, ret_why);
	if (!err)
		err = reserve_readers(m, ret_why);
	if (!err)
		err = open_env(m, ret_why);
	if (!err)
		err = db_err(mdb_txn_begin(m->env, NULL, m->s.opts.read_only ? MDB_RDONLY : 0, &txn));
	if (err)
		return err;
	err = open_tables(m, txn, ret_why);
	if (err)
		mdb_txn_abort(txn);
	else
		err = db_write_err(m, mdb_txn_commit(txn));
	return err;
}

int lmdb_open_again(struct lmdb *m)
{
	close_env(m);
	int err = open_file(m, NULL);
	if (err)
		close_env(m);
	return err;
}

int lmdb_open(struct store **ret, const struct store_opts *opts, char **ret_why)
{
	int err = check_place(opts->dir, opts->read_only, ret_why);
	if (err)
		return err;
	struct lmdb *m = xcalloc(1, sizeof(*m));
	m->s = (struct store){.ops = &lmdb_ops, .opts = *opts};
	m->dir = xstrdup(opts->dir);
	m->s.opts.dir = NULL;
	m->lock_fd = -1;
	pthread_mutex_init(&m->lock, NULL);
	set_sizes(m);
	char *text = NULL;
	err = take_lock(m, &text);
	if (!err)
		err = open_file(m, &text);
	if (err) {
		lmdb_close(&m->s);
		return why(ret_why, err, text ? text : xasprintf("%s: %s", opts->dir, err == -ENOSPC ? no_room : hda_strerror(err)));
	}
	*ret = &m->s;
	return 0;
}
