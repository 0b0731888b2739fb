/* A progress bar on stderr. SPDX-License-Identifier: BSD-2-Clause
 *
 * Only on a terminal, and only once the work has taken longer than a second; repainted at most ten times a second. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Embedded; progress_init before use. One thread. */
struct progress {
	bool on, painted;
	double start, painted_at; /* monotonic seconds */
	uint64_t total, done;     /* bytes; total 0 = unknown; the owner may correct it */
	size_t width;             /* columns of the terminal */
};

void progress_init(struct progress *p, uint64_t total);
/* So far `done` bytes of all; label: what is read now (made safe here). */
void progress_update(struct progress *p, uint64_t done, const char *label);
/* Takes the bar away. */
void progress_end(struct progress *p);
/* Monotonic seconds. */
double progress_clock(void);
