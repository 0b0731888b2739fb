/* hdactl watch and dump. SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "cli/json.h"
#include "cli/remote.h"
#include "hda/protocol.h"

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
		/* "13:51:55  stored  dump 5  pid 77  ...": what has no obvious meaning is named. */
		for (size_t i = 0; i < one.n; i++) {
			const char *name = one.f[i].name;
			if (one.f[i].v.kind == VAL_NULL || strcmp(name, "host_pid") == 0)
				continue;
			bool bare = strcmp(name, "time") == 0 || strcmp(name, "event") == 0 || strcmp(name, "app") == 0 || strcmp(name, "text") == 0;
			_cleanup_free_ char *s = table_cell(&cli->style, &one, name);
			printf("%s%s%s%s", i ? "  " : "", bare ? "" : strcmp(name, "took_s") == 0 ? "took" : strcmp(name, "bad_lines") == 0 ? "bad lines" : name,
			    bare ? "" : " ", s);
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

enum { DUMP_WAIT_MS = 3600 * 1000 /* a process that traces first takes its time; silence for so long is none */ };
static const double CLOCK_SLACK_S = 0.001; /* times cross the wire rounded to a double's microsecond */

struct waiting {
	double pid, since;
	struct report end; /* the event that ends it */
};

static int on_end(void *ctx, const struct row *row)
{
	struct waiting *w = ctx;
	report_add(&w->end, row);
	const struct report_row *e = &w->end.rows[w->end.nrows - 1];
	const char *event = report_str(e, "event");
	bool mine = report_num(e, "pid") == w->pid || report_num(e, "host_pid") == w->pid;
	return mine && event && strcmp(event, "begin") != 0 && report_num(e, "time") >= w->since - CLOCK_SLACK_S;
}

/* Events from before the request on: none is missed between the request and the watching. */
static int wait_for_dump(struct cli *cli, struct waiting *w)
{
	struct report a = {0};
	struct query_args q = {.a = {{"since", val_real(w->since)}}, .n = 1};
	const struct command *dump = cli->cmd;
	cli->cmd = command_find("watch"); /* on the query socket */
	int r = remote_ask_each(cli, "watch", &q, &a, DUMP_WAIT_MS, on_end, w);
	cli->cmd = dump;
	if (r == CLI_DONE && a.status)
		r = cli_fail(CLI_REFUSED, "%s", a.text ? a.text : "the daemon ended the watch");
	report_done(&a);
	if (r != CLI_DONE)
		return r;
	const struct report_row *e = &w->end.rows[w->end.nrows - 1];
	if (strcmp(report_str(e, "event"), "stored") != 0)
		return cli_fail(CLI_REFUSED, "the dump came, but: %s %s", report_str(e, "event"), report_str(e, "text") ? report_str(e, "text") : "");
	if (!cli->json)
		printf("dump %.0f is stored: hdactl show %.0f\n", report_num(e, "dump"), report_num(e, "dump"));
	return CLI_DONE;
}

int run_dump_now(struct cli *cli)
{
	struct timespec ts;
	clock_gettime(CLOCK_REALTIME, &ts);
	struct waiting w = {.pid = (double)args_use(cli->args, OPT_ID_PID)->number, .since = (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9};
	struct report a = {0};
	int r = cli_ask_report(cli, &a);
	bool wait = args_flag(cli->args, OPT_ID_WAIT);
	if (r == CLI_DONE && !(wait && cli->json))
		cli_print(cli, &a);
	if (r == CLI_DONE && wait) {
		fflush(stdout);
		r = wait_for_dump(cli, &w);
		if (r == CLI_DONE && cli->json) {
			struct report one = {.rows = &w.end.rows[w.end.nrows - 1], .nrows = 1, .status = HDA_STATUS_OK};
			json_report(stdout, "dump", &one);
		}
	}
	report_done(&w.end);
	report_done(&a);
	return r;
}
