/* Addresses of the newest generation. SPDX-License-Identifier: BSD-2-Clause */
#include "base/mem.h"
#include "store/record.h"

static void edges_save(struct rec_out *o, struct part_state *st)
{
	const struct dump_summary *s = o->sum;
	struct enc *e = &st->raw;
	if (!s->nedge_addrs)
		return;
	uint64_t last = 0;
	enc_uv(e, s->nedge_addrs);
	for (size_t i = 0; i < s->nedge_addrs; i++) {
		enc_uv(e, s->edge_addrs[i] - last);
		last = s->edge_addrs[i];
	}
	for (size_t i = 0; i < s->nedge_addrs; i++)
		enc_uv(e, o->keys[s->edge_keys[i]]);
}

static void edges_load(struct rec_in *in, const struct part_state *st)
{
	struct dump_summary *s = in->sum;
	struct dec dec, *d = &dec;
	dec_init(d, st->raw.p, st->raw.n);
	size_t n = dec_count(d, 2);
	s->edge_addrs = xcalloc(n + 1, sizeof(*s->edge_addrs));
	s->edge_keys = xcalloc(n + 1, sizeof(*s->edge_keys));
	uint64_t last = 0;
	for (size_t i = 0; i < n; i++) {
		s->edge_addrs[i] = last + dec_uv(d);
		if (s->edge_addrs[i] < last) /* over the end: they would not be sorted */
			d->err = HDA_EFORMAT;
		last = s->edge_addrs[i];
	}
	for (size_t i = 0; i < n && !d->err && !in->err; i++)
		s->edge_keys[i] = rec_in_key_index(in, dec_uv(d));
	s->nedge_addrs = n;
	if (dec_finish(d) && !in->err)
		in->err = HDA_ECORRUPT;
}

const struct part part_edges = {.id = PART_EDGES, .name = "newest addresses", .flags = STORE_EDGE_ADDRS, .save = edges_save,
    .load = edges_load};
