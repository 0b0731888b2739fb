/* The fast reader: which one, and what is not hot. SPDX-License-Identifier: BSD-2-Clause
 *
 * A line in Ruby's exact form that lies whole in the bytes fed is read in one go (simd_line.h). Anything else, and every
 * line that is cut, goes through scan_plain.c, whose long stretches (a string, an array of references) are skipped in
 * blocks (simd_bulk.h). So the rules stand once, in scan_plain.c; here stands only when a short cut is right. */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "scan/scan_fast.h"

#ifdef SCAN_HAVE_SIMD

#include <immintrin.h>

/* --- caches of what has been read before, by its raw bytes */

/* Remembers what a run says; its bytes are copied. Of its two places it takes the empty one, else the first in turn. */
static void site_put(struct scan_fast *f, uint64_t hash, struct span run, uint32_t site)
{
	uint32_t *at = &f->site_places[fast_site_place(hash)], *other = &f->site_places[fast_site_place(hash) ^ 1];
	if (*at && (!*other || site & 1))
		at = other;
	uint32_t number = *at & (FAST_SITES - 1);
	if (number == 0) {
		if (f->nsites == FAST_SITES - 1)
			return; /* all but one place are taken */
		number = ++f->nsites;
	}
	*at = fast_site_tag(hash) << FAST_SITES_LOG2 | number;
	struct fast_site *e = &f->sites[number];
	memcpy(e->p, run.p, run.n);
	e->n = (uint32_t)run.n;
	e->site = site;
}

uint32_t fast_site_new(struct scanner *s, const struct fast_line *l)
{
	uint32_t name = fast_name(s, l->file, TEXT_FILE), site = name ? scan_site_id(s, name, l->line) : 0;
	size_t n = (size_t)(l->run_end - l->run);
	if (n >= FAST_SITE_MIN && n <= FAST_SITE_MAX)
		site_put(s->fast, l->run_hash, (struct span){l->run, n}, site);
	return site;
}

/* Is this the inside of flags as every Ruby writes it: "word":true or "word":number, parted by ", "? */
bool fast_flags_plain(const uint8_t *p, const uint8_t *end)
{
	if (p == end)
		return true;
	for (;;) {
		if (p == end || *p++ != '"')
			return false;
		const uint8_t *word = p;
		while (p < end && ((*p >= 'a' && *p <= 'z') || *p == '_'))
			p++;
		if (p == word || end - p < 3 || p[0] != '"' || p[1] != ':')
			return false;
		p += 2;
		word = p;
		while (p < end && ((*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9')))
			p++;
		if (p == word)
			return false;
		if (p == end)
			return true;
		if (end - p < 2 || p[0] != ',' || p[1] != ' ')
			return false;
		p += 2;
	}
}

/* The id of a name as it stands. */
uint32_t fast_name(struct scanner *s, struct span raw, enum text_field f)
{
	if (!raw.n)
		return 0;
	text_clean(&s->clean, raw.p, raw.n < SCAN_TOKEN_MAX ? raw.n : SCAN_TOKEN_MAX, f != TEXT_FILE);
	if (f == TEXT_NAME)
		text_drop_addresses(&s->clean);
	return strtab_intern(&s->names, (struct span){s->clean.p, s->clean.n});
}

static void fill_types(struct scan_fast *f)
{
	static const struct { char name[FAST_TYPE_LEN + 1]; uint32_t type; } types[] = {
#define X(name) {#name, HEAP_##name},
		HEAP_TYPE_TABLE(X)
#undef X
		{"NONE", FAST_FREE_SLOT},
	};
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		uint8_t text[FAST_TYPE_LEN + 1] = {0};
		size_t n = strlen(types[i].name);
		memcpy(text, types[i].name, n);
		uint64_t word = load8(text);
		text[n] = '"'; /* what follows a short name in the dump */
		struct fast_type *t = &f->types[fast_type_slot(load4(text))];
		HDA_ASSERT(t->n == 0);
		*t = (struct fast_type){word, n == FAST_TYPE_LEN ? UINT64_MAX : ((uint64_t)1 << 8 * n) - 1, (uint32_t)n, types[i].type};
	}
}

#define FN(name) name##_avx2
#define TARGET __attribute__((target("avx2,bmi,bmi2")))
#define SCAN_AVX2 1
#include "scan/simd_block.h"
#include "scan/simd_line.h"
#include "scan/simd_bulk.h"
#undef FN
#undef TARGET
#undef SCAN_AVX2

#define FN(name) name##_sse2
#define TARGET
#define SCAN_AVX2 0
#include "scan/simd_block.h"
#include "scan/simd_line.h"
#include "scan/simd_bulk.h"
#undef FN
#undef TARGET
#undef SCAN_AVX2

void scan_simd_init(struct scanner *s)
{
	/* Fresh zero pages of the kernel's, not 3 MiB written for a dump of a few lines: hence calloc, aligned by hand. */
	const size_t align = _Alignof(struct scan_fast);
	s->fast_memory = xcalloc(1, sizeof(*s->fast) + align);
	s->fast = (struct scan_fast *)(((uintptr_t)s->fast_memory + align - 1) & ~(uintptr_t)(align - 1));
	fill_types(s->fast);
	bool avx2 = s->opts.impl != SCAN_SSE2 && __builtin_cpu_supports("avx2");
	s->feed = avx2 ? simd_feed_avx2 : simd_feed_sse2;
	s->impl_name = avx2 ? "avx2" : "sse2";
}

void scan_simd_done(struct scanner *s)
{
	free(s->fast_memory);
}

#else

void scan_simd_init(struct scanner *s) { (void)s; }

void scan_simd_done(struct scanner *s) { (void)s; }

#endif
