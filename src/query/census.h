/* The addresses of each dump, for hdactl -f. SPDX-License-Identifier: BSD-2-Clause
 *
 * Who compares dump files has all their addresses at hand; a store has not. hdactl fills a census while it reads (24 bytes an
 * object), `diff` asks it. Filled by one thread; after query_census_put any thread may read. */
#pragma once

#include "analyze/diff.h"

struct query_census; /* of all dumps read */
struct census_dump;  /* of one dump */

struct query_census *query_census_new(void);
void query_census_free(struct query_census *c);

struct census_dump *census_dump_new(void);
void census_dump_free(struct census_dump *d);
/* Notes an object. slot is the reducer's, until query_census_put maps it; generation UINT64_MAX: unknown. Fits
 * pipeline_opts.census with a three-line wrapper. */
void census_dump_add(struct census_dump *d, uint64_t addr, uint32_t slot, uint64_t generation, uint64_t bytes);
/* Ends a dump: maps slots to keys (slot_key as pipeline_slot_key; NULL when the slots are keys already), sorts by address, and
 * keeps it under its id in the store. Takes d. To be called between pipeline_finish and pipeline_free. */
void query_census_put(
    struct query_census *c, uint64_t dump, struct census_dump *d, uint32_t (*slot_key)(void *ctx, uint32_t slot), void *ctx);
/* The objects of a dump by rising address; NULL and 0 when the dump is not there. Valid as long as the census. */
const struct diff_object *query_census_get(const struct query_census *c, uint64_t dump, size_t *ret_n);
