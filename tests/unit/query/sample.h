/* Summaries made by hand, and answers caught. SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "query/census.h"
#include "query/query.h"
#include "reduce/summary.h"
#include "store/store.h"

/* An object of a heap that the tests play. */
struct sample_obj {
	uint64_t addr, bytes, generation; /* generation UINT64_MAX: not traced */
	const char *type, *klass, *file;
	uint32_t line;
};

struct sample {
	struct sample_obj *o;
	size_t n, cap;
};

void sample_add(struct sample *h, uint64_t addr, uint64_t bytes, uint64_t generation, const char *type, const char *klass,
    const char *file, uint32_t line);
void sample_done(struct sample *h);
/* What the reducer would make of this heap: keys, gens, genkeys, edge_addrs, totals. The key of each object goes to keys (may be
 * NULL). pid and jobs into the header, time = 1000 * jobs. */
struct dump_summary *sample_summary(const struct sample *h, uint64_t pid, uint64_t jobs, uint32_t *keys);
/* Frees s, returns its id in the store. */
uint64_t sample_put(struct store *st, struct dump_summary *s);
struct store *sample_store(void);
/* Adds the heap to the census under a dump id, with the keys of sample_summary. */
void sample_census(struct query_census *c, const struct sample *h, const uint32_t *keys, uint64_t dump);

/* An answer, copied. */
struct caught {
	struct arena mem;
	struct row *rows;
	size_t n, cap;
	struct row dump;      /* n == 0: none came */
	char notes[4096];
	char *text;
	int status;
	size_t stop_after;    /* 0 never, else the sink says stop after so many rows */
};

/* Asks. line: "top last --by type -n 3", words by blanks; a word after --name is its value unless it begins with -- ; -n N as
 * {"n": N}; other words are "dump", but the second one of `generation` is "generation". */
void ask(struct caught *c, const struct query_ctx *q, const char *line);
void caught_done(struct caught *c);
/* Cells of row i; a missing column fails the test. */
const struct val *cell(const struct caught *c, size_t i, const char *name);
uint64_t cell_u(const struct caught *c, size_t i, const char *name);
double cell_r(const struct caught *c, size_t i, const char *name);
/* A text as a C string, "(null)" for null. */
const char *cell_s(const struct caught *c, size_t i, const char *name);
/* The first row from `from` on whose column holds this text, SIZE_MAX when there is none. */
size_t find_row(const struct caught *c, size_t from, const char *name, const char *text);
