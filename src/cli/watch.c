/* hdactl watch and dump. SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/human.h"
#include "cli/json.h"
#include "cli/remote.h"
#include "cli/text.h"
#include "hda/protocol.h"

/* Events may be days apart. */
enum { WATCH_TIMEOUT_MS = 2000000000 };

/* What stands before a value; nothing where it is obvious. */
static const char *spoken(const char *name)
{
	static const char *const words[][2] = {
	    {"time", ""}, {"event", ""}, {"app", ""}, {"text", ""}, {"took_s", "took"}, {"bad_lines", "bad lines"}};
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (strcmp(name, words[i][0]) == 0)
			return words[i][1];
	}
	return name;
}

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
		/* "13:51:55  stored  dump 5  pid 77  ...": what has no obvious meaning is named. */
		for (size_t i = 0; i < one.n; i++) {
			const char *name = one.f[i].name;
			if (one.f[i].v.kind == VAL_NULL || strcmp(name, "host_pid") == 0)
				continue;
			_cleanup_free_ char *s = table_cell(&cli->style, &one, name);
			const char *said = spoken(name);
			printf("%s%s%s%s", i ? "  " : "", said, *said ? " " : "", s);
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

/* --- dump --- */

enum { DUMP_WAIT_MS = 2 * 3600 * 1000 /* between two steps: a process may trace for an hour first */ };

/* One step of a dump that is waited for: said at once, but the last is kept for the summary. */
static int on_step(void *ctx, const struct row *row)
{
	struct report *last = ctx;
	report_add(last, row);
	const struct report_row *e = &last->rows[last->nrows - 1];
	const char *event = report_str(e, "event"), *text = report_str(e, "text");
	if (!event || strcmp(event, "over") == 0)
		return 0;
	_cleanup_free_ char *safe = text_safe(span_of(text ? text : ""));
	double until = report_num(e, "until_s");
	if (until > 0)
		fprintf(stderr, "%s%s%s, %.0f s to go\n", event, text ? ": " : "", safe, ceil(until));
	else
		fprintf(stderr, "%s%s%s\n", event, text ? ": " : "", safe);
	return fflush(stderr) == 0 ? 0 : 1;
}

/* What tracing cost the process. */
static void say_tracing(const struct report_row *e)
{
	char text[HUMAN_MAX];
	double made = report_num(e, "allocated"), rss = report_num(e, "rss_grew"), runs = report_num(e, "gc_runs");
	double rate = report_num(e, "jobs_per_s_traced"), before = report_num(e, "jobs_per_s_before");
	printf("tracing: %.0f s", report_num(e, "traced_s"));
	if (made >= 0)
		printf(", %s objects allocated", human_count(text, made, false));
	if (rss >= 0)
		printf(", RSS +%s", human_bytes(text, rss, false));
	if (runs >= 0)
		printf(", %s GC run%s", human_count(text, runs, false), runs == 1 ? "" : "s");
	if (rate >= 0)
		printf(", %.1f jobs/s", rate);
	if (rate >= 0 && before >= 0)
		printf(" (%.1f before)", before);
	putchar('\n');
}

/* What the process paid, and what came of it. A figure that the gem did not send is left out. */
static void say_cost(const struct report_row *e)
{
	char count[HUMAN_MAX], heap[HUMAN_MAX], jobs[HUMAN_MAX];
	double done = report_num(e, "jobs"), pause = report_num(e, "pause_s");
	printf("dump %.0f: %s objects, heap %s", report_num(e, "dump"), human_count(count, report_num(e, "objects"), false),
	    human_bytes(heap, report_num(e, "bytes"), false));
	if (done >= 0)
		printf(", after %s job%s", human_count(jobs, done, false), done == 1 ? "" : "s");
	printf(", %.1f s\n", report_num(e, "took_s"));
	if (pause >= 0)
		printf("cost: the process stood still for %.1f ms\n", pause * 1000);
	if (report_num(e, "traced_s") > 0)
		say_tracing(e);
}

/* As `hdactl show DUMP` would. */
static int show_dump(const struct cli *cli, double dump)
{
	struct args words = *cli->args;
	char id[32];
	const char *list[] = {"show", id};
	snprintf(id, sizeof(id), "%.0f", dump);
	words.words = list;
	words.nwords = 2;
	words.nuses = 0;
	struct cli show = *cli;
	show.args = &words;
	show.cmd = command_find("show");
	putchar('\n');
	return show.cmd->run(&show);
}

static int dump_and_wait(struct cli *cli, const struct query_args *q)
{
	struct report a = {0}, steps = {0};
	int r = remote_ask_each(cli, "dump", q, &a, DUMP_WAIT_MS, on_step, &steps);
	if (r == CLI_DONE)
		r = cli_outcome(cli, &a);
	if (r == CLI_DONE && steps.nrows) {
		struct report_row *e = &steps.rows[steps.nrows - 1];
		if (cli->json) {
			struct report one = {.rows = e, .nrows = 1, .status = HDA_STATUS_OK};
			json_report(stdout, "dump", &one);
		} else {
			say_cost(e);
			r = show_dump(cli, report_num(e, "dump"));
		}
	}
	report_done(&steps);
	report_done(&a);
	return r;
}

int run_dump_now(struct cli *cli)
{
	struct query_args q;
	_cleanup_free_ char *why = NULL;
	if (cli_request_args(cli, &q, &why) < 0)
		return cli_fail(CLI_USAGE, "%s", why);
	if (args_flag(cli->args, OPT_ID_WAIT))
		return dump_and_wait(cli, &q);
	struct report a = {0};
	int r = cli_ask_report(cli, &a);
	if (r == CLI_DONE)
		cli_print(cli, &a);
	report_done(&a);
	return r;
}
