/* A life as bytes: the row of each key. SPDX-License-Identifier: BSD-2-Clause
 *
 * A row is at most LIFE_ROW_BYTES: the distance of its id to the one before, a byte of flags, a byte of shift, then numbers as varints.
 * Numbers are whole; where they would need more room, all of a row lose their lowest bits (life_row_fit), in memory as on disk. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/life_code.h"
#include "analyze/verdict_impl.h"
#include "base/mem.h"

enum {
	ROW_KIND = 3,
	ROW_STILL = 4,
	ROW_PREV = 8,
	ROW_DEATHS = 16,
	ROW_FROZEN = 32,
	ROW_LOWS = 64,
	ROW_NONE = 128, /* prev: all zero, and not written */
	ROW_MORE = 1    /* with the shift, which is even: four kinds more */
};
enum { ROW_ID_BYTES = 7 /* 48 bits as a varint */, SHIFT_STEP = 4 };

/* Most bytes a row without numbers takes, and its numbers with one byte each: it can always be made to fit. */
_Static_assert(ROW_ID_BYTES + 2 + 12 + VERDICT_BOUNDS + 1 + VERDICT_FROZEN <= LIFE_ROW_BYTES, "births of a row fit");
_Static_assert(
    ROW_ID_BYTES + 2 + 12 + 5 + 1 + VERDICT_LEVELS * (1 + 3) <= LIFE_ROW_BYTES + 9, "levels of a row fit but for the oldest dumps");

static size_t uv_bytes(uint64_t v)
{
	size_t n = 1;
	while (v >>= 7)
		n++;
	return n;
}

static uint64_t whole(float v, unsigned shift) { return v > 0 ? (uint64_t)v >> shift : 0; }

static unsigned nprev(const struct life_row *r)
{
	return r->kind == LIFE_BIRTHS ? VERDICT_BOUNDS : r->kind == LIFE_CONTENTS ? LIFE_FIRST + 1 : 1;
}

static bool has_deaths(const struct verdict_key *k) { return k->released > 0 || k->exposed > 0 || k->oldest > 0; }

static bool has_lows(const struct verdict_key *k) { return k->lows && k->lows->n; }

/* The number of a low: 0 unknown. */
static uint64_t low_code(float low, unsigned shift) { return isfinite(low) ? whole(low, shift) + 1 : 0; }

static size_t size_with(const struct life_row *r, unsigned shift)
{
	const struct verdict_key *k = &r->key;
	size_t n = ROW_ID_BYTES + 2;
	if (k->has_prev || r->still)
		n += 1;
	for (unsigned i = 0; (k->has_prev || r->still) && i < nprev(r); i++)
		n += uv_bytes(whole(k->prev[i], shift));
	if (has_deaths(k))
		n += 12;
	for (unsigned i = 0; i < k->nfrozen; i++)
		n += uv_bytes(whole(k->frozen[i], shift) + 1);
	for (unsigned i = 0; k->lows && i < k->lows->n; i++)
		n += uv_bytes(low_code(k->lows->low[i], shift)) + uv_bytes(k->lows->at[i] - (i ? k->lows->at[i - 1] : 0));
	return n + 1;
}

/* Births below 2^21, which is nearly all, take three bytes at most: there is room for them all. */
static bool surely_fits(const struct life_row *r)
{
	float most = 0;
	if (r->key.nfrozen || r->key.lows)
		return false;
	if (life_row_none(r))
		return true;
	for (unsigned i = 0; i < VERDICT_BOUNDS; i++)
		most = r->key.prev[i] > most ? r->key.prev[i] : most;
	return most < 0x1p21f;
}
_Static_assert(ROW_ID_BYTES + 2 + 12 + 3 * VERDICT_BOUNDS + 2 <= LIFE_ROW_BYTES, "counts of 21 bits fit");

size_t life_row_size(const struct life_row *r)
{
	unsigned shift = 0;
	while (size_with(r, shift) > LIFE_ROW_BYTES && shift < 56)
		shift += SHIFT_STEP;
	return size_with(r, shift);
}

static unsigned shift_of(const struct life_row *r)
{
	unsigned shift = 0;
	if (surely_fits(r))
		return 0;
	while (size_with(r, shift) > LIFE_ROW_BYTES && shift < 56)
		shift += SHIFT_STEP;
	return shift;
}

static float cut_low(float v, unsigned shift) { return v > 0 && isfinite(v) ? (float)(((uint64_t)v >> shift) << shift) : v; }

void life_row_fit(struct life_row *r)
{
	struct verdict_key *k = &r->key;
	unsigned shift = shift_of(r);
	if (shift == 0)
		return;
	for (unsigned i = 0; i < VERDICT_BOUNDS; i++)
		k->prev[i] = cut_low(k->prev[i], shift);
	for (unsigned i = 0; i < k->nfrozen; i++)
		k->frozen[i] = cut_low(k->frozen[i], shift);
	for (unsigned i = 0; k->lows && i < k->lows->n; i++)
		k->lows->low[i] = cut_low(k->lows->low[i], shift);
}

/* A function of its own, out of sight of who calls it: gcc 12 at -O2 takes two neighbouring numbers that go to float and back for a
 * vector, and drops both conversions. */
double as_f32(double v)
{
	float f = (float)v;
	return f;
}

void code_f32(struct enc *e, double v)
{
	float f = (float)v;
	uint32_t bits;
	memcpy(&bits, &f, sizeof(bits));
	enc_u32be(e, bits);
}

float decode_f32(struct dec *d)
{
	uint32_t bits = dec_u32be(d);
	float f;
	memcpy(&f, &bits, sizeof(f));
	if (!isfinite(f))
		d->err = HDA_EFORMAT;
	return d->err ? 0 : f;
}

static bool is_none(const struct life_row *r)
{
	bool none = true;
	if (life_row_none(r))
		return true;
	for (unsigned i = 0; none && i < nprev(r); i++)
		none = r->key.prev[i] <= 0;
	return none;
}

static void row_encode(const struct life_row *r, uint64_t before, struct enc *e)
{
	const struct verdict_key *k = &r->key;
	unsigned shift = shift_of(r);
	bool prev = k->has_prev || r->still, none = prev && is_none(r);
	enc_uv(e, r->id - before);
	enc_u8(e, (uint8_t)((r->kind & ROW_KIND) | (r->still ? ROW_STILL : 0) | (none ? ROW_NONE : 0) | (prev ? ROW_PREV : 0) |
	                    (has_deaths(k) ? ROW_DEATHS : 0) | (k->nfrozen ? ROW_FROZEN : 0) | (has_lows(k) ? ROW_LOWS : 0)));
	enc_u8(e, (uint8_t)(shift | (r->kind > ROW_KIND ? ROW_MORE : 0)));
	for (unsigned i = 0; prev && !none && i < nprev(r); i++)
		enc_uv(e, whole(k->prev[i], shift));
	if (has_deaths(k)) {
		code_f32(e, k->released);
		code_f32(e, k->exposed);
		code_f32(e, k->oldest);
	}
	if (k->nfrozen)
		enc_uv(e, k->nfrozen);
	for (unsigned i = 0; i < k->nfrozen; i++)
		enc_uv(e, k->frozen[i] < 0 ? 0 : whole(k->frozen[i], shift) + 1);
	if (has_lows(k))
		lows_encode(k->lows, shift, e);
}

void lows_encode(const struct verdict_lows *l, unsigned shift, struct enc *e)
{
	enc_u8(e, (uint8_t)l->n);
	for (uint32_t i = 0; i < l->n; i++) {
		enc_uv(e, low_code(l->low[i], shift));
		enc_uv(e, l->at[i] - (i ? l->at[i - 1] : 0));
	}
}

void lows_decode(struct dec *d, unsigned shift, struct verdict_lows *l)
{
	l->n = dec_u8(d);
	if (l->n > VERDICT_LEVELS)
		d->err = HDA_EFORMAT;
	for (uint32_t i = 0; !d->err && i < l->n; i++) {
		uint64_t v = dec_uv(d);
		l->low[i] = v ? (float)((v - 1) << shift) : INFINITY;
		l->at[i] = (uint32_t)dec_uv(d) + (i ? l->at[i - 1] : 0);
	}
	if (d->err)
		l->n = 0;
}

static void row_decode(struct dec *d, struct life *l, uint64_t *id)
{
	uint64_t step = dec_uv(d);
	*id += step;
	uint8_t flags = dec_u8(d), shift = dec_u8(d);
	bool more = shift & ROW_MORE;
	shift &= (uint8_t)~ROW_MORE;
	if (d->err || shift > 56 || step >> LIFE_ID_BITS || *id >> LIFE_ID_BITS) {
		d->err = HDA_EFORMAT;
		return;
	}
	struct life_row *r = &l->rows[l->nrows++]; /* there is room for all, cleared */
	struct verdict_key *k = &r->key;
	r->id = *id;
	r->kind = (uint8_t)((flags & ROW_KIND) + (more ? ROW_KIND + 1 : 0));
	if (r->kind >= LIFE_KINDS)
		d->err = HDA_EFORMAT;
	r->still = flags & ROW_STILL;
	k->len = -1;
	k->has_prev = (flags & ROW_PREV) && !r->still;
	for (unsigned i = 0; (flags & ROW_PREV) && !(flags & ROW_NONE) && i < nprev(r); i++)
		k->prev[i] = (float)(dec_uv(d) << shift);
	if (flags & ROW_DEATHS) {
		k->released = decode_f32(d);
		k->exposed = decode_f32(d);
		k->oldest = decode_f32(d);
	}
	size_t n = flags & ROW_FROZEN ? dec_count(d, 1) : 0;
	if (n > VERDICT_FROZEN)
		d->err = HDA_EFORMAT;
	if (n && !d->err) {
		k->frozen = xcalloc(n, sizeof(*k->frozen));
		k->nfrozen = (unsigned)n;
	}
	for (unsigned i = 0; i < k->nfrozen; i++) {
		uint64_t v = dec_uv(d);
		k->frozen[i] = v ? (float)((v - 1) << shift) : -1;
	}
	if (flags & ROW_LOWS) {
		k->lows = xcalloc(1, sizeof(*k->lows));
		lows_decode(d, shift, k->lows);
	}
}

static int by_row_id(const void *a, const void *b)
{
	const struct life_row *x = *(const struct life_row *const *)a, *y = *(const struct life_row *const *)b;
	return x->id < y->id ? -1 : x->id > y->id;
}

void life_encode_rows(const struct life *l, struct enc *e)
{
	size_t n = l->nrows ? 1 : 0, k = 0, nnew; /* n: so many rise already, as they were read */
	uint64_t before = 0;
	while (n < l->nrows && l->rows[n - 1].id <= l->rows[n].id)
		n++;
	nnew = l->nrows - n;
	const struct life_row **new = xcalloc(nnew + 1, sizeof(*new));
	for (size_t i = 0; i < nnew; i++)
		new[i] = &l->rows[n + i];
	qsort(new, nnew, sizeof(*new), by_row_id);
	enc_u8(e, LIFE_VERSION);
	enc_uv(e, l->dump);
	enc_uv(e, l->nrows);
	for (size_t i = 0; i < n || k < nnew;) {
		const struct life_row *r = i == n || (k < nnew && new[k]->id < l->rows[i].id) ? new[k++] : &l->rows[i++];
		row_encode(r, before, e);
		before = r->id;
	}
	free(new);
}

bool life_decode_rows(struct life *l, struct span rows)
{
	struct dec d;
	uint64_t id = 0;
	dec_init(&d, rows.p, rows.n);
	if (dec_u8(&d) != LIFE_VERSION || dec_uv(&d) != l->dump)
		return false;
	size_t n = dec_count(&d, 3);
	if (n > LIFE_KEYS)
		return false;
	l->cap_rows = n + n / 8 + 1; /* and some new ones: the array is large, and is not moved for them */
	l->rows = xcalloc(l->cap_rows, sizeof(*l->rows));
	for (size_t i = 0; i < n && !d.err; i++)
		row_decode(&d, l, &id);
	if (dec_finish(&d) != 0)
		return false;
	life_sorted(l);
	return true;
}
