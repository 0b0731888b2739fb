/* Tests of the verdict: planted stories, and input meant to break it. SPDX-License-Identifier: BSD-2-Clause */
#include "unit.h"

#include <math.h>

#include "analyze/verdict.h"

enum { DUMPS_MAX = 60 };

/* A process with one key, driven by a function that says the births per mark that survive at dump k. */
struct world {
	struct verdict_proc proc;
	struct verdict_key key;
	struct verdict_entry entry;
	unsigned dumps;
	struct verdict_birth births[VERDICT_MARKS]; /* the key borrows them */
};

static void world_init(struct world *w, bool traced, bool graph)
{
	memset(w, 0, sizeof(*w));
	verdict_proc_init(&w->proc);
	verdict_key_init(&w->key);
	w->proc.traced = traced;
	w->proc.graph = graph;
	w->proc.ruby = 3.1;
	w->entry = (struct verdict_entry){.id = 7, .type = "STRING", .klass = "String", .site = "app/a.rb:3", .key = &w->key};
}

static void world_done(struct world *w)
{
	verdict_key_done(&w->key);
	verdict_proc_done(&w->proc);
}

/* One dump of an untraced process: objects, and how many of the last dump are gone. */
static void step_level(struct world *w, struct verdict_dump d, double n, double gone)
{
	assert_true(verdict_proc_update(&w->proc, &d));
	verdict_proc_advance(&w->proc);
	verdict_key_update(&w->proc, &w->key, &(struct verdict_row){.n = n, .b = n * 40, .len = -1, .gone = gone});
}

/* One dump after `jobs` more jobs; survivors(i, n) of the births at mark i seen at mark n. */
static bool step(struct world *w, struct verdict_dump d, double (*survivors)(size_t i, size_t n))
{
	struct verdict_proc *p = &w->proc;
	w->dumps++;
	if (!verdict_proc_update(p, &d))
		return false;
	if (p->epoch)
		verdict_key_freeze(p, &w->key);
	verdict_proc_advance(p);
	double total = 0;
	for (uint32_t i = 0; i < p->nmarks; i++) {
		w->births[i] = (struct verdict_birth){survivors(i, p->nmarks - 1) * (i ? p->no[i] - p->no[i - 1] : 1), i}; /* of marks left out, too */
		total += w->births[i].n;
	}
	verdict_key_update(p, &w->key, &(struct verdict_row){.n = total, .b = total * 40, .len = -1, .born = p->traced, .nbirths = (uint32_t)p->nmarks,
	    .births = w->births, .gone = -1});
	return true;
}

static struct verdict_dump usual(unsigned k)
{
	struct verdict_dump d = {.jobs = 1000. * (k + 1), .t = 60. * (k + 1), .gc = 10 * (k + 1), .major = k + 1, .memsize = 1e7, .rss = 5e7, .nmarks = 2};
	for (unsigned i = 0; i < 2; i++) {
		d.marks[i][0] = 1000. * k + 333. * (i + 1);
		d.marks[i][1] = 60. * k + 20. * (i + 1);
	}
	return d;
}

static struct verdict *verdict_of(struct world *w)
{
	struct verdict_life life = {&w->proc, &w->entry, 1};
	return verdict_new(&life, 1);
}

static double leaking(size_t i, size_t n) { (void)n; return i ? 400 : 50; }
static double filled(size_t i, size_t n) { (void)n; return i < 6 ? 400 : 0; }
static double turning(size_t i, size_t n) { return n - i < 3 ? 400 : 0; }
static double huge(size_t i, size_t n) { (void)i; (void)n; return 1e12; }

static enum verdict_label story(double (*survivors)(size_t, size_t), unsigned dumps)
{
	struct world w;
	world_init(&w, true, true);
	for (unsigned k = 0; k < dumps; k++)
		step(&w, usual(k), survivors);
	struct verdict *v = verdict_of(&w);
	assert_int_equal(v->nfused, 1);
	enum verdict_label l = v->fused[0].label;
	if (l == VERDICT_LEAK) {
		assert_int_equal(v->nlines, 1);
		assert_int_equal(v->lines[0].rows[0], 7);
	}
	verdict_free(v);
	world_done(&w);
	return l;
}

static void test_leak_is_a_leak(void **state)
{
	(void)state;
	assert_int_equal(story(leaking, 10), VERDICT_LEAK);
	assert_int_equal(story(leaking, 50), VERDICT_LEAK);
}

static void test_rate_of_a_leak(void **state)
{
	(void)state;
	struct world w;
	world_init(&w, true, true);
	for (unsigned k = 0; k < 12; k++)
		step(&w, usual(k), leaking);
	struct verdict *v = verdict_of(&w);
	assert_true(fabs(v->lines[0].obj_per_1000 - 1200) < 1); /* 400 at each of 3 marks per 1000 jobs */
	assert_true(fabs(v->lines[0].bytes_per_1000 - 1200 * 40) < 40);
	assert_true(v->lines[0].low < 48000 && v->lines[0].high > 48000);
	verdict_free(v);
	world_done(&w);
}

static void test_full_cache_is_no_leak(void **state)
{
	(void)state;
	for (unsigned n = 3; n < 40; n++)
		assert_int_not_equal(story(filled, n), n > 4 ? VERDICT_LEAK : VERDICT_STATIC);
	assert_int_equal(story(filled, 30), VERDICT_SLOW);
}

static void test_turnover_is_fast(void **state)
{
	(void)state;
	for (unsigned n = 3; n < 40; n++)
		assert_int_not_equal(story(turning, n), VERDICT_LEAK);
	assert_int_equal(story(turning, 30), VERDICT_FAST);
}

static void assert_finite(const struct verdict *v)
{
	for (size_t i = 0; i < v->nfused; i++) {
		const struct verdict_fused *f = &v->fused[i];
		assert_true(isfinite(f->conf) && f->conf >= 0 && f->conf <= 1);
		assert_true(isfinite(f->rate) && isfinite(f->low) && isfinite(f->high) && isfinite(f->hazard));
	}
	for (size_t i = 0; i < v->nlines; i++)
		assert_true(isfinite(v->lines[i].bytes_per_1000) && isfinite(v->lines[i].bytes_per_hour));
	assert_true(isfinite(v->native.conf) && isfinite(v->native.low) && isfinite(v->native.high));
}

/* Two dumps with one counter, time going backwards, counter resets, zero jobs and seconds, compaction, torn dumps: figures stay
 * finite, and what does not grow is never called a leak. */
static void test_odd_time(void **state)
{
	(void)state;
	uint64_t rnd = 42;
	for (unsigned round = 0; round < 400; round++) {
		struct world w;
		bool traced = unit_below(&rnd, 2);
		world_init(&w, traced, unit_below(&rnd, 2));
		w.proc.limit = (double)unit_below(&rnd, 2) * 1e9;
		for (unsigned k = 0; k < DUMPS_MAX; k++) {
			struct verdict_dump d = usual(k);
			switch (unit_below(&rnd, 8)) {
			case 0: d.jobs = 0; break;
			case 1: d.t = -1e9; break;
			case 2: d.jobs = (double)unit_below(&rnd, 3) * 1e12; break;
			case 3: d.partial = true; break;
			case 4: d.compact = unit_below(&rnd, 3); break;
			case 5: d = usual(k ? k - 1 : 0); break;
			case 6: d.rss = d.memsize = 0; d.marks[0][0] = 1e15; break;
			default: break;
			}
			step(&w, d, round % 2 ? huge : turning);
		}
		struct verdict *v = verdict_of(&w);
		assert_finite(v);
		if (round % 2 == 0 && traced)
			assert_int_not_equal(v->fused[0].label, VERDICT_LEAK);
		verdict_free(v);
		world_done(&w);
	}
}

/* The state does not grow with the run, and a long run is judged like a short one. */
static void test_long_run(void **state)
{
	(void)state;
	struct world w;
	world_init(&w, true, true);
	for (unsigned k = 0; k < 10000; k++) {
		step(&w, usual(k), leaking);
		assert_true(w.proc.nmarks <= VERDICT_MARKS && w.proc.nbound <= VERDICT_BOUNDS);
		for (size_t i = 1; i < w.proc.nmarks; i++)
			assert_true(w.proc.no[i] > w.proc.no[i - 1] && w.proc.x[i] > w.proc.x[i - 1]);
		for (uint32_t i = 0; i + 1 < w.proc.nbound; i++) /* segments stay of equal width */
			assert_int_equal(w.proc.no[w.proc.bound[i + 1]] - w.proc.no[w.proc.bound[i]], w.proc.unit);
	}
	struct verdict *v = verdict_of(&w);
	assert_int_equal(v->fused[0].label, VERDICT_LEAK);
	verdict_free(v);
	world_done(&w);
}

static double before; /* objects that were there at the first dump */
static double after(size_t i, size_t n) { (void)n; return i ? 20 : before; }

/* How sure it is of a leak of 60 births a dump after 5 dumps, `at_first` jobs after the counter's begin. */
static double sure(double objects, double at_first)
{
	struct world w;
	world_init(&w, true, true);
	before = objects;
	for (unsigned k = 0; k < 5; k++) {
		struct verdict_dump d = usual(k);
		d.jobs += at_first - 1000;
		for (unsigned i = 0; i < 2; i++)
			d.marks[i][0] += at_first - 1000;
		assert_true(step(&w, d, after));
	}
	struct verdict *v = verdict_of(&w);
	double conf = v->fused[0].conf;
	verdict_free(v);
	world_done(&w);
	return conf;
}

/* What was there at the first dump tells a leak, which had its part of it, from a cache, which had most of it; but nothing is sure. */
static void test_before_the_first_dump(void **state)
{
	(void)state;
	double leak = sure(60, 1000), cache = sure(150, 1000), boot = sure(50000, 1000);
	assert_true(leak > boot && boot > cache);
	assert_true(leak < .95 && cache > .3 * boot);
	assert_true(sure(600, 10000) > sure(60, 10000)); /* by the jobs, not by the dumps */
	assert_true(sure(60, 0) == sure(150, 0)); /* nobody counted before */
}

static double fills_later(size_t i, size_t n) { (void)n; return i < 9 ? 0 : floor(400 * exp(-((double)i - 9) / 12)); }
static double leaks_later(size_t i, size_t n) { (void)n; return i < 9 ? 0 : 200; }

/* A cache that is first used in the middle of the run fills as any other. */
static void test_begins_midway(void **state)
{
	(void)state;
	for (unsigned dumps = 8; dumps <= 20; dumps += 4)
		assert_int_not_equal(story(fills_later, dumps), VERDICT_LEAK);
	assert_int_equal(story(leaks_later, 20), VERDICT_LEAK);
}

/* Twenty times as much in two outages of a dump each. */
static double burst(size_t i) { return i / 3 == 4 || i / 3 == 13 ? 20 : 1; }
static double leaks_errors(size_t i, size_t n) { (void)n; return i ? 30 * burst(i) : 30; }
static double fades(size_t i, size_t n) { (void)n; return floor(60 * burst(i) * exp(-(double)i / 20)); }
/* A pool grows by steps: nothing, or 300 at a time. */
static double steps(size_t i, size_t n) { (void)n; return i % 3 == 0 && i < 20 ? 300 : 0; }

/* What is kept of each error is a leak by its trickle, however large the outages are; bursts make no leak of what fades. */
static void test_trickle_and_bursts(void **state)
{
	(void)state;
	assert_int_equal(story(leaks_errors, 20), VERDICT_LEAK);
	assert_int_not_equal(story(fades, 20), VERDICT_LEAK);
	assert_int_not_equal(story(steps, 20), VERDICT_LEAK);
}

static double class_jobs[DUMPS_MAX], class_follow; /* jobs of the class by dump interval */
static double by_class(size_t i, size_t n)
{
	(void)n;
	double smooth = 600 * exp(-(double)((i + 2) / 3) / 5);
	return i ? floor((class_follow ? class_jobs[(i + 2) / 3] : smooth) / 3) : 0;
}

/* A class of jobs becomes rarer, with ups and downs: births that follow each of them are its leak, those that only slow down are none. */
static void test_class_that_becomes_rarer(void **state)
{
	static const double bend[] = {1, 1.9, .4, 1.5, .3, 1.2, .6};
	(void)state;
	for (int follow = 0; follow < 2; follow++) {
		struct world w;
		double done[2] = {0, 0};
		world_init(&w, true, true);
		w.proc.nclasses = 2;
		w.proc.classes[0] = "Rare";
		w.proc.classes[1] = "Other";
		class_follow = follow;
		for (unsigned k = 0; k < 16; k++) {
			struct verdict_dump d = usual(k);
			class_jobs[k] = floor(600 * exp(-(double)k / 5) * bend[k % 7]);
			done[0] += class_jobs[k];
			done[1] += 1000 - class_jobs[k];
			memcpy(d.mix, done, sizeof(done));
			assert_true(step(&w, d, by_class));
		}
		struct verdict *v = verdict_of(&w);
		assert_true((v->fused[0].label == VERDICT_LEAK) == (follow == 1));
		assert_true(!follow || v->fused[0].judged.how == HOW_CLASS);
		verdict_free(v);
		world_done(&w);
	}
}

static enum verdict_label level_story(unsigned dumps, double (*level)(unsigned k), double (*gone)(unsigned k))
{
	struct world w;
	world_init(&w, false, true);
	for (unsigned k = 0; k < dumps; k++)
		step_level(&w, usual(k), level(k), k ? gone(k) : -1);
	struct verdict *v = verdict_of(&w);
	enum verdict_label l = v->fused[0].label;
	verdict_free(v);
	world_done(&w);
	return l;
}

static double sessions(unsigned k) { return 1000 + 120. * k + k % 3; }
static double many_gone(unsigned k) { (void)k; return 900; }

/* Sessions come and go by the thousand under one name with what stays: after fifteen dumps the rise may be theirs, after fifty it is not. A
 * level that bends, as one does where all die alike, is no leak however long it is watched. */
static void test_rise_beneath_turnover(void **state)
{
	(void)state;
	assert_int_equal(level_story(15, sessions, many_gone), VERDICT_SUSPECT);
	assert_int_equal(level_story(50, sessions, many_gone), VERDICT_LEAK);
	struct world w;
	world_init(&w, false, true);
	for (unsigned k = 0; k < 50; k++)
		step_level(&w, usual(k), 1000 + 6000 * (1 - exp(-.05 * k)) + (k % 3), k ? 300 : -1);
	struct verdict *v = verdict_of(&w);
	assert_true(v->fused[0].label != VERDICT_LEAK && v->nlines == 0);
	verdict_free(v);
	world_done(&w);
}

/* Marks of the ninth interval, in which nothing was born. */
static bool rests(size_t i) { return i > 21 && i <= 24; }
static double rested(size_t i, size_t n) { return rests(i) ? 0 : leaking(i, n); }
static double filling(size_t i, size_t n) { (void)n; return i && !rests(i) ? 900 * exp(-(double)i / 16) : 0; }

/* A leak that rests for one interval is one again once it has gone on for two; what slows down is none for its pause. */
static void test_pause(void **state)
{
	(void)state;
	assert_int_equal(story(rested, 12), VERDICT_LEAK);
	assert_int_equal(story(rested, 20), VERDICT_LEAK);
	for (unsigned n = 5; n < 30; n++)
		assert_int_not_equal(story(filling, n), VERDICT_LEAK);
}

static double level_rested(unsigned k) { return 1000. * (k < 9 ? k : k - 1) + k % 3; }
static double level_filling(unsigned k) { return 20000 * (1 - exp(-.12 * (k < 9 ? k : k - 1))) + k % 3; }
static double level_released(unsigned k) { return 600. * (k < 7 ? k + 1 : k - 6) + k % 3; } /* all expires at once, and it begins anew */
static double none_gone(unsigned k) { (void)k; return 0; }
static double all_gone(unsigned k) { return k == 7 ? 3600 : 0; }

/* The same of levels. The rows of a cache whose entries all expire at once are no leak that rested. */
static void test_pause_of_a_level(void **state)
{
	(void)state;
	assert_int_equal(level_story(12, level_rested, none_gone), VERDICT_LEAK);
	assert_int_equal(level_story(20, level_rested, none_gone), VERDICT_LEAK);
	for (unsigned n = 6; n < 30; n++)
		assert_int_not_equal(level_story(n, level_filling, none_gone), VERDICT_LEAK);
	for (unsigned n = 9; n < 15; n++)
		assert_int_not_equal(level_story(n, level_released, all_gone), VERDICT_LEAK);
}

/* Four dumps of each of two workers side by side are four; of one after the other they are eight. */
static void test_side_by_side(void **state)
{
	(void)state;
	for (int after = 0; after < 2; after++) {
		struct world w[2];
		struct verdict_life lives[2];
		for (int i = 0; i < 2; i++) {
			world_init(&w[i], false, true);
			for (unsigned k = 0; k < 4; k++) {
				struct verdict_dump d = usual(k);
				d.t += after && i ? 1e5 : 0;
				for (unsigned m = 0; m < d.nmarks; m++)
					d.marks[m][1] += after && i ? 1e5 : 0;
				step_level(&w[i], d, 1000 + 500 * k, k ? 0 : -1);
			}
			lives[i] = (struct verdict_life){&w[i].proc, &w[i].entry, 1};
		}
		struct verdict *v = verdict_new(lives, 2);
		assert_int_equal(v->nfused, 1);
		assert_int_equal(v->fused[0].label, after ? VERDICT_LEAK : VERDICT_SUSPECT);
		verdict_free(v);
		world_done(&w[0]);
		world_done(&w[1]);
	}
}

static void test_empty(void **state)
{
	(void)state;
	struct verdict *v = verdict_new(NULL, 0);
	assert_int_equal(v->nlines, 0);
	assert_int_equal(v->native.label, NATIVE_NONE);
	verdict_free(v);
	struct world w;
	world_init(&w, true, true);
	step(&w, usual(0), leaking);
	v = verdict_of(&w);
	assert_int_equal(v->nlines, 0); /* one dump says nothing about growth */
	verdict_free(v);
	world_done(&w);
}

/* Dumps asked for right after another one, many of them, change nothing; so much later as a fifth of an interval they count. Before three
 * dumps nobody knows what an interval is. */
static void test_asked_for(void **state)
{
	(void)state;
	struct world w;
	world_init(&w, true, true);
	for (unsigned k = 0; k < 8; k++) {
		assert_true(step(&w, usual(k), leaking));
		size_t dumps = w.proc.ndumps, marks = w.proc.nmarks;
		for (unsigned i = 1; k >= 3 && i < 20; i++) {
			struct verdict_dump d = usual(k);
			d.jobs += 10 * i;
			d.t += .6 * i;
			d.gc++;
			d.nmarks = 0;
			assert_false(step(&w, d, leaking));
		}
		assert_int_equal(w.proc.ndumps, dumps);
		assert_int_equal(w.proc.nmarks, marks);
	}
	struct verdict *v = verdict_of(&w);
	assert_int_equal(v->fused[0].label, VERDICT_LEAK);
	assert_true(fabs(v->lines[0].obj_per_1000 - 1200) < 1);
	verdict_free(v);
	struct verdict_dump late = usual(7);
	late.nmarks = 0;
	late.jobs += 10; /* few jobs, but a long time */
	late.t += 60;
	assert_true(step(&w, late, leaking));
	late.jobs += 300;
	late.t += 18;
	assert_true(step(&w, late, leaking));
	world_done(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_leak_is_a_leak), cmocka_unit_test(test_rate_of_a_leak), cmocka_unit_test(test_full_cache_is_no_leak),
	    cmocka_unit_test(test_turnover_is_fast), cmocka_unit_test(test_odd_time), cmocka_unit_test(test_long_run), cmocka_unit_test(test_empty), cmocka_unit_test(test_asked_for),
	    cmocka_unit_test(test_rise_beneath_turnover), cmocka_unit_test(test_pause), cmocka_unit_test(test_pause_of_a_level), cmocka_unit_test(test_side_by_side),
	    cmocka_unit_test(test_before_the_first_dump), cmocka_unit_test(test_begins_midway), cmocka_unit_test(test_trickle_and_bursts), cmocka_unit_test(test_class_that_becomes_rarer)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
