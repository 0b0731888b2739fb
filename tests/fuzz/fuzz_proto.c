/* Bodies: refused with a reason, or the same after encode and decode. SPDX-License-Identifier: BSD-2-Clause
 *
 * The first byte is the message (an index into decoders, modulo their number), the rest the body. */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "fuzz.h"
#include "proto/message.h"
#include "proto/request.h"
#include "proto/rows.h"
#include "proto/walk.h"

/* Decodes and encodes again: 0 or the error. */
#define X(name, type)                                                                              \
	static int again_##name(struct span body, struct enc *e, struct proto_err *err)            \
	{                                                                                          \
		type m;                                                                            \
		int r = msg_##name##_decode(&m, body, err);                                        \
		if (r == 0)                                                                        \
			msg_##name##_encode(e, &m);                                                \
		return r;                                                                          \
	}
PROTO_MESSAGES(X)
X(request, struct msg_request)
X(done, struct msg_done)
#undef X

static int again_begin(struct span body, struct enc *e, struct proto_err *err)
{
	struct dump_header h;
	int r = msg_begin_decode(&h, body, err);
	if (r < 0)
		return r;
	HDA_ASSERT(h.nmix <= HEADER_MIX && h.nmarks <= HEADER_MARKS);
	msg_begin_encode(e, &h);
	dump_header_done(&h);
	return 0;
}

/* Names as C strings, which is what a writer takes; a NUL ends them. */
static void c_names(const struct span *names, size_t n, char **ret)
{
	for (size_t i = 0; i < n; i++)
		ret[i] = xstrndup(names[i].n ? (const char *)names[i].p : "", names[i].n);
}

static void free_names(char **names, size_t n)
{
	while (n)
		free(names[--n]);
}

static int again_row(struct span body, struct enc *e, struct proto_err *err)
{
	struct row_reader *r;
	int rc = row_reader_new(&r, body, err);
	if (rc < 0)
		return rc;
	struct row_writer w;
	row_writer_init(&w, SIZE_MAX);
	const struct span *names;
	const struct val *cells;
	char *c[ROW_COLUMNS];
	size_t n = row_reader_cols(r, &names);
	c_names(names, n, c);
	if (n)
		row_writer_cols(&w, (const char *const *)c, n);
	free_names(c, n);
	while ((cells = row_reader_next(r, &n)))
		HDA_ASSERT(row_writer_add(&w, cells, n) == 0);
	row_writer_flush(&w, e);
	row_writer_done(&w);
	row_reader_free(r);
	return 0;
}

static int (*const decoders[])(struct span, struct enc *, struct proto_err *) = {
#define X(name, type) again_##name,
	PROTO_MESSAGES(X)
#undef X
	again_begin, again_request, again_done, again_row,
};

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	if (n == 0)
		return 0;
	int (*again)(struct span, struct enc *, struct proto_err *) = decoders[p[0] % (sizeof(decoders) / sizeof(*decoders))];
	uint8_t *copy = xmalloc(n - 1 ? n - 1 : 1); /* so that AddressSanitizer sees a read behind it */
	memcpy(copy, p + 1, n - 1);
	struct proto_err err = {0}, walk_err = {0};
	struct enc first = {0}, second = {0};
	struct span body = {copy, n - 1};
	int walked = walk_body(body, &walk_err), r = again(body, &first, &err);
	free(copy);
	HDA_ASSERT(walked == 0 || (r == walked && strcmp(err.text, walk_err.text) == 0)); /* nothing passes by the walk */
	if (r == 0) {
		HDA_ASSERT(again((struct span){first.p, first.n}, &second, &err) == 0);
		HDA_ASSERT(span_eq((struct span){first.p, first.n}, (struct span){second.p, second.n}));
	} else {
		HDA_ASSERT((r == HDA_EFORMAT || r == HDA_ELIMIT) && err.status >= 400 && err.status < 500 && err.text[0]);
	}
	enc_done(&first);
	enc_done(&second);
	return 0;
}
