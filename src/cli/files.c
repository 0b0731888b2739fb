/* Dump files in place of a daemon: -f. SPDX-License-Identifier: BSD-2-Clause
 *
 * Each file goes through the pipeline into a store in RAM; the same queries then answer as in hdad. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/human.h"
#include "cli/input.h"
#include "cli/reader.h"
#include "cli/run.h"
#include "daemon/host.h"
#include "hda/protocol.h"
#include "query/census.h"
#include "store/store.h"

/* Files that are read, and what came of them. */
struct reading {
	const struct cli *cli;
	struct store *store;
	struct query_census *census;  /* NULL unless diff needs it */
	const uint64_t *address;      /* NULL unless path asks for one: address_buf */
	uint64_t address_buf;
	struct input_list list;
	struct query_trail *trails;
	size_t ntrails, cap_trails;
	struct input_name over;       /* --pid, --time, --counter */
	bool lists;                   /* the report is about processes, not one dump */
	size_t good;
	struct source { uint64_t dump; const char *path; } *sources; /* which file is which dump; paths are the list's */
	size_t nsources, cap_sources;
};

static uint32_t slot_key(void *ctx, uint32_t slot)
{
	return pipeline_slot_key(ctx, slot);
}

static void keep(struct reading *r, struct reader_dump *d)
{
	const char *path = d->file->path;
	struct store_wtxn *w;
	uint64_t dump = 0;
	int err = store_wtxn_begin(r->store, &w);
	if (err >= 0) {
		err = store_wtxn_put(w, d->sum, &dump);
		int done = store_wtxn_commit(w);
		err = err < 0 ? err : done;
	}
	if (err >= 0 && d->census)
		query_census_put(r->census, dump, d->census, slot_key, d->pipeline);
	else
		census_dump_free(d->census);
	if (err >= 0) {
		r->sources = xgrow(r->sources, r->nsources, &r->cap_sources, sizeof(*r->sources));
		r->sources[r->nsources++] = (struct source){dump, path};
	}
	if (err >= 0 && r->address) {
		r->trails = xgrow(r->trails, r->ntrails, &r->cap_trails, sizeof(*r->trails));
		r->trails[r->ntrails++] = (struct query_trail){dump, pipeline_take_trail(d->pipeline)};
	}
	if (err == HDA_EEXISTS)
		cli_fail(0, "%s: the same dump as an earlier file, read once", path);
	else if (err < 0)
		cli_fail(0, "%s: %s", path, hda_strerror(err));
	if (err >= 0 || err == HDA_EEXISTS)
		r->good++;
	summary_free(d->sum);
}

/* One file, in its turn. */
static void take(void *ctx, struct reader_dump *d)
{
	if (d->why)
		cli_fail(0, "%s", d->why);
	if (d->sum)
		keep(ctx, d);
}

/* --pid, --time and --counter. The exit code of what is wrong with them. */
static int overrides(struct reading *r, size_t nfiles)
{
	const struct args *a = r->cli->args;
	const struct opt_use *pid = args_use(a, OPT_ID_PID), *jobs = args_use(a, OPT_ID_COUNTER);
	const char *when = args_text(a, OPT_ID_TIME);
	double t;
	r->over = (struct input_name){HEADER_UNKNOWN, HEADER_UNKNOWN, HEADER_UNKNOWN};
	if ((when || jobs) && nfiles > 1)
		return cli_fail(CLI_USAGE, "--time and --counter are for one file; there are %zu", nfiles);
	if (when && human_parse_time(when, &t) < 0)
		return cli_fail(CLI_USAGE, "--time: \"%s\" is no time: unix seconds or \"YYYY-MM-DD HH:MM:SS\"", when);
	r->over.time = when ? (uint64_t)t : HEADER_UNKNOWN;
	r->over.pid = pid ? pid->number : HEADER_UNKNOWN;
	r->over.jobs = jobs ? jobs->number : HEADER_UNKNOWN;
	return CLI_DONE;
}

static int read_all(struct reading *r, struct input_list *l)
{
	int code = overrides(r, l->nfiles);
	if (code != CLI_DONE)
		return code;
	if (l->nskips > 1)
		cli_fail(0, "%s: skipped: %s; so were %zu more", l->skips[0].path, l->skips[0].why, l->nskips - 1);
	else if (l->nskips)
		cli_fail(0, "%s: skipped: %s", l->skips[0].path, l->skips[0].why);
	struct reader_opts o = {
	    .pipeline = {.graph = !args_flag(r->cli->args, OPT_ID_NO_GRAPH), .graph_memory = host_memory() / 2, .trail = r->address != NULL,
	        .trail_addr = r->address ? *r->address : 0},
	    .census = r->census != NULL,
	    .over = r->over,
	    /* --pid picks a process, and names files that say none; a single file that a report is about it names in any case. */
	    .pid_of_name = r->lists || l->nfiles > 1,
	};
	o.pipeline.scan.hash_values = o.pipeline.scan.want_refs = true;
	store_secret(r->store, o.pipeline.scan.hash_key);
	reader_run(l, &o, take, r);
	return r->good ? CLI_DONE : cli_fail(CLI_BAD_INPUT, "no dump could be read");
}

static int find_all(const struct cli *cli, struct input_list *l)
{
	for (size_t i = 0; i < cli->args->nuses; i++) {
		_cleanup_free_ char *why = NULL;
		if (cli->args->uses[i].opt->id != OPT_ID_FILE)
			continue;
		int err = input_list_add(l, cli->args->uses[i].text, &why);
		if (err < 0)
			cli_fail(0, "%s", why ? why : hda_strerror(err));
	}
	input_list_sort(l);
	return CLI_DONE;
}

/* --- which file a dump is --- */

struct naming {
	const struct reading *r;
	struct row_sink to;
};

static const char *source_of(const struct reading *r, uint64_t dump)
{
	for (size_t i = 0; i < r->nsources; i++)
		if (r->sources[i].dump == dump)
			return r->sources[i].path;
	return NULL;
}

/* A row of `dumps` with the file that it came from: the store does not know it, the person with a folder wants it. */
static int name_row(void *ctx, const struct row *row)
{
	struct naming *n = ctx;
	struct row with = *row;
	const char *path = NULL;
	for (size_t i = 0; i < with.n; i++) {
		if (strcmp(with.f[i].name, "dump") == 0 && with.f[i].v.kind == VAL_UINT)
			path = source_of(n->r, with.f[i].v.u);
		else if (path && strcmp(with.f[i].name, "source") == 0)
			with.f[i].v = (struct val){.kind = VAL_STR, .s = span_of(path)};
	}
	return n->to.row(n->to.ctx, &with);
}

static int name_dump(void *ctx, const struct row *row) { return ((struct naming *)ctx)->to.dump(((struct naming *)ctx)->to.ctx, row); }
static void name_note(void *ctx, const char *text) { ((struct naming *)ctx)->to.note(((struct naming *)ctx)->to.ctx, text); }

/* With its fraction: a file written this second is not from the future. */
static double now(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_REALTIME, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

void files_answer(const struct reading *r, const char *cmd, const struct query_args *args, struct report *a)
{
	struct naming n = {.r = r, .to = report_sink(a)};
	struct row_sink named = {.ctx = &n, .row = name_row, .dump = name_dump, .note = name_note};
	struct query_ctx q = {.store = r->store, .now = now(), .files = true, .census = r->census,
	    .trails = r->trails, .ntrails = r->ntrails};
	a->status = query_dispatch(&q, cmd, args, strcmp(cmd, "dumps") == 0 ? &named : &n.to, &a->text);
}

/* The address that path asks for. */
static const uint64_t *address_of(const char *cmd, const struct query_args *args, uint64_t *buf)
{
	for (size_t i = 0; strcmp(cmd, "path") == 0 && i < args->n; i++)
		if (strcmp(args->a[i].name, "address") == 0 && query_address(&args->a[i].v, buf))
			return buf;
	return NULL;
}

void files_close(struct reading *r)
{
	input_list_done(&r->list);
	for (size_t i = 0; i < r->ntrails; i++)
		graph_trail_free(r->trails[i].trail);
	free(r->trails);
	free(r->sources);
	query_census_free(r->census);
	store_close(r->store);
	free(r);
}

/* What the command needs beside summaries is found out before the files are read. */
static void needs_of(struct reading *r, const char *cmd, const struct query_args *args)
{
	static const char *const by_pid[] = {"ps", "dumps", "trend", "leaks"};
	r->address = address_of(cmd, args, &r->address_buf);
	for (size_t i = 0; i < sizeof(by_pid) / sizeof(by_pid[0]); i++)
		r->lists |= strcmp(cmd, by_pid[i]) == 0;
	if (strcmp(cmd, "diff") == 0)
		r->census = query_census_new();
}

/* The same question of an empty store: what is wrong with it by itself is told before gigabytes are read. */
static int check(const struct reading *r, const char *cmd, const struct query_args *args)
{
	struct report a = {0};
	files_answer(r, cmd, args, &a);
	int code = a.status == HDA_STATUS_ARGUMENT ? cli_fail(CLI_USAGE, "%s", a.text) : CLI_DONE;
	report_done(&a);
	return code;
}

int files_check(const struct cli *cli, const char *cmd, const struct query_args *args)
{
	struct reading r = {.cli = cli};
	if (!query_find(cmd) || store_open(&r.store, &(struct store_opts){0}, NULL) < 0)
		return CLI_DONE;
	int code = check(&r, cmd, args);
	store_close(r.store);
	return code;
}

int files_open(const struct cli *cli, const char *cmd, const struct query_args *args, struct reading **ret)
{
	_cleanup_free_ char *why = NULL;
	struct reading *r = xcalloc(1, sizeof(*r));
	r->cli = cli;
	int err = store_open(&r->store, &(struct store_opts){0}, &why);
	if (err < 0) {
		free(r);
		return cli_fail(CLI_REFUSED, "%s", why ? why : hda_strerror(err));
	}
	needs_of(r, cmd, args);
	int code = check(r, cmd, args);
	if (code == CLI_DONE) {
		find_all(cli, &r->list);
		code = read_all(r, &r->list);
	}
	if (code == CLI_DONE)
		*ret = r;
	else
		files_close(r);
	return code;
}

int files_ask(const struct cli *cli, const char *cmd, const struct query_args *args, struct report *a)
{
	struct reading *r;
	int code = files_open(cli, cmd, args, &r);
	if (code == CLI_DONE) {
		files_answer(r, cmd, args, a);
		files_close(r);
	}
	return code;
}
