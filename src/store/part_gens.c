/* Totals by generation, and (generation x key). SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/record.h"

static const struct table_shape shape = {.ntally = 1};
/* Of births: how many are dead, before the tally. */
static const struct table_shape births_shape = {.nplain = 1, .ntally = 1};

static void gens_save(struct rec_out *o, struct part_state *st)
{
	for (size_t i = 0; i < o->sum->ngens; i++) {
		uint64_t *row = table_add(&st->t, o->sum->gens[i].generation);
		row[1] = o->sum->gens[i].t.count;
		row[2] = o->sum->gens[i].t.bytes;
	}
	table_sort(&st->t);
}

static void gens_load(struct rec_in *in, const struct part_state *st)
{
	struct dump_summary *s = in->sum;
	s->gens = xreallocarray(NULL, st->t.n, sizeof(*s->gens));
	s->ngens = st->t.n;
	for (size_t i = 0; i < s->ngens; i++) {
		const uint64_t *row = st->t.cells + i * st->t.stride;
		s->gens[i] = (struct sum_gen){row[0], {row[1], row[2]}};
	}
}

/* A row's key is generation << 32 | key number. GC counts stay far below 2^32; should one not, the table is left out. */
static void births_save(struct rec_out *o, struct part_state *st)
{
	const struct dump_summary *s = o->sum;
	table_reserve(&st->t, s->ngenkeys);
	for (size_t i = 0; i < s->ngenkeys; i++) {
		const struct sum_genkey *g = &s->genkeys[i];
		if (g->generation > UINT32_MAX) {
			st->t.n = 0;
			return;
		}
		uint64_t *row = table_add(&st->t, g->generation << 32 | o->keys[g->key]);
		row[1] = g->dead;
		row[2] = g->t.count;
		row[3] = g->t.bytes;
	}
	table_sort(&st->t);
}

/* The rows come by key number; the summary wants them by index into its keys: a stable counting sort by index, then by
 * generation, whose groups are known. */
static void load(struct rec_in *in, const struct table *t, bool dead)
{
	struct dump_summary *s = in->sum;
	uint32_t *index = xreallocarray(NULL, t->n, sizeof(*index)), *order = xreallocarray(NULL, t->n, sizeof(*order));
	size_t *start = xcalloc(s->nkeys + 1, sizeof(*start));
	size_t *place = xreallocarray(NULL, t->n, sizeof(*place)); /* by first row of a generation: where its next row goes */
	uint32_t *group = xreallocarray(NULL, t->n, sizeof(*group));
	for (size_t i = 0; i < t->n; i++) {
		uint64_t key = t->cells[i * t->stride];
		index[i] = rec_in_key_index(in, key & UINT32_MAX);
		if (in->err)
			goto out;
		start[index[i] + 1]++;
		bool same = i && key >> 32 == t->cells[(i - 1) * t->stride] >> 32;
		group[i] = same ? group[i - 1] : (uint32_t)i;
		place[i] = i;
	}
	for (size_t k = 0; k < s->nkeys; k++)
		start[k + 1] += start[k];
	for (size_t i = 0; i < t->n; i++)
		order[start[index[i]]++] = (uint32_t)i;
	s->genkeys = xreallocarray(NULL, t->n, sizeof(*s->genkeys));
	s->ngenkeys = t->n;
	for (size_t i = 0; i < t->n; i++) {
		const uint64_t *row = t->cells + order[i] * (size_t)t->stride, *all = row + 1 + dead;
		uint64_t gone = dead ? row[1] : 0;
		s->genkeys[place[group[order[i]]]++] = (struct sum_genkey){
		    row[0] >> 32, index[order[i]], (uint32_t)(gone < all[0] ? gone : all[0]), {all[0], all[1]}};
	}
out:
	free(group);
	free(place);
	free(start);
	free(order);
	free(index);
}

/* Written before it was known which of them are dead. */
static void genkeys_save(struct rec_out *o, struct part_state *st)
{
	(void)o;
	(void)st;
}

static void genkeys_load(struct rec_in *in, const struct part_state *st) { load(in, &st->t, false); }

static void births_load(struct rec_in *in, const struct part_state *st) { load(in, &st->t, true); }

const struct part part_gens = {.id = PART_GENS, .name = "generations", .flags = STORE_GENS, .shape = &shape,
    .save = gens_save, .load = gens_load};
const struct part part_genkeys = {.id = PART_GENKEYS, .name = "generation x key, of old", .flags = STORE_GENKEYS, .shape = &shape,
    .save = genkeys_save, .load = genkeys_load};
const struct part part_births = {.id = PART_BIRTHS, .name = "generation x key", .flags = STORE_GENKEYS, .shape = &births_shape,
    .save = births_save, .load = births_load};
