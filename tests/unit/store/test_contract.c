/* The contract of store.h, once for both backends. SPDX-License-Identifier: BSD-2-Clause */
#include "unit.h"

#include <errno.h>
#include <unistd.h>

#include "series.h"
#include "store/copy.h"
#include "store/store.h"

/* A store and where it lies; dir is NULL for the one in memory. */
struct fixture {
	struct store *s;
	char *dir;
	struct store_opts opts;
};

static const struct series_opts small = {.keys = 300, .gens = 20, .sigs = 100, .seed = 1, .pid = 4121, .churn_pct = 10};

static char *temp_dir(void)
{
	char *dir = xstrdup("/tmp/hda-test-store-XXXXXX");
	assert_non_null(mkdtemp(dir));
	return dir;
}

static void remove_dir(const char *dir)
{
	static const char *const files[] = {"data.mdb", "lock.mdb", "hdad.lock"};
	for (size_t i = 0; i < 3; i++) {
		_cleanup_free_ char *path = xasprintf("%s/%s", dir, files[i]);
		unlink(path);
	}
	rmdir(dir);
}

static void open_store(struct fixture *f)
{
	char *why = NULL;
	f->opts.dir = f->dir;
	int err = store_open(&f->s, &f->opts, &why);
	if (err)
		fail_msg("store_open: %s", why ? why : hda_strerror(err));
}

static int ram_setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	open_store(f);
	*state = f;
	return 0;
}

static int lmdb_setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	f->dir = temp_dir();
	open_store(f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	store_close(f->s);
	if (f->dir)
		remove_dir(f->dir);
	free(f->dir);
	free(f);
	return 0;
}

/* Closes and opens again: LMDB with what is on disk, RAM empty. */
static void with_options(struct fixture *f, const struct store_opts *o)
{
	store_close(f->s);
	f->opts = *o;
	open_store(f);
}

static int put(struct fixture *f, const struct dump_summary *d, uint64_t *ret)
{
	struct store_wtxn *w;
	int err = store_wtxn_begin(f->s, &w);
	assert_int_equal(err, 0);
	err = store_wtxn_put(w, d, ret);
	int committed = store_wtxn_commit(w);
	return err ? err : committed;
}

static struct dump_summary *load(struct fixture *f, uint64_t dump, unsigned parts)
{
	struct store_rtxn *r;
	struct dump_summary *d = NULL;
	assert_int_equal(store_rtxn_begin(f->s, &r), 0);
	assert_int_equal(store_rtxn_load(r, dump, parts, &d), 0);
	store_rtxn_end(r);
	return d;
}

static struct store_dump *list(struct fixture *f, uint64_t proc, size_t *n)
{
	struct store_rtxn *r;
	struct store_dump *d = NULL;
	assert_int_equal(store_rtxn_begin(f->s, &r), 0);
	assert_int_equal(store_rtxn_dumps(r, proc, &d, n), 0);
	store_rtxn_end(r);
	return d;
}

static struct store_proc *procs(struct fixture *f, size_t *n)
{
	struct store_rtxn *r;
	struct store_proc *p = NULL;
	assert_int_equal(store_rtxn_begin(f->s, &r), 0);
	assert_int_equal(store_rtxn_procs(r, &p, n), 0);
	store_rtxn_end(r);
	return p;
}

/* --- tests --- */

static void test_round_trip(void **state)
{
	struct fixture *f = *state;
	enum { N = 40 };
	struct series s;
	struct dump_summary *want[N];
	series_init(&s, &small);
	for (int i = 0; i < N; i++) {
		uint64_t id;
		want[i] = series_next(&s);
		assert_int_equal(put(f, want[i], &id), 0);
		assert_int_equal(id, i + 1);
	}
	for (int i = N - 1; i >= 0; i--) {
		struct dump_summary *got = load(f, (uint64_t)i + 1, STORE_ALL);
		assert_true(summaries_equal(want[i], got));
		assert_int_equal(got->dump, i + 1);
		assert_int_equal(got->proc, 1);
		summary_free(got);
		summary_free(want[i]);
	}
	series_done(&s);
}

/* Each type once, with what the dump's keys of it come to; in thinned dumps, too. */
static void assert_types(const struct dump_summary *g, const struct dump_summary *want)
{
	struct tally left = {0, 0}, all = {0, 0};
	for (size_t i = 0; i < g->ntypes; i++) {
		struct span name = strtab_get(&g->names, g->types[i].type);
		struct tally sum = {0, 0};
		for (size_t k = 0; k < want->nkeys; k++) {
			if (!span_eq(strtab_get(&want->names, want->keys[k].type), name))
				continue;
			sum.count += want->keys[k].all.count;
			sum.bytes += want->keys[k].all.bytes;
		}
		assert_int_equal(g->types[i].all.count, sum.count);
		assert_int_equal(g->types[i].all.bytes, sum.bytes);
		for (size_t k = 0; k < i; k++)
			assert_int_not_equal(g->types[k].type, g->types[i].type);
		left.bytes += sum.bytes;
	}
	for (size_t k = 0; k < want->nkeys; k++)
		all.bytes += want->keys[k].all.bytes;
	assert_int_equal(left.bytes, all.bytes);
}

static void test_types(void **state)
{
	struct fixture *f = *state;
	enum { N = 5 };
	struct series s;
	struct dump_summary *want[N];
	uint64_t id[N];
	series_init(&s, &small);
	for (int i = 0; i < N; i++) {
		want[i] = series_next(&s);
		assert_int_equal(put(f, want[i], &id[i]), 0);
	}
	for (int i = 0; i < N; i++) {
		struct dump_summary *bare = load(f, id[i], STORE_TYPES | STORE_BARE), *all = load(f, id[i], STORE_ALL);
		assert_true(bare->ntypes > 1);
		assert_int_equal(bare->nkeys, 0);
		assert_types(bare, want[i]);
		assert_types(all, want[i]);
		assert_int_equal(all->objects, want[i]->objects);
		summary_free(bare);
		summary_free(all);
		summary_free(want[i]);
	}
	series_done(&s);
}

static void test_parts(void **state)
{
	struct fixture *f = *state;
	struct series s;
	uint64_t id;
	series_init(&s, &small);
	struct dump_summary *d = series_next(&s);
	assert_int_equal(put(f, d, &id), 0);
	static const struct { unsigned parts; bool keys, genkeys, dups, refs, sigs, edges; } cases[] = {
	    {0, false, false, false, false, false, false},
	    {STORE_KEYS, true, false, false, false, false, false},
	    {STORE_GENKEYS | STORE_KEYS, true, true, false, false, false, false},
	    {STORE_DUPS, false, false, true, false, false, false},
	    {STORE_OBJECTS, false, false, false, true, false, false},
	    {STORE_GRAPH, false, false, false, false, true, false},
	    {STORE_EDGE_ADDRS, true, false, false, false, false, true},
	    {STORE_RETAINED, false, false, false, false, false, false},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct dump_summary *g = load(f, id, cases[i].parts);
		assert_int_equal(g->objects, d->objects);
		assert_string_equal(g->head.ruby, "3.1.7");
		assert_int_equal(g->nkeys > 0, cases[i].keys);
		assert_int_equal(g->ngenkeys > 0, cases[i].genkeys);
		assert_int_equal(g->ndups > 0, cases[i].dups);
		assert_int_equal(g->nrefs > 0, cases[i].refs);
		assert_int_equal(g->nsigs > 0, cases[i].sigs);
		assert_int_equal(g->nret_class > 0, cases[i].sigs || cases[i].parts == STORE_RETAINED);
		assert_int_equal(g->nedge_addrs > 0, cases[i].edges);
		summary_free(g);
	}
	struct store_rtxn *r;
	struct dump_summary *none = NULL;
	assert_int_equal(store_rtxn_begin(f->s, &r), 0);
	assert_int_equal(store_rtxn_load(r, 99, STORE_ALL, &none), HDA_ENOTFOUND);
	assert_null(none);
	store_rtxn_end(r);
	summary_free(d);
	series_done(&s);
}

/* An empty summary of this process. */
static struct dump_summary *empty(uint64_t pid, uint64_t start, uint64_t jobs, double time)
{
	struct dump_summary *d = summary_new();
	d->head.who.pid = pid;
	d->head.who.start = start;
	d->head.jobs = jobs;
	d->head.time = time;
	return d;
}

static uint64_t put_empty(struct fixture *f, struct dump_summary *d, int want)
{
	uint64_t id = 0;
	assert_int_equal(put(f, d, &id), want);
	summary_free(d);
	return id;
}

static void test_identity(void **state)
{
	struct fixture *f = *state;
	put_empty(f, empty(7, 0, 1000, 10), 0);
	put_empty(f, empty(7, 0, 500, 20), 0);     /* fewer jobs, start unknown: the same life */
	put_empty(f, empty(7, 100, 1000, 30), 0);  /* a start is known: another */
	put_empty(f, empty(7, 200, 100, 40), 0);   /* another start: another life */
	struct dump_summary *d = empty(7, 0, 1, 50);
	snprintf(d->head.who.app, sizeof(d->head.who.app), "other");
	put_empty(f, d, 0);
	d = empty(7, 100, 2000, 60); /* labels do not make another process where the start is known */
	snprintf(d->head.who.app, sizeof(d->head.who.app), "shop");
	put_empty(f, d, 0);
	size_t n;
	struct store_proc *p = procs(f, &n);
	assert_int_equal(n, 4);
	assert_int_equal(p[0].proc, 1);
	assert_int_equal(p[0].ndumps, 2);
	assert_int_equal(p[0].first_dump, 1);
	assert_int_equal(p[0].last_dump, 2);
	assert_int_equal(p[1].ndumps, 2);
	assert_string_equal(p[1].who.app, "shop");
	assert_int_equal(p[1].jobs, 2000);
	assert_true(p[1].last_time == 60);
	assert_int_equal(p[3].ndumps, 1);
	free(p);
}

static void test_exists(void **state)
{
	struct fixture *f = *state;
	uint64_t id;
	put_empty(f, empty(7, 5, 1000, 10), 0);
	assert_int_equal(put_empty(f, empty(7, 5, 1000, 10), HDA_EEXISTS), 1);
	put_empty(f, empty(7, 5, 1000, 11), 0);
	struct dump_summary *d = empty(7, 5, 3000, 12), *again = empty(7, 5, 3001, 99);
	d->head.seq = again->head.seq = 4;
	put_empty(f, d, 0);
	/* Not sticky: the transaction goes on. */
	struct store_wtxn *w;
	assert_int_equal(store_wtxn_begin(f->s, &w), 0);
	assert_int_equal(store_wtxn_put(w, again, &id), HDA_EEXISTS);
	assert_int_equal(id, 3);
	again->head.seq = 5;
	assert_int_equal(store_wtxn_put(w, again, &id), 0);
	assert_int_equal(id, 4);
	assert_int_equal(store_wtxn_commit(w), 0);
	summary_free(again);
	/* A torn dump does not keep its whole twin out, nor does the torn one come twice. */
	d = empty(7, 5, 6000, 20);
	d->partial = true;
	put_empty(f, d, 0);
	d = empty(7, 5, 6000, 20);
	d->partial = true;
	assert_int_equal(put_empty(f, d, HDA_EEXISTS), 5);
	assert_int_equal(put_empty(f, empty(7, 5, 6000, 20), 0), 6);
	size_t n;
	struct store_proc *p = procs(f, &n);
	assert_int_equal(p[0].npartial, 1);
	assert_int_equal(p[0].ndumps, 5);
	free(p);
}

/* Files whose names say a second and no more: the same one again, and others of that second. */
static void test_exists_unnamed(void **state)
{
	struct fixture *f = *state;
	put_empty(f, empty(0, 0, HEADER_UNKNOWN, 10), 0);
	assert_int_equal(put_empty(f, empty(0, 0, HEADER_UNKNOWN, 10), HDA_EEXISTS), 1);
	for (uint64_t i = 0; i < 6; i++) {
		struct dump_summary *d = empty(0, 0, HEADER_UNKNOWN, 10);
		*(uint64_t *[]){&d->objects, &d->bytes, &d->roots, &d->edges, &d->bad_lines, &d->input_bytes}[i] += 1;
		put_empty(f, d, i < 5 ? 0 : HDA_EEXISTS); /* compressed it has another size */
	}
	struct dump_summary *d = empty(0, 0, 7, 10), *again = empty(0, 0, 7, 10);
	again->objects += 1;
	put_empty(f, d, 0);
	put_empty(f, again, 0);
	/* With pid and counter the name is believed. */
	put_empty(f, empty(9, 0, 7, 10), 0);
	again = empty(9, 0, 7, 10);
	again->objects += 1;
	put_empty(f, again, HDA_EEXISTS);
}

static void test_abort(void **state)
{
	struct fixture *f = *state;
	struct store_wtxn *w;
	uint64_t id;
	size_t n;
	struct dump_summary *d = empty(7, 5, 1, 1);
	assert_int_equal(store_wtxn_begin(f->s, &w), 0);
	assert_int_equal(store_wtxn_put(w, d, &id), 0);
	store_wtxn_abort(w);
	free(list(f, 0, &n));
	assert_int_equal(n, 0);
	free(procs(f, &n));
	assert_int_equal(n, 0);
	put_empty(f, d, 0);
	free(list(f, 0, &n));
	assert_int_equal(n, 1);
}

static void test_isolation(void **state)
{
	struct fixture *f = *state;
	struct store_rtxn *before;
	struct store_dump *d;
	size_t n;
	put_empty(f, empty(7, 5, 1, 1), 0);
	assert_int_equal(store_rtxn_begin(f->s, &before), 0);
	put_empty(f, empty(7, 5, 2, 2), 0);
	struct store_stats st;
	store_stats(f->s, &st);
	assert_int_equal(st.dumps, 2);
	assert_int_equal(st.readers, 1);
	assert_int_equal(store_rtxn_dumps(before, 0, &d, &n), 0);
	assert_int_equal(n, 1);
	free(d);
	store_rtxn_end(before);
	free(list(f, 1, &n));
	assert_int_equal(n, 2);
	free(list(f, 2, &n));
	assert_int_equal(n, 0);
	store_stats(f->s, &st);
	assert_int_equal(st.readers, 0);
}

/* A second transaction sees the same, or there is none. */
static void test_twin(void **state)
{
	struct fixture *f = *state;
	struct store_rtxn *one, *two;
	struct store_dump *d;
	size_t n;
	put_empty(f, empty(7, 5, 1, 1), 0);
	assert_int_equal(store_rtxn_begin(f->s, &one), 0);
	int err = store_rtxn_twin(one, &two);
	assert_int_equal(err, f->dir ? 0 : -ENOTSUP);
	put_empty(f, empty(7, 5, 2, 2), 0);
	struct store_rtxn *late;
	assert_int_equal(store_rtxn_twin(one, &late), f->dir ? -EAGAIN : -ENOTSUP);
	if (!err) {
		assert_int_equal(store_rtxn_dumps(two, 0, &d, &n), 0);
		assert_int_equal(n, 1);
		free(d);
		store_rtxn_end(two);
	}
	store_rtxn_end(one);
	struct store_stats st;
	store_stats(f->s, &st);
	assert_int_equal(st.readers, 0);
}

struct seen {
	struct dump_summary **want;
	size_t n, stop;
};

static int check_each(void *ctx, struct dump_summary *d)
{
	struct seen *s = ctx;
	assert_true(summaries_equal(s->want[d->dump - 1], d));
	summary_free(d);
	return ++s->n == s->stop ? 42 : 0;
}

struct lent {
	struct dump_summary **want;
	size_t n;
	struct tally key[1000]; /* by number: all changes so far */
	struct { struct store_change c[1000]; size_t n; } link[STORE_LINKS]; /* the last run of each */
};

/* A run back says what the last run of its link said. */
static void take_link(struct lent *l, const struct store_run *r)
{
	if (r->link == STORE_LINK_NONE) {
		assert_false(r->back);
		return;
	}
	assert_true(r->link < STORE_LINKS && r->n <= 1000);
	for (size_t i = 0; r->back && i < r->n; i++) {
		const struct store_change *was = &l->link[r->link].c[i];
		assert_true(was->number == r->c[i].number && was->count == r->c[i].count && was->bytes == r->c[i].bytes);
	}
	if (r->back)
		assert_int_equal(r->n, l->link[r->link].n);
	if (r->n)
		memcpy(l->link[r->link].c, r->c, r->n * sizeof(*r->c));
	l->link[r->link].n = r->n;
}

static void take_changes(struct lent *l, const struct store_keys *k)
{
	for (size_t i = 0; i < k->nruns; i++) {
		const struct store_run *r = &k->runs[i];
		take_link(l, r);
		for (size_t j = 0; j < r->n; j++) {
			assert_true(r->c[j].number < k->nkeys && k->nkeys <= 1000);
			l->key[r->c[j].number].count += r->back ? -r->c[j].count : r->c[j].count;
			l->key[r->c[j].number].bytes += r->back ? -r->c[j].bytes : r->c[j].bytes;
		}
	}
}

/* The changes lent add up to the keys of the dump, whatever the way that led to it. */
static int check_lent(void *ctx, const struct store_keys *k)
{
	struct lent *l = ctx;
	const struct dump_summary *s = l->want[k->dump - 1];
	size_t same = 0, there = 0;
	take_changes(l, k);
	assert_int_equal(k->n, s->nkeys);
	for (uint32_t i = 0; i < k->nkeys; i++) {
		uint32_t part[4];
		there += k->there[i];
		assert_true(k->there[i] || (l->key[i].count == 0 && l->key[i].bytes == 0));
		assert_int_equal(k->mean(k, i, part), 0);
		for (size_t j = 0; k->there[i] && j < s->nkeys; j++) {
			const struct sum_key *want = &s->keys[j];
			same += want->line == part[3] && span_eq(strtab_get(&s->names, want->file), strtab_get(k->names, part[2])) &&
			    span_eq(strtab_get(&s->names, want->klass), strtab_get(k->names, part[1])) &&
			    span_eq(strtab_get(&s->names, want->type), strtab_get(k->names, part[0])) &&
			    want->all.count == l->key[i].count && want->all.bytes == l->key[i].bytes;
		}
	}
	assert_int_equal(same, k->n);
	assert_int_equal(there, k->n);
	l->n++;
	return 0;
}

/* The smallest keys of every third dump are missing, and all of one: the others of its tables do not matter here. */
static void thin_out(struct dump_summary *s, size_t i)
{
	s->nkeys = i == 11 ? 0 : i % 3 ? s->nkeys : s->nkeys - i;
	s->ngenkeys = s->nedge_addrs = s->nkey_sigs = 0;
}

/* Only LMDB lends; where the numbers of a damaged dictionary mean nothing, the walk ends. */
static void test_lends_keys(void **state)
{
	struct fixture *f = *state;
	enum { N = 20 };
	static const uint64_t ids[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 2, 11, 12, 9, 9, 17, 1};
	const size_t n = sizeof(ids) / sizeof(*ids);
	struct series s;
	struct dump_summary *want[N];
	uint64_t id;
	series_init(&s, &small);
	for (size_t i = 0; i < N; i++) {
		want[i] = series_next(&s);
		thin_out(want[i], i);
		assert_int_equal(put(f, want[i], &id), 0);
	}
	struct lent *l = test_calloc(1, sizeof(*l)); /* too large for a stack */
	l->want = want;
	struct store_rtxn *r;
	assert_int_equal(store_rtxn_begin(f->s, &r), 0);
	int err = store_rtxn_walk_keys(r, ids, n, check_lent, l);
	assert_int_equal(err, f->dir ? 0 : -ENOTSUP);
	assert_int_equal(l->n, f->dir ? n : 0);
	uint64_t none = 99;
	assert_int_equal(store_rtxn_walk_keys(r, &none, 1, check_lent, l), f->dir ? HDA_ENOTFOUND : -ENOTSUP);
	store_rtxn_end(r);
	test_free(l);
	for (int i = 0; i < N; i++)
		summary_free(want[i]);
	series_done(&s);
}

static void test_walk(void **state)
{
	struct fixture *f = *state;
	enum { N = 35 };
	struct series s;
	struct dump_summary *want[N];
	uint64_t id;
	series_init(&s, &small);
	for (int i = 0; i < N; i++) {
		want[i] = series_next(&s);
		assert_int_equal(put(f, want[i], &id), 0);
	}
	static const uint64_t some[] = {1, 2, 3, 9, 16, 17, 18, 33, 34, 35, 2};
	size_t n = sizeof(some) / sizeof(*some);
	struct seen seen = {want, 0, 0};
	struct store_rtxn *r;
	assert_int_equal(store_rtxn_begin(f->s, &r), 0);
	assert_int_equal(store_rtxn_walk(r, some, n, STORE_ALL, check_each, &seen), 0);
	assert_int_equal(seen.n, n);
	seen = (struct seen){want, 0, 2};
	assert_int_equal(store_rtxn_walk(r, some, n, STORE_ALL, check_each, &seen), 42);
	assert_int_equal(seen.n, 2);
	store_rtxn_end(r);
	for (int i = 0; i < N; i++)
		summary_free(want[i]);
	series_done(&s);
}

/* Totals by type must survive thinning; detail of those within the limit must survive untouched. */
static void test_thinning(void **state)
{
	struct fixture *f = *state;
	enum { N = 30, DETAIL = 10 };
	with_options(f, &(struct store_opts){.detail_dumps = DETAIL});
	struct series s;
	struct dump_summary *want[N];
	uint64_t id;
	series_init(&s, &small);
	for (int i = 0; i < N; i++) {
		struct store_wtxn *w;
		want[i] = series_next(&s);
		assert_int_equal(store_wtxn_begin(f->s, &w), 0);
		assert_int_equal(store_wtxn_put(w, want[i], &id), 0);
		assert_int_equal(store_wtxn_retain(w, want[i]->head.time, false), 0);
		assert_int_equal(store_wtxn_commit(w), 0);
	}
	size_t n, thinned = 0, hours = 0;
	struct store_dump *d = list(f, 1, &n);
	double hour = -1;
	for (size_t i = 0; i < n; i++) {
		struct dump_summary *got = load(f, d[i].dump, STORE_ALL);
		const struct dump_summary *w = want[d[i].dump - 1];
		assert_int_equal(d[i].thinned, d[i].dump <= N - DETAIL);
		if (d[i].thinned) {
			uint64_t bytes = 0;
			thinned++;
			assert_true((double)(uint64_t)(d[i].time / 3600) != hour);
			hour = (double)(uint64_t)(d[i].time / 3600);
			hours++;
			assert_int_equal(got->ngenkeys, 0);
			assert_int_equal(got->nsigs, 0);
			assert_int_equal(got->objects, w->objects);
			assert_true(got->nkeys >= THIN_KEYS && got->nkeys < THIN_KEYS + 20);
			assert_int_equal(got->keys[0].all.bytes >= got->keys[1].all.bytes, 1);
			for (size_t k = 0; k < got->nkeys; k++)
				bytes += got->keys[k].all.bytes;
			assert_int_equal(bytes, w->bytes);
			assert_types(got, w);
		} else {
			assert_true(summaries_equal(w, got));
		}
		summary_free(got);
	}
	assert_int_equal(n - thinned, DETAIL);
	assert_int_equal(thinned, hours);
	assert_int_equal(d[0].dump, 1); /* the first is never deleted while the process lives */
	assert_true(thinned >= 4 && thinned <= 5); /* 20 dumps, 10 minutes apart */
	free(d);
	for (int i = 0; i < N; i++)
		summary_free(want[i]);
	series_done(&s);
}

static void test_age(void **state)
{
	struct fixture *f = *state;
	with_options(f, &(struct store_opts){.max_age_s = 1000});
	for (uint64_t i = 0; i < 10; i++)
		put_empty(f, empty(7, 5, i, 1000 + 200 * (double)i), 0); /* 1000 .. 2800 */
	put_empty(f, empty(8, 5, 1, 1100), 0); /* a process that ended */
	struct dump_summary *old = empty(9, 5, 1, 1100); /* an old file, imported today */
	old->received = 2900;
	put_empty(f, old, 0);
	struct store_wtxn *w;
	assert_int_equal(store_wtxn_begin(f->s, &w), 0);
	assert_int_equal(store_wtxn_retain(w, 3000, false), 0);
	assert_int_equal(store_wtxn_commit(w), 0);
	size_t n, np;
	struct store_dump *d = list(f, 0, &n);
	struct store_proc *p = procs(f, &np);
	assert_int_equal(np, 2);
	assert_int_equal(p[0].ndumps, 6);
	assert_int_equal(p[1].who.pid, 9);
	assert_int_equal(n, 7); /* the first, 2000 .. 2800, and the imported one */
	assert_int_equal(d[0].dump, 1);
	assert_true(d[1].time == 2000);
	free(d);
	free(p);
	/* Ids do not come back; the dead process, seen again, is a new one. */
	assert_int_equal(put_empty(f, empty(8, 5, 2, 2900), 0), 13);
	p = procs(f, &np);
	assert_int_equal(np, 3);
	assert_int_equal(p[2].ndumps, 1);
	free(p);
}

static void test_secret(void **state)
{
	struct fixture *f = *state;
	uint8_t a[16], b[16], zero[16] = {0};
	store_secret(f->s, a);
	store_secret(f->s, b);
	assert_memory_equal(a, b, 16);
	assert_memory_not_equal(a, zero, 16);
	if (!f->dir)
		return;
	with_options(f, &(struct store_opts){0});
	store_secret(f->s, b);
	assert_memory_equal(a, b, 16);
}

#define BOTH(t)                                                                                    \
	{"RAM: " #t, test_##t, ram_setup, teardown, NULL}, {"LMDB: " #t, test_##t, lmdb_setup, teardown, NULL}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    BOTH(round_trip), BOTH(parts), BOTH(types), BOTH(identity), BOTH(exists), BOTH(exists_unnamed), BOTH(abort), BOTH(isolation), BOTH(twin), BOTH(walk),
	    BOTH(lends_keys), BOTH(thinning), BOTH(age), BOTH(secret),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
