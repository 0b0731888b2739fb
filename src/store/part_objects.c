/* Objects worth naming: five lists and one per generation. SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>

#include "base/mem.h"
#include "store/record.h"

enum { OBJECT_BYTES = 6 }; /* a row takes at least this much */

/* The lists, in the order on disk. */
#define OBJECT_LISTS(X)                                                                            \
	X(refs, nrefs) X(referenced, nreferenced) X(largest, nlargest) X(long_, nlong)             \
	X(gen_refs, ngen_refs) X(top_retained, ntop_retained)

static void list_out(struct rec_out *o, struct enc *e, const struct sum_object *x, size_t n)
{
	enc_uv(e, n);
	for (size_t i = 0; i < n; i++)
		rec_out_object(o, e, &x[i]);
}

static void objects_save(struct rec_out *o, struct part_state *st)
{
	const struct dump_summary *s = o->sum;
	size_t any = 0;
#define X(list, n) any += s->n;
	OBJECT_LISTS(X)
#undef X
	if (!any)
		return;
#define X(list, n) list_out(o, &st->raw, s->list, s->n);
	OBJECT_LISTS(X)
#undef X
}

static struct sum_object *list_in(struct rec_in *in, struct dec *d, size_t *ret_n)
{
	size_t n = dec_count(d, OBJECT_BYTES);
	if (!n)
		return NULL;
	struct sum_object *x = xcalloc(n, sizeof(*x));
	for (size_t i = 0; i < n && !d->err && !in->err; i++)
		rec_in_object(in, d, &x[i]);
	*ret_n = n;
	return x;
}

static void objects_load(struct rec_in *in, const struct part_state *st)
{
	struct dump_summary *s = in->sum;
	struct dec dec, *d = &dec;
	dec_init(d, st->raw.p, st->raw.n);
#define X(list, n) s->list = list_in(in, d, &s->n);
	OBJECT_LISTS(X)
#undef X
	if (dec_finish(d) && !in->err)
		in->err = HDA_ECORRUPT;
}

const struct part part_objects = {.id = PART_OBJECTS, .name = "objects", .flags = STORE_OBJECTS, .save = objects_save,
    .load = objects_load};
