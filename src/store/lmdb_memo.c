/* Memos in LMDB: rows (kind, id, 0..) of DB_CHUNK bytes. SPDX-License-Identifier: BSD-2-Clause
 *
 * A memo is written anew after each dump of its process. So its rows keep their size and places where they can: a value over half a
 * page would want pages in a row each time, and leave holes. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#include "store/lmdb_int.h"

static struct db_key memo_key(enum store_memo kind, uint64_t id, uint16_t chunk) { return db_key_memo((uint8_t)kind, id, chunk); }

static int memo_get(struct lmdb *m, MDB_txn *txn, enum store_memo kind, uint64_t id, struct enc *ret)
{
	enc_clear(ret);
	for (unsigned i = 0; m->dbi[DB_memos] && i <= UINT16_MAX; i++) {
		struct db_key k = memo_key(kind, id, (uint16_t)i);
		struct span v;
		int err = db_get(m, txn, DB_memos, db_span(&k), &v);
		if (err)
			return err == HDA_ENOTFOUND && i ? 0 : err;
		enc_raw(ret, v.p, v.n);
		if (v.n < DB_CHUNK)
			return 0;
	}
	return HDA_ENOTFOUND;
}

/* Deletes the rows from chunk `from` on. */
static int cut(struct lmdb *m, MDB_txn *txn, enum store_memo kind, uint64_t id, size_t from)
{
	for (size_t i = from; i <= UINT16_MAX; i++) {
		struct db_key k = memo_key(kind, id, (uint16_t)i);
		struct span v;
		int err = db_get(m, txn, DB_memos, db_span(&k), &v);
		if (!err)
			err = db_del(m, txn, DB_memos, db_span(&k));
		if (err)
			return err == HDA_ENOTFOUND ? 0 : err;
	}
	return 0;
}

int lmdb_memo_set(struct lmdb *m, MDB_txn *txn, enum store_memo kind, uint64_t id, struct span bytes)
{
	size_t i = 0;
	int err = 0;
	for (size_t at = 0; bytes.n && !err; i++) {
		if (i > UINT16_MAX)
			return HDA_ELIMIT;
		struct db_key k = memo_key(kind, id, (uint16_t)i);
		size_t n = bytes.n - at < DB_CHUNK ? bytes.n - at : DB_CHUNK;
		err = db_put(m, txn, DB_memos, db_span(&k), (struct span){bytes.p + at, n}, 0);
		at += n;
		if (n < DB_CHUNK) { /* a full last row is followed by an empty one: the end is seen without its size */
			i++;
			break;
		}
	}
	return err ? err : cut(m, txn, kind, id, i);
}

int lmdb_memo_put(struct store_wtxn *w, enum store_memo kind, uint64_t id, struct span bytes)
{
	return lmdb_memo_set((struct lmdb *)w->s, ((struct lmdb_wtxn *)w)->txn, kind, id, bytes);
}

int lmdb_memo_w(struct store_wtxn *w, enum store_memo kind, uint64_t id, struct enc *ret)
{
	return memo_get((struct lmdb *)w->s, ((struct lmdb_wtxn *)w)->txn, kind, id, ret);
}

int lmdb_memo_r(struct store_rtxn *r, enum store_memo kind, uint64_t id, struct enc *ret)
{
	return memo_get((struct lmdb *)r->s, ((struct lmdb_rtxn *)r)->txn, kind, id, ret);
}

int lmdb_memo_ids(struct store_rtxn *r, enum store_memo kind, uint64_t **ret, size_t *ret_n)
{
	struct lmdb *m = (struct lmdb *)r->s;
	struct db_key from = memo_key(kind, 0, 0);
	MDB_val k = {from.n, from.b}, v;
	MDB_cursor *c;
	size_t cap = 0;
	if (!m->dbi[DB_memos])
		return 0;
	int rc = mdb_cursor_open(((struct lmdb_rtxn *)r)->txn, m->dbi[DB_memos], &c);
	if (rc)
		return db_err(rc);
	for (rc = mdb_cursor_get(c, &k, &v, MDB_SET_RANGE); rc == 0 && k.mv_size == from.n; rc = mdb_cursor_get(c, &k, &v, MDB_NEXT)) {
		const uint8_t *p = k.mv_data;
		uint64_t id = 0;
		if (p[0] != (uint8_t)kind)
			break;
		for (size_t i = 1; i <= sizeof(id); i++)
			id = id << 8 | p[i];
		if (*ret_n && (*ret)[*ret_n - 1] == id)
			continue; /* its next chunk */
		*ret = xgrow(*ret, *ret_n, &cap, sizeof(**ret));
		(*ret)[(*ret_n)++] = id;
	}
	mdb_cursor_close(c);
	if (rc == 0 || rc == MDB_NOTFOUND)
		return 0;
	free(*ret);
	*ret = NULL;
	*ret_n = 0;
	return db_err(rc);
}

int lmdb_memos_del(struct lmdb *m, MDB_txn *txn, uint64_t proc)
{
	int err = cut(m, txn, STORE_MEMO_HEAD, proc, 0);
	return err ? err : cut(m, txn, STORE_MEMO_ROWS, proc, 0);
}

int lmdb_memos_copy(struct lmdb *from, MDB_txn *old, struct lmdb *to, MDB_txn *txn)
{
	MDB_cursor *c;
	MDB_val k, v;
	if (!from->dbi[DB_memos])
		return 0;
	int rc = mdb_cursor_open(old, from->dbi[DB_memos], &c), err = 0;
	if (rc)
		return db_err(rc);
	while (!err && (rc = mdb_cursor_get(c, &k, &v, MDB_NEXT)) == 0)
		err = db_put(to, txn, DB_memos, (struct span){k.mv_data, k.mv_size}, (struct span){v.mv_data, v.mv_size}, 0);
	mdb_cursor_close(c);
	return err ? err : rc == MDB_NOTFOUND ? 0 : db_err(rc);
}
