/* Query and control sessions. SPDX-License-Identifier: BSD-2-Clause Main thread. */
#pragma once

#include "daemon/hdad.h"

struct admin {
	struct session s;
	struct hdad *h;
	bool control;
	struct gem_ask *ask;         /* waits for a gem's answer */
};

/* A DUMP_NOW under way: between an admin session and a gem, either of which may go first. */
struct gem_ask {
	uint64_t token;
	uint32_t seq;                /* of the REQUEST */
	struct client *gem;
	struct admin *asker;         /* NULL: nobody waits (any more) */
	uint32_t traced_s;
	bool wait;                   /* for the end, not for the promise */
	bool accepted;
	struct watch_event stored;   /* what became of the dump; kind WATCH_BEGIN: nothing yet */
};

/* Sends DUMP_NOW to the newest gem of that pid (its own or the host's); the answer comes through admin_asked. False with *ret_text
 * (caller frees) when there is none or it is being asked. With wait rows tell of each step, and the answer comes at the end. */
bool gems_ask(struct admin *a, uint64_t pid, uint32_t traced_s, bool wait, uint32_t seq, char **ret_text, int *ret_status);
/* The gem answered, or went. Frees nothing. */
void admin_asked(struct admin *a, uint32_t seq, int status, const char *text);
/* watch.c: makes a session a watcher; with since, the remembered events from that time on (seconds since 1970) come first. */
void watch_begin(struct admin *a, uint32_t seq, const double *since);
/* The asker went away. */
void gems_forget(struct gem_ask *ask);
