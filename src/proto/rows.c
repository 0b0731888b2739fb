/* ROW: pieces of an answer. SPDX-License-Identifier: BSD-2-Clause */
#include "proto/rows.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/assert.h"
#include "base/mem.h"
#include "proto/fields.h"

enum {
	ROW_OVERHEAD = 40, /* bytes: the map's head, three keys, three array heads at their longest */
};

void row_writer_init(struct row_writer *w, size_t limit) { *w = (struct row_writer){.limit = limit}; }

void row_writer_done(struct row_writer *w)
{
	enc_done(&w->cols);
	enc_done(&w->dump);
	enc_done(&w->rows);
}

bool row_writer_empty(const struct row_writer *w) { return w->nrows == 0 && !w->has_cols && !w->has_dump; }

void row_writer_cols(struct row_writer *w, const char *const *names, size_t n)
{
	HDA_ASSERT(w->nrows == 0 && n <= ROW_COLUMNS);
	msgpack_packer pk;
	enc_clear(&w->cols);
	pack_init(&pk, &w->cols);
	for (size_t i = 0; i < n; i++)
		pack_text(&pk, span_of(names[i]));
	w->ncols = (uint32_t)n;
	w->has_cols = true;
}

void row_writer_dump(struct row_writer *w, const char *const *names, const struct val *cells, size_t n)
{
	HDA_ASSERT(n <= ROW_COLUMNS);
	msgpack_packer pk;
	enc_clear(&w->dump);
	pack_init(&pk, &w->dump);
	for (size_t i = 0; i < n; i++) {
		pack_text(&pk, span_of(names[i]));
		pack_val(&pk, &cells[i]);
	}
	w->ndump = (uint32_t)n;
	w->has_dump = true;
}

int row_writer_add(struct row_writer *w, const struct val *cells, size_t n)
{
	HDA_ASSERT(n <= ROW_COLUMNS);
	size_t before = w->rows.n;
	msgpack_packer pk;
	pack_init(&pk, &w->rows);
	msgpack_pack_array(&pk, n);
	for (size_t i = 0; i < n; i++)
		pack_val(&pk, &cells[i]);
	if (ROW_OVERHEAD + w->cols.n + w->dump.n + w->rows.n > w->limit) {
		w->rows.n = before;
		return HDA_ELIMIT;
	}
	w->nrows++;
	return 0;
}

void row_writer_flush(struct row_writer *w, struct enc *e)
{
	msgpack_packer pk;
	pack_init(&pk, e);
	msgpack_pack_map(&pk, 1u + w->has_cols + w->has_dump);
	if (w->has_cols) {
		pack_text(&pk, SPAN_LIT("cols"));
		msgpack_pack_array(&pk, w->ncols);
		enc_raw(e, w->cols.p, w->cols.n);
	}
	if (w->has_dump) {
		pack_text(&pk, SPAN_LIT("dump"));
		msgpack_pack_map(&pk, w->ndump);
		enc_raw(e, w->dump.p, w->dump.n);
	}
	pack_text(&pk, SPAN_LIT("rows"));
	msgpack_pack_array(&pk, w->nrows);
	enc_raw(e, w->rows.p, w->rows.n);
	enc_clear(&w->cols);
	enc_clear(&w->dump);
	enc_clear(&w->rows);
	w->ncols = w->ndump = w->nrows = 0;
	w->has_cols = w->has_dump = false;
}

struct row_reader {
	struct body body;
	struct arena arena, row; /* lists in cells of the dump, and of the row given last */
	struct span cols[ROW_COLUMNS];
	struct span dump_names[ROW_COLUMNS];
	struct val dump[ROW_COLUMNS];
	struct val cells[ROW_COLUMNS];
	size_t ncols, ndump;
	const msgpack_object_array *rows;
	uint32_t next;
};

/* At most ROW_LIST_DEPTH deep: cell_ok has looked before. */
static struct val to_val(struct arena *a, const msgpack_object *o)
{
	switch (o->type) {
	case MSGPACK_OBJECT_BOOLEAN: return val_bool(o->via.boolean);
	case MSGPACK_OBJECT_POSITIVE_INTEGER: return val_uint(o->via.u64);
	case MSGPACK_OBJECT_NEGATIVE_INTEGER: return val_int(o->via.i64);
	case MSGPACK_OBJECT_FLOAT32: case MSGPACK_OBJECT_FLOAT64: return val_real(o->via.f64);
	case MSGPACK_OBJECT_STR: return val_span((struct span){(const uint8_t *)o->via.str.ptr, o->via.str.size});
	case MSGPACK_OBJECT_ARRAY: {
		struct val v = {.kind = VAL_LIST};
		struct val *p = arena_alloc(a, (o->via.array.size + 1) * sizeof(*p));
		for (uint32_t i = 0; i < o->via.array.size; i++)
			p[i] = to_val(a, &o->via.array.ptr[i]);
		v.list.p = p;
		v.list.n = o->via.array.size;
		return v;
	}
	default: return val_null();
	}
}

static bool cell_ok(const msgpack_object *o, int depth)
{
	switch (o->type) {
	case MSGPACK_OBJECT_NIL: case MSGPACK_OBJECT_BOOLEAN: case MSGPACK_OBJECT_POSITIVE_INTEGER:
	case MSGPACK_OBJECT_NEGATIVE_INTEGER: case MSGPACK_OBJECT_FLOAT32: case MSGPACK_OBJECT_FLOAT64:
	case MSGPACK_OBJECT_STR:
		return true;
	case MSGPACK_OBJECT_ARRAY:
		if (depth == ROW_LIST_DEPTH)
			return false;
		for (uint32_t i = 0; i < o->via.array.size; i++)
			if (!cell_ok(&o->via.array.ptr[i], depth + 1))
				return false;
		return true;
	default:
		return false;
	}
}

static int read_cols(struct row_reader *r, struct proto_err *err)
{
	const msgpack_object_array *cols;
	int rc = map_get_array(r->body.map, "cols", &cols, err);
	if (rc < 0 || !cols)
		return rc;
	if (cols->size > ROW_COLUMNS)
		return key_error(err, "cols", "has too many columns");
	for (uint32_t i = 0; i < cols->size; i++) {
		const msgpack_object *o = &cols->ptr[i];
		if (o->type != MSGPACK_OBJECT_STR)
			return key_error(err, "cols", "holds something that is not a string");
		r->cols[r->ncols++] = (struct span){(const uint8_t *)o->via.str.ptr, o->via.str.size};
	}
	return 0;
}

static int read_dump(struct row_reader *r, struct proto_err *err)
{
	const msgpack_object_map *dump;
	int rc = map_get_map(r->body.map, "dump", &dump, err);
	if (rc < 0 || !dump)
		return rc;
	if (dump->size > ROW_COLUMNS)
		return key_error(err, "dump", "has too many fields");
	for (uint32_t i = 0; i < dump->size; i++) {
		if (!cell_ok(&dump->ptr[i].val, 0))
			return key_error(err, "dump", "holds something that is not a cell");
		const msgpack_object_str *k = &dump->ptr[i].key.via.str;
		r->dump_names[r->ndump] = (struct span){(const uint8_t *)k->ptr, k->size};
		r->dump[r->ndump++] = to_val(&r->arena, &dump->ptr[i].val);
	}
	return 0;
}

static int check_rows(struct row_reader *r, struct proto_err *err)
{
	int rc = map_get_array(r->body.map, "rows", &r->rows, err);
	if (rc < 0)
		return rc;
	if (!r->rows)
		return key_error(err, "rows", "is missing");
	for (uint32_t i = 0; i < r->rows->size; i++) {
		const msgpack_object *o = &r->rows->ptr[i];
		if (o->type != MSGPACK_OBJECT_ARRAY || o->via.array.size > ROW_COLUMNS)
			return key_error(err, "rows", "holds something that is not a row");
		for (uint32_t j = 0; j < o->via.array.size; j++)
			if (!cell_ok(&o->via.array.ptr[j], 0))
				return key_error(err, "rows", "holds something that is not a cell");
	}
	return 0;
}

int row_reader_new(struct row_reader **ret, struct span bytes, struct proto_err *err)
{
	struct row_reader *r = xcalloc(1, sizeof(*r));
	int rc = body_read(&r->body, bytes, err);
	if (rc < 0 || (rc = read_cols(r, err)) < 0 || (rc = read_dump(r, err)) < 0 || (rc = check_rows(r, err)) < 0) {
		row_reader_free(r);
		return rc;
	}
	*ret = r;
	return 0;
}

void row_reader_free(struct row_reader *r)
{
	if (!r)
		return;
	body_done(&r->body);
	arena_done(&r->arena);
	arena_done(&r->row);
	free(r);
}

size_t row_reader_cols(const struct row_reader *r, const struct span **ret)
{
	*ret = r->cols;
	return r->ncols;
}

size_t row_reader_dump(const struct row_reader *r, const struct span **ret_names, const struct val **ret_cells)
{
	*ret_names = r->dump_names;
	*ret_cells = r->dump;
	return r->ndump;
}

const struct val *row_reader_next(struct row_reader *r, size_t *ret_n)
{
	if (r->next == r->rows->size)
		return NULL;
	const msgpack_object_array *a = &r->rows->ptr[r->next++].via.array;
	arena_done(&r->row); /* long lists would fill memory that is new, row after row */
	for (uint32_t i = 0; i < a->size; i++)
		r->cells[i] = to_val(&r->row, &a->ptr[i]);
	*ret_n = a->size;
	return r->cells;
}
