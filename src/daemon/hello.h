/* The first message of every session. SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include <stdbool.h>

#include "daemon/config.h"
#include "frame/frame.h"
#include "proto/message.h"
#include "socket/session.h"

/* Reads f as the HELLO of s into *ret. roles: the roles that this socket takes, 1 << enum role each. False: the peer got an ERROR that
 * names the fault (the version ranges of both sides, if that is it), and the session ends. The session's thread. */
bool hello_take(struct session *s, const struct frame *f, unsigned roles, struct msg_hello *ret);
/* Answers it with WELCOME: the version in use and our limits. seq: the HELLO's. */
void hello_welcome(struct session *s, const struct config *cfg, uint32_t seq);
