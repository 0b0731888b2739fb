/* Asking the daemon. SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include "cli/run.h"

/* remote_ask with a callback per row instead of collecting (each may be NULL) and a timeout per answer frame (0 = the usual one). */
int remote_ask_each(const struct cli *cli, const char *cmd, const struct query_args *args, struct report *a, int timeout_ms,
    int (*each)(void *ctx, const struct row *row), void *ctx);
/* cli_ask over the control socket, whatever the command says. */
int remote_ask_control(const struct cli *cli, const char *cmd, const struct query_args *args, struct report *a);
