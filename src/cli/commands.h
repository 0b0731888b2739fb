/* The commands of hdactl. SPDX-License-Identifier: BSD-2-Clause
 *
 * One row each in commands.c: parser, help, request and table come from it. tests/lint holds hdactl.1 to it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/args.h"

struct cli;

/* Which words stand behind a command. */
enum words {
	WORDS_NONE,
	WORDS_DUMP,       /* [DUMP] */
	WORDS_DUMPS,      /* DUMP DUMP... */
	WORDS_GENERATION, /* [DUMP] G */
	WORDS_PATH,       /* [DUMP] [ADDRESS] */
	WORDS_FILES,      /* PATH... */
	WORDS_DIR,        /* DIR */
	WORDS_CONFIG,     /* [show] [default | changed | needs-restart] */
};

/* Where a command is answered. */
enum where {
	WHERE_QUERY,   /* query.sock, or files with -f */
	WHERE_CONTROL, /* control.sock only */
	WHERE_LIVE,    /* query.sock only */
	WHERE_LOCAL,   /* by hdactl itself */
};

struct command {
	const char *name;
	enum words words;
	enum where where;
	const uint8_t *options;        /* enum opt_id + 1, 0 ends; the global ones go with every command */
	const char *summary;           /* one line */
	const char *help;              /* a few lines more, or NULL */
	const char *const *examples;   /* NULL ends */
	const char *columns;           /* what tables show; see table.h */
	int (*run)(struct cli *cli);   /* not a plain report; NULL: request, then table */
};

/* All commands in the order of --help; a NULL name ends. */
const struct command *command_all(void);
const struct command *command_find(const char *name);
/* Does the command take this option (global ones apart)? */
bool command_takes(const struct command *c, enum opt_id id);
/* Checks words and options of a command line. 0, or HDA_EUSAGE with a line the caller frees. */
HDA_MUST_CHECK int command_check(const struct command *c, const struct args *a, char **ret_why);
/* "[DUMP] G" and the like. */
const char *command_words(enum words w);
