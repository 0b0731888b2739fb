/* ack and unack: who knows a leak already. SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct query_job;
struct storer;

/* Does what the request ack or unack says and sends the answer to main. The storer's thread, outside of its transactions. */
void acks_answer(struct storer *st, struct query_job *j);
/* Drops those that were over a week ago (ACK_KEEP_S): at the start, and with each new one. What fails is left for the next time.
 * The storer's thread, outside of its transactions. */
void acks_drop_over(struct storer *st);
/* Somebody knows this leak, and the dump of revision rev that is being stored does not end that. The storer's thread. */
bool acks_hold(struct storer *st, uint32_t id, const char *rev);
