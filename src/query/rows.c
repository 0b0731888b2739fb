/* What is said: rows, notes, the dump object, and how an answer ends. SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/mem.h"
#include "query/run.h"

__attribute__((format(printf, 1, 0))) static char *format(const char *fmt, va_list ap)
{
	char *s = NULL;
	if (vasprintf(&s, fmt, ap) < 0)
		s = xstrdup("out of memory");
	return s;
}

int run_fail(struct query_run *r, int status, const char *fmt, ...)
{
	if (r->status)
		return r->status;
	va_list ap;
	va_start(ap, fmt);
	free(r->text);
	r->text = format(fmt, ap);
	va_end(ap);
	r->status = status;
	return status;
}

int run_store_fail(struct query_run *r, int err)
{
	return run_fail(r, HDA_STATUS_INTERNAL, "the store could not be read: %s", hda_strerror(err));
}

bool run_ok(struct query_run *r)
{
	if (r->status)
		return false;
	if (r->q->expired && r->work++ % RUN_CHECK_EVERY == 0 && r->q->expired(r->q->expired_ctx))
		run_fail(r, HDA_STATUS_DEADLINE, "the deadline passed before the answer was whole: ask for less (-n, --last)");
	return r->status == 0;
}

int run_done(struct query_run *r) { return r->status ? r->status : HDA_STATUS_OK; }

bool run_row(struct query_run *r, const struct row *row)
{
	if (!run_ok(r))
		return false;
	if (r->q->row_cap && r->rows >= r->q->row_cap) {
		run_note(r, "%llu rows are the most one answer may have: the rest is not shown", (unsigned long long)r->q->row_cap);
		run_fail(r, HDA_STATUS_OK, "cut at %llu rows", (unsigned long long)r->q->row_cap);
		return false;
	}
	r->rows++;
	if (r->sink->row && r->sink->row(r->sink->ctx, row) != 0)
		run_fail(r, HDA_STATUS_OK, "stopped by the reader");
	return r->status == 0;
}

void run_note(struct query_run *r, const char *fmt, ...)
{
	if (r->status || !r->sink->note)
		return;
	va_list ap;
	va_start(ap, fmt);
	_cleanup_free_ char *s = format(fmt, ap);
	va_end(ap);
	_cleanup_free_ char *whole = r->about ? xasprintf("%s: %s", r->about, s) : NULL;
	r->sink->note(r->sink->ctx, whole ? whole : s);
}

void run_note_cut(struct query_run *r, uint64_t shown, uint64_t all, const char *one, const char *many)
{
	if (shown < all)
		run_note(r, "%llu %s not shown: -n 0 for all", (unsigned long long)(all - shown), all - shown == 1 ? one : many);
}

bool run_dump(struct query_run *r, const struct store_dump *d)
{
	if (!run_ok(r))
		return false;
	struct row row = {.n = 0};
	row_uint(&row, "dump", d->dump);
	row_pid(&row, "pid", d->pid);
	row_uint(&row, "counter", d->jobs);
	row_time(&row, "time", d->time);
	row_cstr(&row, "ruby", d->ruby);
	row_bool(&row, "traced", d->traced);
	row_bool(&row, "partial", d->partial);
	row_uint(&row, "objects", d->objects);
	row_uint(&row, "bytes", d->bytes);
	row_uint(&row, "roots", d->roots);
	row_uint(&row, "edges", d->edges);
	row_uint(&row, "bad_lines", d->bad_lines);
	if (r->sink->dump && r->sink->dump(r->sink->ctx, &row) != 0)
		run_fail(r, HDA_STATUS_OK, "stopped by the reader");
	return r->status == 0;
}

void row_put(struct row *row, const char *name, struct val v)
{
	HDA_ASSERT(row->n < QUERY_COLUMNS);
	row->f[row->n++] = (struct field){name, v};
}

void row_null(struct row *row, const char *name) { row_put(row, name, val_null()); }
void row_bool(struct row *row, const char *name, bool b) { row_put(row, name, val_bool(b)); }
void row_int(struct row *row, const char *name, int64_t i) { row_put(row, name, val_int(i)); }

void row_uint(struct row *row, const char *name, uint64_t u)
{
	row_put(row, name, u == UINT64_MAX ? val_null() : val_uint(u));
}

void row_pid(struct row *row, const char *name, uint64_t pid) { row_uint(row, name, pid ? pid : UINT64_MAX); }

void row_real(struct row *row, const char *name, double d)
{
	row_put(row, name, isfinite(d) ? val_real(d) : val_null());
}

void row_text(struct row *row, const char *name, struct span s)
{
	row_put(row, name, s.n ? val_span(s) : val_null());
}

void row_cstr(struct row *row, const char *name, const char *s) { row_text(row, name, span_of(s)); }

void row_id(struct row *row, const char *name, uint64_t id, char *buf)
{
	snprintf(buf, ROW_ID, "%016llx", (unsigned long long)id);
	row_cstr(row, name, buf);
}

void row_list(struct row *row, const char *name, const struct val *p, size_t n)
{
	struct val v = {.kind = VAL_LIST};
	v.list.p = p;
	v.list.n = n;
	row_put(row, name, v);
}

void row_name(struct row *row, const char *name, const struct strtab *t, uint32_t id)
{
	row_text(row, name, strtab_get(t, id));
}

void row_time(struct row *row, const char *name, double t)
{
	row_put(row, name, t > 0 && isfinite(t) ? val_real(t) : val_null());
}

void row_contract(struct row *row, const struct strtab *names, const struct contract *c)
{
	row_name(row, "type", names, c->type);
	row_name(row, "class", names, c->klass);
	row_name(row, "file", names, c->file);
	row_uint(row, "line", c->line ? c->line : UINT64_MAX);
	row_uint(row, "generation", c->generation);
	row_uint(row, "count", c->count);
	row_uint(row, "bytes", c->bytes);
}
