/* Parts of dumps in LMDB: chunks, chains of differences, loading. SPDX-License-Identifier: BSD-2-Clause
 *
 * record = version, kind, packed bytes. It lies in rows (dump, part, 0..) of DB_CHUNK bytes: a value over half a page would get
 * pages of its own. Thinned dumps lie in a table of their own: between the large ones each would keep a page for itself.
 * No record: the part is empty. A difference needs the state of the same part of the row's base. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/lmdb_int.h"

enum { KIND_WHOLE = 0, KIND_DIFFERENCE = 1, RECORD_HEAD = 2 };

void lmdb_chain_init(struct lmdb_chain *c, struct lmdb *m, MDB_txn *txn)
{
	*c = (struct lmdb_chain){.m = m, .txn = txn};
	for (int i = 0; i < PARTS; i++)
		part_state_init(&c->at[i].st, parts_all[i]);
}

void lmdb_chain_done(struct lmdb_chain *c)
{
	for (int i = 0; i < PARTS; i++) {
		part_state_done(&c->at[i].st);
		for (int k = 0; k < DB_LEVELS; k++)
			part_state_done(&c->kept[i][k].st);
	}
	enc_done(&c->packed);
	enc_done(&c->raw);
	pack_done(&c->pack);
}

/* A row of a record, of a whole dump or a thinned one. */
static int row_read(struct lmdb_chain *c, const struct part *p, uint64_t dump, uint16_t chunk, struct span *ret)
{
	struct db_key k = db_key_part(dump, p->id, chunk);
	int err = db_get(c->m, c->txn, DB_parts, db_span(&k), ret);
	return err == HDA_ENOTFOUND ? db_get(c->m, c->txn, DB_thin, db_span(&k), ret) : err;
}

int lmdb_part_base(struct lmdb_chain *c, const struct part *p, uint64_t dump, uint64_t *ret, unsigned *ret_level)
{
	struct span v;
	struct lmdb_row row;
	*ret = 0;
	*ret_level = DB_LEVELS;
	int err = row_read(c, p, dump, 0, &v);
	if (err)
		return err;
	if (v.n < RECORD_HEAD || v.p[0] != RECORD_VERSION || v.p[1] > KIND_DIFFERENCE)
		return HDA_ECORRUPT;
	if (v.p[1] == KIND_WHOLE)
		return 0;
	err = lmdb_row_get(c->m, c->txn, dump, &row);
	if (err || row.base == 0 || row.base >= dump)
		return HDA_ECORRUPT;
	*ret = row.base;
	*ret_level = lmdb_base_level(row.place);
	return 0;
}

/* The whole record into c->packed. */
static int record_read(struct lmdb_chain *c, const struct part *p, uint64_t dump)
{
	enc_clear(&c->packed);
	for (unsigned i = 0; i <= UINT16_MAX; i++) {
		struct span v;
		int err = row_read(c, p, dump, (uint16_t)i, &v);
		if (err)
			return err == HDA_ENOTFOUND && i ? 0 : err;
		enc_raw(&c->packed, v.p, v.n);
		if (v.n < DB_CHUNK)
			break;
	}
	return 0;
}

int lmdb_part_read(struct lmdb_chain *c, const struct part *p, uint64_t dump, struct span prefix)
{
	int err = record_read(c, p, dump);
	if (err)
		return err;
	struct span packed = {c->packed.p + RECORD_HEAD, c->packed.n - RECORD_HEAD};
	bool differs = c->packed.p[1] == KIND_DIFFERENCE;
	return pack_get(&c->pack, &c->raw, packed, differs ? prefix : (struct span){NULL, 0});
}

/* From the state of the base (or any, for a whole record) to that of dump. */
static int step(struct lmdb_chain *c, const struct part *p, uint64_t dump)
{
	struct part_state *st = &c->at[p->id].st;
	int err = lmdb_part_read(c, p, dump, (struct span){st->raw.p, st->raw.n}); /* of tables raw is empty */
	if (err)
		return err;
	if (!p->shape) {
		struct enc t = st->raw;
		st->raw = c->raw;
		c->raw = t;
		return 0;
	}
	struct dec d;
	dec_init(&d, c->raw.p, c->raw.n);
	return table_decode(&d, p->shape, &st->t);
}

/* A dump on the way to another. */
struct link {
	uint64_t dump;
	unsigned level; /* lmdb_base_level, or DB_LEVELS for a whole record; 0: nothing hangs on it */
};

/* Whether the state at is a dump's, or a kept one is: then that becomes the state. */
static bool have_state(struct lmdb_chain *c, const struct part *p, uint64_t dump)
{
	struct lmdb_state *at = &c->at[p->id];
	if (at->dump == dump)
		return true;
	for (int k = 0; c->walks && k < DB_LEVELS; k++) {
		const struct lmdb_state *kept = &c->kept[p->id][k];
		if (kept->dump != dump)
			continue;
		part_state_copy(&at->st, &kept->st);
		at->dump = dump;
		return true;
	}
	return false;
}

static void keep_state(struct lmdb_chain *c, const struct part *p, const struct link *l)
{
	if (!c->walks || !l->level)
		return;
	struct lmdb_state *kept = &c->kept[p->id][l->level - 1];
	part_state_copy(&kept->st, &c->at[p->id].st);
	kept->dump = l->dump;
}

/* What must be decoded on the way to dump, the last first: back to a whole record or to a state that is there. */
static int find_way(struct lmdb_chain *c, const struct part *p, uint64_t dump, struct link todo[DB_CHAIN_MAX], size_t *ret_n)
{
	size_t n = 0;
	for (uint64_t at = dump; !have_state(c, p, at);) {
		if (n == DB_CHAIN_MAX)
			return HDA_ECORRUPT;
		todo[n].dump = at;
		int err = lmdb_part_base(c, p, at, &at, &todo[n].level);
		if (err && err != HDA_ENOTFOUND)
			return err;
		if (err)
			c->at[p->id].st.t.n = c->at[p->id].st.raw.n = 0;
		else
			n++;
		if (!at)
			break;
	}
	*ret_n = n;
	return 0;
}

int lmdb_chain_seek(struct lmdb_chain *c, const struct part *p, uint64_t dump, const struct part_state **ret)
{
	struct link todo[DB_CHAIN_MAX];
	size_t n = 0;
	int err = find_way(c, p, dump, todo, &n);
	if (err)
		return err;
	c->at[p->id].dump = 0;
	while (n && !err) {
		err = step(c, p, todo[--n].dump);
		if (!err)
			keep_state(c, p, &todo[n]);
	}
	if (err)
		return err == HDA_ENOTFOUND ? HDA_ECORRUPT : err;
	c->at[p->id].dump = dump;
	*ret = &c->at[p->id].st;
	return 0;
}

static int chunks_put(struct lmdb_chain *c, enum db_table t, const struct part *p, uint64_t dump, struct span record,
    unsigned flags)
{
	int err = 0;
	for (size_t i = 0, at = 0; at < record.n && !err; i++, at += DB_CHUNK) {
		if (i > UINT16_MAX)
			return HDA_ELIMIT;
		struct db_key k = db_key_part(dump, p->id, (uint16_t)i);
		size_t n = record.n - at < DB_CHUNK ? record.n - at : DB_CHUNK;
		err = db_put(c->m, c->txn, t, db_span(&k), (struct span){record.p + at, n}, flags);
	}
	return err;
}

/* Appends the record of one kind. */
static int record_make(struct lmdb_chain *c, const struct part *p, const struct part_state *st,
    const struct part_state *base, struct enc *e)
{
	enc_u8(e, RECORD_VERSION);
	enc_u8(e, base ? KIND_DIFFERENCE : KIND_WHOLE);
	if (!p->shape)
		return pack_put(&c->pack, e, (struct span){st->raw.p, st->raw.n},
		    base ? (struct span){base->raw.p, base->raw.n} : (struct span){NULL, 0});
	enc_clear(&c->raw);
	table_encode(&c->raw, p->shape, &st->t, base ? &base->t : NULL);
	return pack_put(&c->pack, e, (struct span){c->raw.p, c->raw.n}, (struct span){NULL, 0});
}

int lmdb_part_put(struct lmdb_chain *c, enum db_table t, const struct part *p, uint64_t dump, const struct part_state *st,
    const struct part_state *base, unsigned flags, uint64_t *stored)
{
	if (part_empty(p, st))
		return 0;
	struct enc whole = {0}, diff = {0};
	bool use_diff = base && !part_empty(p, base);
	int err = use_diff ? record_make(c, p, st, base, &diff) : 0;
	/* A difference under half a byte a row cannot lose against the whole table. */
	if (!err && (!use_diff || !p->shape || diff.n > st->t.n / 2)) {
		err = record_make(c, p, st, NULL, &whole);
		use_diff = use_diff && diff.n < whole.n;
	}
	struct enc *e = use_diff ? &diff : &whole;
	if (!err)
		err = chunks_put(c, t, p, dump, (struct span){e->p, e->n}, flags);
	*stored += e->n;
	enc_done(&whole);
	enc_done(&diff);
	return err;
}

int lmdb_parts_del(struct lmdb *m, MDB_txn *txn, enum db_table t, uint64_t dump, int part)
{
	struct db_key from = db_key_part(dump, part < 0 ? 0 : (uint8_t)part, 0);
	size_t same = part < 0 ? 8 : 9; /* bytes of the key that must be equal */
	MDB_cursor *c;
	int rc = mdb_cursor_open(txn, m->dbi[t], &c);
	if (rc)
		return db_err(rc);
	while (rc == 0) {
		MDB_val k = {from.n, from.b}, v;
		rc = mdb_cursor_get(c, &k, &v, MDB_SET_RANGE);
		if (rc == 0 && (k.mv_size < same || memcmp(k.mv_data, from.b, same) != 0))
			break;
		if (rc == 0)
			rc = mdb_cursor_del(c, 0);
	}
	mdb_cursor_close(c);
	return rc == MDB_NOTFOUND ? 0 : db_err(rc);
}
