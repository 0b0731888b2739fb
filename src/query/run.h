/* One answer in the making: what the commands share. SPDX-License-Identifier: BSD-2-Clause Private to src/query/.
 *
 * A run carries its own verdict: after the first failure (peer gone, deadline, store) run_row and its like do nothing and say
 * false; the command then returns r->status. One thread. */
#pragma once

#include "hda/protocol.h"
#include "query/query.h"

enum {
	RUN_DEFAULT_ROWS = 20,   /* -n when not given */
	RUN_CHECK_EVERY = 256,   /* rows of work between two looks at the deadline */
};

struct query_run {
	const struct query_ctx *q;
	const struct query_args *args;
	const struct row_sink *sink;
	struct store_rtxn *txn;
	char *text;       /* the line for people, owned */
	const char *about; /* whom the notes are about, before each of them; NULL: what was asked for */
	uint64_t rows;    /* sent */
	uint64_t work;    /* counts calls of run_ok */
	int status;       /* 0 while all is well, else the final enum hda_status */
};

/* --- what was asked --- */

/* The i-th argument of that name, NULL when there are fewer. */
const struct val *arg_get(const struct query_args *a, const char *name, size_t i);
size_t arg_count(const struct query_args *a, const char *name);
bool arg_flag(const struct query_args *a, const char *name);
/* A text ({NULL, 0} when absent); numbers are no texts. */
struct span arg_text(const struct query_args *a, const char *name);
/* A number, given as one or as decimal digits; `other` when absent. False: it is neither, and the run has failed with what is
 * wrong. */
bool arg_number(struct query_run *r, const char *name, uint64_t other, uint64_t *ret);
/* One of the NULL-terminated words; *ret is its index, `other` when absent. False: the run has failed, with the words. */
bool arg_word(struct query_run *r, const char *name, const char *const *words, size_t other, size_t *ret);
/* F:L into file and line. False: absent or no number behind the last colon (then the run has failed). */
bool arg_site(struct query_run *r, const char *name, struct span *ret_file, uint32_t *ret_line);
/* -n: rows wanted, UINT64_MAX for 0 = all. */
bool arg_rows(struct query_run *r, uint64_t other, uint64_t *ret);
/* Decimal digits, nothing else. */
bool parse_u64(struct span s, uint64_t *ret);

/* --- how it ends --- */

/* Ends the run with a status and a line for people. Returns the status. */
int run_fail(struct query_run *r, int status, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* The same for an error of the store: 500 with its text. */
int run_store_fail(struct query_run *r, int err);
/* True while the run may go on; looks at the deadline now and then. Call it in every loop that can be long. */
bool run_ok(struct query_run *r);
/* The status to return at the end: 200 unless something failed. */
int run_done(struct query_run *r);

/* --- what is said --- */

/* Sends a row. False when the run is over. */
bool run_row(struct query_run *r, const struct row *row);
void run_note(struct query_run *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* "5 114 sites not shown: -n 0 for all" when shown < all; one: what a single one is called. */
void run_note_cut(struct query_run *r, uint64_t shown, uint64_t all, const char *one, const char *many);
/* Sends the "dump" object. */
bool run_dump(struct query_run *r, const struct store_dump *d);

void row_put(struct row *row, const char *name, struct val v);
void row_null(struct row *row, const char *name);
void row_bool(struct row *row, const char *name, bool b);
void row_uint(struct row *row, const char *name, uint64_t u); /* UINT64_MAX (unknown) becomes null */
void row_pid(struct row *row, const char *name, uint64_t pid); /* 0 (files without one, other namespaces) and unknown become null */
void row_int(struct row *row, const char *name, int64_t i);
void row_real(struct row *row, const char *name, double d);   /* not finite becomes null */
void row_text(struct row *row, const char *name, struct span s); /* empty becomes null */
void row_cstr(struct row *row, const char *name, const char *s); /* NULL and "" become null */
enum { ROW_ID = 17 }; /* bytes of a 64-bit id as text */
/* A 64-bit id as 16 hex digits, which JSON readers with doubles do not round. buf (ROW_ID) must live until the row is sent. */
void row_id(struct row *row, const char *name, uint64_t id, char *buf);
void row_list(struct row *row, const char *name, const struct val *p, size_t n);
void row_name(struct row *row, const char *name, const struct strtab *t, uint32_t id);

/* The seven columns of the contract. */
struct contract {
	uint32_t type, klass, file, line; /* name ids of the summary; 0 = null */
	uint64_t generation, count, bytes; /* UINT64_MAX = null */
};

void row_contract(struct row *row, const struct strtab *names, const struct contract *c);
/* Seconds since 1970; 0 becomes null. */
void row_time(struct row *row, const char *name, double t);

/* --- which dump --- */

enum { SELECT_BUF = 64 }; /* bytes of a DUMP text in messages */

/* Finds the i-th argument "dump" (absent: `last`) as README.md says. False: the run has failed and says why. */
bool run_select(struct query_run *r, size_t i, struct store_dump *ret);
/* run_select of the first, the dump object sent, and the summary with these parts loaded (the caller frees), or NULL. */
struct dump_summary *run_load(struct query_run *r, unsigned parts, struct store_dump *ret);
/* A report on one dump: its rows asked for (-n, else `rows`), run_load, answer, and the end. What four of the commands are. */
int run_listing(struct query_run *r, unsigned parts, uint64_t rows,
    void (*answer)(struct query_run *r, const struct dump_summary *s, uint64_t most));
/* A summary by id, or NULL when the run has failed. */
struct dump_summary *run_load_id(struct query_run *r, uint64_t dump, unsigned parts);
/* The whole dump of the same process before this one; false when there is none. */
bool run_previous(struct query_run *r, const struct store_dump *d, struct store_dump *ret);
/* The process lives that --pid means, latest last (newly allocated). Without --pid: all. False: the run has failed. */
bool run_procs(struct query_run *r, struct store_proc **ret, size_t *ret_n);
/* Orders dumps: time where both have one, then jobs, then id. For qsort. */
int dump_order(const void *a, const void *b);
/* The same of the dumps of one process life: by the number that its gem gave them, where both have one (a clock may be set back). */
int life_order(const void *a, const void *b);
/* What a process is called: "shop/sidekiq", "shop", "" (buf of PROC_LABEL). */
enum { PROC_LABEL = 2 * HEADER_LABEL + 2 };
const char *proc_label(const struct proc_ident *who, char *buf, size_t n);
