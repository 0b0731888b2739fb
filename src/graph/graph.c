/* Collecting objects and references while a dump is scanned. SPDX-License-Identifier: BSD-2-Clause */
#include "graph/graph.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "graph/internal.h"
#include "graph/shapes.h"
#include "graph/trail.h"

/* Ids and offsets are u32. */
#define GRAPH_MAX_REFS 0xFFFFFF00u
#define GRAPH_MAX_OBJECTS 0x7FFFFF00u

struct graph *graph_new(const struct graph_opts *opts)
{
	struct graph *g = xcalloc(1, sizeof(*g));
	g->opts = *opts;
	g->mem.limit = opts->memory;
	addrmap_init(&g->map, &g->mem);
	gvec_init(&g->objs, &g->mem, sizeof(struct walk_node) / 4);
	gvec_init(&g->refs, &g->mem, 1);
	gvec_init(&g->born, &g->mem, 1);
	glog_init(&g->roots, &g->mem, 2);
	glog_init(&g->lengths, &g->mem, 3);
	glog_init(&g->shorts, &g->mem, 2);
	glog_init(&g->named, &g->mem, 2);
	glog_init(&g->big_sizes, &g->mem, 3);
	glog_init(&g->shaped, &g->mem, 2);
	glog_init(&g->shapes, &g->mem, 3);
	glog_init(&g->names, &g->mem, 2);
	return g;
}

static void release(struct graph *g)
{
	addrmap_done(&g->map);
	gvec_done(&g->objs);
	gvec_done(&g->refs);
	gvec_done(&g->born);
	struct glog *logs[] = {&g->roots, &g->lengths, &g->shorts, &g->named, &g->big_sizes, &g->shaped, &g->shapes, &g->names};
	for (size_t i = 0; i < sizeof(logs) / sizeof(*logs); i++)
		glog_done(logs[i]);
	gmem_free(&g->mem, g->slot_class, g->nslots, sizeof(*g->slot_class));
	g->slot_class = NULL;
	g->nslots = 0;
	g->pending = 0;
	gmem_trim(&g->mem);
}

void graph_free(struct graph *g)
{
	if (!g)
		return;
	release(g);
	trail_done(&g->trail);
	free(g);
}

void graph_give_up(struct graph *g)
{
	release(g);
	g->state = HDA_ELIMIT;
}

int graph_state(const struct graph *g) { return g->state; }

size_t graph_memory(const struct graph *g) { return g->mem.now; }

struct graph_trail *graph_take_trail(struct graph *g)
{
	struct graph_trail *t = xcalloc(1, sizeof(*t));
	*t = g->trail;
	g->trail = (struct graph_trail){0};
	return t;
}

size_t graph_memory_peak(const struct graph *g) { return g->mem.peak; }

void graph_refs(struct graph *g, const uint64_t *addr, size_t n)
{
	if (g->state)
		return;
	for (size_t i = 0; i < n; i++) {
		uint32_t code = addrmap_code(&g->map, addr[i]);
		uint32_t *p = code == ADDR_NONE || g->refs.n >= GRAPH_MAX_REFS ? NULL : gvec_push(&g->refs);
		if (!p) {
			graph_give_up(g);
			return;
		}
		*p = code;
	}
	g->pending += n;
}

void graph_drop(struct graph *g)
{
	g->refs.n -= g->pending;
	g->pending = 0;
}

/* Appends (a, low half of v, high half of v). */
static bool push_long(struct glog *l, uint32_t a, uint64_t v)
{
	uint32_t *p = glog_push(l);
	if (!p)
		return false;
	p[0] = a;
	p[1] = (uint32_t)v;
	p[2] = (uint32_t)(v >> 32);
	return true;
}

static bool push_pair(struct glog *l, uint32_t a, uint32_t b)
{
	uint32_t *p = glog_push(l);
	if (!p)
		return false;
	p[0] = a;
	p[1] = b;
	return true;
}

/* Whether its references may be instance variables, one each, by its shape: those of an OBJECT, and of the IMEMO (fields) in which Ruby 4.0
 * keeps those of a class. */
static inline bool has_variables(const struct graph *g, const struct heap_obj *o)
{
	return o->flags & OBJ_HAS_SHAPE && (o->type == HEAP_OBJECT || o->type == HEAP_IMEMO) && g->pending && g->pending <= SHAPE_REFS_MAX &&
	    o->shape <= SHAPE_ID_MAX;
}

/* Entries of what may be a container, bytes of a String that owns many; else 0. */
static inline uint64_t length_of(const struct heap_obj *o)
{
	if (o->type == HEAP_STRING)
		return o->memsize >= GRAPH_BUFFER_MIN ? o->bytesize : 0;
	return o->flags & OBJ_HAS_LENGTH && o->length >= GRAPH_CONTAINER_MIN ? o->length : 0;
}

/* Entries, or bytes of a String beyond a few, of what length_of leaves out; 0: none. */
static inline uint32_t short_of(const struct heap_obj *o)
{
	if (o->type == HEAP_STRING)
		return o->bytesize > SUM_FEW_BYTES && o->bytesize < GRAPH_BUFFER_MIN ? (uint32_t)o->bytesize - SUM_FEW_BYTES : 0;
	return o->flags & OBJ_HAS_LENGTH && o->length < GRAPH_CONTAINER_MIN ? (uint32_t)o->length : 0;
}

/* What not every object has. */
static bool rare(struct graph *g, const struct heap_obj *o, uint32_t code, uint64_t length)
{
	if (length && !push_long(&g->lengths, code, length))
		return false;
	uint32_t few = length ? 0 : short_of(o);
	if (few && !push_pair(&g->shorts, code, few))
		return false;
	if (o->memsize >= REC_SIZE_BIG && !push_long(&g->big_sizes, code, o->memsize))
		return false;
	if (has_variables(g, o) && !push_pair(&g->shaped, code, (uint32_t)g->pending << 24 | o->shape))
		return false;
	return !((o->type == HEAP_CLASS || o->type == HEAP_MODULE) && o->name) || push_pair(&g->named, code, o->name);
}

static bool grow_slots(struct graph *g, uint32_t slot)
{
	uint64_t n = g->nslots ? g->nslots : GRAPH_SLOTS_FIRST;
	while (n <= slot)
		n *= 2;
	struct slot_class *p = gmem_grow(&g->mem, g->slot_class, g->nslots, n, sizeof(*p));
	if (!p)
		return false;
	g->slot_class = p;
	g->nslots = n;
	return true;
}

/* Notes the class that Ruby marks of an object. When it is not that of its slot *rec_slot gets SLOT_OWN_CLASS, and if it has one there is
 * an edge to it. false without memory. */
static bool note_class(struct graph *g, const struct heap_obj *o, uint32_t *rec_slot)
{
	uint32_t slot = *rec_slot, state = o->flags & OBJ_HAS_CLASS && o->type != HEAP_IMEMO ? SLOT_CLASS : SLOT_CLASSLESS;
	if (__builtin_expect(slot >= g->nslots, 0) && !grow_slots(g, slot))
		return false;
	struct slot_class *s = &g->slot_class[slot];
	if (__builtin_expect(s->state == state && (state == SLOT_CLASSLESS || s->addr == o->klass), 1))
		return true;
	uint32_t code = state == SLOT_CLASS ? addrmap_code(&g->map, o->klass) : ADDR_NONE;
	if (state == SLOT_CLASS && code == ADDR_NONE)
		return false;
	if (s->state == SLOT_UNKNOWN) {
		*s = (struct slot_class){.addr = o->klass, .code = code, .state = state};
		return true;
	}
	*rec_slot |= SLOT_OWN_CLASS;
	if (code == ADDR_NONE)
		return true;
	uint32_t *p = g->refs.n >= GRAPH_MAX_REFS ? NULL : gvec_push(&g->refs);
	if (!p)
		return false;
	*p = code;
	*rec_slot |= SLOT_CLASS_EDGE;
	return true;
}

/* The generation of the object that is added. Those before the first that has one had none. false without memory. */
static inline bool note_birth(struct graph *g, const struct heap_obj *o)
{
	if (!(o->flags & OBJ_HAS_GENERATION) && g->born.n == 0)
		return true;
	while (g->born.n < g->map.nobjects) {
		uint32_t *p = gvec_push(&g->born);
		if (!p)
			return false;
		*p = GRAPH_UNBORN;
	}
	if (o->flags & OBJ_HAS_GENERATION && o->generation < GRAPH_UNBORN)
		g->born.p[g->born.n - 1] = (uint32_t)o->generation;
	return true;
}

void graph_object(struct graph *g, const struct heap_obj *o, uint32_t slot)
{
	graph_refs(g, o->refs, o->nrefs);
	if (g->state)
		return;
	uint32_t code = addrmap_code(&g->map, o->addr);
	int first = code == ADDR_NONE ? -1 : addrmap_add(&g->map, code);
	if (first == 0) { /* a second line with this address: the first stands for both (R8) */
		graph_drop(g);
		return;
	}
	uint64_t length = length_of(o);
	uint64_t row = g->refs.n - g->pending;
	bool ok = first > 0 && slot <= SLOT_MASK && g->map.nobjects <= GRAPH_MAX_OBJECTS && note_class(g, o, &slot) &&
	    rare(g, o, code, length) && note_birth(g, o);
	struct walk_node *node = ok ? (struct walk_node *)gvec_push(&g->objs) : NULL;
	if (!node) {
		graph_give_up(g);
		return;
	}
	*node = (struct walk_node){
		.row = row < g->refs.n ? (uint32_t)row : WALK_NONE,
		/* A Hash has two references an entry: where the line says how many entries there are, that counts. */
		.slot = slot | (length || (g->pending >= GRAPH_CONTAINER_MIN && !(o->flags & OBJ_HAS_LENGTH)) ? SLOT_LONG : 0),
		.size = o->memsize < REC_SIZE_BIG ? (uint32_t)o->memsize : REC_SIZE_BIG,
	};
	g->pending = 0;
}

void graph_root(struct graph *g, uint32_t name, const uint64_t *addr, size_t n, bool last)
{
	(void)last;
	g->has_roots = true;
	for (size_t i = 0; i < n && !g->state; i++) {
		uint32_t code = addrmap_code(&g->map, addr[i]);
		uint32_t *p = code == ADDR_NONE ? NULL : glog_push(&g->roots);
		if (!p) {
			graph_give_up(g);
			return;
		}
		p[0] = name;
		p[1] = code;
	}
}

void graph_shape(struct graph *g, const struct heap_shape *s)
{
	if (g->state || g->shapes.n >= SHAPE_LINES_MAX || s->id > SHAPE_ID_MAX)
		return;
	uint32_t *p = glog_push(&g->shapes);
	if (!p) {
		graph_give_up(g);
		return;
	}
	p[0] = (uint32_t)s->id;
	p[1] = s->parent_id <= UINT32_MAX ? (uint32_t)s->parent_id : UINT32_MAX - 1;
	p[2] = s->edge_name;
}

void graph_name(struct graph *g, uint32_t name, const uint64_t *addr, size_t n)
{
	for (size_t i = 0; i < n && !g->state && g->names.n < GRAPH_NAMES_MAX; i++) {
		uint32_t code = addrmap_code(&g->map, addr[i]);
		if (code == ADDR_NONE || !push_pair(&g->names, code, name))
			graph_give_up(g);
	}
}
