/* The k largest of many. SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One candidate: larger `a`, then larger `b`, then smaller `tie`, then smaller `addr` comes first. `ref` is carried along.
 * tie: of what is said of it, so that where it lies decides only between rows that are equal but for that. */
struct top_row {
	uint64_t a, b, tie, addr;
	uint32_t ref;
};

/* Embedded; a heap with the worst row at [0], in caller's memory. */
struct top {
	struct top_row *row;
	size_t n, cap;
};

/* Offers a row; keeps the best cap. */
void top_offer(struct top *t, struct top_row r);
/* Whether a row with this `a` may be among them: spares making it. */
static inline bool top_wants(const struct top *t, uint64_t a) { return t->n < t->cap || (t->cap && a >= t->row[0].a); }
/* The same with `b` known as well. */
static inline bool top_wants_both(const struct top *t, uint64_t a, uint64_t b)
{
	return top_wants(t, a) && (t->n < t->cap || a > t->row[0].a || b >= t->row[0].b);
}
/* Best first. Nothing may be offered afterwards. */
void top_sort(struct top *t);
