/* Dumps in memory, for the scanner's tests. SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Bytes with SCAN_PAD readable ones behind. The owner frees p. */
struct dump_bytes {
	uint8_t *p;
	size_t n;
};

struct dump_bytes dump_copy(const void *p, size_t n);
/* Unpacks a .zst file; fails the test when it cannot. */
struct dump_bytes dump_load(const char *path);
