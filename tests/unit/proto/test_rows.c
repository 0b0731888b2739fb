/* ROW: pieces of an answer. SPDX-License-Identifier: BSD-2-Clause */
#include "unit.h"

#include "pack.h"
#include "proto/rows.h"

static const char *const columns[] = {"class", "objects", "of"};

static void same(const struct val *a, const struct val *b)
{
	assert_int_equal(a->kind, b->kind);
	switch (a->kind) {
	case VAL_NULL: return;
	case VAL_BOOL: assert_int_equal(a->b, b->b); return;
	case VAL_UINT: assert_true(a->u == b->u); return;
	case VAL_INT: assert_true(a->i == b->i); return;
	case VAL_REAL: assert_true(a->r == b->r); return;
	case VAL_STR: assert_true(span_eq(a->s, b->s)); return;
	case VAL_LIST:
		assert_int_equal(a->list.n, b->list.n);
		for (size_t i = 0; i < a->list.n; i++)
			same(&a->list.p[i], &b->list.p[i]);
		return;
	}
	fail();
}

/* Cells of every kind, lists as deep as they may be. */
static void roundtrip(void **state)
{
	(void)state;
	struct val l4[] = {val_str("deep"), val_null()}, l3[] = {{.kind = VAL_LIST, .list = {l4, 2}}};
	struct val l2[] = {val_uint(1), {.kind = VAL_LIST, .list = {l3, 1}}}, l1[] = {{.kind = VAL_LIST, .list = {l2, 2}}};
	struct val rows[][3] = {
		{val_str("String"), val_uint(UINT64_MAX), {.kind = VAL_LIST, .list = {l1, 1}}},
		{val_null(), val_int(INT64_MIN), {.kind = VAL_LIST}},
		{val_bool(true), val_real(-0.5), val_span(SPAN_LIT("a\0b\xff"))},
	};
	struct val dump[] = {val_uint(12), val_str("shop"), val_null()};
	struct row_writer w;
	row_writer_init(&w, 1048576);
	assert_true(row_writer_empty(&w));
	row_writer_cols(&w, columns, 3);
	assert_false(row_writer_empty(&w));
	row_writer_dump(&w, columns, dump, 3);
	for (int i = 0; i < 3; i++)
		assert_int_equal(row_writer_add(&w, rows[i], 3), 0);
	struct enc e = {0};
	row_writer_flush(&w, &e);
	assert_true(row_writer_empty(&w));
	row_writer_done(&w);
	struct span body = p_exact(&e);
	enc_done(&e);

	struct row_reader *r;
	struct proto_err err;
	const struct span *names;
	const struct val *cells;
	size_t n;
	assert_int_equal(row_reader_new(&r, body, &err), 0);
	assert_int_equal(row_reader_cols(r, &names), 3);
	for (int i = 0; i < 3; i++)
		assert_true(span_eq(names[i], span_of(columns[i])));
	assert_int_equal(row_reader_dump(r, &names, &cells), 3);
	for (int i = 0; i < 3; i++) {
		assert_true(span_eq(names[i], span_of(columns[i])));
		same(&cells[i], &dump[i]);
	}
	for (int i = 0; i < 3; i++) {
		cells = row_reader_next(r, &n);
		assert_non_null(cells);
		assert_int_equal(n, 3);
		for (int k = 0; k < 3; k++)
			same(&cells[k], &rows[i][k]);
	}
	assert_null(row_reader_next(r, &n));
	assert_null(row_reader_next(r, &n));
	row_reader_free(r);
	row_reader_free(NULL);
	p_free(body);
}

/* Columns are said once; a body without them has none, and an empty one is an answer without rows. */
static void columns_once(void **state)
{
	(void)state;
	struct row_writer w;
	struct enc e = {0};
	struct row_reader *r;
	struct proto_err err;
	const struct span *names;
	const struct val *cells;
	size_t n;
	row_writer_init(&w, 4096);
	row_writer_cols(&w, columns, 2);
	row_writer_flush(&w, &e);
	assert_int_equal(row_reader_new(&r, p_span(&e), &err), 0);
	assert_int_equal(row_reader_cols(r, &names), 2);
	assert_int_equal(row_reader_dump(r, &names, &cells), 0);
	assert_null(row_reader_next(r, &n));
	row_reader_free(r);
	enc_clear(&e);
	struct val cell = val_uint(3);
	assert_int_equal(row_writer_add(&w, &cell, 1), 0);
	row_writer_flush(&w, &e);
	assert_int_equal(row_reader_new(&r, p_span(&e), &err), 0);
	assert_int_equal(row_reader_cols(r, &names), 0);
	cells = row_reader_next(r, &n);
	assert_int_equal(n, 1);
	assert_int_equal(cells->u, 3);
	row_reader_free(r);
	row_writer_done(&w);
	enc_done(&e);
}

/* Many rows through a small limit: each body within it, every row there once and in order. */
static void limit(void **state)
{
	(void)state;
	struct row_writer w;
	struct enc e = {0};
	uint64_t next = 0, bodies = 0;
	static char text[600];
	memset(text, 't', sizeof(text));
	row_writer_init(&w, 1000);
	row_writer_cols(&w, columns, 2);
	for (uint64_t i = 0; i <= 500; i++) {
		struct val row[2] = {val_uint(i), val_span((struct span){(uint8_t *)text, (size_t)(i * 7 % sizeof(text))})};
		int r = i < 500 ? row_writer_add(&w, row, 2) : HDA_ELIMIT;
		if (r == 0)
			continue;
		assert_int_equal(r, HDA_ELIMIT);
		enc_clear(&e);
		row_writer_flush(&w, &e);
		assert_true(e.n <= 1000);
		struct row_reader *rr;
		struct proto_err err;
		const struct val *cells;
		size_t n;
		assert_int_equal(row_reader_new(&rr, p_span(&e), &err), 0);
		while ((cells = row_reader_next(rr, &n))) {
			assert_int_equal(cells[0].u, next);
			assert_int_equal(cells[1].s.n, next * 7 % sizeof(text));
			next++;
		}
		row_reader_free(rr);
		bodies++;
		if (i < 500)
			assert_int_equal(row_writer_add(&w, row, 2), 0);
	}
	assert_int_equal(next, 500);
	assert_true(bodies > 100);
	struct val huge = val_span((struct span){(uint8_t *)text, sizeof(text)}), row[2] = {huge, huge};
	assert_int_equal(row_writer_add(&w, row, 2), HDA_ELIMIT);
	assert_true(row_writer_empty(&w)); /* a row that can never be sent */
	row_writer_done(&w);
	enc_done(&e);
}

static void refused(struct enc *e, const char *text)
{
	struct span body = p_exact(e);
	struct proto_err err = {0};
	struct row_reader *r;
	assert_int_equal(row_reader_new(&r, body, &err), HDA_EFORMAT);
	assert_int_equal(err.status, HDA_STATUS_MALFORMED);
	if (!strstr(err.text, text))
		print_message("# wanted \"%s\", got \"%s\"\n", text, err.text);
	assert_non_null(strstr(err.text, text));
	p_free(body);
	enc_clear(e);
}

/* A body with a good "rows" and one more key, whose value follows. */
static void with(struct enc *e, const char *key)
{
	p_map(e, 2);
	p_str(e, "rows");
	p_array(e, 0);
	p_str(e, key);
}

static void wrong(void **state)
{
	(void)state;
	struct enc e = {0};
	p_map(&e, 0);
	refused(&e, "\"rows\" is missing");
	p_map(&e, 1);
	p_str(&e, "rows");
	p_map(&e, 0);
	refused(&e, "\"rows\" is not an array");
	p_map(&e, 1);
	p_str(&e, "rows");
	p_array(&e, 2);
	p_array(&e, 0);
	p_uint(&e, 1);
	refused(&e, "\"rows\" holds something that is not a row");
	p_map(&e, 1);
	p_str(&e, "rows");
	p_array(&e, 1);
	p_array(&e, 1);
	p_map(&e, 0);
	refused(&e, "\"rows\" holds something that is not a cell");
	with(&e, "cols");
	p_array(&e, 1);
	p_uint(&e, 1);
	refused(&e, "\"cols\" holds something that is not a string");
	with(&e, "cols");
	p_str(&e, "a");
	refused(&e, "\"cols\" is not an array");
	with(&e, "dump");
	p_array(&e, 0);
	refused(&e, "\"dump\" is not a map");
	with(&e, "dump");
	p_map(&e, 1);
	p_str(&e, "id");
	p_array(&e, 1);
	p_map(&e, 0);
	refused(&e, "\"dump\" holds something that is not a cell");
	enc_done(&e);
}

/* n of something in cols, dump, a row; and a list n deep. */
static void bounds(void **state)
{
	(void)state;
	for (uint32_t n = ROW_COLUMNS; n <= ROW_COLUMNS + 1; n++)
		for (int where = 0; where < 3; where++) {
			static const char *const text[] = {"too many columns", "too many fields", "not a row"};
			struct enc e = {0};
			if (where < 2)
				with(&e, where ? "dump" : "cols");
			if (where == 2) {
				p_map(&e, 1);
				p_str(&e, "rows");
				p_array(&e, 1);
			}
			if (where == 1)
				p_map(&e, n);
			else
				p_array(&e, n);
			for (uint32_t i = 0; i < n; i++) {
				char name[8];
				snprintf(name, sizeof(name), "%u", i);
				p_str(&e, name);
				if (where == 1)
					p_byte(&e, 0xc0);
			}
			struct row_reader *r;
			struct proto_err err;
			if (n > ROW_COLUMNS) {
				refused(&e, text[where]);
			} else {
				assert_int_equal(row_reader_new(&r, p_span(&e), &err), 0);
				row_reader_free(r);
			}
			enc_done(&e);
		}
	for (int depth = ROW_LIST_DEPTH; depth <= ROW_LIST_DEPTH + 1; depth++) {
		struct enc e = {0};
		p_map(&e, 1);
		p_str(&e, "rows");
		p_array(&e, 1);
		p_array(&e, 1);
		for (int i = 0; i < depth; i++)
			p_array(&e, 1);
		p_byte(&e, 0xc0);
		struct row_reader *r;
		struct proto_err err;
		if (depth > ROW_LIST_DEPTH) {
			refused(&e, "not a cell");
		} else {
			assert_int_equal(row_reader_new(&r, p_span(&e), &err), 0);
			row_reader_free(r);
		}
		enc_done(&e);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(roundtrip), cmocka_unit_test(columns_once), cmocka_unit_test(limit), cmocka_unit_test(wrong),
		cmocka_unit_test(bounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
