/* The store in memory: for hdactl -f and for tests. SPDX-License-Identifier: BSD-2-Clause
 *
 * Readers hold a reference to an immutable state; the writer copies it (pointers only) and publishes the copy at commit, so
 * that both backends isolate alike. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sodium.h>

#include "base/mem.h"
#include "store/backend.h"
#include "store/copy.h"
#include "store/model.h"
#include "store/retain.h"

/* A stored summary, shared by states. */
struct item {
	atomic_uint refs;
	struct store_dump row;
	struct dump_summary *sum;
	uint64_t bytes; /* about what it takes */
};

/* A memo, shared by states. */
struct memo {
	atomic_uint refs;
	enum store_memo kind;
	uint64_t id;
	size_t n;
	uint8_t bytes[];
};

struct state {
	atomic_uint refs;
	struct memo **memos; size_t nmemos;
	struct store_proc *procs; /* by id: procs[0].proc is 1 */
	struct item **items;      /* by rising id */
	size_t nprocs, nitems;
	uint64_t next_dump;
};

struct ram {
	struct store s;
	pthread_mutex_t lock; /* guards `now` only */
	struct state *now;
	uint8_t secret[16];
	atomic_uint readers;
};

struct ram_wtxn {
	struct store_wtxn w;
	struct state *next;
};

struct ram_rtxn {
	struct store_rtxn r;
	struct state *at;
};

static void item_unref(struct item *it)
{
	if (atomic_fetch_sub(&it->refs, 1) != 1)
		return;
	summary_free(it->sum);
	free(it);
}

static void memo_unref(struct memo *m)
{
	if (atomic_fetch_sub(&m->refs, 1) == 1)
		free(m);
}

static void state_unref(struct state *st)
{
	if (atomic_fetch_sub(&st->refs, 1) != 1)
		return;
	for (size_t i = 0; i < st->nitems; i++)
		item_unref(st->items[i]);
	for (size_t i = 0; i < st->nmemos; i++)
		memo_unref(st->memos[i]);
	free(st->memos);
	free(st->items);
	free(st->procs);
	free(st);
}

static struct state *state_get(struct ram *m)
{
	pthread_mutex_lock(&m->lock);
	struct state *st = m->now;
	atomic_fetch_add(&st->refs, 1);
	pthread_mutex_unlock(&m->lock);
	return st;
}

static void *copy_of(const void *p, size_t n, size_t size, size_t spare)
{
	void *c = xreallocarray(NULL, n + spare, size);
	if (n)
		memcpy(c, p, n * size);
	return c;
}

/* A copy that the writer may change: with room for one more process and dump. */
static struct state *state_copy(const struct state *st)
{
	struct state *c = xmalloc(sizeof(*c));
	*c = (struct state){.nprocs = st->nprocs, .nitems = st->nitems, .next_dump = st->next_dump};
	atomic_init(&c->refs, 1);
	c->procs = copy_of(st->procs, st->nprocs, sizeof(*st->procs), 1);
	c->items = copy_of(st->items, st->nitems, sizeof(struct item *), 1);
	for (size_t i = 0; i < c->nitems; i++)
		atomic_fetch_add(&c->items[i]->refs, 1);
	c->nmemos = st->nmemos;
	c->memos = copy_of(st->memos, st->nmemos, sizeof(struct memo *), 1);
	for (size_t i = 0; i < c->nmemos; i++)
		atomic_fetch_add(&c->memos[i]->refs, 1);
	return c;
}

static uint64_t weight(const struct dump_summary *s)
{
	uint64_t n = sizeof(*s) + strtab_memory(&s->names);
#define X(field, count, flags) n += s->count * sizeof(*s->field);
	SUMMARY_ARRAYS(X)
#undef X
	return n;
}

static struct item *item_new(struct dump_summary *sum, const struct store_dump *row)
{
	struct item *it = xmalloc(sizeof(*it));
	*it = (struct item){.row = *row, .sum = sum, .bytes = weight(sum)};
	atomic_init(&it->refs, 1);
	sum->dump = row->dump;
	sum->proc = row->proc;
	return it;
}

/* The process of these identity bytes, made when new. */
static struct store_proc *proc_of(struct state *st, const struct proc_ident *who)
{
	struct enc want = {0}, have = {0};
	model_ident(&want, who);
	struct store_proc *found = NULL;
	for (size_t i = 0; i < st->nprocs && !found; i++) {
		enc_clear(&have);
		model_ident(&have, &st->procs[i].who);
		if (have.n == want.n && memcmp(have.p, want.p, want.n) == 0)
			found = &st->procs[i];
	}
	enc_done(&want);
	enc_done(&have);
	if (found)
		return found;
	st->procs = xreallocarray(st->procs, st->nprocs + 1, sizeof(*st->procs));
	found = &st->procs[st->nprocs++];
	*found = (struct store_proc){.proc = st->nprocs, .who = *who};
	return found;
}

static void recount(struct state *st, struct store_proc *p)
{
	struct store_dump *d = xreallocarray(NULL, st->nitems + 1, sizeof(*d));
	size_t n = 0;
	for (size_t i = 0; i < st->nitems; i++)
		if (st->items[i]->row.proc == p->proc)
			d[n++] = st->items[i]->row;
	model_proc_recount(p, d, n);
	free(d);
}

static int ram_put(struct store_wtxn *w, const struct dump_summary *sum, uint64_t *ret_dump)
{
	struct state *st = ((struct ram_wtxn *)w)->next;
	struct store_proc *p = proc_of(st, &sum->head.who);
	for (size_t i = 0; i < st->nitems; i++) {
		const struct store_dump *old = &st->items[i]->row;
		if (old->proc == p->proc && model_same_dump(old, sum)) {
			*ret_dump = old->dump;
			return HDA_EEXISTS;
		}
	}
	p->who = sum->head.who; /* labels may change during a life: the newest are shown */
	struct store_dump row;
	model_dump(&row, sum, st->next_dump++, p->proc);
	st->items = xreallocarray(st->items, st->nitems + 1, sizeof(struct item *));
	st->items[st->nitems++] = item_new(summary_copy(sum, STORE_ALL), &row);
	recount(st, p);
	*ret_dump = row.dump;
	return 0;
}

static void memo_del(struct state *st, enum store_memo kind, uint64_t id)
{
	for (size_t i = 0; i < st->nmemos; i++) {
		if (st->memos[i]->kind != kind || st->memos[i]->id != id)
			continue;
		memo_unref(st->memos[i]);
		st->memos[i] = st->memos[--st->nmemos];
		return;
	}
}

static void apply(struct state *st, const struct retain_dump *plan, size_t n)
{
	size_t kept = 0;
	for (size_t i = 0; i < n; i++) {
		struct item *it = st->items[i];
		if (plan[i].action == RETAIN_THIN) {
			struct store_dump row = it->row;
			row.thinned = true;
			st->items[kept++] = item_new(summary_thin(it->sum), &row);
		} else if (plan[i].action == RETAIN_KEEP) {
			st->items[kept++] = it;
			continue;
		}
		item_unref(it);
	}
	st->nitems = kept;
	for (size_t i = 0; i < st->nprocs; i++) {
		recount(st, &st->procs[i]);
		if (st->procs[i].ndumps + st->procs[i].npartial == 0) {
			memo_del(st, STORE_MEMO_HEAD, st->procs[i].proc);
			memo_del(st, STORE_MEMO_ROWS, st->procs[i].proc);
		}
	}
}

static int memo_get(const struct state *st, enum store_memo kind, uint64_t id, struct enc *ret)
{
	for (size_t i = 0; i < st->nmemos; i++) {
		if (st->memos[i]->kind != kind || st->memos[i]->id != id)
			continue;
		enc_clear(ret);
		enc_raw(ret, st->memos[i]->bytes, st->memos[i]->n);
		return 0;
	}
	return HDA_ENOTFOUND;
}

static int ram_memo_w(struct store_wtxn *w, enum store_memo kind, uint64_t id, struct enc *ret)
{
	return memo_get(((struct ram_wtxn *)w)->next, kind, id, ret);
}

static int ram_memo_r(struct store_rtxn *r, enum store_memo kind, uint64_t id, struct enc *ret)
{
	return memo_get(((struct ram_rtxn *)r)->at, kind, id, ret);
}

static int by_id(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

static int ram_memo_ids(struct store_rtxn *r, enum store_memo kind, uint64_t **ret, size_t *ret_n)
{
	const struct state *st = ((struct ram_rtxn *)r)->at;
	*ret = xcalloc(st->nmemos + 1, sizeof(**ret));
	for (size_t i = 0; i < st->nmemos; i++) {
		if (st->memos[i]->kind == kind)
			(*ret)[(*ret_n)++] = st->memos[i]->id;
	}
	qsort(*ret, *ret_n, sizeof(**ret), by_id);
	return 0;
}

static int ram_memo_put(struct store_wtxn *w, enum store_memo kind, uint64_t id, struct span bytes)
{
	struct state *st = ((struct ram_wtxn *)w)->next;
	memo_del(st, kind, id);
	if (bytes.n == 0)
		return 0;
	struct memo *m = xmalloc(sizeof(*m) + bytes.n);
	m->kind = kind;
	m->id = id;
	m->n = bytes.n;
	atomic_init(&m->refs, 1);
	memcpy(m->bytes, bytes.p, bytes.n);
	st->memos = xreallocarray(st->memos, st->nmemos + 1, sizeof(struct memo *));
	st->memos[st->nmemos++] = m;
	return 0;
}

static const struct item *item_find(const struct state *st, uint64_t dump);

static int ram_proc_of_dump(struct store_wtxn *w, uint64_t dump, struct store_proc *ret)
{
	const struct state *st = ((struct ram_wtxn *)w)->next;
	const struct item *it = item_find(st, dump);
	if (!it)
		return HDA_ENOTFOUND;
	*ret = st->procs[it->row.proc - 1];
	return 0;
}

static int ram_retain(struct store_wtxn *w, double now, bool hard)
{
	struct state *st = ((struct ram_wtxn *)w)->next;
	const struct store_opts *o = &w->s->opts;
	struct retain_dump *plan = xcalloc(st->nitems + 1, sizeof(*plan));
	uint64_t used = 0;
	for (size_t i = 0; i < st->nitems; i++) {
		plan[i] = (struct retain_dump){.d = st->items[i]->row, .stored = st->items[i]->bytes};
		used += plan[i].stored;
	}
	struct retain_opts ro = {.now = now, .max_age_s = o->max_age_s, .detail_dumps = o->detail_dumps, .hard = hard};
	if (o->max_size && used > o->max_size)
		ro.to_free = used - o->max_size;
	retain_plan(&ro, plan, st->nitems);
	apply(st, plan, st->nitems);
	free(plan);
	return 0;
}

static int ram_wtxn_begin(struct store *s, struct store_wtxn **ret)
{
	struct ram *m = (struct ram *)s;
	struct ram_wtxn *w = xmalloc(sizeof(*w));
	struct state *now = state_get(m);
	*w = (struct ram_wtxn){.w = {.s = s}, .next = state_copy(now)};
	state_unref(now);
	*ret = &w->w;
	return 0;
}

static void ram_abort(struct store_wtxn *w)
{
	state_unref(((struct ram_wtxn *)w)->next);
	free(w);
}

static int ram_commit(struct store_wtxn *w)
{
	struct ram *m = (struct ram *)w->s;
	pthread_mutex_lock(&m->lock);
	struct state *old = m->now;
	m->now = ((struct ram_wtxn *)w)->next;
	pthread_mutex_unlock(&m->lock);
	state_unref(old);
	free(w);
	return 0;
}

static int ram_rtxn_begin(struct store *s, struct store_rtxn **ret)
{
	struct ram *m = (struct ram *)s;
	struct ram_rtxn *r = xmalloc(sizeof(*r));
	*r = (struct ram_rtxn){.r = {.s = s}, .at = state_get(m)};
	atomic_fetch_add(&m->readers, 1);
	*ret = &r->r;
	return 0;
}

static void ram_rtxn_end(struct store_rtxn *r)
{
	atomic_fetch_sub(&((struct ram *)r->s)->readers, 1);
	state_unref(((struct ram_rtxn *)r)->at);
	free(r);
}

/* A process all of whose dumps were deleted is not listed. */
static int ram_procs(struct store_rtxn *r, struct store_proc **ret, size_t *ret_n)
{
	const struct state *st = ((struct ram_rtxn *)r)->at;
	struct store_proc *p = xreallocarray(NULL, st->nprocs + 1, sizeof(*p));
	size_t n = 0;
	for (size_t i = 0; i < st->nprocs; i++)
		if (st->procs[i].ndumps + st->procs[i].npartial)
			p[n++] = st->procs[i];
	*ret = p;
	*ret_n = n;
	return 0;
}

static int ram_dumps(struct store_rtxn *r, uint64_t proc, struct store_dump **ret, size_t *ret_n)
{
	const struct state *st = ((struct ram_rtxn *)r)->at;
	struct store_dump *d = xreallocarray(NULL, st->nitems + 1, sizeof(*d));
	size_t n = 0;
	for (size_t i = 0; i < st->nitems; i++)
		if (proc == 0 || st->items[i]->row.proc == proc)
			d[n++] = st->items[i]->row;
	*ret = d;
	*ret_n = n;
	return 0;
}

static const struct item *item_find(const struct state *st, uint64_t dump)
{
	size_t lo = 0, hi = st->nitems;
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		if (st->items[mid]->row.dump < dump)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < st->nitems && st->items[lo]->row.dump == dump ? st->items[lo] : NULL;
}

static int ram_walk(struct store_rtxn *r, const uint64_t *dumps, size_t n, unsigned parts,
    int (*each)(void *ctx, struct dump_summary *s), void *ctx)
{
	const struct state *st = ((struct ram_rtxn *)r)->at;
	for (size_t i = 0; i < n; i++) {
		const struct item *it = item_find(st, dumps[i]);
		if (!it)
			return HDA_ENOTFOUND;
		int err = each(ctx, summary_copy(it->sum, parts));
		if (err)
			return err;
	}
	return 0;
}

static void ram_stats(struct store *s, struct store_stats *ret)
{
	struct ram *m = (struct ram *)s;
	struct state *st = state_get(m);
	*ret = (struct store_stats){.max_bytes = s->opts.max_size, .dumps = st->nitems, .engine = "RAM",
	    .readers = atomic_load(&m->readers)};
	for (size_t i = 0; i < st->nprocs; i++)
		ret->procs += st->procs[i].ndumps + st->procs[i].npartial > 0;
	for (size_t i = 0; i < st->nitems; i++) {
		const struct item *it = st->items[i];
		ret->used_bytes += it->bytes;
		ret->names += it->sum->names.n;
	}
	ret->oldest_dump_time = st->nitems ? st->items[0]->row.time : 0;
	state_unref(st);
}

static void ram_secret(const struct store *s, uint8_t ret[16])
{
	memcpy(ret, ((const struct ram *)s)->secret, 16);
}

static void ram_reader_check(struct store *s) { (void)s; }

static int ram_backup(struct store *s, const char *dir, char **ret_why)
{
	(void)s;
	(void)dir;
	if (ret_why)
		*ret_why = xstrdup("a store in memory has no backup");
	return HDA_EREFUSED;
}

static void ram_close(struct store *s)
{
	struct ram *m = (struct ram *)s;
	state_unref(m->now);
	pthread_mutex_destroy(&m->lock);
	sodium_memzero(m->secret, sizeof(m->secret));
	free(m);
}

static const struct store_ops ram_ops = {
    .close = ram_close,
    .secret = ram_secret,
    .wtxn_begin = ram_wtxn_begin,
    .put = ram_put,
    .memo_put = ram_memo_put,
    .memo_w = ram_memo_w,
    .memo_r = ram_memo_r,
    .memo_ids = ram_memo_ids,
    .proc_of_dump = ram_proc_of_dump,
    .retain = ram_retain,
    .commit = ram_commit,
    .abort = ram_abort,
    .rtxn_begin = ram_rtxn_begin,
    .rtxn_end = ram_rtxn_end,
    .procs = ram_procs,
    .dumps = ram_dumps,
    .walk = ram_walk,
    .stats = ram_stats,
    .reader_check = ram_reader_check,
    .backup = ram_backup,
};

int store_ram_open(struct store **ret, const struct store_opts *opts)
{
	struct ram *m = xcalloc(1, sizeof(*m));
	m->s = (struct store){.ops = &ram_ops, .opts = *opts};
	m->s.opts.dir = NULL;
	pthread_mutex_init(&m->lock, NULL);
	m->now = xcalloc(1, sizeof(*m->now));
	atomic_init(&m->now->refs, 1);
	m->now->next_dump = 1;
	randombytes_buf(m->secret, sizeof(m->secret));
	*ret = &m->s;
	return 0;
}
