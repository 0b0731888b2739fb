/* The command line of hdactl. SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum opt_kind { OPT_FLAG, OPT_TEXT, OPT_UINT };

enum opt_id {
#define X(id, name, letter, kind, placeholder, text) OPT_ID_##id,
#include "cli/options.def"
#undef X
	OPT_IDS,
};

struct opt {
	enum opt_id id;
	const char *name;        /* long, without dashes */
	char letter;             /* 0 = none */
	enum opt_kind kind;
	const char *placeholder; /* NULL for flags */
	const char *text;
	bool global;
};

/* The rows of options.def by id. */
const struct opt *opt_get(enum opt_id id);
const struct opt *opt_find(const char *name, size_t n);

struct opt_use {
	const struct opt *opt;
	const char *text;  /* borrowed from argv; NULL for flags */
	uint64_t number;   /* of OPT_UINT */
};

/* What was said, options and the rest apart, each in its order. Borrowed from argv. */
struct args {
	struct opt_use *uses;
	size_t nuses, uses_cap;
	const char **words;  /* command first */
	size_t nwords, words_cap;
};

/* Reads argv[1..]. Options stand anywhere, "--name value", "--name=value", "-n3", "-n 3"; "--" ends them; "-" is a word.
 * 0, or HDA_EUSAGE with a line in *ret_why that the caller frees. args_done either way. */
HDA_MUST_CHECK int args_parse(struct args *a, int argc, char *const *argv, char **ret_why);
void args_done(struct args *a);
/* The last use of an option, or NULL. */
const struct opt_use *args_use(const struct args *a, enum opt_id id);
bool args_flag(const struct args *a, enum opt_id id);
const char *args_text(const struct args *a, enum opt_id id);

/* The name of the nearest of `names` (NULL-terminated) for a "did you mean", or NULL when none is near. */
const char *args_nearest(const char *word, size_t n, const char *const *names);
