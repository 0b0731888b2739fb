/* An answer as one JSON document. SPDX-License-Identifier: BSD-2-Clause
 *
 * {"hda":1,"report":NAME,"dump":{...}|null,"rows":[{...},...]}, as hdactl.1 documents it. Invalid UTF-8 becomes U+FFFD, numbers
 * that JSON cannot say become null, an empty text of a field becomes null ("" never stands for unknown). */
#pragma once

#include <stdio.h>

#include "cli/report.h"

void json_report(FILE *out, const char *report, const struct report *a);
/* One value, one quoted text: for tests and for lines of watch. */
void json_val(FILE *out, const struct val *v);
void json_text(FILE *out, struct span s);
/* A row as an object. */
void json_row(FILE *out, const struct report_row *row);
