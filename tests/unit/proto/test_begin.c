/* BEGIN: the header of a dump. SPDX-License-Identifier: BSD-2-Clause */
#include "unit.h"

#include "pack.h"
#include "proto/message.h"

static void trip(const struct dump_header *h, struct dump_header *got)
{
	struct enc e = {0};
	struct proto_err err;
	msg_begin_encode(&e, h);
	assert_true(e.n <= 65536);
	struct span body = p_exact(&e);
	enc_done(&e);
	assert_int_equal(msg_begin_decode(got, body, &err), 0);
	p_free(body);
}

/* The figures: all uint64_t fields of the header. */
#define FIGURES(X)                                                                                 \
	X(jobs) X(seq) X(threads) X(gc_count) X(major_gc_count) X(heap_live_slots) X(heap_free_slots) X(old_objects) \
	X(total_allocated_objects) X(total_freed_objects) X(malloc_increase_bytes) X(oldmalloc_increase_bytes) \
	X(heap_allocated_pages) X(compact_count) X(rss) X(pss) X(swap) X(cgroup_usage) X(cgroup_limit) \
	X(who.pid) X(who.start) X(who.pidns)
#define TEXTS(X) X(who.boot) X(who.host) X(who.app) X(who.role) X(who.rev) X(ruby) X(platform) X(reason)

static void everything(void **state)
{
	(void)state;
	struct dump_header h, got;
	dump_header_init(&h);
	uint64_t rnd = 2;
#define X(f) h.f = unit_rnd(&rnd) >> 1;
	FIGURES(X)
#undef X
	/* Full texts, each of other letters, with a NUL at the end. */
	char letter = 'a';
#define X(f) memset(h.f, letter++, sizeof(h.f) - 1);
	TEXTS(X)
#undef X
	h.time = 1758000000.123456;
	h.uptime_s = 86400.5;
	h.traced_since = 1757990000.25;
	h.traced = h.full = true;
	h.nmarks = 2;
	h.marks[0] = (struct mark){10, 1757999000.5, 3};
	h.marks[1] = (struct mark){20, 1757999500.5, UINT64_MAX};
	h.nmix = HEADER_MIX;
	h.mix = calloc(HEADER_MIX, sizeof(*h.mix));
	for (unsigned i = 0; i < HEADER_MIX - 1; i++) {
		memset(h.mix[i].klass, 'K', HEADER_CLASS - 1);
		char n[8];
		snprintf(n, sizeof(n), "%04u", i);
		memcpy(h.mix[i].klass, n, 4);
		h.mix[i].jobs = unit_rnd(&rnd);
	}
	memcpy(h.mix[HEADER_MIX - 1].klass, "other", 6);
	h.mix[HEADER_MIX - 1].jobs = 5;
	trip(&h, &got);
#define X(f) assert_true(got.f == h.f);
	FIGURES(X)
#undef X
#define X(f) assert_string_equal(got.f, h.f); assert_int_equal(strlen(got.f), sizeof(got.f) - 1);
	TEXTS(X)
#undef X
	assert_true(got.time == h.time && got.uptime_s == h.uptime_s && got.traced_since == h.traced_since);
	assert_true(got.traced && got.full);
	assert_false(got.time_from_mtime);
	assert_int_equal(got.who.host_pid, 0);
	assert_int_equal(got.nmarks, 2);
	for (int i = 0; i < 2; i++)
		assert_true(got.marks[i].jobs == h.marks[i].jobs && got.marks[i].time == h.marks[i].time &&
		    got.marks[i].gc_count == h.marks[i].gc_count);
	assert_int_equal(got.nmix, HEADER_MIX);
	for (unsigned i = 0; i < HEADER_MIX; i++) {
		assert_string_equal(got.mix[i].klass, h.mix[i].klass);
		assert_true(got.mix[i].jobs == h.mix[i].jobs);
	}
	struct dump_header copy;
	dump_header_copy(&copy, &got);
	dump_header_done(&got);
	assert_int_equal(got.nmix, 0);
	assert_null(got.mix);
	assert_true(got.rss == HEADER_UNKNOWN);
	assert_string_equal(copy.mix[HEADER_MIX - 1].klass, "other"); /* the copy owns its own */
	dump_header_done(&copy);
	dump_header_done(&h);
}

/* What is not said stays unknown, which is not 0. */
static void nothing_but_the_required(void **state)
{
	(void)state;
	struct dump_header h, got;
	dump_header_init(&h);
	h.who.pid = 4121;
	h.jobs = 0;
	h.time = 1758000000;
	trip(&h, &got);
	assert_int_equal(got.who.pid, 4121);
	assert_int_equal(got.jobs, 0);
	assert_true(got.time == 1758000000);
	assert_true(got.seq == HEADER_UNKNOWN && got.rss == HEADER_UNKNOWN && got.gc_count == HEADER_UNKNOWN &&
	    got.threads == HEADER_UNKNOWN && got.cgroup_limit == HEADER_UNKNOWN && got.compact_count == HEADER_UNKNOWN);
	assert_int_equal(got.who.start, 0);
	assert_string_equal(got.who.boot, "");
	assert_string_equal(got.ruby, "");
	assert_false(got.traced || got.full);
	assert_int_equal(got.nmarks, 0);
	assert_int_equal(got.nmix, 0);
	assert_null(got.mix);
	dump_header_done(&got);
	dump_header_done(&h);
}

/* The beginning of a BEGIN body with the required keys and `more` others. */
static void begin(struct enc *e, uint32_t more)
{
	enc_clear(e);
	p_map(e, 3 + more);
	p_str(e, "pid");
	p_uint(e, 1);
	p_str(e, "jobs");
	p_uint(e, 2);
	p_str(e, "time");
	p_real(e, 3);
}

static void refused(struct enc *e, int r, const char *text)
{
	struct span body = p_exact(e);
	struct proto_err err = {0};
	struct dump_header h;
	assert_int_equal(msg_begin_decode(&h, body, &err), r);
	if (!strstr(err.text, text))
		print_message("# wanted \"%s\", got \"%s\"\n", text, err.text);
	assert_non_null(strstr(err.text, text));
	p_free(body);
}

static void missing(void **state)
{
	(void)state;
	static const char *const keys[] = {"pid", "jobs", "time"};
	struct enc e = {0};
	for (int out = 0; out < 3; out++) {
		enc_clear(&e);
		p_map(&e, 2);
		for (int i = 0; i < 3; i++)
			if (i != out) {
				p_str(&e, keys[i]);
				p_uint(&e, 1); /* a whole number of seconds is good for time */
			}
		char text[32];
		snprintf(text, sizeof(text), "\"%s\" is missing", keys[out]);
		refused(&e, HDA_EFORMAT, text);
	}
	enc_done(&e);
}

/* begin with one more key, whose value the caller appends. */
static struct enc *with(struct enc *e, const char *key)
{
	begin(e, 1);
	p_str(e, key);
	return e;
}

/* A clock that cannot be right would make a dump the last one for ever. */
static void times(void **state)
{
	(void)state;
	static const double bad[] = {-1, 253402300800.0, 1e300};
	struct enc e = {0};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		begin(&e, 0);
		e.n -= 9; /* the real */
		p_real(&e, bad[i]);
		refused(&e, HDA_EFORMAT, "\"time\" is no time from 1970 to 9999");
	}
	enc_done(&e);
}

/* Names that become equal by the cut are summed, and a sum that does not fit does not wrap. */
static void mix_sum(void **state)
{
	(void)state;
	struct enc e = {0};
	char name[HEADER_CLASS + 2] = {0};
	memset(name, 'K', HEADER_CLASS);
	p_map(with(&e, "job_mix"), 2);
	p_str(&e, name);
	p_uint(&e, UINT64_MAX - 5);
	name[HEADER_CLASS] = 'L';
	p_str(&e, name);
	p_uint(&e, 10);
	struct span body = p_exact(&e);
	struct proto_err err;
	struct dump_header h;
	assert_int_equal(msg_begin_decode(&h, body, &err), 0);
	assert_int_equal(h.nmix, 1);
	assert_true(h.mix[0].jobs == UINT64_MAX);
	dump_header_done(&h);
	p_free(body);
	enc_done(&e);
}

static void wrong_kinds(void **state)
{
	(void)state;
	struct enc e = {0};
	p_uint(with(&e, "gc"), 1);
	refused(&e, HDA_EFORMAT, "\"gc\" is not a map");
	p_array(with(&e, "mem"), 0);
	refused(&e, HDA_EFORMAT, "\"mem\" is not a map");
	p_array(with(&e, "job_mix"), 0);
	refused(&e, HDA_EFORMAT, "\"job_mix\" is not a map");
	p_map(with(&e, "marks"), 0);
	refused(&e, HDA_EFORMAT, "\"marks\" is not an array");
	p_str(with(&e, "uptime_s"), "long");
	refused(&e, HDA_EFORMAT, "\"uptime_s\" is not a finite number");
	p_real(with(&e, "uptime_s"), 1e308 * 10);
	refused(&e, HDA_EFORMAT, "\"uptime_s\" is not a finite number");
	p_real(with(&e, "traced_since"), (1e308 * 10) - (1e308 * 10));
	refused(&e, HDA_EFORMAT, "\"traced_since\" is not a finite number");
	p_real(with(&e, "threads"), 2);
	refused(&e, HDA_EFORMAT, "\"threads\" is not a non-negative integer");
	p_map(with(&e, "mem"), 1);
	p_str(&e, "rss");
	p_int(&e, -1);
	refused(&e, HDA_EFORMAT, "\"rss\" is not a non-negative integer");
	p_map(with(&e, "gc"), 2);
	p_str(&e, "count");
	p_uint(&e, 1);
	p_str(&e, "count");
	p_uint(&e, 1);
	refused(&e, HDA_EFORMAT, "duplicate key \"count\"");
	p_map(with(&e, "job_mix"), 2); /* the first is taken already when the second is refused: nothing may leak */
	p_str(&e, "A");
	p_uint(&e, 1);
	p_str(&e, "B");
	p_str(&e, "many");
	refused(&e, HDA_EFORMAT, "\"job_mix\" holds something that is not a count");
	p_uint(with(&e, "ruby"), 3);
	refused(&e, HDA_EFORMAT, "\"ruby\" is not a string");
	enc_done(&e);
}

static void marks(void **state)
{
	(void)state;
	struct enc e = {0};
	p_array(with(&e, "marks"), 3);
	for (int i = 0; i < 3; i++)
		p_array(&e, 0);
	refused(&e, HDA_EFORMAT, "\"marks\" has more than two marks");
	p_array(with(&e, "marks"), 1);
	p_array(&e, 2);
	p_uint(&e, 1);
	p_uint(&e, 1);
	refused(&e, HDA_EFORMAT, "\"marks\" is not a list of");
	p_array(with(&e, "marks"), 1);
	p_array(&e, 3);
	p_uint(&e, 1);
	p_str(&e, "now");
	p_uint(&e, 1);
	refused(&e, HDA_EFORMAT, "\"marks\" is not a list of");
	p_array(with(&e, "marks"), 1);
	p_array(&e, 3);
	p_uint(&e, 1);
	p_uint(&e, 1758000000); /* whole seconds */
	p_uint(&e, 3);
	struct dump_header h;
	struct proto_err err;
	assert_int_equal(msg_begin_decode(&h, p_span(&e), &err), 0);
	assert_int_equal(h.nmarks, 1);
	assert_true(h.marks[0].time == 1758000000);
	dump_header_done(&h);
	enc_done(&e);
}

/* 250 classes, some of them equal once cut: the rest is summed as "other", and no job is lost. */
static void wide_mix(void **state)
{
	(void)state;
	struct enc e = {0};
	p_map(with(&e, "job_mix"), 250);
	for (unsigned i = 0; i < 250; i++) {
		char name[HEADER_CLASS + 8];
		memset(name, 'C', sizeof(name) - 1);
		snprintf(name + (i < 2 ? HEADER_CLASS : 0), 8, "%u", i); /* 0 and 1 differ behind the cut only */
		p_str(&e, name);
		p_uint(&e, i + 1);
	}
	struct dump_header h;
	struct proto_err err;
	struct span body = p_exact(&e);
	assert_int_equal(msg_begin_decode(&h, body, &err), 0);
	p_free(body);
	assert_int_equal(h.nmix, HEADER_MIX);
	assert_int_equal(strlen(h.mix[0].klass), HEADER_CLASS - 1);
	assert_int_equal(h.mix[0].jobs, 1 + 2);
	assert_string_equal(h.mix[1].klass, "2");
	assert_string_equal(h.mix[HEADER_MIX - 1].klass, "other");
	uint64_t sum = 0;
	for (unsigned i = 0; i < h.nmix; i++)
		sum += h.mix[i].jobs;
	assert_int_equal(sum, 250 * 251 / 2);
	dump_header_done(&h);
	enc_done(&e);
}

static void every_cut(void **state)
{
	(void)state;
	struct dump_header h, got;
	struct proto_err err;
	dump_header_init(&h);
	struct mix_entry mix[2] = {{"MailJob", 3}, {"other", 4}};
	h.nmix = 2;
	h.mix = mix;
	h.nmarks = 1;
	h.rss = 5;
	h.gc_count = 6;
	struct enc e = {0};
	msg_begin_encode(&e, &h);
	for (size_t n = 0; n < e.n; n++) {
		struct enc part = {0};
		enc_raw(&part, e.p, n);
		struct span body = p_exact(&part);
		assert_int_equal(msg_begin_decode(&got, body, &err), HDA_EFORMAT);
		p_free(body);
		enc_done(&part);
	}
	assert_int_equal(msg_begin_decode(&got, p_span(&e), &err), 0);
	dump_header_done(&got);
	enc_done(&e);
}

static void unknown_keys(void **state)
{
	(void)state;
	struct enc e = {0};
	struct dump_header h;
	struct proto_err err;
	begin(&e, 3);
	p_str(&e, "ppid");
	p_uint(&e, 1);
	p_str(&e, "mono");
	p_real(&e, 1);
	p_str(&e, "of protocol 2");
	p_map(&e, 1);
	p_str(&e, "pid");
	p_str(&e, "not a number");
	assert_int_equal(msg_begin_decode(&h, p_span(&e), &err), 0);
	assert_int_equal(h.who.pid, 1);
	dump_header_done(&h);
	enc_done(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything), cmocka_unit_test(nothing_but_the_required), cmocka_unit_test(missing),
		cmocka_unit_test(wrong_kinds), cmocka_unit_test(marks), cmocka_unit_test(wide_mix), cmocka_unit_test(every_cut),
		cmocka_unit_test(unknown_keys), cmocka_unit_test(times), cmocka_unit_test(mix_sum),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
