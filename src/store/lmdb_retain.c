/* Retention in LMDB. SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>

#include "base/mem.h"
#include "store/copy.h"
#include "store/lmdb_int.h"

static const struct retain_dump *find(const struct retain_dump *plan, size_t n, uint64_t dump)
{
	size_t lo = 0, hi = n;
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		if (plan[mid].d.dump < dump)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < n && plan[lo].d.dump == dump ? &plan[lo] : NULL;
}

/* Writes the parts of a dump anew as differences from row->base, or whole (0). */
static int rewrite(struct lmdb_wtxn *w, struct lmdb_row *row)
{
	struct lmdb *m = (struct lmdb *)w->w.s;
	uint64_t before = row->stored;
	int err = 0;
	row->stored = 0;
	for (int i = 0; i < PARTS && !err; i++) {
		const struct part *p = parts_all[i];
		const struct part_state *st, *base = NULL;
		struct part_state own;
		part_state_init(&own, p);
		err = lmdb_chain_seek(&w->chain, p, row->d.dump, &st);
		if (!err)
			part_state_copy(&own, st);
		if (!err && row->base && i != PART_HEAD)
			err = lmdb_chain_seek(&w->chain, p, row->base, &base);
		if (!err)
			err = lmdb_parts_del(m, w->txn, DB_parts, row->d.dump, i);
		if (!err)
			err = lmdb_part_put(&w->chain, DB_parts, p, row->d.dump, &own, base, 0, &row->stored);
		part_state_done(&own);
	}
	w->pending += (int64_t)row->stored - (int64_t)before;
	return err ? err : lmdb_row_put(m, w->txn, row);
}

/* Gives a row whose base goes another one: the nearest base behind it that stays; where none does, the first row to lose the
 * same whole dump becomes whole, and the others hang on it. heir[i]: index + 1 of the row that follows row i. */
static int hang_anew(struct lmdb_wtxn *w, const struct retain_dump *plan, struct lmdb_row *rows, size_t n, size_t i, size_t *heir)
{
	uint64_t at = rows[i].base;
	size_t last = n;
	while (at) {
		const struct retain_dump *base = find(plan, n, at);
		if (!base || base->action == RETAIN_KEEP)
			break;
		last = (size_t)(base - plan);
		at = rows[last].base;
	}
	if (last == n)
		return 0; /* its base stays */
	rows[i].base = at ? at : heir[last] ? rows[heir[last] - 1].d.dump : 0;
	if (!rows[i].base)
		heir[last] = i + 1;
	return rewrite(w, &rows[i]);
}

static int keep_one(void *ctx, struct dump_summary *s)
{
	*(struct dump_summary **)ctx = s;
	return 0;
}

static int make_thin(struct lmdb_wtxn *w, uint64_t dump, struct dump_summary **ret)
{
	struct dump_summary *s = NULL;
	int err = lmdb_walk((struct lmdb *)w->w.s, w->txn, &dump, 1, STORE_KEYS, keep_one, &s);
	if (!err)
		*ret = summary_thin(s);
	summary_free(s);
	return err;
}

/* Whether a dump comes behind all thinned ones: then its rows are appended, which fills the pages. */
static int is_last_thin(struct lmdb_wtxn *w, uint64_t dump, bool *ret)
{
	struct db_key from = db_key_part(dump, 0, 0);
	MDB_cursor *c;
	MDB_val k = {from.n, from.b}, v;
	int rc = mdb_cursor_open(w->txn, ((struct lmdb *)w->w.s)->dbi[DB_thin], &c);
	if (rc)
		return db_err(rc);
	rc = mdb_cursor_get(c, &k, &v, MDB_SET_RANGE);
	mdb_cursor_close(c);
	*ret = rc == MDB_NOTFOUND;
	return *ret ? 0 : db_err(rc);
}

/* Replaces the parts of a dump by those of its thin copy. */
static int thin(struct lmdb_wtxn *w, struct lmdb_row *row, const struct dump_summary *t)
{
	bool last = false;
	int err = lmdb_parts_del((struct lmdb *)w->w.s, w->txn, DB_parts, row->d.dump, -1);
	if (!err)
		err = is_last_thin(w, row->d.dump, &last);
	w->pending -= (int64_t)row->stored;
	row->d.thinned = true;
	row->base = row->place = 0;
	return err ? err : lmdb_save(w, t, row, last);
}

/* All thin copies first: a dump that goes may be the base of the next. Then in rising order, for the appending. */
static int thin_all(struct lmdb_wtxn *w, const struct retain_dump *plan, struct lmdb_row *rows, size_t n)
{
	struct dump_summary **t = xcalloc(n + 1, sizeof(*t));
	int err = 0;
	for (size_t i = 0; i < n && !err; i++)
		if (plan[i].action == RETAIN_THIN)
			err = make_thin(w, rows[i].d.dump, &t[i]);
	for (size_t i = 0; i < n; i++) {
		if (t[i] && !err)
			err = thin(w, &rows[i], t[i]);
		summary_free(t[i]);
	}
	free(t);
	return err;
}

static int drop(struct lmdb_wtxn *w, const struct lmdb_row *row)
{
	struct lmdb *m = (struct lmdb *)w->w.s;
	w->pending -= (int64_t)row->stored;
	int err = lmdb_parts_del(m, w->txn, row->d.thinned ? DB_thin : DB_parts, row->d.dump, -1);
	return err ? err : lmdb_row_del(m, w->txn, &row->d);
}

/* First those that stay are made independent of those that go. */
static int apply(struct lmdb_wtxn *w, struct retain_dump *plan, struct lmdb_row *rows, size_t n)
{
	int err = 0;
	size_t *heir = xcalloc(n + 1, sizeof(*heir));
	for (size_t i = 0; i < n && !err; i++)
		if (plan[i].action == RETAIN_KEEP && rows[i].base)
			err = hang_anew(w, plan, rows, n, i, heir);
	free(heir);
	if (!err)
		err = thin_all(w, plan, rows, n);
	for (size_t i = 0; i < n && !err; i++) {
		if (plan[i].action == RETAIN_DELETE)
			err = drop(w, &rows[i]);
	}
	return err;
}

static int recount(struct lmdb_wtxn *w, const struct retain_dump *plan, size_t n)
{
	uint64_t *procs = xreallocarray(NULL, n + 1, sizeof(*procs));
	size_t k = 0;
	int err = 0;
	for (size_t i = 0; i < n && !err; i++) {
		bool done = plan[i].action == RETAIN_KEEP;
		for (size_t j = 0; j < k && !done; j++)
			done = procs[j] == plan[i].d.proc;
		if (done)
			continue;
		procs[k++] = plan[i].d.proc;
		err = lmdb_proc_recount((struct lmdb *)w->w.s, w->txn, plan[i].d.proc);
	}
	free(procs);
	return err;
}

/* Bytes to free: none below the soft limit, then down to the goal. */
static uint64_t to_free(const struct lmdb_wtxn *w, bool hard)
{
	uint64_t max = ((const struct lmdb *)w->w.s)->max_size;
	int64_t used = (int64_t)w->used + w->pending;
	uint64_t now = used > 0 ? (uint64_t)used : 0;
	uint64_t part = max / DB_SOFT_DEN;
	uint64_t goal = part * (hard ? DB_HARD_NUM : DB_GOAL_NUM);
	if (max && (hard || now > part * DB_SOFT_NUM) && now > goal)
		return now - goal;
	/* Hard without being over the limit: the disk is full, not the store. Give it an eighth. */
	return hard ? now / DB_SOFT_DEN : 0;
}

int lmdb_retain(struct store_wtxn *base, double now, bool hard)
{
	struct lmdb_wtxn *w = (struct lmdb_wtxn *)base;
	struct lmdb *m = (struct lmdb *)base->s;
	struct lmdb_row *rows;
	size_t n;
	int err = lmdb_rows(m, w->txn, 0, &rows, &n);
	if (err)
		return err;
	struct retain_dump *plan = xcalloc(n + 1, sizeof(*plan));
	for (size_t i = 0; i < n; i++)
		plan[i] = (struct retain_dump){.d = rows[i].d, .stored = rows[i].stored};
	struct retain_opts o = {.now = now, .max_age_s = m->s.opts.max_age_s, .detail_dumps = m->s.opts.detail_dumps,
	    .to_free = to_free(w, hard), .hard = hard};
	retain_plan(&o, plan, n);
	err = apply(w, plan, rows, n);
	/* Decoded states may be of dumps that changed. */
	lmdb_chain_done(&w->chain);
	lmdb_chain_init(&w->chain, m, w->txn);
	if (!err)
		err = recount(w, plan, n);
	free(plan);
	free(rows);
	return err;
}
