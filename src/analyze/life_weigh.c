/* What moved in a life, with names, weighed. SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "analyze/life_code.h"
#include "analyze/life_impl.h"
#include "analyze/verdict_impl.h"
#include "base/mem.h"

struct weighing {
	struct life *l;
	const struct dump_summary *s;
	uint32_t *sig_of_key;   /* by key: sig + 1 */
};

static const char *text(struct weighing *w, uint32_t id)
{
	return id ? strtab_str(&w->l->texts, strtab_intern(&w->l->texts, strtab_get(&w->s->names, id))) : NULL;
}

static const char *site_text(struct weighing *w, uint32_t file, uint32_t line)
{
	if (!file)
		return NULL;
	struct span f = strtab_get(&w->s->names, file);
	_cleanup_free_ char *t = xasprintf("%.*s:%u", (int)f.n, (const char *)f.p, line);
	return strtab_str(&w->l->texts, strtab_intern(&w->l->texts, span_of(t)));
}

#define ALIKE .1 /* a container whose entries are as many as the objects within this part, and VERDICT_MIN_S, may be theirs */

/* Of several containers of a signature that has no label, since they are those of several constants, the one with as many entries as there
 * are objects: what it is called as a holder. 0: none, or two. */
static uint32_t label_by_length(const struct dump_summary *s, uint32_t sig, double n)
{
	const struct sum_container *c = NULL;
	for (size_t i = 0; i < s->ncontainers; i++) {
		if (s->containers[i].sig != sig || fabs((double)s->containers[i].length - n) > ALIKE * n + VERDICT_MIN_S)
			continue;
		if (c)
			return 0;
		c = &s->containers[i];
	}
	for (size_t i = 0; c && i < s->nholders; i++) {
		if (s->holders[i].addr == c->addr && summary_is_variable(strtab_str(&s->names, s->holders[i].text)))
			return s->holders[i].text;
	}
	return 0;
}

/* n: how many objects there are; of a container 0. */
static void set_labels(struct weighing *w, struct verdict_entry *e, const uint32_t *sigs, uint32_t own, double n)
{
	const struct sum_sig *s = w->s->sigs;
	bool any = s[own].label;
	for (size_t k = 0; k < e->npath; k++)
		any |= s[sigs[k]].label;
	uint32_t last = e->npath ? sigs[e->npath - 1] : own; /* what they are in, unless the path is too long to be kept whole */
	uint32_t label = n > 0 && !any && e->npath && s[own].parent == last ? label_by_length(w->s, last, n) : 0;
	if (!any && !label)
		return;
	const char **labels = arena_alloc(&w->l->arena, (e->npath + 1) * sizeof(*labels));
	for (size_t k = 0; k <= e->npath; k++)
		labels[k] = text(w, s[k < e->npath ? sigs[k] : own].label);
	if (label)
		labels[e->npath - 1] = text(w, label);
	e->labels = labels;
}

/* The names above signature sig, from the root. objects: as above. */
static void set_path(struct weighing *w, struct verdict_entry *e, uint32_t sig, double objects)
{
	const struct dump_summary *s = w->s;
	uint32_t chain[LIFE_PATH * 4], of[LIFE_PATH];
	size_t n = 0, m = 0;
	for (uint32_t i = s->sigs[sig].parent; i != UINT32_MAX && i < s->nsigs && n < LIFE_PATH * 4; i = s->sigs[i].parent)
		chain[n++] = i;
	const char **path = n ? arena_alloc(&w->l->arena, (n < LIFE_PATH ? n : LIFE_PATH) * sizeof(*path)) : NULL;
	while (n-- && m < LIFE_PATH) {
		of[m] = chain[n];
		path[m++] = text(w, s->sigs[chain[n]].klass);
	}
	e->path = path;
	e->npath = m;
	set_labels(w, e, of, sig, objects);
}

#define MOST .8 /* of what several containers have together: that is in one of them */

/* The length of the one that has most of it; 0: none, or that is not listed. */
static double longest(const struct dump_summary *s, const struct sum_content *of)
{
	uint64_t most = 0;
	for (size_t i = 0; i < s->ncontainers; i++) {
		const struct sum_container *c = &s->containers[i];
		if (c->sig == of->sig && c->type == of->type && c->length != UINT64_MAX && c->length > most)
			most = c->length;
	}
	return (double)most >= MOST * (double)summary_content_length(s, of) ? (double)most : 0;
}

static struct verdict_entry name(struct weighing *w, const struct life_row *r, uint32_t src)
{
	const struct dump_summary *s = w->s;
	struct verdict_entry e = {.id = 0};
	if (r->kind == LIFE_HELD) {
		e.klass = text(w, s->sigs[src].klass);
		set_path(w, &e, src, r->key.n);
		e.stack = e.npath && strstr(e.path[0], "machine_context");
	} else if (r->kind == LIFE_CONTENTS) {
		const struct sum_content *c = &s->contents[src];
		e.type = text(w, c->type);
		e.klass = text(w, s->sigs[c->sig].klass);
		e.one = longest(s, c);
		set_path(w, &e, c->sig, 0);
	} else if (r->kind == LIFE_CONTAINER) {
		const struct sum_container *c = &s->containers[src];
		e.type = text(w, c->type);
		e.klass = text(w, c->klass);
		set_path(w, &e, c->sig, 0);
	} else {
		const struct sum_key *k = &s->keys[src];
		e.type = text(w, k->type);
		e.klass = text(w, k->klass);
		e.site = site_text(w, k->file, k->line);
		if (w->sig_of_key[src])
			set_path(w, &e, w->sig_of_key[src] - 1, r->key.n);
	}
	return e;
}

/* A row that may be weighed, and how much it gained. */
struct candidate {
	uint32_t row, place;               /* place among those that are weighed */
	uint64_t id;
	double gain;
	float oldest;                      /* oldest release: decides which part of the run it is weighed over, ... */
	uint64_t lows;                     /* ... or, of levels, the dumps of its low boundary, hashed */
	bool births;
};

static int by_gain(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;
	return x->gain != y->gain ? (x->gain > y->gain ? -1 : 1) : x->id < y->id ? -1 : x->id > y->id;
}

static int by_part(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;
	if (x->births != y->births)
		return x->births ? -1 : 1;
	if (x->lows != y->lows)
		return x->lows < y->lows ? -1 : 1;
	return x->oldest != y->oldest ? (x->oldest < y->oldest ? -1 : 1) : by_gain(a, b);
}

static uint64_t lows_hash(const struct verdict_lows *w) { return w ? XXH3_64bits(w->at, w->n * sizeof(*w->at)) : 0; }

/* The level of the first segment of which one is known: a container has none before it was long enough to be listed. */
static double first_low(const struct verdict_lows *w)
{
	for (uint32_t i = 0; w && i < w->n; i++) {
		if (isfinite(w->low[i]))
			return (double)w->low[i];
	}
	return INFINITY;
}

/* Did contents grow since they are followed because there are more of them? Their objects tell of that. */
static bool are_more(const struct life_row *r)
{
	double first = (double)r->key.prev[LIFE_FIRST], low = first_low(r->key.lows);
	return r->kind == LIFE_CONTENTS && (r->key.len - low) * first < LIFE_MORE * (r->key.n - first) * low;
}

/* Bytes that the row gained since it is followed, about; 0: nothing to weigh. */
static double gain(const struct life *l, const struct life_row *r, uint32_t src)
{
	const struct verdict_key *k = &r->key;
	if (src == UINT32_MAX || r->still || k->n <= 0 || are_more(r))
		return 0;
	double size = fmax(k->b / k->n, 1);
	if (r->kind != LIFE_BIRTHS)
		return fmax((k->len >= 0 ? k->len : k->n) - first_low(k->lows), 0) * size;
	return verdict_kept(&l->proc, k) * size;
}

/* Containers of one signature. */
struct box {
	bool any;
	double entries, gained; /* of all; gained since they are followed */
};

/* Entries that a container gained since it is followed; INFINITY: it is for too short a time. */
static double gained(const struct life_row *r)
{
	enum { KNOWN = 3 }; /* segments */
	unsigned known = 0;
	for (uint32_t i = 0; r->key.lows && i < r->key.lows->n; i++)
		known += isfinite(r->key.lows->low[i]);
	return r->still ? 0 : known < KNOWN ? INFINITY : fmax(r->key.len - first_low(r->key.lows), 0);
}

/* The signature of a row by length that the dump has; UINT32_MAX: it is none. */
static uint32_t box_sig(const struct dump_summary *s, const struct life_row *r, uint32_t src)
{
	if (src == UINT32_MAX || !life_by_length(r))
		return UINT32_MAX;
	return r->kind == LIFE_CONTENTS ? s->contents[src].sig : s->containers[src].sig;
}

/* By signature. The caller frees. */
static struct box *boxes(const struct life *l, const struct dump_summary *s)
{
	struct box *b = xcalloc(s->nsigs + 1, sizeof(*b));
	for (size_t i = 0; i < l->nrows; i++) {
		const struct life_row *r = &l->rows[i];
		uint32_t sig = box_sig(s, r, l->seen[i].src);
		if (sig == UINT32_MAX)
			continue;
		b[sig].any = true;
		b[sig].entries += fmax(r->key.len, 0);
		b[sig].gained += gained(r);
	}
	return b;
}

/* Are the n objects of this signature, of which so many came, the entries of containers that gained next to none? */
static bool are_replaced(const struct dump_summary *s, const struct box *boxes, uint32_t sig, double n, double came)
{
	const struct box *b = s->sigs[sig].parent < s->nsigs ? &boxes[s->sigs[sig].parent] : NULL;
	return b && b->any && b->gained <= VERDICT_STILL * came && n >= VERDICT_STILL_OWN * b->entries && !verdict_is_mixed(n, b->entries);
}

static void round_judged(struct verdict_judged *j)
{
	/* As it is stored: so the answer is the same whether it was stored in between or not. */
	for (int c = 0; c < STORIES; c++)
		j->evidence[c] = as_f32(j->evidence[c]);
	for (int c = 0; c < KINDS; c++)
		j->kinds[c] = as_f32(j->kinds[c]);
	j->survivors = as_f32(j->survivors);
	j->hazard = as_f32(j->hazard);
	j->rate = as_f32(j->rate);
	j->se = as_f32(j->se);
	j->df = as_f32(j->df);
	j->more = as_f32(j->more);
	j->more_jobs = as_f32(j->more_jobs);
	j->late = as_f32(j->late);
	j->tailed = as_f32(j->tailed);
	for (unsigned i = 0; i < j->nunits; i++)
		j->units[i] = as_f32(j->units[i]);
}

static void clear(struct life *l)
{
	strtab_done(&l->texts);
	strtab_init(&l->texts);
	arena_done(&l->arena);
	l->arena = (struct arena){0};
	free(l->out.entries);
	free(l->judged);
	l->judged = NULL;
	l->out = (struct verdict_life){.proc = &l->proc};
}

static int by_site(const void *a, const void *b)
{
	const struct verdict_entry *x = a, *y = b;
	int c = strcmp(x->site ? x->site : "", y->site ? y->site : "");
	return c ? c : x->id < y->id ? -1 : x->id > y->id;
}

/* Weighs n candidates: those of one part of the run after each other, since they share what the stories predict. */
static void judge(struct life *l, const struct candidate *c, size_t n)
{
	struct candidate *order = xcalloc(n, sizeof(*order));
	l->judged = xcalloc(n, sizeof(*l->judged));
	for (size_t i = 0; i < n; i++) {
		order[i] = c[i];
		order[i].place = (uint32_t)i;
	}
	qsort(order, n, sizeof(*order), by_part);
	for (size_t i = 0; i < n; i++) {
		struct verdict_judged *j = &l->judged[order[i].place];
		if (!verdict_judge(&l->proc, &l->rows[order[i].row].key, j))
			*j = (struct verdict_judged){.m = 0};
		round_judged(j);
	}
	free(order);
}

void life_weigh(struct life *l, const struct dump_summary *s)
{
	struct weighing w = {l, s, xcalloc(s->nkeys + 1, sizeof(uint32_t))};
	struct candidate *c = NULL;
	size_t n = 0, cap = 0;
	clear(l);
	for (size_t i = 0; i < s->nkey_sigs; i++)
		w.sig_of_key[s->key_sigs[i].key] = s->key_sigs[i].sig + 1;
	for (size_t k = 0; k < l->nmoved; k++) {
		uint32_t i = l->moved[k];
		double g = gain(l, &l->rows[i], l->seen[i].src);
		if (g <= 0)
			continue;
		c = xgrow(c, n, &cap, sizeof(*c));
		c[n++] = (struct candidate){i, 0, l->rows[i].id, g, l->rows[i].key.oldest, lows_hash(l->rows[i].key.lows),
		    l->rows[i].kind == LIFE_BIRTHS};
	}
	if (n)
		qsort(c, n, sizeof(*c), by_gain);
	n = n < LIFE_JUDGED ? n : LIFE_JUDGED;
	l->out.entries = xcalloc(n, sizeof(*l->out.entries));
	judge(l, c, n);
	_cleanup_free_ struct box *box = boxes(l, s);
	for (size_t i = 0; i < n; i++) {
		struct life_row *r = &l->rows[c[i].row];
		struct verdict_judged *j = &l->judged[l->out.nentries];
		uint32_t src = l->seen[c[i].row].src;
		struct verdict_entry e = name(&w, r, src);
		if (r->kind == LIFE_BIRTHS && w.sig_of_key[src])
			j->still = are_replaced(s, box, w.sig_of_key[src] - 1, r->key.n, j->survivors);
		e.id = (uint32_t)l->out.nentries;
		e.judged = j;
		e.key = arena_alloc(&l->arena, sizeof(*e.key));
		verdict_key_init(e.key);
		e.key->n = r->key.n;
		e.key->b = r->key.b;
		e.key->len = r->key.len;
		l->out.entries[l->out.nentries++] = e;
	}
	qsort(l->out.entries, l->out.nentries, sizeof(*l->out.entries), by_site);
	for (size_t i = 0; i < l->out.nentries; i++)
		l->out.entries[i].id = (uint32_t)i;
	for (size_t k = 0; k < l->nmoved; k++) { /* births are of this dump only */
		l->rows[l->moved[k]].key.births = NULL;
		l->rows[l->moved[k]].key.nbirths = 0;
	}
	free(c);
	free(w.sig_of_key);
}
