/* The command line of hdactl. SPDX-License-Identifier: BSD-2-Clause
 *
 * Not getopt_long: options come from the same rows as the help and the manual, and a wrong one gets a hint. */
#include "cli/args.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static const struct opt rows[] = {
#define G(id, name, letter, kind, placeholder, text) {OPT_ID_##id, name, letter, OPT_##kind, placeholder, text, true},
#define X(id, name, letter, kind, placeholder, text) {OPT_ID_##id, name, letter, OPT_##kind, placeholder, text, false},
#include "cli/options.def"
#undef X
};

const struct opt *opt_get(enum opt_id id)
{
	return &rows[id];
}

const struct opt *opt_find(const char *name, size_t n)
{
	for (size_t i = 0; i < OPT_IDS; i++)
		if (strlen(rows[i].name) == n && memcmp(rows[i].name, name, n) == 0)
			return &rows[i];
	return NULL;
}

static const struct opt *find_letter(char c)
{
	for (size_t i = 0; i < OPT_IDS; i++)
		if (rows[i].letter == c)
			return &rows[i];
	return NULL;
}

/* Longest word that hints are sought for. */
enum { NEAR_MAX = 32 };

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

/* Edits that make b of a: a letter more, less or another, or two neighbours swapped (F. Damerau, 1964; optimal string alignment). */
static size_t distance(const char *a, size_t na, const char *b)
{
	size_t nb = strlen(b), d[NEAR_MAX + 1][NEAR_MAX + 1];
	for (size_t i = 0; i <= na; i++)
		d[i][0] = i;
	for (size_t j = 0; j <= nb; j++)
		d[0][j] = j;
	for (size_t i = 1; i <= na; i++) {
		for (size_t j = 1; j <= nb; j++) {
			d[i][j] = least(d[i - 1][j - 1] + (a[i - 1] != b[j - 1]), least(d[i - 1][j], d[i][j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
		}
	}
	return d[na][nb];
}

const char *args_nearest(const char *word, size_t n, const char *const *names)
{
	const char *best = NULL;
	size_t best_d = n < 4 ? 2 : 3; /* two edits at most, in a short word one */
	if (!n || n > NEAR_MAX)
		return NULL;
	for (; *names; names++) {
		if (strlen(*names) > NEAR_MAX)
			continue;
		size_t d = distance(word, n, *names);
		if (d < best_d) {
			best_d = d;
			best = *names;
		}
	}
	return best;
}

static int unknown(const char *word, size_t n, char **ret_why)
{
	const char *names[OPT_IDS + 1] = {NULL};
	for (size_t i = 0; i < OPT_IDS; i++)
		names[i] = rows[i].name;
	const char *hint = args_nearest(word, n, names);
	*ret_why = hint ? xasprintf("unknown option --%.*s; did you mean --%s?", (int)n, word, hint)
	                : xasprintf("unknown option --%.*s; see hdactl --help", (int)n, word);
	return HDA_EUSAGE;
}

static int add_use(struct args *a, const struct opt *o, const char *value, char **ret_why)
{
	struct opt_use use = {.opt = o, .text = value};
	if (o->kind == OPT_UINT) {
		char *end;
		errno = 0;
		use.number = strtoull(value, &end, 10);
		/* strtoull takes a sign and blanks. */
		if (errno || end == value || *end || *value < '0' || *value > '9') {
			*ret_why = xasprintf("--%s: \"%s\" is no number", o->name, value);
			return HDA_EUSAGE;
		}
	}
	a->uses = xgrow(a->uses, a->nuses, &a->uses_cap, sizeof(*a->uses));
	a->uses[a->nuses++] = use;
	return 0;
}

static void add_word(struct args *a, const char *word)
{
	a->words = xgrow(a->words, a->nwords, &a->words_cap, sizeof(*a->words));
	a->words[a->nwords++] = word;
}

/* --name, --name=value, --name value; *i moves on over a value. */
static int parse_long(struct args *a, int argc, char *const *argv, int *i, char **ret_why)
{
	const char *name = argv[*i] + 2, *value = strchr(name, '=');
	size_t n = value ? (size_t)(value - name) : strlen(name);
	const struct opt *o = opt_find(name, n);
	if (!o)
		return unknown(name, n, ret_why);
	if (o->kind == OPT_FLAG) {
		if (value) {
			*ret_why = xasprintf("--%s takes no value", o->name);
			return HDA_EUSAGE;
		}
		return add_use(a, o, NULL, ret_why);
	}
	if (value)
		value++;
	else if (*i + 1 < argc)
		value = argv[++*i];
	if (!value || !*value) {
		*ret_why = xasprintf("--%s needs %s", o->name, o->placeholder);
		return HDA_EUSAGE;
	}
	return add_use(a, o, value, ret_why);
}

/* -h, -n3, -n 3; flags may be written together. */
static int parse_short(struct args *a, int argc, char *const *argv, int *i, char **ret_why)
{
	for (const char *p = argv[*i] + 1; *p; p++) {
		const struct opt *o = find_letter(*p);
		if (!o) {
			*ret_why = xasprintf("unknown option -%c; see hdactl --help", *p > ' ' && *p < 0x7f ? *p : '?');
			return HDA_EUSAGE;
		}
		if (o->kind == OPT_FLAG) {
			int r = add_use(a, o, NULL, ret_why);
			if (r < 0)
				return r;
			continue;
		}
		const char *value = p[1] ? p + 1 : *i + 1 < argc ? argv[++*i] : NULL;
		if (!value || !*value) {
			*ret_why = xasprintf("-%c needs %s", o->letter, o->placeholder);
			return HDA_EUSAGE;
		}
		return add_use(a, o, value, ret_why);
	}
	return 0;
}

int args_parse(struct args *a, int argc, char *const *argv, char **ret_why)
{
	memset(a, 0, sizeof(*a));
	bool options = true;
	for (int i = 1; i < argc; i++) {
		const char *arg = argv[i];
		int r = 0;
		if (options && strcmp(arg, "--") == 0)
			options = false;
		else if (options && strncmp(arg, "--", 2) == 0)
			r = parse_long(a, argc, argv, &i, ret_why);
		else if (options && arg[0] == '-' && arg[1])
			r = parse_short(a, argc, argv, &i, ret_why);
		else
			add_word(a, arg);
		if (r < 0)
			return r;
	}
	return 0;
}

void args_done(struct args *a)
{
	free(a->uses);
	free(a->words);
	memset(a, 0, sizeof(*a));
}

const struct opt_use *args_use(const struct args *a, enum opt_id id)
{
	for (size_t i = a->nuses; i-- > 0;)
		if (a->uses[i].opt->id == id)
			return &a->uses[i];
	return NULL;
}

bool args_flag(const struct args *a, enum opt_id id)
{
	return args_use(a, id) != NULL;
}

const char *args_text(const struct args *a, enum opt_id id)
{
	const struct opt_use *u = args_use(a, id);
	return u ? u->text : NULL;
}
