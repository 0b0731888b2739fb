/* Lines of classes, and the names of classes (src/scan/README.md, R8). SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/u64map.h"
#include "reduce/names.h"
#include "scan/heap_obj.h"

enum {
	CLASSES_WRAPS_MAX = 100, /* deeper "#<Class < #<Class < ...>>" are cut there: hostile chains have a million */
	CLASSES_ICLASS_MAX = 1000, /* ICLASS lines passed over from an object's class */
};

struct class_line {
	uint64_t addr, super; /* super with OBJ_HAS_SUPERCLASS */
	uint64_t order;       /* place in the dump: of two lines with one address the first stands */
	uint32_t name, real;  /* name ids of the scanner */
	uint32_t type, flags; /* of heap_obj */
	/* While finishing: what the chain from here on up answers. */
	uint32_t base;        /* name id in the summary of the first class with a name; 0 = none (or a cycle) */
	uint32_t wraps;       /* unnamed classes before it */
	uint32_t text;        /* the finished name, id in the summary; valid when state is CLASS_NAMED */
	uint32_t state;
};

struct classes {
	struct u64map index;  /* address -> index into lines */
	struct class_line *lines;
	size_t n, cap;
};

/* All-zero is empty. */
void classes_done(struct classes *c);
/* A line of type CLASS, MODULE or ICLASS, the order-th of the dump. */
void classes_add(struct classes *c, const struct class_line *line);
/* After all lines: the name (id in s->names) of the class at addr, 0 = none. Names and s must be the same in each call. */
uint32_t classes_name(struct classes *c, uint64_t addr, const struct reduce_names *names, struct dump_summary *s);
