/* What the objects of each type come to: the keys' sums. SPDX-License-Identifier: BSD-2-Clause
 *
 * A trend by type over many dumps reads some 20 rows a dump instead of all that changed among the keys. Dumps of stores written before
 * this part have none; of a thinned one they are summed when it is read. */
#include <stdlib.h>

#include "base/mem.h"
#include "store/copy.h"
#include "store/record.h"

static const struct table_shape shape = {.ntally = 1};

static void types_save(struct rec_out *o, struct part_state *st)
{
	size_t n = 0;
	_cleanup_free_ struct sum_type *t = summary_types(o->sum, &n);
	for (size_t i = 0; i < n && !o->err; i++) {
		uint64_t *row = table_add(&st->t, rec_out_key(o, t[i].type, 0, 0, 0));
		row[1] = t[i].all.count;
		row[2] = t[i].all.bytes;
	}
	table_sort(&st->t);
}

static void types_load(struct rec_in *in, const struct part_state *st)
{
	const struct table *t = &st->t;
	struct dump_summary *s = in->sum;
	s->types = xcalloc(t->n, sizeof(*s->types));
	for (size_t i = 0; i < t->n; i++) {
		const uint64_t *row = t->cells + i * t->stride;
		const struct rec_key *k = rec_in_key(in, row[0]);
		if (!k)
			return;
		s->types[i] = (struct sum_type){k->type, {row[1], row[2]}};
		s->ntypes = i + 1;
	}
}

const struct part part_types = {.id = PART_TYPES, .name = "types", .flags = STORE_TYPES, .thin_none = true, .shape = &shape,
    .save = types_save, .load = types_load};
