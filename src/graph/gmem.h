/* Large arrays with an account. SPDX-License-Identifier: BSD-2-Clause
 *
 * A graph is the only thing in hda whose memory a peer can make large, so nothing of it comes from xmalloc: each array
 * is mapped by itself (given back to the system at once when it is freed, no heap left full of holes) and counted
 * against a limit. Running out is an answer (NULL), not an abort. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Embedded. limit 0 = none. */
struct gmem {
	uint64_t limit, now, peak; /* bytes */
	bool failed;               /* an allocation was refused; sticky */
};

/* n elements of `size` bytes, all zero, or NULL: over the limit or the system has no more. */
void *gmem_alloc(struct gmem *m, uint64_t n, size_t size);
/* The same n and size as given to gmem_alloc. NULL is allowed. */
void gmem_free(struct gmem *m, void *p, uint64_t n, size_t size);
/* Grows (or makes, from NULL and 0) an array, contents kept, possibly elsewhere; NULL: the old one stays as it was. */
void *gmem_grow(struct gmem *m, void *p, uint64_t old_n, uint64_t n, size_t size);
/* Counts memory that is held elsewhere (may be negative); false when that passes the limit. */
bool gmem_charge(struct gmem *m, int64_t bytes);
