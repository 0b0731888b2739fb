/* An answer in the making. SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/answer.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "frame/frame.h"

void answer_init(struct answer *a, uint32_t seq)
{
	*a = (struct answer){.seq = seq};
	row_writer_init(&a->rows, frame_limit(HDA_FRAME_ROW));
}

void answer_done(struct answer *a)
{
	row_writer_done(&a->rows);
	enc_done(&a->out);
	for (size_t i = 0; i < a->nnotes; i++)
		free(a->notes[i]);
	a->nnotes = 0;
}

void answer_push(struct answer *a)
{
	if (a->err < 0 || row_writer_empty(&a->rows))
		return;
	struct enc body = {0};
	row_writer_flush(&a->rows, &body);
	size_t before = a->out.n;
	frame_put(&a->out, HDA_FRAME_ROW, a->seq, (struct span){body.p, body.n});
	a->nbytes += a->out.n - before;
	enc_done(&body);
	if (a->flush && a->out.n > ANSWER_HOLD)
		a->err = a->flush(a->ctx, &a->out);
}

static bool same_cols(const struct answer *a, const char *const *names, size_t n)
{
	if (n != a->ncols)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (names[i] != a->cols[i] && strcmp(names[i], a->cols[i]) != 0)
			return false;
	}
	return true;
}

int answer_cells(struct answer *a, const char *const *names, const struct val *cells, size_t n)
{
	if (a->err < 0)
		return a->err;
	if (!same_cols(a, names, n)) {
		answer_push(a);
		memcpy(a->cols, names, n * sizeof(*names));
		a->ncols = n;
		row_writer_cols(&a->rows, names, n);
	}
	int err = row_writer_add(&a->rows, cells, n);
	if (err == HDA_ELIMIT) {
		answer_push(a);
		err = row_writer_add(&a->rows, cells, n);
	}
	if (a->err == 0)
		a->err = err;
	a->nrows++;
	if (a->rows.rows.n > ANSWER_ROWS)
		answer_push(a);
	return a->err;
}

static size_t split(const struct row *row, const char **names, struct val *cells)
{
	for (size_t i = 0; i < row->n; i++) {
		names[i] = row->f[i].name;
		cells[i] = row->f[i].v;
	}
	return row->n;
}

int answer_row(struct answer *a, const struct row *row)
{
	const char *names[QUERY_COLUMNS];
	struct val cells[QUERY_COLUMNS];
	size_t n = split(row, names, cells);
	return answer_cells(a, names, cells, n);
}

static int on_row(void *ctx, const struct row *row) { return answer_row(ctx, row); }

static int on_dump(void *ctx, const struct row *dump)
{
	struct answer *a = ctx;
	const char *names[QUERY_COLUMNS];
	struct val cells[QUERY_COLUMNS];
	size_t n = split(dump, names, cells);
	if (a->err == 0)
		row_writer_dump(&a->rows, names, cells, n);
	return a->err;
}

void answer_note(struct answer *a, const char *text)
{
	if (a->nnotes < DONE_NOTES)
		a->notes[a->nnotes++] = xstrdup(text);
}

static void on_note(void *ctx, const char *text) { answer_note(ctx, text); }

struct row_sink answer_sink(struct answer *a)
{
	return (struct row_sink){.ctx = a, .row = on_row, .dump = on_dump, .note = on_note};
}

void answer_end(struct answer *a, int status, const char *text)
{
	answer_push(a);
	struct msg_done m = {.status = status, .text = span_of(text), .nnotes = a->nnotes};
	for (size_t i = 0; i < a->nnotes; i++)
		m.notes[i] = span_of(a->notes[i]);
	struct enc body = {0};
	msg_done_encode(&body, &m);
	size_t before = a->out.n;
	frame_put(&a->out, HDA_FRAME_DONE, a->seq, (struct span){body.p, body.n});
	a->nbytes += a->out.n - before;
	enc_done(&body);
}
