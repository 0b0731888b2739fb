/* One run of hdactl. SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include <stdbool.h>

#include "cli/report.h"
#include "cli/args.h"
#include "cli/commands.h"
#include "cli/exit.h"
#include "cli/table.h"

struct cli {
	const struct args *args;
	const struct command *cmd;
	const char *runtime_dir;  /* NULL: the default */
	struct table_style style;
	bool json;
};

/* Puts the arguments of the command line into *ret (borrowed from it). 0, or HDA_EUSAGE with a line in *ret_why (caller frees). */
HDA_MUST_CHECK int cli_request_args(const struct cli *cli, struct query_args *ret, char **ret_why);
/* Asks the daemon, or the files of -f, and fills *a. CLI_DONE: there is an answer, whose status is in it; else the exit code, the
 * reason having been said. */
int cli_ask(const struct cli *cli, const char *cmd, const struct query_args *args, struct report *a);
/* The exit code of an answer. What went wrong is said if its status is not 2xx, and with --json a document without rows says that nothing
 * was found: there is something to print with CLI_DONE only. */
int cli_outcome(const struct cli *cli, const struct report *a);
/* cli_ask with the arguments of the command line, and cli_outcome. */
int cli_ask_report(const struct cli *cli, struct report *a);
/* Prints an answer (table or JSON) with its notes. Returns the exit code of its status. */
int cli_print(const struct cli *cli, const struct report *a);
/* A whole report: asks with the arguments of the command line and prints the answer. For a table, arrange (may be NULL) may change the
 * rows first, and say which columns there are (NULL: the command's). Returns the exit code. */
int cli_report(const struct cli *cli, const char *(*arrange)(const struct cli *cli, struct report *a));
/* Notes and the line for people. */
void cli_print_notes(const struct cli *cli, const struct report *a);

/* Commands that are more than a request and a table. */
int run_holders(struct cli *cli);
int run_trend(struct cli *cli);
int run_show(struct cli *cli);
int run_status(struct cli *cli);
int run_top(struct cli *cli);
int run_leaks(struct cli *cli);
int run_import(struct cli *cli);
int run_watch(struct cli *cli);
int run_dump_now(struct cli *cli);
/* Where the daemon or files answer (remote.c, files.c). */
int remote_ask(const struct cli *cli, const char *cmd, const struct query_args *args, struct report *a);
int files_ask(const struct cli *cli, const char *cmd, const struct query_args *args, struct report *a);
/* Whether a question can be answered by any dumps at all: CLI_DONE, or CLI_USAGE with the reason said. */
int files_check(const struct cli *cli, const char *cmd, const struct query_args *args);
/* files_ask in three steps, for several questions over files that are read once. files_open reads those of -f into *ret as cmd with args
 * needs them; else the exit code, the reason having been said. files_answer fills *a; files_close frees. */
struct reading;
HDA_MUST_CHECK int files_open(const struct cli *cli, const char *cmd, const struct query_args *args, struct reading **ret);
void files_answer(const struct reading *r, const char *cmd, const struct query_args *args, struct report *a);
void files_close(struct reading *r);
