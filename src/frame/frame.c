/* A byte stream to frames. SPDX-License-Identifier: BSD-2-Clause */
#include "frame/frame.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/mem.h"

static void put_le(uint8_t *p, uint32_t v, int n)
{
	for (int i = 0; i < n; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

static uint32_t get_le(const uint8_t *p, int n)
{
	uint32_t v = 0;
	for (int i = 0; i < n; i++)
		v |= (uint32_t)p[i] << (8 * i);
	return v;
}

void frame_hdr_encode(uint8_t ret[HDA_FRAME_HEADER], const struct frame_hdr *h)
{
	put_le(ret, h->length, 4);
	ret[4] = h->type;
	ret[5] = h->flags;
	put_le(ret + 6, h->stream, 2);
	put_le(ret + 8, h->seq, 4);
}

void frame_hdr_decode(struct frame_hdr *ret, const uint8_t p[HDA_FRAME_HEADER])
{
	*ret = (struct frame_hdr){
		.length = get_le(p, 4),
		.type = p[4],
		.flags = p[5],
		.stream = (uint16_t)get_le(p + 6, 2),
		.seq = get_le(p + 8, 4),
	};
}

uint32_t frame_limit(uint8_t type)
{
	switch (type) {
#define X(name, number, limit, text) case number: return limit;
		HDA_FRAME_TABLE(X)
#undef X
	}
	return 0;
}

const char *frame_type_name(uint8_t type)
{
	switch (type) {
#define X(name, number, limit, text) case number: return #name;
		HDA_FRAME_TABLE(X)
#undef X
	}
	return "?";
}

void frame_put(struct enc *e, uint8_t type, uint32_t seq, struct span body)
{
	HDA_ASSERT(body.n <= frame_limit(type));
	uint8_t hdr[HDA_FRAME_HEADER];
	frame_hdr_encode(hdr, &(struct frame_hdr){.length = (uint32_t)body.n, .type = type, .seq = seq});
	enc_raw(e, hdr, sizeof(hdr));
	enc_raw(e, body.p, body.n);
}

void frame_decoder_init(struct frame_decoder *d) { *d = (struct frame_decoder){0}; }

void frame_decoder_done(struct frame_decoder *d)
{
	free(d->body);
	*d = (struct frame_decoder){0};
}

void frame_decoder_feed(struct frame_decoder *d, struct span in)
{
	HDA_ASSERT(d->in.n == 0);
	d->in = in;
}

/* Takes up to n bytes of what was fed. */
static struct span take(struct frame_decoder *d, size_t n)
{
	struct span s = {d->in.p, n < d->in.n ? n : d->in.n};
	if (s.n) {
		d->in.p += s.n;
		d->in.n -= s.n;
	}
	return s;
}

/* Everything a header can be wrong in, before anything is allocated for it. */
static int check(struct frame_decoder *d)
{
	const struct frame_hdr *h = &d->cur;
	uint32_t limit = frame_limit(h->type);
	if (limit == 0) {
		d->status = HDA_STATUS_MALFORMED;
		snprintf(d->text, sizeof(d->text), "unknown frame type %u", h->type);
		return d->err = HDA_EFORMAT;
	}
	if (h->flags || h->stream) {
		d->status = HDA_STATUS_MALFORMED;
		snprintf(d->text, sizeof(d->text), "%s: flags and stream must be 0", frame_type_name(h->type));
		return d->err = HDA_EFORMAT;
	}
	if (h->length > limit) {
		d->status = HDA_STATUS_TOO_LARGE;
		snprintf(d->text, sizeof(d->text), "%s of %u bytes, the limit is %u", frame_type_name(h->type),
		    h->length, limit);
		return d->err = HDA_ELIMIT;
	}
	return 0;
}

int frame_decoder_next(struct frame_decoder *d, struct frame *ret)
{
	if (d->err)
		return d->err;
	if (d->nhdr < HDA_FRAME_HEADER) {
		struct span s = take(d, HDA_FRAME_HEADER - d->nhdr);
		if (s.n)
			memcpy(d->hdr + d->nhdr, s.p, s.n);
		d->nhdr += (uint32_t)s.n;
		if (d->nhdr < HDA_FRAME_HEADER)
			return 0;
		frame_hdr_decode(&d->cur, d->hdr);
		if (check(d) < 0)
			return d->err;
		d->nbody = 0;
	}
	struct span body;
	if (d->nbody == 0 && d->in.n >= d->cur.length) {
		body = take(d, d->cur.length); /* whole in this piece: no copy */
	} else {
		if (d->cap < d->cur.length) {
			d->body = xreallocarray(d->body, d->cur.length, 1);
			d->cap = d->cur.length;
		}
		struct span s = take(d, d->cur.length - d->nbody);
		if (s.n)
			memcpy(d->body + d->nbody, s.p, s.n);
		d->nbody += (uint32_t)s.n;
		if (d->nbody < d->cur.length)
			return 0;
		body = (struct span){d->body, d->nbody};
	}
	*ret = (struct frame){d->cur, body};
	d->nhdr = 0;
	d->nbody = 0;
	return 1;
}

struct span frame_decoder_rest(struct frame_decoder *d) { return take(d, d->in.n); }

bool frame_decoder_idle(const struct frame_decoder *d) { return d->nhdr == 0 && d->in.n == 0; }
