/* hdactl holders: a tree, folded stacks, Graphviz. SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/run.h"
#include "cli/text.h"

enum { DEPTH_MAX = 256 }; /* deeper steps hang at this depth */

static size_t depth_of(const struct report_row *row, size_t base)
{
	double d = report_num(row, "depth");
	size_t n = d > (double)base ? (size_t)d - base : 0;
	return n < DEPTH_MAX ? n : DEPTH_MAX - 1;
}

/* The depth of the shallowest row. */
static size_t base_of(const struct report *a)
{
	double base = INFINITY;
	for (size_t i = 0; i < a->nrows; i++)
		base = fmin(base, report_num(&a->rows[i], "depth"));
	return isfinite(base) ? (size_t)base : 0;
}

static const char *name_of(const struct report_row *row)
{
	const char *s = report_str(row, "name");
	return s ? s : "(unknown)";
}

/* Renames "name" to "tree" with the branches before it. Backwards, so that each row knows what follows it: open[d] says that a
 * later row hangs at depth d of the same branch. */
static void draw_tree(struct report *a, bool utf8)
{
	bool open[DEPTH_MAX] = {false};
	size_t base = base_of(a);
	for (size_t i = a->nrows; i-- > 0;) {
		struct report_row *row = &a->rows[i];
		size_t d = depth_of(row, base), n = 0;
		char line[DEPTH_MAX * 4 + 1];
		for (size_t k = 1; k <= d; k++) {
			bool more = open[k];
			const char *mark = k < d ? (more ? (utf8 ? "│ " : "| ") : "  ") : more ? (utf8 ? "├ " : "+ ") : utf8 ? "└ " : "` ";
			n += (size_t)snprintf(line + n, sizeof(line) - n, "%s", mark);
			n = n < sizeof(line) ? n : sizeof(line) - 1;
		}
		line[n] = '\0';
		memset(open + d + 1, 0, (DEPTH_MAX - d - 1) * sizeof(*open));
		open[d] = true;
		_cleanup_free_ char *text = xasprintf("%s%s", line, name_of(row));
		for (size_t k = 0; k < row->n; k++)
			if (strcmp(row->f[k].name, "name") == 0)
				row->f[k] = (struct field){"tree", val_str(arena_copy(&a->mem, text, strlen(text)))};
	}
}

/* root;step;step BYTES: the bytes that objects of this path have themselves. */
static void print_folded(const struct report *a)
{
	char *path[DEPTH_MAX] = {NULL};
	size_t base = base_of(a);
	for (size_t i = 0; i < a->nrows; i++) {
		size_t d = depth_of(&a->rows[i], base);
		free(path[d]);
		path[d] = text_safe(span_of(name_of(&a->rows[i])));
		for (char *c = path[d]; *c; c++)
			*c = *c == ';' ? ':' : *c;
		double own = report_num(&a->rows[i], "bytes");
		if (!(own > 0))
			continue;
		for (size_t k = 0; k <= d; k++)
			printf("%s%s", k ? ";" : "", path[k] ? path[k] : "?");
		printf(" %.0f\n", own);
	}
	for (size_t k = 0; k < DEPTH_MAX; k++)
		free(path[k]);
}

/* A box a row, the darker the more of the heap it retains; roots are round. */
static void print_node(const struct cli *cli, const struct report_row *row, size_t i, bool root)
{
	_cleanup_free_ char *name = text_safe(span_of(name_of(row)));
	_cleanup_free_ char *retained = table_cell(&cli->style, row, "retained");
	_cleanup_free_ char *share = table_cell(&cli->style, row, "share");
	_cleanup_free_ char *count = table_cell(&cli->style, row, root ? "retained_objects" : "count");
	double part = fmin(fmax(report_num(row, "share"), 0), 1);
	printf("\tn%zu [label=\"", i);
	for (const char *c = name; *c; c++)
		printf(*c == '"' || *c == '\\' ? "\\%c" : "%c", *c);
	printf(root ? "\\n%s, %s of the heap\\n%s object%s" : "\\nretains %s, %s of the heap\\n%s object%s", retained, share, count,
	    strcmp(count, "1") == 0 ? "" : "s");
	printf("\", style=filled, fillcolor=\"0.08 %.2f 1.0\"%s];\n", part > 0 ? sqrt(part) * 0.7 : 0, root ? ", shape=ellipse" : "");
}

static void print_dot(const struct cli *cli, const struct report *a)
{
	size_t at[DEPTH_MAX], base = base_of(a);
	bool has[DEPTH_MAX] = {false};
	puts("digraph hda {\n\trankdir=LR;\n\tnode [shape=box, fontname=\"sans-serif\"];");
	for (size_t i = 0; i < a->nrows; i++) {
		size_t d = depth_of(&a->rows[i], base);
		print_node(cli, &a->rows[i], i, d == 0);
		if (d && has[d - 1])
			printf("\tn%zu -> n%zu;\n", at[d - 1], i);
		at[d] = i;
		has[d] = true;
		memset(has + d + 1, 0, (DEPTH_MAX - d - 1) * sizeof(*has));
	}
	puts("}");
}

int run_holders(struct cli *cli)
{
	struct report a = {0};
	struct query_args q;
	_cleanup_free_ char *why = NULL;
	bool folded = args_flag(cli->args, OPT_ID_FOLDED), dot = args_flag(cli->args, OPT_ID_DOT);
	if (cli_request_args(cli, &q, &why) < 0)
		return cli_fail(CLI_USAGE, "%s", why);
	if (folded + dot + cli->json > 1)
		return cli_fail(CLI_USAGE, "only one of --folded, --dot and --json");
	if (folded && q.n + 2 <= QUERY_ARGS) {
		/* A flame graph wants the whole tree. */
		if (!args_flag(cli->args, OPT_ID_N))
			q.a[q.n++] = (struct query_arg){"n", val_uint(0)};
		if (!args_flag(cli->args, OPT_ID_DEPTH))
			q.a[q.n++] = (struct query_arg){"depth", val_uint(0)};
	}
	int r = cli_ask(cli, "holders", &q, &a);
	if (r == CLI_DONE && (r = cli_outcome(cli, &a)) == CLI_DONE) {
		if (folded) {
			print_folded(&a);
		} else if (dot) {
			print_dot(cli, &a);
		} else {
			if (!cli->json)
				draw_tree(&a, cli->style.utf8);
			struct command c = *cli->cmd;
			c.columns = "retained retained_objects:OBJECTS count bytes share tree";
			struct cli here = *cli;
			here.cmd = &c;
			cli_print(&here, &a);
		}
	}
	report_done(&a);
	return r;
}
