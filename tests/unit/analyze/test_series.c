/* top, trend and slopes: properties. SPDX-License-Identifier: BSD-2-Clause */
#include "unit.h"

#include <math.h>

#include "analyze/fit.h"
#include "analyze/slope.h"
#include "analyze/top.h"
#include "analyze/trend.h"
#include "base/gem.h"
#include "base/mem.h"

static void test_median(void **state)
{
	(void)state;
	uint64_t rnd = 3;
	for (size_t n = 1; n < 60; n++) {
		double v[60], w[60];
		for (size_t i = 0; i < n; i++)
			v[i] = w[i] = (double)unit_below(&rnd, 10);
		for (size_t i = 0; i < n; i++) { /* sorted the obvious way */
			for (size_t j = i + 1; j < n; j++) {
				double t = w[i];
				w[i] = fmin(w[i], w[j]);
				w[j] = fmax(t, w[j]);
			}
		}
		double want = n % 2 ? w[n / 2] : (w[n / 2 - 1] + w[n / 2]) / 2;
		assert_true(slope_median(v, n) == want);
	}
	assert_true(isnan(slope_median(NULL, 0)));
}

static void test_slope(void **state)
{
	(void)state;
	double x[400], y[400];
	for (size_t i = 0; i < 400; i++) {
		x[i] = (double)i;
		y[i] = 5 + 2.5 * x[i];
	}
	for (size_t i = 0; i < 400; i += 5)
		y[i] = i % 2 ? 1e9 : NAN; /* a tenth wrong, a tenth missing */
	for (size_t n = 20; n <= 400; n += 20)
		assert_true(fabs(slope_robust(x, y, n) - 2.5) < 1e-9);
	assert_true(isnan(slope_robust(x, y, 1)));
	double same[2] = {4, 4};
	assert_true(isnan(slope_robust(same, y + 1, 2)));
}

static struct dump_summary *summary(uint64_t *rnd, size_t nkeys)
{
	static const char *const types[] = {"STRING", "ARRAY", "HASH", "DATA"};
	struct dump_summary *s = summary_new();
	for (uint64_t i = unit_below(rnd, 5); i > 0; i--) { /* ids differ from dump to dump */
		char text[16];
		int n = snprintf(text, sizeof(text), "pad%llu", (unsigned long long)i);
		strtab_intern(&s->names, (struct span){(uint8_t *)text, (size_t)n});
	}
	s->keys = xcalloc(nkeys, sizeof(*s->keys));
	for (size_t i = 0; i < nkeys; i++) {
		char klass[16], file[32];
		snprintf(klass, sizeof(klass), "K%zu", i % 7);
		snprintf(file, sizeof(file), "/g/gems/g%zu-1.0/f.rb", i % 5);
		struct tally t = {1 + unit_below(rnd, 50), 40 + unit_below(rnd, 4000)};
		s->keys[i] = (struct sum_key){.type = strtab_intern(&s->names, span_of(types[i % 4])),
		    .klass = i % 7 ? strtab_intern(&s->names, span_of(klass)) : 0,
		    .file = i % 5 ? strtab_intern(&s->names, span_of(file)) : 0, .line = i % 5 ? (uint32_t)(i + 1) : 0, .all = t};
		s->objects += t.count;
		s->bytes += t.bytes;
	}
	s->nkeys = nkeys;
	return s;
}

/* Every grouping sums to the whole dump, is sorted, and has no group twice. */
static void test_top(void **state)
{
	(void)state;
	uint64_t rnd = 11;
	for (size_t n = 0; n < 120; n += 3) {
		struct dump_summary *s = summary(&rnd, n);
		for (int by = TOP_TYPE; by <= TOP_KEY; by++) {
			for (int sort = TOP_BYTES; sort <= TOP_COUNT; sort++) {
				struct top t;
				struct top_opts o = {.by = (enum top_by)by, .sort = (enum top_sort)sort, .generation = UINT64_MAX};
				analyze_top(s, &o, &t);
				uint64_t count = 0, bytes = 0;
				for (size_t i = 0; i < t.n; i++) {
					count += t.rows[i].all.count;
					bytes += t.rows[i].all.bytes;
					uint64_t a = sort == TOP_BYTES ? t.rows[i].all.bytes : t.rows[i].all.count;
					uint64_t b = i == 0 ? UINT64_MAX : sort == TOP_BYTES ? t.rows[i - 1].all.bytes : t.rows[i - 1].all.count;
					assert_true(a <= b);
					for (size_t k = 0; k < i && by == TOP_CLASS; k++)
						assert_true(t.rows[k].klass != t.rows[i].klass);
				}
				assert_true(count == s->objects && bytes == s->bytes && t.total.bytes == bytes);
				assert_true(by != TOP_TYPE || t.n <= 4);
				assert_true(by != TOP_GEM || t.n <= 5);
				assert_true(by != TOP_KEY || t.n == n);
				analyze_top_done(&t);
			}
		}
		summary_free(s);
	}
}

/* The series of a trend sum to its totals in every dump, whatever the ids of names. */
static void test_trend(void **state)
{
	(void)state;
	uint64_t rnd = 5;
	enum { DUMPS = 9 };
	for (int by = TREND_TYPE; by <= TREND_SITE; by++) {
		struct trend t;
		uint64_t bytes[DUMPS];
		trend_init(&t, (enum trend_by)by, false, DUMPS);
		for (size_t i = 0; i < DUMPS; i++) {
			struct dump_summary *s = summary(&rnd, i == 4 ? 0 : 5 + i * 13);
			bytes[i] = s->bytes;
			trend_add(&t, s, false);
			summary_free(s);
		}
		trend_finish(&t, t.nseries);
		for (size_t i = 0; i < DUMPS; i++) {
			double sum = 0;
			for (size_t k = 0; k < t.nseries; k++) {
				assert_true((i == 4) == isnan(t.series[k].v[i])); /* a dump without keys: nobody knows */
				sum += t.series[k].v[i];
			}
			if (i != 4)
				assert_true(sum == (double)bytes[i] && t.total[i] == sum);
		}
		for (size_t k = 1; k < t.nseries; k++)
			assert_true(t.series[k - 1].growth >= t.series[k].growth);
		assert_int_equal(t.nseries, by == TREND_TYPE ? 4 : by == TREND_CLASS ? 7 : t.nseries);
		trend_done(&t);
	}
}

static void test_gem(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
	    {"/var/lib/gems/3.1.0/gems/rack-2.2.22/lib/rack/utils.rb", "rack-2.2.22"},
	    {"/app/vendor/bundle/ruby/3.1.0/gems/nokogiri-1.15.4-x86_64-linux/lib/n.rb", "nokogiri-1.15.4-x86_64-linux"},
	    {"/app/vendor/bundle/ruby/3.1.0/bundler/gems/rails-3fa9c1d0b2e4/activerecord/lib/a.rb", "rails-3fa9c1d0b2e4"},
	    {"/usr/share/rubygems-integration/all/gems/rake-13.0.6/lib/rake.rb", "rake-13.0.6"},
	    {"/usr/lib/ruby/vendor_ruby/sidekiq/job.rb", "sidekiq vendor"},
	    {"/usr/lib/ruby/vendor_ruby/connection_pool.rb", "connection_pool vendor"},
	    {"/usr/lib/x86_64-linux-gnu/ruby/vendor_ruby/3.1.0/hiredis.so", "hiredis vendor"},
	    {"/usr/lib/ruby/3.1.0/json/common.rb", "ruby-3.1.0 stdlib"},
	    {"/usr/local/lib/ruby/site_ruby/3.1.0/rubygems/version.rb", "ruby-3.1.0 site_ruby"},
	    {"<internal:kernel>", "ruby core"},
	    {"(eval at /app/x.rb:3)", "eval"},
	    {"app/lib/price_cache.rb", "app"},
	    {"/srv/shop/app/models/order.rb", "app"},
	    {"/srv/gems/mine/lib/x.rb", "app"},
	    {"", ""},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char buf[GEM_NAME];
		size_t n = gem_name(span_of(cases[i][0]), buf);
		assert_string_equal(buf, cases[i][1]);
		assert_int_equal(n, strlen(buf));
	}
	char longest[600], buf[GEM_NAME];
	memset(longest, 'x', sizeof(longest));
	memcpy(longest, "/gems/a-1", 9);
	longest[500] = '/';
	assert_int_equal(gem_name((struct span){(uint8_t *)longest, sizeof(longest)}, buf), GEM_NAME - 1);
}

/* Straight lines come back exactly, outliers or not; curves that fill up say where they end; steps and leaks are no such curves. */
static void test_fit(void **state)
{
	(void)state;
	enum { N = 24 };
	double x[N], y[N];
	uint64_t rnd = 11;
	struct fit f;
	for (size_t i = 0; i < N; i++) {
		x[i] = (double)i;
		y[i] = 100 + 7 * (double)i;
	}
	y[5] = 9000;
	y[9] = NAN;
	assert_true(fit_series(x, y, N, true, &f));
	assert_false(f.bent);
	assert_true(f.slope == 7 && isnan(f.bound) && fabs(fit_at(&f, 40) - 380) < 1e-6);
	for (size_t i = 0; i < N; i++)
		y[i] = 2000 - 1800 * exp(-.25 * x[i]) + (double)unit_below(&rnd, 20) - 10;
	assert_true(fit_series(x, y, N, true, &f));
	assert_true(f.bent && fabs(f.bound - 2000) < 60 && fabs(fit_at(&f, 4) - y[4]) < 150 && fit_at(&f, 1e6) <= f.bound);
	assert_true(fit_series(x, y, N, false, &f));
	assert_false(f.bent); /* the caller knows better */
	for (size_t i = 0; i < N; i++)
		y[i] = i < 10 ? 3000 : 4000;
	assert_true(fit_series(x, y, N, true, &f));
	assert_false(f.bent);
	for (size_t i = 0; i < N; i++)
		y[i] = 50 * sqrt(x[i]) + (double)unit_below(&rnd, 100);
	assert_true(fit_series(x, y, N, true, &f));
	assert_true(fit_at(&f, -1e9) >= 0);
	for (size_t i = 0; i < N; i++)
		y[i] = 2000 - 1800 * exp(-.25 * x[i]);
	assert_true(fit_towards(x, y, N, 2000, &f)); /* the end is known, the pace is not */
	assert_true(f.bent && f.bound == 2000 && fabs(f.rate - .25) < .05 && fabs(fit_at(&f, 4) - y[4]) < 60);
	assert_false(fit_towards(x, y, 1, 2000, &f));
	for (size_t i = 0; i < N; i++)
		x[i] = 3;
	assert_false(fit_towards(x, y, N, 2000, &f));
	assert_false(fit_series(x, y, N, true, &f));
	assert_false(fit_series(x, y, 0, true, &f));
	for (size_t i = 0; i < N; i++)
		y[i] = NAN;
	assert_false(fit_series(x, y, N, true, &f));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_median), cmocka_unit_test(test_slope), cmocka_unit_test(test_top),
	    cmocka_unit_test(test_trend), cmocka_unit_test(test_fit), cmocka_unit_test(test_gem)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
