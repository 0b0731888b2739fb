/* Names as text, addresses, keys. SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "scan/scan_impl.h"

void text_clear(struct raw_text *t)
{
	t->n = 0;
	t->set = false;
}

static void room(struct raw_text *t, size_t n)
{
	if (t->cap - t->n >= n)
		return;
	while (t->cap - t->n < n)
		t->cap = t->cap ? t->cap * 2 : 256;
	t->p = xreallocarray(t->p, t->cap, 1);
}

void text_put(struct raw_text *t, uint8_t c)
{
	room(t, 1);
	t->p[t->n++] = c;
}

void text_append(struct raw_text *t, const void *p, size_t n)
{
	room(t, n);
	if (n)
		memcpy(t->p + t->n, p, n);
	t->n += n;
}

static int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool text_address(const uint8_t *p, size_t n, uint64_t *ret)
{
	if (n < 3 || n > 18 || p[0] != '0' || (p[1] | 0x20) != 'x')
		return false;
	uint64_t v = 0;
	for (size_t i = 2; i < n; i++) {
		int d = hex_digit(p[i]);
		if (d < 0)
			return false;
		v = v << 4 | (uint64_t)d;
	}
	*ret = v;
	return true;
}

static void put_utf8(struct raw_text *t, uint32_t c)
{
	if (c < 0x80) {
		text_put(t, (uint8_t)c);
		return;
	}
	if (c < 0x800) {
		text_put(t, (uint8_t)(0xc0 | c >> 6));
	} else {
		if (c < 0x10000) {
			text_put(t, (uint8_t)(0xe0 | c >> 12));
		} else {
			text_put(t, (uint8_t)(0xf0 | c >> 18));
			text_put(t, (uint8_t)(0x80 | (c >> 12 & 63)));
		}
		text_put(t, (uint8_t)(0x80 | (c >> 6 & 63)));
	}
	text_put(t, (uint8_t)(0x80 | (c & 63)));
}

/* The code unit of \uXXXX at p, or -1. */
static int32_t unit_at(const uint8_t *p, size_t n)
{
	if (n < 6 || p[0] != '\\' || p[1] != 'u')
		return -1;
	int32_t v = 0;
	for (size_t i = 2; i < 6; i++) {
		int d = hex_digit(p[i]);
		if (d < 0)
			return -1;
		v = v << 4 | d;
	}
	return v;
}

/* One escape at p into *t; how many bytes it took, 0 when it is none: it stays as it stands (Ruby 2.7 writes \u-061). */
static size_t unescape_one(struct raw_text *t, const uint8_t *p, size_t n)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	int32_t u = unit_at(p, n);
	if (u >= 0xd800 && u < 0xdc00) {
		int32_t low = unit_at(p + 6, n - 6);
		if (low >= 0xdc00 && low < 0xe000) {
			put_utf8(t, 0x10000 + (((uint32_t)u & 0x3ff) << 10) + ((uint32_t)low & 0x3ff));
			return 12;
		}
	}
	if (u >= 0) {
		put_utf8(t, u >= 0xd800 && u < 0xe000 ? 0xfffd : (uint32_t)u);
		return 6;
	}
	const char *q = n >= 2 && p[1] ? strchr(from, p[1]) : NULL;
	if (!q)
		return 0;
	text_put(t, (uint8_t)to[q - from]);
	return 2;
}

/* Length of the UTF-8 sequence at p, 1-4; or minus the bytes that one U+FFFD stands for: the longest beginning of a
 * sequence ("maximal subpart", Unicode 15, 3.9, table 3-7 and D93b). */
static int utf8_at(const uint8_t *p, size_t n)
{
	uint8_t c = p[0], lo = 0x80, hi = 0xbf;
	int need;
	if (c < 0x80)
		return 1;
	if (c >= 0xc2 && c <= 0xdf) {
		need = 1;
	} else if (c >= 0xe0 && c <= 0xef) {
		need = 2;
		lo = c == 0xe0 ? 0xa0 : 0x80;
		hi = c == 0xed ? 0x9f : 0xbf;
	} else if (c >= 0xf0 && c <= 0xf4) {
		need = 3;
		lo = c == 0xf0 ? 0x90 : 0x80;
		hi = c == 0xf4 ? 0x8f : 0xbf;
	} else {
		return -1;
	}
	for (int i = 1; i <= need; i++, lo = 0x80, hi = 0xbf)
		if ((size_t)i >= n || p[i] < lo || p[i] > hi)
			return -i;
	return need + 1;
}

static void replace_invalid(struct raw_text *t)
{
	size_t i = 0;
	while (i < t->n && t->p[i] < 0x80)
		i++;
	if (i == t->n)
		return;
	struct raw_text out = {0};
	text_append(&out, t->p, i);
	while (i < t->n) {
		int k = utf8_at(t->p + i, t->n - i);
		if (k > 0)
			text_append(&out, t->p + i, (size_t)k);
		else
			text_append(&out, "\xef\xbf\xbd", 3);
		i += (size_t)(k > 0 ? k : -k);
	}
	free(t->p);
	*t = out;
}

void text_clean(struct raw_text *out, const uint8_t *p, size_t n, bool escapes)
{
	out->n = 0;
	for (size_t i = 0; i < n;) {
		size_t k = escapes && p[i] == '\\' ? unescape_one(out, p + i, n - i) : 0;
		if (!k)
			text_put(out, p[i]);
		i += k ? k : 1;
	}
	replace_invalid(out);
}

void text_drop_addresses(struct raw_text *t)
{
	enum { DIGITS_MIN = 6, DIGITS_MAX = 16 };
	size_t out = 0;
	for (size_t i = 0; i < t->n;) {
		if (t->n - i > 3 && memcmp(t->p + i, ":0x", 3) == 0) {
			size_t k = 0;
			while (k < DIGITS_MAX && i + 3 + k < t->n && hex_digit(t->p[i + 3 + k]) >= 0 &&
			       !(t->p[i + 3 + k] >= 'A' && t->p[i + 3 + k] <= 'F'))
				k++;
			if (k >= DIGITS_MIN) {
				i += 3 + k;
				continue;
			}
		}
		t->p[out++] = t->p[i++];
	}
	t->n = out;
}

/* Every key that Ruby 2.1 to 4.0 writes. */
static const struct key_def keys[] = {
#define KEY(name, kind, field) {name, sizeof(name) - 1, KEY_##kind, field, false}
#define RAW(name, kind, field) {name, sizeof(name) - 1, KEY_##kind, field, true}
	KEY("address", ADDRESS, ADDR_SELF),
	KEY("type", TEXT, TEXT_TYPE),
	KEY("class", EITHER, ADDR_CLASS),
	KEY("superclass", EITHER, ADDR_SUPER),
	KEY("references", REFS, 0),
	KEY("memsize", NUMBER, NUM_MEMSIZE),
	KEY("flags", SKIP, 0),
	RAW("file", TEXT, TEXT_FILE),
	KEY("line", NUMBER, NUM_LINE),
	RAW("method", SKIP, 0),
	KEY("generation", NUMBER, NUM_GENERATION),
	RAW("name", TEXT, TEXT_NAME),
	RAW("real_class_name", TEXT, TEXT_REAL),
	KEY("root", TEXT, TEXT_ROOT),
	KEY("struct", TEXT, TEXT_STRUCT),
	KEY("imemo_type", TEXT, TEXT_IMEMO),
	KEY("value", VALUE, 0),
	KEY("bytesize", NUMBER, NUM_BYTESIZE),
	KEY("length", NUMBER, NUM_LENGTH),
	KEY("size", NUMBER, NUM_SIZE),
	KEY("singleton", TRUE, 0),
	KEY("shape_id", NUMBER, NUM_SHAPE),
	KEY("id", NUMBER, NUM_ID),
	KEY("parent_id", NUMBER, NUM_PARENT),
	KEY("edge_name", TEXT, TEXT_EDGE),
	KEY("slot_size", SKIP, 0),
	KEY("frozen", SKIP, 0),
	KEY("embedded", SKIP, 0),
	KEY("broken", SKIP, 0),
	KEY("fstring", SKIP, 0),
	KEY("chilled", SKIP, 0),
	KEY("shared", SKIP, 0),
	KEY("capacity", SKIP, 0),
	KEY("encoding", SKIP, 0),
	KEY("coderange", SKIP, 0),
	KEY("default", SKIP, 0),
	KEY("variation_count", SKIP, 0),
	KEY("ivars", SKIP, 0),
	KEY("too_complex_shape", SKIP, 0),
	KEY("fd", SKIP, 0),
	KEY("mid", SKIP, 0),
	KEY("called_id", SKIP, 0),
	KEY("receiver_class", SKIP, 0),
	KEY("node_type", SKIP, 0),
	KEY("depth", SKIP, 0),
	KEY("shape_type", SKIP, 0),
	KEY("edges", SKIP, 0),
#undef KEY
#undef RAW
};

const struct key_def *scan_key(const uint8_t *p, size_t n)
{
	static const struct key_def unknown = {"", 0, KEY_UNKNOWN, 0, false};
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (keys[i].len == n && memcmp(keys[i].name, p, n) == 0)
			return &keys[i];
	return &unknown;
}
