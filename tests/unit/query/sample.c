/* Summaries made by hand, and answers caught. SPDX-License-Identifier: BSD-2-Clause */
#include "unit.h"

#include "sample.h"

#include "base/mem.h"

void sample_add(struct sample *h, uint64_t addr, uint64_t bytes, uint64_t generation, const char *type, const char *klass,
    const char *file, uint32_t line)
{
	h->o = xgrow(h->o, h->n, &h->cap, sizeof(*h->o));
	h->o[h->n++] = (struct sample_obj){addr, bytes, generation, type, klass, file, line};
}

void sample_done(struct sample *h)
{
	free(h->o);
	*h = (struct sample){0};
}

static uint32_t name(struct dump_summary *s, const char *text) { return text ? strtab_intern(&s->names, span_of(text)) : 0; }

static int by_bytes(const void *a, const void *b)
{
	const struct sum_key *x = a, *y = b;
	if (x->all.bytes != y->all.bytes)
		return x->all.bytes > y->all.bytes ? -1 : 1;
	if (x->all.count != y->all.count)
		return x->all.count > y->all.count ? -1 : 1;
	return memcmp(x, y, 4 * sizeof(uint32_t));
}

static size_t key_at(const struct sum_key *k, size_t n, const struct sum_key *want)
{
	size_t i = 0;
	while (i < n && memcmp(&k[i], want, 4 * sizeof(uint32_t)) != 0)
		i++;
	return i;
}

static int by_generation(const void *a, const void *b)
{
	const struct sum_genkey *x = a, *y = b;
	if (x->generation != y->generation)
		return x->generation < y->generation ? -1 : 1;
	return (x->key > y->key) - (x->key < y->key);
}

struct edge {
	uint64_t addr;
	uint32_t key;
};

static int by_addr(const void *a, const void *b)
{
	const struct edge *x = a, *y = b;
	return (x->addr > y->addr) - (x->addr < y->addr);
}

/* The keys, and the key of each object in at[]. */
static void make_keys(struct dump_summary *s, const struct sample *h, uint32_t *at)
{
	size_t cap = 0;
	struct sum_key *of = xcalloc(h->n, sizeof(*of));
	for (size_t i = 0; i < h->n; i++) {
		const struct sample_obj *o = &h->o[i];
		of[i] = (struct sum_key){.type = name(s, o->type), .klass = name(s, o->klass), .file = name(s, o->file), .line = o->line};
		size_t k = key_at(s->keys, s->nkeys, &of[i]);
		if (k == s->nkeys) {
			s->keys = xgrow(s->keys, s->nkeys, &cap, sizeof(*s->keys));
			s->keys[s->nkeys++] = of[i];
		}
		s->keys[k].all.count++;
		s->keys[k].all.bytes += o->bytes;
		s->objects++;
		s->bytes += o->bytes;
	}
	if (s->nkeys)
		qsort(s->keys, s->nkeys, sizeof(*s->keys), by_bytes);
	for (size_t i = 0; i < h->n; i++)
		at[i] = (uint32_t)key_at(s->keys, s->nkeys, &of[i]);
	free(of);
}

static void make_generations(struct dump_summary *s, const struct sample *h, const uint32_t *at)
{
	struct sum_genkey *g = xcalloc(h->n, sizeof(*g));
	size_t n = 0, m = 0;
	for (size_t i = 0; i < h->n; i++) {
		if (h->o[i].generation != UINT64_MAX)
			g[n++] = (struct sum_genkey){h->o[i].generation, at[i], 0, {1, h->o[i].bytes}};
	}
	qsort(g, n, sizeof(*g), by_generation);
	s->gens = xcalloc(n, sizeof(*s->gens));
	for (size_t i = 0; i < n; i++) {
		if (m && by_generation(&g[m - 1], &g[i]) == 0) {
			g[m - 1].t.count++;
			g[m - 1].t.bytes += g[i].t.bytes;
		} else {
			g[m++] = g[i];
		}
		if (s->ngens == 0 || s->gens[s->ngens - 1].generation != g[m - 1].generation)
			s->gens[s->ngens++].generation = g[m - 1].generation;
		s->gens[s->ngens - 1].t.count++;
		s->gens[s->ngens - 1].t.bytes += g[i].t.bytes;
	}
	s->genkeys = g;
	s->ngenkeys = m;
	if (n) {
		s->traced_objects_known = 1;
		s->head.traced = true;
		s->max_generation = s->gens[s->ngens - 1].generation;
	}
}

static void make_edge(struct dump_summary *s, const struct sample *h, const uint32_t *at)
{
	struct edge *e = xcalloc(h->n, sizeof(*e));
	size_t n = 0;
	for (size_t i = 0; i < h->n; i++) {
		if (h->o[i].generation != UINT64_MAX && h->o[i].generation == s->max_generation)
			e[n++] = (struct edge){h->o[i].addr, at[i]};
	}
	qsort(e, n, sizeof(*e), by_addr);
	s->edge_addrs_cut = n > SUM_EDGE_ADDRS;
	s->nedge_addrs = s->edge_addrs_cut ? 0 : n;
	s->edge_addrs = xcalloc(n, sizeof(*s->edge_addrs));
	s->edge_keys = xcalloc(n, sizeof(*s->edge_keys));
	for (size_t i = 0; i < s->nedge_addrs; i++) {
		s->edge_addrs[i] = e[i].addr;
		s->edge_keys[i] = e[i].key;
	}
	free(e);
}

struct dump_summary *sample_summary(const struct sample *h, uint64_t pid, uint64_t jobs, uint32_t *keys)
{
	struct dump_summary *s = summary_new();
	s->head.who.pid = pid;
	s->head.jobs = jobs;
	s->head.time = 1000.0 * (double)jobs;
	snprintf(s->head.ruby, sizeof(s->head.ruby), "3.1.7");
	uint32_t *at = xcalloc(h->n, sizeof(*at));
	make_keys(s, h, at);
	make_generations(s, h, at);
	make_edge(s, h, at);
	if (keys && h->n)
		memcpy(keys, at, h->n * sizeof(*at));
	free(at);
	return s;
}

uint64_t sample_put(struct store *st, struct dump_summary *s)
{
	struct store_wtxn *w;
	uint64_t id = 0;
	assert_int_equal(store_wtxn_begin(st, &w), 0);
	assert_true(store_wtxn_put(w, s, &id) >= 0);
	assert_int_equal(store_wtxn_commit(w), 0);
	summary_free(s);
	return id;
}

struct store *sample_store(void)
{
	struct store *st;
	struct store_opts opts = {.dir = NULL};
	char *why = NULL;
	assert_int_equal(store_open(&st, &opts, &why), 0);
	return st;
}

static int catch_row(void *ctx, const struct row *row);

static struct val keep(struct caught *c, const struct val *v)
{
	struct val k = *v;
	if (v->kind == VAL_STR) {
		k.s.p = (uint8_t *)arena_copy(&c->mem, v->s.p, v->s.n);
	} else if (v->kind == VAL_LIST) {
		struct val *list = arena_alloc(&c->mem, (v->list.n + 1) * sizeof(*list));
		for (size_t i = 0; i < v->list.n; i++)
			list[i] = keep(c, &v->list.p[i]);
		k.list.p = list;
	}
	return k;
}

static struct row keep_row(struct caught *c, const struct row *row)
{
	struct row k = {.n = row->n};
	for (size_t i = 0; i < row->n; i++) {
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(row->f[i].name, row->f[j].name); /* no column twice */
		if (row->f[i].v.kind == VAL_STR)
			assert_true(row->f[i].v.s.n > 0); /* unknown is null, never "" */
		k.f[i] = (struct field){row->f[i].name, keep(c, &row->f[i].v)};
	}
	return k;
}

static int catch_row(void *ctx, const struct row *row)
{
	struct caught *c = ctx;
	c->rows = xgrow(c->rows, c->n, &c->cap, sizeof(*c->rows));
	c->rows[c->n++] = keep_row(c, row);
	return c->stop_after && c->n >= c->stop_after;
}

static int catch_dump(void *ctx, const struct row *dump)
{
	struct caught *c = ctx;
	assert_int_equal(c->dump.n, 0); /* at most once, before the rows */
	assert_int_equal(c->n, 0);
	c->dump = keep_row(c, dump);
	return 0;
}

static void catch_note(void *ctx, const char *text)
{
	struct caught *c = ctx;
	size_t n = strlen(c->notes);
	snprintf(c->notes + n, sizeof(c->notes) - n, "%s\n", text);
}

static void add(struct query_args *a, const char *key, struct val v) { a->a[a->n++] = (struct query_arg){key, v}; }

void ask(struct caught *c, const struct query_ctx *q, const char *line)
{
	size_t stop = c->stop_after;
	caught_done(c);
	c->stop_after = stop;
	char *copy = xstrdup(line), *word[QUERY_ARGS] = {NULL}, *save = NULL;
	size_t n = 0, dumps = 0;
	for (char *w = strtok_r(copy, " ", &save); w && n < QUERY_ARGS; w = strtok_r(NULL, " ", &save))
		word[n++] = w;
	struct query_args a = {.n = 0};
	for (size_t i = 1; i < n; i++) {
		bool more = i + 1 < n && strncmp(word[i + 1], "--", 2) != 0;
		if (strcmp(word[i], "-n") == 0 && more) {
			add(&a, "n", val_uint(strtoull(word[i + 1], NULL, 10)));
			i++;
		} else if (strncmp(word[i], "--", 2) == 0 && more) {
			add(&a, word[i] + 2, val_str(word[i + 1]));
			i++;
		} else if (strncmp(word[i], "--", 2) == 0) {
			add(&a, word[i] + 2, val_bool(true));
		} else {
			bool generation = n && strcmp(word[0], "generation") == 0 && dumps++ == 1;
			add(&a, generation ? "generation" : "dump", val_str(word[i]));
		}
	}
	struct row_sink sink = {.ctx = c, .row = catch_row, .dump = catch_dump, .note = catch_note};
	c->status = query_dispatch(q, word[0], &a, &sink, &c->text);
	if (c->status > 200)
		assert_non_null(c->text); /* a line for people */
	free(copy);
}

void caught_done(struct caught *c)
{
	arena_done(&c->mem);
	free(c->rows);
	free(c->text);
	*c = (struct caught){.n = 0};
}

const struct val *cell(const struct caught *c, size_t i, const char *key)
{
	assert_true(i < c->n);
	for (size_t k = 0; k < c->rows[i].n; k++) {
		if (strcmp(c->rows[i].f[k].name, key) == 0)
			return &c->rows[i].f[k].v;
	}
	fail_msg("row %zu has no column %s", i, key);
	return NULL;
}

uint64_t cell_u(const struct caught *c, size_t i, const char *key)
{
	const struct val *v = cell(c, i, key);
	if (v->kind != VAL_UINT)
		fail_msg("row %zu: %s is no number but kind %d", i, key, (int)v->kind);
	return v->u;
}

double cell_r(const struct caught *c, size_t i, const char *key)
{
	const struct val *v = cell(c, i, key);
	assert_true(v->kind == VAL_REAL || v->kind == VAL_UINT || v->kind == VAL_INT);
	return v->kind == VAL_REAL ? v->r : v->kind == VAL_UINT ? (double)v->u : (double)v->i;
}

const char *cell_s(const struct caught *c, size_t i, const char *key)
{
	const struct val *v = cell(c, i, key);
	if (v->kind == VAL_NULL)
		return "(null)";
	assert_int_equal(v->kind, VAL_STR);
	return (const char *)v->s.p;
}

size_t find_row(const struct caught *c, size_t from, const char *key, const char *text)
{
	for (size_t i = from; i < c->n; i++) {
		if (strcmp(cell_s(c, i, key), text) == 0)
			return i;
	}
	return SIZE_MAX;
}

void sample_census(struct query_census *c, const struct sample *h, const uint32_t *keys, uint64_t dump)
{
	struct census_dump *d = census_dump_new();
	for (size_t i = 0; i < h->n; i++)
		census_dump_add(d, h->o[i].addr, keys[i], h->o[i].generation, h->o[i].bytes);
	query_census_put(c, dump, d, NULL, NULL);
}
