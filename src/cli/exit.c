/* Status classes of the protocol to exit codes. SPDX-License-Identifier: BSD-2-Clause */
#include "cli/exit.h"

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
