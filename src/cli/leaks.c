/* hdactl leaks: the answer first, then the evidence. SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/leaks.h"

/* A row of the answer to --explain that is a line, not evidence for one. */
static bool is_line(const struct report_row *row)
{
	const char *list = report_str(row, "list");
	return list && strcmp(list, "leak") == 0;
}

int run_leaks(struct cli *cli)
{
	struct report a = {0};
	bool explain = args_flag(cli->args, OPT_ID_EXPLAIN);
	if (args_flag(cli->args, OPT_ID_CI))
		return leaks_ci(cli);
	if (args_flag(cli->args, OPT_ID_ACK) || args_flag(cli->args, OPT_ID_UNACK))
		return leaks_ack(cli);
	int code = cli_ask_report(cli, &a);
	if (code != CLI_DONE || cli->json) {
		if (code == CLI_DONE)
			code = cli_print(cli, &a);
		report_done(&a);
		return code;
	}
	double group = NAN;
	for (size_t i = 0; i < a.nrows; i++) {
		const struct report_row *row = &a.rows[i];
		if (explain && !is_line(row))
			continue;
		bool fresh = report_num(row, "group") != group;
		if (fresh)
			printf("%s", i ? "\n" : "");
		if (fresh)
			leaks_head(cli, row);
		group = report_num(row, "group");
		if (!report_str(row, "label"))
			continue; /* a process of which nothing grows */
		putchar('\n');
		if (report_num(row, "keys") > 0) {
			leaks_other(cli, row);
			continue;
		}
		leaks_line(cli, row);
		if (explain)
			leaks_explain(cli, &a, row);
	}
	cli_print_notes(cli, &a);
	code = cli_exit_of_status(a.status);
	report_done(&a);
	return code;
}
