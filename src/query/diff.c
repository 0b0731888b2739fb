/* diff: objects absent from the earliest dump and present in all others. SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>

#include "analyze/diff.h"
#include "base/mem.h"
#include "query/census.h"
#include "query/commands.h"
#include "query/run.h"
#include "query/sigs.h"

enum { DIFF_GROWTH_ROWS = 20 }; /* rows of each of the lists holders and containers, when -n is not larger */

static const char *const identities[] = {[DIFF_GENERATION] = "generation", [DIFF_ADDRESS] = "address", [DIFF_COUNT] = "count"};

struct asked {
	struct store_dump d[DIFF_DUMPS];
	struct dump_summary *s[DIFF_DUMPS];
	size_t n;
	uint64_t most;
};

static bool select_all(struct query_run *r, struct asked *a)
{
	a->n = arg_count(r->args, "dump");
	if (a->n < 2 || a->n > DIFF_DUMPS) {
		run_fail(r, HDA_STATUS_ARGUMENT, "diff compares 2 to %d dumps: hdactl diff first last; hdactl diff PID@1000 PID@2000 PID@3000",
		    DIFF_DUMPS);
		return false;
	}
	bool reordered = false;
	for (size_t i = 0; i < a->n; i++) {
		if (!run_select(r, i, &a->d[i]))
			return false;
		reordered |= i && dump_order(&a->d[i - 1], &a->d[i]) > 0;
	}
	qsort(a->d, a->n, sizeof(*a->d), dump_order);
	for (size_t i = 1; i < a->n; i++) {
		if (a->d[i].dump != a->d[i - 1].dump)
			continue;
		run_fail(r, HDA_STATUS_ARGUMENT, "dump %llu is named twice: hdactl dumps lists them all", (unsigned long long)a->d[i].dump);
		return false;
	}
	if (reordered)
		run_note(r, "compared in the order in which they were taken");
	return true;
}

static bool load_all(struct query_run *r, struct asked *a)
{
	unsigned parts = STORE_KEYS | STORE_GENKEYS | STORE_EDGE_ADDRS | STORE_GRAPH;
	for (size_t i = 0; i < a->n; i++) {
		a->s[i] = run_load_id(r, a->d[i].dump, parts);
		if (!a->s[i])
			return false;
		if (a->d[i].partial)
			run_note(r, "dump %llu is partial: what it lacks looks absent", (unsigned long long)a->d[i].dump);
		if (a->d[i].thinned)
			run_note(r, "dump %llu was thinned by retention: only its largest keys are left to compare", (unsigned long long)a->d[i].dump);
	}
	return true;
}

/* "1000 jobs", or the dump's id when the counter is not known. */
static const char *moment(const struct store_dump *d, char *buf, size_t n)
{
	if (d->jobs != HEADER_UNKNOWN)
		snprintf(buf, n, "%llu jobs", (unsigned long long)d->jobs);
	else
		snprintf(buf, n, "dump %llu", (unsigned long long)d->dump);
	return buf;
}

static void note_identity(struct query_run *r, const struct diff *x)
{
	if (x->identity == DIFF_GENERATION && x->exact)
		run_note(r, "identity: allocation generation (exact)");
	else if (x->identity == DIFF_GENERATION)
		run_note(r, "identity: allocation generation (exact, but in generation %llu%s a dump was taken: of objects born in it nobody can "
			    "say on which side they are, so the answer is an interval, count_low to count_high)",
		    (unsigned long long)x->boundary_first, x->boundary_last > x->boundary_first ? " and the next" : "");
	else if (x->identity == DIFF_ADDRESS)
		run_note(r, "identity: address, type and class (a hint: where slots were reused, new objects look like old ones; "
			    "with allocation tracing the answer is exact)");
	else
		run_note(r, "identity: none; growth of the number of objects of each key%s, the least over the later dumps",
		    x->without_garbage ? ", garbage left out" : " (garbage that is not swept yet is in it)");
	if (x->other_process)
		run_note(r, "the dumps are of different processes: only counts can be compared");
	if (x->compacted)
		run_note(r, "the heap was compacted in between: addresses mean nothing across it%s",
		    x->sites_lost ? ", and in a Ruby before 3.4 sites and generations neither, so sites are left out" : "");
	if (x->untraced_earliest)
		run_note(r, "the earliest dump was taken without tracing: objects born before tracing began are not in the answer");
}

static bool say(struct query_run *r, const struct diff *x, const struct diff_row *d, const struct strtab *names)
{
	struct row row = {.n = 0};
	uint64_t generation = d->generation_min == d->generation_max ? d->generation_min : UINT64_MAX;
	struct contract c = {d->type, d->klass, d->file, d->line, generation, d->count_low, d->bytes_low};
	row_cstr(&row, "list", "objects");
	row_contract(&row, names, &c);
	row_uint(&row, "count_low", d->count_low);
	row_uint(&row, "count_high", d->count_high);
	row_uint(&row, "bytes_low", d->bytes_low);
	row_uint(&row, "bytes_high", d->bytes_high);
	row_uint(&row, "generation_min", d->generation_min);
	row_uint(&row, "generation_max", d->generation_max);
	row_cstr(&row, "identity", identities[x->identity]);
	return run_row(r, &row);
}

static void note_total(struct query_run *r, const struct asked *a, const struct diff *x)
{
	char first[32], second[32], end[32];
	moment(&a->d[0], first, sizeof(first));
	moment(&a->d[1], second, sizeof(second));
	moment(&a->d[a->n - 1], end, sizeof(end));
	bool more = a->n > 2;
	unsigned long long lo = x->count_low, hi = x->count_high, bytes = x->bytes_low;
	if (lo == hi)
		run_note(
		    r, "absent at %s, present at %s%s%s: %llu objects, %llu bytes", first, second, more ? " to " : "", more ? end : "", lo, bytes);
	else
		run_note(r, "absent at %s, present at %s%s%s: %llu to %llu objects, %llu to %llu bytes", first, second, more ? " to " : "",
		    more ? end : "", lo, hi, bytes, (unsigned long long)x->bytes_high);
}

static void answer(struct query_run *r, const struct asked *a)
{
	struct diff_dump d[DIFF_DUMPS];
	struct diff x;
	char first[32];
	for (size_t i = 0; i < a->n; i++) {
		d[i].s = a->s[i];
		d[i].obj = query_census_get(r->q->census, a->d[i].dump, &d[i].nobj);
	}
	const struct dump_summary *last = a->s[a->n - 1];
	analyze_diff(d, a->n, &x);
	if (x.n) {
		note_total(r, a, &x);
		note_identity(r, &x);
	}
	uint64_t shown = 0;
	while (shown < x.n && shown < a->most && say(r, &x, &x.rows[shown], &last->names))
		shown++;
	run_note_cut(r, shown, x.n, "key", "keys");
	uint64_t most = a->most > DIFF_GROWTH_ROWS ? a->most : DIFF_GROWTH_ROWS;
	if (run_ok(r) && a->s[0]->has_graph && last->has_graph && !x.other_process)
		sigs_growth(r, a->s[0], last, most);
	if (x.n == 0 && r->rows == 0 && run_ok(r))
		run_fail(r, HDA_STATUS_NOTHING, "nothing that was absent at %s is present in the later dump%s (identity: %s): hdactl trend shows "
						"all keys over more dumps", moment(&a->d[0], first, sizeof(first)), a->n > 2 ? "s" : "",
		    identities[x.identity]);
	diff_done(&x);
}

static int run(struct query_run *r)
{
	struct asked a = {.n = 0};
	if (!arg_rows(r, RUN_DEFAULT_ROWS, &a.most) || !select_all(r, &a))
		return r->status;
	if (run_dump(r, &a.d[a.n - 1]) && load_all(r, &a))
		answer(r, &a);
	for (size_t i = 0; i < a.n; i++)
		summary_free(a.s[i]);
	return run_done(r);
}

static const char *const args[] = {"dump", "n", NULL};
const struct query_cmd query_cmd_diff = {
    .name = "diff", .summary = "what is absent from the earliest of two or more dumps and present in all others", .args = args, .run = run};
