/* generation: the five classic lists of one generation. SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>

#include "base/mem.h"
#include "query/commands.h"
#include "query/objects.h"

struct asked {
	const struct dump_summary *s;
	uint64_t generation, most; /* rows per list */
};

static bool tallies(struct query_run *r, const struct asked *a, const char *list, enum top_by by, enum top_sort sort)
{
	struct top t;
	struct top_opts o = {.by = by, .sort = sort, .generation = a->generation};
	analyze_top(a->s, &o, &t);
	uint64_t shown = 0;
	for (; shown < t.n && shown < a->most; shown++) {
		const struct top_row *g = &t.rows[shown];
		struct row row = {.n = 0};
		struct contract c = {g->type, g->klass, g->file, g->line, a->generation, g->all.count, g->all.bytes};
		row_cstr(&row, "list", list);
		row_contract(&row, &a->s->names, &c);
		if (!run_row(r, &row))
			break;
	}
	if (by == TOP_SITE && sort == TOP_BYTES)
		run_note_cut(r, shown, t.n, "site", "sites");
	analyze_top_done(&t);
	return run_ok(r);
}

static bool references(struct query_run *r, const struct asked *a)
{
	uint64_t shown = 0;
	for (size_t i = 0; i < a->s->ngen_refs && shown < a->most; i++) {
		if (a->s->gen_refs[i].generation != a->generation)
			continue;
		if (!say_object(r, "references", a->s, &a->s->gen_refs[i]))
			return false;
		shown++;
	}
	return true;
}

static bool strings(struct query_run *r, const struct asked *a)
{
	uint64_t shown = 0;
	for (size_t i = 0; i < a->s->ndups && shown < a->most; i++) {
		if (a->s->dups[i].generation != a->generation)
			continue;
		if (!say_strings(r, "strings", a->s, &a->s->dups[i]))
			return false;
		shown++;
	}
	if (shown)
		run_note(r, "strings: of the %d largest groups of equal strings in the dump, those whose newest copy is of this generation",
		    SUM_TOP_DUPS);
	return true;
}

static bool present(const struct dump_summary *s, uint64_t generation)
{
	for (size_t i = 0; i < s->ngenkeys; i++) {
		if (s->genkeys[i].generation == generation)
			return true;
	}
	return false;
}

static int answer(struct query_run *r, const struct asked *a)
{
	unsigned long long id = a->s->dump;
	if (a->s->ngenkeys == 0)
		return run_fail(r, HDA_STATUS_NOTHING, "dump %llu has no table of generations: it was written without allocation tracing, "
						       "or thinned. hdactl dumps shows which are traced", id);
	if (!present(a->s, a->generation))
		return run_fail(r, HDA_STATUS_NOTHING, "nothing in dump %llu was born in generation %llu: hdactl generations %llu lists them",
		    id, (unsigned long long)a->generation, id);
	if (tallies(r, a, "sites by bytes", TOP_SITE, TOP_BYTES) && tallies(r, a, "sites by count", TOP_SITE, TOP_COUNT) &&
	    tallies(r, a, "types", TOP_TYPE, TOP_COUNT) && references(r, a))
		strings(r, a);
	return run_done(r);
}

static int run(struct query_run *r)
{
	struct asked a;
	struct store_dump d;
	if (!arg_rows(r, RUN_DEFAULT_ROWS, &a.most) || !arg_number(r, "generation", UINT64_MAX, &a.generation))
		return r->status;
	if (a.generation == UINT64_MAX)
		return run_fail(r, HDA_STATUS_ARGUMENT, "which generation? hdactl generation DUMP G; hdactl generations DUMP lists them");
	struct dump_summary *s = run_load(r, STORE_KEYS | STORE_GENKEYS | STORE_DUPS | STORE_OBJECTS, &d);
	a.s = s;
	if (s)
		answer(r, &a);
	summary_free(s);
	return run_done(r);
}

static const char *const args[] = {"dump", "pid", "generation", "n", NULL};
const struct query_cmd query_cmd_generation = {.name = "generation",
    .summary = "five lists of one generation: sites by bytes, by count, types, references, strings",
    .args = args,
    .run = run};
