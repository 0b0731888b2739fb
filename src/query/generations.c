/* generations: how much of a dump was born when. SPDX-License-Identifier: BSD-2-Clause */
#include "base/mem.h"
#include "query/commands.h"
#include "query/run.h"

static void notes(struct query_run *r, const struct dump_summary *s, uint64_t known)
{
	run_note(r, "a generation is the number of GC runs when an object was born; nothing traced is older than %llu",
	    (unsigned long long)s->gens[0].generation);
	if (s->head.gc_count != HEADER_UNKNOWN)
		run_note(r, "the dump was taken in %llu", (unsigned long long)s->head.gc_count);
	else
		run_note(r, "the dump was taken in %llu, the newest that any object has", (unsigned long long)s->gens[s->ngens - 1].generation);
	if (known < s->objects)
		run_note(r, "%llu object%s no generation: born before tracing began, or by Ruby itself", (unsigned long long)(s->objects - known),
		    s->objects - known == 1 ? " has" : "s have");
}

static void answer(struct query_run *r, const struct dump_summary *s, uint64_t most)
{
	uint64_t known = 0, shown = 0;
	if (s->ngens == 0) {
		run_fail(r, HDA_STATUS_NOTHING, "no object of dump %llu has a generation: it was written without allocation tracing, "
						       "or thinned. hdactl dumps shows which are traced", (unsigned long long)s->dump);
		return;
	}
	for (size_t i = 0; i < s->ngens; i++)
		known += s->gens[i].t.count;
	for (size_t i = s->ngens > most ? s->ngens - most : 0; i < s->ngens; i++, shown++) {
		const struct sum_gen *g = &s->gens[i];
		struct row row = {.n = 0};
		struct contract c = {.generation = g->generation, .count = g->t.count, .bytes = g->t.bytes};
		row_contract(&row, &s->names, &c);
		row_real(&row, "share", s->bytes ? (double)g->t.bytes / (double)s->bytes : 0);
		if (!run_row(r, &row))
			break;
	}
	run_note_cut(r, shown, s->ngens, "older generation", "older generations");
	notes(r, s, known);
}

static int run(struct query_run *r) { return run_listing(r, STORE_GENS, UINT64_MAX, answer); }

static const char *const args[] = {"dump", "pid", "n", NULL};
const struct query_cmd query_cmd_generations = {
    .name = "generations", .summary = "objects and bytes of a dump by the GC run in which they were born", .args = args, .run = run};
