/* The state of verdicts: from dump to dump as from all dumps at once; small; rebuilt when it does not fit. SPDX-License-Identifier: BSD-2-Clause */
#include "unit.h"

#include <math.h>
#include <time.h>

#include "analyze/life_impl.h"
#include "base/gem.h"
#include "disk.h"
#include "query/run.h"
#include "query/series.h"

static uint64_t put(struct store *st, struct dump_summary *s, bool with_state, bool *ret_stale)
{
	struct store_wtxn *w;
	uint64_t dump;
	bool stale = false;
	assert_int_equal(store_wtxn_begin(st, &w), 0);
	assert_int_equal(store_wtxn_put(w, s, &dump), 0);
	if (with_state)
		assert_int_equal(series_update(w, s, dump, 0, NULL, &stale), 0);
	assert_int_equal(store_wtxn_commit(w), 0);
	if (ret_stale)
		*ret_stale = stale;
	summary_free(s);
	return dump;
}

static struct store_proc only_proc(struct store_rtxn *r)
{
	struct store_proc *p, one;
	size_t n;
	assert_int_equal(store_rtxn_procs(r, &p, &n), 0);
	assert_int_equal(n, 1);
	one = p[0];
	free(p);
	return one;
}

static int one_dump(void *ctx, struct dump_summary *s)
{
	struct life *l = ctx;
	life_add(l, s);
	life_set_dump(l, s->dump);
	life_weigh(l, s);
	summary_free(s);
	return 0;
}

/* A life that read all dumps of a process in a row. */
static struct life *walked(struct store_rtxn *r, const struct store_proc *p)
{
	struct store_dump *d;
	size_t n;
	struct life *l = life_new();
	assert_int_equal(store_rtxn_dumps(r, p->proc, &d, &n), 0);
	qsort(d, n, sizeof(*d), dump_order);
	uint64_t *ids = calloc(n, sizeof(*ids));
	for (size_t i = 0; i < n; i++)
		ids[i] = d[i].dump;
	assert_int_equal(store_rtxn_walk(r, ids, n, SERIES_PARTS, one_dump, l), 0);
	free(ids);
	free(d);
	return l;
}

/* The state in the store is byte for byte what a life that read all dumps in a row has. */
static void assert_same_as_walk(struct store *st)
{
	struct store_rtxn *r;
	struct enc want = {0}, have = {0};
	assert_int_equal(store_rtxn_begin(st, &r), 0);
	struct store_proc p = only_proc(r);
	assert_true(series_fits(r, &p));
	struct life *l = walked(r, &p), *stored;
	life_encode_rows(l, &want);
	assert_int_equal(store_rtxn_memo(r, STORE_MEMO_ROWS, p.proc, &have), 0);
	assert_int_equal(have.n, want.n);
	assert_memory_equal(have.p, want.p, want.n);
	/* The answers, too. What is known (first seen ...) is of the past, and comes from the store alone. */
	assert_int_equal(series_load(r, &p, NULL, NULL, &stored), 0);
	struct verdict *a = verdict_new(life_verdict(l), 1), *b = verdict_new(life_verdict(stored), 1);
	assert_int_equal(a->nlines, b->nlines);
	assert_int_equal(a->nfused, b->nfused);
	for (size_t i = 0; i < a->nlines; i++) {
		assert_int_equal(a->lines[i].label, b->lines[i].label);
		assert_true(a->lines[i].conf == b->lines[i].conf && a->lines[i].bytes_per_1000 == b->lines[i].bytes_per_1000);
		assert_string_equal(a->fused[a->lines[i].head].entry->klass, b->fused[b->lines[i].head].entry->klass);
	}
	assert_int_equal(a->native.label, b->native.label);
	verdict_free(a);
	verdict_free(b);
	life_free(l);
	life_free(stored);
	enc_done(&want);
	enc_done(&have);
	store_rtxn_end(r);
}

static void follow(bool ram, size_t sigs, unsigned dumps)
{
	struct series s;
	char *dir = disk_temp();
	struct store *st = NULL;
	if (ram)
		assert_int_equal(store_open(&st, &(struct store_opts){0}, NULL), 0);
	else
		st = disk_open(dir, &(struct store_opts){.map_size = 1ull << 30});
	series_init(&s, &(struct series_opts){.keys = 1500, .gens = 60, .sigs = sigs, .seed = 5, .pid = 77, .churn_pct = 5, .window = 40});
	for (unsigned k = 0; k < dumps; k++) {
		put(st, series_next(&s), true, NULL);
		if (!ram && k == dumps / 2) { /* a restart of the daemon in between changes nothing */
			store_close(st);
			st = disk_open(dir, &(struct store_opts){.map_size = 1ull << 30});
		}
	}
	assert_same_as_walk(st);
	store_close(st);
	series_done(&s);
	disk_remove(dir);
	free(dir);
}

static void test_same_as_walk(void **state)
{
	(void)state;
	for (unsigned dumps = 1; dumps <= 100; dumps = dumps * 3 + 1) { /* 1 4 13 40, then past the marks that are kept */
		follow(true, 0, dumps);
		follow(false, 200, dumps);
	}
	follow(false, 200, 100);
}

/* A state that is built from all dumps at once has weighed the last of them, however many there were. */
static void test_rebuilt(void **state)
{
	static const unsigned dumps[] = {12, 21, 50, 61};
	(void)state;
	for (size_t i = 0; i < sizeof(dumps) / sizeof(*dumps); i++) {
		struct series s;
		struct store *st = NULL;
		struct store_rtxn *r;
		struct life *have;
		assert_int_equal(store_open(&st, &(struct store_opts){0}, NULL), 0);
		series_init(&s, &(struct series_opts){.keys = 1500, .gens = 60, .sigs = 200, .seed = 5, .pid = 77, .churn_pct = 5, .window = 40});
		for (unsigned k = 0; k < dumps[i]; k++)
			put(st, series_next(&s), false, NULL);
		assert_int_equal(store_rtxn_begin(st, &r), 0);
		struct store_proc p = only_proc(r);
		struct life *want = walked(r, &p);
		assert_int_equal(series_load(r, &p, NULL, NULL, &have), 0);
		const struct verdict_life *a = life_verdict(want), *b = life_verdict(have);
		assert_int_equal(a->nentries, b->nentries);
		assert_true(a->nentries > 0);
		for (size_t k = 0; k < a->nentries; k++)
			assert_true(a->entries[k].judged->survivors == b->entries[k].judged->survivors && a->entries[k].key->n == b->entries[k].key->n);
		life_free(want);
		life_free(have);
		store_rtxn_end(r);
		series_done(&s);
		store_close(st);
	}
}

/* An older dump that comes later: the state is dropped and built again, as if all had come in order. */
static void test_out_of_order(void **state)
{
	(void)state;
	struct series s;
	struct store *st = NULL;
	struct dump_summary *late = NULL;
	bool stale;
	assert_int_equal(store_open(&st, &(struct store_opts){0}, NULL), 0);
	series_init(&s, &(struct series_opts){.keys = 300, .gens = 20, .seed = 9, .pid = 5, .churn_pct = 20});
	for (unsigned k = 0; k < 9; k++) {
		struct dump_summary *d = series_next(&s);
		if (k == 4) {
			late = d;
			continue;
		}
		put(st, d, true, &stale);
		assert_false(stale);
	}
	put(st, late, true, &stale);
	assert_true(stale);
	struct store_rtxn *r;
	assert_int_equal(store_rtxn_begin(st, &r), 0);
	struct store_proc p = only_proc(r);
	assert_false(series_fits(r, &p));
	store_rtxn_end(r);
	assert_int_equal(series_rebuild(st, p.proc, NULL, NULL), 0);
	assert_same_as_walk(st);
	put(st, series_next(&s), true, &stale); /* and goes on from there */
	assert_false(stale);
	assert_same_as_walk(st);
	store_close(st);
	series_done(&s);
}

/* A state that another version wrote, or a damaged one, is no state; nothing is read behind its end. */
static void test_damage(void **state)
{
	(void)state;
	struct series s;
	struct life *l = life_new();
	struct enc head = {0}, rows = {0};
	series_init(&s, &(struct series_opts){.keys = 200, .gens = 20, .sigs = 50, .seed = 3, .pid = 5, .churn_pct = 20});
	for (unsigned k = 0; k < 12; k++) {
		struct dump_summary *d = series_next(&s);
		life_add(l, d);
		life_weigh(l, d);
		summary_free(d);
	}
	life_encode_head(l, &head);
	life_encode_rows(l, &rows);
	for (size_t n = 0; n < head.n; n++) {
		uint8_t *part = malloc(n ? n : 1);
		memcpy(part, head.p, n);
		assert_null(life_decode((struct span){part, n}, (struct span){NULL, 0}));
		free(part);
	}
	struct span h = {head.p, head.n};
	for (size_t n = 0; n < rows.n; n += 7) {
		uint8_t *part = malloc(n ? n : 1);
		memcpy(part, rows.p, n);
		assert_null(life_decode(h, (struct span){part, n}));
		free(part);
	}
	uint64_t rnd = 1;
	for (unsigned k = 0; k < 3000; k++) { /* whatever a bit does: an error, or a life that can be judged */
		struct enc *e = k % 2 ? &head : &rows;
		size_t at = unit_below(&rnd, (unsigned)e->n);
		uint8_t was = e->p[at];
		e->p[at] ^= (uint8_t)(1u << unit_below(&rnd, 8));
		struct life *x = life_decode((struct span){head.p, head.n}, (struct span){rows.p, rows.n});
		if (x)
			verdict_free(verdict_new(life_verdict(x), 1));
		life_free(x);
		e->p[at] = was;
	}
	head.p[0]++;
	assert_null(life_decode(h, (struct span){NULL, 0}));
	life_free(l);
	enc_done(&head);
	enc_done(&rows);
	series_done(&s);
}

/* A dump of n keys of one object each, all of classes that no other dump has, and of one that is always there. */
static struct dump_summary *strangers(uint64_t dump, size_t n, bool traced)
{
	struct dump_summary *s = summary_new();
	uint32_t type = strtab_intern(&s->names, SPAN_LIT("OBJECT")), file = strtab_intern(&s->names, SPAN_LIT("app/a.rb"));
	s->head.jobs = 1000 * (dump + 1);
	s->head.time = 60 * ((double)dump + 1);
	s->head.gc_count = s->max_generation = 10 * (dump + 1);
	s->head.major_gc_count = dump + 1;
	s->traced_objects_known = traced;
	s->keys = calloc(n, sizeof(*s->keys));
	s->genkeys = calloc(traced ? n : 1, sizeof(*s->genkeys));
	for (size_t i = 0; i < n; i++) {
		char name[64];
		snprintf(name, sizeof(name), "#<Class:%llu-%zu>", (unsigned long long)(i ? dump : 0), i);
		s->keys[s->nkeys] = (struct sum_key){.type = type, .klass = strtab_intern(&s->names, span_of(name)), .file = traced ? file : 0, .line = 3,
		    .all = {i ? 1 : 100, i ? 40 : 4000}};
		if (traced)
			s->genkeys[s->ngenkeys++] = (struct sum_genkey){.generation = 10 * (dump + 1) - 1, .key = (uint32_t)s->nkeys, .t = {i ? 1 : 100, 40}};
		s->nkeys++;
	}
	return s;
}

static void test_ten_million_keys(void **state)
{
	(void)state;
	for (unsigned traced = 0; traced < 2; traced++) {
		if (!unit_in_part(traced))
			continue;
		struct life *l = life_new();
		for (uint64_t dump = 0; dump < 50; dump++) {
			struct dump_summary *s = strangers(dump, 100000, traced);
			life_add(l, s);
			if (dump % 10 == 9) {
				life_weigh(l, s);
				struct verdict *v = verdict_new(life_verdict(l), 1);
				for (size_t i = 0; i < v->nlines; i++)
					assert_int_not_equal(v->lines[i].label, VERDICT_LEAK);
				verdict_free(v);
			}
			summary_free(s);
			assert_true(life_rows(l) <= LIFE_KEYS);
		}
		/* all keys of the last dump that found no place, one object each */
		const struct life_other *o = life_other(l);
		assert_true(o->rows >= 100000 - LIFE_KEYS && o->rows <= 100000);
		assert_true(o->n >= (double)o->rows && o->b > o->n);
		life_free(l);
	}
}

static double memo_bytes(struct store *st)
{
	struct store_rtxn *r;
	struct enc e = {0};
	double n = 0;
	assert_int_equal(store_rtxn_begin(st, &r), 0);
	assert_int_equal(store_rtxn_memo(r, STORE_MEMO_ROWS, 1, &e), 0);
	n += (double)e.n;
	assert_int_equal(store_rtxn_memo(r, STORE_MEMO_HEAD, 1, &e), 0);
	n += (double)e.n;
	enc_done(&e);
	store_rtxn_end(r);
	return n;
}

/* 20 000 keys, few of which change: what the state takes, and how long it takes. */
static void test_size(void **state)
{
	(void)state;
	if (!unit_in_part(1))
		unit_skip("what lies on the disk is the same in each build: clang's part");
	enum { DUMPS = 40, WARM = 10 };
	uint64_t used[2] = {0};
	double memos = 0, took = 0; /* growth of the memos themselves a dump; CPU seconds of an update */
	for (int with = 0; with < 2; with++) {
		struct series s;
		struct store_stats before = {0}, after;
		char *dir = disk_temp();
		struct store *st = disk_open(dir, &(struct store_opts){.map_size = 4ull << 30});
		series_init(&s, &(struct series_opts){.keys = 20000, .gens = 60, .sigs = 2000, .seed = 1, .pid = 1, .churn_pct = 2});
		for (unsigned k = 0; k < DUMPS; k++) {
			struct dump_summary *d = series_next(&s);
			struct timespec a, b;
			struct store_wtxn *w;
			uint64_t dump;
			bool stale;
			assert_int_equal(store_wtxn_begin(st, &w), 0);
			assert_int_equal(store_wtxn_put(w, d, &dump), 0);
			clock_gettime(CLOCK_THREAD_CPUTIME_ID, &a);
			if (with)
				assert_int_equal(series_update(w, d, dump, 0, NULL, &stale), 0);
			clock_gettime(CLOCK_THREAD_CPUTIME_ID, &b);
			took += (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9;
			assert_int_equal(store_wtxn_commit(w), 0);
			summary_free(d);
			if (k == WARM) {
				store_stats(st, &before);
				memos -= with ? memo_bytes(st) : 0;
			}
		}
		store_stats(st, &after);
		used[with] = (after.used_bytes - before.used_bytes) / (DUMPS - 1 - WARM);
		if (with) {
			memos += memo_bytes(st);
			struct store_rtxn *r;
			struct enc rows = {0}, head = {0};
			assert_int_equal(store_rtxn_begin(st, &r), 0);
			assert_int_equal(store_rtxn_memo(r, STORE_MEMO_ROWS, 1, &rows), 0);
			assert_int_equal(store_rtxn_memo(r, STORE_MEMO_HEAD, 1, &head), 0);
			struct life *l = life_decode((struct span){head.p, head.n}, (struct span){rows.p, rows.n});
			size_t most = 0;
			for (size_t i = 0; i < l->nrows; i++)
				most = life_row_size(&l->rows[i]) > most ? life_row_size(&l->rows[i]) : most;
			print_message("rows %zu: %zu bytes, %.1f each, the largest %zu; head %zu bytes\n", l->nrows, rows.n, (double)rows.n / (double)l->nrows, most, head.n);
			assert_true(most <= LIFE_ROW_BYTES && rows.n <= l->nrows * LIFE_ROW_BYTES + 16);
			life_free(l);
			enc_done(&rows);
			enc_done(&head);
			store_rtxn_end(r);
		}
		store_close(st);
		series_done(&s);
		disk_remove(dir);
		free(dir);
	}
	memos /= DUMPS - 1 - WARM;
	print_message("store per dump: %llu bytes without the state, %llu with it, of which %.0f for keys that moved for the first time; "
	    "update %.1f ms a dump\n", (unsigned long long)used[0], (unsigned long long)used[1], memos, took * 1000 / DUMPS);
	/* Each key takes its row once, when it first moves; (a quarter for pages not full, and the last page of both records may be empty
	 * but for a byte); beyond that a series of dumps takes next to nothing. */
	assert_true((double)used[1] - (double)used[0] <= memos * 1.25 + 1024 + 2 * 4096. / (DUMPS - 1 - WARM));
}

/* A row of the wildest numbers still fits, and comes back as it was made to fit. */
static void test_row_fits(void **state)
{
	(void)state;
	struct life_row r = {.kind = LIFE_BIRTHS, .id = (1ull << 48) - 1};
	r.key.has_prev = true;
	r.key.released = r.key.exposed = r.key.oldest = 1e30f;
	for (unsigned i = 0; i < VERDICT_BOUNDS; i++)
		r.key.prev[i] = 1e18f;
	float frozen[VERDICT_FROZEN];
	for (unsigned i = 0; i < VERDICT_FROZEN; i++)
		frozen[i] = 1e17f;
	r.key.frozen = frozen;
	r.key.nfrozen = VERDICT_FROZEN;
	life_row_fit(&r);
	assert_true(life_row_size(&r) <= LIFE_ROW_BYTES);
	struct life_row l = {.kind = LIFE_LEVEL, .id = (1ull << 48) - 1};
	l.key.has_prev = true;
	l.key.prev[0] = 1e18f;
	struct verdict_lows lows = {.n = VERDICT_LEVELS};
	l.key.lows = &lows;
	for (unsigned i = 0; i < VERDICT_LEVELS; i++) {
		lows.low[i] = i % 2 ? 1e18f : 3;
		lows.at[i] = 1000 * i;
	}
	life_row_fit(&l);
	assert_true(life_row_size(&l) <= LIFE_ROW_BYTES);
}

static void test_relative(void **state)
{
	static const char *const pair[][2] = {
	    {"/srv/shop/releases/20261124100000/app/a.rb", "app/a.rb"}, {"/srv/shop/releases/20261125110000/app/a.rb", "app/a.rb"},
	    {"/srv/shop/current/app/a.rb", "app/a.rb"}, {"/srv/3fa9c1d0/lib/a.rb", "lib/a.rb"}, {"app/a.rb", "app/a.rb"}, {"a.rb", "a.rb"}, {"", ""},
	    {"/srv/shop/releases/1/vendor/bundle/ruby/3.1.0/gems/rack-2.2.22/lib/rack.rb", "rack-2.2.22/lib/rack.rb"},
	    {"/var/lib/gems/3.1.0/gems/rack-2.2.22/lib/rack.rb", "rack-2.2.22/lib/rack.rb"}, {"/usr/lib/ruby/3.1.0/set.rb", "/usr/lib/ruby/3.1.0/set.rb"},
	    {"deadbeef/x.rb", "deadbeef/x.rb"}, {"<internal:kernel>", "<internal:kernel>"}};
	(void)state;
	for (size_t i = 0; i < sizeof(pair) / sizeof(*pair); i++) {
		struct span s = gem_relative(span_of(pair[i][0]));
		assert_true(span_eq(s, span_of(pair[i][1])));
	}
}

/* A table of numbers, of which only the length tells: `length` entries (0: it is too short to be listed). */
static struct dump_summary *table(uint64_t k, uint64_t length)
{
	struct dump_summary *s = summary_new();
	s->head.jobs = 1000 * (k + 1);
	s->head.time = 1e9 + 60 * (double)k;
	s->head.gc_count = 10 * (k + 1);
	s->head.major_gc_count = k + 1;
	s->has_graph = true;
	s->sigs = calloc(2, sizeof(*s->sigs));
	s->nsigs = 2;
	s->sigs[0] = (struct sum_sig){.id = 1, .parent = UINT32_MAX, .klass = strtab_intern(&s->names, SPAN_LIT("class Registry"))};
	s->sigs[1] = (struct sum_sig){.id = 2, .klass = strtab_intern(&s->names, SPAN_LIT("Hash")), .own = {1, 40}};
	s->containers = calloc(1, sizeof(*s->containers));
	s->ncontainers = length ? 1 : 0;
	s->containers[0] = (struct sum_container){.sig = 1, .addr = 0xabc0, .length = length, .type = strtab_intern(&s->names, SPAN_LIT("HASH")),
	    .klass = strtab_intern(&s->names, SPAN_LIT("Hash"))};
	return s;
}

/* A container that the first dump does not list leaks as any other, however long ago that dump is. */
static void test_listed_later(void **state)
{
	(void)state;
	for (uint64_t dumps = 20; dumps <= 600; dumps *= 5) {
		struct life *l = life_new();
		for (uint64_t k = 0; k < dumps; k++) {
			struct dump_summary *s = table(k, k < 2 ? 0 : 8 + 30 * (k - 2));
			life_add(l, s);
			life_weigh(l, s);
			summary_free(s);
		}
		struct verdict *v = verdict_new(life_verdict(l), 1);
		assert_int_equal(v->nlines, 1);
		assert_int_equal(v->lines[0].label, VERDICT_LEAK);
		assert_true(fabs(v->lines[0].obj_per_1000 - 30) < 1);
		verdict_free(v);
		life_free(l);
	}
}

/* A leak's name and what is said of its past outlive the deploy that moved the application and the line. */
static struct dump_summary *leaky(uint64_t pid, const char *rev, const char *file, uint32_t line, uint64_t k, uint64_t per_dump)
{
	struct dump_summary *s = summary_new();
	uint64_t t = k + 100 * pid;
	s->head.who.pid = pid;
	s->head.who.start = pid;
	snprintf(s->head.who.app, sizeof(s->head.who.app), "shop");
	snprintf(s->head.who.rev, sizeof(s->head.who.rev), "%s", rev);
	s->head.jobs = 1000 * (k + 1);
	s->head.seq = k;
	s->head.time = 1e9 + 60 * (double)t;
	s->head.gc_count = s->max_generation = 10 * (k + 1);
	s->head.major_gc_count = k + 1;
	s->traced_objects_known = true;
	s->keys = calloc(1, sizeof(*s->keys));
	s->nkeys = 1;
	s->keys[0] = (struct sum_key){.type = strtab_intern(&s->names, SPAN_LIT("STRING")), .klass = strtab_intern(&s->names, SPAN_LIT("String")),
	    .file = strtab_intern(&s->names, span_of(file)), .line = line, .all = {per_dump * (k + 1), 40 * per_dump * (k + 1)}};
	s->genkeys = calloc(k + 1, sizeof(*s->genkeys));
	for (uint64_t i = 0; i <= k; i++) /* all births of all intervals are there */
		s->genkeys[s->ngenkeys++] = (struct sum_genkey){.generation = 10 * i + 5, .t = {per_dump, 40 * per_dump}};
	return s;
}

struct heard {
	char first[7], verdict[24], rev[16], word[24];
	double seen, gone, dumps, workers, of;
	unsigned rows;
};

static int hear(void *ctx, const struct row *row)
{
	struct heard *h = ctx;
	h->rows++;
	for (size_t i = 0; i < row->n; i++) {
		const struct field *f = &row->f[i];
		char *to = !strcmp(f->name, "id") ? h->first : !strcmp(f->name, "label") ? h->verdict : !strcmp(f->name, "revision") ? h->rev : !strcmp(f->name, "verdict") ? h->word : NULL;
		if (to && h->rows == 1 && f->v.kind == VAL_STR)
			snprintf(to, to == h->first ? 7 : 16, "%.*s", (int)f->v.s.n, (const char *)f->v.s.p);
		double *d = !strcmp(f->name, "first_seen") ? &h->seen : !strcmp(f->name, "gone_since") ? &h->gone : !strcmp(f->name, "workers") ? &h->workers : !strcmp(f->name, "of_workers") ? &h->of : NULL;
		if (d && h->rows == 1)
			*d = f->v.kind == VAL_REAL ? f->v.r : f->v.kind == VAL_UINT ? (double)f->v.u : 0;
	}
	return 0;
}

static int hear_dump(void *ctx, const struct row *row) { (void)ctx; (void)row; return 0; }
static void hear_note(void *ctx, const char *text) { (void)ctx; (void)text; }

static struct heard question(struct store *st, const char *cmd)
{
	struct heard h = {.rows = 0};
	struct query_args args = {.n = 0};
	char *text = NULL;
	int status = query_dispatch(&(struct query_ctx){.store = st, .now = 2e9}, cmd, &args, &(struct row_sink){&h, hear, hear_dump, hear_note}, &text);
	assert_int_equal(status, 200);
	free(text);
	return h;
}

static void test_deploys(void **state)
{
	struct store *st = NULL;
	(void)state;
	assert_int_equal(store_open(&st, &(struct store_opts){0}, NULL), 0);
	for (uint64_t k = 0; k < 12; k++)
		put(st, leaky(1, "r1", "/srv/shop/releases/20261124100000/app/a.rb", 14, k, 300), true, NULL);
	struct heard a = question(st, "leaks");
	assert_string_equal(a.verdict, "leak");
	assert_string_equal(a.rev, "r1");
	assert_true(a.seen > 1e9 && a.seen < 1e9 + 60 * 112); /* before the last dump: when it was called a leak first */
	assert_true(a.workers == 1 && a.of == 1 && a.gone == 0);
	assert_string_equal(question(st, "ps").word, "leak");
	for (uint64_t k = 0; k < 8; k++) /* another directory, another line: the same leak, known from before */
		put(st, leaky(2, "r2", "/srv/shop/releases/20261125110000/app/a.rb", 19, k, 300), true, NULL);
	struct heard b = question(st, "leaks");
	assert_string_equal(b.verdict, "leak");
	assert_string_equal(b.first, a.first);
	assert_string_equal(b.rev, "r1");
	assert_true(b.seen == a.seen && b.workers == 1 && b.of == 1);
	for (uint64_t k = 0; k < 8; k++) /* repaired */
		put(st, leaky(3, "r3", "/srv/shop/releases/20261126110000/app/a.rb", 19, k, 0), true, NULL);
	struct heard c = question(st, "leaks");
	assert_string_equal(c.first, a.first);
	assert_true(c.workers == 0 && c.of == 1 && c.gone == 1e9 + 60 * 300);
	assert_string_equal(question(st, "ps").word, "ok");
	store_close(st);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_same_as_walk), cmocka_unit_test(test_rebuilt), cmocka_unit_test(test_out_of_order), cmocka_unit_test(test_damage),
	    cmocka_unit_test(test_row_fits), cmocka_unit_test(test_listed_later),
	    cmocka_unit_test(test_relative), cmocka_unit_test(test_deploys), cmocka_unit_test(test_ten_million_keys), cmocka_unit_test(test_size)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
