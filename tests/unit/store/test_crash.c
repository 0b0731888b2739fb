/* kill -9 in the middle of writing: what was acknowledged stays, whole. SPDX-License-Identifier: BSD-2-Clause
 *
 * Each round a child writes the dumps of another process into a store and says each id after its commit; the parent
 * kills it at a moment drawn at random: during the open, a put, a commit, a retention. Even rounds share a store that keeps
 * everything, odd ones another that thins. */
#include "unit.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "disk.h"

enum {
	ROUNDS = 40,
	DUMPS = 48,            /* a child writes at most this many */
	DETAIL = 6,            /* in odd rounds retention thins what is older */
	RETAIN_EACH = 4,       /* dumps between two retentions */
	DELAY_US = 6000,       /* of one put, about: the kill comes within this time after an acknowledgement */
	DEADLINE_MS = 30000,
};

static struct series_opts process(uint64_t round)
{
	return (struct series_opts){.keys = 120, .gens = 10, .sigs = 40, .seed = 100 + round, .pid = 5000 + round, .churn_pct = 20};
}

static struct store_opts options(uint64_t round)
{
	return (struct store_opts){.detail_dumps = round % 2 ? DETAIL : 0};
}

static void child(const char *dir, uint64_t round, int ack)
{
	struct store_opts o = options(round);
	struct series_opts so = process(round);
	struct series s;
	struct store *store;
	o.dir = dir;
	if (store_open(&store, &o, NULL))
		_exit(2);
	series_init(&s, &so);
	for (int i = 0; i < DUMPS; i++) {
		uint64_t id;
		struct dump_summary *d = series_next(&s);
		if (disk_put(store, d, &id) || write(ack, &id, sizeof(id)) != sizeof(id))
			_exit(3);
		if (o.detail_dumps && i % RETAIN_EACH == RETAIN_EACH - 1 && disk_retain(store, d->head.time, false))
			_exit(4);
		summary_free(d);
	}
	_exit(0);
}

/* Reads ids until `want` are there or the child is done; returns how many. */
static size_t read_acks(int fd, uint64_t *ids, size_t n, size_t want)
{
	while (n < want) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		assert_int_equal(poll(&p, 1, DEADLINE_MS), 1);
		ssize_t k = read(fd, &ids[n], sizeof(*ids));
		if (k == 0)
			break;
		assert_int_equal(k, sizeof(*ids)); /* a pipe hands over a write this small as one */
		n++;
	}
	return n;
}

/* Runs and kills one child; returns the number of acknowledged ids. *ret_status: how it ended. */
static size_t one_life(const char *dir, uint64_t round, uint64_t *rnd, uint64_t *ids, int *ret_status)
{
	int fd[2];
	assert_int_equal(pipe(fd), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(fd[0]);
		child(dir, round, fd[1]);
	}
	close(fd[1]);
	bool early = round < 2 || unit_below(rnd, 4) == 0; /* while it opens: the first two also make the store */
	size_t n = read_acks(fd[0], ids, 0, early ? 0 : unit_below(rnd, DUMPS - 8));
	struct timespec t = {.tv_nsec = 1000 * (long)unit_below(rnd, DELAY_US)};
	nanosleep(&t, NULL);
	kill(pid, SIGKILL);
	n = read_acks(fd[0], ids, n, DUMPS); /* what it said before it died counts */
	close(fd[0]);
	assert_int_equal(waitpid(pid, ret_status, 0), pid);
	return n;
}

static struct store_dump *row_of(struct store_dump *d, size_t n, uint64_t dump)
{
	for (size_t i = 0; i < n; i++)
		if (d[i].dump == dump)
			return &d[i];
	return NULL;
}

/* A dump of the store against what its process had: all of it, or the totals where it was thinned. */
static void check_dump(struct store *s, const struct store_dump *row, const struct dump_summary *want)
{
	struct dump_summary *got = disk_load(s, row->dump);
	assert_int_equal(row->objects, want->objects);
	if (row->thinned) {
		uint64_t bytes = 0;
		for (size_t k = 0; k < got->nkeys; k++)
			bytes += got->keys[k].all.bytes;
		assert_int_equal(bytes, want->bytes);
		assert_int_equal(got->objects, want->objects);
	} else {
		assert_true(summaries_equal(want, got));
	}
	summary_free(got);
}

/* Everything of one process; the newest DETAIL acknowledged ones may not even be thinned. Returns the number found. */
static size_t check_round(struct store *s, uint64_t round, const uint64_t *ids, size_t nids)
{
	struct series_opts so = process(round);
	struct series live;
	size_t n, found = 0;
	struct store_dump *rows = disk_list(s, 0, &n);
	series_init(&live, &so);
	for (size_t i = 0; i < DUMPS; i++) {
		struct dump_summary *want = series_next(&live);
		const struct store_dump *row = NULL;
		if (i < nids) {
			row = row_of(rows, n, ids[i]);
			if (!row && (round % 2 == 0 || i + DETAIL > nids))
				fail_msg("round %llu: dump %zu of %zu was acknowledged and is lost", (unsigned long long)round, i, nids);
			if (row && row->thinned)
				assert_true(round % 2 == 1 && i + DETAIL < nids + 1);
		}
		/* The last one may be there though its acknowledgement was not sent any more. */
		for (size_t k = 0; i == nids && k < n; k++)
			if (rows[k].pid == so.pid && rows[k].seq == want->head.seq)
				row = &rows[k];
		if (row) {
			assert_int_equal(row->pid, so.pid);
			check_dump(s, row, want);
			found++;
		}
		summary_free(want);
	}
	size_t of_proc = 0;
	for (size_t k = 0; k < n; k++)
		of_proc += rows[k].pid == so.pid;
	assert_int_equal(of_proc, found); /* nothing else is there */
	series_done(&live);
	free(rows);
	return found;
}

static void test_kill(void **state)
{
	(void)state;
	char *dirs[2] = {disk_temp(), disk_temp()};
	uint64_t rnd = 20260707, ids[ROUNDS][DUMPS];
	size_t nids[ROUNDS], killed = 0, acked = 0, before_any = 0;
	for (uint64_t round = 0; round < ROUNDS; round++) {
		int status;
		const char *dir = dirs[round % 2];
		nids[round] = one_life(dir, round, &rnd, ids[round], &status);
		assert_true(WIFSIGNALED(status) || (WIFEXITED(status) && WEXITSTATUS(status) == 0));
		killed += WIFSIGNALED(status);
		acked += nids[round];
		before_any += nids[round] == 0;
		struct store_opts o = options(round);
		struct store *s = disk_open(dir, &o); /* the dead one's lock is gone */
		check_round(s, round, ids[round], nids[round]);
		uint64_t other = round % 2 + 2 * unit_below(&rnd, round / 2 + 1); /* an older life is untouched */
		check_round(s, other, ids[other], nids[other]);
		store_close(s);
	}
	/* It was a test at all. */
	assert_true(killed >= ROUNDS * 3 / 4);
	assert_true(acked >= ROUNDS * 4);
	print_message("# %zu of %d killed, %zu before their first answer; %zu dumps acknowledged\n", killed, (int)ROUNDS,
	    before_any, acked);
	for (int i = 0; i < 2; i++) {
		disk_remove(dirs[i]);
		free(dirs[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_kill)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
