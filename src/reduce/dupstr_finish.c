/* From the table of strings to the list of duplicates. SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>

#include "base/mem.h"
#include "reduce/dupstr.h"
#include "reduce/names.h"

struct size {
	uint64_t bytes, copies, length;
};

/* By bytes, then copies, descending, then the shorter: the oracle's order. */
static int size_cmp(struct size a, struct size b)
{
	if (a.bytes != b.bytes)
		return a.bytes > b.bytes ? -1 : 1;
	if (a.copies != b.copies)
		return a.copies > b.copies ? -1 : 1;
	return a.length < b.length ? -1 : a.length > b.length;
}

/* The hash makes the order total. */
static int group_cmp(const void *va, const void *vb)
{
	const struct dup_group *a = va, *b = vb;
	int c = size_cmp((struct size){a->bytes, a->copies, a->length}, (struct size){b->bytes, b->copies, b->length});
	if (c)
		return c;
	return a->hash < b->hash ? -1 : a->hash > b->hash;
}

/* A site of one of the listed groups. */
struct site_copies {
	uint32_t dup, file, line;
	uint64_t copies;
};

/* By group, then copies descending, then text, so that the order of the dump's lines does not show. */
static int site_cmp(const void *va, const void *vb, void *names)
{
	const struct site_copies *a = va, *b = vb;
	if (a->dup != b->dup)
		return a->dup < b->dup ? -1 : 1;
	if (a->copies != b->copies)
		return a->copies > b->copies ? -1 : 1;
	if (a->file != b->file)
		return span_cmp(strtab_get(names, a->file), strtab_get(names, b->file));
	return a->line < b->line ? -1 : a->line > b->line;
}

/* A bounded heap of group numbers, the weakest on top. */
static void sift_down(const struct dup_group *g, uint32_t *heap, size_t n, size_t i)
{
	for (;;) {
		size_t c = 2 * i + 1;
		if (c >= n)
			return;
		if (c + 1 < n && group_cmp(&g[heap[c + 1]], &g[heap[c]]) > 0)
			c++;
		if (group_cmp(&g[heap[c]], &g[heap[i]]) <= 0)
			return;
		uint32_t t = heap[c];
		heap[c] = heap[i];
		heap[i] = t;
		i = c;
	}
}

/* The numbers of the first SUM_TOP_DUPS groups, in no order; totals go to s. */
static size_t pick(const struct dupstr *d, uint32_t heap[static SUM_TOP_DUPS], struct dump_summary *s)
{
	size_t n = 0;
	for (size_t g = 0; g < d->ngroups; g++) {
		if (d->groups[g].copies < 2)
			continue;
		s->dup_groups++;
		s->dup_copies += d->groups[g].copies;
		s->dup_bytes += d->groups[g].bytes;
		if (n < SUM_TOP_DUPS) {
			heap[n++] = (uint32_t)g;
			if (n == SUM_TOP_DUPS)
				for (size_t i = n / 2; i-- > 0;)
					sift_down(d->groups, heap, n, i);
		} else if (group_cmp(&d->groups[g], &d->groups[heap[0]]) < 0) {
			heap[0] = (uint32_t)g;
			sift_down(d->groups, heap, n, 0);
		}
	}
	s->dup_groups <<= d->sample;
	s->dup_copies <<= d->sample;
	s->dup_bytes <<= d->sample;
	s->dup_estimated = d->sample > 0;
	return n;
}

/* Fills the sites of s->dups; dup_of[group] is 1 + the row of a listed group. */
static void list_sites(const struct dupstr *d, const uint8_t *dup_of, const struct reduce_names *names, struct dump_summary *s)
{
	struct site_copies *list = NULL;
	size_t n = 0, cap = 0;
	for (size_t i = 0; i < d->sites.cap; i++) {
		if (!d->sites.used[i] || !dup_of[d->sites.keys[i] >> 32])
			continue;
		struct scan_site at = names->sites[(uint32_t)d->sites.keys[i]];
		list = xgrow(list, n, &cap, sizeof(*list));
		list[n++] = (struct site_copies){dup_of[d->sites.keys[i] >> 32] - 1, reduce_name(names, at.file, s), at.line, d->sites.values[i]};
	}
	if (n)
		qsort_r(list, n, sizeof(*list), site_cmp, &s->names);
	for (size_t i = 0; i < n; i++) {
		struct sum_dup *dup = &s->dups[list[i].dup];
		if (dup->nsites < SUM_DUP_SITES) {
			dup->sites[dup->nsites].file = list[i].file;
			dup->sites[dup->nsites].line = list[i].line;
			dup->sites[dup->nsites].copies = list[i].copies;
		}
		dup->nsites++;
	}
	free(list);
}

/* As the groups; of equals by what is known of them, not by the hash, whose key is another in each process. */
static int dup_cmp(const void *va, const void *vb, void *names)
{
	const struct sum_dup *a = va, *b = vb;
	int c = size_cmp((struct size){a->bytes, a->copies, a->length}, (struct size){b->bytes, b->copies, b->length});
	if (c)
		return c;
	if (a->sites[0].file != b->sites[0].file)
		return span_cmp(strtab_get(names, a->sites[0].file), strtab_get(names, b->sites[0].file));
	if (a->sites[0].line != b->sites[0].line)
		return a->sites[0].line < b->sites[0].line ? -1 : 1;
	return a->generation < b->generation ? -1 : a->generation > b->generation;
}

static struct sum_dup dup_of_group(const struct dupstr *d, const struct dup_group *g, struct dump_summary *s)
{
	const uint32_t *text = u64map_get(&d->texts, g->hash);
	return (struct sum_dup){
		.copies = g->copies,
		.bytes = g->bytes,
		.length = g->length,
		.generation = g->generation,
		.value = text ? strtab_intern(&s->names, strtab_get(&d->values, *text)) : 0,
	};
}

void dupstr_finish(struct dupstr *d, const struct reduce_names *names, struct dump_summary *s)
{
	dupstr_flush(d);
	uint32_t top[SUM_TOP_DUPS];
	size_t n = pick(d, top, s);
	/* Strongest first: repeatedly the weakest of the heap goes to its end. */
	for (size_t left = n; left > 1; left--) {
		if (n < SUM_TOP_DUPS && left == n)
			for (size_t i = n / 2; i-- > 0;)
				sift_down(d->groups, top, n, i);
		uint32_t weakest = top[0];
		top[0] = top[left - 1];
		top[left - 1] = weakest;
		sift_down(d->groups, top, left - 1, 0);
	}
	_cleanup_free_ uint8_t *dup_of = xcalloc(d->ngroups + 1, 1);
	_Static_assert(SUM_TOP_DUPS < UINT8_MAX, "a row fits dup_of");
	s->dups = xcalloc(n + 1, sizeof(*s->dups));
	s->ndups = n;
	for (size_t i = 0; i < n; i++) {
		s->dups[i] = dup_of_group(d, &d->groups[top[i]], s);
		dup_of[top[i]] = (uint8_t)(i + 1);
	}
	list_sites(d, dup_of, names, s);
	if (n)
		qsort_r(s->dups, n, sizeof(*s->dups), dup_cmp, &s->names);
	dupstr_done(d);
}
