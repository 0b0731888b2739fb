/* Verdict: one key of one process, and lives fused. SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "analyze/verdict_impl.h"

double verdict_t95(double df)
{
	/* Student's t, 95th percentile, df 1..12 (any table of the distribution). */
	static const double t[] = {6.31, 2.92, 2.35, 2.13, 2.02, 1.94, 1.89, 1.86, 1.83, 1.81, 1.80, 1.78};
	if (!(df < 13))
		return 1.7;
	int i = (int)df;
	return t[i < 1 ? 0 : i > 12 ? 11 : i - 1];
}

double verdict_fill(double intervals, double base)
{
	return base * fmax(log(300 / fmax(intervals, 1)), .1) / log(1000);
}

void verdict_posterior(const double *evidence, const bool *has, const double *prior, double *ret)
{
	double v[STORIES];
	unsigned n = 0;
	for (unsigned c = 0; c < STORIES; c++) {
		if (prior[c] > 0 && has[c])
			v[n++] = log(prior[c]) + evidence[c];
	}
	double z = verdict_lse(v, n);
	for (unsigned c = 0; c < STORIES; c++)
		ret[c] = prior[c] > 0 && has[c] ? exp(log(prior[c]) + evidence[c] - z) : 0;
}

/* What grows like a cache: where it ends. */
static void add_bound(const struct verdict_unit *u, unsigned m, double gap, struct verdict_judged *j)
{
	double more, jobs;
	if (j->evidence[STORY_SLOW] > j->evidence[STORY_LEAK] && verdict_bound(u, m, gap, &more, &jobs)) {
		j->more = more;
		j->more_jobs = jobs;
	}
}

/* A container that only grew: its increments are births. What stood at the first dump is not asked: a large LRU that fills slowly had no
 * more of it than a leak would. */
static bool judge_increments(const struct verdict_proc *p, const struct verdict_key *k, const uint32_t *at, const double *y, unsigned m,
    struct verdict_judged *ret)
{
	struct verdict_unit u[VERDICT_LEVELS];
	for (unsigned i = 0; i + 1 < m; i++) {
		u[i] = verdict_between(p, at[i], at[i + 1], y[i + 1] - y[i]);
		u[i].w = fmax(u[i].w, .5);
	}
	if (!verdict_counted(u, m - 1, NULL, p->nclasses, verdict_hazard(p, k), p->ndumps, ret))
		return false;
	add_bound(u, m - 1, p->x[p->nmarks - 1] - p->x[verdict_dump_mark(p, at[m - 1])], ret);
	return true;
}

static bool judge_levels(const struct verdict_proc *p, const struct verdict_key *k, struct verdict_judged *ret)
{
	uint32_t at[VERDICT_LEVELS];
	double y[VERDICT_LEVELS], least = INFINITY;
	unsigned m = 0;
	for (unsigned i = 0; k->lows && i < k->lows->n; i++) {
		if (!isfinite(k->lows->low[i]))
			continue;
		at[m] = k->lows->at[i];
		y[m++] = k->lows->low[i];
	}
	if (m < 4)
		return false;
	for (unsigned i = 0; i + 1 < m; i++)
		least = fmin(least, y[i + 1] - y[i]);
	if (k->len >= 0 && least >= 0 && y[m - 1] > y[0])
		return judge_increments(p, k, at, y, m, ret);
	struct verdict_levels l;
	verdict_levels(p, at, y, NULL, m, &l);
	if (!l.has[STORY_LEAK] || !(l.lambda > 0))
		return false;
	*ret = (struct verdict_judged){.survivors = l.lambda, .m = m - 1, .hazard = verdict_hazard(p, k), .rate = l.lambda / l.width,
	    .se = l.se / l.width, .df = l.df, .how = l.how, .how_arg = l.how_arg, .late = l.how == HOW_SINCE,
	    .nunits = m - 1, .more = -1, .more_jobs = -1};
	memcpy(ret->evidence, l.evidence, sizeof(l.evidence));
	memcpy(ret->kinds, l.kinds, sizeof(l.kinds));
	for (unsigned i = 0; i + 1 < m; i++)
		ret->units[i] = y[i + 1] - y[i];
	return true;
}

bool verdict_judge(const struct verdict_proc *p, const struct verdict_key *k, struct verdict_judged *ret)
{
	if (p->ndumps < 2)
		return false;
	if (!p->traced || !k->born || k->len >= 0)
		return judge_levels(p, k, ret);
	struct verdict_unit u[VERDICT_UNITS], before;
	unsigned n = verdict_units(p, k, u);
	/* Once objects were moved, births of before are not told from others any more. */
	bool known = p->nfrozen == 0 && p->e0 == 0 && verdict_before(p, verdict_older(k), &before);
	struct verdict_unit newest = verdict_newest(p, k);
	struct verdict_beside beside = {known ? &before : NULL, newest.w > 0 ? &newest : NULL};
	if (n < 2 || !verdict_counted(u, n, &beside, p->nclasses, verdict_hazard(p, k), p->ndumps, ret))
		return false;
	if (p->nfrozen == 0)
		add_bound(u, n, p->x[p->nmarks - 1] - p->bx[p->cut], ret);
	return true;
}

double verdict_detection_limit(const struct verdict_proc *p)
{
	if (!p->traced || p->ndumps < 3 || p->cut <= p->e0)
		return 0;
	struct verdict_unit u[VERDICT_UNITS];
	unsigned m = 0;
	double width = 0;
	for (uint32_t i = 0; i < p->nbound; i++) {
		uint32_t e = verdict_span_end(p->bound, p->nbound, i, p->cut);
		if (e > p->bound[i] && p->bx[e] > p->bx[p->bound[i]])
			u[m++] = verdict_stretch(p, p->bound[i], e, 0);
	}
	for (unsigned i = 0; i < m; i++)
		width += u[i].w;
	for (double s = VERDICT_MIN_S; m >= 3 && s < 1e7; s *= 1.5) {
		struct verdict_judged j;
		double post[STORIES];
		bool has[STORIES];
		for (unsigned i = 0; i < m; i++)
			u[i].s = s * u[i].w / width;
		if (!verdict_counted(u, m, NULL, p->nclasses, 0, p->ndumps, &j))
			continue;
		for (unsigned c = 0; c < STORIES; c++)
			has[c] = verdict_prior_births[c] > 0;
		verdict_posterior(j.evidence, has, verdict_prior_births, post);
		if (post[STORY_LEAK] / (1 + verdict_fill((double)p->ndumps, .18)) >= VERDICT_LEAK_AT)
			return s / width;
	}
	return 0;
}
