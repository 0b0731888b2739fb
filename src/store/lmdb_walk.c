/* Walks over dumps in LMDB. SPDX-License-Identifier: BSD-2-Clause
 *
 * What two dumps share is decoded once: the chain of differences, and the texts. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/copy.h"
#include "store/lmdb_int.h"

/* The sums by type of a thinned dump, from its keys, which are all there is of it. */
static void sum_types(struct dump_summary *s, unsigned parts)
{
	s->types = summary_types(s, &s->ntypes);
	if (parts & part_keys.flags)
		return;
	free(s->keys);
	s->keys = NULL;
	s->nkeys = 0;
}

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
	bool sums = row.d.thinned && parts & STORE_TYPES;
	unsigned asked = sums ? parts | STORE_KEYS : parts;
	for (int i = 0; i < PARTS && !err; i++) {
		const struct part *p = parts_all[i];
		const struct part_state *st;
		if (p->flags ? !(p->flags & asked) : asked & STORE_BARE)
			continue;
		err = lmdb_chain_seek(c, p, dump, &st);
		if (!err && !part_empty(p, st))
			p->load(in, st);
		if (!err)
			err = in->err;
	}
	if (!err && sums)
		sum_types(s, parts);
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
