/* The k largest of many. SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* One candidate: larger `a`, then larger `b`, then smaller `id` comes first. */
struct top_row {
	uint64_t a, b;
	uint32_t id;
};

/* Embedded; a heap with the worst row at [0], in caller's memory. */
struct top {
	struct top_row *row;
	size_t n, cap;
};

/* Offers a row; keeps the best cap. */
void top_offer(struct top *t, struct top_row r);
/* Best first. Nothing may be offered afterwards. */
void top_sort(struct top *t);
