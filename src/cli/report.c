/* An answer, collected. SPDX-License-Identifier: BSD-2-Clause */
#include "cli/report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void report_done(struct report *a)
{
	arena_done(&a->mem);
	free(a->rows);
	free(a->notes);
	free(a->text);
	memset(a, 0, sizeof(*a));
}

static struct val copy_val(struct arena *mem, const struct val *v)
{
	struct val r = *v;
	if (v->kind == VAL_STR) {
		r.s.p = (const uint8_t *)arena_copy(mem, v->s.n ? (const void *)v->s.p : "", v->s.n);
	} else if (v->kind == VAL_LIST) {
		struct val *items = arena_alloc(mem, (v->list.n + 1) * sizeof(*items));
		/* Lists nest as deep as the protocol allows (8), which bounds this recursion. */
		for (size_t i = 0; i < v->list.n; i++)
			items[i] = copy_val(mem, &v->list.p[i]);
		r.list.p = items;
	}
	return r;
}

static struct report_row copy_row(struct report *a, const struct row *row)
{
	struct report_row r = {arena_alloc(&a->mem, (row->n + 1) * sizeof(struct field)), row->n};
	for (size_t i = 0; i < row->n; i++) {
		const char *name = row->f[i].name;
		/* Rows mostly share their names: one copy serves all that follow. */
		const char *old = a->nrows && i < a->rows[a->nrows - 1].n ? a->rows[a->nrows - 1].f[i].name : NULL;
		r.f[i].name = old && strcmp(old, name) == 0 ? old : arena_copy(&a->mem, name, strlen(name));
		r.f[i].v = copy_val(&a->mem, &row->f[i].v);
	}
	return r;
}

void report_add(struct report *a, const struct row *row)
{
	a->rows = xgrow(a->rows, a->nrows, &a->cap, sizeof(*a->rows));
	a->rows[a->nrows] = copy_row(a, row);
	a->nrows++;
}

void report_note(struct report *a, const char *text)
{
	a->notes = xgrow(a->notes, a->nnotes, &a->notes_cap, sizeof(*a->notes));
	a->notes[a->nnotes++] = arena_copy(&a->mem, text, strlen(text));
}

static int sink_row(void *ctx, const struct row *row)
{
	report_add(ctx, row);
	return 0;
}

static int sink_dump(void *ctx, const struct row *dump)
{
	struct report *a = ctx;
	a->dump = copy_row(a, dump);
	a->has_dump = true;
	return 0;
}

static void sink_note(void *ctx, const char *text)
{
	report_note(ctx, text);
}

struct row_sink report_sink(struct report *a)
{
	return (struct row_sink){.ctx = a, .row = sink_row, .dump = sink_dump, .note = sink_note};
}

const struct val *report_get(const struct report_row *row, const char *name)
{
	for (size_t i = 0; i < row->n; i++)
		if (strcmp(row->f[i].name, name) == 0)
			return &row->f[i].v;
	return NULL;
}

double val_as_num(const struct val *v)
{
	switch (v->kind) {
	case VAL_BOOL:
		return v->b;
	case VAL_UINT:
		return (double)v->u;
	case VAL_INT:
		return (double)v->i;
	case VAL_REAL:
		return v->r;
	default:
		return NAN;
	}
}

double report_num(const struct report_row *row, const char *name)
{
	const struct val *v = report_get(row, name);
	return v ? val_as_num(v) : NAN;
}

const char *report_str(const struct report_row *row, const char *name)
{
	const struct val *v = report_get(row, name);
	return v && v->kind == VAL_STR ? (const char *)v->s.p : NULL;
}
