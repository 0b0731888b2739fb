/* A plain dump file where it lies in the page cache, a window at a time. SPDX-License-Identifier: BSD-2-Clause
 *
 * read(2) copies each byte once more: a fifth of the processor time of reading a dump. A file may become shorter meanwhile, or its
 * disk fail; the process then gets SIGBUS. That signal is handled here: zeros take the place of what is gone, and window_next says
 * so. So bytes can change between two looks at them, also by what another process writes: the scanner's bounds never rest on what it
 * has seen before. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

enum {
	WINDOW = 2 << 20, /* bytes at a time: what the kernel maps as one where it holds a file in large pages */
};

struct window;

/* Maps the size bytes of a regular file. NULL: this cannot be done here, read it. Free with window_free; a window's bytes are for the
 * thread that asked for them. Takes the process's SIGBUS for itself. */
struct window *window_new(int fd, uint64_t size);
void window_free(struct window *w);
/* The bytes from place `at` on up to the end of its window, or of the file but for its last SCAN_PAD: their number, *ret points at
 * them (until the next call, SCAN_PAD readable bytes behind). 0: the rest is to be read. HDA_EPARTIAL: of what was given out last, or of
 * the file, not all was there any more, since it has become shorter; -errno: it could not be read. Calls go forwards. */
HDA_MUST_CHECK ssize_t window_next(struct window *w, uint64_t at, const uint8_t **ret);
