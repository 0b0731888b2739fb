/* A recorder of the scanner's callbacks; also of the fuzz target, so without cmocka. SPDX-License-Identifier: BSD-2-Clause */
#include "scan_record.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"

struct run {
	struct recording *r;
	const struct scanner *s;
	bool text;
};

static void mix(struct recording *r, uint64_t v)
{
	r->hash = (r->hash ^ v) * 0x9fb21c651e98df25ull;
	r->hash ^= r->hash >> 29;
}

static void mix_name(struct run *u, uint32_t id)
{
	struct span t = strtab_get(scanner_names(u->s), id);
	mix(u->r, id);
	for (size_t i = 0; i < t.n; i++)
		mix(u->r, t.p[i]);
}

__attribute__((format(printf, 2, 3))) static void say(struct run *u, const char *fmt, ...)
{
	char line[4096];
	va_list ap;
	if (!u->text)
		return;
	va_start(ap, fmt);
	int n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	HDA_ASSERT(n >= 0);
	size_t k = (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1;
	struct recording *r = u->r;
	while (r->ntext + k + 1 > r->cap_text) {
		r->cap_text = r->cap_text ? r->cap_text * 2 : 4096;
		r->text = xreallocarray(r->text, r->cap_text, 1);
	}
	memcpy(r->text + r->ntext, line, k + 1);
	r->ntext += k;
}

static const char *name(struct run *u, uint32_t id) { return id ? strtab_str(scanner_names(u->s), id) : "-"; }

static void mix_refs(struct recording *r, const uint64_t *addr, size_t n)
{
	for (size_t i = 0; i < n; i++)
		mix(r, addr[i]);
	r->refs += n;
	mix(r, n);
}

static void say_object(struct run *u, const struct heap_obj *o)
{
	struct scan_site site = o->site ? scanner_site(u->s, o->site) : (struct scan_site){0};
	say(u, "object %" PRIx64 " %s mem=%" PRIu64 " bytesize=%" PRIu64 " site=%s:%u name=%s real=%s detail=%s flags=%x",
	    o->addr, scanner_type_name(u->s, o->type), o->memsize, o->bytesize, name(u, site.file), site.line, name(u, o->name),
	    name(u, o->real_name), name(u, o->detail), o->flags & ~(unsigned)OBJ_HAS_VALUE);
	if (o->flags & OBJ_HAS_CLASS)
		say(u, " class=%" PRIx64, o->klass);
	if (o->flags & OBJ_HAS_SUPERCLASS)
		say(u, " super=%" PRIx64, o->superclass);
	if (o->flags & OBJ_HAS_GENERATION)
		say(u, " gen=%" PRIu64, o->generation);
	if (o->flags & OBJ_HAS_LENGTH)
		say(u, " len=%" PRIu64, o->length);
	if (o->flags & OBJ_HAS_SHAPE)
		say(u, " shape=%u", o->shape);
	say(u, " refs=%" PRIu64 "[", o->refs_total);
	for (size_t i = 0; i < o->nrefs && i < 8; i++)
		say(u, " %" PRIx64, o->refs[i]);
	say(u, "]\n");
}

static void on_object(void *ctx, const struct heap_obj *o)
{
	struct run *u = ctx;
	struct recording *r = u->r;
	mix(r, 1);
	mix(r, o->addr);
	mix(r, o->type);
	if (o->type >= HEAP_TYPES)
		mix_name(u, o->type - HEAP_TYPES);
	mix(r, o->memsize);
	mix(r, o->bytesize);
	mix(r, o->flags);
	mix(r, o->flags & OBJ_HAS_CLASS ? o->klass : 0);
	mix(r, o->flags & OBJ_HAS_SUPERCLASS ? o->superclass : 0);
	mix(r, o->flags & OBJ_HAS_GENERATION ? o->generation : 0);
	mix(r, o->flags & OBJ_HAS_LENGTH ? o->length : 0);
	mix(r, o->flags & OBJ_HAS_VALUE ? o->value_hash : 0);
	mix(r, o->flags & OBJ_HAS_SHAPE ? o->shape : 0);
	mix_name(u, o->name);
	mix_name(u, o->real_name);
	mix_name(u, o->detail);
	mix(r, o->site);
	if (o->site) {
		struct scan_site site = scanner_site(u->s, o->site);
		mix_name(u, site.file);
		mix(r, site.line);
	}
	mix_refs(r, o->refs, o->nrefs);
	mix(r, o->refs_total);
	for (size_t i = 0; i < o->value.n; i++)
		mix(r, o->value.p[i]);
	mix(r, o->value.n);
	r->bytes += o->memsize;
	say_object(u, o);
}

static void on_objects(void *ctx, const struct heap_obj *o, size_t n)
{
	for (size_t i = 0; i < n; i++)
		on_object(ctx, &o[i]);
}

static void on_refs(void *ctx, const uint64_t *addr, size_t n)
{
	struct run *u = ctx;
	HDA_ASSERT(n == SCAN_REFS_BATCH);
	mix(u->r, 2);
	mix_refs(u->r, addr, n);
	say(u, "refs %zu\n", n);
}

static void on_drop(void *ctx)
{
	struct run *u = ctx;
	mix(u->r, 3);
	u->r->drops++;
	say(u, "drop\n");
}

static void on_root(void *ctx, uint32_t id, const uint64_t *addr, size_t n, bool last)
{
	struct run *u = ctx;
	mix(u->r, 4);
	mix_name(u, id);
	mix_refs(u->r, addr, n);
	mix(u->r, last);
	say(u, "root %s n=%zu first=%" PRIx64 "%s\n", name(u, id), n, n ? addr[0] : 0, last ? " last" : "");
}

static void on_shape(void *ctx, const struct heap_shape *sh)
{
	struct run *u = ctx;
	mix(u->r, 5);
	mix(u->r, sh->id);
	mix(u->r, sh->parent_id);
	mix_name(u, sh->edge_name);
	say(u, "shape %" PRIu64 " parent %" PRIu64 " %s\n", sh->id, sh->parent_id, name(u, sh->edge_name));
}

static void mix_stats(struct recording *r)
{
	const struct scan_stats *t = &r->stats;
	const uint64_t all[] = {t->bytes, t->lines, t->objects, t->roots, t->shapes, t->free_slots, t->bad_lines, t->edges,
				t->root_refs, t->unknown_keys, t->nsamples};
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		mix(r, all[i]);
	for (uint32_t i = 0; i < t->nsamples; i++)
		for (const char *c = t->samples[i]; *c; c++)
			mix(r, (uint8_t)*c);
}

/* What stands in the padding must not matter: here what would end a record. */
static void feed_own(struct scanner *s, const uint8_t *p, size_t n)
{
	uint8_t *copy = xmalloc(n + SCAN_PAD);
	memcpy(copy, p, n);
	for (size_t i = 0; i < SCAN_PAD; i++)
		copy[n + i] = (uint8_t)"\"}\n"[i % 3];
	scanner_feed(s, copy, n);
	free(copy);
}

void recording_run(struct recording *r, const struct recording_opts *o, const uint8_t *p, size_t n)
{
	*r = (struct recording){.hash = 1};
	struct run u = {.r = r, .text = o->text};
	struct scanner_opts opts = {.impl = o->impl, .hash_key = "0123456789abcde", .hash_values = !o->no_hash,
				    .keep_values = o->keep_values, .want_refs = !o->no_refs};
	struct scan_sink sink = {&u, on_object, on_refs, on_drop, on_root, on_shape, on_objects};
	struct scanner *s = scanner_new(&opts, &sink);
	u.s = s;
	uint64_t seed = o->cut_seed;
	for (size_t i = 0, k; i < n; i += k) {
		k = o->piece ? o->piece : n;
		if (o->cut_seed) {
			seed = seed * 6364136223846793005ull + 1442695040888963407ull; /* Knuth, MMIX */
			k = 1 + (size_t)(seed >> 33) % k;
		}
		if (o->first && i == 0)
			k = o->first;
		k = k < n - i ? k : n - i;
		if (o->own)
			feed_own(s, p + i, k);
		else
			scanner_feed(s, p + i, k);
	}
	scanner_finish(s);
	r->stats = *scanner_stats(s);
	mix_stats(r);
	scanner_free(s);
}
