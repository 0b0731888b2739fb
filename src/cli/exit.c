/* Ending with a code: what the protocol's status means for it, and the line that says why. SPDX-License-Identifier: BSD-2-Clause */
#include "cli/exit.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "cli/text.h"
#include "hda/protocol.h"

int cli_exit_of_status(int status)
{
	switch (status) {
	case HDA_STATUS_OK:
		return CLI_DONE;
	case HDA_STATUS_NOTHING:
	case HDA_STATUS_UNKNOWN:
		return CLI_NOTHING;
	case HDA_STATUS_ARGUMENT:
		return CLI_USAGE;
	default:
		return status / 100 == 2 ? CLI_DONE : CLI_REFUSED;
	}
}

int cli_fail(int code, const char *fmt, ...)
{
	char *s = NULL;
	va_list ap;
	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		s = NULL;
	va_end(ap);
	_cleanup_free_ char *safe = text_safe(span_of(s ? s : "out of memory"));
	fprintf(stderr, "hdactl: %s\n", safe);
	free(s);
	return code;
}

int cli_refused(int code, const char *text) { return cli_fail(code, "%s", text ? text : "it was refused without a reason"); }
