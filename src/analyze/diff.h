/* What is new and stays: objects absent from the earliest dump and present in all others. SPDX-License-Identifier: BSD-2-Clause
 *
 * Pure functions over immutable summaries; any thread. An object is known again by:
 *
 *   generation  traced: an object of the last dump whose generation is below the GC count of an earlier dump was alive then, because
 *               it is alive now. So the answer is a range of generations of the last dump. Inside the generation during which a
 *               dump was taken the addresses of both decide (objects that the collector has not visited yet cannot move or die),
 *               else the answer is an interval.
 *   address     untraced, with all addresses at hand (files): same address, type and class. A hint: slots are reused.
 *   count       untraced, from a store: how much the number of objects of each key grew. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reduce/summary.h"

#define DIFF_GEN_UNKNOWN UINT32_MAX

/* An object of a dump whose addresses are known. */
struct diff_object {
	uint64_t addr;
	uint32_t key;        /* index into the keys of its dump */
	uint32_t generation; /* DIFF_GEN_UNKNOWN */
	uint32_t bytes;      /* memsize, at most UINT32_MAX */
};

enum { DIFF_DUMPS = 16 }; /* dumps compared at most */

struct diff_dump {
	const struct dump_summary *s;  /* with keys, genkeys, edge_addrs */
	const struct diff_object *obj; /* by rising address; NULL: not at hand */
	size_t nobj;
};

enum diff_identity { DIFF_GENERATION, DIFF_ADDRESS, DIFF_COUNT };

/* A key of the last dump with what is new in it. */
struct diff_row {
	uint32_t type, klass, file, line;     /* name ids of the last dump; file 0 also where sites cannot be compared */
	uint64_t count_low, count_high;       /* equal when exact */
	uint64_t bytes_low, bytes_high;
	uint64_t generation_min, generation_max; /* of the certain ones; UINT64_MAX without */
};

struct diff {
	enum diff_identity identity;
	struct diff_row *rows;      /* by bytes_low, count_low, then the highs (falling), then names */
	size_t n;
	uint64_t count_low, count_high, bytes_low, bytes_high; /* over all rows */
	bool exact;                 /* no interval anywhere */
	bool compacted;             /* compact_count moved between the first and the last dump */
	bool sites_lost;            /* ... of a Ruby before 3.4: sites and generations are not to be trusted, sites are left out */
	bool other_process;         /* not all dumps are of one process: only counts can be compared */
	bool without_garbage;       /* count: all dumps have a graph, so unreachable objects are left out */
	bool untraced_earliest;     /* the last dump is traced, the first is not */
	uint64_t boundary_first, boundary_last; /* the generations inside which the earliest dump was taken (generation) */
};

/* Compares n >= 2 dumps (at most DIFF_DUMPS), earliest first. Free with diff_done. O(keys + generations x keys), with addresses
 * O(objects x dumps). */
void analyze_diff(const struct diff_dump *d, size_t n, struct diff *ret);
void diff_done(struct diff *r);
