/* Walks over the keys of dumps in LMDB. SPDX-License-Identifier: BSD-2-Clause
 *
 * For sums over many dumps. There is one state, the figures of all keys, that goes from dump to dump by what is written as a difference: a
 * row that has not changed costs nothing. The bases of dumps are a tree (lmdb_base.c), and the next dump often is a difference from an
 * earlier one than the last: so what a difference does is written down, and taken back on the way to where the two ways part. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/lmdb_int.h"

/* Of all columns that the table of keys has, the first tally. */
static const struct table_shape kept = {.ntally = 1};
enum { KEY, COUNT, BYTES }; /* a row of it */
enum { PAGE_BITS = 10, PAGE = 1 << PAGE_BITS };

struct changes {
	struct store_change *c;
	size_t n, cap;
};

/* A dump on the way from a whole record to the state, and the way back from it. */
struct link {
	uint64_t dump;
	struct changes made;
	uint32_t *order;      /* the walk's before this link, where the link has changed it; else NULL */
	size_t n;
};

struct keys_walk {
	struct store_keys lent; /* begins it: what is lent */
	struct rec_in in;
	struct lmdb_chain c;
	struct table_diff diff;
	uint32_t **pages;       /* by id in the dictionary >> PAGE_BITS: number + 1, 0 = none; ids of a process mostly lie near each other */
	size_t npages;
	/* by number */
	uint32_t *ids;          /* the other way round */
	struct figures { uint64_t count, bytes; } *key;
	bool *there;
	size_t nkeys, cap_ids, cap_keys, cap_there;
	uint32_t *order;        /* numbers of the keys of the dump, in the order of their ids */
	struct link way[DB_CHAIN_MAX];
	size_t nway;
	size_t late;            /* so many changes of the last link, those of rows that stay, are not in `key` yet: most dumps are the base of
	                         * none that comes, and then they never are */
	/* What the last move did: links taken back, a whole record, links from `fresh` on. */
	struct changes back[DB_CHAIN_MAX], jump; /* back: the last of `way` first, which had `tip` links */
	size_t nback, tip, fresh;
	struct store_run runs[2 * DB_CHAIN_MAX + 1];
};

/* Where the number of an id stands. */
static uint32_t *place_of(struct keys_walk *w, uint64_t id)
{
	size_t page = id >> PAGE_BITS;
	if (page >= w->npages) {
		w->pages = xreallocarray(w->pages, page + 1, sizeof(*w->pages));
		memset(w->pages + w->npages, 0, (page + 1 - w->npages) * sizeof(*w->pages));
		w->npages = page + 1;
	}
	if (!w->pages[page])
		w->pages[page] = xcalloc(PAGE, sizeof(**w->pages));
	return &w->pages[page][id % PAGE];
}

/* The number of a key, HDA_ECORRUPT when it can have none. */
static int number_of(struct keys_walk *w, uint64_t id, uint32_t *ret)
{
	if (id == 0 || id > UINT32_MAX)
		return HDA_ECORRUPT;
	uint32_t *at = place_of(w, id);
	if (*at == 0) {
		w->ids = xgrow(w->ids, w->nkeys, &w->cap_ids, sizeof(*w->ids));
		w->key = xgrow(w->key, w->nkeys, &w->cap_keys, sizeof(*w->key));
		w->there = xgrow(w->there, w->nkeys, &w->cap_there, sizeof(*w->there));
		w->ids[w->nkeys] = (uint32_t)id;
		w->key[w->nkeys] = (struct figures){0};
		w->there[w->nkeys] = false;
		*at = (uint32_t)++w->nkeys;
	}
	*ret = *at - 1;
	return 0;
}

/* Makes room for n changes more. */
static void room(struct changes *c, size_t n)
{
	if (c->cap - c->n >= n)
		return;
	c->cap = 2 * (c->n + n);
	c->c = xreallocarray(c->c, c->cap, sizeof(*c->c));
}

static void change(struct keys_walk *w, struct changes *log, uint32_t number, uint64_t count, uint64_t bytes)
{
	log->c[log->n++] = (struct store_change){number, count, bytes};
	w->key[number].count += count;
	w->key[number].bytes += bytes;
}

static void leave(struct keys_walk *w, struct changes *log, uint32_t number)
{
	change(w, log, number, -w->key[number].count, -w->key[number].bytes);
	w->there[number] = false;
}

static int come(struct keys_walk *w, struct changes *log, const uint64_t *row, uint32_t *ret)
{
	int err = number_of(w, row[KEY], ret);
	if (err || w->there[*ret])
		return HDA_ECORRUPT;
	change(w, log, *ret, row[COUNT], row[BYTES]);
	w->there[*ret] = true;
	return 0;
}

static void mark(struct keys_walk *w, bool there)
{
	for (size_t i = 0; i < w->lent.n; i++)
		w->there[w->order[i]] = there;
}

/* What is late. */
static void catch_up(struct keys_walk *w)
{
	const struct store_change *c = w->late ? w->way[w->nway - 1].made.c : NULL;
	for (size_t i = 0; i < w->late; i++) {
		w->key[c[i].number].count += c[i].count;
		w->key[c[i].number].bytes += c[i].bytes;
	}
	w->late = 0;
}

/* Back to the state before the last link. */
static void go_back(struct keys_walk *w)
{
	struct link *l = &w->way[--w->nway];
	struct changes *back = &w->back[w->nback++], made = l->made;
	struct figures *key = w->key;
	for (size_t i = w->late; i < made.n; i++) {
		key[made.c[i].number].count -= made.c[i].count;
		key[made.c[i].number].bytes -= made.c[i].bytes;
	}
	w->late = 0;
	l->made = *back;
	*back = made;
	if (!l->order)
		return;
	mark(w, false);
	free(w->order);
	w->order = l->order;
	w->lent.n = l->n;
	l->order = NULL;
	mark(w, true);
}

/* The first of order[from..n) whose id is not below. */
static size_t find(const struct keys_walk *w, size_t from, size_t n, uint64_t id)
{
	size_t to = n;
	while (from < to) {
		size_t mid = from + (to - from) / 2;
		if (w->ids[w->order[mid]] < id)
			from = mid + 1;
		else
			to = mid;
	}
	return from;
}

/* Copies order[*from..to) without what is gone to out, and returns where that ends. */
static uint32_t *keep(const struct keys_walk *w, uint32_t *out, size_t *from, size_t to, size_t *gone)
{
	const struct table_diff *d = &w->diff;
	while (*from < to) {
		size_t stop = *gone < d->ngone && d->gone[*gone] < to ? d->gone[*gone] : to;
		memcpy(out, w->order + *from, (stop - *from) * sizeof(*out));
		out += stop - *from;
		*from = stop + (stop < to);
		*gone += stop < to;
	}
	return out;
}

/* What is gone leaves, what is added comes; the old order is the link's. */
static int reorder(struct keys_walk *w, struct link *l)
{
	const struct table_diff *d = &w->diff;
	size_t from = 0, gone = 0;
	uint32_t *order = xreallocarray(NULL, w->lent.n + d->added.n + 1, sizeof(*order)), *out = order;
	for (size_t i = 0; i < d->ngone; i++)
		leave(w, &l->made, w->order[d->gone[i]]);
	for (size_t i = 0; i < d->added.n; i++) {
		const uint64_t *row = d->added.cells + i * d->added.stride;
		uint32_t number;
		if (come(w, &l->made, row, &number)) {
			free(order);
			return HDA_ECORRUPT;
		}
		out = keep(w, out, &from, find(w, from, w->lent.n, row[KEY]), &gone);
		*out++ = number;
	}
	out = keep(w, out, &from, w->lent.n, &gone);
	l->order = w->order;
	l->n = w->lent.n;
	w->order = order;
	w->lent.n = (size_t)(out - order);
	return 0;
}

static struct link *push(struct keys_walk *w, uint64_t dump)
{
	struct link *l = &w->way[w->nway++];
	l->dump = dump;
	l->made.n = 0;
	return l;
}

/* The rows that stay. The loop that all the time goes into: what does not change in it is held in variables. */
static void go_changed(struct keys_walk *w, struct changes *made)
{
	const struct table_diff *d = &w->diff;
	const uint64_t *row = d->changed.cells;
	const uint32_t *order = w->order;
	const struct figures *key = w->key;
	struct store_change *c = made->c;
	for (size_t i = 0; i < d->nwhere; i++, row += 1 + BYTES, c++) {
		uint32_t number = order[d->where[i]];
		uint64_t base[] = {key[number].count, key[number].bytes};
		*c = (struct store_change){number, row[COUNT], table_gain(row + COUNT, base)};
	}
	made->n = w->late = d->nwhere;
}

/* From the state of a difference's base to that of the dump. */
static int go_on(struct keys_walk *w, uint64_t dump)
{
	catch_up(w);
	struct link *l = push(w, dump);
	const struct table_diff *d = &w->diff;
	if (d->whole)
		return HDA_ECORRUPT;
	room(&l->made, d->nwhere + d->ngone + d->added.n);
	go_changed(w, &l->made);
	return d->ngone || d->added.n ? reorder(w, l) : 0;
}

/* From any state to that of a whole record. */
static int go_to(struct keys_walk *w, uint64_t dump, const struct table *t)
{
	int err = 0;
	catch_up(w);
	room(&w->jump, w->lent.n + t->n);
	for (size_t i = 0; i < w->lent.n; i++)
		leave(w, &w->jump, w->order[i]);
	while (w->nway) {
		free(w->way[--w->nway].order);
		w->way[w->nway].order = NULL;
	}
	w->order = xreallocarray(w->order, t->n + 1, sizeof(*w->order));
	for (w->lent.n = 0; w->lent.n < t->n && !err; w->lent.n++)
		err = come(w, &w->jump, t->cells + w->lent.n * t->stride, &w->order[w->lent.n]);
	push(w, dump);
	w->fresh = w->nway;
	return err;
}

/* A record into w->diff. */
static int take_apart(struct keys_walk *w, uint64_t dump)
{
	struct dec d;
	int err = lmdb_part_read(&w->c, &part_keys, dump, (struct span){NULL, 0});
	if (err)
		return err == HDA_ENOTFOUND ? HDA_ECORRUPT : err;
	dec_init(&d, w->c.raw.p, w->c.raw.n);
	return table_diff_read(&d, part_keys.shape, w->lent.n, &w->diff);
}

/* Begins a way: at a whole record, or at a dump without keys. */
static int begin(struct keys_walk *w, uint64_t dump, bool empty)
{
	static const struct table none;
	int err = empty ? 0 : take_apart(w, dump);
	if (!err && !empty && !w->diff.whole)
		err = HDA_ECORRUPT;
	return err ? err : go_to(w, dump, empty ? &none : &w->diff.added);
}

/* How many links of the way are left when it ends at dump; 0: it is not on it. */
static size_t on_way(const struct keys_walk *w, uint64_t dump)
{
	size_t n = w->nway;
	while (n && w->way[n - 1].dump != dump)
		n--;
	return n;
}

static int seek(struct keys_walk *w, uint64_t dump)
{
	uint64_t todo[DB_CHAIN_MAX], at = dump;
	size_t n = 0, left;
	unsigned level;
	int err = 0;
	while ((left = on_way(w, at)) == 0 && !err && at) {
		if (n == DB_CHAIN_MAX)
			return HDA_ECORRUPT;
		todo[n++] = at;
		err = lmdb_part_base(&w->c, &part_keys, at, &at, &level);
	}
	if (err && err != HDA_ENOTFOUND)
		return err;
	bool empty = err == HDA_ENOTFOUND;
	struct lmdb_row row;
	/* The row of one that differs has just been read. */
	err = !left && n == 1 ? lmdb_row_get(w->c.m, w->c.txn, dump, &row) : 0;
	if (err)
		return err;
	w->nback = w->jump.n = 0;
	w->tip = w->nway;
	while (left && w->nway > left)
		go_back(w);
	w->fresh = w->nway;
	err = left ? 0 : begin(w, todo[--n], empty);
	if (w->nway + n > DB_CHAIN_MAX)
		return HDA_ECORRUPT;
	while (n && !err) {
		err = take_apart(w, todo[--n]);
		if (!err)
			err = go_on(w, todo[n]);
	}
	return err;
}

static void lend(struct keys_walk *w, uint64_t dump)
{
	struct store_keys *k = &w->lent;
	k->dump = dump;
	k->nkeys = w->nkeys;
	k->there = w->there;
	k->nruns = 0;
	for (size_t i = 0; i < w->nback; i++)
		w->runs[k->nruns++] = (struct store_run){w->back[i].c, w->back[i].n, true, (unsigned)(w->tip - 1 - i)};
	w->runs[k->nruns++] = (struct store_run){w->jump.c, w->jump.n, false, STORE_LINK_NONE};
	for (size_t i = w->fresh; i < w->nway; i++)
		w->runs[k->nruns++] = (struct store_run){w->way[i].made.c, w->way[i].made.n, false, (unsigned)i};
	k->runs = w->runs;
}

static int mean(const struct store_keys *k, uint32_t number, uint32_t ret[4])
{
	struct keys_walk *w = (struct keys_walk *)(uintptr_t)k; /* lent as const: to the borrower it is */
	if (w->in.dict->key_get(w->in.dict, w->ids[number], ret))
		return HDA_ECORRUPT;
	for (int i = 0; i < 3; i++)
		ret[i] = rec_in_name(&w->in, ret[i]);
	return w->in.err;
}

static void walk_done(struct keys_walk *w)
{
	for (size_t i = 0; i < DB_CHAIN_MAX; i++) {
		free(w->way[i].made.c);
		free(w->way[i].order);
		free(w->back[i].c);
	}
	free(w->jump.c);
	table_diff_done(&w->diff);
	for (size_t i = 0; i < w->npages; i++)
		free(w->pages[i]);
	free(w->pages);
	free(w->ids);
	free(w->key);
	free(w->there);
	free(w->order);
	rec_in_done(&w->in);
	lmdb_chain_done(&w->c);
	free(w);
}

int lmdb_walk_keys(struct lmdb *m, MDB_txn *txn, const uint64_t *dumps, size_t n,
    int (*each)(void *ctx, const struct store_keys *k), void *ctx)
{
	struct lmdb_dict dict;
	struct keys_walk *w = xcalloc(1, sizeof(*w));
	int err = 0;
	lmdb_chain_init(&w->c, m, txn);
	lmdb_dict_init(&dict, m, txn);
	rec_in_init(&w->in, &dict.d);
	table_diff_init(&w->diff, &kept);
	w->lent.mean = mean;
	w->lent.names = &w->in.names;
	for (size_t i = 0; i < n && !err; i++) {
		err = seek(w, dumps[i]);
		if (err)
			break;
		lend(w, dumps[i]);
		err = each(ctx, &w->lent);
	}
	walk_done(w);
	lmdb_dict_done(&dict);
	return err;
}
