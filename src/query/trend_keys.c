/* trend: the keys of many dumps. SPDX-License-Identifier: BSD-2-Clause
 *
 * Of many dumps first those at the ends are added, which mostly tell what will be shown; the others in two halves, each by a thread with a
 * transaction, a state and a trend of its own, since a dump costs what differs from its neighbours. Handing what one thread has read to
 * another that adds it up was tried, too: the way between two processors ate most of the gain. */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/thread.h"
#include "query/trend_keys.h"

enum { TREND_MANY = 128 }; /* dumps: with fewer it is not worth to jump to the ends first, nor to start a thread */

/* A walk: which dumps, in the order in which they are visited. */
struct walk {
	struct trend *t;
	struct query_run *r;         /* NULL: the other thread's, which only asks `stop` */
	const atomic_bool *stop;
	size_t most;
	uint64_t dump[TREND_DUMPS];
	size_t place[TREND_DUMPS], n, at;
	bool ends_first;
};

static int each(void *ctx, const struct store_keys *k)
{
	struct walk *w = ctx;
	if (w->r) {
		w->r->work = 0; /* each dump is worth a look at the deadline */
		if (!run_ok(w->r))
			return 1;
	} else if (atomic_load(w->stop)) {
		return 1;
	}
	int err = trend_add_keys(w->t, k, w->place[w->at++]);
	if (w->ends_first && w->at == TREND_LEVELS_FROM)
		trend_narrow(w->t, w->most);
	return err;
}

static void visit(struct walk *w, const struct store_dump *d, size_t place)
{
	w->dump[w->n] = d[place].dump;
	w->place[w->n++] = place;
}

/* The dumps that say something in the order of their ids, which is the cheapest. */
static void plan(struct walk *w, const struct store_dump *d, size_t n)
{
	size_t known[TREND_DUMPS], m = 0, ends = TREND_LEVEL;
	for (size_t i = 0; i < n; i++) {
		if (trend_knows(w->t->by, d[i].thinned))
			known[m++] = i;
	}
	w->ends_first = m >= TREND_MANY;
	if (!w->ends_first)
		ends = 0;
	for (size_t i = 0; i < ends; i++)
		visit(w, d, known[i]);
	for (size_t i = m - ends; i < m; i++)
		visit(w, d, known[i]);
	for (size_t i = ends; i < m - ends; i++)
		visit(w, d, known[i]);
}

/* The half of a walk that another thread does: the ends, too, so that it finds out by itself what will be shown. */
struct half {
	struct walk w;
	struct trend t;
	struct store_rtxn *txn;
	pthread_t thread;
	atomic_bool stop;
	int err;
};

static void *run_half(void *ctx)
{
	struct half *h = ctx;
	h->err = store_rtxn_walk_keys(h->txn, h->w.dump, h->w.n, each, &h->w);
	return NULL;
}

/* Gives the second half of w to a thread. NULL: w is not long enough, or there can be none, and w stays whole. */
static struct half *part(struct walk *w)
{
	struct store_rtxn *txn;
	if (!w->ends_first || store_rtxn_twin(w->r->txn, &txn))
		return NULL;
	struct half *h = xcalloc(1, sizeof(*h));
	size_t from = (TREND_LEVELS_FROM + w->n) / 2;
	h->txn = txn;
	h->w = *w;
	h->w.t = &h->t;
	h->w.r = NULL;
	h->w.stop = &h->stop;
	h->w.n = TREND_LEVELS_FROM;
	for (size_t i = from; i < w->n; i++, h->w.n++) {
		h->w.dump[h->w.n] = w->dump[i];
		h->w.place[h->w.n] = w->place[i];
	}
	trend_init(&h->t, w->t->by, w->t->count, w->t->max);
	if (thread_start(&h->thread, "hda-trend", run_half, h) == 0) {
		w->n = from;
		return h;
	}
	store_rtxn_end(txn);
	trend_done(&h->t);
	free(h);
	return NULL;
}

/* Ends the thread, and joins what it did where the first half came to an end. */
static int join(struct half *h, struct trend *t, int err)
{
	if (err)
		atomic_store(&h->stop, true);
	pthread_join(h->thread, NULL);
	err = err ? err : h->err;
	if (!err)
		trend_join(t, &h->t, TREND_LEVELS_FROM);
	store_rtxn_end(h->txn);
	trend_done(&h->t);
	free(h);
	return err;
}

int trend_keys(struct query_run *r, struct trend *t, const struct store_dump *d, size_t n, size_t most)
{
	struct walk *w = xcalloc(1, sizeof(*w));
	w->t = t;
	w->r = r;
	w->most = most;
	plan(w, d, n);
	struct half *h = part(w);
	int err = store_rtxn_walk_keys(r->txn, w->dump, w->n, each, w);
	if (h)
		err = join(h, t, err);
	for (size_t i = 0; !err && i < n; i++) {
		if (!trend_knows(t->by, d[i].thinned))
			trend_add_unknown(t, i);
	}
	free(w);
	return err;
}
