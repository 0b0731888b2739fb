/* A dictionary in memory, and what every decoded summary must satisfy. For the record tests and the fuzz target `record`.
 * SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include "store/record.h"

struct memdict {
	struct dict d;
	struct strtab names;
	uint32_t (*keys)[4];      /* by number - 1 */
	struct dict_sig *sigs;    /* by number - 1 */
	size_t nkeys, cap_keys, nsigs, cap_sigs;
};

void memdict_init(struct memdict *m);
void memdict_done(struct memdict *m);
/* NULL, or what a later stage would trip over: an index or a name outside its table, a wrong
 * order. (Circles of parents pass: those who walk them count their steps.) */
const char *summary_fault(const struct dump_summary *s);
