/* Maps described by tables: one row a key. Inside proto only. SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <msgpack.h>

#include "base/cursor.h"
#include "base/err.h"
#include "base/span.h"
#include "proto/message.h"
#include "proto/value.h"

enum field_kind {
	FIELD_U32,   /* uint32_t; absent = 0; left out when 0 unless required */
	FIELD_U64,   /* uint64_t; absent = HEADER_UNKNOWN; left out when unknown unless required */
	FIELD_U64Z,  /* uint64_t; absent = 0; left out when 0 unless required */
	FIELD_REAL,  /* double, finite; absent = 0; left out when 0 unless required */
	FIELD_BOOL,  /* bool; absent = false; always written */
	FIELD_TEXT,  /* char[room]; absent = ""; left out when "" unless required */
};

struct field_def {
	const char *key;
	enum field_kind kind;
	bool required;
	uint16_t off, room; /* in the struct; room: of a text, with the NUL */
};

#define FIELD(type, key, kind, member, required) \
	{key, kind, required, offsetof(type, member), sizeof(((type *)0)->member)}

/* A decoded body: the map, and the zone it lies in. body_done in every case. */
struct body {
	msgpack_unpacked u;
	const msgpack_object_map *map;
};

/* Checks (walk_body) and unpacks. 0 or HDA_EFORMAT, HDA_ELIMIT with *err. */
HDA_MUST_CHECK int body_read(struct body *b, struct span bytes, struct proto_err *err);
void body_done(struct body *b);
/* The value of a key; NULL when absent or nil. */
const msgpack_object *map_get(const msgpack_object_map *m, const char *key);
/* The map or array at a key into *ret: NULL when absent. HDA_EFORMAT when it is something else. */
HDA_MUST_CHECK int map_get_map(const msgpack_object_map *m, const char *key, const msgpack_object_map **ret, struct proto_err *err);
HDA_MUST_CHECK int map_get_array(const msgpack_object_map *m, const char *key, const msgpack_object_array **ret,
    struct proto_err *err);
/* Fills the members of *base from the map. HDA_EFORMAT names the key that is missing or of the wrong kind. */
HDA_MUST_CHECK int fields_read(void *base, const struct field_def *f, size_t n, const msgpack_object_map *m, struct proto_err *err);
/* Number of fields that fields_write would write. */
size_t fields_count(const void *base, const struct field_def *f, size_t n);
/* Writes key, value, key, value ... (no head). */
void fields_write(msgpack_packer *pk, const void *base, const struct field_def *f, size_t n);

/* A packer that appends to *e. */
void pack_init(msgpack_packer *pk, struct enc *e);
void pack_text(msgpack_packer *pk, struct span s);
void pack_val(msgpack_packer *pk, const struct val *v);
/* Sets *err and returns HDA_EFORMAT: "key "x" is missing", ... */
int key_error(struct proto_err *err, const char *key, const char *what);
/* Cuts s to room - 1 bytes (not inside a UTF-8 character) and makes control characters '?'. */
void text_copy(char *ret, size_t room, struct span s);
/* Non-negative integer? Floats are none. */
bool object_uint(const msgpack_object *o, uint64_t *ret);
bool object_real(const msgpack_object *o, double *ret);
