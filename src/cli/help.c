/* --help. SPDX-License-Identifier: BSD-2-Clause */
#include "cli/help.h"

enum { OPTION_COLUMN = 26 };

static void print_option(FILE *out, const struct opt *o)
{
	char letter[5] = {'-', o->letter, ',', ' ', 0};
	int n = fprintf(
	    out, "  %s--%s%s%s", o->letter ? letter : "    ", o->name, o->placeholder ? " " : "", o->placeholder ? o->placeholder : "");
	fprintf(out, "%*s%s\n", n < OPTION_COLUMN ? OPTION_COLUMN - n : 2, "", o->text);
}

static void print_command(FILE *out, const struct command *c)
{
	fprintf(out, "hdactl [OPTION...] %s%s%s\n\n%s.\n", c->name, *command_words(c->words) ? " " : "", command_words(c->words), c->summary);
	if (c->help)
		fprintf(out, "%s\n", c->help);
	if (c->words == WORDS_DUMP || c->words == WORDS_DUMPS || c->words == WORDS_GENERATION || c->words == WORDS_PATH)
		fputs("DUMP is an id, last (the default), first, a PID (its last dump), or PID@COUNTER.\n", out);
	if (*c->options)
		fputs("\nOptions:\n", out);
	for (const uint8_t *o = c->options; *o; o++)
		print_option(out, opt_get((enum opt_id)(*o - 1)));
	fputs("\nExamples:\n", out);
	for (const char *const *e = c->examples; *e; e++)
		fprintf(out, "  %s\n", *e);
}

void help_print(FILE *out, const struct command *c)
{
	if (c) {
		print_command(out, c);
		return;
	}
	fputs("hdactl [OPTION...] COMMAND [ARGUMENT...]\nReports what leaks in Ruby processes: from hdad's store, or with -f from dump "
	      "files.\n\nCommands:\n",
	    out);
	for (c = command_all(); c->name; c++)
		fprintf(out, "  %-12s %s\n", c->name, c->summary);
	fputs("\nOptions of every command:\n", out);
	for (int i = 0; i < OPT_IDS; i++)
		if (opt_get((enum opt_id)i)->global)
			print_option(out, opt_get((enum opt_id)i));
	fputs("\nExamples:\n"
	      "  hdactl ps                            who has sent dumps\n"
	      "  hdactl leaks --pid 4121              what leaks there\n"
	      "  hdactl -f /var/tmp/dumps trend       the same over dump files, with no daemon\n"
	      "  hdactl top --help                    more about a command\n"
	      "\nExit codes: 0 done, 1 nothing found, 2 wrong usage, 3 daemon not reachable, 4 refused, 5 bad input.\n", out);
}
