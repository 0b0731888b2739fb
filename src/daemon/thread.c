/* Threads of hdad. SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/thread.h"

#include <event2/event.h>

#include "base/assert.h"
#include "daemon/log.h"

struct event_base *thread_base_new(void)
{
	/* Each base belongs to one thread: without locks none of libevent's lock bugs can be met (STYLE 4.2). */
	struct event_config *ec = event_config_new();
	HDA_ASSERT(ec != NULL);
	event_config_set_flag(ec, EVENT_BASE_FLAG_NOLOCK);
	struct event_base *base = event_base_new_with_config(ec);
	event_config_free(ec);
	return base;
}

void thread_fault(struct stats *st, struct session *s, enum session_fault why, const char *text)
{
	stats_add(st, why == SESSION_FAULT_PROTOCOL ? STAT_peer_faults : STAT_peer_deadlines, 1);
	if (why == SESSION_FAULT_PROTOCOL)
		log_event(LOG_peer_fault, LOG_STR("socket", s->ops->kind), LOG_UINT("pid", s->pid),
		    LOG_STR("state", session_state_name(s->state)), LOG_STR("text", text));
	else
		log_event(LOG_peer_deadline, LOG_STR("socket", s->ops->kind), LOG_UINT("pid", s->pid),
		    LOG_STR("state", session_state_name(s->state)),
		    LOG_STR("what", why == SESSION_FAULT_UNREAD ? "does not read" : "does not write"));
}
