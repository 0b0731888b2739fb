/* Inside a process life: its rows. SPDX-License-Identifier: BSD-2-Clause Private to src/analyze/life*.c. */
#pragma once

#include "analyze/life.h"
#include "base/u64map.h"

enum life_kind { LIFE_BIRTHS, LIFE_LEVEL, LIFE_HELD, LIFE_CONTAINER, LIFE_KINDS };
/* births: a traced key with a site; level: a key by its count; held: objects of a holder signature; container: by its length */

struct life_row {
	uint64_t id;            /* hash of kind and names: the same in every dump */
	struct verdict_key key;
	double n, b, len;       /* in the dump being added */
	double *births;         /* of it, by mark; NULL: none */
	uint32_t src;           /* index into keys, sigs or containers of the dump being added; UINT32_MAX: not in it */
	uint8_t kind;
	bool fresh;             /* not updated yet */
	bool still;             /* a level that never changed: key.prev[0], nothing else is kept */
};

struct life {
	struct verdict_proc proc;
	struct verdict_life out;
	struct verdict_judged *judged;
	struct strtab names;    /* of job classes */
	struct strtab texts;    /* of the entries of out */
	struct arena arena;     /* of out: keys and paths */
	struct u64map index;    /* id -> row + 1 */
	struct life_row *rows;
	size_t nrows, cap_rows, nkeys;
	uint64_t other;
	bool traced, started, knows_jobs;
	uint64_t compactions;   /* seen, where no header says */
	double sited, siteless; /* objects of the last dump with a site and without one */
	uint64_t dump;          /* set by the caller: id of the last dump seen */
	struct life_known *known; size_t nknown;
};

/* Bytes of the row as it is stored, hash included. */
size_t life_row_size(const struct life_row *r);
/* Makes a row fit into LIFE_ROW_BYTES: its numbers lose their lowest bits, which only counts of many millions have. */
void life_row_fit(struct life_row *r);
/* A new row, still to be filled. */
struct life_row *life_row_new(struct life *l, uint64_t id, enum life_kind kind);
