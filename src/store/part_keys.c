/* The table of keys: (type, class, file, line). SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>

#include "base/mem.h"
#include "store/record.h"

/* Columns: all, garbage, retained. What an object keeps alive is most often itself alone. */
static const struct table_shape shape = {.ntally = 3, .like_first = 1 << 2};

static void keys_save(struct rec_out *o, struct part_state *st)
{
	for (size_t i = 0; i < o->sum->nkeys && !o->err; i++) {
		const struct sum_key *k = &o->sum->keys[i];
		o->keys[i] = rec_out_key(o, k->type, k->klass, k->file, k->line);
		uint64_t *row = table_add(&st->t, o->keys[i]);
		row[1] = k->all.count;
		row[2] = k->all.bytes;
		row[3] = k->garbage.count;
		row[4] = k->garbage.bytes;
		row[5] = k->retained.count;
		row[6] = k->retained.bytes;
	}
	table_sort(&st->t);
}

static void fill(struct rec_in *in, const struct table *t, const uint32_t *order)
{
	struct dump_summary *s = in->sum;
	s->keys = xreallocarray(NULL, t->n, sizeof(*s->keys));
	for (size_t i = 0; i < t->n; i++) {
		const uint64_t *row = t->cells + order[i] * (size_t)t->stride;
		struct rec_key *k = rec_in_key(in, row[0]);
		if (!k)
			return;
		k->index = (uint32_t)i;
		k->stamp = in->stamp;
		s->keys[i] = (struct sum_key){.type = k->type, .klass = k->klass, .file = k->file, .line = k->line,
		    .all = {row[1], row[2]}, .garbage = {row[3], row[4]}, .retained = {row[5], row[6]}};
		s->nkeys = i + 1;
	}
}

static void keys_load(struct rec_in *in, const struct part_state *st)
{
	const struct table *t = &st->t;
	if (t->n > UINT32_MAX) {
		in->err = HDA_ECORRUPT;
		return;
	}
	uint64_t *bytes = xreallocarray(NULL, t->n, 2 * sizeof(*bytes)), *count = bytes + t->n;
	uint32_t *order = xreallocarray(NULL, t->n, sizeof(*order));
	for (size_t i = 0; i < t->n; i++) {
		const uint64_t *row = t->cells + i * t->stride;
		count[i] = row[1];
		bytes[i] = row[2];
		/* In the order of the dictionary, where reading it is a walk and not a hunt. */
		if (!rec_in_key(in, row[0]))
			break;
	}
	if (!in->err) {
		order_falling(order, bytes, count, t->n);
		fill(in, t, order);
	}
	free(order);
	free(bytes);
}

const struct part part_keys = {.id = PART_KEYS, .name = "keys", .flags = STORE_KEYS | STORE_GENKEYS | STORE_EDGE_ADDRS | STORE_KEY_SIGS,
    .shape = &shape, .save = keys_save, .load = keys_load};
