/* Summaries of one process life to rows of the verdict. SPDX-License-Identifier: BSD-2-Clause */
#include "analyze/life.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/mem.h"
#include "base/u64map.h"

#define NO_JOBS_PACE 1000. /* jobs per dump when nobody counted */

struct row {
	struct verdict_entry entry;
	double n, b, len;       /* in the dump being added */
	double *births;         /* of it, by mark; NULL: none yet */
	bool container, moved, old; /* old: it was in an earlier dump */
};

struct life {
	struct verdict_proc proc;
	struct verdict_life out;
	struct arena arena;
	struct strtab names;
	struct u64map index;    /* hash of the names -> row + 1 */
	struct row *rows;
	size_t nrows, cap_rows;
	uint64_t other;
	bool traced, started, knows_jobs;
};

struct life *life_new(void)
{
	struct life *l = xcalloc(1, sizeof(*l));
	verdict_proc_init(&l->proc);
	strtab_init(&l->names);
	return l;
}

void life_free(struct life *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < l->nrows; i++) {
		verdict_key_done(l->rows[i].entry.key);
		free(l->rows[i].births);
	}
	verdict_proc_done(&l->proc);
	strtab_done(&l->names);
	arena_done(&l->arena);
	u64map_done(&l->index);
	free(l->rows);
	free(l->out.entries);
	free(l);
}

/* A name of a summary as a name of the life; NULL for null. */
static const char *own(struct life *l, const struct dump_summary *s, uint32_t id)
{
	return id ? strtab_str(&l->names, strtab_intern(&l->names, strtab_get(&s->names, id))) : NULL;
}

static const char *site_text(struct life *l, const struct dump_summary *s, uint32_t file, uint32_t line)
{
	if (!file)
		return NULL;
	struct span f = strtab_get(&s->names, file);
	_cleanup_free_ char *text = xasprintf("%.*s:%u", (int)f.n, (const char *)f.p, line);
	return strtab_str(&l->names, strtab_intern(&l->names, span_of(text)));
}

/* The names above signature sig, from the root; returns how many. */
static size_t path_of(struct life *l, const struct dump_summary *s, uint32_t sig, const char **path)
{
	uint32_t chain[LIFE_PATH * 4];
	size_t n = 0, m = 0;
	for (uint32_t i = s->sigs[sig].parent; i != UINT32_MAX && i < s->nsigs && n < LIFE_PATH * 4; i = s->sigs[i].parent)
		chain[n++] = i;
	while (n-- && m < LIFE_PATH)
		path[m++] = own(l, s, s->sigs[chain[n]].klass);
	return m;
}

static uint64_t entry_hash(const struct verdict_entry *e, int kind)
{
	/* Names are interned: their addresses say who they are within this life. */
	uint64_t h = XXH3_64bits_withSeed(&e->type, sizeof(e->type), (uint64_t)kind);
	h = XXH3_64bits_withSeed(&e->klass, sizeof(e->klass), h);
	h = XXH3_64bits_withSeed(&e->site, sizeof(e->site), h);
	return e->npath ? XXH3_64bits_withSeed(e->path, e->npath * sizeof(*e->path), h) : h;
}

static struct row *row_new(struct life *l, const struct verdict_entry *e)
{
	l->rows = xgrow(l->rows, l->nrows, &l->cap_rows, sizeof(*l->rows));
	struct row *r = &l->rows[l->nrows];
	*r = (struct row){.entry = *e, .len = -1};
	r->entry.id = (uint32_t)l->nrows;
	r->entry.key = arena_alloc(&l->arena, sizeof(*r->entry.key));
	verdict_key_init(r->entry.key);
	if (e->npath) {
		const char **path = arena_alloc(&l->arena, e->npath * sizeof(*path));
		memcpy(path, e->path, e->npath * sizeof(*path));
		r->entry.path = path;
	}
	l->nrows++;
	return r;
}

/* The row of these names, or NULL when there are too many. kind tells containers from objects. */
static struct row *row_of(struct life *l, const struct verdict_entry *e, int kind)
{
	uint64_t h = entry_hash(e, kind);
	uint32_t *at = u64map_get(&l->index, h);
	if (at)
		return &l->rows[*at - 1];
	if (l->nrows == LIFE_KEYS) {
		l->other++;
		return NULL;
	}
	struct row *r = row_new(l, e);
	*u64map_put(&l->index, h, NULL) = (uint32_t)l->nrows;
	return r;
}

/* The first mark whose GC count is at or after the birth; 0 = before the first dump. */
static size_t mark_of_generation(const struct life *l, double generation)
{
	size_t a = 0, b = l->proc.nmarks;
	while (a < b) {
		size_t m = (a + b) / 2;
		if (l->proc.gc[m] < generation)
			a = m + 1;
		else
			b = m;
	}
	return a < l->proc.nmarks ? a : l->proc.nmarks - 1;
}

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

static struct verdict_dump dump_of(struct life *l, const struct dump_summary *s)
{
	const struct dump_header *h = &s->head;
	double n = (double)l->proc.ndumps + 1;
	struct verdict_dump d = {.t = h->time, .partial = s->partial || s->since, .memsize = (double)s->bytes, .rss = known(h->rss, 0)};
	l->knows_jobs |= h->jobs != HEADER_UNKNOWN;
	d.jobs = known(h->jobs, n * NO_JOBS_PACE);
	d.gc = h->gc_count != HEADER_UNKNOWN ? h->gc_count : s->max_generation != UINT64_MAX ? s->max_generation : (uint64_t)n;
	d.major = h->major_gc_count != HEADER_UNKNOWN ? h->major_gc_count : (uint64_t)n;
	d.compact = h->compact_count != HEADER_UNKNOWN ? h->compact_count : 0;
	for (uint32_t i = 0; i < h->nmarks && i < VERDICT_SUB - 1; i++) {
		d.marks[d.nmarks][0] = (double)h->marks[i].jobs;
		d.marks_gc[d.nmarks] = (double)h->marks[i].gc_count;
		d.marks[d.nmarks++][1] = h->marks[i].time;
	}
	for (uint32_t i = 0; i < h->nmix; i++)
		d.mix[class_index(l, h->mix[i].klass)] += (double)h->mix[i].jobs;
	return d;
}

static void add_births(struct life *l, const struct dump_summary *s, const uint32_t *of_key)
{
	for (size_t i = 0; i < s->ngenkeys; i++) {
		const struct sum_genkey *g = &s->genkeys[i];
		uint32_t number = g->key < s->nkeys ? of_key[g->key] : 0;
		if (!number || !l->rows[number - 1].entry.site)
			continue;
		struct row *r = &l->rows[number - 1];
		size_t mark = mark_of_generation(l, (double)g->generation);
		if (!r->births) {
			if (mark == 0 && !r->moved)
				continue; /* born before the first dump: most keys never need a table */
			r->births = xcalloc(l->proc.nmarks, sizeof(*r->births));
		}
		r->births[mark] += (double)g->t.count;
	}
}

static void see(struct row *r, double n, double b, double len)
{
	r->n += n;
	r->b += b;
	if (len >= 0) {
		r->container = true;
		r->len = fmax(r->len, 0) + len;
	}
}

/* Who holds the objects of a site: the path of most of them in the newest dump that says it. */
static void name_holders(struct life *l, const struct dump_summary *s, const uint32_t *of_key)
{
	for (size_t i = 0; i < s->nkey_sigs; i++) {
		uint32_t number = of_key[s->key_sigs[i].key];
		const char *path[LIFE_PATH];
		if (!number)
			continue;
		struct row *r = &l->rows[number - 1];
		size_t n = path_of(l, s, s->key_sigs[i].sig, path);
		if (n == 0 || (n == r->entry.npath && memcmp(path, r->entry.path, n * sizeof(*path)) == 0))
			continue;
		const char **copy = arena_alloc(&l->arena, n * sizeof(*copy));
		memcpy(copy, path, n * sizeof(*copy));
		r->entry.path = copy;
		r->entry.npath = n;
	}
}

/* Keys by site. With a graph garbage is no survivor of anything, but its births cannot be told apart. */
static void add_keys(struct life *l, const struct dump_summary *s)
{
	uint32_t *of_key = xcalloc(s->nkeys, sizeof(*of_key)); /* row + 1: rows move while they are made, their numbers do not */
	for (size_t i = 0; i < s->nkeys; i++) {
		const struct sum_key *k = &s->keys[i];
		struct verdict_entry e = {.type = own(l, s, k->type), .klass = own(l, s, k->klass), .site = site_text(l, s, k->file, k->line)};
		struct row *r = row_of(l, &e, 0);
		if (!r)
			continue;
		of_key[i] = r->entry.id + 1;
		see(r, (double)(k->all.count - k->garbage.count), (double)(k->all.bytes - k->garbage.bytes), -1);
	}
	name_holders(l, s, of_key);
	if (l->traced)
		add_births(l, s, of_key);
	free(of_key);
}

static void add_signatures(struct life *l, const struct dump_summary *s)
{
	for (uint32_t i = 0; i < s->nsigs; i++) {
		const struct sum_sig *g = &s->sigs[i];
		const char *path[LIFE_PATH];
		struct verdict_entry e = {.klass = own(l, s, g->klass), .path = path};
		e.npath = path_of(l, s, i, path);
		e.stack = e.npath && path[0] && strstr(path[0], "machine_context");
		struct row *r = g->own.count && e.npath ? row_of(l, &e, 1) : NULL;
		if (r)
			see(r, (double)g->own.count, (double)g->own.bytes, -1);
	}
}

static void add_containers(struct life *l, const struct dump_summary *s)
{
	for (size_t i = 0; i < s->ncontainers; i++) {
		const struct sum_container *c = &s->containers[i];
		const char *path[LIFE_PATH];
		struct verdict_entry e = {.type = own(l, s, c->type), .klass = own(l, s, c->klass), .path = path};
		if (c->sig >= s->nsigs)
			continue;
		e.npath = path_of(l, s, c->sig, path);
		struct row *r = e.npath ? row_of(l, &e, 2) : NULL;
		if (r)
			see(r, 1, 0, (double)c->length);
	}
}

/* Gives one row of the dump to its key. */
static void settle(struct life *l, struct row *r)
{
	struct verdict_row v = {.n = r->n, .b = r->b, .len = r->container ? fmax(r->len, 0) : -1, .births = r->births, .gone = -1};
	/* A traced key without a birth since the first dump is static or gone: nothing to judge, and no table to keep. */
	if (!l->traced || !r->entry.site || r->births || r->moved) {
		if (l->traced && r->entry.site && !r->births)
			v.births = r->births = xcalloc(l->proc.nmarks, sizeof(*r->births));
		if (!r->moved && !r->births && l->proc.ndumps > 1 && !r->old)
			verdict_key_was(&l->proc, r->entry.key, 0);
		r->moved |= r->births != NULL;
		verdict_key_update(&l->proc, r->entry.key, &v);
	} else {
		r->entry.key->n = r->n;
		r->entry.key->b = r->b;
	}
	free(r->births);
	r->births = NULL;
	r->n = r->b = 0;
	r->len = -1;
	r->old = true;
}

void life_add(struct life *l, const struct dump_summary *s)
{
	if (!l->started) {
		l->started = true;
		l->traced = l->proc.traced = s->traced_objects_known;
		l->proc.ruby = strtod(s->head.ruby, NULL);
		/* Births of garbage cannot be told from births of survivors, so they wait for a major GC, graph or not. */
		l->proc.graph = false;
	}
	if (s->head.cgroup_limit != HEADER_UNKNOWN)
		l->proc.limit = (double)s->head.cgroup_limit;
	struct verdict_dump d = dump_of(l, s);
	if (!verdict_proc_update(&l->proc, &d))
		return;
	for (size_t i = 0; l->proc.epoch && i < l->nrows; i++)
		verdict_key_freeze(&l->proc, l->rows[i].entry.key);
	verdict_proc_advance(&l->proc);
	if (l->traced || !s->has_graph)
		add_keys(l, s);
	else
		add_signatures(l, s);
	add_containers(l, s);
	for (size_t i = 0; i < l->nrows; i++)
		settle(l, &l->rows[i]);
}

static int by_site(const void *a, const void *b)
{
	const struct verdict_entry *x = a, *y = b;
	int c = strcmp(x->site ? x->site : "", y->site ? y->site : "");
	return c ? c : x->id < y->id ? -1 : x->id > y->id;
}

struct verdict_life *life_verdict(struct life *l)
{
	free(l->out.entries);
	l->out = (struct verdict_life){.proc = &l->proc, .entries = xcalloc(l->nrows, sizeof(*l->out.entries))};
	for (size_t i = 0; i < l->nrows; i++) {
		const struct row *r = &l->rows[i];
		if (l->traced && r->entry.site && !r->moved)
			continue; /* static */
		l->out.entries[l->out.nentries++] = r->entry;
	}
	qsort(l->out.entries, l->out.nentries, sizeof(*l->out.entries), by_site);
	return &l->out;
}

size_t life_dumps(const struct life *l) { return l->proc.ndumps; }
bool life_knows_jobs(const struct life *l) { return l->knows_jobs; }
bool life_traced(const struct life *l) { return l->traced; }
size_t life_keys(const struct life *l) { return l->nrows; }
uint64_t life_other(const struct life *l) { return l->other; }
