/* Holders and containers. SPDX-License-Identifier: BSD-2-Clause */
#include "base/mem.h"
#include "store/record.h"

enum { HOLDER_BYTES = 7, CONTAINER_BYTES = 6 }; /* a row takes at least this much */

/* Number of a signature by its index; 0 for none. */
static uint32_t sig_out(const struct rec_out *o, uint32_t sig) { return sig < o->sum->nsigs ? o->sigs[sig] : 0; }

static void holders_save(struct rec_out *o, struct part_state *st)
{
	const struct dump_summary *s = o->sum;
	struct enc *e = &st->raw;
	if (!s->nholders && !s->ncontainers)
		return;
	enc_uv(e, s->nholders);
	for (size_t i = 0; i < s->nholders; i++) {
		const struct sum_holder *h = &s->holders[i];
		enc_uv(e, sig_out(o, h->sig));
		enc_uv(e, rec_out_name(o, h->text));
		enc_uv(e, h->addr);
		enc_tally(e, &h->own);
		enc_tally(e, &h->retained);
	}
	enc_uv(e, s->ncontainers);
	for (size_t i = 0; i < s->ncontainers; i++) {
		const struct sum_container *c = &s->containers[i];
		enc_uv(e, sig_out(o, c->sig));
		enc_uv(e, rec_out_key(o, c->type, c->klass, c->file, c->line));
		enc_uv(e, c->addr);
		enc_uv(e, c->length);
		enc_tally(e, &c->retained);
	}
}

static void holders_in(struct rec_in *in, struct dec *d)
{
	struct dump_summary *s = in->sum;
	size_t n = dec_count(d, HOLDER_BYTES);
	s->holders = xcalloc(n + 1, sizeof(*s->holders));
	for (size_t i = 0; i < n && !d->err && !in->err; i++) {
		struct sum_holder *h = &s->holders[i];
		h->sig = rec_in_sig_index(in, dec_uv(d));
		h->text = rec_in_name(in, dec_uv(d));
		h->addr = dec_uv(d);
		h->own = dec_tally(d);
		h->retained = dec_tally(d);
		s->nholders = i + 1;
	}
}

static void containers_in(struct rec_in *in, struct dec *d)
{
	struct dump_summary *s = in->sum;
	size_t n = dec_count(d, CONTAINER_BYTES);
	s->containers = xcalloc(n + 1, sizeof(*s->containers));
	for (size_t i = 0; i < n && !d->err && !in->err; i++) {
		struct sum_container *c = &s->containers[i];
		c->sig = rec_in_sig_index(in, dec_uv(d));
		const struct rec_key *k = rec_in_key(in, dec_uv(d));
		if (!k)
			return;
		c->type = k->type;
		c->klass = k->klass;
		c->file = k->file;
		c->line = k->line;
		c->addr = dec_uv(d);
		c->length = dec_uv(d);
		c->retained = dec_tally(d);
		s->ncontainers = i + 1;
	}
}

static void holders_load(struct rec_in *in, const struct part_state *st)
{
	struct dec d;
	dec_init(&d, st->raw.p, st->raw.n);
	holders_in(in, &d);
	containers_in(in, &d);
	if (dec_finish(&d) && !in->err)
		in->err = HDA_ECORRUPT;
}

const struct part part_holders = {.id = PART_HOLDERS, .name = "holders", .flags = STORE_GRAPH, .save = holders_save,
    .load = holders_load};
