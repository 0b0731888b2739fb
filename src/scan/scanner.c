/* The scanner: making, feeding, asking. SPDX-License-Identifier: BSD-2-Clause */
#include "scan/scanner.h"

#include <stdlib.h>
#include <sodium/utils.h>

#include "base/assert.h"
#include "base/mem.h"
#include "scan/scan_impl.h"

struct scanner *scanner_new(const struct scanner_opts *opts, const struct scan_sink *sink)
{
	HDA_ASSERT(sink->object);
	struct scanner *s = xcalloc(1, sizeof(*s));
	s->opts = *opts;
	s->sink = *sink;
	strtab_init(&s->names);
	s->feed = scan_plain_feed;
	s->impl_name = "plain";
	if (opts->impl != SCAN_PLAIN)
		scan_simd_init(s);
	return s;
}

void scanner_free(struct scanner *s)
{
	if (!s)
		return;
	scan_simd_done(s);
	for (int i = 0; i < TEXTS; i++)
		free(s->rec.texts[i].p);
	free(s->rec.refs);
	free(s->nest.p);
	free(s->again);
	free(s->clean.p);
	free(s->sites);
	u64map_done(&s->site_ids);
	strtab_done(&s->names);
	sodium_memzero(s, sizeof(*s)); /* the key, and bytes of values */
	free(s);
}

void scanner_feed(struct scanner *s, const uint8_t *p, size_t n)
{
	s->stats.bytes += n;
	s->feed(s, p, n);
}

void scanner_finish(struct scanner *s) { scan_line_end(s); }

const struct scan_stats *scanner_stats(const struct scanner *s) { return &s->stats; }

const struct strtab *scanner_names(const struct scanner *s) { return &s->names; }

uint32_t scanner_nsites(const struct scanner *s) { return s->nsites; }

struct scan_site scanner_site(const struct scanner *s, uint32_t site)
{
	HDA_ASSERT(site > 0 && site <= s->nsites);
	return s->sites[site - 1];
}

const char *scanner_impl_name(const struct scanner *s) { return s->impl_name; }

const char *scanner_type_name(const struct scanner *s, uint32_t type)
{
	static const char *const names[HEAP_TYPES] = {
		[HEAP_NONE_] = "",
#define X(name) [HEAP_##name] = #name,
		HEAP_TYPE_TABLE(X)
#undef X
	};
	return type < HEAP_TYPES ? names[type] : strtab_str(&s->names, type - HEAP_TYPES);
}
