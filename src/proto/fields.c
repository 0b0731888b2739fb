/* Maps described by tables. SPDX-License-Identifier: BSD-2-Clause */
#include "proto/fields.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "proto/walk.h"

int key_error(struct proto_err *err, const char *key, const char *what)
{
	err->status = HDA_STATUS_MALFORMED;
	snprintf(err->text, sizeof(err->text), "key \"%s\" %s", key, what);
	return HDA_EFORMAT;
}

int body_read(struct body *b, struct span bytes, struct proto_err *err)
{
	msgpack_unpacked_init(&b->u);
	b->map = NULL;
	int r = walk_body(bytes, err);
	if (r < 0)
		return r;
	size_t off = 0;
	msgpack_unpack_return u = msgpack_unpack_next(&b->u, (const char *)bytes.p, bytes.n, &off);
	/* walk_body has seen to it that nothing is left behind the map. */
	if ((u != MSGPACK_UNPACK_SUCCESS && u != MSGPACK_UNPACK_EXTRA_BYTES) || b->u.data.type != MSGPACK_OBJECT_MAP) {
		err->status = HDA_STATUS_MALFORMED;
		snprintf(err->text, sizeof(err->text), "not msgpack");
		return HDA_EFORMAT;
	}
	b->map = &b->u.data.via.map;
	return 0;
}

void body_done(struct body *b) { msgpack_unpacked_destroy(&b->u); }

const msgpack_object *map_get(const msgpack_object_map *m, const char *key)
{
	size_t n = strlen(key);
	for (uint32_t i = 0; i < m->size; i++) {
		const msgpack_object_kv *kv = &m->ptr[i];
		if (kv->key.via.str.size == n && memcmp(kv->key.via.str.ptr, key, n) == 0)
			return kv->val.type == MSGPACK_OBJECT_NIL ? NULL : &kv->val;
	}
	return NULL;
}

int map_get_map(const msgpack_object_map *m, const char *key, const msgpack_object_map **ret, struct proto_err *err)
{
	const msgpack_object *o = map_get(m, key);
	if (o && o->type != MSGPACK_OBJECT_MAP)
		return key_error(err, key, "is not a map");
	*ret = o ? &o->via.map : NULL;
	return 0;
}

int map_get_array(const msgpack_object_map *m, const char *key, const msgpack_object_array **ret, struct proto_err *err)
{
	const msgpack_object *o = map_get(m, key);
	if (o && o->type != MSGPACK_OBJECT_ARRAY)
		return key_error(err, key, "is not an array");
	*ret = o ? &o->via.array : NULL;
	return 0;
}

bool object_uint(const msgpack_object *o, uint64_t *ret)
{
	if (o->type != MSGPACK_OBJECT_POSITIVE_INTEGER)
		return false;
	*ret = o->via.u64;
	return true;
}

bool object_real(const msgpack_object *o, double *ret)
{
	double v;
	switch (o->type) {
	case MSGPACK_OBJECT_POSITIVE_INTEGER: v = (double)o->via.u64; break;
	case MSGPACK_OBJECT_NEGATIVE_INTEGER: v = (double)o->via.i64; break;
	case MSGPACK_OBJECT_FLOAT32: case MSGPACK_OBJECT_FLOAT64: v = o->via.f64; break;
	default: return false;
	}
	if (!isfinite(v))
		return false;
	*ret = v;
	return true;
}

void text_copy(char *ret, size_t room, struct span s)
{
	size_t n = s.n;
	if (n > room - 1) {
		n = room - 1;
		while (n && (s.p[n] & 0xc0) == 0x80) /* a continuation byte may not be the first one lost */
			n--;
	}
	for (size_t i = 0; i < n; i++)
		ret[i] = s.p[i] < 0x20 || s.p[i] == 0x7f ? '?' : (char)s.p[i];
	ret[n] = 0;
}

static int read_uint(const struct field_def *f, const msgpack_object *o, uint64_t max, uint64_t *ret, struct proto_err *err)
{
	uint64_t v;
	if (!object_uint(o, &v))
		return key_error(err, f->key, "is not a non-negative integer");
	if (v > max)
		return key_error(err, f->key, "is too large");
	*ret = v;
	return 0;
}

static int read_field(void *base, const struct field_def *f, const msgpack_object *o, struct proto_err *err)
{
	char *to = (char *)base + f->off;
	uint64_t u = f->kind == FIELD_U64 ? HEADER_UNKNOWN : 0;
	int r = 0;
	switch (f->kind) {
	case FIELD_U32: {
		r = o ? read_uint(f, o, UINT32_MAX, &u, err) : 0;
		uint32_t v = (uint32_t)u;
		memcpy(to, &v, sizeof(v));
		return r;
	}
	case FIELD_U64:
	case FIELD_U64Z:
		r = o ? read_uint(f, o, UINT64_MAX, &u, err) : 0;
		memcpy(to, &u, sizeof(u));
		return r;
	case FIELD_REAL: {
		double v = 0;
		if (o && !object_real(o, &v))
			return key_error(err, f->key, "is not a finite number");
		memcpy(to, &v, sizeof(v));
		return 0;
	}
	case FIELD_BOOL:
		if (o && o->type != MSGPACK_OBJECT_BOOLEAN)
			return key_error(err, f->key, "is not true or false");
		*(bool *)to = o && o->via.boolean;
		return 0;
	case FIELD_TEXT:
		if (o && o->type != MSGPACK_OBJECT_STR)
			return key_error(err, f->key, "is not a string");
		text_copy(to, f->room, o ? (struct span){(const uint8_t *)o->via.str.ptr, o->via.str.size} : (struct span){0});
		return 0;
	}
	return 0;
}

int fields_read(void *base, const struct field_def *f, size_t n, const msgpack_object_map *m, struct proto_err *err)
{
	for (size_t i = 0; i < n; i++) {
		const msgpack_object *o = m ? map_get(m, f[i].key) : NULL;
		if (!o && f[i].required)
			return key_error(err, f[i].key, "is missing");
		int r = read_field(base, &f[i], o, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static bool written(const void *base, const struct field_def *f)
{
	const char *from = (const char *)base + f->off;
	uint64_t u;
	uint32_t v;
	double d;
	if (f->required)
		return true;
	switch (f->kind) {
	case FIELD_U32: memcpy(&v, from, sizeof(v)); return v != 0;
	case FIELD_U64: memcpy(&u, from, sizeof(u)); return u != HEADER_UNKNOWN;
	case FIELD_U64Z: memcpy(&u, from, sizeof(u)); return u != 0;
	case FIELD_REAL: memcpy(&d, from, sizeof(d)); return d != 0;
	case FIELD_BOOL: return true;
	case FIELD_TEXT: return *from != 0;
	}
	return false;
}

size_t fields_count(const void *base, const struct field_def *f, size_t n)
{
	size_t count = 0;
	for (size_t i = 0; i < n; i++)
		count += written(base, &f[i]);
	return count;
}

void fields_write(msgpack_packer *pk, const void *base, const struct field_def *f, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!written(base, &f[i]))
			continue;
		const char *from = (const char *)base + f[i].off;
		pack_text(pk, span_of(f[i].key));
		uint64_t u;
		uint32_t v;
		double d;
		switch (f[i].kind) {
		case FIELD_U32: memcpy(&v, from, sizeof(v)); msgpack_pack_uint32(pk, v); break;
		case FIELD_U64: case FIELD_U64Z: memcpy(&u, from, sizeof(u)); msgpack_pack_uint64(pk, u); break;
		case FIELD_REAL: memcpy(&d, from, sizeof(d)); msgpack_pack_double(pk, d); break;
		case FIELD_BOOL: if (*(const bool *)from) msgpack_pack_true(pk); else msgpack_pack_false(pk); break;
		case FIELD_TEXT: pack_text(pk, span_of(from)); break;
		}
	}
}

static int append(void *data, const char *buf, size_t n)
{
	enc_raw(data, buf, n);
	return 0;
}

void pack_init(msgpack_packer *pk, struct enc *e) { msgpack_packer_init(pk, e, append); }

void pack_text(msgpack_packer *pk, struct span s)
{
	msgpack_pack_str(pk, s.n);
	msgpack_pack_str_body(pk, s.p, s.n);
}

void pack_val(msgpack_packer *pk, const struct val *v)
{
	switch (v->kind) {
	case VAL_NULL: msgpack_pack_nil(pk); return;
	case VAL_BOOL: if (v->b) msgpack_pack_true(pk); else msgpack_pack_false(pk); return;
	case VAL_UINT: msgpack_pack_uint64(pk, v->u); return;
	case VAL_INT: msgpack_pack_int64(pk, v->i); return;
	case VAL_REAL: msgpack_pack_double(pk, v->r); return;
	case VAL_STR: pack_text(pk, v->s); return;
	case VAL_LIST:
		msgpack_pack_array(pk, v->list.n);
		for (size_t i = 0; i < v->list.n; i++)
			pack_val(pk, &v->list.p[i]);
		return;
	}
	HDA_ASSERT(!"kind of a val");
}
