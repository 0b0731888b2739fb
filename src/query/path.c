/* path: how a class, a site or a key is reached from the roots. SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "graph/graph.h"
#include "query/commands.h"
#include "query/run.h"
#include "query/sigs.h"

/* What is looked for: signatures whose last step is one of these classes. */
struct wanted {
	uint32_t *klass; /* name ids */
	size_t n, cap;
	const char *how; /* the argument that said so */
};

static void want(struct wanted *w, uint32_t klass)
{
	for (size_t i = 0; i < w->n; i++) {
		if (w->klass[i] == klass)
			return;
	}
	w->klass = xgrow(w->klass, w->n, &w->cap, sizeof(*w->klass));
	w->klass[w->n++] = klass;
}

/* The classes of all keys at a site. */
static void want_site(struct query_run *r, const struct dump_summary *s, struct wanted *w)
{
	struct span file;
	uint32_t line;
	if (!arg_site(r, "site", &file, &line))
		return;
	uint32_t id = strtab_find(&s->names, file);
	for (size_t i = 0; id && i < s->nkeys; i++) {
		const struct sum_key *k = &s->keys[i];
		if (k->file == id && k->line == line)
			want(w, k->klass ? k->klass : k->type);
	}
	if (w->n)
		run_note(r, "a dump keeps no site per path: shown are the paths of all objects of the classes allocated there");
}

/* The key of that rank in `top --by key`, the largest being 1. */
static void want_key(struct query_run *r, const struct dump_summary *s, struct wanted *w)
{
	uint64_t n;
	if (!arg_number(r, "key", 0, &n))
		return;
	if (n == 0 || n > s->nkeys) {
		run_fail(r, HDA_STATUS_ARGUMENT, "--key is a row of top --by key -n 0, from 1 to %zu", s->nkeys);
		return;
	}
	want(w, s->keys[n - 1].klass ? s->keys[n - 1].klass : s->keys[n - 1].type);
	run_note(r, "a dump keeps no key per path: shown are the paths of all objects of the key's class");
}

static bool is_wanted(const struct wanted *w, uint32_t klass)
{
	for (size_t i = 0; i < w->n; i++) {
		if (w->klass[i] == klass)
			return true;
	}
	return false;
}

struct ranked {
	uint64_t bytes, id;
	uint32_t sig;
};

static int rank_cmp(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;
	if (x->bytes != y->bytes)
		return x->bytes > y->bytes ? -1 : 1;
	return (x->id > y->id) - (x->id < y->id);
}

static bool say(struct query_run *r, const struct dump_summary *s, uint32_t sig, uint32_t klass)
{
	const struct sum_sig *g = &s->sigs[sig];
	struct contract c = {0, klass, 0, 0, UINT64_MAX, g->own.count, g->own.bytes};
	_cleanup_free_ char *path = sig_path(s, sig, true);
	struct row row = {.n = 0};
	char id[ROW_ID];
	row_cstr(&row, "list", "paths");
	row_id(&row, "id", g->id, id);
	row_cstr(&row, "path", path);
	row_uint(&row, "depth", sig_depth(s, sig));
	row_contract(&row, &s->names, &c);
	row_uint(&row, "retained", g->retained.bytes);
	row_uint(&row, "retained_objects", g->retained.count);
	row_real(&row, "share", s->bytes ? (double)g->own.bytes / (double)s->bytes : 0);
	return run_row(r, &row);
}

static void paths(struct query_run *r, const struct dump_summary *s, const struct wanted *w, uint64_t most)
{
	struct ranked *o = xcalloc(s->nsigs, sizeof(*o));
	size_t n = 0, shown = 0;
	for (uint32_t i = 0; i < s->nsigs; i++) {
		if (is_wanted(w, s->sigs[i].klass))
			o[n++] = (struct ranked){s->sigs[i].own.bytes, s->sigs[i].id, i};
	}
	qsort(o, n, sizeof(*o), rank_cmp);
	while (shown < n && shown < most && say(r, s, o[shown].sig, s->sigs[o[shown].sig].klass))
		shown++;
	run_note_cut(r, shown, n, "path", "paths");
	if (n == 0)
		run_fail(r, HDA_STATUS_NOTHING, "no path of dump %llu ends in it: such objects are garbage, or too few to have kept their path. "
						"hdactl holders %llu", (unsigned long long)s->dump, (unsigned long long)s->dump);
	free(o);
}

bool query_address(const struct val *v, uint64_t *ret)
{
	uint64_t a = 0;
	if (v->kind == VAL_UINT) {
		*ret = v->u;
		return true;
	}
	if (v->kind != VAL_STR || v->s.n < 3 || v->s.n > 18 || v->s.p[0] != '0' || (v->s.p[1] | 0x20) != 'x')
		return false;
	for (size_t i = 2; i < v->s.n; i++) {
		uint8_t c = v->s.p[i] | 0x20;
		if ((c < '0' || c > '9') && (c < 'a' || c > 'f'))
			return false;
		a = a << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
	}
	*ret = a;
	return true;
}

/* --- one object --- */

/* An object of the way, or with a name alone the root at its beginning. */
static bool say_step(
    struct query_run *r, const struct dump_summary *s, const struct graph_trail *t, const struct trail_step *k, const char *name)
{
	char addr[24]; /* 0x and 16 digits */
	struct row row = {.n = 0};
	struct contract c = {.generation = UINT64_MAX, .count = UINT64_MAX, .bytes = UINT64_MAX};
	if (k)
		c = (struct contract){k->o.type, k->o.klass, k->o.file, k->o.line, UINT64_MAX, 1, k->o.bytes};
	row_cstr(&row, "list", "steps");
	row_uint(&row, "step", k ? k->step : 0);
	snprintf(addr, sizeof(addr), "0x%llx", k ? (unsigned long long)k->o.addr : 0);
	row_cstr(&row, "address", k ? addr : NULL);
	row_contract(&row, &t->names, &c);
	row_uint(&row, "length", k ? k->o.length : UINT64_MAX);
	row_uint(&row, "retained", k ? k->retained.bytes : UINT64_MAX);
	row_uint(&row, "retained_objects", k ? k->retained.count : UINT64_MAX);
	row_put(&row, "share", k && s->bytes ? val_real((double)k->retained.bytes / (double)s->bytes) : val_null());
	row_cstr(&row, "name", name);
	return run_row(r, &row);
}

/* Of many objects of one class behind each other only the first and the last are shown. */
static bool in_chain(const struct graph_trail *t, size_t i)
{
	return i > 0 && i + 1 < t->n && t->step[i - 1].name == t->step[i].name && t->step[i].name == t->step[i + 1].name;
}

static void of_trail(struct query_run *r, const struct dump_summary *s, const struct graph_trail *t)
{
	_cleanup_free_ char *root = xasprintf("root %s", strtab_str(&t->names, t->root));
	uint64_t shown = 0;
	if (!say_step(r, s, t, NULL, summary_step_text(root)))
		return;
	for (size_t i = 0; i < t->n; i++) {
		if (in_chain(t, i))
			continue;
		if (!say_step(r, s, t, &t->step[i], strtab_str(&t->names, t->step[i].name)))
			return;
		shown++;
	}
	if (shown < t->length)
		run_note(r, "%llu more steps lie between those that are shown", (unsigned long long)(t->length - shown));
}

static const struct graph_trail *trail_of(const struct query_run *r, uint64_t dump)
{
	for (size_t i = 0; i < r->q->ntrails; i++)
		if (r->q->trails[i].dump == dump)
			return r->q->trails[i].trail;
	return NULL;
}

/* A store keeps address and path of containers and holders only. */
static void of_kept(struct query_run *r, const struct dump_summary *s, uint64_t addr)
{
	uint32_t sig = UINT32_MAX;
	for (size_t i = 0; i < s->nholders; i++)
		sig = s->holders[i].addr == addr ? s->holders[i].sig : sig;
	for (size_t i = 0; i < s->ncontainers; i++)
		sig = s->containers[i].addr == addr ? s->containers[i].sig : sig;
	if (sig >= s->nsigs)
		run_fail(r, HDA_STATUS_NOTHING,
		    "0x%llx is none of the containers and holders of dump %llu; for any other object the dump itself is "
		    "needed: hdactl -f FILE path 0x%llx",
		    (unsigned long long)addr, (unsigned long long)s->dump, (unsigned long long)addr);
	else
		say(r, s, sig, s->sigs[sig].klass);
}

static void of_address(struct query_run *r, const struct dump_summary *s)
{
	uint64_t addr = 0;
	const struct graph_trail *t = trail_of(r, s->dump);
	query_address(arg_get(r->args, "address", 0), &addr); /* run() has looked at it */
	if (!t || t->what == TRAIL_NO_GRAPH)
		of_kept(r, s, addr);
	else if (t->what == TRAIL_UNKNOWN)
		run_fail(r, HDA_STATUS_NOTHING, "the dump has no object at 0x%llx", (unsigned long long)addr);
	else if (t->what == TRAIL_GARBAGE)
		run_fail(r, HDA_STATUS_NOTHING, "0x%llx is garbage: no way leads to it from any root", (unsigned long long)addr);
	else
		of_trail(r, s, t);
}

static void answer(struct query_run *r, const struct dump_summary *s, uint64_t most)
{
	struct wanted w = {.n = 0};
	struct span klass = arg_text(r->args, "class");
	if (s->nsigs == 0) {
		run_fail(r, HDA_STATUS_NOTHING, "dump %llu has no graph, so no path is known: %s", (unsigned long long)s->dump,
		    s->has_graph ? "it was thinned by retention" : sigs_missing(s));
		return;
	}
	if (arg_get(r->args, "address", 0)) {
		of_address(r, s);
		return;
	}
	if (klass.n) {
		uint32_t id = strtab_find(&s->names, klass);
		if (id)
			want(&w, id);
	} else if (arg_get(r->args, "site", 0)) {
		want_site(r, s, &w);
	} else {
		want_key(r, s, &w);
	}
	if (w.n == 0)
		run_fail(r, HDA_STATUS_NOTHING, "dump %llu has nothing of the kind: hdactl top %llu --by key", (unsigned long long)s->dump,
		    (unsigned long long)s->dump);
	if (r->status == 0)
		paths(r, s, &w, most);
	free(w.klass);
}

static int run(struct query_run *r)
{
	struct store_dump d;
	uint64_t most, addr, key;
	struct span file;
	uint32_t line;
	size_t asked = (arg_text(r->args, "class").n > 0) + arg_count(r->args, "site") + arg_count(r->args, "key");
	asked += arg_count(r->args, "address");
	if (asked != 1)
		return run_fail(r, HDA_STATUS_ARGUMENT, "path of what? One of --class C, --site FILE:LINE, --key ROW, or an address");
	/* What is wrong by itself is told before the dump is looked for. */
	const struct val *address = arg_get(r->args, "address", 0);
	if (address && !query_address(address, &addr))
		return run_fail(r, HDA_STATUS_ARGUMENT, "an address is 0x and up to 16 hex digits, as in 0x7f91bc7d7c88");
	arg_site(r, "site", &file, &line);
	if (r->status || !arg_number(r, "key", 0, &key) || !arg_rows(r, RUN_DEFAULT_ROWS, &most))
		return r->status;
	struct dump_summary *s = run_load(r, STORE_GRAPH | STORE_KEYS, &d);
	if (s)
		answer(r, s, most);
	summary_free(s);
	return run_done(r);
}

static const char *const args[] = {"dump", "pid", "address", "class", "site", "key", "n", NULL};
const struct query_cmd query_cmd_path = {
    .name = "path", .summary = "the merged paths from the roots to a class, a site or a key", .args = args, .run = run};
