/* The public functions: checks, then the backend. SPDX-License-Identifier: BSD-2-Clause */
#include "store/store.h"

#include <errno.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/mem.h"
#include "store/backend.h"

int store_open(struct store **ret, const struct store_opts *opts, char **ret_why)
{
	if (!opts->dir)
		return store_ram_open(ret, opts);
	return lmdb_open(ret, opts, ret_why);
}

void store_close(struct store *s)
{
	if (s)
		s->ops->close(s);
}

void store_secret(const struct store *s, uint8_t ret[16]) { s->ops->secret(s, ret); }

int store_wtxn_begin(struct store *s, struct store_wtxn **ret)
{
	return s->opts.read_only ? -EROFS : s->ops->wtxn_begin(s, ret);
}

int store_wtxn_put(struct store_wtxn *w, const struct dump_summary *sum, uint64_t *ret_dump)
{
	if (w->err)
		return w->err;
	int err = w->s->ops->put(w, sum, ret_dump);
	if (err && err != HDA_EEXISTS)
		w->err = err;
	return err;
}

int store_wtxn_memo_put(struct store_wtxn *w, enum store_memo kind, uint64_t id, struct span bytes)
{
	if (!w->err)
		w->err = w->s->ops->memo_put(w, kind, id, bytes);
	return w->err;
}

int store_wtxn_memo(struct store_wtxn *w, enum store_memo kind, uint64_t id, struct enc *ret)
{
	return w->err ? w->err : w->s->ops->memo_w(w, kind, id, ret);
}

int store_wtxn_proc(struct store_wtxn *w, uint64_t dump, struct store_proc *ret)
{
	return w->err ? w->err : w->s->ops->proc_of_dump(w, dump, ret);
}

int store_rtxn_memo_ids(struct store_rtxn *r, enum store_memo kind, uint64_t **ret, size_t *ret_n)
{
	*ret = NULL;
	*ret_n = 0;
	return r->s->ops->memo_ids(r, kind, ret, ret_n);
}

int store_rtxn_memo(struct store_rtxn *r, enum store_memo kind, uint64_t id, struct enc *ret)
{
	return r->s->ops->memo_r(r, kind, id, ret);
}

int store_wtxn_retain(struct store_wtxn *w, double now, bool hard)
{
	if (!w->err)
		w->err = w->s->ops->retain(w, now, hard);
	return w->err;
}

int store_wtxn_commit(struct store_wtxn *w)
{
	int err = w->err;
	if (err) {
		w->s->ops->abort(w);
		return err;
	}
	return w->s->ops->commit(w);
}

void store_wtxn_abort(struct store_wtxn *w)
{
	if (w)
		w->s->ops->abort(w);
}

int store_rtxn_begin(struct store *s, struct store_rtxn **ret) { return s->ops->rtxn_begin(s, ret); }

void store_rtxn_end(struct store_rtxn *r)
{
	if (r)
		r->s->ops->rtxn_end(r);
}

int store_rtxn_twin(struct store_rtxn *r, struct store_rtxn **ret) { return r->s->ops->twin ? r->s->ops->twin(r, ret) : -ENOTSUP; }

int store_rtxn_procs(struct store_rtxn *r, struct store_proc **ret, size_t *ret_n)
{
	return r->s->ops->procs(r, ret, ret_n);
}

int store_rtxn_dumps(struct store_rtxn *r, uint64_t proc, struct store_dump **ret, size_t *ret_n)
{
	return r->s->ops->dumps(r, proc, ret, ret_n);
}

/* Takes the one summary of a walk over one dump. */
static int take_one(void *ctx, struct dump_summary *s)
{
	*(struct dump_summary **)ctx = s;
	return 0;
}

int store_rtxn_load(struct store_rtxn *r, uint64_t dump, unsigned parts, struct dump_summary **ret)
{
	struct dump_summary *s = NULL;
	int err = r->s->ops->walk(r, &dump, 1, parts, take_one, &s);
	if (err) {
		summary_free(s);
		return err;
	}
	*ret = s;
	return 0;
}

int store_rtxn_walk(struct store_rtxn *r, const uint64_t *dumps, size_t n, unsigned parts,
    int (*each)(void *ctx, struct dump_summary *s), void *ctx)
{
	return r->s->ops->walk(r, dumps, n, parts, each, ctx);
}

int store_rtxn_walk_keys(struct store_rtxn *r, const uint64_t *dumps, size_t n,
    int (*each)(void *ctx, const struct store_keys *k), void *ctx)
{
	return r->s->ops->walk_keys ? r->s->ops->walk_keys(r, dumps, n, each, ctx) : -ENOTSUP;
}

void store_stats(struct store *s, struct store_stats *ret) { s->ops->stats(s, ret); }

void store_reader_check(struct store *s) { s->ops->reader_check(s); }

int store_backup(struct store *s, const char *dir, char **ret_why) { return s->ops->backup(s, dir, ret_why); }
