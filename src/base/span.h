/* Borrowed bytes. SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Bytes that belong to somebody else, valid until that somebody moves on (for the scanner: until
 * the callback returns). Not NUL-terminated. p may be NULL only when n == 0. */
struct span {
	const uint8_t *p;
	size_t n;
};

#define SPAN_LIT(s) ((struct span){(const uint8_t *)(s), sizeof(s) - 1})

static inline struct span span_of(const char *s)
{
	return (struct span){(const uint8_t *)s, s ? strlen(s) : 0};
}

static inline bool span_eq(struct span a, struct span b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}
