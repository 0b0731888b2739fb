/* Signatures of keys. SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>

#include "base/mem.h"
#include "store/record.h"

/* Column: number of the signature. */
static const struct table_shape shape = {.nplain = 1};

static void key_sigs_save(struct rec_out *o, struct part_state *st)
{
	for (size_t i = 0; i < o->sum->nkey_sigs && !o->err; i++) {
		const struct sum_key_sig *k = &o->sum->key_sigs[i];
		uint64_t *row = table_add(&st->t, o->keys[k->key]);
		row[1] = o->sigs[k->sig];
	}
	table_sort(&st->t);
}

static int by_key(const void *a, const void *b)
{
	const struct sum_key_sig *x = a, *y = b;
	return (x->key > y->key) - (x->key < y->key);
}

static void key_sigs_load(struct rec_in *in, const struct part_state *st)
{
	const struct table *t = &st->t;
	struct dump_summary *s = in->sum;
	s->key_sigs = xcalloc(t->n, sizeof(*s->key_sigs));
	for (size_t i = 0; i < t->n; i++) {
		const uint64_t *row = t->cells + i * t->stride;
		struct sum_key_sig k = {rec_in_key_index(in, row[0]), rec_in_sig_index(in, row[1])};
		if (in->err || k.sig == UINT32_MAX)
			break;
		s->key_sigs[s->nkey_sigs++] = k;
	}
	if (s->nkey_sigs)
		qsort(s->key_sigs, s->nkey_sigs, sizeof(*s->key_sigs), by_key);
}

const struct part part_key_sigs = {.id = PART_KEY_SIGS, .name = "signatures of keys", .flags = STORE_KEY_SIGS, .shape = &shape,
    .save = key_sigs_save, .load = key_sigs_load};
