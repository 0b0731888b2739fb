/* One line of a heap dump, as the scanner sees it. SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

/* X(name, text in the dump). Types not listed get an id >= HEAP_TYPES from the scanner's name table (open set). */
#define HEAP_TYPE_TABLE(X)                                                                         \
	X(OBJECT) X(CLASS) X(MODULE) X(FLOAT) X(STRING) X(REGEXP) X(ARRAY) X(HASH) X(STRUCT)       \
	X(BIGNUM) X(FILE) X(DATA) X(MATCH) X(COMPLEX) X(RATIONAL) X(NIL) X(TRUE) X(FALSE)          \
	X(SYMBOL) X(FIXNUM) X(UNDEF) X(IMEMO) X(NODE) X(ICLASS) X(ZOMBIE) X(MOVED)

enum heap_type {
	HEAP_NONE_, /* 0 = null, as everywhere */
#define X(name) HEAP_##name,
	HEAP_TYPE_TABLE(X)
#undef X
	HEAP_TYPES, /* ids from here on: HEAP_TYPES + name id of the scanner */
};

enum {
	OBJ_HAS_CLASS = 1 << 0,
	OBJ_HAS_SUPERCLASS = 1 << 1,
	OBJ_HAS_GENERATION = 1 << 2,
	OBJ_HAS_VALUE = 1 << 3,      /* value_hash is set */
	OBJ_HAS_LENGTH = 1 << 4,     /* ARRAY length or HASH size */
	OBJ_SINGLETON = 1 << 5,
	OBJ_HAS_SHAPE = 1 << 6,      /* shape_id is set (Ruby >= 3.2) */
};

/* A good record that is an object (src/scan/README.md, R6, R8). Valid during the callback only. */
struct heap_obj {
	uint64_t addr;
	uint64_t klass;       /* with OBJ_HAS_CLASS */
	uint64_t superclass;  /* with OBJ_HAS_SUPERCLASS */
	uint64_t memsize;     /* bytes; 0 when absent */
	uint64_t generation;  /* with OBJ_HAS_GENERATION */
	uint64_t bytesize;    /* of a STRING or SYMBOL, 0 when absent */
	uint64_t length;      /* with OBJ_HAS_LENGTH */
	uint64_t value_hash;  /* with OBJ_HAS_VALUE: keyed hash of the value's bytes as they stand */
	const uint64_t *refs; /* the last batch of addresses in "references" (earlier ones came by scan_sink.refs) */
	size_t nrefs;         /* in this batch */
	uint64_t refs_total;  /* in all batches of this object */
	uint32_t type;        /* enum heap_type, or HEAP_TYPES + name id */
	uint32_t site;        /* (file, line): 0 = none, else scanner_site() */
	uint32_t detail;      /* name id of DATA's struct or IMEMO's imemo_type, 0 = absent */
	uint32_t name;        /* CLASS, MODULE: name id (R7 applied), 0 = absent */
	uint32_t real_name;   /* CLASS: name id of real_class_name, 0 = absent */
	uint32_t shape;       /* with OBJ_HAS_SHAPE */
	uint32_t flags;
	struct span value;    /* only with scanner_opts.keep_values: the first bytes of value, as they stand */
};

/* A SHAPE line (Ruby >= 3.2): no object. edge_name is a name id, 0 = none. */
struct heap_shape {
	uint64_t id, parent_id;
	uint32_t edge_name;
};
