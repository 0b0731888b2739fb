/* Instance variables by shape. SPDX-License-Identifier: BSD-2-Clause */
#include "graph/shapes.h"

#include <stdlib.h>

#include "base/mem.h"

enum { SHAPE_STEPS = 1024 }; /* on the way to the root; Ruby allows 80 and a few that add no variable */

#define SHAPE_NEW 0xFFFFFFFFu
#define SHAPE_UNSURE 0xFFFFFFFEu
#define SHAPE_NO_PARENT 0xFFFFFFFFu /* what Ruby 3.3 and 3.4 write for the roots of T_OBJECT */

static int by_id(const void *a, const void *b)
{
	const struct shape *x = a, *y = b;
	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	return (x->parent > y->parent) - (x->parent < y->parent);
}

bool shapes_take(struct shapes *s, const struct glog *log)
{
	*s = (struct shapes){.mem = log->mem, .n = log->n, .cap = log->n};
	s->s = gmem_alloc(log->mem, log->n, sizeof(*s->s));
	if (!s->s)
		return log->n == 0;
	for (uint64_t i = 0; i < s->n; i++) {
		const uint32_t *p = glog_at(log, i);
		s->s[i] = (struct shape){.id = p[0], .parent = p[1], .name = p[2], .n = SHAPE_NEW};
	}
	qsort(s->s, s->n, sizeof(*s->s), by_id);
	return true;
}

void shapes_done(struct shapes *s)
{
	if (s->mem)
		gmem_free(s->mem, s->s, s->cap, sizeof(*s->s));
	free(s->vars);
	*s = (struct shapes){0};
}

static struct shape *find(const struct shapes *s, uint32_t id)
{
	uint64_t lo = 0, hi = s->n;
	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;
		if (s->s[mid].id < id)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < s->n && s->s[lo].id == id ? &s->s[lo] : NULL;
}

/* Its variables, last one first, into vars; how many, or SHAPE_UNSURE: the way to the root is torn, too long, or goes in a circle. */
static uint32_t climb(const struct shapes *s, const struct shape *at, uint32_t vars[SHAPE_REFS_MAX])
{
	uint32_t n = 0;
	for (int steps = 0; at && steps < SHAPE_STEPS; steps++) {
		if (at->name && n == SHAPE_REFS_MAX)
			return SHAPE_UNSURE;
		if (at->name)
			vars[n++] = at->name;
		if (at->parent == SHAPE_NO_PARENT || (at->id == 0 && at->parent == 0))
			return n;
		at = find(s, at->parent);
	}
	return SHAPE_UNSURE;
}

static void learn(struct shapes *s, struct shape *at)
{
	uint32_t vars[SHAPE_REFS_MAX], n = climb(s, at, vars);
	at->n = SHAPE_UNSURE;
	if (n == SHAPE_UNSURE || s->nvars + n > SHAPE_VARS_MAX)
		return;
	at->first = (uint32_t)s->nvars;
	at->n = n;
	while (n) {
		s->vars = xgrow(s->vars, s->nvars, &s->cap_vars, sizeof(*s->vars));
		s->vars[s->nvars++] = vars[--n];
	}
}

const uint32_t *shapes_vars(struct shapes *s, uint32_t id, uint32_t nrefs)
{
	struct shape *at = find(s, id);
	if (at && at->n == SHAPE_NEW)
		learn(s, at);
	return at && at->n == nrefs && nrefs ? s->vars + at->first : NULL;
}
