/* REQUEST and DONE. SPDX-License-Identifier: BSD-2-Clause */
#include "unit.h"

#include "pack.h"
#include "proto/request.h"

/* Do the bytes lie in the body? Only then may they be used after the decoder has freed its own memory. */
static void assert_inside(struct span s, struct span body)
{
	assert_true(s.n == 0 || (s.p >= body.p && s.p + s.n <= body.p + body.n));
}

static void refused(struct enc *e, const char *text, bool done)
{
	struct span body = p_exact(e);
	struct proto_err err = {0};
	struct msg_request q;
	struct msg_done d;
	int r = done ? msg_done_decode(&d, body, &err) : msg_request_decode(&q, body, &err);
	assert_int_equal(r, HDA_EFORMAT);
	assert_int_equal(err.status, HDA_STATUS_MALFORMED);
	if (!strstr(err.text, text))
		print_message("# wanted \"%s\", got \"%s\"\n", text, err.text);
	assert_non_null(strstr(err.text, text));
	p_free(body);
	enc_clear(e);
}

static void request_roundtrip(void **state)
{
	(void)state;
	struct msg_request m = {.cmd = "leaks", .n = 7, .a = {
		{"pid", val_uint(UINT64_MAX)}, {"tag", val_str("one")}, {"delta", val_int(-5)}, {"tag", val_str("")},
		{"ratio", val_real(0.25)}, {"all", val_bool(true)}, {"none", val_null()},
	}};
	struct enc e = {0};
	msg_request_encode(&e, &m);
	struct span body = p_exact(&e);
	enc_done(&e);
	struct msg_request *got = malloc(sizeof(*got));
	struct proto_err err;
	assert_int_equal(msg_request_decode(got, body, &err), 0);
	assert_string_equal(got->cmd, "leaks");
	assert_int_equal(got->n, 7);
	assert_string_equal(got->a[0].name, "pid");
	assert_int_equal(got->a[0].v.kind, VAL_UINT);
	assert_true(got->a[0].v.u == UINT64_MAX);
	/* The repeated one is one array on the wire, so both stand together, in order. */
	assert_string_equal(got->a[1].name, "tag");
	assert_true(span_eq(got->a[1].v.s, SPAN_LIT("one")));
	assert_inside(got->a[1].v.s, body);
	assert_string_equal(got->a[2].name, "tag");
	assert_int_equal(got->a[2].v.kind, VAL_STR);
	assert_int_equal(got->a[2].v.s.n, 0);
	assert_string_equal(got->a[3].name, "delta");
	assert_int_equal(got->a[3].v.kind, VAL_INT);
	assert_int_equal(got->a[3].v.i, -5);
	assert_true(got->a[4].v.kind == VAL_REAL && got->a[4].v.r == 0.25);
	assert_true(got->a[5].v.kind == VAL_BOOL && got->a[5].v.b);
	assert_int_equal(got->a[6].v.kind, VAL_NULL);
	free(got);
	p_free(body);
}

/* Texts of every length of head, used after decode: they must lie in the body, not in memory that is gone. */
static void request_borrows(void **state)
{
	(void)state;
	static const size_t lengths[] = {0, 1, 31, 32, 255, 256, 4096, 60000};
	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		char *text = malloc(lengths[i] + 1);
		memset(text, 'x', lengths[i]);
		struct msg_request m = {.cmd = "c", .n = 1, .a = {{"t", val_span((struct span){(uint8_t *)text, lengths[i]})}}}, got;
		struct enc e = {0};
		struct proto_err err;
		msg_request_encode(&e, &m);
		struct span body = p_exact(&e);
		assert_int_equal(msg_request_decode(&got, body, &err), 0);
		assert_inside(got.a[0].v.s, body);
		assert_true(span_eq(got.a[0].v.s, m.a[0].v.s));
		p_free(body);
		enc_done(&e);
		free(text);
	}
}

static void cmd(struct enc *e, const char *name, uint32_t keys)
{
	p_map(e, keys);
	p_str(e, "cmd");
	p_str(e, name);
}

static void request_refused(void **state)
{
	(void)state;
	struct enc e = {0};
	p_map(&e, 0);
	refused(&e, "\"cmd\" is missing", false);
	p_map(&e, 1);
	p_str(&e, "cmd");
	p_byte(&e, 0xc0); /* nil is absent */
	refused(&e, "\"cmd\" is missing", false);
	p_map(&e, 1);
	p_str(&e, "cmd");
	p_uint(&e, 1);
	refused(&e, "\"cmd\" is not a string", false);
	cmd(&e, "", 1);
	refused(&e, "\"cmd\" holds a name that is empty or too long", false);
	cmd(&e, "12345678901234567890123456789012", 1); /* 32 bytes: one too many */
	refused(&e, "\"cmd\" holds a name", false);
	cmd(&e, "ps", 2);
	p_str(&e, "args");
	p_array(&e, 0);
	refused(&e, "\"args\" is not a map", false);
	cmd(&e, "ps", 2);
	p_str(&e, "args");
	p_map(&e, 1);
	p_str(&e, "x");
	p_map(&e, 0);
	refused(&e, "\"x\" is neither", false);
	cmd(&e, "ps", 2);
	p_str(&e, "args");
	p_map(&e, 1);
	p_str(&e, "x");
	p_array(&e, 1);
	p_array(&e, 0); /* a list in a list */
	refused(&e, "\"x\" is neither", false);
	cmd(&e, "ps", 2);
	p_str(&e, "args");
	p_map(&e, 1);
	p_str(&e, "");
	p_byte(&e, 0xc3);
	refused(&e, "\"args\" holds a name", false);
	cmd(&e, "ps", 2);
	p_str(&e, "cmd");
	p_str(&e, "ps");
	refused(&e, "duplicate key \"cmd\"", false);
	enc_done(&e);
}

static void request_limits(void **state)
{
	(void)state;
	for (uint32_t n = REQUEST_ARGS; n <= REQUEST_ARGS + 1; n++) {
		struct enc e = {0};
		cmd(&e, "1234567890123456789012345678901", 3);
		p_str(&e, "unknown");
		p_map(&e, 0);
		p_str(&e, "args");
		p_map(&e, 1);
		p_str(&e, "x");
		p_array(&e, n);
		for (uint32_t i = 0; i < n; i++)
			p_uint(&e, i);
		if (n > REQUEST_ARGS) {
			refused(&e, "too many arguments", false);
		} else {
			struct msg_request got;
			struct proto_err err;
			assert_int_equal(msg_request_decode(&got, p_span(&e), &err), 0);
			assert_string_equal(got.cmd, "1234567890123456789012345678901");
			assert_int_equal(got.n, REQUEST_ARGS);
			assert_int_equal(got.a[REQUEST_ARGS - 1].v.u, REQUEST_ARGS - 1);
		}
		enc_done(&e);
	}
}

/* A name goes into error texts and logs: no control characters. */
static void request_names_are_printable(void **state)
{
	(void)state;
	struct enc e = {0};
	struct msg_request got;
	struct proto_err err;
	cmd(&e, "p\x1b[31ms\n", 1);
	assert_int_equal(msg_request_decode(&got, p_span(&e), &err), 0);
	assert_string_equal(got.cmd, "p?[31ms?");
	assert_int_equal(got.n, 0);
	enc_done(&e);
}

static void done_roundtrip(void **state)
{
	(void)state;
	for (size_t notes = 0; notes <= DONE_NOTES; notes += 32) {
		struct msg_done m = {.status = HDA_STATUS_NOTHING, .text = SPAN_LIT("no such dump"), .nnotes = notes}, got;
		for (size_t i = 0; i < notes; i++)
			m.notes[i] = i % 2 ? SPAN_LIT("odd") : SPAN_LIT("even");
		struct enc e = {0};
		struct proto_err err;
		msg_done_encode(&e, &m);
		struct span body = p_exact(&e);
		enc_done(&e);
		assert_int_equal(msg_done_decode(&got, body, &err), 0);
		assert_int_equal(got.status, HDA_STATUS_NOTHING);
		assert_true(span_eq(got.text, m.text));
		assert_inside(got.text, body);
		assert_int_equal(got.nnotes, notes);
		for (size_t i = 0; i < notes; i++) {
			assert_true(span_eq(got.notes[i], m.notes[i]));
			assert_inside(got.notes[i], body);
		}
		p_free(body);
	}
}

/* However long text and notes are, the body fits its frame, and what is there is the beginning of what was said. */
static void done_fits(void **state)
{
	(void)state;
	static char text[100000];
	memset(text, 't', sizeof(text));
	uint64_t rnd = 5;
	for (int round = 0; round < 200; round++) {
		struct msg_done m = {.status = HDA_STATUS_OK, .nnotes = DONE_NOTES}, got;
		m.text = (struct span){(uint8_t *)text, unit_below(&rnd, sizeof(text))};
		for (size_t i = 0; i < DONE_NOTES; i++)
			m.notes[i] = (struct span){(uint8_t *)text, unit_below(&rnd, round % 2 ? 4000 : 700)};
		struct enc e = {0};
		struct proto_err err;
		msg_done_encode(&e, &m);
		assert_true(e.n <= 65536);
		assert_int_equal(msg_done_decode(&got, p_span(&e), &err), 0);
		assert_int_equal(got.text.n, m.text.n < 32768 ? m.text.n : 32768);
		assert_true(got.nnotes > 0);
		for (size_t i = 0; i < got.nnotes; i++)
			assert_int_equal(got.notes[i].n, m.notes[i].n);
		enc_done(&e);
	}
}

/* A text that is cut stays UTF-8. */
static void done_cut_is_utf8(void **state)
{
	(void)state;
	static char text[40001];
	for (size_t i = 1; i + 1 < sizeof(text); i += 2)
		memcpy(text + i, "\xc3\xa9", 2);
	text[0] = 'x'; /* the limit falls into a character */
	struct msg_done m = {.status = HDA_STATUS_OK, .text = {(uint8_t *)text, 40001}}, got;
	struct enc e = {0};
	struct proto_err err;
	msg_done_encode(&e, &m);
	assert_int_equal(msg_done_decode(&got, p_span(&e), &err), 0);
	assert_int_equal(got.text.n, 32767);
	assert_int_equal(got.text.p[got.text.n - 1], 0xa9);
	enc_done(&e);
}

static void status(struct enc *e, uint64_t v, uint32_t keys)
{
	p_map(e, keys);
	p_str(e, "status");
	p_uint(e, v);
}

static void done_refused(void **state)
{
	(void)state;
	struct enc e = {0};
	p_map(&e, 0);
	refused(&e, "\"status\" is missing", true);
	status(&e, 199, 1);
	refused(&e, "\"status\" is not a status", true);
	status(&e, 600, 1);
	refused(&e, "\"status\" is not a status", true);
	status(&e, UINT64_MAX, 1);
	refused(&e, "\"status\" is not a status", true);
	p_map(&e, 1);
	p_str(&e, "status");
	p_int(&e, -200);
	refused(&e, "\"status\" is not a status", true);
	status(&e, 200, 2);
	p_str(&e, "text");
	p_uint(&e, 1);
	refused(&e, "\"text\" is not a string", true);
	status(&e, 200, 2);
	p_str(&e, "notes");
	p_str(&e, "one");
	refused(&e, "\"notes\" is not an array", true);
	status(&e, 200, 2);
	p_str(&e, "notes");
	p_array(&e, 1);
	p_uint(&e, 1);
	refused(&e, "\"notes\" holds something that is not a string", true);
	enc_done(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(request_roundtrip), cmocka_unit_test(request_borrows), cmocka_unit_test(request_refused),
		cmocka_unit_test(request_limits), cmocka_unit_test(request_names_are_printable), cmocka_unit_test(done_roundtrip),
		cmocka_unit_test(done_fits), cmocka_unit_test(done_cut_is_utf8), cmocka_unit_test(done_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
