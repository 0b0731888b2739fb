/* An answer, collected: rows, dump, notes, status. SPDX-License-Identifier: BSD-2-Clause
 *
 * What a query gives row by row, kept until it is printed (a table needs all rows to know its widths). The same whether the
 * rows came from the daemon or from files. */
#pragma once

#include "base/arena.h"
#include "query/query.h"

/* Fields of a row, texts and lists owned by the answer; texts have a NUL behind them. */
struct report_row {
	struct field *f;
	size_t n;
};

/* Embedded; all-zero is empty. One thread. */
struct report {
	struct arena mem;
	struct report_row *rows;
	size_t nrows, cap;
	bool has_dump;
	struct report_row dump;
	char **notes;
	size_t nnotes, notes_cap;
	int status;   /* enum hda_status, 0 = none yet */
	char *text;   /* the line for people, or NULL; owned, free() */
};

void report_done(struct report *a);
/* A sink that fills *a; valid as long as a. */
struct row_sink report_sink(struct report *a);
void report_add(struct report *a, const struct row *row);
void report_note(struct report *a, const char *text);

/* The value of a field, or NULL when the row has none of that name. */
const struct val *report_get(const struct report_row *row, const char *name);
/* The same as number (bools are 0 and 1; NAN when missing, null or no number) and as text (NULL when missing or no text). */
double report_num(const struct report_row *row, const char *name);
const char *report_str(const struct report_row *row, const char *name);
double val_as_num(const struct val *v);
