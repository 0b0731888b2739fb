/* From a request to rows. SPDX-License-Identifier: BSD-2-Clause
 *
 * One file per command, each with a struct query_cmd; query.c holds their table. The same code answers hdad's query socket
 * (over LMDB) and hdactl -f (over RAM). Pure but for the store: no clock (now comes in), no log, no I/O. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/span.h"
#include "proto/value.h"
#include "store/store.h"

enum { QUERY_COLUMNS = 64, QUERY_ARGS = 32 };

struct field {
	const char *name; /* as in the JSON contract */
	struct val v;
};

/* One row: fields in the order in which tables show them. */
struct row {
	struct field f[QUERY_COLUMNS];
	size_t n;
};

/* Where an answer goes. Non-zero from a callback stops the query (the peer is gone, or enough). */
struct row_sink {
	void *ctx;
	int (*row)(void *ctx, const struct row *row);
	int (*dump)(void *ctx, const struct row *dump); /* the "dump" object of the answer, at most once, before the rows */
	void (*note)(void *ctx, const char *text);      /* a sentence for people: what is missing, what to do next */
};

struct query_arg {
	const char *name; /* long option without dashes; positional ones are "dump" (repeatable), "generation", "address" ... */
	struct val v;     /* VAL_STR, VAL_UINT or VAL_BOOL */
};

struct query_args {
	struct query_arg a[QUERY_ARGS];
	size_t n;
};

struct query_census; /* file mode: addresses of each dump (query/census.h) */

/* A process whose gem is connected now. */
struct query_gem {
	struct proc_ident who;
	double connected_s;       /* for so long */
	char state[16], why[128];
};

struct graph_trail;

/* File mode: what the reading of a dump said of the address asked for. */
struct query_trail {
	uint64_t dump;
	struct graph_trail *trail; /* NULL: read without graph */
};

struct query_ctx {
	struct store *store;
	double now;               /* seconds since 1970 */
	bool files;               /* the store is of dump files: neither gem nor daemon can be blamed for what is not there */
	uint64_t row_cap;         /* rows at most; 0 = no cap */
	bool (*expired)(void *);  /* asked now and then; true stops with 303; may be NULL */
	void *expired_ctx;
	const struct query_census *census; /* NULL for a daemon */
	const struct query_trail *trails;  /* for path ADDRESS; NULL for a daemon */
	size_t ntrails;
	const struct query_gem *gems; /* for ps; NULL without a daemon */
	size_t ngems;
};

struct query_run; /* one answer in the making (query/run.h) */

/* A command: its name, the arguments it takes (NULL-terminated), and what it does. */
struct query_cmd {
	const char *name;
	const char *summary;      /* one line for --help */
	const char *const *args;
	int (*run)(struct query_run *r); /* returns an enum hda_status */
};

/* The command of that name, or NULL. */
const struct query_cmd *query_find(const char *name);
/* All commands, NULL-terminated. */
const struct query_cmd *const *query_all(void);
/* Checks the arguments' names, runs the command inside one read transaction, and returns an enum hda_status. *ret_text becomes one
 * line for people (malloc'ed, the caller frees) or NULL: with a status over 200 always a line. src/query/README.md has the
 * arguments and columns of each command. Any thread. */
int query_dispatch(const struct query_ctx *q, const char *cmd, const struct query_args *args, const struct row_sink *sink, char **ret_text);
/* An address as path takes it, 0x and up to 16 hex digits (or a number). False: it is none. */
bool query_address(const struct val *v, uint64_t *ret);
