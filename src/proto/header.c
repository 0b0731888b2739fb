/* Header of a dump. SPDX-License-Identifier: BSD-2-Clause */
#include "proto/header.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void dump_header_init(struct dump_header *h)
{
	*h = (struct dump_header){.seq = HEADER_UNKNOWN};
	uint64_t *unknown[] = {&h->threads, &h->gc_count, &h->major_gc_count, &h->heap_live_slots, &h->heap_free_slots,
	    &h->old_objects, &h->total_allocated_objects, &h->total_freed_objects, &h->malloc_increase_bytes,
	    &h->oldmalloc_increase_bytes, &h->heap_allocated_pages, &h->compact_count, &h->rss, &h->pss, &h->swap,
	    &h->cgroup_usage, &h->cgroup_limit, &h->jobs};
	for (size_t i = 0; i < sizeof(unknown) / sizeof(*unknown); i++)
		*unknown[i] = HEADER_UNKNOWN;
}

void dump_header_done(struct dump_header *h)
{
	free(h->mix);
	dump_header_init(h);
}

void dump_header_copy(struct dump_header *ret, const struct dump_header *h)
{
	*ret = *h;
	ret->mix = NULL;
	if (h->nmix) {
		ret->mix = xcalloc(h->nmix, sizeof(*ret->mix));
		memcpy(ret->mix, h->mix, h->nmix * sizeof(*ret->mix));
	}
}
