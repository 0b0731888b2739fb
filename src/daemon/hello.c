/* HELLO and WELCOME, the same on every socket. SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/hello.h"

#include <stdio.h>

#include "hda/version.h"

/* "this socket takes the roles ingest, control" */
static void refuse_role(struct session *s, unsigned roles)
{
	char text[sizeof(((struct msg_error *)0)->text)];
	int n = snprintf(text, sizeof(text), "wrong role: this socket takes");
	for (unsigned r = 0; roles >> r && n > 0 && (size_t)n < sizeof(text); r++) {
		if (roles & 1u << r)
			n += snprintf(text + n, sizeof(text) - (size_t)n, " %s", role_name((enum role)r));
	}
	session_error(s, HDA_STATUS_FORBIDDEN, text);
}

static void refuse_version(struct session *s, const struct msg_hello *m)
{
	char text[sizeof(((struct msg_error *)0)->text)];
	snprintf(text, sizeof(text), "no common protocol version: yours %u to %u, ours %u to %u", m->min, m->max, HDA_PROTOCOL_MIN,
	    HDA_PROTOCOL_MAX);
	session_error(s, HDA_STATUS_VERSION, text);
}

bool hello_take(struct session *s, const struct frame *f, unsigned roles, struct msg_hello *ret)
{
	struct proto_err err;
	if (f->hdr.type != HDA_FRAME_HELLO)
		session_error(s, HDA_STATUS_UNEXPECTED, "the first message must be HELLO");
	else if (msg_hello_decode(ret, f->body, &err) < 0)
		session_error(s, err.status, err.text);
	else if (!proto_version(ret->min, ret->max))
		refuse_version(s, ret);
	else if (!(roles & 1u << ret->role))
		refuse_role(s, roles);
	else
		return true;
	return false;
}

void hello_welcome(struct session *s, const struct config *cfg, uint32_t seq)
{
	struct msg_welcome m = {
	    .v = HDA_PROTOCOL_MAX,
	    .limit_begin = frame_limit(HDA_FRAME_BEGIN),
	    .limit_request = frame_limit(HDA_FRAME_REQUEST),
	    .limit_row = frame_limit(HDA_FRAME_ROW),
	    .keep = config_get(cfg, CFG_keep_values),
	};
	snprintf(m.server, sizeof(m.server), "hdad %s", HDA_VERSION);
	struct enc e = {0};
	msg_welcome_encode(&e, &m);
	session_send(s, HDA_FRAME_WELCOME, seq, &e);
	enc_done(&e);
}
