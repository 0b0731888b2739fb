/* LMDB: keys, codes, single rows. SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <string.h>
#include <sys/statvfs.h>

#include "base/assert.h"
#include "store/lmdb_int.h"

int db_err(int rc)
{
	switch (rc) {
	case 0:
		return 0;
	case MDB_MAP_FULL:
	case MDB_TXN_FULL:
		return HDA_EFULL;
	case MDB_NOTFOUND:
		return HDA_ENOTFOUND;
	case MDB_INVALID:
	case MDB_VERSION_MISMATCH:
		return HDA_EFOREIGN;
	case MDB_READERS_FULL:
		return -EAGAIN;
	case MDB_PANIC: /* a write failed, some time before: lmdb_use.c */
		return -EIO;
	default:
		return rc > 0 ? -rc : HDA_ECORRUPT;
	}
}

int db_write_err(const struct lmdb *m, int rc)
{
	struct statvfs fs;
	if (rc == EIO && statvfs(m->dir, &fs) == 0 && (uint64_t)fs.f_bavail * fs.f_frsize < DB_DISK_FULL)
		return -ENOSPC;
	return db_err(rc);
}

static void key_add(struct db_key *k, uint64_t v, unsigned bytes)
{
	HDA_ASSERT(k->n + bytes <= sizeof(k->b));
	while (bytes--)
		k->b[k->n++] = (uint8_t)(v >> (8 * bytes));
}

/* Big-endian and of fixed width: memcmp's order is the numbers'. */
struct db_key db_key_u32(uint32_t a)
{
	struct db_key k = {.n = 0};
	key_add(&k, a, 4);
	return k;
}

struct db_key db_key_u64(uint64_t a)
{
	struct db_key k = {.n = 0};
	key_add(&k, a, 8);
	return k;
}

struct db_key db_key_pair(uint64_t a, uint64_t b)
{
	struct db_key k = db_key_u64(a);
	key_add(&k, b, 8);
	return k;
}

struct db_key db_key_part(uint64_t dump, uint8_t part, uint16_t chunk)
{
	struct db_key k = db_key_u64(dump);
	key_add(&k, part, 1);
	key_add(&k, chunk, 2);
	return k;
}

struct db_key db_key_memo(uint8_t kind, uint64_t id, uint16_t chunk)
{
	struct db_key k = {.n = 0};
	key_add(&k, kind, 1);
	key_add(&k, id, 8);
	key_add(&k, chunk, 2);
	return k;
}

struct db_key db_key_four(const uint32_t four[4])
{
	struct db_key k = {.n = 0};
	for (int i = 0; i < 4; i++)
		key_add(&k, four[i], 4);
	return k;
}

struct db_key db_key_text(const char *s)
{
	struct db_key k = {.n = strlen(s)};
	HDA_ASSERT(k.n <= sizeof(k.b));
	memcpy(k.b, s, k.n);
	return k;
}

/* LMDB takes non-const pointers and does not write through them. */
static MDB_val val(struct span s)
{
	MDB_val v = {.mv_size = s.n};
	memcpy(&v.mv_data, &s.p, sizeof(s.p));
	return v;
}

int db_get(struct lmdb *m, MDB_txn *txn, enum db_table t, struct span key, struct span *ret)
{
	MDB_val k = val(key), v;
	int rc = mdb_get(txn, m->dbi[t], &k, &v);
	if (rc == 0)
		*ret = (struct span){v.mv_data, v.mv_size};
	return db_err(rc);
}

int db_put(struct lmdb *m, MDB_txn *txn, enum db_table t, struct span key, struct span value, unsigned flags)
{
	MDB_val k = val(key), v = val(value);
	return db_err(mdb_put(txn, m->dbi[t], &k, &v, flags));
}

int db_del(struct lmdb *m, MDB_txn *txn, enum db_table t, struct span key)
{
	MDB_val k = val(key);
	int rc = mdb_del(txn, m->dbi[t], &k, NULL);
	return rc == MDB_NOTFOUND ? 0 : db_err(rc);
}

uint32_t db_last_u32(struct lmdb *m, MDB_txn *txn, enum db_table t, int *ret_err)
{
	MDB_cursor *c;
	MDB_val k, v;
	int rc = mdb_cursor_open(txn, m->dbi[t], &c);
	if (rc) {
		*ret_err = db_err(rc);
		return 0;
	}
	rc = mdb_cursor_get(c, &k, &v, MDB_LAST);
	mdb_cursor_close(c);
	if (rc == 0 && k.mv_size == 4) {
		struct dec d;
		dec_init(&d, k.mv_data, k.mv_size);
		return dec_u32be(&d);
	}
	if (rc != MDB_NOTFOUND)
		*ret_err = rc ? db_err(rc) : HDA_ECORRUPT;
	return 0;
}
