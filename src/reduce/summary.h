/* What is kept of one dump. SPDX-License-Identifier: BSD-2-Clause
 *
 * Made by the reducer (and the graph), written and read by the store, asked by analyze and query. All texts are ids of
 * `names` (0 = null). Owned by whoever holds the pointer; summary_free frees all. Immutable once finished, so any
 * thread may read it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strtab.h"
#include "proto/header.h"

struct tally {
	uint64_t count, bytes;
};

/* A row of the key table: src/scan/README.md, R8. */
struct sum_key {
	uint32_t type, klass, file, line; /* name ids; line 0 = null */
	struct tally all;                 /* objects of this key, garbage included */
	struct tally garbage;             /* of these unreachable (with a graph; else 0) */
	struct tally retained;            /* with a graph: what these objects keep alive, counted once (objects, bytes) */
};

struct sum_gen {
	uint64_t generation;
	struct tally t;
};

/* (generation x key), sorted by generation, then key. */
struct sum_genkey {
	uint64_t generation;
	uint32_t key;  /* index into keys */
	uint32_t dead; /* of these unreachable (with genkeys_dead; else 0) */
	struct tally t;
};

enum { SUM_DUP_SITES = 4 };

/* A group of strings with equal contents, 2 or more copies. */
struct sum_dup {
	uint64_t copies, bytes;  /* bytes: sum of memsize */
	uint64_t length;         /* bytesize of one */
	uint64_t generation;     /* of the newest copy, UINT64_MAX unknown */
	uint32_t nsites;         /* distinct sites, of which the first SUM_DUP_SITES by copies are listed */
	struct { uint32_t file, line; uint64_t copies; } sites[SUM_DUP_SITES];
	uint32_t value;          /* name id, only with keep_values */
};

/* One object worth naming. */
struct sum_object {
	uint64_t addr, bytes, refs;  /* refs: outgoing, or incoming in most_referenced */
	uint64_t generation;         /* UINT64_MAX unknown */
	uint64_t length;             /* entries of a container, UINT64_MAX unknown */
	uint32_t type, klass, file, line;
};

struct sum_name_count {
	uint32_t name;
	uint64_t count, refs;
};

/* --- the graph's conclusions (issue "who holds it"); all empty when has_graph is false --- */

/* Objects that share the names along their shortest path from a root. Sorted by id. */
struct sum_sig {
	uint64_t id;          /* stable over dumps: hash of the names */
	uint32_t parent;      /* index into sigs, UINT32_MAX for a root */
	uint32_t klass;       /* name of this step ("Hash", "class PriceCache", "root vm") */
	uint32_t repeat;      /* > 1: a folded chain, the longest seen */
	uint32_t label;       /* how this step is shown when more is known than klass: "@cache -> Hash" (graph/labels.h); 0: as klass */
	struct tally own;
	struct tally retained;
};

/* The signature that most objects of a key have: more than half of those that are reachable. Only keys with a site, from
 * SUM_KEY_SIG_MIN objects on. Sorted by key. */
struct sum_key_sig {
	uint32_t key;         /* index into keys */
	uint32_t sig;         /* index into sigs */
};

struct sum_holder {
	uint32_t sig;         /* index into sigs */
	uint32_t text;        /* as a person says it: "class PriceCache" */
	uint64_t addr;
	struct tally own, retained;
};

/* What the objects of a signature contain together: the entries of Arrays and Hashes, the bytes of Strings, of which each counts
 * SUM_FEW_BYTES at least: shorter ones are too many to be looked at, and so the sum does not jump when one grows beyond. Only signatures of
 * which one is longer, or has an entry, or beside which something is folded. */
struct sum_content {
	uint32_t sig;         /* index into sigs; rising */
	uint32_t type;        /* name: ARRAY, HASH, STRING; 0: they contain nothing that is counted here */
	uint64_t longer;      /* Strings beyond SUM_FEW_BYTES, others with an entry */
	uint64_t beyond;      /* entries, or bytes beyond SUM_FEW_BYTES, of all together */
	uint64_t folded;      /* of the signature's own objects what is no step of a path (imemo:env beside a Proc), caches left out */
	uint64_t caches;      /* of calls and constants */
};

struct sum_container {
	uint32_t sig;
	uint64_t addr, length;
	uint32_t type, klass, file, line;
	struct tally retained;
};

/* What a group of objects keeps alive, counted once: an object belongs to its nearest dominating ancestor of the same group only. The
 * keys' own retained tallies do not add up to these (a String held by a String of another site). */
struct sum_ret {
	uint32_t name, line;  /* ret_class: class; ret_type: type; ret_site: file and line; ret_gem: gem. Name ids, 0 = null */
	struct tally retained;
};

/* The objects of one type. */
struct sum_type {
	uint32_t type;        /* name id, 0 = null */
	struct tally all;
};

struct dump_summary {
	struct dump_header head;
	uint64_t dump;              /* id in the store, 0 = not stored */
	uint64_t proc;              /* process id in the store, 0 = not stored */
	struct strtab names;

	bool partial;               /* torn, or END said not ok */
	bool since;                 /* no ROOT lines: written with since:, or torn before them */
	double took_s;              /* from the first byte to the summary */
	double received;            /* when it came to the store, seconds since 1970; 0 = not known. Only in lists of dumps when read back */
	uint64_t input_bytes, lines, objects, bytes, edges, roots, root_refs, shapes, free_slots, bad_lines, unknown_keys;
	uint64_t max_generation;    /* UINT64_MAX when untraced */
	uint32_t traced_objects_known; /* 1 when any object has a generation */
	uint32_t nsamples;
	uint32_t samples[8];        /* name ids of bad-line samples */

	struct sum_key *keys;       size_t nkeys;        /* sorted by bytes, then count, descending */
	struct sum_type *types;     size_t ntypes;       /* only when a store was asked for it: sums over keys, in no order */
	struct sum_gen *gens;       size_t ngens;        /* by generation */
	struct sum_genkey *genkeys; size_t ngenkeys;
	bool genkeys_dead;          /* garbage is told apart by generation: a graph of a traced dump */
	bool genkeys_cut;           /* more pairs than the reducer follows: genkeys adds up to less than gens */
	struct sum_dup *dups;       size_t ndups;        /* by bytes descending: the first SUM_TOP_DUPS */
	struct sum_object *refs;    size_t nrefs;        /* most references out */
	struct sum_object *referenced; size_t nreferenced; /* most references in (needs the edges) */
	struct sum_object *largest; size_t nlargest;
	struct sum_object *long_;   size_t nlong;        /* containers with most entries */
	struct sum_name_count *root_names; size_t nroot_names;
	/* Totals over ALL duplicate groups, of which `dups` lists the first. */
	uint64_t dup_groups, dup_copies, dup_bytes;
	bool dup_estimated;         /* more distinct strings than the table holds: groups are a sample */
	/* The classic lists per generation. */
	struct sum_object *gen_refs; size_t ngen_refs;   /* sorted by generation, then refs descending: a few each */
	/* Addresses of the objects born in max_generation, sorted; at most SUM_EDGE_ADDRS, else none and edge_addrs_cut. */
	uint64_t *edge_addrs; uint32_t *edge_keys; size_t nedge_addrs;
	bool edge_addrs_cut;

	/* graph */
	bool has_graph;
	uint32_t no_graph_why;      /* name id, 0 when has_graph or not asked for */
	struct tally reachable, garbage;
	uint64_t dangling;
	struct tally garbage_by_type_total;
	struct sum_sig *sigs;       size_t nsigs;
	struct sum_key_sig *key_sigs; size_t nkey_sigs;
	struct sum_holder *holders; size_t nholders;
	struct sum_container *containers; size_t ncontainers;
	struct sum_content *contents; size_t ncontents;
	struct sum_object *top_retained; size_t ntop_retained; /* bytes = retained, refs = retained objects */
	/* For top --sort retained: by retained bytes, then objects, descending; at most SUM_TOP_RETAINED each. (By key: keys[].retained.) */
	struct sum_ret *ret_class;  size_t nret_class;
	struct sum_ret *ret_site;   size_t nret_site;
	struct sum_ret *ret_type;   size_t nret_type;
	struct sum_ret *ret_gem;    size_t nret_gem;
};

enum {
	SUM_TOP_DUPS = 100,     /* duplicate groups kept */
	SUM_TOP_OBJECTS = 100,  /* rows of refs, referenced, largest, long_ */
	SUM_KEY_SIG_MIN = 8,    /* objects from which a key has its signature said */
	SUM_GEN_REFS = 5,       /* most referencing objects kept per generation */
	SUM_EDGE_ADDRS = 1000,  /* addresses of the newest generation kept */
	SUM_TOP_RETAINED = 300, /* rows of ret_class, ret_site, ret_type, ret_gem */
	SUM_SIGS = 20000,       /* signatures kept; the smallest are summed into their parents */
	SUM_HOLDERS = 300,      /* holders kept */
	SUM_CONTAINERS = 300,   /* containers kept */
	SUM_SEVERAL = 4,        /* objects of one signature from which on it stands for several containers, which are summed up */
	SUM_FEW_BYTES = 255,    /* bytes that each String counts for at least */
};

/* Empty: all null, generation unknown. */
struct dump_summary *summary_new(void);
void summary_free(struct dump_summary *s);
/* Whether it is what the gem calls a constant or a global variable ("constant Foo::REGISTRY -> Hash"). */
bool summary_is_variable(const char *step);
/* Whether a step of a path ("class PriceCache", "constant Foo::REGISTRY -> Hash", "Thread") says by itself where it is: what lies above is
 * of no interest to people. */
bool summary_names_itself(const char *step);
/* What they contain together: entries, or bytes. */
uint64_t summary_content_length(const struct dump_summary *s, const struct sum_content *c);
/* Does its signature stand for several containers? Then which of them are listed is a matter of their lengths, and of memory. */
bool summary_is_several(const struct dump_summary *s, const struct sum_content *c);
/* By signature: its own objects that a program counts: no caches, nor what is folded, unless next to all is of the interpreter (methods of
 * a class). The caller frees. */
uint64_t *summary_counts(const struct dump_summary *s);
/* By signature: are its containers summed up? The caller frees. */
bool *summary_several(const struct dump_summary *s);
/* How people call a step: "root global_tbl" is a "global variable", what has a type but no class is an "Array (no class)"; the rest as it
 * is. */
const char *summary_step_text(const char *step);
