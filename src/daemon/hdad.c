/* hdad put together: start, reload, drain, stop. SPDX-License-Identifier: BSD-2-Clause Main thread. */
#include "daemon/hdad.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/mem.h"
#include "daemon/host.h"
#include "daemon/querier.h"
#include "daemon/thread.h"
#include "hda/version.h"

enum {
	JOIN_MS = 5000,          /* after "stop now": a thread in the middle of a graph is not waited for any longer */
	STOP_EXTRA_MS = 10000,   /* beyond drain_deadline, told to systemd */
	READER_CHECK_MS = 60000,
	TRIM_LATEST_S = 30,      /* ... and while there is no such pause, so long after the first of them */
};

uint64_t hdad_stat(struct hdad *h, enum stat_id id) { return stats_sum(h->blocks, h->nblocks, id); }

void hdad_reader_check(struct hdad *h)
{
	uint64_t now = host_mono_ms(), last = atomic_load(&h->reader_check_ms);
	if (now - last >= READER_CHECK_MS && atomic_compare_exchange_strong(&h->reader_check_ms, &last, now))
		store_reader_check(h->store);
}

/* --- messages to main --- */

static void stop(struct hdad *h);

/* Freed memory is kept for a moment: the next question mostly comes soon and needs as much, and getting pages from the system was up
 * to two thirds of its time. */
static void trim_soon(struct hdad *h)
{
	uint64_t now = host_mono_ms();
	if (!event_pending(h->trim_timer, EV_TIMEOUT, NULL))
		h->trim_latest_ms = now + 1000 * TRIM_LATEST_S;
	if (now + 1000 * TRIM_AFTER_S <= h->trim_latest_ms)
		event_add(h->trim_timer, &(struct timeval){.tv_sec = TRIM_AFTER_S});
}

static void on_trim_timer(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	(void)ctx;
	host_trim();
}

static void handle(struct hdad *h, struct inbox_msg *m)
{
	switch ((enum main_msg)m->kind) {
	case MAIN_GEM:
		gems_take(h, (struct client *)((char *)m - offsetof(struct client, msg)));
		return;
	case MAIN_EVENT:
		admin_event(h, (struct watch_event *)m);
		trim_soon(h);
		return;
	case MAIN_ANSWERED:
		admin_answered(h, m);
		trim_soon(h);
		return;
	case MAIN_DRAINED:
		if (++h->ndrained == h->nworkers)
			stop(h);
		return;
	}
}

static void on_inbox(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	struct hdad *h = ctx;
	struct inbox_msg *next;
	for (struct inbox_msg *m = inbox_take(&h->main_in); m; m = next) {
		next = m->next;
		handle(h, m);
	}
}

static void on_fault(void *ctx, struct session *s, enum session_fault why, const char *text)
{
	struct hdad *h = ctx;
	thread_fault(&h->stats, s, why, text);
}

/* --- reload --- */

static void apply(struct hdad *h)
{
	lease_set_total(&h->dumps, config_get(h->cfg, CFG_max_dumps));
	lease_set_total(&h->graph_memory, config_get(h->cfg, CFG_graph_memory));
	h->loop.write_stall_ms = config_get(h->cfg, CFG_stall_deadline);
	h->loop.frame_stall_ms = config_get(h->cfg, CFG_idle_deadline);
	log_set_level((unsigned)config_get(h->cfg, CFG_log_level));
}

int hdad_reload(struct hdad *h, char **ret_text)
{
	struct config *fresh;
	char *why = NULL;
	systemd_reloading();
	int err = config_load(h->config_path, &fresh, &why);
	if (err < 0) {
		stats_add(&h->stats, STAT_reloads_bad, 1);
		log_event(LOG_reload_bad, LOG_STR("why", why));
		*ret_text = xasprintf("%s; the old configuration stays", why);
		free(why);
		systemd_ready("reload refused, the old configuration stays");
		return HDA_STATUS_REFUSED;
	}
	/* What needs a restart keeps its value, so that what `hdactl config` says is what is done. */
	_cleanup_free_ char *later = config_restart_rows(h->cfg, fresh);
	config_keep_fixed(fresh, h->cfg);
	config_unref(h->cfg);
	h->cfg = fresh;
	apply(h);
	for (unsigned i = 0; i < h->nworkers; i++)
		worker_config(&h->workers[i], fresh);
	stats_add(&h->stats, STAT_reloads, 1);
	log_event(LOG_reload_done, LOG_STR("needs_restart", later ? later : "nothing"));
	*ret_text = later ? xasprintf("reloaded; needs a restart: %s", later) : xstrdup("reloaded");
	systemd_ready("accepting dumps and queries");
	return HDA_STATUS_OK;
}

/* --- the end --- */

static void stop(struct hdad *h)
{
	if (h->state == HDAD_STOPPED)
		return;
	h->state = HDAD_STOPPED;
	event_base_loopexit(h->base, NULL);
}

static void drain(struct hdad *h)
{
	h->state = HDAD_DRAINING;
	uint64_t ms = config_get(h->cfg, CFG_drain_deadline);
	log_event(LOG_stop_drain, LOG_UINT("dumps", atomic_load(&h->dumps.used)), LOG_UINT("deadline_ms", ms));
	systemd_stopping((ms + STOP_EXTRA_MS) * 1000);
	for (int i = 0; i < LISTEN_N; i++)
		listener_stop(h->listeners[i]);
	for (unsigned i = 0; i < h->nworkers; i++)
		worker_post(&h->workers[i], WORKER_DRAIN);
	event_add(h->drain_timer, &(struct timeval){.tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000) * 1000});
}

static void stop_now(struct hdad *h, const char *why)
{
	log_event(LOG_stop_now, LOG_STR("why", why), LOG_UINT("dumps", atomic_load(&h->dumps.used)));
	stop(h);
}

static void on_drain_timer(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	stop_now(ctx, "drain_deadline passed");
}

static void on_stop_signal(evutil_socket_t sig, short what, void *ctx)
{
	(void)sig;
	(void)what;
	struct hdad *h = ctx;
	if (h->state == HDAD_RUNNING)
		drain(h);
	else
		stop_now(h, "second signal");
}

static void on_hup(evutil_socket_t sig, short what, void *ctx)
{
	(void)sig;
	(void)what;
	char *text = NULL;
	(void)hdad_reload(ctx, &text); /* said in the log */
	free(text);
}

/* --- watchdog --- */

static bool all_well(struct hdad *h)
{
	uint64_t now = host_mono_ms();
	const char *who = NULL;
	for (unsigned i = 0; i < h->nworkers; i++) {
		if (!heartbeat_well(&h->workers[i].heart, &h->workers[i].heart_seen, now))
			who = "worker";
	}
	for (unsigned i = 0; i < h->nqueriers; i++) {
		if (!heartbeat_well(&h->queriers[i].heart, &h->queriers[i].heart_seen, now))
			who = "querier";
	}
	if (!heartbeat_well(&h->storer.heart, &h->storer.heart_seen, now))
		who = "storer";
	if (who)
		log_event(LOG_watchdog_withheld, LOG_STR("thread", who));
	return !who;
}

static void on_watchdog(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	struct hdad *h = ctx;
	if (!all_well(h))
		return;
	char status[160];
	snprintf(status, sizeof(status), "%llu dumps in flight, %llu stored, %llu gems",
	    (unsigned long long)atomic_load(&h->dumps.used), (unsigned long long)hdad_stat(h, STAT_dumps_stored),
	    (unsigned long long)h->ngems);
	systemd_status(status);
	systemd_watchdog();
}

/* --- start --- */

static int lock_state(struct hdad *h, char **ret_why)
{
	int err = 0;
	h->lock_fd = open(h->state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (h->lock_fd < 0)
		err = -errno;
	else if (flock(h->lock_fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
		err = -EBUSY;
	if (err < 0)
		*ret_why = xasprintf("%s: %s", h->state_dir, err == -EBUSY ? "another hdad uses this directory"
			: err == -ENOENT ? "no such directory: make it, or choose another by --state-dir" : hda_strerror(err));
	return err;
}

static int open_store(struct hdad *h, char **ret_why)
{
	int err = lock_state(h, ret_why);
	if (err < 0)
		return err;
	_cleanup_free_ char *dir = xasprintf("%s/store", h->state_dir);
	struct store_opts o = {
	    .dir = dir,
	    .map_size = config_get(h->cfg, CFG_map_size),
	    .max_size = config_get(h->cfg, CFG_store_size),
	    .detail_dumps = (uint32_t)config_get(h->cfg, CFG_detail_dumps),
	    .max_age_s = config_get(h->cfg, CFG_max_age) / 1000,
	};
	err = store_open(&h->store, &o, ret_why);
	if (err < 0) {
		if (!*ret_why)
			*ret_why = xasprintf("%s: %s", dir, hda_strerror(err));
		return err;
	}
	store_secret(h->store, h->secret);
	store_reader_check(h->store);
	atomic_store(&h->reader_check_ms, host_mono_ms());
	struct store_stats st;
	store_stats(h->store, &st);
	log_event(LOG_store_opened, LOG_STR("engine", st.engine), LOG_STR("dir", dir), LOG_UINT("dumps", st.dumps),
	    LOG_UINT("used_bytes", st.used_bytes));
	return 0;
}

static int start_threads(struct hdad *h)
{
	unsigned workers = (unsigned)config_get(h->cfg, CFG_ingest_workers), queriers = (unsigned)config_get(h->cfg, CFG_query_threads);
	h->workers = xcalloc(workers, sizeof(*h->workers));
	h->queriers = xcalloc(queriers, sizeof(*h->queriers));
	h->blocks = xcalloc(workers + queriers + 2, sizeof(*h->blocks));
	/* All blocks stand before the first thread can sum them. */
	for (unsigned i = 0; i < workers; i++)
		h->blocks[h->nblocks++] = &h->workers[i].stats;
	for (unsigned i = 0; i < queriers; i++)
		h->blocks[h->nblocks++] = &h->queriers[i].stats;
	h->blocks[h->nblocks++] = &h->storer.stats;
	h->blocks[h->nblocks++] = &h->stats;
	int err = storer_start(&h->storer, h);
	if (err < 0)
		return err;
	h->storer_runs = true;
	for (; h->nqueriers < queriers; h->nqueriers++) {
		if ((err = querier_start(&h->queriers[h->nqueriers], h, h->nqueriers)) < 0)
			return err;
	}
	for (; h->nworkers < workers; h->nworkers++) {
		if ((err = worker_start(&h->workers[h->nworkers], h, h->nworkers)) < 0)
			return err;
	}
	return 0;
}

static struct event *on_signal(struct hdad *h, int sig, void (*cb)(evutil_socket_t, short, void *))
{
	struct event *e = event_new(h->base, sig, EV_SIGNAL | EV_PERSIST, cb, h);
	HDA_ASSERT(e);
	event_add(e, NULL);
	return e;
}

static int open_loop(struct hdad *h)
{
	int err;
	if ((err = inbox_init(&h->main_in, false)) < 0 || (err = inbox_init(&h->store_in, false)) < 0 ||
	    (err = inbox_init(&h->query_in, true)) < 0)
		return err;
	h->base = thread_base_new();
	if (!h->base)
		return -EMFILE;
	session_loop_init(&h->loop, h->base, &h->heart);
	h->loop.fault = on_fault;
	h->loop.ctx = h;
	h->in_event = event_new(h->base, inbox_fd(&h->main_in), EV_READ | EV_PERSIST, on_inbox, h);
	h->drain_timer = event_new(h->base, -1, 0, on_drain_timer, h);
	h->trim_timer = event_new(h->base, -1, 0, on_trim_timer, h);
	HDA_ASSERT(h->in_event && h->drain_timer && h->trim_timer);
	event_add(h->in_event, NULL);
	h->sig_term = on_signal(h, SIGTERM, on_stop_signal);
	h->sig_int = on_signal(h, SIGINT, on_stop_signal);
	h->sig_hup = on_signal(h, SIGHUP, on_hup);
	uint64_t us = systemd_watchdog_us() / 2;
	if (us) {
		h->watchdog = event_new(h->base, -1, EV_PERSIST, on_watchdog, h);
		HDA_ASSERT(h->watchdog);
		event_add(h->watchdog, &(struct timeval){.tv_sec = (time_t)(us / 1000000), .tv_usec = (suseconds_t)(us % 1000000)});
	}
	apply(h);
	return 0;
}

static bool hdad_free(struct hdad *h);

int hdad_start(struct hdad **ret, const struct hdad_opts *opts, struct config *cfg, char **ret_why)
{
	struct hdad *h = xcalloc(1, sizeof(*h));
	h->config_path = opts->config_path;
	h->state_dir = xstrdup(opts->state_dir);
	h->runtime_dir = xstrdup(opts->runtime_dir);
	h->cfg = cfg;
	h->start_time = host_now();
	h->lock_fd = -1;
	int err = open_store(h, ret_why);
	if (err == 0)
		err = open_loop(h);
	if (err == 0)
		err = start_threads(h);
	if (err == 0)
		err = listeners_open(h, ret_why);
	if (err < 0) {
		if (!*ret_why)
			*ret_why = xstrdup(hda_strerror(err));
		hdad_free(h);
		return err;
	}
	h->state = HDAD_RUNNING;
	*ret = h;
	return 0;
}

/* --- taking apart --- */

static bool join(pthread_t t)
{
	struct timespec until;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += JOIN_MS / 1000;
	return pthread_timedjoin_np(t, NULL, &until) == 0;
}

static void post_stop(struct inbox *in, int kind)
{
	struct inbox_msg *m = xcalloc(1, sizeof(*m));
	m->kind = kind;
	inbox_post(in, m);
}

/* Ends the threads in the order of the bytes, so that everything handed on is still taken. False: one did not end. */
static bool stop_threads(struct hdad *h)
{
	bool ok = true;
	atomic_store(&h->stopping, true);
	for (unsigned i = 0; i < h->nworkers; i++)
		worker_post(&h->workers[i], WORKER_STOP);
	for (unsigned i = 0; i < h->nqueriers; i++)
		post_stop(&h->query_in, QUERIER_STOP);
	for (unsigned i = 0; i < h->nworkers; i++)
		ok = join(h->workers[i].thread) && ok;
	for (unsigned i = 0; i < h->nqueriers; i++)
		ok = join(h->queriers[i].thread) && ok;
	if (h->storer_runs) {
		post_stop(&h->store_in, STORER_STOP);
		ok = join(h->storer.thread) && ok;
	}
	return ok;
}

static void drop_messages(struct hdad *h)
{
	struct inbox_msg *next;
	for (struct inbox_msg *m = inbox_take(&h->main_in); m; m = next) {
		next = m->next;
		if (m->kind != MAIN_DRAINED)
			handle(h, m);
	}
}

static void free_event(struct event *e)
{
	if (e)
		event_free(e);
}

/* False when a thread would not end: then nothing that it may use was freed. */
static bool hdad_free(struct hdad *h)
{
	for (int i = 0; i < LISTEN_N; i++)
		listener_free(h->listeners[i]);
	if (h->blocks && !stop_threads(h))
		return false;
	for (unsigned i = 0; i < h->nworkers; i++)
		worker_done(&h->workers[i]);
	if (h->base) {
		drop_messages(h);
		session_loop_done(&h->loop);
		free_event(h->in_event);
		free_event(h->drain_timer);
		free_event(h->trim_timer);
		free_event(h->sig_term);
		free_event(h->sig_int);
		free_event(h->sig_hup);
		free_event(h->watchdog);
		event_base_free(h->base);
		inbox_done(&h->main_in);
		inbox_done(&h->store_in);
		inbox_done(&h->query_in);
	}
	if (h->store)
		store_close(h->store);
	if (h->lock_fd >= 0)
		close(h->lock_fd);
	config_unref(h->cfg);
	watch_done(h);
	free(h->workers);
	free(h->queriers);
	free(h->blocks);
	free(h->state_dir);
	free(h->runtime_dir);
	free(h);
	return true;
}

int hdad_run(struct hdad *h)
{
	log_event(LOG_ready, LOG_STR("runtime_dir", h->handed_over ? "(systemd)" : h->runtime_dir), LOG_UINT("workers", h->nworkers),
	    LOG_UINT("query_threads", h->nqueriers));
	systemd_ready("accepting dumps and queries");
	event_base_dispatch(h->base);
	bool clean = hdad_free(h);
	log_event(LOG_stopped, LOG_STR("threads", clean ? "ended" : "left behind"));
	if (!clean)
		_exit(EXIT_SUCCESS); /* what is committed is whole, and nothing else was acknowledged */
	return EXIT_SUCCESS;
}
