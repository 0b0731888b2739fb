/* What the verdict says of a row, in a few words. SPDX-License-Identifier: BSD-2-Clause */
#include "cli/verdict.h"

#include <string.h>

#include "base/mem.h"
#include "cli/human.h"

char *verdict_text(const struct report_row *row, bool count, bool exact)
{
	char buf[HUMAN_MAX];
	const char *label = report_str(row, "label");
	double sure = report_num(row, "confidence"), bound = report_num(row, "bound");
	if (!label)
		return NULL;
	if (sure >= 0)
		return xasprintf("%s %.0f%%", label, 100 * sure);
	if (bound >= 0 && strcmp(label, "slow") == 0)
		return xasprintf("%s, full at %s", label, count ? human_count(buf, bound, exact) : human_bytes(buf, bound, exact));
	return xstrdup(label);
}
