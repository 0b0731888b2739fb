/* Gives each reachable object its signature. SPDX-License-Identifier: BSD-2-Clause */
#include "graph/sigwalk.h"

#define PENDING 0x80000000u /* set while the level is being collected: the best parent's signature so far */

enum { AHEAD = 12 }; /* queue entries whose edges are fetched ahead of their turn */

struct sigwalk {
	const struct sig_input *in;
	struct sigtab *t;
	uint32_t *sig;    /* by id */
	uint32_t *run;    /* by id: objects in the folded chain up to this one */
	uint32_t *queue;
	uint32_t tail;
};

static inline void relax(struct sigwalk *w, uint32_t from, uint32_t run, uint32_t id)
{
	uint32_t now = w->sig[id];
	if (now == SIG_NONE) {
		w->sig[id] = from | PENDING;
		w->run[id] = run;
		w->queue[w->tail++] = id;
		return;
	}
	if (!(now & PENDING))
		return;
	uint32_t best = now & ~PENDING;
	if (best == from) {
		if (run > w->run[id])
			w->run[id] = run;
	} else if (w->t->sig[from].id < w->t->sig[best].id) {
		w->sig[id] = from | PENDING;
		w->run[id] = run;
	}
}

static void expand(struct sigwalk *w, uint32_t begin, uint32_t end)
{
	const struct dom_graph *g = &w->in->graph;
	for (uint32_t q = begin; q < end; q++) {
		if (q + AHEAD < end) {
			__builtin_prefetch(&g->off[w->queue[q + AHEAD]]);
			__builtin_prefetch(&g->extra[w->queue[q + AHEAD]]);
		}
		uint32_t v = w->queue[q], sig = w->sig[v], run = w->run[v];
		for (uint32_t e = g->off[v]; e < g->off[v + 1]; e++)
			relax(w, sig, run, g->to[e]);
		if (g->extra[v] != DOM_NONE)
			relax(w, sig, run, g->extra[v]);
	}
}

/* The step of an object; *ret_class tells whether it is a class's name. */
static uint32_t step_of(const struct sigwalk *w, uint32_t id, bool *ret_class)
{
	uint32_t step = w->in->slot_step[w->in->slot[id]];
	*ret_class = step == STEP_CLASS;
	return step == STEP_CLASS ? w->in->class_step(w->in->ctx, id) : step;
}

/* Extends one object's signature by its own step. false without memory. */
static bool settle_one(struct sigwalk *w, uint32_t id)
{
	uint32_t parent = w->sig[id] & ~PENDING;
	bool klass;
	uint32_t step = step_of(w, id, &klass);
	w->sig[id] = parent;
	if (step == STEP_FOLD)
		return true;
	uint32_t sig = sigtab_extend(w->t, parent, step, klass);
	if (sig == SIG_NONE)
		return false;
	struct sig *s = &w->t->sig[sig];
	w->run[id] = sig == parent && s->step == step ? w->run[id] + 1 : 1;
	if (w->run[id] > s->repeat)
		s->repeat = w->run[id];
	w->sig[id] = sig;
	return true;
}

/* The level just collected. When it passes the limit it is taken back as a whole, since a part of it would depend on the order of the
 * objects; from then on objects go with their parents. */
static bool settle(struct sigwalk *w, uint32_t begin, uint32_t end)
{
	uint32_t first = w->t->n;
	for (uint32_t q = begin; q < end; q++) {
		if (!settle_one(w, w->queue[q]))
			return false;
		if (w->t->frozen || w->t->counted <= w->t->limit)
			continue;
		sigtab_freeze(w->t, first);
		for (uint32_t k = begin; k <= q; k++) {
			const struct sig *s = &w->t->sig[w->sig[w->queue[k]]];
			if (s->dead)
				w->sig[w->queue[k]] = s->parent;
		}
	}
	return true;
}

static bool walk_roots(struct sigwalk *w, bool last_resort)
{
	uint32_t begin = w->tail;
	for (uint32_t i = 0; i < w->in->nroots; i++) {
		const struct sig_root *r = &w->in->roots[i];
		if (r->last_resort != last_resort)
			continue;
		uint32_t sig = sigtab_root(w->t, r->step);
		if (sig == SIG_NONE)
			return false;
		relax(w, sig, 1, r->id);
	}
	while (begin < w->tail) {
		uint32_t end = w->tail;
		if (!settle(w, begin, end))
			return false;
		expand(w, begin, end);
		begin = end;
	}
	return true;
}

uint32_t *sig_walk(const struct sig_input *in, struct sigtab *t, struct gmem *mem)
{
	uint32_t n = in->graph.n;
	struct sigwalk w = {.in = in, .t = t};
	w.sig = gmem_alloc(mem, n, 4);
	w.run = gmem_alloc(mem, n, 4);
	w.queue = gmem_alloc(mem, n, 4);
	bool ok = w.sig && w.run && w.queue;
	if (ok)
		for (uint32_t i = 0; i < n; i++)
			w.sig[i] = SIG_NONE;
	ok = ok && walk_roots(&w, false) && walk_roots(&w, true);
	gmem_free(mem, w.run, n, 4);
	gmem_free(mem, w.queue, n, 4);
	if (ok)
		return w.sig;
	gmem_free(mem, w.sig, n, 4);
	return NULL;
}
