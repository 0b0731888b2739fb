/* Tests of logarithms of four at once, against libm's. SPDX-License-Identifier: BSD-2-Clause */
#include "unit.h"

#include "analyze/four.h"

static double rnd(uint64_t *s)
{
	*s = *s * 6364136223846793005u + 1442695040888963407u;
	return (double)(*s >> 11) * 0x1p-53;
}

static double exact(double x)
{
	int sign;
	return lgamma_r(x, &sign);
}

/* Numbers of all magnitudes, and those about which the steps of the algorithm change. */
static double number(uint64_t *s, unsigned i)
{
	static const double edges[] = {1, 0x1.fffffffffffffp-1, 0x1.0000000000001p0, M_SQRT1_2, 0x1.6a09e667f3bccp-1, M_SQRT2, 2, 8, 0x1.fffffffffffffp2,
	    16, 1e-17, 1e18, 0x1p-1022, 0x1.fffffffffffffp1023};
	return i < sizeof(edges) / sizeof(*edges) ? edges[i] : exp((rnd(s) - .4) * 60);
}

static void test_log(void **state)
{
	uint64_t s = 1;
	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		double x[FOUR] = {number(&s, i), number(&s, i + 1), number(&s, i + 2), number(&s, i + 3)}, y[FOUR];
		four_store(four_log(four_load(x)), y);
		for (int k = 0; k < FOUR; k++)
			assert_true(fabs(y[k] - log(x[k])) <= 2.3e-16 * fmax(fabs(y[k]), 0x1p-52));
	}
}

static void test_ln_gamma(void **state)
{
	uint64_t s = 2;
	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		double x[FOUR], y[FOUR];
		struct four product, large;
		for (int k = 0; k < FOUR; k++)
			x[k] = exp((rnd(&s) - .4) * 60);
		struct four v = four_ln_gamma(four_load(x), &product);
		four_store(four_sub(v, four_log(product)), y);
		for (int k = 0; k < FOUR; k++)
			assert_true(fabs(y[k] - exact(x[k])) <= 1e-13 * fmax(fabs(exact(x[k])), 1));
		large = four_ln_gamma_large(four_add(four_load(x), four_all(STIRLING_FROM)));
		four_store(large, y);
		for (int k = 0; k < FOUR; k++)
			assert_true(fabs(y[k] - exact(x[k] + STIRLING_FROM)) <= 1e-13 * fmax(fabs(y[k]), 1));
	}
}

static void test_extreme(void **state)
{
	(void)state;
	assert_false(four_is_extreme(four_all(1)));
	for (int k = 0; k < FOUR; k++) {
		double v[FOUR] = {1e149, 1e-149, 1, 3};
		v[k] = 1e151;
		assert_true(four_is_extreme(four_load(v)));
		v[k] = 1e-151;
		assert_true(four_is_extreme(four_load(v)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_log), cmocka_unit_test(test_ln_gamma), cmocka_unit_test(test_extreme)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
