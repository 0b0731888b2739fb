/* A made-up process for the store's tests. SPDX-License-Identifier: BSD-2-Clause
 *
 * What real dumps of Rails processes look like, in figures: most keys were born at boot, in a few generations, and never change
 * again; a few per cent are requests in flight, each dump with other counts in the newest generations; one or two leak. */
#include "unit.h"

#include "series.h"

enum { BOOT_GENS_PER_KEY = 3, FRESH_GENS = 12, JOBS_PER_DUMP = 1000, SECONDS_PER_DUMP = 600 };

static void add_cell(struct series *s, uint32_t key, uint64_t gen, uint64_t count)
{
	static const uint64_t sizes[] = {40, 40, 40, 40, 80, 160, 232, 640};
	s->cells = xgrow(s->cells, s->ncells, &s->cap, sizeof(*s->cells));
	s->cells[s->ncells++] = (struct cell){key, gen, count, sizes[key % 8]};
}

void series_init(struct series *s, const struct series_opts *o)
{
	*s = (struct series){.o = *o, .rnd = o->seed, .gc = o->gens, .time = 1.7e9, .jobs = JOBS_PER_DUMP};
	s->lines = xcalloc(o->keys + 1, sizeof(*s->lines));
	s->retain = xcalloc(o->sigs + 1, sizeof(*s->retain));
	for (size_t k = 0; k < o->keys; k++) {
		s->lines[k] = 1 + unit_below(&s->rnd, 900);
		size_t n = 1 + unit_below(&s->rnd, BOOT_GENS_PER_KEY);
		for (size_t i = 0; i < n && o->gens; i++)
			add_cell(s, (uint32_t)k, 1 + unit_below(&s->rnd, o->gens), 1 + unit_below(&s->rnd, 1 + (k % 17) * 9));
	}
	for (size_t i = 0; i < o->sigs; i++)
		s->retain[i] = 1 + unit_below(&s->rnd, 5000);
}

void series_done(struct series *s)
{
	free(s->cells);
	free(s->lines);
	free(s->retain);
}

/* Requests: the churning keys lose what they had in new generations and get other objects; the leaks gain. */
static void live_on(struct series *s)
{
	size_t kept = 0, boot = s->o.gens;
	s->gc += FRESH_GENS;
	for (size_t i = 0; i < s->ncells; i++) {
		const struct cell *c = &s->cells[i];
		bool leak = c->key < 2;
		if (s->o.window && c->gen > boot && c->gen + s->o.window < s->gc)
			continue;
		if (leak || c->gen <= boot || unit_below(&s->rnd, 100) < 10)
			s->cells[kept++] = *c;
	}
	s->ncells = kept;
	for (size_t k = 0; k < s->o.keys; k++) {
		if (k >= 2 && unit_below(&s->rnd, 100) >= s->o.churn_pct)
			continue;
		add_cell(s, (uint32_t)k, s->gc - unit_below(&s->rnd, FRESH_GENS), 1 + unit_below(&s->rnd, 60));
	}
	for (size_t i = 0; i < s->o.sigs; i++)
		if (unit_below(&s->rnd, 100) < s->o.churn_pct)
			s->retain[i] += unit_below(&s->rnd, 50);
}

static uint32_t name(struct dump_summary *d, const char *fmt, uint64_t n)
{
	char text[128];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(text, sizeof(text), fmt, (unsigned long long)n);
#pragma GCC diagnostic pop
	return strtab_intern(&d->names, span_of(text));
}

static int by_bytes(const void *pa, const void *pb)
{
	const struct sum_key *a = pa, *b = pb;
	if (a->all.bytes != b->all.bytes)
		return a->all.bytes > b->all.bytes ? -1 : 1;
	return a->all.count != b->all.count ? (a->all.count > b->all.count ? -1 : 1) : 0;
}

static int by_gen_key(const void *pa, const void *pb)
{
	const struct sum_genkey *a = pa, *b = pb;
	if (a->generation != b->generation)
		return a->generation < b->generation ? -1 : 1;
	return a->key < b->key ? -1 : a->key > b->key;
}

/* Of requests most objects are garbage when they are dumped, and of some of what has survived them half waits for a major GC. */
static uint32_t dead_of(const struct series *s, const struct sum_genkey *g)
{
	if (g->generation <= s->o.gens)
		return 0;
	return (uint32_t)(g->generation + FRESH_GENS > s->gc ? g->t.count - g->t.count / 8 : g->t.count % 2 * (g->t.count / 2));
}

/* keys, gens, genkeys from the cells. */
static void fill_tables(struct series *s, struct dump_summary *d)
{
	static const char *const types[] = {"STRING", "OBJECT", "ARRAY", "HASH", "DATA", "IMEMO", "STRING", "STRING"};
	size_t n = s->o.keys;
	d->keys = xcalloc(n, sizeof(*d->keys));
	d->nkeys = n;
	for (size_t k = 0; k < n; k++)
		d->keys[k] = (struct sum_key){.type = name(d, types[k % 8], 0), .klass = name(d, "App::Model%llu", k % 1500),
		    .file = name(d, "/srv/app/vendor/bundle/ruby/3.1.0/gems/g-%llu/lib/file.rb", k % 2500),
		    .line = (uint32_t)s->lines[k], .retained = {k, 0}}; /* retained.count: which key, for the moment */
	for (size_t i = 0; i < s->ncells; i++) {
		const struct cell *c = &s->cells[i];
		d->keys[c->key].all.count += c->count;
		d->keys[c->key].all.bytes += c->count * c->size;
	}
	qsort(d->keys, n, sizeof(*d->keys), by_bytes);
	uint32_t *place = xcalloc(n, sizeof(*place));
	for (size_t i = 0; i < n; i++) {
		place[d->keys[i].retained.count] = (uint32_t)i;
		d->keys[i].retained = s->o.sigs ? d->keys[i].all : (struct tally){0};
		d->objects += d->keys[i].all.count;
		d->bytes += d->keys[i].all.bytes;
	}
	struct sum_genkey *g = xcalloc(s->ncells + 1, sizeof(*g));
	for (size_t i = 0; i < s->ncells; i++) {
		const struct cell *c = &s->cells[i];
		g[i] = (struct sum_genkey){c->gen, place[c->key], 0, {c->count, c->count * c->size}};
	}
	free(place);
	qsort(g, s->ncells, sizeof(*g), by_gen_key);
	d->gens = xcalloc(s->ncells + 1, sizeof(*d->gens));
	for (size_t i = 0; i < s->ncells; i++) {
		struct sum_genkey *last = d->ngenkeys ? &g[d->ngenkeys - 1] : NULL;
		if (!d->ngens || d->gens[d->ngens - 1].generation != g[i].generation)
			d->gens[d->ngens++] = (struct sum_gen){g[i].generation, {0, 0}};
		d->gens[d->ngens - 1].t.count += g[i].t.count;
		d->gens[d->ngens - 1].t.bytes += g[i].t.bytes;
		if (last && last->generation == g[i].generation && last->key == g[i].key) {
			last->t.count += g[i].t.count;
			last->t.bytes += g[i].t.bytes;
		} else {
			g[d->ngenkeys++] = g[i];
		}
	}
	d->genkeys = g;
	d->genkeys_dead = s->o.sigs > 0 && s->n % 4 != 2; /* and some dumps with a graph do not know */
	for (size_t i = 0; d->genkeys_dead && i < d->ngenkeys; i++)
		g[i].dead = dead_of(s, &g[i]);
}

static struct sum_object *objects(struct series *s, struct dump_summary *d, size_t n, size_t *ret_n)
{
	struct sum_object *x = xcalloc(n, sizeof(*x));
	uint64_t still = s->o.seed; /* the same objects each time but for a few */
	for (size_t i = 0; i < n; i++) {
		uint64_t *rnd = i % 10 == 9 ? &s->rnd : &still;
		const struct sum_key *k = &d->keys[unit_below(rnd, d->nkeys)];
		x[i] = (struct sum_object){.addr = 0x7f0000000000 + unit_below(rnd, 1 << 24) * 40, .bytes = 40 + i * 8,
		    .refs = 10000 - i, .generation = i % 3 ? unit_below(rnd, s->o.gens + 1) : UINT64_MAX,
		    .length = i % 2 ? 1000 - i : UINT64_MAX, .type = k->type, .klass = k->klass, .file = k->file,
		    .line = k->line};
	}
	*ret_n = n;
	return x;
}

static void fill_lists(struct series *s, struct dump_summary *d)
{
	d->refs = objects(s, d, SUM_TOP_OBJECTS, &d->nrefs);
	d->referenced = objects(s, d, SUM_TOP_OBJECTS, &d->nreferenced);
	d->largest = objects(s, d, SUM_TOP_OBJECTS, &d->nlargest);
	d->long_ = objects(s, d, SUM_TOP_OBJECTS, &d->nlong);
	d->gen_refs = objects(s, d, d->ngens * SUM_GEN_REFS, &d->ngen_refs);
	d->ndups = SUM_TOP_DUPS;
	d->dups = xcalloc(d->ndups, sizeof(*d->dups));
	for (size_t i = 0; i < d->ndups; i++) {
		struct sum_dup *u = &d->dups[i];
		const struct sum_key *k = &d->keys[i % d->nkeys];
		*u = (struct sum_dup){.copies = 5000 / (i + 1) + d->gens[0].t.count % 3, .bytes = 40 * (5000 / (i + 1)),
		    .length = i, .generation = i % 2 ? s->gc : UINT64_MAX, .nsites = (uint32_t)(i % 7)};
		for (uint32_t j = 0; j < u->nsites && j < SUM_DUP_SITES; j++) {
			u->sites[j].file = k->file;
			u->sites[j].line = k->line + j;
			u->sites[j].copies = 100 - j;
		}
	}
	d->dup_groups = 4000;
	d->dup_copies = 90000;
	d->dup_bytes = 1 << 22;
	d->nedge_addrs = SUM_EDGE_ADDRS / 2;
	d->edge_addrs = xcalloc(d->nedge_addrs, sizeof(*d->edge_addrs));
	d->edge_keys = xcalloc(d->nedge_addrs, sizeof(*d->edge_keys));
	uint64_t at = 0x7f0000000000;
	for (size_t i = 0; i < d->nedge_addrs; i++) {
		d->edge_addrs[i] = at += 40 * (1 + unit_below(&s->rnd, 5000));
		d->edge_keys[i] = (uint32_t)unit_below(&s->rnd, d->nkeys);
	}
	static const char *const roots[] = {"vm", "global_symbols", "machine_context", "finalizers"};
	d->nroot_names = 4;
	d->root_names = xcalloc(4, sizeof(*d->root_names));
	for (size_t i = 0; i < 4; i++)
		d->root_names[i] = (struct sum_name_count){strtab_intern(&d->names, span_of(roots[i])), 1, 100 * i};
	d->nsamples = 1;
	d->samples[0] = strtab_intern(&d->names, span_of("{\"bad\": line"));
}

static int sig_cmp(const void *pa, const void *pb)
{
	const struct sum_sig *a = pa, *b = pb;
	return a->id < b->id ? -1 : a->id > b->id;
}

static void fill_graph(struct series *s, struct dump_summary *d)
{
	size_t n = s->o.sigs;
	if (!n)
		return;
	d->has_graph = true;
	d->reachable = (struct tally){d->objects - 10, d->bytes - 400};
	d->garbage = (struct tally){10, 400};
	d->sigs = xcalloc(n, sizeof(*d->sigs));
	d->nsigs = n;
	uint64_t *id = xcalloc(n, sizeof(*id));
	uint64_t rnd = s->o.seed ^ 77;
	for (size_t i = 0; i < n; i++)
		id[i] = unit_rnd(&rnd);
	for (size_t i = 0; i < n; i++)
		d->sigs[i] = (struct sum_sig){.id = id[i], .klass = name(d, "App::Model%llu", i % 1500), .parent = (uint32_t)i,
		    .repeat = i % 50 ? 1 : (uint32_t)i + 1, .label = i % 9 ? 0 : name(d, "@of%llu -> Hash", i), .own = {s->retain[i] / 3 + 1, s->retain[i] * 13},
		    .retained = {s->retain[i], s->retain[i] * 40}};
	qsort(d->sigs, n, sizeof(*d->sigs), sig_cmp);
	uint32_t *place = xcalloc(n, sizeof(*place));
	for (size_t i = 0; i < n; i++)
		place[d->sigs[i].parent] = (uint32_t)i;
	for (size_t i = 0; i < n; i++)
		d->sigs[i].parent = d->sigs[i].parent ? place[d->sigs[i].parent / 3] : UINT32_MAX;
	d->nholders = n < 300 ? n : 300;
	d->holders = xcalloc(d->nholders, sizeof(*d->holders));
	d->ncontainers = d->nholders;
	d->containers = xcalloc(d->ncontainers, sizeof(*d->containers));
	for (size_t i = 0; i < d->nholders; i++) {
		const struct sum_sig *g = &d->sigs[place[i]];
		const struct sum_key *k = &d->keys[i % d->nkeys];
		d->holders[i] = (struct sum_holder){place[i], name(d, "class Holder%llu", i), 0x7f00000000 + 40 * i, g->own,
		    g->retained};
		d->containers[i] = (struct sum_container){.sig = place[i], .addr = 0x7f10000000 + 40 * i,
		    .length = 1000 + s->retain[i], .type = k->type, .klass = k->klass, .file = k->file, .line = k->line,
		    .retained = g->retained};
	}
	d->contents = xcalloc(n, sizeof(*d->contents));
	for (size_t i = 0; i < n; i += 50) /* a real heap: 1 in 90 */
		d->contents[d->ncontents++] = (struct sum_content){
		    (uint32_t)i, name(d, i % 2 ? "HASH" : "STRING", 0), i + 1, 3 * i + s->retain[i], i % 3, i % 5};
	d->top_retained = objects(s, d, SUM_TOP_OBJECTS, &d->ntop_retained);
	d->nret_class = d->nret_site = n < SUM_TOP_RETAINED ? n : SUM_TOP_RETAINED;
	d->ret_class = xcalloc(d->nret_class, sizeof(*d->ret_class));
	d->ret_site = xcalloc(d->nret_site, sizeof(*d->ret_site));
	d->nret_type = 1;
	d->ret_type = xcalloc(1, sizeof(*d->ret_type));
	d->ret_type[0] = (struct sum_ret){name(d, "STRING", 0), 0, {d->objects, d->bytes}};
	d->nret_gem = 1;
	d->ret_gem = xcalloc(1, sizeof(*d->ret_gem));
	d->ret_gem[0] = (struct sum_ret){name(d, "rack-2.2.4", 0), 0, {d->objects, d->bytes}};
	for (size_t i = 0; i < d->nret_class; i++) {
		struct tally t = {s->retain[0] % 7 + 1000 - i, 100000 * (1000 - i)};
		d->ret_class[i] = (struct sum_ret){name(d, "App::Model%llu", i), 0, t};
		d->ret_site[i] = (struct sum_ret){name(d, "/srv/app/lib/site%llu.rb", i), (uint32_t)i + 1, t};
	}
	free(place);
	free(id);
}

static void fill_head(struct series *s, struct dump_summary *d)
{
	struct dump_header *h = &d->head;
	h->who = (struct proc_ident){.pidns = 4026531836, .pid = s->o.pid, .start = 12345 + s->o.pid, .host_pid = s->o.pid + 7};
	snprintf(h->who.boot, sizeof(h->who.boot), "5b1f-%u", 7u);
	snprintf(h->who.host, sizeof(h->who.host), "web1");
	snprintf(h->who.app, sizeof(h->who.app), "shop");
	snprintf(h->ruby, sizeof(h->ruby), "3.1.7");
	snprintf(h->reason, sizeof(h->reason), "jobs");
	h->jobs = s->jobs;
	h->seq = s->n;
	h->time = s->time;
	h->traced = true;
	h->gc_count = s->gc;
	h->rss = 500000000 + s->jobs * 13;
	h->heap_live_slots = d->objects;
	h->nmarks = 1;
	h->marks[0] = (struct mark){s->jobs - 500, s->time - 300, s->gc - 5};
	h->nmix = 20;
	h->mix = xcalloc(h->nmix, sizeof(*h->mix));
	for (uint32_t i = 0; i < h->nmix; i++) {
		snprintf(h->mix[i].klass, sizeof(h->mix[i].klass), "Job%u", i);
		h->mix[i].jobs = 40 + i + s->n % 5;
	}
	d->max_generation = s->gc;
	d->traced_objects_known = 1;
	d->input_bytes = 300000000;
	d->lines = d->objects + 10;
	d->roots = 10;
	d->edges = d->objects * 2;
	d->took_s = 0.25;
	d->genkeys_cut = s->n % 5 == 4;
}

struct dump_summary *series_next(struct series *s)
{
	if (s->n++) {
		live_on(s);
		s->jobs += JOBS_PER_DUMP;
		s->time += SECONDS_PER_DUMP;
	}
	struct dump_summary *d = summary_new();
	fill_tables(s, d);
	if (d->ngens)
		fill_lists(s, d);
	fill_graph(s, d);
	fill_head(s, d);
	return d;
}

/* --- comparison --- */

#define SAME(x, y)                                                                                 \
	do {                                                                                       \
		if ((x) != (y)) {                                                                  \
			print_message("differs: %s line %d\n", #x, __LINE__);                      \
			return false;                                                              \
		}                                                                                  \
	} while (0)
#define SAME_NAME(x, y) SAME(span_eq(strtab_get(&a->names, x), strtab_get(&b->names, y)), true)

static bool same_objects(const struct dump_summary *a, const struct sum_object *x, const struct dump_summary *b,
    const struct sum_object *y, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		SAME(x[i].addr, y[i].addr);
		SAME(x[i].bytes, y[i].bytes);
		SAME(x[i].refs, y[i].refs);
		SAME(x[i].generation, y[i].generation);
		SAME(x[i].length, y[i].length);
		SAME_NAME(x[i].type, y[i].type);
		SAME_NAME(x[i].klass, y[i].klass);
		SAME_NAME(x[i].file, y[i].file);
		SAME(x[i].line, y[i].line);
	}
	return true;
}

static bool same_tally(struct tally x, struct tally y) { return x.count == y.count && x.bytes == y.bytes; }

static bool same_key(const struct dump_summary *a, const struct sum_key *x, const struct dump_summary *b, const struct sum_key *y)
{
	return span_eq(strtab_get(&a->names, x->type), strtab_get(&b->names, y->type)) &&
	    span_eq(strtab_get(&a->names, x->klass), strtab_get(&b->names, y->klass)) &&
	    span_eq(strtab_get(&a->names, x->file), strtab_get(&b->names, y->file)) && x->line == y->line;
}

/* Keys with equal figures may stand in any order: pair them up. ret[i]: place in b of a's key i. */
static bool pair_keys(const struct dump_summary *a, const struct dump_summary *b, uint32_t *ret)
{
	bool *taken = xcalloc(b->nkeys + 1, 1);
	bool ok = true;
	for (size_t i = 0; i < a->nkeys && ok; i++) {
		size_t lo = i, hi = i;
		while (lo > 0 && same_tally(b->keys[lo - 1].all, a->keys[i].all))
			lo--;
		while (hi + 1 < b->nkeys && same_tally(b->keys[hi + 1].all, a->keys[i].all))
			hi++;
		ok = false;
		for (size_t j = lo; j <= hi && !ok; j++) {
			ok = !taken[j] && same_key(a, &a->keys[i], b, &b->keys[j]) &&
			    same_tally(a->keys[i].all, b->keys[j].all) &&
			    same_tally(a->keys[i].garbage, b->keys[j].garbage) &&
			    same_tally(a->keys[i].retained, b->keys[j].retained);
			if (ok) {
				taken[j] = true;
				ret[i] = (uint32_t)j;
			}
		}
		if (!ok)
			print_message("key %zu of %zu differs\n", i, a->nkeys);
	}
	free(taken);
	return ok;
}

static bool same_genkeys(const struct dump_summary *a, const struct dump_summary *b, const uint32_t *place)
{
	struct sum_genkey *x = xcalloc(a->ngenkeys + 1, sizeof(*x));
	for (size_t i = 0; i < a->ngenkeys; i++) {
		x[i] = a->genkeys[i];
		x[i].key = place[x[i].key];
	}
	qsort(x, a->ngenkeys, sizeof(*x), by_gen_key);
	bool ok = true;
	for (size_t i = 0; i < a->ngenkeys && ok; i++) {
		const struct sum_genkey *y = &b->genkeys[i];
		ok = x[i].generation == y->generation && x[i].key == y->key && same_tally(x[i].t, y->t) && x[i].dead == y->dead;
		if (!ok)
			print_message("genkey %zu differs\n", i);
	}
	free(x);
	return ok;
}

static bool same_lists(const struct dump_summary *a, const struct dump_summary *b)
{
	for (size_t i = 0; i < a->ndups; i++) {
		const struct sum_dup *x = &a->dups[i], *y = &b->dups[i];
		SAME(x->copies, y->copies);
		SAME(x->bytes, y->bytes);
		SAME(x->length, y->length);
		SAME(x->generation, y->generation);
		SAME(x->nsites, y->nsites);
		for (uint32_t k = 0; k < x->nsites && k < SUM_DUP_SITES; k++) {
			SAME_NAME(x->sites[k].file, y->sites[k].file);
			SAME(x->sites[k].line, y->sites[k].line);
			SAME(x->sites[k].copies, y->sites[k].copies);
		}
	}
	for (size_t i = 0; i < a->nroot_names; i++) {
		SAME_NAME(a->root_names[i].name, b->root_names[i].name);
		SAME(a->root_names[i].count, b->root_names[i].count);
		SAME(a->root_names[i].refs, b->root_names[i].refs);
	}
	SAME(a->nsamples, b->nsamples);
	for (uint32_t i = 0; i < a->nsamples; i++)
		SAME_NAME(a->samples[i], b->samples[i]);
	return same_objects(a, a->refs, b, b->refs, a->nrefs) && same_objects(a, a->largest, b, b->largest, a->nlargest) &&
	    same_objects(a, a->referenced, b, b->referenced, a->nreferenced) &&
	    same_objects(a, a->long_, b, b->long_, a->nlong) && same_objects(a, a->gen_refs, b, b->gen_refs, a->ngen_refs) &&
	    same_objects(a, a->top_retained, b, b->top_retained, a->ntop_retained);
}

static bool same_ret(const struct dump_summary *a, const struct sum_ret *x, const struct dump_summary *b,
    const struct sum_ret *y, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		SAME_NAME(x[i].name, y[i].name);
		SAME(x[i].line, y[i].line);
		SAME(same_tally(x[i].retained, y[i].retained), true);
	}
	return true;
}

static bool same_graph(const struct dump_summary *a, const struct dump_summary *b)
{
	for (size_t i = 0; i < a->nsigs; i++) {
		const struct sum_sig *x = &a->sigs[i], *y = &b->sigs[i];
		SAME(x->id, y->id);
		SAME(x->parent, y->parent);
		SAME_NAME(x->klass, y->klass);
		SAME(x->repeat, y->repeat);
		SAME_NAME(x->label, y->label);
		SAME(same_tally(x->own, y->own), true);
		SAME(same_tally(x->retained, y->retained), true);
	}
	for (size_t i = 0; i < a->nholders; i++) {
		const struct sum_holder *x = &a->holders[i], *y = &b->holders[i];
		SAME(x->sig, y->sig);
		SAME_NAME(x->text, y->text);
		SAME(x->addr, y->addr);
		SAME(same_tally(x->own, y->own), true);
		SAME(same_tally(x->retained, y->retained), true);
	}
	for (size_t i = 0; i < a->ncontainers; i++) {
		const struct sum_container *x = &a->containers[i], *y = &b->containers[i];
		SAME(x->sig, y->sig);
		SAME(x->addr, y->addr);
		SAME(x->length, y->length);
		SAME_NAME(x->klass, y->klass);
		SAME(x->line, y->line);
		SAME(same_tally(x->retained, y->retained), true);
	}
	for (size_t i = 0; i < a->ncontents; i++) {
		const struct sum_content *x = &a->contents[i], *y = &b->contents[i];
		SAME(x->sig, y->sig);
		SAME_NAME(x->type, y->type);
		SAME(x->longer, y->longer);
		SAME(x->beyond, y->beyond);
		SAME(x->folded, y->folded);
		SAME(x->caches, y->caches);
	}
	return same_ret(a, a->ret_class, b, b->ret_class, a->nret_class) &&
	    same_ret(a, a->ret_site, b, b->ret_site, a->nret_site) && same_ret(a, a->ret_type, b, b->ret_type, a->nret_type) &&
	    same_ret(a, a->ret_gem, b, b->ret_gem, a->nret_gem);
}

static bool same_head(const struct dump_header *a, const struct dump_header *b)
{
	SAME(strcmp(a->who.boot, b->who.boot), 0);
	SAME(strcmp(a->who.app, b->who.app), 0);
	SAME(strcmp(a->ruby, b->ruby), 0);
	SAME(strcmp(a->reason, b->reason), 0);
	SAME(a->who.pid, b->who.pid);
	SAME(a->who.start, b->who.start);
	SAME(a->who.host_pid, b->who.host_pid);
	SAME(a->jobs, b->jobs);
	SAME(a->seq, b->seq);
	SAME(a->time, b->time);
	SAME(a->traced, b->traced);
	SAME(a->gc_count, b->gc_count);
	SAME(a->rss, b->rss);
	SAME(a->pss, b->pss);
	SAME(a->compact_count, b->compact_count);
	SAME(a->nmarks, b->nmarks);
	SAME(a->marks[0].time, b->marks[0].time);
	SAME(a->nmix, b->nmix);
	for (uint32_t i = 0; i < a->nmix; i++) {
		SAME(strcmp(a->mix[i].klass, b->mix[i].klass), 0);
		SAME(a->mix[i].jobs, b->mix[i].jobs);
	}
	return true;
}

bool summaries_equal(const struct dump_summary *a, const struct dump_summary *b)
{
	SAME(a->partial, b->partial);
	SAME(a->objects, b->objects);
	SAME(a->bytes, b->bytes);
	SAME(a->edges, b->edges);
	SAME(a->max_generation, b->max_generation);
	SAME(a->has_graph, b->has_graph);
	SAME(a->garbage.bytes, b->garbage.bytes);
	SAME(a->dup_bytes, b->dup_bytes);
	SAME(a->genkeys_cut, b->genkeys_cut);
	SAME(a->genkeys_dead, b->genkeys_dead);
	SAME(a->nkeys, b->nkeys);
	SAME(a->ngens, b->ngens);
	SAME(a->ngenkeys, b->ngenkeys);
	SAME(a->ndups, b->ndups);
	SAME(a->nrefs, b->nrefs);
	SAME(a->nreferenced, b->nreferenced);
	SAME(a->nlargest, b->nlargest);
	SAME(a->nlong, b->nlong);
	SAME(a->ngen_refs, b->ngen_refs);
	SAME(a->ntop_retained, b->ntop_retained);
	SAME(a->nroot_names, b->nroot_names);
	SAME(a->nedge_addrs, b->nedge_addrs);
	SAME(a->nsigs, b->nsigs);
	SAME(a->nholders, b->nholders);
	SAME(a->ncontainers, b->ncontainers);
	SAME(a->ncontents, b->ncontents);
	SAME(a->nret_class, b->nret_class);
	SAME(a->nret_site, b->nret_site);
	SAME(a->nret_type, b->nret_type);
	SAME(a->nret_gem, b->nret_gem);
	if (!same_head(&a->head, &b->head) || !same_lists(a, b) || !same_graph(a, b))
		return false;
	for (size_t i = 0; i < a->ngens; i++) {
		SAME(a->gens[i].generation, b->gens[i].generation);
		SAME(same_tally(a->gens[i].t, b->gens[i].t), true);
	}
	uint32_t *place = xcalloc(a->nkeys + 1, sizeof(*place));
	bool ok = pair_keys(a, b, place) && same_genkeys(a, b, place);
	for (size_t i = 0; i < a->nedge_addrs && ok; i++)
		ok = a->edge_addrs[i] == b->edge_addrs[i] && place[a->edge_keys[i]] == b->edge_keys[i];
	free(place);
	return ok;
}
