/* The storer's batches over a store that fails where it is told to. SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <pthread.h>

#include "base/mem.h"
#include "daemon/hdad.h"
#include "reduce/summary.h"
#include "store/backend.h"

enum { GOOD_PID = 5, BAD_PID = 666 };

/* A RAM store whose put fails for BAD_PID, and whose states of verdicts cannot be read while memo_fails. */
static struct store_ops real, broken;
static bool memo_fails;
static unsigned memo_reads;

static int put(struct store_wtxn *w, const struct dump_summary *sum, uint64_t *ret_dump)
{
	return sum->head.who.pid == BAD_PID ? HDA_EFORMAT : real.put(w, sum, ret_dump);
}

static int memo_w(struct store_wtxn *w, enum store_memo kind, uint64_t id, struct enc *ret)
{
	memo_reads++;
	return memo_fails ? HDA_EFORMAT : real.memo_w(w, kind, id, ret);
}

struct fixture {
	struct hdad h;
	struct worker w;
};

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	char *why = NULL;
	f->h.cfg = config_new();
	assert_int_equal(store_open(&f->h.store, &(struct store_opts){0}, &why), 0);
	real = *f->h.store->ops;
	broken = real;
	broken.put = put;
	broken.memo_w = memo_w;
	f->h.store->ops = &broken;
	memo_fails = false;
	memo_reads = 0;
	assert_int_equal(inbox_init(&f->h.store_in, false), 0);
	assert_int_equal(inbox_init(&f->w.in, false), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	inbox_done(&f->h.store_in);
	inbox_done(&f->w.in);
	store_close(f->h.store);
	config_unref(f->h.cfg);
	free(f);
	return 0;
}

static void post(struct fixture *f, uint64_t pid, uint64_t jobs)
{
	struct dump *d = xcalloc(1, sizeof(*d));
	d->msg.kind = STORER_PUT;
	d->w = &f->w;
	d->sum = summary_new();
	d->sum->head.who.pid = pid;
	d->sum->head.jobs = jobs;
	d->sum->head.time = 1e9 + (double)jobs;
	inbox_post(&f->h.store_in, &d->msg);
}

/* What was posted is one batch, for the thread begins only now. Returns when the storer has ended; the answers in their order. */
static size_t run_batch(struct fixture *f, struct dump *ret[8])
{
	size_t n = 0;
	struct inbox_msg *stop = xcalloc(1, sizeof(*stop));
	stop->kind = STORER_STOP;
	inbox_post(&f->h.store_in, stop);
	assert_int_equal(storer_start(&f->h.storer, &f->h), 0);
	assert_int_equal(pthread_join(f->h.storer.thread, NULL), 0);
	for (struct inbox_msg *m = inbox_take(&f->w.in); m && n < 8; m = m->next)
		ret[n++] = (struct dump *)m;
	return n;
}

/* Dumps of the process that are there. */
static size_t stored(struct fixture *f, uint64_t pid)
{
	struct store_rtxn *r;
	struct store_dump *d;
	size_t n, found = 0;
	assert_int_equal(store_rtxn_begin(f->h.store, &r), 0);
	assert_int_equal(store_rtxn_dumps(r, 0, &d, &n), 0);
	for (size_t i = 0; i < n; i++)
		found += d[i].pid == pid;
	free(d);
	store_rtxn_end(r);
	return found;
}

static void test_one_bad(void **state)
{
	struct fixture *f = *state;
	struct dump *got[8];
	post(f, GOOD_PID, 1);
	post(f, BAD_PID, 1);
	post(f, GOOD_PID + 1, 1);
	assert_int_equal(run_batch(f, got), 3);
	for (size_t i = 0; i < 3; i++) {
		bool bad = i == 1;
		assert_int_equal(got[i]->err, bad ? HDA_EFORMAT : 0);
		assert_true((got[i]->id == 0) == bad);
		assert_null(got[i]->sum);
		free(got[i]);
	}
	assert_int_equal(stored(f, GOOD_PID), 1);
	assert_int_equal(stored(f, GOOD_PID + 1), 1);
	assert_int_equal(stored(f, BAD_PID), 0);
}

/* What is said to be stored is: a verdict that cannot be made takes neither its dump nor those behind it. */
static void test_no_verdict(void **state)
{
	struct fixture *f = *state;
	struct dump *got[8];
	post(f, GOOD_PID, 1);
	assert_int_equal(run_batch(f, got), 1);
	free(got[0]);
	memo_fails = true;
	memo_reads = 0;
	post(f, GOOD_PID, 2);
	post(f, GOOD_PID + 1, 2);
	assert_int_equal(run_batch(f, got), 2);
	assert_true(memo_reads > 0);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(got[i]->err, 0);
		assert_true(got[i]->id > 0);
		free(got[i]);
	}
	assert_int_equal(stored(f, GOOD_PID), 2);
	assert_int_equal(stored(f, GOOD_PID + 1), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_one_bad, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_no_verdict, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
