/* Rows of dumps and processes in LMDB. SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/lmdb_int.h"
#include "store/model.h"

enum { /* bits of a dump's row; on disk: never renumber */
	ROW_PARTIAL = 1, ROW_TRACED = 2, ROW_FULL = 4, ROW_SINCE = 8, ROW_GRAPH = 16, ROW_THINNED = 32, ROW_MTIME = 64,
	ROW_RECEIVED = 128, /* the time when it came stands at the end */
};

/* The figures of a dump's row, in the order on disk. */
#define ROW_FIGURES(X)                                                                             \
	X(pid) X(host_pid) X(jobs) X(seq) X(objects) X(bytes) X(garbage_bytes) X(rss)              \
	X(bad_lines) X(roots) X(edges) X(input_bytes) X(gc_count) X(compact_count) X(max_generation)

static void text_in(struct dec *d, char *ret, size_t cap)
{
	struct span s = dec_str(d);
	if (s.n >= cap) {
		d->err = HDA_EFORMAT;
		s.n = 0;
	}
	if (s.n)
		memcpy(ret, s.p, s.n);
	memset(ret + s.n, 0, cap - s.n);
}

static void text_out(struct enc *e, const char *s, size_t cap)
{
	enc_str(e, (struct span){(const uint8_t *)s, strnlen(s, cap - 1)});
}

void lmdb_row_encode(struct enc *e, const struct lmdb_row *row)
{
	const struct store_dump *d = &row->d;
	enc_u8(e, RECORD_VERSION);
	enc_uv(e, (d->partial ? ROW_PARTIAL : 0) | (d->traced ? ROW_TRACED : 0) | (d->full ? ROW_FULL : 0) |
		(d->since ? ROW_SINCE : 0) | (d->has_graph ? ROW_GRAPH : 0) | (d->thinned ? ROW_THINNED : 0) |
		(d->time_from_mtime ? ROW_MTIME : 0) | (d->received > 0 ? ROW_RECEIVED : 0));
	enc_uv(e, d->proc);
	enc_uv(e, row->base);
	enc_uv(e, row->place);
	enc_uv(e, row->stored);
	enc_f64(e, d->time);
	enc_f64(e, d->took_s);
#define X(f) enc_uv(e, d->f + 1); /* unknown is all ones: 0 on disk */
	ROW_FIGURES(X)
#undef X
	text_out(e, d->ruby, sizeof(d->ruby));
	if (d->received > 0)
		enc_f64(e, d->received);
}

int lmdb_row_decode(struct span s, uint64_t dump, struct lmdb_row *ret)
{
	struct dec in;
	struct lmdb_row row = {.d = {.dump = dump}};
	struct store_dump *d = &row.d;
	dec_init(&in, s.p, s.n);
	if (dec_u8(&in) != RECORD_VERSION)
		return HDA_ECORRUPT;
	uint64_t flags = dec_uv(&in);
	d->partial = flags & ROW_PARTIAL;
	d->traced = flags & ROW_TRACED;
	d->full = flags & ROW_FULL;
	d->since = flags & ROW_SINCE;
	d->has_graph = flags & ROW_GRAPH;
	d->thinned = flags & ROW_THINNED;
	d->time_from_mtime = flags & ROW_MTIME;
	d->proc = dec_uv(&in);
	row.base = dec_uv(&in);
	row.place = dec_uv(&in);
	row.stored = dec_uv(&in);
	d->time = dec_f64(&in);
	d->took_s = dec_f64(&in);
#define X(f) d->f = dec_uv(&in) - 1;
	ROW_FIGURES(X)
#undef X
	text_in(&in, d->ruby, sizeof(d->ruby));
	d->received = flags & ROW_RECEIVED ? dec_f64(&in) : 0;
	if (dec_finish(&in))
		return HDA_ECORRUPT;
	*ret = row;
	return 0;
}

int lmdb_row_get(struct lmdb *m, MDB_txn *txn, uint64_t dump, struct lmdb_row *ret)
{
	struct db_key k = db_key_u64(dump);
	struct span v;
	int err = db_get(m, txn, DB_dumps, db_span(&k), &v);
	return err ? err : lmdb_row_decode(v, dump, ret);
}

int lmdb_row_put(struct lmdb *m, MDB_txn *txn, const struct lmdb_row *row)
{
	struct enc e = {0};
	struct db_key k = db_key_u64(row->d.dump), index = db_key_pair(row->d.proc, row->d.dump);
	lmdb_row_encode(&e, row);
	int err = db_put(m, txn, DB_dumps, db_span(&k), (struct span){e.p, e.n}, 0);
	if (!err)
		err = db_put(m, txn, DB_proc_dumps, db_span(&index), SPAN_LIT(""), 0);
	enc_done(&e);
	return err;
}

int lmdb_row_del(struct lmdb *m, MDB_txn *txn, const struct store_dump *d)
{
	struct db_key k = db_key_u64(d->dump), index = db_key_pair(d->proc, d->dump);
	int err = db_del(m, txn, DB_proc_dumps, db_span(&index));
	return err ? err : db_del(m, txn, DB_dumps, db_span(&k));
}

/* Appends a row to a growing array. */
static int collect(struct span v, uint64_t dump, struct lmdb_row **rows, size_t *n, size_t *cap)
{
	*rows = xgrow(*rows, *n, cap, sizeof(**rows));
	int err = lmdb_row_decode(v, dump, &(*rows)[*n]);
	*n += !err;
	return err;
}

static uint64_t key_u64(const MDB_val *k, size_t at)
{
	struct dec d;
	dec_init(&d, k->mv_data, k->mv_size);
	dec_raw(&d, at);
	return dec_u64be(&d);
}

int lmdb_rows(struct lmdb *m, MDB_txn *txn, uint64_t proc, struct lmdb_row **ret, size_t *ret_n)
{
	struct lmdb_row *rows = NULL;
	size_t n = 0, cap = 0;
	MDB_cursor *c;
	int err = db_err(mdb_cursor_open(txn, m->dbi[proc ? DB_proc_dumps : DB_dumps], &c));
	if (err)
		return err;
	struct db_key from = proc ? db_key_pair(proc, 0) : db_key_u64(0);
	MDB_val k = {from.n, from.b}, v;
	int rc = mdb_cursor_get(c, &k, &v, MDB_SET_RANGE);
	while (rc == 0 && !err) {
		uint64_t dump = key_u64(&k, proc ? 8 : 0);
		struct span value = {v.mv_data, v.mv_size};
		struct db_key dk = db_key_u64(dump);
		if (proc && key_u64(&k, 0) != proc)
			break;
		if (proc)
			err = db_get(m, txn, DB_dumps, db_span(&dk), &value);
		if (!err)
			err = collect(value, dump, &rows, &n, &cap);
		rc = mdb_cursor_get(c, &k, &v, MDB_NEXT);
	}
	mdb_cursor_close(c);
	if (!err && rc && rc != MDB_NOTFOUND)
		err = db_err(rc);
	if (err) {
		free(rows);
		return err == HDA_ENOTFOUND ? HDA_ECORRUPT : err; /* an index row without its dump */
	}
	*ret = rows;
	*ret_n = n;
	return 0;
}

void lmdb_proc_encode(struct enc *e, const struct store_proc *p)
{
	const struct proc_ident *w = &p->who;
	enc_u8(e, RECORD_VERSION);
	enc_uv(e, w->pidns);
	enc_uv(e, w->pid);
	enc_uv(e, w->start);
	enc_uv(e, w->host_pid);
	text_out(e, w->boot, sizeof(w->boot));
	text_out(e, w->host, sizeof(w->host));
	text_out(e, w->app, sizeof(w->app));
	text_out(e, w->role, sizeof(w->role));
	text_out(e, w->rev, sizeof(w->rev));
	text_out(e, p->ruby, sizeof(p->ruby));
	enc_uv(e, p->ndumps);
	enc_uv(e, p->npartial);
	enc_uv(e, p->first_dump);
	enc_uv(e, p->last_dump);
	enc_f64(e, p->first_time);
	enc_f64(e, p->last_time);
	enc_maybe(e, p->jobs);
	enc_maybe(e, p->heap_bytes);
	enc_maybe(e, p->rss);
}

int lmdb_proc_decode(struct span s, uint64_t proc, struct store_proc *ret)
{
	struct dec in;
	struct store_proc p = {.proc = proc};
	struct proc_ident *w = &p.who;
	dec_init(&in, s.p, s.n);
	if (dec_u8(&in) != RECORD_VERSION)
		return HDA_ECORRUPT;
	w->pidns = dec_uv(&in);
	w->pid = dec_uv(&in);
	w->start = dec_uv(&in);
	w->host_pid = dec_uv(&in);
	text_in(&in, w->boot, sizeof(w->boot));
	text_in(&in, w->host, sizeof(w->host));
	text_in(&in, w->app, sizeof(w->app));
	text_in(&in, w->role, sizeof(w->role));
	text_in(&in, w->rev, sizeof(w->rev));
	text_in(&in, p.ruby, sizeof(p.ruby));
	p.ndumps = dec_uv(&in);
	p.npartial = dec_uv(&in);
	p.first_dump = dec_uv(&in);
	p.last_dump = dec_uv(&in);
	p.first_time = dec_f64(&in);
	p.last_time = dec_f64(&in);
	p.jobs = dec_maybe(&in);
	p.heap_bytes = dec_maybe(&in);
	p.rss = dec_maybe(&in);
	if (dec_finish(&in))
		return HDA_ECORRUPT;
	*ret = p;
	return 0;
}

int lmdb_proc_get(struct lmdb *m, MDB_txn *txn, uint64_t proc, struct store_proc *ret)
{
	struct db_key k = db_key_u64(proc);
	struct span v;
	int err = db_get(m, txn, DB_procs, db_span(&k), &v);
	return err ? err : lmdb_proc_decode(v, proc, ret);
}

/* The key of the identity table: model_ident's bytes, which are fewer than the 511 that LMDB allows. */
int lmdb_proc_find(struct lmdb *m, MDB_txn *txn, const struct proc_ident *who, uint64_t *ret)
{
	struct enc ident = {0};
	struct span v;
	model_ident(&ident, who);
	int err = db_get(m, txn, DB_proc_ids, (struct span){ident.p, ident.n}, &v);
	enc_done(&ident);
	if (err)
		return err;
	struct dec d;
	dec_init(&d, v.p, v.n);
	*ret = dec_u64be(&d);
	return dec_finish(&d) ? HDA_ECORRUPT : 0;
}

int lmdb_proc_put(struct lmdb *m, MDB_txn *txn, const struct store_proc *p)
{
	struct enc e = {0}, ident = {0};
	struct db_key k = db_key_u64(p->proc);
	lmdb_proc_encode(&e, p);
	model_ident(&ident, &p->who);
	int err = db_put(m, txn, DB_procs, db_span(&k), (struct span){e.p, e.n}, 0);
	if (!err)
		err = db_put(m, txn, DB_proc_ids, (struct span){ident.p, ident.n}, db_span(&k), 0);
	enc_done(&e);
	enc_done(&ident);
	return err;
}

static int proc_del(struct lmdb *m, MDB_txn *txn, const struct store_proc *p)
{
	struct enc ident = {0};
	struct db_key k = db_key_u64(p->proc);
	model_ident(&ident, &p->who);
	int err = db_del(m, txn, DB_proc_ids, (struct span){ident.p, ident.n});
	enc_done(&ident);
	return err ? err : db_del(m, txn, DB_procs, db_span(&k));
}

int lmdb_proc_recount(struct lmdb *m, MDB_txn *txn, uint64_t proc)
{
	struct store_proc p;
	struct lmdb_row *rows;
	size_t n;
	int err = lmdb_proc_get(m, txn, proc, &p);
	if (!err)
		err = lmdb_rows(m, txn, proc, &rows, &n);
	if (err)
		return err;
	struct store_dump *d = xreallocarray(NULL, n + 1, sizeof(*d));
	for (size_t i = 0; i < n; i++)
		d[i] = rows[i].d;
	model_proc_recount(&p, d, n);
	free(d);
	free(rows);
	if (n == 0)
		err = lmdb_memos_del(m, txn, proc);
	return err ? err : n ? lmdb_proc_put(m, txn, &p) : proc_del(m, txn, &p);
}

int lmdb_proc_of_dump(struct store_wtxn *w, uint64_t dump, struct store_proc *ret)
{
	struct lmdb *m = (struct lmdb *)w->s;
	MDB_txn *txn = ((struct lmdb_wtxn *)w)->txn;
	struct lmdb_row row;
	int err = lmdb_row_get(m, txn, dump, &row);
	return err ? err : lmdb_proc_get(m, txn, row.d.proc, ret);
}

int lmdb_procs(struct lmdb *m, MDB_txn *txn, struct store_proc **ret, size_t *ret_n)
{
	struct store_proc *p = NULL;
	size_t n = 0, cap = 0;
	MDB_cursor *c;
	MDB_val k, v;
	int err = db_err(mdb_cursor_open(txn, m->dbi[DB_procs], &c)), rc = 0;
	if (err)
		return err;
	while (!err && (rc = mdb_cursor_get(c, &k, &v, MDB_NEXT)) == 0) {
		p = xgrow(p, n, &cap, sizeof(*p));
		err = lmdb_proc_decode((struct span){v.mv_data, v.mv_size}, key_u64(&k, 0), &p[n]);
		n += !err;
	}
	mdb_cursor_close(c);
	if (!err && rc != MDB_NOTFOUND)
		err = db_err(rc);
	if (err) {
		free(p);
		return err;
	}
	*ret = p;
	*ret_n = n;
	return 0;
}
