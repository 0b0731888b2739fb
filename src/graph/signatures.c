/* Signatures of a dump: who gets which, and the tallies kept. SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/u64map.h"
#include "graph/conclude.h"

static uint32_t intern2(struct conclusion *c, const char *prefix, const char *name)
{
	char *text = xasprintf("%s%s", prefix, name);
	uint32_t id = strtab_intern(&c->s->names, span_of(text));
	free(text);
	return id;
}

/* Room for signatures at first: one for so many objects. Most heaps have far less. */
enum { OBJECTS_A_SIG = 4 };

struct namer {
	struct conclusion *c;
	struct u64map attached; /* id of a singleton class -> id + 1 of the named class or module it belongs to */
};

static bool refers_to(const struct rows *r, uint32_t from, uint32_t to)
{
	if (r->node[from].row != WALK_NONE)
		for (const uint32_t *e = r->to + r->node[from].row;; e++) {
			if ((*e & ~WALK_LAST) == to)
				return true;
			if (*e & WALK_LAST)
				break;
		}
	return rows_class(r, from) == to;
}

static const char *line_name(const struct conclusion *c, uint32_t id)
{
	return strtab_str(scanner_names(c->sc), (uint32_t)idvals_get(&c->named, id, 0));
}

/* The class of class Foo is its singleton class, which has no name (up to Ruby 3.0 "#<Class>") and refers back to Foo. */
static void find_attached(struct namer *n)
{
	const struct rows *r = &n->c->rows;
	for (uint64_t i = 0; i < n->c->named.n; i++) {
		uint32_t id = n->c->named.v[i].id;
		uint32_t klass = rows_class(r, id);
		if (klass == ADDR_NONE)
			continue;
		const char *own = line_name(n->c, id), *name = line_name(n->c, klass);
		if ((!name || !strncmp(name, "#<Class", 7)) && own && strncmp(own, "#<Class", 7) != 0 && refers_to(r, klass, id))
			*u64map_put(&n->attached, klass, NULL) = id + 1;
	}
}

/* "class PriceCache"; "class #<Class:PriceCache>" for a singleton class; else what the reducer makes of an unnamed one. */
static uint32_t class_step(void *ctx, uint32_t id, uint32_t slot)
{
	struct namer *n = ctx;
	struct conclusion *c = n->c;
	const uint32_t *of = u64map_get(&n->attached, id);
	if (of) {
		char *text = xasprintf("#<Class:%s>", line_name(c, *of - 1));
		uint32_t step = intern2(c, "class ", text);
		free(text);
		return step;
	}
	uint32_t name = reducer_class_name(c->r, conclusion_addr(c, id));
	const char *type = strtab_str(&c->s->names, c->s->keys[reducer_slot_key(c->r, slot)].type);
	bool module = type && !strcmp(type, "MODULE");
	return intern2(c, module ? "module " : "class ", name ? strtab_str(&c->s->names, name) : module ? "#<Module>" : "#<Class>");
}

static uint32_t key_step(const struct strtab *names, const struct sum_key *k)
{
	const char *type = strtab_str(names, k->type);
	if (!strcmp(type, "CLASS") || !strcmp(type, "MODULE"))
		return STEP_CLASS;
	return k->klass ? k->klass : k->type;
}

static uint32_t *slot_steps(struct conclusion *c)
{
	uint32_t n = reducer_nslots(c->r);
	uint32_t *step = xcalloc(n, 4);
	for (uint32_t i = 0; i < n; i++)
		step[i] = c->kinds[i] >= KIND_FOLDED ? STEP_FOLD : key_step(&c->s->names, &c->s->keys[reducer_slot_key(c->r, i)]);
	return step;
}

enum walk_turn conclusion_turn(const char *root)
{
	static const struct { const char *root; enum walk_turn turn; } late[] = {
		{"threads", TURN_THREADS},
		{"thread stacks", TURN_STACKS},
		{"machine_context", TURN_STACKS},
	};
	for (size_t i = 0; root && i < sizeof(late) / sizeof(*late); i++)
		if (strcmp(root, late[i].root) == 0)
			return late[i].turn;
	return TURN_FIRST;
}

/* The ROOT lines' references that lead to an object. */
static struct walk_root *root_steps(struct conclusion *c, uint32_t *ret_n)
{
	const struct glog *l = &c->g->roots;
	struct walk_root *r = gmem_alloc(&c->g->mem, l->n, sizeof(*r));
	uint32_t n = 0, name = 0, step = 0;
	uint8_t turn = TURN_FIRST;
	for (uint64_t i = 0; r && i < l->n; i++) {
		const uint32_t *p = glog_at(l, i);
		uint32_t at = addrmap_id(&c->g->map, p[1]);
		if (i == 0 || p[0] != name) {
			name = p[0];
			const char *text = strtab_str(scanner_names(c->sc), name);
			step = intern2(c, "root ", text ? text : "");
			turn = (uint8_t)conclusion_turn(text);
		}
		if (at != ADDR_NONE)
			r[n++] = (struct walk_root){.step = step, .id = at, .turn = turn};
	}
	*ret_n = n;
	return r;
}

/* --- from all signatures to those that are kept --- */

/* Own and subtree tallies while pruning. */
struct weight {
	struct tally own;
	uint64_t bytes, count; /* with all below */
};

/* Hostile sizes must not wrap: a parent has to weigh at least as much as its children. */
static void add_up(uint64_t *sum, uint64_t more)
{
	if (__builtin_add_overflow(*sum, more, sum))
		*sum = UINT64_MAX;
}

static void weigh(const struct conclusion *c, const struct sigtab *t, struct weight *w)
{
	for (uint32_t v = walk_first(&c->walk); v < c->walk.cap; v = walk_next(&c->walk, v)) {
		w[c->sig[v]].own.count++;
		add_up(&w[c->sig[v]].own.bytes, conclusion_size(c, v));
	}
	for (uint32_t i = t->n; i-- > 0;) { /* parents come before their children in the table */
		add_up(&w[i].bytes, w[i].own.bytes);
		w[i].count += w[i].own.count;
		if (t->sig[i].parent != SIG_NONE) {
			add_up(&w[t->sig[i].parent].bytes, w[i].bytes);
			w[t->sig[i].parent].count += w[i].count;
		}
	}
}

/* The heaviest with all below them: never a child without its parent, since a parent weighs no less and wins a draw. */
static struct top_row *heaviest(const struct sigtab *t, const struct weight *w, size_t *ret_n)
{
	struct top top = {.row = xcalloc(SUM_SIGS, sizeof(struct top_row)), .cap = SUM_SIGS};
	for (uint32_t i = 0; i < t->n; i++) {
		uint64_t order = (uint64_t)(UINT8_MAX - t->sig[i].depth) << 56 | t->sig[i].id >> 8;
		if (w[i].count)
			top_offer(&top, (struct top_row){.a = w[i].bytes, .b = order, .addr = i, .ref = i});
	}
	*ret_n = top.n;
	return top.row;
}

struct id_index {
	uint64_t id;
	uint32_t index;
};

static int by_id(const void *a, const void *b)
{
	uint64_t x = ((const struct id_index *)a)->id, y = ((const struct id_index *)b)->id;
	return (x > y) - (x < y);
}

/* place[i]: index in the summary of signature i, or of its nearest ancestor that is kept. */
static void number_kept(const struct sigtab *t, const struct top_row *row, size_t n, uint32_t *place)
{
	struct id_index *order = xcalloc(n, sizeof(*order));
	for (size_t i = 0; i < n; i++)
		order[i] = (struct id_index){.id = t->sig[row[i].ref].id, .index = row[i].ref};
	qsort(order, n, sizeof(*order), by_id);
	memset(place, 0xff, (size_t)t->n * 4);
	for (size_t i = 0; i < n; i++)
		place[order[i].index] = (uint32_t)i;
	for (uint32_t i = 0; i < t->n; i++)
		if (place[i] == SIG_NONE && t->sig[i].parent != SIG_NONE)
			place[i] = place[t->sig[i].parent];
	free(order);
}

static void write_sigs(struct conclusion *c, const struct sigtab *t, const struct weight *w, const struct top_row *row, size_t n,
    const uint32_t *place)
{
	struct sum_sig *sigs = xcalloc(n, sizeof(*sigs));
	for (size_t i = 0; i < n; i++) {
		const struct sig *s = &t->sig[row[i].ref];
		sigs[place[row[i].ref]] = (struct sum_sig){
			.id = s->id,
			.parent = s->parent == SIG_NONE ? UINT32_MAX : place[s->parent],
			.klass = s->step,
			.repeat = s->repeat,
		};
	}
	for (uint32_t i = 0; i < t->n; i++) {
		if (!w[i].own.count)
			continue;
		sigs[place[i]].own.count += w[i].own.count;
		sigs[place[i]].own.bytes += w[i].own.bytes;
	}
	c->s->sigs = sigs;
	c->s->nsigs = n;
}

/* Sums the smallest into their parents and renumbers c->sig. */
static bool keep(struct conclusion *c, const struct sigtab *t)
{
	struct gmem *mem = &c->g->mem;
	struct weight *w = gmem_alloc(mem, t->n, sizeof(*w));
	uint32_t *place = gmem_alloc(mem, t->n, 4);
	bool ok = w && place;
	if (ok) {
		size_t n;
		weigh(c, t, w);
		struct top_row *row = heaviest(t, w, &n);
		number_kept(t, row, n, place);
		write_sigs(c, t, w, row, n, place);
		free(row);
		for (uint32_t v = walk_first(&c->walk); v < c->walk.cap; v = walk_next(&c->walk, v))
			c->sig[v] = place[c->sig[v]];
	}
	gmem_free(mem, w, t->n, sizeof(*w));
	gmem_free(mem, place, t->n, 4);
	return ok;
}

/* A power of two, so that it stays the same from dump to dump while a heap grows a little or more of it is garbage. */
static uint32_t build_limit(uint32_t objects)
{
	uint32_t limit = SIG_BUILD_MIN;
	while (limit < SIG_BUILD_MAX && limit <= objects / SIG_BUILD_SHARE / 2)
		limit *= 2;
	return limit;
}

bool conclude_signatures(struct conclusion *c)
{
	struct gmem *mem = &c->g->mem;
	uint32_t nroots = 0, *steps = slot_steps(c);
	struct walk_root *roots = root_steps(c, &nroots);
	struct sigtab t;
	struct namer namer = {.c = c};
	struct walk_input in = {
		.n = c->rows.n,
		.node = c->rows.node,
		.to = c->rows.to,
		.slot_class = c->rows.slot_class,
		.nslots = c->rows.nslots,
		.slot_step = steps,
		.roots = roots,
		.nroots = nroots,
		.class_step = class_step,
		.ctx = &namer,
	};
	struct walk w;
	bool ok = sigtab_init(&t, mem, &c->s->names, build_limit(c->rows.n), c->rows.n / OBJECTS_A_SIG) && roots;
	if (ok) {
		find_attached(&namer);
		graph_phase(c->g, "walk");
		ok = walk_run(&w, &in, &t, mem);
	}
	if (ok) {
		graph_phase(c->g, "garbage");
		ok = conclusion_renumber(c, &w);
	}
	graph_phase(c->g, "signatures");
	ok = ok && keep(c, &t);
	sigtab_done(&t);
	u64map_done(&namer.attached);
	gmem_free(mem, roots, c->g->roots.n, sizeof(*roots));
	free(steps);
	return ok;
}
