/* A summary's memory. SPDX-License-Identifier: BSD-2-Clause */
#include "reduce/summary.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct dump_summary *summary_new(void)
{
	struct dump_summary *s = xcalloc(1, sizeof(*s));
	dump_header_init(&s->head);
	strtab_init(&s->names);
	s->max_generation = UINT64_MAX;
	return s;
}

void summary_free(struct dump_summary *s)
{
	if (!s)
		return;
	dump_header_done(&s->head);
	strtab_done(&s->names);
	void *all[] = {s->keys, s->types, s->gens, s->genkeys, s->dups, s->refs, s->referenced, s->largest, s->long_, s->root_names,
	    s->gen_refs, s->edge_addrs, s->edge_keys, s->sigs, s->key_sigs, s->holders, s->containers, s->contents, s->top_retained,
	    s->ret_class, s->ret_site, s->ret_type, s->ret_gem};
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		free(all[i]);
	free(s);
}

uint64_t summary_content_length(const struct dump_summary *s, const struct sum_content *c)
{
	uint64_t n = s->sigs[c->sig].own.count, least = strcmp(strtab_str(&s->names, c->type), "STRING") == 0 ? SUM_FEW_BYTES : 0, all;
	return __builtin_mul_overflow(n, least, &least) || __builtin_add_overflow(c->beyond, least, &all) ? UINT64_MAX : all;
}

bool summary_is_several(const struct dump_summary *s, const struct sum_content *c)
{
	return c->type && s->sigs[c->sig].parent != UINT32_MAX && s->sigs[c->sig].own.count >= SUM_SEVERAL;
}

uint64_t *summary_counts(const struct dump_summary *s)
{
	uint64_t *n = xcalloc(s->nsigs + 1, sizeof(*n));
	for (size_t i = 0; i < s->nsigs; i++)
		n[i] = s->sigs[i].own.count;
	for (size_t i = 0; i < s->ncontents; i++) {
		const struct sum_content *c = &s->contents[i];
		n[c->sig] -= c->caches < n[c->sig] ? c->caches : 0;
		uint64_t rest = c->folded < n[c->sig] ? n[c->sig] - c->folded : 0;
		n[c->sig] = rest >= SUM_SEVERAL ? rest : n[c->sig];
	}
	return n;
}

bool *summary_several(const struct dump_summary *s)
{
	bool *of = xcalloc(s->nsigs + 1, sizeof(*of));
	for (size_t i = 0; i < s->ncontents; i++)
		of[s->contents[i].sig] = summary_is_several(s, &s->contents[i]);
	return of;
}

static bool begins_with(const char *step, const char *begin) { return strncmp(step, begin, strlen(begin)) == 0; }

bool summary_is_variable(const char *step) { return begins_with(step, "constant ") || begins_with(step, "global $"); }

bool summary_names_itself(const char *step)
{
	return summary_is_variable(step) || begins_with(step, "class ") || begins_with(step, "module ") || begins_with(step, "Thread[") ||
	       strcmp(step, "Thread") == 0 || strcmp(step, "Fiber") == 0;
}

const char *summary_step_text(const char *step)
{
	static const struct { const char *step, *text; } known[] = {
		{"root vm", "Ruby VM"},
		{"root finalizers", "finalizer table"},
		{"root global_tbl", "global variable"},
		{"root global_list", "C global"},
		{"root global_symbols", "symbol table"},
		{"root machine_context", "machine stack"},
		{"root threads", "threads"},
		{"root thread stacks", "thread stack"},
		{"root end_proc", "at_exit"},
		{"ARRAY", "Array (no class)"},
		{"HASH", "Hash (no class)"},
		{"STRING", "String (no class)"},
		{"OBJECT", "Object (no class)"},
		{"STRUCT", "Struct (no class)"},
		{"DATA", "data (no class)"},
	};
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strcmp(step, known[i].step) == 0)
			return known[i].text;
	return step;
}
