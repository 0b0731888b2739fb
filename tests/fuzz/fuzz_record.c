/* Decoders of the store's records. SPDX-License-Identifier: BSD-2-Clause
 *
 * First byte: what the bytes are (a part of a dump, a list row, a process row, a packed record). For tables two more bytes
 * say how many bytes are the whole table; the rest is a difference to it. What is decoded must satisfy later stages
 * (summary_fault), and written and read again it must be the same. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "fuzz.h"
#include "memdict.h"
#include "store/lmdb_int.h"

enum { NAMES = 40, KEYS = 64, SIGS = 32, RAW_MAX = 1 << 16, ROW = PARTS, PROC, PACKED, KINDS };

/* Names, keys and signatures for the records to speak of. */
static void fill(struct memdict *m)
{
	char text[16];
	uint32_t id;
	bool fresh;
	for (uint32_t i = 0; i < NAMES; i++) {
		int n = snprintf(text, sizeof(text), "name %u", i);
		if (m->d.name_put(&m->d, (struct span){(const uint8_t *)text, (size_t)n}, &id))
			abort();
	}
	for (uint32_t i = 0; i < KEYS; i++)
		if (m->d.key_put(&m->d, (uint32_t[]){i % 8, i % NAMES, i % 7, i}, &id))
			abort();
	for (uint32_t i = 0; i < SIGS; i++)
		if (m->d.sig_put(&m->d, (uint64_t)(i + 1) * 0x9e3779b97f4a7c15ull, &id, &fresh) ||
		    m->d.sig_def(&m->d, id, &(struct dict_sig){(uint64_t)(i + 1) * 0x9e3779b97f4a7c15ull, i, 1 + i % NAMES}))
			abort();
}

/* Keys 1..KEYS and signatures 1..SIGS are in the dump, so that parts that refer to them have something to find. */
static void give(struct rec_in *in, const struct part *p, size_t n)
{
	struct part_state st;
	part_state_init(&st, p);
	for (size_t i = 1; i <= n; i++)
		table_add(&st.t, i)[p->id == PART_KEYS ? 1 : 4] = n - i + 1;
	p->load(in, &st);
	HDA_ASSERT(in->err == 0);
	part_state_done(&st);
}

static struct dump_summary *load(struct memdict *m, const struct part *p, const struct part_state *st, int *ret_err)
{
	struct dump_summary *s = summary_new();
	struct rec_in in;
	rec_in_init(&in, &m->d);
	rec_in_begin(&in, s);
	if (p->id != PART_KEYS)
		give(&in, &part_keys, KEYS);
	if (p->id == PART_HOLDERS)
		give(&in, &part_sigs, SIGS);
	if (!part_empty(p, st))
		p->load(&in, st);
	strtab_done(&s->names);
	s->names = in.names;
	strtab_init(&in.names);
	*ret_err = in.err;
	rec_in_done(&in);
	return s;
}

/* Saves one part of s; the keys and signatures first, which give the others their numbers. */
static void save(struct memdict *m, const struct part *p, const struct dump_summary *s, struct part_state *ret)
{
	struct rec_out o;
	rec_out_init(&o, s, &m->d);
	for (int i = 0; i < PARTS; i++) {
		struct part_state st;
		part_state_init(&st, parts_all[i]);
		if (i == PART_KEYS || i == PART_SIGS || i == p->id)
			parts_all[i]->save(&o, i == p->id ? ret : &st);
		part_state_done(&st);
	}
	HDA_ASSERT(o.err == 0);
	rec_out_done(&o);
}

static bool same_state(const struct part *p, const struct part_state *a, const struct part_state *b)
{
	if (!p->shape)
		return a->raw.n == b->raw.n && (a->raw.n == 0 || memcmp(a->raw.p, b->raw.p, a->raw.n) == 0);
	return a->t.n == b->t.n &&
	    (a->t.n == 0 || memcmp(a->t.cells, b->t.cells, a->t.n * a->t.stride * sizeof(uint64_t)) == 0);
}

/* A table comes back exactly, whole and as a difference. */
static void table_again(const struct part *p, const struct part_state *st, const struct part_state *base)
{
	struct enc e = {0};
	struct dec d;
	struct part_state back;
	part_state_init(&back, p);
	if (base)
		table_copy(&back.t, &base->t);
	table_encode(&e, p->shape, &st->t, base ? &base->t : NULL);
	dec_init(&d, e.p, e.n);
	HDA_ASSERT(table_decode(&d, p->shape, &back.t) == 0);
	HDA_ASSERT(same_state(p, st, &back));
	part_state_done(&back);
	enc_done(&e);
}

static int decode(const struct part *p, const uint8_t *b, size_t n, struct part_state *st)
{
	if (!p->shape) {
		enc_raw(&st->raw, b, n);
		return 0;
	}
	struct dec d;
	if (n < 2)
		return HDA_ECORRUPT;
	size_t whole = (size_t)(b[0] << 8 | b[1]);
	whole = whole < n - 2 ? whole : n - 2;
	dec_init(&d, b + 2, whole);
	int err = table_decode(&d, p->shape, &st->t);
	if (err || whole == n - 2)
		return err;
	struct part_state base;
	part_state_init(&base, p);
	table_copy(&base.t, &st->t);
	dec_init(&d, b + 2 + whole, n - 2 - whole);
	err = table_decode(&d, p->shape, &st->t);
	if (!err)
		table_again(p, st, &base);
	part_state_done(&base);
	return err;
}

static void part(const struct part *p, const uint8_t *b, size_t n)
{
	struct memdict m;
	struct part_state st, again, third;
	int err;
	memdict_init(&m);
	fill(&m);
	part_state_init(&st, p);
	part_state_init(&again, p);
	part_state_init(&third, p);
	err = decode(p, b, n, &st);
	if (!err && p->shape)
		table_again(p, &st, NULL);
	struct dump_summary *s = err ? NULL : load(&m, p, &st, &err);
	HDA_ASSERT(err == 0 || err == HDA_ECORRUPT);
	if (!err) {
		HDA_ASSERT(summary_fault(s) == NULL);
		save(&m, p, s, &again);
		struct dump_summary *t = load(&m, p, &again, &err);
		HDA_ASSERT(err == 0);
		save(&m, p, t, &third);
		HDA_ASSERT(same_state(p, &again, &third));
		summary_free(t);
	}
	summary_free(s);
	part_state_done(&st);
	part_state_done(&again);
	part_state_done(&third);
	memdict_done(&m);
}

static void row(struct span in)
{
	struct lmdb_row a;
	struct enc e = {0}, f = {0};
	int err = lmdb_row_decode(in, 5, &a);
	HDA_ASSERT(err == 0 || err == HDA_ECORRUPT);
	if (!err) {
		lmdb_row_encode(&e, &a);
		HDA_ASSERT(lmdb_row_decode((struct span){e.p, e.n}, 5, &a) == 0);
		lmdb_row_encode(&f, &a);
		HDA_ASSERT(e.n == f.n && memcmp(e.p, f.p, e.n) == 0);
	}
	enc_done(&e);
	enc_done(&f);
}

static void proc(struct span in)
{
	struct store_proc a;
	struct enc e = {0}, f = {0};
	int err = lmdb_proc_decode(in, 5, &a);
	HDA_ASSERT(err == 0 || err == HDA_ECORRUPT);
	if (!err) {
		lmdb_proc_encode(&e, &a);
		HDA_ASSERT(lmdb_proc_decode((struct span){e.p, e.n}, 5, &a) == 0);
		lmdb_proc_encode(&f, &a);
		HDA_ASSERT(e.n == f.n && memcmp(e.p, f.p, e.n) == 0);
	}
	enc_done(&e);
	enc_done(&f);
}

/* As a packed record, and as bytes to be packed with a prefix. */
static void packed(struct span in)
{
	struct pack k = {0};
	struct enc raw = {0}, out = {0};
	struct span prefix = {in.p, in.n / 2}, rest = {in.p + in.n / 2, in.n - in.n / 2};
	int err = pack_get(&k, &raw, in, (struct span){NULL, 0});
	HDA_ASSERT(err == 0 || err == HDA_ECORRUPT);
	HDA_ASSERT(pack_put(&k, &out, rest, prefix) == 0);
	HDA_ASSERT(pack_get(&k, &raw, (struct span){out.p, out.n}, prefix) == 0);
	HDA_ASSERT(raw.n == rest.n && (rest.n == 0 || memcmp(raw.p, rest.p, rest.n) == 0));
	enc_done(&raw);
	enc_done(&out);
	pack_done(&k);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	if (n == 0 || n > RAW_MAX)
		return 0;
	int kind = p[0] % KINDS;
	struct span rest = {p + 1, n - 1};
	if (kind < PARTS)
		part(parts_all[kind], rest.p, rest.n);
	else if (kind == ROW)
		row(rest);
	else if (kind == PROC)
		proc(rest);
	else
		packed(rest);
	return 0;
}
