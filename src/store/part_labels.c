/* How steps of paths are shown where more is known than a class. SPDX-License-Identifier: BSD-2-Clause */
#include "store/record.h"

/* By number of the signature. Column: number of the name. */
static const struct table_shape shape = {.nplain = 1};

static void labels_save(struct rec_out *o, struct part_state *st)
{
	for (size_t i = 0; i < o->sum->nsigs && !o->err; i++) {
		const struct sum_sig *g = &o->sum->sigs[i];
		if (g->label)
			table_add(&st->t, o->sigs[i])[1] = rec_out_name(o, g->label);
	}
	table_sort(&st->t);
}

static void labels_load(struct rec_in *in, const struct part_state *st)
{
	const struct table *t = &st->t;
	for (size_t i = 0; i < t->n && !in->err; i++) {
		const uint64_t *row = t->cells + i * t->stride;
		uint32_t sig = rec_in_sig_index(in, row[0]);
		if (sig < in->sum->nsigs)
			in->sum->sigs[sig].label = rec_in_name(in, row[1]);
	}
}

const struct part part_labels = {.id = PART_LABELS, .name = "labels of signatures", .flags = STORE_GRAPH, .shape = &shape,
    .save = labels_save, .load = labels_load};
