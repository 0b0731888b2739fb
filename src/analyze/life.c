/* Summaries of one process life to rows of the verdict. SPDX-License-Identifier: BSD-2-Clause */
#include "analyze/life.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "analyze/life_impl.h"
#include "analyze/verdict_impl.h"
#include "base/mem.h"

#define NO_ROW UINT32_MAX

_Static_assert(VERDICT_SEVERAL == SUM_SEVERAL, "what is summed up is what is weighed together");

struct life *life_new(void)
{
	struct life *l = xcalloc(1, sizeof(*l));
	verdict_proc_init(&l->proc);
	strtab_init(&l->names);
	strtab_init(&l->texts);
	return l;
}

void life_free(struct life *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < l->nrows; i++)
		verdict_key_done(&l->rows[i].key);
	verdict_proc_done(&l->proc);
	strtab_done(&l->names);
	strtab_done(&l->texts);
	arena_done(&l->arena);
	u64map_done(&l->index);
	free(l->rows);
	free(l->seen);
	free(l->ids);
	free(l->part);
	free(l->moved);
	free(l->births);
	free(l->births_at);
	free(l->out.entries);
	free(l->judged);
	free(l->known);
	free(l);
}

struct life_row *life_row_new(struct life *l, uint64_t id, enum life_kind kind)
{
	l->rows = xgrow(l->rows, l->nrows, &l->cap_rows, sizeof(*l->rows));
	struct life_row *r = &l->rows[l->nrows++];
	*r = (struct life_row){.id = id, .kind = (uint8_t)kind, .fresh = true};
	verdict_key_init(&r->key);
	if (l->seen) {
		l->seen = xgrow(l->seen, l->nrows - 1, &l->cap_seen, sizeof(*l->seen));
		l->seen[l->nrows - 1] = (struct life_seen){.len = -1, .src = UINT32_MAX};
		*u64map_put(&l->index, id, NULL) = (uint32_t)l->nrows;
	}
	return r;
}

/* Ids are hashes: where one lies in its part of their range is a matter of a few steps. */
void life_sorted(struct life *l)
{
	l->nsorted = l->nrows;
	l->ids = xreallocarray(l->ids, l->nrows + 1, sizeof(*l->ids));
	l->part = xreallocarray(l->part, LIFE_PARTED + 1, sizeof(*l->part));
	uint32_t k = 0;
	for (uint32_t i = 0; i < l->nrows; i++) {
		l->ids[i] = l->rows[i].id;
		while (k <= l->ids[i] >> (LIFE_ID_BITS - LIFE_PART_BITS))
			l->part[k++] = i;
	}
	while (k <= LIFE_PARTED)
		l->part[k++] = (uint32_t)l->nrows;
}

static void see_nothing(struct life *l)
{
	if (l->nrows >= l->cap_seen) {
		l->cap_seen = l->nrows + l->nrows / 8 + 1;
		l->seen = xreallocarray(l->seen, l->cap_seen, sizeof(*l->seen));
	}
	for (size_t i = 0; i < l->nrows; i++)
		l->seen[i] = (struct life_seen){.len = -1, .src = UINT32_MAX};
}

/* What one dump needs while it is added. */
struct adding {
	struct life *l;
	const struct dump_summary *s;
	uint64_t *hash;    /* by name id of the summary; 0 = not asked yet */
};

static uint64_t name_hash(struct adding *a, uint32_t id)
{
	if (id && !a->hash[id]) {
		struct span t = strtab_get(&a->s->names, id);
		a->hash[id] = XXH3_64bits(t.p, t.n) | 1;
	}
	return id ? a->hash[id] : 0;
}

/* LIFE_ID_BITS are enough to tell LIFE_KEYS rows apart, and are what is stored. */
static uint64_t row_id(enum life_kind kind, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	uint64_t v[5] = {kind, a, b, c, d};
	return XXH3_64bits(v, sizeof(v)) >> (64 - LIFE_ID_BITS);
}

/* The number of the row of this id, or NO_ROW. */
static uint32_t find(const struct life *l, uint64_t id)
{
	if (l->nsorted) {
		uint64_t k = id >> (LIFE_ID_BITS - LIFE_PART_BITS);
		for (uint32_t i = l->part[k]; i < l->part[k + 1]; i++) {
			if (l->ids[i] == id)
				return i;
		}
	}
	const uint32_t *at = u64map_get(&l->index, id);
	return at ? *at - 1 : NO_ROW;
}

static uint32_t find_or_new(struct life *l, uint64_t id, enum life_kind kind)
{
	uint32_t r = find(l, id);
	if (r == NO_ROW && l->nrows < LIFE_KEYS)
		r = (uint32_t)(life_row_new(l, id, kind) - l->rows);
	return r;
}

/* The first mark before which the generation of the birth ended, by a GC run (one of a mark goes on after it). 0: before the first dump, or
 * in its generation: nearly all keys have some of these, that would have to be followed for one part of the run. */
static size_t mark_of_generation(const struct life *l, double generation)
{
	size_t a = 0, b = l->proc.nmarks;
	while (a < b) {
		size_t m = (a + b) / 2;
		if (l->proc.gc[m] < generation + (m > 0))
			a = m + 1;
		else
			b = m;
	}
	return a < l->proc.nmarks ? a : l->proc.nmarks - 1;
}

static void see(struct life *l, uint32_t row, size_t src, double n, double b, double len)
{
	if (row == NO_ROW)
		return;
	struct life_seen *r = &l->seen[row];
	if (r->src == UINT32_MAX)
		r->src = (uint32_t)src;
	r->n += n;
	r->b += b;
	if (len >= 0)
		r->len = fmax(r->len, 0) + len;
}

/* There was no room for it. */
static void leave_out(struct life *l, double n, double b)
{
	l->other.rows++;
	l->other.n += n;
	l->other.b += b;
}

static uint64_t key_id(struct adding *a, const struct sum_key *k, enum life_kind kind)
{
	return row_id(kind, name_hash(a, k->type), name_hash(a, k->klass), name_hash(a, k->file), k->line);
}

/* The class of threads when nobody knows which of them live. A dump is written by a forked child, in which all but one are dead: that
 * nothing holds a Thread there says nothing of it, unless the gem has sent which the process had (graph/conclude.h). 0: it is known. */
static uint32_t doubtful_threads(const struct dump_summary *s)
{
	return strtab_find(&s->names, SPAN_LIT("root threads")) ? 0 : strtab_find(&s->names, SPAN_LIT("Thread"));
}

static bool is_thread(const struct life *l, const struct sum_key *k) { return l->thread && k->klass == l->thread; }

/* Objects born in this generation that live, as far as that is known. */
static double living(const struct life *l, const struct dump_summary *s, const struct sum_genkey *g)
{
	if (g->key >= s->nkeys)
		return 0;
	return (double)(g->t.count - (is_thread(l, &s->keys[g->key]) ? 0 : g->dead));
}

/* Keys by site, where births are known. One that had none since the first dump (or since objects were moved) has no row. */
static uint32_t *young_keys(struct life *l, const struct dump_summary *s)
{
	uint32_t *of = xcalloc(s->nkeys + 1, sizeof(*of)); /* how many rows of genkeys tell of births in time */
	size_t mark = 0;
	for (size_t i = 0; i < s->ngenkeys; i++) { /* by generation: most are of before the first dump, and not looked at */
		const struct sum_genkey *g = &s->genkeys[i];
		if (i == 0 || g->generation != g[-1].generation)
			mark = mark_of_generation(l, (double)g->generation);
		if (mark > 0 && living(l, s, g) > 0 && s->keys[g->key].file)
			of[g->key]++;
	}
	return of;
}

/* The births of each key, rising by mark. counts: as young_keys says. */
static void add_births(struct life *l, const struct dump_summary *s, const uint32_t *counts)
{
	uint32_t sum = 0;
	size_t mark = 0;
	l->births_at = xreallocarray(l->births_at, s->nkeys + 2, sizeof(*l->births_at));
	uint32_t *end = l->births_at + 1; /* of a key; while they are filled in, of those that are there */
	l->births_at[0] = 0;
	for (size_t i = 0; i < s->nkeys; i++) {
		end[i] = sum;
		sum += counts[i];
	}
	free(l->births);
	l->births = xcalloc(sum + 1, sizeof(*l->births));
	for (size_t i = 0; i < s->ngenkeys; i++) {
		const struct sum_genkey *g = &s->genkeys[i];
		if (i == 0 || g->generation != g[-1].generation)
			mark = mark_of_generation(l, (double)g->generation);
		double n = mark ? living(l, s, g) : 0;
		if (n > 0 && counts[g->key]) /* else born before the first dump, or not followed */
			l->births[end[g->key]++] = (struct verdict_birth){n, (uint32_t)mark};
	}
}

static struct tally garbage_of(const struct life *l, const struct sum_key *k)
{
	return is_thread(l, k) ? (struct tally){0, 0} : k->garbage;
}

/* Takes up to `most` births of marks a (exclusive) to e from r, the youngest first. Returns how many. */
static double drop_births(struct verdict_birth *births, uint32_t n, size_t a, size_t e, double most)
{
	double done = 0;
	while (n-- && done < most) {
		if (births[n].mark <= a || births[n].mark > e)
			continue;
		double gone = fmin(most - done, births[n].n);
		births[n].n -= gone;
		done += gone;
	}
	return done;
}

/* Births that were dead already: of a stretch of the run no more can live than at the last dump. */
static double drop_dead(const struct verdict_proc *p, const struct verdict_key *k, struct verdict_birth *births, uint32_t n, double most)
{
	double done = 0;
	for (uint32_t i = 0; k->has_prev && i < p->noldbound && done < most; i++) {
		uint32_t a = p->oldbound[i], e = verdict_span_end(p->oldbound, p->noldbound, i, p->oldcut);
		double now = 0;
		for (uint32_t j = 0; j < n; j++)
			now += births[j].mark > a && births[j].mark <= e ? births[j].n : 0;
		done += drop_births(births, n, a, e, fmin(fmax(now - (double)k->prev[i], 0), most - done));
	}
	return done;
}

/* Births of garbage are no survivors. Of dumps of an older store is known how many of a key's objects are unreachable, not when they were
 * born: those that were dead before, and then the youngest, as most garbage is. */
static void drop_garbage(const struct life *l, const struct verdict_key *k, struct verdict_birth *births, uint32_t n, double garbage)
{
	if (n && garbage > 0) {
		garbage -= drop_dead(&l->proc, k, births, n, garbage);
		drop_births(births, n, 0, l->proc.nmarks - 1, garbage);
	}
}

static bool has_births(const struct life *l, const struct sum_key *k) { return l->traced && k->file; }

/* Keys by site, or by their count. With a graph garbage is no survivor of anything. In two steps: what is seen of a row lies anywhere in a
 * large array, and is fetched while those before it are added. */
static void add_keys(struct adding *a)
{
	enum { AHEAD = 16 };
	struct life *l = a->l;
	const struct dump_summary *s = a->s;
	uint32_t *young = l->traced ? young_keys(l, s) : NULL, *row = xcalloc(s->nkeys + AHEAD, sizeof(*row));
	for (size_t i = 0; i < s->nkeys; i++) {
		const struct sum_key *k = &s->keys[i];
		enum life_kind kind = has_births(l, k) ? LIFE_BIRTHS : LIFE_LEVEL;
		uint64_t id = key_id(a, k, kind);
		row[i] = kind == LIFE_LEVEL || young[i] ? find_or_new(l, id, kind) : find(l, id);
	}
	for (size_t i = 0; i < s->nkeys; i++) {
		const struct sum_key *k = &s->keys[i];
		struct tally garbage = garbage_of(l, k);
		double n = (double)(k->all.count - garbage.count), b = (double)(k->all.bytes - garbage.bytes);
		if (row[i + AHEAD] != NO_ROW)
			__builtin_prefetch(&l->seen[row[i + AHEAD]], 1);
		see(l, row[i], i, n, b, -1);
		if (row[i] == NO_ROW && (!has_births(l, k) || young[i]))
			leave_out(l, n, b);
	}
	if (young)
		add_births(l, s, young);
	free(young);
	free(row);
}

static void add_signatures(struct adding *a)
{
	const struct dump_summary *s = a->s;
	_cleanup_free_ uint64_t *counts = summary_counts(s);
	for (uint32_t i = 0; i < s->nsigs; i++) {
		const struct sum_sig *g = &s->sigs[i];
		if (!g->own.count || g->parent == UINT32_MAX)
			continue;
		double n = (double)counts[i];
		uint32_t r = find_or_new(a->l, row_id(LIFE_HELD, g->id, 0, 0, 0), LIFE_HELD);
		see(a->l, r, i, n, (double)g->own.bytes, -1);
		if (r == NO_ROW)
			leave_out(a->l, n, (double)g->own.bytes);
	}
}

/* Threads by their count: of those that died in the child no signature tells. */
static void add_threads(struct adding *a)
{
	const struct dump_summary *s = a->s;
	for (size_t i = 0; i < s->nkeys; i++) {
		const struct sum_key *k = &s->keys[i];
		uint32_t r = is_thread(a->l, k) ? find_or_new(a->l, key_id(a, k, LIFE_LEVEL), LIFE_LEVEL) : NO_ROW;
		see(a->l, r, i, (double)k->all.count, (double)k->all.bytes, -1);
	}
}

enum { BUFFERS = 3 /* Strings of one signature from which on they are entries of something, not buffers that grow */ };

/* A String with as large ones beside it, which count as objects. */
static bool is_entry(const struct dump_summary *s, const struct sum_container *c)
{
	size_t n = 0;
	if (strcmp(strtab_str(&s->names, c->type), "STRING") != 0)
		return false;
	for (size_t i = 0; i < s->ncontainers; i++)
		n += s->containers[i].sig == c->sig && s->containers[i].type == c->type;
	return n > BUFFERS;
}

static void add_contents(struct adding *a)
{
	const struct dump_summary *s = a->s;
	for (size_t i = 0; i < s->ncontents; i++) {
		const struct sum_content *c = &s->contents[i];
		if (!summary_is_several(s, c))
			continue;
		uint32_t r = find_or_new(a->l, row_id(LIFE_CONTENTS, s->sigs[c->sig].id, 0, 0, 0), LIFE_CONTENTS);
		see(a->l, r, i, (double)s->sigs[c->sig].own.count, 0, (double)summary_content_length(s, c));
		if (r == NO_ROW)
			leave_out(a->l, 0, 0);
	}
}

static void add_containers(struct adding *a)
{
	const struct dump_summary *s = a->s;
	_cleanup_free_ bool *summed = summary_several(s);
	for (size_t i = 0; i < s->ncontainers; i++) {
		const struct sum_container *c = &s->containers[i];
		if (c->sig >= s->nsigs || s->sigs[c->sig].parent == UINT32_MAX || is_entry(s, c) || summed[c->sig])
			continue;
		uint64_t id = row_id(LIFE_CONTAINER, name_hash(a, c->type), name_hash(a, c->klass), s->sigs[c->sig].id, 0);
		uint32_t r = find_or_new(a->l, id, LIFE_CONTAINER);
		see(a->l, r, i, 1, 0, (double)c->length);
		if (r == NO_ROW)
			leave_out(a->l, 0, 0);
	}
}

/* No births now, and none that were: there is nothing to compare, and most rows are like that. */
static bool is_quiet(const struct life_row *r, uint32_t nbirths)
{
	const struct verdict_key *k = &r->key;
	return nbirths == 0 && k->nfrozen == 0 && k->has_prev && k->released <= 0 && k->exposed <= 0 && life_row_none(r);
}

/* False: there is nothing to weigh. */
static bool settle_births(struct life *l, struct life_row *r, const struct life_seen *seen, const struct dump_summary *s)
{
	bool there = l->traced && seen->src < s->nkeys;
	uint32_t from = there ? l->births_at[seen->src] : 0, n = there ? l->births_at[seen->src + 1] - from : 0;
	struct verdict_birth *births = n ? l->births + from : NULL;
	if (n && !s->genkeys_dead)
		drop_garbage(l, &r->key, births, n, (double)garbage_of(l, &s->keys[seen->src]).count);
	struct verdict_row v = {.n = seen->n, .b = seen->b, .len = -1, .born = true, .births = births, .nbirths = n, .gone = -1};
	bool quiet = is_quiet(r, n);
	if (quiet) {
		r->key.n = v.n;
		r->key.b = v.b;
		r->key.births = NULL;
		r->key.nbirths = 0;
	} else {
		verdict_key_update(&l->proc, &r->key, &v);
	}
	r->key.born = n || r->key.nfrozen;
	if (r->key.born)
		life_row_fit(r);
	return !quiet;
}

/* A container that the dump does not list: shorter than any that it lists, or crowded out; contents of which none is longer than the least.
 * Then nothing is known of it. */
static bool unlisted(const struct life_row *r, const struct life_seen *seen, size_t listed)
{
	return seen->src == UINT32_MAX && (r->kind == LIFE_CONTENTS || (r->kind == LIFE_CONTAINER && listed >= SUM_CONTAINERS));
}

/* False: it never changed. */
static bool settle_level(struct life *l, struct life_row *r, const struct life_seen *seen, size_t listed)
{
	if (unlisted(r, seen, listed) && !r->fresh) {
		if (l->proc.lmerged && !r->still && r->key.lows)
			verdict_lows_merge(r->key.lows);
		return !r->still;
	}
	double y = life_by_length(r) ? fmax(seen->len, 0) : seen->n;
	struct verdict_row v = {.n = seen->n, .b = seen->b, .len = life_by_length(r) ? y : -1, .gone = -1};
	if (r->fresh && r->kind == LIFE_CONTENTS)
		r->key.prev[LIFE_FIRST] = (float)seen->n;
	if (r->fresh && l->proc.ndumps == 1) {
		r->still = true;
		r->key.prev[0] = (float)y;
	}
	if (r->still && r->key.prev[0] == (float)y) {
		r->key.n = v.n;
		r->key.b = v.b;
		r->key.len = v.len;
		return false;
	}
	if (r->fresh && life_by_length(r))
		r->key.fresh = true; /* it was there before, too short to be listed: nothing is known of that time */
	else if (r->still || r->fresh)
		verdict_key_was(&l->proc, &r->key, r->still ? (double)r->key.prev[0] : 0);
	r->still = false;
	verdict_key_update(&l->proc, &r->key, &v);
	life_row_fit(r);
	return true;
}

/* Gives the dump's figures to each row. */
static void settle(struct life *l, const struct dump_summary *s)
{
	l->nmoved = 0;
	for (size_t i = 0; i < l->nrows; i++) {
		struct life_row *r = &l->rows[i];
		bool births = r->kind == LIFE_BIRTHS;
		bool moved = births ? settle_births(l, r, &l->seen[i], s) : settle_level(l, r, &l->seen[i], s->ncontainers);
		r->fresh = false;
		if (!moved)
			continue;
		l->moved = xgrow(l->moved, l->nmoved, &l->cap_moved, sizeof(*l->moved));
		l->moved[l->nmoved++] = (uint32_t)i;
	}
}

/* When many rows are followed, those that are not in the dump make room. One that returns later is taken for new. */
static void forget(struct life *l)
{
	size_t n = 0, nmoved = 0, at = 0;
	if (l->nrows < LIFE_KEYS / 4 * 3)
		return;
	u64map_done(&l->index);
	l->nsorted = 0;
	for (size_t i = 0; i < l->nrows; i++) {
		bool moved = at < l->nmoved && l->moved[at] == i, gone = l->seen[i].src == UINT32_MAX;
		at += moved;
		if (moved && !gone)
			l->moved[nmoved++] = (uint32_t)n;
		if (gone) {
			verdict_key_done(&l->rows[i].key);
			continue;
		}
		l->seen[n] = l->seen[i];
		l->rows[n] = l->rows[i];
		*u64map_put(&l->index, l->rows[n].id, NULL) = (uint32_t)(n + 1);
		n++;
	}
	l->nrows = n;
	l->nmoved = nmoved;
}

void life_add(struct life *l, const struct dump_summary *s)
{
	if (!l->started) {
		l->started = true;
		l->traced = l->proc.traced = s->traced_objects_known;
		l->proc.ruby = strtod(s->head.ruby, NULL);
		l->proc.rev = s->head.who.rev[0] ? XXH3_64bits(s->head.who.rev, strlen(s->head.who.rev)) : 0;
	}
	if (s->head.cgroup_limit != HEADER_UNKNOWN)
		l->proc.limit = (double)s->head.cgroup_limit;
	else if (l->host_memory > 0)
		l->proc.limit = l->host_memory;
	l->proc.graph = s->genkeys_dead; /* else births of garbage, which cannot be told from others, wait for a major GC */
	struct verdict_dump d = life_dump_of(l, s);
	/* Births are told apart by the number of GC runs. Where none came since the dump before, those that are new would be taken for as old
	 * as that one's, and a leak for something that filled up at first. */
	if (l->traced && l->proc.have_last && d.gc == l->proc.last.gc) {
		life_dump_passed(l, s, &d);
		return;
	}
	if (!verdict_proc_update(&l->proc, &d))
		return;
	life_dump_taken(l, s, &d);
	for (size_t i = 0; l->proc.epoch && i < l->nrows; i++) {
		if (l->rows[i].kind == LIFE_BIRTHS)
			verdict_key_freeze(&l->proc, &l->rows[i].key);
	}
	verdict_proc_advance(&l->proc);
	see_nothing(l);
	l->thread = doubtful_threads(s);
	l->other = (struct life_other){.rows = 0};
	struct adding a = {l, s, xcalloc(s->names.n + 1, sizeof(uint64_t))};
	if (l->traced || !s->has_graph) {
		add_keys(&a);
	} else {
		add_signatures(&a);
		add_threads(&a);
	}
	add_containers(&a);
	add_contents(&a);
	free(a.hash);
	l->nkeys = l->traced || !s->has_graph ? s->nkeys : s->nsigs;
	settle(l, s);
	forget(l);
}

struct verdict_life *life_verdict(struct life *l)
{
	l->out.proc = &l->proc;
	return &l->out;
}

static int by_id_then_age(const void *a, const void *b)
{
	const struct life_known *x = a, *y = b;
	return x->gone < y->gone ? -1 : x->gone > y->gone;
}

struct life_known *life_know(struct life *l, uint32_t id, bool *ret_new)
{
	for (size_t i = 0; i < l->nknown; i++) {
		if (l->known[i].id == id) {
			if (ret_new)
				*ret_new = false;
			return &l->known[i];
		}
	}
	if (!ret_new)
		return NULL;
	if (l->nknown == LIFE_KNOWN) { /* who went first makes room; when none did, the first that is there */
		qsort(l->known, l->nknown, sizeof(*l->known), by_id_then_age);
		size_t out = 0;
		while (out < l->nknown && l->known[out].gone <= 0)
			out++;
		out = out < l->nknown ? out : 0;
		memmove(l->known + out, l->known + out + 1, (l->nknown - out - 1) * sizeof(*l->known));
		l->nknown--;
	}
	l->known = xreallocarray(l->known, l->nknown + 1, sizeof(*l->known));
	l->known[l->nknown] = (struct life_known){.id = id};
	*ret_new = true;
	return &l->known[l->nknown++];
}

const struct life_known *life_known(const struct life *l, size_t *ret_n)
{
	*ret_n = l->nknown;
	return l->known;
}

uint64_t life_dump(const struct life *l) { return l->dump; }
void life_set_dump(struct life *l, uint64_t dump) { l->dump = dump; }
size_t life_dumps(const struct life *l) { return l->proc.ndumps; }
bool life_knows_jobs(const struct life *l) { return l->knows_jobs; }
bool life_traced(const struct life *l) { return l->traced; }
size_t life_keys(const struct life *l) { return l->nkeys; }
size_t life_rows(const struct life *l) { return l->nrows; }
const struct life_other *life_other(const struct life *l) { return &l->other; }
void life_set_host_memory(struct life *l, double bytes) { l->host_memory = bytes; }
