/* systemd: sockets handed over, notification, watchdog. SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/systemd.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "daemon/host.h"

#ifdef HAVE_SYSTEMD
#include <systemd/sd-daemon.h>

static int place(const char *name)
{
	static const char *const names[SYSTEMD_SOCKETS] = {"hdad-ingest", "hdad-query", "hdad-control"};
	for (int i = 0; i < SYSTEMD_SOCKETS; i++) {
		if (!strcmp(name, names[i]))
			return i;
	}
	return -1;
}

int systemd_sockets(int ret[SYSTEMD_SOCKETS], char **ret_why)
{
	char **names = NULL;
	int n = sd_listen_fds_with_names(1, &names), err = n;
	if (n < 0)
		*ret_why = xasprintf("sd_listen_fds: %s", hda_strerror(n));
	for (int i = 0; i < SYSTEMD_SOCKETS; i++)
		ret[i] = -1;
	for (int i = 0; i < n && err >= 0; i++) {
		int at = place(names[i]);
		if (at < 0 || ret[at] >= 0) {
			*ret_why = xasprintf("socket %d is called \"%s\": wanted hdad-ingest, hdad-query, hdad-control, each once", i, names[i]);
			err = HDA_EFORMAT;
		} else if (sd_is_socket_unix(SD_LISTEN_FDS_START + i, SOCK_STREAM, 1, NULL, 0) <= 0) {
			*ret_why = xasprintf("%s: the socket handed over is not a listening Unix stream socket", names[i]);
			err = HDA_EFORMAT;
		} else {
			ret[at] = SD_LISTEN_FDS_START + i;
		}
	}
	for (int i = 0; i < n; i++)
		free(names[i]);
	free(names);
	return err;
}

void systemd_ready(const char *status) { sd_notifyf(0, "READY=1\nSTATUS=%s", status); }

void systemd_reloading(void)
{
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64 "\nSTATUS=reloading", host_mono_us());
}

void systemd_stopping(uint64_t extend_us)
{
	sd_notifyf(0, "STOPPING=1\nEXTEND_TIMEOUT_USEC=%" PRIu64 "\nSTATUS=finishing dumps in flight", extend_us);
}

void systemd_extend(uint64_t extend_us) { sd_notifyf(0, "EXTEND_TIMEOUT_USEC=%" PRIu64, extend_us); }

void systemd_status(const char *status) { sd_notifyf(0, "STATUS=%s", status); }

uint64_t systemd_watchdog_us(void)
{
	uint64_t us = 0;
	return sd_watchdog_enabled(0, &us) > 0 ? us : 0;
}

void systemd_watchdog(void) { sd_notify(0, "WATCHDOG=1"); }

#else

int systemd_sockets(int ret[SYSTEMD_SOCKETS], char **ret_why)
{
	(void)ret_why;
	for (int i = 0; i < SYSTEMD_SOCKETS; i++)
		ret[i] = -1;
	return 0;
}

void systemd_ready(const char *status) { (void)status; }
void systemd_reloading(void) {}
void systemd_stopping(uint64_t extend_us) { (void)extend_us; }
void systemd_extend(uint64_t extend_us) { (void)extend_us; }
void systemd_status(const char *status) { (void)status; }
uint64_t systemd_watchdog_us(void) { return 0; }
void systemd_watchdog(void) {}

#endif
