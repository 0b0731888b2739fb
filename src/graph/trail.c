/* The way to one object that was asked for by its address. SPDX-License-Identifier: BSD-2-Clause */
#include "graph/trail.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "graph/shapes.h"

#define IS_ROOT 0x80000000u /* in parent: the rest is an index into the log of roots */

struct way {
	struct conclusion *c;
	uint32_t *parent;  /* by id: id + 1, IS_ROOT | index, 0: not reached */
	uint32_t *queue;
	uint32_t *level;   /* by id */
	uint32_t tail;
};

void trail_done(struct graph_trail *t)
{
	strtab_done(&t->names);
	free(t->step);
	*t = (struct graph_trail){0};
}

void graph_trail_free(struct graph_trail *t)
{
	if (!t)
		return;
	trail_done(t);
	free(t);
}

static uint64_t sig_id(const struct conclusion *c, uint32_t id) { return c->s->sigs[c->sig[id]].id; }

/* Whether x is to be preferred to y as a way to the same object: by names, not by addresses, as long as names differ. */
static bool better(const struct conclusion *c, uint32_t x, uint32_t y)
{
	uint64_t a = sig_id(c, x), b = sig_id(c, y);
	return a != b ? a < b : conclusion_addr(c, x) < conclusion_addr(c, y);
}

/* v, on the level before, refers to `to`. */
static void relax(struct way *w, uint32_t v, uint32_t to)
{
	uint32_t *p = &w->parent[to];
	if (!*p) {
		*p = v + 1;
		w->level[to] = w->level[v] + 1;
		w->queue[w->tail++] = to;
	} else if (w->level[to] == w->level[v] + 1 && !(*p & IS_ROOT) && better(w->c, v, *p - 1)) {
		*p = v + 1;
	}
}

static void expand(struct way *w, uint32_t begin, uint32_t end)
{
	const struct conclusion *c = w->c;
	for (uint32_t q = begin; q < end; q++) {
		uint32_t v = w->queue[q], klass = conclusion_slot_class(c, v);
		for (const uint32_t *e = conclusion_edges(c, v); e; e = conclusion_next(e))
			relax(w, v, conclusion_end(c, e));
		if (klass != WALK_NONE)
			relax(w, v, klass);
	}
}

static const char *root_name(const struct conclusion *c, uint64_t i)
{
	const char *text = strtab_str(scanner_names(c->sc), glog_at(&c->g->roots, i)[0]);
	return text ? text : "";
}

static void walk_roots(struct way *w, unsigned turn)
{
	struct conclusion *c = w->c;
	uint32_t begin = w->tail;
	for (uint64_t i = 0; i < c->g->roots.n && i < IS_ROOT; i++) {
		uint32_t map_id = addrmap_id(&c->g->map, glog_at(&c->g->roots, i)[1]);
		if (map_id == ADDR_NONE || conclusion_turn(root_name(c, i)) != turn)
			continue;
		uint32_t id = conclusion_id(c, map_id), *p = &w->parent[id];
		if (!*p) {
			w->level[id] = 0;
			w->queue[w->tail++] = id;
			*p = IS_ROOT | (uint32_t)i;
		} else if (*p & IS_ROOT && w->level[id] == 0 && strcmp(root_name(c, i), root_name(c, *p & ~IS_ROOT)) < 0) {
			*p = IS_ROOT | (uint32_t)i;
		}
	}
	for (uint32_t end; begin < w->tail; begin = end) {
		end = w->tail;
		expand(w, begin, end);
	}
}

/* --- names of a step --- */

/* The variable through which `from` refers to `to`, NULL: none, or not certain. */
static const char *variable(const struct conclusion *c, struct shapes *shapes, uint32_t from, uint32_t to)
{
	const struct glog *log = &c->g->shaped;
	uint32_t n = conclusion_refs(c, from), k = 0;
	const uint32_t *vars = NULL;
	for (uint64_t i = 0; i < log->n && !vars; i++) {
		const uint32_t *p = glog_at(log, i);
		if (p[1] >> 24 == n && conclusion_id(c, addrmap_id(&c->g->map, p[0])) == from)
			vars = shapes_vars(shapes, p[1] & SHAPE_ID_MAX, n);
	}
	for (const uint32_t *e = vars ? conclusion_edges(c, from) : NULL; e && k < n; e = conclusion_next(e), k++) {
		const char *text = conclusion_end(c, e) == to ? strtab_str(scanner_names(c->sc), vars[k]) : NULL;
		if (text && text[0] == '@')
			return text;
	}
	return NULL;
}

static const char *sent_name(const struct conclusion *c, uint32_t id)
{
	const char *first = NULL;
	for (uint64_t i = 0; i < c->g->names.n; i++) {
		const uint32_t *p = glog_at(&c->g->names, i);
		uint32_t map_id = addrmap_id(&c->g->map, p[0]);
		const char *text = map_id != ADDR_NONE && conclusion_id(c, map_id) == id ? strtab_str(scanner_names(c->sc), p[1]) : NULL;
		if (text && (!first || strcmp(text, first) < 0))
			first = text;
	}
	return first ? first + sizeof(GRAPH_NAME_PREFIX) - 1 : NULL;
}

static uint32_t intern(struct graph_trail *t, const char *text) { return text ? strtab_intern(&t->names, span_of(text)) : 0; }

static void add_step(struct conclusion *c, struct shapes *shapes, uint32_t from, uint32_t id)
{
	struct graph_trail *t = &c->g->trail;
	struct sum_object o = object_row_named(c, id);
	const struct sum_key *k = conclusion_key(c, id);
	const struct strtab *names = &c->s->names;
	const char *type = strtab_str(names, o.type), *klass = strtab_str(names, o.klass), *file = strtab_str(names, o.file);
	bool module = !strcmp(type, "MODULE"), is_class = module || !strcmp(type, "CLASS");
	const char *name = sent_name(c, id), *var = !name && from != WALK_NONE ? variable(c, shapes, from, id) : NULL;
	uint32_t full = is_class ? reducer_class_name(c->r, conclusion_addr(c, id)) : 0;
	_cleanup_free_ char *own = is_class ? xasprintf("%s %s", module ? "module" : "class", full ? strtab_str(names, full) : "(unnamed)")
	                           : file && klass && !strcmp(klass, "Proc") ? xasprintf("proc at %s:%u", file, o.line)
	                                                                     : xstrdup(summary_step_text(klass ? klass : type));
	_cleanup_free_ char *text = name || var ? xasprintf("%s -> %s", name ? name : var, own) : xstrdup(own);
	struct trail_step *s = &t->step[t->n++];
	o.type = intern(t, type);
	o.klass = intern(t, strtab_str(names, k->klass));
	o.file = intern(t, file);
	*s = (struct trail_step){.o = o, .name = intern(t, text), .retained = conclusion_retained(c, id)};
}

/* From the object up to its root, then down again into steps. */
static void write_steps(struct way *w, uint32_t id)
{
	struct conclusion *c = w->c;
	struct graph_trail *t = &c->g->trail;
	uint64_t n = (uint64_t)w->level[id] + 1, cut = n > TRAIL_STEPS ? n - TRAIL_STEPS : 0;
	uint32_t *way = w->queue; /* used up */
	for (uint64_t i = n; i-- > 0;) {
		way[i] = id;
		if (w->parent[id] & IS_ROOT)
			t->root = intern(t, root_name(c, w->parent[id] & ~IS_ROOT));
		else
			id = w->parent[id] - 1;
	}
	struct shapes shapes = {0};
	if (!shapes_take(&shapes, &c->g->shapes))
		shapes = (struct shapes){0}; /* then without the names of variables */
	t->step = xcalloc((size_t)(n - cut), sizeof(*t->step));
	t->length = n;
	for (uint64_t i = 0; i < n; i++) {
		if (i == TRAIL_STEPS / 2)
			i += cut;
		add_step(c, &shapes, i ? way[i - 1] : WALK_NONE, way[i]);
		t->step[t->n - 1].step = i + 1;
	}
	shapes_done(&shapes);
}

bool conclude_trail(struct conclusion *c)
{
	struct graph_trail *t = &c->g->trail;
	if (!c->g->opts.trail)
		return true;
	uint32_t map_id = addrmap_find(&c->g->map, c->g->opts.trail_addr), n = c->walk.cap;
	uint32_t id = map_id == ADDR_NONE ? WALK_NONE : conclusion_id(c, map_id);
	t->what = map_id == ADDR_NONE ? TRAIL_UNKNOWN : id == WALK_NONE ? TRAIL_GARBAGE : TRAIL_FOUND;
	if (id == WALK_NONE)
		return true;
	strtab_init(&t->names);
	struct gmem *mem = &c->g->mem;
	struct way w = {.c = c, .parent = gmem_alloc(mem, n, 4), .queue = gmem_raw(mem, n, 4), .level = gmem_raw(mem, n, 4)};
	bool ok = w.parent && w.queue && w.level;
	if (ok) {
		for (unsigned turn = 0; turn < WALK_TURNS; turn++)
			walk_roots(&w, turn);
		write_steps(&w, id);
	}
	gmem_free(mem, w.parent, n, 4);
	gmem_free(mem, w.queue, n, 4);
	gmem_free(mem, w.level, n, 4);
	return ok;
}
