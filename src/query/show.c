/* show: one dump at a glance. SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>

#include "analyze/top.h"
#include "base/mem.h"
#include "query/commands.h"
#include "query/run.h"

enum {
	SHOW_HOLDERS = 10,
	SHOW_ROOTS = 20,
};

/* list "process": whose dump it is. */
static bool process(struct query_run *r, const struct dump_summary *s)
{
	char label[PROC_LABEL];
	const struct proc_ident *who = &s->head.who;
	struct row row = {.n = 0};
	row_cstr(&row, "list", "process");
	row_cstr(&row, "app", proc_label(who, label, sizeof(label)));
	row_pid(&row, "host_pid", who->host_pid);
	row_cstr(&row, "host", who->host);
	row_cstr(&row, "revision", who->rev);
	return run_row(r, &row);
}

/* list "totals": one figure a row. */
static bool total(struct query_run *r, const char *name, uint64_t count, uint64_t bytes)
{
	struct row row = {.n = 0};
	if (count == HEADER_UNKNOWN && bytes == HEADER_UNKNOWN)
		return true;
	row_cstr(&row, "list", "totals");
	row_cstr(&row, "name", name);
	row_uint(&row, "count", count);
	row_uint(&row, "bytes", bytes);
	return run_row(r, &row);
}

static bool totals(struct query_run *r, const struct dump_summary *s)
{
	const uint64_t no = HEADER_UNKNOWN;
	const struct dump_header *h = &s->head;
	bool ok = total(r, "objects", s->objects, s->bytes);
	if (s->has_graph) {
		ok = ok && total(r, "reachable", s->reachable.count, s->reachable.bytes);
		ok = ok && total(r, "garbage", s->garbage.count, s->garbage.bytes);
		ok = ok && total(r, "dangling references", s->dangling, no);
	}
	ok = ok && total(r, "roots", s->roots, no) && total(r, "references of roots", s->root_refs, no);
	ok = ok && total(r, "references", s->edges, no);
	ok = ok && total(r, "free slots", s->free_slots ? s->free_slots : no, no) && total(r, "shapes", s->shapes ? s->shapes : no, no);
	ok = ok && total(r, "strings with equal contents", s->dup_copies, s->dup_bytes) && total(r, "bad lines", s->bad_lines, no);
	ok = ok && total(r, "lines", s->lines, s->input_bytes) && total(r, "unknown keys", s->unknown_keys ? s->unknown_keys : no, no);
	ok = ok && total(r, "RSS", no, h->rss) && total(r, "PSS", no, h->pss) && total(r, "swap", no, h->swap);
	ok = ok && total(r, "memory of the control group", no, h->cgroup_usage) && total(r, "limit of the control group", no, h->cgroup_limit);
	ok = ok && total(r, "GC runs", h->gc_count, no) && total(r, "major GC runs", h->major_gc_count, no);
	return ok && total(r, "compactions", h->compact_count, no) && total(r, "threads", h->threads, no);
}

/* The tally of a type in the dump before, by name. */
static bool before_of(const struct top *old, const struct strtab *names, uint32_t type, struct tally *ret)
{
	*ret = (struct tally){0, 0};
	if (!old)
		return false;
	uint32_t id = strtab_find(&old->s->names, strtab_get(names, type));
	for (size_t i = 0; id && i < old->n; i++) {
		if (old->rows[i].type == id)
			*ret = old->rows[i].all;
	}
	return true;
}

/* list "types", largest first, with the change since the dump before. */
static bool types(struct query_run *r, const struct dump_summary *s, const struct top *old)
{
	struct top t;
	struct top_opts o = {.by = TOP_TYPE, .sort = TOP_BYTES, .generation = UINT64_MAX};
	analyze_top(s, &o, &t);
	for (size_t i = 0; i < t.n; i++) {
		struct tally was;
		struct row row = {.n = 0};
		struct contract c = {.type = t.rows[i].type, .generation = UINT64_MAX, .count = t.rows[i].all.count, .bytes = t.rows[i].all.bytes};
		bool known = before_of(old, &s->names, c.type, &was);
		row_cstr(&row, "list", "types");
		row_contract(&row, &s->names, &c);
		row_real(&row, "share", s->bytes ? (double)c.bytes / (double)s->bytes : 0);
		row_put(&row, "count_change", known ? val_int((int64_t)(c.count - was.count)) : val_null());
		row_put(&row, "bytes_change", known ? val_int((int64_t)(c.bytes - was.bytes)) : val_null());
		if (!run_row(r, &row))
			break;
	}
	analyze_top_done(&t);
	return run_ok(r);
}

static const struct sum_holder *same_holder(const struct dump_summary *old, uint64_t sig)
{
	for (size_t i = 0; old && i < old->nholders; i++) {
		if (old->holders[i].sig < old->nsigs && old->sigs[old->holders[i].sig].id == sig)
			return &old->holders[i];
	}
	return NULL;
}

/* list "holders": where what is retained accumulates. */
static bool holders(struct query_run *r, const struct dump_summary *s, const struct dump_summary *old)
{
	for (size_t i = 0; i < s->nholders && i < SHOW_HOLDERS; i++) {
		const struct sum_holder *h = &s->holders[i];
		const struct sum_holder *was = h->sig < s->nsigs ? same_holder(old, s->sigs[h->sig].id) : NULL;
		struct row row = {.n = 0};
		row_cstr(&row, "list", "holders");
		row_name(&row, "name", &s->names, h->text);
		row_uint(&row, "count", h->own.count);
		row_uint(&row, "bytes", h->own.bytes);
		row_uint(&row, "retained", h->retained.bytes);
		row_uint(&row, "retained_objects", h->retained.count);
		row_real(&row, "share", s->bytes ? (double)h->retained.bytes / (double)s->bytes : 0);
		row_put(&row, "count_change", was ? val_int((int64_t)(h->retained.count - was->retained.count)) : val_null());
		row_put(&row, "bytes_change", was ? val_int((int64_t)(h->retained.bytes - was->retained.bytes)) : val_null());
		if (!run_row(r, &row))
			return false;
	}
	return true;
}

/* list "roots": by name. */
static bool roots(struct query_run *r, const struct dump_summary *s)
{
	for (size_t i = 0; i < s->nroot_names && i < SHOW_ROOTS; i++) {
		struct row row = {.n = 0};
		row_cstr(&row, "list", "roots");
		row_name(&row, "name", &s->names, s->root_names[i].name);
		row_uint(&row, "count", s->root_names[i].count);
		row_uint(&row, "references", s->root_names[i].refs);
		if (!run_row(r, &row))
			return false;
	}
	return true;
}

/* list "bad_lines": samples, escaped and without values. */
static bool samples(struct query_run *r, const struct dump_summary *s)
{
	for (size_t i = 0; i < s->nsamples && i < sizeof(s->samples) / sizeof(*s->samples); i++) {
		struct row row = {.n = 0};
		row_cstr(&row, "list", "bad_lines");
		row_name(&row, "name", &s->names, s->samples[i]);
		if (!run_row(r, &row))
			return false;
	}
	return true;
}

static void notes(struct query_run *r, const struct dump_summary *s, const struct store_dump *d, const struct store_dump *before)
{
	const char *why = strtab_str(&s->names, s->no_graph_why);
	run_note(r, "reading the dump took %.1f s; %llu bad line%s", s->took_s, (unsigned long long)s->bad_lines, s->bad_lines == 1 ? "" : "s");
	if (before)
		run_note(r, "changes are since dump %llu", (unsigned long long)before->dump);
	if (!s->has_graph)
		run_note(r, "no graph, so no holders, no garbage: %s",
		    why ? why : s->since ? "the dump has no ROOT lines" : "the dump was read without one");
	if (s->partial && s->has_graph)
		run_note(r, "this dump is torn: garbage is also what only the missing part holds");
	if (d->thinned)
		run_note(r, "thinned by retention: only the largest keys and the totals by type are kept");
	if (!d->traced)
		run_note(r, "without allocation tracing no object has a site or a generation");
}

static int run(struct query_run *r)
{
	struct store_dump d, before;
	struct dump_summary *s = run_load(r, STORE_KEYS | STORE_GRAPH | STORE_TRACE, &d), *old = NULL;
	if (!s)
		return r->status;
	bool has_before = run_previous(r, &d, &before);
	struct top old_types;
	if (has_before && (old = run_load_id(r, before.dump, STORE_KEYS | STORE_GRAPH)) != NULL) {
		struct top_opts o = {.by = TOP_TYPE, .sort = TOP_BYTES, .generation = UINT64_MAX};
		analyze_top(old, &o, &old_types);
	}
	if (process(r, s) && totals(r, s) && types(r, s, old ? &old_types : NULL) && holders(r, s, old) && roots(r, s) && samples(r, s))
		notes(r, s, &d, old ? &before : NULL);
	if (old)
		analyze_top_done(&old_types);
	summary_free(old);
	summary_free(s);
	return run_done(r);
}

static const char *const args[] = {"dump", "pid", NULL};
const struct query_cmd query_cmd_show = {
    .name = "show", .summary = "one dump at a glance: totals, types, holders, roots", .args = args, .run = run};
