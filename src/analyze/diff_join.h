/* The keys of one dump in terms of another's. SPDX-License-Identifier: BSD-2-Clause Private to src/analyze/. */
#pragma once

#include "base/u64map.h"
#include "reduce/summary.h"

#define JOIN_NONE UINT32_MAX

/* For each key of `from`: the key of `to` with the same four texts, and the group of `to` with the same type and class. */
struct join {
	uint32_t *key;   /* JOIN_NONE where `to` has none */
	uint32_t *group; /* JOIN_NONE */
	size_t n;
};

/* Groups of the keys of a dump by type and class. */
struct groups {
	uint32_t *of;    /* by key */
	uint32_t *first; /* a key of each group */
	size_t nkeys, n;
	struct u64map by_name; /* type << 32 | klass */
};

void groups_init(struct groups *g, const struct dump_summary *s);
void groups_done(struct groups *g);
void join_init(struct join *j, const struct dump_summary *from, const struct dump_summary *to, const struct groups *to_groups);
void join_done(struct join *j);
