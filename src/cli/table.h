/* Rows as a table for people. SPDX-License-Identifier: BSD-2-Clause
 *
 * What a report shows is a text: column names apart by blanks, "name:HEADING" for a heading of its own (":SINCE", % for a blank), "name#"
 * for a bar, "name$" for bytes, "name&" for a change of bytes, "name~" for a change of a count, "name!" for one
 * that is neither cut nor left out. "site" is made of file and line. Reports with several lists: "list= columns;
 * list2=title%with%blanks columns". Columns that are null in every row are left out; lists without a text show every column. Frameless,
 * aligned by libsmartcols. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "cli/report.h"

struct table_style {
	size_t width;   /* columns of the terminal, 0 = any (a pipe): nothing is cut */
	bool utf8;
	bool exact;     /* plain numbers and whole paths */
};

/* All rows, list by list with their titles. columns may be NULL (then all). */
void table_print(FILE *out, const struct table_style *st, const struct report *a, const char *columns);
/* One cell as text (for lines that are no table). New string, caller frees. */
char *table_cell(const struct table_style *st, const struct report_row *row, const char *column);
