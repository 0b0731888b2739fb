/* ROW: pieces of an answer. SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cursor.h"
#include "base/err.h"
#include "base/span.h"
#include "proto/message.h"
#include "proto/value.h"

enum {
	ROW_COLUMNS = 64,        /* columns of a row, fields of a dump object */
	ROW_LIST_DEPTH = 4,      /* lists in lists in a cell */
};

/* Collects rows into one ROW body of at most `limit` bytes. Embedded; row_writer_init, row_writer_done. One thread at a time. */
struct row_writer {
	struct enc cols, dump, rows; /* encoded parts */
	uint32_t ncols, ndump, nrows;
	bool has_cols, has_dump;
	size_t limit;
};

void row_writer_init(struct row_writer *w, size_t limit);
void row_writer_done(struct row_writer *w);
bool row_writer_empty(const struct row_writer *w);
/* Columns of the rows to come (before the first, and after a flush when they change). Only while no row is held. */
void row_writer_cols(struct row_writer *w, const char *const *names, size_t n);
/* The "dump" object of the answer. */
void row_writer_dump(struct row_writer *w, const char *const *names, const struct val *cells, size_t n);
/* 0, or HDA_ELIMIT when the row does not fit any more: flush and add it again; an empty writer that says so has met a row that
 * can never be sent. The cells are copied. */
HDA_MUST_CHECK int row_writer_add(struct row_writer *w, const struct val *cells, size_t n);
/* Appends the body to *e and is empty again (limit kept). */
void row_writer_flush(struct row_writer *w, struct enc *e);

/* One ROW body, read. */
struct row_reader;

/* Newly allocated; borrows the body until freed. Errors as in message.h. */
HDA_MUST_CHECK int row_reader_new(struct row_reader **ret, struct span body, struct proto_err *err);
void row_reader_free(struct row_reader *r);
/* Names of the columns, n of them; 0 when this body does not change them. */
size_t row_reader_cols(const struct row_reader *r, const struct span **ret);
/* The dump object: n fields; 0 when there is none. */
size_t row_reader_dump(const struct row_reader *r, const struct span **ret_names, const struct val **ret_cells);
/* The next row: its cells, *ret_n of them; they and their lists live until the next call, texts until row_reader_free. NULL at the end. */
const struct val *row_reader_next(struct row_reader *r, size_t *ret_n);
