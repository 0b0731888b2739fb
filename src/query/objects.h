/* Rows that several reports share. SPDX-License-Identifier: BSD-2-Clause Private to src/query/. */
#pragma once

#include "analyze/top.h"
#include "query/run.h"

/* A row of list `list` (NULL: no such column) for one object: address, the seven (count 1), length, references. */
bool say_object(struct query_run *r, const char *list, const struct dump_summary *s, const struct sum_object *o);
/* A row for a group of equal strings: the seven (type STRING, class null, the first site, generation of the newest copy), copies
 * is count; length, wasted (bytes of all but one copy), sites (list of "FILE:LINE (COPIES)"), nsites, value. */
bool say_strings(struct query_run *r, const char *list, const struct dump_summary *s, const struct sum_dup *d);
