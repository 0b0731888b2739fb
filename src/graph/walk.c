/* The walk: what is reachable, on which way, and each object's signature. SPDX-License-Identifier: BSD-2-Clause */
#include "graph/walk.h"

#include <string.h>

/* How far ahead things are fetched: an edge's end, and before it the row that the edge stands in. */
enum { AHEAD_ROW = 40, AHEAD_END = 16, AHEAD_EDGES = 6, AHEAD_SIG = 12 };

struct walker {
	const struct walk_input *in;
	struct walk *w;
	struct sigtab *t;
	uint32_t *run;   /* by id: objects in the folded chain up to this one */
	uint32_t *inner; /* ids of those that have edges, in the order of ids */
	uint32_t *slot_class; /* as that of the input, without classes that nobody has anything to say to any more */
	uint32_t ninner, done; /* inner ones; those whose edges have been followed */
	uint32_t tail;   /* ids given */
	uint32_t level;  /* from this id on: reached on the level that is being collected, sig is that of the best parent so far */
	bool ok;
};

/* What is to be said to the end of an edge. */
struct from {
	uint32_t num, sig, run, top; /* num: id + 1, 0 = a root */
};

static inline void reach(struct walker *w, struct from from, uint32_t old, struct walk_node *x)
{
	struct walk *o = w->w;
	uint32_t id = w->tail++, leaf = x->row == WALK_NONE ? WALK_LEAF : 0;
	o->old[id] = old;
	o->parent[id] = from.num;
	o->slot[id] = x->slot;
	o->size[id] = x->size;
	o->row[id] = x->row;
	o->sig[id] = from.sig;
	o->top[id] = from.top;
	w->run[id] = from.run;
	w->inner[w->ninner] = id;
	w->ninner += !leaf;
	*x = (struct walk_node){.top = from.top | leaf, .sig = from.sig, .run = from.run, .num = id + 1};
}

/* Another parent of one that waits for its signature. */
static inline void choose(struct walker *w, struct from from, struct walk_node *x)
{
	if (x->sig == from.sig ? from.run <= x->run : w->t->sig[from.sig].id >= w->t->sig[x->sig].id)
		return;
	uint32_t id = (x->num & WALK_NUM) - 1;
	x->sig = w->w->sig[id] = from.sig;
	x->run = w->run[id] = from.run;
}

static inline void set_rooted(struct walker *w, struct walk_node *x)
{
	w->w->top[(x->num & WALK_NUM) - 1] = x->top | WALK_ROOTED;
	x->num |= WALK_ROOTED;
}

static inline void push_cross(struct walker *w, uint32_t from, const struct walk_node *x)
{
	uint32_t *p = glog_push(&w->w->cross);
	if (!p) {
		w->ok = false;
		return;
	}
	p[0] = from;
	p[1] = ((x->num & WALK_NUM) - 1) | (x->top & WALK_LEAF);
}

/* An edge beside the tree. Two ways that begin at different references of the roots have nothing but the root in common. */
static inline void cross(struct walker *w, struct from from, struct walk_node *x)
{
	if (from.num == x->num)
		return;
	if ((x->top & ~WALK_LEAF) != from.top)
		set_rooted(w, x);
	else
		push_cross(w, from.num - 1, x);
}

static inline void follow(struct walker *w, struct from from, uint32_t old)
{
	struct walk_node *x = &w->in->node[old];
	if (!x->num) {
		reach(w, from, old, x);
		return;
	}
	if ((x->num & WALK_NUM) > w->level)
		choose(w, from, x);
	if (!(x->num & WALK_ROOTED))
		cross(w, from, x);
}

static inline struct from from_of(const struct walker *w, uint32_t id)
{
	const struct walk *o = w->w;
	return (struct from){.num = id + 1, .sig = o->sig[id], .run = w->run[id], .top = o->top[id] & ~WALK_ROOTED};
}

FETCHES void fetch(const struct walker *w, uint32_t i, uint32_t end)
{
	const uint32_t *row = w->w->row, *to = w->in->to;
	if (i + AHEAD_ROW < end)
		__builtin_prefetch(&to[row[w->inner[i + AHEAD_ROW]]]);
	if (i + AHEAD_END < end) {
		const uint32_t *e = &to[row[w->inner[i + AHEAD_END]]];
		for (int k = 0; k < AHEAD_EDGES; k++) {
			__builtin_prefetch(&w->in->node[e[k] & ~WALK_LAST], 1);
			if (e[k] & WALK_LAST)
				break;
		}
	}
}

/* One row; the ends of a long one are fetched on the way. */
static inline void follow_row(struct walker *w, struct from from, const uint32_t *e)
{
	uint32_t left = 0; /* edges known to come */
	for (;; e++) {
		if (left == 0) {
			while (left < AHEAD_END && !(e[left] & WALK_LAST))
				left++;
			if (left == AHEAD_END)
				for (uint32_t k = 0; k < left; k++)
					__builtin_prefetch(&w->in->node[e[k]], 1);
			left++;
		}
		left--;
		follow(w, from, *e & ~WALK_LAST);
		if (*e & WALK_LAST)
			return;
	}
}

/* The references of all of a level, from `done` on. */
static void follow_rows(struct walker *w)
{
	for (uint32_t i = w->done, end = w->ninner; i < end; i++) {
		fetch(w, i, end);
		uint32_t id = w->inner[i];
		follow_row(w, from_of(w, id), &w->in->to[w->w->row[id]]);
		w->done = i + 1;
	}
}

/* The references of a level's objects to their classes. A class that is rooted and has its signature needs no more of them. */
static void follow_classes(struct walker *w, uint32_t begin, uint32_t end)
{
	const struct walk *o = w->w;
	for (uint32_t id = begin; id < end; id++) {
		uint32_t slot = o->slot[id];
		if (__builtin_expect(slot & SLOT_OWN_CLASS, 0))
			continue;
		uint32_t klass = w->slot_class[slot & SLOT_MASK];
		if (klass == WALK_NONE)
			continue;
		uint32_t tail = w->tail;
		follow(w, from_of(w, id), klass);
		if (tail != w->tail && o->row[id] == WALK_NONE)
			push_cross(w, id, &w->in->node[klass]);
		uint32_t num = w->in->node[klass].num;
		if (num & WALK_ROOTED && (num & WALK_NUM) <= w->level)
			w->slot_class[slot & SLOT_MASK] = WALK_NONE;
	}
}

/* The step of an object; *ret_class tells whether it is a class's name. */
static inline uint32_t step_of(const struct walker *w, uint32_t id, bool *ret_class)
{
	uint32_t slot = w->w->slot[id] & SLOT_MASK, step = w->in->slot_step[slot];
	*ret_class = step == STEP_CLASS;
	return __builtin_expect(step == STEP_CLASS, 0) ? w->in->class_step(w->in->ctx, w->w->old[id], slot) : step;
}

/* Extends one object's signature by its own step. false without memory. */
static inline bool settle_one(struct walker *w, uint32_t id)
{
	bool klass;
	uint32_t parent = w->w->sig[id], step = step_of(w, id, &klass);
	if (step == STEP_FOLD)
		return true;
	uint32_t sig = sigtab_extend(w->t, parent, step, klass);
	if (sig == SIG_NONE)
		return false;
	w->w->sig[id] = sig;
	if (sig != parent || w->t->sig[sig].step != step) {
		w->run[id] = 1;
		return true;
	}
	struct sig *s = &w->t->sig[sig];
	if (++w->run[id] > s->repeat)
		s->repeat = w->run[id];
	return true;
}

/* The level just collected. When it passes the limit it is taken back as a whole, since a part of it would depend on the order of the
 * objects; from then on objects go with their parents. */
static bool settle(struct walker *w, uint32_t begin, uint32_t end)
{
	uint32_t first = w->t->n;
	for (uint32_t id = begin; id < end; id++) {
		if (id + AHEAD_SIG < end)
			sigtab_fetch(w->t, w->w->sig[id + AHEAD_SIG], w->in->slot_step[w->w->slot[id + AHEAD_SIG] & SLOT_MASK]);
		if (!settle_one(w, id))
			return false;
		if (w->t->frozen || w->t->counted <= w->t->limit)
			continue;
		sigtab_freeze(w->t, first);
		for (uint32_t k = begin; k <= id; k++)
			if (w->t->sig[w->w->sig[k]].dead)
				w->w->sig[k] = w->t->sig[w->w->sig[k]].parent;
	}
	return true;
}

/* The end of a root's reference. */
static void follow_root(struct walker *w, uint32_t old, uint32_t sig)
{
	struct walk_node *x = &w->in->node[old];
	struct from from = {.sig = sig, .run = 1, .top = w->tail};
	if (!x->num)
		reach(w, from, old, x);
	else if ((x->num & WALK_NUM) > w->level)
		choose(w, from, x);
	set_rooted(w, x);
}

static bool walk_roots(struct walker *w, bool last_resort)
{
	uint32_t begin = w->tail;
	w->level = begin;
	for (uint32_t i = 0; i < w->in->nroots; i++) {
		const struct walk_root *r = &w->in->roots[i];
		if (r->last_resort != last_resort)
			continue;
		uint32_t sig = sigtab_root(w->t, r->step);
		if (sig == SIG_NONE)
			return false;
		follow_root(w, r->id, sig);
	}
	while (w->ok && begin < w->tail) {
		uint32_t end = w->level = w->tail;
		if (!settle(w, begin, end))
			return false;
		follow_rows(w);
		follow_classes(w, begin, end);
		begin = end;
	}
	return w->ok;
}

static bool alloc(struct walk *w)
{
	uint32_t **all[] = {&w->old, &w->parent, &w->slot, &w->size, &w->row, &w->sig, &w->top};
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		*all[i] = gmem_raw(w->mem, w->cap, 4);
		if (!*all[i])
			return false;
	}
	return true;
}

bool walk_run(struct walk *o, const struct walk_input *in, struct sigtab *t, struct gmem *mem)
{
	*o = (struct walk){.mem = mem, .cap = in->n};
	glog_init(&o->cross, mem, 2);
	struct walker w = {.in = in, .w = o, .t = t, .ok = alloc(o)};
	uint64_t scratch = 2 * (uint64_t)in->n + 1; /* one array, as large as what comes after */
	w.run = gmem_raw(mem, scratch, 4);
	w.inner = w.run + in->n;
	w.slot_class = gmem_raw(mem, in->nslots, 4);
	if (w.ok && w.run && w.slot_class) {
		if (in->nslots)
			memcpy(w.slot_class, in->slot_class, in->nslots * 4);
		w.ok = walk_roots(&w, false) && walk_roots(&w, true);
	} else {
		w.ok = false;
	}
	o->n = w.tail;
	gmem_free(mem, w.slot_class, in->nslots, 4);
	gmem_free(mem, w.run, scratch, 4);
	if (!w.ok)
		walk_done(o);
	return w.ok;
}

void walk_free_edges(struct walk *w)
{
	glog_done(&w->cross);
	gmem_free(w->mem, w->top, w->cap, 4);
	w->top = NULL;
}

void walk_done(struct walk *w)
{
	if (!w->mem)
		return;
	walk_free_edges(w);
	uint32_t *all[] = {w->old, w->parent, w->slot, w->size, w->row, w->sig};
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		gmem_free(w->mem, all[i], w->cap, 4);
	*w = (struct walk){0};
}
