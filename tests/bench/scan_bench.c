/* How fast the scanner reads a dump. SPDX-License-Identifier: BSD-2-Clause
 *
 *   scan_bench DUMP [ROUNDS] [IMPL]      MB/s of CPU time for each implementation, best of ROUNDS (default 5)
 *
 * The dump is loaded before and fed in pieces of 256 KiB, as the daemon reads them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "scan/scanner.h"

enum { PIECE = 256 * 1024 };

struct sum {
	uint64_t objects, bytes, edges;
};

static void on_object(void *ctx, const struct heap_obj *o)
{
	struct sum *t = ctx;
	t->objects++;
	t->bytes += o->memsize;
	t->edges += o->nrefs;
}

static void on_refs(void *ctx, const uint64_t *addr, size_t n)
{
	(void)addr;
	((struct sum *)ctx)->edges += n;
}

static double cpu_now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint8_t *load(const char *path, size_t *ret_n)
{
	FILE *f = fopen(path, "rb");
	if (!f || fseek(f, 0, SEEK_END) != 0) {
		perror(path);
		return NULL;
	}
	size_t n = (size_t)ftell(f);
	rewind(f);
	uint8_t *p = xcalloc(n + SCAN_PAD, 1);
	*ret_n = fread(p, 1, n, f);
	fclose(f);
	return p;
}

static double run(enum scan_impl impl, bool hash, const uint8_t *p, size_t n, struct sum *t, const char **ret_name)
{
	struct scanner_opts opts = {.impl = impl, .hash_key = "0123456789abcde", .hash_values = hash, .want_refs = true};
	struct scan_sink sink = {.ctx = t, .object = on_object, .refs = on_refs};
	*t = (struct sum){0};
	double from = cpu_now();
	struct scanner *s = scanner_new(&opts, &sink);
	for (size_t i = 0; i < n; i += PIECE)
		scanner_feed(s, p + i, n - i < PIECE ? n - i : PIECE);
	scanner_finish(s);
	double took = cpu_now() - from;
	*ret_name = strcmp(scanner_impl_name(s), "avx2") == 0 ? "avx2" : strcmp(scanner_impl_name(s), "sse2") == 0 ? "sse2" : "plain";
	scanner_free(s);
	return took;
}

int main(int argc, char **argv)
{
	size_t n = 0;
	if (argc < 2) {
		fprintf(stderr, "usage: scan_bench DUMP [ROUNDS] [IMPL]\n");
		return EXIT_FAILURE;
	}
	long rounds = argc > 2 ? strtol(argv[2], NULL, 10) : 5;
	long only = argc > 3 ? strtol(argv[3], NULL, 10) : 0;
	uint8_t *p = load(argv[1], &n);
	if (!p)
		return EXIT_FAILURE;
	static const enum scan_impl impls[] = {SCAN_SIMD, SCAN_SSE2, SCAN_PLAIN};
	for (size_t i = 0; i < 3; i++) {
		if (only && impls[i] != (enum scan_impl)only)
			continue;
		for (int hash = 1; hash >= 0; hash--) {
			double best = 1e9;
			struct sum t;
			const char *name = "";
			for (long k = 0; k < rounds; k++) {
				double took = run(impls[i], hash, p, n, &t, &name);
				best = took < best ? took : best;
			}
			printf("%-5s %s %6.0f MB/s  %.4f s  %llu objects, %llu bytes, %llu edges\n", name, hash ? "hash" : "    ",
			       (double)n / best / 1e6, best, (unsigned long long)t.objects, (unsigned long long)t.bytes,
			       (unsigned long long)t.edges);
		}
	}
	free(p);
	return EXIT_SUCCESS;
}
