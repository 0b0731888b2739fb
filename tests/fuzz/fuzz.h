/* What a fuzz target is. SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Gets any bytes; aborts (HDA_ASSERT) when what it tests does not hold. Keeps nothing from call to call. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
