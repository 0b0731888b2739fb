/* What the verdict says of a row, in a few words. SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include "cli/report.h"

/* "leak 99%", "slow, full at 2 000", "fast": from label, confidence and bound. count: the bound is a number of objects, else bytes. New
 * string, caller frees; NULL when the row has no label. */
char *verdict_text(const struct report_row *row, bool count, bool exact);
