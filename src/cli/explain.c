/* hdactl leaks --explain: the evidence for one line. SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/human.h"
#include "cli/leaks.h"
#include "cli/text.h"

enum {
	BAR = 10,            /* columns of a share that is drawn */
	SPARK = 48,          /* columns of the series */
};

/* The rows of a list in one group of the answer. */
struct listed {
	const struct report *a;
	const char *list;
	double group;
	size_t at;
};

static const struct report_row *next_row(struct listed *l)
{
	while (l->at < l->a->nrows) {
		const struct report_row *row = &l->a->rows[l->at++];
		const char *list = report_str(row, "list");
		if (list && strcmp(list, l->list) == 0 && report_num(row, "group") == l->group)
			return row;
	}
	return NULL;
}

static const char *count_or_dash(char buf[HUMAN_MAX], double n, bool exact)
{
	return isfinite(n) ? human_count(buf, n, exact) : "-";
}

/* --- the cohorts --- */

static void jobs_text(char *buf, size_t n, const struct report_row *row, bool exact)
{
	char a[HUMAN_MAX], b[HUMAN_MAX];
	double from = report_num(row, "jobs_from"), to = report_num(row, "jobs_to");
	if (isfinite(from))
		snprintf(buf, n, "%s .. %s", human_count(a, from, exact), human_count(b, to, exact));
	else
		snprintf(buf, n, "before %s", human_count(b, to, exact));
}

static void cohort_of_births(const struct cli *cli, const struct report_row *row, const char *jobs)
{
	char a[HUMAN_MAX], b[HUMAN_MAX], c[HUMAN_MAX];
	bool exact = cli->style.exact, weighed = report_num(row, "weighed") > 0;
	double share = report_num(row, "share");
	_cleanup_free_ char *bar = isfinite(share) ? text_bar(share, BAR) : NULL;
	const char *more = weighed ? bar : isfinite(report_num(row, "jobs_from")) ? "too young to count" : "not counted";
	printf("  %-22s %10s %12s %6s%s%s\n", jobs, count_or_dash(a, report_num(row, "born"), exact),
	    count_or_dash(b, report_num(row, "still_there"), exact), isfinite(share) ? human_share(c, share, exact) : "-",
	    more && *more ? "  " : "", more ? more : "");
}

static void cohort_of_levels(const struct cli *cli, const struct report_row *row, const char *jobs)
{
	char a[HUMAN_MAX], b[HUMAN_MAX];
	bool exact = cli->style.exact;
	double gained = report_num(row, "gained");
	printf("  %-22s %10s %12s\n", jobs, count_or_dash(a, report_num(row, "low"), exact),
	    isfinite(gained) ? human_delta(b, gained, false, exact) : "-");
}

static bool has_births(const struct report *a, double group)
{
	struct listed l = {a, "cohorts", group, 0};
	for (const struct report_row *row = next_row(&l); row; row = next_row(&l)) {
		if (isfinite(report_num(row, "still_there")))
			return true;
	}
	return false;
}

static void cohorts(const struct cli *cli, const struct report *a, double group)
{
	struct listed l = {a, "cohorts", group, 0};
	bool births = has_births(a, group);
	if (births)
		printf("\nborn, and still there, by parts of the run\n  %-22s %10s %12s %6s\n", "BORN AT JOBS", "BORN", "STILL THERE", "KEPT");
	else
		printf(
		    "\nlow boundary, by parts of the run (when objects were born is not known)\n  %-22s %10s %12s\n", "JOBS", "LOWEST", "GAINED");
	for (const struct report_row *row = next_row(&l); row; row = next_row(&l)) {
		char jobs[2 * HUMAN_MAX + 8];
		jobs_text(jobs, sizeof(jobs), row, cli->style.exact);
		if (births)
			cohort_of_births(cli, row, jobs);
		else if (isfinite(report_num(row, "low")))
			cohort_of_levels(cli, row, jobs);
	}
}

/* --- the series --- */

static double end_of(const struct val *list, bool last)
{
	for (size_t i = 0; list && list->kind == VAL_LIST && i < list->list.n; i++) {
		double v = val_as_num(&list->list.p[last ? list->list.n - 1 - i : i]);
		if (isfinite(v))
			return v;
	}
	return NAN;
}

static void series(const struct cli *cli, const struct report *a, double group, bool entries)
{
	struct listed l = {a, "series", group, 0};
	const struct report_row *row = next_row(&l);
	const struct val *count = row ? report_get(row, "count") : NULL, *jobs = row ? report_get(row, "jobs") : NULL;
	char b[4][HUMAN_MAX];
	bool exact = cli->style.exact;
	if (!count || count->kind != VAL_LIST || count->list.n == 0)
		return;
	_cleanup_free_ double *d = xcalloc(count->list.n, sizeof(*d));
	for (size_t i = 0; i < count->list.n; i++)
		d[i] = val_as_num(&count->list.p[i]);
	_cleanup_free_ char *line = text_sparkline(d, count->list.n, SPARK, cli->style.utf8);
	printf("\n%s, dump by dump\n  %s  %s  %s\n", entries ? "entries" : "objects", count_or_dash(b[0], end_of(count, false), exact), line,
	    count_or_dash(b[1], end_of(count, true), exact));
	if (isfinite(end_of(jobs, true)))
		printf("  at %s .. %s jobs, %zu dumps\n", count_or_dash(b[2], end_of(jobs, false), exact),
		    count_or_dash(b[3], end_of(jobs, true), exact), count->list.n);
}

/* --- the path --- */

static void path(const struct cli *cli, const struct report *a, double group)
{
	struct listed l = {a, "holders", group, 0};
	size_t n = 0;
	for (const struct report_row *row = next_row(&l); row; row = next_row(&l), n++) {
		const char *name = report_str(row, "name");
		_cleanup_free_ char *safe = text_safe(span_of(name ? name : "?"));
		if (n == 0)
			printf("\nheld by, from a root of the heap\n  %s\n", safe);
		else
			printf("  %*s%s %s\n", (int)(2 * (n - 1)), "", cli->style.utf8 ? "\u2514" : "`", safe);
	}
	if (n == 0)
		printf("\nheld by: not known (no graph, or of the whole class only)\n");
}

/* --- why --- */

static void stories(const struct cli *cli, const struct report *a, double group)
{
	struct listed l = {a, "stories", group, 0};
	char b[HUMAN_MAX];
	printf("\nwhat could explain it, and how well it does\n");
	for (const struct report_row *row = next_row(&l); row; row = next_row(&l)) {
		_cleanup_free_ char *text = text_safe(span_of(report_str(row, "text") ? report_str(row, "text") : ""));
		double weight = report_num(row, "weight");
		printf(
		    "  %5s  %s\n", isfinite(weight) && weight < .005 && !cli->style.exact ? "0%" : human_share(b, weight, cli->style.exact), text);
	}
}

/* The value of one piece of evidence, and its words. */
static double fact(const struct report *a, double group, const char *name, char **ret_text)
{
	struct listed l = {a, "evidence", group, 0};
	for (const struct report_row *row = next_row(&l); row; row = next_row(&l)) {
		const char *s = report_str(row, "name"), *text = report_str(row, "text");
		if (!s || strcmp(s, name) != 0)
			continue;
		if (ret_text)
			*ret_text = text_safe(span_of(text ? text : ""));
		return report_num(row, "value");
	}
	return NAN;
}

static void verdict_of(const struct cli *cli, const struct report *a, double group, const char *label)
{
	char b[HUMAN_MAX];
	bool exact = cli->style.exact;
	_cleanup_free_ char *holder = NULL, *container = NULL;
	double released = fact(a, group, "released", NULL), odds = fact(a, group, "holder_odds", &holder),
	       end = fact(a, group, "unseen_end", NULL);
	double survivors = fact(a, group, "survivors", NULL), lives = fact(a, group, "lives", NULL),
	       limit = fact(a, group, "detection_limit", NULL);
	double slots = fact(a, group, "container_odds", &container);
	printf("\nwhy it is called %s\n", label);
	printf("  survivors   %s that count\n", count_or_dash(b, survivors, exact));
	printf("  pace        %.3g per job, %.3g .. %.3g with 90 %% certainty\n", fact(a, group, "rate", NULL),
	    fact(a, group, "rate_low", NULL), fact(a, group, "rate_high", NULL));
	printf("  released    %s of them would be gone in as many jobs again; over 50%% is a cache that turns over\n",
	    isfinite(released) ? human_share(b, fmin(released, 1), exact) : "-");
	printf("  holder      %s%s\n", holder ? holder : "-", odds < 1 ? "; it counts against a leak" : "");
	if (slots < 1 && container)
		printf("  container   %s\n", container);
	if (strcmp(label, "slow") != 0)
		printf("  end unseen  %.2g to 1 that growth as steady as this still has an end\n", end);
	if (lives > 1)
		printf("  processes   %.0f, weighed together\n", lives);
	if (limit > 0)
		printf("  limit       a leak of %.3g objects per job would have been seen by now\n", limit);
	printf("  together    %s sure that it leaks\n", human_share(b, fact(a, group, "confidence", NULL), exact));
}

void leaks_explain(const struct cli *cli, const struct report *a, const struct report_row *row)
{
	double group = report_num(row, "group");
	const char *label = report_str(row, "label");
	_cleanup_free_ char *safe = text_safe(span_of(label ? label : "?"));
	cohorts(cli, a, group);
	series(cli, a, group, !has_births(a, group) && isfinite(report_num(row, "entries")));
	path(cli, a, group);
	stories(cli, a, group);
	verdict_of(cli, a, group, safe);
}
