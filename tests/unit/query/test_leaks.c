/* leaks: its rows, its evidence, what is acknowledged, and input that lies. SPDX-License-Identifier: BSD-2-Clause */
#include "unit.h"

#include <stdio.h>

#include <math.h>

#include "base/mem.h"
#include "hda/protocol.h"
#include "query/ack.h"
#include "query/series.h"
#include "play.h"

/* --- rows and evidence --- */

static void test_fields(void **state)
{
	static const char *const fields[] = {"id", "label", "confidence", "type", "class", "file", "line", "holder", "objects_per_job", "bytes_per_1000_jobs",
	    "low", "high", "bytes_per_hour", "limit_at", "first_seen", "revision", "workers"};
	struct store *st = sample_store();
	struct caught c = {0};
	(void)state;
	play(st, &(struct play){.pid = 1, .alive = keeps}, 12);
	ask_at(&c, st, NOW, "leaks");
	assert_int_equal(c.n, 1);
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		assert_string_equal(c.rows[0].f[i].name, fields[i]);
	assert_string_equal(cell_s(&c, 0, "file"), "app/a.rb");
	assert_int_equal(cell_u(&c, 0, "line"), 14);
	assert_string_equal(cell_s(&c, 0, "revision"), "r1");
	assert_int_equal(cell_u(&c, 0, "workers"), 1);
	assert_true(cell_r(&c, 0, "low") <= cell_r(&c, 0, "bytes_per_1000_jobs") && cell_r(&c, 0, "bytes_per_1000_jobs") <= cell_r(&c, 0, "high"));
	assert_true(fabs(cell_r(&c, 0, "bytes_per_hour") - 60 * 300 * 40) < .1 * 60 * 300 * 40);
	assert_int_equal(cell(&c, 0, "limit_at")->kind, VAL_NULL); /* no limit is known */
	caught_done(&c);
	store_close(st);
}

static void test_cohorts(void **state)
{
	struct store *st = sample_store();
	struct caught c = {0};
	double still = 0;
	size_t weighed = 0;
	(void)state;
	play(st, &(struct play){.pid = 1, .alive = keeps}, 12);
	one_leak(st, .3);
	ask_at(&c, st, NOW, "leaks");
	char line[40];
	snprintf(line, sizeof(line), "leaks --explain %.3s", cell_s(&c, 0, "id"));
	ask_at(&c, st, NOW, line);
	for (size_t i = find_row(&c, 0, "list", "cohorts"); i < c.n && strcmp(cell_s(&c, i, "list"), "cohorts") == 0; i++) {
		still += cell_r(&c, i, "still_there");
		if (!cell(&c, i, "weighed")->b)
			continue;
		weighed++;
		assert_true(cell_r(&c, i, "born") == 300 && cell_r(&c, i, "still_there") == 300 && cell_r(&c, i, "share") == 1);
		assert_true(cell_r(&c, i, "jobs_to") - cell_r(&c, i, "jobs_from") == 1000);
	}
	assert_int_equal(weighed, 10);
	assert_true(still == 12 * 300);
	size_t series = find_row(&c, 0, "list", "series");
	const struct val *count = cell(&c, series, "count"), *jobs = cell(&c, series, "jobs");
	assert_int_equal(count->list.n, 12);
	for (size_t i = 0; i < 12; i++)
		assert_true(count->list.p[i].r == 300 * ((double)i + 1) && jobs->list.p[i].r == 1000 * ((double)i + 1));
	double weight = 0;
	for (size_t i = find_row(&c, 0, "list", "stories"); strcmp(cell_s(&c, i, "list"), "stories") == 0; i++)
		weight += cell_r(&c, i, "weight");
	assert_true(fabs(weight - 1) < 1e-6);
	size_t released = find_row(&c, find_row(&c, 0, "list", "evidence"), "name", "released");
	assert_true(cell_r(&c, released, "value") == 0);
	caught_done(&c);
	store_close(st);
}

static void test_bad_ids(void **state)
{
	struct store *st = sample_store();
	struct caught c = {0};
	(void)state;
	play(st, &(struct play){.pid = 1, .alive = keeps, .files = 17}, 12); /* of 18 ids two begin alike */
	ask_at(&c, st, NOW, "leaks");
	assert_true(c.n >= 17);
	unsigned first[256] = {0};
	char twice = 0;
	for (size_t i = 0; i < c.n; i++) {
		char d = cell_s(&c, i, "id")[0];
		twice = first[(uint8_t)d]++ ? d : twice;
	}
	assert_true(twice);
	char line[40];
	snprintf(line, sizeof(line), "leaks --explain %c", twice);
	ask_at(&c, st, NOW, line);
	assert_int_equal(c.status, HDA_STATUS_ARGUMENT);
	assert_non_null(strstr(c.text, "begins more than one id"));
	ask_at(&c, st, NOW, "leaks --explain 12x");
	assert_int_equal(c.status, HDA_STATUS_ARGUMENT);
	ask_at(&c, st, NOW, "leaks --explain 0123456");
	assert_int_equal(c.status, HDA_STATUS_ARGUMENT);
	ask_at(&c, st, NOW, "leaks --explain");
	assert_int_equal(c.status, HDA_STATUS_ARGUMENT);
	caught_done(&c);
	store_close(st);
}

/* A leak that a deploy repaired is still known by its name. */
static void test_gone(void **state)
{
	struct store *st = sample_store();
	struct caught c = {0};
	char line[40];
	(void)state;
	play(st, &(struct play){.pid = 1, .alive = keeps}, 12);
	ask_at(&c, st, NOW, "leaks");
	snprintf(line, sizeof(line), "leaks --pid 1 --explain %s", cell_s(&c, 0, "id"));
	for (uint64_t k = 12; k < 60; k++) /* the run goes on, and what was kept is let go */
		put_dump(st, play_dump(&(struct play){.pid = 1, .alive = young}, k));
	no_leak(st);
	ask_at(&c, st, NOW, line);
	if (c.status != HDA_STATUS_OK) {
		assert_int_equal(c.status, HDA_STATUS_NOTHING);
		assert_non_null(strstr(c.text, "was a leak, and no longer is"));
	}
	caught_done(&c);
	store_close(st);
}

/* Of several applications each note says which it is about. */
static void test_notes_of_several(void **state)
{
	(void)state;
	struct store *st = sample_store();
	struct caught c = {0};
	for (uint64_t pid = 1; pid <= 2; pid++) {
		for (size_t k = 0; k < 12; k++) {
			struct dump_summary *s = play_dump(&(struct play){.pid = pid, .alive = keeps}, k);
			snprintf(s->head.who.app, sizeof(s->head.who.app), "shop");
			snprintf(s->head.who.role, sizeof(s->head.who.role), "%s", pid == 1 ? "web" : "job");
			put_dump(st, s);
		}
	}
	ask_at(&c, st, NOW, "leaks");
	assert_non_null(strstr(c.notes, "shop/web pid 1: no other growth"));
	assert_non_null(strstr(c.notes, "shop/job pid 2: no other growth"));
	caught_done(&c);
	store_close(st);
}

/* --- acknowledged --- */

static void acknowledge(struct store *st, uint32_t id, const struct ack *a)
{
	struct store_wtxn *w;
	struct enc e = {0};
	if (a)
		ack_encode(a, &e);
	assert_int_equal(store_wtxn_begin(st, &w), 0);
	assert_int_equal(store_wtxn_memo_put(w, STORE_MEMO_ACK, id, (struct span){e.p, e.n}), 0);
	assert_int_equal(store_wtxn_commit(w), 0);
	enc_done(&e);
}

static bool is_acked(struct store *st, double now)
{
	struct caught c = {0};
	ask_at(&c, st, now, "ps");
	bool ps = strcmp(cell_s(&c, 0, "verdict"), "acknowledged") == 0;
	ask_at(&c, st, now, "leaks");
	size_t i = find_row(&c, 0, "label", "leak");
	bool leaks = cell(&c, i, "acknowledged")->b;
	assert_int_equal(ps, leaks);
	assert_int_equal(leaks, strstr(c.notes, "no leak found but what is acknowledged") != NULL);
	caught_done(&c);
	return leaks;
}

static void test_ack(void **state)
{
	struct store *st = sample_store();
	struct caught c = {0};
	(void)state;
	play(st, &(struct play){.pid = 1, .alive = keeps}, 12);
	ask_at(&c, st, NOW, "leaks");
	uint32_t id = (uint32_t)strtoul(cell_s(&c, 0, "id"), NULL, 16);
	assert_false(is_acked(st, NOW));
	acknowledge(st, id, &(struct ack){.made = NOW - 9, .note = "for good"});
	assert_true(is_acked(st, NOW) && is_acked(st, 2 * NOW));
	acknowledge(st, id, &(struct ack){.made = NOW - 9, .until = NOW + 60});
	assert_true(is_acked(st, NOW + 59));
	assert_false(is_acked(st, NOW + 60));
	acknowledge(st, id, &(struct ack){.made = NOW - 9, .rev = "r2", .note = "till r2"});
	assert_true(is_acked(st, NOW));
	play(st, &(struct play){.pid = 2, .rev = "r2", .alive = early}, 1);
	ask_at(&c, st, NOW, "leaks");
	assert_false(cell(&c, 0, "acknowledged")->b);
	assert_string_equal(cell_s(&c, 0, "ack_note"), "till r2"); /* it says that it was */
	acknowledge(st, id, NULL);
	ask_at(&c, st, NOW, "leaks");
	assert_string_equal(cell_s(&c, 0, "ack_note"), "(null)");
	caught_done(&c);
	store_close(st);
}

static size_t over(struct store *st, double now)
{
	struct store_rtxn *r;
	uint64_t *id;
	size_t n;
	assert_int_equal(store_rtxn_begin(st, &r), 0);
	assert_int_equal(ack_list_over(r, now, &id, &n), 0);
	store_rtxn_end(r);
	free(id);
	return n;
}

/* What is over for a week may be dropped: by its date, or since its revision was seen; never what holds. */
static void test_ack_over(void **state)
{
	struct store *st = sample_store();
	(void)state;
	play(st, &(struct play){.pid = 1, .rev = "r1", .alive = early}, 1);
	acknowledge(st, 1, &(struct ack){.made = NOW - 9});
	acknowledge(st, 2, &(struct ack){.made = NOW - 9, .until = NOW + 60});
	acknowledge(st, 3, &(struct ack){.made = NOW - 9, .rev = "r1"});
	acknowledge(st, 4, &(struct ack){.made = NOW - 9, .rev = "r9"});
	assert_int_equal(over(st, NOW + 60), 0);
	assert_int_equal(over(st, NOW - 9 + ACK_KEEP_S), 1); /* r1 was there when it was named */
	assert_int_equal(over(st, NOW + 59 + ACK_KEEP_S), 1);
	assert_int_equal(over(st, NOW + 60 + ACK_KEEP_S), 2);
	assert_int_equal(over(st, 2 * NOW), 2);
	acknowledge(st, 3, NULL);
	assert_int_equal(over(st, 2 * NOW), 1);
	store_close(st);
}

/* --- limit and holder --- */

static void test_limit(void **state)
{
	struct store *st = sample_store();
	struct caught c = {0};
	(void)state;
	host_memory = 8e9;
	for (uint64_t k = 0; k < 12; k++)
		put_dump(st, play_dump(&(struct play){.pid = 1, .alive = keeps}, k));
	ask_at(&c, st, NOW, "leaks");
	assert_int_equal(cell(&c, 0, "limit")->u, 8000000000);
	struct dump_summary *s = play_dump(&(struct play){.pid = 1, .alive = keeps}, 12);
	s->head.cgroup_limit = 1000000000; /* what the control group says is nearer */
	put_dump(st, s);
	ask_at(&c, st, NOW, "leaks");
	assert_int_equal(cell(&c, 0, "limit")->u, 1000000000);
	host_memory = 0;
	caught_done(&c);
	store_close(st);
}

/* Dump k of what leaks in an untraced process, below a signature of which more may be known than class names. */
static void put_held(struct store *st, bool labelled, uint64_t k)
{
	struct dump_summary *s = play_dump(&(struct play){.pid = 1, .alive = early, .untraced = true}, k);
	s->has_graph = true;
	s->nsigs = 4;
	s->sigs = xcalloc(s->nsigs, sizeof(*s->sigs));
	s->sigs[0] = (struct sum_sig){.id = 11, .parent = UINT32_MAX, .klass = name(s, "root vm")};
	s->sigs[1] = (struct sum_sig){.id = 12, .parent = 0, .klass = name(s, "class PriceCache"), .own = {1, 40}};
	s->sigs[2] = (struct sum_sig){.id = 13, .parent = 1, .klass = name(s, "Hash"), .label = labelled ? name(s, "@prices -> Hash") : 0, .own = {1, 40}};
	s->sigs[3] = (struct sum_sig){.id = 14, .parent = 2, .klass = name(s, "String"), .own = {300 * (k + 1), 12000 * (k + 1)}};
	put_dump(st, s);
}

/* Untraced, a pool that fills looks so for a while: nothing is called a leak before VERDICT_LEARNING dumps, however straight it grows. */
static void test_learning(void **state)
{
	struct store *st = sample_store();
	struct caught c = {0};
	(void)state;
	for (uint64_t k = 0; k < 12; k++) {
		put_held(st, false, k);
		if (k + 1 < VERDICT_LEARNING)
			no_leak(st);
		if (k + 1 == VERDICT_LEARNING - 1) {
			ask_at(&c, st, NOW, "leaks");
			assert_string_equal(cell_s(&c, 0, "label"), "suspect");
			assert_non_null(strstr(c.notes, "4 dumps so far: 1 more before a verdict can be trusted"));
		}
	}
	one_leak(st, .3);
	caught_done(&c);
	store_close(st);
}

/* Returns the id of a leak; holder: as it is shown. */
static char *held_leak(bool labelled, char holder[256])
{
	struct store *st = sample_store();
	struct caught c = {0};
	for (uint64_t k = 0; k < 12; k++)
		put_held(st, labelled, k);
	ask_at(&c, st, NOW, "leaks");
	size_t i = find_row(&c, 0, "label", "leak");
	snprintf(holder, 256, "%s", cell_s(&c, i, "holder"));
	char *id = xstrdup(cell_s(&c, i, "id"));
	caught_done(&c);
	store_close(st);
	return id;
}

/* A label is for people: the id is the same without it. */
static void test_labels(void **state)
{
	char with[256], without[256];
	(void)state;
	char *a = held_leak(true, with), *b = held_leak(false, without);
	assert_string_equal(a, b);
	assert_string_equal(without, "class PriceCache -> Hash");
	assert_string_equal(with, "class PriceCache -> @prices -> Hash");
	free(a);
	free(b);
}

/* A memo that another version wrote, or a torn one, marks nothing; what is too long is refused. */
static void test_ack_damage(void **state)
{
	struct ack a = {.made = 5, .until = 7, .rev = "r", .note = "note"}, b;
	struct enc e = {0};
	(void)state;
	ack_encode(&a, &e);
	assert_int_equal(ack_decode((struct span){e.p, e.n}, &b), 0);
	assert_true(b.made == 5 && b.until == 7 && strcmp(b.rev, "r") == 0 && strcmp(b.note, "note") == 0);
	for (size_t n = 0; n < e.n; n++)
		assert_int_equal(ack_decode((struct span){e.p, n}, &b), HDA_EFORMAT);
	e.p[0]++;
	assert_int_equal(ack_decode((struct span){e.p, e.n}, &b), HDA_EFORMAT);
	enc_clear(&e);
	char long_note[ACK_NOTE + 1] = "";
	memset(long_note, 'n', ACK_NOTE);
	enc_u8(&e, 1);
	enc_f64(&e, 1);
	enc_f64(&e, 1);
	enc_str(&e, SPAN_LIT("r"));
	enc_str(&e, span_of(long_note));
	assert_int_equal(ack_decode((struct span){e.p, e.n}, &b), HDA_EFORMAT);
	enc_done(&e);
	struct store *st = sample_store();
	struct store_wtxn *w;
	struct store_rtxn *r;
	assert_int_equal(store_wtxn_begin(st, &w), 0);
	assert_int_equal(store_wtxn_memo_put(w, STORE_MEMO_ACK, 7, SPAN_LIT("\x01nonsense")), 0);
	assert_int_equal(store_wtxn_commit(w), 0);
	assert_int_equal(store_rtxn_begin(st, &r), 0);
	assert_int_equal(ack_get(r, 7, NOW, &b), ACK_NONE);
	store_rtxn_end(r);
	store_close(st);
}

/* Two leaks, one known: ps speaks of the other. */
static void test_ack_one_of_two(void **state)
{
	struct store *st = sample_store();
	struct caught c = {0};
	(void)state;
	play(st, &(struct play){.pid = 1, .alive = keeps, .files = 1}, 12);
	ask_at(&c, st, NOW, "leaks");
	assert_int_equal(c.n, 2);
	char known[8], other[8];
	snprintf(known, sizeof(known), "%s", cell_s(&c, 0, "id"));
	snprintf(other, sizeof(other), "%s", cell_s(&c, 1, "id"));
	acknowledge(st, (uint32_t)strtoul(known, NULL, 16), &(struct ack){.made = 1});
	ask_at(&c, st, NOW, "leaks");
	assert_string_equal(cell_s(&c, 0, "id"), other); /* what is known comes last */
	assert_string_equal(cell_s(&c, 1, "id"), known);
	ask_at(&c, st, NOW, "ps");
	assert_string_equal(cell_s(&c, 0, "verdict"), "leak");
	assert_string_equal(cell_s(&c, 0, "leak"), other);
	caught_done(&c);
	store_close(st);
}

/* --- input that lies --- */

static uint64_t still_jobs(uint64_t k) { (void)k; return 5000; }
static uint64_t reset_jobs(uint64_t k) { return 1000 * (k % 6 + 1); }
static uint64_t twice_jobs(uint64_t k) { return 1000 * (k / 2 + 1); }
static uint64_t twice_gc(uint64_t k) { return 10 * (k / 2 * 2 + 1); }
static double back_time(uint64_t k) { return 1e9 - 60 * (double)k; }
static double jump_time(uint64_t k) { return 1e9 + 60 * (double)k - (k > 6 ? 86400 : 0); }
static double no_time(uint64_t k) { (void)k; return 1e9; }

static void clean_and_leaky(struct play p, double rate)
{
	struct store *st = sample_store();
	p.pid = 1;
	p.alive = keeps;
	play(st, &p, 12);
	if (!(rate <= 0))
		one_leak(st, rate);
	store_close(st);
	double (*const calm[])(uint64_t, uint64_t) = {early, young, hides};
	for (int i = 0; i < 3; i++) {
		st = sample_store();
		p.alive = calm[i];
		for (uint64_t n = 1; n <= 14; n++) {
			put_dump(st, play_dump(&p, n - 1));
			no_leak(st);
		}
		store_close(st);
	}
}

static void test_counters(void **state)
{
	(void)state;
	clean_and_leaky((struct play){.jobs = NULL}, .3);
	clean_and_leaky((struct play){.jobs = reset_jobs}, NAN);                    /* a counter that falls without a restart */
	clean_and_leaky((struct play){.jobs = still_jobs}, 0);                      /* no job between any two dumps */
	clean_and_leaky((struct play){.jobs = still_jobs, .time = no_time}, 0);     /* and no second */
	clean_and_leaky((struct play){.jobs = twice_jobs, .gc = twice_gc}, 0);      /* two dumps with one counter: the second says nothing */
}

static void test_clocks(void **state)
{
	(void)state;
	clean_and_leaky((struct play){.time = back_time}, .3);
	clean_and_leaky((struct play){.time = jump_time}, .3);
	clean_and_leaky((struct play){.time = no_time}, .3);
}

static void test_two_dumps_one_counter(void **state)
{
	struct store *a = sample_store(), *b = sample_store();
	struct caught c = {0}, d = {0};
	(void)state;
	for (uint64_t k = 0; k < 12; k++) {
		struct play p = {.pid = 1, .alive = keeps};
		put_dump(a, play_dump(&p, k));
		put_dump(b, play_dump(&p, k));
		struct dump_summary *again = play_dump(&p, k); /* another dump at the same counter and collection */
		again->head.seq += 1;
		again->head.time += 1;
		put_dump(b, again);
	}
	ask_at(&c, a, NOW, "leaks");
	ask_at(&d, b, NOW, "leaks");
	assert_string_equal(cell_s(&c, 0, "id"), cell_s(&d, 0, "id"));
	assert_string_equal(cell_s(&c, 0, "label"), cell_s(&d, 0, "label"));
	assert_true(fabs(cell_r(&c, 0, "objects_per_job") - cell_r(&d, 0, "objects_per_job")) < 1e-6);
	assert_true(fabs(cell_r(&c, 0, "confidence") - cell_r(&d, 0, "confidence")) < 1e-6);
	caught_done(&c);
	caught_done(&d);
	store_close(a);
	store_close(b);
}

static void test_huge_rates(void **state)
{
	struct store *st = sample_store();
	(void)state;
	play(st, &(struct play){.pid = 1, .alive = keeps_much}, 12);
	one_leak(st, 1e9);
	store_close(st);
}

/* Two processes that call themselves one: their dumps come in turn, and say different things. */
static void test_one_pid_for_two(void **state)
{
	(void)state;
	double (*const calm[])(uint64_t, uint64_t) = {early, young, hides};
	for (int untraced = 0; untraced < 2; untraced++) {
		for (int i = 0; i < 3; i++) {
			struct store *st = sample_store();
			for (uint64_t k = 0; k < 16; k++) {
				struct play one = {.pid = 7, .alive = calm[i], .untraced = untraced}, two = {.pid = 7, .alive = calm[(i + 1) % 3], .untraced = untraced};
				put_dump(st, play_dump(&one, k));
				struct dump_summary *s = play_dump(&two, k / 2); /* slower, and not as old */
				s->head.seq += 501;
				s->head.time += 30;
				put_dump(st, s);
				no_leak(st);
			}
			store_close(st);
		}
	}
	/* The same pid with another start is another process. */
	struct store *st = sample_store();
	struct caught c = {0};
	for (uint64_t k = 0; k < 12; k++) {
		put_dump(st, play_dump(&(struct play){.pid = 7, .start = 1, .alive = keeps}, k));
		struct dump_summary *s = play_dump(&(struct play){.pid = 7, .start = 2, .alive = early}, k);
		s->head.time += 1e6;
		put_dump(st, s);
	}
	ask_at(&c, st, NOW, "ps");
	assert_int_equal(c.n, 2);
	assert_true(find_row(&c, 0, "verdict", "leak") != SIZE_MAX);
	assert_true(find_row(&c, find_row(&c, 0, "verdict", "leak") + 1, "verdict", "leak") == SIZE_MAX);
	caught_done(&c);
	store_close(st);
}

/* A key that goes and comes back, traced or not. */
static void test_key_returns(void **state)
{
	(void)state;
	for (int untraced = 0; untraced < 2; untraced++) {
		struct store *st = sample_store();
		for (uint64_t k = 0; k < 40; k++) {
			put_dump(st, play_dump(&(struct play){.pid = 7, .alive = hides, .untraced = untraced}, k));
			no_leak(st);
		}
		store_close(st);
	}
}

/* More keys than are followed: the rest is one row with their sum. */
static void test_other(void **state)
{
	enum { KEYS = 40000 };
	struct store *st = sample_store();
	struct caught c = {0};
	(void)state;
	for (uint64_t k = 0; k < 4; k++) {
		struct dump_summary *s = play_dump(&(struct play){.pid = 1, .alive = early, .untraced = true}, k);
		s->keys = xreallocarray(s->keys, s->nkeys + KEYS, sizeof(*s->keys));
		for (unsigned i = 0; i < KEYS; i++) {
			char text[40];
			snprintf(text, sizeof(text), "#<Class:0x%u-%u>", (unsigned)k, i);
			s->keys[s->nkeys++] = (struct sum_key){.type = name(s, "OBJECT"), .klass = name(s, text), .all = {1, 40}};
		}
		put_dump(st, s);
	}
	no_leak(st);
	ask_at(&c, st, NOW, "leaks");
	size_t i = find_row(&c, 0, "label", "other");
	uint64_t keys = cell(&c, i, "keys")->u;
	assert_true(keys >= KEYS - LIFE_KEYS && keys <= KEYS);
	assert_int_equal(cell(&c, i, "count")->u, keys);
	assert_int_equal(cell(&c, i, "bytes")->u, 40 * keys);
	assert_int_equal(cell(&c, i, "pid")->u, 1);
	ask_at(&c, st, NOW, "leaks --label other");
	assert_int_equal(c.n, 1);
	ask_at(&c, st, NOW, "leaks --label leak");
	assert_int_equal(c.n, 0);
	caught_done(&c);
	store_close(st);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_fields), cmocka_unit_test(test_cohorts), cmocka_unit_test(test_bad_ids), cmocka_unit_test(test_gone),
	    cmocka_unit_test(test_notes_of_several), cmocka_unit_test(test_ack), cmocka_unit_test(test_ack_damage), cmocka_unit_test(test_ack_over), cmocka_unit_test(test_limit), cmocka_unit_test(test_learning), cmocka_unit_test(test_labels), cmocka_unit_test(test_ack_one_of_two), cmocka_unit_test(test_counters),
	    cmocka_unit_test(test_clocks), cmocka_unit_test(test_two_dumps_one_counter), cmocka_unit_test(test_huge_rates), cmocka_unit_test(test_one_pid_for_two),
	    cmocka_unit_test(test_key_returns), cmocka_unit_test(test_other)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
