/* hdactl leaks --ack and --unack: a leak that somebody knows. SPDX-License-Identifier: BSD-2-Clause
 *
 * The id, or its beginning, is looked up among the lines that are there; what is found goes over the control socket. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "cli/human.h"
#include "cli/leaks.h"
#include "cli/remote.h"
#include "hda/protocol.h"
#include "query/ack.h"

enum { ID = 7 /* six hex digits and the NUL */ };

/* "9C41" as "9c41". False: no beginning of an id. */
static bool take_id(const char *text, char ret[ID])
{
	size_t n = strlen(text);
	bool good = n > 0 && n < ID;
	for (size_t i = 0; good && i <= n; i++) {
		char c = text[i];
		ret[i] = c >= 'A' && c <= 'F' ? (char)(c + 32) : c;
		good = i == n || (c >= '0' && c <= '9') || (ret[i] >= 'a' && ret[i] <= 'f');
	}
	return good;
}

/* The id of the line that begins so. The exit code; CLI_DONE with *ret_n 0: no line has such an id. */
static int find(struct cli *cli, const char *begin, char ret[ID], size_t *ret_n)
{
	struct report a = {0};
	struct query_args none = {.n = 0};
	int code = cli_ask(cli, "leaks", &none, &a);
	*ret_n = 0;
	if (code == CLI_DONE && cli_exit_of_status(a.status) != CLI_DONE && a.status != HDA_STATUS_NOTHING)
		code = cli_refused(cli_exit_of_status(a.status), a.text);
	for (size_t i = 0; code == CLI_DONE && i < a.nrows; i++) {
		const char *id = report_str(&a.rows[i], "id");
		if (!id || strncmp(id, begin, strlen(begin)) != 0 || strlen(id) >= ID || (*ret_n && strcmp(id, ret) == 0))
			continue;
		if ((*ret_n)++)
			code = cli_fail(CLI_USAGE, "%s begins more than one id: %s, %s", begin, ret, id);
		snprintf(ret, ID, "%s", id);
	}
	report_done(&a);
	return code;
}

/* A date of --until; anything else is a revision. Numbers alone are revisions (of git), not times. */
static bool is_date(const char *s)
{
	static const char form[] = "dddd-dd-dd";
	for (size_t i = 0; i < sizeof(form) - 1; i++) {
		if (form[i] == 'd' ? s[i] < '0' || s[i] > '9' : s[i] != form[i])
			return false;
	}
	return s[10] == '\0' || s[10] == ' ' || s[10] == 'T';
}

static void put(struct query_args *q, const char *name, struct val v) { q->a[q->n++] = (struct query_arg){name, v}; }

/* *text (kept by the caller) is what the argument borrows from. The exit code. */
static int put_until(struct query_args *q, const char *until, char **text)
{
	double t;
	if (!is_date(until)) {
		put(q, "revision", val_str(until));
		return CLI_DONE;
	}
	*text = until[10] ? xstrdup(until) : xasprintf("%s 00:00", until);
	if (human_parse_time(*text, &t) < 0)
		return cli_fail(CLI_USAGE, "--until: \"%s\" is no date: YYYY-MM-DD [HH:MM[:SS]]; any other word is a revision", until);
	if (t <= (double)time(NULL))
		return cli_fail(CLI_USAGE, "--until: %s has passed", until);
	put(q, "until", val_uint((uint64_t)t));
	return CLI_DONE;
}

/* What belongs together on the command line. The exit code. */
static int check(const struct cli *cli)
{
	const struct args *a = cli->args;
	bool ack = args_flag(a, OPT_ID_ACK), unack = args_flag(a, OPT_ID_UNACK);
	if (args_flag(a, OPT_ID_FILE))
		return cli_fail(CLI_USAGE, "leaks --ack and --unack need the daemon: with -f there is nowhere to keep what is known");
	if (ack && unack)
		return cli_fail(CLI_USAGE, "leaks takes --ack or --unack, not both");
	if (args_flag(a, OPT_ID_PID) || args_flag(a, OPT_ID_APP))
		return cli_fail(CLI_USAGE, "leaks --ack and --unack hold for every process that has this leak: no --pid, no --app");
	const char *note = args_text(a, OPT_ID_NOTE);
	if (note && strlen(note) >= ACK_NOTE)
		return cli_fail(CLI_USAGE, "--note: %zu bytes are more than %d", strlen(note), ACK_NOTE - 1);
	return CLI_DONE;
}

static int send_it(struct cli *cli, const char *id)
{
	struct report a = {0};
	struct query_args q = {.n = 0};
	bool ack = args_flag(cli->args, OPT_ID_ACK);
	const char *until = ack ? args_text(cli->args, OPT_ID_UNTIL) : NULL, *note = ack ? args_text(cli->args, OPT_ID_NOTE) : NULL;
	_cleanup_free_ char *text = NULL;
	put(&q, "id", val_str(id));
	int code = until ? put_until(&q, until, &text) : CLI_DONE;
	if (note)
		put(&q, "note", val_str(note));
	if (code == CLI_DONE)
		code = remote_ask_control(cli, ack ? "ack" : "unack", &q, &a);
	if (code == CLI_DONE)
		code = cli_outcome(cli, &a);
	if (code == CLI_DONE)
		cli_print(cli, &a);
	report_done(&a);
	return code;
}

static int no_such(const struct cli *cli, const char *begin)
{
	struct report a = {.status = HDA_STATUS_NOTHING};
	a.text = xasprintf("no line has an id that begins with %s: hdactl leaks shows them", begin);
	int code = cli_outcome(cli, &a);
	report_done(&a);
	return code;
}

int leaks_ack(struct cli *cli)
{
	bool ack = args_flag(cli->args, OPT_ID_ACK);
	const char *text = args_text(cli->args, ack ? OPT_ID_ACK : OPT_ID_UNACK);
	char begin[ID] = "", id[ID] = "";
	size_t n = 0;
	int code = check(cli);
	if (code == CLI_DONE && !take_id(text, begin))
		code = cli_fail(CLI_USAGE, "\"%s\" is no id: up to %d hex digits, as leaks shows them", text, ID - 1);
	if (code == CLI_DONE)
		code = find(cli, begin, id, &n);
	if (code != CLI_DONE)
		return code;
	/* A leak that is gone can still be marked: its whole id is enough to take that away. */
	if (n == 0 && !ack && strlen(begin) == ID - 1)
		snprintf(id, sizeof(id), "%s", begin);
	else if (n == 0)
		return no_such(cli, begin);
	return send_it(cli, id);
}
