/* Dump files through pipelines, several at once. SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include "cli/input.h"
#include "daemon/pipeline.h"
#include "query/census.h"

enum {
	READER_AT_ONCE = 16,              /* files at a time at most; else one a processor */
	READER_SHARE_LEAST = 16 << 20,    /* bytes of graph_memory that a file gets at least ... */
	READER_SHARE_PACKED = 16,         /* ... and so many times its size when it is compressed; else its size: Ruby's need a third of it */
};

struct reader_opts {
	struct pipeline_opts pipeline;    /* graph_memory is shared by the files being read; census is reader's own */
	bool census;                      /* note the objects */
	struct input_name over;           /* what takes the place of the names' figures */
	bool pid_of_name;                 /* but a pid in the name stands */
};

/* What came of a file. */
struct reader_dump {
	const struct input_file *file;
	char *why;                        /* NULL, or a line for people: why there is no dump, or why it is partial */
	struct dump_summary *sum;         /* NULL: there is none; else for the one who takes it */
	struct census_dump *census;       /* with opts.census, where there is a summary; likewise */
	struct pipeline *pipeline;        /* finished */
};

/* Reads all files of l and gives each to `take`, one at a time and in their order, whichever is read first. A file whose graph needs more
 * than its share is read again while no other is, so what comes of it does not depend on the others. Shows a progress bar. The threads
 * end before it returns; `take` may run in any of them. */
void reader_run(const struct input_list *l, const struct reader_opts *o, void (*take)(void *ctx, struct reader_dump *d), void *ctx);
