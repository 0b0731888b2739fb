/* Roots by name and samples of bad lines. SPDX-License-Identifier: BSD-2-Clause */
#include "base/mem.h"
#include "store/record.h"

enum { ROOT_BYTES = 3, SAMPLES = sizeof(((struct dump_summary *)0)->samples) / sizeof(uint32_t) };

static void trace_save(struct rec_out *o, struct part_state *st)
{
	const struct dump_summary *s = o->sum;
	struct enc *e = &st->raw;
	if (!s->nroot_names && !s->nsamples)
		return;
	enc_uv(e, s->nroot_names);
	for (size_t i = 0; i < s->nroot_names; i++) {
		enc_uv(e, rec_out_name(o, s->root_names[i].name));
		enc_uv(e, s->root_names[i].count);
		enc_uv(e, s->root_names[i].refs);
	}
	enc_uv(e, s->nsamples);
	for (uint32_t i = 0; i < s->nsamples; i++)
		enc_str(e, strtab_get(&s->names, s->samples[i]));
}

static void trace_load(struct rec_in *in, const struct part_state *st)
{
	struct dump_summary *s = in->sum;
	struct dec dec, *d = &dec;
	dec_init(d, st->raw.p, st->raw.n);
	size_t n = dec_count(d, ROOT_BYTES);
	s->root_names = xcalloc(n + 1, sizeof(*s->root_names));
	for (size_t i = 0; i < n && !d->err && !in->err; i++) {
		s->root_names[i].name = rec_in_name(in, dec_uv(d));
		s->root_names[i].count = dec_uv(d);
		s->root_names[i].refs = dec_uv(d);
		s->nroot_names = i + 1;
	}
	uint64_t nsamples = dec_uv(d);
	if (nsamples > SAMPLES)
		d->err = HDA_EFORMAT;
	for (uint32_t i = 0; i < nsamples && !d->err; i++) {
		struct span text = dec_str(d);
		s->samples[i] = text.p ? strtab_intern(&in->names, text) : 0;
		s->nsamples = i + 1;
	}
	if (dec_finish(d) && !in->err)
		in->err = HDA_ECORRUPT;
}

const struct part part_trace = {.id = PART_TRACE, .name = "roots and samples", .flags = STORE_TRACE, .save = trace_save,
    .load = trace_load};
