/* The three sockets, and whom a new connection goes to. SPDX-License-Identifier: BSD-2-Clause Main thread. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "daemon/hdad.h"

static const struct {
	const char *name, *file, *group;
	mode_t mode;
} sockets[LISTEN_N] = {
    [LISTEN_INGEST] = {"ingest", "ingest.sock", "hda-ingest", 0660},
    [LISTEN_QUERY] = {"query", "query.sock", "hda", 0660},
    [LISTEN_CONTROL] = {"control", "control.sock", NULL, 0600},
};

/* The worker with the least to do: dumps in flight first, then connections; so two dumps run on two workers. */
static struct worker *idlest(struct hdad *h)
{
	struct worker *best = &h->workers[0];
	for (unsigned i = 1; i < h->nworkers; i++) {
		if (atomic_load(&h->workers[i].load) < atomic_load(&best->load))
			best = &h->workers[i];
	}
	return best;
}

/* Too many: says so and closes, without a session. */
static void refuse(struct hdad *h, int fd, uint64_t pid, const char *name)
{
	struct msg_error m = {.code = HDA_STATUS_BUSY};
	snprintf(m.text, sizeof(m.text), "too many connections on the %s socket", name);
	struct enc body = {0}, e = {0};
	msg_error_encode(&body, &m);
	frame_put(&e, HDA_FRAME_ERROR, 0, (struct span){body.p, body.n});
	(void)!send(fd, e.p, e.n, MSG_NOSIGNAL | MSG_DONTWAIT);
	enc_done(&body);
	enc_done(&e);
	close(fd);
	stats_add(&h->stats, STAT_connections_refused, 1);
	log_event(LOG_session_refused, LOG_STR("socket", name), LOG_UINT("pid", pid));
}

static void accepted_ingest(void *ctx, int fd, uint64_t pid)
{
	struct hdad *h = ctx;
	stats_add(&h->stats, STAT_connections, 1);
	if (atomic_load(&h->ingest_sessions) >= config_get(h->cfg, CFG_max_sessions)) {
		refuse(h, fd, pid, "ingest");
		return;
	}
	atomic_fetch_add(&h->ingest_sessions, 1);
	worker_accept(idlest(h), fd, pid);
}

static void accepted_admin(struct hdad *h, int fd, uint64_t pid, bool control)
{
	stats_add(&h->stats, STAT_connections, 1);
	if (h->nadmins[control] >= config_get(h->cfg, CFG_max_queries))
		refuse(h, fd, pid, control ? "control" : "query");
	else
		admin_accept(h, fd, pid, control);
}

static void accepted_query(void *ctx, int fd, uint64_t pid) { accepted_admin(ctx, fd, pid, false); }
static void accepted_control(void *ctx, int fd, uint64_t pid) { accepted_admin(ctx, fd, pid, true); }

static void on_trouble(void *ctx, const char *name, int err, bool paused)
{
	struct hdad *h = ctx;
	if (paused) {
		stats_add(&h->stats, STAT_accept_pauses, 1);
		log_event(LOG_accept_paused, LOG_STR("socket", name), LOG_STR("why", hda_strerror(err)));
	} else {
		log_event(LOG_accept_failed, LOG_STR("socket", name), LOG_STR("why", hda_strerror(err)));
	}
}

int listeners_open(struct hdad *h, char **ret_why)
{
	static void (*const accepted[LISTEN_N])(void *, int, uint64_t) = {accepted_ingest, accepted_query, accepted_control};
	int given[SYSTEMD_SOCKETS], n = systemd_sockets(given, ret_why);
	if (n < 0)
		return n;
	h->handed_over = n > 0;
	for (int i = 0; i < LISTEN_N; i++) {
		_cleanup_free_ char *path = xasprintf("%s/%s", h->runtime_dir, sockets[i].file);
		int fd = given[i], err;
		if (h->handed_over && fd < 0) {
			*ret_why = xasprintf("systemd handed over %d sockets, but not hdad-%s", n, sockets[i].name);
			return HDA_EUSAGE;
		}
		err = h->handed_over ? listener_adopt(fd, sockets[i].name, ret_why)
				     : listener_bind(path, sockets[i].mode, sockets[i].group, &fd, ret_why);
		if (err < 0)
			return err;
		struct listener_opts o = {.name = sockets[i].name, .accepted = accepted[i], .trouble = on_trouble, .ctx = h};
		h->listeners[i] = listener_new(h->base, fd, h->handed_over ? NULL : path, &o);
	}
	return 0;
}
