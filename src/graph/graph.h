/* Who holds whom. SPDX-License-Identifier: BSD-2-Clause
 *
 * Collects objects and references while a dump is scanned (compactly), and draws the conclusions at its end.
 * Edges: an object's `references`, and its class, which Ruby marks but does not write, except for IMEMO,
 * whose class is noise. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "reduce/reducer.h"

struct graph;

struct graph_opts {
	uint64_t memory;  /* bytes this graph may take; over it the graph gives up and frees everything; 0 = no limit */
	/* Called from graph_finish when a phase begins, and with "end" at last: for those who time or watch it. NULL: nobody. */
	void (*phase)(void *ctx, const char *name);
	void *phase_ctx;
	bool trail;           /* the way to the object at trail_addr is asked for */
	uint64_t trail_addr;
};

enum trail_what { TRAIL_NO_GRAPH, TRAIL_UNKNOWN, TRAIL_GARBAGE, TRAIL_FOUND };

struct trail_step {
	struct sum_object o;      /* names of the trail; bytes its own */
	uint32_t name;            /* as a path shows it: "@cache -> Hash" */
	uint64_t step;            /* from 1; where one is missing the middle was left out */
	struct tally retained;
};

/* A shortest path from a root to an object. */
struct graph_trail {
	enum trail_what what;
	struct strtab names;
	uint32_t root;            /* "vm" */
	struct trail_step *step;  /* the object itself comes last */
	size_t n;
	uint64_t length;          /* steps in all */
};

struct graph *graph_new(const struct graph_opts *opts);
void graph_free(struct graph *g);
/* From scan_sink: a batch of references of the record being read; drop takes them back. */
void graph_refs(struct graph *g, const uint64_t *addr, size_t n);
void graph_drop(struct graph *g);
/* An object, with its slot of the reducer; takes the last batch (o->refs) and all pending ones. */
void graph_object(struct graph *g, const struct heap_obj *o, uint32_t slot);
void graph_root(struct graph *g, uint32_t name, const uint64_t *addr, size_t n, bool last);
void graph_shape(struct graph *g, const struct heap_shape *s);
/* Names that the gem sends with a dump, in the form of ROOT lines, which every reader of dumps can read (doc/hda-protocol.7):
 * "hda: constant Foo::REGISTRY". They are no roots and hold nothing. Those from the GRAPH_NAMES_MAX-th on are ignored. */
enum { GRAPH_NAMES_MAX = 1 << 14 };
#define GRAPH_NAME_PREFIX "hda: "
/* Whether that is the name of such a line. */
static inline bool graph_name_root(struct span root)
{
	return root.n >= sizeof(GRAPH_NAME_PREFIX) && !memcmp(root.p, GRAPH_NAME_PREFIX, sizeof(GRAPH_NAME_PREFIX) - 1);
}
/* These objects are called so: a name of the scanner, prefix included. */
void graph_name(struct graph *g, uint32_t name, const uint64_t *addr, size_t n);
/* 0 while all is well; HDA_ELIMIT once it passed its memory (it is then empty and ignores everything). */
int graph_state(const struct graph *g);
/* Draws the conclusions into *s: most referenced objects (also without roots), and with roots everything under "graph".
 * Call after reducer_finish. Says in s->no_graph_why why there is no graph. */
void graph_finish(struct graph *g, const struct scanner *sc, const struct reducer *r, struct dump_summary *s);
/* With graph_opts.trail, once, after graph_finish: the caller frees it with graph_trail_free. */
struct graph_trail *graph_take_trail(struct graph *g);
void graph_trail_free(struct graph_trail *t);
/* Bytes held now, and the most that were held at one time. */
size_t graph_memory(const struct graph *g);
size_t graph_memory_peak(const struct graph *g);
