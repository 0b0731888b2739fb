/* scan -> reduce -> graph, wired together: the one file to read to follow a byte. SPDX-License-Identifier: BSD-2-Clause
 *
 * Used by hdad for each dump in flight and by hdactl -f for each file. One thread at a time. No I/O, no clock, no log. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "graph/graph.h"
#include "reduce/summary.h"
#include "scan/scanner.h"

struct pipeline;

struct pipeline_opts {
	struct scanner_opts scan;
	bool graph;             /* analyse the graph */
	uint64_t graph_memory;  /* bytes */
	bool trail;             /* the way to the object at trail_addr is asked for (with graph) */
	uint64_t trail_addr;
	/* Called for each object after the reducer saw it (file mode's diff by address); may be NULL. */
	void (*census)(void *ctx, const struct heap_obj *o, uint32_t slot);
	void *census_ctx;
};

struct pipeline *pipeline_new(const struct pipeline_opts *opts);
void pipeline_free(struct pipeline *p);
/* The next bytes of the dump; SCAN_PAD readable bytes must lie behind them. */
void pipeline_feed(struct pipeline *p, const uint8_t *bytes, size_t n);
/* Bytes, objects and bad lines so far (for progress). */
const struct scan_stats *pipeline_stats(const struct pipeline *p);
/* The graph needed more than graph_memory: there will be none. */
bool pipeline_over_memory(const struct pipeline *p);
/* The end: a new summary with a copy of *head; partial as the caller knows. The caller frees it with summary_free. */
struct dump_summary *pipeline_finish(struct pipeline *p, const struct dump_header *head, bool partial);
/* After pipeline_finish, until pipeline_free: index into keys of a census slot. */
uint32_t pipeline_slot_key(const struct pipeline *p, uint32_t slot);
/* With trail, once, after pipeline_finish: what graph_take_trail gives. */
struct graph_trail *pipeline_take_trail(struct pipeline *p);
