/* The scanner: every implementation and every cut says the same. SPDX-License-Identifier: BSD-2-Clause
 *
 * The first byte chooses how the bytes are cut, the rest is the dump. */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "fuzz.h"
#include "scan/scan_record.h"

static uint64_t run(struct recording_opts o, const uint8_t *p, size_t n)
{
	struct recording r;
	recording_run(&r, &o, p, n);
	return r.hash;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	if (n == 0)
		return 0;
	uint8_t choice = p[0];
	uint8_t *copy = xmalloc(n - 1 + SCAN_PAD);
	memcpy(copy, p + 1, n - 1);
	memset(copy + n - 1, choice, SCAN_PAD); /* must not matter */
	size_t piece = 1 + (choice & 127);
	uint64_t want = run((struct recording_opts){.impl = SCAN_PLAIN}, copy, n - 1);
	HDA_ASSERT(run((struct recording_opts){.impl = SCAN_PLAIN, .piece = piece, .cut_seed = choice}, copy, n - 1) == want);
	HDA_ASSERT(run((struct recording_opts){.impl = SCAN_SIMD}, copy, n - 1) == want);
	struct recording_opts cut = {.impl = SCAN_SIMD, .piece = 8 * piece, .cut_seed = choice, .own = true};
	HDA_ASSERT(run(cut, copy, n - 1) == want);
	free(copy);
	return 0;
}
