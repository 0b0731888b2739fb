/* Inside a process life: its rows. SPDX-License-Identifier: BSD-2-Clause Private to src/analyze/life*.c. */
#pragma once

#include <string.h>

#include "analyze/life.h"
#include "base/u64map.h"

enum { LIFE_FIRST = 1 /* in prev of contents: objects of the signature when they were first followed */ };
#define LIFE_MORE 2.   /* contents that grow by less than so many times what their number grew by grew with it, not each */

enum { LIFE_ID_BITS = 48, LIFE_PART_BITS = 13, LIFE_PARTED = 1 << LIFE_PART_BITS };

enum life_kind { LIFE_BIRTHS, LIFE_LEVEL, LIFE_HELD, LIFE_CONTAINER, LIFE_CONTENTS, LIFE_KINDS };
/* births: a traced key with a site; level: a key by its count; held: objects of a holder signature; container: by its length;
 * contents: of several containers of a signature by what they contain together */

struct life_row {
	uint64_t id;            /* hash of kind and names: the same in every dump */
	struct verdict_key key;
	uint8_t kind;
	bool fresh;             /* not updated yet */
	bool still;             /* a level that never changed: key.prev[0], nothing else is kept */
};

/* What the dump being added has of a row. Apart from the rows, because it is filled in the order of the dump, which for the rows is none.
 */
struct life_seen {
	double n, b, len;
	uint32_t src;           /* index into keys, sigs, containers or contents of that dump; UINT32_MAX: not in it */
};

struct life {
	struct verdict_proc proc;
	struct verdict_life out;
	struct verdict_judged *judged;
	struct strtab names;    /* of job classes */
	struct strtab texts;    /* of the entries of out */
	struct arena arena;     /* of out: keys and paths */
	struct life_row *rows;
	struct life_seen *seen; /* by row; cap_seen of them */
	uint32_t *moved;        /* rows of which there is more to say than how many there are, rising: what may be weighed */
	size_t nrows, cap_rows, cap_seen, nkeys, nmoved, cap_moved;
	size_t nsorted;         /* so many rows rise by id (those that were read) ... */
	uint64_t *ids;          /* ... these are their ids ... */
	uint32_t *part;         /* ... and where the ids of each part of their range begin: LIFE_PARTED + 1 */
	struct u64map index;    /* id -> row + 1 of the others */
	uint32_t thread;        /* id of the class Thread in the summary being added; 0: it has none */
	struct verdict_birth *births; /* of the last dump added, by key of it: */
	uint32_t *births_at;    /* where those of a key begin, those of the next one end */
	struct life_other other;
	double host_memory;
	bool traced, started, knows_jobs;
	uint64_t compactions;   /* seen, where no header says */
	double sited, siteless; /* objects of the last dump with a site and without one */
	double allocated;       /* objects that the process had allocated at the last dump, 0: nobody counted */
	double born, cycle;     /* objects that were born since the last GC run before the last dump; the most at any */
	double pace;            /* objects allocated per job, where two dumps without a GC run between them told; 0: unknown */
	uint64_t dump;          /* set by the caller: id of the last dump seen */
	struct life_known *known; size_t nknown;
};

/* The dump as far as the verdict's time is concerned. Before verdict_proc_update. */
struct verdict_dump life_dump_of(struct life *l, const struct dump_summary *s);
/* ... and once that has taken it: what the next one is compared with. */
void life_dump_taken(struct life *l, const struct dump_summary *s, const struct verdict_dump *d);
/* A dump without a GC run since the last one. */
void life_dump_passed(struct life *l, const struct dump_summary *s, const struct verdict_dump *d);

static inline bool life_by_length(const struct life_row *r) { return r->kind == LIFE_CONTAINER || r->kind == LIFE_CONTENTS; }

/* Are all births of earlier dumps gone, or were there none? That of most rows. */
static inline bool life_row_none(const struct life_row *r)
{
	uint32_t w[VERDICT_BOUNDS], any = 0;
	memcpy(w, r->key.prev, sizeof(w));
	for (unsigned i = 0; i < VERDICT_BOUNDS; i++)
		any |= w[i];
	return any == 0;
}

/* Bytes of the row as it is stored, hash included. */
size_t life_row_size(const struct life_row *r);
/* Makes a row fit into LIFE_ROW_BYTES: its numbers lose their lowest bits, which only counts of many millions have. */
void life_row_fit(struct life_row *r);
/* The parts of the rows there are, which rise by id: find them from now on. */
void life_sorted(struct life *l);
/* A new row, still to be filled. */
struct life_row *life_row_new(struct life *l, uint64_t id, enum life_kind kind);
