/* Verdict: which rows are one leak. SPDX-License-Identifier: BSD-2-Clause For src/analyze/verdict*.c. */
#pragma once

#include "analyze/verdict.h"

/* Order of keys within a line: nearest to a root, containers before their entries, then the surest and largest. */
int verdict_by_depth(const void *a, const void *b); /* of pointers to struct verdict_fused */
/* Does the path of e begin with the names of head's? */
bool verdict_begins(const struct verdict_entry *e, const struct verdict_entry *head);
/* Do the rows grow in a proportion too fixed for two causes? */
bool verdict_tied(const struct verdict_fused *x, const struct verdict_fused *y);
/* Is e below c (verdict_under), and directly inside? */
bool verdict_inside(const struct verdict_entry *e, const struct verdict_entry *c);
/* Does f name what its topmost key stands for better than `head` (top itself, or a key that was better so far)? A container is named by its
 * topmost entries, not by what was made along with them and hangs elsewhere. */
bool verdict_names(const struct verdict_fused *f, const struct verdict_fused *top, const struct verdict_fused *head);
/* Gives v its lines, with top and rows (unsorted), and each key of one its line. */
void verdict_fold(struct verdict *v);
