/* Generations, and (generation x key), sorted. SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

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
		size_t n;
		struct sum_object *list = reduce_objects(r, &r->gen_totals[order[i]].refs, s, SUM_GEN_REFS, &n);
		for (size_t k = 0; k < n; k++) {
			s->gen_refs = xgrow(s->gen_refs, s->ngen_refs, &cap, sizeof(*s->gen_refs));
			s->gen_refs[s->ngen_refs++] = list[k];
		}
		free(list);
	}
}

/* Where the rows of each generation go: all rows of one lie side by side, so that each lot can be sorted in the cache. */
struct spread {
	const struct reducer *r;
	size_t *next;              /* [number of a generation]: while counting how many, then where the next one goes */
	struct sum_genkey *rows;
};

static void count_pair(void *ctx, uint32_t gen, uint32_t slot, struct tally t)
{
	struct spread *sp = ctx;
	(void)slot;
	(void)t;
	sp->next[gen]++;
}

static void place_pair(void *ctx, uint32_t gen, uint32_t slot, struct tally t)
{
	struct spread *sp = ctx;
	sp->rows[sp->next[gen]++] = (struct sum_genkey){sp->r->gens[gen], sp->r->slots[slot].key, 0, t};
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

static void insertion_sort(struct sum_genkey *p, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		struct sum_genkey moving = p[i];
		size_t k = i;
		for (; k > 0 && p[k - 1].key > moving.key; k--)
			p[k] = p[k - 1];
		p[k] = moving;
	}
}

/* The rows of one generation by key, in linear time: stable distributions by the key's bytes, lowest first (radix sort). */
static void sort_lot(struct sum_genkey *p, size_t n, struct sum_genkey *spare, size_t nkeys)
{
	enum { FEW = 32, BITS = 8 };
	if (n < FEW) {
		insertion_sort(p, n);
		return;
	}
	struct sum_genkey *from = p, *to = spare;
	for (unsigned shift = 0; (nkeys - 1) >> shift != 0; shift += BITS) {
		size_t next[(1 << BITS) + 1] = {0};
		for (size_t i = 0; i < n; i++)
			next[(from[i].key >> shift & ((1 << BITS) - 1)) + 1]++;
		for (size_t i = 0; i < 1 << BITS; i++)
			next[i + 1] += next[i];
		for (size_t i = 0; i < n; i++)
			to[next[from[i].key >> shift & ((1 << BITS) - 1)]++] = from[i];
		struct sum_genkey *t = from;
		from = to;
		to = t;
	}
	if (from != p)
		memcpy(p, from, n * sizeof(*p));
}

static void list_genkeys(struct reducer *r, const uint32_t *order, struct dump_summary *s)
{
	struct spread sp = {.r = r};
	sp.next = xcalloc(r->ngens + 1, sizeof(*sp.next));
	gentab_each(&r->pairs, count_pair, &sp);
	size_t n = 0, most = 0;
	for (size_t i = 0; i < r->ngens; i++) {
		size_t here = sp.next[order[i]];
		sp.next[order[i]] = n;
		n += here;
		most = here > most ? here : most;
	}
	sp.rows = s->genkeys = xarray(n + 1, sizeof(*s->genkeys));
	gentab_each(&r->pairs, place_pair, &sp);
	gentab_done(&r->pairs);
	struct sum_genkey *spare = xarray(most + 1, sizeof(*spare));
	for (size_t i = 0, from = 0; i < r->ngens; i++) {
		size_t end = sp.next[order[i]]; /* placing has moved it there */
		sort_lot(sp.rows + from, end - from, spare, s->nkeys);
		from = end;
	}
	free(spare);
	free(sp.next);
	s->ngenkeys = join(s->genkeys, n);
}

void reduce_finish_gens(struct reducer *r, struct dump_summary *s)
{
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
