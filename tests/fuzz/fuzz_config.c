/* Any bytes as hda.conf: accepted or refused with file and line; what is accepted is in range. SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "daemon/config.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct config *c = NULL;
	char *why = NULL;
	int err = config_parse("hda.conf", (const char *)p, n, &c, &why);
	HDA_ASSERT((err == 0) == (c != NULL) && (err == 0) == (why == NULL));
	if (err < 0) {
		HDA_ASSERT(!strncmp(why, "hda.conf:", 9) && strlen(why) < 512);
		free(why);
		return 0;
	}
	for (enum config_id id = 0; id < CFG_N; id++) {
		char *text = config_format(id, config_get(c, id));
		uint64_t back;
		bool is_auto;
		HDA_ASSERT(config_value(id, text, &back, &is_auto, &why) == 0 && back == config_get(c, id));
		free(text);
	}
	config_unref(c);
	return 0;
}
