/* Exit codes of hdactl, as hdactl.1 lists them, and the line on standard error that goes with one. SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#define CLI_EXIT_TABLE(X)                                                                          \
	X(DONE, 0, "done")                                                                         \
	X(NOTHING, 1, "nothing was found where something was asked for")                           \
	X(USAGE, 2, "wrong usage")                                                                 \
	X(UNREACHABLE, 3, "the daemon cannot be reached")                                          \
	X(REFUSED, 4, "the daemon refused, or could not do it now")                                \
	X(BAD_INPUT, 5, "no input file could be read")

enum cli_exit {
#define X(name, number, text) CLI_##name = number,
	CLI_EXIT_TABLE(X)
#undef X
};

/* The exit code for a status of DONE or ERROR (enum hda_status). Pure. */
int cli_exit_of_status(int status);
/* "hdactl: ..." on stderr; the text is made safe for a terminal. Returns code. */
int cli_fail(int code, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The same for an answer that is no success: text is its reason, NULL when it gives none. */
int cli_refused(int code, const char *text);
