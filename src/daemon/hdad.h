/* hdad: who owns what, and which thread may touch it. SPDX-License-Identifier: BSD-2-Clause
 *
 *   main     listeners, query and control sessions, idle gems, signals, timers, watchdog     (hdad.c, gems.c, admin.c)
 *   worker   one dump session each from HELLO to ACK: read, scan, reduce, graph               (worker.c, ingest.c)
 *   storer   the only writer of the store: a drain of its inbox is one commit                 (storer.c)
 *   querier  read transactions                                                                (querier.c)
 *
 * Threads meet in inboxes only: a message belongs to whoever holds it. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/heartbeat.h"
#include "base/inbox.h"
#include "daemon/config.h"
#include "daemon/lease.h"
#include "daemon/log.h"
#include "daemon/stats.h"
#include "daemon/systemd.h"
#include "daemon/verdicts.h"
#include "frame/raw.h"
#include "proto/header.h"
#include "proto/message.h"
#include "proto/request.h"
#include "query/query.h"
#include "socket/listener.h"
#include "socket/session.h"
#include "store/store.h"

struct event;
struct event_base;
struct hdad;
struct pipeline;
struct worker;

enum { TRIM_AFTER_S = 2 }; /* after the last answer or dump free memory goes back to the system */

/* --- messages --- */

enum main_msg {
	MAIN_GEM,         /* struct client: became an idle gem */
	MAIN_EVENT,       /* struct watch_event */
	MAIN_ANSWERED,    /* struct query_job */
	MAIN_DRAINED,     /* struct inbox_msg of a worker: no dump of it is in flight any more */
};
enum worker_msg {
	WORKER_ACCEPT,    /* struct accept_msg */
	WORKER_STORED,    /* struct dump: what the storer says */
	WORKER_MEMORY,    /* struct inbox_msg: a share of graph_memory came back */
	WORKER_CONFIG,    /* struct config_msg */
	WORKER_DRAIN,     /* struct inbox_msg */
	WORKER_STOP,      /* struct inbox_msg */
};
enum storer_msg { STORER_PUT /* struct dump */, STORER_ACK /* struct query_job */, STORER_STOP };
enum querier_msg { QUERIER_JOB /* struct query_job */, QUERIER_STOP };

struct accept_msg {
	struct inbox_msg msg;
	int fd;
	uint64_t pid;
};

struct config_msg {
	struct inbox_msg msg;
	struct config *cfg; /* a reference */
};

enum { WATCH_PAST = 1024 /* events remembered for watch --since: a quarter of a MiB */ };

/* What `hdactl watch` shows. */
enum watch_kind { WATCH_BEGIN, WATCH_STORED, WATCH_PARTIAL, WATCH_REFUSED, WATCH_DROPPED };
struct watch_event {
	struct inbox_msg msg;
	enum watch_kind kind;
	double time;
	uint64_t dump, pid, host_pid, jobs, objects, bytes, bad; /* HEADER_UNKNOWN: not known (yet) */
	double took_s;
	char app[HEADER_LABEL], text[96];
};

/* --- one dump in flight --- */

/* Belongs to its client's worker, but between STORER_PUT and WORKER_STORED to the storer. */
struct dump {
	struct inbox_msg msg;
	struct client *client;       /* pinned while the storer has the dump */
	struct worker *w;            /* to whom the storer answers */
	struct dump_header head;
	struct raw_splitter raw;
	struct pipeline *pipe;       /* NULL before and after the raw bytes */
	uint64_t memory;             /* share of graph_memory, bytes */
	uint64_t begin_ms, end_ms;   /* monotonic: first byte, deadline of the last */
	bool no_memory;              /* read without graph for want of a share */
	struct dump_summary *sum;    /* given to the storer, who frees it */
	double took_s;
	uint64_t input;              /* bytes of its text */
	uint64_t objects, bytes, bad;
	bool partial;
	/* the storer's answer */
	int err;                     /* 0, HDA_EEXISTS, or why it is not there */
	uint64_t id;
};

/* A connection on the ingest socket: a dump, or an idle gem. */
struct client {
	struct session s;
	struct inbox_msg msg;        /* for the way to main */
	struct hdad *h;
	struct worker *w;            /* NULL: with main */
	struct proc_ident *who;      /* as HELLO said */
	uint64_t pid, host_pid;
	char app[HEADER_LABEL];
	bool leased, counted;        /* holds a dump lease; counts in ingest_sessions */
	struct dump *dump;
	struct gem_ask *ask;         /* DUMP_NOW under way (main) */
	struct gem *gem;             /* what an idle gem does (main); NULL for a dump */
};

/* --- threads --- */

struct worker {
	struct hdad *h;
	unsigned index;
	pthread_t thread;
	struct event_base *base;
	struct session_loop loop;
	struct inbox in;
	struct event *in_event;
	struct stats stats;
	struct heartbeat heart;
	uint64_t heart_seen;         /* main's */
	struct config *cfg;
	bool draining, drained;
	_Atomic unsigned load;       /* sessions, and WORKER_DUMP_LOAD more for each dump */
	struct inbox_msg drained_msg;
};

enum { WORKER_DUMP_LOAD = 100000 };

struct storer {
	struct hdad *h;
	struct verdicts verdicts;
	bool ages;                   /* dumps grow too old: retention has work even when nothing arrives */
	pthread_t thread;
	struct stats stats;
	struct heartbeat heart;
	uint64_t heart_seen;
};

struct querier {
	struct hdad *h;
	pthread_t thread;
	struct stats stats;
	struct heartbeat heart;
	uint64_t heart_seen;
};

enum hdad_state { HDAD_STARTING, HDAD_RUNNING, HDAD_DRAINING, HDAD_STOPPED };
enum { LISTEN_INGEST, LISTEN_QUERY, LISTEN_CONTROL, LISTEN_N };

struct hdad {
	/* fixed before the first thread starts */
	const char *config_path;     /* NULL: defaults */
	char *state_dir, *runtime_dir;
	struct store *store;
	uint8_t secret[16];
	double start_time;
	struct worker *workers;      unsigned nworkers;
	struct querier *queriers;    unsigned nqueriers;
	struct storer storer;
	struct stats **blocks;       unsigned nblocks; /* of all threads */

	/* any thread */
	struct inbox main_in, store_in, query_in;
	struct lease dumps, graph_memory;
	_Atomic unsigned graph_waiters;      /* sessions that wait for graph_memory */
	_Atomic uint64_t ingest_sessions;    /* connections on the ingest socket without idle gems */
	_Atomic bool stopping;               /* queries give up */
	_Atomic bool backup_running;
	_Atomic uint64_t reader_check_ms;    /* when the last one was */
	_Atomic bool store_full;             /* the last commit found no room */
	_Atomic uint64_t answered_ms;        /* when a question was answered last */

	/* main only */
	enum hdad_state state;
	struct event_base *base;
	struct session_loop loop;
	struct heartbeat heart;
	struct stats stats;
	struct config *cfg;
	struct listener *listeners[LISTEN_N];
	struct event *in_event, *sig_term, *sig_int, *sig_hup, *drain_timer, *trim_timer, *watchdog;
	uint64_t trim_latest_ms;
	unsigned ndrained;
	uint64_t ngems, nadmins[2];  /* idle gems; sessions of query, control */
	uint64_t next_token;
	struct watch_event **past;   /* ring of WATCH_PAST, the oldest at npast % WATCH_PAST once it is full */
	uint64_t npast;              /* events ever */
	int lock_fd;                 /* of the state directory */
	bool handed_over;            /* systemd owns the sockets */
	bool storer_runs;
};

/* hdad.c: main thread. */
struct hdad_opts {
	const char *config_path, *state_dir, *runtime_dir;
};
/* Opens, checks, starts threads, arms listeners. On failure everything is let go and *ret_why says why (caller frees). */
HDA_MUST_CHECK int hdad_start(struct hdad **ret, const struct hdad_opts *opts, struct config *cfg, char **ret_why);
/* Runs until it is stopped by signal; then stops all threads and frees. Returns main's exit status. */
int hdad_run(struct hdad *h);
/* Takes over the file's configuration or keeps the old one; *ret_text (caller frees) says which and what needs a restart. Returns an
 * enum hda_status. */
int hdad_reload(struct hdad *h, char **ret_text);
/* Sum of a counter over all threads. Any thread. */
uint64_t hdad_stat(struct hdad *h, enum stat_id id);

/* Frees the slots of dead readers when the last look was a minute ago: called by whoever uses the store, so that an idle daemon
 * needs no timer. Any thread. */
void hdad_reader_check(struct hdad *h);

/* accept.c: binds the three sockets, or takes them from systemd, and sends each connection to its thread. 0, or HDA_EUSAGE or an error of
 * the listener's with a line in *ret_why (caller frees). Main thread; closed by hdad_run. */
HDA_MUST_CHECK int listeners_open(struct hdad *h, char **ret_why);

/* worker.c */
HDA_MUST_CHECK int worker_start(struct worker *w, struct hdad *h, unsigned index);
void worker_post(struct worker *w, enum worker_msg kind);
void worker_accept(struct worker *w, int fd, uint64_t pid);
void worker_config(struct worker *w, struct config *cfg);
/* Frees what is left of a thread that was joined. */
void worker_done(struct worker *w);
/* Tells main once no dump of a draining worker is in flight. */
void worker_check_drained(struct worker *w);

/* ingest.c: sessions on a worker. */
extern const struct session_ops ingest_ops;
struct client *ingest_new(struct worker *w, int fd, uint64_t pid);
/* A dump came back from the storer. */
void ingest_stored(struct dump *d);
/* graph_memory came back: those who wait may try. */
void ingest_memory(struct worker *w);
/* Ends whoever has no dump in flight. */
void ingest_drain(struct worker *w);
/* Frees a dump, wherever it stands; its share of memory must be back. */
void dump_free(struct dump *d);
/* Sends an event to the watchers and to the past (watch since). d may have no summary yet. Any worker. */
void watch_post(struct hdad *h, enum watch_kind kind, const struct dump *d, const char *text);

/* storer.c */
HDA_MUST_CHECK int storer_start(struct storer *st, struct hdad *h);

/* gems.c: idle gems, main thread. */
struct query_gem;
extern const struct session_ops gem_ops;
/* A dump began or ended: the gem of its process is told apart by it from one that only says so. */
void gems_event(struct hdad *h, const struct watch_event *e);
/* All gems for ps; *ret_n of them, the caller frees. */
struct query_gem *gems_snapshot(struct hdad *h, size_t *ret_n);
void gems_take(struct hdad *h, struct client *c);

/* admin.c: query and control sessions, main thread. */
void admin_accept(struct hdad *h, int fd, uint64_t pid, bool control);
void admin_answered(struct hdad *h, struct inbox_msg *m);
/* watch.c: sends an event to the watchers and keeps it (it is taken over); lets go of all that are kept. */
void admin_event(struct hdad *h, struct watch_event *e);
void watch_done(struct hdad *h);
