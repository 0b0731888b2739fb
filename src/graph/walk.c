/* The walk: what is reachable, on which way, and each object's signature. SPDX-License-Identifier: BSD-2-Clause */
#include "graph/walk.h"

#include <string.h>

#include "graph/gvec.h"

/* How far ahead things are fetched: rows, before their edges' ends, of which so many are on their way at one time; signatures. */
enum { AHEAD_ROW = 96, BATCH = 128, AHEAD_SIG = 12 };

/* Of an inner object, until its edges have been followed. */
struct way {
	uint32_t top, run; /* run: objects in the folded chain up to this one */
};
enum { WAY_NUMBERS = sizeof(struct way) / 4 };

struct walker {
	const struct walk_input *in;
	struct walk *w;
	struct sigtab *t;
	struct gvec row;      /* of inner ones by id, and one beyond */
	struct gvec way;      /* struct way of the inner ones of the level whose edges are followed */
	struct gvec next_way; /* of those reached on it, and one beyond */
	struct gvec leaf_run; /* runs of the leaves of the latest level, in the order in which they were reached, and one beyond */
	uint32_t *slot_class; /* as that of the input, without classes that nobody has anything to say to any more */
	uint32_t tail, leaf;  /* ids given: inner ones below tail, leaves from `leaf` on */
	/* Ids from `level` to below `leaf_level` are of those reached on the level that is being collected: sig is that of the best parent so
	 * far. Those of the level whose edges are followed begin at `begin`. */
	uint32_t begin, level, leaf_level;
	bool ok;
};

/* What is to be said to the end of an edge. */
struct from {
	uint32_t num, sig, run, top; /* num: id + 1, 0 = a root */
};

static inline struct way *way_of(const struct walker *w, uint32_t id) { return (struct way *)w->way.p + (id - w->begin); }
static inline struct way *next_way_of(const struct walker *w, uint32_t id) { return (struct way *)w->next_way.p + (id - w->level); }
/* leaf_level: that under which it was reached. */
static inline uint32_t *leaf_run_of(const struct walker *w, uint32_t leaf_level, uint32_t id)
{
	return w->leaf_run.p + (leaf_level - 1 - id);
}

static inline uint32_t id_of(const struct walk_node *x) { return (x->num & WALK_NUM) - 1; }

/* Whether it waits for its signature. */
static inline bool is_fresh(const struct walker *w, uint32_t id) { return id - w->level < w->leaf_level - w->level; }

/* The class of a slot's objects, WALK_NONE: none, or one that is rooted and has its signature, and so needs no more of them. */
static inline uint32_t open_class(struct walker *w, uint32_t slot)
{
	uint32_t *klass = &w->slot_class[slot & SLOT_MASK];
	if (__builtin_expect(*klass == WALK_NONE, 1))
		return WALK_NONE;
	const struct walk_node *x = &w->in->node[*klass];
	if (x->num & WALK_ROOTED && !is_fresh(w, id_of(x)))
		*klass = WALK_NONE;
	return *klass;
}

/* Whether nothing hangs on it, and it tells nothing of anything else. */
static inline bool is_leaf(struct walker *w, const struct walk_node *x)
{
	return x->row == WALK_NONE && (x->slot & SLOT_OWN_CLASS || open_class(w, x->slot) == WALK_NONE);
}

/* Room for what is reached next. false without memory. */
static inline bool room_for_next(struct walker *w)
{
	return (w->row.n > w->tail || gvec_push(&w->row)) && (w->leaf_run.n > w->leaf_level - w->leaf || gvec_push(&w->leaf_run)) &&
	    (w->next_way.n > (uint64_t)(w->tail - w->level) * WAY_NUMBERS || gvec_push(&w->next_way));
}

/* What an inner object has besides is written for a leaf, too: the next one's record takes its place. */
static inline void reach(struct walker *w, struct from from, uint32_t old, struct walk_node *x)
{
	struct walk *o = w->w;
	bool leaf = is_leaf(w, x);
	uint32_t id = leaf ? w->leaf - 1 : w->tail;
	w->row.p[w->tail] = x->row;
	*next_way_of(w, w->tail) = (struct way){.top = from.top, .run = from.run};
	*leaf_run_of(w, w->leaf_level, w->leaf - 1) = from.run;
	o->old[id] = old;
	o->parent[id] = from.num;
	o->slot[id] = x->slot;
	o->size[id] = x->size;
	o->sig[id] = from.sig;
	*x = (struct walk_node){.top = from.top, .sig = from.sig, .run = from.run, .num = id + 1};
	w->leaf -= leaf;
	w->tail += !leaf;
	if (__builtin_expect(!room_for_next(w), 0)) { /* the walk ends here */
		w->leaf += leaf;
		w->tail -= !leaf;
		w->ok = false;
	}
}

/* Another parent of one that waits. */
static inline void choose(struct walker *w, struct from from, struct walk_node *x)
{
	if (x->sig == from.sig ? from.run <= x->run : w->t->sig[from.sig].id >= w->t->sig[x->sig].id)
		return;
	uint32_t id = id_of(x);
	x->sig = w->w->sig[id] = from.sig;
	x->run = from.run;
	*(id < w->tail ? &next_way_of(w, id)->run : leaf_run_of(w, w->leaf_level, id)) = from.run;
}

static inline void set_rooted(struct walker *w, struct walk_node *x)
{
	w->w->parent[id_of(x)] = 0;
	x->num |= WALK_ROOTED;
}

static inline void push_cross(struct walker *w, uint32_t from, uint32_t to)
{
	uint32_t *p = glog_push(&w->w->cross);
	if (!p) {
		w->ok = false;
		return;
	}
	p[0] = from;
	p[1] = to;
}

/* An edge beside the tree. Two ways that begin at different references of the roots have nothing but the root in common. */
static inline void cross(struct walker *w, struct from from, struct walk_node *x)
{
	if (from.num == x->num)
		return;
	if (x->top != from.top)
		set_rooted(w, x);
	else
		push_cross(w, from.num - 1, id_of(x));
}

static inline void follow(struct walker *w, struct from from, uint32_t old)
{
	struct walk_node *x = &w->in->node[old];
	if (!x->num) {
		reach(w, from, old, x);
		return;
	}
	if (is_fresh(w, id_of(x)))
		choose(w, from, x);
	if (!(x->num & WALK_ROOTED))
		cross(w, from, x);
}

static inline struct from from_of(const struct walker *w, uint32_t id)
{
	const struct way *i = way_of(w, id);
	return (struct from){.num = id + 1, .sig = w->w->sig[id], .run = i->run, .top = i->top};
}

/* Some edges on their way: found in their rows, their ends being fetched. */
struct batch {
	uint32_t from[BATCH], to[BATCH];
	uint32_t n;
};

/* Where the edges of a level come from. */
struct feed {
	uint32_t id, end;   /* the next object, one behind the last */
	const uint32_t *e;  /* the next edge of the one before, NULL: it has none left */
};

/* The next edges of a level. */
static inline void fill(const struct walker *w, struct feed *f, struct batch *b)
{
	const uint32_t *e = f->e;
	uint32_t id = f->id, n = 0;
	while (n < BATCH) {
		if (!e) {
			if (id == f->end)
				break;
			if (id + AHEAD_ROW < f->end && w->row.p[id + AHEAD_ROW] != WALK_NONE)
				__builtin_prefetch(&w->in->to[w->row.p[id + AHEAD_ROW]]);
			uint32_t row = w->row.p[id++];
			if (row == WALK_NONE)
				continue;
			e = &w->in->to[row];
		}
		uint32_t to = *e & ~WALK_LAST;
		__builtin_prefetch(&w->in->node[to], 1);
		b->from[n] = id - 1;
		b->to[n++] = to;
		e = *e & WALK_LAST ? NULL : e + 1;
	}
	b->n = n;
	f->id = id;
	f->e = e;
}

/* The references of all inner ones of a level: while the ends of some are fetched, those fetched before are followed. */
static void follow_rows(struct walker *w, uint32_t begin, uint32_t end)
{
	struct feed f = {.id = begin, .end = end};
	struct batch batch[2];
	fill(w, &f, &batch[0]);
	for (uint32_t turn = 0; batch[turn].n && w->ok; turn ^= 1) {
		fill(w, &f, &batch[turn ^ 1]);
		const struct batch *b = &batch[turn];
		for (uint32_t i = 0; i < b->n; i++)
			follow(w, from_of(w, b->from[i]), b->to[i]);
	}
}

/* The references of a level's objects to their classes. */
static void follow_classes(struct walker *w, uint32_t begin, uint32_t end)
{
	for (uint32_t id = begin; id < end && w->ok; id++) {
		uint32_t slot = w->w->slot[id], klass = slot & SLOT_OWN_CLASS ? WALK_NONE : open_class(w, slot);
		if (klass != WALK_NONE)
			follow(w, from_of(w, id), klass);
	}
}

/* The step of an object; *ret_class tells whether it is a class's name. */
static inline uint32_t step_of(const struct walker *w, uint32_t id, bool *ret_class)
{
	uint32_t slot = w->w->slot[id] & SLOT_MASK, step = w->in->slot_step[slot];
	*ret_class = step == STEP_CLASS;
	return __builtin_expect(step == STEP_CLASS, 0) ? w->in->class_step(w->in->ctx, w->w->old[id], slot) : step;
}

/* Extends one object's signature by its own step; run: where its run stands. false without memory. */
static inline bool settle_one(struct walker *w, uint32_t id, uint32_t *run)
{
	bool klass;
	uint32_t parent = w->w->sig[id], step = step_of(w, id, &klass), sig = parent;
	if (step == STEP_FOLD)
		return true;
	if (klass || !sigtab_is_end(w->t, parent)) {
		sig = sigtab_extend(w->t, parent, step, klass);
		if (sig == SIG_NONE)
			return false;
		w->w->sig[id] = sig;
	}
	if (sig != parent || sigtab_step(w->t, sig) != step) {
		*run = 1;
		return true;
	}
	struct sig *s = &w->t->sig[sig];
	if (++*run > s->repeat)
		s->repeat = *run;
	return true;
}

/* What was reached on one level. */
struct level {
	uint32_t begin, end, leaf, leaf_end; /* inner ones, leaves */
	uint32_t first; /* the first signature that can be new */
};

static void unsettle(struct walker *w, uint32_t begin, uint32_t end)
{
	for (uint32_t id = begin; id < end; id++)
		if (w->t->sig[w->w->sig[id]].dead)
			w->w->sig[id] = w->t->sig[w->w->sig[id]].parent;
}

/* The limit is passed. The level is taken back as a whole, since a part of it would depend on the order of the objects; from then on
 * objects go with their parents. Those up to id had their signatures, the inner ones first. */
static void take_back(struct walker *w, const struct level *l, uint32_t id)
{
	sigtab_freeze(w->t, l->first);
	unsettle(w, l->begin, id < l->end ? id + 1 : l->end);
	if (id >= l->end)
		unsettle(w, l->leaf, id + 1);
}

/* A part of a level, from begin on. false without memory. */
static bool settle(struct walker *w, const struct level *l, uint32_t begin, uint32_t end)
{
	for (uint32_t id = begin; id < end; id++) {
		if (id + 2 * AHEAD_SIG < end)
			sigtab_fetch_step(w->t, w->w->sig[id + 2 * AHEAD_SIG]);
		if (id + AHEAD_SIG < end)
			sigtab_fetch(w->t, w->w->sig[id + AHEAD_SIG], w->in->slot_step[w->w->slot[id + AHEAD_SIG] & SLOT_MASK]);
		if (!settle_one(w, id, id < w->tail ? &way_of(w, id)->run : leaf_run_of(w, l->leaf_end, id)))
			return false;
		if (__builtin_expect(!w->t->frozen && w->t->counted > w->t->limit, 0))
			take_back(w, l, id);
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
	else if (is_fresh(w, id_of(x)))
		choose(w, from, x);
	set_rooted(w, x);
}

/* What has been reached becomes the level whose edges are followed; from here on the next one is collected. false without memory. */
static bool next_level(struct walker *w)
{
	if (w->leaf_run.n) /* those of the last level stay until the first one is reached on the next */
		w->leaf_run.n = 1;
	struct gvec used = w->way;
	w->way = w->next_way;
	w->next_way = used;
	w->next_way.n = 0;
	w->begin = w->level;
	w->level = w->tail;
	w->leaf_level = w->leaf;
	return room_for_next(w);
}

/* Level by level, from what the roots lead to; *l is that. */
static bool walk_levels(struct walker *w, struct level *l)
{
	while (w->ok && (l->begin < w->tail || w->leaf < l->leaf_end)) {
		l->end = w->tail;
		l->leaf = w->leaf;
		if (!next_level(w))
			return false;
		l->first = w->t->n;
		if (!settle(w, l, l->begin, l->end) || !settle(w, l, l->leaf, l->leaf_end))
			return false;
		follow_rows(w, l->begin, l->end);
		follow_classes(w, l->begin, l->end);
		l->begin = l->end;
		l->leaf_end = l->leaf;
	}
	return w->ok;
}

static bool walk_roots(struct walker *w, unsigned turn)
{
	struct level l = {.begin = w->tail, .leaf_end = w->leaf};
	if (!next_level(w))
		return false;
	for (uint32_t i = 0; i < w->in->nroots; i++) {
		const struct walk_root *r = &w->in->roots[i];
		if (r->turn != turn)
			continue;
		uint32_t sig = sigtab_root(w->t, r->step);
		if (sig == SIG_NONE)
			return false;
		follow_root(w, r->id, sig);
	}
	return walk_levels(w, &l);
}

static bool alloc(struct walk *w)
{
	uint32_t **all[] = {&w->old, &w->parent, &w->slot, &w->size, &w->sig};
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		*all[i] = gmem_raw(w->mem, w->cap, 4);
		if (!*all[i])
			return false;
	}
	return true;
}

/* The rows of the inner ones stay. */
static void take_rows(struct walker *w)
{
	uint64_t cap;
	w->w->row = gvec_take(&w->row, &cap);
	w->w->row_cap = w->tail;
	gmem_cut(w->w->mem, w->w->row, cap, w->tail, 4);
}

bool walk_run(struct walk *o, const struct walk_input *in, struct sigtab *t, struct gmem *mem)
{
	*o = (struct walk){.mem = mem, .leaf = in->n, .cap = in->n};
	glog_init(&o->cross, mem, 2);
	struct walker w = {.in = in, .w = o, .t = t, .leaf = in->n};
	gvec_init(&w.row, mem, 1);
	gvec_init(&w.way, mem, WAY_NUMBERS);
	gvec_init(&w.next_way, mem, WAY_NUMBERS);
	gvec_init(&w.leaf_run, mem, 1);
	w.slot_class = gmem_raw(mem, in->nslots, 4);
	w.ok = alloc(o) && w.slot_class;
	if (w.ok) {
		if (in->nslots)
			memcpy(w.slot_class, in->slot_class, in->nslots * 4);
		for (unsigned turn = 0; w.ok && turn < WALK_TURNS; turn++)
			w.ok = walk_roots(&w, turn);
	}
	o->n = w.tail;
	o->leaf = w.leaf;
	gmem_free(mem, w.slot_class, in->nslots, 4);
	if (w.ok)
		take_rows(&w);
	else
		walk_done(o);
	gvec_done(&w.row);
	gvec_done(&w.way);
	gvec_done(&w.next_way);
	gvec_done(&w.leaf_run);
	return w.ok;
}

void walk_done(struct walk *w)
{
	if (!w->mem)
		return;
	glog_done(&w->cross);
	uint32_t *all[] = {w->old, w->parent, w->slot, w->size, w->sig};
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		gmem_free(w->mem, all[i], w->cap, 4);
	gmem_free(w->mem, w->row, w->row_cap, 4);
	*w = (struct walk){0};
}
