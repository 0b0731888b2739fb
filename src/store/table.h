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
	/* Of numbers of so many bits the quotient of doubles, cut off, is that of integers, at half the time: it is at least 1 / count
	 * below the next integer, and rounding moves it by less than half of that. */
	TABLE_EXACT_BITS = 52,
};

/* Columns: first `nplain` numbers, then `ntally` pairs (count, bytes). */
struct table_shape {
	uint8_t nplain, ntally;
	uint8_t like_first; /* bit t: tally t is guessed to equal tally 0 */
};

static inline unsigned table_columns(const struct table_shape *sh) { return sh->nplain + 2u * sh->ntally; }

/* The first byte of what table_encode writes. */
enum { TABLE_WHOLE = 0, TABLE_DIFFERENCE = 1 };

/* Bytes that the objects of a tally have each, in a base: what those to come are guessed to have. */
static inline uint64_t table_mean(const uint64_t *count_bytes)
{
	uint64_t count = count_bytes[0], bytes = count_bytes[1];
	if (count == 0)
		return TABLE_SLOT_BYTES;
	if ((count | bytes) >> TABLE_EXACT_BITS)
		return bytes / count;
	return (uint64_t)((double)(int64_t)bytes / (double)(int64_t)count);
}

/* What bytes of a tally differ from the base's, given how it was written: the count's difference, then of the bytes what the mean does not
 * explain. */
static inline uint64_t table_gain(const uint64_t *written, const uint64_t *base)
{
	return written[1] + (written[0] ? written[0] * table_mean(base) : 0); /* most counts stay: then nothing is divided */
}

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

/* --- table_read.c --- */
/* Reads into *t, which must hold the base when a difference was written. HDA_ECORRUPT on damaged bytes (*t is then any valid
 * table). */
HDA_MUST_CHECK int table_decode(struct dec *d, const struct table_shape *sh, struct table *t);

/* A written table taken apart, for those who keep rows in a way of their own: the base loses the rows at `gone`, those at `where` change,
 * `added` come (with the base's numbering of rows throughout). Memory is kept from one to the next. */
struct table_diff {
	struct table_shape kept;
	bool whole;                  /* there is no base: `added` is all */
	size_t *gone, *where;        /* rising places in the base */
	size_t ngone, nwhere, gone_cap, where_cap;
	struct table changed;        /* a row for each `where`: columns for table_undiffer; keys mean nothing */
	struct table added;
};

/* kept: the columns of interest, which are the first of those written. The owner: table_diff_done. */
void table_diff_init(struct table_diff *t, const struct table_shape *kept);
void table_diff_done(struct table_diff *t);
/* sh: as it was written; base_rows: of the base, should it be a difference. HDA_ECORRUPT on damaged bytes (*ret means nothing then). */
HDA_MUST_CHECK int table_diff_read(struct dec *d, const struct table_shape *sh, size_t base_rows, struct table_diff *ret);
/* Makes of the written columns of a row (no key), in place, what they stand for, given those of the base. */
void table_undiffer(const struct table_shape *sh, uint64_t *row, const uint64_t *base);
