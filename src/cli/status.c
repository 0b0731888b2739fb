/* hdactl status: what matters in a few lines, then every figure. SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "cli/human.h"
#include "cli/run.h"

/* Counters that are 0 while all is well. */
static const char *const troubles[] = {
    "dumps_refused", "dumps_no_graph", "commit_failures", "connections_refused", "accept_pauses", "query_failures", "query_deadlines"};

static const struct val *fact(const struct report *a, const char *group, const char *name)
{
	for (size_t i = 0; i < a->nrows; i++) {
		const char *g = report_str(&a->rows[i], "group"), *n = report_str(&a->rows[i], "name");
		if (g && n && strcmp(g, group) == 0 && strcmp(n, name) == 0)
			return report_get(&a->rows[i], "value");
	}
	return NULL;
}

static double figure(const struct report *a, const char *group, const char *name)
{
	const struct val *v = fact(a, group, name);
	return v ? val_as_num(v) : NAN;
}

/* "   12 gems connected", with the plural that the number has. Nothing when it is not known. */
static void say(const struct report *a, const char *group, const char *name, const char *before, const char *one, const char *many)
{
	char buf[HUMAN_MAX];
	double n = figure(a, group, name);
	if (!isnan(n))
		printf("%s%s %s", before, human_count(buf, n, false), n == 1 ? one : many);
}

static void say_bytes(const struct report *a, const char *group, const char *name, const char *before, const char *after)
{
	char buf[HUMAN_MAX];
	double n = figure(a, group, name);
	if (!isnan(n))
		printf("%s%s%s", before, human_bytes(buf, n, false), after);
}

static void say_daemon(const struct report *a)
{
	char buf[HUMAN_MAX];
	const struct val *version = fact(a, "daemon", "version");
	bool full = figure(a, "daemon", "store_full") == 1;
	size_t wrong = 0;
	printf("hdad %.*s", version && version->kind == VAL_STR ? (int)version->s.n : 1,
	    version && version->kind == VAL_STR ? (const char *)version->s.p : "-");
	printf("   pid %.0f   up %s", figure(a, "daemon", "pid"), human_duration(buf, figure(a, "daemon", "uptime_s"), false));
	if (full)
		printf("   the store is full");
	for (size_t i = 0; i < sizeof(troubles) / sizeof(troubles[0]); i++) {
		double n = figure(a, "counters", troubles[i]);
		if (n > 0)
			printf("%s%s %s", wrong++ ? ", " : "   since it started: ", troubles[i], human_count(buf, n, false));
	}
	puts(wrong || full ? "" : "   healthy");
}

static void say_store(const struct report *a)
{
	char buf[HUMAN_MAX];
	double first = figure(a, "store", "oldest_dump_time");
	say_bytes(a, "store", "used_bytes", "store   ", "");
	say_bytes(a, "store", "max_bytes", " of ", "");
	say(a, "store", "dumps", "   ", "dump", "dumps");
	say(a, "store", "processes", " of ", "process", "processes");
	if (first > 0)
		printf("   first %s ago", human_duration(buf, (double)time(NULL) - first, false));
	putchar('\n');
}

static void say_ingest(const struct report *a)
{
	say(a, "counters", "leases", "ingest  ", "dump under way", "dumps under way");
	say(a, "counters", "sessions_gem", ", ", "gem connected", "gems connected");
	say(a, "counters", "dumps_stored", "   since it started ", "dump stored", "dumps stored");
	say(a, "counters", "dumps_partial", ", ", "partial", "partial");
	say(a, "counters", "bad_lines", ", ", "bad line", "bad lines");
	say_bytes(a, "daemon", "rss", "\nmemory  RSS ", "");
	say_bytes(a, "counters", "graph_memory_leased", "   ", " for the graphs of dumps under way");
	puts("\n");
}

static bool ends(const char *s, const char *tail)
{
	size_t n = strlen(s), k = strlen(tail);
	return n >= k && strcmp(s + n - k, tail) == 0;
}

/* A value as people read it: bytes, times and durations are numbers like all others in the row. NULL: as it is. */
static const char *readable(struct report *a, const struct report_row *row)
{
	char buf[HUMAN_MAX];
	const char *name = report_str(row, "name"), *text = report_str(row, "text");
	double v = report_num(row, "value");
	if (!name || isnan(v))
		return NULL;
	if (strcmp(name, "pid") == 0)
		snprintf(buf, sizeof(buf), "%.0f", v);
	else if (text && strncmp(text, "bytes ", 6) == 0)
		human_bytes(buf, v, false);
	else if (ends(name, "_time"))
		human_time(buf, v, false);
	else if (ends(name, "_s"))
		human_duration(buf, v, false);
	else
		return NULL;
	return arena_copy(&a->mem, buf, strlen(buf));
}

static const char *arrange(const struct cli *cli, struct report *a)
{
	if (cli->style.exact)
		return "group name!:NAME value text";
	say_daemon(a);
	say_store(a);
	say_ingest(a);
	for (size_t i = 0; i < a->nrows; i++) {
		const char *text = readable(a, &a->rows[i]);
		for (size_t k = 0; text && k < a->rows[i].n; k++)
			if (strcmp(a->rows[i].f[k].name, "value") == 0)
				a->rows[i].f[k].v = val_str(text);
	}
	return "group name!:NAME value text";
}

int run_status(struct cli *cli) { return cli_report(cli, arrange); }
