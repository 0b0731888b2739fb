/* Reading back what --json wrote. SPDX-License-Identifier: BSD-2-Clause
 *
 * A strict reader of one JSON document (RFC 8259) that is a report of ours; a torn or foreign text is an error, never half a report.
 * Bounded: JSONIN_MAX bytes, JSONIN_DEPTH levels. */
#pragma once

#include "base/err.h"
#include "cli/report.h"

enum {
	JSONIN_MAX = 64 << 20,  /* bytes of a document */
	JSONIN_DEPTH = 16,      /* objects and arrays within each other */
};

/* Takes the rows of a report of this name into *a (report_done in every case): texts, numbers and bools of each row; lists and objects in
 * a row are checked and left out. 0, or HDA_EFORMAT with the place and reason in *ret_why (the caller frees). */
HDA_MUST_CHECK int jsonin_report(struct span text, const char *report, struct report *a, char **ret_why);
