/* Runs a fuzz target over its corpus, without libFuzzer. SPDX-License-Identifier: BSD-2-Clause
 *
 * fuzz_NAME [FILE ...]: the files, or all of $top_srcdir/tests/fuzz/corpus/NAME. TAP on stdout, one line a file; a target
 * that finds something aborts. */
#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "fuzz.h"

/* The file's bytes in a block of their exact size, so that AddressSanitizer sees every byte read too many. */
static bool replay(const char *path)
{
	FILE *f = fopen(path, "rb");
	if (!f)
		return false;
	uint8_t *p = NULL;
	size_t n = 0, cap = 0, k;
	do {
		cap = cap ? cap * 2 : 65536;
		p = xreallocarray(p, cap, 1);
		k = fread(p + n, 1, cap - n, f);
		n += k;
	} while (n == cap);
	bool good = !ferror(f);
	fclose(f);
	p = xreallocarray(p, n, 1);
	if (good)
		LLVMFuzzerTestOneInput(p, n);
	free(p);
	return good;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The corpus of the target whose program this is; *ret_n files. */
static char **corpus(const char *program, size_t *ret_n)
{
	const char *top = getenv("top_srcdir"), *name = strrchr(program, '/');
	name = name ? name + 1 : program;
	name += strncmp(name, "fuzz_", 5) == 0 ? 5 : 0;
	_cleanup_free_ char *dir_name = xasprintf("%s/tests/fuzz/corpus/%s", top ? top : ".", name);
	char **files = NULL;
	size_t n = 0, cap = 0;
	DIR *dir = opendir(dir_name);
	if (!dir)
		printf("# no folder %s\n", dir_name);
	for (struct dirent *e; dir && (e = readdir(dir));) {
		if (e->d_name[0] == '.')
			continue;
		files = xgrow(files, n, &cap, sizeof(*files));
		files[n++] = xasprintf("%s/%s", dir_name, e->d_name);
	}
	if (dir)
		closedir(dir);
	if (n)
		qsort(files, n, sizeof(*files), by_name);
	*ret_n = n;
	return files;
}

int main(int argc, char **argv)
{
	size_t n = 0, failed = 0;
	char **found = argc > 1 ? NULL : corpus(argv[0], &n);
	char **files = found ? found : argv + 1;
	n = found ? n : (size_t)argc - 1;
	printf("1..%zu\n", n ? n : 1);
	if (n == 0) {
		printf("not ok 1 - the corpus is empty\n");
		return EXIT_FAILURE;
	}
	for (size_t i = 0; i < n; i++) {
		const char *slash = strrchr(files[i], '/');
		printf("# %s\n", files[i]);
		fflush(stdout); /* a crash must leave the name behind */
		bool good = replay(files[i]);
		failed += !good;
		printf("%s %zu - %s\n", good ? "ok" : "not ok", i + 1, slash ? slash + 1 : files[i]);
	}
	for (size_t i = 0; found && i < n; i++)
		free(found[i]);
	free(found);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
