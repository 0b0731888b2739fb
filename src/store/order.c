/* Sorting by numbers: radix, least digit first. SPDX-License-Identifier: BSD-2-Clause
 *
 * 20 000 keys are put in order each time a dump is loaded; a radix sort takes a tenth of qsort's time. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/record.h"

enum { DIGIT_BITS = 11, DIGITS = 1 << DIGIT_BITS };

/* One stable pass of idx -> out by the digit at shift of a ^ flip. Returns false when all digits are equal. */
static bool pass(uint32_t *out, const uint32_t *idx, const uint64_t *a, size_t n, unsigned shift, uint64_t flip)
{
	size_t start[DIGITS] = {0};
	for (size_t i = 0; i < n; i++)
		start[(a[i] ^ flip) >> shift & (DIGITS - 1)]++;
	if (start[(a[0] ^ flip) >> shift & (DIGITS - 1)] == n)
		return false;
	size_t sum = 0;
	for (size_t i = 0; i < DIGITS; i++) {
		size_t here = start[i];
		start[i] = sum;
		sum += here;
	}
	for (size_t i = 0; i < n; i++)
		out[start[(a[idx[i]] ^ flip) >> shift & (DIGITS - 1)]++] = idx[i];
	return true;
}

/* Sorts *idx stably by a ^ flip; *spare is as large. The two may be exchanged. */
static void radix(uint32_t **idx, uint32_t **spare, const uint64_t *a, size_t n, uint64_t flip)
{
	uint64_t all = 0;
	for (size_t i = 0; i < n; i++)
		all |= a[i] ^ a[0];
	for (unsigned shift = 0; shift < 64; shift += DIGIT_BITS) {
		if (!(all >> shift & (DIGITS - 1)) || !pass(*spare, *idx, a, n, shift, flip))
			continue;
		uint32_t *t = *idx;
		*idx = *spare;
		*spare = t;
	}
}

static void order(uint32_t *ret, const uint64_t *a, const uint64_t *b, size_t n, uint64_t flip)
{
	if (!n)
		return;
	uint32_t *mine = xreallocarray(NULL, n, sizeof(*mine)), *idx = ret, *spare = mine;
	for (size_t i = 0; i < n; i++)
		idx[i] = (uint32_t)i;
	if (b)
		radix(&idx, &spare, b, n, flip);
	radix(&idx, &spare, a, n, flip);
	if (idx != ret)
		memcpy(ret, idx, n * sizeof(*ret));
	free(mine);
}

void order_falling(uint32_t *ret, const uint64_t *a, const uint64_t *b, size_t n) { order(ret, a, b, n, UINT64_MAX); }

void order_rising(uint32_t *ret, const uint64_t *a, size_t n) { order(ret, a, NULL, n, 0); }
