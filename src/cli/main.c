/* hdactl: start here. SPDX-License-Identifier: BSD-2-Clause */
#include <langinfo.h>
#include <locale.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/help.h"
#include "cli/run.h"
#include "hda/version.h"

/* Widest terminal that is believed. */
enum { WIDTH_MAX = 10000 };
/* Freed memory is kept, and large blocks are no mappings of their own: each page that goes back and comes again costs 5 to 12 us. */
enum { MMAP_FROM = 8 << 20, KEEP_FREE = 64 << 20 };

/* COLUMNS when it is said, else the terminal's width, else 0: a pipe is never cut. */
static size_t terminal_width(void)
{
	struct winsize ws;
	const char *said = getenv("COLUMNS");
	unsigned long n = said ? strtoul(said, NULL, 10) : 0;
	if (n > 0 && n < WIDTH_MAX)
		return n;
	if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) == 0)
		return ws.ws_col;
	return 0;
}

/* Of the locale only what letters are: numbers and times are written the same everywhere, and the rest would cost 60 system calls.
 * True when the terminal takes UTF-8. A bare environment (containers) says nothing: there it is assumed. */
static bool set_locale(void)
{
	setlocale(LC_CTYPE, "");
	if (strcmp(nl_langinfo(CODESET), "UTF-8") == 0)
		return true;
	if (getenv("LC_ALL") || getenv("LC_CTYPE") || getenv("LANG"))
		return false;
	return setlocale(LC_CTYPE, "C.UTF-8") != NULL;
}

static int unknown_command(const char *word)
{
	const char *names[64] = {NULL};
	size_t n = 0;
	for (const struct command *c = command_all(); c->name && n + 1 < sizeof(names) / sizeof(names[0]); c++)
		names[n++] = c->name;
	const char *hint = args_nearest(word, strlen(word), names);
	return hint ? cli_fail(CLI_USAGE, "no command \"%s\"; did you mean %s?", word, hint)
	            : cli_fail(CLI_USAGE, "no command \"%s\"; hdactl --help lists them", word);
}

static int run_command(struct cli *cli)
{
	_cleanup_free_ char *why = NULL;
	if (command_check(cli->cmd, cli->args, &why) < 0)
		return cli_fail(CLI_USAGE, "%s", why);
	if (cli->cmd->run)
		return cli->cmd->run(cli);
	return cli_report(cli, NULL);
}

static int dispatch(const struct args *a, struct cli *cli)
{
	const char *word = a->nwords ? a->words[0] : NULL;
	if (args_flag(a, OPT_ID_VERSION)) {
		puts("hdactl " HDA_VERSION);
		return CLI_DONE;
	}
	cli->cmd = word ? command_find(word) : NULL;
	if (word && !cli->cmd)
		return unknown_command(word);
	if (args_flag(a, OPT_ID_HELP)) {
		help_print(stdout, cli->cmd);
		return CLI_DONE;
	}
	if (!word)
		return cli_fail(CLI_USAGE, "no command; hdactl --help lists them");
	return run_command(cli);
}

int main(int argc, char **argv)
{
	struct args a;
	_cleanup_free_ char *why = NULL;
#ifdef __GLIBC__
	mallopt(M_MMAP_THRESHOLD, MMAP_FROM);
	mallopt(M_TRIM_THRESHOLD, KEEP_FREE);
#endif
	bool utf8 = set_locale();
	if (args_parse(&a, argc, argv, &why) < 0) {
		args_done(&a);
		return cli_fail(CLI_USAGE, "%s", why);
	}
	struct cli cli = {
	    .args = &a,
	    .runtime_dir = args_text(&a, OPT_ID_RUNTIME_DIR),
	    .style = {terminal_width(), utf8, args_flag(&a, OPT_ID_EXACT)},
	    .json = args_flag(&a, OPT_ID_JSON),
	};
	int r = dispatch(&a, &cli);
	if (fflush(stdout) != 0 || ferror(stdout))
		r = cli_fail(r ? r : CLI_REFUSED, "standard output: cannot write");
	args_done(&a);
	return r;
}
