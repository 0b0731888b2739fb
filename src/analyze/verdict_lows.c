/* Verdict: the low boundary of a level. SPDX-License-Identifier: BSD-2-Clause */
#include "analyze/verdict_impl.h"

uint32_t verdict_lows_index(const struct verdict_proc *p, uint32_t n)
{
	return n == p->lbound[p->nlbound - 1] ? p->nlbound - 1 : p->nlbound;
}

/* The first dump stays alone, then pairs keep their minimum. */
void verdict_lows_merge(struct verdict_lows *l)
{
	uint32_t n = l->n ? 1 : 0;
	for (uint32_t i = 1; i < l->n; i += 2) {
		uint32_t j = i + 1 < l->n && l->low[i + 1] < l->low[i] ? i + 1 : i;
		l->low[n] = l->low[j];
		l->at[n++] = l->at[j];
	}
	l->n = n;
}

void verdict_lows_add(const struct verdict_proc *p, struct verdict_lows *l, double y)
{
	uint32_t n = (uint32_t)p->ndumps - 1, i = verdict_lows_index(p, n);
	while (l->n < i + 1) {
		l->low[l->n] = INFINITY;
		l->at[l->n++] = n;
	}
	float v = (float)fmin(fmax(y, 0), VERDICT_COUNT_MAX);
	if (v < l->low[i]) {
		l->low[i] = v;
		l->at[i] = n;
	}
}

void verdict_lows_was(const struct verdict_proc *p, struct verdict_lows *l, double value)
{
	uint32_t n = (uint32_t)p->ndumps - 1;
	float v = (float)fmin(fmax(value, 0), VERDICT_COUNT_MAX);
	l->n = 0;
	for (uint32_t i = 0; i <= p->nlbound; i++) { /* the first dump of each segment */
		uint32_t first = i ? p->lbound[i - 1] + 1 : 0;
		if (first >= n)
			break;
		l->low[l->n] = v;
		l->at[l->n++] = first;
	}
}
