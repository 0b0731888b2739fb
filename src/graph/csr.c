/* From the logs of the scan to rows by id. SPDX-License-Identifier: BSD-2-Clause */
#include "graph/internal.h"

void rows_free_in(struct rows *r)
{
	gmem_free(r->mem, r->in, r->n, 4);
	r->in = NULL;
}

void rows_free_nodes(struct rows *r)
{
	gmem_free(r->mem, r->node, r->n, sizeof(*r->node));
	r->node = NULL;
}

void rows_done(struct rows *r)
{
	if (!r->mem)
		return;
	rows_free_in(r);
	rows_free_nodes(r);
	gmem_free(r->mem, r->to, r->m, 4);
	gmem_free(r->mem, r->slot_class, r->nslots, 4);
	*r = (struct rows){0};
}

static bool rows_alloc(struct rows *r, struct graph *g)
{
	*r = (struct rows){.mem = &g->mem, .n = (uint32_t)g->objs.n, .m = g->refs.n + g->classes.n, .nslots = g->nslots};
	r->node = gmem_raw(r->mem, r->n, sizeof(*r->node));
	r->to = gmem_raw(r->mem, r->m, 4);
	r->slot_class = gmem_raw(r->mem, r->nslots, 4);
	r->in = gmem_alloc(r->mem, r->n, 4);
	return r->node && r->to && r->slot_class && r->in;
}

static void take_slots(struct rows *r, const struct graph *g)
{
	for (uint64_t i = 0; i < r->nslots; i++)
		r->slot_class[i] = g->slot_class[i].state == SLOT_CLASS ? addrmap_id(&g->map, g->slot_class[i].code) : ADDR_NONE;
}

uint32_t rows_class(const struct rows *r, uint32_t id)
{
	const struct walk_node *v = &r->node[id];
	if (!(v->slot & SLOT_OWN_CLASS))
		return r->slot_class[v->slot & SLOT_MASK];
	if (!(v->slot & SLOT_CLASS_EDGE))
		return ADDR_NONE;
	const uint32_t *e = r->to + v->row;
	while (!(*e & WALK_LAST))
		e++;
	return *e & ~WALK_LAST;
}

/* A reader of the reference log. */
struct ref_reader {
	struct glog *log;
	uint64_t at;
	const uint32_t *p;
	uint64_t left; /* side by side from p */
};

static void next_run(struct ref_reader *r)
{
	glog_free_before(r->log, r->at);
	r->left = r->at < r->log->n ? glog_run(r->log, r->at) : 0;
	r->p = r->left ? glog_at(r->log, r->at) : NULL;
}

/* How far ahead of being resolved a code's bits are fetched, and how long after it its end is counted: it has been fetched by then. */
enum { AHEAD_BITS = 24, BEHIND_COUNT = 24 };

FETCHES void fetch_bits(const struct addrmap *m, const struct ref_reader *r)
{
	if (r->left > AHEAD_BITS)
		addrmap_fetch(m, r->p[AHEAD_BITS]);
}

/* Counts the ends of the edges before `end`. */
static inline void count(struct rows *r, uint32_t **counted, const uint32_t *end)
{
	for (; *counted < end; ++*counted)
		r->in[**counted & ~WALK_LAST]++;
}

/* Resolves n references to `to`; returns how many lead to an object. */
__attribute__((always_inline)) static inline uint32_t take_refs(
    struct rows *rows, const struct addrmap *m, struct ref_reader *r, uint32_t n, uint32_t *to)
{
	uint32_t w = 0;
	for (uint32_t i = 0; i < n; i++) {
		if (r->left == 0)
			next_run(r);
		fetch_bits(m, r);
		uint32_t id = addrmap_id(m, *r->p++);
		r->at++;
		r->left--;
		if (id == ADDR_NONE)
			continue;
		__builtin_prefetch(&rows->in[id], 1);
		to[w++] = id;
	}
	rows->dangling += n - w;
	return w;
}

/* Appends the class of an object whose class is not that of its slot. */
static uint32_t *take_class(struct graph *g, uint64_t *at, uint32_t *slot, uint32_t *to)
{
	uint32_t code = *glog_at(&g->classes, (*at)++), klass = code == ADDR_NONE ? ADDR_NONE : addrmap_id(&g->map, code);
	if (klass == ADDR_NONE)
		return to;
	*slot |= SLOT_CLASS_EDGE;
	*to++ = klass;
	return to;
}

/* What has been taken so far. */
struct taker {
	struct ref_reader refs;
	uint64_t classes;
	uint32_t *to, *counted; /* ends of the edges written and counted */
};

/* One object to its place. */
__attribute__((always_inline)) static inline void take_object(struct rows *r, struct graph *g, struct taker *t, const uint32_t *rec)
{
	uint32_t id = addrmap_id(&g->map, rec[REC_CODE]), slot = rec[REC_SLOT], *begin = t->to, *to = begin;
	if (rec[REC_NREFS])
		to += take_refs(r, &g->map, &t->refs, rec[REC_NREFS], to);
	if (to - t->counted > BEHIND_COUNT)
		count(r, &t->counted, to - BEHIND_COUNT);
	if (__builtin_expect(slot & SLOT_OWN_CLASS, 0)) {
		count(r, &t->counted, to);
		to = take_class(g, &t->classes, &slot, to);
		t->counted = to; /* class edges are not counted */
	}
	if (to > begin)
		to[-1] |= WALK_LAST;
	uint32_t row = to > begin ? (uint32_t)(begin - r->to) : WALK_NONE;
	r->node[id] = (struct walk_node){.row = row, .slot = slot, .size = rec[REC_SIZE]};
	t->to = to;
}

/* Everything to its place. The body is compiled twice, with and without popcnt. */
__attribute__((always_inline)) static inline void take_body(struct rows *r, struct graph *g)
{
	struct taker t = {.refs.log = &g->refs, .to = r->to, .counted = r->to};
	for (uint64_t i = 0; i < g->objs.n;) {
		uint64_t run = glog_run(&g->objs, i);
		const uint32_t *rec = glog_at(&g->objs, i);
		for (uint64_t k = 0; k < run; k++, rec += REC_WIDTH)
			take_object(r, g, &t, rec);
		i += run;
		glog_free_before(&g->objs, i);
	}
	count(r, &t.counted, t.to);
}

static void take_plain(struct rows *r, struct graph *g) { take_body(r, g); }

#ifdef __x86_64__
__attribute__((target("popcnt"))) static void take_popcnt(struct rows *r, struct graph *g) { take_body(r, g); }
#endif

static void take(struct rows *r, struct graph *g)
{
#ifdef __x86_64__
	__builtin_cpu_init();
	if (__builtin_cpu_supports("popcnt")) {
		take_popcnt(r, g);
		return;
	}
#endif
	take_plain(r, g);
}

bool rows_build(struct rows *r, struct graph *g)
{
	if (!addrmap_finish(&g->map) || !rows_alloc(r, g))
		return false;
	take_slots(r, g);
	take(r, g);
	glog_done(&g->refs);
	glog_done(&g->classes);
	glog_done(&g->objs);
	return true;
}
