/* Tallies by path signature. SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>

#include "base/assert.h"
#include "base/mem.h"
#include "store/record.h"

/* Columns: longest chain folded (0 for 1); parent and class where they differ from the dictionary's (number + 1); own, retained. */
static const struct table_shape shape = {.nplain = 3, .ntally = 2, .like_first = 1 << 1};

/* Numbers of all signatures, then the definitions of the new ones: a parent needs its number first. */
static void define(struct rec_out *o)
{
	const struct dump_summary *s = o->sum;
	bool *fresh = xcalloc(s->nsigs + 1, sizeof(*fresh));
	for (size_t i = 0; i < s->nsigs && !o->err; i++)
		o->err = o->dict->sig_put(o->dict, s->sigs[i].id, &o->sigs[i], &fresh[i]);
	for (size_t i = 0; i < s->nsigs && !o->err; i++) {
		const struct sum_sig *g = &s->sigs[i];
		if (!fresh[i])
			continue;
		HDA_ASSERT(g->parent == UINT32_MAX || g->parent < s->nsigs);
		struct dict_sig def = {g->id, g->parent == UINT32_MAX ? 0 : o->sigs[g->parent], rec_out_name(o, g->klass)};
		if (!o->err)
			o->err = o->dict->sig_def(o->dict, o->sigs[i], &def);
	}
	free(fresh);
}

static void sigs_save(struct rec_out *o, struct part_state *st)
{
	const struct dump_summary *s = o->sum;
	define(o);
	for (size_t i = 0; i < s->nsigs && !o->err; i++) {
		const struct sum_sig *g = &s->sigs[i];
		struct dict_sig def;
		o->err = o->dict->sig_get(o->dict, o->sigs[i], &def);
		uint32_t parent = g->parent == UINT32_MAX ? 0 : o->sigs[g->parent], klass = rec_out_name(o, g->klass);
		if (o->err)
			return;
		uint64_t *row = table_add(&st->t, o->sigs[i]);
		row[1] = (uint64_t)g->repeat - 1;
		row[2] = parent == def.parent ? 0 : (uint64_t)parent + 1;
		row[3] = klass == def.klass ? 0 : (uint64_t)klass + 1;
		row[4] = g->own.count;
		row[5] = g->own.bytes;
		row[6] = g->retained.count;
		row[7] = g->retained.bytes;
	}
	table_sort(&st->t);
}

static void fill(struct rec_in *in, const struct table *t, const struct dict_sig *def, const uint32_t *order)
{
	struct dump_summary *s = in->sum;
	in->sig_ids = xreallocarray(in->sig_ids, t->n, sizeof(*in->sig_ids));
	in->sig_index = xreallocarray(in->sig_index, t->n, sizeof(*in->sig_index));
	for (size_t i = 0; i < t->n; i++) {
		in->sig_ids[i] = (uint32_t)t->cells[i * t->stride];
		in->sig_index[order[i]] = (uint32_t)i;
	}
	in->nsigs = t->n;
	s->sigs = xcalloc(t->n, sizeof(*s->sigs));
	s->nsigs = t->n;
	for (size_t i = 0; i < t->n; i++) {
		const uint64_t *row = t->cells + order[i] * (size_t)t->stride;
		const struct dict_sig *g = &def[order[i]];
		s->sigs[i] = (struct sum_sig){.id = g->hash, .repeat = (uint32_t)(row[1] + 1),
		    .parent = rec_in_sig_index(in, row[2] ? row[2] - 1 : g->parent),
		    .klass = rec_in_name(in, row[3] ? row[3] - 1 : g->klass), .own = {row[4], row[5]},
		    .retained = {row[6], row[7]}};
	}
}

static void sigs_load(struct rec_in *in, const struct part_state *st)
{
	const struct table *t = &st->t;
	struct dict_sig *def = xreallocarray(NULL, t->n, sizeof(*def));
	uint64_t *hash = xreallocarray(NULL, t->n, sizeof(*hash));
	uint32_t *order = xreallocarray(NULL, t->n, sizeof(*order));
	for (size_t i = 0; i < t->n && !in->err; i++) {
		const struct dict_sig *sig = rec_in_sig(in, t->cells[i * t->stride]);
		if (!sig)
			break;
		def[i] = *sig;
		hash[i] = sig->hash;
	}
	if (!in->err) {
		order_rising(order, hash, t->n);
		fill(in, t, def, order);
	}
	free(order);
	free(hash);
	free(def);
}

const struct part part_sigs = {.id = PART_SIGS, .name = "signatures", .flags = STORE_GRAPH | STORE_KEY_SIGS, .shape = &shape,
    .save = sigs_save, .load = sigs_load};
