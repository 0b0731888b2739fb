/* Sorted rows of numbers. SPDX-License-Identifier: BSD-2-Clause */
#include "store/table.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"

void table_init(struct table *t, const struct table_shape *sh)
{
	HDA_ASSERT(table_columns(sh) <= TABLE_COLUMNS);
	*t = (struct table){.stride = 1 + table_columns(sh)};
}

void table_done(struct table *t)
{
	free(t->cells);
	t->cells = NULL;
	t->n = t->cap = 0;
}

void table_reserve(struct table *t, size_t n)
{
	if (n <= t->cap)
		return;
	size_t row = t->stride * sizeof(*t->cells);
	t->cells = t->cells ? xreallocarray(t->cells, n, row) : xarray(n, row);
	t->cap = n;
}

uint64_t *table_add(struct table *t, uint64_t key)
{
	if (t->n == t->cap)
		table_reserve(t, t->cap ? t->cap * 2 : 64);
	uint64_t *row = t->cells + t->n++ * t->stride;
	memset(row, 0, t->stride * sizeof(*row));
	row[0] = key;
	return row;
}

static int key_cmp(const void *pa, const void *pb)
{
	uint64_t a = *(const uint64_t *)pa, b = *(const uint64_t *)pb;
	return a < b ? -1 : a > b;
}

static uint64_t key_at(const struct table *t, size_t i) { return t->cells[i * t->stride]; }

/* Where the sorted rows end that begin at `from`. */
static size_t sorted_to(const struct table *t, size_t from)
{
	size_t i = from + 1;
	while (i < t->n && key_at(t, i - 1) < key_at(t, i))
		i++;
	return i;
}

/* Whether rows stand by the upper halves of their keys, as (generation, key) rows come. */
static bool is_grouped(const struct table *t)
{
	size_t i = 1;
	while (i < t->n && key_at(t, i - 1) >> 32 <= key_at(t, i) >> 32)
		i++;
	return i >= t->n;
}

/* Each group by itself: a sort of half a million rows at once needs as much memory again, and new memory is what costs. */
static void sort_groups(struct table *t)
{
	for (size_t from = 0, to; from < t->n; from = to) {
		to = from + 1;
		while (to < t->n && key_at(t, to) >> 32 == key_at(t, from) >> 32)
			to++;
		if (sorted_to(t, from) < to)
			qsort(t->cells + from * t->stride, to - from, t->stride * sizeof(*t->cells), key_cmp);
	}
}

void table_sort(struct table *t)
{
	if (t->n < 2 || sorted_to(t, 0) == t->n)
		return;
	if (is_grouped(t))
		sort_groups(t);
	else
		qsort(t->cells, t->n, t->stride * sizeof(*t->cells), key_cmp);
	size_t kept = 1;
	for (size_t i = 1; i < t->n; i++) {
		uint64_t *last = t->cells + (kept - 1) * t->stride, *row = t->cells + i * t->stride;
		if (row[0] != last[0]) {
			memmove(t->cells + kept++ * t->stride, row, t->stride * sizeof(*row));
			continue;
		}
		for (unsigned c = 1; c < t->stride; c++)
			last[c] += row[c];
	}
	t->n = kept;
}

void table_copy(struct table *ret, const struct table *t)
{
	ret->stride = t->stride;
	ret->n = 0;
	table_reserve(ret, t->n);
	if (t->n)
		memcpy(ret->cells, t->cells, t->n * t->stride * sizeof(*t->cells));
	ret->n = t->n;
}

/* --- guesses: all arithmetic is modulo 2^64, so that any input comes back exactly --- */

/* What column c of `row` has beyond what `base` (columns only, zeros for a whole row) lets expect. */
static uint64_t differ(const struct table_shape *sh, const uint64_t *row, const uint64_t *base, unsigned c)
{
	uint64_t d = row[c] - base[c];
	if (c < sh->nplain)
		return d;
	unsigned tally = (c - sh->nplain) / 2, of_bytes = (c - sh->nplain) % 2, first = sh->nplain + of_bytes;
	if (tally > 0 && sh->like_first >> tally & 1)
		return d - (row[first] - base[first]);
	return of_bytes ? d - (row[c - 1] - base[c - 1]) * table_mean(base + c - 1) : d;
}

static const uint64_t nothing[TABLE_COLUMNS];

/* --- writing --- */

/* Rows on their way out: a list of them and of what they are compared with (NULL: nothing), or all of a table, compared with nothing. */
struct rows {
	const uint64_t **row, **base;
	size_t n, cap;
	const struct table *all;
};

static const uint64_t *row_at(const struct rows *r, size_t i) { return r->all ? r->all->cells + i * r->all->stride : r->row[i]; }

/* Its columns. */
static const uint64_t *base_at(const struct rows *r, size_t i) { return r->all || !r->base[i] ? nothing : r->base[i] + 1; }

static void rows_add(struct rows *r, const uint64_t *row, const uint64_t *base)
{
	if (r->n == r->cap) {
		r->cap = r->cap ? r->cap * 2 : 256;
		r->row = xreallocarray(r->row, r->cap, sizeof(const uint64_t *));
		r->base = xreallocarray(r->base, r->cap, sizeof(const uint64_t *));
	}
	r->row[r->n] = row;
	r->base[r->n++] = base;
}

static void rows_done(struct rows *r)
{
	free(r->row);
	free(r->base);
}

/* The columns in which any row differs, a bit each. */
static uint64_t columns_used(const struct table_shape *sh, const struct rows *r)
{
	unsigned nc = table_columns(sh);
	uint64_t mask = 0, all = ((uint64_t)1 << nc) - 1;
	for (size_t i = 0; i < r->n && mask != all; i++)
		for (unsigned c = 0; c < nc; c++)
			mask |= (uint64_t)(differ(sh, row_at(r, i) + 1, base_at(r, i), c) != 0) << c;
	return mask;
}

static void put_columns(struct enc *e, const struct table_shape *sh, const struct rows *r)
{
	uint64_t mask = columns_used(sh, r);
	enc_uv(e, mask);
	for (unsigned c = 0; c < table_columns(sh); c++)
		for (size_t i = 0; mask >> c & 1 && i < r->n; i++)
			enc_sv(e, (int64_t)differ(sh, row_at(r, i) + 1, base_at(r, i), c));
}

/* Keys as steps of the upper and lower half: (generation, key) rows repeat their upper half. */
static void put_keys(struct enc *e, const struct rows *r)
{
	uint64_t hi = 0, any = 0;
	for (size_t i = 0; i < r->n; i++)
		any |= row_at(r, i)[0] >> 32;
	enc_uv(e, r->n);
	enc_u8(e, any != 0);
	for (size_t i = 0; any && i < r->n; i++) {
		enc_uv(e, (row_at(r, i)[0] >> 32) - hi);
		hi = row_at(r, i)[0] >> 32;
	}
	uint64_t last = 0;
	for (size_t i = 0; i < r->n; i++) {
		uint64_t key = row_at(r, i)[0];
		enc_uv(e, key >> 32 == last >> 32 ? key - last : key & UINT32_MAX);
		last = key;
	}
}

static void put_places(struct enc *e, const size_t *place, size_t n)
{
	size_t last = 0;
	enc_uv(e, n);
	for (size_t i = 0; i < n; i++) {
		enc_uv(e, place[i] - last);
		last = place[i];
	}
}

static void encode_difference(struct enc *e, const struct table_shape *sh, const struct table *t, const struct table *base)
{
	struct rows changed = {0}, added = {0};
	size_t *gone = xreallocarray(NULL, base->n + 1, sizeof(*gone)), ngone = 0;
	size_t *where = xreallocarray(NULL, base->n + 1, sizeof(*where));
	size_t stride = t->stride, i = 0, b = 0;
	while (i < t->n || b < base->n) {
		const uint64_t *row = i < t->n ? t->cells + i * stride : NULL;
		const uint64_t *old = b < base->n ? base->cells + b * stride : NULL;
		if (!old || (row && row[0] < old[0])) {
			rows_add(&added, row, NULL);
			i++;
		} else if (!row || old[0] < row[0]) {
			gone[ngone++] = b++;
		} else {
			if (memcmp(row, old, stride * sizeof(*row)) != 0) {
				where[changed.n] = b;
				rows_add(&changed, row, old);
			}
			i++;
			b++;
		}
	}
	put_places(e, gone, ngone);
	put_places(e, where, changed.n);
	put_columns(e, sh, &changed);
	put_keys(e, &added);
	put_columns(e, sh, &added);
	rows_done(&changed);
	rows_done(&added);
	free(gone);
	free(where);
}

void table_encode(struct enc *e, const struct table_shape *sh, const struct table *t, const struct table *base)
{
	HDA_ASSERT(t->stride == 1 + table_columns(sh));
	enc_u8(e, base ? TABLE_DIFFERENCE : TABLE_WHOLE);
	if (base) {
		encode_difference(e, sh, t, base);
		return;
	}
	const struct rows all = {.all = t, .n = t->n};
	put_keys(e, &all);
	put_columns(e, sh, &all);
}
