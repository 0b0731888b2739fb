/* strings: strings with equal contents. SPDX-License-Identifier: BSD-2-Clause */
#include "query/commands.h"
#include "query/objects.h"

static int answer(struct query_run *r, const struct dump_summary *s, uint64_t most)
{
	uint64_t shown = 0;
	bool values = false;
	if (s->ndups == 0 && s->dup_groups)
		return run_fail(r, HDA_STATUS_NOTHING, "dump %llu has %llu groups of equal strings, but its list is gone: thinned by retention",
		    (unsigned long long)s->dump, (unsigned long long)s->dup_groups);
	if (s->ndups == 0)
		return run_fail(r, HDA_STATUS_NOTHING, "no two strings of dump %llu have the same contents: hdactl top %llu --type STRING",
		    (unsigned long long)s->dump, (unsigned long long)s->dump);
	for (; shown < s->ndups && shown < most; shown++) {
		values |= s->dups[shown].value != 0;
		if (!say_strings(r, NULL, s, &s->dups[shown]))
			break;
	}
	run_note_cut(r, shown, s->ndups, "groups");
	run_note(r, "%llu groups of equal strings in all: %llu copies, %llu bytes%s", (unsigned long long)s->dup_groups,
	    (unsigned long long)s->dup_copies, (unsigned long long)s->dup_bytes, s->dup_estimated ? " (estimated from a sample)" : "");
	if (!values)
		run_note(r, "contents are not kept (keep_values = no); identical contents are known by keyed hash");
	return run_done(r);
}

static int run(struct query_run *r)
{
	struct store_dump d;
	uint64_t most;
	if (!arg_rows(r, RUN_DEFAULT_ROWS, &most))
		return r->status;
	struct dump_summary *s = run_load(r, STORE_DUPS, &d);
	if (s)
		answer(r, s, most);
	summary_free(s);
	return run_done(r);
}

static const char *const args[] = {"dump", "n", NULL};
const struct query_cmd query_cmd_strings = {
    .name = "strings", .summary = "strings with equal contents: copies, length, bytes wasted, sites", .args = args, .run = run};
