/* The storer's part in verdicts: state kept up, changes told. SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct dump;
struct storer;
struct store_wtxn;

enum {
	VERDICTS_LOG_HOUR = 60,     /* lines about changed labels an hour; further changes are counted only */
	VERDICTS_QUIET_MS = 1000,   /* no dump for so long: states that were dropped are built again */
};

/* Belongs to the storer's thread. */
struct verdicts {
	uint64_t *stale;            /* processes whose state must be built again */
	size_t nstale, cap;
	uint64_t hour_ms;           /* when this hour of lines began */
	unsigned lines;
};

/* All processes whose state is not of their last dump. Once, at the start. */
HDA_MUST_CHECK int verdicts_init(struct storer *st);
void verdicts_done(struct storer *st);
/* After store_wtxn_put of d in its transaction. An error is the transaction's. */
HDA_MUST_CHECK int verdicts_dump(struct storer *st, struct store_wtxn *w, const struct dump *d);
/* Builds one dropped state; false when there is none. Stops early when dumps wait. */
bool verdicts_rebuild_one(struct storer *st);
