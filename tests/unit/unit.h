/* What every cmocka test includes first. SPDX-License-Identifier: BSD-2-Clause
 *
 * End a program with: return cmocka_run_group_tests(tests, NULL, NULL); one group a program, so that the TAP plan is one. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A deterministic random number (splitmix64; Sebastiano Vigna, public domain). */
static inline uint64_t unit_rnd(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15ull);
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

/* A number below n. */
static inline uint64_t unit_below(uint64_t *state, uint64_t n) { return n ? unit_rnd(state) % n : 0; }

/* Whether this one of what is long belongs to HDA_TEST_PART, as in_part of tests/tap.sh. When not: unit_skip. */
static inline bool unit_in_part(unsigned number)
{
	const char *part = getenv("HDA_TEST_PART");
	unsigned k = 0, n = 0;
	return !part || !*part || sscanf(part, "%u/%u", &k, &n) != 2 || !n || number % n + 1 == k;
}

/* Ends a test that cannot be run here. (cmocka's skip() says "not ok" in TAP, which automake's driver takes for a failure.) */
#define unit_skip(why) do { print_message("# skipped: %s\n", why); return; } while (0)

/* The folder of shared fixtures, or NULL when it is absent: then unit_skip. */
static inline const char *unit_shared(void)
{
	const char *dir = getenv("HDA_SHARED");
	if (!dir)
		return NULL;
	char path[4096];
	snprintf(path, sizeof(path), "%s/DUMP-FORMAT.md", dir);
	FILE *f = fopen(path, "r");
	if (!f)
		return NULL;
	fclose(f);
	return dir;
}
