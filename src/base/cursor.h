/* Encode and decode cursors with a sticky error. SPDX-License-Identifier: BSD-2-Clause
 *
 * Read and write records as straight lines of code; check once, at the end: dec_finish. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/span.h"

/* A growing byte string. All-zero is empty. The owner frees with enc_done. */
struct enc {
	uint8_t *p;
	size_t n, cap;
};

void enc_done(struct enc *e);
void enc_clear(struct enc *e);                      /* empty, memory kept */
void enc_u32be(struct enc *e, uint32_t v);          /* fixed width: for keys, whose order is memcmp's */
void enc_u64be(struct enc *e, uint64_t v);
void enc_uv_long(struct enc *e, uint64_t v);
/* LEB128, 1 to 10 bytes. Most numbers are small. */
static inline void enc_uv(struct enc *e, uint64_t v)
{
	if (v < 0x80 && e->n < e->cap)
		e->p[e->n++] = (uint8_t)v;
	else
		enc_uv_long(e, v);
}
void enc_sv(struct enc *e, int64_t v);              /* zigzag, then LEB128 */
void enc_f64(struct enc *e, double v);              /* 8 bytes, little-endian bits */
void enc_raw(struct enc *e, const void *p, size_t n);
uint8_t *enc_room(struct enc *e, size_t n);          /* n more bytes, for the caller to fill */
static inline void enc_u8(struct enc *e, uint8_t v)
{
	if (e->n < e->cap)
		e->p[e->n++] = v;
	else
		*enc_room(e, 1) = v;
}
void enc_str(struct enc *e, struct span s);         /* length + 1, bytes; p == NULL is written as 0 = null */

/* A walk over borrowed bytes. After the first error every read gives 0 or an empty span. */
struct dec {
	const uint8_t *p, *end;
	int err; /* 0 or HDA_EFORMAT */
};

void dec_init(struct dec *d, const void *p, size_t n);
static inline uint8_t dec_u8(struct dec *d)
{
	if (!d->err && d->p < d->end)
		return *d->p++;
	d->err = HDA_EFORMAT;
	return 0;
}
uint32_t dec_u32be(struct dec *d);
uint64_t dec_u64be(struct dec *d);
uint64_t dec_uv_long(struct dec *d);
static inline uint64_t dec_uv(struct dec *d)
{
	return !d->err && d->p < d->end && *d->p < 0x80 ? *d->p++ : dec_uv_long(d);
}
int64_t dec_sv(struct dec *d);
double dec_f64(struct dec *d);
struct span dec_raw(struct dec *d, size_t n);
struct span dec_str(struct dec *d); /* {NULL, 0} for null */
/* A count that is followed by at least `each` bytes per element: bounds what a damaged record makes us allocate. */
size_t dec_count(struct dec *d, size_t each);
/* 0 when all was well and every byte was used, else HDA_EFORMAT. */
HDA_MUST_CHECK int dec_finish(const struct dec *d);
