/* dumps: what each process has sent. SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "query/commands.h"
#include "query/run.h"

/* What a person should know about a dump, "" when nothing. */
static void remark(const struct store_dump *d, const struct store_dump *before, char *buf, size_t n)
{
	size_t k = 0;
	buf[0] = '\0';
	if (d->partial)
		k += (size_t)snprintf(buf + k, n - k, "partial ");
	if (d->since)
		k += (size_t)snprintf(buf + k, n - k, "no roots ");
	if (d->thinned)
		k += (size_t)snprintf(buf + k, n - k, "thinned ");
	if (d->time_from_mtime)
		k += (size_t)snprintf(buf + k, n - k, "time of file ");
	if (before && d->compact_count != HEADER_UNKNOWN && before->compact_count != HEADER_UNKNOWN && d->compact_count > before->compact_count)
		k += (size_t)snprintf(buf + k, n - k, "compacted since %llu ", (unsigned long long)before->dump);
	if (k)
		buf[k - 1] = '\0';
}

static bool say(struct query_run *r, const struct store_dump *d, const struct store_dump *before)
{
	char note[160];
	struct row row = {.n = 0};
	remark(d, before, note, sizeof(note));
	row_uint(&row, "dump", d->dump);
	row_pid(&row, "pid", d->pid);
	row_pid(&row, "host_pid", d->host_pid);
	row_uint(&row, "counter", d->jobs);
	row_time(&row, "time", d->time);
	row_real(&row, "took_s", d->took_s);
	row_uint(&row, "objects", d->objects);
	row_uint(&row, "bytes", d->bytes);
	row_uint(&row, "garbage_bytes", d->garbage_bytes);
	row_uint(&row, "rss", d->rss);
	row_cstr(&row, "ruby", d->ruby);
	row_bool(&row, "traced", d->traced);
	row_bool(&row, "partial", d->partial);
	row_bool(&row, "full", d->full);
	row_bool(&row, "graph", d->has_graph);
	row_bool(&row, "thinned", d->thinned);
	row_uint(&row, "roots", d->roots);
	row_uint(&row, "edges", d->edges);
	row_uint(&row, "bad_lines", d->bad_lines);
	row_uint(&row, "input_bytes", d->input_bytes);
	row_cstr(&row, "note", note);
	row_null(&row, "source"); /* hdactl -f fills it in */
	return run_row(r, &row);
}

/* The dumps of one process in their order; each knows the whole one before it. */
static bool process(struct query_run *r, const struct store_proc *p, bool all, uint64_t *hidden)
{
	_cleanup_free_ struct store_dump *d = NULL;
	size_t n = 0;
	int err = store_rtxn_dumps(r->txn, p->proc, &d, &n);
	if (err < 0) {
		run_store_fail(r, err);
		return false;
	}
	qsort(d, n, sizeof(*d), dump_order);
	const struct store_dump *before = NULL;
	for (size_t i = 0; i < n; i++) {
		if (d[i].partial && !all) {
			(*hidden)++;
			continue;
		}
		if (!say(r, &d[i], before))
			return false;
		if (!d[i].partial)
			before = &d[i];
	}
	return true;
}

static int run(struct query_run *r)
{
	_cleanup_free_ struct store_proc *p = NULL;
	size_t n = 0;
	uint64_t hidden = 0;
	bool all = arg_flag(r->args, "all");
	if (!run_procs(r, &p, &n))
		return r->status;
	for (size_t i = 0; i < n && process(r, &p[i], all, &hidden); i++)
		continue;
	if (r->rows == 0 && run_ok(r))
		return run_fail(r, HDA_STATUS_NOTHING, "there is no whole dump, but %llu partial: hdactl dumps --all", (unsigned long long)hidden);
	if (hidden)
		run_note(r, "%llu partial dump%s not shown: --all", (unsigned long long)hidden, hidden == 1 ? "" : "s");
	return run_done(r);
}

static const char *const args[] = {"pid", "all", NULL};
const struct query_cmd query_cmd_dumps = {
    .name = "dumps", .summary = "the dumps of each process in their order", .args = args, .run = run};
