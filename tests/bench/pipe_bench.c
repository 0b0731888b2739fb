/* One dump through the pipeline, timed. SPDX-License-Identifier: BSD-2-Clause
 *
 *	pipe_bench read|scan|tally|reduce|edges|graph [plain|simd] [memory] FILE
 *
 * read: the bytes loaded as words and added up, nothing else; scan: the scanner alone; tally: and the tallies and references, but
 * no duplicate strings (the baseline's work, and still (generation x key) and the lists); reduce: all tallies; edges: and
 * every reference collected; graph: the whole pipeline with its conclusions.
 * Reads the file as file mode does; with memory the file is loaded before the clock starts, as simdjson_baseline
 * does. Prints one line of JSON: CPU and wall seconds, bytes, objects, peak RSS. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/input.h"
#include "daemon/pipeline.h"
#include "reduce/reducer.h"

enum { PIECE = 256 * 1024 };

enum what { WHAT_READ, WHAT_SCAN, WHAT_TALLY, WHAT_REDUCE, WHAT_EDGES, WHAT_GRAPH };
static const char *const what_names[] = {"read", "scan", "tally", "reduce", "edges", "graph"};

/* Where the bytes come from: a file, or memory that holds all of it. */
struct source {
	const char *path;
	int fd;
	uint8_t *p; /* NULL: the file */
	size_t n;
};

struct bench {
	enum what what;
	struct scanner *scan;
	struct reducer *reduce;
	uint64_t *edges; /* every reference, as simdjson_baseline keeps them */
	size_t nedges, cap_edges;
	uint64_t objects;
};

static double seconds(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool wants_edges(enum what w) { return w == WHAT_EDGES || w == WHAT_TALLY; }

static void on_refs(void *ctx, const uint64_t *addr, size_t n)
{
	struct bench *b = ctx;
	if (b->nedges + n > b->cap_edges) {
		b->cap_edges = (b->nedges + n) * 2;
		uint64_t *more = xarray(b->cap_edges, sizeof(*b->edges));
		if (b->nedges)
			memcpy(more, b->edges, b->nedges * sizeof(*more));
		free(b->edges);
		b->edges = more;
	}
	for (size_t i = 0; i < n; i++) /* one or two, mostly */
		b->edges[b->nedges++] = addr[i];
}

static void on_objects(void *ctx, const struct heap_obj *o, size_t n)
{
	struct bench *b = ctx;
	uint32_t slots[REDUCER_BATCH];
	b->objects += n;
	for (size_t i = 0; i < n && b->what >= WHAT_TALLY; i += REDUCER_BATCH)
		reducer_add_all(b->reduce, o + i, n - i < REDUCER_BATCH ? n - i : REDUCER_BATCH, slots);
	for (size_t i = 0; i < n && wants_edges(b->what); i++)
		if (o[i].nrefs)
			on_refs(b, o[i].refs, o[i].nrefs);
}

static void on_object(void *ctx, const struct heap_obj *o) { on_objects(ctx, o, 1); }

static void die(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

static void load(struct source *in)
{
	struct stat st;
	if (fstat(in->fd, &st) != 0)
		die("pipe_bench: stat");
	in->p = xcalloc((size_t)st.st_size + SCAN_PAD, 1);
	ssize_t n;
	while ((n = read(in->fd, in->p + in->n, (size_t)st.st_size - in->n)) > 0)
		in->n += (size_t)n;
	if (n < 0)
		die("pipe_bench: read");
}

static void feed_all(const struct source *in, void (*feed)(void *ctx, const uint8_t *p, size_t n), void *ctx)
{
	for (size_t i = 0; i < in->n; i += PIECE)
		feed(ctx, in->p + i, in->n - i < PIECE ? in->n - i : PIECE);
	if (in->p)
		return;
	struct input *file;
	char *why;
	const uint8_t *p;
	ssize_t n;
	if (input_open(in->path, &file, &why) < 0)
		die(why);
	input_map(file);
	while ((n = input_read(file, &p)) > 0)
		feed(ctx, p, (size_t)n);
	if (n < 0)
		die(input_error(file));
	input_free(file);
}

static void feed_scanner(void *ctx, const uint8_t *p, size_t n) { scanner_feed(ctx, p, n); }
static void feed_pipeline(void *ctx, const uint8_t *p, size_t n) { pipeline_feed(ctx, p, n); }

static struct dump_summary *run_parts(struct bench *b, const struct scanner_opts *opts, const struct source *in)
{
	const struct scan_sink sink = {.ctx = b, .object = on_object, .objects = on_objects, .refs = wants_edges(b->what) ? on_refs : NULL};
	b->scan = scanner_new(opts, &sink);
	b->reduce = reducer_new(&(struct reducer_opts){0});
	feed_all(in, feed_scanner, b->scan);
	scanner_finish(b->scan);
	struct dump_summary *s = summary_new();
	if (b->what >= WHAT_TALLY)
		reducer_finish(b->reduce, b->scan, s);
	s->objects = b->objects;
	s->input_bytes = scanner_stats(b->scan)->bytes;
	return s;
}

static void sum_words(void *ctx, const uint8_t *p, size_t n)
{
	uint64_t *sum = ctx;
	sum[1] += n;
	for (size_t i = 0; i + sizeof(uint64_t) <= n; i += sizeof(uint64_t)) {
		uint64_t w;
		memcpy(&w, p + i, sizeof(w));
		sum[0] += w;
	}
}

/* The sum goes where the duplicates' would, so that it is not optimised away. */
static struct dump_summary *run_read(const struct source *in)
{
	uint64_t sum[2] = {0};
	feed_all(in, sum_words, sum);
	struct dump_summary *s = summary_new();
	s->dup_groups = sum[0];
	s->input_bytes = sum[1];
	return s;
}

static struct dump_summary *run_graph(const struct scanner_opts *opts, const struct source *in)
{
	struct pipeline *p = pipeline_new(&(struct pipeline_opts){.scan = *opts, .graph = true, .graph_memory = UINT64_MAX});
	feed_all(in, feed_pipeline, p);
	struct dump_header head;
	dump_header_init(&head);
	struct dump_summary *s = pipeline_finish(p, &head, false);
	pipeline_free(p);
	return s;
}

int main(int argc, char **argv)
{
	struct bench b = {0};
	while (argc > 2 && b.what <= WHAT_GRAPH && strcmp(argv[1], what_names[b.what]) != 0)
		b.what++;
	if (argc < 3 || b.what > WHAT_GRAPH) {
		fprintf(stderr, "usage: pipe_bench read|scan|tally|reduce|edges|graph [plain|simd] [memory] FILE\n");
		return 2;
	}
	struct source in = {.path = argv[argc - 1], .fd = open(argv[argc - 1], O_RDONLY | O_CLOEXEC)};
	if (in.fd < 0) {
		fprintf(stderr, "pipe_bench: %s: %s\n", argv[argc - 1], strerror(errno));
		return 1;
	}
	if (strcmp(argv[argc - 2], "memory") == 0)
		load(&in);
	const struct scanner_opts opts = {
		.impl = argc > 3 && strcmp(argv[2], "plain") == 0 ? SCAN_PLAIN : SCAN_AUTO,
		.hash_values = b.what >= WHAT_REDUCE,
		.want_refs = b.what == WHAT_GRAPH || wants_edges(b.what),
		.hash_key = "pipe_bench's key",
	};
	double wall = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
	struct dump_summary *s = b.what == WHAT_READ ? run_read(&in) : b.what == WHAT_GRAPH ? run_graph(&opts, &in) : run_parts(&b, &opts, &in);
	cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	wall = seconds(CLOCK_MONOTONIC) - wall;
	struct rusage ru;
	getrusage(RUSAGE_SELF, &ru);
	printf("{\"what\":\"%s\",\"cpu_s\":%.4f,\"wall_s\":%.4f,\"bytes\":%" PRIu64 ",\"objects\":%" PRIu64 ",\"keys\":%zu,\"generation_keys\":%zu,"
	       "\"duplicate_groups\":%" PRIu64 ",\"references\":%zu,\"rss_kib\":%ld}\n",
	    what_names[b.what], cpu, wall, s->input_bytes, s->objects, s->nkeys, s->ngenkeys, s->dup_groups, b.nedges, ru.ru_maxrss);
	summary_free(s);
	reducer_free(b.reduce);
	scanner_free(b.scan);
	free(b.edges);
	free(in.p);
	close(in.fd);
	return 0;
}
