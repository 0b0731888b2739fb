/* Retained by group, nothing counted twice. SPDX-License-Identifier: BSD-2-Clause
 *
 * An object belongs to its nearest dominating ancestor of the same group only, so a group retains what its topmost members retain. In
 * preorder a member is topmost when it lies behind the end of the last topmost one: no stack, one pass for all kinds of groups. */
#include <stdlib.h>
#include <string.h>

#include "base/gem.h"
#include "base/mem.h"
#include "base/u64map.h"
#include "graph/conclude.h"
#include "graph/sigtab.h"

/* A group while the tree is walked. */
struct group {
	struct tally retained;
	uint32_t until;   /* first position behind the subtree of its last topmost member */
};

enum { BY_KEY, BY_CLASS, BY_SITE, BY_TYPE, BY_GEM, KINDS };

struct groups {
	struct group *g[KINDS];
	size_t n[KINDS];
	struct group *sig;
	uint32_t (*of_slot)[KINDS];   /* the groups of a slot */
	struct sum_ret *name[KINDS];  /* what a group is called (BY_KEY: unused) */
};

static inline void meet(struct group *g, uint32_t p, uint32_t sub, uint64_t bytes)
{
	if (p < g->until)
		return;
	g->until = p + sub;
	g->retained.count += sub;
	g->retained.bytes += bytes;
}

/* The dense number of a pair of names, in order of first use. */
static uint32_t number(struct groups *gs, struct u64map *m, int kind, uint32_t name, uint32_t line)
{
	bool fresh;
	uint32_t *at = u64map_put(m, (uint64_t)name << 32 | line, &fresh);
	if (fresh) {
		*at = (uint32_t)gs->n[kind]++;
		gs->name[kind][*at] = (struct sum_ret){.name = name, .line = line};
	}
	return *at;
}

/* The library of a file as a name of the summary, worked out once a file. */
static uint32_t gem_of(struct u64map *known, struct strtab *names, uint32_t file)
{
	bool fresh;
	if (!file)
		return 0;
	uint32_t *gem = u64map_put(known, file, &fresh);
	if (fresh) {
		char buf[GEM_NAME];
		size_t n = gem_name(strtab_get(names, file), buf);
		*gem = strtab_intern(names, (struct span){(const uint8_t *)buf, n});
	}
	return *gem;
}

static void number_keys(struct groups *gs, const struct conclusion *c, uint32_t (*of_key)[KINDS])
{
	struct u64map maps[KINDS] = {0}, gems = {0};
	gs->n[BY_KEY] = c->s->nkeys;
	for (int k = BY_CLASS; k < KINDS; k++)
		gs->name[k] = xcalloc(c->s->nkeys, sizeof(*gs->name[k]));
	for (size_t i = 0; i < c->s->nkeys; i++) {
		const struct sum_key *key = &c->s->keys[i];
		of_key[i][BY_KEY] = (uint32_t)i;
		of_key[i][BY_CLASS] = number(gs, &maps[BY_CLASS], BY_CLASS, key->klass, 0);
		of_key[i][BY_SITE] = number(gs, &maps[BY_SITE], BY_SITE, key->file, key->line);
		of_key[i][BY_TYPE] = number(gs, &maps[BY_TYPE], BY_TYPE, key->type, 0);
		of_key[i][BY_GEM] = number(gs, &maps[BY_GEM], BY_GEM, gem_of(&gems, &c->s->names, key->file), 0);
	}
	u64map_done(&gems);
	for (int k = 0; k < KINDS; k++)
		u64map_done(&maps[k]);
}

static void groups_init(struct groups *gs, const struct conclusion *c)
{
	uint32_t nslots = reducer_nslots(c->r);
	uint32_t (*of_key)[KINDS] = xcalloc(c->s->nkeys, sizeof(*of_key));
	*gs = (struct groups){.of_slot = xcalloc(nslots, sizeof(*gs->of_slot))};
	number_keys(gs, c, of_key);
	for (uint32_t i = 0; i < nslots; i++)
		memcpy(gs->of_slot[i], of_key[reducer_slot_key(c->r, i)], sizeof(*of_key));
	free(of_key);
	for (int k = 0; k < KINDS; k++)
		gs->g[k] = xcalloc(gs->n[k], sizeof(**gs->g));
	gs->sig = xcalloc(c->s->nsigs, sizeof(*gs->sig));
}

static void groups_done(struct groups *gs)
{
	for (int k = 0; k < KINDS; k++) {
		free(gs->g[k]);
		free(gs->name[k]);
	}
	free(gs->sig);
	free(gs->of_slot);
}

/* What the passage asks of an object, in preorder: 16 bytes, as this is read and written at random. */
struct passed {
	uint32_t sub;   /* 0: one object, but of a size that does not fit in `more` */
	uint32_t slot, sig;
	uint32_t more;  /* sub 1: bytes; else the id */
};

static inline struct passed passed_of(const struct conclusion *c, uint32_t id)
{
	struct passed p = {.sub = c->sub[id], .slot = c->walk.slot[id] & SLOT_MASK, .sig = c->sig[id], .more = id};
	if (p.sub == 1 && c->bytes[id] <= UINT32_MAX)
		p.more = (uint32_t)c->bytes[id];
	else if (p.sub == 1)
		p.sub = 0;
	return p;
}

/* How far ahead things are fetched: places in the order, bytes and the groups of a slot, groups. */
enum { AHEAD_PLACE = 24, AHEAD_SLOT = 24, AHEAD_GROUP = 12 };

/* Ids to preorder: order[at[id] - 1]. An object's at[] is first the end of what is left of its own stretch; each child takes its stretch
 * from there, and what is left in the end is the object alone. */
static void places(const struct conclusion *c, uint32_t *at)
{
	uint32_t left = c->walk.n;
	for (uint32_t id = 0; id < c->walk.n; id++) {
		uint32_t *end = c->up[id] ? &at[c->up[id] - 1] : &left;
		at[id] = *end;
		*end -= c->sub[id];
	}
}

static void lay_out(const struct conclusion *c, struct passed *order, const uint32_t *at)
{
	for (uint32_t id = 0, n = c->walk.n; id < n; id++) {
		if (id + AHEAD_PLACE < n)
			__builtin_prefetch(&order[at[id + AHEAD_PLACE] - 1], 1);
		order[at[id] - 1] = passed_of(c, id);
	}
}

FETCHES void fetch(const struct groups *gs, const struct conclusion *c, const struct passed *order, uint32_t p, uint32_t n)
{
	if (p + AHEAD_SLOT < n) {
		const struct passed *o = &order[p + AHEAD_SLOT];
		__builtin_prefetch(&c->bytes[o->sub == 1 ? 0 : o->more]);
		__builtin_prefetch(gs->of_slot[o->slot]);
	}
	if (p + AHEAD_GROUP < n) {
		const struct passed *o = &order[p + AHEAD_GROUP];
		const uint32_t *of = gs->of_slot[o->slot];
		for (int k = 0; k < KINDS; k++)
			__builtin_prefetch(&gs->g[k][of[k]], 1);
		__builtin_prefetch(&gs->sig[o->sig], 1);
	}
}

static void pass(struct groups *gs, const struct conclusion *c, const struct passed *order)
{
	for (uint32_t p = 0, n = c->walk.n; p < n; p++) {
		const struct passed *o = &order[p];
		fetch(gs, c, order, p, n);
		uint32_t sub = o->sub ? o->sub : 1;
		uint64_t bytes = o->sub == 1 ? o->more : c->bytes[o->more];
		const uint32_t *of = gs->of_slot[o->slot];
		for (int k = 0; k < KINDS; k++)
			meet(&gs->g[k][of[k]], p, sub, bytes);
		meet(&gs->sig[o->sig], p, sub, bytes);
	}
}

static bool walk(struct groups *gs, const struct conclusion *c)
{
	struct gmem *mem = &c->g->mem;
	uint32_t n = c->walk.n, *at;
	struct passed *order = gmem_raw(mem, n, sizeof(*order)); /* the larger one first: it fits where the nodes were */
	at = gmem_raw(mem, n, 4);
	bool ok = at && order;
	if (ok) {
		places(c, at);
		lay_out(c, order, at);
		pass(gs, c, order);
	}
	gmem_free(mem, at, n, 4);
	gmem_free(mem, order, n, sizeof(*order));
	return ok;
}

/* The rows of one kind that retain most. */
static void give(const struct groups *gs, int kind, struct sum_ret **ret, size_t *ret_n)
{
	struct top_row rows[SUM_TOP_RETAINED];
	struct top top = {.row = rows, .cap = SUM_TOP_RETAINED};
	for (size_t i = 0; i < gs->n[kind]; i++) {
		const struct tally *t = &gs->g[kind][i].retained;
		if (t->count)
			top_offer(&top, (struct top_row){.a = t->bytes, .b = t->count, .addr = i, .ref = (uint32_t)i});
	}
	top_sort(&top);
	*ret = xcalloc(top.n, sizeof(**ret));
	*ret_n = top.n;
	for (size_t i = 0; i < top.n; i++) {
		(*ret)[i] = gs->name[kind][rows[i].ref];
		(*ret)[i].retained = gs->g[kind][rows[i].ref].retained;
	}
}

bool conclude_groups(struct conclusion *c)
{
	struct groups gs;
	struct dump_summary *s = c->s;
	groups_init(&gs, c);
	bool ok = walk(&gs, c);
	for (size_t i = 0; i < s->nkeys; i++)
		s->keys[i].retained = gs.g[BY_KEY][i].retained;
	for (size_t i = 0; i < s->nsigs; i++)
		s->sigs[i].retained = gs.sig[i].retained;
	give(&gs, BY_CLASS, &s->ret_class, &s->nret_class);
	give(&gs, BY_SITE, &s->ret_site, &s->nret_site);
	give(&gs, BY_TYPE, &s->ret_type, &s->nret_type);
	give(&gs, BY_GEM, &s->ret_gem, &s->nret_gem);
	groups_done(&gs);
	return ok;
}
