/* Verdict: a story that rested for a while. SPDX-License-Identifier: BSD-2-Clause
 *
 * Code that leaks by every job, and that hardly any job runs through for a day, leaves a hole in births that are regular else. No shape has
 * one, so all that is left is that they vary much, and then what fills explains them as well. Without the hole each story has its say as
 * if that time had not been: it favours none. */
#include <string.h>

#include "analyze/slope.h"
#include "analyze/verdict_impl.h"

#define PAUSED .1 /* so likely is a pause, as likely at each unit and of each length */
#define LOW .7    /* part of the median rate below which a unit is in it */
#define NOISE .1  /* part of it by which a level may fall in a pause */
enum { BEFORE = 3, AFTER = 2, UNITS = 7, LONGEST = 2, LONGEST_PART = 2 }; /* units before, after, in all; in it: two, or half of all */

bool verdict_pause_find(const struct verdict_unit *u, unsigned m, struct verdict_pause *ret)
{
	double rate[VERDICT_UNITS];
	if (m < UNITS)
		return false;
	for (unsigned i = 0; i < m; i++)
		rate[i] = u[i].s / u[i].w;
	double median = slope_median(rate, m);
	if (!(median > 0))
		return false;
	*ret = (struct verdict_pause){.begin = m};
	for (unsigned i = 0; i < m; i++) {
		if (u[i].s >= LOW * median * u[i].w)
			continue;
		if (ret->begin == m)
			ret->begin = ret->end = i;
		if (ret->end++ != i || u[i].s < -NOISE * median * u[i].w) /* a second one: it is not regular else; or much was released */
			return false;
		ret->missing -= log(median * u[i].w + 1); /* any number of them in it is as likely */
	}
	unsigned n = ret->end - ret->begin, longest = m / LONGEST_PART > LONGEST ? m / LONGEST_PART : LONGEST;
	ret->odds = log(PAUSED / (m * longest));
	return n > 0 && n <= longest && ret->begin >= BEFORE && m - ret->end >= AFTER;
}

unsigned verdict_pause_cut(const struct verdict_unit *u, unsigned m, const struct verdict_pause *g, struct verdict_unit *out)
{
	double wide = 0;
	memcpy(out, u, g->begin * sizeof(*out));
	for (unsigned i = g->begin; i < g->end; i++)
		wide += u[i].w;
	for (unsigned i = g->end; i < m; i++) {
		struct verdict_unit *o = &out[g->begin + i - g->end];
		*o = u[i];
		o->x -= wide;
	}
	return m - (g->end - g->begin);
}

unsigned verdict_pause_unit(const struct verdict_pause *g, unsigned i) { return i > g->begin ? i + g->end - g->begin : i; }

/* log((1 - PAUSED) e^a + e^b). */
static double mix(double a, double b)
{
	const double v[] = {log(1 - PAUSED) + a, b};
	return verdict_lse(v, 2);
}

double verdict_pause_mix(double *evidence, double *kinds, const double *paused, const double *paused_kinds, double odds)
{
	for (unsigned c = 0; c < STORIES; c++)
		evidence[c] = mix(evidence[c], paused[c] + odds);
	for (unsigned c = 0; c < KINDS; c++)
		kinds[c] = mix(kinds[c], paused_kinds[c] + odds);
	return exp(paused[STORY_LEAK] + odds - evidence[STORY_LEAK]);
}
