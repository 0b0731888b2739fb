/* The reducer's parts, for its own files. SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include "reduce/classes.h"
#include "reduce/dupstr.h"
#include "reduce/gentab.h"
#include "reduce/names.h"
#include "reduce/reducer.h"
#include "reduce/tops.h"

enum {
	REDUCE_SLOTS_MAX = 4 * 1024 * 1024, /* distinct (type, class, site, detail); beyond it only the type counts: 300 MB */
	REDUCE_GENERATIONS_MAX = 256 * 1024, /* distinct generations; beyond it new ones are not told apart */
	REDUCE_TYPES_MAX = 1024,           /* distinct types told apart when slots run out */
	REDUCE_SPARE = 8,                  /* times as many objects as a list has are kept until names decide between equal ones */
	REDUCE_SPARE_GENERATIONS = 1024,   /* so many generations have spare ones, too: 2.2 MB */
};

/* In reducer_slot.kind: klass is one (0 is an address too). */
#define SLOT_HAS_CLASS (UINT64_C(1) << 63)

/* A tally before its class has a name. What comes in is first added up in `run`: most objects of a slot follow one of their own
 * generation, so the tables of generations hear of a run once and not of each object. reduce_settle ends the runs. */
struct reducer_slot {
	uint64_t klass;
	uint64_t kind; /* SLOT_HAS_CLASS | type << 32 | site */
	uint32_t detail, key; /* key: index into summary.keys, after finish */
	uint32_t run_gen;     /* number of the run's generation, UINT32_MAX: none known */
	uint32_t run_count;
	uint64_t run_bytes;
	struct tally t;
};

struct gen_total {
	struct tally t;
	struct tops refs;
};

/* What answers questions for names, also after finishing. */
struct reduce_late {
	struct classes classes;
	struct reduce_names names;
	struct dump_summary *summary; /* borrowed; NULL before finish */
};

struct reducer {
	bool keep_values;
	uint64_t objects, bytes;  /* of the runs that have ended */
	uint64_t order;           /* of the next object: place in the dump */
	struct reducer_slot *slots;
	size_t nslots, cap_slots;
	uint64_t *index;          /* open addressing over slots: upper half of the hash << 32 | slot + 1, 0 empty */
	uint32_t index_mask;

	/* Generations: dense numbers in order of appearance. */
	struct u64map gen_index;  /* generation -> number + 1 */
	uint64_t *gens;           /* number -> generation */
	struct gen_total *gen_totals;
	size_t ngens, cap_gens, cap_gen_totals;
	uint64_t last_gen;        /* the one seen last: most objects follow one of their own age */
	uint32_t last_gen_no;     /* its number, UINT32_MAX: none yet */
	uint64_t max_generation;  /* UINT64_MAX: untraced */
	struct gentab pairs;

	struct dupstr dups;
	struct tops refs, largest, long_;
	struct u64map root_index; /* name -> row + 1 */
	struct root_row { uint32_t name; uint64_t count, refs; } *roots;
	size_t nroots, cap_roots;

	/* Objects of the newest generation so far. */
	struct edge_addr { uint64_t addr; uint32_t slot; } *edge;
	size_t nedge, cap_edge;
	bool edge_cut;

	struct reduce_late *late;
};

static inline uint32_t slot_type(const struct reducer_slot *s) { return (uint32_t)(s->kind >> 32) & INT32_MAX; }
static inline uint32_t slot_site(const struct reducer_slot *s) { return (uint32_t)s->kind; }

/* Number of a generation, UINT32_MAX when there are too many. */
uint32_t reduce_gen_no(struct reducer *r, uint64_t generation);
/* Slot of a key; its tally is the caller's to change. */
uint32_t reduce_slot(struct reducer *r, uint64_t klass, uint64_t kind, uint32_t detail);
/* Ends all runs: the slots' tallies, the generations and the pairs are complete then. */
void reduce_settle(struct reducer *r);
/* Remembers an object of the newest generation. */
void reduce_edge_add(struct reducer *r, uint64_t generation, uint64_t addr, uint32_t slot);
/* n more root lines of a name. */
void reduce_root_add(struct reducer *r, uint32_t name, uint64_t n, uint64_t refs);
/* Parts of reduce_finish, in finish_gens.c and for it. */
void reduce_finish_gens(struct reducer *r, struct dump_summary *s);
/* The first max objects, named and in order. The caller owns the list. */
struct sum_object *reduce_objects(struct reducer *r, struct tops *t, struct dump_summary *s, size_t max, size_t *ret_n);
/* reducer_finish with the names at hand; everything but the scanner's counts. names are the scanner's, borrowed. */
void reduce_finish(struct reducer *r, const struct strtab *names, const struct scan_site *sites, uint32_t nsites,
    struct dump_summary *s);
