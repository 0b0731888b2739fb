/* An answer in the making: rows and DONE as frames. SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/request.h"
#include "proto/rows.h"
#include "query/query.h"

enum {
	ANSWER_ROWS = 16 * 1024,     /* bytes of rows that make a ROW frame: what people see first comes first */
	ANSWER_HOLD = 1 << 20,       /* bytes of frames held before they must be flushed */
};

/* Embedded; answer_init before use. One thread at a time. */
struct answer {
	struct enc out;              /* whole frames */
	struct row_writer rows;
	const char *cols[QUERY_COLUMNS];
	size_t ncols;
	char *notes[DONE_NOTES];
	size_t nnotes;
	uint64_t nrows, nbytes;
	uint32_t seq;                /* of the REQUEST */
	/* Called when ANSWER_HOLD is passed: takes bytes out of *out (all or some); negative ends the answer. NULL: everything is held. */
	int (*flush)(void *ctx, struct enc *out);
	void *ctx;
	int err;                     /* sticky: from flush, or HDA_ELIMIT for a row that is too large */
};

void answer_init(struct answer *a, uint32_t seq);
void answer_done(struct answer *a);
/* One row; its names become columns when they differ from the last row's. Names must be static texts. Returns a->err. */
int answer_row(struct answer *a, const struct row *row);
/* A row from names and cells. */
int answer_cells(struct answer *a, const char *const *names, const struct val *cells, size_t n);
/* A sentence for people; sent with DONE. */
void answer_note(struct answer *a, const char *text);
/* What is held becomes a frame now (for answers that grow slowly). */
void answer_push(struct answer *a);
/* Ends it. text may be NULL. Nothing is flushed: out holds the rest. */
void answer_end(struct answer *a, int status, const char *text);
/* The sink through which query_dispatch fills this answer. */
struct row_sink answer_sink(struct answer *a);
