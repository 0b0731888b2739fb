/* Generations, and (generation x key), sorted. SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>

#include "base/mem.h"
#include "reduce/internal.h"

static int gen_cmp(const void *va, const void *vb, void *vgens)
{
	const uint64_t *gens = vgens;
	uint64_t a = gens[*(const uint32_t *)va], b = gens[*(const uint32_t *)vb];
	return a < b ? -1 : a > b;
}

static void list_gens(struct reducer *r, const uint32_t *order, struct dump_summary *s)
{
	s->gens = xcalloc(r->ngens + 1, sizeof(*s->gens));
	s->ngens = r->ngens;
	for (size_t i = 0; i < r->ngens; i++)
		s->gens[i] = (struct sum_gen){r->gens[order[i]], r->gen_totals[order[i]].t};
}

static void list_gen_refs(struct reducer *r, const uint32_t *order, struct dump_summary *s)
{
	size_t cap = 0;
	for (size_t i = 0; i < r->ngens; i++) {
		struct tops *t = &r->gen_totals[order[i]].refs;
		tops_sort(t);
		for (size_t k = 0; k < t->n; k++) {
			s->gen_refs = xgrow(s->gen_refs, s->ngen_refs, &cap, sizeof(*s->gen_refs));
			s->gen_refs[s->ngen_refs++] = reduce_object_of(r, &t->p[k], s);
		}
	}
}

/* Two stable distributions, by key and then by generation, put any number of pairs in order in linear time. */
struct spread {
	const struct reducer *r;
	size_t *next;              /* [key]: where the next pair of this key goes */
	struct pair_row { uint32_t gen, key; struct tally t; } *rows;
};

static void count_pair(void *ctx, uint32_t gen, uint32_t slot, struct tally t)
{
	struct spread *sp = ctx;
	(void)gen;
	(void)t;
	sp->next[sp->r->slots[slot].key + 1]++;
}

static void place_pair(void *ctx, uint32_t gen, uint32_t slot, struct tally t)
{
	struct spread *sp = ctx;
	uint32_t key = sp->r->slots[slot].key;
	sp->rows[sp->next[key]++] = (struct pair_row){gen, key, t};
}

static struct pair_row *rows_by_key(const struct reducer *r, const struct dump_summary *s, size_t *ret_n)
{
	struct spread sp = {.r = r};
	sp.next = xcalloc(s->nkeys + 1, sizeof(*sp.next));
	gentab_each(&r->pairs, count_pair, &sp);
	for (size_t k = 0; k < s->nkeys; k++)
		sp.next[k + 1] += sp.next[k];
	*ret_n = sp.next[s->nkeys];
	sp.rows = xreallocarray(NULL, *ret_n + 1, sizeof(*sp.rows));
	gentab_each(&r->pairs, place_pair, &sp);
	free(sp.next);
	return sp.rows;
}

/* Adds equal neighbours up. */
static size_t join(struct sum_genkey *p, size_t n)
{
	size_t kept = 0;
	for (size_t i = 0; i < n; i++) {
		if (kept && p[kept - 1].generation == p[i].generation && p[kept - 1].key == p[i].key) {
			p[kept - 1].t.count += p[i].t.count;
			p[kept - 1].t.bytes += p[i].t.bytes;
		} else {
			p[kept++] = p[i];
		}
	}
	return kept;
}

static void list_genkeys(struct reducer *r, const uint32_t *order, struct dump_summary *s)
{
	size_t n;
	struct pair_row *rows = rows_by_key(r, s, &n);
	gentab_done(&r->pairs);
	_cleanup_free_ size_t *count = xcalloc(r->ngens + 1, sizeof(*count));
	_cleanup_free_ size_t *next = xcalloc(r->ngens + 1, sizeof(*next));
	for (size_t i = 0; i < n; i++)
		count[rows[i].gen]++;
	for (size_t i = 0, at = 0; i < r->ngens; i++) {
		next[order[i]] = at;
		at += count[order[i]];
	}
	s->genkeys = xreallocarray(NULL, n + 1, sizeof(*s->genkeys));
	for (size_t i = 0; i < n; i++)
		s->genkeys[next[rows[i].gen]++] = (struct sum_genkey){r->gens[rows[i].gen], rows[i].key, rows[i].t};
	free(rows);
	s->ngenkeys = join(s->genkeys, n);
}

void reduce_finish_gens(struct reducer *r, struct dump_summary *s)
{
	gentab_flush(&r->pairs);
	s->genkeys_cut = r->pairs.cut;
	uint32_t *order = xcalloc(r->ngens + 1, sizeof(*order));
	for (size_t i = 0; i < r->ngens; i++)
		order[i] = (uint32_t)i;
	if (r->ngens)
		qsort_r(order, r->ngens, sizeof(*order), gen_cmp, r->gens);
	list_gens(r, order, s);
	list_gen_refs(r, order, s);
	list_genkeys(r, order, s);
	free(order);
}
