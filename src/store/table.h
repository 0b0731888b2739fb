/* Sorted rows of numbers, whole or as a difference. SPDX-License-Identifier: BSD-2-Clause Private to src/store/.
 *
 * Most of a dump's tables equal those of the dump before. A table is written whole (a keyframe) or as what was removed,
 * changed and added since its base. Columns lie one behind the other, as differences from a guess, so that most are small or
 * zero; a column of zeros is left out. pack.h compresses the result. */
#pragma once

#include "base/cursor.h"

enum {
	TABLE_COLUMNS = 16,     /* at most: a mask has a bit a column */
	TABLE_SLOT_BYTES = 40,  /* guess of an object's size where no better one is known: a Ruby slot */
};

/* Columns: first `nplain` numbers, then `ntally` pairs (count, bytes). */
struct table_shape {
	uint8_t nplain, ntally;
	uint8_t like_first; /* bit t: tally t is guessed to equal tally 0 */
};

/* Row i starts at cells[i * stride]: its key, then the columns. Sorted by key, no key twice. All-zero is empty; the owner frees
 * with table_done. */
struct table {
	uint64_t *cells;
	size_t n, cap; /* rows */
	unsigned stride;
};

void table_init(struct table *t, const struct table_shape *sh);
void table_done(struct table *t);
/* Room for n rows in all: memory for a guess that grows by doubling costs more than filling it. */
void table_reserve(struct table *t, size_t n);
/* A new row of zeros at the end with this key; table_sort once they are all there. Valid until the next call. */
uint64_t *table_add(struct table *t, uint64_t key);
/* Sorts by key; rows with equal keys are added up, column by column. */
void table_sort(struct table *t);
/* ret: any table of the same shape, replaced. */
void table_copy(struct table *ret, const struct table *t);
/* Writes t: whole when base is NULL, else as a difference from base. */
void table_encode(struct enc *e, const struct table_shape *sh, const struct table *t, const struct table *base);
/* Reads into *t, which must hold the base when a difference was written. HDA_ECORRUPT on damaged bytes (*t is then any valid
 * table). */
HDA_MUST_CHECK int table_decode(struct dec *d, const struct table_shape *sh, struct table *t);
