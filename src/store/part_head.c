/* Header and totals of a dump. SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "base/mem.h"
#include "store/record.h"

enum { /* bits of the flags; on disk: never renumber */
	HEAD_TRACED = 1 << 0, HEAD_FULL = 1 << 1, HEAD_MTIME = 1 << 2, HEAD_PARTIAL = 1 << 3, HEAD_SINCE = 1 << 4,
	HEAD_GENERATIONS = 1 << 5, HEAD_DUP_ESTIMATED = 1 << 6, HEAD_EDGES_CUT = 1 << 7, HEAD_GRAPH = 1 << 8,
	HEAD_GENKEYS_CUT = 1 << 9, HEAD_GENKEYS_DEAD = 1 << 10,
};

/* The figures that may be unknown, in the order on disk: new ones go to the end of a new record version. */
#define HEAD_FIGURES(X)                                                                            \
	X(head.jobs) X(head.seq) X(head.threads) X(head.gc_count) X(head.major_gc_count)           \
	X(head.heap_live_slots) X(head.heap_free_slots) X(head.old_objects)                        \
	X(head.total_allocated_objects) X(head.total_freed_objects) X(head.malloc_increase_bytes)  \
	X(head.oldmalloc_increase_bytes) X(head.heap_allocated_pages) X(head.compact_count)        \
	X(head.rss) X(head.pss) X(head.swap) X(head.cgroup_usage) X(head.cgroup_limit)             \
	X(max_generation)

#define HEAD_TOTALS(X)                                                                             \
	X(input_bytes) X(lines) X(objects) X(bytes) X(edges) X(roots) X(root_refs) X(shapes)       \
	X(free_slots) X(bad_lines) X(unknown_keys) X(dup_groups) X(dup_copies) X(dup_bytes)        \
	X(dangling) X(reachable.count) X(reachable.bytes) X(garbage.count) X(garbage.bytes)        \
	X(garbage_by_type_total.count) X(garbage_by_type_total.bytes)

#define HEAD_TEXTS(X)                                                                              \
	X(head.who.boot) X(head.who.host) X(head.who.app) X(head.who.role) X(head.who.rev)         \
	X(head.ruby) X(head.platform) X(head.reason)

static void text_out(struct rec_out *o, struct enc *e, const char *s, size_t cap)
{
	uint32_t number = 0;
	size_t n = strnlen(s, cap - 1);
	if (n && !o->err)
		o->err = o->dict->name_put(o->dict, (struct span){(const uint8_t *)s, n}, &number);
	enc_uv(e, number);
}

static void text_in(struct rec_in *in, struct dec *d, char *ret, size_t cap)
{
	uint64_t number = dec_uv(d);
	struct span s = {NULL, 0};
	if (d->err || in->err || number == 0)
		return;
	if (number > UINT32_MAX || in->dict->name_get(in->dict, (uint32_t)number, &s) || s.n >= cap) {
		in->err = HDA_ECORRUPT;
		return;
	}
	memcpy(ret, s.p, s.n);
	memset(ret + s.n, 0, cap - s.n);
}

static uint64_t flags_of(const struct dump_summary *s)
{
	const struct dump_header *h = &s->head;
	return (h->traced ? HEAD_TRACED : 0) | (h->full ? HEAD_FULL : 0) | (h->time_from_mtime ? HEAD_MTIME : 0) |
	    (s->partial ? HEAD_PARTIAL : 0) | (s->since ? HEAD_SINCE : 0) |
	    (s->traced_objects_known ? HEAD_GENERATIONS : 0) | (s->dup_estimated ? HEAD_DUP_ESTIMATED : 0) |
	    (s->edge_addrs_cut ? HEAD_EDGES_CUT : 0) | (s->has_graph ? HEAD_GRAPH : 0) |
	    (s->genkeys_cut ? HEAD_GENKEYS_CUT : 0) | (s->genkeys_dead ? HEAD_GENKEYS_DEAD : 0);
}

static void head_save(struct rec_out *o, struct part_state *st)
{
	const struct dump_summary *s = o->sum;
	const struct dump_header *h = &s->head;
	struct enc *e = &st->raw;
	enc_uv(e, flags_of(s));
	enc_uv(e, h->who.pidns);
	enc_uv(e, h->who.pid);
	enc_uv(e, h->who.start);
	enc_uv(e, h->who.host_pid);
#define X(f) text_out(o, e, s->f, sizeof(s->f));
	HEAD_TEXTS(X)
#undef X
	enc_f64(e, h->time);
	enc_f64(e, h->uptime_s);
	enc_f64(e, h->traced_since);
	enc_f64(e, s->took_s);
#define X(f) enc_maybe(e, s->f);
	HEAD_FIGURES(X)
#undef X
#define X(f) enc_uv(e, s->f);
	HEAD_TOTALS(X)
#undef X
	enc_str(e, strtab_get(&s->names, s->no_graph_why));
	enc_uv(e, h->nmarks);
	for (uint32_t i = 0; i < h->nmarks; i++) {
		enc_maybe(e, h->marks[i].jobs);
		enc_f64(e, h->marks[i].time);
		enc_maybe(e, h->marks[i].gc_count);
	}
	enc_uv(e, h->nmix);
	for (uint32_t i = 0; i < h->nmix; i++) {
		text_out(o, e, h->mix[i].klass, sizeof(h->mix[i].klass));
		enc_uv(e, h->mix[i].jobs);
	}
}

static void marks_in(struct dec *d, struct dump_header *h)
{
	uint64_t n = dec_uv(d);
	if (n > HEADER_MARKS)
		d->err = HDA_EFORMAT;
	for (uint32_t i = 0; i < n && !d->err; i++) {
		h->marks[i].jobs = dec_maybe(d);
		h->marks[i].time = dec_f64(d);
		h->marks[i].gc_count = dec_maybe(d);
		h->nmarks = i + 1;
	}
}

static void mix_in(struct rec_in *in, struct dec *d, struct dump_header *h)
{
	size_t n = dec_count(d, 2);
	if (!n)
		return;
	h->mix = xcalloc(n, sizeof(*h->mix));
	h->nmix = (uint32_t)n;
	for (size_t i = 0; i < n; i++) {
		text_in(in, d, h->mix[i].klass, sizeof(h->mix[i].klass));
		h->mix[i].jobs = dec_uv(d);
	}
}

static void head_load(struct rec_in *in, const struct part_state *st)
{
	struct dump_summary *s = in->sum;
	struct dump_header *h = &s->head;
	struct dec dec, *d = &dec;
	dec_init(d, st->raw.p, st->raw.n);
	uint64_t flags = dec_uv(d);
	h->traced = flags & HEAD_TRACED;
	h->full = flags & HEAD_FULL;
	h->time_from_mtime = flags & HEAD_MTIME;
	s->partial = flags & HEAD_PARTIAL;
	s->since = flags & HEAD_SINCE;
	s->traced_objects_known = (flags & HEAD_GENERATIONS) != 0;
	s->dup_estimated = flags & HEAD_DUP_ESTIMATED;
	s->edge_addrs_cut = flags & HEAD_EDGES_CUT;
	s->has_graph = flags & HEAD_GRAPH;
	s->genkeys_cut = flags & HEAD_GENKEYS_CUT;
	s->genkeys_dead = flags & HEAD_GENKEYS_DEAD;
	h->who.pidns = dec_uv(d);
	h->who.pid = dec_uv(d);
	h->who.start = dec_uv(d);
	h->who.host_pid = dec_uv(d);
#define X(f) text_in(in, d, s->f, sizeof(s->f));
	HEAD_TEXTS(X)
#undef X
	h->time = dec_f64(d);
	h->uptime_s = dec_f64(d);
	h->traced_since = dec_f64(d);
	s->took_s = dec_f64(d);
#define X(f) s->f = dec_maybe(d);
	HEAD_FIGURES(X)
#undef X
#define X(f) s->f = dec_uv(d);
	HEAD_TOTALS(X)
#undef X
	struct span why = dec_str(d);
	if (why.p && !d->err)
		s->no_graph_why = strtab_intern(&in->names, why);
	marks_in(d, h);
	mix_in(in, d, h);
	if (dec_finish(d) && !in->err)
		in->err = HDA_ECORRUPT;
}

const struct part part_head = {.id = PART_HEAD, .name = "head", .save = head_save, .load = head_load};
