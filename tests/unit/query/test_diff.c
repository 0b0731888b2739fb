/* diff over played heaps whose truth is known. SPDX-License-Identifier: BSD-2-Clause */
#include "unit.h"

#include "base/mem.h"
#include "hda/protocol.h"
#include "sample.h"

#define UNTRACED UINT64_MAX

struct world {
	struct store *store;
	struct query_census *census;
	struct query_ctx q;
	bool gc_known;   /* the header tells the GC count; else a classic file */
};

static void world_init(struct world *w, bool gc_known)
{
	*w = (struct world){.store = sample_store(), .census = query_census_new(), .gc_known = gc_known};
	w->q = (struct query_ctx){.store = w->store};
}

static void world_done(struct world *w)
{
	query_census_free(w->census);
	store_close(w->store);
}

static void take(struct world *w, const struct sample *h, uint64_t jobs, uint64_t gc, uint64_t compactions)
{
	uint32_t *keys = xcalloc(h->n, sizeof(*keys));
	struct dump_summary *s = sample_summary(h, 4121, jobs, keys);
	if (w->gc_known)
		s->head.gc_count = gc;
	s->head.compact_count = compactions;
	sample_census(w->census, h, keys, sample_put(w->store, s));
	free(keys);
}

/* 20 000 objects in flight at the first dump; they go, and 5 000 that stay are put into the freed slots. A diff by address finds none
 * of them, since each stands where an object of its type and class stood. */
static void reuse(struct world *w, bool traced)
{
	enum { FLIGHT = 20000, LEAKED = 5000, SLOT = 40 };
	struct sample h = {0};
	for (uint64_t i = 0; i < 3000; i++)
		sample_add(&h, 0x10000 + i * SLOT, 40, traced ? 3 : UNTRACED, "STRING", "String", traced ? "app/boot.rb" : NULL, traced ? 7 : 0);
	for (uint64_t i = 0; i < FLIGHT; i++)
		sample_add(&h, 0x900000 + i * SLOT, 40, traced ? 8 + i % 3 : UNTRACED, "STRING", "String", traced ? "app/jobs.rb" : NULL, traced ? 14 : 0);
	take(w, &h, 1000, 10, 0);
	h.n = 3000;
	for (uint64_t i = 0; i < LEAKED; i++)
		sample_add(&h, 0x900000 + i * 3 * SLOT, 40, traced ? 11 + i % 5 : UNTRACED, "STRING", "String", traced ? "app/leak.rb" : NULL, traced ? 3 : 0);
	if (traced)
		sample_add(&h, 0x8000, 40, 16, "STRING", "String", "dump.rb", 1); /* the dump call itself allocates */
	take(w, &h, 2000, 16, 0);
	h.n -= traced;
	for (uint64_t i = 0; i < 700; i++)
		sample_add(&h, 0xf00000 + i * SLOT, 40, traced ? 17 : UNTRACED, "STRING", "String", traced ? "app/late.rb" : NULL, traced ? 9 : 0);
	take(w, &h, 3000, 18, 0);
	sample_done(&h);
}

static void test_slot_reuse_traced(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		struct world w;
		struct caught c = {0};
		world_init(&w, i & 1);
		w.q.census = i & 2 ? w.census : NULL;
		reuse(&w, true);
		ask(&c, &w.q, "diff 4121@1000 4121@2000");
		assert_int_equal(c.status, HDA_STATUS_OK);
		assert_int_equal(c.n, 2); /* the leak, and what the dump call allocated */
		assert_string_equal(cell_s(&c, 1, "file"), "dump.rb");
		assert_int_equal(cell_u(&c, 0, "count"), 5000);
		assert_int_equal(cell_u(&c, 0, "count_high"), 5000);
		assert_int_equal(cell_u(&c, 0, "bytes"), 200000);
		assert_string_equal(cell_s(&c, 0, "file"), "app/leak.rb");
		assert_string_equal(cell_s(&c, 0, "identity"), "generation");
		assert_int_equal(cell_u(&c, 0, "generation_min"), 11);
		assert_int_equal(cell_u(&c, 0, "generation_max"), 15);
		assert_non_null(strstr(c.notes, "identity: allocation generation (exact)"));
		ask(&c, &w.q, "diff 4121@3000 4121@1000 4121@2000"); /* the 700 late ones are absent at 2000 */
		assert_int_equal(c.n, 1);
		assert_int_equal(cell_u(&c, 0, "count"), 5000);
		assert_non_null(strstr(c.notes, "compared in the order in which they were taken"));
		assert_non_null(strstr(c.notes, "absent at 1000 jobs, present at 2000 jobs to 3000 jobs: 5000 objects, 200000 bytes"));
		caught_done(&c);
		world_done(&w);
	}
}

static void test_slot_reuse_untraced(void **state)
{
	(void)state;
	struct world w;
	struct caught c = {0};
	world_init(&w, true);
	reuse(&w, false);
	w.q.census = w.census;
	ask(&c, &w.q, "diff 4121@1000 4121@3000"); /* only the 700 in new slots look new */
	assert_int_equal(c.status, HDA_STATUS_OK);
	assert_int_equal(cell_u(&c, 0, "count"), 700);
	assert_string_equal(cell_s(&c, 0, "identity"), "address");
	assert_non_null(strstr(c.notes, "a hint"));
	w.q.census = NULL;
	ask(&c, &w.q, "diff 4121@2000 4121@3000");
	assert_int_equal(cell_u(&c, 0, "count"), 700);
	assert_string_equal(cell_s(&c, 0, "identity"), "count");
	ask(&c, &w.q, "diff 4121@1000 4121@3000"); /* 23 000 became 8 700: no growth */
	assert_int_equal(c.status, HDA_STATUS_NOTHING);
	caught_done(&c);
	world_done(&w);
}

static void test_compaction(void **state)
{
	(void)state;
	struct world w;
	struct caught c = {0};
	struct sample h = {0};
	world_init(&w, true);
	w.q.census = w.census;
	for (uint64_t i = 0; i < 10; i++)
		sample_add(&h, 0x1000 + i * 40, 40, 5, "STRING", "String", "a.rb", 1);
	take(&w, &h, 1, 6, 0);
	for (uint64_t i = 0; i < 4; i++)
		sample_add(&h, 0x9000 + i * 40, 40, 7, "STRING", "String", "b.rb", 2);
	take(&w, &h, 2, 8, 1);
	ask(&c, &w.q, "diff first last"); /* Ruby 3.1.7: neither addresses nor sites hold */
	assert_int_equal(c.n, 1);
	assert_string_equal(cell_s(&c, 0, "identity"), "count");
	assert_string_equal(cell_s(&c, 0, "file"), "(null)");
	assert_int_equal(cell_u(&c, 0, "count"), 4);
	assert_non_null(strstr(c.notes, "compacted"));
	caught_done(&c);
	sample_done(&h);
	world_done(&w);
}

static void test_wrong(void **state)
{
	(void)state;
	struct world w;
	struct caught c = {0};
	world_init(&w, true);
	reuse(&w, true);
	static const char *const lines[] = {"diff", "diff last", "diff last last", "diff 4121@1000 x"};
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		ask(&c, &w.q, lines[i]);
		assert_int_equal(c.status, HDA_STATUS_ARGUMENT);
	}
	caught_done(&c);
	world_done(&w);
}

/* A heap played at random: births, deaths, collections that free the dead, slots used again. */
struct play {
	struct sample h;
	bool *dead;
	uint64_t *id;      /* of each object, by birth */
	size_t cap;
	uint64_t births, gc, slots, rnd;
	uint64_t *free_slots;
	size_t nfree, free_cap;
};

static void play_birth(struct play *p)
{
	static const struct { const char *type, *klass, *file; uint32_t line; } kinds[] = {
	    {"STRING", "String", "a.rb", 1}, {"STRING", "String", "b.rb", 2}, {"ARRAY", "Array", "b.rb", 2}, {"HASH", "Hash", "c.rb", 3}};
	uint64_t slot = p->nfree ? p->free_slots[--p->nfree] : p->slots++, k = unit_below(&p->rnd, 4);
	if (p->h.n >= p->cap) {
		p->cap = p->cap ? p->cap * 2 : 256;
		p->dead = xreallocarray(p->dead, p->cap, sizeof(*p->dead));
		p->id = xreallocarray(p->id, p->cap, sizeof(*p->id));
	}
	p->dead[p->h.n] = false;
	p->id[p->h.n] = p->births++;
	sample_add(&p->h, 0x1000 + slot * 40, 40, p->gc, kinds[k].type, kinds[k].klass, kinds[k].file, kinds[k].line);
}

static void play_collect(struct play *p)
{
	size_t kept = 0;
	p->gc++;
	for (size_t i = 0; i < p->h.n; i++) {
		if (p->dead[i]) {
			p->free_slots = xgrow(p->free_slots, p->nfree, &p->free_cap, sizeof(*p->free_slots));
			p->free_slots[p->nfree++] = (p->h.o[i].addr - 0x1000) / 40;
			continue;
		}
		p->h.o[kept] = p->h.o[i];
		p->id[kept] = p->id[i];
		p->dead[kept++] = false;
	}
	p->h.n = kept;
}

static void play_on(struct play *p, uint64_t steps)
{
	while (steps--) {
		uint64_t what = unit_below(&p->rnd, 100);
		if (what < 60 || p->h.n == 0)
			play_birth(p);
		else if (what < 97)
			p->dead[unit_below(&p->rnd, p->h.n)] = true;
		else
			play_collect(p);
	}
}

static bool has(const uint64_t *ids, size_t n, uint64_t id)
{
	for (size_t i = 0; i < n; i++) {
		if (ids[i] == id)
			return true;
	}
	return false;
}

static void test_property(void **state)
{
	(void)state;
	size_t intervals = 0, found = 0;
	for (uint64_t seed = 1; seed <= 150; seed++) {
		struct world w;
		struct caught c = {0};
		struct play p = {.rnd = seed * 7919};
		uint64_t *ids[3];
		size_t nids[3], n = 2 + seed % 2, truth = 0;
		world_init(&w, seed % 3 != 0);
		for (size_t i = 0; i < n; i++) {
			play_on(&p, i ? unit_below(&p.rnd, 200) : 300);
			if (!w.gc_known)
				play_birth(&p); /* the dump call itself allocates */
			ids[i] = xcalloc(p.h.n, sizeof(uint64_t));
			nids[i] = p.h.n;
			if (p.h.n)
				memcpy(ids[i], p.id, p.h.n * sizeof(uint64_t));
			take(&w, &p.h, i + 1, p.gc, 0);
		}
		for (size_t i = 0; i < nids[n - 1]; i++)
			truth += !has(ids[0], nids[0], ids[n - 1][i]) && (n == 2 || has(ids[1], nids[1], ids[n - 1][i]));
		for (int files = 0; files < 2; files++) {
			w.q.census = files ? w.census : NULL;
			ask(&c, &w.q, n == 2 ? "diff 4121@1 4121@2 -n 0" : "diff 4121@1 4121@2 4121@3 -n 0");
			uint64_t low = 0, high = 0;
			for (size_t i = 0; i < c.n; i++) {
				assert_string_equal(cell_s(&c, i, "identity"), "generation");
				low += cell_u(&c, i, "count_low");
				high += cell_u(&c, i, "count_high");
			}
			assert_true(low <= truth && truth <= high);
			if (files)
				assert_true(low == truth && high == truth); /* all addresses: exact */
			intervals += low != high;
			found += truth > 0;
		}
		caught_done(&c);
		for (size_t i = 0; i < n; i++)
			free(ids[i]);
		sample_done(&p.h);
		free(p.dead);
		free(p.id);
		free(p.free_slots);
		world_done(&w);
	}
	assert_true(found > 150);     /* the play has something to find */
	assert_true(intervals > 20);  /* and the hard case occurs */
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_slot_reuse_traced), cmocka_unit_test(test_slot_reuse_untraced),
	    cmocka_unit_test(test_compaction), cmocka_unit_test(test_wrong), cmocka_unit_test(test_property)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
