/* --help. SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include <stdio.h>

#include "cli/commands.h"

/* Everything in brief; or, when c is not NULL, one command with its options and examples. */
void help_print(FILE *out, const struct command *c);
