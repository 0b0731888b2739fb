/* Reading back what --json wrote. SPDX-License-Identifier: BSD-2-Clause */
#include "cli/jsonin.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct reader {
	const uint8_t *begin, *p, *end;
	const char *why;          /* the first error; NULL: none */
	struct arena mem;         /* of texts */
	struct report *a;
	const char *report;
	bool ours, named, listed; /* "hda":1, "report", "rows" were seen */
};

static bool fail(struct reader *r, const char *why)
{
	if (!r->why)
		r->why = why;
	return false;
}

static void skip_blanks(struct reader *r)
{
	while (r->p < r->end && (*r->p == ' ' || *r->p == '\t' || *r->p == '\n' || *r->p == '\r'))
		r->p++;
}

/* The next character that is no blank, 0 at the end. */
static uint8_t peek(struct reader *r)
{
	skip_blanks(r);
	return r->p < r->end ? *r->p : 0;
}

static bool take(struct reader *r, char c)
{
	if (peek(r) != (uint8_t)c)
		return false;
	r->p++;
	return true;
}

static bool word(struct reader *r, const char *w)
{
	size_t n = strlen(w);
	if ((size_t)(r->end - r->p) < n || memcmp(r->p, w, n) != 0)
		return fail(r, "no value");
	r->p += n;
	return true;
}

static bool number(struct reader *r, struct val *ret)
{
	char buf[64], *end;
	size_t n = 0;
	while (r->p + n < r->end && n < sizeof(buf) - 1 && memchr("+-.eE0123456789", r->p[n], 15))
		n++;
	memcpy(buf, r->p, n);
	buf[n] = '\0';
	*ret = val_real(strtod(buf, &end));
	if (n == 0 || *end != '\0')
		return fail(r, "no number");
	r->p += n;
	return true;
}

static bool hex4(struct reader *r, uint32_t *ret)
{
	uint32_t u = 0;
	for (int i = 0; i < 4; i++, r->p++) {
		uint8_t c = r->p < r->end ? *r->p : 0, low = c | 0x20;
		if (!((c >= '0' && c <= '9') || (low >= 'a' && low <= 'f')))
			return fail(r, "four hex digits must follow \\u");
		u = u << 4 | (uint32_t)(c <= '9' ? c - '0' : low - 'a' + 10);
	}
	*ret = u;
	return true;
}

static size_t put_utf8(uint8_t *to, uint32_t u)
{
	if (u < 0x80) {
		to[0] = (uint8_t)u;
		return 1;
	}
	size_t n = u < 0x800 ? 2 : u < 0x10000 ? 3 : 4;
	for (size_t i = n; --i; u >>= 6)
		to[i] = (uint8_t)(0x80 | (u & 0x3f));
	to[0] = (uint8_t)((n == 2 ? 0xc0 : n == 3 ? 0xe0 : 0xf0) | u);
	return n;
}

/* Behind a backslash; writes what it means to *to. */
static bool escape(struct reader *r, uint8_t **to)
{
	static const char from[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";
	uint8_t c = r->p < r->end ? *r->p++ : 0;
	const char *at = c ? strchr(from, c) : NULL;
	uint32_t u, low;
	if (at) {
		*(*to)++ = (uint8_t)means[at - from];
		return true;
	}
	if (c != 'u' || !hex4(r, &u))
		return fail(r, "an unknown escape");
	if (u >= 0xd800 && u < 0xdc00 && r->end - r->p >= 6 && r->p[0] == '\\' && r->p[1] == 'u') {
		r->p += 2;
		if (!hex4(r, &low))
			return false;
		u = low >= 0xdc00 && low < 0xe000 ? 0x10000 + ((u - 0xd800) << 10) + (low - 0xdc00) : 0xfffd;
	} else if (u >= 0xd800 && u < 0xe000) {
		u = 0xfffd;
	}
	*to += put_utf8(*to, u);
	return true;
}

/* A text, with a NUL behind it, in r->mem. */
static bool text(struct reader *r, struct span *ret)
{
	if (!take(r, '"'))
		return fail(r, "a text must begin with \"");
	const uint8_t *close = r->p;
	while (close < r->end && *close != '"')
		close += *close == '\\' ? 2 : 1;
	if (close >= r->end)
		return fail(r, "the document is torn: a text does not end");
	uint8_t *buf = arena_alloc(&r->mem, (size_t)(close - r->p) + 1), *to = buf; /* an escape is never shorter than what it means */
	while (r->p < close) {
		uint8_t c = *r->p++;
		if (c < 0x20)
			return fail(r, "a control character in a text");
		if (c != '\\')
			*to++ = c;
		else if (!escape(r, &to))
			return false;
	}
	r->p = close + 1;
	*to = '\0';
	*ret = (struct span){buf, (size_t)(to - buf)};
	return true;
}

static bool value(struct reader *r, struct val *ret, unsigned depth);

/* Objects and lists that are only checked. */
static bool nested(struct reader *r, unsigned depth)
{
	struct span key;
	struct val v;
	bool object = take(r, '{');
	char close = object ? '}' : ']';
	if (depth == JSONIN_DEPTH)
		return fail(r, "nested too deep");
	if (!object)
		take(r, '[');
	if (take(r, close))
		return true;
	do {
		if (object && (!text(r, &key) || !take(r, ':')))
			return fail(r, "a name and a colon must stand here");
		if (!value(r, &v, depth + 1))
			return false;
	} while (take(r, ','));
	return take(r, close) || fail(r, r->p == r->end ? "the document is torn" : "a comma or the end must stand here");
}

static bool value(struct reader *r, struct val *ret, unsigned depth)
{
	uint8_t c = peek(r);
	*ret = val_null();
	switch (c) {
	case '{':
	case '[':
		return nested(r, depth);
	case '"':
		ret->kind = VAL_STR;
		return text(r, &ret->s);
	case 't':
	case 'f':
		*ret = val_bool(c == 't');
		return word(r, c == 't' ? "true" : "false");
	case 'n':
		return word(r, "null");
	default:
		return r->p == r->end ? fail(r, "the document is torn") : number(r, ret);
	}
}

static bool row(struct reader *r)
{
	struct row out = {.n = 0};
	struct span key;
	if (!take(r, '{'))
		return fail(r, "a row must be an object");
	if (take(r, '}'))
		return true;
	do {
		struct val v;
		if (!text(r, &key) || !take(r, ':') || !value(r, &v, 1))
			return fail(r, "a name, a colon and a value must stand here");
		if (out.n < QUERY_COLUMNS)
			out.f[out.n++] = (struct field){(const char *)key.p, v};
	} while (take(r, ','));
	if (!take(r, '}'))
		return fail(r, r->p == r->end ? "the document is torn" : "a comma or } must stand here");
	report_add(r->a, &out);
	return true;
}

static bool rows(struct reader *r)
{
	r->listed = true;
	if (!take(r, '['))
		return fail(r, "\"rows\" must be a list");
	if (take(r, ']'))
		return true;
	do {
		if (!row(r))
			return false;
	} while (take(r, ','));
	return take(r, ']') || fail(r, r->p == r->end ? "the document is torn" : "a comma or ] must stand here");
}

static bool member(struct reader *r)
{
	struct span key;
	struct val v;
	if (!text(r, &key) || !take(r, ':'))
		return fail(r, "a name and a colon must stand here");
	if (span_eq(key, SPAN_LIT("rows")) && !r->listed)
		return rows(r);
	if (!value(r, &v, 1))
		return false;
	r->ours |= span_eq(key, SPAN_LIT("hda")) && v.kind == VAL_REAL && v.r >= 1 && v.r <= 1;
	r->named |= span_eq(key, SPAN_LIT("report")) && v.kind == VAL_STR && span_eq(v.s, span_of(r->report));
	return true;
}

static bool document(struct reader *r)
{
	if (!take(r, '{'))
		return fail(r, r->p == r->end ? "it is empty" : "it is no JSON object");
	do {
		if (!member(r))
			return false;
	} while (take(r, ','));
	if (!take(r, '}'))
		return fail(r, r->p == r->end ? "the document is torn" : "a comma or } must stand here");
	skip_blanks(r);
	return r->p == r->end || fail(r, "something stands behind the document");
}

int jsonin_report(struct span s, const char *report, struct report *a, char **ret_why)
{
	struct reader r = {.begin = s.p, .p = s.p, .end = s.p + s.n, .a = a, .report = report};
	*ret_why = NULL;
	if (!document(&r))
		*ret_why = xasprintf("%s (byte %zu)", r.why ? r.why : "it cannot be read", (size_t)(r.p - r.begin));
	else if (!r.ours || !r.named || !r.listed)
		*ret_why = xasprintf("it is no document of hdactl %s --json", report);
	arena_done(&r.mem);
	return *ret_why ? HDA_EFORMAT : 0;
}
