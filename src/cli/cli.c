/* What the commands share: asking, printing. SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "cli/human.h"
#include "cli/json.h"
#include "cli/run.h"
#include "cli/text.h"
#include "hda/protocol.h"

static void put(struct query_args *q, const char *name, struct val v)
{
	q->a[q->n++] = (struct query_arg){name, v};
}

static int put_since(struct query_args *q, const char *text, char **ret_why)
{
	double t;
	if (strcmp(text, "today") == 0) {
		struct tm tm;
		time_t now = time(NULL);
		localtime_r(&now, &tm);
		tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
		tm.tm_isdst = -1;
		t = (double)mktime(&tm);
	} else if (human_parse_time(text, &t) < 0) {
		*ret_why = xasprintf("--since: \"%s\" is no time: unix seconds, \"YYYY-MM-DD HH:MM:SS\" or today", text);
		return HDA_EUSAGE;
	}
	put(q, "since", val_uint((uint64_t)t));
	return 0;
}

/* The words behind the command, by what the command makes of them. */
static void put_words(const struct cli *cli, struct query_args *q)
{
	const struct args *a = cli->args;
	for (size_t i = 1; i < a->nwords; i++) {
		const char *w = a->words[i];
		const char *name = "dump";
		if (cli->cmd->words == WORDS_CONFIG) {
			if (strcmp(w, "show") != 0)
				put(q, w, val_bool(true)); /* command_check knows the word */
			continue;
		}
		if (cli->cmd->words == WORDS_GENERATION && i + 1 == a->nwords)
			name = "generation";
		else if (cli->cmd->words == WORDS_PATH && strncmp(w, "0x", 2) == 0)
			name = "address";
		else if (cli->cmd->words == WORDS_DIR)
			name = "dir";
		put(q, name, val_str(w));
	}
}

int cli_request_args(const struct cli *cli, struct query_args *q, char **ret_why)
{
	const struct args *a = cli->args;
	q->n = 0;
	if (a->nwords + a->nuses > QUERY_ARGS) {
		*ret_why = xasprintf("more than %d arguments", QUERY_ARGS);
		return HDA_EUSAGE;
	}
	put_words(cli, q);
	for (size_t i = 0; i < a->nuses; i++) {
		const struct opt *o = a->uses[i].opt;
		const char *name = o->id == OPT_ID_N ? "n" : o->id == OPT_ID_TRACED ? "trace" : o->name;
		/* The last use counts; what only hdactl needs is not asked for. */
		if (o->global || args_use(a, o->id) != &a->uses[i] || o->id == OPT_ID_PLOT || o->id == OPT_ID_PLOT_ALL ||
		    o->id == OPT_ID_ACK || o->id == OPT_ID_UNACK || o->id == OPT_ID_UNTIL || o->id == OPT_ID_NOTE || o->id == OPT_ID_CI ||
		    o->id == OPT_ID_FOLDED || o->id == OPT_ID_DOT || o->id == OPT_ID_TIME || o->id == OPT_ID_COUNTER)
			continue;
		if (o->id == OPT_ID_SINCE) {
			if (put_since(q, a->uses[i].text, ret_why) < 0)
				return HDA_EUSAGE;
			continue;
		}
		put(q, name, o->kind == OPT_FLAG ? val_bool(true) : o->kind == OPT_UINT ? val_uint(a->uses[i].number) : val_str(a->uses[i].text));
	}
	return 0;
}

int cli_ask(const struct cli *cli, const char *cmd, const struct query_args *args, struct report *a)
{
	return args_flag(cli->args, OPT_ID_FILE) ? files_ask(cli, cmd, args, a) : remote_ask(cli, cmd, args, a);
}

int cli_outcome(const struct cli *cli, const struct report *a)
{
	int r = cli_exit_of_status(a->status);
	if (cli->json && r == CLI_NOTHING)
		cli_print(cli, a);
	return r == CLI_DONE ? r : cli_refused(r, a->text);
}

int cli_ask_report(const struct cli *cli, struct report *a)
{
	_cleanup_free_ char *why = NULL;
	struct query_args q;
	if (cli_request_args(cli, &q, &why) < 0)
		return cli_fail(CLI_USAGE, "%s", why);
	int r = cli_ask(cli, cli->cmd->name, &q, a);
	return r == CLI_DONE ? cli_outcome(cli, a) : r;
}

void cli_print_notes(const struct cli *cli, const struct report *a)
{
	/* With --json the document stands alone. */
	FILE *out = cli->json ? stderr : stdout;
	for (size_t i = 0; i < a->nnotes; i++) {
		_cleanup_free_ char *safe = text_safe(span_of(a->notes[i]));
		fprintf(out, "%s%s\n", i == 0 && a->nrows && !cli->json ? "\n" : "", safe);
	}
	if (a->text && cli_exit_of_status(a->status) == CLI_DONE) {
		_cleanup_free_ char *safe = text_safe(span_of(a->text));
		fprintf(out, "%s\n", safe);
	}
}

int cli_print(const struct cli *cli, const struct report *a)
{
	if (cli->json)
		json_report(stdout, cli->cmd->name, a);
	else
		table_print(stdout, &cli->style, a, cli->cmd->columns);
	cli_print_notes(cli, a);
	return cli_exit_of_status(a->status);
}

int cli_report(const struct cli *cli, const char *(*arrange)(const struct cli *cli, struct report *a))
{
	struct report a = {0};
	int r = cli_ask_report(cli, &a);
	if (r == CLI_DONE) {
		struct command c = *cli->cmd;
		struct cli here = *cli;
		const char *columns = arrange && !cli->json ? arrange(cli, &a) : NULL;
		c.columns = columns ? columns : c.columns;
		here.cmd = &c;
		cli_print(&here, &a);
	}
	report_done(&a);
	return r;
}
