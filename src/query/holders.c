/* holders: who keeps what alive, as a tree. SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>

#include "base/mem.h"
#include "query/commands.h"
#include "query/run.h"
#include "query/sigs.h"

enum {
	HOLDERS_ROWS = 30,  /* -n when not given */
	HOLDERS_DEPTH = 12, /* --depth when not given */
};

/* The tree of signatures, with the rows to show marked. */
struct tree {
	const struct dump_summary *s;
	uint32_t *first, *next; /* first child, next sibling, by falling weight; UINT32_MAX ends */
	uint32_t *holder;       /* index into s->holders, UINT32_MAX */
	const struct tally *below; /* of roots: all objects whose path begins there */
	bool *shown, *fits;     /* fits: would be shown with -n 0 */
	uint32_t root;          /* first root */
	uint64_t rows, fit;     /* how many are shown, and fit */
};

struct ranked {
	uint64_t retained, own, id;
	uint32_t sig;
};

static int rank_cmp(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;
	if (x->retained != y->retained)
		return x->retained > y->retained ? -1 : 1;
	if (x->own != y->own)
		return x->own > y->own ? -1 : 1;
	return (x->id > y->id) - (x->id < y->id);
}

/* A signature whose parent is no signature, or that hangs in a circle (a damaged store), counts as a root. */
static bool is_root(const struct dump_summary *s, uint32_t sig) { return s->sigs[sig].parent >= s->nsigs || s->sigs[sig].parent == sig; }

/* A root refers to objects, it is none: what it retains would be only what no other root refers to. Its row tells of all objects whose
 * path begins there. */
static struct tally *below_roots(const struct dump_summary *s)
{
	struct tally *below = xcalloc(s->nsigs, sizeof(*below));
	for (uint32_t i = 0; i < s->nsigs; i++) {
		uint32_t sig = i;
		for (int steps = 0; !is_root(s, sig) && steps < SIGS_DEPTH; steps++)
			sig = s->sigs[sig].parent;
		below[sig].count += s->sigs[i].own.count;
		below[sig].bytes += s->sigs[i].own.bytes;
	}
	return below;
}

static struct ranked *rank(const struct dump_summary *s, const struct tally *below)
{
	struct ranked *o = xcalloc(s->nsigs, sizeof(*o));
	for (uint32_t i = 0; i < s->nsigs; i++)
		o[i] = (struct ranked){is_root(s, i) ? below[i].bytes : s->sigs[i].retained.bytes, s->sigs[i].own.bytes, s->sigs[i].id, i};
	qsort(o, s->nsigs, sizeof(*o), rank_cmp);
	return o;
}

static void tree_init(struct tree *t, const struct dump_summary *s, const struct ranked *o)
{
	*t = (struct tree){.s = s, .root = UINT32_MAX};
	t->first = xcalloc(s->nsigs, sizeof(*t->first));
	t->next = xcalloc(s->nsigs, sizeof(*t->next));
	t->holder = xcalloc(s->nsigs, sizeof(*t->holder));
	t->shown = xcalloc(s->nsigs, sizeof(*t->shown));
	t->fits = xcalloc(s->nsigs, sizeof(*t->fits));
	for (size_t i = 0; i < s->nsigs; i++)
		t->first[i] = t->next[i] = t->holder[i] = UINT32_MAX;
	for (size_t i = s->nholders; i-- > 0;) {
		if (s->holders[i].sig < s->nsigs)
			t->holder[s->holders[i].sig] = (uint32_t)i;
	}
	for (size_t i = s->nsigs; i-- > 0;) { /* the lightest first, so that the heaviest ends up in front */
		uint32_t sig = o[i].sig;
		uint32_t *head = is_root(s, sig) ? &t->root : &t->first[s->sigs[sig].parent];
		t->next[sig] = *head;
		*head = sig;
	}
}

static void tree_done(struct tree *t)
{
	free(t->first);
	free(t->next);
	free(t->holder);
	free(t->shown);
	free(t->fits);
}

/* Marks a signature and all above it. */
static void mark(struct tree *t, uint32_t sig)
{
	while (!t->shown[sig]) {
		t->shown[sig] = true;
		t->rows++;
		if (is_root(t->s, sig))
			return;
		sig = t->s->sigs[sig].parent;
	}
}

/* The signature itself, or what is above it at this depth. */
static uint32_t no_deeper(const struct dump_summary *s, uint32_t sig, uint64_t depth)
{
	for (uint32_t d = depth < SIGS_DEPTH ? sig_depth(s, sig) : 0; d > depth; d--)
		sig = s->sigs[sig].parent;
	return sig;
}

/* Marks the heaviest signatures that are no deeper than asked; with a class those that lead to it, as far as the depth goes. */
static void choose(struct tree *t, const struct ranked *o, uint32_t klass, uint64_t depth, uint64_t most)
{
	for (size_t i = 0; i < t->s->nsigs; i++) {
		uint32_t sig = o[i].sig;
		if (klass && t->s->sigs[sig].klass != klass)
			continue;
		uint32_t at = no_deeper(t->s, sig, depth);
		if (!klass && at != sig)
			continue;
		t->fit += !t->shown[at] && !t->fits[at];
		t->fits[at] = true;
		if (t->rows < most)
			mark(t, at);
	}
}

static bool say(struct query_run *r, const struct tree *t, uint32_t sig, uint32_t depth)
{
	const struct dump_summary *s = t->s;
	const struct sum_sig *g = &s->sigs[sig];
	const struct sum_holder *h = t->holder[sig] < s->nholders ? &s->holders[t->holder[sig]] : NULL;
	const struct tally of = is_root(s, sig) ? t->below[sig] : g->retained;
	_cleanup_free_ char *name = sig_step(s, sig);
	struct row row = {.n = 0};
	char id[ROW_ID], parent[ROW_ID];
	row_id(&row, "id", g->id, id);
	if (is_root(s, sig))
		row_null(&row, "parent");
	else
		row_id(&row, "parent", s->sigs[g->parent].id, parent);
	row_uint(&row, "depth", depth);
	row_cstr(&row, "name", name);
	row_name(&row, "holder", &s->names, h ? h->text : 0);
	row_uint(&row, "count", g->own.count);
	row_uint(&row, "bytes", g->own.bytes);
	row_uint(&row, "retained", of.bytes);
	row_uint(&row, "retained_objects", of.count);
	row_real(&row, "share", s->bytes ? (double)of.bytes / (double)s->bytes : 0);
	row_uint(&row, "repeat", g->repeat > 1 ? g->repeat : 1);
	return run_row(r, &row);
}

/* Depth first, without recursion: a path may be long. */
static void walk(struct query_run *r, const struct tree *t)
{
	uint32_t sig = t->root, depth = 0;
	while (sig != UINT32_MAX) {
		if (t->shown[sig] && !say(r, t, sig, depth))
			return;
		if (t->shown[sig] && t->first[sig] != UINT32_MAX) {
			sig = t->first[sig];
			depth++;
			continue;
		}
		while (t->next[sig] == UINT32_MAX && !is_root(t->s, sig)) {
			sig = t->s->sigs[sig].parent;
			depth--;
		}
		sig = t->next[sig];
	}
}

/* The class asked for, by name or as the class most seen at a site. False: none, and the run has failed. */
static bool target(struct query_run *r, const struct dump_summary *s, uint32_t *ret)
{
	struct span klass = arg_text(r->args, "class"), file = {NULL, 0};
	uint32_t line = 0;
	*ret = 0;
	if (klass.n) {
		*ret = strtab_find(&s->names, klass);
		if (*ret == 0)
			run_fail(r, HDA_STATUS_NOTHING, "no object of class %.*s in dump %llu: hdactl top %llu --by class", (int)klass.n,
			    (const char *)klass.p, (unsigned long long)s->dump, (unsigned long long)s->dump);
		return *ret != 0;
	}
	if (!arg_site(r, "site", &file, &line))
		return r->status == 0;
	uint32_t id = strtab_find(&s->names, file);
	for (size_t i = 0; id && i < s->nkeys && *ret == 0; i++) {
		if (s->keys[i].file == id && s->keys[i].line == line)
			*ret = s->keys[i].klass; /* keys come largest first */
	}
	if (*ret == 0) {
		run_fail(r, HDA_STATUS_NOTHING, "nothing in dump %llu was allocated at %.*s:%u: hdactl top %llu --by site",
		    (unsigned long long)s->dump, (int)file.n, (const char *)file.p, line, (unsigned long long)s->dump);
		return false;
	}
	run_note(r, "a dump keeps no site per path: shown is who holds %s, the class that most of this site's bytes have",
	    strtab_str(&s->names, *ret));
	return true;
}

static void answer(struct query_run *r, const struct dump_summary *s, uint64_t depth, uint64_t most)
{
	uint32_t klass;
	if (s->nsigs == 0) {
		run_fail(r, HDA_STATUS_NOTHING, "dump %llu has no graph, so nobody knows who holds what: %s", (unsigned long long)s->dump,
		    s->has_graph ? "it was thinned by retention" : sigs_missing(s));
		return;
	}
	if (!target(r, s, &klass))
		return;
	struct tally *below = below_roots(s);
	struct ranked *o = rank(s, below);
	struct tree t;
	tree_init(&t, s, o);
	t.below = below;
	choose(&t, o, klass, depth, most);
	if (t.fit == 0)
		run_fail(r, HDA_STATUS_NOTHING, "no path of dump %llu ends in %s: its objects are garbage, or too few to have kept their path",
		    (unsigned long long)s->dump, klass ? strtab_str(&s->names, klass) : "anything");
	walk(r, &t);
	run_note_cut(r, t.fit < t.rows ? t.fit : t.rows, t.fit, "path", "paths");
	tree_done(&t);
	free(o);
	free(below);
}

static int run(struct query_run *r)
{
	struct store_dump d;
	uint64_t depth, most;
	struct span file;
	uint32_t line;
	bool of_site = arg_site(r, "site", &file, &line), of_class = arg_text(r->args, "class").n > 0;
	if (of_site && of_class)
		return run_fail(r, HDA_STATUS_ARGUMENT, "holders of what? One of --class C and --site FILE:LINE");
	/* What leads to a class is shown to its end. */
	uint64_t usual = of_site || of_class ? 0 : HOLDERS_DEPTH;
	if (r->status || !arg_number(r, "depth", usual, &depth) || !arg_rows(r, HOLDERS_ROWS, &most))
		return r->status;
	struct dump_summary *s = run_load(r, STORE_GRAPH | STORE_KEYS, &d);
	if (s)
		answer(r, s, depth ? depth : SIGS_DEPTH, most);
	summary_free(s);
	return run_done(r);
}

static const char *const args[] = {"dump", "pid", "class", "site", "depth", "n", NULL};
const struct query_cmd query_cmd_holders = {
    .name = "holders", .summary = "who keeps what alive: merged paths from the roots, as a tree", .args = args, .run = run};
