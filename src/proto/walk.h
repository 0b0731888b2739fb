/* A body as bytes, checked before msgpack-c sees it. SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include "base/err.h"
#include "base/span.h"
#include "proto/message.h"

enum {
	WALK_DEPTH = 8,   /* maps and arrays in each other */
	WALK_KEYS = 256,  /* keys of one map: a job mix has 200 */
};

/* 0 when the bytes are exactly one msgpack map whose maps have distinct string keys, whose counts fit the bytes left, and
 * whose depth is within bounds; else HDA_EFORMAT or HDA_ELIMIT with *err. One pass, no recursion, no allocation:
 * msgpack-c itself would ask malloc for 96 GiB on dd ff ff ff ff. */
HDA_MUST_CHECK int walk_body(struct span body, struct proto_err *err);
