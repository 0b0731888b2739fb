/* What the objects of each signature contain together, and what is beside them. SPDX-License-Identifier: BSD-2-Clause
 *
 * Of a container that is long there is a row; many short ones that all grow (a list in each of five hundred sessions, the text of each)
 * are seen by their sum only. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "graph/conclude.h"

struct adding {
	struct conclusion *c;
	struct sum_content *of; /* by signature */
	uint8_t *kinds;
};

static inline void add(struct adding *a, uint32_t id, uint64_t beyond)
{
	struct conclusion *c = a->c;
	struct sum_content *s = &a->of[c->sig[id]];
	if (conclusion_is_spare(c, a->kinds, id))
		return;
	if (!s->type)
		s->type = conclusion_key(c, id)->type;
	s->longer++;
	if (__builtin_add_overflow(s->beyond, beyond, &s->beyond))
		s->beyond = UINT64_MAX;
}

/* Long ones: Arrays, Hashes, and Strings of much memory, in which there may be few bytes. */
static void add_long(struct adding *a)
{
	struct conclusion *c = a->c;
	for (uint64_t i = 0; i < c->lengths.n; i++) {
		uint32_t id = c->lengths.v[i].id;
		bool bytes = !strcmp(strtab_str(&c->s->names, conclusion_key(c, id)->type), "STRING");
		uint64_t length = c->lengths.v[i].value, least = bytes ? SUM_FEW_BYTES : 0;
		if (length > least)
			add(a, id, length - least);
	}
}

enum { AT_ONCE = 64 };

/* Shorter ones are many, and what is looked up of each lies anywhere: it is fetched for some before it is used for the first of them. */
static void add_short(struct adding *a)
{
	struct conclusion *c = a->c;
	const struct glog *l = &c->g->shorts;
	for (uint64_t at = 0, n; at < l->n; at += n) {
		uint32_t id[AT_ONCE];
		const uint32_t *p = glog_at(l, at);
		n = glog_run(l, at);
		n = n < AT_ONCE ? n : AT_ONCE;
		for (uint64_t i = 0; i < n; i++) {
			id[i] = addrmap_id(&c->g->map, p[2 * i]);
			__builtin_prefetch(&c->num[id[i]]);
		}
		for (uint64_t i = 0; i < n; i++) {
			id[i] = c->num[id[i]];
			__builtin_prefetch(&c->sig[id[i] ? id[i] - 1 : 0]);
		}
		for (uint64_t i = 0; i < n; i++)
			if (id[i])
				add(a, id[i] - 1, p[2 * i + 1]);
	}
}

/* What is counted as its objects, but is only beside them. */
static void add_folded(struct adding *a)
{
	const struct walk *w = &a->c->walk;
	for (uint32_t v = walk_first(w); v < w->cap; v = walk_next(w, v)) {
		uint8_t kind = a->kinds[w->slot[v] & SLOT_MASK];
		struct sum_content *s = &a->of[a->c->sig[v]];
		s->folded += kind == KIND_FOLDED;
		s->caches += kind == KIND_CACHE;
	}
}

bool conclude_contents(struct conclusion *c)
{
	struct dump_summary *s = c->s;
	struct sum_content *of = xcalloc(s->nsigs + 1, sizeof(*of));
	struct adding a = {c, of, conclusion_kinds(c)};
	size_t n = 0;
	add_long(&a);
	add_short(&a);
	add_folded(&a);
	free(a.kinds);
	for (uint32_t i = 0; i < s->nsigs; i++) {
		if (!of[i].longer && !of[i].folded && !of[i].caches)
			continue;
		of[n] = of[i];
		of[n++].sig = i;
	}
	s->contents = xreallocarray(of, n + 1, sizeof(*of));
	s->ncontents = n;
	return true;
}
