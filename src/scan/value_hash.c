/* Keyed hash of a value that may come in parts. SPDX-License-Identifier: BSD-2-Clause */
#include "scan/value_hash.h"

#include <string.h>

#include <sodium/crypto_shorthash.h>

_Static_assert(crypto_shorthash_BYTES == VALUE_CHAIN, "the chain is one hash");
_Static_assert(crypto_shorthash_KEYBYTES == 16, "the key is a store's secret of 16 bytes");

void value_hash_init(struct value_hash *h, const uint8_t key[16])
{
	h->key = key;
	h->n = 0;
	h->chained = false;
}

/* The hash of what is in the buffer becomes the beginning of the next block. */
static void close_block(struct value_hash *h)
{
	uint8_t out[VALUE_CHAIN];
	size_t skip = h->chained ? 0 : VALUE_CHAIN;
	crypto_shorthash(out, h->buf + skip, VALUE_CHAIN - skip + h->n, h->key);
	memcpy(h->buf, out, VALUE_CHAIN);
	h->chained = true;
	h->n = 0;
}

void value_hash_add(struct value_hash *h, const uint8_t *p, size_t n)
{
	while (n) {
		if (h->n == VALUE_BLOCK) /* only now: the last block may be full */
			close_block(h);
		size_t k = VALUE_BLOCK - h->n < n ? VALUE_BLOCK - h->n : n;
		memcpy(h->buf + VALUE_CHAIN + h->n, p, k);
		h->n += k;
		p += k;
		n -= k;
	}
}

uint64_t value_hash_end(struct value_hash *h)
{
	close_block(h);
	uint64_t v;
	memcpy(&v, h->buf, sizeof(v));
	return v;
}

uint64_t value_hash_whole(const uint8_t key[16], const uint8_t *p, size_t n)
{
	if (n > VALUE_BLOCK) {
		struct value_hash h;
		value_hash_init(&h, key);
		value_hash_add(&h, p, n);
		return value_hash_end(&h);
	}
	uint64_t v;
	uint8_t out[VALUE_CHAIN];
	crypto_shorthash(out, p, n, key);
	memcpy(&v, out, sizeof(v));
	return v;
}
