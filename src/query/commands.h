/* All commands, in the order of --help. SPDX-License-Identifier: BSD-2-Clause Private to src/query/.
 *
 * A new command: its file with a struct query_cmd query_cmd_NAME, a line here, a line in local.mk. */
#pragma once

#include "query/query.h"

#define QUERY_COMMANDS(X)                                                                          \
	X(ps) X(dumps) X(show) X(top) X(generations) X(generation) X(strings) X(refs) X(diff) X(trend) \
	X(holders) X(containers) X(path) X(leaks)

#define X(name) extern const struct query_cmd query_cmd_##name;
QUERY_COMMANDS(X)
#undef X
