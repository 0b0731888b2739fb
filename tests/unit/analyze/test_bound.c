/* Where growth ends, and the low boundary: told when it can be, and only then. SPDX-License-Identifier: BSD-2-Clause */
#include "unit.h"

#include <math.h>

#include "analyze/verdict_impl.h"

enum { PARTS = 12, TRIES = 400 };

static double rnd01(uint64_t *rnd) { return (unit_below(rnd, 1u << 30) + .5) / (double)(1u << 30); }

/* Nearly normal, of this mean and as much variance. */
static double noisy(uint64_t *rnd, double mean)
{
	double z = -6;
	for (int i = 0; i < 12; i++)
		z += rnd01(rnd);
	return fmax(floor(mean + z * sqrt(mean) + .5), 0);
}

/* Births of a cache of `whole` entries that fills as e^(-bx) over m parts of `w` jobs. */
static void fill(struct verdict_unit *u, unsigned m, double w, double whole, double bx, uint64_t *rnd)
{
	for (unsigned i = 0; i < m; i++) {
		double mean = whole * (exp(-bx * i / m) - exp(-bx * (i + 1) / m));
		u[i] = (struct verdict_unit){.w = w, .x = w * (i + .5), .sec = w, .s = rnd ? noisy(rnd, mean) : mean};
	}
}

static void test_known(void **state)
{
	struct verdict_unit u[PARTS];
	double more, jobs;
	(void)state;
	fill(u, PARTS, 1000, 2000, 2, NULL);
	assert_true(verdict_bound(u, PARTS, 0, &more, &jobs));
	assert_true(fabs(more - 2000 * exp(-2)) < 2);                    /* 271 of 2000 are to come */
	assert_true(fabs(jobs - 12000 * log(exp(-2) / .01) / 2) < 60);   /* until 20 are missing */
	assert_true(verdict_bound(u, PARTS, 3000, &more, &jobs));        /* time passed since the last part */
	assert_true(fabs(more - 2000 * exp(-2.5)) < 2);
	fill(u, PARTS, 1000, 2000, 8, NULL);
	assert_true(verdict_bound(u, PARTS, 0, &more, &jobs));
	assert_true(more < 1 && jobs < 1);                                /* it is there */
}

static void test_unknown(void **state)
{
	struct verdict_unit u[PARTS];
	double more, jobs;
	(void)state;
	fill(u, PARTS, 1000, 2000, .4, NULL); /* a third is there: an end cannot be told */
	assert_false(verdict_bound(u, PARTS, 0, &more, &jobs));
	for (double p = 0; p < 1; p += .25) { /* a steady rate, and powers: no end */
		for (unsigned i = 0; i < PARTS; i++)
			u[i] = (struct verdict_unit){.w = 1000, .s = 3000 * (pow((i + 1.) / PARTS, 1 - p) - pow(i / (double)PARTS, 1 - p))};
		assert_false(verdict_bound(u, PARTS, 0, &more, &jobs));
	}
	fill(u, PARTS, 1000, 20, 3, NULL); /* too few */
	assert_false(verdict_bound(u, PARTS, 0, &more, &jobs));
	fill(u, 4, 1000, 2000, 2, NULL);
	assert_false(verdict_bound(u, 4, 0, &more, &jobs));
}

/* With the noise of counting: a third of those at two time constants would do; what is told is near the truth. */
static void test_noise(void **state)
{
	uint64_t rnd = 7;
	unsigned told = 0, right = 0, steady = 0;
	(void)state;
	for (int i = 0; i < TRIES; i++) {
		struct verdict_unit u[PARTS];
		double more, jobs, whole = 300 + 5000 * rnd01(&rnd), bx = 1.3 + 3 * rnd01(&rnd);
		fill(u, PARTS, 500, whole, bx, &rnd);
		double there = 0;
		for (unsigned k = 0; k < PARTS; k++)
			there += u[k].s;
		if (verdict_bound(u, PARTS, 0, &more, &jobs)) {
			told++;
			right += fabs(there + more - whole) < .2 * whole;
		}
		for (unsigned k = 0; k < PARTS; k++)
			u[k].s = noisy(&rnd, whole / PARTS);
		steady += verdict_bound(u, PARTS, 0, &more, &jobs);
	}
	print_message("an end was told in %u of %d, within 20 %% of the truth in %u; of steady growth in %u\n", told, TRIES, right, steady);
	assert_true(told >= TRIES * 8 / 10 && right >= told * 95 / 100 && steady == 0);
}

static void test_wild(void **state)
{
	static const double wild[] = {0, 1, 1e12, 1e18, INFINITY, NAN};
	uint64_t rnd = 3;
	(void)state;
	for (int i = 0; i < 20000; i++) {
		struct verdict_unit u[PARTS];
		double more = 0, jobs = 0;
		unsigned m = unit_below(&rnd, PARTS + 1);
		for (unsigned k = 0; k < m; k++)
			u[k] = (struct verdict_unit){.w = fmax(wild[unit_below(&rnd, 4)], .5), .s = wild[unit_below(&rnd, 6)]};
		if (verdict_bound(u, m, wild[unit_below(&rnd, 4)], &more, &jobs))
			assert_true(isfinite(more) && isfinite(jobs) && more >= 0 && jobs >= 0);
	}
}

/* --- the low boundary --- */

static struct verdict_boundary boundary(double (*level)(unsigned k), unsigned dumps, double major_every)
{
	struct verdict_proc p;
	struct verdict_boundary b;
	verdict_proc_init(&p);
	for (unsigned k = 0; k < dumps; k++) {
		struct verdict_dump d = {.jobs = 1000 * (k + 1.), .t = 60 * k, .gc = 10 * (k + 1), .major = (uint64_t)(k / major_every), .live_slots = level(k)};
		assert_true(verdict_proc_update(&p, &d));
		verdict_proc_advance(&p);
	}
	verdict_boundary(&p, &p.slots, &b);
	verdict_proc_done(&p);
	return b;
}

static double flat(unsigned k) { return 50000 + (k * 5 % 13) * 40; }
static double rising(unsigned k) { return 50000 + 400. * k + (k * 5 % 13) * 4; }
static double filling(unsigned k) { return 50000 + 4000 * (1 - exp(-.5 * k)); }
static double saw(unsigned k) { return 50000 + (k % 2 ? 9000 : 0) + (k * 5 % 13) * 40; } /* every second dump has garbage */
static double nothing(unsigned k) { (void)k; return 0; }

static void test_boundary(void **state)
{
	(void)state;
	for (unsigned n = 8; n <= 60; n += 13) {
		struct verdict_boundary b = boundary(rising, n, 1);
		assert_int_equal(b.label, BOUNDARY_RISING);
		assert_true(fabs(b.per_1000 - 400) < 40 && b.low < 400 && b.high > 400);
		assert_int_equal(boundary(flat, n, 1).label, BOUNDARY_FLAT);
		assert_int_equal(boundary(saw, n, 1).label, BOUNDARY_FLAT);
		assert_int_not_equal(boundary(filling, n, 1).label, BOUNDARY_RISING);
		assert_int_equal(boundary(nothing, n, 1).label, BOUNDARY_UNKNOWN);
	}
	assert_int_equal(boundary(rising, 3, 1).label, BOUNDARY_UNKNOWN);
	assert_int_equal(boundary(rising, 30, 1e9).label, BOUNDARY_UNKNOWN); /* no major collection: nothing is known of the boundary */
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_known), cmocka_unit_test(test_unknown), cmocka_unit_test(test_noise), cmocka_unit_test(test_wild),
	    cmocka_unit_test(test_boundary)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
