/* Bodies of the small messages. SPDX-License-Identifier: BSD-2-Clause */
#include "proto/message.h"

#include <string.h>

#include "proto/fields.h"

/* X(role, text) */
#define ROLE_TABLE(X) X(INGEST, "ingest") X(CONTROL, "control") X(QUERY, "query")

const char *role_name(enum role r)
{
	switch (r) {
#define X(name, text) case ROLE_##name: return text;
		ROLE_TABLE(X)
#undef X
	case ROLE_NONE: break;
	}
	return "none";
}

static enum role role_of(const char *text)
{
#define X(name, t) if (strcmp(text, t) == 0) return ROLE_##name;
	ROLE_TABLE(X)
#undef X
	return ROLE_NONE;
}

uint32_t proto_version(uint32_t peer_min, uint32_t peer_max)
{
	if (peer_min > peer_max || peer_max < HDA_PROTOCOL_MIN || peer_min > HDA_PROTOCOL_MAX)
		return 0;
	return peer_max < HDA_PROTOCOL_MAX ? peer_max : HDA_PROTOCOL_MAX;
}

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

static void encode(struct enc *e, const void *m, const struct field_def *f, size_t n)
{
	msgpack_packer pk;
	pack_init(&pk, e);
	msgpack_pack_map(&pk, fields_count(m, f, n));
	fields_write(&pk, m, f, n);
}

static int decode(void *ret, struct span bytes, const struct field_def *f, size_t n, struct proto_err *err)
{
	struct body b;
	int r = body_read(&b, bytes, err);
	if (r == 0)
		r = fields_read(ret, f, n, b.map, err);
	body_done(&b);
	return r;
}

/* A message that is a flat map. */
#define FLAT(name, fields)                                                                         \
	void msg_##name##_encode(struct enc *e, const struct msg_##name *m)                        \
	{                                                                                          \
		encode(e, m, fields, COUNT(fields));                                               \
	}                                                                                          \
	int msg_##name##_decode(struct msg_##name *ret, struct span body, struct proto_err *err)   \
	{                                                                                          \
		*ret = (struct msg_##name){0};                                                     \
		return decode(ret, body, fields, COUNT(fields), err);                              \
	}

static const struct field_def error_fields[] = {
	FIELD(struct msg_error, "code", FIELD_U32, code, true),
	FIELD(struct msg_error, "text", FIELD_TEXT, text, true),
	FIELD(struct msg_error, "min", FIELD_U32, min, false),
	FIELD(struct msg_error, "max", FIELD_U32, max, false),
};
FLAT(error, error_fields)

static const struct field_def want_fields[] = {FIELD(struct msg_want, "reason", FIELD_TEXT, reason, false)};
FLAT(want, want_fields)

static const struct field_def go_fields[] = {FIELD(struct msg_go, "lease_ms", FIELD_U32, lease_ms, true)};
FLAT(go, go_fields)

static const struct field_def later_fields[] = {
	FIELD(struct msg_later, "retry_ms", FIELD_U32, retry_ms, true),
	FIELD(struct msg_later, "why", FIELD_TEXT, why, false),
};
FLAT(later, later_fields)

static const struct field_def end_fields[] = {
	FIELD(struct msg_end, "ok", FIELD_BOOL, ok, true),
	FIELD(struct msg_end, "lines", FIELD_U64, lines, false),
	FIELD(struct msg_end, "discard", FIELD_BOOL, discard, false),
};
FLAT(end, end_fields)

static const struct field_def ack_fields[] = {
	FIELD(struct msg_ack, "dump", FIELD_U64Z, dump, true),
	FIELD(struct msg_ack, "objects", FIELD_U64Z, objects, true),
	FIELD(struct msg_ack, "bytes", FIELD_U64Z, bytes, true),
	FIELD(struct msg_ack, "bad", FIELD_U64Z, bad, true),
	FIELD(struct msg_ack, "partial", FIELD_BOOL, partial, false),
};
FLAT(ack, ack_fields)

static const struct field_def dump_now_fields[] = {
	FIELD(struct msg_dump_now, "token", FIELD_U64Z, token, true),
	FIELD(struct msg_dump_now, "traced_s", FIELD_U32, traced_s, false),
};
FLAT(dump_now, dump_now_fields)

static const struct field_def dump_answer_fields[] = {
	FIELD(struct msg_dump_answer, "token", FIELD_U64Z, token, true),
	FIELD(struct msg_dump_answer, "ok", FIELD_BOOL, ok, true),
	FIELD(struct msg_dump_answer, "why", FIELD_TEXT, why, false),
	FIELD(struct msg_dump_answer, "done", FIELD_BOOL, done, false),
	FIELD(struct msg_dump_answer, "dump", FIELD_U64, dump, false),
	FIELD(struct msg_dump_answer, "pause_us", FIELD_U64, pause_us, false),
	FIELD(struct msg_dump_answer, "took_ms", FIELD_U64, took_ms, false),
	FIELD(struct msg_dump_answer, "traced_ms", FIELD_U64, traced_ms, false),
	FIELD(struct msg_dump_answer, "allocated", FIELD_U64, allocated, false),
	FIELD(struct msg_dump_answer, "rss_grew", FIELD_U64, rss_grew, false),
	FIELD(struct msg_dump_answer, "gc_runs", FIELD_U64, gc_runs, false),
	FIELD(struct msg_dump_answer, "rate_before", FIELD_REAL, rate_before, false),
	FIELD(struct msg_dump_answer, "rate_traced", FIELD_REAL, rate_traced, false),
};
FLAT(dump_answer, dump_answer_fields)

static const struct field_def gem_state_fields[] = {
	FIELD(struct msg_gem_state, "state", FIELD_TEXT, state, true),
	FIELD(struct msg_gem_state, "why", FIELD_TEXT, why, false),
	FIELD(struct msg_gem_state, "until_s", FIELD_REAL, until_s, false),
};
FLAT(gem_state, gem_state_fields)

/* HELLO: frozen for ever. "prole" is the role of the process (web, worker), "role" that of the connection. */
static const struct field_def hello_fields[] = {
	FIELD(struct msg_hello, "min", FIELD_U32, min, true),
	FIELD(struct msg_hello, "max", FIELD_U32, max, true),
	FIELD(struct msg_hello, "pid", FIELD_U64Z, who.pid, false),
	FIELD(struct msg_hello, "start", FIELD_U64Z, who.start, false),
	FIELD(struct msg_hello, "boot", FIELD_TEXT, who.boot, false),
	FIELD(struct msg_hello, "pidns", FIELD_U64Z, who.pidns, false),
	FIELD(struct msg_hello, "host", FIELD_TEXT, who.host, false),
	FIELD(struct msg_hello, "app", FIELD_TEXT, who.app, false),
	FIELD(struct msg_hello, "prole", FIELD_TEXT, who.role, false),
	FIELD(struct msg_hello, "rev", FIELD_TEXT, who.rev, false),
	FIELD(struct msg_hello, "client", FIELD_TEXT, client, false),
};

void msg_hello_encode(struct enc *e, const struct msg_hello *m)
{
	msgpack_packer pk;
	pack_init(&pk, e);
	msgpack_pack_map(&pk, 2 + fields_count(m, hello_fields, COUNT(hello_fields)));
	pack_text(&pk, SPAN_LIT("m"));
	pack_text(&pk, SPAN_LIT(HDA_MAGIC));
	fields_write(&pk, m, hello_fields, COUNT(hello_fields));
	pack_text(&pk, SPAN_LIT("role"));
	pack_text(&pk, span_of(role_name(m->role)));
}

int msg_hello_decode(struct msg_hello *ret, struct span body, struct proto_err *err)
{
	struct { char m[8], role[12]; } h;
	static const struct { struct field_def f[2]; } own = {{
		{"m", FIELD_TEXT, true, 0, sizeof(h.m)},
		{"role", FIELD_TEXT, true, sizeof(h.m), sizeof(h.role)},
	}};
	*ret = (struct msg_hello){0};
	struct body b;
	int r = body_read(&b, body, err);
	if (r == 0)
		r = fields_read(&h, own.f, COUNT(own.f), b.map, err);
	if (r == 0 && strcmp(h.m, HDA_MAGIC) != 0)
		r = key_error(err, "m", "is not \"" HDA_MAGIC "\"");
	if (r == 0)
		r = fields_read(ret, hello_fields, COUNT(hello_fields), b.map, err);
	if (r == 0 && (ret->role = role_of(h.role)) == ROLE_NONE)
		r = key_error(err, "role", "is none of ingest, control, query");
	body_done(&b);
	return r;
}

static const struct field_def welcome_fields[] = {
	FIELD(struct msg_welcome, "v", FIELD_U32, v, true),
	FIELD(struct msg_welcome, "server", FIELD_TEXT, server, false),
	FIELD(struct msg_welcome, "ack_ms", FIELD_U32, ack_ms, false),
	FIELD(struct msg_welcome, "keep", FIELD_BOOL, keep, false),
};
static const struct field_def limit_fields[] = {
	FIELD(struct msg_welcome, "begin", FIELD_U32, limit_begin, false),
	FIELD(struct msg_welcome, "request", FIELD_U32, limit_request, false),
	FIELD(struct msg_welcome, "row", FIELD_U32, limit_row, false),
};

void msg_welcome_encode(struct enc *e, const struct msg_welcome *m)
{
	msgpack_packer pk;
	pack_init(&pk, e);
	msgpack_pack_map(&pk, 1 + fields_count(m, welcome_fields, COUNT(welcome_fields)));
	fields_write(&pk, m, welcome_fields, COUNT(welcome_fields));
	pack_text(&pk, SPAN_LIT("limits"));
	msgpack_pack_map(&pk, fields_count(m, limit_fields, COUNT(limit_fields)));
	fields_write(&pk, m, limit_fields, COUNT(limit_fields));
}

int msg_welcome_decode(struct msg_welcome *ret, struct span body, struct proto_err *err)
{
	*ret = (struct msg_welcome){0};
	struct body b;
	const msgpack_object_map *limits = NULL;
	int r = body_read(&b, body, err);
	if (r == 0)
		r = fields_read(ret, welcome_fields, COUNT(welcome_fields), b.map, err);
	if (r == 0)
		r = map_get_map(b.map, "limits", &limits, err);
	if (r == 0)
		r = fields_read(ret, limit_fields, COUNT(limit_fields), limits, err);
	body_done(&b);
	return r;
}
