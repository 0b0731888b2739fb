/* A body checked as bytes. SPDX-License-Identifier: BSD-2-Clause */
#include "unit.h"

#include "pack.h"
#include "proto/walk.h"

static void wants(struct span in, int r, const char *text)
{
	struct enc e = {0};
	enc_raw(&e, in.p, in.n);
	struct span body = p_exact(&e); /* exact size: ASan sees a byte read too many */
	struct proto_err err = {0};
	int got = walk_body(body, &err);
	if (got != r)
		print_message("# wanted %d \"%s\", got %d \"%s\"\n", r, text ? text : "", got, err.text);
	assert_int_equal(got, r);
	if (r < 0) {
		assert_int_equal(err.status, r == HDA_ELIMIT ? HDA_STATUS_TOO_LARGE : HDA_STATUS_MALFORMED);
		if (!strstr(err.text, text))
			print_message("# wanted \"%s\", got \"%s\"\n", text, err.text);
		assert_non_null(strstr(err.text, text));
	}
	p_free(body);
	enc_done(&e);
}
#define GOOD(lit) wants(SPAN_LIT(lit), 0, NULL)
#define BAD(lit, text) wants(SPAN_LIT(lit), HDA_EFORMAT, text)

static void every_item(void **state)
{
	(void)state;
	GOOD("\x80");
	GOOD("\x81\xa1k\x00");
	GOOD("\x81\xa1k\x7f");
	GOOD("\x81\xa1k\xe0");
	GOOD("\x81\xa1k\xff");
	GOOD("\x81\xa1k\xc0");
	GOOD("\x81\xa1k\xc2");
	GOOD("\x81\xa1k\xc3");
	GOOD("\x81\xa1k\xc4\x01z");
	GOOD("\x81\xa1k\xc5\x00\x01z");
	GOOD("\x81\xa1k\xc6\x00\x00\x00\x01z");
	GOOD("\x81\xa1k\xc7\x01\x05z");
	GOOD("\x81\xa1k\xc8\x00\x01\x05z");
	GOOD("\x81\xa1k\xc9\x00\x00\x00\x01\x05z");
	GOOD("\x81\xa1k\xca" "1234");
	GOOD("\x81\xa1k\xcb" "12345678");
	GOOD("\x81\xa1k\xcc" "1");
	GOOD("\x81\xa1k\xcd" "12");
	GOOD("\x81\xa1k\xce" "1234");
	GOOD("\x81\xa1k\xcf" "12345678");
	GOOD("\x81\xa1k\xd0" "1");
	GOOD("\x81\xa1k\xd1" "12");
	GOOD("\x81\xa1k\xd2" "1234");
	GOOD("\x81\xa1k\xd3" "12345678");
	GOOD("\x81\xa1k\xd4" "t1");
	GOOD("\x81\xa1k\xd5" "t12");
	GOOD("\x81\xa1k\xd6" "t1234");
	GOOD("\x81\xa1k\xd7" "t12345678");
	GOOD("\x81\xa1k\xd8" "t1234567812345678");
	GOOD("\x81\xa1k\xd9\x01z");
	GOOD("\x81\xa1k\xda\x00\x01z");
	GOOD("\x81\xa1k\xdb\x00\x00\x00\x01z");
	GOOD("\x81\xa1k\xdc\x00\x01\xc0");
	GOOD("\x81\xa1k\xdd\x00\x00\x00\x01\xc0");
	GOOD("\x81\xa1k\xde\x00\x01\xa1l\xc0");
	GOOD("\x81\xa1k\xdf\x00\x00\x00\x01\xa1l\xc0");
	GOOD("\xde\x00\x01\xa1k\xc0");
	GOOD("\xdf\x00\x00\x00\x01\xd9\x01k\xc0"); /* a key in a long form */
	GOOD("\x82\xa0\xc0\xa1k\x93\x90\x80\xa0");
}

/* Whatever is cut off the end, the rest is refused. */
static void every_cut(void **state)
{
	(void)state;
	static const char body[] = "\x84\xa1" "a\x92\xc0\xcb" "12345678\xa1" "b\x81\xa1k\xda\x00\x03xyz\xa1" "c\xc7\x02\x05yz\xd9\x01" "d\xdd\x00\x00\x00\x02\x01\x02";
	GOOD("\x84\xa1" "a\x92\xc0\xcb" "12345678\xa1" "b\x81\xa1k\xda\x00\x03xyz\xa1" "c\xc7\x02\x05yz\xd9\x01" "d\xdd\x00\x00\x00\x02\x01\x02");
	for (size_t n = 0; n < sizeof(body) - 1; n++)
		wants((struct span){(const uint8_t *)body, n}, HDA_EFORMAT, "");
}

static void not_a_map(void **state)
{
	(void)state;
	BAD("", "empty");
	BAD("\xc0", "not a map");
	BAD("\x90", "not a map");
	BAD("\x93\x01\x02\x03", "not a map");
	BAD("\xa3map", "not a map");
	BAD("\xc1", "not a map");
	BAD("\x81\xa1k\xc1", "not msgpack");
	BAD("\x80\xc0", "bytes behind the map");
	BAD("\x81\xa1k\xc0\x80", "bytes behind the map");
}

static void lying_counts(void **state)
{
	(void)state;
	BAD("\xdf\xff\xff\xff\xff", "count");
	BAD("\x81\xa1k\xdd\xff\xff\xff\xff", "count");
	BAD("\x81\xa1k\xdf\x80\x00\x00\x00", "count"); /* twice this is 2^32 */
	BAD("\x81\xa1k\xdc\x00\x02\xc0", "count");
	BAD("\x82\xa1k\xc0", "count");
	BAD("\x81\xa1k\xdb\xff\xff\xff\xff", "ends in the middle");
	BAD("\x81\xa1k\xc9\xff\xff\xff\xff\x05", "ends in the middle"); /* and the type byte: 2^32 */
	BAD("\x81\xa1k\xc6\xff\xff\xff\xff", "ends in the middle");
}

static void keys(void **state)
{
	(void)state;
	BAD("\x81\x01\xc0", "not a string");
	BAD("\x81\xc0\xc0", "not a string");
	BAD("\x81\xc4\x01k\xc0", "not a string");
	BAD("\x81\x90\xc0", "not a string");
	BAD("\x81\x80\xc0", "not a string");
	BAD("\x82\xa1k\xc0\xa1k\xc0", "duplicate key \"k\"");
	BAD("\x82\xa1k\xc0\xd9\x01k\xc0", "duplicate key \"k\""); /* the same in another form */
	BAD("\x81\xa1o\x82\xa2kk\xc0\xa2kk\xc0", "duplicate key \"kk\"");
	BAD("\x81\xa1o\x91\x82\xa1\x1b\xc0\xa1\x1b\xc0", "duplicate key \"?\"");
	BAD("\x83\xa1o\x82\xa1k\xc0\xa1l\xc0\xa1m\xc0\xa1o\xc0", "duplicate key \"o\""); /* behind an inner map */
	GOOD("\x82\xa1o\x82\xa1k\xc0\xa1o\xc0\xa1k\x81\xa1k\xc0");                      /* equal, in different maps */
}

static struct span long_key(struct enc *e, char c)
{
	char key[300];
	memset(key, c, sizeof(key));
	p_strn(e, key, sizeof(key));
	p_byte(e, 0xc0);
	return p_span(e);
}

static void long_keys(void **state)
{
	(void)state;
	struct enc e = {0};
	p_map(&e, 2);
	long_key(&e, 'a');
	wants(long_key(&e, 'a'), HDA_EFORMAT, "duplicate key \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"");
	enc_clear(&e);
	p_map(&e, 2);
	long_key(&e, 'a');
	wants(long_key(&e, 'b'), 0, NULL);
	enc_done(&e);
}

/* A map with n distinct keys whose last value is left to the caller. */
static void wide_map(struct enc *e, uint32_t n)
{
	p_map(e, n);
	for (uint32_t i = 0; i < n; i++) {
		char key[16];
		snprintf(key, sizeof(key), "%u", i);
		p_str(e, key);
		if (i + 1 < n)
			p_byte(e, 0xc0);
	}
}

static void many_keys(void **state)
{
	(void)state;
	for (uint32_t n = WALK_KEYS - 1; n <= WALK_KEYS + 1; n++) {
		struct enc e = {0};
		wide_map(&e, n);
		p_byte(&e, 0xc0);
		wants(p_span(&e), n > WALK_KEYS ? HDA_ELIMIT : 0, "too many keys");
		enc_done(&e);
	}
	/* Maps in each other share the room; one behind the other each have it all. */
	for (int inner = 1; inner <= 2; inner++) {
		struct enc e = {0};
		wide_map(&e, WALK_KEYS);
		for (int i = 0; i < inner; i++)
			wide_map(&e, WALK_KEYS);
		p_byte(&e, 0xc0);
		wants(p_span(&e), inner == 1 ? 0 : HDA_ELIMIT, "too many keys");
		enc_done(&e);
	}
	struct enc e = {0};
	p_map(&e, 1);
	p_str(&e, "maps");
	p_array(&e, 5);
	for (int i = 0; i < 5; i++) {
		wide_map(&e, WALK_KEYS);
		p_byte(&e, 0xc0);
	}
	wants(p_span(&e), 0, NULL);
	enc_done(&e);
}

static void depth(void **state)
{
	(void)state;
	for (int maps = 0; maps <= 1; maps++)
		for (int n = WALK_DEPTH - 1; n <= WALK_DEPTH + 1; n++) {
			struct enc e = {0};
			for (int i = 0; i < n; i++) {
				if (maps || i == 0) {
					p_map(&e, 1);
					p_str(&e, "k");
				} else {
					p_array(&e, 1);
				}
			}
			p_byte(&e, 0xc0);
			wants(p_span(&e), n > WALK_DEPTH ? HDA_ELIMIT : 0, "nested too deeply");
			enc_done(&e);
		}
	/* A bomb: 60000 arrays in each other. */
	struct enc e = {0};
	p_map(&e, 1);
	p_str(&e, "k");
	for (int i = 0; i < 60000; i++)
		p_byte(&e, 0x91);
	wants(p_span(&e), HDA_ELIMIT, "nested too deeply");
	enc_done(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_item), cmocka_unit_test(every_cut), cmocka_unit_test(not_a_map), cmocka_unit_test(lying_counts),
		cmocka_unit_test(keys), cmocka_unit_test(long_keys), cmocka_unit_test(many_keys), cmocka_unit_test(depth),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
