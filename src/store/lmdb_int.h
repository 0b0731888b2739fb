/* The LMDB backend's inside. SPDX-License-Identifier: BSD-2-Clause Private to src/store, lmdb_ files. See README.md. */
#pragma once

#include <lmdb.h>
#include <pthread.h>

#include "store/backend.h"
#include "store/pack.h"
#include "store/record.h"
#include "store/retain.h"

/* The named tables, all opened at start. X(name) */
#define DB_TABLES(X)                                                                               \
	X(meta) X(names) X(name_ids) X(keys) X(key_ids) X(sigs) X(sig_ids)                         \
	X(procs) X(proc_ids) X(dumps) X(proc_dumps) X(parts) X(thin) X(memos)

enum db_table {
#define X(name) DB_##name,
	DB_TABLES(X)
#undef X
	DB_COUNT
};

enum {
	DB_TABLES_MAX = 16,
	DB_READERS = 256,           /* slots of the lock file; LMDB's own default of 126 ran out for others */
	DB_DISK_FULL = 1 << 20,     /* bytes free: below it a write that failed is taken for one that found no room */
	DB_RADIX = 8,               /* lmdb_base.c: a dump is a difference from one 1, 8 or 64 places before it */
	DB_LEVELS = 3,
	DB_RUN_MAX = 512,           /* DB_RADIX ^ DB_LEVELS: so many dumps of a process, then a whole one comes */
	DB_CHAIN_MAX = STORE_LINKS, /* 64 differences in a row that a reader follows: three times what a writer makes */
	DB_CHUNK = 998,             /* bytes of a record in one row: four rows fill a page of 4096 */
	DB_SOFT_NUM = 7, DB_SOFT_DEN = 8, /* retention starts when 7/8 of max_size are used ... */
	DB_GOAL_NUM = 6,            /* ... and frees down to 6/8; hard: */
	DB_HARD_NUM = 4,            /* down to 4/8 */
	DB_PAGE_COST_PCT = 115,     /* a byte stored costs so many hundredths: keys, headers, half-full pages */
	DB_COMMIT_PAGES = 64,       /* pages a commit rewrites on the way to its rows, at most about */
};

struct lmdb_rtxn;

struct lmdb {
	struct store s;
	MDB_env *env;
	MDB_dbi dbi[DB_COUNT];
	char *dir;
	int lock_fd;
	uint32_t page_size;
	uint64_t max_size;
	uint8_t secret[16];
	pthread_mutex_t lock;      /* guards what follows, and while users is 0 env and dbi */
	struct lmdb_rtxn *readers; /* open ones */
	unsigned users;            /* transactions of both kinds, and whoever else asks env: lmdb_use.c */
	bool broken;               /* LMDB refuses transactions until env is opened anew */
	uint64_t reopened;         /* how often it was */
};

/* Dictionary over a transaction. */
struct lmdb_dict {
	struct dict d;
	struct lmdb *m;
	MDB_txn *txn;
	MDB_cursor *key_cursor;     /* keys are asked for in rising order: the next row is often the one */
	uint32_t key_last;
	uint32_t next_name, next_key, next_sig; /* 0: not looked up yet */
	uint64_t wrote;             /* bytes of new entries */
};

struct lmdb_rtxn {
	struct store_rtxn r;
	MDB_txn *txn;
	struct lmdb_rtxn *next, **prev;
};

/* What the list row of a dump holds beyond store_dump. */
struct lmdb_row {
	struct store_dump d;
	uint64_t base;   /* dump its differences are from, 0 = none */
	uint64_t place;  /* dumps of its process since the last whole one: lmdb_base.c */
	uint64_t stored; /* bytes of its parts */
};

/* Decoded states of the parts, and how to get from one dump to another. */
struct lmdb_chain {
	struct lmdb *m;
	MDB_txn *txn;
	struct pack pack;
	struct lmdb_state {
		uint64_t dump; /* 0: nothing decoded */
		struct part_state st;
	} at[PARTS];
	/* In a walk: states that later dumps are differences from, by level of their place; whole ones in the last. */
	bool walks;
	struct lmdb_state kept[PARTS][DB_LEVELS];
	struct enc packed, raw; /* scratch */
};

struct lmdb_wtxn {
	struct store_wtxn w;
	MDB_txn *txn;
	struct lmdb_dict dict;
	struct lmdb_chain chain;
	uint64_t used;       /* bytes of the file in use when it began */
	int64_t pending;     /* bytes it adds, or frees, about */
	uint64_t next_dump, next_proc;
};

/* --- lmdb_use.c: any thread --- */
/* A transaction of env, which is opened anew before if LMDB has given it up and nobody is in it: 0, -EIO (given up), an error of
 * db_err. Each that succeeded ends with lmdb_leave, after the transaction has. */
int lmdb_enter(struct lmdb *m, unsigned flags, MDB_txn **ret);
int lmdb_join(struct lmdb *m); /* the same without a transaction */
void lmdb_leave(struct lmdb *m);

/* --- lmdb_env.c --- */
int lmdb_open_again(struct lmdb *m); /* nobody is in it; on an error the next call tries again */

/* --- lmdb_db.c: keys, codes, single rows --- */
int db_err(int rc); /* an LMDB code in ours */
/* The same for what writes: a write that a full disk cuts short is EIO to LMDB (mdb.c, mdb_page_flush: "short write, filesystem
 * full?"), and -ENOSPC to us. */
int db_write_err(const struct lmdb *m, int rc);
struct db_key {
	uint8_t b[24];
	size_t n;
};
struct db_key db_key_u32(uint32_t a);
struct db_key db_key_u64(uint64_t a);
struct db_key db_key_pair(uint64_t a, uint64_t b);
struct db_key db_key_part(uint64_t dump, uint8_t part, uint16_t chunk);
struct db_key db_key_memo(uint8_t kind, uint64_t id, uint16_t chunk);
struct db_key db_key_four(const uint32_t k[4]);
struct db_key db_key_text(const char *s); /* at most 24 bytes */
/* HDA_ENOTFOUND. The span is valid until the transaction writes or ends. */
int db_get(struct lmdb *m, MDB_txn *txn, enum db_table t, struct span key, struct span *ret);
int db_put(struct lmdb *m, MDB_txn *txn, enum db_table t, struct span key, struct span value, unsigned flags);
int db_del(struct lmdb *m, MDB_txn *txn, enum db_table t, struct span key); /* 0 when absent */
uint32_t db_last_u32(struct lmdb *m, MDB_txn *txn, enum db_table t, int *ret_err); /* the largest key, 0 = empty */
static inline struct span db_span(const struct db_key *k) { return (struct span){k->b, k->n}; }

/* --- lmdb_dict.c --- */
void lmdb_dict_init(struct lmdb_dict *d, struct lmdb *m, MDB_txn *txn);
void lmdb_dict_done(struct lmdb_dict *d); /* before the transaction ends */

/* --- lmdb_rows.c --- */
int lmdb_row_get(struct lmdb *m, MDB_txn *txn, uint64_t dump, struct lmdb_row *ret);
int lmdb_row_put(struct lmdb *m, MDB_txn *txn, const struct lmdb_row *row);
int lmdb_row_del(struct lmdb *m, MDB_txn *txn, const struct store_dump *d);
/* Rows of a process (0: all), rising. The caller frees. */
int lmdb_rows(struct lmdb *m, MDB_txn *txn, uint64_t proc, struct lmdb_row **ret, size_t *ret_n);
int lmdb_proc_get(struct lmdb *m, MDB_txn *txn, uint64_t proc, struct store_proc *ret);
int lmdb_proc_put(struct lmdb *m, MDB_txn *txn, const struct store_proc *p);
int lmdb_proc_find(struct lmdb *m, MDB_txn *txn, const struct proc_ident *who, uint64_t *ret);
/* Sets the figures of a process from its dumps; one without dumps goes. */
int lmdb_proc_recount(struct lmdb *m, MDB_txn *txn, uint64_t proc);
int lmdb_proc_of_dump(struct store_wtxn *w, uint64_t dump, struct store_proc *ret);
int lmdb_procs(struct lmdb *m, MDB_txn *txn, struct store_proc **ret, size_t *ret_n);
/* Record encodings, for the tests: golden bytes and damage. */
void lmdb_row_encode(struct enc *e, const struct lmdb_row *row);
int lmdb_row_decode(struct span s, uint64_t dump, struct lmdb_row *ret);
void lmdb_proc_encode(struct enc *e, const struct store_proc *p);
int lmdb_proc_decode(struct span s, uint64_t proc, struct store_proc *ret);

/* --- lmdb_base.c --- */
/* The place from which place is a difference, for place > 0. */
uint64_t lmdb_base_place(uint64_t place);
/* Zeros at its end, in base DB_RADIX, at most DB_LEVELS: others are differences from a dump of level over 0. */
unsigned lmdb_base_level(uint64_t place);
/* Sets row's base (0: none, its tables are written whole) and place; old[0..n): rows before it, rising, of any processes. */
void lmdb_base_choose(struct lmdb_row *row, const struct lmdb_row *old, size_t n);

/* --- lmdb_parts.c --- */
void lmdb_chain_init(struct lmdb_chain *c, struct lmdb *m, MDB_txn *txn);
void lmdb_chain_done(struct lmdb_chain *c);
/* The state of a part of a dump; valid until the next call for that part. */
int lmdb_chain_seek(struct lmdb_chain *c, const struct part *p, uint64_t dump, const struct part_state **ret);
/* What a part's record is a difference from: a dump, and the level of its own place; 0 and DB_LEVELS when it is whole. HDA_ENOTFOUND: the
 * part is empty; *ret is 0 then, too. */
int lmdb_part_base(struct lmdb_chain *c, const struct part *p, uint64_t dump, uint64_t *ret, unsigned *ret_level);
/* A part's record into c->raw, unpacked; prefix: what one that is no table and differs was packed with. */
int lmdb_part_read(struct lmdb_chain *c, const struct part *p, uint64_t dump, struct span prefix);
/* Writes a part into table t: as a difference from base where that is smaller (NULL: none). *stored grows by the bytes written. */
int lmdb_part_put(struct lmdb_chain *c, enum db_table t, const struct part *p, uint64_t dump, const struct part_state *st,
    const struct part_state *base, unsigned flags, uint64_t *stored);
/* Table t: DB_parts, or DB_thin for thinned dumps; part -1: all. */
int lmdb_parts_del(struct lmdb *m, MDB_txn *txn, enum db_table t, uint64_t dump, int part);

/* --- lmdb_walk.c --- */
int lmdb_walk(struct lmdb *m, MDB_txn *txn, const uint64_t *dumps, size_t n, unsigned parts,
    int (*each)(void *ctx, struct dump_summary *s), void *ctx);

/* --- lmdb_keys.c --- */
int lmdb_walk_keys(struct lmdb *m, MDB_txn *txn, const uint64_t *dumps, size_t n,
    int (*each)(void *ctx, const struct store_keys *k), void *ctx);

/* --- lmdb_memo.c --- */
int lmdb_memo_set(struct lmdb *m, MDB_txn *txn, enum store_memo kind, uint64_t id, struct span bytes);
int lmdb_memo_put(struct store_wtxn *w, enum store_memo kind, uint64_t id, struct span bytes);
int lmdb_memo_w(struct store_wtxn *w, enum store_memo kind, uint64_t id, struct enc *ret);
int lmdb_memo_ids(struct store_rtxn *r, enum store_memo kind, uint64_t **ret, size_t *ret_n);
int lmdb_memo_r(struct store_rtxn *r, enum store_memo kind, uint64_t id, struct enc *ret);
/* Of a process that goes. */
int lmdb_memos_del(struct lmdb *m, MDB_txn *txn, uint64_t proc);
/* All of them, as they are. */
int lmdb_memos_copy(struct lmdb *from, MDB_txn *old, struct lmdb *to, MDB_txn *txn);

/* --- lmdb_write.c --- */
int lmdb_wtxn_begin(struct store *s, struct store_wtxn **ret);
int lmdb_put(struct store_wtxn *w, const struct dump_summary *sum, uint64_t *ret_dump);
int lmdb_commit(struct store_wtxn *w);
void lmdb_abort(struct store_wtxn *w);
/* Writes a summary under row (ids, thinned), as differences from row->base; sets base to 0 where there is none. append:
 * the dump has the largest id so far of its table. */
int lmdb_save(struct lmdb_wtxn *w, const struct dump_summary *sum, struct lmdb_row *row, bool append);
int lmdb_counters_put(struct lmdb_wtxn *w);

/* --- lmdb_retain.c --- */
int lmdb_retain(struct store_wtxn *w, double now, bool hard);

/* --- lmdb_env.c --- */
/* Bytes of pages in use; those on the free list do not count. */
int lmdb_used(struct lmdb *m, MDB_txn *txn, uint64_t *ret);
/* Name of a file system on which LMDB is not safe, by its statfs magic; NULL when it may be. */
const char *lmdb_unsafe_fs(unsigned long magic);

/* --- lmdb_backup.c --- */
int lmdb_backup(struct store *s, const char *dir, char **ret_why);
