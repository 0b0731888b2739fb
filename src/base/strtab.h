/* Strings to dense numbers and back. SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/span.h"

/* Embedded; strtab_init before use. Id 0 is reserved: it means "null" everywhere in hda; the first
 * string gets 1. Any bytes, NUL included. One thread at a time. */
struct strtab {
	struct arena text;
	struct strtab_entry *entries; /* by id; [0] is unused */
	uint32_t n, cap;              /* n: ids given out, so ids are 1..n */
	uint32_t *slots;              /* open addressing, power of two, 0 = empty */
	uint32_t mask;
};

struct strtab_entry {
	const char *p; /* NUL-terminated for convenience */
	uint32_t n;
	uint32_t hash;
};

void strtab_init(struct strtab *t);
void strtab_done(struct strtab *t);
/* Makes *ret (overwritten) a copy of t with the same ids; much cheaper than interning again. */
void strtab_clone(struct strtab *ret, const struct strtab *t);
/* The id of these bytes, new or old. */
uint32_t strtab_intern(struct strtab *t, struct span s);
/* The id of these bytes, or 0 when they were never interned. */
uint32_t strtab_find(const struct strtab *t, struct span s);
/* The bytes of an id; {NULL, 0} for 0. Valid as long as the table. NUL-terminated. */
struct span strtab_get(const struct strtab *t, uint32_t id);
/* The same as a C string; NULL for 0. */
const char *strtab_str(const struct strtab *t, uint32_t id);
/* Bytes of memory held. */
size_t strtab_memory(const struct strtab *t);
