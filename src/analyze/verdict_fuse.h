/* Inside the verdict: fusing lives. SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include "analyze/verdict.h"

/* All keys of all lives, equal fingerprints fused; returns how many. The caller frees each one's ids, and *ret. */
size_t verdict_fuse(struct verdict_life *lives, size_t nlives, struct verdict_fused **ret);
