/* Memory that never fails. SPDX-License-Identifier: BSD-2-Clause */
#include "base/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
