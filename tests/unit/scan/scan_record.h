/* A recorder of the scanner's callbacks. SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scan/scanner.h"

/* Everything that a run of the scanner said, as one hash and as text for people. Embedded; recording_run fills it. */
struct recording {
	uint64_t hash;          /* of all callbacks, with the texts of all names, and of the final counts */
	struct scan_stats stats;
	uint64_t bytes;         /* sum of memsize */
	uint64_t refs, drops;   /* addresses handed over, and drops */
	char *text;             /* one line a callback, when wanted; the caller frees */
	size_t ntext, cap_text;
};

struct recording_opts {
	enum scan_impl impl;
	bool text;
	bool no_refs, keep_values, no_hash;
	size_t piece;           /* bytes a feed; 0: all at once */
	uint64_t cut_seed;      /* with piece: pieces of random size up to piece */
	size_t first;           /* not 0: bytes of the first piece; the rest as above */
	bool own;               /* each piece in a block of its own with only SCAN_PAD behind, for AddressSanitizer */
};

void recording_run(struct recording *r, const struct recording_opts *o, const uint8_t *p, size_t n);
