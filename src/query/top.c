/* top: the largest groups of a dump. SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/u64map.h"
#include "query/commands.h"
#include "query/objects.h"
#include "query/sigs.h"

enum { BY_OBJECT = TOP_KEY + 1 };

static const char *const bys[] = {"type", "class", "site", "gem", "key", "object", NULL};
static const char *const sorts[] = {"bytes", "count", "retained", "garbage", NULL};
static const char *const plural[] = {"types", "classes", "sites", "gems", "keys", "objects"};

struct asked {
	size_t by, sort;
	uint64_t n;
	struct top_opts opts;
};

/* The id of a name that was asked for, 0 when nothing was. False: the dump has no such name, and the run has failed. */
static bool filter(struct query_run *r, const struct dump_summary *s, const char *arg, uint32_t *ret)
{
	*ret = 0;
	if (!arg_get(r->args, arg, 0))
		return true;
	struct span text = arg_text(r->args, arg);
	*ret = strtab_find(&s->names, text);
	if (*ret == 0)
		run_fail(r, HDA_STATUS_NOTHING, "no object of %s %.*s in dump %llu: hdactl top %llu --by %s lists them", arg,
		    (int)(text.n < 200 ? text.n : 200), text.p ? (const char *)text.p : "", (unsigned long long)s->dump,
		    (unsigned long long)s->dump, arg);
	return *ret != 0;
}

static bool read_args(struct query_run *r, struct asked *a)
{
	*a = (struct asked){.by = TOP_CLASS};
	if (!arg_word(r, "by", bys, TOP_CLASS, &a->by) || !arg_word(r, "sort", sorts, TOP_BYTES, &a->sort) ||
	    !arg_rows(r, RUN_DEFAULT_ROWS, &a->n) || !arg_number(r, "generation", UINT64_MAX, &a->opts.generation))
		return false;
	a->opts.by = (enum top_by)a->by;
	a->opts.sort = (enum top_sort)a->sort;
	a->opts.first = a->n < SIZE_MAX ? (size_t)a->n : 0;
	if (a->opts.generation != UINT64_MAX && (a->sort >= TOP_RETAINED || a->by == BY_OBJECT)) {
		run_fail(r, HDA_STATUS_ARGUMENT, "--generation goes with --sort bytes or count and not with --by object: "
						 "what is retained is not known per generation");
		return false;
	}
	return true;
}

/* The graph's table for this grouping: without double counting, the first SUM_TOP_RETAINED groups. */
static const struct sum_ret *retained_table(const struct dump_summary *s, size_t by, size_t *ret_n)
{
	*ret_n = by == TOP_TYPE    ? s->nret_type
	         : by == TOP_CLASS ? s->nret_class
	         : by == TOP_SITE  ? s->nret_site
	         : by == TOP_GEM   ? s->nret_gem
	                           : 0;
	return by == TOP_TYPE ? s->ret_type : by == TOP_CLASS ? s->ret_class : by == TOP_SITE ? s->ret_site : by == TOP_GEM ? s->ret_gem : NULL;
}

static bool say_group(struct query_run *r, const struct top *t, const struct top_row *g, const struct asked *a)
{
	const struct dump_summary *s = t->s;
	bool graph = s->has_graph && a->opts.generation == UINT64_MAX;
	struct val types[TOP_TYPES];
	size_t ntypes = g->ntypes < TOP_TYPES ? g->ntypes : TOP_TYPES;
	for (size_t i = 0; i < ntypes; i++)
		types[i] = val_span(strtab_get(&s->names, g->types[i]));
	struct row row = {.n = 0};
	struct contract c = {g->type, g->klass, g->file, g->line, a->opts.generation, g->all.count, g->all.bytes};
	row_contract(&row, &s->names, &c);
	if (a->by == TOP_GEM)
		row_name(&row, "gem", &t->gems, g->gem);
	row_list(&row, "types", types, ntypes);
	row_real(&row, "share", s->bytes ? (double)g->all.bytes / (double)s->bytes : 0);
	row_uint(&row, "garbage_count", graph ? g->garbage.count : UINT64_MAX);
	row_uint(&row, "garbage_bytes", graph ? g->garbage.bytes : UINT64_MAX);
	row_uint(&row, "retained", graph ? g->retained.bytes : UINT64_MAX);
	row_uint(&row, "retained_objects", graph ? g->retained.count : UINT64_MAX);
	return run_row(r, &row);
}

/* Puts what the graph counted without double counting in the place of the sum over keys. A group that is not among the first
 * SUM_TOP_RETAINED holds at most what the last of them holds. */
static void correct_retained(struct top *t, size_t by)
{
	size_t n;
	const struct sum_ret *p = retained_table(t->s, by, &n);
	struct u64map at = {0};
	for (size_t i = 0; i < n; i++)
		*u64map_put(&at, (uint64_t)p[i].name << 32 | p[i].line, NULL) = (uint32_t)i;
	for (size_t i = 0; i < t->n; i++) {
		struct top_row *g = &t->rows[i];
		uint32_t name = by == TOP_TYPE    ? g->type
		                : by == TOP_CLASS ? g->klass
		                : by == TOP_SITE  ? g->file
		                                  : strtab_find(&t->s->names, strtab_get(&t->gems, g->gem));
		const uint32_t *found = u64map_get(&at, (uint64_t)name << 32 | (by == TOP_SITE ? g->line : 0));
		if (found)
			g->retained = p[*found].retained;
		else if (n && g->retained.bytes > p[n - 1].retained.bytes)
			g->retained = p[n - 1].retained;
	}
	u64map_done(&at);
}

static bool untraced_site(struct query_run *r, const struct dump_summary *s, const struct top *t, const struct asked *a)
{
	if ((a->by != TOP_SITE && a->by != TOP_GEM) || (t->n > 1 || (t->n == 1 && !t->rows[0].null_site)))
		return false;
	run_fail(r, HDA_STATUS_NOTHING, "dump %llu was written without allocation tracing: no object in it has a site. "
					"hdactl holders %llu shows who holds what", (unsigned long long)s->dump, (unsigned long long)s->dump);
	return true;
}

static void nothing(struct query_run *r, const struct dump_summary *s, const struct asked *a)
{
	unsigned long long id = s->dump;
	if (a->opts.generation != UINT64_MAX && s->ngenkeys == 0)
		run_fail(r, HDA_STATUS_NOTHING, "dump %llu has no table of generations (written without tracing, or thinned): "
						"hdactl dumps shows which are traced", id);
	else if (a->opts.generation != UINT64_MAX)
		run_fail(r, HDA_STATUS_NOTHING, "no such object of generation %llu in dump %llu: hdactl generations %llu",
		    (unsigned long long)a->opts.generation, id, id);
	else
		run_fail(r, HDA_STATUS_NOTHING, "no object of dump %llu fits what was asked: hdactl show %llu", id, id);
}

static int groups(struct query_run *r, const struct dump_summary *s, struct asked *a)
{
	struct top t;
	bool by_retained = a->opts.sort == TOP_RETAINED;
	analyze_top(s, &a->opts, &t);
	if (t.n == 0) {
		nothing(r, s, a);
	} else if (!untraced_site(r, s, &t, a)) {
		bool filtered = a->opts.type || a->opts.klass;
		if (s->has_graph && !filtered && a->by <= TOP_GEM && s->nret_type && (a->by != TOP_GEM || s->nret_gem)) {
			correct_retained(&t, a->by);
			if (by_retained)
				analyze_top_sort(&t, TOP_RETAINED, a->opts.first);
		} else if (s->has_graph && a->opts.generation == UINT64_MAX && t.retained_summed) {
			run_note(r, "retained is summed over keys here: what two keys hold together counts twice");
		}
		uint64_t shown = 0;
		while (shown < a->n && shown < t.n && say_group(r, &t, &t.rows[shown], a))
			shown++;
		run_note_cut(r, shown, t.n, bys[a->by], plural[a->by]);
		if (s->nkeys && s->dump && t.total.bytes < s->bytes && a->opts.generation == UINT64_MAX && !filtered)
			run_note(r, "the keys kept cover %.0f %% of the heap", 100.0 * (double)t.total.bytes / (double)s->bytes);
	}
	analyze_top_done(&t);
	return run_done(r);
}

/* top_retained keeps the retained bytes and objects where other lists have memsize and references. */
static bool say_retained(struct query_run *r, const struct dump_summary *s, const struct sum_object *o)
{
	struct row row = {.n = 0};
	struct contract c = {o->type, o->klass, o->file, o->line, o->generation, 1, UINT64_MAX};
	char addr[24]; /* 0x and 16 digits */
	snprintf(addr, sizeof(addr), "0x%llx", (unsigned long long)o->addr);
	row_cstr(&row, "address", addr);
	row_contract(&row, &s->names, &c);
	row_uint(&row, "length", o->length);
	row_uint(&row, "retained", o->bytes);
	row_uint(&row, "retained_objects", o->refs);
	return run_row(r, &row);
}

static int objects(struct query_run *r, const struct dump_summary *s, const struct asked *a)
{
	bool retained = a->sort == TOP_RETAINED;
	if (a->sort == TOP_GARBAGE || a->sort == TOP_COUNT)
		return run_fail(r, HDA_STATUS_ARGUMENT, "--by object goes with --sort bytes or retained");
	const struct sum_object *o = retained ? s->top_retained : s->largest;
	const char *kept = retained ? "most retaining" : "largest";
	size_t n = retained ? s->ntop_retained : s->nlargest, fit = 0;
	for (size_t i = 0; i < n && run_ok(r); i++) {
		if ((a->opts.type && o[i].type != a->opts.type) || (a->opts.klass && o[i].klass != a->opts.klass))
			continue;
		if (fit++ < a->n && !(retained ? say_retained(r, s, &o[i]) : say_object(r, NULL, s, &o[i])))
			break;
	}
	if (fit == 0)
		run_fail(r, HDA_STATUS_NOTHING, "dump %llu keeps no such object: the %d %s of a dump are kept by address, until it is thinned",
		    (unsigned long long)s->dump, SUM_TOP_OBJECTS, kept);
	run_note_cut(r, a->n < fit ? a->n : fit, fit, "object", "objects");
	if (n == SUM_TOP_OBJECTS)
		run_note(r, "the %d %s objects of a dump are kept by address, and no more", SUM_TOP_OBJECTS, kept);
	return run_done(r);
}

static int answer(struct query_run *r, const struct dump_summary *s, struct asked *a)
{
	if (!filter(r, s, "type", &a->opts.type) || !filter(r, s, "class", &a->opts.klass))
		return r->status;
	if (a->sort >= TOP_RETAINED && !s->has_graph)
		return run_fail(r, HDA_STATUS_NOTHING, "dump %llu has no graph, so nobody knows what is %s: %s", (unsigned long long)s->dump,
		    sorts[a->sort], sigs_missing(s));
	return a->by == BY_OBJECT ? objects(r, s, a) : groups(r, s, a);
}

static int run(struct query_run *r)
{
	struct asked a;
	struct store_dump d;
	if (!read_args(r, &a))
		return r->status;
	unsigned parts = STORE_KEYS;
	if (a.opts.generation != UINT64_MAX)
		parts |= STORE_GENKEYS;
	if (a.by == BY_OBJECT)
		parts |= STORE_OBJECTS;
	/* What a group of several keys retains is no sum over them: two keys may hold one thing together. */
	if (a.sort == TOP_RETAINED || (a.by <= TOP_GEM && a.opts.generation == UINT64_MAX))
		parts |= STORE_RETAINED;
	struct dump_summary *s = run_load(r, parts, &d);
	if (s)
		answer(r, s, &a);
	summary_free(s);
	return run_done(r);
}

static const char *const args[] = {"dump", "pid", "by", "sort", "generation", "type", "class", "n", NULL};
const struct query_cmd query_cmd_top = {
    .name = "top", .summary = "the largest groups of a dump: types, classes, sites, gems, keys or objects", .args = args, .run = run};
