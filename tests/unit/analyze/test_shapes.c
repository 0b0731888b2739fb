/* Tests of the shapes of the stories: none is left out, of however many units and classes. SPDX-License-Identifier: BSD-2-Clause */
#include "unit.h"

#include "analyze/verdict_impl.h"

/* Units in which every class becomes rarer, so that each has both of its shapes, and the last parts are long enough. */
static void units_init(struct verdict_unit *u, unsigned m)
{
	for (unsigned i = 0; i < m; i++) {
		u[i] = (struct verdict_unit){.w = 1000, .sec = 60, .x = 1000 * (i + .5), .s = 5};
		for (unsigned c = 0; c < VERDICT_CLASSES; c++)
			u[i].mix[c] = (100. + c) / (1 + i);
	}
}

static void test_none_is_left_out(void **state)
{
	static struct verdict_shape s[VERDICT_SHAPES_MAX];
	static struct verdict_unit u[VERDICT_UNITS], before;
	(void)state;
	for (unsigned m = 2; m <= VERDICT_UNITS; m++) {
		units_init(u, m);
		before = u[0];
		for (unsigned c = 0; c <= VERDICT_CLASSES; c++) {
			unsigned n = verdict_shapes(u, m, &before, c, m, s), bursts = 0, turns = 0, classes = 0;
			assert_true(n <= VERDICT_SHAPES_OF(m, c));
			for (unsigned i = 0; i < n; i++) {
				bursts += s[i].story == STORY_BURST;
				turns += s[i].story == STORY_TURN;
				classes += s[i].how == HOW_CLASS;
			}
			assert_int_equal(bursts, m);
			assert_int_equal(turns, 3);
			assert_int_equal(classes, c > 1 ? 4 * c : 0); /* leaks, becomes rarer, and two ways to fill */
			assert_int_equal(s[n - 1].arg, m - 1); /* the burst of the last unit is made last */
		}
	}
}

/* One burst in the middle of as many units and classes as there can be is no leak. */
static void test_burst_of_many(void **state)
{
	static struct verdict_unit u[VERDICT_UNITS];
	struct verdict_judged j;
	(void)state;
	units_init(u, VERDICT_UNITS);
	for (unsigned i = 0; i < VERDICT_UNITS; i++)
		u[i].s = i == VERDICT_UNITS / 2 ? 400 : 0;
	assert_true(verdict_counted(u, VERDICT_UNITS, NULL, VERDICT_CLASSES, 0, VERDICT_UNITS + 1, &j));
	for (unsigned c = 0; c < STORY_BURST; c++)
		assert_true(j.evidence[c] < j.evidence[STORY_BURST]);
}

/* Three a unit, and none in as much work since: less of a leak than where nobody looked. Two since: no less, for some leaks bring two. */
static void test_stopped_since(void **state)
{
	struct verdict_unit u[8], newest;
	struct verdict_judged unseen, none, two;
	(void)state;
	units_init(u, 8);
	for (unsigned i = 0; i < 8; i++)
		u[i].s = 3;
	newest = u[7];
	assert_true(verdict_counted(u, 8, NULL, 0, 0, 9, &unseen));
	newest.s = 2;
	assert_true(verdict_counted(u, 8, &(struct verdict_beside){NULL, &newest}, 0, 0, 9, &two));
	assert_true(two.evidence[STORY_LEAK] == unseen.evidence[STORY_LEAK]);
	newest.s = 0;
	assert_true(verdict_counted(u, 8, &(struct verdict_beside){NULL, &newest}, 0, 0, 9, &none));
	assert_true(none.evidence[STORY_LEAK] < unseen.evidence[STORY_LEAK] - .1);
	assert_true(none.kinds[KIND_JOB] < unseen.kinds[KIND_JOB] - .1 && none.kinds[KIND_BENT] == unseen.kinds[KIND_BENT]);
	newest.w = newest.s = 1e6; /* more than chance can be asked about */
	newest.s = 0;
	assert_true(verdict_counted(u, 8, &(struct verdict_beside){NULL, &newest}, 0, 0, 9, &none));
	assert_true(isfinite(none.evidence[STORY_LEAK]));
}

/* What varies by as much as itself is more of a leak, beside what is slow, after many dumps than after few. */
static void test_uneven_for_long(void **state)
{
	static const double births[] = {0, 90, 10, 0, 55, 5, 80, 0};
	struct verdict_unit u[8];
	struct verdict_judged few, many;
	(void)state;
	units_init(u, 8);
	for (unsigned i = 0; i < 8; i++)
		u[i].s = births[i];
	assert_true(verdict_counted(u, 8, NULL, 0, 0, 5, &few) && verdict_counted(u, 8, NULL, 0, 0, 30, &many));
	assert_true(many.evidence[STORY_LEAK] - many.evidence[STORY_SLOW] > few.evidence[STORY_LEAK] - few.evidence[STORY_SLOW] + .3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_none_is_left_out), cmocka_unit_test(test_burst_of_many),
	    cmocka_unit_test(test_stopped_since), cmocka_unit_test(test_uneven_for_long)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
