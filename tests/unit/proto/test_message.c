/* Round trips of every small message, and what is refused in them. SPDX-License-Identifier: BSD-2-Clause */
#include "unit.h"

#include "pack.h"
#include "proto/message.h"

/* Encodes, decodes from a block of exact size, and gives the body for a look. */
#define X(name, type)                                                                              \
	static void trip_##name(const type *m, type *got)                                          \
	{                                                                                          \
		struct enc e = {0};                                                                \
		struct proto_err err;                                                              \
		msg_##name##_encode(&e, m);                                                        \
		struct span body = p_exact(&e);                                                    \
		enc_done(&e);                                                                      \
		memset(got, 0xa5, sizeof(*got));                                                   \
		assert_int_equal(msg_##name##_decode(got, body, &err), 0);                         \
		p_free(body);                                                              \
	}
PROTO_MESSAGES(X)
#undef X

static void hello(void **state)
{
	(void)state;
	static const enum role roles[] = {ROLE_INGEST, ROLE_CONTROL, ROLE_QUERY};
	for (size_t i = 0; i < 3; i++) {
		struct msg_hello m = {.min = 1, .max = UINT32_MAX, .role = roles[i], .client = "test 1.0", .who = {
			.boot = "8c6b0d1e-2d4b-4a3e-9d0a-000000000001", .pidns = 4026531836, .pid = 4121, .start = UINT64_MAX,
			.host = "h", .app = "shop", .role = "web", .rev = "abc"}}, got;
		trip_hello(&m, &got);
		assert_int_equal(got.min, 1);
		assert_true(got.max == UINT32_MAX);
		assert_int_equal(got.role, roles[i]);
		assert_string_equal(got.client, m.client);
		assert_string_equal(got.who.boot, m.who.boot);
		assert_int_equal(got.who.pidns, 4026531836);
		assert_int_equal(got.who.pid, 4121);
		assert_true(got.who.start == UINT64_MAX);
		assert_string_equal(got.who.host, "h");
		assert_string_equal(got.who.app, "shop");
		assert_string_equal(got.who.role, "web");
		assert_string_equal(got.who.rev, "abc");
		assert_int_equal(got.who.host_pid, 0);
	}
}

static void welcome(void **state)
{
	(void)state;
	struct msg_welcome m = {.v = 1, .server = "hdad 1", .limit_begin = 65536, .limit_request = 1, .limit_row = 1048576,
	    .ack_ms = 60000, .keep = true}, got;
	trip_welcome(&m, &got);
	assert_int_equal(got.v, 1);
	assert_string_equal(got.server, "hdad 1");
	assert_int_equal(got.limit_begin, 65536);
	assert_int_equal(got.limit_request, 1);
	assert_int_equal(got.limit_row, 1048576);
	assert_int_equal(got.ack_ms, 60000);
	assert_true(got.keep);
	m = (struct msg_welcome){.v = 1};
	trip_welcome(&m, &got);
	assert_int_equal(got.limit_row, 0);
	assert_string_equal(got.server, "");
	assert_false(got.keep);
}

static void error_and_lease(void **state)
{
	(void)state;
	struct msg_error e = {.code = HDA_STATUS_VERSION, .text = "no common version", .min = 1, .max = 3}, e2;
	trip_error(&e, &e2);
	assert_int_equal(e2.code, 401);
	assert_string_equal(e2.text, e.text);
	assert_int_equal(e2.min, 1);
	assert_int_equal(e2.max, 3);
	struct msg_want w = {"every 1000 jobs"}, w2;
	trip_want(&w, &w2);
	assert_string_equal(w2.reason, "every 1000 jobs");
	struct msg_go g = {300000}, g2;
	trip_go(&g, &g2);
	assert_int_equal(g2.lease_ms, 300000);
	struct msg_later l = {0, "two dumps are running"}, l2; /* 0 is required, so it is written */
	trip_later(&l, &l2);
	assert_int_equal(l2.retry_ms, 0);
	assert_string_equal(l2.why, l.why);
}

static void ingest_end(void **state)
{
	(void)state;
	struct msg_end e = {.ok = true, .lines = 123456}, e2;
	trip_end(&e, &e2);
	assert_true(e2.ok);
	assert_int_equal(e2.lines, 123456);
	e = (struct msg_end){.ok = false, .lines = HEADER_UNKNOWN, .discard = true};
	trip_end(&e, &e2);
	assert_false(e2.ok);
	assert_true(e2.discard);
	assert_true(e2.lines == HEADER_UNKNOWN);
	e = (struct msg_end){.ok = true, .lines = 0}; /* none is not unknown */
	trip_end(&e, &e2);
	assert_int_equal(e2.lines, 0);
	struct msg_ack a = {.dump = 1, .objects = UINT64_MAX, .bytes = 3, .bad = 0, .partial = true}, a2;
	trip_ack(&a, &a2);
	assert_int_equal(a2.dump, 1);
	assert_true(a2.objects == UINT64_MAX);
	assert_int_equal(a2.bytes, 3);
	assert_int_equal(a2.bad, 0);
	assert_true(a2.partial);
}

static void dump_on_demand(void **state)
{
	(void)state;
	struct msg_dump_now n = {UINT64_MAX, 60}, n2;
	trip_dump_now(&n, &n2);
	assert_true(n2.token == UINT64_MAX);
	assert_int_equal(n2.traced_s, 60);
	struct msg_dump_answer a = {7, false, true, "busy", 3, 5100, 2300, 120000, 9, HEADER_UNKNOWN, 0, 41.5, 38.25}, a2;
	trip_dump_answer(&a, &a2);
	struct msg_gem_state st = {"postponed", "headroom: 12 MB free", 4.5}, st2;
	trip_gem_state(&st, &st2);
	assert_string_equal(st2.state, "postponed");
	assert_string_equal(st2.why, "headroom: 12 MB free");
	assert_true(st2.until_s == 4.5);
	assert_int_equal(a2.traced_ms, 120000);
	assert_true(a2.done && a2.rss_grew == HEADER_UNKNOWN && a2.rate_traced == 38.25);
	assert_int_equal(a2.token, 7);
	assert_false(a2.ok);
	assert_string_equal(a2.why, "busy");
}

/* Whatever the text fields hold, full room included, a message fits the frame of its type. */
static void fits(void **state)
{
	(void)state;
	struct enc e = {0};
	struct msg_hello h = {.min = 1, .max = 1, .role = ROLE_CONTROL, .who = {.pid = 1, .start = 1, .pidns = 1}};
	memset(h.client, 'c', sizeof(h.client) - 1);
	memset(h.who.host, 'h', sizeof(h.who.host) - 1);
	memset(h.who.app, 'a', sizeof(h.who.app) - 1);
	memset(h.who.role, 'r', sizeof(h.who.role) - 1);
	memset(h.who.rev, 'v', sizeof(h.who.rev) - 1);
	memset(h.who.boot, 'b', sizeof(h.who.boot) - 1);
	msg_hello_encode(&e, &h);
	assert_true(e.n <= 4096);
	struct msg_hello got;
	struct proto_err err;
	assert_int_equal(msg_hello_decode(&got, p_span(&e), &err), 0);
	assert_int_equal(strlen(got.client), sizeof(got.client) - 1);
	assert_int_equal(strlen(got.who.rev), sizeof(got.who.rev) - 1);
	enc_done(&e);
}

#define X(name, type) \
	static int any_##name(struct span body, struct proto_err *err) { type m; return msg_##name##_decode(&m, body, err); }
PROTO_MESSAGES(X)
#undef X

static void refused(int (*decode)(struct span, struct proto_err *), struct enc *e, const char *text)
{
	struct span body = p_exact(e);
	struct proto_err err = {0};
	assert_int_equal(decode(body, &err), HDA_EFORMAT);
	assert_int_equal(err.status, HDA_STATUS_MALFORMED);
	if (!strstr(err.text, text))
		print_message("# wanted \"%s\", got \"%s\"\n", text, err.text);
	assert_non_null(strstr(err.text, text));
	p_free(body);
	enc_clear(e);
}

/* An empty map: the first required key is named. WANT has none. */
static void missing_keys(void **state)
{
	(void)state;
	static const struct { int (*decode)(struct span, struct proto_err *); const char *text; } t[] = {
		{any_hello, "\"m\" is missing"}, {any_welcome, "\"v\" is missing"}, {any_error, "\"code\" is missing"},
		{any_go, "\"lease_ms\" is missing"}, {any_later, "\"retry_ms\" is missing"}, {any_end, "\"ok\" is missing"},
		{any_ack, "\"dump\" is missing"}, {any_dump_now, "\"token\" is missing"}, {any_dump_answer, "\"token\" is missing"},
	};
	struct enc e = {0};
	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		p_map(&e, 0);
		refused(t[i].decode, &e, t[i].text);
		p_map(&e, 1);
		p_str(&e, "another");
		p_byte(&e, 0xc0);
		refused(t[i].decode, &e, t[i].text);
	}
	struct proto_err err;
	p_map(&e, 0);
	assert_int_equal(any_want(p_span(&e), &err), 0);
	enc_done(&e);
}

/* Every one of ACK's four figures is required, each is named. */
static void each_missing_key(void **state)
{
	(void)state;
	static const char *const keys[] = {"dump", "objects", "bytes", "bad"};
	struct enc e = {0};
	for (int out = 0; out < 4; out++) {
		p_map(&e, 3);
		for (int i = 0; i < 4; i++)
			if (i != out) {
				p_str(&e, keys[i]);
				p_uint(&e, 1);
			}
		char text[32];
		snprintf(text, sizeof(text), "\"%s\" is missing", keys[out]);
		refused(any_ack, &e, text);
	}
	enc_done(&e);
}

static void go_with(struct enc *e)
{
	p_map(e, 1);
	p_str(e, "lease_ms");
}

static void wrong_kinds(void **state)
{
	(void)state;
	struct enc e = {0};
	go_with(&e);
	p_str(&e, "5");
	refused(any_go, &e, "\"lease_ms\" is not a non-negative integer");
	go_with(&e);
	p_int(&e, -1);
	refused(any_go, &e, "\"lease_ms\" is not a non-negative integer");
	go_with(&e);
	p_real(&e, 5);
	refused(any_go, &e, "\"lease_ms\" is not a non-negative integer");
	go_with(&e);
	p_map(&e, 0);
	refused(any_go, &e, "\"lease_ms\" is not a non-negative integer");
	go_with(&e);
	p_uint(&e, (uint64_t)UINT32_MAX + 1);
	refused(any_go, &e, "\"lease_ms\" is too large");
	go_with(&e);
	p_byte(&e, 0xc0);
	refused(any_go, &e, "\"lease_ms\" is missing"); /* nil is absent */
	p_map(&e, 1);
	p_str(&e, "reason");
	p_uint(&e, 1);
	refused(any_want, &e, "\"reason\" is not a string");
	p_map(&e, 1);
	p_str(&e, "reason");
	p_byte(&e, 0xc4); /* bin is no string */
	p_byte(&e, 1);
	p_byte(&e, 'x');
	refused(any_want, &e, "\"reason\" is not a string");
	p_map(&e, 1);
	p_str(&e, "ok");
	p_uint(&e, 1);
	refused(any_end, &e, "\"ok\" is not true or false");
	p_map(&e, 2);
	p_str(&e, "v");
	p_uint(&e, 1);
	p_str(&e, "limits");
	p_array(&e, 0);
	refused(any_welcome, &e, "\"limits\" is not a map");
	p_map(&e, 2);
	p_str(&e, "v");
	p_uint(&e, 1);
	p_str(&e, "limits");
	p_map(&e, 1);
	p_str(&e, "row");
	p_str(&e, "big");
	refused(any_welcome, &e, "\"row\" is not a non-negative integer");
	enc_done(&e);
}

static void hello_with(struct enc *e, const char *m, const char *role)
{
	p_map(e, 4);
	p_str(e, "m");
	p_str(e, m);
	p_str(e, "role");
	p_str(e, role);
	p_str(e, "min");
	p_uint(e, 1);
	p_str(e, "max");
	p_uint(e, 1);
}

static void hello_refused(void **state)
{
	(void)state;
	struct enc e = {0};
	struct proto_err err;
	hello_with(&e, "hda1", "query");
	assert_int_equal(any_hello(p_span(&e), &err), 0);
	enc_clear(&e);
	static const char *const magics[] = {"", "hda", "hda2", "hda11", "hda1hda1hda1"};
	for (size_t i = 0; i < sizeof(magics) / sizeof(*magics); i++) {
		hello_with(&e, magics[i], "query");
		refused(any_hello, &e, "\"m\" is not \"hda1\"");
	}
	static const char *const roles[] = {"", "none", "quer", "queryy", "QUERY", "ingestingest"};
	for (size_t i = 0; i < sizeof(roles) / sizeof(*roles); i++) {
		hello_with(&e, "hda1", roles[i]);
		refused(any_hello, &e, "\"role\" is none of");
	}
	p_map(&e, 2);
	p_str(&e, "m");
	p_str(&e, "hda1");
	p_str(&e, "role");
	p_str(&e, "query");
	refused(any_hello, &e, "\"min\" is missing");
	enc_done(&e);
}

static void want_is(const char *in, size_t n, const char *wanted)
{
	struct enc e = {0};
	struct msg_want got;
	struct proto_err err;
	p_map(&e, 2);
	p_str(&e, "added in protocol 9");
	p_array(&e, 1);
	p_map(&e, 0);
	p_str(&e, "reason");
	p_strn(&e, in, n);
	assert_int_equal(msg_want_decode(&got, p_span(&e), &err), 0);
	assert_string_equal(got.reason, wanted);
	enc_done(&e);
}

/* msg_want.reason has 16 bytes with the NUL. */
static void texts_are_cut_and_cleaned(void **state)
{
	(void)state;
	want_is("", 0, "");
	want_is("123456789012345", 15, "123456789012345");
	want_is("1234567890123456", 16, "123456789012345");
	want_is("12345678901234\xc3\xa9", 16, "12345678901234");                /* a character of two bytes would be halved */
	want_is("1234567890123\xc3\xa9", 15, "1234567890123\xc3\xa9");
	want_is("123456789012\xf0\x9f\x98\x80", 16, "123456789012");
	want_is("a\0b\nc\x1b\x7f", 7, "a?b?c??");
	want_is("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80", 18, "");
}

static void versions(void **state)
{
	(void)state;
	assert_int_equal(proto_version(1, 1), 1);
	assert_int_equal(proto_version(1, 9), HDA_PROTOCOL_MAX);
	assert_int_equal(proto_version(0, 1), 1);
	assert_int_equal(proto_version(0, 0), 0);
	assert_int_equal(proto_version(HDA_PROTOCOL_MAX + 1, 9), 0);
	assert_int_equal(proto_version(9, 1), 0);
	assert_string_equal(role_name(ROLE_CONTROL), "control");
	assert_string_equal(role_name(ROLE_NONE), "none");
}

/* Every cut of every message is refused, and so is a byte behind it. */
#define X(name, type)                                                                              \
	static void cuts_##name(void **state)                                                      \
	{                                                                                          \
		(void)state;                                                                       \
		type m;                                                                            \
		memset(&m, 0, sizeof(m));                                                          \
		struct enc e = {0};                                                                \
		struct proto_err err;                                                              \
		msg_##name##_encode(&e, &m);                                                       \
		for (size_t n = 0; n < e.n; n++)                                                   \
			assert_int_equal(any_##name((struct span){e.p, n}, &err), HDA_EFORMAT);    \
		enc_u8(&e, 0xc0);                                                                  \
		assert_int_equal(any_##name(p_span(&e), &err), HDA_EFORMAT);                       \
		assert_string_equal(err.text, "bytes behind the map");                             \
		enc_done(&e);                                                                      \
	}
PROTO_MESSAGES(X)
#undef X

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hello), cmocka_unit_test(welcome), cmocka_unit_test(error_and_lease), cmocka_unit_test(ingest_end),
		cmocka_unit_test(dump_on_demand), cmocka_unit_test(fits), cmocka_unit_test(missing_keys),
		cmocka_unit_test(each_missing_key), cmocka_unit_test(wrong_kinds), cmocka_unit_test(hello_refused),
		cmocka_unit_test(texts_are_cut_and_cleaned), cmocka_unit_test(versions),
#define X(name, type) cmocka_unit_test(cuts_##name),
		PROTO_MESSAGES(X)
#undef X
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
