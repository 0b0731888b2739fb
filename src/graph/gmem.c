/* Large arrays with an account. SPDX-License-Identifier: BSD-2-Clause */
#include "graph/gmem.h"

#include <sys/mman.h>

enum {
	GMEM_PAGE = 4096,            /* what a mapping is rounded up to */
	GMEM_HUGE = 4 * 1024 * 1024, /* from this size on ask for huge pages: the arrays are read at random */
};

static uint64_t rounded(uint64_t n, size_t size)
{
	uint64_t bytes;
	if (__builtin_mul_overflow(n, (uint64_t)size, &bytes) || bytes > INT64_MAX - GMEM_PAGE)
		return UINT64_MAX;
	return bytes ? (bytes + GMEM_PAGE - 1) / GMEM_PAGE * GMEM_PAGE : GMEM_PAGE;
}

bool gmem_charge(struct gmem *m, int64_t bytes)
{
	if (bytes > 0 && m->limit && m->now + (uint64_t)bytes > m->limit) {
		m->failed = true;
		return false;
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

static void hint(void *p, uint64_t bytes)
{
	if (bytes >= GMEM_HUGE)
		(void)madvise(p, bytes, MADV_HUGEPAGE);
}

void *gmem_alloc(struct gmem *m, uint64_t n, size_t size)
{
	uint64_t bytes = rounded(n, size);
	if (bytes == UINT64_MAX) {
		m->failed = true;
		return NULL;
	}
	if (!gmem_charge(m, (int64_t)bytes))
		return NULL;
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return refused(m, bytes);
	hint(p, bytes);
	return p;
}

void gmem_free(struct gmem *m, void *p, uint64_t n, size_t size)
{
	if (!p)
		return;
	uint64_t bytes = rounded(n, size);
	munmap(p, bytes);
	m->now -= bytes;
}

void *gmem_grow(struct gmem *m, void *p, uint64_t old_n, uint64_t n, size_t size)
{
	if (!p)
		return gmem_alloc(m, n, size);
	uint64_t old = rounded(old_n, size), bytes = rounded(n, size);
	if (bytes == old)
		return p;
	if (bytes == UINT64_MAX || !gmem_charge(m, (int64_t)(bytes - old))) {
		m->failed = true;
		return NULL;
	}
	void *q = mremap(p, old, bytes, MREMAP_MAYMOVE);
	if (q == MAP_FAILED)
		return refused(m, bytes - old);
	hint(q, bytes);
	return q;
}
