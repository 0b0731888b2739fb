/* The dictionary in LMDB. SPDX-License-Identifier: BSD-2-Clause
 *
 * names, keys, sigs: number -> entry, appended. name_ids (hash of the text -> numbers), key_ids, sig_ids: the way back. */
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "store/lmdb_int.h"

/* The next number of a table. */
static int fresh(struct lmdb_dict *d, enum db_table t, uint32_t *next, uint32_t *ret)
{
	int err = 0;
	if (!*next)
		*next = db_last_u32(d->m, d->txn, t, &err) + 1;
	if (err)
		return err;
	if (*next == UINT32_MAX)
		return HDA_EFULL;
	*ret = (*next)++;
	return 0;
}

static int store_entry(struct lmdb_dict *d, enum db_table t, uint32_t id, struct span value)
{
	struct db_key k = db_key_u32(id);
	d->wrote += k.n + value.n;
	return db_put(d->m, d->txn, t, db_span(&k), value, MDB_APPEND);
}

static int name_get(struct dict *base, uint32_t name, struct span *ret)
{
	struct lmdb_dict *d = (struct lmdb_dict *)base;
	struct db_key k = db_key_u32(name);
	return db_get(d->m, d->txn, DB_names, db_span(&k), ret);
}

static int name_put(struct dict *base, struct span text, uint32_t *ret)
{
	struct lmdb_dict *d = (struct lmdb_dict *)base;
	struct db_key hash = db_key_u64(XXH3_64bits(text.n ? (const void *)text.p : "", text.n));
	struct span ids = {NULL, 0}, have;
	int err = db_get(d->m, d->txn, DB_name_ids, db_span(&hash), &ids);
	if (err && err != HDA_ENOTFOUND)
		return err;
	struct enc list = {0};
	enc_raw(&list, ids.p, ids.n); /* of all texts with this hash: nearly always one */
	struct dec in;
	dec_init(&in, list.p, list.n);
	while (in.p < in.end && !in.err) {
		uint32_t id = dec_u32be(&in);
		err = name_get(base, id, &have);
		if (err || span_eq(have, text)) {
			*ret = id;
			goto out;
		}
	}
	uint32_t id;
	err = fresh(d, DB_names, &d->next_name, &id);
	if (!err)
		err = store_entry(d, DB_names, id, text);
	enc_u32be(&list, err ? 0 : id);
	if (!err)
		err = db_put(d->m, d->txn, DB_name_ids, db_span(&hash), (struct span){list.p, list.n}, 0);
	if (!err)
		*ret = id;
	d->wrote += hash.n + list.n;
out:
	enc_done(&list);
	return err;
}

static int read_key(struct span v, uint32_t ret[4])
{
	struct dec in;
	dec_init(&in, v.p, v.n);
	for (int i = 0; i < 4; i++)
		ret[i] = (uint32_t)dec_uv(&in);
	return dec_finish(&in) ? HDA_ECORRUPT : 0;
}

static int key_get(struct dict *base, uint32_t id, uint32_t ret[4])
{
	struct lmdb_dict *d = (struct lmdb_dict *)base;
	struct db_key key = db_key_u32(id);
	MDB_val k = {key.n, key.b}, v;
	int rc = 0;
	if (!d->key_cursor)
		rc = mdb_cursor_open(d->txn, d->m->dbi[DB_keys], &d->key_cursor);
	if (rc == 0 && d->key_last && id == d->key_last + 1)
		rc = mdb_cursor_get(d->key_cursor, &k, &v, MDB_NEXT);
	else if (rc == 0)
		rc = mdb_cursor_get(d->key_cursor, &k, &v, MDB_SET_KEY);
	d->key_last = rc ? 0 : id;
	if (rc)
		return db_err(rc);
	if (!span_eq((struct span){k.mv_data, k.mv_size}, db_span(&key)))
		return HDA_ECORRUPT;
	return read_key((struct span){v.mv_data, v.mv_size}, ret);
}

static int key_put(struct dict *base, const uint32_t key[4], uint32_t *ret)
{
	struct lmdb_dict *d = (struct lmdb_dict *)base;
	struct db_key k = db_key_four(key);
	struct span v;
	int err = db_get(d->m, d->txn, DB_key_ids, db_span(&k), &v);
	if (err != HDA_ENOTFOUND) {
		struct dec in;
		dec_init(&in, err ? NULL : v.p, err ? 0 : v.n);
		*ret = dec_u32be(&in);
		return err ? err : dec_finish(&in) ? HDA_ECORRUPT : 0;
	}
	uint32_t id;
	err = fresh(d, DB_keys, &d->next_key, &id);
	if (err)
		return err;
	struct enc e = {0};
	for (int i = 0; i < 4; i++)
		enc_uv(&e, key[i]);
	err = store_entry(d, DB_keys, id, (struct span){e.p, e.n});
	enc_done(&e);
	struct db_key back = db_key_u32(id);
	if (!err)
		err = db_put(d->m, d->txn, DB_key_ids, db_span(&k), db_span(&back), 0);
	d->wrote += k.n + back.n;
	*ret = id;
	return err;
}

static int sig_put(struct dict *base, uint64_t hash, uint32_t *ret, bool *ret_new)
{
	struct lmdb_dict *d = (struct lmdb_dict *)base;
	struct db_key k = db_key_u64(hash);
	struct span v;
	int err = db_get(d->m, d->txn, DB_sig_ids, db_span(&k), &v);
	if (err != HDA_ENOTFOUND) {
		struct dec in;
		dec_init(&in, err ? NULL : v.p, err ? 0 : v.n);
		*ret = dec_u32be(&in);
		*ret_new = false;
		return err ? err : dec_finish(&in) ? HDA_ECORRUPT : 0;
	}
	err = fresh(d, DB_sigs, &d->next_sig, ret);
	if (err)
		return err;
	*ret_new = true;
	struct db_key back = db_key_u32(*ret);
	d->wrote += k.n + back.n;
	return db_put(d->m, d->txn, DB_sig_ids, db_span(&k), db_span(&back), 0);
}

static int sig_def(struct dict *base, uint32_t id, const struct dict_sig *sig)
{
	struct enc e = {0};
	enc_u64be(&e, sig->hash);
	enc_uv(&e, sig->parent);
	enc_uv(&e, sig->klass);
	int err = store_entry((struct lmdb_dict *)base, DB_sigs, id, (struct span){e.p, e.n});
	enc_done(&e);
	return err;
}

static int sig_get(struct dict *base, uint32_t id, struct dict_sig *ret)
{
	struct lmdb_dict *d = (struct lmdb_dict *)base;
	struct db_key k = db_key_u32(id);
	struct span v;
	int err = db_get(d->m, d->txn, DB_sigs, db_span(&k), &v);
	if (err)
		return err;
	struct dec in;
	dec_init(&in, v.p, v.n);
	ret->hash = dec_u64be(&in);
	ret->parent = (uint32_t)dec_uv(&in);
	ret->klass = (uint32_t)dec_uv(&in);
	return dec_finish(&in) ? HDA_ECORRUPT : 0;
}

void lmdb_dict_init(struct lmdb_dict *d, struct lmdb *m, MDB_txn *txn)
{
	*d = (struct lmdb_dict){.m = m, .txn = txn,
	    .d = {.name_put = name_put, .name_get = name_get, .key_put = key_put, .key_get = key_get, .sig_put = sig_put,
		.sig_def = sig_def, .sig_get = sig_get}};
}

void lmdb_dict_done(struct lmdb_dict *d)
{
	if (d->key_cursor)
		mdb_cursor_close(d->key_cursor);
	d->key_cursor = NULL;
}
