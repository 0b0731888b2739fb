/* From tallies by address to a summary by name. SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>

#include "base/assert.h"
#include "base/cursor.h"
#include "base/mem.h"
#include "reduce/internal.h"

/* --- names of slots --- */

static uint32_t prefixed(const char *prefix, struct span name, struct dump_summary *s)
{
	struct enc e = {0};
	enc_raw(&e, prefix, strlen(prefix));
	enc_raw(&e, name.p, name.n);
	uint32_t id = strtab_intern(&s->names, (struct span){e.p, e.n});
	enc_done(&e);
	return id;
}

/* The class column of src/scan/README.md, R8. */
static uint32_t slot_class(struct reducer *r, const struct reducer_slot *slot, struct dump_summary *s)
{
	uint32_t name = 0;
	switch (slot_type(slot)) {
	case HEAP_CLASS:
		return strtab_intern(&s->names, SPAN_LIT("Class"));
	case HEAP_MODULE:
		return strtab_intern(&s->names, SPAN_LIT("Module"));
	case HEAP_ICLASS:
		return 0;
	case HEAP_IMEMO:
		return slot->detail ? prefixed("imemo:", strtab_get(r->late->names.names, slot->detail), s) : 0;
	default:
		if (slot->kind & SLOT_HAS_CLASS)
			name = classes_name(&r->late->classes, slot->klass, &r->late->names, s);
		if (!name && slot_type(slot) == HEAP_DATA && slot->detail)
			name = prefixed("data:", strtab_get(r->late->names.names, slot->detail), s);
		return name;
	}
}

static struct sum_key slot_names(struct reducer *r, const struct reducer_slot *slot, struct dump_summary *s)
{
	struct scan_site at = r->late->names.sites[slot_site(slot)];
	return (struct sum_key){
		.type = reduce_type_name(&r->late->names, slot_type(slot), s),
		.klass = slot_class(r, slot, s),
		.file = reduce_name(&r->late->names, at.file, s),
		.line = at.line,
		.all = slot->t,
	};
}

/* --- keys --- */

static int name_cmp(const struct strtab *names, uint32_t a, uint32_t b)
{
	return a == b ? 0 : span_cmp(strtab_get(names, a), strtab_get(names, b));
}

/* By bytes, then count, descending; then by text, so that the order of the dump's lines does not show. */
static int key_cmp(const void *va, const void *vb, void *names)
{
	const struct sum_key *a = *(const struct sum_key *const *)va, *b = *(const struct sum_key *const *)vb;
	if (a->all.bytes != b->all.bytes)
		return a->all.bytes > b->all.bytes ? -1 : 1;
	if (a->all.count != b->all.count)
		return a->all.count > b->all.count ? -1 : 1;
	int c = name_cmp(names, a->type, b->type);
	c = c ? c : name_cmp(names, a->klass, b->klass);
	c = c ? c : name_cmp(names, a->file, b->file);
	return c ? c : (a->line > b->line) - (a->line < b->line);
}

static uint64_t key_hash(const struct sum_key *k)
{
	uint64_t h = ((uint64_t)k->klass << 32 | k->file) * 0x9e3779b97f4a7c15ull ^ ((uint64_t)k->type << 32 | k->line) * 0xc2b2ae3d27d4eb4full;
	return (h ^ h >> 29) * 0x9e3779b97f4a7c15ull >> 20;
}

static bool key_same(const struct sum_key *a, const struct sum_key *b)
{
	return a->type == b->type && a->klass == b->klass && a->file == b->file && a->line == b->line;
}

/* One row per distinct key, in order of appearance; slots[].key says which. */
static void merge_keys(struct reducer *r, struct dump_summary *s)
{
	size_t mask = 64;
	while (mask < r->nslots * 2)
		mask *= 2;
	mask--;
	_cleanup_free_ uint32_t *index = xcalloc(mask + 1, sizeof(*index));
	size_t cap = 0;
	for (size_t i = 0; i < r->nslots; i++) {
		struct sum_key key = slot_names(r, &r->slots[i], s);
		size_t at = key_hash(&key) & mask;
		while (index[at] && !key_same(&s->keys[index[at] - 1], &key))
			at = (at + 1) & mask;
		if (index[at] == 0) {
			s->keys = xgrow(s->keys, s->nkeys, &cap, sizeof(*s->keys));
			s->keys[s->nkeys++] = key;
			index[at] = (uint32_t)s->nkeys;
		} else {
			s->keys[index[at] - 1].all.count += key.all.count;
			s->keys[index[at] - 1].all.bytes += key.all.bytes;
		}
		r->slots[i].key = index[at] - 1;
	}
}

static void sort_keys(struct reducer *r, struct dump_summary *s)
{
	if (s->nkeys == 0)
		return;
	_cleanup_free_ struct sum_key **order = xcalloc(s->nkeys, sizeof(*order));
	_cleanup_free_ uint32_t *place = xcalloc(s->nkeys, sizeof(*place));
	struct sum_key *sorted = xarray0(s->nkeys, sizeof(*sorted));
	for (size_t i = 0; i < s->nkeys; i++)
		order[i] = &s->keys[i];
	qsort_r(order, s->nkeys, sizeof(*order), key_cmp, &s->names);
	for (size_t i = 0; i < s->nkeys; i++) {
		sorted[i] = *order[i];
		place[order[i] - s->keys] = (uint32_t)i;
	}
	free(s->keys);
	s->keys = sorted;
	for (size_t i = 0; i < r->nslots; i++)
		r->slots[i].key = place[r->slots[i].key];
}

/* --- lists of objects --- */

static struct sum_object object_of(struct reducer *r, const struct top_obj *t, struct dump_summary *s)
{
	const struct reducer_slot *slot = &r->slots[t->slot];
	const struct sum_key *key = &s->keys[slot->key];
	uint32_t klass = key->klass;
	/* A class is worth its own name: "Class" says nothing. */
	if (slot_type(slot) == HEAP_CLASS || slot_type(slot) == HEAP_MODULE)
		klass = classes_name(&r->late->classes, t->addr, &r->late->names, s);
	return (struct sum_object){.addr = t->addr, .bytes = t->bytes, .refs = t->refs, .generation = t->generation,
	    .length = t->length, .type = key->type, .klass = klass, .file = key->file, .line = key->line};
}

static int object_cmp(const void *va, const void *vb, void *names)
{
	const struct sum_object *a = va, *b = vb;
	int c = name_cmp(names, a->type, b->type);
	c = c ? c : name_cmp(names, a->klass, b->klass);
	c = c ? c : name_cmp(names, a->file, b->file);
	c = c ? c : (a->line > b->line) - (a->line < b->line);
	return c ? c : (a->addr > b->addr) - (a->addr < b->addr);
}

struct sum_object *reduce_objects(struct reducer *r, struct tops *t, struct dump_summary *s, size_t max, size_t *ret_n)
{
	tops_sort(t);
	struct sum_object *list = xcalloc(t->n + 1, sizeof(*list));
	size_t n = 0;
	/* Those that differ in names alone are brought into their order, also where the list is cut among them. */
	while (n < t->n && n < max) {
		size_t from = n;
		while (n < t->n && tops_tie(&t->p[from], &t->p[n])) {
			list[n] = object_of(r, &t->p[n], s);
			n++;
		}
		qsort_r(list + from, n - from, sizeof(*list), object_cmp, &s->names);
	}
	*ret_n = n < max ? n : max;
	return list;
}

static int edge_cmp(const void *va, const void *vb)
{
	const struct edge_addr *a = va, *b = vb;
	if (a->addr != b->addr)
		return a->addr < b->addr ? -1 : 1;
	return a->slot < b->slot ? -1 : a->slot > b->slot;
}

static void list_edge(struct reducer *r, struct dump_summary *s)
{
	s->max_generation = r->max_generation;
	s->traced_objects_known = r->max_generation != UINT64_MAX;
	s->edge_addrs_cut = r->edge_cut;
	if (r->nedge == 0)
		return;
	qsort(r->edge, r->nedge, sizeof(*r->edge), edge_cmp);
	s->edge_addrs = xcalloc(r->nedge, sizeof(*s->edge_addrs));
	s->edge_keys = xcalloc(r->nedge, sizeof(*s->edge_keys));
	s->nedge_addrs = r->nedge;
	for (size_t i = 0; i < r->nedge; i++) {
		s->edge_addrs[i] = r->edge[i].addr;
		s->edge_keys[i] = r->slots[r->edge[i].slot].key;
	}
}

static int root_cmp(const void *va, const void *vb, void *names)
{
	const struct sum_name_count *a = va, *b = vb;
	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	if (a->refs != b->refs)
		return a->refs > b->refs ? -1 : 1;
	return name_cmp(names, a->name, b->name);
}

static void list_roots(struct reducer *r, struct dump_summary *s)
{
	s->root_names = xcalloc(r->nroots + 1, sizeof(*s->root_names));
	s->nroot_names = r->nroots;
	for (size_t i = 0; i < r->nroots; i++)
		s->root_names[i] = (struct sum_name_count){reduce_name(&r->late->names, r->roots[i].name, s), r->roots[i].count, r->roots[i].refs};
	if (r->nroots)
		qsort_r(s->root_names, r->nroots, sizeof(*s->root_names), root_cmp, &s->names);
}

void reduce_finish(struct reducer *r, const struct strtab *names, const struct scan_site *sites, uint32_t nsites,
    struct dump_summary *s)
{
	HDA_ASSERT(!r->late->summary);
	reduce_settle(r);
	r->late->summary = s;
	r->late->names.names = names;
	r->late->names.nsites = nsites;
	r->late->names.to = xcalloc((size_t)names->n + 1, sizeof(*r->late->names.to));
	r->late->names.sites = xcalloc((size_t)nsites + 1, sizeof(*r->late->names.sites));
	if (nsites)
		memcpy(&r->late->names.sites[1], sites, nsites * sizeof(*sites));
	/* The largest table goes first: what follows may use its room. */
	dupstr_finish(&r->dups, &r->late->names, s);
	merge_keys(r, s);
	sort_keys(r, s);
	reduce_finish_gens(r, s);
	s->refs = reduce_objects(r, &r->refs, s, SUM_TOP_OBJECTS, &s->nrefs);
	s->largest = reduce_objects(r, &r->largest, s, SUM_TOP_OBJECTS, &s->nlargest);
	s->long_ = reduce_objects(r, &r->long_, s, SUM_TOP_OBJECTS, &s->nlong);
	list_edge(r, s);
	list_roots(r, s);
	s->bytes = r->bytes;
	s->objects = r->objects;
}

uint32_t reducer_class_name(const struct reducer *r, uint64_t addr)
{
	HDA_ASSERT(r->late->summary);
	return classes_name(&r->late->classes, addr, &r->late->names, r->late->summary);
}
