/* systemd: sockets handed over, notification, watchdog. SPDX-License-Identifier: BSD-2-Clause
 *
 * Everything does nothing when built --without-systemd or not started by systemd. Main thread. */
#pragma once

#include <stdint.h>

#include "base/err.h"

enum { SYSTEMD_SOCKETS = 3 };

/* Takes the sockets named hdad-ingest, hdad-query, hdad-control into ret[0..2]; -1 where none was given. Returns how many,
 * or HDA_EFORMAT with *ret_why (caller frees): an unknown name, a name twice. */
HDA_MUST_CHECK int systemd_sockets(int ret[SYSTEMD_SOCKETS], char **ret_why);
void systemd_ready(const char *status);
/* status may be NULL. Always followed by systemd_ready, whatever came of the reload. */
void systemd_reloading(void);
/* extend_us: how much longer it may take from now. */
void systemd_stopping(uint64_t extend_us);
/* More time while starting or stopping. */
void systemd_extend(uint64_t extend_us);
void systemd_status(const char *status);
/* The watchdog's interval in microseconds, 0 = none. Asked once, at the start. */
uint64_t systemd_watchdog_us(void);
void systemd_watchdog(void);
