/* Reading of tables. SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/table.h"

void table_undiffer(const struct table_shape *sh, uint64_t *row, const uint64_t *base)
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
			row[c + 1] = base[c + 1] + table_gain(row + c, base + c);
			row[c] += base[c];
		}
	}
}

static const uint64_t nothing[TABLE_COLUMNS];

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

/* Passes over n varints: each ends with a byte below 0x80. */
static void skip_uv(struct dec *d, size_t n)
{
	const uint64_t tops = 0x8080808080808080u;
	const uint8_t *p = d->p;
	uint64_t eight;
	for (; n >= sizeof(eight) && (size_t)(d->end - p) >= sizeof(eight); p += sizeof(eight)) {
		memcpy(&eight, p, sizeof(eight));
		n -= (size_t)__builtin_popcountll(~eight & tops);
	}
	for (; n && p < d->end; p++)
		n -= *p < 0x80;
	d->p = p;
	if (n)
		d->err = HDA_EFORMAT;
}

/* Fills the columns of n rows at cells, as many as a row has there, with what was written: differences still. */
static void get_columns(struct dec *d, const struct table_shape *sh, uint64_t *cells, unsigned stride, size_t n)
{
	unsigned nc = table_columns(sh);
	uint64_t mask = dec_uv(d);
	if (mask >> nc)
		d->err = HDA_EFORMAT;
	for (unsigned c = 0; c < nc && n && !d->err; c++) {
		uint64_t *cell = cells + 1 + c;
		bool written = mask >> c & 1;
		if (c + 1 >= stride) {
			skip_uv(d, written ? n : 0);
			continue;
		}
		if (written)
			for (size_t i = 0; i < n; i++, cell += stride)
				*cell = get_sv(d);
		else
			for (size_t i = 0; i < n; i++, cell += stride)
				*cell = 0;
	}
}

static void get_keys(struct dec *d, struct table *t, size_t n, bool any)
{
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
}

/* New whole rows into *t (which is emptied), with the columns that kept names. */
static void get_rows(struct dec *d, const struct table_shape *sh, const struct table_shape *kept, struct table *t)
{
	size_t n = dec_count(d, 1);
	bool any = dec_u8(d);
	t->n = 0;
	table_reserve(t, n);
	get_keys(d, t, n, any);
	get_columns(d, sh, t->cells, t->stride, n);
	if (d->err)
		return;
	for (size_t i = 0; i < n; i++)
		table_undiffer(kept, t->cells + i * t->stride + 1, nothing);
	t->n = n;
}

/* Rising places below n into a growing array. */
static size_t get_places(struct dec *d, size_t n, size_t **place, size_t *cap)
{
	size_t count = dec_count(d, 1);
	if (count > *cap || !*place) {
		free(*place);
		*cap = count + 1;
		*place = xreallocarray(NULL, *cap, sizeof(**place));
	}
	uint64_t last = 0;
	for (size_t i = 0; i < count && !d->err; i++) {
		uint64_t step = get_uv(d);
		last += step;
		if ((i && step == 0) || step > n || last >= n)
			d->err = HDA_EFORMAT;
		(*place)[i] = last;
	}
	return d->err ? 0 : count;
}

void table_diff_init(struct table_diff *t, const struct table_shape *kept)
{
	*t = (struct table_diff){.kept = *kept};
	table_init(&t->changed, kept);
	table_init(&t->added, kept);
}

void table_diff_done(struct table_diff *t)
{
	free(t->gone);
	free(t->where);
	table_done(&t->changed);
	table_done(&t->added);
}

int table_diff_read(struct dec *d, const struct table_shape *sh, size_t base_rows, struct table_diff *ret)
{
	uint8_t kind = dec_u8(d);
	ret->whole = kind == TABLE_WHOLE;
	ret->ngone = ret->nwhere = 0;
	if (d->err || kind > TABLE_DIFFERENCE)
		return HDA_ECORRUPT;
	if (!ret->whole) {
		ret->ngone = get_places(d, base_rows, &ret->gone, &ret->gone_cap);
		ret->nwhere = get_places(d, base_rows, &ret->where, &ret->where_cap);
		table_reserve(&ret->changed, ret->nwhere);
		get_columns(d, sh, ret->changed.cells, ret->changed.stride, ret->nwhere);
	}
	get_rows(d, sh, &ret->kept, &ret->added);
	return dec_finish(d) ? HDA_ECORRUPT : 0;
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

static int apply(const struct table_shape *sh, const struct table_diff *d, struct table *t)
{
	for (size_t i = 0; i < d->nwhere; i++) {
		uint64_t *row = t->cells + d->where[i] * t->stride, *diff = d->changed.cells + i * t->stride;
		table_undiffer(sh, diff + 1, row + 1);
		memcpy(row + 1, diff + 1, (t->stride - 1) * sizeof(*row));
	}
	return d->ngone || d->added.n ? merge(t, d->gone, d->ngone, &d->added) : 0;
}

int table_decode(struct dec *d, const struct table_shape *sh, struct table *t)
{
	struct table_diff diff;
	table_diff_init(&diff, sh);
	int err = table_diff_read(d, sh, t->n, &diff);
	if (!err && diff.whole) {
		struct table old = *t;
		*t = diff.added;
		diff.added = old;
	} else if (!err) {
		err = apply(sh, &diff, t);
	}
	table_diff_done(&diff);
	return err;
}
