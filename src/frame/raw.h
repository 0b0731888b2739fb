/* The raw bytes of a dump, up to the end mark. SPDX-License-Identifier: BSD-2-Clause
 *
 * Between BEGIN and END the stream is not framed (protocol.h). The mark may be cut anywhere by the reads; a NUL that does not
 * begin the mark is a byte of the dump (a bad one, but the scanner says so). Bytes pass through without a copy. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

enum raw_event {
	RAW_MORE,  /* all used: feed the next piece */
	RAW_BYTES, /* *ret: bytes of the dump, n > 0 */
	RAW_END,   /* the mark is complete; raw_splitter_rest has what follows (frames again) */
};

/* Readable bytes behind a span that did not come from the caller's piece (a false mark that was cut): the scanner wants them. */
enum { RAW_PAD = 64 };

/* Embedded; all-zero is a fresh one. One thread at a time. */
struct raw_splitter {
	struct span in;   /* borrowed, not yet used */
	uint32_t matched; /* bytes of the mark seen at the end of what was used */
	bool ended;
	uint64_t bytes;   /* of the dump, handed out so far */
};

void raw_splitter_init(struct raw_splitter *r);
/* The next piece, borrowed until it is used up. Only after RAW_MORE (or at the start). */
void raw_splitter_feed(struct raw_splitter *r, struct span in);
/* The next thing. A span lies in the piece fed (with whatever the caller keeps behind it) or in static memory with RAW_PAD
 * bytes behind it. After RAW_END always RAW_END. */
enum raw_event raw_splitter_next(struct raw_splitter *r, struct span *ret);
/* The stream ended without the mark: the bytes held back as its possible beginning (n may be 0). */
struct span raw_splitter_finish(struct raw_splitter *r);
/* The bytes behind the mark, taken out. Borrowed. */
struct span raw_splitter_rest(struct raw_splitter *r);
