/* Retained by group, nothing counted twice. SPDX-License-Identifier: BSD-2-Clause
 *
 * An object belongs to its nearest dominating ancestor of the same group only, so a group retains what its topmost members retain. In
 * preorder a member is topmost when it lies behind the end of the last topmost one: no stack, one pass for all kinds of groups. Only inner
 * objects are laid out so; leaves have their turn with what dominates them. */
#include <stdlib.h>
#include <string.h>

#include "base/gem.h"
#include "base/mem.h"
#include "base/u64map.h"
#include "graph/conclude.h"
#include "graph/sigtab.h"

/* Objects and bytes, added up in one step. */
typedef uint64_t pair __attribute__((vector_size(16), aligned(8)));

/* A group while the tree is walked. */
struct group {
	pair retained;    /* objects, bytes */
	uint32_t until;   /* first position behind the subtree of its last topmost member that is no leaf */
};

enum { BY_KEY, BY_CLASS, BY_SITE, BY_TYPE, BY_GEM, KINDS };

struct groups {
	struct group *g[KINDS];
	size_t n[KINDS];
	struct group *sig;
	uint32_t (*of_slot)[KINDS];   /* the groups of a slot */
	struct sum_ret *name[KINDS];  /* what a group is called (BY_KEY: unused) */
};

/* Position p; the tally is of all that lies below, `inner` positions. Whether it counts cannot be foreseen, so there is no branch on it. */
static inline void meet(struct group *g, uint32_t p, uint32_t inner, pair tally)
{
	bool counts = p >= g->until;
	uint64_t mask = -(uint64_t)counts;
	g->until = counts ? p + inner : g->until;
	g->retained += tally & (pair){mask, mask};
}

/* A leaf below what lies at p. */
static inline void meet_leaf(struct group *g, uint32_t p, pair tally)
{
	uint64_t mask = -(uint64_t)(p >= g->until);
	g->retained += tally & (pair){mask, mask};
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

/* An inner object in the tree of dominators. */
struct branch {
	uint32_t inner; /* inner ones that it dominates, itself included */
	uint32_t leaf;  /* its leaves: ids from here downwards, among others that are dominated by what comes before it; WALK_NONE: none */
	uint32_t stray; /* its leaves elsewhere: index + 1 in strays */
};

/* A leaf that does not stand with the others of its dominator. */
struct stray {
	uint32_t leaf, next; /* next: index + 1 */
};

struct passage {
	struct groups *gs;
	const struct conclusion *c;
	struct branch *branch; /* by id of inner ones */
	uint32_t *order;       /* ids of inner ones in preorder */
	struct glog strays;    /* struct stray */
};

/* How far ahead things are fetched: objects, and the groups of their slots. */
enum { AHEAD_PLACE = 24, AHEAD_OBJECT = 24, AHEAD_GROUP = 12 };

static void count_inner(struct passage *w)
{
	for (uint32_t id = w->c->walk.n; id-- > 0;) {
		w->branch[id].inner++;
		if (w->c->up[id])
			w->branch[w->c->up[id] - 1].inner += w->branch[id].inner;
	}
}

/* Ids to preorder: order[at[id] - 1]. An object's at[] is first the end of what is left of its own stretch; each child takes its stretch
 * from there, and what is left in the end is the object alone. */
static void lay_out(struct passage *w, uint32_t *at)
{
	uint32_t left = w->c->walk.n;
	for (uint32_t id = 0; id < w->c->walk.n; id++) {
		uint32_t *end = w->c->up[id] ? &at[w->c->up[id] - 1] : &left;
		at[id] = *end;
		*end -= w->branch[id].inner;
	}
	for (uint32_t id = 0; id < w->c->walk.n; id++) {
		if (id + AHEAD_PLACE < w->c->walk.n)
			__builtin_prefetch(&w->order[at[id + AHEAD_PLACE] - 1], 1);
		w->order[at[id] - 1] = id;
	}
}

/* The walk met the leaves of one object in a row, and these rows in the order of the objects. So those that come while it is the turn of
 * an object and have a lesser dominator are strays. false without memory. */
static bool find_leaves(struct passage *w)
{
	const struct conclusion *c = w->c;
	uint32_t left = c->walk.cap; /* leaves from here on have had their turn */
	for (uint32_t v = 0; v < c->walk.n; v++) {
		w->branch[v].leaf = WALK_NONE;
		while (left > c->walk.leaf && c->up[left - 1] <= v + 1) {
			uint32_t id = --left, up = c->up[id];
			if (up == v + 1 && w->branch[v].leaf == WALK_NONE)
				w->branch[v].leaf = id;
			if (up == v + 1 || up == 0)
				continue;
			uint32_t *s = glog_push(&w->strays);
			if (!s)
				return false;
			s[0] = id;
			s[1] = w->branch[up - 1].stray;
			w->branch[up - 1].stray = (uint32_t)w->strays.n;
		}
	}
	return true;
}

FETCHES void fetch(const struct passage *w, uint32_t p)
{
	const struct conclusion *c = w->c;
	if (p + 2 * AHEAD_OBJECT < c->walk.n) {
		uint32_t id = w->order[p + 2 * AHEAD_OBJECT];
		__builtin_prefetch(&w->branch[id]);
		__builtin_prefetch(&c->sub[id]);
		__builtin_prefetch(&c->bytes[id]);
		__builtin_prefetch(&c->walk.slot[id]);
		__builtin_prefetch(&c->sig[id]);
	}
	if (p + AHEAD_OBJECT < c->walk.n) {
		uint32_t id = w->order[p + AHEAD_OBJECT], leaf = w->branch[id].leaf;
		__builtin_prefetch(w->gs->of_slot[conclusion_slot(c, id)]);
		if (leaf != WALK_NONE) {
			__builtin_prefetch(&c->up[leaf]);
			__builtin_prefetch(&c->walk.slot[leaf]);
			__builtin_prefetch(&c->walk.size[leaf]);
			__builtin_prefetch(&c->sig[leaf]);
		}
	}
	if (p + AHEAD_GROUP < c->walk.n) {
		uint32_t id = w->order[p + AHEAD_GROUP];
		const uint32_t *of = w->gs->of_slot[conclusion_slot(c, id)];
		for (int k = 0; k < KINDS; k++)
			__builtin_prefetch(&w->gs->g[k][of[k]], 1);
		__builtin_prefetch(&w->gs->sig[c->sig[id]], 1);
	}
}

static inline void pass_leaf(struct passage *w, uint32_t p, uint32_t id)
{
	const uint32_t *of = w->gs->of_slot[conclusion_slot(w->c, id)];
	pair tally = {1, conclusion_size(w->c, id)};
	for (int k = 0; k < KINDS; k++)
		meet_leaf(&w->gs->g[k][of[k]], p, tally);
	meet_leaf(&w->gs->sig[w->c->sig[id]], p, tally);
}

static inline void pass_leaves(struct passage *w, uint32_t p, uint32_t v)
{
	const struct conclusion *c = w->c;
	const struct branch *b = &w->branch[v];
	if (b->leaf != WALK_NONE)
		for (uint32_t id = b->leaf; id >= c->walk.leaf && c->up[id] <= v + 1; id--)
			if (c->up[id] == v + 1)
				pass_leaf(w, p, id);
	for (uint32_t i = b->stray; i;) {
		const uint32_t *s = glog_at(&w->strays, i - 1);
		pass_leaf(w, p, s[0]);
		i = s[1];
	}
}

static void pass(struct passage *w)
{
	const struct conclusion *c = w->c;
	for (uint32_t p = 0, n = c->walk.n; p < n; p++) {
		fetch(w, p);
		uint32_t id = w->order[p], inner = w->branch[id].inner;
		pair tally = {c->sub[id], c->bytes[id]};
		const uint32_t *of = w->gs->of_slot[conclusion_slot(c, id)];
		for (int k = 0; k < KINDS; k++)
			meet(&w->gs->g[k][of[k]], p, inner, tally);
		meet(&w->gs->sig[c->sig[id]], p, inner, tally);
		pass_leaves(w, p, id);
	}
}

/* What hangs on the root alone is topmost in all its groups. Before all others: at position 0 nothing has begun. */
static void pass_rooted_leaves(struct passage *w)
{
	for (uint32_t id = w->c->walk.leaf; id < w->c->walk.cap; id++)
		if (w->c->up[id] == 0)
			pass_leaf(w, 0, id);
}

static bool walk(struct groups *gs, const struct conclusion *c)
{
	struct gmem *mem = &c->g->mem;
	uint32_t n = c->walk.n, *at = gmem_raw(mem, n, 4);
	struct passage w = {.gs = gs, .c = c, .branch = gmem_alloc(mem, n, sizeof(*w.branch)), .order = gmem_raw(mem, n, 4)};
	glog_init(&w.strays, mem, sizeof(struct stray) / 4);
	bool ok = at && w.branch && w.order;
	if (ok) {
		count_inner(&w);
		lay_out(&w, at);
		ok = find_leaves(&w);
	}
	if (ok) {
		pass_rooted_leaves(&w);
		pass(&w);
	}
	glog_done(&w.strays);
	gmem_free(mem, w.order, n, 4);
	gmem_free(mem, w.branch, n, sizeof(*w.branch));
	gmem_free(mem, at, n, 4);
	return ok;
}

static inline struct tally tally_of(const struct group *g) { return (struct tally){.count = g->retained[0], .bytes = g->retained[1]}; }

/* The rows of one kind that retain most. */
static void give(const struct groups *gs, int kind, struct sum_ret **ret, size_t *ret_n)
{
	struct top_row rows[SUM_TOP_RETAINED];
	struct top top = {.row = rows, .cap = SUM_TOP_RETAINED};
	for (size_t i = 0; i < gs->n[kind]; i++) {
		struct tally t = tally_of(&gs->g[kind][i]);
		if (t.count)
			top_offer(&top, (struct top_row){.a = t.bytes, .b = t.count, .addr = i, .ref = (uint32_t)i});
	}
	top_sort(&top);
	*ret = xcalloc(top.n, sizeof(**ret));
	*ret_n = top.n;
	for (size_t i = 0; i < top.n; i++) {
		(*ret)[i] = gs->name[kind][rows[i].ref];
		(*ret)[i].retained = tally_of(&gs->g[kind][rows[i].ref]);
	}
}

bool conclude_groups(struct conclusion *c)
{
	struct groups gs;
	struct dump_summary *s = c->s;
	groups_init(&gs, c);
	bool ok = walk(&gs, c);
	for (size_t i = 0; i < s->nkeys; i++)
		s->keys[i].retained = tally_of(&gs.g[BY_KEY][i]);
	for (size_t i = 0; i < s->nsigs; i++)
		s->sigs[i].retained = tally_of(&gs.sig[i]);
	give(&gs, BY_CLASS, &s->ret_class, &s->nret_class);
	give(&gs, BY_SITE, &s->ret_site, &s->nret_site);
	give(&gs, BY_TYPE, &s->ret_type, &s->nret_type);
	give(&gs, BY_GEM, &s->ret_gem, &s->nret_gem);
	groups_done(&gs);
	return ok;
}
