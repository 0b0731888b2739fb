/* Sparse values by id. SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include "graph/addrmap.h"
#include "graph/glog.h"

struct idval {
	uint64_t value;
	uint32_t id;
};

/* Embedded; all-zero is empty. Sorted by id. */
struct idvals {
	struct gmem *mem;
	struct idval *v;
	uint64_t n, cap;
};

/* From a log of (code, low, high) or, with width 2, (code, value). Uses the log up. false without memory. */
bool idvals_take(struct idvals *s, struct glog *log, const struct addrmap *map);
/* New ids: num[id] - 1, entries with num[id] 0 dropped. */
void idvals_renumber(struct idvals *s, const uint32_t *num);
void idvals_done(struct idvals *s);
uint64_t idvals_get(const struct idvals *s, uint32_t id, uint64_t absent);
