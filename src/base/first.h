/* The first few of many in order. SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include <stddef.h>

/* Puts the `first` first elements of an array of n, each of `size` bytes, in order to its front; the others follow in any order. All of
 * them when first >= n. As qsort otherwise, cmp is its. O(n + k log k log n) mostly: a heap of `first` that most elements do not enter
 * (Knuth, TAOCP 3, 5.2.3). */
void sort_first(void *base, size_t n, size_t size, size_t first, int (*cmp)(const void *, const void *));
