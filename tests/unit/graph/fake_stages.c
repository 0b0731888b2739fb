/* A scanner and a reducer of a few lines, so that the graph can be tested alone. SPDX-License-Identifier: BSD-2-Clause */
#include "fake_stages.h"

#include <stdlib.h>

#include "base/mem.h"

struct reducer {
	struct u64map class_name; /* address of a class line -> name id in the summary */
	uint32_t nslots;
};

struct scanner {
	struct strtab names;
};

struct fake fake_new(void)
{
	struct fake f = {.r = xcalloc(1, sizeof(*f.r)), .sc = xcalloc(1, sizeof(*f.sc)), .s = summary_new()};
	strtab_init(&f.sc->names);
	return f;
}

void fake_free(struct fake *f)
{
	u64map_done(&f->r->class_name);
	strtab_done(&f->sc->names);
	free(f->r);
	free(f->sc);
	summary_free(f->s);
}

uint32_t fake_slot(struct fake *f, const char *type, const char *klass, const char *file, uint32_t line)
{
	struct sum_key k = {
		.type = strtab_intern(&f->s->names, span_of(type)),
		.klass = klass ? strtab_intern(&f->s->names, span_of(klass)) : 0,
		.file = file ? strtab_intern(&f->s->names, span_of(file)) : 0,
		.line = line,
	};
	for (size_t i = 0; i < f->s->nkeys; i++)
		if (f->s->keys[i].type == k.type && f->s->keys[i].klass == k.klass && f->s->keys[i].file == k.file && f->s->keys[i].line == line)
			return (uint32_t)i;
	f->s->keys = xreallocarray(f->s->keys, f->s->nkeys + 1, sizeof(k));
	f->s->keys[f->s->nkeys++] = k;
	return f->r->nslots++;
}

void fake_class(struct fake *f, uint64_t addr, const char *name)
{
	*u64map_put(&f->r->class_name, addr, NULL) = strtab_intern(&f->s->names, span_of(name));
}

uint32_t fake_name(struct fake *f, const char *name) { return strtab_intern(&f->sc->names, span_of(name)); }

uint32_t reducer_slot_key(const struct reducer *r, uint32_t slot)
{
	(void)r;
	return slot;
}

uint32_t reducer_nslots(const struct reducer *r) { return r->nslots; }

uint32_t reducer_class_name(const struct reducer *r, uint64_t addr)
{
	const uint32_t *at = u64map_get(&r->class_name, addr);
	return at ? *at : 0;
}

const struct strtab *scanner_names(const struct scanner *sc) { return &sc->names; }
