/* A scanner and a reducer of a few lines, so that the graph can be tested alone. SPDX-License-Identifier: BSD-2-Clause
 *
 * Defines the few functions of both stages that the graph calls; a slot is the index of its key. */
#pragma once

#include "base/u64map.h"
#include "reduce/reducer.h"

struct fake {
	struct reducer *r;
	struct scanner *sc;
	struct dump_summary *s;
};

struct fake fake_new(void);
void fake_free(struct fake *f);
/* The slot of these names, old or new. */
uint32_t fake_slot(struct fake *f, const char *type, const char *klass, const char *file, uint32_t line);
/* There is a class line at addr. */
void fake_class(struct fake *f, uint64_t addr, const char *name);
/* A name id of the scanner. */
uint32_t fake_name(struct fake *f, const char *name);
