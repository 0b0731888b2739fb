/* What classes, sites, types and gems keep alive. SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>

#include "base/mem.h"
#include "store/record.h"

static const struct table_shape shape = {.ntally = 1};

enum group { BY_CLASS = 0, BY_SITE = 1, BY_TYPE = 2, BY_GEM = 3, GROUPS = 4 }; /* upper half of a row's key; on disk: never renumber */

static void group_save(struct rec_out *o, struct table *t, enum group g, const struct sum_ret *r, size_t n)
{
	for (size_t i = 0; i < n && !o->err; i++) {
		uint32_t key = rec_out_key(o, g == BY_TYPE ? r[i].name : 0, g == BY_CLASS ? r[i].name : 0,
		    g == BY_SITE || g == BY_GEM ? r[i].name : 0, r[i].line);
		uint64_t *row = table_add(t, (uint64_t)g << 32 | key);
		row[1] = r[i].retained.count;
		row[2] = r[i].retained.bytes;
	}
}

static void retained_save(struct rec_out *o, struct part_state *st)
{
	const struct dump_summary *s = o->sum;
	group_save(o, &st->t, BY_CLASS, s->ret_class, s->nret_class);
	group_save(o, &st->t, BY_SITE, s->ret_site, s->nret_site);
	group_save(o, &st->t, BY_TYPE, s->ret_type, s->nret_type);
	group_save(o, &st->t, BY_GEM, s->ret_gem, s->nret_gem);
	table_sort(&st->t);
}

static int ret_cmp(const void *pa, const void *pb)
{
	const struct sum_ret *a = pa, *b = pb;
	if (a->retained.bytes != b->retained.bytes)
		return a->retained.bytes > b->retained.bytes ? -1 : 1;
	if (a->retained.count != b->retained.count)
		return a->retained.count > b->retained.count ? -1 : 1;
	return 0;
}

static void retained_load(struct rec_in *in, const struct part_state *st)
{
	const struct table *t = &st->t;
	struct dump_summary *s = in->sum;
	struct sum_ret *rows[GROUPS];
	size_t n[GROUPS] = {0};
	for (int g = 0; g < GROUPS; g++)
		rows[g] = xcalloc(t->n, sizeof(*rows[g]));
	for (size_t i = 0; i < t->n && !in->err; i++) {
		const uint64_t *row = t->cells + i * t->stride;
		uint64_t g = row[0] >> 32;
		const struct rec_key *k = rec_in_key(in, row[0] & UINT32_MAX);
		if (!k || g >= GROUPS) {
			in->err = HDA_ECORRUPT;
			break;
		}
		rows[g][n[g]++] = (struct sum_ret){g == BY_CLASS ? k->klass : g == BY_SITE || g == BY_GEM ? k->file : k->type, k->line,
		    {row[1], row[2]}};
	}
	for (int g = 0; g < GROUPS; g++)
		qsort(rows[g], n[g], sizeof(*rows[g]), ret_cmp);
	s->ret_class = rows[BY_CLASS];
	s->nret_class = n[BY_CLASS];
	s->ret_site = rows[BY_SITE];
	s->nret_site = n[BY_SITE];
	s->ret_type = rows[BY_TYPE];
	s->nret_type = n[BY_TYPE];
	s->ret_gem = rows[BY_GEM];
	s->nret_gem = n[BY_GEM];
}

const struct part part_retained = {.id = PART_RETAINED, .name = "retained", .flags = STORE_GRAPH | STORE_RETAINED, .shape = &shape,
    .save = retained_save, .load = retained_load};
