/* A generic cell: what stands in rows and arguments. SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

enum val_kind { VAL_NULL, VAL_BOOL, VAL_UINT, VAL_INT, VAL_REAL, VAL_STR, VAL_LIST };

/* Plain data. Texts and lists are borrowed: in a callback, until it returns. */
struct val {
	enum val_kind kind;
	union {
		bool b;
		uint64_t u;
		int64_t i;
		double r;
		struct span s;
		struct { const struct val *p; size_t n; } list;
	};
};

static inline struct val val_null(void) { return (struct val){.kind = VAL_NULL}; }
static inline struct val val_bool(bool b) { return (struct val){.kind = VAL_BOOL, .b = b}; }
static inline struct val val_uint(uint64_t u) { return (struct val){.kind = VAL_UINT, .u = u}; }
static inline struct val val_int(int64_t i) { return (struct val){.kind = VAL_INT, .i = i}; }
static inline struct val val_real(double r) { return (struct val){.kind = VAL_REAL, .r = r}; }
static inline struct val val_span(struct span s) { return (struct val){.kind = VAL_STR, .s = s}; }
/* A C string; NULL gives VAL_NULL. */
static inline struct val val_str(const char *s) { return s ? val_span(span_of(s)) : val_null(); }
