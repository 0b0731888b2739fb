/* When the garbage was born. SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include "graph/conclude.h"

/* Embedded; all-zero counts nothing. */
struct dead {
	struct gmem *mem;
	const uint32_t *born;      /* generation of each object, by id of the address table; GRAPH_UNBORN: unknown */
	struct dump_summary *s;
	struct dead_row {
		uint32_t generation; /* of the slot's object before: most garbage of a slot follows some of its own age */
		uint32_t row;        /* ... its row + 1, 0: none yet */
	} *memo;                   /* by slot */
	uint64_t nslots;
};

/* Once c->s has its generations and keys. With nothing to count (an untraced dump) that is no error. false without memory. */
bool dead_begin(struct dead *d, struct conclusion *c);
/* The object with this id of the address table, of this slot and key, is garbage. */
void dead_count(struct dead *d, uint32_t id, uint32_t slot, uint32_t key);
void dead_end(struct dead *d);
