/* trend: over both stores, and what the line and the forecast say. SPDX-License-Identifier: BSD-2-Clause */
#include "unit.h"

#include <math.h>

#include "disk.h"
#include "query/series.h"
#include "sample.h"

static void assert_same_value(const struct val *x, const struct val *y)
{
	assert_int_equal(x->kind, y->kind);
	if (x->kind == VAL_STR)
		assert_true(span_eq(x->s, y->s));
	else if (x->kind == VAL_REAL)
		assert_true(x->r == y->r || (isnan(x->r) && isnan(y->r)));
	else if (x->kind == VAL_UINT)
		assert_int_equal(x->u, y->u);
	else if (x->kind == VAL_LIST) {
		assert_int_equal(x->list.n, y->list.n);
		for (size_t i = 0; i < x->list.n; i++)
			assert_same_value(&x->list.p[i], &y->list.p[i]);
	}
}

static void assert_same_answer(const struct caught *a, const struct caught *b)
{
	assert_int_equal(a->status, b->status);
	assert_int_equal(a->n, b->n);
	for (size_t i = 0; i < a->n; i++) {
		assert_int_equal(a->rows[i].n, b->rows[i].n);
		for (size_t k = 0; k < a->rows[i].n; k++) {
			assert_string_equal(a->rows[i].f[k].name, b->rows[i].f[k].name);
			assert_same_value(&a->rows[i].f[k].v, &b->rows[i].f[k].v);
		}
	}
	assert_string_equal(a->notes, b->notes);
}

/* Over LMDB and in RAM, in both of which are the first n dumps of the process that `change` may alter. */
static void compare_stores(const struct series_opts *o, const struct store_opts *detail, unsigned n,
    void (*change)(struct dump_summary *d, unsigned i), const char *const *asked)
{
	struct series s;
	char *dir = disk_temp();
	struct store *st[2] = {disk_open(dir, detail), NULL};
	assert_int_equal(store_open(&st[1], detail, NULL), 0);
	series_init(&s, o);
	for (unsigned i = 0; i < n; i++) {
		struct dump_summary *d = series_next(&s);
		uint64_t id;
		if (change)
			change(d, i);
		for (size_t k = 0; k < 2; k++) {
			assert_int_equal(disk_put(st[k], d, &id), 0);
			assert_int_equal(disk_retain(st[k], d->head.time, false), 0);
		}
		summary_free(d);
	}
	for (; *asked; asked++) {
		struct caught c[2] = {{.n = 0}, {.n = 0}};
		for (size_t k = 0; k < 2; k++)
			ask(&c[k], &(struct query_ctx){.store = st[k], .now = 1.7e9}, *asked);
		assert_int_equal(c[0].status, 200);
		assert_same_answer(&c[0], &c[1]);
		caught_done(&c[0]);
		caught_done(&c[1]);
	}
	series_done(&s);
	store_close(st[0]);
	store_close(st[1]);
	disk_remove(dir);
	free(dir);
}

/* LMDB lends changes of keys and RAM walks over summaries: the answers are the same, thinned dumps and all. */
static void test_same_over_both_stores(void **state)
{
	(void)state;
	static const char *const asked[] = {"trend", "trend --by class -n 0", "trend --by site --metric count", "trend --by string -n 0",
	    "trend --by data --metric count -n 0", "trend --by holder", "trend --by container", "trend --by retained-class -n 4",
	    "trend --by class --last 3", "trend --by type --last 5 -n 2", NULL};
	struct series_opts o = {.keys = 150, .gens = 20, .sigs = 60, .seed = 4, .pid = 7, .churn_pct = 20};
	compare_stores(&o, &(struct store_opts){.detail_dumps = 6}, 11, NULL, asked);
}

/* Keys that come and go, some never at the ends, some in the first or the second half only; a dump without any. */
static void come_and_go(struct dump_summary *d, unsigned i)
{
	enum { EARLY = 91234, LATE = 92345 }; /* lines of no other key */
	bool few = i < 4 || i > 140;
	if (i / 10 == 3 || i / 10 == 11)
		d->keys[0].line = i / 10 == 3 ? EARLY : LATE;
	d->nkeys = i == 70 ? 0 : few ? d->nkeys / 2 : d->nkeys - i % 7;
	d->ngenkeys = d->nedge_addrs = 0;
}

/* The same of so many dumps that the ends are looked at first: whether they tell what is shown (-n 3) or not (-n 40). */
static void test_same_of_many_dumps(void **state)
{
	(void)state;
	static const char *const asked[] = {"trend --last 0 --by site -n 3", "trend --last 0 --by site -n 40", "trend --last 0 --by site -n 0",
	    "trend --last 0 --by class --metric count", "trend --last 0", "trend --last 0 -n 1", "trend --last 130 --by string -n 2", NULL};
	struct series_opts o = {.keys = 60, .gens = 20, .seed = 4, .pid = 7, .churn_pct = 20};
	compare_stores(&o, &(struct store_opts){.detail_dumps = 1000}, 150, come_and_go, asked);
	compare_stores(&o, &(struct store_opts){.detail_dumps = 131}, 150, come_and_go, asked);
}

static bool after_some(void *left) { return (*(int *)left)-- == 0; }

/* The deadline comes at each of many moments, wherever the two halves of a long trend are then: no answer, and the next one is whole. */
static void test_deadline(void **state)
{
	(void)state;
	struct series s;
	char *dir = disk_temp();
	struct store *st = disk_open(dir, &(struct store_opts){.detail_dumps = 1000});
	series_init(&s, &(struct series_opts){.keys = 60, .gens = 20, .seed = 4, .pid = 7, .churn_pct = 20});
	for (unsigned i = 0; i < 140; i++) {
		struct dump_summary *d = series_next(&s);
		uint64_t id;
		assert_int_equal(disk_put(st, d, &id), 0);
		summary_free(d);
	}
	size_t failed = 0, answered = 0;
	for (int looks = 0; answered == 0; looks++) {
		int left = looks;
		struct caught c = {.n = 0};
		struct query_ctx q = {.store = st, .now = 1.7e9, .expired = after_some, .expired_ctx = &left};
		ask(&c, &q, "trend --last 0 --by site");
		assert_true(c.status == 200 || c.status == 303);
		failed += c.status == 303;
		answered += c.status == 200;
		caught_done(&c);
	}
	assert_in_range(failed, 70, 140); /* one thread looks once for each dump of its half */
	struct store_stats stats;
	store_stats(st, &stats);
	assert_int_equal(stats.readers, 0);
	series_done(&s);
	store_close(st);
	disk_remove(dir);
	free(dir);
}

/* A process with a leak, a cache that fills up and things that stay, all of them traced, with the state of the verdict in the store. */
static struct dump_summary *heap_at(unsigned dump)
{
	struct sample h = {.n = 0};
	double full = 1 - exp(-.5 * (dump + 1));
	for (unsigned i = 0; i < 300; i++)
		sample_add(&h, i, 40, 1, "OBJECT", "Boot", "boot.rb", 1);
	for (unsigned d = 0; d <= dump; d++)
		for (unsigned i = 0; i < 80; i++)
			sample_add(&h, 1000 + d * 100 + i, 100, 10 + d * 10, "STRING", "String", "leak.rb", 14);
	for (unsigned i = 0; i < (unsigned)(2000 * full); i++)
		sample_add(&h, 100000 + i, 50, 10 + 10 * (unsigned)(-2 * log(1 - i / 2000.)), "ARRAY", "Cached", "cache.rb", 3);
	struct dump_summary *s = sample_summary(&h, 42, 1000 * (dump + 1), NULL);
	sample_done(&h);
	s->head.gc_count = 10 + dump * 10 + 5;
	s->head.major_gc_count = dump + 1;
	s->head.time = 1.7e9 + 600 * dump;
	s->head.rss = 100 << 20;
	s->head.cgroup_limit = 200 << 20;
	return s;
}

static void put_with_state(struct store *st, struct dump_summary *s, bool with_state)
{
	struct store_wtxn *w;
	uint64_t id;
	bool stale;
	assert_int_equal(store_wtxn_begin(st, &w), 0);
	assert_int_equal(store_wtxn_put(w, s, &id), 0);
	if (with_state)
		assert_int_equal(series_update(w, s, id, 0, NULL, &stale), 0);
	assert_int_equal(store_wtxn_commit(w), 0);
	summary_free(s);
}

static const struct val *item(const struct caught *c, size_t row, const char *name, size_t i)
{
	const struct val *v = cell(c, row, name);
	assert_int_equal(v->kind, VAL_LIST);
	assert_true(i < v->list.n);
	return &v->list.p[i];
}

static void test_verdict_and_forecast(void **state)
{
	(void)state;
	enum { DUMPS = 20, AHEAD = 8 };
	char *dir = disk_temp();
	struct store *st = disk_open(dir, &(struct store_opts){0});
	struct query_ctx q = {.store = st, .now = 1.8e9};
	struct caught c = {.n = 0};
	for (unsigned i = 0; i < DUMPS; i++)
		put_with_state(st, heap_at(i), true);
	ask(&c, &q, "trend --by site");
	assert_int_equal(c.status, 200);
	assert_string_equal(cell_s(&c, 0, "list"), "points");
	assert_true(item(&c, 0, "forecast_jobs", AHEAD - 1)->r == 20000 + 19000 / 2);
	assert_true(item(&c, 0, "forecast_times", AHEAD - 1)->r == 1.7e9 + 600 * (19 + 9.5));
	size_t leak = find_row(&c, 1, "file", "leak.rb"), cache = find_row(&c, 1, "file", "cache.rb"), boot = find_row(&c, 1, "file", "boot.rb");
	assert_true(leak != SIZE_MAX && cache != SIZE_MAX && boot != SIZE_MAX);
	/* The leak: 80 objects of 100 bytes per 1000 jobs and 600 seconds, to a limit of 100 MiB more. */
	assert_string_equal(cell_s(&c, leak, "label"), "leak");
	assert_true(cell_r(&c, leak, "confidence") > .8);
	assert_int_equal(strlen(cell_s(&c, leak, "id")), 6);
	assert_true(cell_r(&c, leak, "per_1000_jobs") == 8000 && cell_r(&c, leak, "per_hour") == 48000);
	assert_true(item(&c, leak, "fit", 0)->r == 8000 && item(&c, leak, "fit", DUMPS - 1)->r == 160000);
	assert_true(item(&c, leak, "forecast", AHEAD - 1)->r == 160000 + 8000 * 9.5);
	assert_int_equal(cell(&c, leak, "bound")->kind, VAL_NULL);
	assert_true(cell(&c, leak, "limit_at")->kind == VAL_NULL || cell_r(&c, leak, "limit_at") > 1.7e9);
	/* The cache: bounded, and the curve ends there. */
	assert_string_not_equal(cell_s(&c, cache, "label"), "leak");
	assert_true(fabs(cell_r(&c, cache, "bound") - 100000) < 3000);
	assert_true(item(&c, cache, "forecast", AHEAD - 1)->r < 103000);
	assert_int_equal(cell(&c, cache, "limit_at")->kind, VAL_NULL);
	/* What stays: no label, no slope. */
	assert_int_equal(cell(&c, boot, "label")->kind, VAL_NULL);
	assert_true(cell_r(&c, boot, "per_1000_jobs") == 0);
	caught_done(&c);
	/* leaks and trend tell the same end. */
	ask(&c, &q, "leaks --label slow");
	double told = cell_r(&c, find_row(&c, 0, "file", "cache.rb"), "bound");
	assert_true(isfinite(told));
	caught_done(&c);
	ask(&c, &q, "trend --by site --metric count");
	assert_true(fabs(cell_r(&c, find_row(&c, 1, "file", "cache.rb"), "bound") - told) <= 1);
	assert_int_equal(cell(&c, find_row(&c, 1, "file", "leak.rb"), "bound")->kind, VAL_NULL);
	caught_done(&c);
	ask(&c, &q, "trend --by type --metric count");
	assert_string_equal(cell_s(&c, find_row(&c, 1, "type", "STRING"), "label"), "leak");
	caught_done(&c);
	ask(&c, &q, "trend --by class");
	assert_string_equal(cell_s(&c, find_row(&c, 1, "class", "String"), "label"), "leak");
	caught_done(&c);
	ask(&c, &q, "trend --by string");
	assert_string_equal(cell_s(&c, find_row(&c, 1, "file", "leak.rb"), "label"), "leak");
	caught_done(&c);
	store_close(st);
	disk_remove(dir);
	free(dir);
}

/* A store whose last dump the verdict does not know yet: a trend over many dumps says nothing then, and does not work it out. */
static void test_no_verdict_yet(void **state)
{
	(void)state;
	char *dir = disk_temp();
	struct store *st = disk_open(dir, &(struct store_opts){0});
	struct caught c = {.n = 0};
	for (unsigned i = 0; i < 70; i++)
		put_with_state(st, heap_at(i), false);
	ask(&c, &(struct query_ctx){.store = st, .now = 1.8e9}, "trend --by site");
	assert_int_equal(c.status, 200);
	assert_int_equal(cell(&c, find_row(&c, 1, "file", "leak.rb"), "label")->kind, VAL_NULL);
	caught_done(&c);
	store_close(st);
	disk_remove(dir);
	free(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_same_over_both_stores), cmocka_unit_test(test_same_of_many_dumps),
	    cmocka_unit_test(test_deadline), cmocka_unit_test(test_verdict_and_forecast),
	    cmocka_unit_test(test_no_verdict_yet)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
