/* A body as bytes, checked before msgpack-c sees it. SPDX-License-Identifier: BSD-2-Clause
 *
 * The encoding is that of https://github.com/msgpack/msgpack/blob/master/spec.md. */
#include "proto/walk.h"

#include <stdbool.h>
#include <stdio.h>

/* An open map or array. */
struct level {
	uint64_t left;   /* items still to come (a map of n has 2n) */
	bool map;
	uint32_t nkeys;  /* of a map: seen so far */
	uint32_t key0;   /* index of its first key in walk.keys */
};

struct walk {
	const uint8_t *p, *end;
	struct level level[WALK_DEPTH];
	int depth;
	uint32_t nkeys;  /* in use by the open maps together */
	struct span keys[WALK_KEYS * 2];
	struct proto_err *err;
};

/* One item: what it is and, for str/bin/ext/numbers, how many bytes follow its head. */
struct item {
	enum { ITEM_LEAF, ITEM_STR, ITEM_ARRAY, ITEM_MAP, ITEM_BAD } kind;
	uint64_t n;      /* bytes of a leaf or string, elements of an array, pairs of a map */
};

static int bad(struct walk *w, const char *text)
{
	w->err->status = HDA_STATUS_MALFORMED;
	snprintf(w->err->text, sizeof(w->err->text), "%s", text);
	return HDA_EFORMAT;
}

static int over(struct walk *w, const char *what, unsigned limit)
{
	w->err->status = HDA_STATUS_TOO_LARGE;
	snprintf(w->err->text, sizeof(w->err->text), "%s, the limit is %u", what, limit);
	return HDA_ELIMIT;
}

/* A big-endian number of n bytes behind the head; false when they are missing. */
static bool number(struct walk *w, unsigned n, uint64_t *ret)
{
	if ((size_t)(w->end - w->p) < n)
		return false;
	uint64_t v = 0;
	for (unsigned i = 0; i < n; i++)
		v = v << 8 | *w->p++;
	*ret = v;
	return true;
}

/* A length of `size` bytes, then `extra` more bytes (the type byte of ext). */
static struct item sized(struct walk *w, int kind, unsigned size, unsigned extra)
{
	struct item it = {0};
	if (!number(w, size, &it.n)) {
		it.kind = ITEM_BAD;
		return it;
	}
	it.kind = kind;
	it.n += extra;
	return it;
}

#define LEAF(bytes) ((struct item){ITEM_LEAF, (bytes)})

/* Reads the head of an item; w->p is behind it then. At least one byte is there. */
static struct item head(struct walk *w)
{
	uint8_t c = *w->p++;
	if (c <= 0x7f || c >= 0xe0)
		return LEAF(0);
	if (c <= 0x8f)
		return (struct item){ITEM_MAP, c & 0x0f};
	if (c <= 0x9f)
		return (struct item){ITEM_ARRAY, c & 0x0f};
	if (c <= 0xbf)
		return (struct item){ITEM_STR, c & 0x1f};
	switch (c) {
	case 0xc0: case 0xc2: case 0xc3: return LEAF(0);             /* nil, false, true */
	case 0xc4: case 0xc5: case 0xc6: return sized(w, ITEM_LEAF, 1u << (c - 0xc4), 0); /* bin */
	case 0xc7: case 0xc8: case 0xc9: return sized(w, ITEM_LEAF, 1u << (c - 0xc7), 1); /* ext */
	case 0xca: return LEAF(4);                                   /* float 32 */
	case 0xcb: return LEAF(8);                                   /* float 64 */
	case 0xcc: case 0xcd: case 0xce: case 0xcf: return LEAF(1u << (c - 0xcc));        /* uint */
	case 0xd0: case 0xd1: case 0xd2: case 0xd3: return LEAF(1u << (c - 0xd0));        /* int */
	case 0xd4: case 0xd5: case 0xd6: case 0xd7: case 0xd8: return LEAF((1u << (c - 0xd4)) + 1); /* fixext */
	case 0xd9: case 0xda: case 0xdb: return sized(w, ITEM_STR, 1u << (c - 0xd9), 0);
	case 0xdc: case 0xdd: return sized(w, ITEM_ARRAY, 2u << (c - 0xdc), 0);
	case 0xde: case 0xdf: return sized(w, ITEM_MAP, 2u << (c - 0xde), 0);
	default: return (struct item){ITEM_BAD, 0};                  /* 0xc1 */
	}
}

/* A key of the innermost map: new in it? */
static int add_key(struct walk *w, struct level *l, struct span key)
{
	for (uint32_t i = 0; i < l->nkeys; i++)
		if (span_eq(w->keys[l->key0 + i], key)) {
			w->err->status = HDA_STATUS_MALFORMED;
			snprintf(w->err->text, sizeof(w->err->text), "duplicate key \"%.*s\"",
			    (int)(key.n < 32 ? key.n : 32), (const char *)key.p);
			for (char *c = w->err->text; *c; c++) /* the peer chose these bytes */
				if ((unsigned char)*c < 0x20 || *c == 0x7f)
					*c = '?';
			return HDA_EFORMAT;
		}
	if (l->nkeys == WALK_KEYS || w->nkeys == WALK_KEYS * 2)
		return over(w, "too many keys in a map", WALK_KEYS);
	w->keys[w->nkeys++] = key;
	l->nkeys++;
	return 0;
}

static int open_level(struct walk *w, const struct item *it)
{
	bool map = it->kind == ITEM_MAP;
	/* Each element takes a byte at least, so that a count beyond the rest is a lie. */
	uint64_t items = map ? it->n * 2 : it->n;
	if (items > (size_t)(w->end - w->p))
		return bad(w, "a count is larger than the bytes left");
	if (w->depth == WALK_DEPTH)
		return over(w, "nested too deeply", WALK_DEPTH);
	w->level[w->depth++] = (struct level){.left = items, .map = map, .key0 = w->nkeys};
	return 0;
}

static int walk_items(struct walk *w)
{
	while (w->depth) {
		struct level *l = &w->level[w->depth - 1];
		if (l->left == 0) {
			w->nkeys = l->key0;
			w->depth--;
			continue;
		}
		if (w->p == w->end)
			return bad(w, "the body ends in the middle");
		bool is_key = l->map && l->left % 2 == 0;
		l->left--;
		struct item it = head(w);
		int r = 0;
		switch (it.kind) {
		case ITEM_BAD:
			return bad(w, "not msgpack");
		case ITEM_ARRAY:
		case ITEM_MAP:
			if (is_key)
				return bad(w, "a key is not a string");
			r = open_level(w, &it);
			break;
		case ITEM_LEAF:
		case ITEM_STR:
			if (it.n > (size_t)(w->end - w->p))
				return bad(w, "the body ends in the middle");
			if (is_key)
				r = it.kind == ITEM_STR ? add_key(w, l, (struct span){w->p, (size_t)it.n}) :
				    bad(w, "a key is not a string");
			w->p += it.n;
			break;
		}
		if (r < 0)
			return r;
	}
	return 0;
}

int walk_body(struct span body, struct proto_err *err)
{
	struct walk w;
	w.depth = 0;
	w.nkeys = 0;
	w.err = err;
	if (body.n == 0)
		return bad(&w, "the body is empty");
	w.p = body.p;
	w.end = body.p + body.n;
	struct item it = head(&w);
	if (it.kind != ITEM_MAP)
		return bad(&w, "the body is not a map");
	int r = open_level(&w, &it);
	if (r == 0)
		r = walk_items(&w);
	if (r == 0 && w.p != w.end)
		return bad(&w, "bytes behind the map");
	return r;
}
