/* Parts of a summary as records. SPDX-License-Identifier: BSD-2-Clause Private to src/store/.
 *
 * A part is one section of a summary with its own record: either a table (table.h) or a string of bytes. To add a part: one
 * file part_x.c with a struct part, a line in record.c, a STORE_ flag (or an old one) and its arrays in copy.h.
 * Texts, keys and signatures stand once in a dictionary; records hold their numbers. */
#pragma once

#include "base/cursor.h"
#include "reduce/summary.h"
#include "store/store.h"
#include "store/table.h"

enum { RECORD_VERSION = 1 }; /* first byte of each record; a reader refuses others */

/* A signature in the dictionary. */
struct dict_sig {
	uint64_t hash;     /* sum_sig.id */
	uint32_t parent;   /* number of the parent, 0 = a root */
	uint32_t klass;    /* name number */
};

/* Texts, keys and signatures to numbers (from 1) and back. A backend's own struct begins with this. */
struct dict {
	/* The number of a text, new or old. */
	int (*name_put)(struct dict *d, struct span text, uint32_t *ret);
	int (*name_get)(struct dict *d, uint32_t name, struct span *ret); /* valid until the next call */
	/* The number of a key: type, class, file (name numbers), line. */
	int (*key_put)(struct dict *d, const uint32_t key[4], uint32_t *ret);
	int (*key_get)(struct dict *d, uint32_t id, uint32_t ret[4]);
	/* The number of a hash; a new one (*ret_new) must be defined before the transaction ends. */
	int (*sig_put)(struct dict *d, uint64_t hash, uint32_t *ret, bool *ret_new);
	int (*sig_def)(struct dict *d, uint32_t id, const struct dict_sig *sig);
	int (*sig_get)(struct dict *d, uint32_t id, struct dict_sig *ret);
};

/* What a part holds between summary and disk: table parts use t, the others raw. */
struct part_state {
	struct table t;
	struct enc raw;
};

/* A summary on its way out. err is sticky. */
struct rec_out {
	const struct dump_summary *sum;
	struct dict *dict;
	uint32_t *names;  /* by the summary's name id: number in the dictionary, 0 = not asked yet */
	uint32_t *keys;   /* by index into sum->keys */
	uint32_t *sigs;   /* by index into sum->sigs */
	int err;
};

void rec_out_init(struct rec_out *o, const struct dump_summary *sum, struct dict *dict);
void rec_out_done(struct rec_out *o);
uint32_t rec_out_name(struct rec_out *o, uint32_t id);  /* 0 for 0 */
uint32_t rec_out_key(struct rec_out *o, uint32_t type, uint32_t klass, uint32_t file, uint32_t line);

/* Places of the keys of the dictionary in one summary. */
struct rec_key {
	uint32_t type, klass, file, line; /* local name ids */
	bool known;
	uint32_t index;  /* into sum->keys of summary `stamp` */
	uint32_t stamp;
};

/* Summaries on their way in: one at a time, of many the names are shared. err is sticky. */
struct rec_in {
	struct dump_summary *sum;  /* the one being filled */
	struct dict *dict;
	struct strtab names;       /* of all summaries so far; copied into each at its end */
	uint32_t *local;           /* by name number: id in names */
	struct rec_key *keys;      /* by key number */
	size_t nlocal, nkeys;
	uint32_t stamp;            /* counts the summaries */
	struct rec_sig { struct dict_sig d; bool known; } *sigs; /* by signature number */
	size_t nsigs_known;        /* elements of it */
	uint32_t *sig_ids;         /* numbers of sum->sigs, sorted ... */
	uint32_t *sig_index;       /* ... and their indices */
	size_t nsigs;
	int err;
};

void rec_in_init(struct rec_in *in, struct dict *dict);
void rec_in_done(struct rec_in *in);
/* Starts on a new summary. */
void rec_in_begin(struct rec_in *in, struct dump_summary *sum);
uint32_t rec_in_name(struct rec_in *in, uint64_t number);
/* The key of a number, or NULL (and in->err). Valid until the next call. */
struct rec_key *rec_in_key(struct rec_in *in, uint64_t number);
/* The definition of a signature number, or NULL (and in->err). Valid until the next call. */
const struct dict_sig *rec_in_sig(struct rec_in *in, uint64_t number);
/* Index into sum->keys of a key number; 0 (and in->err) when the dump has no such key. */
uint32_t rec_in_key_index(struct rec_in *in, uint64_t number);
/* Index into sum->sigs; UINT32_MAX for 0; (and in->err) when the dump has no such signature. */
uint32_t rec_in_sig_index(struct rec_in *in, uint64_t number);

/* Tallies and numbers that may be unknown (UINT64_MAX), as varints. */
void enc_tally(struct enc *e, const struct tally *t);
struct tally dec_tally(struct dec *d);
void enc_maybe(struct enc *e, uint64_t v);
uint64_t dec_maybe(struct dec *d);
/* An object worth naming. */
void rec_out_object(struct rec_out *o, struct enc *e, const struct sum_object *x);
void rec_in_object(struct rec_in *in, struct dec *d, struct sum_object *ret);

enum part_id { /* stands in keys on disk: never renumber */
	PART_HEAD = 0, PART_KEYS = 1, PART_GENS = 2, PART_GENKEYS = 3, PART_DUPS = 4, PART_OBJECTS = 5, PART_EDGES = 6,
	PART_SIGS = 7, PART_HOLDERS = 8, PART_TRACE = 9, PART_RETAINED = 10, PART_KEY_SIGS = 11,
	PART_LABELS = 12,
	PART_TYPES = 13,
	PART_BIRTHS = 14,
	PART_CONTENTS = 15,
	PARTS = 16,
};

struct part {
	uint8_t id;
	const char *name;
	unsigned flags;             /* STORE_ flags that need it; 0: always */
	bool thin_none;             /* thinned dumps have no record of it: the few keys that they keep say the same */
	const struct table_shape *shape; /* NULL: a string of bytes */
	/* Fills st (empty) from o->sum. */
	void (*save)(struct rec_out *o, struct part_state *st);
	/* Fills in->sum from st, which is not empty and may be damaged. Sets in->err. */
	void (*load)(struct rec_in *in, const struct part_state *st);
};

extern const struct part part_head, part_keys, part_gens, part_genkeys, part_dups, part_objects, part_edges, part_sigs,
    part_holders, part_trace, part_retained, part_key_sigs, part_labels, part_types,
    part_births, part_contents;
/* By id, in the order in which they must be saved and loaded. */
extern const struct part *const parts_all[PARTS];

static inline bool part_empty(const struct part *p, const struct part_state *st)
{
	return p->shape ? st->t.n == 0 : st->raw.n == 0;
}

void part_state_init(struct part_state *st, const struct part *p);
void part_state_done(struct part_state *st);
/* to: any state of the same part, replaced. */
void part_state_copy(struct part_state *to, const struct part_state *from);

/* Fills ret (n numbers) with the order of rows by a falling, then b falling, ties as they stand. */
void order_falling(uint32_t *ret, const uint64_t *a, const uint64_t *b, size_t n);
/* The order by a rising. */
void order_rising(uint32_t *ret, const uint64_t *a, size_t n);
