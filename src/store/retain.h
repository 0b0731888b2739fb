/* Which dumps stay, which are thinned, which go. SPDX-License-Identifier: BSD-2-Clause Private to src/store/. Pure. */
#pragma once

#include "store/store.h"

enum retain_action { RETAIN_KEEP, RETAIN_THIN, RETAIN_DELETE };

enum {
	RETAIN_HOUR_S = 3600,            /* beyond the detail one dump an hour stays ... */
	RETAIN_DAY_S = 86400,            /* ... and one a day once it is older than */
	RETAIN_HOURLY_S = 7 * 86400,     /* a week */
	RETAIN_MIN_DETAIL = 3,           /* for want of room detail shrinks to the last 3 dumps of a process */
	RETAIN_HARD_DETAIL = 1,          /* ... and with `hard` to the last one */
};

/* A dump as retention sees it. */
struct retain_dump {
	struct store_dump d;
	uint64_t stored;           /* bytes it takes in the store */
	enum retain_action action; /* the answer */
};

struct retain_opts {
	double now;
	uint64_t max_age_s;     /* 0 = no limit */
	uint32_t detail_dumps;  /* 0 = no limit */
	uint64_t to_free;       /* bytes that must become free, 0 = none */
	bool hard;
};

/* Decides for all dumps of the store, given in rising ids. Never deletes the first and the last whole dump of a process whose
 * last dump is within max_age_s (but `hard` may take the first). */
void retain_plan(const struct retain_opts *o, struct retain_dump *d, size_t n);
