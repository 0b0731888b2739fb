/* REQUEST and DONE: a command with arguments, and how it ended. SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include <stddef.h>

#include "base/cursor.h"
#include "base/err.h"
#include "base/span.h"
#include "proto/message.h"
#include "proto/value.h"

enum {
	REQUEST_NAME = 32,  /* bytes of a command's or an argument's name with the NUL */
	REQUEST_ARGS = 32,  /* arguments of a request, repeated ones counted each */
	DONE_NOTES = 64,    /* notes of an answer; more are not sent */
};

struct msg_arg {
	char name[REQUEST_NAME];
	struct val v; /* never a list: an argument given several times stands here several times, in order */
};

struct msg_request {
	char cmd[REQUEST_NAME];
	struct msg_arg a[REQUEST_ARGS];
	size_t n;
};

/* Equal names need not be neighbours; on the wire they are one array. */
void msg_request_encode(struct enc *e, const struct msg_request *m);
/* Texts are borrowed from the body. Errors as in message.h. */
HDA_MUST_CHECK int msg_request_decode(struct msg_request *ret, struct span body, struct proto_err *err);

struct msg_done {
	int status;              /* enum hda_status */
	struct span text;        /* one line for people; n 0 = none */
	struct span notes[DONE_NOTES];
	size_t nnotes;
};

/* Texts that would pass the frame's limit are cut, notes that would are left out. */
void msg_done_encode(struct enc *e, const struct msg_done *m);
/* Texts are borrowed from the body. */
HDA_MUST_CHECK int msg_done_decode(struct msg_done *ret, struct span body, struct proto_err *err);
