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

/* An acknowledgement that is over is still told for a week, then dropped. */
#define ACK_KEEP_S (7 * 86400.)

enum ack_state { ACK_NONE, ACK_OVER, ACK_HOLDS };

void ack_encode(const struct ack *a, struct enc *e);
/* 0, or HDA_EFORMAT. */
HDA_MUST_CHECK int ack_decode(struct span bytes, struct ack *ret);
/* What is acknowledged of this id at `now`: an enum ack_state (*ret filled unless ACK_NONE), or a negative error of the store. A memo
 * that cannot be read is none. Any thread. */
HDA_MUST_CHECK int ack_get(struct store_rtxn *r, uint32_t id, double now, struct ack *ret);
/* The ids whose acknowledgement was over ACK_KEEP_S ago (or cannot be read), rising: they may be dropped. A revision may be forgotten with
 * its last process, and what waited for it would hold again. Newly allocated, the caller frees. */
HDA_MUST_CHECK int ack_list_over(struct store_rtxn *r, double now, uint64_t **ret, size_t *ret_n);
