/* Questions to a store of many dumps, timed. SPDX-License-Identifier: BSD-2-Clause
 *
 *	query_bench STORE-DIRECTORY REPEAT [NAME...]
 *
 * STORE is what store_bench leaves; the answers are made by the code that hdad runs, in this process. Prints one JSON object a question:
 * {"name":, "n":, "wall_p50_ms":, "wall_p99_ms":, "cpu_p50_ms":, "cpu_p99_ms":, "rows":}. CPU is this thread's: on a machine that others
 * use, too, it says what the question costs, and wall what one waits there. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "query/query.h"

enum { ARGS = 3, MMAP_FROM = 8 << 20, KEEP_FREE = 32 << 20 /* as hdad has them */ };

static const struct question {
	const char *name, *cmd, *arg[ARGS][2];
} questions[] = {
    {"top", "top", {{NULL}}},
    {"top --by site", "top", {{"by", "site"}}},
    {"top --by key -n 0", "top", {{"by", "key"}, {"n", "0"}}},
    {"show", "show", {{NULL}}},
    {"trend", "trend", {{NULL}}},
    {"trend --by class", "trend", {{"by", "class"}}},
    {"trend --by site", "trend", {{"by", "site"}}},
    {"trend --by string --metric count", "trend", {{"by", "string"}, {"metric", "count"}}},
    {"trend --by holder", "trend", {{"by", "holder"}}},
    {"trend --last 0", "trend", {{"last", "0"}}},
    {"trend --last 0 --by site", "trend", {{"last", "0"}, {"by", "site"}}},
    {"diff first last", "diff", {{"dump", "first"}, {"dump", "last"}}},
    {"diff 500 900 last", "diff", {{"dump", "500"}, {"dump", "900"}, {"dump", "last"}}},
    {"leaks", "leaks", {{NULL}}},
    {"ps", "ps", {{NULL}}},
    {"dumps", "dumps", {{NULL}}},
};

static double now(clockid_t c)
{
	struct timespec t;
	clock_gettime(c, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int count_row(void *ctx, const struct row *row)
{
	(void)row;
	++*(size_t *)ctx;
	return 0;
}

static void no_note(void *ctx, const char *text)
{
	(void)ctx;
	(void)text;
}

static int cmp(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double percentile(double *v, size_t n, double p)
{
	size_t i = (size_t)(p * (double)n);
	return v[i < n ? i : n - 1];
}

static size_t ask(struct store *s, const struct question *q)
{
	struct query_ctx ctx = {.store = s, .now = 1.7e9};
	struct query_args args = {.n = 0};
	size_t rows = 0;
	struct row_sink sink = {.ctx = &rows, .row = count_row, .dump = NULL, .note = no_note};
	char *text = NULL;
	for (size_t i = 0; i < ARGS && q->arg[i][0]; i++)
		args.a[args.n++] = (struct query_arg){q->arg[i][0], val_str(q->arg[i][1])};
	int status = query_dispatch(&ctx, q->cmd, &args, &sink, &text);
	if (status != 200) {
		fprintf(stderr, "%s: %d %s\n", q->name, status, text ? text : "");
		exit(EXIT_FAILURE);
	}
	free(text);
	return rows;
}

static void measure(struct store *s, const struct question *q, size_t n)
{
	_cleanup_free_ double *wall = xcalloc(n, sizeof(*wall)), *cpu = xcalloc(n, sizeof(*cpu));
	size_t rows = ask(s, q); /* once to warm the page cache */
	for (size_t i = 0; i < n; i++) {
		double w = now(CLOCK_MONOTONIC), c = now(CLOCK_THREAD_CPUTIME_ID);
		ask(s, q);
		wall[i] = now(CLOCK_MONOTONIC) - w;
		cpu[i] = now(CLOCK_THREAD_CPUTIME_ID) - c;
	}
	qsort(wall, n, sizeof(*wall), cmp);
	qsort(cpu, n, sizeof(*cpu), cmp);
	printf("{\"name\":\"%s\",\"n\":%zu,\"wall_p50_ms\":%.2f,\"wall_p99_ms\":%.2f,\"cpu_p50_ms\":%.2f,\"cpu_p99_ms\":%.2f,\"rows\":%zu}\n",
	    q->name, n, percentile(wall, n, .5), percentile(wall, n, .99), percentile(cpu, n, .5), percentile(cpu, n, .99), rows);
	fflush(stdout);
}

static bool wanted(int argc, char **argv, const char *name)
{
	for (int i = 3; i < argc; i++) {
		if (strcmp(argv[i], name) == 0)
			return true;
	}
	return argc < 4;
}

int main(int argc, char **argv)
{
	struct store *s;
	char *why = NULL;
	mallopt(M_MMAP_THRESHOLD, MMAP_FROM);
	mallopt(M_TRIM_THRESHOLD, KEEP_FREE);
	if (argc < 3)
		return EXIT_FAILURE;
	int err = store_open(&s, &(struct store_opts){.dir = argv[1], .map_size = (uint64_t)4 << 30, .read_only = true}, &why);
	if (err < 0) {
		fprintf(stderr, "%s: %s\n", argv[1], why ? why : hda_strerror(err));
		return EXIT_FAILURE;
	}
	size_t n = strtoul(argv[2], NULL, 10);
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		if (wanted(argc, argv, questions[i].name))
			measure(s, &questions[i], n ? n : 1);
	}
	store_close(s);
	return EXIT_SUCCESS;
}
