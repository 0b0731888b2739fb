/* Walks over dumps in LMDB. SPDX-License-Identifier: BSD-2-Clause
 *
 * What two dumps share is decoded once: the chain of differences, and the texts. A walk over keys alone does not even make summaries: rows
 * are lent as they lie in the chain, and each number of the dictionary is looked up once, when somebody asks what it means. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/lmdb_int.h"

/* One dump of a walk. */
static int load(struct lmdb_chain *c, struct rec_in *in, uint64_t dump, unsigned parts, struct dump_summary *s)
{
	struct lmdb_row row;
	int err = lmdb_row_get(c->m, c->txn, dump, &row);
	if (err)
		return err;
	s->dump = dump;
	s->proc = row.d.proc;
	rec_in_begin(in, s);
	for (int i = 0; i < PARTS && !err; i++) {
		const struct part *p = parts_all[i];
		const struct part_state *st;
		if (p->flags && !(p->flags & parts))
			continue;
		err = lmdb_chain_seek(c, p, dump, &st);
		if (!err && !part_empty(p, st))
			p->load(in, st);
		if (!err)
			err = in->err;
	}
	return err;
}

int lmdb_walk(struct lmdb *m, MDB_txn *txn, const uint64_t *dumps, size_t n, unsigned parts,
    int (*each)(void *ctx, struct dump_summary *s), void *ctx)
{
	struct lmdb_chain c;
	struct lmdb_dict dict;
	struct rec_in in;
	int err = 0;
	lmdb_chain_init(&c, m, txn);
	c.walks = n > 1;
	lmdb_dict_init(&dict, m, txn);
	rec_in_init(&in, &dict.d);
	for (size_t i = 0; i < n && !err; i++) {
		struct dump_summary *s = summary_new();
		err = load(&c, &in, dumps[i], parts, s);
		if (err) {
			summary_free(s);
			break;
		}
		strtab_done(&s->names);
		if (i + 1 == n) {
			s->names = in.names;
			strtab_init(&in.names);
		} else {
			strtab_clone(&s->names, &in.names);
		}
		err = each(ctx, s);
	}
	rec_in_done(&in);
	lmdb_dict_done(&dict);
	lmdb_chain_done(&c);
	return err;
}

/* A walk over keys: what is lent begins it. */
struct keys_walk {
	struct store_keys lent;
	struct rec_in in;
};

static int key_of(const struct store_keys *k, uint64_t number, uint32_t ret[4])
{
	struct rec_in *in = &((struct keys_walk *)(uintptr_t)k)->in; /* lent as const: to the borrower it is */
	const struct rec_key *key = rec_in_key(in, number);
	if (!key)
		return in->err;
	ret[0] = key->type;
	ret[1] = key->klass;
	ret[2] = key->file;
	ret[3] = key->line;
	return 0;
}

int lmdb_walk_keys(struct lmdb *m, MDB_txn *txn, const uint64_t *dumps, size_t n,
    int (*each)(void *ctx, const struct store_keys *k), void *ctx)
{
	struct lmdb_chain c;
	struct lmdb_dict dict;
	struct keys_walk w = {.lent = {.key = key_of}};
	int err = 0;
	lmdb_chain_init(&c, m, txn);
	c.walks = n > 1;
	lmdb_dict_init(&dict, m, txn);
	rec_in_init(&w.in, &dict.d);
	w.lent.names = &w.in.names;
	for (size_t i = 0; i < n && !err; i++) {
		struct lmdb_row row;
		const struct part_state *st;
		err = lmdb_row_get(m, txn, dumps[i], &row);
		if (!err)
			err = lmdb_chain_seek(&c, &part_keys, dumps[i], &st);
		if (err)
			break;
		w.lent.dump = dumps[i];
		w.lent.n = st->t.n;
		w.lent.cells = st->t.cells;
		err = each(ctx, &w.lent);
		err = w.in.err ? w.in.err : err;
	}
	rec_in_done(&w.in);
	lmdb_dict_done(&dict);
	lmdb_chain_done(&c);
	return err;
}
