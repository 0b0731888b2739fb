/* Summaries to LMDB and back. SPDX-License-Identifier: BSD-2-Clause
 *
 * The only place that knows LMDB. Two backends behind one contract (one test runs over both): LMDB for hdad, and RAM for
 * hdactl -f and for tests. Writing: one thread, one transaction at a time. Reading: any thread, one short transaction each. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cursor.h"
#include "base/err.h"
#include "reduce/summary.h"

struct store;
struct store_wtxn;
struct store_rtxn;

struct store_opts {
	const char *dir;          /* of the environment; NULL: in RAM */
	uint64_t map_size;        /* bytes of address space, and of the file at most; fixed at open (64 GiB costs nothing) */
	uint64_t max_size;        /* bytes of pages in use (store_stats.used_bytes): retention keeps them below; free pages come on top */
	uint32_t detail_dumps;    /* full detail is kept for the last N dumps per process */
	uint64_t max_age_s;       /* dumps older than this go; 0 = never */
	bool read_only;
};

/* Parts of a summary to load; the header and totals come, too. */
enum {
	STORE_KEYS = 1 << 0,      /* keys */
	STORE_GENS = 1 << 1,      /* gens */
	STORE_GENKEYS = 1 << 2,   /* genkeys (with STORE_KEYS) */
	STORE_DUPS = 1 << 3,
	STORE_OBJECTS = 1 << 4,   /* refs, referenced, largest, long_, gen_refs, top_retained */
	STORE_EDGE_ADDRS = 1 << 5,
	STORE_GRAPH = 1 << 6,     /* sigs, holders, containers, contents, ret_class, ret_site, ret_type, ret_gem */
	STORE_TRACE = 1 << 7,     /* root names, bad samples */
	STORE_KEY_SIGS = 1 << 8,  /* key_sigs (with STORE_KEYS and STORE_GRAPH) */
	STORE_RETAINED = 1 << 9,  /* ret_class, ret_site, ret_type, ret_gem alone */
	STORE_TYPES = 1 << 10,    /* types: sums over the keys, at a thousandth of their size */
	STORE_ALL = 0x7ff,
	STORE_BARE = 1 << 11,     /* header and totals are not needed: they may stay as summary_new makes them */
};

/* One process life. */
struct store_proc {
	uint64_t proc;            /* id, from 1 */
	struct proc_ident who;
	char ruby[32];
	uint64_t ndumps, npartial;
	uint64_t first_dump, last_dump;  /* ids of whole dumps, 0 = none */
	double first_time, last_time;    /* seconds since 1970 */
	uint64_t jobs;                   /* counter at the last dump */
	uint64_t heap_bytes, rss;        /* of the last dump; HEADER_UNKNOWN */
};

/* One dump in a list: the totals, no tables. */
struct store_dump {
	/* unknown figures are HEADER_UNKNOWN (garbage_bytes without a graph, max_generation untraced) */
	uint64_t dump, proc, pid, host_pid, jobs, seq, objects, bytes, garbage_bytes, rss, bad_lines, roots, edges, input_bytes;
	uint64_t gc_count, compact_count, max_generation;
	double time, took_s, received; /* received: when it came, 0 = not known; retention by age counts from there */
	char ruby[32];
	bool partial, traced, full, since, has_graph, thinned, time_from_mtime;
};

struct store_stats {
	uint64_t used_bytes, max_bytes, map_bytes, dumps, procs, readers, names, oldest_reader_txns;
	uint64_t reopened;        /* times since the start, after a write that failed and left it unusable */
	double oldest_dump_time;  /* when the dump was made that came first of those there; 0 = no dump */
	const char *engine;       /* "LMDB 0.9.24", "RAM" */
};

/* Opens or makes a store. Errors: HDA_EFOREIGN (not ours), HDA_EVERSION (another schema major), -EROFS/-EACCES (not writable),
 * HDA_EREFUSED (a network file system), -errno. *ret_why (may be NULL) gets a text for people that the caller frees. */
HDA_MUST_CHECK int store_open(struct store **ret, const struct store_opts *opts, char **ret_why);
void store_close(struct store *s);
/* 16 secret bytes for the scanner's value hash, made once per store. */
void store_secret(const struct store *s, uint8_t ret[16]);

/* A write transaction carries its own error: after the first failure each call does nothing and commit fails. */
HDA_MUST_CHECK int store_wtxn_begin(struct store *s, struct store_wtxn **ret);
/* Adds a summary. *ret_dump is its id. HDA_EEXISTS (not sticky) when (process, seq) or, without seq, (process, jobs, time) is there
 * already: *ret_dump is then the old one's id. */
HDA_MUST_CHECK int store_wtxn_put(struct store_wtxn *w, const struct dump_summary *sum, uint64_t *ret_dump);
/* Deletes or thins by the options; `hard` frees more than usual (after HDA_EFULL). now: seconds since 1970. */
HDA_MUST_CHECK int store_wtxn_retain(struct store_wtxn *w, double now, bool hard);
/* Memos: bytes that the verdict remembers of a process (or of another number); the store does not know what they say. They go with
 * the process, are copied by a migration, and when they are lost the verdict is computed again from the dumps. */
enum store_memo { /* stands in keys on disk: never renumber */
	STORE_MEMO_HEAD = 1,      /* of a process: time, what was weighed, what is known */
	STORE_MEMO_ROWS = 2,      /* of a process: the state by key */
	STORE_MEMO_ACK = 3,       /* of a leak's id: who knows it already */
};
/* Sets a memo; n 0 deletes it. */
HDA_MUST_CHECK int store_wtxn_memo_put(struct store_wtxn *w, enum store_memo kind, uint64_t id, struct span bytes);
/* As the transaction sees it; the bytes replace those of ret. HDA_ENOTFOUND (not sticky). */
HDA_MUST_CHECK int store_wtxn_memo(struct store_wtxn *w, enum store_memo kind, uint64_t id, struct enc *ret);
/* The row of the process that has this dump, which the transaction has put (or found there). */
HDA_MUST_CHECK int store_wtxn_proc(struct store_wtxn *w, uint64_t dump, struct store_proc *ret);
/* Commits (durable when it returns 0) or, after an error, aborts and returns it: HDA_EFULL, -ENOSPC, -EIO ... Frees w. */
HDA_MUST_CHECK int store_wtxn_commit(struct store_wtxn *w);
void store_wtxn_abort(struct store_wtxn *w);

HDA_MUST_CHECK int store_rtxn_begin(struct store *s, struct store_rtxn **ret);
void store_rtxn_end(struct store_rtxn *r);
static inline void store_rtxn_endp(struct store_rtxn **r) { if (*r) store_rtxn_end(*r); }
#define _cleanup_rtxn_ __attribute__((cleanup(store_rtxn_endp)))

/* A second transaction that sees what r sees, for another thread: one transaction is one thread's. -EAGAIN: a commit has come since r
 * began; -ENOTSUP: this backend has none. Ends with store_rtxn_end, before r or after. */
HDA_MUST_CHECK int store_rtxn_twin(struct store_rtxn *r, struct store_rtxn **ret);

/* All processes by id / all dumps of a process (proc 0: of all) by id, partial ones too. Newly allocated array, caller frees. */
HDA_MUST_CHECK int store_rtxn_procs(struct store_rtxn *r, struct store_proc **ret, size_t *ret_n);
HDA_MUST_CHECK int store_rtxn_dumps(struct store_rtxn *r, uint64_t proc, struct store_dump **ret, size_t *ret_n);
/* HDA_ENOTFOUND. The bytes replace those of ret. */
HDA_MUST_CHECK int store_rtxn_memo(struct store_rtxn *r, enum store_memo kind, uint64_t id, struct enc *ret);
/* The ids that have a memo of this kind, rising; newly allocated, caller frees. */
HDA_MUST_CHECK int store_rtxn_memo_ids(struct store_rtxn *r, enum store_memo kind, uint64_t **ret, size_t *ret_n);
/* A copy of a dump with the parts asked for; HDA_ENOTFOUND. Parts lost to thinning are empty. Caller: summary_free. */
HDA_MUST_CHECK int store_rtxn_load(struct store_rtxn *r, uint64_t dump, unsigned parts, struct dump_summary **ret);
/* What the figures of a key gain, modulo 2^64. */
struct store_change {
	uint32_t number;
	uint64_t count, bytes;
};

enum { STORE_LINKS = 64, STORE_LINK_NONE = STORE_LINKS };

struct store_run {
	const struct store_change *c;
	size_t n;
	bool back;     /* the figures lose what the changes say */
	unsigned link; /* a run back takes back, change for change, the last run with its link; STORE_LINK_NONE: none does */
};

/* The keys of a dump, lent during a callback. A number names a key, the same one in all dumps of a walk; numbers run from 0. */
struct store_keys {
	uint64_t dump;
	size_t n;                    /* keys of the dump */
	/* all together make of the figures of the dump before in the walk (before the first: 0) those of this one */
	const struct store_run *runs;
	size_t nruns;
	const bool *there;           /* by number: the dump has it ... */
	size_t nkeys;                /* ... of all that were met on the way */
	const struct strtab *names;  /* grows in a walk, its ids stay */
	/* What a number means: type, class, file (ids of names) and line. An error ends the walk with it. */
	int (*mean)(const struct store_keys *k, uint32_t number, uint32_t ret[4]);
};

/* For sums over many dumps: as store_rtxn_walk, but only keys, and no summary is made. A dump costs what differs from the one before.
 * -ENOTSUP: this backend has no such way, walk instead. */
HDA_MUST_CHECK int store_rtxn_walk_keys(struct store_rtxn *r, const uint64_t *dumps, size_t n,
    int (*each)(void *ctx, const struct store_keys *k), void *ctx);
/* Loads n dumps of one process in rising order and calls back for each (s is freed by the callee of the callback: take it
 * or summary_free it); cheaper than n loads. Non-zero from the callback stops. */
HDA_MUST_CHECK int store_rtxn_walk(struct store_rtxn *r, const uint64_t *dumps, size_t n, unsigned parts,
    int (*each)(void *ctx, struct dump_summary *s), void *ctx);

void store_stats(struct store *s, struct store_stats *ret);
/* Frees the slots of readers that died. Call at open (done) and every minute. */
void store_reader_check(struct store *s);
/* A compacted copy into the new directory `dir` (made; fsync; renamed into place when whole). Any thread; a long reader. */
HDA_MUST_CHECK int store_backup(struct store *s, const char *dir, char **ret_why);
/* Copies a store of an older schema from `from` into a new one in `to` (hdad migrate). */
HDA_MUST_CHECK int store_migrate(const char *from, const char *to, char **ret_why);
