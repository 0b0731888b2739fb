/* strings: strings with equal contents. SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>

#include "base/mem.h"
#include "query/commands.h"
#include "query/objects.h"

static void answer(struct query_run *r, const struct dump_summary *s, uint64_t most)
{
	uint64_t shown = 0;
	bool values = false;
	if (s->ndups == 0 && s->dup_groups) {
		run_fail(r, HDA_STATUS_NOTHING, "dump %llu has %llu groups of equal strings, but its list is gone: thinned by retention",
		    (unsigned long long)s->dump, (unsigned long long)s->dup_groups);
		return;
	}
	if (s->ndups == 0) {
		run_fail(r, HDA_STATUS_NOTHING, "no two strings of dump %llu have the same contents: hdactl top %llu --type STRING",
		    (unsigned long long)s->dump, (unsigned long long)s->dump);
		return;
	}
	for (; shown < s->ndups && shown < most; shown++) {
		values |= s->dups[shown].value != 0;
		if (!say_strings(r, NULL, s, &s->dups[shown]))
			break;
	}
	run_note_cut(r, shown, s->ndups, "group", "groups");
	/* "-n 0 for all" is all that are kept. */
	_cleanup_free_ char *kept = s->ndups < s->dup_groups ? xasprintf(", of which a dump keeps the %zu largest", s->ndups) : xstrdup("");
	run_note(r, "%llu group%s of equal strings in all%s: %llu copies, %llu bytes%s", (unsigned long long)s->dup_groups,
	    s->dup_groups == 1 ? "" : "s", kept, (unsigned long long)s->dup_copies, (unsigned long long)s->dup_bytes,
	    s->dup_estimated ? " (estimated from a sample)" : "");
	if (!values)
		run_note(r, "contents are not kept (keep_values = no); identical contents are known by keyed hash");
}

static int run(struct query_run *r) { return run_listing(r, STORE_DUPS, RUN_DEFAULT_ROWS, answer); }

static const char *const args[] = {"dump", "pid", "n", NULL};
const struct query_cmd query_cmd_strings = {
    .name = "strings", .summary = "strings with equal contents: copies, length, bytes wasted, sites", .args = args, .run = run};
