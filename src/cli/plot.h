/* Pictures of trends, drawn by gnuplot. SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include "cli/report.h"

/* Draws the series of a trend answer into path (.svg or .png). 0, or a negative error with a line in *ret_why (caller frees):
 * no such ending, nothing to draw, gnuplot missing or failed. */
int plot_trend(const struct report *a, const char *by, const char *metric, const char *path, char **ret_why);
/* Makes a folder unless it is there. */
int plot_make_dir(const char *dir, char **ret_why);
