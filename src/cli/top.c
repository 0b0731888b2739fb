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

int run_top(struct cli *cli)
{
	struct report a = {0};
	const char *by = args_text(cli->args, OPT_ID_BY);
	int r = cli_ask_report(cli, &a);
	if (r == CLI_DONE || (cli->json && r == CLI_NOTHING && a.status)) {
		struct command c = *cli->cmd;
		struct cli here = *cli;
		for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++)
			if (strcmp(by ? by : "class", views[i].by) == 0)
				c.columns = views[i].columns;
		here.cmd = &c;
		cli_print(&here, &a);
	}
	report_done(&a);
	return r;
}
