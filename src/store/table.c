/* Sorted rows of numbers. SPDX-License-Identifier: BSD-2-Clause */
#include "store/table.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"

enum { WHOLE = 0, DIFFERENCE = 1 };

static unsigned columns(const struct table_shape *sh) { return sh->nplain + 2u * sh->ntally; }

void table_init(struct table *t, const struct table_shape *sh)
{
	HDA_ASSERT(columns(sh) <= TABLE_COLUMNS);
	*t = (struct table){.stride = 1 + columns(sh)};
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

static uint64_t mean(const uint64_t *count_bytes)
{
	return count_bytes[0] ? count_bytes[1] / count_bytes[0] : TABLE_SLOT_BYTES;
}

/* What column c of `row` has beyond what `base` (columns only, zeros for a whole row) lets expect. */
static uint64_t differ(const struct table_shape *sh, const uint64_t *row, const uint64_t *base, unsigned c)
{
	uint64_t d = row[c] - base[c];
	if (c < sh->nplain)
		return d;
	unsigned tally = (c - sh->nplain) / 2, of_bytes = (c - sh->nplain) % 2, first = sh->nplain + of_bytes;
	if (tally > 0 && sh->like_first >> tally & 1)
		return d - (row[first] - base[first]);
	return of_bytes ? d - (row[c - 1] - base[c - 1]) * mean(base + c - 1) : d;
}

/* The other way round, in place. */
static void undiffer(const struct table_shape *sh, uint64_t *row, const uint64_t *base)
{
	unsigned c = 0;
	for (; c < sh->nplain; c++)
		row[c] += base[c];
	const uint64_t *r0 = row + c, *b0 = base + c;
	for (unsigned t = 0; t < sh->ntally; t++, c += 2) {
		if (t > 0 && sh->like_first >> t & 1) {
			row[c] += base[c] + r0[0] - b0[0];
			row[c + 1] += base[c + 1] + r0[1] - b0[1];
		} else {
			row[c + 1] += base[c + 1] + row[c] * mean(base + c);
			row[c] += base[c];
		}
	}
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
	unsigned nc = columns(sh);
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
	for (unsigned c = 0; c < columns(sh); c++)
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
	HDA_ASSERT(t->stride == 1 + columns(sh));
	enc_u8(e, base ? DIFFERENCE : WHOLE);
	if (base) {
		encode_difference(e, sh, t, base);
		return;
	}
	const struct rows all = {.all = t, .n = t->n};
	put_keys(e, &all);
	put_columns(e, sh, &all);
}

/* --- reading --- */

/* dec_uv, with the commonest case (one byte) in line. */
static inline uint64_t get_uv(struct dec *d)
{
	if (d->p < d->end && *d->p < 0x80 && !d->err)
		return *d->p++;
	return dec_uv(d);
}

static inline uint64_t get_sv(struct dec *d)
{
	uint64_t v = get_uv(d);
	return v >> 1 ^ -(v & 1);
}

/* Fills the columns of n rows at cells with what was written: differences still. */
static void get_columns(struct dec *d, const struct table_shape *sh, uint64_t *cells, size_t n)
{
	unsigned nc = columns(sh), stride = nc + 1;
	uint64_t mask = dec_uv(d);
	if (mask >> nc)
		d->err = HDA_EFORMAT;
	for (unsigned c = 0; c < nc && n; c++) {
		uint64_t *cell = cells + 1 + c;
		if (mask >> c & 1)
			for (size_t i = 0; i < n; i++, cell += stride)
				*cell = get_sv(d);
		else
			for (size_t i = 0; i < n; i++, cell += stride)
				*cell = 0;
	}
}

/* New whole rows into *t (which is emptied). */
static void get_rows(struct dec *d, const struct table_shape *sh, struct table *t)
{
	size_t n = dec_count(d, 1);
	bool any = dec_u8(d);
	t->n = 0;
	table_reserve(t, n);
	uint64_t hi = 0;
	for (size_t i = 0; i < n; i++) {
		hi += any ? get_uv(d) : 0;
		t->cells[i * t->stride] = hi << 32;
		if (hi > UINT32_MAX)
			d->err = HDA_EFORMAT;
	}
	uint64_t last = 0;
	for (size_t i = 0; i < n; i++) {
		uint64_t *row = t->cells + i * t->stride, lo = get_uv(d);
		if (row[0] >> 32 == last >> 32)
			lo += last & UINT32_MAX;
		if (lo > UINT32_MAX)
			d->err = HDA_EFORMAT;
		row[0] |= lo & UINT32_MAX;
		if (i && row[0] <= last)
			d->err = HDA_EFORMAT;
		last = row[0];
	}
	get_columns(d, sh, t->cells, n);
	if (d->err)
		return;
	for (size_t i = 0; i < n; i++)
		undiffer(sh, t->cells + i * t->stride + 1, nothing);
	t->n = n;
}

/* Rising places below n. The caller frees. */
static size_t *get_places(struct dec *d, size_t n, size_t *ret_n)
{
	size_t count = dec_count(d, 1);
	size_t *place = xreallocarray(NULL, count + 1, sizeof(*place));
	uint64_t last = 0;
	for (size_t i = 0; i < count && !d->err; i++) {
		uint64_t step = get_uv(d);
		last += step;
		if ((i && step == 0) || step > n || last >= n)
			d->err = HDA_EFORMAT;
		place[i] = last;
	}
	*ret_n = d->err ? 0 : count;
	return place;
}

static void append(struct table *to, const uint64_t *rows, size_t n)
{
	if (n)
		memcpy(to->cells + to->n * to->stride, rows, n * to->stride * sizeof(*rows));
	to->n += n;
}

/* base without the rows at `gone`, with those of `added`. What stays is copied in runs: mostly nearly all of it. */
static int merge(struct table *t, const size_t *gone, size_t ngone, const struct table *added)
{
	struct table out = {.stride = t->stride};
	size_t g = 0, a = 0, i = 0;
	table_reserve(&out, t->n - ngone + added->n + 1);
	while (i < t->n) {
		size_t stop = g < ngone ? gone[g] : t->n, to = a < added->n ? i : stop;
		while (to < stop && t->cells[to * t->stride] < added->cells[a * t->stride])
			to++;
		append(&out, t->cells + i * t->stride, to - i);
		i = to;
		if (to == stop) {
			g += i < t->n;
			i += i < t->n;
			continue;
		}
		if (added->cells[a * t->stride] == t->cells[to * t->stride]) {
			table_done(&out);
			return HDA_ECORRUPT;
		}
		append(&out, added->cells + a++ * t->stride, 1);
	}
	if (a < added->n) /* without added rows there is no array to point into */
		append(&out, added->cells + a * t->stride, added->n - a);
	table_done(t);
	*t = out;
	return 0;
}

static int decode_difference(struct dec *d, const struct table_shape *sh, struct table *t)
{
	struct table changed, added;
	size_t ngone, nwhere;
	table_init(&changed, sh);
	table_init(&added, sh);
	size_t *gone = get_places(d, t->n, &ngone), *where = get_places(d, t->n, &nwhere);
	table_reserve(&changed, nwhere);
	get_columns(d, sh, changed.cells, nwhere);
	get_rows(d, sh, &added);
	int err = dec_finish(d) ? HDA_ECORRUPT : 0;
	for (size_t i = 0; i < nwhere && !err; i++) {
		uint64_t *row = t->cells + where[i] * t->stride, *diff = changed.cells + i * t->stride;
		undiffer(sh, diff + 1, row + 1);
		memcpy(row + 1, diff + 1, (t->stride - 1) * sizeof(*row));
	}
	if (!err && (ngone || added.n))
		err = merge(t, gone, ngone, &added);
	free(gone);
	free(where);
	table_done(&changed);
	table_done(&added);
	return err;
}

int table_decode(struct dec *d, const struct table_shape *sh, struct table *t)
{
	switch (dec_u8(d)) {
	case WHOLE:
		get_rows(d, sh, t);
		return dec_finish(d) ? HDA_ECORRUPT : 0;
	case DIFFERENCE:
		return d->err ? HDA_ECORRUPT : decode_difference(d, sh, t);
	default:
		return HDA_ECORRUPT;
	}
}
