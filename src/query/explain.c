/* leaks --explain: the evidence for one line. SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "query/explain.h"

/* What each story says, of births and of levels. */
static const char *const told_births[STORIES] = {
    [STORY_LEAK] = "kept for ever: of what was born in each part of the run, most is still there",
    [STORY_SLOW] = "a cache or warm-up that fills: most were born early, ever fewer since",
    [STORY_TURN] = "turn-over: only young ones are there, the older ones were released",
    [STORY_BURST] = "one burst: nearly all were born in one part of the run"};
static const char *const told_levels[STORIES] = {
    [STORY_LEAK] = "kept for ever: the low boundary rises with the work",
    [STORY_SLOW] = "a cache or warm-up that fills: the low boundary rises, ever more slowly",
    [STORY_BURST] = "one burst: the low boundary rose once",
    [STORY_FLAT] = "no growth: the low boundary stays where it was",
    [STORY_WANDER] = "up and down without a direction"};

/* --- rows --- */

static struct row row_of(const char *list, const struct weighed *w)
{
	struct row row = {.n = 0};
	row_cstr(&row, "list", list);
	row_uint(&row, "group", w->group);
	return row;
}

static bool say_cohort(struct query_run *r, const struct weighed *w, const struct cohorts *c, size_t i, double t0)
{
	const struct cohort *o = &c->c[i];
	double gained = i && isfinite(o->low) && isfinite(c->c[i - 1].low) ? o->low - c->c[i - 1].low : NAN;
	struct row row = row_of("cohorts", w);
	row_real(&row, "jobs_from", o->jobs_from);
	row_real(&row, "jobs_to", o->jobs_to);
	row_time(&row, "time_from", t0 + o->t_from);
	row_time(&row, "time_to", t0 + o->t_to);
	row_real(&row, "born", c->births ? o->born : NAN);
	row_real(&row, "still_there", c->births ? o->still : NAN);
	row_real(&row, "share", c->births && o->born > 0 ? fmin(o->still / o->born, 1) : NAN);
	row_real(&row, "low", c->births ? NAN : o->low);
	row_real(&row, "gained", c->births ? NAN : gained);
	row_bool(&row, "weighed", o->weighed);
	return run_row(r, &row);
}

static struct val *list_of(const double *v, size_t n)
{
	struct val *list = xcalloc(n + 1, sizeof(*list));
	for (size_t i = 0; i < n; i++)
		list[i] = isfinite(v[i]) ? val_real(v[i]) : val_null();
	return list;
}

static bool say_series(struct query_run *r, const struct weighed *w, const struct explain_walk *k)
{
	_cleanup_free_ struct val *jobs = list_of(k->jobs, k->n), *times = list_of(k->time, k->n);
	_cleanup_free_ struct val *level = list_of(k->level, k->n), *bytes = list_of(k->bytes, k->n);
	struct row row = row_of("series", w);
	row_list(&row, "jobs", jobs, k->n);
	row_list(&row, "times", times, k->n);
	row_list(&row, "count", level, k->n);
	row_list(&row, "bytes", bytes, k->n);
	return run_row(r, &row);
}

static bool say_step(struct query_run *r, const struct weighed *w, size_t depth, const char *name)
{
	struct row row = row_of("holders", w);
	row_uint(&row, "depth", depth);
	row_cstr(&row, "name", name);
	return run_row(r, &row);
}

/* From the root to what leaks; a container stands between its path and its entries. */
static bool say_path(struct query_run *r, const struct weighed *w, const struct verdict_entry *path, const struct verdict_entry *head)
{
	bool good = true;
	size_t n = 0;
	for (size_t i = 0; good && i < path->npath; i++) {
		const char *step = series_step(path, i);
		good = !step || say_step(r, w, n++, step);
	}
	if (good && n && path != head && path->key->len >= 0)
		good = say_step(r, w, n++, path->klass);
	return good && (n == 0 || say_step(r, w, n, head->klass ? head->klass : head->type));
}

static bool say_stories(struct query_run *r, const struct weighed *w, const struct verdict_fused *f)
{
	bool good = true;
	for (unsigned c = 0; good && c < STORIES; c++) {
		const char *text = f->judged.by_births ? told_births[c] : told_levels[c];
		if (!text)
			continue;
		struct row row = row_of("stories", w);
		row_cstr(&row, "story", verdict_story_name((enum verdict_story)c));
		row_real(&row, "weight", f->posterior[c]);
		row_cstr(&row, "text", text);
		good = run_row(r, &row);
	}
	return good;
}

static bool say_fact(struct query_run *r, const struct weighed *w, const char *name, double value, const char *text)
{
	struct row row = row_of("evidence", w);
	row_cstr(&row, "name", name);
	row_real(&row, "value", value);
	row_cstr(&row, "text", text);
	return run_row(r, &row);
}

static const char *holder_text(const struct verdict_fused *f, const struct verdict_entry *path)
{
	if (f->holder_odds >= 1)
		return path->npath ? "no holder in its path is bounded by design, a queue or a running method" : "no holder is known";
	if (f->label == VERDICT_BACKLOG)
		return "it hangs from a queue: a backlog is worked off";
	if (f->label == VERDICT_PHASE || f->entry->stack)
		return "only a running method holds it: it goes when the method returns";
	return "its holder is bounded by design";
}

static const char *container_text(const struct verdict_fused *f)
{
	return f->container_odds < 1 ? "what it is in keeps its length while entries come: they replace others"
	                             : "nothing says that it replaces others";
}

static bool say_evidence(
    struct query_run *r, const struct weighed *w, const struct finding *fd, const struct verdict_fused *f, const struct verdict_entry *path)
{
	const struct verdict_judged *j = &f->judged;
	double limit = verdict_detection_limit(f->proc);
	return say_fact(r, w, "survivors", j->survivors,
	           j->by_births ? "objects born since the first dump that are still there, as far as they are weighed"
	                        : "by so many the low boundary has risen") &&
	       say_fact(r, w, "rate", f->rate, "objects (or entries) per job") &&
	       say_fact(r, w, "rate_low", f->low, "lower end of its 90 % interval") &&
	       say_fact(r, w, "rate_high", f->high, "upper end of its 90 % interval") &&
	       say_fact(r, w, "released", f->hazard,
	           "share of the survivors that would be released in as many jobs again: over a half is a cache") &&
	       say_fact(r, w, "release_factor", f->death, "the weight of the leak is multiplied by it") &&
	       say_fact(r, w, "holder_odds", f->holder_odds, holder_text(f, path)) &&
	       say_fact(r, w, "container_odds", f->container_odds, container_text(f)) &&
	       say_fact(r, w, "unseen_end", f->unseen_end, "odds that growth as steady as this still has an end that was not seen yet") &&
	       say_fact(r, w, "confidence", fd->l ? fd->l->conf : f->conf, "all of this together") &&
	       say_fact(r, w, "detection_limit", limit > 0 ? limit : NAN,
	           "the slowest leak, in objects per job, that this process would have shown by now") &&
	       say_fact(r, w, "lives", f->lives, "processes in which it grows, weighed together");
}

/* The key whose births (else whose level) say most. */
static const struct verdict_fused *weighed_key(const struct weighed *w, const struct finding *fd)
{
	const struct verdict_fused *head = fd->l ? &w->v->fused[fd->l->head] : fd->f;
	return head->judged.by_births && head->judged.m ? head : fd->f;
}

static const struct verdict_entry *longest_path(const struct weighed *w, const struct finding *fd)
{
	return fd->l ? series_path(w->v, (size_t)(fd->l - w->v->lines)) : fd->f->entry;
}

bool explain_say(struct query_run *r, const struct weighed *w, const struct finding *fd)
{
	const struct verdict_fused *f = weighed_key(w, fd);
	const struct verdict_entry *path = longest_path(w, fd);
	struct explain_walk k = {.n = 0};
	size_t i = 0;
	while (i + 1 < w->n && w->lives[i].proc != f->proc)
		i++;
	bool good = leaks_say(r, w, fd, "leak") && explain_walk(r, w->proc[i], f->proc, f->entry, &k);
	double t0 = w->proc[i]->last_time - (f->proc->nmarks ? f->proc->t[f->proc->nmarks - 1] : 0);
	for (size_t c = 0; good && c < k.cohorts.n; c++)
		good = say_cohort(r, w, &k.cohorts, c, t0);
	good = good && say_series(r, w, &k) && say_path(r, w, path, fd->head) && say_stories(r, w, f) && say_evidence(r, w, fd, f, path);
	explain_walk_done(&k);
	if (good && f->label != VERDICT_LEAK)
		leaks_say_waits(r, f->waits);
	if (good && f->proc->nfrozen)
		run_note(r, "objects were moved (compaction) after %.0f jobs: what was born before is not in this table, but was weighed",
		    f->proc->x[f->proc->e0]);
	return good;
}
