/* Verdict: siblings and successive lives of one key become one answer. SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "analyze/verdict_fuse.h"
#include "analyze/verdict_impl.h"
#include "base/gem.h"
#include "base/mem.h"

/* Classes that are bounded by design, and their usual bound (0: unknown, any size). */
static const struct { const char *name; double bound; } bounded_classes[] = {
    {"StatementPool", 1000}, {"MemoryStore", 0}, {"SizedQueue", 0}};

enum { GONE_DUMPS = 5 };  /* dumps of a later life before it says that a leak has ended */
#define WARMS_UP .25       /* odds that what is straight in the very first dumps is a warm-up: a quarter of it was in 250 series */
#define GONE_BIRTHS 12.   /* ... and objects that the leak would have left in it by now */
#define GONE_RATE .1      /* ... at a pace below this share of the earlier one */

/* "A::B::C" -> "C"; "class A::C" -> "C". */
static const char *short_name(const char *name)
{
	const char *last = name;
	for (const char *c = name; *c; c++) {
		if (*c == ' ')
			last = c + 1;
		else if (c[0] == ':' && c[1] == ':')
			last = c + 2;
	}
	return last;
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);
	return n >= m && strcmp(s + n - m, end) == 0;
}

static bool is_bounded(const char *klass, double size)
{
	for (size_t i = 0; i < sizeof(bounded_classes) / sizeof(*bounded_classes); i++) {
		if (strcmp(short_name(klass), bounded_classes[i].name) == 0)
			return bounded_classes[i].bound == 0 || size <= 1.1 * bounded_classes[i].bound;
	}
	return false;
}

/* What the holder says about growth that will stop: a factor on the odds of a leak, and the label it would have. */
static double discount(const struct verdict_entry *e, enum verdict_label *ret)
{
	double size = e->key->len > 0 ? e->key->len : e->key->n;
	bool queue = e->klass && ends_with(e->klass, "Queue"), bounded = e->klass && is_bounded(e->klass, size);
	for (size_t i = 0; i < e->npath; i++) {
		bounded |= is_bounded(e->path[i], size);
		queue |= ends_with(e->path[i], "Queue");
	}
	*ret = bounded ? VERDICT_BOUNDED : queue ? VERDICT_BACKLOG : e->stack ? VERDICT_PHASE : VERDICT_STATIC;
	return bounded ? .05 : queue || e->stack ? .10 : 1;
}

static uint64_t hash_text(uint64_t h, const char *s, size_t n) { return XXH3_64bits_withSeed(s ? s : "", s ? n : 0, h + (s ? 1 : 2)); }

/* Length of a site without its line. */
static size_t file_length(const char *site)
{
	const char *colon = strrchr(site, ':');
	return colon ? (size_t)(colon - site) : strlen(site);
}

/* (type, class, file without line and release, holder path): the same in every process and after lines moved. */
static uint64_t fingerprint(const struct verdict_entry *e)
{
	uint64_t h = hash_text(0, e->type, e->type ? strlen(e->type) : 0);
	h = hash_text(h, e->klass, e->klass ? strlen(e->klass) : 0);
	struct span file = e->site ? gem_relative((struct span){(const uint8_t *)e->site, file_length(e->site)}) : (struct span){NULL, 0};
	h = hash_text(h, (const char *)file.p, file.n);
	for (size_t i = 0; i < e->npath; i++)
		h = hash_text(h, e->path[i], strlen(e->path[i]));
	return h;
}

struct member {
	uint64_t print;
	uint32_t rank, order; /* rank among equals of one life; order of first appearance */
	const struct verdict_entry *entry;
	const struct verdict_proc *proc;
};

static int by_print(const void *a, const void *b)
{
	const struct member *x = a, *y = b;
	if (x->print != y->print)
		return x->print < y->print ? -1 : 1;
	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

/* All keys of all lives of two dumps or more, sorted so that equals are neighbours, oldest life first. */
static struct member *members(struct verdict_life *lives, size_t nlives, size_t *ret_n)
{
	size_t total = 0, n = 0;
	for (size_t l = 0; l < nlives; l++)
		total += lives[l].nentries;
	struct member *all = xcalloc(total, sizeof(*all));
	for (size_t l = 0; l < nlives; l++) {
		if (lives[l].proc->ndumps < 2)
			continue;
		size_t first = n;
		for (size_t i = 0; i < lives[l].nentries; i++, n++)
			all[n] = (struct member){fingerprint(&lives[l].entries[i]), 0, (uint32_t)i, &lives[l].entries[i], lives[l].proc};
		qsort(all + first, n - first, sizeof(*all), by_print);
		for (size_t i = first + 1; i < n; i++)
			all[i].rank = all[i].print == all[i - 1].print ? all[i - 1].rank + 1 : 0;
		for (size_t i = first; i < n; i++)
			all[i].order = (uint32_t)l;
	}
	qsort(all, n, sizeof(*all), by_print);
	*ret_n = n;
	return all;
}

/* One group being fused: what grows in which life. */
struct group {
	const struct member *m[VERDICT_LIVES];
	struct verdict_judged j[VERDICT_LIVES];
	unsigned n;
};

static void set_rate(const struct group *g, struct verdict_fused *f)
{
	double precision = 0, rate = 0, df = 0, q = 0;
	for (unsigned i = 0; i < g->n; i++) {
		double se = fmax(g->j[i].se, 1e-12), v = 1 / (se * se);
		precision += v;
		rate += g->j[i].rate * v;
		df += g->j[i].df;
	}
	rate /= precision;
	double se = 1 / sqrt(precision);
	for (unsigned i = 0; g->n > 1 && i < g->n; i++) { /* lives that disagree widen the interval */
		double s = fmax(g->j[i].se, 1e-12), d = g->j[i].rate - rate;
		q += d * d / (s * s) / (g->n - 1);
	}
	se *= sqrt(fmax(q, 1));
	double t = verdict_t95(df);
	f->rate = rate;
	f->low = fmax(rate - t * se, 0);
	f->high = rate + t * se;
}

static enum verdict_label label_of(const struct verdict_fused *f, double pl, enum verdict_label word)
{
	unsigned top = 0;
	for (unsigned c = 1; c < STORIES; c++)
		top = f->posterior[c] > f->posterior[top] ? c : top;
	if (f->conf >= VERDICT_LEAK_AT)
		return VERDICT_LEAK;
	if (f->conf >= VERDICT_SUSPECT_AT || (word != VERDICT_STATIC && pl > .5))
		return word != VERDICT_STATIC ? word : VERDICT_SUSPECT;
	if (f->hazard > VERDICT_HALF || top == STORY_TURN || top == STORY_FLAT || top == STORY_WANDER)
		return VERDICT_FAST;
	return top == STORY_SLOW || f->posterior[STORY_LEAK] < .3 ? VERDICT_SLOW : VERDICT_SUSPECT;
}

/* Odds that the growth has an end not seen yet: of each way in which it may be a leak, by its share of the evidence. run: dump intervals of
 * all lives; grown: those since it began. */
static double unseen_end(const struct verdict_judged *j, double run, double grown)
{
	double all = 1 - j->late - j->tailed, late = 1 + verdict_fill(grown, .60), tailed = 1 + verdict_fill(grown, .30);
	double seen = j->late / late + j->tailed / tailed + all / (1 + verdict_fill(run, .18));
	return 1 / seen - 1;
}

/* How likely each kind is, of its story. */
static const struct { enum verdict_story story; double weight; } kinds[KINDS] = {
    [KIND_JOB] = {STORY_LEAK, .5}, [KIND_LEAK] = {STORY_LEAK, .5},
    [KIND_STRAIGHT] = {STORY_SLOW, .22}, [KIND_BENT] = {STORY_SLOW, .28}, [KIND_SLOW] = {STORY_SLOW, .5}};

/* Evidence of all lives. They are the same code: of the ways in which it may leak, or slow down, the lives share one, and which it is is a
 * priori as likely for ten of them as for one. */
static void fuse_evidence(const struct group *g, double *ret)
{
	for (unsigned c = 0; c < STORIES; c++) {
		ret[c] = 0;
		for (unsigned i = 0; i < g->n; i++)
			ret[c] += g->j[i].evidence[c];
	}
	for (unsigned c = STORY_LEAK; g->n > 1 && c <= STORY_SLOW; c++) {
		double v[KINDS];
		unsigned n = 0;
		for (unsigned k = 0; k < KINDS; k++) {
			if (kinds[k].story != c)
				continue;
			v[n] = log(kinds[k].weight);
			for (unsigned i = 0; i < g->n; i++)
				v[n] += g->j[i].kinds[k];
			n++;
		}
		ret[c] = verdict_lse(v, n);
	}
}

/* How far the hazard of the survivors speaks against a leak: a factor. */
static double death_factor(double hazard) { return 1 / (1 + exp(fmin((hazard - VERDICT_HALF) / .1, 50))); }

double verdict_less_likely(double conf, double odds)
{
	double o = conf / fmax(1 - conf, 1e-9) * odds;
	return o / (1 + o);
}

/* What the posterior of a leak is multiplied by, untraced. Addresses gone are turn-over, but a net gain may remain beneath. If all were to
 * die alike the level would be bent, which is weighed already; so after many dumps a rise as straight as the odds say is one of things that
 * stay, unless what comes became more all the time, by as much as to hide it: so much rarer. */
static double net_gain(double death, double pl, double dumps)
{
	const double least = .4, hidden = .05, few = 20, many = 40;
	double odds = pl / fmax(1 - pl, 1e-9) * hidden * fmin(fmax((dumps - few) / (many - few), 0), 1);
	return fmax(fmax(death, least), odds / (1 + odds) / fmax(pl, 1e-9));
}

/* By itself, is it as likely as a twentieth that this life has the leak? */
static bool may_leak(const struct verdict_judged *j)
{
	const double *prior = j->by_births ? verdict_prior_births : verdict_prior_levels;
	double posterior[STORIES];
	bool has[STORIES];
	for (unsigned c = 0; c < STORIES; c++)
		has[c] = prior[c] > 0;
	verdict_posterior(j->evidence, has, prior, posterior);
	return posterior[STORY_LEAK] * death_factor(j->hazard) >= .05;
}

/* When its first dump was; a life of no dump began before all others. */
static double begin_of(const struct verdict_proc *p) { return p->nmarks ? p->last.t - p->t[p->nmarks - 1] : -INFINITY; }

/* The most dumps of lives that came one after the other. Workers that run side by side warm up at the same time. */
static size_t watched(const struct group *g)
{
	size_t until[VERDICT_LIVES], most = 0;
	for (unsigned i = 0; i < g->n; i++) {
		const struct verdict_proc *p = g->m[i]->proc;
		until[i] = 0;
		for (unsigned j = 0; j < i; j++) {
			if (begin_of(p) >= g->m[j]->proc->last.t && until[j] > until[i])
				until[i] = until[j];
		}
		until[i] += p->ndumps;
		most = until[i] > most ? until[i] : most;
	}
	return most;
}

/* From evidence to confidence and label. */
static void weigh(const struct group *g, struct verdict_fused *f)
{
	const struct verdict_judged *last = &g->j[g->n - 1];
	const double *prior = last->by_births ? verdict_prior_births : verdict_prior_levels;
	double ev[STORIES], survivors = 0, hazard = 0, run = 0;
	bool has[STORIES];
	unsigned m = 0;
	for (unsigned c = 0; c < STORIES; c++)
		has[c] = prior[c] > 0;
	fuse_evidence(g, ev);
	verdict_posterior(ev, has, prior, f->posterior);
	unsigned since = last->how == HOW_SINCE ? last->how_arg : 0;
	for (unsigned i = 0; i < g->n; i++) {
		survivors += g->j[i].survivors;
		hazard += g->j[i].hazard * g->j[i].survivors;
		m += g->j[i].m;
		run += (double)g->m[i]->proc->ndumps;
	}
	f->hazard = hazard / fmax(survivors, 1);
	double death = death_factor(f->hazard);
	if (!g->m[0]->proc->traced)
		death = net_gain(death, f->posterior[STORY_LEAK], run / g->n);
	enum verdict_label word;
	double odds = discount(f->entry, &word);
	double pl = f->posterior[STORY_LEAK] * death, o = pl / fmax(1 - pl, 1e-9) * odds;
	f->death = death;
	f->holder_odds = odds;
	f->unseen_end = unseen_end(last, run, run * (1 - (double)since / last->m)) + (watched(g) < VERDICT_WARM ? WARMS_UP : 0);
	f->conf = o / (1 + o) / (1 + f->unseen_end);
	if (survivors < VERDICT_MIN_S)
		f->conf = fmin(f->conf, VERDICT_SUSPECT_AT * .99);
	/* A pool that fills connection by connection grows as straight as any leak at first; allocations tell more. */
	bool learning = m < 3 || (!g->m[0]->proc->traced && watched(g) < VERDICT_LEARNING);
	f->waits = verdict_waits(g->m[g->n - 1]->proc, f->entry, last);
	/* What is held by a frame, or is bounded or worked off by its design, is called so however straight it grows: before it is full a cache
	 * does, and a queue while its consumers are behind. */
	if (learning || f->waits || word != VERDICT_STATIC)
		f->conf = fmin(f->conf, VERDICT_LEAK_AT * .99);
	f->label = label_of(f, pl, word);
}

/* Did life p, of another revision, begin after q ended? Workers of one revision come and go without saying anything of each other. */
static bool replaced(const struct verdict_proc *p, const struct verdict_proc *q)
{
	return p->rev && q->rev && p->rev != q->rev && begin_of(p) >= q->last.t;
}

/* Would a leak of this rate show in life p? */
static bool would_show(const struct verdict_proc *p, double rate)
{
	return p->ndumps >= GONE_DUMPS && rate * (p->x[p->before] - p->x[0]) >= GONE_BIRTHS;
}

/* Has a later revision run long enough without it? */
static bool is_gone(const struct verdict_life *lives, size_t nlives, const struct group *g, double rate)
{
	for (size_t i = 0; i < nlives; i++) {
		unsigned k = 0;
		while (k < g->n && replaced(lives[i].proc, g->m[k]->proc))
			k++;
		if (k == g->n && would_show(lives[i].proc, rate))
			return true;
	}
	return false;
}

/* When the newest life has a small part only of what the earlier revision would have given it, it speaks for itself. */
static void drop_ended(struct group *g)
{
	const struct verdict_proc *p = g->m[g->n - 1]->proc;
	double rate = 0;
	for (unsigned i = 0; i + 1 < g->n; i++) {
		if (!replaced(p, g->m[i]->proc))
			return;
		rate = fmax(rate, g->j[i].rate);
	}
	if (!would_show(p, rate) || g->j[g->n - 1].rate > GONE_RATE * rate)
		return;
	g->m[0] = g->m[g->n - 1];
	g->j[0] = g->j[g->n - 1];
	g->n = 1;
}

/* Of a leak that not all siblings have (each serves its own queue): only those that may have it say which row it is and how fast. */
static void only_leaking(struct group *g)
{
	unsigned kept = 0;
	for (unsigned i = 0; i < g->n; i++) {
		if (!may_leak(&g->j[i]))
			continue;
		g->m[kept] = g->m[i];
		g->j[kept++] = g->j[i];
	}
	g->n = kept ? kept : g->n;
}

/* In what grows, and what the newest of it says. */
static void set_judged(const struct group *g, struct verdict_fused *f)
{
	const struct member *m = g->m[g->n - 1];
	f->nids = 0;
	for (unsigned i = 0; i < g->n; i++)
		f->ids[f->nids++] = g->m[i]->entry->id;
	f->entry = m->entry;
	f->proc = m->proc;
	f->judged = g->j[g->n - 1];
	f->lives = g->n;
	f->size = f->entry->key->b / fmax(f->entry->key->n, 1);
}

static void fuse_group(const struct verdict_life *lives, size_t nlives, const struct member *m, size_t n, struct verdict_fused *f)
{
	struct group g; /* of which only the first g.n are ever read: it is large */
	g.n = 0;
	*f = (struct verdict_fused){.label = VERDICT_FAST, .entry = m[n - 1].entry, .proc = m[n - 1].proc, .line = -1,
	    .container_odds = 1};
	for (size_t i = n > VERDICT_LIVES ? n - VERDICT_LIVES : 0; i < n; i++) {
		const struct verdict_judged *before = m[i].entry->judged;
		if (before)
			g.j[g.n] = *before;
		if (before ? before->m > 0 : verdict_judge(m[i].proc, m[i].entry->key, &g.j[g.n]))
			g.m[g.n++] = &m[i];
	}
	unsigned kept = 0;
	for (unsigned i = 0; i < g.n; i++) { /* only what was judged the same way as the newest */
		if (g.j[i].by_births == g.j[g.n - 1].by_births) {
			g.m[kept] = g.m[i];
			g.j[kept++] = g.j[i];
		}
	}
	g.n = kept;
	if (g.n > 1)
		drop_ended(&g);
	f->ids = xcalloc(g.n ? g.n : n, sizeof(*f->ids));
	if (g.n == 0) {
		for (size_t i = 0; i < n; i++)
			f->ids[f->nids++] = m[i].entry->id;
		return;
	}
	f->entry = g.m[g.n - 1]->entry;
	weigh(&g, f);
	if (f->label == VERDICT_LEAK)
		only_leaking(&g);
	set_judged(&g, f);
	set_rate(&g, f);
	if (f->label >= VERDICT_SUSPECT && is_gone(lives, nlives, &g, f->rate)) {
		f->conf = fmin(f->conf, VERDICT_SUSPECT_AT * .99);
		f->label = VERDICT_SUSPECT;
	}
}

size_t verdict_fuse(struct verdict_life *lives, size_t nlives, struct verdict_fused **ret)
{
	size_t n, out = 0;
	struct member *all = members(lives, nlives, &n);
	struct verdict_fused *fused = xcalloc(n, sizeof(*fused));
	for (size_t i = 0, j; i < n; i = j) {
		for (j = i + 1; j < n && all[j].print == all[i].print && all[j].rank == all[i].rank; j++)
			;
		fuse_group(lives, nlives, all + i, j - i, &fused[out++]);
	}
	free(all);
	*ret = fused;
	return out;
}
