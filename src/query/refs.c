/* refs: who references most, who is referenced most. SPDX-License-Identifier: BSD-2-Clause */
#include "query/commands.h"
#include "query/objects.h"

/* one, many: what the objects are called. */
static bool list(struct query_run *r, const char *name, const struct dump_summary *s, const struct sum_object *o, size_t n, uint64_t most,
    const char *one, const char *many)
{
	for (size_t i = 0; i < n && i < most; i++) {
		if (!say_object(r, name, s, &o[i]))
			return false;
	}
	run_note_cut(r, most < n ? most : n, n, one, many);
	if (n == SUM_TOP_OBJECTS && most >= n)
		run_note(r, "these are the first %d %s: a dump keeps no more", SUM_TOP_OBJECTS, many);
	return true;
}

static void answer(struct query_run *r, const struct dump_summary *s, uint64_t most)
{
	if (s->nrefs + s->nreferenced == 0) {
		run_fail(r, HDA_STATUS_NOTHING, "dump %llu keeps no list of objects by references: it has none, or was thinned",
		    (unsigned long long)s->dump);
		return;
	}
	if (list(r, "referencing", s, s->refs, s->nrefs, most, "referencing object", "referencing objects") &&
	    list(r, "referenced", s, s->referenced, s->nreferenced, most, "referenced object", "referenced objects") && s->nreferenced == 0)
		run_note(r, "who is referenced most needs the references, which were not collected (--no-graph, or over graph_memory)");
}

static int run(struct query_run *r) { return run_listing(r, STORE_OBJECTS, RUN_DEFAULT_ROWS, answer); }

static const char *const args[] = {"dump", "pid", "n", NULL};
const struct query_cmd query_cmd_refs = {
    .name = "refs", .summary = "the objects that reference most, and those that are referenced most", .args = args, .run = run};
