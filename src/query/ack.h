/* Leaks that somebody knows already. SPDX-License-Identifier: BSD-2-Clause
 *
 * An acknowledgement is a memo of the store under the leak's id (series_id): until a time, until a revision is seen, or for good. It
 * changes what is said of a leak, never the verdict. */
#pragma once

#include <stdint.h>

#include "store/store.h"

enum { ACK_NOTE = 256 /* bytes of a note with the NUL; a longer one is cut at a character */ };

struct ack {
	double made;             /* seconds since 1970 */
	double until;            /* the same; 0: no date */
	char rev[HEADER_LABEL];  /* until a process of this revision has dumped; "": no revision */
	char note[ACK_NOTE];
};

enum ack_state { ACK_NONE, ACK_OVER, ACK_HOLDS };

void ack_encode(const struct ack *a, struct enc *e);
/* 0, or HDA_EFORMAT. */
HDA_MUST_CHECK int ack_decode(struct span bytes, struct ack *ret);
/* What is acknowledged of this id at `now`: an enum ack_state (*ret filled unless ACK_NONE), or a negative error of the store. A memo
 * that cannot be read is none. Any thread. */
HDA_MUST_CHECK int ack_get(struct store_rtxn *r, uint32_t id, double now, struct ack *ret);
