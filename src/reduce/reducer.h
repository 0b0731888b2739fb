/* From objects to tallies. SPDX-License-Identifier: BSD-2-Clause
 *
 * Order-independent; reducer_merge is associative and commutative (property test), so that one big dump can later be
 * scanned by several threads. Class names are resolved in reducer_finish, since 95 % of the lines come before the
 * line of their class. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "reduce/summary.h"
#include "scan/scanner.h"

enum { REDUCER_BATCH = 32 }; /* objects that reducer_add_all looks up together */

struct reducer;

struct reducer_opts {
	bool keep_values;     /* texts of duplicate strings, from heap_obj.value */
	uint64_t order;       /* place of the first object in the dump, for parts that are merged; only its order counts */
	uint32_t dup_strings; /* distinct string values followed exactly; 0: DUP_DISTINCT_MAX (dupstr.h) */
};

struct reducer *reducer_new(const struct reducer_opts *opts);
void reducer_free(struct reducer *r);
/* Counts one object. Returns its slot: a dense number of (type, class address, site, detail) that the graph keeps per object
 * and reducer_slot_key() maps to the final key. */
uint32_t reducer_add(struct reducer *r, const struct heap_obj *o);
/* The same of n objects in their order; their slots to ret_slots[0 .. n). Faster where many keys make the tables large. */
void reducer_add_all(struct reducer *r, const struct heap_obj *o, size_t n, uint32_t *ret_slots);
/* Counts a root line (call once per line: with last). */
void reducer_root(struct reducer *r, uint32_t name, uint64_t nrefs);
/* Adds what `from` has seen to r. The two may have had scanners of their own: names[id] and sites[id] are the numbers here of
 * those there, NULL: the same scanner. Which of two class lines with one address stands is decided by reducer_opts.order.
 * Associative and commutative but for the numbers of slots. from is unchanged but for what waits inside it. */
void reducer_merge(struct reducer *r, struct reducer *from, const uint32_t *names, const uint32_t *sites);
/* Resolves class names and fills *s (keys, gens, genkeys, dups, refs, largest, long_, root_names, edge_addrs ...) from
 * everything added and the scanner's names, sites and stats. The reducer can still be asked for slots afterwards. */
/* Call once; s must outlive r when slots or class names are asked for afterwards; so must sc. */
void reducer_finish(struct reducer *r, const struct scanner *sc, struct dump_summary *s);
/* After reducer_finish: index into s->keys of a slot. */
uint32_t reducer_slot_key(const struct reducer *r, uint32_t slot);
uint32_t reducer_nslots(const struct reducer *r);
/* After reducer_finish: name (id in s->names) of the class whose line is at this address, 0 = none. For CLASS and MODULE objects:
 * their own name ("PriceCache", "#<Class < Foo>"), not "Class". */
uint32_t reducer_class_name(const struct reducer *r, uint64_t addr);
