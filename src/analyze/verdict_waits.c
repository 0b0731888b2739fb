/* Verdict: what may only wait for a major GC. SPDX-License-Identifier: BSD-2-Clause
 *
 * The graph leaves out what nothing holds. But a finalizer, and all that it refers to, hangs on a table of the interpreter until the object
 * that it belongs to is swept, and one that died old is swept by a major GC only: between two of them a cache of weak references grows as
 * straight there as any leak. The entries that wait are no more than the dead objects there are. */
#include <string.h>

#include "analyze/verdict_impl.h"

#define SETTLED .4  /* so much of the growth was there when the last major GC ran, and stayed: it waits for none */
#define OWNERS .25  /* dead objects for each object of the growth that can be due to them: a finalizer may hold a few */

static bool by_finalizer(const struct verdict_entry *e) { return e->npath && strcmp(e->path[0], "root finalizers") == 0; }

/* Has a major GC run that would have swept much of it? Without a graph births are weighed only as far as one has run since. */
static bool outlived_major(const struct verdict_proc *p, const struct verdict_judged *j)
{
	double all = 0, then = 0, at = j->nunits * (double)p->last_major / fmax((double)p->ndumps - 1, 1);
	if (p->last.no_majors || (j->by_births && !p->graph))
		return !p->last.no_majors;
	for (unsigned i = 0; i < j->nunits; i++) {
		all += j->units[i];
		then += i + 1 <= at ? j->units[i] : 0;
	}
	return then > 0 && then >= SETTLED * all;
}

/* Fewer are dead than it would take; of the newest segments, for what died young is there by chance. */
static bool too_few_dead(const struct verdict_proc *p, double survivors)
{
	const struct verdict_lows *l = &p->dead;
	double least = INFINITY;
	for (uint32_t i = l->n < 2 ? 0 : l->n - 2; i < l->n; i++)
		least = fmin(least, (double)l->low[i]);
	return least < OWNERS * survivors;
}

unsigned verdict_waits(const struct verdict_proc *p, const struct verdict_entry *e, const struct verdict_judged *j)
{
	if (!by_finalizer(e) || outlived_major(p, j) || too_few_dead(p, j->survivors))
		return 0;
	if (p->ndumps < VERDICT_WAITS)
		return VERDICT_WAITS - (unsigned)p->ndumps;
	struct verdict_boundary dead;
	verdict_boundary(p, &p->dead, &dead);
	bool along = dead.label != BOUNDARY_UNKNOWN && dead.label != BOUNDARY_FLAT && dead.high >= 1000 * OWNERS * j->rate;
	if (!along)
		return 0;
	if (p->traced || !p->last.no_majors)
		return VERDICT_WAITS_FOR_MAJOR;
	/* A leak makes the heap larger, GC rarer, and so the young dead more. */
	return p->ndumps < VERDICT_WAITS_MAX ? VERDICT_WAITS_MAX - (unsigned)p->ndumps : 0;
}
