/* Two reducers into one. SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>

#include "base/mem.h"
#include "reduce/internal.h"

/* Numbers there to numbers here. */
struct renumber {
	const uint32_t *names, *sites; /* NULL: the same */
	uint32_t *slots, *gens;
};

static uint32_t name_here(const struct renumber *re, uint32_t name) { return re->names ? re->names[name] : name; }

static void merge_slots(struct reducer *r, const struct reducer *from, struct renumber *re)
{
	re->slots = xcalloc(from->nslots + 1, sizeof(*re->slots));
	for (size_t i = 0; i < from->nslots; i++) {
		const struct reducer_slot *s = &from->slots[i];
		uint64_t type = slot_type(s);
		if (type >= HEAP_TYPES)
			type = HEAP_TYPES + name_here(re, (uint32_t)type - HEAP_TYPES);
		uint64_t site = re->sites ? re->sites[slot_site(s)] : slot_site(s);
		uint32_t to = reduce_slot(r, s->klass, (s->kind & SLOT_HAS_CLASS) | type << 32 | site, name_here(re, s->detail));
		r->slots[to].t.count += s->t.count;
		r->slots[to].t.bytes += s->t.bytes;
		re->slots[i] = to;
	}
}

static void merge_tops(struct tops *to, const struct tops *from, const struct renumber *re)
{
	for (uint32_t i = 0; i < from->n; i++) {
		struct top_obj o = from->p[i];
		o.slot = re->slots[o.slot];
		tops_add(to, &o);
	}
}

static void merge_gens(struct reducer *r, const struct reducer *from, struct renumber *re)
{
	re->gens = xcalloc(from->ngens + 1, sizeof(*re->gens));
	for (size_t i = 0; i < from->ngens; i++) {
		re->gens[i] = reduce_gen_no(r, from->gens[i]);
		if (re->gens[i] == UINT32_MAX)
			continue;
		struct gen_total *to = &r->gen_totals[re->gens[i]];
		to->t.count += from->gen_totals[i].t.count;
		to->t.bytes += from->gen_totals[i].t.bytes;
		merge_tops(&to->refs, &from->gen_totals[i].refs, re);
	}
}

struct pair_ctx {
	struct reducer *r;
	const struct renumber *re;
};

static void merge_pair(void *vctx, uint32_t gen, uint32_t slot, struct tally t)
{
	struct pair_ctx *ctx = vctx;
	if (ctx->re->gens[gen] != UINT32_MAX)
		gentab_add_tally(&ctx->r->pairs, ctx->re->gens[gen], ctx->re->slots[slot], t);
}

static void merge_edge(struct reducer *r, const struct reducer *from, const struct renumber *re)
{
	if (from->max_generation == UINT64_MAX || (r->max_generation != UINT64_MAX && from->max_generation < r->max_generation))
		return;
	for (size_t i = 0; i < from->nedge; i++)
		reduce_edge_add(r, from->max_generation, from->edge[i].addr, re->slots[from->edge[i].slot]);
	if (from->edge_cut) {
		r->max_generation = from->max_generation;
		r->nedge = 0;
		r->edge_cut = true;
	}
}

static void merge_classes(struct reducer *r, const struct reducer *from, const struct renumber *re)
{
	for (size_t i = 0; i < from->late->classes.n; i++) {
		struct class_line l = from->late->classes.lines[i];
		l.name = name_here(re, l.name);
		l.real = name_here(re, l.real);
		classes_add(&r->late->classes, &l);
	}
}

void reducer_merge(struct reducer *r, struct reducer *from, const uint32_t *names, const uint32_t *sites)
{
	struct renumber re = {.names = names, .sites = sites};
	dupstr_flush(&r->dups);
	dupstr_flush(&from->dups);
	reduce_settle(r);
	reduce_settle(from);
	merge_slots(r, from, &re);
	merge_gens(r, from, &re);
	gentab_each(&from->pairs, merge_pair, &(struct pair_ctx){r, &re});
	r->pairs.cut |= from->pairs.cut;
	merge_tops(&r->refs, &from->refs, &re);
	merge_tops(&r->largest, &from->largest, &re);
	merge_tops(&r->long_, &from->long_, &re);
	merge_edge(r, from, &re);
	merge_classes(r, from, &re);
	dupstr_merge(&r->dups, &from->dups, sites, re.gens);
	for (size_t i = 0; i < from->nroots; i++)
		reduce_root_add(r, name_here(&re, from->roots[i].name), from->roots[i].count, from->roots[i].refs);
	r->bytes += from->bytes;
	r->objects += from->objects;
	r->order = from->order > r->order ? from->order : r->order;
	free(re.slots);
	free(re.gens);
}
