/* hdactl trend: sparklines, or pictures. SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/human.h"
#include "cli/plot.h"
#include "cli/run.h"
#include "cli/verdict.h"

static bool counts(const struct cli *cli)
{
	const char *metric = args_text(cli->args, OPT_ID_METRIC);
	return metric && strcmp(metric, "count") == 0;
}

/* The first column that tells the series apart: what has no such thing is named there. */
static const char *first_column(const struct cli *cli)
{
	static const struct {
		const char *by, *column;
	} firsts[] = {{"type", "type"}, {"class", "class"}, {"site", "site"}, {"string", "type"}, {"data", "type"},
	    {"retained-class", "class"}};
	const char *by = args_text(cli->args, OPT_ID_BY);
	for (size_t i = 0; i < sizeof(firsts) / sizeof(firsts[0]); i++)
		if (strcmp(firsts[i].by, by ? by : "type") == 0)
			return firsts[i].column;
	return "name";
}

/* The name of a series where its columns cannot say it. */
static const char *name_of(const struct report_row *row, const char *column)
{
	const char *list = report_str(row, "list");
	if (list && strcmp(list, "rest") == 0)
		return "everything else";
	return strcmp(column, "site") == 0 && !report_str(row, "file") ? "(no site known)" : NULL;
}

/* Puts it into that column. A site is no field of its own: the row's name, which such a row has not, becomes it. */
static void put_name(struct report_row *row, const char *column, const char *name)
{
	const char *field = strcmp(column, "site") == 0 ? "name" : column;
	for (size_t k = 0; k < row->n; k++)
		if (strcmp(row->f[k].name, field) == 0 && row->f[k].v.kind == VAL_NULL)
			row->f[k] = (struct field){column, val_str(name)};
}

/* 13000 jobs as "13k": three digits and a unit. */
static const char *short_jobs(char buf[HUMAN_MAX], double jobs, bool exact)
{
	static const char units[] = "kMGT";
	enum { LAST_UNIT = sizeof(units) - 2 };
	size_t unit = 0;
	double n = jobs / 1000;
	for (; n >= 999.5 && unit < LAST_UNIT; unit++) /* what would be written as 1e+03 */
		n /= 1000;
	if (jobs >= 1000 && !exact)
		snprintf(buf, HUMAN_MAX, "%.3g%c", n, units[unit]);
	else
		snprintf(buf, HUMAN_MAX, "%.0f", jobs);
	return buf;
}

/* The columns; that of the series says from where to where it goes. */
static const char *columns(const struct cli *cli, struct report *a, const struct report_row *points)
{
	char from[HUMAN_MAX], to[HUMAN_MAX], head[2 * HUMAN_MAX + 32] = "";
	const struct val *jobs = points ? report_get(points, "jobs") : NULL;
	double x0 = jobs && jobs->kind == VAL_LIST && jobs->list.n ? val_as_num(&jobs->list.p[0]) : NAN;
	double x1 = x0 >= 0 ? val_as_num(&jobs->list.p[jobs->list.n - 1]) : NAN;
	if (x0 >= 0 && x1 >= x0)
		snprintf(head, sizeof(head), ":JOBS%%%s..%s", short_jobs(from, x0, cli->style.exact), short_jobs(to, x1, cli->style.exact));
	const char *rate = x0 >= 0 ? "per_1000_jobs" : "per_hour", *over = x0 >= 0 ? "PER%1K%JOBS" : "PER%HOUR";
	_cleanup_free_ char *text = counts(cli)
	    ? xasprintf("name type class site series%s first last growth~:GROWTH %s~:%s label!:VERDICT id", head, rate, over)
	    : xasprintf("name type class site series%s first$:FIRST last$:LAST growth&:GROWTH %s&:%s label!:VERDICT id", head, rate, over);
	return arena_copy(&a->mem, text, strlen(text));
}

/* Series and rest are one table, and the points stand in the head line. */
static const char *one_table(const struct cli *cli, struct report *a)
{
	const struct report_row *points = NULL;
	const char *cols;
	size_t n = 0;
	const char *first = first_column(cli);
	for (size_t i = 0; i < a->nrows && !points; i++) {
		const char *list = report_str(&a->rows[i], "list");
		points = list && strcmp(list, "points") == 0 ? &a->rows[i] : NULL;
	}
	cols = columns(cli, a, points);
	for (size_t i = 0; i < a->nrows; i++) {
		const char *name = name_of(&a->rows[i], first);
		_cleanup_free_ char *verdict = verdict_text(&a->rows[i], counts(cli), cli->style.exact);
		if (&a->rows[i] == points)
			continue;
		for (size_t k = 0; k < a->rows[i].n; k++) {
			struct field *f = &a->rows[i].f[k];
			if (strcmp(f->name, "list") == 0)
				f->v = val_null();
			else if (verdict && strcmp(f->name, "label") == 0)
				f->v = val_str(arena_copy(&a->mem, verdict, strlen(verdict)));
		}
		if (name)
			put_name(&a->rows[i], first, name);
		a->rows[n++] = a->rows[i];
	}
	a->nrows = n;
	return cols;
}

/* One picture, of the files that were read (NULL: of the daemon's dumps). */
static int plot_one(
    const struct cli *cli, const struct reading *files, struct query_args *q, const char *by, const char *metric, const char *path)
{
	struct report a = {0};
	int r = CLI_DONE;
	if (files)
		files_answer(files, "trend", q, &a);
	else
		r = remote_ask(cli, "trend", q, &a);
	if (r == CLI_DONE && (r = cli_exit_of_status(a.status)) != CLI_DONE) {
		cli_refused(r, a.text);
	} else if (r == CLI_DONE) {
		_cleanup_free_ char *why = NULL;
		int err = plot_trend(&a, by, metric, path, &why);
		if (err < 0)
			r = cli_fail(err == HDA_EUSAGE ? CLI_USAGE : CLI_REFUSED, "%s", why);
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

static int plot_all(const struct cli *cli, const struct reading *files, struct query_args *q, const char *dir)
{
	static const char *const bys[] = {"type", "string", "data"}, *const metrics[] = {"count", "bytes"};
	for (size_t i = 0; i < 6; i++) {
		const char *by = bys[i / 2], *metric = metrics[i % 2];
		_cleanup_free_ char *path = xasprintf("%s/%s-%s.svg", dir, by, i % 2 ? "memory" : "count");
		set_arg(q, "by", by);
		set_arg(q, "metric", metric);
		int r = plot_one(cli, files, q, by, metric, path);
		if (r != CLI_DONE)
			return r;
	}
	return CLI_DONE;
}

static int plot(const struct cli *cli, const char *path, const char *dir)
{
	struct query_args q;
	struct reading *files = NULL;
	_cleanup_free_ char *why = NULL;
	const char *by = args_text(cli->args, OPT_ID_BY);
	if (cli_request_args(cli, &q, &why) < 0)
		return cli_fail(CLI_USAGE, "%s", why);
	int r = args_flag(cli->args, OPT_ID_FILE) ? files_open(cli, "trend", &q, &files) : CLI_DONE;
	if (r == CLI_DONE && dir && plot_make_dir(dir, &why) < 0)
		r = cli_fail(CLI_REFUSED, "%s", why);
	else if (r == CLI_DONE)
		r = dir ? plot_all(cli, files, &q, dir) : plot_one(cli, files, &q, by ? by : "type", counts(cli) ? "count" : "bytes", path);
	if (files)
		files_close(files);
	return r;
}

int run_trend(struct cli *cli)
{
	const char *path = args_text(cli->args, OPT_ID_PLOT), *dir = args_text(cli->args, OPT_ID_PLOT_ALL);
	if (dir && (path || args_flag(cli->args, OPT_ID_BY) || args_flag(cli->args, OPT_ID_METRIC)))
		return cli_fail(CLI_USAGE, "--plot-all draws type, string and data by count and by bytes: --by and --metric go with --plot FILE");
	return path || dir ? plot(cli, path, dir) : cli_report(cli, one_table);
}
