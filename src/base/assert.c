/* Assertions. SPDX-License-Identifier: BSD-2-Clause */
#include "base/assert.h"

#include <stdio.h>
#include <stdlib.h>

void hda_assert_failed(const char *what, const char *file, int line, const char *func)
{
	fprintf(stderr, "<0>hda: bug: assertion \"%s\" failed in %s at %s:%d\n", what, func, file, line);
	abort();
}
