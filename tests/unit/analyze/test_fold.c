/* Tests of the folding: which rows are one leak, and which are two; what a deploy ends. SPDX-License-Identifier: BSD-2-Clause */
#include "unit.h"

#include <math.h>

#include "analyze/verdict.h"

enum { UNITS = 10, ROWS_MAX = 8 };

/* A life whose rows were weighed before: growing rows with births by unit. */
struct world {
	struct verdict_proc proc;
	struct verdict_life life;
	struct verdict_entry e[ROWS_MAX];
	struct verdict_key key[ROWS_MAX];
	struct verdict_judged judged[ROWS_MAX];
	const char *path[ROWS_MAX][4];
};

/* majors: of the GC, between two dumps; dead: objects that wait for one. */
static void dumps_with(struct verdict_proc *p, unsigned n, double t0, unsigned majors, double dead)
{
	for (unsigned k = 0; k < n; k++) {
		struct verdict_dump d = {.jobs = 1000. * (k + 1), .t = t0 + 60. * k, .gc = 10 * (k + 1), .major = majors * k + 1, .memsize = 1e7, .rss = 5e7,
		    .knows_dead = dead > 0, .dead = dead * (k + 1)};
		assert_true(verdict_proc_update(p, &d));
		verdict_proc_advance(p);
	}
}

static void dumps(struct verdict_proc *p, unsigned n, double t0) { dumps_with(p, n, t0, 1, 0); }

static void world_init(struct world *w, double t0)
{
	memset(w, 0, sizeof(*w));
	verdict_proc_init(&w->proc);
	w->proc.traced = true;
	dumps(&w->proc, 12, t0);
	w->life = (struct verdict_life){.proc = &w->proc, .entries = w->e};
}

/* births: of each unit; path: up to four names, the rest NULL; entries: of a container, or -1. */
static void grow(struct world *w, const char *type, const char *klass, const char *site, const char *const path[4], const double births[UNITS], double entries)
{
	size_t i = w->life.nentries++;
	struct verdict_judged *j = &w->judged[i];
	*j = (struct verdict_judged){.by_births = true, .m = UNITS, .df = UNITS, .nunits = UNITS, .evidence = {0, -20, -20, -20, -30, -30}};
	for (unsigned u = 0; u < UNITS; u++)
		j->survivors += j->units[u] = births[u];
	j->rate = j->survivors / 10000;
	j->se = sqrt(j->survivors) / 10000;
	verdict_key_init(&w->key[i]);
	w->key[i].n = entries < 0 ? j->survivors : 1;
	w->key[i].b = w->key[i].n * 40;
	w->key[i].len = entries;
	w->e[i] = (struct verdict_entry){.id = (uint32_t)i, .type = type, .klass = klass, .site = site, .path = w->path[i], .key = &w->key[i], .judged = j};
	while (path && w->e[i].npath < 4 && path[w->e[i].npath]) {
		w->path[i][w->e[i].npath] = path[w->e[i].npath];
		w->e[i].npath++;
	}
}

static size_t lines(struct world *w, size_t *ret_head)
{
	struct verdict *v = verdict_new(&w->life, 1);
	size_t n = v->nlines, rows = 0;
	for (size_t i = 0; i < n; i++)
		rows += v->lines[i].nrows;
	assert_int_equal(rows, w->life.nentries); /* each row is in one line */
	if (ret_head)
		*ret_head = v->fused[v->lines[0].head].entry->id;
	verdict_free(v);
	verdict_proc_done(&w->proc);
	return n;
}

static const double a[UNITS] = {100, 90, 110, 104, 97, 120, 88, 95, 106, 101};
static const double twice_a[UNITS] = {200, 180, 220, 208, 194, 240, 176, 190, 212, 202};
static const double b[UNITS] = {111, 95, 84, 99, 120, 93, 104, 117, 86, 102}; /* as much, and knows nothing of a */
static const char *const in_cache[4] = {"root vm", "class Cache"}, *const in_hash[4] = {"root vm", "class Cache", "Hash"};
static const char *const in_other[4] = {"root vm", "class Other"}, *const in_table[4] = {"root vm"}, *const in_hidden[4] = {"root vm", "ARRAY"};

static void test_below_a_container(void **state)
{
	(void)state;
	struct world w;
	size_t head;
	world_init(&w, 1e9);
	grow(&w, "STRING", "String", "app/a.rb:3", in_hash, b, -1);
	grow(&w, "HASH", "Hash", NULL, in_cache, a, 1011);
	assert_int_equal(lines(&w, &head), 1);
	assert_int_equal(head, 0); /* the entries, which have a site */
}

/* Entries of a site, beside those of another, of so many containers of one signature. Lines. */
static size_t in_containers(unsigned containers, const double *births)
{
	static const char *const in_item[4] = {"root vm", "class Cache", "Hash", "Item"};
	struct world w;
	world_init(&w, 1e9);
	grow(&w, "STRING", "String", "app/a.rb:3", in_hash, a, -1);
	grow(&w, "OBJECT", "Item", "app/b.rb:9", in_hash, births, -1);
	grow(&w, "STRING", "String", "app/b.rb:10", in_item, births, -1);
	grow(&w, "HASH", "Hash", NULL, in_cache, twice_a, 2022);
	w.key[3].n = containers;
	return lines(&w, NULL);
}

static void test_containers_of_one_signature(void **state)
{
	(void)state;
	assert_int_equal(in_containers(1, b), 1);
	assert_int_equal(in_containers(2, b), 2);
	assert_int_equal(in_containers(2, a), 1); /* one cause */
}

/* An Array gains objects of its own, and what so many Hashes in it contain grows. Lines. */
static size_t hashes_that_grow(unsigned hashes)
{
	struct world w;
	world_init(&w, 1e9);
	grow(&w, "ARRAY", "Array", NULL, in_cache, a, 1311);
	grow(&w, "OBJECT", "Item", "app/b.rb:9", (const char *const[4]){"root vm", "class Cache", "Array"}, a, -1);
	grow(&w, "HASH", "Hash", NULL, (const char *const[4]){"root vm", "class Cache", "Array"}, twice_a, 2022);
	w.key[2].n = hashes;
	w.judged[2].by_births = false;
	return lines(&w, NULL);
}

static void test_each_grows(void **state)
{
	(void)state;
	assert_int_equal(hashes_that_grow(300), 2); /* whatever its entries do, though the paces are 2 to 1 */
	assert_int_equal(hashes_that_grow(1), 1);
}

/* Of a container that keeps its length the entries are replaced. */
static void test_a_container_that_stands_still(void **state)
{
	(void)state;
	for (unsigned still = 0; still < 2; still++) {
		struct world w;
		double gained[UNITS];
		memcpy(gained, a, sizeof(gained));
		gained[UNITS - 1] = still ? 5 : 60;
		world_init(&w, 1e9);
		grow(&w, "STRING", "String", "app/a.rb:3", in_hash, a, -1);
		grow(&w, "HASH", "Hash", NULL, in_cache, gained, 1011);
		w.judged[1].evidence[STORY_LEAK] = -20;
		w.judged[1].evidence[STORY_SLOW] = 0;
		struct verdict *v = verdict_new(&w.life, 1);
		assert_int_equal(v->fused[0].entry->id, 0);
		assert_int_equal(v->fused[0].label, still ? VERDICT_SUSPECT : VERDICT_LEAK);
		verdict_free(v);
		verdict_proc_done(&w.proc);
	}
}

/* What hangs on the finalizer table waits for a major GC, although the graph needs none to tell births from garbage. */
static void test_finalizers_wait(void **state)
{
	static const char *const in_finalizers[4] = {"root finalizers"};
	(void)state;
	for (unsigned majors = 0; majors < 2; majors++) {
		struct world w;
		memset(&w, 0, sizeof(w));
		verdict_proc_init(&w.proc);
		w.proc.traced = w.proc.graph = true;
		dumps_with(&w.proc, 12, 1e9, majors, 300);
		w.life = (struct verdict_life){.proc = &w.proc, .entries = w.e};
		grow(&w, "ARRAY", NULL, "app/a.rb:3", in_finalizers, a, -1);
		struct verdict *v = verdict_new(&w.life, 1);
		assert_int_equal(v->fused[0].label, majors ? VERDICT_LEAK : VERDICT_SUSPECT);
		verdict_free(v);
		verdict_proc_done(&w.proc);
	}
}

/* What names a leak is what a program made, whichever of two is surer by a hair and in whatever order they come: the name is kept. */
static void test_a_name_is_kept(void **state)
{
	(void)state;
	for (unsigned turn = 0; turn < 4; turn++) {
		struct world w;
		size_t head;
		world_init(&w, 1e9);
		for (unsigned i = 0; i < 2; i++) {
			bool imemo = i == turn / 2;
			grow(&w, imemo ? "IMEMO" : "DATA", imemo ? "imemo:env" : "Proc", "app/a.rb:7", in_hash, a, -1);
			w.judged[i].evidence[0] = i == turn % 2 ? .02 : 0;
		}
		grow(&w, "ARRAY", "Hash", NULL, in_cache, a, 1011);
		assert_int_equal(lines(&w, &head), 1);
		assert_int_equal(head, turn / 2 ? 0 : 1);
	}
}

/* A cache that fills is one thing, named by its entries; one elsewhere is another. */
static void test_bounded_are_folded(void **state)
{
	struct verdict_bounded found[3];
	struct world w;
	(void)state;
	world_init(&w, 1e9);
	grow(&w, "STRING", "String", "app/a.rb:3", in_hash, a, -1);
	grow(&w, "HASH", "Hash", NULL, in_cache, a, 1011);
	grow(&w, "OBJECT", "Item", "app/b.rb:9", in_other, a, -1);
	for (size_t i = 0; i < w.life.nentries; i++) { /* they slow down, all evidence says */
		w.judged[i].evidence[STORY_LEAK] = -20;
		w.judged[i].evidence[STORY_SLOW] = 0;
	}
	struct verdict *v = verdict_new(&w.life, 1);
	assert_int_equal(v->nlines, 0);
	assert_int_equal(verdict_bounded(v, found), 2);
	const struct verdict_bounded *cache = &found[found[0].top->entry->id == 2];
	assert_int_equal(cache->top->entry->id, 1);
	assert_int_equal(cache->head->entry->id, 0);
	assert_true(cache->pace > 0);
	assert_int_equal(found[cache == found].head->entry->id, 2);
	verdict_free(v);
	verdict_proc_done(&w.proc);
}

/* Lines of a String of app/a.rb:3 in the cache and of an Item. */
static size_t beside(const char *site, const char *const *path, const double *births)
{
	struct world w;
	world_init(&w, 1e9);
	grow(&w, "STRING", "String", "app/a.rb:3", in_cache, a, -1);
	grow(&w, "OBJECT", "Item", site, path, births, -1);
	return lines(&w, NULL);
}

static void test_two_holders_are_two(void **state)
{
	(void)state;
	struct world w;
	world_init(&w, 1e9);
	grow(&w, "STRING", "String", "app/a.rb:3", in_cache, a, -1);
	grow(&w, "STRING", "String", "app/a.rb:3", in_other, twice_a, -1); /* tied, of one line of code, but held by two */
	assert_int_equal(lines(&w, NULL), 2);
	assert_int_equal(beside("app/a.rb:3", in_other, b), 2); /* of one line, not tied */
}

/* What nothing alone holds and no line of Ruby made goes along with what it is tied to; untraced nobody knows any line. */
static void test_made_nowhere(void **state)
{
	(void)state;
	for (unsigned traced = 0; traced < 2; traced++) {
		struct world w;
		world_init(&w, 1e9);
		w.proc.traced = traced;
		grow(&w, "DATA", "Enumerator", traced ? "app/a.rb:3" : NULL, in_cache, a, -1);
		grow(&w, "DATA", "Thread", NULL, NULL, twice_a, -1);
		assert_int_equal(lines(&w, NULL), traced ? 1 : 2);
	}
}

/* Two variables are not one holder. */
static void test_two_variables(void **state)
{
	(void)state;
	static const char *const roots[] = {"root thread stacks", "root global_tbl", "root vm"};
	for (size_t i = 0; i < 3; i++) {
		struct world w;
		world_init(&w, 1e9);
		grow(&w, "ARRAY", "Array", NULL, (const char *const[4]){roots[i]}, a, 1011);
		grow(&w, "HASH", "Hash", NULL, (const char *const[4]){roots[i]}, twice_a, 2022);
		assert_int_equal(lines(&w, NULL), i < 2 ? 2 : 1);
	}
}

/* Of one holder, each steady: lines of code that one cause runs grow together, those of two causes each by its own chance. */
static void test_two_causes_of_one_holder(void **state)
{
	(void)state;
	assert_int_equal(beside("app/b.rb:9", in_cache, twice_a), 1);
	assert_int_equal(beside("app/b.rb:9", in_cache, b), 2);
}

static void test_one_line_of_code(void **state)
{
	(void)state;
	assert_int_equal(beside("app/a.rb:3", in_other, twice_a), 1);
	const double each[UNITS] = {8, 8, 8, 8, 8, 8, 8, 8, 8, 8}; /* few are tied to any many that come as evenly */
	assert_int_equal(beside("app/a.rb:3", in_other, each), 2);
}

/* A row of the interpreter in the line of one leak is as regular as another leak: that is no reason to make them one. */
static void test_two_regular_leaks(void **state)
{
	(void)state;
	const double each[UNITS] = {8, 8, 8, 8, 8, 8, 8, 8, 8, 8}, hundred[UNITS] = {800, 800, 800, 800, 800, 800, 800, 800, 800, 800};
	struct world w;
	world_init(&w, 1e9);
	grow(&w, "OBJECT", "Price", "app/a.rb:3", in_cache, hundred, -1);
	grow(&w, "OBJECT", "Sess", "app/b.rb:9", in_other, each, -1);
	grow(&w, "STRING", "String", "app/b.rb:9", in_hidden, each, -1);
	assert_int_equal(lines(&w, NULL), 2);
}

static void test_of_one_library(void **state)
{
	(void)state;
	struct world w;
	size_t head;
	world_init(&w, 1e9);
	grow(&w, "OBJECT", "Field", "/x/gems/mail-2.8.1/lib/mail/field.rb:3", NULL, twice_a, -1);
	grow(&w, "OBJECT", "Mail", "/x/gems/mail-2.8.1/lib/mail.rb:9", in_cache, a, -1);
	assert_int_equal(lines(&w, &head), 1);
	assert_int_equal(head, 1); /* the one with a holder */
	world_init(&w, 1e9);
	grow(&w, "OBJECT", "Field", "/x/gems/mail-2.8.1/lib/mail/field.rb:3", NULL, b, -1);
	grow(&w, "OBJECT", "Mail", "/x/gems/mail-2.8.1/lib/mail.rb:9", in_cache, a, -1);
	assert_int_equal(lines(&w, NULL), 2);
	world_init(&w, 1e9);
	grow(&w, "OBJECT", "Row", "/x/gems/pg-1.5/lib/pg.rb:3", NULL, twice_a, -1);
	grow(&w, "OBJECT", "Mail", "/x/gems/mail-2.8.1/lib/mail.rb:9", in_cache, a, -1);
	assert_int_equal(lines(&w, NULL), 2);
}

static void test_tables_of_the_interpreter(void **state)
{
	(void)state;
	struct world w;
	world_init(&w, 1e9);
	grow(&w, "OBJECT", "Res", "app/a.rb:3", in_cache, a, -1);
	grow(&w, "ARRAY", NULL, NULL, in_table, twice_a, -1);
	grow(&w, "DATA", "Proc", "app/b.rb:8", in_hidden, twice_a, -1); /* below it: the hidden array has no class */
	assert_int_equal(lines(&w, NULL), 1);
	world_init(&w, 1e9);
	grow(&w, "OBJECT", "Res", "app/a.rb:3", in_cache, a, -1);
	grow(&w, "ARRAY", NULL, NULL, in_table, b, -1);
	assert_int_equal(lines(&w, NULL), 2);
}

/* Rows of the interpreter that are tied to each other and to a leak by the last of them do not name it. */
static void test_tables_name_nothing(void **state)
{
	(void)state;
	struct world w;
	double by[3][UNITS]; /* neighbours are tied, the first and the last are not */
	size_t head;
	for (unsigned i = 0; i < 3; i++)
		for (unsigned u = 0; u < UNITS; u++)
			by[i][u] = a[u] + (u % 2 ? 8. : -8.) * i;
	world_init(&w, 1e9);
	grow(&w, "IMEMO", "imemo:ment", "app/a.rb:3", in_table, by[0], -1);
	grow(&w, "STRING", "String", "app/a.rb:3", in_hidden, by[1], -1);
	grow(&w, "IMEMO", "imemo:env", "app/a.rb:3", in_cache, by[2], -1);
	grow(&w, "DATA", "Proc", "app/a.rb:3", in_cache, by[2], -1);
	assert_int_equal(lines(&w, &head), 1);
	assert_int_equal(head, 3); /* what a program made, in what has a name */
}

/* Classes are held by their superclass as well: nothing alone holds them. With a container that gains one when they do they are one leak, named
 * by them; not where it has entries of its own, nor where they are as many by chance. */
static void test_entries_held_twice(void **state)
{
	struct world w;
	size_t head;
	(void)state;
	for (int own = 0; own < 2; own++) {
		world_init(&w, 1e9);
		grow(&w, "HASH", "Hash", NULL, in_cache, a, 1011);
		grow(&w, "CLASS", "Class", "app/kinds.rb:3", NULL, twice_a, -1);
		if (own)
			grow(&w, "OBJECT", "Price", "app/price.rb:9", in_hash, a, -1);
		assert_int_equal(lines(&w, &head), 1 + own);
		assert_true(own || head == 1);
	}
	world_init(&w, 1e9);
	grow(&w, "HASH", "Hash", NULL, in_cache, a, 1011);
	grow(&w, "CLASS", "Class", "app/kinds.rb:3", NULL, b, -1);
	assert_int_equal(lines(&w, NULL), 2);
}

static void test_container_of_mixed_entries(void **state)
{
	(void)state;
	struct world w;
	world_init(&w, 1e9);
	grow(&w, "ARRAY", "Array", NULL, in_cache, a, 1011);
	grow(&w, "STRING", "String", "app/a.rb:3", (const char *const[4]){"root vm", "class Cache", "Array"}, a, -1);
	for (int c = 0; c < STORIES; c++)
		w.judged[1].evidence[c] = c == STORY_SLOW ? 0 : -20; /* of all that this line makes, most is a cache's */
	w.key[1].n = 3000;
	struct verdict *v = verdict_new(&w.life, 1);
	assert_int_equal(v->lines[0].label, VERDICT_LEAK);
	verdict_free(v);
	w.key[1].n = 1011; /* they are its entries: then they know better than its length */
	v = verdict_new(&w.life, 1);
	assert_int_equal(v->nlines, 0);
	verdict_free(v);
	verdict_proc_done(&w.proc);
}

/* Two lives, the older one with a leak. Returns the label of its line. */
static enum verdict_label after(uint64_t rev, double t0, unsigned ndumps)
{
	struct world w;
	world_init(&w, 1e9);
	w.proc.rev = 1;
	grow(&w, "STRING", "String", "app/a.rb:3", in_cache, a, -1);
	struct verdict_proc next;
	verdict_proc_init(&next);
	next.traced = true;
	next.rev = rev;
	dumps(&next, ndumps, t0);
	struct verdict_life both[2] = {w.life, {.proc = &next}};
	struct verdict *v = verdict_new(both, 2);
	assert_int_equal(v->nlines, 1);
	enum verdict_label l = v->lines[0].label;
	verdict_free(v);
	verdict_proc_done(&next);
	verdict_proc_done(&w.proc);
	return l;
}

static void test_ended_by_a_deploy(void **state)
{
	(void)state;
	assert_int_equal(after(2, 1e9 + 5000, 8), VERDICT_SUSPECT);
	assert_int_equal(after(2, 1e9 + 5000, 3), VERDICT_LEAK);  /* too early to say */
	assert_int_equal(after(2, 1e9 + 100, 8), VERDICT_LEAK);   /* both run: a canary */
	assert_int_equal(after(1, 1e9 + 5000, 8), VERDICT_LEAK);  /* a worker of the same revision, which may do other jobs */
	assert_int_equal(after(0, 1e9 + 5000, 8), VERDICT_LEAK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_below_a_container), cmocka_unit_test(test_containers_of_one_signature),
	    cmocka_unit_test(test_a_container_that_stands_still), cmocka_unit_test(test_each_grows),
	    cmocka_unit_test(test_a_name_is_kept), cmocka_unit_test(test_finalizers_wait),
	    cmocka_unit_test(test_bounded_are_folded),
	    cmocka_unit_test(test_two_holders_are_two), cmocka_unit_test(test_two_variables), cmocka_unit_test(test_made_nowhere),
	    cmocka_unit_test(test_two_causes_of_one_holder),
	    cmocka_unit_test(test_one_line_of_code), cmocka_unit_test(test_two_regular_leaks), cmocka_unit_test(test_entries_held_twice),
	    cmocka_unit_test(test_of_one_library), cmocka_unit_test(test_tables_of_the_interpreter), cmocka_unit_test(test_tables_name_nothing),
	    cmocka_unit_test(test_container_of_mixed_entries),
	    cmocka_unit_test(test_ended_by_a_deploy)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
