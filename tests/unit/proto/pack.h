/* msgpack by hand, for the tests of src/proto: independent of msgpack-c. SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include "base/cursor.h"
#include "base/span.h"

static inline void p_map(struct enc *e, uint32_t n)
{
	if (n < 16) {
		enc_u8(e, (uint8_t)(0x80 | n));
	} else {
		enc_u8(e, 0xdf);
		enc_u32be(e, n);
	}
}

static inline void p_array(struct enc *e, uint32_t n)
{
	if (n < 16) {
		enc_u8(e, (uint8_t)(0x90 | n));
	} else {
		enc_u8(e, 0xdd);
		enc_u32be(e, n);
	}
}

static inline void p_strn(struct enc *e, const void *p, size_t n)
{
	enc_u8(e, 0xdb);
	enc_u32be(e, (uint32_t)n);
	enc_raw(e, p, n);
}

static inline void p_str(struct enc *e, const char *s) { p_strn(e, s, strlen(s)); }

static inline void p_uint(struct enc *e, uint64_t v)
{
	enc_u8(e, 0xcf);
	enc_u64be(e, v);
}

static inline void p_int(struct enc *e, int64_t v)
{
	enc_u8(e, 0xd3);
	enc_u64be(e, (uint64_t)v);
}

static inline void p_real(struct enc *e, double v)
{
	uint64_t u;
	memcpy(&u, &v, sizeof(u));
	enc_u8(e, 0xcb);
	enc_u64be(e, u);
}

static inline void p_byte(struct enc *e, uint8_t b) { enc_u8(e, b); }

static inline struct span p_span(const struct enc *e) { return (struct span){e->p, e->n}; }

/* A copy in a block of its exact size; p_free. */
static inline struct span p_exact(const struct enc *e)
{
	uint8_t *p = malloc(e->n ? e->n : 1);
	if (e->n)
		memcpy(p, e->p, e->n);
	return (struct span){p, e->n};
}

static inline void p_free(struct span s) { free((void *)(uintptr_t)s.p); }
