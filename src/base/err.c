/* Error texts. SPDX-License-Identifier: BSD-2-Clause */
#include "base/err.h"

#include <errno.h>
#include <string.h>

bool hda_no_room(int err) { return err == HDA_EFULL || err == -ENOSPC || err == -EDQUOT; }

const char *hda_strerror(int err)
{
	switch (err) {
#define X(name, number, text)                                                                      \
	case -(number):                                                                            \
		return text;
		HDA_ERR_TABLE(X)
#undef X
	default:
		break;
	}
	if (err >= 0)
		return "no error";
	const char *text = strerrordesc_np(-err);
	return text ? text : "unknown error";
}
