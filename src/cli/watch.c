/* hdactl watch. SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "cli/json.h"
#include "cli/remote.h"

/* Events may be days apart. */
enum { WATCH_TIMEOUT_MS = 2000000000 };

/* One event: with --json a line of JSON, else its known cells. */
static int on_event(void *ctx, const struct row *row)
{
	const struct cli *cli = ctx;
	struct report_row one = {.f = xcalloc(row->n + 1, sizeof(struct field)), .n = row->n};
	for (size_t i = 0; i < row->n; i++)
		one.f[i] = row->f[i];
	if (cli->json) {
		json_row(stdout, &one);
	} else {
		for (size_t i = 0; i < one.n; i++) {
			if (one.f[i].v.kind == VAL_NULL)
				continue;
			_cleanup_free_ char *s = table_cell(&cli->style, &one, one.f[i].name);
			printf("%s%s", i ? "  " : "", s);
		}
	}
	putchar('\n');
	free(one.f);
	return fflush(stdout) == 0 ? 0 : 1;
}

int run_watch(struct cli *cli)
{
	struct report a = {0};
	struct query_args q;
	_cleanup_free_ char *why = NULL;
	if (cli_request_args(cli, &q, &why) < 0)
		return cli_fail(CLI_USAGE, "%s", why);
	int r = remote_ask_each(cli, "watch", &q, &a, WATCH_TIMEOUT_MS, on_event, cli);
	if (r == CLI_DONE) {
		r = cli_exit_of_status(a.status);
		if (r != CLI_DONE)
			cli_fail(r, "%s", a.text ? a.text : "the daemon ended it");
	}
	report_done(&a);
	return r;
}
