/* Commands that are answered by a thread of their own. SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include "daemon/answer.h"
#include "daemon/hdad.h"

/* A request on its way from main to a querier and back. While the querier has it, main does not touch the session's descriptor. */
struct query_job {
	struct inbox_msg msg;
	struct hdad *h;
	struct session *s;           /* pinned; main's */
	int fd;
	bool control;                /* came by the control socket */
	struct config *cfg;          /* a reference */
	uint8_t *body;               /* what the request borrows from */
	struct msg_request req;
	uint64_t deadline_ms;
	struct query_gem *gems;      /* of ps, ngems; owned */
	size_t ngems;
	struct answer answer;
	bool dead;                   /* the peer is gone or does not read: close */
	struct querier *q;           /* who answers */
};

HDA_MUST_CHECK int querier_start(struct querier *q, struct hdad *h, unsigned index);
/* The i-th argument of that name; NULL when there is none. */
const struct val *job_arg(const struct msg_request *req, const char *name);
void query_job_free(struct query_job *j);

/* Who answers a command of the daemon itself: a querier, the storer (it writes), or main, which has the connections (admin.c). */
enum daemon_by { BY_QUERIER, BY_STORER, BY_MAIN };

/* A command of the daemon itself. run fills the answer and returns its enum hda_status; *ret_text as in query_dispatch. */
struct daemon_cmd {
	const char *name, *summary;
	const char *const *args;     /* NULL-terminated */
	bool control_only;
	enum daemon_by by;
	int (*run)(struct query_job *j, struct answer *a, char **ret_text); /* BY_QUERIER only */
};
/* NULL when it is none of the daemon's. */
const struct daemon_cmd *daemon_cmd_find(const char *name);
