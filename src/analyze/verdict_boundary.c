/* Verdict: the low boundary of a process as a whole. SPDX-License-Identifier: BSD-2-Clause
 *
 * What the heap stands at after major collections, by segments of the run (verdict_time.c keeps the minima): the oldest sign of a leak. It
 * is weighed as any level is, and says whether something leaks, not what. */
#include "analyze/verdict_impl.h"

static const char *const words[] = {"unknown", "flat", "slowing", "rising"};

const char *verdict_boundary_name(enum verdict_boundary_label l) { return words[l]; }

void verdict_boundary(const struct verdict_proc *p, const struct verdict_lows *lows, struct verdict_boundary *ret)
{
	uint32_t at[VERDICT_LEVELS];
	double y[VERDICT_LEVELS], post[STORIES];
	unsigned m = 0;
	*ret = (struct verdict_boundary){.label = BOUNDARY_UNKNOWN};
	for (uint32_t i = 0; i < lows->n; i++) {
		if (!isfinite(lows->low[i]))
			continue;
		at[m] = lows->at[i];
		y[m++] = (double)lows->low[i];
	}
	if (m < 4)
		return;
	struct verdict_levels l;
	verdict_levels(p, at, y, NULL, m, &l);
	verdict_posterior(l.evidence, l.has, verdict_prior_levels, post);
	double t = verdict_t95(l.df), width = fmax(l.width, 1e-9);
	ret->objects = y[m - 1];
	ret->label = BOUNDARY_FLAT;
	bool grew = l.has[STORY_LEAK] && l.lambda > t * l.se;
	if (grew && post[STORY_LEAK] >= .5)
		ret->label = BOUNDARY_RISING;
	else if (grew && post[STORY_LEAK] + post[STORY_SLOW] + post[STORY_BURST] >= .5)
		ret->label = BOUNDARY_SLOWING;
	ret->per_1000 = 1000 * l.lambda / width;
	ret->low = 1000 * (l.lambda - t * l.se) / width;
	ret->high = 1000 * (l.lambda + t * l.se) / width;
}
