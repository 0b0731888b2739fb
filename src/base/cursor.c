/* Encode and decode cursors. SPDX-License-Identifier: BSD-2-Clause */
#include "base/cursor.h"

#include <stdlib.h>

#include "base/mem.h"

void enc_done(struct enc *e)
{
	free(e->p);
	*e = (struct enc){0};
}

void enc_clear(struct enc *e) { e->n = 0; }

static uint8_t *room(struct enc *e, size_t n)
{
	if (e->cap - e->n < n) {
		size_t cap = e->cap ? e->cap : 256;
		while (cap - e->n < n)
			cap *= 2;
		e->p = xreallocarray(e->p, cap, 1);
		e->cap = cap;
	}
	uint8_t *p = e->p + e->n;
	e->n += n;
	return p;
}

uint8_t *enc_room(struct enc *e, size_t n) { return room(e, n); }

void enc_u32be(struct enc *e, uint32_t v)
{
	uint8_t *p = room(e, 4);
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (24 - 8 * i));
}

void enc_u64be(struct enc *e, uint64_t v)
{
	uint8_t *p = room(e, 8);
	for (int i = 0; i < 8; i++)
		p[i] = (uint8_t)(v >> (56 - 8 * i));
}

void enc_uv_long(struct enc *e, uint64_t v)
{
	enum { MOST = 10 };
	uint8_t *p = room(e, MOST);
	size_t n = 0;
	for (; v >= 0x80; v >>= 7)
		p[n++] = (uint8_t)(v | 0x80);
	p[n++] = (uint8_t)v;
	e->n -= MOST - n;
}

void enc_sv(struct enc *e, int64_t v) { enc_uv(e, (uint64_t)v << 1 ^ (uint64_t)(v >> 63)); }

void enc_f64(struct enc *e, double v)
{
	uint64_t bits;
	memcpy(&bits, &v, 8);
	uint8_t *p = room(e, 8);
	for (int i = 0; i < 8; i++)
		p[i] = (uint8_t)(bits >> (8 * i));
}

void enc_raw(struct enc *e, const void *p, size_t n)
{
	if (n)
		memcpy(room(e, n), p, n);
}

void enc_str(struct enc *e, struct span s)
{
	if (!s.p) {
		enc_uv(e, 0);
		return;
	}
	enc_uv(e, (uint64_t)s.n + 1);
	enc_raw(e, s.p, s.n);
}

void dec_init(struct dec *d, const void *p, size_t n)
{
	static const uint8_t nothing;
	d->p = p ? p : &nothing;
	d->end = d->p + n;
	d->err = 0;
}

static const uint8_t *take(struct dec *d, size_t n)
{
	if (d->err || (size_t)(d->end - d->p) < n) {
		d->err = HDA_EFORMAT;
		return NULL;
	}
	const uint8_t *p = d->p;
	d->p += n;
	return p;
}

uint32_t dec_u32be(struct dec *d)
{
	const uint8_t *p = take(d, 4);
	uint32_t v = 0;
	for (int i = 0; p && i < 4; i++)
		v = v << 8 | p[i];
	return v;
}

uint64_t dec_u64be(struct dec *d)
{
	const uint8_t *p = take(d, 8);
	uint64_t v = 0;
	for (int i = 0; p && i < 8; i++)
		v = v << 8 | p[i];
	return v;
}

/* A number of up to eight bytes, all at once: its groups of seven bits are pushed together in pairs. False: it is longer. */
static bool dec_eight(struct dec *d, uint64_t *ret)
{
	uint64_t v = 0;
	for (unsigned i = 0; i < 8; i++) /* one load */
		v |= (uint64_t)d->p[i] << (8 * i);
	uint64_t stop = ~v & 0x8080808080808080;
	if (!stop)
		return false;
	d->p += (unsigned)__builtin_ctzll(stop) / 8 + 1;
	v &= (stop ^ (stop - 1)) & 0x7f7f7f7f7f7f7f7f;
	v = (v & 0x7f007f007f007f00) >> 1 | (v & 0x007f007f007f007f);
	v = (v & 0x3fff00003fff0000) >> 2 | (v & 0x00003fff00003fff);
	*ret = (v & 0x0fffffff00000000) >> 4 | (v & 0x000000000fffffff);
	return true;
}

uint64_t dec_uv_long(struct dec *d)
{
	uint64_t v = 0;
	if (d->err)
		return 0;
	if (d->end - d->p >= 8 && dec_eight(d, &v))
		return v;
	for (unsigned shift = 0; d->p < d->end && shift < 64; shift += 7) {
		uint8_t b = *d->p++;
		if (shift == 63 && b > 1)
			break; /* over 64 bits */
		v |= (uint64_t)(b & 0x7f) << shift;
		if (!(b & 0x80))
			return v;
	}
	d->err = HDA_EFORMAT;
	return 0;
}

int64_t dec_sv(struct dec *d)
{
	uint64_t v = dec_uv(d);
	return (int64_t)(v >> 1 ^ -(v & 1));
}

double dec_f64(struct dec *d)
{
	const uint8_t *p = take(d, 8);
	uint64_t bits = 0;
	for (int i = 7; p && i >= 0; i--)
		bits = bits << 8 | p[i];
	double v;
	memcpy(&v, &bits, 8);
	return v;
}

struct span dec_raw(struct dec *d, size_t n)
{
	const uint8_t *p = take(d, n);
	return p ? (struct span){p, n} : (struct span){NULL, 0};
}

struct span dec_str(struct dec *d)
{
	uint64_t n = dec_uv(d);
	if (n == 0)
		return (struct span){NULL, 0};
	return dec_raw(d, n - 1);
}

size_t dec_count(struct dec *d, size_t each)
{
	uint64_t n = dec_uv(d);
	if (n > (size_t)(d->end - d->p) / (each ? each : 1)) {
		d->err = HDA_EFORMAT;
		return 0;
	}
	return n;
}

int dec_finish(const struct dec *d)
{
	if (d->err)
		return d->err;
	return d->p == d->end ? 0 : HDA_EFORMAT;
}
