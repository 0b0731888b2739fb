/* Damaged records: an error or a value that later stages can use, never a crash. SPDX-License-Identifier: BSD-2-Clause */
#include "unit.h"

#include "disk.h"
#include "memdict.h"
#include "store/lmdb_int.h"

enum { TRIES = 20000, ROW_TRIES = 20000, FILE_TRIES = 300 };

static const struct series_opts tiny = {.keys = 60, .gens = 8, .sigs = 30, .seed = 4, .pid = 9, .churn_pct = 20};

/* A dump and the one before it, as parts and as bytes. */
struct fixture {
	struct memdict dict;
	struct dump_summary *sum[2];
	struct part_state st[2][PARTS];
	struct enc whole[PARTS], diff[PARTS]; /* of the second; tables only have a diff of their own */
};

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	struct series s;
	memdict_init(&f->dict);
	series_init(&s, &tiny);
	for (int k = 0; k < 2; k++) {
		struct rec_out o;
		f->sum[k] = series_next(&s);
		rec_out_init(&o, f->sum[k], &f->dict.d);
		for (int i = 0; i < PARTS; i++) {
			part_state_init(&f->st[k][i], parts_all[i]);
			parts_all[i]->save(&o, &f->st[k][i]);
			assert_int_equal(o.err, 0);
		}
		rec_out_done(&o);
	}
	for (int i = 0; i < PARTS; i++) {
		const struct part *p = parts_all[i];
		if (p->shape) {
			table_encode(&f->whole[i], p->shape, &f->st[1][i].t, NULL);
			table_encode(&f->diff[i], p->shape, &f->st[1][i].t, &f->st[0][i].t);
		} else {
			enc_raw(&f->whole[i], f->st[1][i].raw.p, f->st[1][i].raw.n);
		}
	}
	series_done(&s);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	for (int i = 0; i < PARTS; i++) {
		for (int k = 0; k < 2; k++)
			part_state_done(&f->st[k][i]);
		enc_done(&f->whole[i]);
		enc_done(&f->diff[i]);
	}
	for (int k = 0; k < 2; k++)
		summary_free(f->sum[k]);
	memdict_done(&f->dict);
	free(f);
	return 0;
}

/* A copy of n bytes with 1 to 4 damages, in a block of its exact size. */
static uint8_t *damage(uint64_t *rnd, const uint8_t *p, size_t *n)
{
	uint8_t *c = xmalloc(*n + 8);
	memcpy(c, p, *n);
	size_t times = 1 + unit_below(rnd, 4);
	for (size_t i = 0; i < times && *n; i++) {
		size_t at = unit_below(rnd, *n), k;
		switch (unit_below(rnd, 6)) {
		case 0: /* a bit */
		case 1:
			c[at] ^= (uint8_t)(1u << unit_below(rnd, 8));
			break;
		case 2: /* a byte */
			c[at] = (uint8_t)unit_rnd(rnd);
			break;
		case 3: /* a number becomes huge */
			k = *n - at < 9 ? *n - at : 9;
			memset(c + at, 0xff, k);
			break;
		case 4: /* the end is missing */
			*n = at;
			break;
		default: /* a byte is missing, all behind it slips */
			memmove(c + at, c + at + 1, *n - at - 1);
			(*n)--;
		}
	}
	uint8_t *exact = xmalloc(*n ? *n : 1);
	memcpy(exact, c, *n);
	free(c);
	return exact;
}

/* Decodes a part: from its whole bytes, or (base given) from a difference. */
static int decode(const struct part *p, struct span raw, const struct part_state *base, struct part_state *ret)
{
	if (!p->shape) {
		enc_raw(&ret->raw, raw.p, raw.n);
		return 0;
	}
	struct dec d;
	dec_init(&d, raw.p, raw.n);
	if (base) {
		table_done(&ret->t);
		table_copy(&ret->t, &base->t);
	}
	return table_decode(&d, p->shape, &ret->t);
}

/* Loads a dump of which part `which` is *st; the other parts it needs are whole. */
static int load(struct fixture *f, int which, const struct part_state *st, struct dump_summary **ret)
{
	struct rec_in in;
	*ret = summary_new();
	rec_in_init(&in, &f->dict.d);
	rec_in_begin(&in, *ret);
	for (int i = 0; i < PARTS && !in.err; i++) {
		bool needed = i == which || i == PART_KEYS || i == PART_SIGS;
		const struct part_state *use = i == which ? st : &f->st[1][i];
		if (needed && !part_empty(parts_all[i], use))
			parts_all[i]->load(&in, use);
	}
	strtab_done(&(*ret)->names);
	(*ret)->names = in.names;
	strtab_init(&in.names);
	int err = in.err;
	rec_in_done(&in);
	return err;
}

static void test_whole(void **state)
{
	struct fixture *f = *state;
	for (int i = 0; i < PARTS; i++) {
		for (int k = 0; k < (parts_all[i]->shape ? 2 : 1); k++) {
			struct part_state st;
			struct dump_summary *got;
			struct enc *e = k ? &f->diff[i] : &f->whole[i];
			part_state_init(&st, parts_all[i]);
			assert_int_equal(decode(parts_all[i], (struct span){e->p, e->n}, k ? &f->st[0][i] : NULL, &st), 0);
			if (parts_all[i]->shape) {
				assert_int_equal(st.t.n, f->st[1][i].t.n);
				assert_memory_equal(st.t.cells, f->st[1][i].t.cells, st.t.n * st.t.stride * sizeof(uint64_t));
			}
			assert_int_equal(load(f, i, &st, &got), 0);
			assert_null(summary_fault(got));
			assert_int_equal(got->nkeys, f->sum[1]->nkeys);
			assert_int_equal(got->nsigs, f->sum[1]->nsigs);
			summary_free(got);
			part_state_done(&st);
		}
	}
}

static void test_damage(void **state)
{
	struct fixture *f = *state;
	uint64_t rnd = 11;
	size_t good = 0, bad = 0;
	for (int i = 0; i < TRIES; i++) {
		int which = (int)unit_below(&rnd, PARTS);
		const struct part *p = parts_all[which];
		bool diff = p->shape && unit_below(&rnd, 2);
		const struct enc *e = diff ? &f->diff[which] : &f->whole[which];
		struct part_state st;
		size_t n = e->n;
		uint8_t *bytes = damage(&rnd, e->p, &n);
		part_state_init(&st, p);
		int err = decode(p, (struct span){bytes, n}, diff ? &f->st[0][which] : NULL, &st);
		if (!err) {
			struct dump_summary *got;
			err = load(f, which, &st, &got);
			if (!err && summary_fault(got))
				fail_msg("try %d, part %s: %s", i, p->name, summary_fault(got));
			summary_free(got);
		}
		assert_true(err == 0 || err == HDA_ECORRUPT);
		good += err == 0;
		bad += err != 0;
		part_state_done(&st);
		free(bytes);
	}
	assert_true(good > TRIES / 100 && bad > TRIES / 10);
	print_message("# %zu refused, %zu read as other values\n", bad, good);
}

/* Rows of the lists. */
static void test_rows(void **state)
{
	(void)state;
	uint64_t rnd = 12;
	struct lmdb_row row = {.d = {.dump = 9, .proc = 2, .pid = 4121, .objects = 123456, .bytes = 1 << 24, .time = 1.7e9,
				   .ruby = "3.1.7", .has_graph = true}, .base = 8, .place = 3, .stored = 7000}, got_row;
	struct store_proc proc = {.proc = 2, .who = {.pid = 4121, .start = 99, .boot = "b", .host = "web1", .app = "shop"},
	    .ruby = "3.1.7", .ndumps = 4, .first_dump = 1, .last_dump = 9, .jobs = 1000}, got_proc;
	struct enc e[2] = {{0}, {0}};
	lmdb_row_encode(&e[0], &row);
	lmdb_proc_encode(&e[1], &proc);
	assert_int_equal(lmdb_row_decode((struct span){e[0].p, e[0].n}, 9, &got_row), 0);
	assert_memory_equal(&got_row.d.ruby, &row.d.ruby, sizeof(row.d.ruby));
	assert_int_equal(got_row.base, 8);
	assert_int_equal(got_row.d.objects, 123456);
	assert_int_equal(lmdb_proc_decode((struct span){e[1].p, e[1].n}, 2, &got_proc), 0);
	assert_string_equal(got_proc.who.app, "shop");
	size_t bad = 0;
	for (int i = 0; i < ROW_TRIES; i++) {
		size_t n = e[i % 2].n;
		uint8_t *bytes = damage(&rnd, e[i % 2].p, &n);
		int err = i % 2 ? lmdb_proc_decode((struct span){bytes, n}, 2, &got_proc) :
				  lmdb_row_decode((struct span){bytes, n}, 9, &got_row);
		assert_true(err == 0 || err == HDA_ECORRUPT);
		assert_true(err || strnlen(i % 2 ? got_proc.ruby : got_row.d.ruby, sizeof(row.d.ruby)) < sizeof(row.d.ruby));
		bad += err != 0;
		free(bytes);
	}
	assert_true(bad > ROW_TRIES / 10);
	enc_done(&e[0]);
	enc_done(&e[1]);
}

/* --- the same on disk: rows of an LMDB store, compressed and in chunks --- */

/* Row number `at` of a table: key and value, copied; false when there is none. */
static bool row_at(struct lmdb *m, enum db_table t, size_t at, struct enc *key, struct enc *value)
{
	MDB_txn *txn;
	MDB_cursor *c;
	MDB_val k, v;
	assert_int_equal(mdb_txn_begin(m->env, NULL, MDB_RDONLY, &txn), 0);
	assert_int_equal(mdb_cursor_open(txn, m->dbi[t], &c), 0);
	int rc = 0;
	for (size_t i = 0; i <= at && rc == 0; i++)
		rc = mdb_cursor_get(c, &k, &v, MDB_NEXT);
	if (rc == 0) {
		enc_clear(key);
		enc_raw(key, k.mv_data, k.mv_size);
		enc_clear(value);
		enc_raw(value, v.mv_data, v.mv_size);
	}
	mdb_cursor_close(c);
	mdb_txn_abort(txn);
	return rc == 0;
}

static void set_row(struct lmdb *m, enum db_table t, const struct enc *key, const void *p, size_t n)
{
	MDB_txn *txn;
	assert_int_equal(mdb_txn_begin(m->env, NULL, 0, &txn), 0);
	assert_int_equal(db_put(m, txn, t, (struct span){key->p, key->n}, (struct span){p, n}, 0), 0);
	assert_int_equal(mdb_txn_commit(txn), 0);
}

/* Reads all there is; an error is of the store's own kind. Returns how many dumps failed. */
static size_t read_all(struct store *s, size_t n)
{
	struct store_rtxn *r;
	struct store_dump *d = NULL;
	struct store_proc *p = NULL;
	size_t k, bad = 0;
	assert_int_equal(store_rtxn_begin(s, &r), 0);
	int err = store_rtxn_dumps(r, 0, &d, &k);
	assert_true(err == 0 || err == HDA_ECORRUPT);
	if (!err)
		free(d);
	err = store_rtxn_procs(r, &p, &k);
	assert_true(err == 0 || err == HDA_ECORRUPT);
	if (!err)
		free(p);
	for (uint64_t i = 1; i <= n; i++) {
		struct dump_summary *got = NULL;
		err = store_rtxn_load(r, i, STORE_ALL, &got);
		assert_true(err == 0 || err == HDA_ECORRUPT);
		if (!err && summary_fault(got))
			fail_msg("dump %llu: %s", (unsigned long long)i, summary_fault(got));
		summary_free(got);
		bad += err != 0;
	}
	store_rtxn_end(r);
	return bad;
}

static void test_on_disk(void **state)
{
	(void)state;
	enum { N = 4 };
	static const enum db_table tables[] = {DB_parts, DB_parts, DB_parts, DB_dumps, DB_procs, DB_names, DB_keys, DB_sigs};
	char *dir = disk_temp();
	struct store *s = disk_open(dir, &(struct store_opts){.map_size = 64 << 20});
	struct lmdb *m = (struct lmdb *)s;
	struct series live;
	uint64_t rnd = 13, id;
	size_t failed = 0;
	struct enc key = {0}, value = {0};
	series_init(&live, &tiny);
	for (int i = 0; i < N; i++) {
		struct dump_summary *d = series_next(&live);
		assert_int_equal(disk_put(s, d, &id), 0);
		summary_free(d);
	}
	assert_int_equal(read_all(s, N), 0);
	for (int i = 0; i < FILE_TRIES; i++) {
		enum db_table t = tables[unit_below(&rnd, sizeof(tables) / sizeof(*tables))];
		if (!row_at(m, t, unit_below(&rnd, t == DB_parts ? 60 : 4), &key, &value))
			continue;
		size_t n = value.n;
		uint8_t *bytes = damage(&rnd, value.p, &n);
		set_row(m, t, &key, bytes, n);
		failed += read_all(s, N) > 0;
		set_row(m, t, &key, value.p, value.n);
		free(bytes);
	}
	assert_int_equal(read_all(s, N), 0);
	assert_true(failed > FILE_TRIES / 5);
	print_message("# %zu of %d damages were noticed\n", failed, (int)FILE_TRIES);
	enc_done(&key);
	enc_done(&value);
	series_done(&live);
	store_close(s);
	disk_remove(dir);
	free(dir);
}

/* The mean is the quotient of integers, at the edges of what doubles hold and beyond. */
static void test_mean(void **state)
{
	(void)state;
	uint64_t seed = 1;
	for (int i = 0; i < TRIES; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		uint64_t count = (seed >> 8) >> (seed & 63), mean = seed >> (20 + (seed >> 40) % 40);
		for (uint64_t off = 0; off < 3; off++) { /* around a whole mean, where a rounded quotient would be one too much */
			uint64_t v[] = {count, count * mean + off - 1};
			assert_int_equal(table_mean(v), count ? v[1] / count : TABLE_SLOT_BYTES);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_whole, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_damage, setup, teardown),
	    cmocka_unit_test(test_mean),
	    cmocka_unit_test(test_rows),
	    cmocka_unit_test(test_on_disk),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
