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

struct reducer;

struct reducer_opts {
	bool keep_values;
};

struct reducer *reducer_new(const struct reducer_opts *opts);
void reducer_free(struct reducer *r);
/* Counts one object. Returns its slot: a dense number of (type, class address, site, detail) that the graph keeps per object
 * and reducer_slot_key() maps to the final key. */
uint32_t reducer_add(struct reducer *r, const struct heap_obj *o);
/* Counts a root line (call once per line: with last). */
void reducer_root(struct reducer *r, uint32_t name, uint64_t nrefs);
/* Resolves class names and fills *s (keys, gens, genkeys, dups, refs, largest, long_, root_names, edge_addrs ...) from
 * everything added and the scanner's names, sites and stats. The reducer can still be asked for slots afterwards. */
void reducer_finish(struct reducer *r, const struct scanner *sc, struct dump_summary *s);
/* After reducer_finish: index into s->keys of a slot. */
uint32_t reducer_slot_key(const struct reducer *r, uint32_t slot);
uint32_t reducer_nslots(const struct reducer *r);
/* After reducer_finish: name (id in s->names) of the class whose line is at this address, 0 = none. For CLASS and MODULE objects:
 * their own name ("PriceCache", "#<Class < Foo>"), not "Class". */
uint32_t reducer_class_name(const struct reducer *r, uint64_t addr);
