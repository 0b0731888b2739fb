/* containers: arrays, hashes, chains with many entries. SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "query/commands.h"
#include "query/run.h"
#include "query/sigs.h"

static bool say(struct query_run *r, const struct dump_summary *s, const struct sum_container *k)
{
	char addr[24]; /* 0x and 16 digits */
	struct row row = {.n = 0};
	struct contract c = {k->type, k->klass, k->file, k->line, UINT64_MAX, 1, UINT64_MAX};
	_cleanup_free_ char *held = sig_path(s, k->sig, false), *path = sig_path(s, k->sig, true);
	snprintf(addr, sizeof(addr), "0x%llx", (unsigned long long)k->addr);
	row_cstr(&row, "address", addr);
	row_contract(&row, &s->names, &c);
	row_uint(&row, "length", k->length);
	row_uint(&row, "retained", k->retained.bytes);
	row_uint(&row, "retained_objects", k->retained.count);
	row_cstr(&row, "name", held);
	row_cstr(&row, "path", path);
	return run_row(r, &row);
}

static void answer(struct query_run *r, const struct dump_summary *s, uint64_t most)
{
	uint64_t shown = 0;
	if (s->ncontainers == 0) {
		run_fail(r, HDA_STATUS_NOTHING, "dump %llu lists no container: %s", (unsigned long long)s->dump,
		    !s->has_graph ? sigs_missing(s) : s->nsigs ? "none has enough entries" : "it was thinned by retention");
		return;
	}
	while (shown < s->ncontainers && shown < most && say(r, s, &s->containers[shown]))
		shown++;
	run_note_cut(r, shown, s->ncontainers, "container", "containers");
}

static int run(struct query_run *r) { return run_listing(r, STORE_GRAPH, RUN_DEFAULT_ROWS, answer); }

static const char *const args[] = {"dump", "pid", "n", NULL};
const struct query_cmd query_cmd_containers = {
    .name = "containers",
    .summary = "the arrays, hashes and chains with many entries, by what they retain, and who holds them",
    .args = args,
    .run = run};
