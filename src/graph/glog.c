/* An append-only log in chunks. SPDX-License-Identifier: BSD-2-Clause */
#include "graph/glog.h"

static uint64_t chunk_size(uint64_t c) { return c == 0 ? GLOG_FIRST : c == 1 ? GLOG_SECOND : GLOG_CHUNK; }
static uint64_t chunk_cap(const struct glog *l, uint64_t c) { return chunk_size(c) / l->width; }

static uint64_t chunk_of(const struct glog *l, uint64_t i, uint64_t *ret_in)
{
	for (uint64_t c = 0; c < 2; c++) {
		uint64_t cap = chunk_cap(l, c);
		if (i < cap) {
			*ret_in = i;
			return c;
		}
		i -= cap;
	}
	*ret_in = i % chunk_cap(l, 2);
	return 2 + i / chunk_cap(l, 2);
}

void glog_init(struct glog *l, struct gmem *mem, uint32_t width)
{
	*l = (struct glog){.mem = mem, .width = width};
}

void glog_done(struct glog *l)
{
	for (uint64_t c = l->freed; c < l->nchunks; c++)
		gmem_free(l->mem, l->chunks[c], chunk_size(c), 4);
	gmem_free(l->mem, l->chunks, l->cap, sizeof(*l->chunks));
	glog_init(l, l->mem, l->width);
}

static bool add_chunk(struct glog *l)
{
	if (l->nchunks == l->cap) {
		uint64_t cap = l->cap ? l->cap * 2 : 512;
		uint32_t **p = gmem_grow(l->mem, l->chunks, l->cap, cap, sizeof(*p));
		if (!p)
			return false;
		l->chunks = p;
		l->cap = cap;
	}
	uint32_t *chunk = gmem_raw(l->mem, chunk_size(l->nchunks), 4);
	if (!chunk)
		return false;
	l->chunks[l->nchunks++] = chunk;
	return true;
}

uint32_t *glog_push_slow(struct glog *l)
{
	uint64_t in, c = chunk_of(l, l->n, &in);
	if (c == l->nchunks && !add_chunk(l))
		return NULL;
	l->next = l->chunks[c] + in * l->width;
	l->end = l->chunks[c] + chunk_cap(l, c) * l->width;
	return glog_push(l);
}

uint32_t *glog_at(const struct glog *l, uint64_t i)
{
	uint64_t in, c = chunk_of(l, i, &in);
	return l->chunks[c] + in * l->width;
}

uint64_t glog_run(const struct glog *l, uint64_t i)
{
	uint64_t in, c = chunk_of(l, i, &in), side = chunk_cap(l, c) - in;
	return side < l->n - i ? side : l->n - i;
}

void glog_free_before(struct glog *l, uint64_t i)
{
	uint64_t in, c = chunk_of(l, i, &in);
	for (; l->freed < c && l->freed < l->nchunks; l->freed++) {
		gmem_free(l->mem, l->chunks[l->freed], chunk_size(l->freed), 4);
		l->chunks[l->freed] = NULL;
	}
}
