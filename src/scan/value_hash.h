/* Keyed hash of a value that may come in parts. SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	VALUE_BLOCK = 4096, /* a longer value is hashed in blocks of this size */
	VALUE_CHAIN = 8,    /* bytes of the hash so far, before each block but the first */
};

/* SipHash-2-4 (libsodium's crypto_shorthash, one-shot) of a value up to VALUE_BLOCK bytes; of a longer one
 * h = SipHash(h || block) from block to block, so that the result does not depend on how the bytes were cut.
 * Embedded; value_hash_init before use. Holds up to one block of the value until value_hash_end. */
struct value_hash {
	const uint8_t *key; /* 16 bytes, borrowed */
	size_t n;           /* bytes in buf, the chain not counted */
	bool chained;       /* buf begins with the hash of the blocks before */
	uint8_t buf[VALUE_CHAIN + VALUE_BLOCK];
};

void value_hash_init(struct value_hash *h, const uint8_t key[16]);
void value_hash_add(struct value_hash *h, const uint8_t *p, size_t n);
uint64_t value_hash_end(struct value_hash *h);
/* The same of a value that is there whole. */
uint64_t value_hash_whole(const uint8_t key[16], const uint8_t *p, size_t n);
