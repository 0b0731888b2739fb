/* Names that a person knows a step of a path by. SPDX-License-Identifier: BSD-2-Clause
 *
 * First the steps that could get a label are found; then each reference that leads to one of them from the step above has its say, whatever
 * object it comes from. One that says nothing, or something else than the others, leaves the step without a label. */
#include "graph/labels.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/u64map.h"
#include "graph/shapes.h"
#include "graph/sigtab.h"

/* What has been said of one thing: nothing yet, or nothing certain, or a name id + SAID. */
enum { UNHEARD, UNSURE, SAID };

struct said {
	uint32_t edge;   /* instance variable, name id of the scanner */
	uint32_t name;   /* name sent with the dump, name id of the scanner */
	uint32_t site;   /* key of blocks of one place + 1 */
};

struct labels {
	struct conclusion *c;
	struct said *sig;      /* by signature */
	bool *above;           /* by signature: some step below it could get a label */
	struct said *holder;
	const struct top_row *row;
	size_t nholder;
	struct u64map holders; /* id -> index + 1 */
	struct u64map names;   /* id -> name id of the scanner */
	struct shapes shapes;
	uint64_t *heard;       /* bit by id: its references have been gone through */
	uint64_t nheard;
	uint32_t proc;         /* name id of "Proc" */
};

static void hear(uint32_t *said, uint32_t now)
{
	if (*said == UNHEARD)
		*said = now;
	else if (*said != now)
		*said = UNSURE;
}

/* --- what an object says --- */

static const char *scanner_text(const struct labels *l, uint32_t name) { return strtab_str(scanner_names(l->c->sc), name); }

/* A variable of Ruby's own ("mesg" of an exception) is none to a person. */
static uint32_t edge_said(const struct labels *l, uint32_t var)
{
	const char *text = scanner_text(l, var);
	return text && text[0] == '@' ? var + SAID : UNSURE;
}

/* The place where a block was made: its key has (type, class, file, line). */
static uint32_t site_said(const struct labels *l, uint32_t id)
{
	uint32_t key = reducer_slot_key(l->c->r, conclusion_slot(l->c, id));
	const struct sum_key *k = &l->c->s->keys[key];
	return k->file ? key + SAID : UNSURE;
}

static void hear_all(struct said *s, uint32_t edge, uint32_t name, uint32_t site)
{
	hear(&s->edge, edge);
	hear(&s->name, name);
	hear(&s->site, site);
}

/* A reference leads to `to` from something with signature `from`; edge: what it says. */
static void lead(struct labels *l, uint32_t from, uint32_t to, uint32_t edge)
{
	uint32_t sig = l->c->sig[to];
	if (l->c->s->sigs[sig].parent != from)
		return;
	const uint32_t *named = l->names.n ? u64map_get(&l->names, to) : NULL, *holder = u64map_get(&l->holders, to);
	uint32_t name = named ? *named + SAID : UNSURE, site = l->c->s->sigs[sig].klass == l->proc ? site_said(l, to) : UNSURE;
	hear_all(&l->sig[sig], edge, name, site);
	if (holder)
		hear_all(&l->holder[*holder - 1], edge, name, site);
}

/* --- which objects are asked --- */

/* Calls f for each reachable object whose references are variables. */
static void each_shaped(struct labels *l, void (*f)(struct labels *l, uint32_t id, const uint32_t *vars))
{
	struct conclusion *c = l->c;
	const struct glog *log = &c->g->shaped;
	for (uint64_t i = 0; l->shapes.n && i < log->n; i++) {
		const uint32_t *p = glog_at(log, i);
		uint32_t map_id = addrmap_id(&c->g->map, p[0]), id = map_id == ADDR_NONE ? WALK_NONE : conclusion_id(c, map_id), n = p[1] >> 24;
		if (id == WALK_NONE || conclusion_refs(c, id) != n) /* unreachable, or some lead nowhere */
			continue;
		const uint32_t *vars = shapes_vars(&l->shapes, p[1] & SHAPE_ID_MAX, n);
		if (vars)
			f(l, id, vars);
	}
}

static void see_shaped(struct labels *l, uint32_t id, const uint32_t *vars)
{
	(void)vars;
	l->above[l->c->sig[id]] = true;
}

static void see_parent(struct labels *l, uint32_t sig)
{
	uint32_t parent = l->c->s->sigs[sig].parent;
	if (parent != UINT32_MAX)
		l->above[parent] = true;
}

/* Steps below which something could be said, and the holders. */
static void see_all(struct labels *l)
{
	struct conclusion *c = l->c;
	each_shaped(l, see_shaped);
	for (uint64_t i = 0; i < c->g->names.n; i++) {
		const uint32_t *p = glog_at(&c->g->names, i);
		uint32_t map_id = addrmap_id(&c->g->map, p[0]), id = map_id == ADDR_NONE ? WALK_NONE : conclusion_id(c, map_id);
		if (id == WALK_NONE)
			continue;
		bool fresh;
		uint32_t *at = u64map_put(&l->names, id, &fresh);
		/* Of several names of one object the first in the alphabet, wherever its line stands. */
		if (fresh || strcmp(scanner_text(l, p[1]), scanner_text(l, *at)) < 0)
			*at = p[1];
		see_parent(l, c->sig[id]);
	}
	for (uint32_t i = 0; i < c->s->nsigs; i++)
		if (l->proc && c->s->sigs[i].klass == l->proc)
			see_parent(l, i);
	for (size_t i = 0; i < l->nholder; i++) {
		*u64map_put(&l->holders, l->row[i].ref, NULL) = (uint32_t)i + 1;
		if (l->shapes.n || l->names.n || c->s->sigs[c->sig[l->row[i].ref]].klass == l->proc)
			see_parent(l, c->sig[l->row[i].ref]);
	}
}

/* Each reference of an object has its say, vars[0 .. n) for the first ones. */
static void ask(struct labels *l, uint32_t id, const uint32_t *vars, uint32_t n)
{
	const struct conclusion *c = l->c;
	uint32_t from = c->sig[id], k = 0, klass = conclusion_slot_class(c, id);
	for (const uint32_t *e = conclusion_edges(c, id); e; e = conclusion_next(e), k++)
		lead(l, from, conclusion_end(c, e), k < n ? edge_said(l, vars[k]) : UNSURE);
	if (klass != WALK_NONE)
		lead(l, from, klass, UNSURE);
}

static void ask_shaped(struct labels *l, uint32_t id, const uint32_t *vars)
{
	if (l->heard[id / 64] >> id % 64 & 1)
		return;
	l->heard[id / 64] |= UINT64_C(1) << id % 64;
	ask(l, id, vars, conclusion_refs(l->c, id));
}

/* All others, which have no variables by name. */
static void ask_rest(struct labels *l)
{
	for (uint32_t id = walk_first(&l->c->walk); id < l->c->walk.cap; id = walk_next(&l->c->walk, id))
		if (l->above[l->c->sig[id]] && !(l->heard[id / 64] >> id % 64 & 1))
			ask(l, id, NULL, 0);
}

/* The ROOT lines lead to something, too. */
static void ask_roots(struct labels *l)
{
	struct conclusion *c = l->c;
	struct u64map of = {0}; /* name id of "root vm" -> signature */
	for (uint32_t i = 0; i < c->s->nsigs; i++)
		if (c->s->sigs[i].parent == UINT32_MAX)
			*u64map_put(&of, c->s->sigs[i].klass, NULL) = i;
	uint32_t last = 0, sig = SIG_NONE;
	for (uint64_t i = 0; i < c->g->roots.n; i++) {
		const uint32_t *p = glog_at(&c->g->roots, i);
		uint32_t map_id = addrmap_id(&c->g->map, p[1]);
		if (i == 0 || p[0] != last) {
			_cleanup_free_ char *text = xasprintf("root %s", scanner_text(l, p[0]));
			const uint32_t *at = u64map_get(&of, strtab_find(&c->s->names, span_of(text)));
			last = p[0];
			sig = at ? *at : SIG_NONE;
		}
		if (map_id != ADDR_NONE && sig != SIG_NONE)
			lead(l, sig, conclusion_id(c, map_id), UNSURE);
	}
	u64map_done(&of);
}

/* --- texts --- */

/* Name id of what is said in full, 0: nothing more than the step's own name. */
static uint32_t text_of(const struct labels *l, const struct said *s, uint32_t klass)
{
	struct dump_summary *sum = l->c->s;
	const char *name = s->name >= SAID ? scanner_text(l, s->name - SAID) + sizeof(GRAPH_NAME_PREFIX) - 1 : NULL;
	const char *edge = !name && s->edge >= SAID ? scanner_text(l, s->edge - SAID) : NULL;
	const struct sum_key *k = s->site >= SAID ? &sum->keys[s->site - SAID] : NULL;
	_cleanup_free_ char *own = k ? xasprintf("proc at %s:%u", strtab_str(&sum->names, k->file), k->line) : NULL;
	const char *step = strtab_str(&sum->names, klass), *before = name ? name : edge;
	if (!own && !before)
		return 0;
	step = own ? own : step ? summary_step_text(step) : "?";
	_cleanup_free_ char *text = before ? xasprintf("%s -> %s", before, step) : xstrdup(step);
	return strtab_intern(&sum->names, span_of(text));
}

static void write_sigs(struct labels *l)
{
	struct dump_summary *s = l->c->s;
	for (uint32_t i = 0; i < s->nsigs; i++)
		s->sigs[i].label = text_of(l, &l->sig[i], s->sigs[i].klass);
}

uint32_t labels_holder(const struct labels *l, size_t i)
{
	const struct sum_sig *s = &l->c->s->sigs[l->c->sig[l->row[i].ref]];
	/* One in the middle of a chain that is one step: what leads to the first of the chain stands for it. */
	return l->holder[i].edge == UNHEARD ? s->label : text_of(l, &l->holder[i], s->klass);
}

struct labels *labels_new(struct conclusion *c, const struct top_row *holder, size_t n)
{
	struct labels *l = xcalloc(1, sizeof(*l));
	*l = (struct labels){.c = c, .row = holder, .nholder = n, .proc = strtab_find(&c->s->names, SPAN_LIT("Proc")),
	    .nheard = (uint64_t)c->walk.cap / 64 + 1};
	l->sig = xcalloc(c->s->nsigs, sizeof(*l->sig));
	l->above = xcalloc(c->s->nsigs, sizeof(*l->above));
	l->holder = xcalloc(n, sizeof(*l->holder));
	l->heard = gmem_alloc(&c->g->mem, l->nheard, sizeof(*l->heard));
	if (!l->heard || !shapes_take(&l->shapes, &c->g->shapes)) {
		labels_free(l);
		return NULL;
	}
	if (l->shapes.n || c->g->names.n || l->proc) { /* else nothing could be said */
		see_all(l);
		each_shaped(l, ask_shaped);
		ask_rest(l);
		ask_roots(l);
		write_sigs(l);
	}
	return l;
}

void labels_free(struct labels *l)
{
	gmem_free(&l->c->g->mem, l->heard, l->nheard, sizeof(*l->heard));
	shapes_done(&l->shapes);
	u64map_done(&l->holders);
	u64map_done(&l->names);
	free(l->sig);
	free(l->above);
	free(l->holder);
	free(l);
}
