/* The state of the verdict, from dump to dump. SPDX-License-Identifier: BSD-2-Clause */
#include "query/series.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "query/run.h"

static void tell(struct series_changes *to, const struct series_change *c)
{
	if (!to)
		return;
	to->all++;
	if (to->n < SERIES_CHANGES)
		to->c[to->n++] = *c;
}

/* Compares what is said of the life now with what was said before. */
static void remember(struct life *l, const struct dump_summary *s, struct series_changes *changes)
{
	struct verdict *v = verdict_new(life_verdict(l), 1);
	double now = s->head.time;
	uint32_t *there = xcalloc(v->nlines + 1, sizeof(*there));
	size_t n = 0;
	for (size_t i = 0; i < v->nlines; i++) {
		const struct verdict_line *line = &v->lines[i];
		if (line->label != VERDICT_LEAK)
			continue;
		bool fresh;
		const struct verdict_entry *head = v->fused[line->head].entry;
		struct life_known *k = life_know(l, there[n++] = series_id(head, series_path(v, i)), &fresh);
		struct series_change c = {
		    .id = k->id, .from = fresh ? VERDICT_STATIC : (enum verdict_label)k->label, .to = line->label, .confidence = line->conf};
		if (c.from != c.to) {
			series_where(head, series_path(v, i), c.where, sizeof(c.where));
			tell(changes, &c);
		}
		k->label = (uint8_t)line->label;
		k->gone = 0;
		if (k->first_seen <= 0) {
			k->first_seen = now;
			snprintf(k->rev, sizeof(k->rev), "%s", s->head.who.rev);
		}
	}
	size_t nknown;
	const struct life_known *known = life_known(l, &nknown);
	for (size_t i = 0; i < nknown; i++) {
		bool still = known[i].label != VERDICT_LEAK;
		for (size_t j = 0; j < n && !still; j++)
			still = there[j] == known[i].id;
		if (still)
			continue;
		struct life_known *k = life_know(l, known[i].id, NULL);
		tell(changes, &(struct series_change){.id = k->id, .from = VERDICT_LEAK, .to = VERDICT_SLOW});
		k->label = VERDICT_SLOW;
		k->gone = now;
	}
	free(there);
	verdict_free(v);
}

static void add(struct life *l, const struct dump_summary *s, uint64_t dump, bool weigh, struct series_changes *changes)
{
	size_t before = life_dumps(l);
	life_add(l, s);
	life_set_dump(l, dump);
	if (weigh && life_dumps(l) > before) {
		life_weigh(l, s);
		remember(l, s, changes);
	}
}

static int write_down(struct store_wtxn *w, uint64_t proc, const struct life *l)
{
	struct enc e = {0};
	life_encode_head(l, &e);
	int err = store_wtxn_memo_put(w, STORE_MEMO_HEAD, proc, (struct span){e.p, e.n});
	enc_clear(&e);
	life_encode_rows(l, &e);
	if (!err)
		err = store_wtxn_memo_put(w, STORE_MEMO_ROWS, proc, (struct span){e.p, e.n});
	enc_done(&e);
	return err;
}

static int drop(struct store_wtxn *w, uint64_t proc)
{
	int err = store_wtxn_memo_put(w, STORE_MEMO_HEAD, proc, (struct span){NULL, 0});
	return err ? err : store_wtxn_memo_put(w, STORE_MEMO_ROWS, proc, (struct span){NULL, 0});
}

int series_update(
    struct store_wtxn *w, const struct dump_summary *s, uint64_t dump, double host_memory, struct series_changes *changes, bool *ret_stale)
{
	struct store_proc p;
	struct enc head = {0}, rows = {0};
	struct life *l = NULL;
	*ret_stale = false;
	int err = store_wtxn_proc(w, dump, &p);
	if (err)
		return err;
	if (p.ndumps == 1) {
		l = life_new();
	} else if (p.last_dump == dump) {
		err = store_wtxn_memo(w, STORE_MEMO_HEAD, p.proc, &head);
		if (!err)
			err = store_wtxn_memo(w, STORE_MEMO_ROWS, p.proc, &rows);
		if (!err)
			l = life_decode((struct span){head.p, head.n}, (struct span){rows.p, rows.n});
		err = err == HDA_ENOTFOUND ? 0 : err;
	}
	enc_done(&head);
	enc_done(&rows);
	if (err)
		return err;
	if (l) {
		life_set_host_memory(l, host_memory);
		add(l, s, dump, true, changes);
		err = write_down(w, p.proc, l);
	} else {
		*ret_stale = true;
		err = drop(w, p.proc);
	}
	life_free(l);
	return err;
}

struct walking {
	struct life *l;
	size_t n, left;
	bool (*go)(void *ctx);
	void *ctx;
	bool stopped;
};

/* Whether the n-th dump of a walk is weighed: the first ones, then one in a sixteenth of the way, and the last. */
static bool is_step(size_t n)
{
	size_t step = 1;
	while (n / step > SERIES_EACH)
		step *= 2;
	return n % step == 0;
}

static int each(void *ctx, struct dump_summary *s)
{
	struct walking *w = ctx;
	w->stopped = w->go && !w->go(w->ctx);
	w->n++;
	w->left--;
	if (!w->stopped)
		add(w->l, s, s->dump, is_step(w->n) || w->left < SERIES_LAST, NULL);
	summary_free(s);
	return w->stopped ? 1 : 0;
}

static int walk(struct store_rtxn *r, uint64_t proc, struct walking *w)
{
	_cleanup_free_ struct store_dump *d = NULL;
	size_t n = 0, m = 0;
	int err = store_rtxn_dumps(r, proc, &d, &n);
	if (err)
		return err;
	qsort(d, n, sizeof(*d), life_order);
	_cleanup_free_ uint64_t *ids = xcalloc(n + 1, sizeof(*ids));
	for (size_t i = 0; i < n; i++) {
		if (!d[i].partial && !d[i].thinned)
			ids[m++] = d[i].dump;
	}
	size_t from = m > SERIES_DUMPS ? m - SERIES_DUMPS : 0;
	w->left = m - from;
	err = store_rtxn_walk(r, ids + from, m - from, SERIES_PARTS, each, w);
	return err > 0 ? 0 : err;
}

/* HDA_ENOTFOUND: there is no state of the last dump. */
static int stored(struct store_rtxn *r, const struct store_proc *p, struct life **ret)
{
	struct enc head = {0};
	int err = store_rtxn_memo(r, STORE_MEMO_HEAD, p->proc, &head);
	struct life *l = err ? NULL : life_decode((struct span){head.p, head.n}, (struct span){NULL, 0});
	enc_done(&head);
	if (!err && (!l || life_dump(l) != p->last_dump))
		err = HDA_ENOTFOUND;
	if (err) {
		life_free(l);
		return err;
	}
	*ret = l;
	return 0;
}

int series_load(struct store_rtxn *r, const struct store_proc *p, bool (*go)(void *ctx), void *ctx, struct life **ret)
{
	*ret = NULL;
	int err = stored(r, p, ret);
	if (err != HDA_ENOTFOUND)
		return err;
	struct walking w = {.l = life_new(), .go = go, .ctx = ctx};
	err = walk(r, p->proc, &w);
	if (err || w.stopped)
		life_free(w.l);
	else
		*ret = w.l;
	return err;
}

bool series_fits(struct store_rtxn *r, const struct store_proc *p)
{
	struct life *l = NULL;
	int err = stored(r, p, &l);
	life_free(l);
	return err == 0;
}

int series_rebuild(struct store *s, uint64_t proc, bool (*go)(void *ctx), void *ctx)
{
	struct store_rtxn *r;
	struct store_wtxn *w;
	struct walking k = {.l = life_new(), .go = go, .ctx = ctx};
	int err = store_rtxn_begin(s, &r);
	if (!err) {
		err = walk(r, proc, &k);
		store_rtxn_end(r);
	}
	if (!err && !k.stopped && life_dump(k.l))
		err = store_wtxn_begin(s, &w);
	else
		w = NULL;
	if (!err && w) {
		(void)!write_down(w, proc, k.l); /* the transaction remembers */
		err = store_wtxn_commit(w);
	}
	life_free(k.l);
	return err;
}
