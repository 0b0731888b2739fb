/* What a dump says of its process: how far it came, and what its memory is. SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/life_impl.h"
#include "analyze/verdict_impl.h"
#include "base/mem.h"

#define NO_JOBS_PACE 1000. /* jobs per dump when nobody counted */
#define MOVED_PART .15     /* of the objects with a site: so many more without one than at the last dump, and they were moved */
#define MOVED_MIN 200.     /* ... and at least so many */
#define FEW_RUNS 4.        /* of the GC between two dumps */

static unsigned class_index(struct life *l, const char *name)
{
	const char *text = strtab_str(&l->names, strtab_intern(&l->names, span_of(name)));
	for (unsigned c = 0; c < l->proc.nclasses; c++) {
		if (l->proc.classes[c] == text)
			return c;
	}
	if (l->proc.nclasses == VERDICT_CLASSES)
		return VERDICT_CLASSES - 1;
	l->proc.classes[l->proc.nclasses] = text;
	return l->proc.nclasses++;
}

static double known(uint64_t v, double other) { return v == HEADER_UNKNOWN ? other : (double)v; }

/* Objects of a traced process without a site; *ret_sited: with one. */
static double siteless(const struct dump_summary *s, double *ret_sited)
{
	double without = 0;
	*ret_sited = 0;
	for (size_t i = 0; i < s->nkeys; i++) {
		double n = (double)(s->keys[i].all.count - s->keys[i].garbage.count);
		without += s->keys[i].file ? 0 : n;
		*ret_sited += s->keys[i].file ? n : 0;
	}
	return without;
}

/* How often the heap was compacted. Files without a header do not say; but before Ruby 3.4 a traced object that is moved loses its
 * site, and many at once lose it for no other reason. */
static uint64_t compactions(struct life *l, const struct dump_summary *s)
{
	if (s->head.compact_count != HEADER_UNKNOWN)
		return s->head.compact_count;
	double sited, without = l->traced ? siteless(s, &sited) : 0;
	if (!l->traced || s->partial || s->since)
		return l->compactions;
	if (l->sited > 0 && without - l->siteless >= fmax(MOVED_MIN, MOVED_PART * l->sited))
		l->compactions++;
	l->sited = sited;
	l->siteless = without;
	return l->compactions;
}

/* The dead of what was traced of the generations up to this one. */
static double dead_until(const struct dump_summary *s, uint64_t gc)
{
	double dead = 0;
	for (size_t i = 0; i < s->ngenkeys && s->genkeys[i].generation <= gc; i++)
		dead += s->keys[s->genkeys[i].key].file ? s->genkeys[i].dead : 0;
	return dead;
}

/* Of what was traced, the dead that were there at the last dump already: those younger die young as a rule, and need no major GC. */
static double old_dead(const struct life *l, const struct dump_summary *s)
{
	if (s->genkeys_dead)
		return dead_until(s, l->proc.last.gc);
	_cleanup_free_ uint64_t *young = xcalloc(s->nkeys + 1, sizeof(*young));
	double dead = 0;
	for (size_t i = s->ngenkeys; i-- && s->genkeys[i].generation > l->proc.last.gc;) {
		if (s->genkeys[i].key < s->nkeys)
			young[s->genkeys[i].key] += s->genkeys[i].t.count;
	}
	for (size_t i = 0; i < s->nkeys; i++) {
		if (s->keys[i].file && s->keys[i].garbage.count > young[i])
			dead += (double)(s->keys[i].garbage.count - young[i]);
	}
	return dead;
}

static double alive(const struct dump_summary *s) { return (double)s->bytes - (double)s->garbage.bytes; }

/* What the heap takes of memory, as far as is known: slots, free ones too, and what lives beside them. What garbage has beside its slot is
 * given back and taken again many times between two dumps. */
static double footprint(const struct dump_summary *s)
{
	enum { SLOT = 40 }; /* bytes of a slot, of the smallest from Ruby 3.2 on */
	double free_slots = known(s->head.heap_free_slots, 0);
	return alive(s) + SLOT * ((double)s->garbage.count + free_slots);
}

/* Objects born since the last GC run: all of them are still there. */
static double born_since_gc(const struct dump_summary *s, uint64_t gc)
{
	double n = 0;
	for (size_t i = s->ngenkeys; i-- && s->genkeys[i].generation >= gc;)
		n += (double)s->genkeys[i].t.count;
	return n;
}

/* Jobs since the last of `runs` GC runs in a stretch of so many jobs; before: at its begin. Nobody noted when they were; part: of the time
 * between two that has passed, about. Of many it makes no difference. */
static double since_last(double jobs, double runs, double before, double part)
{
	if (runs > FEW_RUNS)
		return 0;
	return runs > 0 ? jobs / (runs + 1) * 2 * part : jobs + before;
}

/* Jobs from the first dump to the next GC run, of `runs` in so many jobs; the last was `since` before the second dump. Of few nobody
 * knows when the first was: that part of the run is left out. */
static double until_next(double jobs, double runs, double since) { return runs > FEW_RUNS ? 0 : fmax(jobs - since, 0); }

/* Jobs from the last GC run to the dump. It shows in how many objects were born since: by the pace of allocation, if that is known (from
 * GC.stat, or from two dumps without a GC run between them), else as a part of the most that were seen. gc: its GC count; done:
 * jobs since the dump before; before: from the last GC run to that. */
static double since_gc(const struct life *l, const struct dump_summary *s, uint64_t gc, double done, double before)
{
	double born = born_since_gc(s, gc), cycle = fmax(l->cycle, born), runs = (double)gc - (double)l->proc.last.gc;
	double made = known(s->head.total_allocated_objects, 0) - l->allocated;
	double pace = l->allocated > 0 && made > 0 ? made / fmax(done, 1) : l->pace;
	return pace > 0 ? fmin(born / pace, done) : since_last(done, runs, before, cycle > 0 ? born / cycle : .5);
}

/* When the last GC run was before each mark and the dump: births are told apart by them alone. That of the dump is measured, and those
 * between it and the one before the dump before came at an even pace, about. Where only few came that is no better than to leave the marks
 * out: what was born in half an interval would count as of the next. */
static void gc_runs(const struct life *l, const struct dump_summary *s, struct verdict_dump *d)
{
	const struct verdict_proc *p = &l->proc;
	if (!p->have_last)
		return;
	double jobs = p->last.jobs <= d->jobs ? p->last.jobs : 0, gc = (double)p->last.gc, done = d->jobs - jobs, runs = (double)d->gc - gc;
	double before = p->x[p->nmarks - 1] - p->bx[p->nmarks - 1], since = since_gc(l, s, d->gc, done, before);
	if (runs <= FEW_RUNS)
		d->nmarks = 0;
	for (unsigned i = 0; i < d->nmarks; i++) {
		double run = fmin(fmax(d->marks_gc[i] - gc, 0), runs), at = (done - since + before) * run / runs - before;
		d->since_gc[i] = fmax(d->marks[i][0] - jobs - at, 0);
	}
	d->since_gc[d->nmarks] = since;
	if (p->ndumps == 1)
		d->until_gc = until_next(done, runs, since);
}

void life_dump_taken(struct life *l, const struct dump_summary *s, const struct verdict_dump *d)
{
	l->allocated = known(s->head.total_allocated_objects, 0);
	if (!l->traced)
		return;
	l->born = born_since_gc(s, d->gc);
	l->cycle = fmax(l->cycle, l->born);
}

void life_dump_passed(struct life *l, const struct dump_summary *s, const struct verdict_dump *d)
{
	double born = born_since_gc(s, d->gc), more = born - l->born, jobs = d->jobs - l->proc.last.jobs;
	if (d->partial || !(more > 0) || !(jobs > 0))
		return;
	l->pace = more / jobs;
	l->cycle = fmax(l->cycle, born);
}

struct verdict_dump life_dump_of(struct life *l, const struct dump_summary *s)
{
	const struct dump_header *h = &s->head;
	double n = (double)l->proc.ndumps + 1; /* of this dump, from 1 */
	struct verdict_dump d = {.t = h->time, .partial = s->partial || s->since, .memsize = footprint(s),
	    .live = alive(s), .oldmalloc = known(h->oldmalloc_increase_bytes, 0), .rss = known(h->rss, 0),
	    .live_slots = known(h->heap_live_slots, 0), .old_objects = known(h->old_objects, 0)};
	l->knows_jobs |= h->jobs != HEADER_UNKNOWN;
	d.jobs = known(h->jobs, (n - 1) * NO_JOBS_PACE); /* none before the first: how long that was nobody knows */
	d.gc = h->gc_count != HEADER_UNKNOWN ? h->gc_count : s->max_generation != UINT64_MAX ? s->max_generation : (uint64_t)n;
	d.no_majors = h->major_gc_count == HEADER_UNKNOWN;
	d.major = h->major_gc_count != HEADER_UNKNOWN ? h->major_gc_count : (uint64_t)n;
	d.compact = compactions(l, s);
	d.knows_dead = s->has_graph && (!l->traced || l->proc.have_last);
	d.dead = !d.knows_dead ? 0 : l->traced ? old_dead(l, s) : (double)s->garbage.count;
	for (uint32_t i = 0; i < h->nmarks && i < VERDICT_SUB - 1; i++) {
		d.marks[d.nmarks][0] = (double)h->marks[i].jobs;
		d.marks_gc[d.nmarks] = (double)h->marks[i].gc_count;
		d.marks[d.nmarks++][1] = h->marks[i].time;
	}
	for (uint32_t i = 0; i < h->nmix; i++)
		d.mix[class_index(l, h->mix[i].klass)] += (double)h->mix[i].jobs;
	if (l->traced)
		gc_runs(l, s, &d);
	return d;
}
