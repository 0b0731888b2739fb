/* A name of a summary as JSON, for the programs that tests compare with an oracle. SPDX-License-Identifier: BSD-2-Clause */
#ifndef HDA_TESTS_NAMES_JSON_H
#define HDA_TESTS_NAMES_JSON_H

#include <stdint.h>
#include <stdio.h>

#include "base/strtab.h"

/* Id 0, the empty name, is null: unknown. */
static inline void print_name(const struct strtab *names, uint32_t id)
{
	struct span t = strtab_get(names, id);
	if (id == 0) {
		printf("null");
		return;
	}
	putchar('"');
	for (size_t i = 0; i < t.n; i++) {
		if (t.p[i] < 0x20 || t.p[i] == '"' || t.p[i] == '\\')
			printf("\\u%04x", t.p[i]);
		else
			putchar(t.p[i]);
	}
	putchar('"');
}

#endif
