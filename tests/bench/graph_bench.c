/* The end of a dump by phases: time and memory of the graph alone. SPDX-License-Identifier: BSD-2-Clause
 *
 *	graph_bench [REPEAT] FILE
 *
 * Wires scanner, reducer and graph by hand, since the pipeline shows no phases. Prints a table: CPU nanoseconds an object of each phase
 * (the best of REPEAT, default 1), of these in the system, which is what new memory costs, bytes an object held when it began; then one
 * line of JSON: objects, references, seconds of the scan with reduce and logs, of the graph's end, and the most bytes the graph held. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "graph/graph.h"

enum { PIECE = 256 * 1024, PHASES = 32 };

struct times {
	double all, system;
};

struct phase {
	const char *name;
	struct times best, began;
	size_t held;
};

struct bench {
	struct reducer *r;
	struct graph *g;
	struct phase phase[PHASES];
	int n;
	struct times scan, end; /* best */
	uint64_t objects, references;
	size_t peak;
};

static struct times cpu(void)
{
	struct timespec t;
	struct rusage u;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	getrusage(RUSAGE_SELF, &u);
	return (struct times){(double)t.tv_sec + (double)t.tv_nsec / 1e9, (double)u.ru_stime.tv_sec + (double)u.ru_stime.tv_usec / 1e6};
}

static void on_object(void *ctx, const struct heap_obj *o)
{
	struct bench *b = ctx;
	graph_object(b->g, o, reducer_add(b->r, o));
}

static void on_refs(void *ctx, const uint64_t *addr, size_t n) { graph_refs(((struct bench *)ctx)->g, addr, n); }
static void on_drop(void *ctx) { graph_drop(((struct bench *)ctx)->g); }

static void on_root(void *ctx, uint32_t name, const uint64_t *addr, size_t n, bool last)
{
	struct bench *b = ctx;
	if (last)
		reducer_root(b->r, name, n);
	graph_root(b->g, name, addr, n, last);
}

static void on_shape(void *ctx, const struct heap_shape *s) { graph_shape(((struct bench *)ctx)->g, s); }

static void keep_best(struct times *best, struct times began, struct times ended)
{
	double all = ended.all - began.all;
	if (best->all == 0 || all < best->all)
		*best = (struct times){all, ended.system - began.system};
}

static void on_phase(void *ctx, const char *name)
{
	struct bench *b = ctx;
	struct times now = cpu();
	struct phase *p = &b->phase[b->n], *last = p - 1;
	if (b->n > 0)
		keep_best(&last->best, last->began, now);
	if (b->n + 1 < PHASES)
		b->n++;
	p->name = name;
	p->held = graph_memory(b->g);
	p->began = cpu();
}

static void run(struct bench *b, const char *file)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		perror(file);
		exit(1);
	}
	b->n = 0;
	b->r = reducer_new(&(struct reducer_opts){0});
	b->g = graph_new(&(struct graph_opts){.phase = on_phase, .phase_ctx = b});
	const struct scan_sink sink = {.ctx = b, .object = on_object, .refs = on_refs, .drop = on_drop, .root = on_root, .shape = on_shape};
	const struct scanner_opts opts = {.hash_values = true, .want_refs = true, .hash_key = "graph_bench key"};
	struct scanner *sc = scanner_new(&opts, &sink);
	_cleanup_free_ uint8_t *buf = xcalloc(PIECE + SCAN_PAD, 1);
	struct times t0 = cpu();
	for (ssize_t n; (n = read(fd, buf, PIECE)) > 0;)
		scanner_feed(sc, buf, (size_t)n);
	scanner_finish(sc);
	struct dump_summary *s = summary_new();
	reducer_finish(b->r, sc, s);
	struct times t1 = cpu();
	graph_finish(b->g, sc, b->r, s);
	struct times t2 = cpu();
	keep_best(&b->scan, t0, t1);
	keep_best(&b->end, t1, t2);
	b->objects = s->objects;
	b->references = s->edges;
	b->peak = graph_memory_peak(b->g);
	if (!s->has_graph)
		fprintf(stderr, "graph_bench: %s: %s\n", file, strtab_str(&s->names, s->no_graph_why));
	summary_free(s);
	graph_free(b->g);
	reducer_free(b->r);
	scanner_free(sc);
	close(fd);
}

int main(int argc, char **argv)
{
	struct bench b = {0};
	if (argc < 2) {
		fprintf(stderr, "usage: graph_bench [REPEAT] FILE\n");
		return 2;
	}
	for (int i = argc > 2 ? atoi(argv[1]) : 1; i > 0; i--)
		run(&b, argv[argc - 1]);
	double n = b.objects ? (double)b.objects : 1;
	printf("%-12s %10s %10s %14s\n", "phase", "ns/object", "in system", "bytes/object");
	for (int i = 0; i < b.n; i++) {
		const struct phase *p = &b.phase[i];
		printf("%-12s %10.1f %10.1f %14.1f\n", p->name, p->best.all * 1e9 / n, p->best.system * 1e9 / n, (double)p->held / n);
	}
	printf("{\"objects\":%" PRIu64 ",\"references\":%" PRIu64 ",\"scan_s\":%.4f,\"scan_system_s\":%.4f,\"graph_s\":%.4f,", b.objects,
	    b.references, b.scan.all, b.scan.system, b.end.all);
	printf("\"graph_to_scan\":%.3f,\"graph_ns_per_object\":%.1f,\"graph_system_ns\":%.1f,", b.end.all / b.scan.all, b.end.all * 1e9 / n,
	    b.end.system * 1e9 / n);
	printf("\"peak_bytes\":%zu,\"peak_bytes_per_object\":%.1f}\n", b.peak, (double)b.peak / n);
	return 0;
}
