/* A map from 64-bit numbers to 32-bit ones. SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Embedded; all-zero is an empty map. Every key is allowed. One thread at a time. */
struct u64map {
	uint64_t *keys;
	uint32_t *values;
	uint8_t *used; /* 1 where a slot is taken */
	size_t n, cap; /* cap: 0 or a power of two */
};

void u64map_done(struct u64map *m);
/* The place of the value of key, made with value 0 when new (*ret_new tells, may be NULL). Valid
 * until the next put. */
uint32_t *u64map_put(struct u64map *m, uint64_t key, bool *ret_new);
/* The place of the value of key, or NULL. */
uint32_t *u64map_get(const struct u64map *m, uint64_t key);
