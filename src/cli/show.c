/* hdactl show: the head of the report, then its tables. SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/human.h"
#include "cli/run.h"

/* Totals that the head says; the table has the others. */
static const struct {
	const char *name, *label;
	bool is_bytes;
} heads[] = {
    {"objects", "objects", false}, {"objects", "heap", true},       {"reachable", "reachable", true},
    {"garbage", "garbage", true},  {"RSS", "RSS", true},            {"limit of the control group", "limit", true},
};

static bool in_head(const struct report_row *row)
{
	const char *list = report_str(row, "list"), *name = report_str(row, "name");
	if (list && strcmp(list, "process") == 0)
		return true;
	for (size_t i = 0; list && name && strcmp(list, "totals") == 0 && i < sizeof(heads) / sizeof(heads[0]); i++)
		if (strcmp(heads[i].name, name) == 0)
			return true;
	return false;
}

static const struct report_row *find(const struct report *a, const char *list, const char *name)
{
	for (size_t i = 0; i < a->nrows; i++) {
		const char *l = report_str(&a->rows[i], "list"), *n = report_str(&a->rows[i], "name");
		if (l && strcmp(l, list) == 0 && (!name || (n && strcmp(n, name) == 0)))
			return &a->rows[i];
	}
	return NULL;
}

/* "dump 214   pid 4121 shop/sidekiq (ruby 3.1.7)   after 13 000 jobs   2026-11-23 13:51:55   whole   untraced": what is not known
 * is not said. */
static void print_identity(const struct cli *cli, const struct report *a)
{
	char buf[HUMAN_MAX];
	const struct report_row *d = &a->dump, *p = find(a, "process", NULL);
	const char *app = p ? report_str(p, "app") : NULL, *ruby = report_str(d, "ruby");
	double pid = report_num(d, "pid"), jobs = report_num(d, "counter"), t = report_num(d, "time");
	printf("dump %.0f  ", report_num(d, "dump"));
	if (!isnan(pid))
		printf(" pid %.0f", pid);
	if (app) {
		_cleanup_free_ char *s = table_cell(&cli->style, p, "app");
		printf(" %s", s);
	}
	if (ruby) {
		_cleanup_free_ char *s = table_cell(&cli->style, d, "ruby");
		printf(" (ruby %s)", s);
	}
	if (!isnan(jobs))
		printf("   after %s job%s", human_count(buf, jobs, cli->style.exact), jobs == 1 ? "" : "s");
	if (!isnan(t))
		printf("   %s", human_time(buf, t, cli->style.exact));
	printf("   %s   %s\n", report_num(d, "partial") == 1 ? "partial" : "whole", report_num(d, "traced") == 1 ? "traced" : "untraced");
}

static void print_figures(const struct cli *cli, const struct report *a)
{
	char buf[HUMAN_MAX];
	double heap = report_num(&a->dump, "bytes");
	bool first = true;
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		const struct report_row *row = find(a, "totals", heads[i].name);
		double v = row ? report_num(row, heads[i].is_bytes ? "bytes" : "count") : NAN;
		if (isnan(v))
			continue;
		printf("%s%s %s", first ? "" : "   ", heads[i].label,
		    heads[i].is_bytes ? human_bytes(buf, v, cli->style.exact) : human_count(buf, v, cli->style.exact));
		if (strcmp(heads[i].name, "garbage") == 0 && heap > 0)
			printf(" (%s)", human_share(buf, v / heap, cli->style.exact));
		first = false;
	}
	puts("\n");
}

/* What stands in the lines at the top is no row. */
static const char *arrange(const struct cli *cli, struct report *a)
{
	size_t n = 0;
	if (!a->has_dump)
		return NULL;
	print_identity(cli, a);
	print_figures(cli, a);
	for (size_t i = 0; i < a->nrows; i++)
		if (!in_head(&a->rows[i]))
			a->rows[n++] = a->rows[i];
	a->nrows = n;
	return NULL;
}

int run_show(struct cli *cli) { return cli_report(cli, arrange); }
