/* From the bytes of a dump to its objects. SPDX-License-Identifier: BSD-2-Clause
 *
 * A resumable reader by the rules R1-R7 of src/scan/README.md. Feed it pieces of any size, cut anywhere;
 * it calls back once per good record. It never fails: bad lines are counted and sampled. Memory is bounded by
 * the limits below plus the distinct names and sites. Two implementations give the same callbacks. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"
#include "base/strtab.h"
#include "scan/heap_obj.h"

enum {
	SCAN_TOKEN_MAX = 64 * 1024, /* bytes kept of a name, file or type; a longer one is cut there */
	SCAN_REFS_BATCH = 4096,     /* addresses per batch */
	SCAN_BAD_SAMPLES = 5,       /* bad lines kept as samples */
	SCAN_SAMPLE_MAX = 160,      /* bytes of a sample (escaped, values removed) */
	SCAN_VALUE_KEEP = 200,      /* bytes of a value with keep_values */
	SCAN_PAD = 64,              /* readable bytes that must lie behind each piece fed */
};

/* What the scanner tells. ctx is the caller's. Any callback but object may be NULL. */
struct scan_sink {
	void *ctx;
	void (*object)(void *ctx, const struct heap_obj *o);
	/* A full batch of references of the record being read; more follow, at last object() or drop(). */
	void (*refs)(void *ctx, const uint64_t *addr, size_t n);
	/* The batches of the current record given so far do not count (bad line, repeated key). */
	void (*drop)(void *ctx);
	/* A ROOT line; n references in one or several batches, `last` on the final one (n may be 0). */
	void (*root)(void *ctx, uint32_t name, const uint64_t *addr, size_t n, bool last);
	void (*shape)(void *ctx, const struct heap_shape *s);
	/* Several objects in their order, all their references with them: instead of object() for each. NULL: never. */
	void (*objects)(void *ctx, const struct heap_obj *o, size_t n);
};

/* SCAN_SSE2: the fast reader without AVX2, for tests. Where there is no fast reader all are the plain one. */
enum scan_impl { SCAN_AUTO, SCAN_PLAIN, SCAN_SIMD, SCAN_SSE2 };

struct scanner_opts {
	enum scan_impl impl;    /* SCAN_AUTO: the fastest this processor can */
	uint8_t hash_key[16];   /* for value_hash (SipHash): the store's secret */
	bool hash_values;       /* false: value_hash is never set (saves time) */
	bool keep_values;       /* see heap_obj.value */
	bool want_refs;         /* false: references are counted, not handed over */
};

struct scan_stats {
	uint64_t bytes, lines;             /* lines: good records and bad lines */
	uint64_t objects, roots, shapes, free_slots, bad_lines;
	uint64_t edges, root_refs;         /* addresses in references of objects, of ROOT lines */
	uint64_t unknown_keys;             /* keys that no Ruby of ours writes */
	uint32_t nsamples;
	char samples[SCAN_BAD_SAMPLES][SCAN_SAMPLE_MAX]; /* printable ASCII, NUL-terminated */
};

struct scan_site { uint32_t file, line; }; /* name id of the file; line 0 = null */

struct scanner;

/* A scanner for one dump. Free with scanner_free. One thread at a time. */
struct scanner *scanner_new(const struct scanner_opts *opts, const struct scan_sink *sink);
void scanner_free(struct scanner *s);
/* The next n bytes. p[n .. n + SCAN_PAD) must be readable (its content does not matter). The bytes are only borrowed. */
void scanner_feed(struct scanner *s, const uint8_t *p, size_t n);
/* The end of the dump: an unfinished last line is read or counted as bad. */
void scanner_finish(struct scanner *s);
const struct scan_stats *scanner_stats(const struct scanner *s);
/* Names seen so far; ids stay valid until scanner_free. */
const struct strtab *scanner_names(const struct scanner *s);
/* Number of sites seen; ids are 1..n. */
uint32_t scanner_nsites(const struct scanner *s);
struct scan_site scanner_site(const struct scanner *s, uint32_t site);
/* Name of the implementation in use: "plain", "sse2", "avx2". */
const char *scanner_impl_name(const struct scanner *s);
/* The text of a type id (known or from the name table). */
const char *scanner_type_name(const struct scanner *s, uint32_t type);
