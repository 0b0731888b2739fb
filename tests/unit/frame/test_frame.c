/* Frames: headers, limits, and a stream cut anywhere. SPDX-License-Identifier: BSD-2-Clause */
#include "unit.h"

#include "frame/frame.h"

/* Feeds bytes in one piece to a fresh decoder and takes one frame. */
static int one(struct frame_decoder *d, const uint8_t *p, size_t n, struct frame *f)
{
	frame_decoder_init(d);
	frame_decoder_feed(d, (struct span){p, n});
	return frame_decoder_next(d, f);
}

static void header_bytes(void **state)
{
	(void)state;
	const struct frame_hdr h = {.length = 0x04030201, .type = 0x10, .flags = 0x11, .stream = 0x2221, .seq = 0x34333231};
	static const uint8_t wanted[HDA_FRAME_HEADER] = {1, 2, 3, 4, 0x10, 0x11, 0x21, 0x22, 0x31, 0x32, 0x33, 0x34};
	uint8_t got[HDA_FRAME_HEADER];
	frame_hdr_encode(got, &h);
	assert_memory_equal(got, wanted, sizeof(wanted));
	struct frame_hdr back;
	frame_hdr_decode(&back, wanted);
	assert_int_equal(back.length, h.length);
	assert_int_equal(back.type, h.type);
	assert_int_equal(back.flags, h.flags);
	assert_int_equal(back.stream, h.stream);
	assert_int_equal(back.seq, h.seq);
}

static void header_roundtrip(void **state)
{
	(void)state;
	uint64_t rnd = 1;
	for (int i = 0; i < 10000; i++) {
		uint8_t a[HDA_FRAME_HEADER], b[HDA_FRAME_HEADER];
		for (size_t k = 0; k < sizeof(a); k++)
			a[k] = (uint8_t)unit_rnd(&rnd);
		struct frame_hdr h;
		frame_hdr_decode(&h, a);
		frame_hdr_encode(b, &h);
		assert_memory_equal(a, b, sizeof(a));
	}
}

static void types(void **state)
{
	(void)state;
	size_t known = 0;
	for (unsigned t = 0; t < 256; t++) {
		uint32_t limit = frame_limit((uint8_t)t);
		assert_int_equal(limit == 0, strcmp(frame_type_name((uint8_t)t), "?") == 0);
		known += limit != 0;
	}
	assert_int_equal(known, 15);
	assert_int_equal(frame_limit(HDA_FRAME_GEM_STATE), 1024);
	assert_int_equal(frame_limit(HDA_FRAME_BEGIN), 65536);
	assert_int_equal(frame_limit(HDA_FRAME_ROW), 1048576);
	assert_string_equal(frame_type_name(HDA_FRAME_DUMP_NOW), "DUMP_NOW");
}

/* Of each type: a body at the limit passes, one byte more is refused on the header alone, and nothing was allocated for it. */
static void limits(void **state)
{
	(void)state;
	for (unsigned t = 0; t < 256; t++) {
		uint32_t limit = frame_limit((uint8_t)t);
		if (!limit)
			continue;
		struct enc e = {0};
		uint8_t *body = calloc(1, limit);
		frame_put(&e, (uint8_t)t, 7, (struct span){body, limit});
		struct frame_decoder d;
		struct frame f;
		assert_int_equal(one(&d, e.p, e.n, &f), 1);
		assert_int_equal(f.hdr.type, t);
		assert_int_equal(f.hdr.seq, 7);
		assert_int_equal(f.body.n, limit);
		frame_decoder_done(&d);
		uint8_t hdr[HDA_FRAME_HEADER];
		frame_hdr_encode(hdr, &(struct frame_hdr){.length = limit + 1, .type = (uint8_t)t});
		assert_int_equal(one(&d, hdr, sizeof(hdr), &f), HDA_ELIMIT);
		assert_int_equal(d.status, HDA_STATUS_TOO_LARGE);
		assert_non_null(strstr(d.text, frame_type_name((uint8_t)t)));
		assert_null(d.body);
		assert_int_equal(d.cap, 0);
		frame_decoder_done(&d);
		free(body);
		enc_done(&e);
	}
}

static void refused(const struct frame_hdr *h, int err, int status, const char *text)
{
	uint8_t hdr[HDA_FRAME_HEADER];
	struct frame_decoder d;
	struct frame f;
	frame_hdr_encode(hdr, h);
	assert_int_equal(one(&d, hdr, sizeof(hdr), &f), err);
	assert_int_equal(d.status, status);
	assert_non_null(strstr(d.text, text));
	assert_null(d.body);
	assert_int_equal(frame_decoder_next(&d, &f), err); /* sticky */
	frame_decoder_done(&d);
}

static void wrong_headers(void **state)
{
	(void)state;
	for (unsigned t = 0; t < 256; t++)
		if (!frame_limit((uint8_t)t))
			refused(&(struct frame_hdr){.type = (uint8_t)t}, HDA_EFORMAT, HDA_STATUS_MALFORMED, "unknown frame type");
	refused(&(struct frame_hdr){.type = HDA_FRAME_HELLO, .flags = 1}, HDA_EFORMAT, HDA_STATUS_MALFORMED, "flags");
	refused(&(struct frame_hdr){.type = HDA_FRAME_HELLO, .stream = 256}, HDA_EFORMAT, HDA_STATUS_MALFORMED, "stream");
	refused(&(struct frame_hdr){.type = HDA_FRAME_ROW, .length = UINT32_MAX}, HDA_ELIMIT, HDA_STATUS_TOO_LARGE, "4294967295");
}

/* A stream of four frames (an empty body among them), then a tail that belongs to nobody. */
static void stream(struct enc *e)
{
	frame_put(e, HDA_FRAME_HELLO, 0, SPAN_LIT("hello hello"));
	frame_put(e, HDA_FRAME_WANT, 1, (struct span){0});
	frame_put(e, HDA_FRAME_END, 2, SPAN_LIT("x"));
	frame_put(e, HDA_FRAME_BEGIN, 3, SPAN_LIT("begin of a dump"));
}

static void check_frame(const struct frame *f, unsigned i)
{
	static const struct { uint8_t type; const char *body; } wanted[] = {
		{HDA_FRAME_HELLO, "hello hello"}, {HDA_FRAME_WANT, ""}, {HDA_FRAME_END, "x"}, {HDA_FRAME_BEGIN, "begin of a dump"},
	};
	assert_true(i < 4);
	assert_int_equal(f->hdr.type, wanted[i].type);
	assert_int_equal(f->hdr.seq, i);
	assert_true(span_eq(f->body, span_of(wanted[i].body)));
}

/* Takes frames until more bytes are wanted; the piece is a copy of its own, so that ASan sees a read too far. */
static void piece(struct frame_decoder *d, const uint8_t *p, size_t n, unsigned *count)
{
	uint8_t *copy = malloc(n ? n : 1);
	struct frame f;
	int r;
	if (n)
		memcpy(copy, p, n);
	frame_decoder_feed(d, (struct span){copy, n});
	while ((r = frame_decoder_next(d, &f)) == 1)
		check_frame(&f, (*count)++);
	assert_int_equal(r, 0);
	free(copy);
}

static void every_cut(void **state)
{
	(void)state;
	struct enc e = {0};
	stream(&e);
	for (size_t a = 0; a <= e.n; a++)
		for (size_t b = a; b <= e.n; b++) {
			struct frame_decoder d;
			unsigned count = 0;
			frame_decoder_init(&d);
			piece(&d, e.p, a, &count);
			piece(&d, e.p + a, b - a, &count);
			piece(&d, e.p + b, e.n - b, &count);
			assert_int_equal(count, 4);
			assert_true(frame_decoder_idle(&d));
			frame_decoder_done(&d);
		}
	enc_done(&e);
}

static void byte_by_byte(void **state)
{
	(void)state;
	struct enc e = {0};
	struct frame_decoder d;
	unsigned count = 0;
	stream(&e);
	frame_decoder_init(&d);
	for (size_t i = 0; i < e.n; i++) {
		piece(&d, e.p + i, 1, &count);
		bool between = i + 1 == 23 || i + 1 == 35 || i + 1 == 48 || i + 1 == e.n; /* ends of the four frames */
		assert_int_equal(frame_decoder_idle(&d), between);
	}
	assert_int_equal(count, 4);
	frame_decoder_done(&d);
	enc_done(&e);
}

static void rest(void **state)
{
	(void)state;
	struct enc e = {0};
	frame_put(&e, HDA_FRAME_BEGIN, 0, SPAN_LIT("b"));
	enc_raw(&e, "{raw", 4);
	struct frame_decoder d;
	struct frame f;
	assert_int_equal(one(&d, e.p, e.n, &f), 1);
	assert_false(frame_decoder_idle(&d));
	assert_true(span_eq(frame_decoder_rest(&d), SPAN_LIT("{raw")));
	assert_int_equal(frame_decoder_rest(&d).n, 0);
	assert_true(frame_decoder_idle(&d));
	frame_decoder_done(&d);
	enc_done(&e);
}

/* Memory for a cut body is kept, not taken anew for a smaller one. */
static void reuse(void **state)
{
	(void)state;
	struct frame_decoder d;
	frame_decoder_init(&d);
	for (int i = 0; i < 2; i++) {
		struct enc e = {0};
		struct frame f;
		frame_put(&e, HDA_FRAME_HELLO, 0, i ? SPAN_LIT("short") : SPAN_LIT("a longer body"));
		frame_decoder_feed(&d, (struct span){e.p, e.n - 1});
		assert_int_equal(frame_decoder_next(&d, &f), 0);
		frame_decoder_feed(&d, (struct span){e.p + e.n - 1, 1});
		assert_int_equal(frame_decoder_next(&d, &f), 1);
		assert_int_equal(f.body.n, i ? 5 : 13);
		assert_int_equal(d.cap, 13);
		enc_done(&e);
	}
	frame_decoder_done(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(header_bytes), cmocka_unit_test(header_roundtrip), cmocka_unit_test(types), cmocka_unit_test(limits),
		cmocka_unit_test(wrong_headers), cmocka_unit_test(every_cut), cmocka_unit_test(byte_by_byte), cmocka_unit_test(rest),
		cmocka_unit_test(reuse),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
