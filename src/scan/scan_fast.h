/* What the fast reader keeps between lines. SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "scan/scan_impl.h"

#if defined(__x86_64__) && defined(__GNUC__)
#define SCAN_HAVE_SIMD 1
#endif

/* A sanitizer's allocator maps and unmaps a block this large each time, at a page fault for each page of its shadow: tests make
 * a scanner for every cut of a dump. A small cache also is full in each of them, which tests what happens then. */
#ifdef HDA_SANITIZED
enum { FAST_SITES_LOG2 = 6 };
#else
enum { FAST_SITES_LOG2 = 14 };
#endif

enum {
	FAST_SITES = 1 << FAST_SITES_LOG2, /* entries of the cache of file, line and method */
	FAST_SITE_MIN = 32,     /* shortest run kept: one block */
	FAST_SITE_MAX = 184,    /* longest: an entry of three cache lines, 3 MiB in all of a release's */
	FAST_FLAGS = 128,       /* entries of the cache of flags, by length */
	FAST_NAMES = 256,       /* entries of the cache of short names */
	FAST_NAME_MAX = 16,     /* bytes of a short name */
	FAST_TYPES = 64,
	FAST_TYPE_LEN = 8,      /* longest of Ruby's types */
	FAST_FREE_SLOT = HEAP_TYPES, /* "type" of a NONE line here */
	FAST_BATCH = 32,        /* lines read before they are accepted */
	FAST_WINDOW = 64,       /* bytes looked at in one go; no more than SCAN_PAD */
};

/* A file, its line and method, byte for byte: from behind `"file":"` to the comma behind the last of them. The bytes stand
 * in the entry: behind a pointer they would be one more wait for memory. */
struct fast_site {
	uint32_t n, site;
	uint8_t p[FAST_SITE_MAX];
};
_Static_assert(sizeof(struct fast_site) % 64 == 0, "whole cache lines");

/* From `, "flags":` to LF; the entry at [n] has n bytes, 0 when empty. */
struct fast_flags {
	uint8_t p[FAST_FLAGS];
	uint32_t n;
};

struct fast_name {
	uint64_t lo, hi; /* its bytes, zeros behind */
	uint32_t n, id;
};

struct fast_type {
	uint64_t word, mask;
	uint32_t n, type;
};

/* A line that has been read and not yet accepted. Its texts lie in what was fed. */
struct fast_line {
	const uint8_t *start;
	struct heap_obj *o;
	struct span value, name, real, detail;
	const uint8_t *run, *run_end; /* file .. method, all-NULL without; what it says is known when the line is accepted */
	uint64_t run_hash;
	struct span file;             /* of a run that is new, once the line is accepted: its path and line */
	uint32_t line;
	bool has_value, has_length, has_size;
	uint64_t length, size;
};

struct scan_fast {
	struct fast_type types[FAST_TYPES];
	struct fast_flags flags[FAST_FLAGS];
	struct fast_name names[FAST_NAMES];
	/* Lines are read some at a time, then accepted together: a site looked up when its line is read would be waited for,
	 * so its entry is only asked for there. */
	struct fast_line lines[FAST_BATCH];
	struct heap_obj objs[FAST_BATCH];
	uint32_t nlines;
	uint32_t free_slots[FAST_BATCH + 1]; /* before each of them, and behind the last */
	size_t nrefs;
	uint64_t refs[2 * SCAN_REFS_BATCH]; /* of all of them; more than half full: they are accepted before the next */
	/* Where a run stands in sites, and the part of its hash that place does not tell; two neighbours are the two places of a hash.
	 * The runs themselves lie in the order in which they came: the frequent ones come early, and so share few pages. Spread over
	 * all 3 MiB each look had to wait for its page's translation. */
	uint32_t site_places[FAST_SITES]; /* tag << FAST_SITES_LOG2 | number, 0: empty (number 0 is no run) */
	uint32_t nsites;
	_Alignas(64) struct fast_site sites[FAST_SITES];
};

/* The site of a line's new run. */
uint32_t fast_site_new(struct scanner *s, const struct fast_line *l);
bool fast_flags_plain(const uint8_t *p, const uint8_t *end);
uint32_t fast_name(struct scanner *s, struct span raw, enum text_field f);

/* A hash's first place in site_places, and its tag there. */
static inline uint32_t fast_site_place(uint64_t hash) { return (uint32_t)(hash >> 32) & (FAST_SITES - 1); }
static inline uint32_t fast_site_tag(uint64_t hash) { return (uint32_t)hash >> FAST_SITES_LOG2 | 1; }

static inline uint32_t load4(const uint8_t *p)
{
	uint32_t v;
	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint64_t load8(const uint8_t *p)
{
	uint64_t v;
	memcpy(&v, p, sizeof(v));
	return v;
}

/* The factor was found by trying: it gives each of Ruby's types, with the quote behind it, a slot of its own. */
static inline uint32_t fast_type_slot(uint32_t first4) { return (first4 * 0x03b96d91u) >> 26; }

/* Eight digits at once: pairs, then fours, then eight. x holds digits as 0..9, the first in the lowest byte. */
static inline uint64_t fast_eight(uint64_t x)
{
	x = (x * 10 + (x >> 8)) & 0x00ff00ff00ff00ffull;
	x = (x * 100 + (x >> 16)) & 0x0000ffff0000ffffull;
	return (x * 10000 + (x >> 32)) & 0xffffffffull;
}

/* How many of the eight characters are digits, from the first on. */
static inline unsigned fast_count(uint64_t chars)
{
	uint64_t x = chars ^ 0x3030303030303030ull; /* a digit becomes 0..9 */
	uint64_t other = ((x + 0x7676767676767676ull) | x) & 0x8080808080808080ull; /* true up to the first that is none */
	return other ? (unsigned)__builtin_ctzll(other) / 8 : 8;
}

/* How many digits stand at p, up to 8; their value into *ret. */
static inline unsigned fast_digits(const uint8_t *p, uint64_t *ret)
{
	uint64_t chars = load8(p);
	unsigned n = fast_count(chars);
	*ret = n ? fast_eight((chars ^ 0x3030303030303030ull) << (64 - 8 * n)) : 0;
	return n;
}

/* A number at p; returns what follows it, NULL when there is none or it is longer than 16 digits. */
static inline const uint8_t *fast_number(const uint8_t *p, uint64_t *ret)
{
	unsigned n = fast_digits(p, ret);
	if (__builtin_expect(n < 8, 1))
		return n ? p + n : NULL;
	static const uint64_t power[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000};
	uint64_t low;
	n = fast_digits(p + 8, &low);
	if (n == 8)
		return NULL;
	*ret = *ret * power[n] + low;
	return p + 8 + n;
}
