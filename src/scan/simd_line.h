/* One line in Ruby's exact form, in two variants. SPDX-License-Identifier: BSD-2-Clause
 *
 * Included by scan_simd.c once for each instruction set. A reader here gets p behind a value and says where the next one
 * ends; NULL means: not the exact form, or the bytes end here. Then nothing has been said to anybody, and scan_plain.c
 * reads the line from its beginning. Hence names are interned only when the line is accepted, in record.c's order.
 *
 * Nothing here looks for another record inside the line (R2): that begins with {" and only flags has a brace here. */

#define AT(p, literal) (memcmp((p), (literal), sizeof(literal) - 1) == 0)
#define LEN(literal) (sizeof(literal) - 1)

/* Which of 64 characters a backslash before them takes, of the backslashes b: those behind an odd number of them. One
 * subtraction carries through each run (simdjson, json_escape_scanner.h). */
TARGET static inline uint64_t FN(escaped)(uint64_t b)
{
	const uint64_t odd = 0xaaaaaaaaaaaaaaaaull;
	return ((((b << 1) | odd) - b) ^ odd) ^ b;
}

/* The end of a string that began before p: its closing quote; NULL when it is not before end, or the line ends first. */
TARGET static inline const uint8_t *FN(string_end)(const uint8_t *p, const uint8_t *end)
{
	while (p < end) {
		uint64_t b = FN(find1)(p, '\\'), quote = FN(find1)(p, '"'), stop = FN(find1)(p, '\n');
		stop |= b ? quote & ~FN(escaped)(b) : quote;
		if (stop) {
			p += __builtin_ctzll(stop);
			return p < end && *p == '"' ? p : NULL;
		}
		/* A backslash at the window's end that takes the next byte is looked at again with it. */
		p += FAST_WINDOW - (b >> 63 & ~FN(escaped)(b) >> 63);
	}
	return NULL;
}

/* The same of a raw string: its first quote. That a key follows (R4) shows when it is read. */
TARGET static inline const uint8_t *FN(raw_end)(const uint8_t *p, const uint8_t *end)
{
	p = FN(next2)(p, end, '"', '\n');
	return p < end && *p == '"' ? p : NULL;
}

/* An address with its quotes at p. Nearly all have twelve digits. */
TARGET static inline const uint8_t *FN(address)(const uint8_t *p, uint64_t *ret)
{
	enum { DIGITS = 12 };
	if ((load4(p) & 0xffffff) != ('"' | '0' << 8 | 'x' << 16))
		return NULL;
	uint64_t all;
	uint32_t bad = FN(hex16)(p + 3, &all);
	if (__builtin_expect((bad & ((1u << (DIGITS + 1)) - 1)) == 1u << DIGITS && p[3 + DIGITS] == '"', 1)) {
		*ret = all >> (64 - 4 * DIGITS);
		return p + 3 + DIGITS + 1;
	}
	unsigned n = FN(hex)(p + 3, ret);
	return n ? p + 4 + n : NULL;
}

/* Behind `"references":[`. */
TARGET static inline const uint8_t *FN(references)(struct scanner *s, struct heap_obj *o, const uint8_t *p, const uint8_t *end)
{
	uint64_t *out = s->fast->refs + s->fast->nrefs;
	size_t n = 0;
	if (o->refs_total)
		return NULL; /* a second array: the first does not count */
	if (*p == ']')
		return p + 1;
	while (p < end && n < SCAN_REFS_BATCH) {
		p = FN(address)(p, &out[n++]);
		if (!p)
			return NULL;
		if (AT(p, ", ")) {
			p += 2;
			continue;
		}
		if (*p != ']')
			return NULL;
		o->refs_total = n;
		return p + 1;
	}
	return NULL;
}

/* The slot of a short name by its bytes, which are in *ret_lo and *ret_hi too. */
TARGET static inline struct fast_name *FN(name_slot)(struct scan_fast *f, const uint8_t *p, size_t n, uint64_t *ret_lo, uint64_t *ret_hi)
{
	uint64_t lo = load8(p), hi = load8(p + 8);
	lo = n < 8 ? lo & (((uint64_t)1 << 8 * n) - 1) : lo;
	hi = n <= 8 ? 0 : n < 16 ? hi & (((uint64_t)1 << 8 * (n - 8)) - 1) : hi;
	*ret_lo = lo;
	*ret_hi = hi;
	return &f->names[((lo ^ hi) * 0x9fb21c651e98df25ull) >> 32 & (FAST_NAMES - 1)];
}

/* What kind of DATA or IMEMO; few words, so their ids are remembered by their bytes. */
TARGET static inline const uint8_t *FN(detail)(struct fast_line *l, const uint8_t *p, const uint8_t *end)
{
	const uint8_t *q = FN(string_end)(p, end);
	if (!q)
		return NULL;
	l->detail = (struct span){p, (size_t)(q - p)};
	return q + 1;
}

TARGET static inline uint32_t FN(detail_id)(struct scanner *s, struct span raw)
{
	uint64_t lo, hi;
	if (raw.n > FAST_NAME_MAX)
		return fast_name(s, raw, TEXT_STRUCT);
	struct fast_name *e = FN(name_slot)(s->fast, raw.p, raw.n, &lo, &hi);
	if (e->n != raw.n || e->lo != lo || e->hi != hi)
		*e = (struct fast_name){lo, hi, (uint32_t)raw.n, fast_name(s, raw, TEXT_STRUCT)};
	return e->id;
}

/* Where the cache keeps a run: the end of the path and the line's number choose the place; the whole run decides. */
TARGET static inline uint64_t FN(site_hash)(const uint8_t *path_end)
{
	uint64_t number = load8(path_end + LEN("\", \"line\":"));
	return (load8(path_end - 8) ^ number * 0x9e3779b97f4a7c15ull) * 0x9fb21c651e98df25ull;
}

/* The only entry that may hold a run of this hash. */
TARGET static inline const struct fast_site *FN(site_entry)(const struct scan_fast *f, uint64_t h)
{
	uint32_t first = f->site_places[fast_site_place(h)], other = f->site_places[fast_site_place(h) ^ 1];
	uint32_t place = first >> FAST_SITES_LOG2 == fast_site_tag(h) ? first : other;
	return &f->sites[place & (FAST_SITES - 1)]; /* of another run, or number 0: the bytes tell */
}

/* A run at p with every care: what follows it, its path and its line; NULL when it is none. */
TARGET static const uint8_t *FN(careful_run)(const uint8_t *p, const uint8_t *end, struct span *ret_file, uint32_t *ret_line)
{
	const uint8_t *q = FN(raw_end)(p, end);
	uint64_t line = 0;
	if (!q)
		return NULL;
	*ret_file = (struct span){p, (size_t)(q - p)};
	p = q + 1;
	if (AT(p, ", \"line\":")) {
		p = fast_number(p + LEN(", \"line\":"), &line);
		if (!p || p >= end || line > UINT32_MAX)
			return NULL;
	}
	*ret_line = (uint32_t)line;
	if (AT(p, ", \"method\":\"")) {
		p = FN(raw_end)(p + LEN(", \"method\":\""), end);
		if (!p)
			return NULL;
		p++;
	}
	return p;
}

/* Behind `"file":"`: file, line and method. As nearly every run is a known one, its parts are only found here, and its place in
 * the cache is asked for; whether it is what it seems to be shows when the line is accepted. */
TARGET static inline const uint8_t *FN(site)(struct scanner *s, struct fast_line *l, const uint8_t *begin, const uint8_t *end)
{
	enum { REACH = 4 * FAST_WINDOW };
	const uint8_t *p = NULL, *q = begin;
	if (l->run)
		return NULL;
	if (__builtin_expect(end - begin >= REACH, 1)) {
		q = begin + FN(find128)(begin, '"');
		p = q + LEN("\", \"line\":");
		p += fast_count(load8(p));
		uint64_t method = AT(p, ", \"method\":\"") ? FN(find1)(p + LEN(", \"method\":\""), '"') : 0;
		p = method ? p + LEN(", \"method\":\"") + (unsigned)__builtin_ctzll(method) + 1 : NULL;
	}
	if (__builtin_expect(!p, 0)) {
		struct span file;
		uint32_t line;
		p = FN(careful_run)(begin, end, &file, &line);
		if (!p)
			return NULL;
		q = file.p + file.n;
	}
	l->run = begin;
	l->run_end = p;
	l->run_hash = FN(site_hash)(q);
	__builtin_prefetch(&s->fast->site_places[fast_site_place(l->run_hash)]);
	return p;
}

/* What the run of a line says, into its object, or, of a run that is new, its path and line into l; false when it is no run and the line
 * has been misread. */
TARGET static inline bool FN(site_of)(struct scanner *s, struct fast_line *l, const uint8_t *end)
{
	const struct fast_site *e = FN(site_entry)(s->fast, l->run_hash);
	size_t n = (size_t)(l->run_end - l->run);
	if (__builtin_expect(e->n == n && FN(equal)(e->p, l->run, n), 1)) {
		l->o->site = e->site;
		return true;
	}
	if (FN(careful_run)(l->run, end, &l->file, &l->line) != l->run_end)
		return false;
	l->o->site = UINT32_MAX; /* its name comes after the others of the line */
	return true;
}

/* At `, "flags":`: the rest of the line. Returns what follows the LF. */
TARGET static const uint8_t *FN(new_flags)(struct scanner *s, const uint8_t *p, const uint8_t *end)
{
	const uint8_t *inside = p + LEN(", \"flags\":{"), *q = FN(next2)(inside, end, '}', '\n');
	size_t n = (size_t)(q - p) + LEN("}}\n");
	if ((size_t)(end - p) < n || !AT(q, "}}\n") || !fast_flags_plain(inside, q))
		return NULL;
	if (n < FAST_FLAGS && n >= 32) {
		struct fast_flags *e = &s->fast->flags[n];
		memcpy(e->p, p, n);
		e->n = (uint32_t)n;
	}
	return p + n;
}

/* The same of flags that have been seen: these bytes are found and compared, no more. */
TARGET static inline const uint8_t *FN(flags)(struct scanner *s, const uint8_t *p, const uint8_t *end)
{
	enum { REACH = FAST_FLAGS + 2 * FAST_WINDOW };
	if (__builtin_expect(end - p < REACH, 0))
		return FN(new_flags)(s, p, end);
	size_t n = LEN(", \"flags\":{") + FN(find128)(p + LEN(", \"flags\":{"), '}') + LEN("}}\n");
	const struct fast_flags *e = &s->fast->flags[n < FAST_FLAGS ? n : 0];
	if (__builtin_expect(e->n != 0 && FN(equal)(e->p, p, n), 1))
		return p + n;
	return FN(new_flags)(s, p, end);
}

/* A value that nobody needs: an escaped string without escapes, or a word. */
TARGET static inline const uint8_t *FN(skip)(const uint8_t *p, const uint8_t *end)
{
	if (*p == '"') {
		p = FN(string_end)(p + 1, end);
		return p ? p + 1 : NULL;
	}
	const uint8_t *from = p;
	while (p < end && ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || *p == '.' ||
			   *p == '-' || *p == '+'))
		p++;
	return p > from ? p : NULL;
}

#define KEY(literal) (AT(p, ", \"" literal "\":") ? (p += LEN(", \"" literal "\":"), true) : false)
#define NUMBER(to)                                                                                                         \
	do {                                                                                                               \
		p = fast_number(p, &(to));                                                                                 \
		if (!p)                                                                                                    \
			return NULL;                                                                                       \
	} while (0)
#define ADDRESS(to)                                                                                                        \
	do {                                                                                                               \
		p = FN(address)(p, &(to));                                                                                 \
		if (!p)                                                                                                    \
			return NULL;                                                                                       \
	} while (0)

/* `, "literal":value` that nobody needs, whole. */
#define PASS(literal) (AT(p, ", " literal) ? (p += LEN(", " literal), true) : false)

/* A key that only some lines have, and its value; p is at the comma. */
TARGET static const uint8_t *FN(rare)(struct fast_line *l, const uint8_t *p, const uint8_t *end)
{
	static const char *const skipped[] = {"capacity", "encoding", "coderange", "default", "variation_count", "ivars",
					      "too_complex_shape", "fd", "mid", "called_id", "receiver_class", "node_type",
					      "slot_size", "frozen", "embedded", "broken", "fstring", "chilled", "shared"};
	struct span *name = NULL;
	if (KEY("superclass")) {
		ADDRESS(l->o->superclass);
		l->o->flags |= OBJ_HAS_SUPERCLASS;
		return p;
	}
	if (KEY("singleton")) {
		if (!AT(p, "true"))
			return NULL;
		l->o->flags |= OBJ_SINGLETON;
		return p + LEN("true");
	}
	if (KEY("name"))
		name = &l->name;
	else if (KEY("real_class_name"))
		name = &l->real;
	if (name) {
		const uint8_t *q = *p == '"' ? FN(raw_end)(p + 1, end) : NULL;
		if (!q)
			return NULL;
		*name = (struct span){p + 1, (size_t)(q - p) - 1};
		return q + 1;
	}
	for (size_t i = 0; i < sizeof(skipped) / sizeof(*skipped); i++) {
		size_t n = strlen(skipped[i]);
		if (memcmp(p + 3, skipped[i], n) == 0 && AT(p + 3 + n, "\":"))
			return FN(skip)(p + 3 + n + 2, end);
	}
	return NULL;
}

/* Before more is read than the pad behind what was fed holds: SCAN_PAD bytes from p on can be read while p < end. */
#define INSIDE                                                                                                             \
	do {                                                                                                               \
		if (__builtin_expect(p >= end, 0))                                                                         \
			return NULL;                                                                                       \
	} while (0)

/* Ruby >= 3.2: before the class. */
TARGET static inline const uint8_t *FN(shape_keys)(struct fast_line *l, const uint8_t *p, const uint8_t *end)
{
	uint64_t v;
	if (KEY("shape_id")) {
		NUMBER(v);
		if (v > UINT32_MAX)
			return NULL;
		l->o->shape = (uint32_t)v;
		l->o->flags |= OBJ_HAS_SHAPE;
		INSIDE;
	}
	if (KEY("slot_size"))
		NUMBER(v);
	return p;
}

/* Keys and values in any order up to the LF, which is part of it. */
TARGET static const uint8_t *FN(any_keys)(struct scanner *s, struct fast_line *l, const uint8_t *p, const uint8_t *end)
{
	uint64_t v;
	for (;;) {
		if (p >= end)
			return NULL;
		if (!AT(p, ", \"")) {
			if (AT(p, "}\n"))
				return p + LEN("}\n");
			return NULL;
		}
		switch (p[3]) {
		case 'b':
			if (!KEY("bytesize"))
				goto other;
			NUMBER(l->o->bytesize);
			break;
		case 'c':
			if (KEY("class")) {
				ADDRESS(l->o->klass);
				l->o->flags |= OBJ_HAS_CLASS;
			} else if (KEY("capacity")) {
				NUMBER(v);
			} else if (!PASS("\"coderange\":\"7bit\"")) {
				goto other;
			}
			break;
		case 'e':
			if (!PASS("\"embedded\":true") && !PASS("\"encoding\":\"UTF-8\""))
				goto other;
			break;
		case 'f':
			if (AT(p, ", \"flags\":{"))
				return FN(flags)(s, p, end);
			if (AT(p, ", \"file\":\"")) {
				p = FN(site)(s, l, p + LEN(", \"file\":\""), end);
				if (!p)
					return NULL;
				if (KEY("generation")) {
					NUMBER(l->o->generation);
					l->o->flags |= OBJ_HAS_GENERATION;
				}
				if (KEY("memsize")) {
					NUMBER(l->o->memsize);
					if (AT(p, ", \"flags\":{"))
						return FN(flags)(s, p, end);
				}
			} else if (!PASS("\"frozen\":true") && !PASS("\"fstring\":true")) {
				goto other;
			}
			break;
		case 'g':
			if (!KEY("generation"))
				goto other;
			NUMBER(l->o->generation);
			l->o->flags |= OBJ_HAS_GENERATION;
			break;
		case 'i':
			if (AT(p, ", \"imemo_type\":\"")) {
				if (l->o->type != HEAP_IMEMO)
					return NULL;
				p = FN(detail)(l, p + LEN(", \"imemo_type\":\""), end);
				if (!p)
					return NULL;
			} else if (KEY("ivars")) {
				NUMBER(v);
			} else {
				goto other;
			}
			break;
		case 'l':
			if (!KEY("length"))
				goto other;
			NUMBER(l->length);
			l->has_length = true;
			break;
		case 'm':
			if (!KEY("memsize"))
				goto other;
			NUMBER(l->o->memsize);
			if (AT(p, ", \"flags\":{"))
				return FN(flags)(s, p, end);
			break;
		case 'r':
			if (!AT(p, ", \"references\":["))
				goto other;
			p = FN(references)(s, l->o, p + LEN(", \"references\":["), end);
			if (!p)
				return NULL;
			break;
		case 's':
			if (AT(p, ", \"struct\":\"")) {
				if (l->o->type != HEAP_DATA)
					return NULL;
				p = FN(detail)(l, p + LEN(", \"struct\":\""), end);
				if (!p)
					return NULL;
			} else if (AT(p, ", \"shape_id\":") || AT(p, ", \"slot_size\":")) {
				p = FN(shape_keys)(l, p, end);
				if (!p)
					return NULL;
			} else if (KEY("size")) {
				NUMBER(l->size);
				l->has_size = true;
			} else {
				goto other;
			}
			break;
		case 'v':
			if (!AT(p, ", \"value\":\"")) {
				if (!KEY("value"))
					goto other;
				l->has_value = false;
				p = FN(skip)(p, end);
			} else {
				const uint8_t *from = p + LEN(", \"value\":\"");
				p = FN(string_end)(from, end);
				if (!p)
					return NULL;
				l->value = (struct span){from, (size_t)(p - from)};
				l->has_value = true;
				p++;
			}
			if (!p)
				return NULL;
			break;
		default:
		other:
			p = FN(rare)(l, p, end);
			if (!p)
				return NULL;
		}
	}
}

/* The digits of a number that nobody needs; one of eight digits and more is any_keys's. */
#define PASS_NUMBER(literal)                                                                                               \
	do {                                                                                                               \
		if (AT(p, ", \"" literal "\":")) {                                                                         \
			unsigned digits_ = fast_count(load8(p + LEN(", \"" literal "\":")));                               \
			if (digits_ % 8 != 0)                                                                              \
				p += LEN(", \"" literal "\":") + digits_;                                                  \
		}                                                                                                          \
	} while (0)

/* What only a STRING has. */
TARGET static inline const uint8_t *FN(string_keys)(struct fast_line *l, const uint8_t *p, const uint8_t *end)
{
	(void)PASS("\"frozen\":true");
	(void)PASS("\"embedded\":true");
	INSIDE;
	(void)PASS("\"fstring\":true");
	if (KEY("bytesize"))
		NUMBER(l->o->bytesize);
	INSIDE;
	PASS_NUMBER("capacity");
	INSIDE;
	if (AT(p, ", \"value\":\"")) {
		const uint8_t *from = p + LEN(", \"value\":\"");
		p = FN(string_end)(from, end);
		if (!p)
			return NULL;
		l->value = (struct span){from, (size_t)(p - from)};
		l->has_value = true;
		p++;
		INSIDE;
	}
	(void)(PASS("\"encoding\":\"UTF-8\"") || PASS("\"encoding\":\"US-ASCII\""));
	(void)(PASS("\"coderange\":\"7bit\"") || PASS("\"coderange\":\"unknown\""));
	return p;
}

/* What only lines of this type have, in Ruby's order, as far as it is there. */
TARGET static inline const uint8_t *FN(own_keys)(struct fast_line *l, const uint8_t *p, const uint8_t *end)
{
	switch (l->o->type) {
	case HEAP_STRING:
		return FN(string_keys)(l, p, end);
	case HEAP_IMEMO:
		return AT(p, ", \"imemo_type\":\"") ? FN(detail)(l, p + LEN(", \"imemo_type\":\""), end) : p;
	case HEAP_DATA:
		return AT(p, ", \"struct\":\"") ? FN(detail)(l, p + LEN(", \"struct\":\""), end) : p;
	case HEAP_ARRAY:
		if (KEY("length")) {
			NUMBER(l->length);
			l->has_length = true;
		}
		INSIDE;
		(void)PASS("\"embedded\":true");
		return p;
	case HEAP_HASH:
		if (KEY("size")) {
			NUMBER(l->size);
			l->has_size = true;
		}
		return p;
	case HEAP_OBJECT:
		(void)PASS("\"embedded\":true");
		PASS_NUMBER("ivars");
		return p;
	default:
		return p;
	}
}

/* Behind the type, up to and with the LF, in the order in which Ruby writes; what comes otherwise is left to any_keys. */
TARGET static inline const uint8_t *FN(keys)(struct scanner *s, struct fast_line *l, const uint8_t *p, const uint8_t *end)
{
	INSIDE;
	if (AT(p, ", \"s")) {
		p = FN(shape_keys)(l, p, end);
		if (!p)
			return NULL;
		INSIDE;
	}
	if (KEY("class")) {
		ADDRESS(l->o->klass);
		l->o->flags |= OBJ_HAS_CLASS;
		INSIDE;
	}
	p = FN(own_keys)(l, p, end);
	if (!p)
		return NULL;
	INSIDE;
	if (AT(p, ", \"references\":[")) {
		p = FN(references)(s, l->o, p + LEN(", \"references\":["), end);
		if (!p)
			return NULL;
		INSIDE;
	}
	if (AT(p, ", \"file\":\"")) {
		p = FN(site)(s, l, p + LEN(", \"file\":\""), end);
		if (!p)
			return NULL;
		INSIDE;
	}
	if (KEY("generation")) {
		NUMBER(l->o->generation);
		l->o->flags |= OBJ_HAS_GENERATION;
		INSIDE;
	}
	if (KEY("memsize")) {
		NUMBER(l->o->memsize);
		INSIDE;
	}
	if (AT(p, ", \"flags\":{"))
		return FN(flags)(s, p, end);
	return FN(any_keys)(s, l, p, end);
}

/* What only the whole line tells, and its names' ids, in record.c's order. */
TARGET static inline void FN(complete)(struct scanner *s, const struct fast_line *l)
{
	struct heap_obj *o = l->o;
	if (l->has_value) {
		if (s->opts.hash_values && o->type == HEAP_STRING) {
			o->value_hash = value_hash_whole(s->opts.hash_key, l->value.p, l->value.n);
			o->flags |= OBJ_HAS_VALUE;
		}
		if (s->opts.keep_values)
			o->value = (struct span){l->value.p, l->value.n < SCAN_VALUE_KEEP ? l->value.n : SCAN_VALUE_KEEP};
	}
	if (o->type == HEAP_ARRAY ? l->has_length : o->type == HEAP_HASH && l->has_size) {
		o->length = o->type == HEAP_ARRAY ? l->length : l->size;
		o->flags |= OBJ_HAS_LENGTH;
	}
	if (l->detail.n)
		o->detail = FN(detail_id)(s, l->detail);
	if (l->name.n)
		o->name = fast_name(s, l->name, TEXT_NAME);
	if (l->real.n)
		o->real_name = fast_name(s, l->real, TEXT_REAL);
	if (__builtin_expect(o->site == UINT32_MAX, 0))
		o->site = fast_site_new(s, l);
	o->nrefs = s->opts.want_refs ? (size_t)o->refs_total : 0;
}

/* Accepts the lines that have been read. NULL, or the start of a line that was misread: it and the ones behind it are
 * forgotten. */
TARGET static const uint8_t *FN(accept)(struct scanner *s, const uint8_t *end)
{
	struct scan_fast *f = s->fast;
	const uint8_t *misread = NULL;
	uint32_t n = f->nlines, i = 0;
	for (;; i++) {
		s->stats.free_slots += f->free_slots[i];
		s->stats.lines += f->free_slots[i];
		if (i == n)
			break;
		struct fast_line *l = &f->lines[i];
		if (l->run && !FN(site_of)(s, l, end)) {
			misread = l->start;
			break;
		}
		FN(complete)(s, l);
		s->stats.edges += l->o->refs_total;
	}
	memset(f->free_slots, 0, sizeof(*f->free_slots) * (n + 1));
	f->nlines = 0;
	f->nrefs = 0;
	s->stats.lines += i;
	s->stats.objects += i;
	if (i > 0 && s->sink.objects)
		s->sink.objects(s->sink.ctx, f->objs, i);
	else
		for (uint32_t k = 0; k < i; k++)
			s->sink.object(s->sink.ctx, &f->objs[k]);
	return misread;
}

/* All zero. Written out, as gcc makes `rep stos` of {0} and of a loop, which takes 40 cycles. */
TARGET static inline void FN(clear)(struct heap_obj *o)
{
	_Static_assert(sizeof(*o) > 128 && sizeof(*o) <= 160, "as many blocks as below");
	uint8_t *to = (uint8_t *)o, *last = to + sizeof(*o) - 32;
#define CLEAR(at) \
	_mm_storeu_si128((__m128i_u *)(void *)(at), _mm_setzero_si128()); \
	_mm_storeu_si128((__m128i_u *)(void *)((at) + 16), _mm_setzero_si128())
	CLEAR(to);
	CLEAR(to + 32);
	CLEAR(to + 64);
	CLEAR(to + 96);
	CLEAR(last);
#undef CLEAR
}

/* Reads one line at p, to be accepted later. Returns what follows its LF, or NULL: scan_plain.c's. */
TARGET static inline const uint8_t *FN(line)(struct scanner *s, const uint8_t *p, const uint8_t *end)
{
	struct scan_fast *f = s->fast;
	struct fast_line *l = &f->lines[f->nlines];
	if (!AT(p, "{\"address\":\"0x"))
		return NULL;
	l->start = p;
	l->o = &f->objs[f->nlines];
	FN(clear)(l->o);
	l->o->refs = f->refs + f->nrefs;
	l->name.n = l->real.n = l->detail.n = 0;
	l->run = NULL;
	l->has_value = l->has_length = l->has_size = false;
	p += LEN("{\"address\":");
	ADDRESS(l->o->addr);
	if (!AT(p, ", \"type\":\""))
		return NULL;
	p += LEN(", \"type\":\"");
	const struct fast_type *t = &f->types[fast_type_slot(load4(p))];
	if ((load8(p) & t->mask) != t->word || t->n == 0 || p[t->n] != '"')
		return NULL;
	l->o->type = t->type;
	p = FN(keys)(s, l, p + t->n + 1, end);
	if (!p || p > end)
		return NULL;
	if (__builtin_expect(t->type == FAST_FREE_SLOT, 0)) {
		if (l->run) /* nothing would look whether it is one */
			return NULL;
		f->free_slots[f->nlines]++;
		return p;
	}
	f->nlines++;
	f->nrefs += l->o->refs_total;
	return p;
}

#undef AT
#undef LEN
#undef KEY
#undef NUMBER
#undef ADDRESS
#undef PASS
#undef PASS_NUMBER
#undef INSIDE
