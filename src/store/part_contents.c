/* What the objects of a signature contain. SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "store/record.h"

/* Columns: name of the type, what is folded, caches; objects with more than the least, and what they have beyond it. */
static const struct table_shape shape = {.nplain = 3, .ntally = 1};

static void contents_save(struct rec_out *o, struct part_state *st)
{
	for (size_t i = 0; i < o->sum->ncontents && !o->err; i++) {
		const struct sum_content *c = &o->sum->contents[i];
		uint64_t *row = table_add(&st->t, o->sigs[c->sig]);
		row[1] = rec_out_name(o, c->type);
		row[2] = c->folded;
		row[3] = c->caches;
		row[4] = c->longer;
		row[5] = c->beyond;
	}
	table_sort(&st->t);
}

static int by_sig(const void *a, const void *b)
{
	const struct sum_content *x = a, *y = b;
	return (x->sig > y->sig) - (x->sig < y->sig);
}

static void contents_load(struct rec_in *in, const struct part_state *st)
{
	const struct table *t = &st->t;
	struct dump_summary *s = in->sum;
	s->contents = xcalloc(t->n + 1, sizeof(*s->contents));
	for (size_t i = 0; i < t->n; i++) {
		const uint64_t *row = t->cells + i * t->stride;
		struct sum_content c = {rec_in_sig_index(in, row[0]), rec_in_name(in, row[1]), .folded = row[2], .caches = row[3],
		    .longer = row[4], .beyond = row[5]};
		if (!in->err && c.sig == UINT32_MAX)
			in->err = HDA_ECORRUPT;
		if (in->err)
			break;
		s->contents[s->ncontents++] = c;
	}
	if (s->ncontents)
		qsort(s->contents, s->ncontents, sizeof(*s->contents), by_sig);
}

const struct part part_contents = {.id = PART_CONTENTS, .name = "contents of signatures", .flags = STORE_GRAPH, .shape = &shape,
    .save = contents_save, .load = contents_load};
