/* BEGIN: the header of a dump. SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "proto/fields.h"

#define H(key, kind, member, required) FIELD(struct dump_header, key, kind, member, required)
#define COUNT(a) (sizeof(a) / sizeof(*(a)))

static const struct field_def top[] = {
	H("pid", FIELD_U64Z, who.pid, true),
	H("start", FIELD_U64Z, who.start, false),
	H("boot", FIELD_TEXT, who.boot, false),
	H("pidns", FIELD_U64Z, who.pidns, false),
	H("host", FIELD_TEXT, who.host, false),
	H("app", FIELD_TEXT, who.app, false),
	H("role", FIELD_TEXT, who.role, false),
	H("rev", FIELD_TEXT, who.rev, false),
	H("ruby", FIELD_TEXT, ruby, false),
	H("platform", FIELD_TEXT, platform, false),
	H("reason", FIELD_TEXT, reason, false),
	H("jobs", FIELD_U64, jobs, true),
	H("seq", FIELD_U64, seq, false),
	H("time", FIELD_REAL, time, true),
	H("uptime_s", FIELD_REAL, uptime_s, false),
	H("traced", FIELD_BOOL, traced, false),
	H("full", FIELD_BOOL, full, false),
	H("traced_since", FIELD_REAL, traced_since, false),
	H("threads", FIELD_U64, threads, false),
};

static const struct field_def gc[] = {
	H("count", FIELD_U64, gc_count, false),
	H("major_gc_count", FIELD_U64, major_gc_count, false),
	H("heap_live_slots", FIELD_U64, heap_live_slots, false),
	H("heap_free_slots", FIELD_U64, heap_free_slots, false),
	H("old_objects", FIELD_U64, old_objects, false),
	H("total_allocated_objects", FIELD_U64, total_allocated_objects, false),
	H("total_freed_objects", FIELD_U64, total_freed_objects, false),
	H("malloc_increase_bytes", FIELD_U64, malloc_increase_bytes, false),
	H("oldmalloc_increase_bytes", FIELD_U64, oldmalloc_increase_bytes, false),
	H("heap_allocated_pages", FIELD_U64, heap_allocated_pages, false),
	H("compact_count", FIELD_U64, compact_count, false),
};

static const struct field_def mem[] = {
	H("rss", FIELD_U64, rss, false),
	H("pss", FIELD_U64, pss, false),
	H("swap", FIELD_U64, swap, false),
	H("cgroup_usage", FIELD_U64, cgroup_usage, false),
	H("cgroup_limit", FIELD_U64, cgroup_limit, false),
};

static void write_map(msgpack_packer *pk, const char *key, const struct dump_header *h, const struct field_def *f, size_t n)
{
	pack_text(pk, span_of(key));
	msgpack_pack_map(pk, fields_count(h, f, n));
	fields_write(pk, h, f, n);
}

void msg_begin_encode(struct enc *e, const struct dump_header *h)
{
	msgpack_packer pk;
	pack_init(&pk, e);
	msgpack_pack_map(&pk, fields_count(h, top, COUNT(top)) + 2 + (h->nmix > 0) + (h->nmarks > 0));
	fields_write(&pk, h, top, COUNT(top));
	write_map(&pk, "gc", h, gc, COUNT(gc));
	write_map(&pk, "mem", h, mem, COUNT(mem));
	if (h->nmix) {
		pack_text(&pk, SPAN_LIT("job_mix"));
		msgpack_pack_map(&pk, h->nmix);
		for (uint32_t i = 0; i < h->nmix; i++) {
			pack_text(&pk, span_of(h->mix[i].klass));
			msgpack_pack_uint64(&pk, h->mix[i].jobs);
		}
	}
	if (h->nmarks) {
		pack_text(&pk, SPAN_LIT("marks"));
		msgpack_pack_array(&pk, h->nmarks);
		for (uint32_t i = 0; i < h->nmarks; i++) {
			msgpack_pack_array(&pk, 3);
			msgpack_pack_uint64(&pk, h->marks[i].jobs);
			msgpack_pack_double(&pk, h->marks[i].time);
			msgpack_pack_uint64(&pk, h->marks[i].gc_count);
		}
	}
}

/* The place for a class name as stored (names may become equal by the cut): a new one, an old one, or "other". */
static struct mix_entry *mix_place(struct dump_header *h, struct span name)
{
	char text[HEADER_CLASS];
	text_copy(text, sizeof(text), name);
	/* The last place is kept for "other". */
	if (h->nmix >= HEADER_MIX - 1)
		memcpy(text, "other", sizeof("other"));
	for (uint32_t i = 0; i < h->nmix; i++)
		if (strcmp(h->mix[i].klass, text) == 0)
			return &h->mix[i];
	struct mix_entry *m = &h->mix[h->nmix++];
	memcpy(m->klass, text, sizeof(text));
	m->jobs = 0;
	return m;
}

/* Counts of a peer may be anything: their sum stays at the largest number. */
static void count_up(uint64_t *n, uint64_t by) { *n = by < UINT64_MAX - *n ? *n + by : UINT64_MAX; }

static int read_mix(struct dump_header *h, const msgpack_object_map *m, struct proto_err *err)
{
	if (!m || m->size == 0)
		return 0;
	h->mix = xcalloc(m->size < HEADER_MIX ? m->size : HEADER_MIX, sizeof(*h->mix));
	for (uint32_t i = 0; i < m->size; i++) {
		uint64_t jobs;
		if (!object_uint(&m->ptr[i].val, &jobs))
			return key_error(err, "job_mix", "holds something that is not a count");
		const msgpack_object_str *s = &m->ptr[i].key.via.str;
		count_up(&mix_place(h, (struct span){(const uint8_t *)s->ptr, s->size})->jobs, jobs);
	}
	return 0;
}

static int read_marks(struct dump_header *h, const msgpack_object_array *a, struct proto_err *err)
{
	if (!a)
		return 0;
	if (a->size > HEADER_MARKS)
		return key_error(err, "marks", "has more than two marks");
	for (uint32_t i = 0; i < a->size; i++) {
		const msgpack_object *o = &a->ptr[i];
		struct mark *m = &h->marks[i];
		if (o->type != MSGPACK_OBJECT_ARRAY || o->via.array.size != 3 || !object_uint(&o->via.array.ptr[0], &m->jobs) ||
		    !object_real(&o->via.array.ptr[1], &m->time) || !object_uint(&o->via.array.ptr[2], &m->gc_count))
			return key_error(err, "marks", "is not a list of [jobs, time, gc_count]");
		h->nmarks++;
	}
	return 0;
}

static int read_all(struct dump_header *h, const msgpack_object_map *map, struct proto_err *err)
{
	const msgpack_object_map *gc_map, *mem_map, *mix;
	const msgpack_object_array *marks;
	int r = fields_read(h, top, COUNT(top), map, err);
	if (r < 0 || (r = map_get_map(map, "gc", &gc_map, err)) < 0 || (r = map_get_map(map, "mem", &mem_map, err)) < 0 ||
	    (r = map_get_map(map, "job_mix", &mix, err)) < 0 || (r = map_get_array(map, "marks", &marks, err)) < 0)
		return r;
	if ((r = fields_read(h, gc, COUNT(gc), gc_map, err)) < 0 || (r = fields_read(h, mem, COUNT(mem), mem_map, err)) < 0 ||
	    (r = read_mix(h, mix, err)) < 0)
		return r;
	if (!(h->time >= 0 && h->time < HEADER_TIME_END))
		return key_error(err, "time", "is no time from 1970 to 9999");
	return read_marks(h, marks, err);
}

int msg_begin_decode(struct dump_header *ret, struct span bytes, struct proto_err *err)
{
	dump_header_init(ret);
	struct body b;
	int r = body_read(&b, bytes, err);
	if (r == 0)
		r = read_all(ret, b.map, err);
	body_done(&b);
	if (r < 0)
		dump_header_done(ret);
	return r;
}
