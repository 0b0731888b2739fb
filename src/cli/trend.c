/* hdactl trend: sparklines, or pictures. SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/plot.h"
#include "cli/run.h"

static bool counts(const struct query_args *q)
{
	for (size_t i = 0; i < q->n; i++)
		if (strcmp(q->a[i].name, "metric") == 0 && q->a[i].v.kind == VAL_STR && span_eq(q->a[i].v.s, SPAN_LIT("count")))
			return true;
	return false;
}

/* The name of a series where its columns cannot say it. */
static const char *name_of(const struct report_row *row, bool by_site)
{
	const char *list = report_str(row, "list");
	if (list && strcmp(list, "rest") == 0)
		return "everything else";
	return by_site && !report_str(row, "file") ? "(no site known)" : NULL;
}

/* Series and rest are one table, and the points stand in the head line. */
static void one_table(struct report *a, bool by_site)
{
	size_t n = 0;
	for (size_t i = 0; i < a->nrows; i++) {
		const char *list = report_str(&a->rows[i], "list");
		const char *name = name_of(&a->rows[i], by_site);
		if (list && strcmp(list, "points") == 0)
			continue;
		for (size_t k = 0; k < a->rows[i].n; k++) {
			struct field *f = &a->rows[i].f[k];
			if (strcmp(f->name, "list") == 0)
				f->v = val_null();
			else if (name && strcmp(f->name, "name") == 0 && f->v.kind == VAL_NULL)
				*f = (struct field){by_site ? "site" : "name", val_str(name)};
		}
		a->rows[n++] = a->rows[i];
	}
	a->nrows = n;
}

static int plot_one(const struct cli *cli, struct query_args *q, const char *by, const char *metric, const char *path)
{
	struct report a = {0};
	int r = cli_ask(cli, "trend", q, &a);
	if (r == CLI_DONE && (r = cli_exit_of_status(a.status)) != CLI_DONE) {
		cli_fail(r, "%s", a.text ? a.text : "it was refused without a reason");
	} else if (r == CLI_DONE) {
		_cleanup_free_ char *why = NULL;
		if (plot_trend(&a, by, metric, path, &why) < 0)
			r = cli_fail(CLI_REFUSED, "%s", why);
		else
			printf("%s\n", path);
	}
	report_done(&a);
	return r;
}

static void set_arg(struct query_args *q, const char *name, const char *text)
{
	size_t i = 0;
	while (i < q->n && strcmp(q->a[i].name, name) != 0)
		i++;
	if (i == q->n && q->n < QUERY_ARGS)
		q->n++;
	if (i < QUERY_ARGS)
		q->a[i] = (struct query_arg){name, val_str(text)};
}

static int plot_all(const struct cli *cli, struct query_args *q, const char *dir)
{
	static const char *const bys[] = {"type", "string", "data"}, *const metrics[] = {"count", "bytes"};
	for (size_t i = 0; i < 6; i++) {
		const char *by = bys[i / 2], *metric = metrics[i % 2];
		_cleanup_free_ char *path = xasprintf("%s/%s-%s.svg", dir, by, i % 2 ? "memory" : "count");
		set_arg(q, "by", by);
		set_arg(q, "metric", metric);
		int r = plot_one(cli, q, by, metric, path);
		if (r != CLI_DONE)
			return r;
	}
	return CLI_DONE;
}

int run_trend(struct cli *cli)
{
	struct report a = {0};
	struct query_args q;
	_cleanup_free_ char *why = NULL;
	const char *plot = args_text(cli->args, OPT_ID_PLOT), *dir = args_text(cli->args, OPT_ID_PLOT_ALL);
	const char *by = args_text(cli->args, OPT_ID_BY);
	if (cli_request_args(cli, &q, &why) < 0)
		return cli_fail(CLI_USAGE, "%s", why);
	bool count = counts(&q);
	if (dir)
		return plot_make_dir(dir, &why) < 0 ? cli_fail(CLI_REFUSED, "%s", why) : plot_all(cli, &q, dir);
	if (plot)
		return plot_one(cli, &q, by ? by : "type", count ? "count" : "bytes", plot);
	int r = cli_ask_report(cli, &a);
	if (r == CLI_DONE || (cli->json && r == CLI_NOTHING && a.status)) {
		struct command c = *cli->cmd;
		struct cli here = *cli;
		c.columns = count ? "name type class site series first last growth~:GROWTH per_1000_jobs~:PER%1K%JOBS"
		                  : "name type class site series first$:FIRST last$:LAST growth&:GROWTH per_1000_jobs&:PER%1K%JOBS";
		here.cmd = &c;
		if (!cli->json)
			one_table(&a, by && strcmp(by, "site") == 0);
		cli_print(&here, &a);
	}
	report_done(&a);
	return r;
}
