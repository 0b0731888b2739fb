/* Lines for the journal. SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/log.h"

#include <errno.h>
#include <event2/event.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "daemon/host.h"
#include "proto/header.h"

static const struct {
	const char *name;
	unsigned level;
	const char *text;
} rows[LOG_N] = {
#define X(id, level, text) [LOG_##id] = {#id, level, text},
#include "daemon/log.def"
#undef X
};

/* A token bucket an id. A handful of words and a write(2): the one lock beside those of the inboxes. */
struct bucket {
	uint64_t tokens, at_ms, suppressed;
};

static struct bucket buckets[LOG_N];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Atomic unsigned highest = 6;

void log_set_level(unsigned level) { atomic_store(&highest, level); }

struct line {
	char *p;
	size_t n, cap;
};

static void put(struct line *l, const char *text, size_t n)
{
	size_t room = l->cap - l->n;
	n = n < room ? n : room;
	memcpy(l->p + l->n, text, n);
	l->n += n;
}

static void put_str(struct line *l, const char *text) { put(l, text, strlen(text)); }

static bool plain(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c && strchr("-_./:@+,#%", c) != NULL);
}

/* A value as it is when it is one plain word, else quoted; whatever is not printable ASCII as \xNN. */
static void put_value(struct line *l, struct span s)
{
	bool word = s.n > 0;
	for (size_t i = 0; i < s.n && word; i++)
		word = plain(s.p[i]);
	size_t start = l->n;
	if (!word)
		put_str(l, "\"");
	for (size_t i = 0; i < s.n && l->n - start < LOG_VALUE_MAX; i++) {
		char c = (char)s.p[i], esc[5];
		if (c == '"' || c == '\\')
			put(l, "\\", 1);
		if (c >= 0x20 && c < 0x7f) {
			put(l, &c, 1);
		} else {
			int n = snprintf(esc, sizeof(esc), "\\x%02x", s.p[i]);
			put(l, esc, (size_t)n);
		}
	}
	if (!word)
		put_str(l, "\"");
}

size_t log_format(char *buf, size_t n, enum log_id id, const struct log_field *fields, uint64_t suppressed)
{
	struct line l = {buf, 0, n - 1};
	char num[48];
	snprintf(num, sizeof(num), "<%u>event=", rows[id].level);
	put_str(&l, num);
	put_str(&l, rows[id].name);
	put_str(&l, " msg=");
	put_value(&l, span_of(rows[id].text));
	for (const struct log_field *f = fields; f->kind != LOG_FIELD_END; f++) {
		if (f->kind == LOG_FIELD_UINT && f->u == HEADER_UNKNOWN)
			continue;
		put_str(&l, " ");
		put_str(&l, f->key);
		put_str(&l, "=");
		switch (f->kind) {
		case LOG_FIELD_UINT:
			snprintf(num, sizeof(num), "%llu", (unsigned long long)f->u);
			put_str(&l, num);
			break;
		case LOG_FIELD_REAL:
			snprintf(num, sizeof(num), "%.3f", f->r);
			put_str(&l, num);
			break;
		default:
			put_value(&l, f->s);
		}
	}
	if (suppressed) {
		snprintf(num, sizeof(num), " suppressed=%llu", (unsigned long long)suppressed);
		put_str(&l, num);
	}
	buf[l.n] = '\0';
	return l.n;
}

/* Takes a token; false when the id said enough. *ret_suppressed: lines left out since the last one. */
static bool take_token(enum log_id id, uint64_t *ret_suppressed)
{
	struct bucket *b = &buckets[id];
	uint64_t now = host_mono_ms();
	pthread_mutex_lock(&lock);
	if (b->at_ms == 0) {
		b->tokens = LOG_BURST;
		b->at_ms = now;
	}
	uint64_t more = (now - b->at_ms) / LOG_REFILL_MS;
	b->at_ms += more * LOG_REFILL_MS;
	b->tokens = b->tokens + more < LOG_BURST ? b->tokens + more : LOG_BURST;
	bool ok = b->tokens > 0;
	if (ok) {
		b->tokens--;
		*ret_suppressed = b->suppressed;
		b->suppressed = 0;
	} else {
		b->suppressed++;
	}
	pthread_mutex_unlock(&lock);
	return ok;
}

void log_write(enum log_id id, const struct log_field *fields)
{
	uint64_t suppressed = 0;
	if (rows[id].level > atomic_load(&highest) || !take_token(id, &suppressed))
		return;
	char buf[LOG_LINE_MAX];
	size_t n = log_format(buf, sizeof(buf) - 1, id, fields, suppressed);
	buf[n++] = '\n';
	ssize_t put_n;
	do
		put_n = write(STDERR_FILENO, buf, n); /* one call a line: lines of threads do not mix */
	while (put_n < 0 && errno == EINTR);
}

static void on_libevent(int severity, const char *msg)
{
	if (severity > EVENT_LOG_DEBUG)
		log_event(LOG_libevent, LOG_STR("text", msg));
}

_Noreturn static void on_libevent_fatal(int err)
{
	fprintf(stderr, "<0>hda: libevent cannot go on (%d)\n", err);
	abort();
}

void log_route_libevent(void)
{
	event_set_log_callback(on_libevent);
	event_set_fatal_callback(on_libevent_fatal);
}
