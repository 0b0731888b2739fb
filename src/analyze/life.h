/* From the summaries of one process life to what the verdict judges. SPDX-License-Identifier: BSD-2-Clause
 *
 * Rows are keys (type, class, site) with the births of their objects where allocations were traced; without tracing, the objects
 * of a signature (class and holder path); and containers with their lengths, of many of one signature what they contain together. Only
 * what moved is kept: a traced key without a birth since the first dump has no row, a level that never changed is its one number. A life
 * is fed one dump at a time and can be written down and read again in between (life_encode_head, life_encode_rows,
 * life_decode): the answer is the same as if it had stayed in memory.
 * Pure; one thread. */
#pragma once

#include <stdbool.h>

#include "analyze/verdict.h"
#include "base/cursor.h"
#include "reduce/summary.h"

enum {
	LIFE_KEYS = 32768,   /* rows followed per life; what comes later is not judged, and summed up in `other` */
	LIFE_ROW_BYTES = 96, /* bytes of one row as it is stored, at most */
	LIFE_JUDGED = 1024,  /* rows weighed after a dump, those first that gained most bytes */
	LIFE_PATH = 32,      /* steps of a holder path that are compared */
	LIFE_KNOWN = 64,     /* labels remembered per life; the oldest that are gone make room */
	LIFE_VERSION = 18,    /* first byte of both records; another one is read as "not there", and the life is built again */
};

struct life;

struct life *life_new(void);
void life_free(struct life *l);
/* The next dump of this life, with LIFE_PARTS loaded. Partial ones change nothing. */
void life_add(struct life *l, const struct dump_summary *s);
/* Weighs what moved. s: the dump given to life_add last (its names are copied). Afterwards life_verdict has the answer. */
void life_weigh(struct life *l, const struct dump_summary *s);
/* For verdict_new: as life_weigh or life_decode left it; belongs to the life, valid until the next of them. */
struct verdict_life *life_verdict(struct life *l);

/* What was said of this life before. */
struct life_known {
	uint32_t id;           /* series_id's, 24 bits */
	uint8_t label;         /* enum verdict_label now */
	double first_seen;     /* time of the dump after which it was first a leak, 0 never */
	double gone;           /* time of the dump after which it no longer was, 0: it is there */
	char rev[HEADER_LABEL]; /* revision at first_seen */
};
/* The entry of an id, or a new one; NULL when ret_new is NULL and there is none. */
struct life_known *life_know(struct life *l, uint32_t id, bool *ret_new);
const struct life_known *life_known(const struct life *l, size_t *ret_n);

/* Appends the records: head (time, what was weighed, what is known) and rows (the state by key). */
void life_encode_head(const struct life *l, struct enc *e);
void life_encode_rows(const struct life *l, struct enc *e);
/* A life from its records, or NULL when they are damaged or of another version. Without rows (p NULL) it can be asked but not fed. */
struct life *life_decode(struct span head, struct span rows);

/* The last dump it was given, by its id in the store; the caller says (0: none). */
uint64_t life_dump(const struct life *l);
void life_set_dump(struct life *l, uint64_t dump);
/* Whole dumps counted. */
size_t life_dumps(const struct life *l);
/* False: no job counter was ever said, so a "job" is a thousandth of a dump interval. */
bool life_knows_jobs(const struct life *l);
/* True: births are known by allocation tracing. */
bool life_traced(const struct life *l);
/* Keys in the last dump; rows that are followed. */
size_t life_keys(const struct life *l);
size_t life_rows(const struct life *l);
/* What the last dump had and is not followed because there were LIFE_KEYS rows already. */
struct life_other {
	uint64_t rows;  /* keys, signatures, containers */
	double n, b;    /* objects and bytes of them; of containers only the number is known */
};
const struct life_other *life_other(const struct life *l);
/* Memory of the host in bytes, 0 unknown: the limit of a process whose control group has none. Before life_add. */
void life_set_host_memory(struct life *l, double bytes);
