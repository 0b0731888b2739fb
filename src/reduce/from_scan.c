/* The scanner's part of a summary. SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>

#include "base/mem.h"
#include "reduce/internal.h"

static void copy_counts(const struct scan_stats *st, struct dump_summary *s)
{
	s->input_bytes = st->bytes;
	s->lines = st->lines;
	s->edges = st->edges;
	s->roots = st->roots;
	s->root_refs = st->root_refs;
	s->shapes = st->shapes;
	s->free_slots = st->free_slots;
	s->bad_lines = st->bad_lines;
	s->unknown_keys = st->unknown_keys;
	s->since = st->roots == 0;
	for (uint32_t i = 0; i < st->nsamples; i++)
		s->samples[s->nsamples++] = strtab_intern(&s->names, span_of(st->samples[i]));
}

void reducer_finish(struct reducer *r, const struct scanner *sc, struct dump_summary *s)
{
	uint32_t n = scanner_nsites(sc);
	_cleanup_free_ struct scan_site *sites = xcalloc((size_t)n + 1, sizeof(*sites));
	for (uint32_t i = 1; i <= n; i++)
		sites[i - 1] = scanner_site(sc, i);
	copy_counts(scanner_stats(sc), s);
	reduce_finish(r, scanner_names(sc), sites, n, s);
}
