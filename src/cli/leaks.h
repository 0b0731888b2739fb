/* What leaks and its relatives share. SPDX-License-Identifier: BSD-2-Clause Private to src/cli/leaks*.c, ack.c, ci.c, explain.c. */
#pragma once

#include "cli/run.h"

/* The head of a process, one line of the answer, and what was not followed, on standard output. */
void leaks_head(const struct cli *cli, const struct report_row *row);
void leaks_line(const struct cli *cli, const struct report_row *row);
void leaks_other(const struct cli *cli, const struct report_row *row);
/* "LEAK 92 %  +3 objects/job ..." alone. */
void leaks_verdict(const struct cli *cli, const struct report_row *row);
/* The evidence for the line `row` of an answer to --explain. */
void leaks_explain(const struct cli *cli, const struct report *a, const struct report_row *row);
/* leaks --ack, --unack; leaks --ci. Return the exit code. */
int leaks_ack(struct cli *cli);
int leaks_ci(struct cli *cli);
