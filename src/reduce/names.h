/* From the scanner's numbers of names and sites to a summary's. SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include <stdint.h>
#include <string.h>

#include "reduce/summary.h"
#include "scan/scanner.h"

struct reduce_names {
	const struct strtab *names;      /* the scanner's */
	struct scan_site *sites;         /* [1..nsites]; [0] is {0, 0}; owned */
	uint32_t nsites;
	uint32_t *to;                    /* [name id of the scanner]: id in the summary, 0 = not yet asked for; owned */
	uint32_t type[HEAP_TYPES];       /* [enum heap_type]: id in the summary, 0 = not yet asked for */
};

/* The id in s->names of a name of the scanner; 0 for 0. */
uint32_t reduce_name(const struct reduce_names *n, uint32_t name, struct dump_summary *s);
/* The same for a type (enum heap_type or HEAP_TYPES + name). */
uint32_t reduce_type_name(struct reduce_names *n, uint32_t type, struct dump_summary *s);

/* Orders by bytes, a prefix first. */
static inline int span_cmp(struct span a, struct span b)
{
	int c = memcmp(a.p ? (const void *)a.p : "", b.p ? (const void *)b.p : "", a.n < b.n ? a.n : b.n);
	return c ? c : (a.n > b.n) - (a.n < b.n);
}
