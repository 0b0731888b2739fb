/* Adding objects: the hot path. SPDX-License-Identifier: BSD-2-Clause */
#include "reduce/reducer.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/mem.h"
#include "reduce/internal.h"

enum { INDEX_FIRST = 4096, EDGE_FULL = SUM_EDGE_ADDRS };

struct reducer *reducer_new(const struct reducer_opts *opts)
{
	struct reducer *r = xcalloc(1, sizeof(*r));
	r->keep_values = opts->keep_values;
	r->order = opts->order;
	r->index_mask = INDEX_FIRST - 1;
	r->index = xcalloc(INDEX_FIRST, sizeof(*r->index));
	r->last_gen_no = UINT32_MAX;
	r->max_generation = UINT64_MAX;
	r->refs.max = r->largest.max = r->long_.max = SUM_TOP_OBJECTS * REDUCE_SPARE;
	r->late = xcalloc(1, sizeof(*r->late));
	r->dups.gens = &r->gens;
	r->dups.max = opts->dup_strings;
	return r;
}

void reducer_free(struct reducer *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->ngens; i++)
		tops_done(&r->gen_totals[i].refs);
	tops_done(&r->refs);
	tops_done(&r->largest);
	tops_done(&r->long_);
	gentab_done(&r->pairs);
	dupstr_done(&r->dups);
	classes_done(&r->late->classes);
	free(r->late->names.to);
	free(r->late->names.sites);
	u64map_done(&r->gen_index);
	u64map_done(&r->root_index);
	void *all[] = {r->slots, r->index, r->gens, r->gen_totals, r->roots, r->edge, r->late};
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		free(all[i]);
	free(r);
}

/* --- slots --- */

static inline uint64_t slot_hash(uint64_t klass, uint64_t kind, uint32_t detail)
{
	/* Multiply and fold (Knuth, TAOCP 3, 6.4): the constants are odd and share no pattern. */
	uint64_t h = klass * 0x9e3779b97f4a7c15ull ^ (kind + ((uint64_t)detail << 17)) * 0xc2b2ae3d27d4eb4full;
	return h ^ h >> 32;
}

static inline bool slot_is(const struct reducer_slot *s, uint64_t klass, uint64_t kind, uint32_t detail)
{
	return s->klass == klass && s->kind == kind && s->detail == detail;
}

/* What the index holds of a slot. */
static inline uint64_t index_entry(uint64_t hash, size_t slot) { return hash >> 32 << 32 | (slot + 1); }

static inline uint32_t index_slot(uint64_t entry) { return (uint32_t)entry - 1; }

static void index_put(struct reducer *r, uint64_t hash, size_t slot)
{
	uint32_t at = (uint32_t)hash & r->index_mask;
	while (r->index[at])
		at = (at + 1) & r->index_mask;
	r->index[at] = index_entry(hash, slot);
}

static void index_grow(struct reducer *r)
{
	r->index_mask = r->index_mask * 2 + 1;
	free(r->index);
	r->index = xcalloc((size_t)r->index_mask + 1, sizeof(*r->index));
	for (size_t i = 0; i < r->nslots; i++)
		index_put(r, slot_hash(r->slots[i].klass, r->slots[i].kind, r->slots[i].detail), i);
}

static uint32_t slot_new(struct reducer *r, uint64_t hash, uint64_t klass, uint64_t kind, uint32_t detail)
{
	if (r->nslots * 2 >= r->index_mask)
		index_grow(r);
	r->slots = xgrow(r->slots, r->nslots, &r->cap_slots, sizeof(*r->slots));
	r->slots[r->nslots] = (struct reducer_slot){.klass = klass, .kind = kind, .detail = detail, .run_gen = UINT32_MAX};
	index_put(r, hash, r->nslots);
	return (uint32_t)r->nslots++;
}

static uint32_t slot_of(struct reducer *r, uint64_t klass, uint64_t kind, uint32_t detail);

/* The slot of a key that has none yet. */
static uint32_t slot_miss(struct reducer *r, uint64_t hash, uint64_t klass, uint64_t kind, uint32_t detail)
{
	if (r->nslots < REDUCE_SLOTS_MAX)
		return slot_new(r, hash, klass, kind, detail);
	/* Too many keys to tell apart: the type alone, and past too many types none. */
	bool coarse = klass == 0 && (uint32_t)kind == 0 && detail == 0 && !(kind & SLOT_HAS_CLASS);
	uint64_t type = coarse ? HEAP_NONE_ : (kind & ~SLOT_HAS_CLASS) >> 32 << 32;
	if (coarse && (kind == 0 || r->nslots < REDUCE_SLOTS_MAX + REDUCE_TYPES_MAX))
		return slot_new(r, hash, klass, kind, detail);
	return slot_of(r, 0, type, 0);
}

/* The half of the hash in the index spares looks at slots of other keys. */
static inline uint32_t slot_at(struct reducer *r, uint64_t hash, uint64_t klass, uint64_t kind, uint32_t detail)
{
	for (uint32_t at = (uint32_t)hash & r->index_mask; r->index[at]; at = (at + 1) & r->index_mask)
		if ((r->index[at] ^ hash) >> 32 == 0 && slot_is(&r->slots[index_slot(r->index[at])], klass, kind, detail))
			return index_slot(r->index[at]);
	return slot_miss(r, hash, klass, kind, detail);
}

static uint32_t slot_of(struct reducer *r, uint64_t klass, uint64_t kind, uint32_t detail)
{
	return slot_at(r, slot_hash(klass, kind, detail), klass, kind, detail);
}

uint32_t reduce_slot(struct reducer *r, uint64_t klass, uint64_t kind, uint32_t detail)
{
	return slot_of(r, klass, kind, detail);
}

/* --- runs --- */

static void end_run(struct reducer *r, uint32_t slot)
{
	struct reducer_slot *s = &r->slots[slot];
	struct tally run = {s->run_count, s->run_bytes};
	if (run.count == 0)
		return;
	s->run_count = 0;
	s->run_bytes = 0;
	s->t.count += run.count;
	s->t.bytes += run.bytes;
	r->objects += run.count;
	r->bytes += run.bytes;
	if (s->run_gen != UINT32_MAX) {
		r->gen_totals[s->run_gen].t.count += run.count;
		r->gen_totals[s->run_gen].t.bytes += run.bytes;
		gentab_add(&r->pairs, s->run_gen, slot, run);
	}
}

static inline void run_add(struct reducer *r, uint32_t slot, uint32_t gen, uint64_t bytes)
{
	struct reducer_slot *s = &r->slots[slot];
	if (s->run_gen != gen || __builtin_expect(s->run_count == UINT32_MAX, 0)) {
		end_run(r, slot);
		s->run_gen = gen;
	}
	s->run_count++;
	s->run_bytes += bytes;
}

void reduce_settle(struct reducer *r)
{
	for (size_t i = 0; i < r->nslots; i++)
		end_run(r, (uint32_t)i);
	gentab_flush(&r->pairs);
}

/* --- generations --- */

uint32_t reduce_gen_no(struct reducer *r, uint64_t generation)
{
	if (generation == r->last_gen && r->last_gen_no != UINT32_MAX)
		return r->last_gen_no;
	uint32_t *no = r->ngens < REDUCE_GENERATIONS_MAX ? u64map_put(&r->gen_index, generation, NULL)
	                                                 : u64map_get(&r->gen_index, generation);
	if (!no)
		return UINT32_MAX;
	if (*no == 0) {
		r->gens = xgrow(r->gens, r->ngens, &r->cap_gens, sizeof(*r->gens));
		r->gen_totals = xgrow(r->gen_totals, r->ngens, &r->cap_gen_totals, sizeof(*r->gen_totals));
		r->gens[r->ngens] = generation;
		uint32_t spare = r->ngens < REDUCE_SPARE_GENERATIONS ? REDUCE_SPARE : 1;
		r->gen_totals[r->ngens] = (struct gen_total){.refs.max = SUM_GEN_REFS * spare};
		*no = (uint32_t)++r->ngens;
	}
	r->last_gen = generation;
	r->last_gen_no = *no - 1;
	return r->last_gen_no;
}

void reduce_edge_add(struct reducer *r, uint64_t generation, uint64_t addr, uint32_t slot)
{
	if (r->max_generation == UINT64_MAX || generation > r->max_generation) {
		r->max_generation = generation;
		r->nedge = 0;
		r->edge_cut = false;
	}
	if (r->edge_cut)
		return;
	if (r->nedge == EDGE_FULL) {
		r->nedge = 0;
		r->edge_cut = true;
		return;
	}
	r->edge = xgrow(r->edge, r->nedge, &r->cap_edge, sizeof(*r->edge));
	r->edge[r->nedge++] = (struct edge_addr){addr, slot};
}

/* --- objects --- */

static struct top_obj top_of(const struct heap_obj *o, uint32_t slot, uint64_t rank)
{
	return (struct top_obj){
		.rank = rank,
		.addr = o->addr,
		.bytes = o->memsize,
		.refs = o->refs_total,
		.generation = o->flags & OBJ_HAS_GENERATION ? o->generation : UINT64_MAX,
		.length = o->flags & OBJ_HAS_LENGTH ? o->length : UINT64_MAX,
		.slot = slot,
	};
}

static inline void top_add(struct tops *t, const struct heap_obj *o, uint32_t slot, uint64_t rank)
{
	if (__builtin_expect(rank > 0 && rank >= t->floor, 0)) {
		struct top_obj top = top_of(o, slot, rank);
		tops_add(t, &top);
	}
}

static void add_class_line(struct reducer *r, const struct heap_obj *o)
{
	struct class_line line = {.addr = o->addr, .super = o->superclass, .order = r->order, .name = o->name,
	    .real = o->real_name, .type = o->type, .flags = o->flags};
	classes_add(&r->late->classes, &line);
}

static void add_string(struct reducer *r, const struct heap_obj *o, uint32_t gen)
{
	struct dup_string s = {.hash = o->value_hash, .bytes = o->memsize, .length = o->bytesize, .site = o->site, .gen = gen};
	dupstr_add(&r->dups, &s, r->keep_values ? o->value : (struct span){0});
}

/* What the class and the detail mean for a type: src/scan/README.md, R8. */
#define TYPE_BIT(type) (UINT64_C(1) << (type))
#define CLASS_TYPES (TYPE_BIT(HEAP_CLASS) | TYPE_BIT(HEAP_MODULE) | TYPE_BIT(HEAP_ICLASS))
#define NO_CLASS_TYPES (CLASS_TYPES | TYPE_BIT(HEAP_IMEMO))
#define DETAIL_TYPES (TYPE_BIT(HEAP_DATA) | TYPE_BIT(HEAP_IMEMO))
_Static_assert(HEAP_TYPES <= 64, "the sets of types are 64 bits");

/* What an object is counted under. */
struct slot_key {
	uint64_t klass, kind, hash;
	uint32_t detail;
};

static inline struct slot_key key_of(const struct heap_obj *o)
{
	uint64_t bit = o->type < HEAP_TYPES ? TYPE_BIT(o->type) : 0;
	bool has_class = !(bit & NO_CLASS_TYPES) && o->flags & OBJ_HAS_CLASS;
	struct slot_key k = {
		.klass = has_class ? o->klass : 0,
		.kind = (has_class ? SLOT_HAS_CLASS : 0) | (uint64_t)o->type << 32 | o->site,
		.detail = bit & DETAIL_TYPES ? o->detail : 0,
	};
	k.hash = slot_hash(k.klass, k.kind, k.detail);
	return k;
}

static inline uint32_t add_object(struct reducer *r, const struct heap_obj *o, const struct slot_key *k)
{
	uint32_t slot = slot_at(r, k->hash, k->klass, k->kind, k->detail), gen = UINT32_MAX;
	if (o->flags & OBJ_HAS_GENERATION) {
		if (r->max_generation == UINT64_MAX || o->generation >= r->max_generation)
			reduce_edge_add(r, o->generation, o->addr, slot);
		gen = reduce_gen_no(r, o->generation);
		if (gen != UINT32_MAX)
			top_add(&r->gen_totals[gen].refs, o, slot, o->refs_total);
	}
	run_add(r, slot, gen, o->memsize);
	top_add(&r->refs, o, slot, o->refs_total);
	top_add(&r->largest, o, slot, o->memsize);
	if (o->flags & OBJ_HAS_LENGTH)
		top_add(&r->long_, o, slot, o->length);
	if (o->type == HEAP_STRING && o->flags & OBJ_HAS_VALUE)
		add_string(r, o, gen);
	else if (o->type < HEAP_TYPES && TYPE_BIT(o->type) & CLASS_TYPES)
		add_class_line(r, o);
	r->order++;
	return slot;
}

uint32_t reducer_add(struct reducer *r, const struct heap_obj *o)
{
	struct slot_key k = key_of(o);
	return add_object(r, o, &k);
}

/* The tables are larger than the caches, and each object touches other lines of them: all lines are asked for before the
 * first is used. */
static void add_some(struct reducer *r, const struct heap_obj *o, size_t n, uint32_t *ret_slots)
{
	struct slot_key k[REDUCER_BATCH];
	for (size_t i = 0; i < n; i++) {
		k[i] = key_of(&o[i]);
		__builtin_prefetch(&r->index[k[i].hash & r->index_mask]);
	}
	for (size_t i = 0; i < n; i++) {
		uint64_t entry = r->index[k[i].hash & r->index_mask];
		if (entry)
			__builtin_prefetch(&r->slots[index_slot(entry)], 1);
	}
	for (size_t i = 0; i < n; i++)
		ret_slots[i] = add_object(r, &o[i], &k[i]);
}

void reducer_add_all(struct reducer *r, const struct heap_obj *o, size_t n, uint32_t *ret_slots)
{
	for (size_t i = 0; i < n; i += REDUCER_BATCH)
		add_some(r, o + i, n - i < REDUCER_BATCH ? n - i : REDUCER_BATCH, ret_slots + i);
}

void reducer_root(struct reducer *r, uint32_t name, uint64_t nrefs) { reduce_root_add(r, name, 1, nrefs); }

void reduce_root_add(struct reducer *r, uint32_t name, uint64_t n, uint64_t refs)
{
	uint32_t *row = u64map_put(&r->root_index, name, NULL);
	if (*row == 0) {
		r->roots = xgrow(r->roots, r->nroots, &r->cap_roots, sizeof(*r->roots));
		r->roots[r->nroots] = (struct root_row){.name = name};
		*row = (uint32_t)++r->nroots;
	}
	r->roots[*row - 1].count += n;
	r->roots[*row - 1].refs += refs;
}

uint32_t reducer_slot_key(const struct reducer *r, uint32_t slot)
{
	HDA_ASSERT(slot < r->nslots);
	return r->slots[slot].key;
}

uint32_t reducer_nslots(const struct reducer *r) { return (uint32_t)r->nslots; }
