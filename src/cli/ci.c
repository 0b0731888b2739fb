/* hdactl leaks --ci: what leaks now and did not when the baseline was saved. SPDX-License-Identifier: BSD-2-Clause
 *
 * Leaks are told apart by their ids, which stay the same when lines move, on another host and in another release. A row of the baseline
 * holds an id when it was a leak or a suspect then; an acknowledged leak is known, too. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/human.h"
#include "cli/jsonin.h"
#include "cli/leaks.h"
#include "cli/text.h"

enum verdict_ci { CI_NEW, CI_KNOWN, CI_GONE };
static const char *const words[] = {"new", "known", "gone"};

static bool is_labelled(const struct report_row *row, const char *label)
{
	const char *s = report_str(row, "label");
	return s && strcmp(s, label) == 0;
}

/* Some row of this id is a leak, or (suspects) may be one. */
static bool holds(const struct report *a, const char *id, bool suspects)
{
	for (size_t i = 0; i < a->nrows; i++) {
		const char *s = report_str(&a->rows[i], "id");
		if (s && strcmp(s, id) == 0 && (is_labelled(&a->rows[i], "leak") || (suspects && is_labelled(&a->rows[i], "suspect"))))
			return true;
	}
	return false;
}

/* The whole file, *ret_n bytes; NULL when it cannot be read, errno says why. The caller frees. */
static uint8_t *slurp(const char *path, size_t *ret_n)
{
	FILE *f = fopen(path, "re");
	uint8_t *p = NULL;
	size_t n = 0, cap = 0;
	if (!f)
		return NULL;
	for (;;) {
		if (cap - n < 4096) {
			cap = cap ? 2 * cap : 65536;
			p = xreallocarray(p, cap, 1);
		}
		size_t got = fread(p + n, 1, cap - n, f);
		n += got;
		if (got == 0 || n > JSONIN_MAX)
			break;
	}
	bool bad = ferror(f);
	if (n > JSONIN_MAX)
		errno = EFBIG;
	fclose(f);
	*ret_n = n;
	if (!bad && n <= JSONIN_MAX)
		return p;
	free(p);
	return NULL;
}

static int baseline(const char *path, struct report *ret)
{
	_cleanup_free_ char *why = NULL;
	size_t n = 0;
	_cleanup_free_ uint8_t *p = slurp(path, &n);
	if (!p)
		return cli_fail(CLI_BAD_INPUT, "%s: %s. Save one: hdactl leaks --json > %s", path, strerror(errno), path);
	int err = jsonin_report((struct span){p, n}, "leaks", ret, &why);
	return err < 0 ? cli_fail(CLI_BAD_INPUT, "%s is no baseline: %s. Save one: hdactl leaks --json > %s", path, why, path) : CLI_DONE;
}

/* What is compared, row by row; said is of ids that were said already. */
struct compared {
	const struct cli *cli;
	const struct report *was, *now;
	struct report out;        /* rows for --json */
	size_t n[3];
};

static bool is_said(const struct compared *c, const char *id)
{
	for (size_t i = 0; i < c->out.nrows; i++) {
		const char *s = report_str(&c->out.rows[i], "id");
		if (s && strcmp(s, id) == 0)
			return true;
	}
	return false;
}

static void print_row(const struct compared *c, const struct report_row *row, enum verdict_ci v)
{
	if (v == CI_NEW) {
		printf("NEW   ");
		leaks_line(c->cli, row);
		putchar('\n');
		return;
	}
	const char *label = report_str(row, "class"), *holder = report_str(row, "holder"), *id = report_str(row, "id");
	_cleanup_free_ char *site = report_str(row, "file") ? table_cell(&c->cli->style, row, "site") : NULL;
	_cleanup_free_ char *klass = text_safe(span_of(label ? label : "")), *by = text_safe(span_of(holder ? holder : "")),
	                    *safe = text_safe(span_of(id));
	printf("%-5s %s  %s%s%s%s%s\n", words[v], safe, site ? site : "", site ? "   " : "", by, *by ? "   " : "", klass);
}

static void say(struct compared *c, const struct report_row *row, enum verdict_ci v)
{
	const char *id = report_str(row, "id");
	if (!id || is_said(c, id))
		return;
	struct row out = {.n = 0};
	out.f[out.n++] = (struct field){"ci", val_str(words[v])};
	for (size_t i = 0; i < row->n && out.n < QUERY_COLUMNS; i++) {
		if (strcmp(row->f[i].name, "ci") != 0)
			out.f[out.n++] = row->f[i];
	}
	report_add(&c->out, &out);
	c->n[v]++;
	if (!c->cli->json)
		print_row(c, row, v);
}

static void compare(struct compared *c)
{
	for (int pass = CI_NEW; pass <= CI_KNOWN; pass++) {
		for (size_t i = 0; i < c->now->nrows; i++) {
			const struct report_row *row = &c->now->rows[i];
			const char *id = report_str(row, "id");
			if (!id || !is_labelled(row, "leak"))
				continue;
			bool known = holds(c->was, id, true) || report_num(row, "acknowledged") > 0;
			if (known == (pass == CI_KNOWN))
				say(c, row, (enum verdict_ci)pass);
		}
	}
	for (size_t i = 0; i < c->was->nrows; i++) {
		const char *id = report_str(&c->was->rows[i], "id");
		if (id && is_labelled(&c->was->rows[i], "leak") && !holds(c->now, id, true))
			say(c, &c->was->rows[i], CI_GONE);
	}
}

static int check(const struct cli *cli)
{
	static const enum opt_id others[] = {OPT_ID_EXPLAIN, OPT_ID_ACK, OPT_ID_UNACK, OPT_ID_LABEL};
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (args_flag(cli->args, others[i]))
			return cli_fail(CLI_USAGE, "leaks --ci does not go with --%s", opt_get(others[i])->name);
	}
	return CLI_DONE;
}

int leaks_ci(struct cli *cli)
{
	const char *path = args_text(cli->args, OPT_ID_CI);
	struct report was = {0}, now = {0};
	struct compared c = {.cli = cli, .was = &was, .now = &now};
	int code = check(cli);
	if (code == CLI_DONE)
		code = baseline(path, &was);
	if (code == CLI_DONE)
		code = cli_ask_report(cli, &now);
	if (code == CLI_DONE) {
		compare(&c);
		if (cli->json)
			cli_print(cli, &c.out);
		_cleanup_free_ char *safe = text_safe(span_of(path));
		fprintf(cli->json ? stderr : stdout, "%zu new leak%s, %zu known, %zu gone, against %s\n", c.n[CI_NEW], c.n[CI_NEW] == 1 ? "" : "s",
		    c.n[CI_KNOWN], c.n[CI_GONE], safe);
		cli_print_notes(cli, &now);
		code = c.n[CI_NEW] ? CLI_NOTHING : CLI_DONE;
	}
	report_done(&was);
	report_done(&now);
	report_done(&c.out);
	return code;
}
