/* Asking the daemon. SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/client.h"
#include "cli/remote.h"
#include "cli/run.h"

/* Columns of the rows to come, and where the rows go. */
struct collecting {
	struct report *a;
	int (*each)(void *ctx, const struct row *row); /* NULL: into the answer */
	void *ctx;
	char names[QUERY_COLUMNS][64];
	size_t n;
};

static void name_copy(char ret[64], struct span s)
{
	snprintf(ret, 64, "%.*s", (int)(s.n < 63 ? s.n : 63), s.p ? (const char *)s.p : "");
}

static int on_cols(void *ctx, const struct span *names, size_t n)
{
	struct collecting *c = ctx;
	c->n = n < QUERY_COLUMNS ? n : QUERY_COLUMNS;
	for (size_t i = 0; i < c->n; i++)
		name_copy(c->names[i], names[i]);
	return 0;
}

static int on_row(void *ctx, const struct val *cells, size_t n)
{
	struct collecting *c = ctx;
	struct row row = {.n = n < c->n ? n : c->n};
	for (size_t i = 0; i < row.n; i++)
		row.f[i] = (struct field){c->names[i], cells[i]};
	if (c->each)
		return c->each(c->ctx, &row);
	report_add(c->a, &row);
	return 0;
}

static int on_dump(void *ctx, const struct span *names, const struct val *cells, size_t n)
{
	struct collecting *c = ctx;
	char copies[QUERY_COLUMNS][64];
	struct row row = {.n = n < QUERY_COLUMNS ? n : QUERY_COLUMNS};
	for (size_t i = 0; i < row.n; i++) {
		name_copy(copies[i], names[i]);
		row.f[i] = (struct field){copies[i], cells[i]};
	}
	struct row_sink s = report_sink(c->a);
	return s.dump(s.ctx, &row);
}

static int on_note(void *ctx, struct span text)
{
	struct collecting *c = ctx;
	_cleanup_free_ char *s = xstrndup((const char *)text.p, text.n);
	report_note(c->a, s);
	return 0;
}

static void on_done(void *ctx, int status, struct span text)
{
	struct collecting *c = ctx;
	c->a->status = status;
	free(c->a->text);
	c->a->text = text.n ? xstrndup((const char *)text.p, text.n) : NULL;
}

/* "cannot reach hdad ...": the one line of a dead daemon. What files can answer is said of commands that take files. */
static int unreachable(const struct cli *cli, const struct client *c, int err)
{
	if (err == -ENOENT || err == -ECONNREFUSED)
		return cli_fail(CLI_UNREACHABLE, "cannot reach hdad at %s: %s. Start it: systemctl start hdad%s", c->path,
		    err == -ENOENT ? "no such file" : "nobody listens",
		    cli->cmd->where == WHERE_QUERY || cli->cmd->where == WHERE_LOCAL ? ".  Without a daemon: hdactl -f DIR ..." : "");
	return cli_fail(
	    err == HDA_EREFUSED || err == HDA_EVERSION ? CLI_REFUSED : CLI_UNREACHABLE, "%s", c->text[0] ? c->text : hda_strerror(err));
}

static void request_init(struct msg_request *m, const char *cmd, const struct query_args *args)
{
	memset(m, 0, sizeof(*m));
	snprintf(m->cmd, sizeof(m->cmd), "%s", cmd);
	for (size_t i = 0; i < args->n && m->n < REQUEST_ARGS; i++) {
		snprintf(m->a[m->n].name, sizeof(m->a[m->n].name), "%s", args->a[i].name);
		m->a[m->n++].v = args->a[i].v;
	}
}

static int ask_on(const struct cli *cli, bool control, const char *cmd, const struct query_args *args, struct report *a, int timeout_ms,
    int (*each)(void *ctx, const struct row *row), void *ctx)
{
	struct client c;
	struct msg_request m;
	struct collecting col = {.a = a, .each = each, .ctx = ctx};
	struct client_sink sink = {&col, on_cols, on_row, on_dump, on_note, on_done};
	client_init(&c);
	int err = client_open(&c, cli->runtime_dir, control ? "control" : "query", ROLE_QUERY), code = CLI_DONE;
	/* Wrong usage is that whether or not there is somebody to say so. */
	if (err < 0 && (code = files_check(cli, cmd, args)) == CLI_DONE)
		code = unreachable(cli, &c, err);
	if (code == CLI_DONE) {
		if (timeout_ms)
			c.timeout_ms = timeout_ms;
		request_init(&m, cmd, args);
		int r = client_request(&c, &m, &sink);
		if (r < 0)
			code = cli_fail(r == HDA_EREFUSED ? CLI_REFUSED : CLI_UNREACHABLE, "%s", c.text[0] ? c.text : hda_strerror(r));
	}
	client_close(&c);
	return code;
}

int remote_ask_each(const struct cli *cli, const char *cmd, const struct query_args *args, struct report *a, int timeout_ms,
    int (*each)(void *ctx, const struct row *row), void *ctx)
{
	return ask_on(cli, cli->cmd->where == WHERE_CONTROL, cmd, args, a, timeout_ms, each, ctx);
}

int remote_ask_control(const struct cli *cli, const char *cmd, const struct query_args *args, struct report *a)
{
	return ask_on(cli, true, cmd, args, a, 0, NULL, NULL);
}

/* A dump that is waited for and a backup take as long as they take. */
enum { LONG_TIMEOUT_MS = 3600 * 1000 };

int remote_ask(const struct cli *cli, const char *cmd, const struct query_args *args, struct report *a)
{
	return remote_ask_each(cli, cmd, args, a, cli->cmd->where == WHERE_CONTROL ? LONG_TIMEOUT_MS : 0, NULL, NULL);
}
