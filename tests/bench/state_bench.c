/* The state of the verdict, timed: after each dump, and `leaks` over many processes. SPDX-License-Identifier: BSD-2-Clause
 *
 *	state_bench NEW-DIRECTORY [DUMPS [KEYS [CHURN [PROCESSES [REPEAT]]]]]
 *
 * Defaults: 1000 dumps of one process of 20 000 keys of which 5 % change, then 100 processes of which each has the state of that one
 * (so `leaks` reads what it would read of 100 processes with 1000 dumps each). Prints a JSON object a line; times are CPU of this thread. */
#include "unit.h"

#include <malloc.h>
#include <time.h>

#include "analyze/life_impl.h"
#include "query/query.h"
#include "query/series.h"
#include "series.h"

enum { MMAP_FROM = 8 << 20, KEEP_FREE = 32 << 20 /* as hdad has them */ };
enum { OPT_DUMPS, OPT_KEYS, OPT_CHURN, OPT_PROCS, OPT_REPEAT, OPTS };

static double cpu(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void check(int err, const char *what)
{
	if (!err)
		return;
	fprintf(stderr, "%s: %s\n", what, hda_strerror(err));
	exit(EXIT_FAILURE);
}

static int cmp(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double percentile(double *v, size_t n, double p)
{
	size_t i = (size_t)(p * (double)n);
	qsort(v, n, sizeof(*v), cmp);
	return v[i < n ? i : n - 1];
}

static uint64_t put(struct store *s, const struct dump_summary *d, double *ret_ms)
{
	struct store_wtxn *w;
	uint64_t id;
	bool stale;
	check(store_wtxn_begin(s, &w), "begin");
	check(store_wtxn_put(w, d, &id), "put");
	double from = cpu();
	if (ret_ms)
		check(series_update(w, d, id, 0, NULL, &stale), "update");
	if (ret_ms)
		*ret_ms = cpu() - from;
	check(store_wtxn_commit(w), "commit");
	return id;
}

/* The state of the first process. */
static struct life *state_of(struct store *s, size_t *ret_bytes)
{
	struct store_rtxn *r;
	struct enc head = {0}, rows = {0};
	check(store_rtxn_begin(s, &r), "read");
	check(store_rtxn_memo(r, STORE_MEMO_HEAD, 1, &head), "head");
	check(store_rtxn_memo(r, STORE_MEMO_ROWS, 1, &rows), "rows");
	store_rtxn_end(r);
	struct life *l = life_decode((struct span){head.p, head.n}, (struct span){rows.p, rows.n});
	*ret_bytes = head.n + rows.n;
	enc_done(&head);
	enc_done(&rows);
	if (!l)
		check(HDA_ECORRUPT, "state");
	return l;
}

static void follow(struct store *s, const uint64_t opt[OPTS])
{
	size_t n = opt[OPT_DUMPS], half = 0, whole = 0;
	struct series_opts o = {.window = 140, .keys = opt[OPT_KEYS], .gens = 60, .sigs = 3000, .seed = 1, .pid = 1, .churn_pct = (unsigned)opt[OPT_CHURN]};
	struct series live;
	_cleanup_free_ double *ms = xcalloc(n, sizeof(*ms));
	series_init(&live, &o);
	for (size_t i = 0; i < n; i++) {
		struct dump_summary *d = series_next(&live);
		put(s, d, &ms[i]);
		summary_free(d);
		if (i + 1 == n / 2)
			life_free(state_of(s, &half));
	}
	series_done(&live);
	struct life *l = state_of(s, &whole);
	size_t from = n > 100 ? n - 100 : 0; /* the steady state */
	printf("{\"name\":\"verdict after a dump\",\"n\":%zu,\"keys\":%zu,\"rows\":%zu,\"p50_ms\":%.2f,\"p99_ms\":%.2f,\"p50_ms_per_10000_rows\":%.2f,"
	    "\"state_bytes\":%zu,\"bytes_a_row\":%.1f,\"state_growth_bytes_a_dump\":%.0f}\n", n, o.keys, life_rows(l), percentile(ms + from, n - from, .5),
	    percentile(ms + from, n - from, .99), percentile(ms + from, n - from, .5) * 1e4 / (double)life_rows(l), whole,
	    (double)whole / (double)life_rows(l), ((double)whole - (double)half) / (double)(n - n / 2));
	fflush(stdout);
	life_free(l);
}

/* Gives the state of the first process to others. */
static void spread(struct store *s, uint64_t procs)
{
	size_t bytes;
	struct life *l = state_of(s, &bytes);
	for (uint64_t i = 2; i <= procs; i++) {
		struct series_opts o = {.keys = 10, .gens = 3, .seed = i, .pid = i};
		struct series live;
		struct store_wtxn *w;
		struct enc e = {0};
		series_init(&live, &o);
		struct dump_summary *d = series_next(&live);
		life_set_dump(l, put(s, d, NULL));
		life_encode_head(l, &e);
		check(store_wtxn_begin(s, &w), "begin");
		check(store_wtxn_memo_put(w, STORE_MEMO_HEAD, i, (struct span){e.p, e.n}), "head");
		check(store_wtxn_commit(w), "commit");
		enc_done(&e);
		summary_free(d);
		series_done(&live);
	}
	life_free(l);
}

static int count_row(void *ctx, const struct row *row)
{
	(void)row;
	++*(size_t *)ctx;
	return 0;
}

static void ask(struct store *s, const char *cmd, size_t n)
{
	_cleanup_free_ double *ms = xcalloc(n, sizeof(*ms));
	size_t rows = 0;
	for (size_t i = 0; i < n; i++) {
		struct query_ctx q = {.store = s, .now = 1.8e9};
		struct query_args args = {.n = 0};
		char *text = NULL;
		rows = 0;
		struct row_sink sink = {.ctx = &rows, .row = count_row};
		double from = cpu();
		int status = query_dispatch(&q, cmd, &args, &sink, &text);
		ms[i] = cpu() - from;
		if (status != 200)
			fprintf(stderr, "%s: %d %s\n", cmd, status, text ? text : "");
		free(text);
	}
	printf("{\"name\":\"%s\",\"n\":%zu,\"p50_ms\":%.2f,\"p99_ms\":%.2f,\"rows\":%zu}\n", cmd, n, percentile(ms, n, .5), percentile(ms, n, .99), rows);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	uint64_t opt[OPTS] = {1000, 20000, 5, 100, 40};
	struct store *s;
	if (argc < 2)
		return EXIT_FAILURE;
	for (int i = 2; i < argc && i - 2 < OPTS; i++)
		opt[i - 2] = strtoull(argv[i], NULL, 10);
	mallopt(M_MMAP_THRESHOLD, MMAP_FROM);
	mallopt(M_TRIM_THRESHOLD, KEEP_FREE);
	check(store_open(&s, &(struct store_opts){.dir = argv[1], .map_size = (uint64_t)4 << 30}, NULL), "open");
	follow(s, opt);
	spread(s, opt[OPT_PROCS]);
	ask(s, "leaks", opt[OPT_REPEAT]);
	ask(s, "ps", opt[OPT_REPEAT]);
	store_close(s);
	return EXIT_SUCCESS;
}
