/* The raw bytes of a dump and the end mark. SPDX-License-Identifier: BSD-2-Clause */
#include "unit.h"

#include <time.h>

#include "base/cursor.h"
#include "frame/raw.h"
#include "hda/protocol.h"

/* What came out of a stream. */
struct out {
	struct enc bytes, rest;
	bool ended;
};

static void out_done(struct out *o)
{
	enc_done(&o->bytes);
	enc_done(&o->rest);
}

/* One read's worth, in a block of its exact size. */
static void piece(struct raw_splitter *r, struct out *o, const uint8_t *p, size_t n)
{
	uint8_t *copy = malloc(n ? n : 1);
	if (n)
		memcpy(copy, p, n);
	if (o->ended) {
		enc_raw(&o->rest, copy, n);
	} else {
		struct span s;
		enum raw_event ev;
		raw_splitter_feed(r, (struct span){copy, n});
		while ((ev = raw_splitter_next(r, &s)) == RAW_BYTES) {
			assert_true(s.n > 0);
			enc_raw(&o->bytes, s.p, s.n);
		}
		if (ev == RAW_END) {
			o->ended = true;
			assert_int_equal(raw_splitter_next(r, &s), RAW_END);
			s = raw_splitter_rest(r);
			enc_raw(&o->rest, s.p, s.n);
		}
	}
	free(copy);
}

/* The plain way: the first mark in the whole. */
static bool find(struct span in, size_t *ret)
{
	for (size_t i = 0; i + HDA_END_MARK_LEN <= in.n; i++)
		if (memcmp(in.p + i, HDA_END_MARK, HDA_END_MARK_LEN) == 0) {
			*ret = i;
			return true;
		}
	return false;
}

/* Compares the splitter, fed with cuts at a and b, with the plain way. */
static void check(struct span in, size_t a, size_t b)
{
	struct raw_splitter r;
	struct out o = {0};
	raw_splitter_init(&r);
	piece(&r, &o, in.p, a);
	piece(&r, &o, in.p + a, b - a);
	piece(&r, &o, in.p + b, in.n - b);
	size_t at = in.n;
	bool ended = find(in, &at);
	struct span held = raw_splitter_finish(&r);
	enc_raw(&o.bytes, held.p, held.n);
	assert_int_equal(o.ended, ended);
	assert_true(!ended || held.n == 0);
	assert_int_equal(o.bytes.n, at);
	assert_int_equal(r.bytes, at);
	assert_memory_equal(at ? o.bytes.p : in.p, in.p, at);
	size_t behind = ended ? at + HDA_END_MARK_LEN : in.n;
	assert_true(span_eq((struct span){o.rest.p, o.rest.n}, (struct span){in.p + behind, in.n - behind}));
	out_done(&o);
}

static void every_cut(struct span in)
{
	for (size_t a = 0; a <= in.n; a++)
		for (size_t b = a; b <= in.n; b++)
			check(in, a, b);
}

static void mark_everywhere(void **state)
{
	(void)state;
	every_cut(SPAN_LIT("{\"a\":1}\n" HDA_END_MARK "frames"));
	every_cut(SPAN_LIT(HDA_END_MARK));
	every_cut(SPAN_LIT("x" HDA_END_MARK));
	every_cut(SPAN_LIT("no mark at all\n"));
}

static void other_nuls(void **state)
{
	(void)state;
	every_cut(SPAN_LIT("\0\0\0" HDA_END_MARK));
	every_cut(SPAN_LIT("a\0HDAEN\0HDAEND\nb"));
	every_cut(SPAN_LIT("\0HDAENDx\0HDAEND\0HDA\0\0HDAEND\nrest"));
	every_cut(SPAN_LIT("torn \0HDAEND"));
	every_cut(SPAN_LIT("torn \0"));
}

static void mark_behind_mark(void **state)
{
	(void)state;
	every_cut(SPAN_LIT("a\n" HDA_END_MARK HDA_END_MARK "z"));
	every_cut(SPAN_LIT(HDA_END_MARK HDA_END_MARK));
}

static void random_streams(void **state)
{
	(void)state;
	uint64_t rnd = 3;
	for (int round = 0; round < 20000; round++) {
		uint8_t in[48];
		size_t n = unit_below(&rnd, sizeof(in)), k = 0;
		for (size_t i = 0; i < n; i++) { /* mostly going on with the mark, so that whole ones come about */
			k = unit_below(&rnd, 8) ? (k + 1) % HDA_END_MARK_LEN : unit_below(&rnd, HDA_END_MARK_LEN);
			in[i] = (uint8_t)HDA_END_MARK[k];
		}
		size_t a = unit_below(&rnd, n + 1), b = a + unit_below(&rnd, n - a + 1);
		check((struct span){in, n}, a, b);
	}
}

/* The bytes handed out for a false mark that was cut have RAW_PAD readable bytes behind them (ASan watches). */
static void padded(void **state)
{
	(void)state;
	struct raw_splitter r;
	struct span s;
	raw_splitter_init(&r);
	raw_splitter_feed(&r, SPAN_LIT("\0HDA"));
	assert_int_equal(raw_splitter_next(&r, &s), RAW_MORE);
	raw_splitter_feed(&r, SPAN_LIT("nothing"));
	assert_int_equal(raw_splitter_next(&r, &s), RAW_BYTES);
	assert_int_equal(s.n, 4);
	unsigned sum = 0;
	for (size_t i = 0; i < RAW_PAD; i++)
		sum += s.p[s.n + i];
	assert_int_equal(sum, 'E' + 'N' + 'D' + '\n');
}

static double seconds(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Not a bar, which a busy machine would miss, but a figure for people; that all bytes come through is the check. */
static void speed(void **state)
{
	(void)state;
	enum { PIECE = 256 * 1024, PIECES = 1024 };
	uint8_t *p = malloc(PIECE);
	for (size_t i = 0; i < PIECE; i++)
		p[i] = (uint8_t)(' ' + i % 90);
	struct raw_splitter r;
	struct span s;
	size_t got = 0;
	raw_splitter_init(&r);
	double start = seconds();
	for (int i = 0; i < PIECES; i++) {
		raw_splitter_feed(&r, (struct span){p, PIECE});
		while (raw_splitter_next(&r, &s) == RAW_BYTES)
			got += s.n;
	}
	double took = seconds() - start;
	assert_int_equal(got, (size_t)PIECE * PIECES);
	assert_int_equal(r.bytes, got);
	print_message("# raw splitter: %.1f GB/s\n", (double)got / 1e9 / (took > 0 ? took : 1e-9));
	free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mark_everywhere), cmocka_unit_test(other_nuls), cmocka_unit_test(mark_behind_mark),
		cmocka_unit_test(random_streams), cmocka_unit_test(padded), cmocka_unit_test(speed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
