/* Strings with equal contents. SPDX-License-Identifier: BSD-2-Clause */
#include "base/mem.h"
#include "store/record.h"

enum { DUP_BYTES = 6 }; /* a group takes at least this much */

static void dups_save(struct rec_out *o, struct part_state *st)
{
	const struct dump_summary *s = o->sum;
	struct enc *e = &st->raw;
	if (!s->ndups)
		return;
	enc_uv(e, s->ndups);
	for (size_t i = 0; i < s->ndups; i++) {
		const struct sum_dup *u = &s->dups[i];
		enc_uv(e, u->copies);
		enc_uv(e, u->bytes);
		enc_uv(e, u->length);
		enc_maybe(e, u->generation);
		enc_uv(e, u->nsites);
		for (uint32_t k = 0; k < u->nsites && k < SUM_DUP_SITES; k++) {
			enc_uv(e, rec_out_name(o, u->sites[k].file));
			enc_uv(e, u->sites[k].line);
			enc_uv(e, u->sites[k].copies);
		}
		enc_str(e, strtab_get(&s->names, u->value)); /* in line: values must go when the dump goes */
	}
}

static void dups_load(struct rec_in *in, const struct part_state *st)
{
	struct dump_summary *s = in->sum;
	struct dec dec, *d = &dec;
	dec_init(d, st->raw.p, st->raw.n);
	size_t n = dec_count(d, DUP_BYTES);
	s->dups = xcalloc(n + 1, sizeof(*s->dups));
	for (size_t i = 0; i < n && !d->err && !in->err; i++) {
		struct sum_dup *u = &s->dups[i];
		u->copies = dec_uv(d);
		u->bytes = dec_uv(d);
		u->length = dec_uv(d);
		u->generation = dec_maybe(d);
		uint64_t nsites = dec_uv(d);
		u->nsites = nsites < UINT32_MAX ? (uint32_t)nsites : UINT32_MAX;
		for (uint32_t k = 0; k < u->nsites && k < SUM_DUP_SITES; k++) {
			u->sites[k].file = rec_in_name(in, dec_uv(d));
			u->sites[k].line = (uint32_t)dec_uv(d);
			u->sites[k].copies = dec_uv(d);
		}
		struct span value = dec_str(d);
		u->value = value.p ? strtab_intern(&in->names, value) : 0;
		s->ndups = i + 1;
	}
	if (dec_finish(d) && !in->err)
		in->err = HDA_ECORRUPT;
}

const struct part part_dups = {.id = PART_DUPS, .name = "duplicate strings", .flags = STORE_DUPS, .save = dups_save,
    .load = dups_load};
