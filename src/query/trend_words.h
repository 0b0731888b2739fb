/* What the verdict says of a group of a trend. SPDX-License-Identifier: BSD-2-Clause Private to src/query/. */
#pragma once

#include "analyze/trend.h"
#include "query/series.h"

/* Texts of a group, as the trend groups them; NULL where it has none. */
struct trend_group {
	enum trend_by by;
	const char *type, *klass, *file, *name;
	uint32_t line;
};

struct trend_word {
	enum verdict_label label;
	bool leads;              /* something of it grows and is not called slow: it has no end */
	double more, more_bytes; /* what is still to come where all that grows is slow and its end is told; NAN: not known */
	double confidence;       /* of a leak; NAN for what is none */
	char id[SERIES_ID];      /* of the line it belongs to, as `leaks` has it; "" without */
};

struct trend_words;

/* The verdict over one process life as it stands with its last dump. NULL: there is none (the state is not of the last dump; it is not
 * built here: a trend does not wait for it). Of at most walk_dumps dumps it is (files, which have no state). Borrows nothing. */
struct trend_words *trend_words_new(struct store_rtxn *r, const struct store_proc *p, size_t walk_dumps);
void trend_words_free(struct trend_words *l);
/* The gravest that is said of something in this group. False: nothing in it was worth weighing. */
bool trend_words_find(const struct trend_words *l, const struct trend_group *g, struct trend_word *ret);
