/* How many numbers move, step by step. SPDX-License-Identifier: BSD-2-Clause
 *
 * Of thousands of series over a thousand dumps most values are those of the dump before: only changes are written down, 2 to 4 bytes each,
 * which is a hundredth of the table of values. Pure; one thread. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/cursor.h"

/* All-zero is empty. The owner frees with history_done. */
struct history {
	struct enc e;
	uint32_t last; /* the number whose change was written last */
};

void history_done(struct history *h);
/* The i-th number moves by `change`, modulo 2^64, which is not 0. */
void history_move(struct history *h, uint32_t i, uint64_t change);
/* The step is over. */
void history_step(struct history *h);

/* A reader from the beginning. */
struct history_walk {
	const uint8_t *p;
	uint32_t last;
};

static inline struct history_walk history_walk(const struct history *h) { return (struct history_walk){h->e.p, 0}; }
/* Makes of the numbers before the next step those after it. As many steps as were made. */
void history_next(struct history_walk *w, uint64_t *numbers);
