/* REQUEST and DONE. SPDX-License-Identifier: BSD-2-Clause */
#include "proto/request.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "proto/fields.h"

/* Is argument i the first of its name? */
static bool first_of_name(const struct msg_request *m, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (strcmp(m->a[j].name, m->a[i].name) == 0)
			return false;
	return true;
}

static size_t count_name(const struct msg_request *m, const char *name)
{
	size_t n = 0;
	for (size_t i = 0; i < m->n; i++)
		n += strcmp(m->a[i].name, name) == 0;
	return n;
}

void msg_request_encode(struct enc *e, const struct msg_request *m)
{
	msgpack_packer pk;
	pack_init(&pk, e);
	HDA_ASSERT(m->n <= REQUEST_ARGS);
	size_t names = 0;
	for (size_t i = 0; i < m->n; i++)
		names += first_of_name(m, i);
	msgpack_pack_map(&pk, 2);
	pack_text(&pk, SPAN_LIT("cmd"));
	pack_text(&pk, span_of(m->cmd));
	pack_text(&pk, SPAN_LIT("args"));
	msgpack_pack_map(&pk, names);
	for (size_t i = 0; i < m->n; i++) {
		if (!first_of_name(m, i))
			continue;
		size_t n = count_name(m, m->a[i].name);
		pack_text(&pk, span_of(m->a[i].name));
		if (n > 1)
			msgpack_pack_array(&pk, n);
		for (size_t j = i; j < m->n; j++)
			if (strcmp(m->a[j].name, m->a[i].name) == 0)
				pack_val(&pk, &m->a[j].v);
	}
}

/* A name must fit whole: a cut one would be another name. */
static int read_name(char ret[REQUEST_NAME], const msgpack_object_str *s, const char *key, struct proto_err *err)
{
	if (s->size == 0 || s->size >= REQUEST_NAME)
		return key_error(err, key, "holds a name that is empty or too long");
	text_copy(ret, REQUEST_NAME, (struct span){(const uint8_t *)s->ptr, s->size});
	return 0;
}

static int read_arg(struct msg_request *m, const msgpack_object_str *name, const msgpack_object *o, struct proto_err *err)
{
	if (m->n == REQUEST_ARGS)
		return key_error(err, "args", "holds too many arguments");
	struct msg_arg *a = &m->a[m->n];
	int r = read_name(a->name, name, "args", err);
	if (r < 0)
		return r;
	switch (o->type) {
	case MSGPACK_OBJECT_BOOLEAN: a->v = val_bool(o->via.boolean); break;
	case MSGPACK_OBJECT_POSITIVE_INTEGER: a->v = val_uint(o->via.u64); break;
	case MSGPACK_OBJECT_NEGATIVE_INTEGER: a->v = val_int(o->via.i64); break;
	case MSGPACK_OBJECT_FLOAT32: case MSGPACK_OBJECT_FLOAT64: a->v = val_real(o->via.f64); break;
	case MSGPACK_OBJECT_STR: a->v = val_span((struct span){(const uint8_t *)o->via.str.ptr, o->via.str.size}); break;
	case MSGPACK_OBJECT_NIL: a->v = val_null(); break;
	default: return key_error(err, a->name, "is neither text, number nor truth");
	}
	m->n++;
	return 0;
}

static int read_request(struct msg_request *m, const msgpack_object_map *map, struct proto_err *err)
{
	const msgpack_object *cmd = map_get(map, "cmd");
	if (!cmd)
		return key_error(err, "cmd", "is missing");
	if (cmd->type != MSGPACK_OBJECT_STR)
		return key_error(err, "cmd", "is not a string");
	const msgpack_object_map *args;
	int r = read_name(m->cmd, &cmd->via.str, "cmd", err);
	if (r < 0 || (r = map_get_map(map, "args", &args, err)) < 0 || !args)
		return r;
	for (uint32_t i = 0; i < args->size; i++) {
		const msgpack_object_str *name = &args->ptr[i].key.via.str;
		const msgpack_object *v = &args->ptr[i].val;
		if (v->type != MSGPACK_OBJECT_ARRAY) {
			if ((r = read_arg(m, name, v, err)) < 0)
				return r;
			continue;
		}
		for (uint32_t j = 0; j < v->via.array.size; j++)
			if ((r = read_arg(m, name, &v->via.array.ptr[j], err)) < 0)
				return r;
	}
	return 0;
}

/* Strings of an unpacked object point into the bytes unpacked, not into its zone, and so may be used after body_done: only
 * msgpack-c's streaming unpacker (msgpack_unpacker_*) and object builders copy. test_request.c holds it to that. */
int msg_request_decode(struct msg_request *ret, struct span bytes, struct proto_err *err)
{
	memset(ret, 0, sizeof(*ret));
	struct body b;
	int r = body_read(&b, bytes, err);
	if (r == 0)
		r = read_request(ret, b.map, err);
	body_done(&b);
	return r;
}

enum {
	DONE_TEXT = 32 * 1024,  /* bytes of the text at most: half of the frame */
	DONE_LIMIT = 64 * 1024, /* body of a DONE frame (protocol.h) */
	DONE_OVERHEAD = 64,     /* heads and keys of the map */
	DONE_STR_HEAD = 5,      /* the longest head of a string */
};

void msg_done_encode(struct enc *e, const struct msg_done *m)
{
	struct span text = m->text;
	if (text.n > DONE_TEXT)
		for (text.n = DONE_TEXT; text.n && (text.p[text.n] & 0xc0) == 0x80; text.n--)
			; /* not inside a UTF-8 character */
	size_t left = DONE_LIMIT - DONE_OVERHEAD - text.n, nnotes = 0;
	for (; nnotes < m->nnotes && m->notes[nnotes].n + DONE_STR_HEAD <= left; nnotes++)
		left -= m->notes[nnotes].n + DONE_STR_HEAD;
	msgpack_packer pk;
	pack_init(&pk, e);
	msgpack_pack_map(&pk, 2 + (nnotes > 0));
	pack_text(&pk, SPAN_LIT("status"));
	msgpack_pack_int(&pk, m->status);
	pack_text(&pk, SPAN_LIT("text"));
	pack_text(&pk, text);
	if (nnotes == 0)
		return;
	pack_text(&pk, SPAN_LIT("notes"));
	msgpack_pack_array(&pk, nnotes);
	for (size_t i = 0; i < nnotes; i++)
		pack_text(&pk, m->notes[i]);
}

static int read_done(struct msg_done *m, const msgpack_object_map *map, struct proto_err *err)
{
	const msgpack_object *status = map_get(map, "status"), *text = map_get(map, "text");
	uint64_t v;
	if (!status)
		return key_error(err, "status", "is missing");
	if (!object_uint(status, &v) || v < 200 || v > 599)
		return key_error(err, "status", "is not a status");
	if (text && text->type != MSGPACK_OBJECT_STR)
		return key_error(err, "text", "is not a string");
	m->status = (int)v;
	if (text)
		m->text = (struct span){(const uint8_t *)text->via.str.ptr, text->via.str.size};
	const msgpack_object_array *notes;
	int r = map_get_array(map, "notes", &notes, err);
	if (r < 0 || !notes)
		return r;
	for (uint32_t i = 0; i < notes->size && m->nnotes < DONE_NOTES; i++) {
		if (notes->ptr[i].type != MSGPACK_OBJECT_STR)
			return key_error(err, "notes", "holds something that is not a string");
		m->notes[m->nnotes++] = (struct span){(const uint8_t *)notes->ptr[i].via.str.ptr, notes->ptr[i].via.str.size};
	}
	return 0;
}

int msg_done_decode(struct msg_done *ret, struct span bytes, struct proto_err *err)
{
	memset(ret, 0, sizeof(*ret));
	struct body b;
	int r = body_read(&b, bytes, err);
	if (r == 0)
		r = read_done(ret, b.map, err);
	body_done(&b);
	return r;
}
