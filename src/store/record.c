/* Parts of a summary as records: what they share. SPDX-License-Identifier: BSD-2-Clause */
#include "store/record.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"

void rec_out_init(struct rec_out *o, const struct dump_summary *sum, struct dict *dict)
{
	*o = (struct rec_out){.sum = sum, .dict = dict};
	o->names = xcalloc((size_t)sum->names.n + 1, sizeof(*o->names));
	o->keys = xcalloc(sum->nkeys + 1, sizeof(*o->keys));
	o->sigs = xcalloc(sum->nsigs + 1, sizeof(*o->sigs));
}

void rec_out_done(struct rec_out *o)
{
	free(o->names);
	free(o->keys);
	free(o->sigs);
}

uint32_t rec_out_name(struct rec_out *o, uint32_t id)
{
	if (!id || o->err)
		return 0;
	HDA_ASSERT(id <= o->sum->names.n);
	if (!o->names[id])
		o->err = o->dict->name_put(o->dict, strtab_get(&o->sum->names, id), &o->names[id]);
	return o->names[id];
}

uint32_t rec_out_key(struct rec_out *o, uint32_t type, uint32_t klass, uint32_t file, uint32_t line)
{
	uint32_t key[4] = {rec_out_name(o, type), rec_out_name(o, klass), rec_out_name(o, file), line}, id = 0;
	if (!o->err)
		o->err = o->dict->key_put(o->dict, key, &id);
	return id;
}

void rec_in_init(struct rec_in *in, struct dict *dict)
{
	*in = (struct rec_in){.dict = dict};
	strtab_init(&in->names);
}

void rec_in_done(struct rec_in *in)
{
	strtab_done(&in->names);
	free(in->local);
	free(in->keys);
	free(in->sigs);
	free(in->sig_ids);
	free(in->sig_index);
}

void rec_in_begin(struct rec_in *in, struct dump_summary *sum)
{
	in->sum = sum;
	in->stamp++;
	in->nsigs = 0;
}

static void fail(struct rec_in *in, int err)
{
	if (!in->err)
		in->err = err;
}

/* Room for index i in an array of *n elements, new ones cleared. */
static void *widen(void *p, size_t *n, uint64_t i, size_t size)
{
	if (i < *n)
		return p;
	size_t more = *n ? *n * 2 : 1024;
	while (more <= i)
		more *= 2;
	p = xreallocarray(p, more, size);
	memset((char *)p + *n * size, 0, (more - *n) * size);
	*n = more;
	return p;
}

uint32_t rec_in_name(struct rec_in *in, uint64_t number)
{
	if (number == 0 || in->err)
		return 0;
	if (number < in->nlocal && in->local[number])
		return in->local[number];
	struct span text;
	if (number > UINT32_MAX || in->dict->name_get(in->dict, (uint32_t)number, &text)) {
		fail(in, HDA_ECORRUPT);
		return 0;
	}
	in->local = widen(in->local, &in->nlocal, number, sizeof(*in->local));
	return in->local[number] = strtab_intern(&in->names, text);
}

struct rec_key *rec_in_key(struct rec_in *in, uint64_t number)
{
	if (in->err)
		return NULL;
	if (number < in->nkeys && in->keys[number].known)
		return &in->keys[number];
	uint32_t key[4];
	if (number == 0 || number > UINT32_MAX || in->dict->key_get(in->dict, (uint32_t)number, key)) {
		fail(in, HDA_ECORRUPT);
		return NULL;
	}
	in->keys = widen(in->keys, &in->nkeys, number, sizeof(*in->keys));
	in->keys[number] = (struct rec_key){.type = rec_in_name(in, key[0]), .klass = rec_in_name(in, key[1]),
	    .file = rec_in_name(in, key[2]), .line = key[3], .known = true};
	return in->err ? NULL : &in->keys[number];
}

const struct dict_sig *rec_in_sig(struct rec_in *in, uint64_t number)
{
	struct dict_sig sig;
	if (in->err)
		return NULL;
	if (number < in->nsigs_known && in->sigs[number].known)
		return &in->sigs[number].d;
	if (number == 0 || number > UINT32_MAX || in->dict->sig_get(in->dict, (uint32_t)number, &sig)) {
		fail(in, HDA_ECORRUPT);
		return NULL;
	}
	in->sigs = widen(in->sigs, &in->nsigs_known, number, sizeof(*in->sigs));
	in->sigs[number] = (struct rec_sig){sig, true};
	return &in->sigs[number].d;
}

uint32_t rec_in_key_index(struct rec_in *in, uint64_t number)
{
	if (!in->err && number < in->nkeys && in->keys[number].stamp == in->stamp)
		return in->keys[number].index;
	fail(in, HDA_ECORRUPT);
	return 0;
}

uint32_t rec_in_sig_index(struct rec_in *in, uint64_t number)
{
	if (number == 0)
		return UINT32_MAX;
	size_t lo = 0, hi = in->nsigs;
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		if (in->sig_ids[mid] < number)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo < in->nsigs && in->sig_ids[lo] == number)
		return in->sig_index[lo];
	fail(in, HDA_ECORRUPT);
	return UINT32_MAX;
}

void enc_tally(struct enc *e, const struct tally *t)
{
	enc_uv(e, t->count);
	enc_uv(e, t->bytes);
}

struct tally dec_tally(struct dec *d)
{
	struct tally t;
	t.count = dec_uv(d);
	t.bytes = dec_uv(d);
	return t;
}

/* Unknown is all ones, so one more is 0: one byte instead of ten. */
void enc_maybe(struct enc *e, uint64_t v) { enc_uv(e, v + 1); }

uint64_t dec_maybe(struct dec *d) { return dec_uv(d) - 1; }

void rec_out_object(struct rec_out *o, struct enc *e, const struct sum_object *x)
{
	enc_uv(e, x->addr);
	enc_uv(e, rec_out_key(o, x->type, x->klass, x->file, x->line));
	enc_uv(e, x->bytes);
	enc_uv(e, x->refs);
	enc_maybe(e, x->generation);
	enc_maybe(e, x->length);
}

void rec_in_object(struct rec_in *in, struct dec *d, struct sum_object *ret)
{
	*ret = (struct sum_object){.addr = dec_uv(d)};
	uint64_t key = dec_uv(d);
	ret->bytes = dec_uv(d);
	ret->refs = dec_uv(d);
	ret->generation = dec_maybe(d);
	ret->length = dec_maybe(d);
	const struct rec_key *k = d->err ? NULL : rec_in_key(in, key);
	if (!k)
		return;
	ret->type = k->type;
	ret->klass = k->klass;
	ret->file = k->file;
	ret->line = k->line;
}

void part_state_init(struct part_state *st, const struct part *p)
{
	*st = (struct part_state){0};
	if (p->shape)
		table_init(&st->t, p->shape);
}

void part_state_done(struct part_state *st)
{
	table_done(&st->t);
	enc_done(&st->raw);
}

void part_state_copy(struct part_state *to, const struct part_state *from)
{
	table_copy(&to->t, &from->t);
	enc_clear(&to->raw);
	enc_raw(&to->raw, from->raw.p, from->raw.n);
}

const struct part *const parts_all[PARTS] = {
    [PART_HEAD] = &part_head,
    [PART_KEYS] = &part_keys,
    [PART_GENS] = &part_gens,
    [PART_GENKEYS] = &part_genkeys,
    [PART_DUPS] = &part_dups,
    [PART_OBJECTS] = &part_objects,
    [PART_EDGES] = &part_edges,
    [PART_SIGS] = &part_sigs,
    [PART_HOLDERS] = &part_holders,
    [PART_TRACE] = &part_trace,
    [PART_RETAINED] = &part_retained,
    [PART_KEY_SIGS] = &part_key_sigs,
    [PART_LABELS] = &part_labels,
    [PART_TYPES] = &part_types,
    [PART_BIRTHS] = &part_births,
    [PART_CONTENTS] = &part_contents,
};
