/* Signatures (merged paths from a root) as rows. SPDX-License-Identifier: BSD-2-Clause Private to src/query/. */
#pragma once

#include "query/run.h"

enum {
	SIGS_DEPTH = 64, /* steps of a path that are written; deeper ones keep their last steps */
};

/* "class PriceCache -> Hash -> Array": malloc'ed. A root's own name comes first only where nothing follows it or full is set.
 * An index outside gives "?". */
char *sig_path(const struct dump_summary *s, uint32_t sig, bool full);
/* One step: "Hash", "Node (x 4012)"; malloc'ed. */
char *sig_step(const struct dump_summary *s, uint32_t sig);
/* Steps from the root, 0 for a root; SIGS_DEPTH at most. */
uint32_t sig_depth(const struct dump_summary *s, uint32_t sig);
/* Why a summary has no graph, for people. */
const char *sigs_missing(const struct dump_summary *s);
/* Lists "holders" and "containers" of `diff`: what grew between two dumps, by signature id, at most `most` rows each. */
void sigs_growth(struct query_run *r, const struct dump_summary *old, const struct dump_summary *now, uint64_t most);
