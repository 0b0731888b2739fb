/* trend: over both stores, and what the line and the forecast say. SPDX-License-Identifier: BSD-2-Clause */
#include "unit.h"

#include <math.h>

#include "disk.h"
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

/* LMDB lends its keys and RAM walks over summaries: the answers are the same, thinned dumps and all. */
static void test_same_over_both_stores(void **state)
{
	(void)state;
	static const char *const asked[] = {"trend", "trend --by class -n 0", "trend --by site --metric count", "trend --by string -n 0",
	    "trend --by data --metric count -n 0", "trend --by holder", "trend --by container", "trend --by retained-class -n 4",
	    "trend --by class --last 3", "trend --by type --last 5 -n 2"};
	struct series_opts o = {.keys = 150, .gens = 20, .sigs = 60, .seed = 4, .pid = 7, .churn_pct = 20};
	struct store_opts detail = {.detail_dumps = 6};
	struct series s;
	char *dir = disk_temp();
	struct store *st[2] = {disk_open(dir, &detail), NULL};
	assert_int_equal(store_open(&st[1], &detail, NULL), 0);
	series_init(&s, &o);
	for (unsigned i = 0; i < 11; i++) {
		struct dump_summary *d = series_next(&s);
		uint64_t id;
		for (size_t k = 0; k < 2; k++) {
			assert_int_equal(disk_put(st[k], d, &id), 0);
			assert_int_equal(disk_retain(st[k], d->head.time, false), 0);
		}
		summary_free(d);
	}
	for (size_t i = 0; i < sizeof(asked) / sizeof(*asked); i++) {
		struct caught c[2] = {{.n = 0}, {.n = 0}};
		for (size_t k = 0; k < 2; k++)
			ask(&c[k], &(struct query_ctx){.store = st[k], .now = 1.7e9}, asked[i]);
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

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_same_over_both_stores)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
