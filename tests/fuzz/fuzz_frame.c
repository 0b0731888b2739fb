/* Frames and the raw bytes of a dump: the same, however the stream is cut. SPDX-License-Identifier: BSD-2-Clause
 *
 * The first byte says how to cut, the rest is the stream: once read as frames, once as the raw bytes of a dump. */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "frame/frame.h"
#include "frame/raw.h"
#include "fuzz.h"

/* The length of the next piece, 1 to 16 bytes; a seed of 0 takes all. */
static size_t cut(uint32_t *seed, size_t left)
{
	if (*seed == 0)
		return left;
	*seed = *seed * 1664525 + 1013904223; /* LCG of Numerical Recipes */
	if (*seed == 0)
		*seed = 1;
	size_t n = 1 + (*seed >> 28);
	return n < left ? n : left;
}

/* A piece in a block of its own, so that AddressSanitizer sees a read behind it. */
static uint8_t *piece(const uint8_t *p, size_t n)
{
	uint8_t *copy = xmalloc(n ? n : 1);
	memcpy(copy, p, n);
	return copy;
}

/* All frames of the stream as they went in, put together again; the error, and whether the end tears a frame. */
static int frames(const uint8_t *p, size_t n, uint32_t seed, struct enc *out, bool *ret_idle)
{
	struct frame_decoder d;
	int r = 0;
	frame_decoder_init(&d);
	while (n && r == 0) {
		size_t k = cut(&seed, n);
		uint8_t *copy = piece(p, k);
		struct frame f;
		frame_decoder_feed(&d, (struct span){copy, k});
		while ((r = frame_decoder_next(&d, &f)) == 1) {
			HDA_ASSERT(f.body.n <= frame_limit(f.hdr.type) && f.body.n == f.hdr.length);
			frame_put(out, f.hdr.type, f.hdr.seq, f.body);
		}
		HDA_ASSERT(d.cap <= 1048576); /* no memory beyond the largest limit */
		HDA_ASSERT(r == 0 || (d.status && d.text[0]));
		(void)frame_decoder_rest(&d);
		free(copy);
		p += k;
		n -= k;
	}
	*ret_idle = frame_decoder_idle(&d);
	frame_decoder_done(&d);
	return r;
}

/* The dump's bytes; true when the mark came, *ret_rest is then how many bytes follow it. */
static bool raw(const uint8_t *p, size_t n, uint32_t seed, struct enc *out, size_t *ret_rest)
{
	struct raw_splitter r;
	raw_splitter_init(&r);
	*ret_rest = 0;
	while (n) {
		size_t k = cut(&seed, n);
		uint8_t *copy = piece(p, k);
		struct span s;
		enum raw_event ev;
		raw_splitter_feed(&r, (struct span){copy, k});
		while ((ev = raw_splitter_next(&r, &s)) == RAW_BYTES)
			enc_raw(out, s.p, s.n);
		size_t rest = ev == RAW_END ? raw_splitter_rest(&r).n : 0;
		free(copy);
		p += k;
		n -= k;
		if (ev == RAW_END) {
			*ret_rest = rest + n;
			HDA_ASSERT(r.bytes == out->n);
			return true;
		}
	}
	struct span held = raw_splitter_finish(&r);
	enc_raw(out, held.p, held.n);
	HDA_ASSERT(r.bytes == out->n);
	return false;
}

static bool equal(const struct enc *a, const struct enc *b) { return span_eq((struct span){a->p, a->n}, (struct span){b->p, b->n}); }

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	if (n == 0)
		return 0;
	uint32_t seed = 1 + p[0];
	p++;
	n--;
	struct enc a = {0}, b = {0};
	bool idle_a, idle_b;
	int ra = frames(p, n, 0, &a, &idle_a), rb = frames(p, n, seed, &b, &idle_b);
	HDA_ASSERT(ra == rb && (ra || idle_a == idle_b) && equal(&a, &b));
	HDA_ASSERT(a.n <= n && (a.n == 0 || memcmp(a.p, p, a.n) == 0)); /* what came out is what went in */
	enc_clear(&a);
	enc_clear(&b);
	size_t rest_a, rest_b;
	bool end_a = raw(p, n, 0, &a, &rest_a), end_b = raw(p, n, seed, &b, &rest_b);
	HDA_ASSERT(end_a == end_b && rest_a == rest_b && equal(&a, &b));
	HDA_ASSERT(a.n + rest_a + (end_a ? HDA_END_MARK_LEN : 0) == n);
	HDA_ASSERT(a.n == 0 || memcmp(a.p, p, a.n) == 0);
	enc_done(&a);
	enc_done(&b);
	return 0;
}
