/* Dumps in memory, for the scanner's tests. SPDX-License-Identifier: BSD-2-Clause */
#include "unit.h"

#include "scan_dumps.h"

#include <zstd.h>

#include "base/mem.h"
#include "scan/scanner.h"

struct dump_bytes dump_copy(const void *p, size_t n)
{
	struct dump_bytes d = {xmalloc(n + SCAN_PAD), n};
	if (n)
		memcpy(d.p, p, n);
	memset(d.p + n, 0, SCAN_PAD);
	return d;
}

static uint8_t *read_file(const char *path, size_t *ret_n)
{
	FILE *f = fopen(path, "rb");
	assert_non_null(f);
	assert_int_equal(fseek(f, 0, SEEK_END), 0);
	long size = ftell(f);
	assert_true(size >= 0);
	rewind(f);
	uint8_t *p = xmalloc((size_t)size);
	assert_int_equal(fread(p, 1, (size_t)size, f), size);
	fclose(f);
	*ret_n = (size_t)size;
	return p;
}

struct dump_bytes dump_load(const char *path)
{
	size_t n;
	uint8_t *packed = read_file(path, &n);
	struct dump_bytes d = {xmalloc(SCAN_PAD), 0};
	ZSTD_DCtx *z = ZSTD_createDCtx();
	ZSTD_inBuffer in = {packed, n, 0};
	size_t cap = 0, left = 1;
	while (in.pos < in.size || left) {
		if (d.n == cap) {
			cap = cap ? cap * 2 : 1 << 20;
			d.p = xreallocarray(d.p, cap + SCAN_PAD, 1);
		}
		ZSTD_outBuffer out = {d.p, cap, d.n};
		left = ZSTD_decompressStream(z, &out, &in);
		assert_false(ZSTD_isError(left));
		assert_false(out.pos == d.n && in.pos == in.size && left && d.n < cap);
		d.n = out.pos;
		if (in.pos == in.size && d.n < cap)
			break;
	}
	ZSTD_freeDCtx(z);
	memset(d.p + d.n, 0, SCAN_PAD);
	free(packed);
	return d;
}
