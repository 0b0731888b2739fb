/* A byte stream to frames. SPDX-License-Identifier: BSD-2-Clause
 *
 * Resumable at any byte, no I/O. What a header claims is checked against the limit of its type before memory is taken. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cursor.h"
#include "base/err.h"
#include "base/span.h"
#include "hda/protocol.h"

/* The 12 bytes before a body, decoded. */
struct frame_hdr {
	uint32_t length;
	uint8_t type, flags;
	uint16_t stream;
	uint32_t seq;
};

struct frame {
	struct frame_hdr hdr;
	struct span body; /* borrowed: until the next call on the decoder, and no longer than the piece fed */
};

/* Little-endian, as protocol.h draws it. */
void frame_hdr_encode(uint8_t ret[HDA_FRAME_HEADER], const struct frame_hdr *h);
void frame_hdr_decode(struct frame_hdr *ret, const uint8_t p[HDA_FRAME_HEADER]);
/* The largest body of a type in bytes; 0 for a type that protocol 1 does not know. */
uint32_t frame_limit(uint8_t type);
/* "HELLO" ...; "?" for an unknown type. Static. */
const char *frame_type_name(uint8_t type);
/* Appends header and body. The body must be within the limit of its type: anything else is our bug. */
void frame_put(struct enc *e, uint8_t type, uint32_t seq, struct span body);

enum { FRAME_ERROR_TEXT = 96 };

/* Embedded; frame_decoder_init before use. One thread at a time. */
struct frame_decoder {
	struct span in;            /* borrowed bytes not yet used */
	uint8_t hdr[HDA_FRAME_HEADER];
	uint32_t nhdr;             /* bytes of hdr collected */
	struct frame_hdr cur;      /* valid when nhdr is HDA_FRAME_HEADER */
	uint8_t *body;             /* a body that did not lie in one piece; cap bytes */
	uint32_t nbody, cap;
	int err;                   /* sticky: 0, HDA_EFORMAT or HDA_ELIMIT */
	int status;                /* with err: enum hda_status for the ERROR frame */
	char text[FRAME_ERROR_TEXT]; /* with err: a sentence for it */
};

void frame_decoder_init(struct frame_decoder *d);
void frame_decoder_done(struct frame_decoder *d);
/* The next bytes; the decoder borrows them until they are used up. Only after next said 0 (or at the start). */
void frame_decoder_feed(struct frame_decoder *d, struct span in);
/* 1: *ret is the next frame. 0: feed more. Negative (sticky): a frame that may not be; see status and text. */
HDA_MUST_CHECK int frame_decoder_next(struct frame_decoder *d, struct frame *ret);
/* The bytes behind the last frame, taken out of the decoder: after BEGIN they are the first of the dump. Borrowed. */
struct span frame_decoder_rest(struct frame_decoder *d);
/* True between frames: an EOF here tears nothing. */
bool frame_decoder_idle(const struct frame_decoder *d);
