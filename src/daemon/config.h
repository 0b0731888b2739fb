/* hda.conf: parsed, checked, immutable. SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum config_kind { CONFIG_COUNT, CONFIG_SIZE, CONFIG_TIME, CONFIG_BOOL };

enum config_id {
#define X(section, name, kind, def, lo, hi, reloadable, text) CFG_##name,
#include "daemon/config.def"
#undef X
	CFG_N
};

/* A row of the table. Texts are static. */
struct config_row {
	const char *section, *name, *def, *lo, *hi, *text;
	enum config_kind kind;
	bool reloadable;
};

extern const struct config_row config_rows[CFG_N];

enum {
	CONFIG_FILE_MAX = 256 * 1024, /* bytes of a file; a longer one is not a configuration */
	CONFIG_LINE_MAX = 190,        /* bytes of a line: inih reads at most 199 at once */
};

/* Values in the base unit: numbers, bytes, milliseconds, 0/1; "auto" is resolved. Immutable once made, counted: any thread may
 * read it while it holds a reference. */
struct config {
	_Atomic unsigned refs;
	uint64_t v[CFG_N];
	bool given[CFG_N]; /* stood in the file */
	bool is_auto[CFG_N];
};

/* The defaults, one reference. */
struct config *config_new(void);
struct config *config_ref(struct config *c);
/* NULL is fine. */
void config_unref(struct config *c);
static inline uint64_t config_get(const struct config *c, enum config_id id) { return c->v[id]; }

/* Reads the n bytes of a file called `file` in messages. HDA_EFORMAT, and *ret_why is a text like
 * "hda.conf:12: ingest_workers: 0 is below 1" that the caller frees. */
HDA_MUST_CHECK int config_parse(const char *file, const char *text, size_t n, struct config **ret, char **ret_why);
/* Reads a file. -errno or HDA_EFORMAT, with *ret_why as above. path NULL: the defaults. */
HDA_MUST_CHECK int config_load(const char *path, struct config **ret, char **ret_why);

/* The value as one would write it in the file ("64G", "5s", "yes"); caller frees. */
char *config_format(enum config_id id, uint64_t value);
/* Parses one value of a row into *ret; HDA_EFORMAT with *ret_why ("0 is below 1"), which the caller frees. */
HDA_MUST_CHECK int config_value(enum config_id id, const char *text, uint64_t *ret, bool *ret_auto, char **ret_why);
/* The unit in words: "number", "bytes (K M G T)", "time (ms s m h d)", "yes/no". */
const char *config_unit(enum config_kind kind);
/* Names, comma-separated, of the rows that differ and need a restart; NULL when there are none. Caller frees. */
char *config_restart_rows(const struct config *old, const struct config *new_);
/* Gives the rows of `fresh` that need a restart the values they have in `old`. Before fresh is published. */
void config_keep_fixed(struct config *fresh, const struct config *old);
