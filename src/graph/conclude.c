/* The end of a dump: from the collected graph to the summary. SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <xxhash.h>

#include "base/err.h"
#include "base/mem.h"
#include "graph/conclude.h"
#include "graph/trail.h"

static void why(struct dump_summary *s, const char *text)
{
	s->no_graph_why = strtab_intern(&s->names, span_of(text));
}

static void why_limit(const struct graph *g, struct dump_summary *s)
{
	char *text = xasprintf("the graph needs more than graph_memory (%llu bytes)", (unsigned long long)g->mem.limit);
	why(s, text);
	free(text);
}

uint64_t conclusion_addr(const struct conclusion *c, uint32_t id)
{
	return addrmap_addr(&c->g->map, c->walk.old ? c->walk.old[id] : id);
}

static bool is_cache(const char *klass)
{
	static const char *const caches[] = {"imemo:callcache", "imemo:callinfo", "imemo:constcache"};
	for (size_t i = 0; klass && i < sizeof(caches) / sizeof(*caches); i++)
		if (strcmp(klass, caches[i]) == 0)
			return true;
	return false;
}

/* By slot of the reducer. */
static uint8_t *slot_kinds(const struct conclusion *c)
{
	uint32_t n = reducer_nslots(c->r);
	uint8_t *kind = xcalloc(n + 1, sizeof(*kind));
	for (uint32_t i = 0; i < n; i++) {
		const struct sum_key *k = &c->s->keys[reducer_slot_key(c->r, i)];
		const char *type = strtab_str(&c->s->names, k->type);
		if (strcmp(type, "ARRAY") == 0)
			kind[i] = k->klass ? KIND_ARRAY : KIND_CLASSLESS_ARRAY;
		else if (strcmp(type, "STRING") == 0)
			kind[i] = KIND_STRING;
		else if (strcmp(type, "IMEMO") == 0 || strcmp(type, "ICLASS") == 0)
			kind[i] = is_cache(strtab_str(&c->s->names, k->klass)) ? KIND_CACHE : KIND_FOLDED;
	}
	return kind;
}

uint32_t conclusion_refs(const struct conclusion *c, uint32_t id)
{
	uint32_t n = 0;
	for (const uint32_t *e = conclusion_edges(c, id); e; e = conclusion_next(e))
		n++;
	return n - conclusion_own_class(c, id);
}

struct sum_object object_row(const struct conclusion *c, uint32_t id)
{
	const struct sum_key *k = conclusion_key(c, id);
	return (struct sum_object){
		.addr = conclusion_addr(c, id),
		.bytes = conclusion_size(c, id),
		.generation = UINT64_MAX,
		.length = idvals_get(&c->lengths, id, UINT64_MAX),
		.type = k->type,
		.klass = k->klass,
		.file = k->file,
		.line = k->line,
	};
}

struct sum_object object_row_named(struct conclusion *c, uint32_t id)
{
	struct sum_object o = object_row(c, id);
	uint64_t name = idvals_get(&c->named, id, 0);
	if (name)
		o.klass = strtab_intern(&c->s->names, strtab_get(scanner_names(c->sc), (uint32_t)name));
	return o;
}

uint64_t conclusion_tie(const struct conclusion *c, uint32_t id)
{
	uint64_t key = (uint64_t)(conclusion_key(c, id) - c->s->keys), name = idvals_get(&c->named, id, 0);
	if (!name)
		return key << 32 | (uint32_t)idvals_get(&c->lengths, id, 0);
	struct span text = strtab_get(scanner_names(c->sc), (uint32_t)name);
	return key << 32 | (uint32_t)XXH3_64bits(text.p, text.n);
}

/* References to an object. Ties are many, and an address takes long to find. */
static inline void offer_referenced(const struct conclusion *c, struct top *top, uint32_t v, uint64_t in)
{
	if (top_wants(top, in) && top_wants_both(top, in, conclusion_size(c, v)))
		top_offer(top, (struct top_row){
		    .a = in, .b = conclusion_size(c, v), .tie = conclusion_tie(c, v), .addr = conclusion_addr(c, v), .ref = v});
}

/* Most referenced: by the references that Ruby writes, class edges left out (they would show nothing but String, Array, Hash). */
static void most_referenced(struct conclusion *c)
{
	const struct rows *r = &c->rows;
	struct top_row rows[SUM_TOP_OBJECTS];
	struct top top = {.row = rows, .cap = SUM_TOP_OBJECTS};
	for (uint32_t i = 0; i < r->nmany; i++)
		offer_referenced(c, &top, r->many[i].id, (uint64_t)r->many[i].times << 8 | r->in[r->many[i].id]);
	for (uint32_t v = 0; v < r->n; v++)
		if (r->in[v] && top_wants(&top, r->in[v]) && !u64map_get(&r->in_high, v))
			offer_referenced(c, &top, v, r->in[v]);
	top_sort(&top);
	c->s->referenced = xcalloc(top.n, sizeof(*c->s->referenced));
	c->s->nreferenced = top.n;
	for (size_t i = 0; i < top.n; i++) {
		c->s->referenced[i] = object_row(c, rows[i].ref);
		c->s->referenced[i].refs = rows[i].a;
	}
	rows_free_in(&c->rows);
}

/* Everything that needs roots. */
static bool with_roots(struct conclusion *c)
{
	struct gmem *mem = &c->g->mem;
	static const struct { const char *name; bool (*run)(struct conclusion *c); } steps[] = {
		{"roots", conclude_signatures},
		{"dominators", conclude_reach},
		{"key sigs", conclude_key_sigs},
		{"groups", conclude_groups},
		{"holders", conclude_holders},
		{"containers", conclude_containers},
		{"contents", conclude_contents},
		{"trail", conclude_trail},
	};
	bool ok = true;
	c->kinds = slot_kinds(c);
	for (size_t i = 0; ok && i < sizeof(steps) / sizeof(*steps); i++) {
		graph_phase(c->g, steps[i].name);
		ok = steps[i].run(c);
	}
	free(c->kinds);
	gmem_free(mem, c->sub, c->walk.n, 4);
	gmem_free(mem, c->bytes, c->walk.n, 8);
	gmem_free(mem, c->num, c->rows.n, 4);
	walk_done(&c->walk);
	c->s->has_graph = ok;
	return ok;
}

/* Half a graph is none. */
static void forget(struct dump_summary *s)
{
	free(s->sigs);
	free(s->key_sigs);
	s->key_sigs = NULL;
	s->nkey_sigs = 0;
	free(s->holders);
	free(s->containers);
	free(s->contents);
	free(s->top_retained);
	free(s->ret_class);
	free(s->ret_site);
	free(s->ret_type);
	free(s->ret_gem);
	s->sigs = NULL;
	s->holders = NULL;
	s->containers = NULL;
	s->contents = NULL;
	s->ncontents = 0;
	s->top_retained = NULL;
	s->ret_class = s->ret_site = s->ret_type = s->ret_gem = NULL;
	s->nsigs = s->nholders = s->ncontainers = s->ntop_retained = s->nret_class = s->nret_site = s->nret_type = s->nret_gem = 0;
	s->reachable = s->garbage = s->garbage_by_type_total = (struct tally){0};
	s->dangling = 0;
	s->genkeys_dead = false;
	for (size_t i = 0; i < s->ngenkeys; i++)
		s->genkeys[i].dead = 0;
	for (size_t i = 0; i < s->nkeys; i++)
		s->keys[i].garbage = s->keys[i].retained = (struct tally){0};
}

void graph_finish(struct graph *g, const struct scanner *sc, const struct reducer *r, struct dump_summary *s)
{
	struct conclusion c = {.g = g, .sc = sc, .r = r, .s = s};
	if (g->state) {
		why_limit(g, s);
		return;
	}
	graph_phase(g, "resolve");
	bool ok = rows_build(&c.rows, g) && idvals_take(&c.lengths, &g->lengths, &g->map) &&
	    idvals_take(&c.big_sizes, &g->big_sizes, &g->map) && idvals_take(&c.named, &g->named, &g->map);
	graph_phase(g, "referenced");
	if (ok)
		most_referenced(&c);
	if (ok && !g->has_roots)
		why(s, "no ROOT lines: written with since:, or torn");
	else
		ok = ok && with_roots(&c);
	graph_phase(g, "end");
	rows_done(&c.rows);
	idvals_done(&c.lengths);
	glog_done(&g->shorts);
	idvals_done(&c.big_sizes);
	idvals_done(&c.named);
	gmem_trim(&g->mem);
	if (!ok) {
		graph_give_up(g);
		trail_done(&g->trail);
		forget(s);
		why_limit(g, s);
	}
}
