/* Keys and values of one record, to one callback. SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "scan/scan_impl.h"

void record_begin(struct scanner *s)
{
	struct record *r = &s->rec;
	for (int i = 0; i < TEXTS; i++)
		text_clear(&r->texts[i]);
	r->num_set = r->addr_set = 0;
	r->singleton = r->has_value = r->streamed = false;
	r->unknown = r->nkept = 0;
	r->nrefs = 0;
	r->refs_total = 0;
}

/* --- references */

static void refs_forget(struct scanner *s)
{
	struct record *r = &s->rec;
	if (r->streamed && s->sink.drop)
		s->sink.drop(s->sink.ctx);
	r->streamed = false;
	r->nrefs = 0;
	r->refs_total = 0;
}

void record_drop(struct scanner *s) { refs_forget(s); }

static bool text_is(const struct raw_text *t, const char *what)
{
	return t->n == strlen(what) && memcmp(t->p, what, t->n) == 0;
}

/* The type as text, in s->clean; false while there is none. */
static bool clean_type(struct scanner *s)
{
	const struct raw_text *t = &s->rec.texts[TEXT_TYPE];
	if (!t->set || !t->n)
		return false;
	text_clean(&s->clean, t->p, t->n, true);
	return true;
}

static void refs_stream(struct scanner *s, size_t keep)
{
	struct record *r = &s->rec;
	size_t i = 0;
	for (; r->nrefs - i > keep; i += SCAN_REFS_BATCH) {
		if (s->sink.refs)
			s->sink.refs(s->sink.ctx, r->refs + i, SCAN_REFS_BATCH);
		r->streamed = true;
	}
	memmove(r->refs, r->refs + i, (r->nrefs - i) * sizeof(*r->refs));
	r->nrefs -= i;
}

/* The buffer is full. References of an object go out; those of a ROOT line go out with its name, so they wait, and so
 * do those of a record whose type is not known yet. */
static void refs_full(struct scanner *s)
{
	struct record *r = &s->rec;
	bool object = clean_type(s) && !text_is(&s->clean, "ROOT");
	if (r->cap_refs && (object || r->nrefs >= HELD_REFS_MAX)) {
		refs_stream(s, 0);
		return;
	}
	r->cap_refs = r->cap_refs ? r->cap_refs * 2 : SCAN_REFS_BATCH;
	r->refs = xreallocarray(r->refs, r->cap_refs, sizeof(*r->refs));
}

void record_ref(struct scanner *s, uint64_t addr)
{
	struct record *r = &s->rec;
	r->refs_total++;
	if (!s->opts.want_refs)
		return;
	if (r->nrefs == r->cap_refs)
		refs_full(s);
	r->refs[r->nrefs++] = addr;
}

/* --- values */

void record_value(struct scanner *s)
{
	struct record *r = &s->rec;
	const struct key_def *k = s->key;
	s->text = NULL;
	switch ((enum key_kind)k->kind) {
	case KEY_UNKNOWN:
		r->unknown++;
		break;
	case KEY_SKIP:
		break;
	case KEY_TEXT:
		s->text = &r->texts[k->field];
		text_clear(s->text);
		break;
	case KEY_NUMBER:
		r->num_set &= ~(1u << k->field);
		break;
	case KEY_ADDRESS:
	case KEY_EITHER:
		r->addr_set &= ~(1u << k->field);
		break;
	case KEY_TRUE:
		r->singleton = false;
		break;
	case KEY_REFS:
		refs_forget(s);
		break;
	case KEY_VALUE:
		r->has_value = false;
		r->nkept = 0;
		value_hash_init(&r->value, s->opts.hash_key);
		break;
	}
}

static void set_address(struct scanner *s)
{
	struct record *r = &s->rec;
	if (s->word_len <= WORD_MAX && text_address(s->word, s->word_len, &r->addrs[s->key->field]))
		r->addr_set |= 1u << s->key->field;
}

void record_string_end(struct scanner *s)
{
	struct record *r = &s->rec;
	switch ((enum key_kind)s->key->kind) {
	case KEY_TEXT:
		s->text->set = true;
		break;
	case KEY_ADDRESS:
	case KEY_EITHER:
		set_address(s);
		break;
	case KEY_VALUE:
		r->has_value = true;
		break;
	case KEY_UNKNOWN: case KEY_SKIP: case KEY_NUMBER: case KEY_TRUE: case KEY_REFS:
		break;
	}
}

void record_bare_end(struct scanner *s)
{
	struct record *r = &s->rec;
	switch ((enum key_kind)s->key->kind) {
	case KEY_NUMBER:
		if (!s->number_bad) {
			r->nums[s->key->field] = s->number;
			r->num_set |= 1u << s->key->field;
		}
		break;
	case KEY_EITHER:
		set_address(s);
		break;
	case KEY_TRUE:
		r->singleton = s->word_len == 4 && memcmp(s->word, "true", 4) == 0;
		break;
	case KEY_UNKNOWN: case KEY_SKIP: case KEY_TEXT: case KEY_ADDRESS: case KEY_REFS: case KEY_VALUE:
		break;
	}
}

/* --- the end */

uint32_t scan_type_id(const uint8_t *p, size_t n)
{
	static const struct { const char *name; uint8_t n; } types[HEAP_TYPES] = {
#define X(name) [HEAP_##name] = {#name, sizeof(#name) - 1},
		HEAP_TYPE_TABLE(X)
#undef X
	};
	for (uint32_t i = 1; i < HEAP_TYPES; i++)
		if (types[i].n == n && memcmp(types[i].name, p, n) == 0)
			return i;
	return 0;
}

/* The name id of a text field; 0 when it is absent or empty. */
static uint32_t name_of(struct scanner *s, enum text_field f)
{
	const struct raw_text *t = &s->rec.texts[f];
	if (!t->set || !t->n)
		return 0;
	text_clean(&s->clean, t->p, t->n, f != TEXT_FILE);
	if (f == TEXT_NAME)
		text_drop_addresses(&s->clean);
	return strtab_intern(&s->names, (struct span){s->clean.p, s->clean.n});
}

uint32_t scan_site_id(struct scanner *s, uint32_t file, uint32_t line)
{
	bool fresh;
	uint32_t *id = u64map_put(&s->site_ids, (uint64_t)file << 32 | line, &fresh);
	if (fresh) {
		s->sites = xgrow(s->sites, s->nsites, &s->cap_sites, sizeof(*s->sites));
		s->sites[s->nsites] = (struct scan_site){file, line};
		*id = ++s->nsites;
	}
	return *id;
}

static bool has_num(const struct record *r, enum num_field f) { return r->num_set >> f & 1; }

static uint64_t num_or_0(const struct record *r, enum num_field f) { return has_num(r, f) ? r->nums[f] : 0; }

static uint32_t site_of(struct scanner *s)
{
	struct record *r = &s->rec;
	uint32_t file = name_of(s, TEXT_FILE);
	if (!file)
		return 0;
	uint64_t line = num_or_0(r, NUM_LINE);
	return scan_site_id(s, file, line <= UINT32_MAX ? (uint32_t)line : 0);
}

static void fill_value(struct scanner *s, struct heap_obj *o)
{
	struct record *r = &s->rec;
	if (!r->has_value)
		return;
	if (s->opts.hash_values && o->type == HEAP_STRING) {
		o->value_hash = value_hash_end(&r->value);
		o->flags |= OBJ_HAS_VALUE;
	}
	if (s->opts.keep_values)
		o->value = (struct span){r->kept, r->nkept};
}

static void fill_numbers(const struct record *r, struct heap_obj *o)
{
	o->memsize = num_or_0(r, NUM_MEMSIZE);
	o->bytesize = num_or_0(r, NUM_BYTESIZE);
	if (has_num(r, NUM_GENERATION)) {
		o->generation = r->nums[NUM_GENERATION];
		o->flags |= OBJ_HAS_GENERATION;
	}
	enum num_field length = o->type == HEAP_ARRAY ? NUM_LENGTH : NUM_SIZE;
	if ((o->type == HEAP_ARRAY || o->type == HEAP_HASH) && has_num(r, length)) {
		o->length = r->nums[length];
		o->flags |= OBJ_HAS_LENGTH;
	}
	if (has_num(r, NUM_SHAPE) && r->nums[NUM_SHAPE] <= UINT32_MAX) {
		o->shape = (uint32_t)r->nums[NUM_SHAPE];
		o->flags |= OBJ_HAS_SHAPE;
	}
}

static void end_object(struct scanner *s, uint32_t type)
{
	struct record *r = &s->rec;
	struct heap_obj o = {.addr = r->addrs[ADDR_SELF], .type = type};
	if (r->addr_set >> ADDR_CLASS & 1) {
		o.klass = r->addrs[ADDR_CLASS];
		o.flags |= OBJ_HAS_CLASS;
	}
	if (r->addr_set >> ADDR_SUPER & 1) {
		o.superclass = r->addrs[ADDR_SUPER];
		o.flags |= OBJ_HAS_SUPERCLASS;
	}
	if (r->singleton)
		o.flags |= OBJ_SINGLETON;
	fill_numbers(r, &o);
	fill_value(s, &o);
	/* The order in which names get their ids is the same in scan_simd.c. */
	if (type == HEAP_DATA || type == HEAP_IMEMO)
		o.detail = name_of(s, type == HEAP_DATA ? TEXT_STRUCT : TEXT_IMEMO);
	o.name = name_of(s, TEXT_NAME);
	o.real_name = name_of(s, TEXT_REAL);
	o.site = site_of(s);
	if (r->nrefs > SCAN_REFS_BATCH)
		refs_stream(s, SCAN_REFS_BATCH);
	o.refs = r->refs;
	o.nrefs = r->nrefs;
	o.refs_total = r->refs_total;
	s->stats.objects++;
	s->stats.edges += r->refs_total;
	s->sink.object(s->sink.ctx, &o);
}

static void end_shape(struct scanner *s)
{
	struct record *r = &s->rec;
	struct heap_shape shape = {num_or_0(r, NUM_ID), num_or_0(r, NUM_PARENT), name_of(s, TEXT_EDGE)};
	s->stats.shapes++;
	refs_forget(s);
	if (s->sink.shape)
		s->sink.shape(s->sink.ctx, &shape);
}

static bool end_root(struct scanner *s)
{
	struct record *r = &s->rec;
	if (r->streamed) /* over HELD_REFS_MAX before it said that it is a ROOT: taken for an object's, cannot be turned round */
		return false;
	uint32_t name = name_of(s, TEXT_ROOT);
	if (!name)
		return false;
	s->stats.roots++;
	s->stats.root_refs += r->refs_total;
	if (!s->sink.root)
		return true;
	size_t i = 0;
	for (; r->nrefs - i > SCAN_REFS_BATCH; i += SCAN_REFS_BATCH)
		s->sink.root(s->sink.ctx, name, r->refs + i, SCAN_REFS_BATCH, false);
	s->sink.root(s->sink.ctx, name, r->refs ? r->refs + i : NULL, r->nrefs - i, true);
	return true;
}

bool record_end(struct scanner *s)
{
	struct record *r = &s->rec;
	if (!clean_type(s))
		return false;
	if (text_is(&s->clean, "ROOT")) {
		if (!end_root(s))
			return false;
	} else if (!(r->addr_set >> ADDR_SELF & 1)) {
		return false;
	} else if (text_is(&s->clean, "SHAPE")) {
		end_shape(s);
	} else if (text_is(&s->clean, "NONE")) {
		s->stats.free_slots++;
		refs_forget(s);
	} else {
		uint32_t type = scan_type_id(s->clean.p, s->clean.n);
		end_object(s, type ? type : HEAP_TYPES + strtab_intern(&s->names, (struct span){s->clean.p, s->clean.n}));
	}
	s->stats.unknown_keys += r->unknown;
	return true;
}
