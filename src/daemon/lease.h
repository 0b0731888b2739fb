/* What all dumps of this host share: how many at once, how much memory. SPDX-License-Identifier: BSD-2-Clause
 *
 * Any thread; lock-free. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* So many of something; all-zero has nothing to give. */
struct lease {
	_Atomic uint64_t total, used;
};

static inline void lease_set_total(struct lease *l, uint64_t total) { atomic_store(&l->total, total); }

/* Takes n when they are free. What is out when the total shrinks comes back in its time. */
static inline bool lease_take(struct lease *l, uint64_t n)
{
	uint64_t used = atomic_load(&l->used);
	do {
		uint64_t total = atomic_load(&l->total);
		if (n > total || used > total - n)
			return false;
	} while (!atomic_compare_exchange_weak(&l->used, &used, used + n));
	return true;
}

static inline void lease_give(struct lease *l, uint64_t n) { atomic_fetch_sub(&l->used, n); }
