/* The raw bytes of a dump, up to the end mark. SPDX-License-Identifier: BSD-2-Clause */
#include "frame/raw.h"

#include "base/assert.h"
#include "hda/protocol.h"

/* The mark, padded, for the case that its beginning was cut off and then proved to be a piece of the dump. */
static const uint8_t mark[HDA_END_MARK_LEN + RAW_PAD] = HDA_END_MARK;

void raw_splitter_init(struct raw_splitter *r) { *r = (struct raw_splitter){0}; }

void raw_splitter_feed(struct raw_splitter *r, struct span in)
{
	HDA_ASSERT(r->in.n == 0);
	r->in = in;
}

static enum raw_event give(struct raw_splitter *r, const uint8_t *p, size_t n, struct span *ret)
{
	r->bytes += n;
	*ret = (struct span){p, n};
	return RAW_BYTES;
}

static void skip(struct raw_splitter *r, size_t n)
{
	r->in.p += n;
	r->in.n -= n;
}

/* Goes on with a mark whose first r->matched bytes lie in earlier pieces. Its only NUL is its first byte, so that after a
 * mismatch the next candidate cannot begin inside what was matched. */
static enum raw_event resume(struct raw_splitter *r, struct span *ret)
{
	while (r->in.n && r->in.p[0] == mark[r->matched]) {
		skip(r, 1);
		if (++r->matched == HDA_END_MARK_LEN) {
			r->ended = true;
			return RAW_END;
		}
	}
	if (r->in.n == 0)
		return RAW_MORE;
	size_t n = r->matched;
	r->matched = 0;
	return give(r, mark, n, ret);
}

enum raw_event raw_splitter_next(struct raw_splitter *r, struct span *ret)
{
	if (r->ended)
		return RAW_END;
	if (r->in.n == 0)
		return RAW_MORE;
	if (r->matched)
		return resume(r, ret);
	const uint8_t *start = r->in.p, *end = start + r->in.n;
	for (const uint8_t *p = start; (p = memchr(p, 0, (size_t)(end - p))) != NULL; p++) {
		size_t have = (size_t)(end - p), n = have < HDA_END_MARK_LEN ? have : HDA_END_MARK_LEN;
		if (memcmp(p, mark, n) != 0)
			continue;
		/* The mark, or its beginning at the end of the piece: first what stands before it. */
		size_t before = (size_t)(p - start);
		skip(r, before + n);
		r->matched = (uint32_t)n;
		r->ended = n == HDA_END_MARK_LEN;
		if (before)
			return give(r, start, before, ret);
		return r->ended ? RAW_END : RAW_MORE;
	}
	skip(r, r->in.n);
	return give(r, start, (size_t)(end - start), ret);
}

struct span raw_splitter_finish(struct raw_splitter *r)
{
	struct span s = {mark, r->ended ? 0 : r->matched};
	r->matched = 0;
	r->bytes += s.n;
	return s;
}

struct span raw_splitter_rest(struct raw_splitter *r)
{
	struct span s = r->in;
	r->in = (struct span){0};
	return s;
}
