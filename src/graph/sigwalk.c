/* Gives each reachable object its signature. SPDX-License-Identifier: BSD-2-Clause */
#include "graph/sigwalk.h"

#include <string.h>

#define PENDING 0x80000000u /* set while the level is being collected: the best parent's signature so far */

enum { AHEAD = 16 }; /* queue entries whose edges are fetched ahead of their turn; the ends of the edges half as far */

struct node {
	uint32_t sig;
	uint32_t run; /* objects in the folded chain up to this one */
};

struct sigwalk {
	const struct sig_input *in;
	struct sigtab *t;
	struct node *node; /* by id */
	uint32_t *queue;
	uint32_t tail;
};

static inline void relax(struct sigwalk *w, struct node from, uint32_t id)
{
	struct node *n = &w->node[id];
	if (n->sig == SIG_NONE) {
		n->sig = from.sig | PENDING;
		n->run = from.run;
		w->queue[w->tail++] = id;
		return;
	}
	if (!(n->sig & PENDING))
		return;
	uint32_t best = n->sig & ~PENDING;
	if (best == from.sig) {
		if (from.run > n->run)
			n->run = from.run;
	} else if (w->t->sig[from.sig].id < w->t->sig[best].id) {
		n->sig = from.sig | PENDING;
		n->run = from.run;
	}
}

static inline void fetch(const struct sigwalk *w, uint32_t q, uint32_t end)
{
	const uint32_t *off = w->in->off, *to = w->in->to;
	if (q + AHEAD < end)
		__builtin_prefetch(&to[off[w->queue[q + AHEAD]]]);
	if (q + AHEAD / 2 < end) {
		uint32_t v = w->queue[q + AHEAD / 2], e = off[v], last = off[v + 1];
		for (uint32_t k = 0; k < 4 && e + k < last; k++)
			__builtin_prefetch(&w->node[to[e + k]], 1);
	}
}

static void expand(struct sigwalk *w, uint32_t begin, uint32_t end)
{
	const uint32_t *off = w->in->off, *to = w->in->to;
	for (uint32_t q = begin; q < end; q++) {
		fetch(w, q, end);
		uint32_t v = w->queue[q];
		struct node from = w->node[v];
		for (uint32_t e = off[v]; e < off[v + 1]; e++)
			relax(w, from, to[e]);
	}
}

/* The step of an object; *ret_class tells whether it is a class's name. */
static uint32_t step_of(const struct sigwalk *w, uint32_t id, bool *ret_class)
{
	uint32_t step = w->in->slot_step[w->in->slot[id] & ~PENDING];
	*ret_class = step == STEP_CLASS;
	return step == STEP_CLASS ? w->in->class_step(w->in->ctx, id) : step;
}

/* Extends one object's signature by its own step. false without memory. */
static bool settle_one(struct sigwalk *w, uint32_t id)
{
	struct node *n = &w->node[id];
	uint32_t parent = n->sig & ~PENDING;
	bool klass;
	uint32_t step = step_of(w, id, &klass);
	n->sig = parent;
	if (step == STEP_FOLD)
		return true;
	uint32_t sig = sigtab_extend(w->t, parent, step, klass);
	if (sig == SIG_NONE)
		return false;
	struct sig *s = &w->t->sig[sig];
	n->run = sig == parent && s->step == step ? n->run + 1 : 1;
	if (n->run > s->repeat)
		s->repeat = n->run;
	n->sig = sig;
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
			struct node *n = &w->node[w->queue[k]];
			if (w->t->sig[n->sig].dead)
				n->sig = w->t->sig[n->sig].parent;
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
		relax(w, (struct node){.sig = sig, .run = 1}, r->id);
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
	struct sigwalk w = {.in = in, .t = t};
	w.node = gmem_raw(mem, in->n, sizeof(*w.node));
	w.queue = gmem_raw(mem, in->n, 4);
	bool ok = w.node && w.queue;
	for (uint32_t i = 0; ok && i < in->n; i++)
		w.node[i] = (struct node){.sig = SIG_NONE};
	ok = ok && walk_roots(&w, false) && walk_roots(&w, true);
	gmem_free(mem, w.queue, in->n, 4);
	if (!ok) {
		gmem_free(mem, w.node, in->n, sizeof(*w.node));
		return NULL;
	}
	uint32_t *sig = (uint32_t *)w.node; /* squeezed together in place */
	for (uint32_t i = 0; i < in->n; i++) {
		uint32_t s = w.node[i].sig;
		memcpy(&sig[i], &s, sizeof(s));
	}
	return sig;
}
