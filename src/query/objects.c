/* Rows that several reports share. SPDX-License-Identifier: BSD-2-Clause */
#include "query/objects.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

bool say_object(struct query_run *r, const char *list, const struct dump_summary *s, const struct sum_object *o)
{
	char addr[24]; /* 0x and 16 digits */
	struct row row = {.n = 0};
	struct contract c = {o->type, o->klass, o->file, o->line, o->generation, 1, o->bytes};
	if (list)
		row_cstr(&row, "list", list);
	snprintf(addr, sizeof(addr), "0x%llx", (unsigned long long)o->addr);
	row_cstr(&row, "address", addr);
	row_contract(&row, &s->names, &c);
	row_uint(&row, "length", o->length);
	row_uint(&row, "references", o->refs);
	return run_row(r, &row);
}

bool say_strings(struct query_run *r, const char *list, const struct dump_summary *s, const struct sum_dup *d)
{
	char *texts[SUM_DUP_SITES];
	struct val sites[SUM_DUP_SITES];
	size_t n = 0;
	for (size_t i = 0; i < SUM_DUP_SITES && i < d->nsites; i++) {
		struct span f = strtab_get(&s->names, d->sites[i].file);
		if (!f.n)
			continue;
		unsigned long long copies = d->sites[i].copies;
		texts[n] = d->sites[i].line ? xasprintf("%.*s:%u (%llu)", (int)f.n, (const char *)f.p, d->sites[i].line, copies)
		                            : xasprintf("%.*s (%llu)", (int)f.n, (const char *)f.p, copies); /* Ruby leaves out line 0 */
		sites[n] = val_str(texts[n]);
		n++;
	}
	struct row row = {.n = 0};
	struct contract c = {0, 0, d->nsites ? d->sites[0].file : 0, d->nsites ? d->sites[0].line : 0, d->generation, d->copies, d->bytes};
	if (list)
		row_cstr(&row, "list", list);
	row_contract(&row, &s->names, &c);
	row.f[list ? 1 : 0].v = val_str("STRING"); /* whether or not this dump has the name */
	row_uint(&row, "length", d->length);
	row_uint(&row, "wasted", d->copies ? d->bytes - d->bytes / d->copies : 0);
	row_list(&row, "sites", sites, n);
	row_uint(&row, "nsites", d->nsites);
	row_name(&row, "value", &s->names, d->value);
	bool ok = run_row(r, &row);
	for (size_t i = 0; i < n; i++)
		free(texts[i]);
	return ok;
}
