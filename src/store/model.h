/* Rules that both backends share. SPDX-License-Identifier: BSD-2-Clause
 *
 * What one process life is, when a dump is there already, and what the lists show. Pure. Private to src/store/. */
#pragma once

#include "base/cursor.h"
#include "store/store.h"

/* The bytes that identify a process life. With a start time: (boot, pidns, pid, start). Without one (files): (boot, pidns,
 * pid, app), so that a job counter that falls does not split a process whose start nobody knows. */
void model_ident(struct enc *e, const struct proc_ident *who);
/* Whether sum is old again: the same seq, or without one the same (jobs, time). A time guessed from a file's mtime proves
 * nothing. A torn dump does not stand in the way of a whole one. */
bool model_same_dump(const struct store_dump *old, const struct dump_summary *sum);
/* The row of a summary in lists. */
void model_dump(struct store_dump *ret, const struct dump_summary *sum, uint64_t dump, uint64_t proc);
/* Sets counts, first, last, times and figures of p from all its dumps (rising ids). */
void model_proc_recount(struct store_proc *p, const struct store_dump *d, size_t n);
/* Orders two whole dumps of a process: by time where both have one, then jobs, then id. */
int model_dump_cmp(const struct store_dump *a, const struct store_dump *b);
/* The same of two dumps of one process life, whose gem numbers them: that order outlives a clock that was set back. */
int model_life_cmp(const struct store_dump *a, const struct store_dump *b);
