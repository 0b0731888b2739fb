/* What the objects of each signature contain together, and what is beside them. SPDX-License-Identifier: BSD-2-Clause
 *
 * Of a container that is long there is a row; many short ones that all grow (a list in each of five hundred sessions, the text of each)
 * are seen by their sum only. */
#include <stdlib.h>

#include "base/mem.h"
#include "graph/conclude.h"

/* of: by signature. */
static inline void add(const struct conclusion *c, struct sum_content *of, uint32_t id, uint64_t beyond)
{
	struct sum_content *s = &of[c->sig[id]];
	if (conclusion_is_spare(c, id))
		return;
	if (!s->type)
		s->type = conclusion_key(c, id)->type;
	s->longer++;
	if (__builtin_add_overflow(s->beyond, beyond, &s->beyond))
		s->beyond = UINT64_MAX;
}

/* Long ones: Arrays, Hashes, and Strings of much memory, in which there may be few bytes. */
static void add_long(const struct conclusion *c, struct sum_content *of)
{
	for (uint64_t i = 0; i < c->lengths.n; i++) {
		uint32_t id = c->lengths.v[i].id;
		uint64_t length = c->lengths.v[i].value, least = conclusion_kind(c, id) == KIND_STRING ? SUM_FEW_BYTES : 0;
		if (length > least)
			add(c, of, id, length - least);
	}
}

enum { AT_ONCE = 64 };

/* Shorter ones are many, and what is looked up of each lies anywhere: it is fetched for some before it is used for the first of them. */
static void add_short(const struct conclusion *c, struct sum_content *of)
{
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
				add(c, of, id[i] - 1, p[2 * i + 1]);
	}
}

/* What is counted as its objects, but is only beside them. */
static void add_folded(const struct conclusion *c, struct sum_content *of)
{
	for (uint32_t v = walk_first(&c->walk); v < c->walk.cap; v = walk_next(&c->walk, v)) {
		enum conclusion_kind kind = conclusion_kind(c, v);
		struct sum_content *s = &of[c->sig[v]];
		s->folded += kind == KIND_FOLDED;
		s->caches += kind == KIND_CACHE;
	}
}

bool conclude_contents(struct conclusion *c)
{
	struct dump_summary *s = c->s;
	struct sum_content *of = xcalloc(s->nsigs + 1, sizeof(*of));
	size_t n = 0;
	add_long(c, of);
	add_short(c, of);
	add_folded(c, of);
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
