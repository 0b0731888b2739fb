/* From summaries to what the verdict judges: births where few GC runs tell them apart. SPDX-License-Identifier: BSD-2-Clause */
#include "unit.h"

#include <math.h>

#include "analyze/life_impl.h"
#include "base/mem.h"

enum { PACE = 20 /* objects allocated a job, of which one is kept */, EVERY = 200 /* jobs between two dumps */ };

/* A process whose GC ran at these jobs, and that keeps one object a job. */
struct run {
	const double *gc;
	unsigned ngc;
	bool header; /* what the gem says besides: GC count, objects allocated */
	bool marks;  /* ... and two marks since the dump before */
	bool graph;  /* what is dead is known; no major GC takes it */
	double keep; /* of what is kept the newest so many are, 0: all */
	double slots; /* it is held by an Array of so many, which stands still; 0: by none; -1: by one that grows */
	uint64_t others; /* entries of another Array of the same signature; 0: there is none */
};

/* Of what was born between jobs a and e so many are let go of, at job now. */
static uint32_t let_go(const struct run *r, double a, double e, double now)
{
	return r->keep ? (uint32_t)fmax(fmin(e, now - r->keep) - a, 0) : 0;
}

static unsigned gc_count(const struct run *r, double jobs)
{
	unsigned n = 0;
	while (n < r->ngc && r->gc[n] <= jobs)
		n++;
	return n;
}

/* What is kept are entries of the first of two Arrays; others: entries of the second. */
static void hold(struct dump_summary *s, uint64_t entries, uint64_t others)
{
	static const char *const steps[] = {"class Object", "Array", "String"};
	s->sigs = xcalloc(3, sizeof(*s->sigs));
	s->nsigs = 3;
	for (uint32_t i = 0; i < 3; i++)
		s->sigs[i] = (struct sum_sig){.id = i + 1, .parent = i ? i - 1 : UINT32_MAX, .klass = strtab_intern(&s->names, span_of(steps[i])),
		    .own = {i < 2 ? 1 : s->keys[0].all.count, 40}};
	s->key_sigs = xcalloc(s->nkey_sigs = 1, sizeof(*s->key_sigs));
	s->key_sigs[0] = (struct sum_key_sig){.key = 0, .sig = 2};
	s->containers = xcalloc(s->ncontainers = others ? 2 : 1, sizeof(*s->containers));
	s->holders = xcalloc(s->nholders = s->ncontainers, sizeof(*s->holders));
	for (uint32_t i = 0; i < s->ncontainers; i++) {
		s->containers[i] = (struct sum_container){.sig = 1, .addr = 40 * (i + 1), .length = i ? others : entries,
		    .type = strtab_intern(&s->names, SPAN_LIT("ARRAY")), .klass = s->sigs[1].klass};
		s->holders[i] = (struct sum_holder){.sig = 1, .addr = 40 * (i + 1),
		    .text = i ? strtab_intern(&s->names, SPAN_LIT("constant B -> Array")) : strtab_intern(&s->names, SPAN_LIT("constant A -> Array"))};
	}
}

/* The dump after so many jobs. */
static struct dump_summary *dump_at(const struct run *r, double jobs)
{
	struct dump_summary *s = summary_new();
	unsigned now = gc_count(r, jobs);
	s->head.jobs = (uint64_t)jobs;
	s->head.time = 1e9 + jobs / 10;
	s->traced_objects_known = 1;
	s->max_generation = now;
	if (r->header) {
		s->head.gc_count = now;
		s->head.major_gc_count = r->graph ? 1 : now;
		s->head.total_allocated_objects = (uint64_t)(10000 + PACE * jobs);
	}
	for (s->head.nmarks = 0; r->marks && s->head.nmarks < 2; s->head.nmarks++) {
		double at = jobs - EVERY + EVERY / 3. * (s->head.nmarks + 1);
		s->head.marks[s->head.nmarks].jobs = (uint64_t)at;
		s->head.marks[s->head.nmarks].time = 1e9 + at / 10;
		s->head.marks[s->head.nmarks].gc_count = gc_count(r, at);
	}
	s->keys = xcalloc(2, sizeof(*s->keys));
	s->nkeys = 2;
	for (uint32_t i = 0; i < 2; i++)
		s->keys[i] = (struct sum_key){.type = strtab_intern(&s->names, SPAN_LIT("STRING")), .klass = strtab_intern(&s->names, SPAN_LIT("String")),
		    .file = strtab_intern(&s->names, SPAN_LIT("a.rb")), .line = i + 1, .all = {(uint64_t)jobs, (uint64_t)jobs * 40}};
	s->has_graph = s->genkeys_dead = r->graph;
	s->keys[0].garbage.count = let_go(r, 0, jobs, jobs);
	s->genkeys = xcalloc(2 * (size_t)now + 2, sizeof(*s->genkeys));
	for (unsigned g = 0; g <= now; g++) {
		double from = g ? r->gc[g - 1] : 0, to = g < now ? r->gc[g] : jobs;
		s->genkeys[s->ngenkeys++] = (struct sum_genkey){g, 0, let_go(r, from, to, jobs), {(uint64_t)(to - from), (uint64_t)(to - from) * 40}};
		if (g == now) /* what is not kept is there until the next GC run */
			s->genkeys[s->ngenkeys++] = (struct sum_genkey){g, 1, 0, {(uint64_t)((to - from) * (PACE - 1)), 0}};
	}
	s->genkeys[s->ngenkeys - 1].dead = r->graph ? (uint32_t)s->genkeys[s->ngenkeys - 1].t.count : 0;
	s->keys[1].garbage.count = s->genkeys[s->ngenkeys - 1].dead;
	if (r->slots)
		hold(s, (uint64_t)(r->slots < 0 ? jobs : r->slots), r->others);
	return s;
}

/* The k-th dump: one without a GC run since the last one says nothing. */
static void add(struct life *l, const struct run *r, unsigned k)
{
	struct dump_summary *s = dump_at(r, k * (double)EVERY);
	size_t before = life_dumps(l);
	life_add(l, s);
	if (life_dumps(l) > before)
		life_weigh(l, s);
	summary_free(s);
}

static struct life *follow(const struct run *r, unsigned dumps)
{
	struct life *l = life_new();
	for (unsigned k = 1; k <= dumps; k++)
		add(l, r, k);
	return l;
}

static const double after_each_second[] = {210, 610, 1005, 1405, 1802, 2201, 2620, 3001, 3404, 3804}; /* a GC.start after a dump */
static const double by_chance[] = {90, 330, 520, 790, 950, 1210, 1380, 1690, 1930, 2050, 2340, 2590, 2810, 3130, 3290, 3570, 3800};

static const double in_three[] = {10, 610, 1207, 1803, 2410, 3011, 3605};

/* All survivors came at one a job: each part of the run has as many as it has jobs. */
static void assert_steady(const struct run *r, unsigned dumps, double slack)
{
	struct life *l = follow(r, dumps);
	struct verdict_life *v = life_verdict(l);
	struct verdict *all = verdict_new(v, 1);
	assert_int_equal(all->nlines, 1);
	const struct verdict_line *line = &all->lines[0];
	assert_int_equal(line->label, VERDICT_LEAK);
	assert_true(fabs(line->obj_per_1000 - 1000) < slack * 1000);
	verdict_free(all);
	life_free(l);
}

static void test_few_runs(void **state)
{
	(void)state;
	for (unsigned dumps = 11; dumps <= 19; dumps++) {
		assert_steady(&(struct run){.gc = after_each_second, .ngc = 10, .header = true}, dumps, .03);
		assert_steady(&(struct run){.gc = after_each_second, .ngc = 10}, dumps, .03);
		assert_steady(&(struct run){.gc = by_chance, .ngc = 17, .header = true}, dumps, .03);
		assert_steady(&(struct run){.gc = by_chance, .ngc = 17, .header = true, .marks = true}, dumps, .06);
		if (dumps >= 16) /* every third tells something, the first part is left out, and it takes three */
			assert_steady(&(struct run){.gc = in_three, .ngc = 7, .header = true, .marks = true}, dumps, .03);
	}
}

static enum verdict_label label_after(const struct run *r, unsigned dumps)
{
	struct life *l = follow(r, dumps);
	struct verdict_life *v = life_verdict(l);
	struct verdict *all = verdict_new(v, 1);
	enum verdict_label label = all->nlines ? all->lines[0].label : VERDICT_FAST;
	verdict_free(all);
	life_free(l);
	return label;
}

/* What a bounded cache let go of is there, old, until a major GC; a leak needs none to be seen. from: dumps. */
static void assert_told_apart(struct run r, unsigned from)
{
	for (unsigned dumps = 2; dumps <= 19; dumps++) {
		for (r.keep = 150; r.keep <= 500; r.keep += 50)
			assert_true(label_after(&r, dumps) < VERDICT_LEAK);
		r.keep = 0;
		if (dumps >= from)
			assert_int_equal(label_after(&r, dumps), VERDICT_LEAK);
	}
}

static void test_no_major(void **state)
{
	(void)state;
	double often[100]; /* five to seven between two dumps, at no even pace */
	for (unsigned i = 0; i < 100; i++)
		often[i] = 17 + 33 * i + (i * 7919 % 23);
	assert_told_apart((struct run){.gc = by_chance, .ngc = 17, .header = true, .marks = true, .graph = true}, 7);
	assert_told_apart((struct run){.gc = often, .ngc = 100, .header = true, .marks = true, .graph = true}, 5);
}

/* Whatever births say: an Array that has gained none holds what replaces other entries. */
static void test_slots(void **state)
{
	(void)state;
	for (unsigned dumps = 12; dumps <= 19; dumps++) {
		struct run r = {.gc = by_chance, .ngc = 17, .header = true, .marks = true, .graph = true, .slots = -1};
		assert_int_equal(label_after(&r, dumps), VERDICT_LEAK);
		r.slots = dumps * (double)EVERY;
		assert_true(label_after(&r, dumps) < VERDICT_LEAK);
	}
}

/* What the Array that the kept ones are in is called; NULL: it is not known. */
static void assert_called(uint64_t others, const char *want)
{
	struct run r = {.gc = by_chance, .ngc = 17, .header = true, .marks = true, .graph = true, .slots = -1, .others = others};
	struct life *l = follow(&r, 10);
	const struct verdict_life *v = life_verdict(l);
	unsigned found = 0;
	for (size_t i = 0; i < v->nentries; i++) {
		const struct verdict_entry *e = &v->entries[i];
		if (!e->site || e->key->len >= 0)
			continue;
		const char *label = e->labels ? e->labels[e->npath - 1] : NULL;
		found++;
		assert_true(want ? label && !strcmp(label, want) : !label);
	}
	assert_int_equal(found, 1);
	life_free(l);
}

static void test_which_of_two(void **state)
{
	(void)state;
	assert_called(70, "constant A -> Array");
	assert_called(1990, NULL); /* as many as there are objects: it could be either */
}

/* The life as its records have it, as the daemon goes on with it after each dump. Takes l over. */
static struct life *written_and_read(struct life *l)
{
	struct enc head = {0}, rows = {0};
	life_encode_head(l, &head);
	life_encode_rows(l, &rows);
	life_free(l);
	l = life_decode((struct span){head.p, head.n}, (struct span){rows.p, rows.n});
	assert_non_null(l);
	enc_done(&head);
	enc_done(&rows);
	return l;
}

/* An untraced dump of so many Hashes of one signature, too short to be listed, with so many entries each. */
static struct dump_summary *hashes_at(unsigned k, uint64_t n, uint64_t each)
{
	static const char *const steps[] = {"root vm", "class Object", "Hash"};
	struct dump_summary *s = summary_new();
	s->head.jobs = k * (uint64_t)EVERY;
	s->head.time = 1e9 + k * EVERY / 10.;
	s->head.gc_count = s->head.major_gc_count = 3 * k;
	s->has_graph = true;
	s->sigs = xcalloc(s->nsigs = 3, sizeof(*s->sigs));
	for (uint32_t i = 0; i < 3; i++)
		s->sigs[i] = (struct sum_sig){.id = i + 1, .parent = i ? i - 1 : UINT32_MAX, .klass = strtab_intern(&s->names, span_of(steps[i])),
		    .own = {i < 2 ? 1 : n, 40}};
	s->contents = xcalloc(s->ncontents = 1, sizeof(*s->contents));
	s->contents[0] = (struct sum_content){
	    .sig = 2, .type = strtab_intern(&s->names, SPAN_LIT("HASH")), .longer = n, .beyond = n * each};
	return s;
}

/* What is said of their entries after so many dumps; VERDICT_STATIC: nothing. grow: Hashes that come each dump, to `most` of them;
 * fill: entries that each gains, to `full` of them. */
static enum verdict_label label_of_contents(unsigned dumps, uint64_t grow, uint64_t most, uint64_t fill, uint64_t full)
{
	struct life *l = life_new();
	for (unsigned k = 1; k <= dumps; k++) {
		uint64_t n = 50 + grow * k, each = 10 + fill * k;
		struct dump_summary *s = hashes_at(k, n < most ? n : most, each < full ? each : full);
		life_add(l, s);
		life_weigh(l, s);
		summary_free(s);
		l = written_and_read(l);
	}
	struct verdict *all = verdict_new(life_verdict(l), 1);
	enum verdict_label label = VERDICT_STATIC;
	for (size_t i = 0; i < all->nlines; i++)
		if (all->fused[all->lines[i].head].entry->key->len >= 0)
			label = all->lines[i].label;
	verdict_free(all);
	life_free(l);
	return label;
}

static void test_contents(void **state)
{
	(void)state;
	for (unsigned dumps = 8; dumps <= 30; dumps++) {
		assert_int_equal(label_of_contents(dumps, 0, 50, 2, UINT64_MAX), VERDICT_LEAK);
		assert_int_equal(label_of_contents(dumps, 20, UINT64_MAX, 0, UINT64_MAX), VERDICT_STATIC); /* more of them: they tell themselves */
		assert_true(label_of_contents(dumps, 0, 50, 2, 18) < VERDICT_LEAK);  /* full after four */
		assert_int_equal(label_of_contents(dumps, 20, 90, 2, UINT64_MAX), VERDICT_LEAK); /* more at first, then each grows */
	}
}

/* The records keep what the next dump needs: a life that is written down between any two dumps is the same. */
static void test_written_down(void **state)
{
	(void)state;
	const struct run r = {.gc = by_chance, .ngc = 17, .header = true, .marks = true};
	struct life *whole = follow(&r, 15), *l = life_new();
	for (unsigned k = 1; k <= 15; k++) {
		add(l, &r, k);
		l = written_and_read(l);
	}
	struct enc a = {0}, b = {0};
	life_encode_head(whole, &a);
	life_encode_head(l, &b);
	assert_int_equal(a.n, b.n);
	assert_memory_equal(a.p, b.p, a.n);
	enc_done(&a);
	enc_done(&b);
	life_free(whole);
	life_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_few_runs),
		cmocka_unit_test(test_no_major),
		cmocka_unit_test(test_slots),
		cmocka_unit_test(test_which_of_two),
		cmocka_unit_test(test_contents),
		cmocka_unit_test(test_written_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
