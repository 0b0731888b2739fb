/* Query arguments: every question gets an answer that keeps the contract, and twice the same. SPDX-License-Identifier: BSD-2-Clause
 *
 * The first line is the command, each other line an argument: NAME=TEXT, NAME#NUMBER or NAME! (a flag). The store holds two dumps of one
 * process, traced, with a small graph. */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "fuzz.h"
#include "hda/protocol.h"
#include "query/query.h"

static uint32_t name(struct dump_summary *s, const char *text) { return strtab_intern(&s->names, span_of(text)); }

static struct dump_summary *summary(uint64_t jobs)
{
	struct dump_summary *s = summary_new();
	s->head.who.pid = 4121;
	s->head.jobs = jobs;
	s->head.time = (double)jobs;
	s->head.gc_count = jobs / 100;
	s->keys = xcalloc(2, sizeof(*s->keys));
	s->keys[0] = (struct sum_key){name(s, "STRING"), name(s, "String"), name(s, "a.rb"), 1, {jobs, jobs * 40}, {1, 40}, {jobs, jobs * 40}};
	s->keys[1] = (struct sum_key){name(s, "HASH"), name(s, "Hash"), 0, 0, {1, 40}, {0, 0}, {jobs, 900}};
	s->nkeys = 2;
	s->genkeys = xcalloc(1, sizeof(*s->genkeys));
	s->genkeys[0] = (struct sum_genkey){jobs / 100, 0, 0, {jobs, jobs * 40}};
	s->gens = xcalloc(1, sizeof(*s->gens));
	s->gens[0] = (struct sum_gen){jobs / 100, {jobs, jobs * 40}};
	s->ngens = s->ngenkeys = 1;
	s->max_generation = jobs / 100;
	s->traced_objects_known = 1;
	s->objects = jobs + 1;
	s->bytes = jobs * 40 + 40;
	s->has_graph = true;
	s->sigs = xcalloc(3, sizeof(*s->sigs));
	s->sigs[0] = (struct sum_sig){1, UINT32_MAX, name(s, "root vm"), 1, 0, {0, 0}, {1, 1}};
	s->sigs[1] = (struct sum_sig){2, 0, name(s, "Hash"), 1, 0, {1, 40}, {jobs, 900}};
	s->sigs[2] = (struct sum_sig){3, 2, name(s, "String"), 2, name(s, "@in -> String"), {1, 40}, {1, 40}}; /* its own parent: a damaged store */
	s->nsigs = 3;
	s->holders = xcalloc(1, sizeof(*s->holders));
	s->holders[0] = (struct sum_holder){9, name(s, "Hash"), 1, {1, 40}, {jobs, 900}}; /* a signature that is not there */
	s->nholders = 1;
	return s;
}

static struct store *make_store(void)
{
	struct store *st;
	struct store_opts opts = {.dir = NULL};
	HDA_ASSERT(store_open(&st, &opts, NULL) == 0);
	for (uint64_t jobs = 1000; jobs <= 2000; jobs += 1000) {
		struct dump_summary *s = summary(jobs);
		struct store_wtxn *w;
		uint64_t id;
		HDA_ASSERT(store_wtxn_begin(st, &w) == 0);
		HDA_ASSERT(store_wtxn_put(w, s, &id) >= 0);
		HDA_ASSERT(store_wtxn_commit(w) == 0);
		summary_free(s);
	}
	return st;
}

static uint64_t mix(uint64_t h, uint64_t x) { return (h ^ x) * 0x9e3779b97f4a7c15ull; }

static uint64_t hash_val(uint64_t h, const struct val *v)
{
	h = mix(h, v->kind);
	if (v->kind == VAL_STR) {
		HDA_ASSERT(v->s.n > 0); /* unknown is null, never "" */
		for (size_t i = 0; i < v->s.n; i++)
			h = mix(h, v->s.p[i]);
	} else if (v->kind == VAL_LIST) {
		for (size_t i = 0; i < v->list.n; i++)
			h = hash_val(h, &v->list.p[i]);
	} else if (v->kind != VAL_NULL) {
		h = mix(h, v->kind == VAL_BOOL ? v->b : v->u);
	}
	return h;
}

static int row(void *ctx, const struct row *r)
{
	uint64_t *h = ctx;
	for (size_t i = 0; i < r->n; i++) {
		for (size_t k = 0; k < i; k++)
			HDA_ASSERT(strcmp(r->f[i].name, r->f[k].name) != 0);
		*h = hash_val(*h, &r->f[i].v);
	}
	return 0;
}

static void note(void *ctx, const char *text)
{
	(void)ctx;
	HDA_ASSERT(*text);
}

static uint64_t ask(struct store *st, const char *cmd, const struct query_args *a)
{
	uint64_t h = 1;
	char *text = NULL;
	struct query_ctx q = {.store = st, .now = 5000, .row_cap = 1000};
	struct row_sink sink = {.ctx = &h, .row = row, .dump = row, .note = note};
	int status = query_dispatch(&q, cmd, a, &sink, &text);
	HDA_ASSERT(status == HDA_STATUS_OK || (text && *text));
	HDA_ASSERT(status == HDA_STATUS_OK || status == HDA_STATUS_NOTHING || status == HDA_STATUS_ARGUMENT || status == HDA_STATUS_UNKNOWN);
	free(text);
	return mix(h, (uint64_t)status);
}

/* Reads one line into an argument; the line is changed. */
static void argument(struct query_args *a, char *line)
{
	size_t n = strcspn(line, "=#!");
	char kind = line[n];
	if (kind == '\0' || a->n == QUERY_ARGS)
		return;
	line[n] = '\0';
	const char *value = line + n + 1;
	struct val v = kind == '=' ? val_str(value) : kind == '#' ? val_uint(strtoull(value, NULL, 10)) : val_bool(true);
	a->a[a->n++] = (struct query_arg){line, v};
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	char *text = xstrndup(n ? (const char *)p : "", n), *save = NULL;
	struct query_args a = {.n = 0};
	char *cmd = strtok_r(text, "\n", &save);
	for (char *line = cmd; line && (line = strtok_r(NULL, "\n", &save));)
		argument(&a, line);
	struct store *st = make_store();
	HDA_ASSERT(ask(st, cmd ? cmd : "", &a) == ask(st, cmd ? cmd : "", &a));
	store_close(st);
	free(text);
	return 0;
}
