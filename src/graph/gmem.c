/* Large arrays with an account. SPDX-License-Identifier: BSD-2-Clause */
#include "graph/gmem.h"

#include <string.h>
#include <sys/mman.h>

enum {
	GMEM_PAGE = 4096,             /* what an array is rounded up to */
	GMEM_LARGE = 2 * 1024 * 1024, /* a huge page */
	GMEM_WHOLE = 8 * 1024 * 1024, /* from this size on an array takes whole huge pages: what is freed fits the next one */
	GMEM_SMALL = 512 * 1024,     /* smaller ones lie by themselves, in a huge page at a time, so that they do not part what is large */
	GMEM_SLAB = 128 * 1024 * 1024, /* address space, used only as far as arrays are laid into it */
};

static uint64_t rounded(uint64_t n, size_t size)
{
	uint64_t bytes;
	if (__builtin_mul_overflow(n, (uint64_t)size, &bytes) || bytes > INT64_MAX - GMEM_LARGE)
		return UINT64_MAX;
	uint64_t unit = bytes >= GMEM_WHOLE ? GMEM_LARGE : GMEM_PAGE;
	return bytes ? (bytes + unit - 1) / unit * unit : GMEM_PAGE;
}

static void slab_done(struct gmem_slab *s)
{
	if (s->left)
		munmap(s->at, s->left);
	*s = (struct gmem_slab){0};
}

void gmem_trim(struct gmem *m)
{
	for (int i = 0; i < GMEM_BLOCKS; i++) {
		struct gmem_block *b = &m->block[i];
		if (!b->p || b->used)
			continue;
		munmap(b->p, b->bytes);
		m->now -= b->bytes;
		*b = (struct gmem_block){0};
	}
	slab_done(&m->small);
	slab_done(&m->large);
}

bool gmem_charge(struct gmem *m, int64_t bytes)
{
	if (bytes > 0 && m->limit && m->now + (uint64_t)bytes > m->limit) {
		gmem_trim(m);
		if (m->now + (uint64_t)bytes > m->limit) {
			m->failed = true;
			return false;
		}
	}
	m->now += (uint64_t)bytes;
	if (m->now > m->peak)
		m->peak = m->now;
	return true;
}

static void *refused(struct gmem *m, uint64_t bytes)
{
	m->now -= bytes;
	m->failed = true;
	return NULL;
}

static struct gmem_block *block_of(struct gmem *m, const void *p)
{
	for (int i = 0; i < GMEM_BLOCKS; i++)
		if (m->block[i].p == p)
			return &m->block[i];
	return NULL;
}

/* Cuts a kept array to `bytes`; the rest stays kept, in a block of its own. */
static void split(struct gmem *m, struct gmem_block *b, uint64_t bytes)
{
	struct gmem_block *rest = b->bytes > bytes ? block_of(m, NULL) : NULL;
	if (!rest)
		return;
	*rest = (struct gmem_block){.p = (uint8_t *)b->p + bytes, .bytes = b->bytes - bytes};
	b->bytes = bytes;
}

/* Joins a kept array with those beside it: two mappings side by side may be used and unmapped as one. */
static void merge(struct gmem *m, struct gmem_block *b)
{
	for (int i = 0; i < GMEM_BLOCKS; i++) {
		struct gmem_block *o = &m->block[i];
		if (!o->p || o->used || o == b)
			continue;
		if ((uint8_t *)o->p + o->bytes == b->p)
			b->p = o->p;
		else if ((uint8_t *)b->p + b->bytes != o->p)
			continue;
		b->bytes += o->bytes;
		*o = (struct gmem_block){0};
		i = -1; /* its other side may fit now */
	}
}

/* The smallest kept array that is large enough; what is too much of it stays kept. Small ones are not cut from large ones. */
static struct gmem_block *kept(struct gmem *m, uint64_t bytes)
{
	struct gmem_block *best = NULL;
	for (int i = 0; i < GMEM_BLOCKS; i++) {
		struct gmem_block *b = &m->block[i];
		if (b->p && !b->used && b->bytes >= bytes && (bytes >= GMEM_SMALL || b->bytes < GMEM_LARGE) && (!best || b->bytes < best->bytes))
			best = b;
	}
	if (best) {
		best->used = true;
		split(m, best, bytes);
	}
	return best;
}

static void *anonymous(uint64_t bytes, int prot)
{
	return mmap(NULL, bytes, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/* Address space from a huge page's begin on. Linux gives whole ones such a place by itself (6.7 and later), and no gap between them. */
static uint8_t *aligned(uint64_t bytes, int prot)
{
	uint8_t *p = anonymous(bytes, prot);
	if (p == MAP_FAILED || (uintptr_t)p % GMEM_LARGE == 0)
		return p;
	munmap(p, bytes);
	p = anonymous(bytes + GMEM_LARGE, prot);
	if (p == MAP_FAILED)
		return p;
	uint64_t before = (GMEM_LARGE - (uintptr_t)p % GMEM_LARGE) % GMEM_LARGE;
	if (before)
		munmap(p, before);
	munmap(p + before + bytes, GMEM_LARGE - before);
	return p + before;
}

static uint8_t *carve(struct gmem_slab *s, uint64_t bytes)
{
	uint8_t *p = s->at;
	s->at += bytes;
	s->left -= bytes;
	return p;
}

static uint8_t *large(struct gmem *m, uint64_t bytes)
{
	if (m->large.left < bytes) {
		uint64_t size = bytes > GMEM_SLAB ? bytes : GMEM_SLAB;
		uint8_t *p = aligned(size, PROT_READ | PROT_WRITE);
		if (p == MAP_FAILED)
			return p;
		(void)madvise(p, size, MADV_HUGEPAGE); /* refused: small pages */
		slab_done(&m->large);
		m->large = (struct gmem_slab){p, size};
	}
	return carve(&m->large, bytes);
}

/* The next `bytes` of address space. All arrays lie in huge pages, the small ones too: a page fault for each 4 KiB (12 us on a virtual
 * machine) was half of a small dump's time, and what is read at random misses the TLB less. */
static uint8_t *address_space(struct gmem *m, uint64_t bytes)
{
	if (bytes >= GMEM_SMALL)
		return large(m, bytes);
	if (m->small.left < bytes) {
		uint8_t *p = large(m, GMEM_LARGE);
		if (p == MAP_FAILED)
			return p;
		slab_done(&m->small);
		m->small = (struct gmem_slab){p, GMEM_LARGE};
	}
	return carve(&m->small, bytes);
}

static void *map(struct gmem *m, uint64_t bytes)
{
	if (!gmem_charge(m, (int64_t)bytes))
		return NULL;
	void *p = address_space(m, bytes);
	if (p == MAP_FAILED)
		return refused(m, bytes);
	struct gmem_block *b = block_of(m, NULL);
	if (b)
		*b = (struct gmem_block){.p = p, .bytes = bytes, .used = true};
	return p;
}

static void *get(struct gmem *m, uint64_t n, size_t size, bool zero)
{
	uint64_t bytes = rounded(n, size);
	if (bytes == UINT64_MAX) {
		m->failed = true;
		return NULL;
	}
	struct gmem_block *b = kept(m, bytes);
	if (!b)
		return map(m, bytes);
	if (zero)
		memset(b->p, 0, bytes);
	return b->p;
}

void *gmem_alloc(struct gmem *m, uint64_t n, size_t size) { return get(m, n, size, true); }

void *gmem_raw(struct gmem *m, uint64_t n, size_t size) { return get(m, n, size, false); }

void gmem_free(struct gmem *m, void *p, uint64_t n, size_t size)
{
	if (!p)
		return;
	uint64_t bytes = rounded(n, size);
	struct gmem_block *b = block_of(m, p);
	if (b) {
		b->used = false;
		merge(m, b);
		return;
	}
	munmap(p, bytes);
	m->now -= bytes;
}

void *gmem_grow(struct gmem *m, void *p, uint64_t old_n, uint64_t n, size_t size)
{
	if (!p)
		return gmem_alloc(m, n, size);
	if (rounded(n, size) == rounded(old_n, size))
		return p;
	void *q = gmem_alloc(m, n, size);
	if (!q)
		return NULL;
	memcpy(q, p, old_n * size);
	gmem_free(m, p, old_n, size);
	return q;
}

void gmem_cut(struct gmem *m, void *p, uint64_t old_n, uint64_t n, size_t size)
{
	uint64_t bytes = rounded(n, size), old_bytes = rounded(old_n, size);
	struct gmem_block *b = block_of(m, p);
	if (b) {
		split(m, b, bytes);
	} else if (old_bytes > bytes) {
		munmap((uint8_t *)p + bytes, old_bytes - bytes);
		m->now -= old_bytes - bytes;
	}
}

void *gmem_reserve(uint64_t bytes)
{
	void *p = aligned(bytes, PROT_NONE);
	if (p == MAP_FAILED)
		return NULL;
	(void)madvise(p, bytes, MADV_HUGEPAGE); /* refused: small pages */
	return p;
}

void gmem_unreserve(void *p, uint64_t bytes) { munmap(p, bytes); }

bool gmem_commit(struct gmem *m, void *p, uint64_t from, uint64_t to)
{
	if (!gmem_charge(m, (int64_t)(to - from)))
		return false;
	if (mprotect((uint8_t *)p + from, to - from, PROT_READ | PROT_WRITE) != 0)
		return refused(m, to - from) != NULL;
	struct gmem_block *b = from ? block_of(m, p) : block_of(m, NULL);
	if (b)
		*b = (struct gmem_block){.p = p, .bytes = to, .used = true};
	return true;
}
