/* What a backend of the store provides. SPDX-License-Identifier: BSD-2-Clause
 *
 * store.c forwards each public function to the backend chosen at open; the contract is store.h's. Private to src/store/. */
#pragma once

#include "store/store.h"

/* One function a public one; see store.h for what each does. */
struct store_ops {
	void (*close)(struct store *s);
	void (*secret)(const struct store *s, uint8_t ret[16]);
	int (*wtxn_begin)(struct store *s, struct store_wtxn **ret);
	int (*put)(struct store_wtxn *w, const struct dump_summary *sum, uint64_t *ret_dump);
	int (*memo_put)(struct store_wtxn *w, enum store_memo kind, uint64_t id, struct span bytes);
	int (*memo_w)(struct store_wtxn *w, enum store_memo kind, uint64_t id, struct enc *ret);
	int (*memo_r)(struct store_rtxn *r, enum store_memo kind, uint64_t id, struct enc *ret);
	int (*memo_ids)(struct store_rtxn *r, enum store_memo kind, uint64_t **ret, size_t *ret_n);
	int (*proc_of_dump)(struct store_wtxn *w, uint64_t dump, struct store_proc *ret);
	int (*retain)(struct store_wtxn *w, double now, bool hard);
	int (*commit)(struct store_wtxn *w); /* frees w; called without an error only */
	void (*abort)(struct store_wtxn *w); /* frees w */
	int (*rtxn_begin)(struct store *s, struct store_rtxn **ret);
	void (*rtxn_end)(struct store_rtxn *r);
	int (*twin)(struct store_rtxn *r, struct store_rtxn **ret); /* may be NULL */
	int (*procs)(struct store_rtxn *r, struct store_proc **ret, size_t *ret_n);
	int (*dumps)(struct store_rtxn *r, uint64_t proc, struct store_dump **ret, size_t *ret_n);
	int (*walk)(struct store_rtxn *r, const uint64_t *dumps, size_t n, unsigned parts,
	    int (*each)(void *ctx, struct dump_summary *s), void *ctx);
	int (*walk_keys)(struct store_rtxn *r, const uint64_t *dumps, size_t n,
	    int (*each)(void *ctx, const struct store_keys *k), void *ctx); /* may be NULL */
	void (*stats)(struct store *s, struct store_stats *ret);
	void (*reader_check)(struct store *s);
	int (*backup)(struct store *s, const char *dir, char **ret_why);
};

/* First members of each backend's own structs. */
struct store {
	const struct store_ops *ops;
	struct store_opts opts; /* dir is NULL here: the backend keeps what it needs */
};

struct store_wtxn {
	struct store *s;
	int err; /* sticky: the first failure */
};

struct store_rtxn {
	struct store *s;
};

int store_ram_open(struct store **ret, const struct store_opts *opts);
int lmdb_open(struct store **ret, const struct store_opts *opts, char **ret_why);
