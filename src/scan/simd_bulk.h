/* Long stretches of lines that scan_plain.c reads, in two variants. SPDX-License-Identifier: BSD-2-Clause
 *
 * Included by scan_simd.c once for each instruction set. Takes steps that scan_plain.c would take byte by byte: only where
 * no byte changes its state, and never a brace, with which another record may begin (R2). */

/* Bytes of an escaped string, up to a quote, a backslash, a brace or the line's end. */
TARGET static const uint8_t *FN(bulk_string)(struct scanner *s, const uint8_t *p, const uint8_t *end)
{
	const uint8_t *q = FN(next4)(p, end, '"', '\\', '{', '\n');
	scan_string_bytes(s, p, (size_t)(q - p));
	return q;
}

/* Entries of references as Ruby writes them. */
TARGET static const uint8_t *FN(bulk_refs)(struct scanner *s, const uint8_t *p, const uint8_t *end)
{
	enum { ENTRY_MAX = 22 }; /* `"0x` 16 digits `", ` */
	uint64_t addr;
	while (end - p >= ENTRY_MAX && p[0] == '"' && p[1] == '0' && p[2] == 'x') {
		unsigned n = FN(hex)(p + 3, &addr);
		if (!n || p[4 + n] != ',' || p[5 + n] != ' ')
			break;
		record_ref(s, addr);
		p += 6 + n;
	}
	return p;
}

/* The rest of a line through the plain reader. Returns what follows its LF, or end. */
TARGET static const uint8_t *FN(slow_line)(struct scanner *s, const uint8_t *p, const uint8_t *end)
{
	while (p < end) {
		const uint8_t *q = p;
		if (s->start == 0 && !scan_wants_head(s)) {
			if (s->state == ST_STR)
				q = FN(bulk_string)(s, p, end);
			else if (s->state == ST_NEST && s->collect && s->depth == 1)
				q = FN(bulk_refs)(s, p, end);
			else if (s->state == ST_BAD)
				q = FN(next2)(p, end, '{', '\n');
		}
		p = q;
		if (p == end)
			break;
		p += scan_plain_line(s, p, 1);
		if (s->state == ST_LINE)
			break;
	}
	return p;
}

TARGET static void FN(simd_feed)(struct scanner *s, const uint8_t *p, size_t n)
{
	const uint8_t *end = p + n;
	const struct scan_fast *f = s->fast;
	for (;;) {
		const uint8_t *q = p < end && s->state == ST_LINE ? FN(line)(s, p, end) : NULL;
		if (__builtin_expect(q != NULL, 1)) {
			p = q;
			if (f->nlines < FAST_BATCH && f->nrefs <= SCAN_REFS_BATCH)
				continue;
		}
		const uint8_t *misread = FN(accept)(s, end);
		if (misread)
			p = misread;
		else if (q)
			continue;
		else if (p >= end)
			return;
		p = FN(slow_line)(s, p, end);
	}
}
