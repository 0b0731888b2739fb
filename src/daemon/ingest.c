/* One dump: HELLO, WANT, BEGIN, raw bytes, END, ACK. SPDX-License-Identifier: BSD-2-Clause
 *
 *   HELLO -HELLO-> READY -WANT-> LEASED -BEGIN-> (WAITING ->) DUMPING -mark-> ENDING -END-> STORING -committed-> ACK, CLOSING
 *                  READY -WANT-> LATER, READY
 *   HELLO{role: control} leaves for main as an idle gem (gems.c). An end of the stream after BEGIN makes a partial dump. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "daemon/hdad.h"
#include "daemon/hello.h"
#include "daemon/host.h"
#include "daemon/pipeline.h"

enum {
	/* Graph memory asked for per live slot that the header claims: objects, references and what the conclusions need
	 * (70 B an object and 12 B a reference were measured), doubled, since a table may be just before its doubling. */
	GRAPH_BYTES_PER_SLOT = 200,
	GRAPH_LEAST = 16 << 20,      /* bytes: below it a reservation means nothing */
	/* Bytes after which the memory of a dump is given back to the system at once. */
	TRIM_BYTES = 32 << 20,
	/* The end of a dump (graph, conclusions) may take this long without a move of the thread: a minute, and a second for each
	 * 16 MiB. Measured figures are a hundred times better; this is for the watchdog of a swapping host. */
	FINISH_MS = 60000,
	FINISH_BYTES_PER_S = 16 << 20,
};

static struct client *client_of(struct session *s) { return (struct client *)s; }

static uint64_t cfg(const struct client *c, enum config_id id) { return config_get(c->w->cfg, id); }

/* --- watching --- */

void watch_post(struct hdad *h, enum watch_kind kind, const struct dump *d, const char *text)
{
	struct watch_event *e = xcalloc(1, sizeof(*e));
	e->msg.kind = MAIN_EVENT;
	e->kind = kind;
	e->time = host_now();
	e->dump = d->id ? d->id : HEADER_UNKNOWN;
	e->pid = d->head.who.pid ? d->head.who.pid : HEADER_UNKNOWN;
	e->host_pid = d->head.who.host_pid ? d->head.who.host_pid : HEADER_UNKNOWN;
	e->jobs = d->head.jobs;
	bool known = kind != WATCH_BEGIN;
	e->objects = known ? d->objects : HEADER_UNKNOWN;
	e->bytes = known ? d->bytes : HEADER_UNKNOWN;
	e->bad = known ? d->bad : HEADER_UNKNOWN;
	e->took_s = d->took_s;
	memcpy(e->app, d->head.who.app, sizeof(e->app));
	if (text)
		strncpy(e->text, text, sizeof(e->text) - 1);
	inbox_post(&h->main_in, &e->msg);
}

/* --- letting go --- */

void dump_free(struct dump *d)
{
	if (!d)
		return;
	if (d->pipe)
		pipeline_free(d->pipe);
	if (d->sum)
		summary_free(d->sum);
	dump_header_done(&d->head);
	free(d);
}

static void give_memory(struct client *c, struct dump *d)
{
	if (!d->memory)
		return;
	lease_give(&c->h->graph_memory, d->memory);
	stats_sub(&c->w->stats, STAT_graph_memory_leased, d->memory);
	d->memory = 0;
	if (atomic_load(&c->h->graph_waiters) == 0)
		return;
	for (unsigned i = 0; i < c->h->nworkers; i++)
		worker_post(&c->h->workers[i], WORKER_MEMORY);
}

static void give_lease(struct client *c)
{
	if (!c->leased)
		return;
	c->leased = false;
	lease_give(&c->h->dumps, 1);
	stats_sub(&c->w->stats, STAT_leases, 1);
	atomic_fetch_sub(&c->w->load, WORKER_DUMP_LOAD);
}

static void uncount(struct client *c)
{
	if (!c->counted)
		return;
	c->counted = false;
	atomic_fetch_sub(&c->h->ingest_sessions, 1);
	atomic_fetch_sub(&c->w->load, 1);
	stats_sub(&c->w->stats, STAT_sessions_ingest, 1);
}

static void drop_dump(struct client *c, const char *why)
{
	struct dump *d = c->dump;
	stats_add(&c->w->stats, STAT_dumps_dropped, 1);
	log_event(LOG_dump_dropped, LOG_UINT("pid", d->head.who.pid), LOG_STR("app", d->head.who.app), LOG_STR("why", why));
	watch_post(c->h, WATCH_DROPPED, d, why);
	give_memory(c, d);
	dump_free(d);
	c->dump = NULL;
}

static void on_closed(struct session *s)
{
	struct client *c = client_of(s);
	/* With the storer (pinned) a dump outlives its connection; any other ends with it. */
	if (c->dump && !s->pins)
		drop_dump(c, c->w->draining ? "shutting down" : "connection closed");
	give_lease(c);
	uncount(c);
	free(c->who);
	c->who = NULL;
	worker_check_drained(c->w);
}

/* --- HELLO --- */

static void become_gem(struct client *c)
{
	struct session *s = &c->s;
	c->pid = c->who->pid;
	c->host_pid = c->s.pid;
	memcpy(c->app, c->who->app, sizeof(c->app));
	session_set_deadline(s, 0);
	uncount(c);
	session_leave(s);
}

static void on_hello(struct client *c, const struct frame *f)
{
	struct session *s = &c->s;
	struct msg_hello m;
	if (!hello_take(s, f, 1u << ROLE_INGEST | 1u << ROLE_CONTROL, &m))
		return;
	if (c->w->draining) {
		session_error(s, HDA_STATUS_DRAINING, "shutting down");
		return;
	}
	c->who = xmalloc(sizeof(*c->who));
	*c->who = m.who;
	c->who->host_pid = s->pid;
	hello_welcome(s, c->w->cfg, f->hdr.seq);
	session_set_state(s, SESSION_READY);
	session_set_deadline(s, cfg(c, CFG_idle_deadline));
	if (m.role == ROLE_CONTROL && session_open(s))
		become_gem(c);
}

/* --- WANT --- */

static void on_want(struct client *c, const struct frame *f)
{
	struct session *s = &c->s;
	struct msg_want m;
	struct proto_err err;
	struct enc e = {0};
	if (msg_want_decode(&m, f->body, &err) < 0) {
		session_error(s, err.status, err.text);
		return;
	}
	if (c->w->draining) {
		session_error(s, HDA_STATUS_DRAINING, "shutting down");
		return;
	}
	stats_add(&c->w->stats, STAT_wants, 1);
	if (lease_take(&c->h->dumps, 1)) {
		c->leased = true;
		stats_add(&c->w->stats, STAT_leases, 1);
		atomic_fetch_add(&c->w->load, WORKER_DUMP_LOAD);
		session_set_state(s, SESSION_LEASED);
		session_set_deadline(s, cfg(c, CFG_idle_deadline));
		struct msg_go go = {.lease_ms = (uint32_t)cfg(c, CFG_dump_deadline)};
		msg_go_encode(&e, &go);
		session_send(s, HDA_FRAME_GO, f->hdr.seq, &e);
	} else {
		stats_add(&c->w->stats, STAT_laters, 1);
		uint64_t retry = cfg(c, CFG_retry_after);
		/* It may ask again on this connection, or come back with another. */
		session_set_deadline(s, retry + cfg(c, CFG_idle_deadline));
		struct msg_later later = {.retry_ms = (uint32_t)retry};
		snprintf(later.why, sizeof(later.why), "%llu dumps are in flight on this host",
		    (unsigned long long)atomic_load(&c->h->dumps.used));
		msg_later_encode(&e, &later);
		session_send(s, HDA_FRAME_LATER, f->hdr.seq, &e);
	}
	enc_done(&e);
}

/* --- BEGIN --- */

/* BEGIN speaks for the process that said HELLO (a gem), or for another one (an import of files): only the first can take over what
 * HELLO said, and only its pid is the one the kernel knows. */
static void merge_who(struct proc_ident *w, const struct proc_ident *hello)
{
	if (w->pid != hello->pid)
		return;
	w->host_pid = hello->host_pid;
	if (!w->boot[0])
		memcpy(w->boot, hello->boot, sizeof(w->boot));
	if (!w->pidns)
		w->pidns = hello->pidns;
	if (!w->start)
		w->start = hello->start;
	if (!w->host[0])
		memcpy(w->host, hello->host, sizeof(w->host));
	if (!w->app[0])
		memcpy(w->app, hello->app, sizeof(w->app));
	if (!w->role[0])
		memcpy(w->role, hello->role, sizeof(w->role));
	if (!w->rev[0])
		memcpy(w->rev, hello->rev, sizeof(w->rev));
}

/* The share of graph_memory that a dump of this header should have. */
static uint64_t graph_need(const struct client *c, const struct dump *d)
{
	uint64_t total = cfg(c, CFG_graph_memory), need = total / cfg(c, CFG_max_dumps);
	uint64_t slots = d->head.heap_live_slots;
	if (slots != HEADER_UNKNOWN && slots < UINT64_MAX / GRAPH_BYTES_PER_SLOT)
		need = slots * GRAPH_BYTES_PER_SLOT + GRAPH_LEAST;
	need = need > GRAPH_LEAST ? need : GRAPH_LEAST;
	return need < total ? need : total;
}

static void open_pipe(struct client *c)
{
	struct dump *d = c->dump;
	bool graph = cfg(c, CFG_graph);
	struct pipeline_opts o = {
	    .scan = {.impl = SCAN_AUTO, .hash_values = true, .keep_values = cfg(c, CFG_keep_values), .want_refs = graph},
	    .graph = graph,
	    /* Without a share the graph gives up at once, and says so in the summary. */
	    .graph_memory = d->memory ? d->memory : 1,
	};
	memcpy(o.scan.hash_key, c->h->secret, sizeof(o.scan.hash_key));
	d->pipe = pipeline_new(&o);
	session_set_state(&c->s, SESSION_DUMPING);
	session_set_deadline(&c->s, cfg(c, CFG_idle_deadline));
}

static bool take_memory(struct client *c)
{
	struct dump *d = c->dump;
	uint64_t need = graph_need(c, d);
	if (!lease_take(&c->h->graph_memory, need))
		return false;
	d->memory = need;
	stats_add(&c->w->stats, STAT_graph_memory_leased, need);
	return true;
}

static void no_memory(struct client *c)
{
	c->dump->no_memory = true;
	stats_add(&c->w->stats, STAT_dumps_no_graph, 1);
	log_event(LOG_dump_no_graph, LOG_UINT("pid", c->dump->head.who.pid), LOG_STR("app", c->dump->head.who.app),
	    LOG_STR("why", "other dumps hold graph_memory"));
}

static void on_begin(struct client *c, const struct frame *f)
{
	struct session *s = &c->s;
	struct proto_err err;
	struct dump *d = xcalloc(1, sizeof(*d));
	if (msg_begin_decode(&d->head, f->body, &err) < 0) {
		free(d);
		session_error(s, err.status, err.text);
		return;
	}
	d->client = c;
	d->w = c->w;
	d->msg.kind = STORER_PUT;
	merge_who(&d->head.who, c->who);
	raw_splitter_init(&d->raw);
	d->begin_ms = host_mono_ms();
	d->end_ms = d->begin_ms + cfg(c, CFG_dump_deadline);
	c->dump = d;
	stats_add(&c->w->stats, STAT_dumps_begun, 1);
	log_event(LOG_dump_begin, LOG_UINT("pid", d->head.who.pid), LOG_STR("app", d->head.who.app), LOG_UINT("jobs", d->head.jobs));
	watch_post(c->h, WATCH_BEGIN, d, NULL);
	s->raw = true;
	if (!cfg(c, CFG_graph) || take_memory(c)) {
		open_pipe(c);
	} else if (cfg(c, CFG_graph_wait) == 0) {
		no_memory(c);
		open_pipe(c);
	} else {
		session_set_state(s, SESSION_WAITING);
		session_pause(s);
		session_set_deadline(s, cfg(c, CFG_graph_wait));
		/* Between the failure above and the new state a share may have come back without telling us. */
		worker_post(c->w, WORKER_MEMORY);
	}
}

void ingest_memory(struct worker *w)
{
	for (struct session *s = w->loop.sessions; s; s = s->next) {
		struct client *c = client_of(s);
		if (s->state != SESSION_WAITING || !take_memory(c))
			continue;
		open_pipe(c);
		session_resume(s);
	}
}

/* --- bytes and END --- */

/* Everything is there (or all there will be): conclusions, then to the storer. */
static void finish(struct client *c, bool partial)
{
	struct session *s = &c->s;
	struct dump *d = c->dump;
	d->input = pipeline_stats(d->pipe)->bytes;
	heartbeat_long(&c->w->heart, host_mono_ms() + FINISH_MS + 1000 * (d->input / FINISH_BYTES_PER_S));
	d->sum = pipeline_finish(d->pipe, &d->head, partial);
	pipeline_free(d->pipe);
	d->pipe = NULL;
	d->took_s = (double)(host_mono_ms() - d->begin_ms) / 1000;
	d->sum->took_s = d->took_s;
	give_memory(c, d);
	heartbeat_long(&c->w->heart, 0);
	d->objects = d->sum->objects;
	d->bytes = d->sum->bytes;
	d->bad = d->sum->bad_lines;
	d->partial = partial;
	stats_add(&c->w->stats, STAT_dump_objects, d->objects);
	stats_add(&c->w->stats, STAT_bad_lines, d->bad);
	session_set_state(s, SESSION_STORING);
	session_set_deadline(s, 0); /* the storer always answers */
	session_pin(s);
	inbox_post(&c->h->store_in, &d->msg);
}

static struct span on_bytes(struct session *s, struct span in)
{
	struct client *c = client_of(s);
	struct dump *d = c->dump;
	struct span out;
	stats_add(&c->w->stats, STAT_dump_bytes, in.n);
	raw_splitter_feed(&d->raw, in);
	for (;;) {
		switch (raw_splitter_next(&d->raw, &out)) {
		case RAW_BYTES:
			pipeline_feed(d->pipe, out.p, out.n);
			continue;
		case RAW_END:
			s->raw = false;
			session_set_state(s, SESSION_ENDING);
			session_set_deadline(s, cfg(c, CFG_idle_deadline));
			return raw_splitter_rest(&d->raw);
		case RAW_MORE:
			break;
		}
		/* Silence has a deadline, and so has the whole: a byte now and then is not enough. */
		uint64_t idle = s->loop->now_ms + cfg(c, CFG_idle_deadline);
		s->deadline_ms = idle < d->end_ms ? idle : d->end_ms;
		return (struct span){0};
	}
}

static void on_end(struct client *c, const struct frame *f)
{
	struct msg_end m;
	struct proto_err err;
	if (msg_end_decode(&m, f->body, &err) < 0) {
		session_error(&c->s, err.status, err.text);
		return;
	}
	if (m.ok || !m.discard) {
		finish(c, !m.ok);
		return;
	}
	drop_dump(c, "discarded by its sender");
	struct enc e = {0};
	msg_ack_encode(&e, &(struct msg_ack){.partial = true});
	session_send(&c->s, HDA_FRAME_ACK, f->hdr.seq, &e);
	enc_done(&e);
	session_close_soon(&c->s);
}

/* What came so far of a dump that will not go on, as a partial dump; then the connection ends. `was` is the state it was in. */
static void tear(struct client *c, enum session_state was)
{
	struct span held = was == SESSION_DUMPING ? raw_splitter_finish(&c->dump->raw) : (struct span){0};
	if (held.n)
		pipeline_feed(c->dump->pipe, held.p, held.n);
	finish(c, true);
}

static void on_eof(struct session *s, int err)
{
	struct client *c = client_of(s);
	(void)err;
	switch (s->state) {
	case SESSION_DUMPING:
	case SESSION_ENDING:
		tear(c, s->state);
		session_close(s);
		return;
	case SESSION_STORING:
		return; /* the usual end: it shut down its writing side and waits for the ACK */
	default:
		session_close(s);
	}
}

static void on_deadline(struct session *s)
{
	struct client *c = client_of(s);
	if (s->state == SESSION_WAITING) {
		no_memory(c);
		open_pipe(c);
		session_resume(s);
		return;
	}
	if (s->loop->fault)
		s->loop->fault(s->loop->ctx, s, SESSION_FAULT_DEADLINE, NULL);
	if (s->state == SESSION_DUMPING || s->state == SESSION_ENDING)
		tear(c, s->state);
	session_error(s, HDA_STATUS_DEADLINE, "too slow");
}

static void on_changed(struct session *s, enum session_state old)
{
	struct client *c = client_of(s);
	/* A fault of the peer ends the session; what came before it is a partial dump as any torn one. While we stop it goes. */
	bool ends = s->state == SESSION_CLOSING || (s->state == SESSION_CLOSED && !c->w->draining);
	if (ends && c->dump && (old == SESSION_DUMPING || old == SESSION_ENDING))
		tear(c, old);
	if (old == SESSION_WAITING && s->state != SESSION_WAITING)
		atomic_fetch_sub(&c->h->graph_waiters, 1);
	else if (old != SESSION_WAITING && s->state == SESSION_WAITING)
		atomic_fetch_add(&c->h->graph_waiters, 1);
}

static void on_frame(struct session *s, const struct frame *f)
{
	struct client *c = client_of(s);
	uint8_t type = f->hdr.type;
	if (s->state == SESSION_HELLO)
		on_hello(c, f);
	else if (s->state == SESSION_READY && type == HDA_FRAME_WANT)
		on_want(c, f);
	else if (s->state == SESSION_LEASED && type == HDA_FRAME_BEGIN)
		on_begin(c, f);
	else if (s->state == SESSION_ENDING && type == HDA_FRAME_END)
		on_end(c, f);
	else
		session_error(s, HDA_STATUS_UNEXPECTED, "this message is not allowed now");
}

const struct session_ops ingest_ops = {
    .kind = "ingest",
    .frame = on_frame,
    .bytes = on_bytes,
    .eof = on_eof,
    .deadline = on_deadline,
    .changed = on_changed,
    .closed = on_closed,
};

struct client *ingest_new(struct worker *w, int fd, uint64_t pid)
{
	struct session *s = session_new(&w->loop, fd, pid, sizeof(struct client), &ingest_ops);
	struct client *c = client_of(s);
	c->h = w->h;
	c->w = w;
	c->counted = true;
	stats_add(&w->stats, STAT_sessions_ingest, 1);
	session_set_deadline(s, cfg(c, CFG_hello_deadline));
	return c;
}

/* --- the storer's answer --- */

static void log_stored(enum log_id id, const struct dump *d)
{
	log_event(id, LOG_UINT("dump", d->id), LOG_UINT("pid", d->head.who.pid), LOG_STR("app", d->head.who.app),
	    LOG_UINT("jobs", d->head.jobs), LOG_UINT("objects", d->objects), LOG_UINT("bytes", d->bytes),
	    LOG_UINT("bad_lines", d->bad), LOG_REAL("took_s", d->took_s));
}

static void count_stored(struct client *c, const struct dump *d)
{
	struct stats *st = &c->w->stats;
	if (d->err == HDA_EEXISTS) {
		stats_add(st, STAT_dumps_repeated, 1);
		log_stored(LOG_dump_repeated, d);
	} else if (d->err < 0) {
		stats_add(st, STAT_dumps_refused, 1);
		log_event(LOG_dump_refused, LOG_UINT("pid", d->head.who.pid), LOG_STR("app", d->head.who.app),
		    LOG_STR("why", hda_strerror(d->err)));
		watch_post(c->h, WATCH_REFUSED, d, hda_strerror(d->err));
	} else if (d->partial) {
		stats_add(st, STAT_dumps_partial, 1);
		log_stored(LOG_dump_partial, d);
		watch_post(c->h, WATCH_PARTIAL, d, NULL);
	} else {
		stats_add(st, STAT_dumps_stored, 1);
		log_stored(LOG_dump_stored, d);
		watch_post(c->h, WATCH_STORED, d, d->no_memory ? "without graph: other dumps held graph_memory" : NULL);
	}
}

static void send_ack(struct client *c, const struct dump *d)
{
	struct msg_ack m = {.dump = d->id, .objects = d->objects, .bytes = d->bytes, .bad = d->bad, .partial = d->partial};
	struct enc e = {0};
	msg_ack_encode(&e, &m);
	session_send(&c->s, HDA_FRAME_ACK, c->s.last_seq, &e);
	enc_done(&e);
	session_close_soon(&c->s);
}

void ingest_stored(struct dump *d)
{
	struct client *c = d->client;
	struct session *s = &c->s;
	count_stored(c, d);
	c->dump = NULL;
	session_unpin(s);
	if (session_open(s)) {
		if (d->err == 0 || d->err == HDA_EEXISTS)
			send_ack(c, d);
		else if (hda_no_room(d->err))
			session_error(s, HDA_STATUS_FULL, "no room in the store");
		else
			session_error(s, HDA_STATUS_INTERNAL, "the store failed");
	}
	/* Where questions are asked their memory would go, too, and come back page by page: main waits for a pause. */
	bool asked = host_mono_ms() - atomic_load(&c->h->answered_ms) < 1000 * TRIM_AFTER_S, large = d->input > TRIM_BYTES;
	dump_free(d);
	/* Only now: its sender has its answer and waits for nothing any more. */
	if (large && !asked)
		host_trim();
	worker_check_drained(c->w);
}

void ingest_drain(struct worker *w)
{
	for (struct session *s = w->loop.sessions; s; s = s->next) {
		if (s->state == SESSION_HELLO || s->state == SESSION_READY)
			session_error(s, HDA_STATUS_DRAINING, "shutting down");
	}
}
