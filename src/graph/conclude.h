/* What the parts that draw conclusions share. SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include "graph/idval.h"
#include "graph/internal.h"
#include "graph/top.h"
#include "graph/walk.h"

struct conclusion {
	struct graph *g;
	struct rows rows;
	/* once it is done ids are those of the walk, before it those of the address table; see conclusion_addr, conclusion_id */
	struct walk walk;
	uint32_t *num;            /* by id of the address table: id + 1, 0 = unreachable; rows.n */
	struct idvals lengths;    /* of containers from GRAPH_CONTAINER_MIN entries */
	struct idvals big_sizes;
	struct idvals named;      /* name id (of the scanner) of CLASS and MODULE lines that have a name */
	const struct scanner *sc;
	const struct reducer *r;
	struct dump_summary *s;
	/* with roots */
	uint8_t *kinds;           /* by slot of the reducer: enum conclusion_kind */
	/* ... by id */
	uint32_t *sig;            /* index into s->sigs: walk.sig */
	uint32_t *up;             /* id + 1 of the immediate dominator, 0 = the root, always less than the own: walk.parent */
	uint32_t *sub;            /* of inner ones: objects dominated, itself included; walk.n */
	uint64_t *bytes;          /* and their bytes */
};

/* An object's slot of the reducer. */
static inline uint32_t conclusion_slot(const struct conclusion *c, uint32_t id)
{
	return (c->walk.slot ? c->walk.slot[id] : c->rows.node[id].slot) & SLOT_MASK;
}

/* An object's key. */
static inline const struct sum_key *conclusion_key(const struct conclusion *c, uint32_t id)
{
	return &c->s->keys[reducer_slot_key(c->r, conclusion_slot(c, id))];
}

/* What orders objects of equal figures, wherever they lie: key, then own name or length. */
uint64_t conclusion_tie(const struct conclusion *c, uint32_t id);

/* The same for objects with a path: by that, then key. */
static inline uint64_t conclusion_path_tie(const struct conclusion *c, uint32_t id)
{
	return (uint64_t)c->sig[id] << 32 | (uint32_t)(conclusion_key(c, id) - c->s->keys);
}

/* Its size in bytes. */
static inline uint64_t conclusion_size(const struct conclusion *c, uint32_t id)
{
	uint32_t size = c->walk.size ? c->walk.size[id] : c->rows.node[id].size;
	return __builtin_expect(size == REC_SIZE_BIG, 0) ? idvals_get(&c->big_sizes, id, 0) : size;
}

/* What an object keeps alive, itself included. */
static inline struct tally conclusion_retained(const struct conclusion *c, uint32_t id)
{
	if (id >= c->walk.n)
		return (struct tally){.count = 1, .bytes = conclusion_size(c, id)};
	return (struct tally){.count = c->sub[id], .bytes = c->bytes[id]};
}

/* The id of the object at an id of the address table, WALK_NONE when it is unreachable. After the walk. */
static inline uint32_t conclusion_id(const struct conclusion *c, uint32_t map_id) { return c->num[map_id] - 1; }

/* Its references to objects, one after the other, after the walk: for (e = conclusion_edges(c, id); e; e = conclusion_next(e))
 * conclusion_end(c, e). The last one is that to its class when conclusion_own_class. */
static inline const uint32_t *conclusion_edges(const struct conclusion *c, uint32_t id)
{
	return id >= c->walk.n || c->walk.row[id] == WALK_NONE ? NULL : c->rows.to + c->walk.row[id];
}
static inline const uint32_t *conclusion_next(const uint32_t *e) { return *e & WALK_LAST ? NULL : e + 1; }
static inline uint32_t conclusion_end(const struct conclusion *c, const uint32_t *e) { return c->num[*e & ~WALK_LAST] - 1; }
static inline bool conclusion_own_class(const struct conclusion *c, uint32_t id) { return c->walk.slot[id] & SLOT_CLASS_EDGE; }
/* Its class when that is the one of its slot and so in no row; WALK_NONE: none, or in its row. */
static inline uint32_t conclusion_slot_class(const struct conclusion *c, uint32_t id)
{
	uint32_t klass = c->walk.slot[id] & SLOT_OWN_CLASS ? ADDR_NONE : c->rows.slot_class[c->walk.slot[id] & SLOT_MASK];
	return klass == ADDR_NONE ? WALK_NONE : c->num[klass] - 1;
}
/* What an object is; folded: what the interpreter keeps beside an object (IMEMO, ICLASS), which is no step of a path; caches: of these what
 * it keeps of each place that calls a method or names a constant. */
enum conclusion_kind { KIND_OTHER, KIND_STRING, KIND_ARRAY, KIND_CLASSLESS_ARRAY, KIND_FOLDED, KIND_CACHE };
static inline enum conclusion_kind conclusion_kind(const struct conclusion *c, uint32_t id) { return c->kinds[conclusion_slot(c, id)]; }
/* Is it the memory of an Array, which Ruby keeps in a second one without a class once that is shifted or shared? Once dominators are
 * known. */
static inline bool conclusion_is_spare(const struct conclusion *c, uint32_t id)
{
	if (conclusion_kind(c, id) != KIND_CLASSLESS_ARRAY || !c->up[id])
		return false;
	enum conclusion_kind above = conclusion_kind(c, c->up[id] - 1);
	return above == KIND_ARRAY || above == KIND_CLASSLESS_ARRAY;
}
/* How many, that to its class left out. */
uint32_t conclusion_refs(const struct conclusion *c, uint32_t id);
/* Where an object lies. */
uint64_t conclusion_addr(const struct conclusion *c, uint32_t id);
/* When roots of this name have their turn: what a stack refers to is mostly held by something that says more. "threads" and "thread stacks"
 * are of the gem, which has them from the process that forked the dump's (doc/hda-protocol.7). */
enum walk_turn conclusion_turn(const char *root);
/* A row about one object, bytes its own size, refs 0. */
struct sum_object object_row(const struct conclusion *c, uint32_t id);
/* As above, but the class of a CLASS or MODULE line with a name is that name. */
struct sum_object object_row_named(struct conclusion *c, uint32_t id);

/* Once the walk is done: its ids are the ids; garbage, dangling. Takes over *w, makes c->num. false without memory. */
bool conclusion_renumber(struct conclusion *c, struct walk *w);
/* The steps with roots, in this order; each false without memory. */
bool conclude_signatures(struct conclusion *c);  /* walk, sig; sigs with their own tallies */
bool conclude_reach(struct conclusion *c);       /* up, sub, bytes; reachable, top_retained */
bool conclude_key_sigs(struct conclusion *c);     /* key_sigs */
bool conclude_groups(struct conclusion *c);      /* retained by key, class, site, type, signature */
bool conclude_holders(struct conclusion *c);     /* holders */
bool conclude_containers(struct conclusion *c);  /* containers */
bool conclude_contents(struct conclusion *c);    /* contents */
