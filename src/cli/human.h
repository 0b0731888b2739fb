/* Numbers as people read them. SPDX-License-Identifier: BSD-2-Clause
 *
 * Pure; each writes a NUL-terminated text into buf and returns buf. Units are powers of 1024 for bytes (K M G T P E). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HUMAN_MAX = 48 }; /* bytes that hold any of these texts */

/* 612, 320.3K, 31.9M; exact: 33449574. */
const char *human_bytes(char buf[HUMAN_MAX], double bytes, bool exact);
/* 13 000 (groups of three), from ten millions on 12.3M; exact: 13000. */
const char *human_count(char buf[HUMAN_MAX], double count, bool exact);
/* A signed change: +4 012, -3, 0. */
const char *human_delta(char buf[HUMAN_MAX], double change, bool bytes, bool exact);
/* 0.9s, 45s, 6m, 2h10m, 3d4h; exact: seconds with a fraction. */
const char *human_duration(char buf[HUMAN_MAX], double seconds, bool exact);
/* Local time 2026-11-24 13:40:12; exact: seconds since 1970 with a fraction. 0 gives "-". */
const char *human_time(char buf[HUMAN_MAX], double unix_time, bool exact);
/* 0.054 gives 5%; below 10 % one digit more when it is not whole (1.3%). exact: 0.054. */
const char *human_share(char buf[HUMAN_MAX], double share, bool exact);
/* Reads a time of the command line: seconds since 1970, with or without a fraction, or local YYYY-MM-DD[ T]HH:MM[:SS],
 * after 1970 and before the year 10000. 0, or HDA_EUSAGE. */
int human_parse_time(const char *text, double *ret);
