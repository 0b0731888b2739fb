/* hdactl import: dump files into the daemon. SPDX-License-Identifier: BSD-2-Clause
 *
 * -j N files at a time, a thread each. The first Ctrl-C takes back what is being sent (END with discard) and sends no more, so
 * only whole dumps are stored; then the process ends by the signal, as its shell expects. The second ends it at once (the daemon
 * then has a partial dump, which counts in no report). A daemon that is gone is said once: the other files are not tried. */
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "cli/client.h"
#include "cli/human.h"
#include "cli/input.h"
#include "cli/progress.h"
#include "cli/remote.h"

enum {
	JOBS_MAX = 16,          /* files at a time */
	LATER_MIN_MS = 100,     /* wait at least so long when the daemon says later */
	LATER_MAX_MS = 5000,
	LATER_SLICE_MS = 100,   /* Ctrl-C is noticed so soon */
	PID_OF_FILES = 0,       /* a file whose name has no pid and no --pid */
};

struct importing {
	const struct cli *cli;
	struct input_list list;
	struct input_name over;
	struct report known;      /* dumps that are there */
	pthread_mutex_t lock;     /* all below, and stderr */
	struct progress progress;
	size_t next, stored, already, refused;
	bool several;             /* files at a time */
	bool gone;                /* the daemon went away: the rest is not sent */
	uint64_t done;
	uint64_t *acked;          /* dumps that the daemon confirmed, each once */
	size_t nacked, cap_acked;
	int code;                 /* worst so far */
};

static volatile sig_atomic_t stopping; /* the signal, 0 = none */

static void on_interrupt(int sig)
{
	if (stopping) {
		sigaction(sig, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
		raise(sig);
	}
	stopping = sig;
}

/* A line on stderr between two states of the progress line. */
static void warn(struct importing *m, const char *text, const char *more)
{
	pthread_mutex_lock(&m->lock);
	progress_end(&m->progress);
	cli_fail(0, "%s%s", text, more);
	pthread_mutex_unlock(&m->lock);
}

/* A file that is not stored, and why. */
static void say(struct importing *m, int code, const char *path, const char *why)
{
	pthread_mutex_lock(&m->lock);
	progress_end(&m->progress);
	cli_fail(0, "%s%s%s", path ? path : "", path ? ": " : "", why);
	m->refused++;
	if (code > m->code)
		m->code = code;
	pthread_mutex_unlock(&m->lock);
}

/* Is a dump of this process, time and counter there? Where the name says less the daemon tells by what it reads. */
static bool is_known(const struct importing *m, const struct dump_header *h)
{
	if (h->who.pid == PID_OF_FILES || h->jobs == HEADER_UNKNOWN)
		return false;
	for (size_t i = 0; i < m->known.nrows; i++) {
		const struct report_row *r = &m->known.rows[i];
		double jobs = report_num(r, "counter");
		if (report_num(r, "pid") == (double)h->who.pid && fabs(report_num(r, "time") - h->time) < 0.5 && jobs == (double)h->jobs)
			return true;
	}
	return false;
}

static int wait_for_go(struct client *c)
{
	struct msg_later later;
	int r;
	while ((r = client_want(c, "import", &later)) == 1) {
		uint32_t ms = later.retry_ms < LATER_MIN_MS ? LATER_MIN_MS : later.retry_ms > LATER_MAX_MS ? LATER_MAX_MS : later.retry_ms;
		for (uint32_t slept = 0; slept < ms; slept += LATER_SLICE_MS) {
			if (stopping)
				return -EINTR;
			nanosleep(&(struct timespec){.tv_nsec = LATER_SLICE_MS * 1000000L}, NULL);
		}
	}
	return r;
}

static void advance(struct importing *m, uint64_t n, const char *path)
{
	pthread_mutex_lock(&m->lock);
	m->done += n;
	progress_update(&m->progress, m->done, path);
	pthread_mutex_unlock(&m->lock);
}

/* The rest of a plain file. 0 at its end or when it must be read, else an error. Only with several at a time: processors are short then,
 * and this spares most of the sender's; while a lone sender has one for itself, and its copy leaves the bytes in the cache of the reader.
 */
static int stream_rest(struct importing *m, struct client *c, struct input *in, const char *path)
{
	int fd = m->several ? input_rest(in) : -1;
	ssize_t n = fd < 0 ? -ENOSYS : 1;
	while (n > 0 && !stopping) {
		n = client_file(c, fd);
		if (n > 0) {
			input_passed(in, (uint64_t)n);
			advance(m, (uint64_t)n, path);
		}
	}
	return n < 0 && n != -ENOSYS ? (int)n : 0;
}

/* Streams a file that is open, after GO. */
static int stream(
    struct importing *m, struct client *c, struct input *in, const char *path, const struct dump_header *h, struct msg_ack *ack)
{
	const uint8_t *bytes;
	uint64_t total, before = 0;
	ssize_t n = 0;
	int r = client_begin(c, h);
	while (r >= 0 && !stopping && (n = input_read(in, &bytes)) > 0) {
		r = client_data(c, (struct span){bytes, (size_t)n});
		uint64_t now = input_done(in, &total);
		advance(m, now - before, path);
		if (r >= 0)
			r = stream_rest(m, c, in, path);
		before = input_done(in, &total);
	}
	if (r < 0)
		return r;
	if (stopping) {
		r = client_discard(c);
		return r < 0 ? r : -EINTR;
	}
	if (n < 0)
		warn(m, input_error(in), "; what came before is sent as a partial dump");
	return client_end(c, n == 0, HEADER_UNKNOWN, ack);
}

/* A file that was not stored: the daemon refused it, or is not there (any more), which one line says for all. */
static void failed(struct importing *m, const char *path, int err, const char *why)
{
	bool refused = err == HDA_EREFUSED || err == HDA_EVERSION;
	pthread_mutex_lock(&m->lock);
	bool first = refused || !m->gone;
	m->gone |= !refused;
	pthread_mutex_unlock(&m->lock);
	if (first)
		say(m, refused ? CLI_REFUSED : CLI_UNREACHABLE, path, why);
}

/* A dump that was there, or comes twice (a file, and the same one compressed), is stored once and confirmed each time. */
static void confirmed(struct importing *m, uint64_t dump)
{
	pthread_mutex_lock(&m->lock);
	bool again = false;
	for (size_t i = 0; i < m->known.nrows; i++)
		again = again || report_num(&m->known.rows[i], "dump") == (double)dump;
	for (size_t i = 0; i < m->nacked; i++)
		again = again || m->acked[i] == dump;
	if (again) {
		m->already++;
	} else {
		m->acked = xgrow(m->acked, m->nacked, &m->cap_acked, sizeof(*m->acked));
		m->acked[m->nacked++] = dump;
		m->stored++;
	}
	pthread_mutex_unlock(&m->lock);
}

static void send_file(struct importing *m, struct input *in, const struct input_file *f, const struct dump_header *h)
{
	struct client c;
	struct msg_ack ack = {0};
	client_init(&c);
	int r = client_open(&c, m->cli->runtime_dir, "ingest", ROLE_INGEST);
	if (r >= 0)
		r = wait_for_go(&c);
	if (r >= 0)
		r = stream(m, &c, in, f->path, h, &ack);
	if (r < 0) {
		if (r != -EINTR)
			failed(m, f->path, r, c.text[0] ? c.text : hda_strerror(r));
	} else {
		confirmed(m, ack.dump);
	}
	client_close(&c);
}

/* One file; returns how many of its bytes were read. */
static uint64_t one(struct importing *m, const struct input_file *f)
{
	_cleanup_free_ char *why = NULL;
	struct dump_header h;
	struct input *in;
	uint64_t read = 0, total;
	int r = input_header(f->path, &m->over, false, &h);
	if (r < 0) {
		say(m, CLI_BAD_INPUT, f->path, r == HDA_EREFUSED ? "no unix time in its name (use --time)" : hda_strerror(r));
		return 0;
	}
	if (h.who.pid == HEADER_UNKNOWN)
		h.who.pid = PID_OF_FILES;
	if (is_known(m, &h)) {
		pthread_mutex_lock(&m->lock);
		m->already++;
		pthread_mutex_unlock(&m->lock);
	} else if (input_open(f->path, &in, &why) < 0) {
		say(m, CLI_BAD_INPUT, NULL, why ? why : f->path);
	} else {
		send_file(m, in, f, &h);
		read = input_done(in, &total);
		input_free(in);
	}
	dump_header_done(&h);
	return read;
}

static void *worker(void *arg)
{
	struct importing *m = arg;
	for (;;) {
		pthread_mutex_lock(&m->lock);
		size_t i = m->next < m->list.nfiles && !stopping && !m->gone ? m->next++ : SIZE_MAX;
		pthread_mutex_unlock(&m->lock);
		if (i == SIZE_MAX)
			return NULL;
		const struct input_file *f = &m->list.files[i];
		uint64_t read = one(m, f);
		/* What was not read (known, refused) takes no time: rate and time left are those of bytes that do. */
		pthread_mutex_lock(&m->lock);
		m->progress.total -= f->size > read ? f->size - read : 0;
		pthread_mutex_unlock(&m->lock);
	}
}

/* Files, overrides, and what the daemon has. The exit code of what is wrong. */
static int prepare(struct importing *m)
{
	const struct args *a = m->cli->args;
	const struct opt_use *pid = args_use(a, OPT_ID_PID), *jobs = args_use(a, OPT_ID_COUNTER);
	const struct opt_use *at_once = args_use(a, OPT_ID_JOBS);
	const char *when = args_text(a, OPT_ID_TIME);
	struct query_args all = {.a = {{"all", val_bool(true)}}, .n = 1};
	double t = 0;
	for (size_t i = 1; i < a->nwords; i++) {
		_cleanup_free_ char *why = NULL;
		if (input_list_add(&m->list, a->words[i], &why) < 0)
			say(m, CLI_BAD_INPUT, NULL, why ? why : a->words[i]);
	}
	for (size_t i = 0; i < m->list.nskips; i++)
		say(m, CLI_BAD_INPUT, m->list.skips[i].path, m->list.skips[i].why);
	input_list_sort(&m->list);
	if ((when || jobs) && m->list.nfiles > 1)
		return cli_fail(CLI_USAGE, "--time and --counter are for one file; there are %zu", m->list.nfiles);
	if (at_once && (at_once->number < 1 || at_once->number > JOBS_MAX))
		return cli_fail(CLI_USAGE, "--jobs: 1 to %d files at a time", JOBS_MAX);
	if (when && human_parse_time(when, &t) < 0)
		return cli_fail(CLI_USAGE, "--time: \"%s\" is no time: unix seconds or \"YYYY-MM-DD HH:MM:SS\"", when);
	m->over = (struct input_name){
	    pid ? pid->number : HEADER_UNKNOWN, when ? (uint64_t)t : HEADER_UNKNOWN, jobs ? jobs->number : HEADER_UNKNOWN};
	return remote_ask(m->cli, "dumps", &all, &m->known);
}

static void send_all(struct importing *m)
{
	const struct opt_use *j = args_use(m->cli->args, OPT_ID_JOBS);
	size_t n = j ? (size_t)j->number : 1, started = 0; /* prepare() held it to JOBS_MAX */
	pthread_t threads[JOBS_MAX];
	m->several = n > 1;
	uint64_t total = 0;
	for (size_t i = 0; i < m->list.nfiles; i++)
		total += m->list.files[i].size;
	progress_init(&m->progress, total);
	struct sigaction sa = {.sa_handler = on_interrupt}, piped;
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	/* sendfile(2) has no MSG_NOSIGNAL. */
	sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, &piped);
	while (started < n && pthread_create(&threads[started], NULL, worker, m) == 0)
		started++;
	if (!started)
		worker(m);
	for (size_t i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	sigaction(SIGPIPE, &piped, NULL);
	progress_end(&m->progress);
}

int run_import(struct cli *cli)
{
	struct importing m = {.cli = cli, .lock = PTHREAD_MUTEX_INITIALIZER};
	int code = prepare(&m);
	if (code == CLI_DONE) {
		send_all(&m);
		if (cli->json)
			printf("{\"hda\":1,\"report\":\"import\",\"dump\":null,\"rows\":[{\"stored\":%zu,\"already\":%zu,\"refused\":%zu}]}\n",
			    m.stored, m.already, m.refused);
		else
			printf("%zu stored, %zu already there, %zu refused%s\n", m.stored, m.already, m.refused,
			    stopping ? "; stopped: the rest was not sent" : m.gone ? "; the daemon is gone: the rest was not sent" : "");
		/* The others went on; only when nothing at all got there, or not all could be tried, it is an error of the whole. */
		code = m.gone ? CLI_UNREACHABLE : m.stored + m.already ? CLI_DONE : m.code;
	}
	if (stopping && fflush(stdout) == 0) {
		sigaction(stopping, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
		raise(stopping);
	}
	input_list_done(&m.list);
	report_done(&m.known);
	free(m.acked);
	return code;
}
