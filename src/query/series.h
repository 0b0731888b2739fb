/* The state of the verdict: kept up with each dump, or built again from the dumps. SPDX-License-Identifier: BSD-2-Clause
 *
 * The state of a process life is two memos of the store, written in the transaction of the dump that changed it. It says of which dump it
 * is; where that is not the last one of the process (older dumps came later, another version wrote, none did) it is not used: a
 * question then walks the stored dumps, with the same answer, and the daemon builds it again (series_rebuild). */
#pragma once

#include "analyze/life.h"
#include "store/store.h"

enum {
	SERIES_PARTS = STORE_KEYS | STORE_GENS | STORE_GENKEYS | STORE_GRAPH | STORE_KEY_SIGS,
	SERIES_DUMPS = 1000,  /* newest whole dumps that a state is built again from */
	SERIES_LAST = 4,      /* the last so many are weighed in any case: the very last may be one that says nothing */
	SERIES_EACH = 20,     /* of these the first so many are weighed, then ever fewer (one in 16 more): when a leak was first seen */
	SERIES_ID = 7,        /* hex digits of a leak's name, and the NUL */
	SERIES_TEXT = 1024,   /* bytes of a holder path */
	SERIES_WHERE = 251,   /* bytes of a place, with the NUL; ... */
	SERIES_LOGGED = 201,  /* ... in the journal */
	SERIES_CHANGES = 16,  /* changes told of one dump at most; the rest is counted */
};

/* A label that changed with a dump. */
struct series_change {
	uint32_t id;
	enum verdict_label from, to;
	double confidence;
	char where[SERIES_LOGGED]; /* site, else holder */
};

struct series_changes {
	struct series_change c[SERIES_CHANGES];
	size_t n, all;
};

/* After store_wtxn_put of a whole dump, in its transaction: the state with this dump. *ret_stale: the state did not fit and is dropped,
 * series_rebuild makes it anew. Errors are those of the store: the transaction is dead. */
HDA_MUST_CHECK int series_update(
    struct store_wtxn *w, const struct dump_summary *s, uint64_t dump, double host_memory, struct series_changes *changes, bool *ret_stale);
/* The weighed life of a process, from its state or else from its dumps. go (may be NULL) is asked before each dump of a walk: false
 * stops it (*ret NULL, 0 returned). The caller: life_free. */
HDA_MUST_CHECK int series_load(struct store_rtxn *r, const struct store_proc *p, bool (*go)(void *ctx), void *ctx, struct life **ret);
/* True: the stored state is of the last dump. */
bool series_fits(struct store_rtxn *r, const struct store_proc *p);
/* Builds the state of a process from its dumps and commits it. 0 also when there is nothing to do. The writer's thread. */
HDA_MUST_CHECK int series_rebuild(struct store *s, uint64_t proc, bool (*go)(void *ctx), void *ctx);

/* One word for a process, as ps has it. */
struct series_word {
	char word[24];               /* leak, acknowledged, native, suspect, slow, ok, learning 3/5 */
	double confidence;           /* of a leak; NAN otherwise */
	char where[SERIES_WHERE], id[SERIES_ID]; /* site, else holder; "" */
};
/* acked (may be NULL): this leak is known; when all are, the word is "acknowledged" unless something else is to be said first. */
void series_word(struct life *l, bool (*acked)(void *ctx, uint32_t id), void *ctx, struct series_word *ret);

/* Who holds an entry, for people: with the variables and constants that hold it, where they are known
 * ("class PriceCache @prices -> Hash"). */
void series_shown(const struct verdict_entry *e, char *buf, size_t n);
/* Where it is, in a few words: the site of e, else who holds it (path: series_path's). */
void series_where(const struct verdict_entry *e, const struct verdict_entry *path, char *buf, size_t n);
/* The i-th step of its path for people; NULL: the next one says it, too. The entry's as long as that. */
const char *series_step(const struct verdict_entry *e, size_t i);
/* The entry of a line whose path says most: the line's own, its first with a path, or its head's, which may know the constant. */
const struct verdict_entry *series_path(const struct verdict *v, size_t line);
/* The name of a leak: 24 bits over names only (type, class, file, holder), the same on every host, after a restart, when lines
 * move, and in another release directory. path: series_path's, asked of a head that nothing alone holds. */
uint32_t series_id(const struct verdict_entry *head, const struct verdict_entry *path);
