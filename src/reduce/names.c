/* From the scanner's numbers of names to a summary's. SPDX-License-Identifier: BSD-2-Clause */
#include "reduce/names.h"

#include "base/assert.h"

static const char *const type_text[HEAP_TYPES] = {
	NULL,
#define X(name) #name,
	HEAP_TYPE_TABLE(X)
#undef X
};

uint32_t reduce_name(const struct reduce_names *n, uint32_t name, struct dump_summary *s)
{
	if (name == 0)
		return 0;
	HDA_ASSERT(name <= n->names->n);
	if (n->to[name] == 0)
		n->to[name] = strtab_intern(&s->names, strtab_get(n->names, name));
	return n->to[name];
}

uint32_t reduce_type_name(struct reduce_names *n, uint32_t type, struct dump_summary *s)
{
	if (type >= HEAP_TYPES)
		return reduce_name(n, type - HEAP_TYPES, s);
	if (n->type[type] == 0 && type_text[type])
		n->type[type] = strtab_intern(&s->names, span_of(type_text[type]));
	return n->type[type];
}
