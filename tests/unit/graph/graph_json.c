/* Reads a dump from standard input and prints what the graph concludes. SPDX-License-Identifier: BSD-2-Clause
 *
 *	graph_json [MEMORY] < DUMP
 *
 * Wires scanner, reducer and graph by hand rather than by the pipeline, so that times (CPU seconds) and memory of the graph alone can be
 * shown: they go to standard error. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "graph/graph.h"
#include "names_json.h"

enum { CHUNK = 256 * 1024 };

struct wires {
	struct reducer *r;
	struct graph *g;
	bool no_graph;
};

static void on_object(void *ctx, const struct heap_obj *o)
{
	struct wires *w = ctx;
	uint32_t slot = reducer_add(w->r, o);
	if (!w->no_graph)
		graph_object(w->g, o, slot);
}

static void on_refs(void *ctx, const uint64_t *addr, size_t n)
{
	struct wires *w = ctx;
	if (!w->no_graph)
		graph_refs(w->g, addr, n);
}

static void on_drop(void *ctx) { graph_drop(((struct wires *)ctx)->g); }

static void on_root(void *ctx, uint32_t name, const uint64_t *addr, size_t n, bool last)
{
	struct wires *w = ctx;
	if (last)
		reducer_root(w->r, name, n);
	graph_root(w->g, name, addr, n, last);
}

static void on_shape(void *ctx, const struct heap_shape *shape) { graph_shape(((struct wires *)ctx)->g, shape); }

/* --- printing --- */

static const struct dump_summary *s;
static const char *sep = "";

static void text(uint32_t id) { print_name(&s->names, id); }

static void tally(struct tally t) { printf(",%" PRIu64 ",%" PRIu64, t.count, t.bytes); }

static void number(const char *name, uint64_t v) { printf("\"%s\":%" PRIu64 ",\n", name, v); }

static void list(const char *name)
{
	printf("\"%s\":[", name);
	sep = "\n";
}

static void row(void)
{
	printf("%s[", sep);
	sep = ",\n";
}

static void objects(const char *name, const struct sum_object *o, size_t n)
{
	list(name);
	for (size_t i = 0; i < n; i++) {
		row();
		printf("\"0x%" PRIx64 "\",", o[i].addr);
		text(o[i].type);
		putchar(',');
		text(o[i].klass);
		printf(",%" PRIu64 ",%" PRIu64 "]", o[i].bytes, o[i].refs);
	}
	printf("],\n");
}

static void groups(const char *name, const struct sum_ret *r, size_t n)
{
	list(name);
	for (size_t i = 0; i < n; i++) {
		row();
		text(r[i].name);
		printf(",%" PRIu32, r[i].line);
		tally(r[i].retained);
		printf("]");
	}
	printf("],\n");
}

static void keys(void)
{
	list("keys");
	for (size_t i = 0; i < s->nkeys; i++) {
		const struct sum_key *k = &s->keys[i];
		row();
		text(k->type);
		putchar(',');
		text(k->klass);
		putchar(',');
		text(k->file);
		printf(",%" PRIu32, k->line);
		tally(k->garbage);
		tally(k->retained);
		printf("]");
	}
	printf("],\n");
}

static void sig_path(uint32_t i)
{
	if (s->sigs[i].parent != UINT32_MAX) {
		sig_path(s->sigs[i].parent);
		putchar(',');
	}
	text(s->sigs[i].klass);
}

static void sigs(void)
{
	list("sigs");
	for (size_t i = 0; i < s->nsigs; i++) {
		row();
		printf("\"%016" PRIx64 "\",%" PRIu32, s->sigs[i].id, s->sigs[i].repeat);
		tally(s->sigs[i].own);
		tally(s->sigs[i].retained);
		printf(",[");
		sig_path((uint32_t)i);
		printf("],");
		text(s->sigs[i].label);
		printf("]");
	}
	printf("],\n");
}

static void holders(void)
{
	list("holders");
	for (size_t i = 0; i < s->nholders; i++) {
		row();
		text(s->holders[i].text);
		printf(",\"%016" PRIx64 "\"", s->sigs[s->holders[i].sig].id);
		tally(s->holders[i].own);
		tally(s->holders[i].retained);
		printf(",\"0x%" PRIx64 "\"]", s->holders[i].addr);
	}
	printf("],\n");
	list("containers");
	for (size_t i = 0; i < s->ncontainers; i++) {
		const struct sum_container *c = &s->containers[i];
		row();
		text(c->type);
		putchar(',');
		text(c->klass);
		printf(",%" PRIu64 ",\"%016" PRIx64 "\"", c->length, s->sigs[c->sig].id);
		tally(c->retained);
		printf(",\"0x%" PRIx64 "\"]", c->addr);
	}
	printf("],\n");
}

static void print_summary(void)
{
	printf("{\"has_graph\":%s,\n\"why\":", s->has_graph ? "true" : "false");
	text(s->no_graph_why);
	printf(",\n");
	number("reachable_objects", s->reachable.count);
	number("reachable_bytes", s->reachable.bytes);
	number("garbage_objects", s->garbage.count);
	number("garbage_bytes", s->garbage.bytes);
	number("dangling_references", s->dangling);
	objects("top_retained", s->top_retained, s->ntop_retained);
	objects("referenced", s->referenced, s->nreferenced);
	groups("ret_class", s->ret_class, s->nret_class);
	groups("ret_site", s->ret_site, s->nret_site);
	groups("ret_type", s->ret_type, s->nret_type);
	groups("ret_gem", s->ret_gem, s->nret_gem);
	keys();
	sigs();
	holders();
	printf("\"end\":0}\n");
}

static double cpu(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	const struct graph_opts opts = {.memory = argc > 1 ? strtoull(argv[1], NULL, 10) : 0};
	struct wires w = {.r = reducer_new(&(struct reducer_opts){0}), .g = graph_new(&opts), .no_graph = argc > 2};
	const struct scan_sink sink = {.ctx = &w, .object = on_object, .refs = on_refs, .drop = on_drop, .root = on_root, .shape = on_shape};
	const struct scanner_opts scan = {.hash_values = true, .want_refs = true};
	struct scanner *sc = scanner_new(&scan, &sink);
	uint8_t *buf = xcalloc(CHUNK + SCAN_PAD, 1);
	for (size_t n; (n = fread(buf, 1, CHUNK, stdin)) > 0;)
		scanner_feed(sc, buf, n);
	scanner_finish(sc);
	struct dump_summary *sum = summary_new();
	double t0 = cpu();
	reducer_finish(w.r, sc, sum);
	size_t scanned = graph_memory(w.g);
	double t1 = cpu();
	graph_finish(w.g, sc, w.r, sum);
	double t2 = cpu();
	fprintf(stderr, "scan %.3f s, reduce's end %.3f s, graph's end %.3f s; graph memory %.1f MB after the scan, %.1f MB at most;"
	    " %" PRIu64 " objects, %" PRIu64 " references\n", t0, t1 - t0, t2 - t1, (double)scanned / 1e6,
	    (double)graph_memory_peak(w.g) / 1e6, sum->objects, sum->edges);
	s = sum;
	print_summary();
	summary_free(sum);
	graph_free(w.g);
	reducer_free(w.r);
	scanner_free(sc);
	free(buf);
	return 0;
}
