/* Writing dumps to LMDB. SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/lmdb_int.h"
#include "store/model.h"

/* meta/counters: next dump and process. Ids of deleted ones are never given again. */
static int counters_get(struct lmdb_wtxn *w)
{
	struct db_key k = db_key_text("counters");
	struct span v;
	struct dec d;
	int err = db_get((struct lmdb *)w->w.s, w->txn, DB_meta, db_span(&k), &v);
	if (err)
		return err == HDA_ENOTFOUND ? HDA_ECORRUPT : err;
	dec_init(&d, v.p, v.n);
	w->next_dump = dec_u64be(&d);
	w->next_proc = dec_u64be(&d);
	return dec_finish(&d) ? HDA_ECORRUPT : 0;
}

int lmdb_counters_put(struct lmdb_wtxn *w)
{
	struct db_key k = db_key_text("counters"), v = db_key_pair(w->next_dump, w->next_proc);
	return db_put((struct lmdb *)w->w.s, w->txn, DB_meta, db_span(&k), db_span(&v), 0);
}

int lmdb_wtxn_begin(struct store *s, struct store_wtxn **ret)
{
	struct lmdb *m = (struct lmdb *)s;
	struct lmdb_wtxn *w = xcalloc(1, sizeof(*w));
	MDB_txn *look;
	w->w.s = s;
	/* Free pages can be counted in a read transaction only. */
	int err = lmdb_enter(m, MDB_RDONLY, &look);
	if (!err) {
		err = lmdb_used(m, look, &w->used);
		mdb_txn_abort(look);
		lmdb_leave(m);
	}
	if (!err)
		err = lmdb_enter(m, 0, &w->txn);
	if (err) {
		free(w);
		return err;
	}
	lmdb_dict_init(&w->dict, m, w->txn);
	lmdb_chain_init(&w->chain, m, w->txn);
	err = counters_get(w);
	if (err) {
		lmdb_abort(&w->w);
		return err;
	}
	*ret = &w->w;
	return 0;
}

static void wtxn_done(struct lmdb_wtxn *w)
{
	lmdb_dict_done(&w->dict);
	lmdb_chain_done(&w->chain);
}

void lmdb_abort(struct store_wtxn *base)
{
	struct lmdb_wtxn *w = (struct lmdb_wtxn *)base;
	wtxn_done(w);
	mdb_txn_abort(w->txn);
	lmdb_leave((struct lmdb *)base->s);
	free(w);
}

int lmdb_commit(struct store_wtxn *base)
{
	struct lmdb_wtxn *w = (struct lmdb_wtxn *)base;
	wtxn_done(w);
	struct lmdb *m = (struct lmdb *)base->s;
	int err = db_write_err(m, mdb_txn_commit(w->txn)); /* frees the transaction either way */
	lmdb_leave(m);
	free(w);
	return err;
}

/* Whether the bytes written so far still fit below max_size. */
static int room_left(const struct lmdb_wtxn *w)
{
	const struct lmdb *m = (const struct lmdb *)w->w.s;
	int64_t after = (int64_t)w->used + w->pending + (int64_t)DB_COMMIT_PAGES * m->page_size;
	return m->max_size && after > (int64_t)m->max_size ? HDA_EFULL : 0;
}

int lmdb_save(struct lmdb_wtxn *w, const struct dump_summary *sum, struct lmdb_row *row, bool append)
{
	struct rec_out o;
	int err = 0;
	uint64_t dict_before = w->dict.wrote;
	rec_out_init(&o, sum, &w->dict.d);
	row->stored = 0;
	for (int i = 0; i < PARTS && !err; i++) {
		const struct part *p = parts_all[i];
		const struct part_state *base = NULL;
		struct part_state st;
		if (row->d.thinned && p->thin_none)
			continue;
		part_state_init(&st, p);
		p->save(&o, &st);
		err = o.err;
		/* The header is read for each dump of a list: it never waits for a chain. */
		if (!err && row->base && i != PART_HEAD)
			err = lmdb_chain_seek(&w->chain, p, row->base, &base);
		if (!err)
			err = lmdb_part_put(&w->chain, row->d.thinned ? DB_thin : DB_parts, p, row->d.dump, &st, base,
			    append ? MDB_APPEND : 0, &row->stored);
		part_state_done(&st);
	}
	rec_out_done(&o);
	if (!err)
		err = lmdb_row_put((struct lmdb *)w->w.s, w->txn, row);
	w->pending += (int64_t)((row->stored + w->dict.wrote - dict_before) * DB_PAGE_COST_PCT / 100);
	return err;
}

static int make_proc(struct lmdb_wtxn *w, const struct dump_summary *sum, uint64_t proc)
{
	struct store_proc p = {.proc = proc};
	int err = lmdb_proc_get((struct lmdb *)w->w.s, w->txn, proc, &p);
	if (err && err != HDA_ENOTFOUND)
		return err;
	p.who = sum->head.who; /* labels may change during a life: the newest are shown */
	return lmdb_proc_put((struct lmdb *)w->w.s, w->txn, &p);
}

int lmdb_put(struct store_wtxn *base, const struct dump_summary *sum, uint64_t *ret_dump)
{
	struct lmdb_wtxn *w = (struct lmdb_wtxn *)base;
	struct lmdb *m = (struct lmdb *)base->s;
	struct lmdb_row *old = NULL, row = {0};
	size_t nold = 0;
	uint64_t proc;
	int err = lmdb_proc_find(m, w->txn, &sum->head.who, &proc);
	if (err == HDA_ENOTFOUND) {
		proc = w->next_proc++;
		err = 0;
	} else if (!err) {
		err = lmdb_rows(m, w->txn, proc, &old, &nold);
	}
	for (size_t i = 0; i < nold && !err; i++) {
		if (!model_same_dump(&old[i].d, sum))
			continue;
		*ret_dump = old[i].d.dump;
		err = HDA_EEXISTS;
	}
	if (!err) {
		model_dump(&row.d, sum, w->next_dump++, proc);
		lmdb_base_choose(&row, old, nold);
		err = make_proc(w, sum, proc);
	}
	free(old);
	if (!err)
		err = lmdb_save(w, sum, &row, true);
	if (!err)
		err = lmdb_proc_recount(m, w->txn, proc);
	if (!err)
		err = lmdb_counters_put(w);
	if (!err)
		err = room_left(w);
	if (!err)
		*ret_dump = row.d.dump;
	return err;
}
