/* Copies and thin copies of summaries. SPDX-License-Identifier: BSD-2-Clause Private to src/store/. */
#pragma once

#include "reduce/summary.h"

enum {
	THIN_KEYS = 45,  /* keys a thinned dump keeps; the rest is summed by type */
	THIN_MIX = 16,   /* job classes it keeps */
};

/* Each array of a summary that belongs to a part. X(field, count field, STORE_ flags) */
#define SUMMARY_ARRAYS(X)                                                                          \
	X(keys, nkeys, STORE_KEYS | STORE_GENKEYS | STORE_EDGE_ADDRS | STORE_KEY_SIGS)             \
	X(types, ntypes, STORE_TYPES)                                                              \
	X(gens, ngens, STORE_GENS)                                                                 \
	X(genkeys, ngenkeys, STORE_GENKEYS)                                                        \
	X(dups, ndups, STORE_DUPS)                                                                 \
	X(refs, nrefs, STORE_OBJECTS)                                                              \
	X(referenced, nreferenced, STORE_OBJECTS)                                                  \
	X(largest, nlargest, STORE_OBJECTS)                                                        \
	X(long_, nlong, STORE_OBJECTS)                                                             \
	X(gen_refs, ngen_refs, STORE_OBJECTS)                                                      \
	X(top_retained, ntop_retained, STORE_OBJECTS)                                              \
	X(root_names, nroot_names, STORE_TRACE)                                                    \
	X(edge_addrs, nedge_addrs, STORE_EDGE_ADDRS)                                               \
	X(edge_keys, nedge_addrs, STORE_EDGE_ADDRS)                                                \
	X(sigs, nsigs, STORE_GRAPH | STORE_KEY_SIGS)                                               \
	X(key_sigs, nkey_sigs, STORE_KEY_SIGS)                                                     \
	X(holders, nholders, STORE_GRAPH)                                                          \
	X(containers, ncontainers, STORE_GRAPH)                                                    \
	X(contents, ncontents, STORE_GRAPH)                                                        \
	X(ret_class, nret_class, STORE_GRAPH | STORE_RETAINED)                                                      \
	X(ret_site, nret_site, STORE_GRAPH | STORE_RETAINED)                                                        \
	X(ret_type, nret_type, STORE_GRAPH | STORE_RETAINED)                                                        \
	X(ret_gem, nret_gem, STORE_GRAPH | STORE_RETAINED)

/* The sums of s's keys by type, for the caller to free; NULL and 0 when there are no keys. */
struct sum_type *summary_types(const struct dump_summary *s, size_t *ret_n);
/* A deep copy with the parts asked for (STORE_ flags); the others are empty. The caller frees. */
struct dump_summary *summary_copy(const struct dump_summary *s, unsigned parts);
/* What stays of a dump after thinning: header, totals, the THIN_KEYS largest keys and one row a type with the sum of the
 * others, so that the totals by type stay exact. The caller frees. */
struct dump_summary *summary_thin(const struct dump_summary *s);
