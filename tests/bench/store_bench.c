/* A store of many dumps of a large process, timed. SPDX-License-Identifier: BSD-2-Clause
 *
 *	store_bench NEW-DIRECTORY [DUMPS [KEYS [CHURN [1]]]]
 *
 * Prints TAP diagnostics: bytes a dump, seconds a put, a load and a walk of 60. Defaults: 1000 dumps, 20000 keys, 5 %; 1 at
 * the end: with the state of the verdict, as hdad writes it (not timed here). */
#include "unit.h"

#include <time.h>

#include "query/series.h"
#include "series.h"
#include "store/store.h"

enum { WALK = 60 };

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void check(int err, const char *what)
{
	if (!err)
		return;
	printf("Bail out! %s: %s\n", what, hda_strerror(err));
	exit(EXIT_FAILURE);
}

static int drop(void *ctx, struct dump_summary *s)
{
	(void)ctx;
	summary_free(s);
	return 0;
}

static double put_all(struct store *s, const struct series_opts *o, uint64_t n, bool with_state)
{
	struct series live;
	double spent = 0;
	bool stale;
	series_init(&live, o);
	for (uint64_t i = 0; i < n; i++) {
		struct dump_summary *d = series_next(&live);
		struct store_wtxn *w;
		uint64_t id;
		double from = now();
		check(store_wtxn_begin(s, &w), "begin");
		check(store_wtxn_put(w, d, &id), "put");
		spent += now() - from;
		if (with_state)
			check(series_update(w, d, id, 0, NULL, &stale), "state");
		from = now();
		check(store_wtxn_commit(w), "commit");
		spent += now() - from;
		summary_free(d);
	}
	series_done(&live);
	return spent;
}

int main(int argc, char **argv)
{
	uint64_t arg[4] = {1000, 20000, 5, 0}, ids[WALK];
	if (argc < 2)
		return EXIT_FAILURE;
	for (int i = 2; i < argc && i < 6; i++)
		arg[i - 2] = strtoull(argv[i], NULL, 10);
	uint64_t n = arg[0] < WALK ? WALK : arg[0];
	/* 60 generations of boot and 140 later: 200 in each dump, as many as the bar is for. */
	struct series_opts o = {.window = 140, .keys = arg[1], .gens = 60, .sigs = 3000, .seed = 1, .pid = 1, .churn_pct = (unsigned)arg[2]};
	struct store *s;
	struct store_rtxn *r;
	struct store_stats st;
	struct dump_summary *d;
	check(store_open(&s, &(struct store_opts){.dir = argv[1]}, NULL), "open");
	double put = put_all(s, &o, n, arg[3] != 0);
	store_stats(s, &st);
	printf("# %llu dumps of %zu keys, %u %% changing, 200 generations: %llu bytes a dump, put %.1f ms\n", (unsigned long long)n, o.keys,
	    o.churn_pct, (unsigned long long)(st.used_bytes / n), put * 1e3 / (double)n);
	check(store_rtxn_begin(s, &r), "read");
	double from = now();
	check(store_rtxn_load(r, n, STORE_ALL, &d), "load");
	double load = now() - from;
	summary_free(d);
	for (uint64_t i = 0; i < WALK; i++)
		ids[i] = n - WALK + 1 + i;
	from = now();
	check(store_rtxn_walk(r, ids, WALK, STORE_KEYS, drop, NULL), "walk");
	printf("# load %.1f ms, walk of %d (keys) %.1f ms\n", load * 1e3, (int)WALK, (now() - from) * 1e3);
	store_rtxn_end(r);
	store_close(s);
	return EXIT_SUCCESS;
}
