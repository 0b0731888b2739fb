/* Logarithms of four numbers at once: of one count at four dispersions. SPDX-License-Identifier: BSD-2-Clause
 *
 * Pairs, since every processor of 64 bits has those; the compiler's vectors, so on any. Pure. */
#pragma once

#include <math.h>
#include <stdint.h>
#include <string.h>

enum { FOUR = 4 };
typedef double pair __attribute__((vector_size(16)));
typedef uint64_t pair_bits __attribute__((vector_size(16)));
struct four { pair v[2]; };

static inline struct four four_load(const double v[FOUR])
{
	struct four r;
	memcpy(&r, v, sizeof(r));
	return r;
}

static inline void four_store(struct four a, double v[FOUR]) { memcpy(v, &a, sizeof(a)); }
static inline struct four four_all(double v) { return (struct four){{{v, v}, {v, v}}}; }
static inline struct four four_add(struct four a, struct four b) { return (struct four){{a.v[0] + b.v[0], a.v[1] + b.v[1]}}; }
static inline struct four four_sub(struct four a, struct four b) { return (struct four){{a.v[0] - b.v[0], a.v[1] - b.v[1]}}; }
static inline struct four four_mul(struct four a, struct four b) { return (struct four){{a.v[0] * b.v[0], a.v[1] * b.v[1]}}; }

static inline struct four four_div(struct four a, struct four b) { return (struct four){{a.v[0] / b.v[0], a.v[1] / b.v[1]}}; }

static inline pair pair_choose(pair_bits mask, pair yes, pair no)
{
	return (pair)((mask & (pair_bits)yes) | (~mask & (pair_bits)no));
}

/* Natural logarithm of numbers above 0 that are neither denormal nor infinite, to 1 unit in the last place: x = 2^k (1 + f) with 1 + f in
 * [sqrt(1/2), sqrt(2)), log(1 + f) by a polynomial in (f / (2 + f))^2 (FreeBSD's e_log.c, Sun Microsystems 1993). */
static inline pair pair_log(pair x)
{
	const uint64_t half_root = 0x3fe6a09e667f3bcd /* sqrt(1/2) */, one = 0x3ff0000000000000, mantissa = 0x000fffffffffffff;
	const uint64_t two52 = 0x4330000000000000 /* 2^52, whose lowest bits are whole numbers */;
	pair_bits t = (pair_bits)x + (one - half_root);
	pair k = (pair)((t >> 52) | two52) - (0x1p52 + 1023);
	pair f = (pair)((t & mantissa) + half_root) - 1;
	pair s = f / (2 + f), z = s * s, w = z * z, h = .5 * f * f;
	pair odd = 1.818357216161805012e-01 + w * 1.479819860511658591e-01, even = 2.222219843214978396e-01 + w * 1.531383769920937332e-01;
	odd = z * (6.666666666666735130e-01 + w * (2.857142874366239149e-01 + w * odd));
	even = w * (3.999999999940941908e-01 + w * even);
	return k * 6.93147180369123816490e-01 - ((h - (s * (h + (odd + even)) + k * 1.90821492927058770002e-10)) - f);
}

static inline struct four four_log(struct four x) { return (struct four){{pair_log(x.v[0]), pair_log(x.v[1])}}; }

/* log of gamma(x) to 1e-13, x from STIRLING_FROM on: Stirling's series (Abramowitz & Stegun 6.1.41). */
enum { STIRLING_FROM = 8 };
static inline pair pair_stirling(pair x)
{
	pair i = 1 / x, j = i * i;
	pair rest = 1. / 1680 - j * (1. / 1188 - j * (691. / 360360 - j * (1. / 156)));
	pair series = i * (1. / 12 - j * (1. / 360 - j * (1. / 1260 - j * rest)));
	return (x - .5) * pair_log(x) - x + .91893853320467274178 /* half the log of 2 pi */ + series;
}

/* Moves what is below STIRLING_FROM up by as much: gamma(x) is that of what is returned, divided by *ret_product. */
static inline pair pair_up(pair x, pair *ret_product)
{
	pair t = x * (x + 7), product = t * (t + 6) * ((t + 10) * (t + 12)); /* x (x + 1) ... (x + 7) by the first and the last, and so on */
	pair_bits low = (pair_bits)(x < STIRLING_FROM);
	*ret_product = pair_choose(low, product, (pair){1, 1});
	return pair_choose(low, x + STIRLING_FROM, x);
}

/* Is any of them about to leave what a double can hold? */
static inline int four_is_extreme(struct four a)
{
	pair_bits m = (pair_bits)(a.v[0] > 1e150) | (pair_bits)(a.v[0] < 1e-150) | (pair_bits)(a.v[1] > 1e150) | (pair_bits)(a.v[1] < 1e-150);
	return (m[0] | m[1]) != 0;
}

/* log of gamma(x), x above 0, but for log(*ret_product) too much: so that the products of many share one logarithm. */
static inline struct four four_ln_gamma(struct four x, struct four *ret_product)
{
	struct four r;
	for (int i = 0; i < 2; i++)
		r.v[i] = pair_stirling(pair_up(x.v[i], &ret_product->v[i]));
	return r;
}

/* The same, all of x from STIRLING_FROM on. */
static inline struct four four_ln_gamma_large(struct four x) { return (struct four){{pair_stirling(x.v[0]), pair_stirling(x.v[1])}}; }
