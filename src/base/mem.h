/* Memory that is bounded by design: running out of it is fatal. SPDX-License-Identifier: BSD-2-Clause
 *
 * What a peer can make large never comes from here without a limit checked before. */
#pragma once

#include <stddef.h>

/* Like malloc, calloc, reallocarray, strdup, but never return NULL: they abort with a message. The
 * caller frees with free(). Any thread. */
void *xmalloc(size_t n) __attribute__((malloc, returns_nonnull));
void *xcalloc(size_t n, size_t size) __attribute__((malloc, returns_nonnull));
/* n bytes at a multiple of align (a power of two that divides n); free() ends it. */
void *xaligned(size_t align, size_t n);
void *xreallocarray(void *p, size_t n, size_t size) __attribute__((returns_nonnull));
char *xstrdup(const char *s) __attribute__((malloc, returns_nonnull, nonnull));
char *xstrndup(const char *s, size_t n) __attribute__((malloc, returns_nonnull, nonnull));
/* n bytes that will soon be asked for in small parts: their pages are made ready at once, which costs less than one by one. For a process
 * that keeps what it frees (M_TRIM_THRESHOLD). */
void mem_ready(size_t n);
/* An array that is going to be used in full, of any content or all zero: from MEM_HUGE on in huge pages, from MEM_POPULATE on with its
 * pages taken from the system at once, since a page fault for each 4 KiB costs more (12 us on a virtual machine) than what is done with it.
 * The caller frees with free(). Any thread. */
enum { MEM_POPULATE = 16 * 1024, MEM_HUGE = 1024 * 1024 };
void *xarray(size_t n, size_t size) __attribute__((malloc, returns_nonnull));
void *xarray0(size_t n, size_t size) __attribute__((malloc, returns_nonnull));
/* Formats into a new string that the caller frees. */
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2), returns_nonnull));

/* Makes room for one more element in a growing array: doubles *cap (from 16) when n == *cap. */
void *xgrow(void *p, size_t n, size_t *cap, size_t size) __attribute__((returns_nonnull));

/* _cleanup_free_ char *s = ...; frees it at the end of the scope. */
static inline void mem_freep(void *p) { extern void free(void *); free(*(void **)p); }
#define _cleanup_free_ __attribute__((cleanup(mem_freep)))
