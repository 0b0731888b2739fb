/* Lines for the journal. SPDX-License-Identifier: BSD-2-Clause
 *
 * To stderr: "<6>event=dump_stored msg="dump stored" dump=12 app=shop". Values are escaped, each id has a token bucket, so that no
 * peer can fill the disk. Any thread. */
#pragma once

#include <stdint.h>

#include "base/span.h"

enum log_id {
#define X(id, level, text) LOG_##id,
#include "daemon/log.def"
#undef X
	LOG_N
};

enum log_kind { LOG_FIELD_END, LOG_FIELD_STR, LOG_FIELD_UINT, LOG_FIELD_REAL };

struct log_field {
	const char *key;
	enum log_kind kind;
	struct span s;
	uint64_t u;
	double r;
};

#define LOG_STR(key_, text_) {.key = (key_), .kind = LOG_FIELD_STR, .s = span_of(text_)}
/* HEADER_UNKNOWN: the field is left out. */
#define LOG_UINT(key_, n_) {.key = (key_), .kind = LOG_FIELD_UINT, .u = (n_)}
#define LOG_REAL(key_, r_) {.key = (key_), .kind = LOG_FIELD_REAL, .r = (r_)}

/* log_event(LOG_dump_stored, LOG_UINT("dump", id), LOG_STR("app", app)); at least one field. */
#define log_event(id, ...) log_write((id), (const struct log_field[]){__VA_ARGS__, {.kind = LOG_FIELD_END}})

enum {
	LOG_BURST = 20,         /* lines of one id at once */
	LOG_REFILL_MS = 1000,   /* one more line of that id each second */
	LOG_LINE_MAX = 1024,    /* bytes of a line; what is longer is cut */
	LOG_VALUE_MAX = 256,    /* bytes of a value, escaped */
};

void log_write(enum log_id id, const struct log_field *fields);
/* Highest level that is written (3..7); 6 at the start. */
void log_set_level(unsigned level);
/* Sends libevent's own messages here, and its fatal errors through HDA_ASSERT's door. Once, before any base. */
void log_route_libevent(void);
/* Formats without writing: n bytes of buf at most, NUL included; returns the length. For tests. */
size_t log_format(char *buf, size_t n, enum log_id id, const struct log_field *fields, uint64_t suppressed);
