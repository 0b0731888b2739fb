/* hdactl top: the columns that say something of the groups asked for. SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "cli/run.h"

#define FIGURES "bytes count garbage_bytes:GARBAGE retained retained_objects:KEEPS"

/* A group has what it was grouped by, and the types in it where they are not that. */
static const struct {
	const char *by, *columns;
} views[] = {
	{"type", FIGURES " type"},
	{"class", FIGURES " class types"},
	{"site", FIGURES " site types"},
	{"gem", FIGURES " gem types"},
};

static const char *columns(const struct cli *cli, struct report *a)
{
	(void)a;
	const char *by = args_text(cli->args, OPT_ID_BY);
	for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++) {
		if (strcmp(by ? by : "class", views[i].by) == 0)
			return views[i].columns;
	}
	return NULL;
}

int run_top(struct cli *cli) { return cli_report(cli, columns); }
