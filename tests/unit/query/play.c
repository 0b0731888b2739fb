/* A process that the tests of leaks play. SPDX-License-Identifier: BSD-2-Clause */
#include "play.h"

#include <math.h>

#include "base/mem.h"
#include "hda/protocol.h"
#include "query/series.h"
#include "unit.h"

uint32_t name(struct dump_summary *s, const char *text) { return strtab_intern(&s->names, span_of(text)); }

static void add_key(struct dump_summary *s, const struct play *p, const char *file, uint64_t k, bool gone)
{
	struct sum_key *key = &s->keys[s->nkeys];
	*key = (struct sum_key){.type = name(s, "STRING"), .klass = name(s, "String"), .file = p->untraced ? 0 : name(s, file), .line = p->untraced ? 0 : 14};
	for (uint64_t i = 0; i <= k; i++) {
		double n = gone ? 0 : p->alive(i, k);
		if (!(n >= 1))
			continue;
		key->all.count += (uint64_t)n;
		key->all.bytes += 40 * (uint64_t)n;
		if (!p->untraced)
			s->genkeys[s->ngenkeys++] = (struct sum_genkey){.generation = 10 * i + 5, .key = (uint32_t)s->nkeys, .t = {(uint64_t)n, 40 * (uint64_t)n}};
	}
	s->nkeys += key->all.count > 0;
}

static int by_generation(const void *a, const void *b)
{
	const struct sum_genkey *x = a, *y = b;
	return x->generation != y->generation ? (x->generation < y->generation ? -1 : 1) : (x->key > y->key) - (x->key < y->key);
}

struct dump_summary *play_dump(const struct play *p, uint64_t k)
{
	struct dump_summary *s = summary_new();
	s->head.who.pid = p->pid;
	s->head.who.start = p->start ? p->start : p->pid;
	snprintf(s->head.who.app, sizeof(s->head.who.app), "shop");
	snprintf(s->head.who.rev, sizeof(s->head.who.rev), "%s", p->rev ? p->rev : "r1");
	snprintf(s->head.ruby, sizeof(s->head.ruby), "3.1.7");
	s->head.jobs = p->jobs ? p->jobs(k) : 1000 * (k + 1);
	s->head.seq = 1000 * p->pid + 2 * k;
	s->head.time = p->time ? p->time(k) : 1e9 + 60 * (double)k;
	s->head.gc_count = s->max_generation = p->gc ? p->gc(k) : 10 * (k + 1);
	s->head.major_gc_count = k + 1;
	s->traced_objects_known = s->head.traced = !p->untraced;
	s->keys = xcalloc(p->files + 2, sizeof(*s->keys));
	s->genkeys = xcalloc((p->files + 2) * (k + 1) + 1, sizeof(*s->genkeys));
	s->keys[s->nkeys++] = (struct sum_key){.type = name(s, "ARRAY"), .klass = name(s, "Array"), .all = {5000, 200000}};
	add_key(s, p, p->file ? p->file : "app/a.rb", k, false);
	for (unsigned i = 0; i < p->files; i++) {
		char file[32];
		snprintf(file, sizeof(file), "app/more/%u.rb", i);
		add_key(s, p, file, k, false);
	}
	qsort(s->genkeys, s->ngenkeys, sizeof(*s->genkeys), by_generation);
	for (size_t i = 0; i < s->nkeys; i++) {
		s->objects += s->keys[i].all.count;
		s->bytes += s->keys[i].all.bytes;
	}
	return s;
}

double host_memory;

void put_dump(struct store *st, struct dump_summary *s)
{
	struct store_wtxn *w;
	uint64_t dump;
	bool stale;
	assert_int_equal(store_wtxn_begin(st, &w), 0);
	int err = store_wtxn_put(w, s, &dump);
	if (err != HDA_EEXISTS) {
		assert_int_equal(err, 0);
		assert_int_equal(series_update(w, s, dump, host_memory, NULL, &stale), 0);
	}
	assert_int_equal(store_wtxn_commit(w), 0);
	summary_free(s);
}

void play(struct store *st, const struct play *p, uint64_t dumps)
{
	for (uint64_t k = 0; k < dumps; k++)
		put_dump(st, play_dump(p, k));
}

void ask_at(struct caught *c, struct store *st, double now, const char *line)
{
	struct query_ctx q = {.store = st, .now = now};
	ask(c, &q, line);
}

/* --- what is played --- */

double keeps(uint64_t born, uint64_t k) { (void)born; (void)k; return 300; }
double keeps_much(uint64_t born, uint64_t k) { (void)born; (void)k; return 1e12; }
double early(uint64_t born, uint64_t k) { (void)k; return born < 3 ? 200 : 0; }
double young(uint64_t born, uint64_t k) { return born + 2 > k ? 300 : 0; }
double hides(uint64_t born, uint64_t k) { return born == 0 && (k < 5 || k > 7) ? 400 : 0; }

void no_leak(struct store *st)
{
	struct caught c = {0};
	ask_at(&c, st, NOW, "leaks");
	assert_int_equal(c.status, HDA_STATUS_OK);
	for (size_t i = 0; i < c.n; i++)
		assert_string_not_equal(cell_s(&c, i, "label"), "leak");
	ask_at(&c, st, NOW, "ps");
	assert_int_equal(c.status, HDA_STATUS_OK);
	for (size_t i = 0; i < c.n; i++)
		assert_string_not_equal(cell_s(&c, i, "verdict"), "leak");
	caught_done(&c);
}

void one_leak(struct store *st, double rate)
{
	struct caught c = {0};
	char line[40];
	ask_at(&c, st, NOW, "leaks");
	assert_int_equal(c.status, HDA_STATUS_OK);
	assert_string_equal(cell_s(&c, 0, "label"), "leak");
	assert_true(isfinite(cell_r(&c, 0, "objects_per_job")) && isfinite(cell_r(&c, 0, "low")) && isfinite(cell_r(&c, 0, "high")));
	if (isfinite(rate) && fabs(cell_r(&c, 0, "objects_per_job") - rate) > .1 * rate)
		fail_msg("%g objects a job, not %g", cell_r(&c, 0, "objects_per_job"), rate);
	snprintf(line, sizeof(line), "leaks --explain %s", cell_s(&c, 0, "id"));
	ask_at(&c, st, NOW, line);
	assert_int_equal(c.status, HDA_STATUS_OK);
	assert_string_equal(cell_s(&c, 0, "list"), "leak");
	caught_done(&c);
}
