/* Large arrays with an account. SPDX-License-Identifier: BSD-2-Clause
 *
 * A graph is the only thing in hda whose memory a peer can make large, so nothing of it comes from xmalloc: each array
 * is counted against a limit. Running out is an answer (NULL), not an abort.
 * They lie side by side in huge pages, and what is freed is kept for the next ones (cut and joined as needed) until gmem_trim: new memory
 * costs page faults and pages to clear, which was a quarter of the graph's time. What is kept stays in the account. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of functions that only prefetch: gcc 12 takes such a one for a function without effect and drops its calls, unless it is inlined early.
 */
#define FETCHES __attribute__((always_inline)) static inline

enum { GMEM_BLOCKS = 1024 }; /* arrays alive or kept at one time that are known; more are given back at once when freed */

struct gmem_block {
	void *p;
	uint64_t bytes;
	bool used;
};

/* Address space for what comes next. */
struct gmem_slab {
	uint8_t *at;
	uint64_t left;
};

/* Embedded. limit 0 = none. */
struct gmem {
	uint64_t limit, now, peak; /* bytes */
	bool failed;               /* an allocation was refused; sticky */
	struct gmem_slab large, small;
	struct gmem_block block[GMEM_BLOCKS];
};

/* n elements of `size` bytes, all zero, or NULL: over the limit or the system has no more. */
void *gmem_alloc(struct gmem *m, uint64_t n, size_t size);
/* The same with any content: for arrays that are written in full. */
void *gmem_raw(struct gmem *m, uint64_t n, size_t size);
/* The same n and size as given to gmem_alloc. NULL is allowed. */
void gmem_free(struct gmem *m, void *p, uint64_t n, size_t size);
/* Grows (or makes, from NULL and 0) an array, contents kept, the rest zero, possibly elsewhere; NULL: the old one stays as it was. */
void *gmem_grow(struct gmem *m, void *p, uint64_t old_n, uint64_t n, size_t size);
/* Cuts an array of old_n elements: the first n stay, the rest is kept for the next arrays. */
void gmem_cut(struct gmem *m, void *p, uint64_t old_n, uint64_t n, size_t size);
/* Address space from a huge page's begin on, without memory, or NULL. It is nobody's account. */
void *gmem_reserve(uint64_t bytes);
void gmem_unreserve(void *p, uint64_t bytes);
/* Memory for what is reserved, from byte `from` (what lies before has some already) to byte `to`, whole huge pages; one array of `to` bytes
 * from then on, to be freed like all others. false: over the limit, or the system has no more. */
bool gmem_commit(struct gmem *m, void *p, uint64_t from, uint64_t to);
/* Counts memory that is held elsewhere (may be negative); false when that passes the limit. */
bool gmem_charge(struct gmem *m, int64_t bytes);
/* Gives the kept arrays, and address space that nobody uses, back to the system. */
void gmem_trim(struct gmem *m);
