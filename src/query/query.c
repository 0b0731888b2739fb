/* The table of commands. SPDX-License-Identifier: BSD-2-Clause */
#include "query/query.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "query/commands.h"
#include "query/run.h"

#define X(name) &query_cmd_##name,
static const struct query_cmd *const commands[] = {QUERY_COMMANDS(X) NULL};
#undef X

const struct query_cmd *const *query_all(void) { return commands; }

const struct query_cmd *query_find(const char *name)
{
	for (size_t i = 0; commands[i]; i++) {
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	}
	return NULL;
}

static bool takes(const struct query_cmd *c, const char *arg)
{
	for (size_t i = 0; c->args[i]; i++) {
		if (strcmp(c->args[i], arg) == 0)
			return true;
	}
	return false;
}

/* False when an argument has a name that the command does not take; names all that it does. */
static bool check_names(struct query_run *r, const struct query_cmd *c)
{
	for (size_t i = 0; i < r->args->n; i++) {
		if (takes(c, r->args->a[i].name))
			continue;
		char list[256] = "";
		size_t n = 0;
		for (size_t k = 0; c->args[k] && n < sizeof(list); k++)
			n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%s", k ? ", " : "", c->args[k]);
		run_fail(r, HDA_STATUS_ARGUMENT, "%s takes no argument \"%.40s\", but %s", c->name, r->args->a[i].name, n ? list : "none at all");
		return false;
	}
	return true;
}

int query_dispatch(const struct query_ctx *q, const char *cmd, const struct query_args *args, const struct row_sink *sink, char **ret_text)
{
	struct query_run r = {.q = q, .args = args, .sink = sink};
	const struct query_cmd *c = query_find(cmd);
	_cleanup_rtxn_ struct store_rtxn *txn = NULL;
	int status;
	if (!c) {
		status = run_fail(&r, HDA_STATUS_UNKNOWN, "no command \"%.40s\": hdactl --help lists them", cmd);
	} else if (!check_names(&r, c)) {
		status = r.status;
	} else {
		int err = store_rtxn_begin(q->store, &txn);
		r.txn = txn;
		status = err < 0 ? run_store_fail(&r, err) : c->run(&r);
	}
	*ret_text = r.text;
	return status;
}
