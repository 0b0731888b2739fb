/* Memory that never fails. SPDX-License-Identifier: BSD-2-Clause */
#include "base/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static void *need(void *p, size_t n)
{
	if (p)
		return p;
	fprintf(stderr, "<0>hda: out of memory: %zu bytes\n", n);
	abort();
}

void *xmalloc(size_t n) { return need(malloc(n ? n : 1), n); }

void *xcalloc(size_t n, size_t size) { return need(calloc(n ? n : 1, size ? size : 1), n); }

void *xreallocarray(void *p, size_t n, size_t size)
{
	return need(reallocarray(p, n ? n : 1, size ? size : 1), n);
}

void *xaligned(size_t align, size_t n) { return need(aligned_alloc(align, n), n); }

/* The whole pages of an array, all of which are going to be written. A system that does not know this gives them one by one. */
static void populate(void *p, size_t n)
{
#ifdef MADV_POPULATE_WRITE
	enum { PAGE = 4096 };
	uintptr_t begin = ((uintptr_t)p + PAGE - 1) / PAGE * PAGE, end = ((uintptr_t)p + n) / PAGE * PAGE;
	if (end > begin)
		(void)madvise((void *)begin, end - begin, MADV_POPULATE_WRITE);
#else
	(void)p;
	(void)n;
#endif
}

static void *huge(size_t bytes)
{
	enum { HUGE = 2 * 1024 * 1024 };
	if (bytes > SIZE_MAX - HUGE)
		return need(NULL, bytes);
	bytes = (bytes + HUGE - 1) / HUGE * HUGE;
	void *p = xaligned(HUGE, bytes);
#ifdef MADV_HUGEPAGE
	(void)madvise(p, bytes, MADV_HUGEPAGE); /* refused: small pages */
#endif
	return p;
}

void *xarray(size_t n, size_t size)
{
	size_t bytes;
	if (__builtin_mul_overflow(n, size, &bytes))
		return need(NULL, SIZE_MAX);
	if (bytes >= MEM_HUGE)
		return huge(bytes);
	void *p = xmalloc(bytes);
	if (bytes >= MEM_POPULATE)
		populate(p, bytes);
	return p;
}

void mem_ready(size_t n)
{
	void *p = malloc(n);
	if (p)
		populate(p, n);
	free(p);
}

void *xarray0(size_t n, size_t size) { return memset(xarray(n, size), 0, n * size); }

char *xstrdup(const char *s) { return need(strdup(s), strlen(s)); }

char *xstrndup(const char *s, size_t n) { return need(strndup(s, n), n); }

char *xasprintf(const char *fmt, ...)
{
	va_list ap;
	char *s = NULL;
	va_start(ap, fmt);
	int n = vasprintf(&s, fmt, ap);
	va_end(ap);
	return need(n < 0 ? NULL : s, 0);
}

void *xgrow(void *p, size_t n, size_t *cap, size_t size)
{
	if (p && n < *cap)
		return p;
	*cap = *cap ? *cap * 2 : 16;
	return xreallocarray(p, *cap, size);
}
