/* leaks: what hangs on the finalizer table. SPDX-License-Identifier: BSD-2-Clause */
#include "unit.h"

#include "analyze/verdict.h"
#include "base/mem.h"
#include "play.h"

/* An untraced process in which something grows on the finalizer table. */
struct finalizers {
	bool majors;                       /* major GCs are counted */
	uint64_t (*major)(uint64_t k);
	uint64_t (*dead)(uint64_t k);      /* unreachable objects at dump k */
};

static uint64_t never(uint64_t k) { (void)k; return 1; }
static uint64_t once(uint64_t k) { return k < 12 ? 1 : 2; }
static uint64_t always(uint64_t k) { return k + 1; }
static uint64_t few(uint64_t k) { (void)k; return 50; }
static uint64_t many(uint64_t k) { return 9000 + 37 * (k % 3); }
static uint64_t ever_more(uint64_t k) { return 300 * (k + 1) + 37 * (k % 3); }

static void put_finalizers(struct store *st, const struct finalizers *f, uint64_t k)
{
	struct dump_summary *s = play_dump(&(struct play){.pid = 1, .alive = early, .untraced = true}, k);
	s->head.major_gc_count = f->majors ? f->major(k) : HEADER_UNKNOWN;
	s->has_graph = true;
	s->garbage.count = f->dead(k);
	s->nsigs = 2;
	s->sigs = xcalloc(s->nsigs, sizeof(*s->sigs));
	s->sigs[0] = (struct sum_sig){.id = 11, .parent = UINT32_MAX, .klass = name(s, "root finalizers")};
	s->sigs[1] = (struct sum_sig){.id = 12, .parent = 0, .klass = name(s, "ARRAY"), .own = {300 * (k + 1), 12000 * (k + 1)}};
	put_dump(st, s);
}

/* What hangs on the finalizer table may be due to dead objects that wait for a major GC. It is a leak from the dump `first` on (0: at none of
 * 20), and before that `leaks` says what it waits for. */
static void test_finalizers(void **state)
{
	static const struct { struct finalizers f; unsigned first; const char *says; } cases[] = {
	    {{.dead = few}, 5, NULL},
	    {{.dead = many}, VERDICT_WAITS, "it takes one, or 2 dumps more"},
	    {{.dead = ever_more}, VERDICT_WAITS_MAX, "it takes one, or 2 dumps more"},
	    {{.majors = true, .major = always, .dead = ever_more}, 5, NULL},
	    {{.majors = true, .major = never, .dead = ever_more}, 0, "it takes one, or 2 dumps more"},
	    {{.majors = true, .major = once, .dead = ever_more}, 13, "it takes one, or 2 dumps more"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct store *st = sample_store();
		struct caught c = {0};
		for (unsigned k = 0; k < 20; k++) {
			put_finalizers(st, &cases[i].f, k);
			bool leak = cases[i].first && k + 1 >= cases[i].first;
			if (leak)
				one_leak(st, .3);
			else
				no_leak(st);
			if (cases[i].says && k + 1 == VERDICT_WAITS - 2) {
				ask_at(&c, st, NOW, "leaks");
				assert_non_null(strstr(c.notes, cases[i].says));
			}
		}
		caught_done(&c);
		store_close(st);
	}
}

/* Traced, of the dead only those count that were there at the last dump: the young need no major GC. */
static void put_traced_finalizers(struct store *st, bool old, uint64_t k)
{
	struct dump_summary *s = play_dump(&(struct play){.pid = 1, .alive = keeps, .files = 1}, k);
	s->head.major_gc_count = HEADER_UNKNOWN;
	s->has_graph = true;
	for (size_t i = 1; i < s->nkeys; i++) { /* those of the first file hang on the table, those of the other are dead */
		if (s->keys[i].file != name(s, "app/a.rb"))
			s->keys[i].garbage = old ? s->keys[i].all : (struct tally){300, 12000};
	}
	s->nsigs = 2;
	s->sigs = xcalloc(s->nsigs, sizeof(*s->sigs));
	s->sigs[0] = (struct sum_sig){.id = 11, .parent = UINT32_MAX, .klass = name(s, "root finalizers")};
	s->sigs[1] = (struct sum_sig){.id = 12, .parent = 0, .klass = name(s, "String"), .own = s->keys[1].all};
	s->nkey_sigs = 1;
	s->key_sigs = xcalloc(1, sizeof(*s->key_sigs));
	s->key_sigs[0] = (struct sum_key_sig){.key = 1, .sig = 1};
	put_dump(st, s);
}

static void test_traced_finalizers(void **state)
{
	(void)state;
	for (int old = 0; old < 2; old++) {
		struct store *st = sample_store();
		struct caught c = {0};
		for (uint64_t k = 0; k < 10; k++)
			put_traced_finalizers(st, old, k);
		ask_at(&c, st, NOW, "leaks");
		size_t i = find_row(&c, 0, "file", "app/a.rb");
		assert_string_equal(cell_s(&c, i, "holder"), "finalizer table");
		assert_string_equal(cell_s(&c, i, "label"), old ? "suspect" : "leak");
		assert_int_equal(strstr(c.notes, "to be told from a leak it takes one") != NULL, old);
		caught_done(&c);
		store_close(st);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_finalizers), cmocka_unit_test(test_traced_finalizers)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
