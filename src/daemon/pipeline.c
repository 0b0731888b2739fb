/* scan -> reduce -> graph, wired together. SPDX-License-Identifier: BSD-2-Clause
 *
 * A piece of a dump goes into the scanner, which calls back once per record:
 *
 *	pipeline_feed -> scanner_feed -> on_objects -> reducer_add_all -> graph_object
 *	                               -> on_refs, on_drop        -> graph
 *	                               -> on_root  -> reducer_root, graph_root
 *	pipeline_finish -> scanner_finish, reducer_finish, graph_finish -> dump_summary
 */
#include "daemon/pipeline.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "graph/graph.h"
#include "reduce/reducer.h"

struct pipeline {
	struct pipeline_opts opts;
	struct scanner *scan;
	struct reducer *reduce;
	struct graph *graph;  /* NULL: not asked for */
	uint64_t root_refs;   /* of the ROOT lines so far */
	uint64_t names, name_refs; /* ROOT lines that only say what something is called */
};

static void on_objects(void *ctx, const struct heap_obj *o, size_t n)
{
	struct pipeline *p = ctx;
	uint32_t slots[REDUCER_BATCH];
	for (size_t i = 0; i < n; i++) {
		if (i % REDUCER_BATCH == 0)
			reducer_add_all(p->reduce, o + i, n - i < REDUCER_BATCH ? n - i : REDUCER_BATCH, slots);
		uint32_t slot = slots[i % REDUCER_BATCH];
		if (p->graph)
			graph_object(p->graph, &o[i], slot);
		if (p->opts.census)
			p->opts.census(p->opts.census_ctx, &o[i], slot);
	}
}

static void on_object(void *ctx, const struct heap_obj *o) { on_objects(ctx, o, 1); }

static void on_refs(void *ctx, const uint64_t *addr, size_t n)
{
	struct pipeline *p = ctx;
	if (p->graph)
		graph_refs(p->graph, addr, n);
}

static void on_drop(void *ctx)
{
	struct pipeline *p = ctx;
	if (p->graph)
		graph_drop(p->graph);
}

static void on_root(void *ctx, uint32_t name, const uint64_t *addr, size_t n, bool last)
{
	struct pipeline *p = ctx;
	uint64_t refs = scanner_stats(p->scan)->root_refs, here = refs - p->root_refs;
	bool says = graph_name_root(strtab_get(scanner_names(p->scan), name)); /* what something is called: holds nothing */
	if (last) {
		/* The scanner has counted this line; it hands its references over only when somebody wants them. */
		p->root_refs = refs;
		if (says) {
			p->names++;
			p->name_refs += here;
		} else {
			reducer_root(p->reduce, name, here);
		}
	}
	if (p->graph && says)
		graph_name(p->graph, name, addr, n);
	else if (p->graph)
		graph_root(p->graph, name, addr, n, last);
}

static void on_shape(void *ctx, const struct heap_shape *s)
{
	struct pipeline *p = ctx;
	if (p->graph)
		graph_shape(p->graph, s);
}

struct pipeline *pipeline_new(const struct pipeline_opts *opts)
{
	struct pipeline *p = xcalloc(1, sizeof(*p));
	p->opts = *opts;
	/* Without a graph nobody wants the references one by one. */
	p->opts.scan.want_refs = opts->scan.want_refs || opts->graph;
	const struct scan_sink sink = {
	    .ctx = p, .object = on_object, .objects = on_objects, .refs = on_refs, .drop = on_drop, .root = on_root, .shape = on_shape};
	p->scan = scanner_new(&p->opts.scan, &sink);
	p->reduce = reducer_new(&(struct reducer_opts){.keep_values = opts->scan.keep_values});
	if (opts->graph)
		p->graph = graph_new(&(struct graph_opts){.memory = opts->graph_memory, .trail = opts->trail, .trail_addr = opts->trail_addr});
	return p;
}

void pipeline_free(struct pipeline *p)
{
	if (!p)
		return;
	graph_free(p->graph);
	reducer_free(p->reduce);
	scanner_free(p->scan);
	free(p);
}

void pipeline_feed(struct pipeline *p, const uint8_t *bytes, size_t n) { scanner_feed(p->scan, bytes, n); }

const struct scan_stats *pipeline_stats(const struct pipeline *p) { return scanner_stats(p->scan); }

bool pipeline_over_memory(const struct pipeline *p) { return p->graph && graph_state(p->graph) == HDA_ELIMIT; }

struct dump_summary *pipeline_finish(struct pipeline *p, const struct dump_header *head, bool partial)
{
	scanner_finish(p->scan);
	struct dump_summary *s = summary_new();
	dump_header_copy(&s->head, head);
	s->partial = partial;
	reducer_finish(p->reduce, p->scan, s);
	s->roots -= p->names;
	s->root_refs -= p->name_refs;
	s->since = s->roots == 0;
	if (p->graph)
		graph_finish(p->graph, p->scan, p->reduce, s);
	return s;
}

uint32_t pipeline_slot_key(const struct pipeline *p, uint32_t slot) { return reducer_slot_key(p->reduce, slot); }

struct graph_trail *pipeline_take_trail(struct pipeline *p) { return p->graph ? graph_take_trail(p->graph) : NULL; }
