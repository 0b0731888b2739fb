/* ack and unack: who knows a leak already. SPDX-License-Identifier: BSD-2-Clause The storer's thread: it alone writes. */
#include "daemon/acks.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "daemon/hdad.h"
#include "daemon/host.h"
#include "daemon/querier.h"
#include "query/ack.h"

static struct span text_arg(const struct query_job *j, const char *name)
{
	const struct val *v = job_arg(&j->req, name);
	return v && v->kind == VAL_STR ? v->s : (struct span){NULL, 0};
}

static bool take_id(const struct query_job *j, uint32_t *ret, char **ret_text)
{
	struct span s = text_arg(j, "id");
	uint32_t id = 0;
	bool good = s.n == 6;
	for (size_t i = 0; good && i < s.n; i++) {
		uint8_t c = s.p[i];
		good = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
		id = id << 4 | (uint32_t)(c <= '9' ? c - '0' : c - 'a' + 10);
	}
	*ret = id;
	if (!good)
		*ret_text = xasprintf("%s: id must be six hex digits in small letters, as leaks shows them", j->req.cmd);
	return good;
}

/* Cut at a character of UTF-8, so that half of one is never shown. */
static void put_text(char *buf, size_t n, struct span s)
{
	size_t len = s.n < n ? s.n : n - 1;
	while (len < s.n && len && (s.p[len] & 0xc0) == 0x80)
		len--;
	if (len)
		memcpy(buf, s.p, len);
	for (size_t i = 0; i < len; i++) {
		if (buf[i] == '\0')
			buf[i] = ' ';
	}
}

static bool is_text(const struct query_job *j, const char *name)
{
	const struct val *v = job_arg(&j->req, name);
	return !v || v->kind == VAL_STR;
}

static bool take_ack(const struct query_job *j, struct ack *ret, char **ret_text)
{
	const struct val *until = job_arg(&j->req, "until");
	struct span rev = text_arg(j, "revision");
	*ret = (struct ack){.made = host_now()};
	if (until)
		ret->until = until->kind == VAL_UINT ? (double)until->u : until->kind == VAL_REAL ? until->r : -1;
	if (until && !(isfinite(ret->until) && ret->until > ret->made)) {
		*ret_text = xstrdup("ack: until must be a time to come, in seconds since 1970");
		return false;
	}
	if (!is_text(j, "revision") || !is_text(j, "note")) {
		*ret_text = xstrdup("ack: revision and note must be texts");
		return false;
	}
	if (rev.n >= sizeof(ret->rev)) {
		*ret_text = xasprintf("ack: a revision has at most %zu bytes", sizeof(ret->rev) - 1);
		return false;
	}
	if (text_arg(j, "note").n >= sizeof(ret->note)) {
		*ret_text = xasprintf("ack: a note has at most %zu bytes", sizeof(ret->note) - 1);
		return false;
	}
	put_text(ret->rev, sizeof(ret->rev), rev);
	put_text(ret->note, sizeof(ret->note), text_arg(j, "note"));
	return true;
}

static int failed(int err, char **ret_text)
{
	*ret_text = xasprintf("it could not be stored: %s", hda_strerror(err));
	return hda_no_room(err) ? HDA_STATUS_FULL : HDA_STATUS_INTERNAL;
}

/* Writes or (n 0) deletes the memo of an id; HDA_ENOTFOUND: there was none to delete. */
static int put(struct storer *st, uint32_t id, struct span bytes)
{
	struct store_wtxn *w;
	struct enc old = {0};
	int err = store_wtxn_begin(st->h->store, &w);
	if (err)
		return err;
	int there = store_wtxn_memo(w, STORE_MEMO_ACK, id, &old);
	enc_done(&old);
	if (there == HDA_ENOTFOUND && bytes.n == 0) {
		store_wtxn_abort(w);
		return HDA_ENOTFOUND;
	}
	(void)!store_wtxn_memo_put(w, STORE_MEMO_ACK, id, bytes); /* the transaction remembers */
	return store_wtxn_commit(w);
}

void acks_drop_over(struct storer *st)
{
	struct store_rtxn *r;
	_cleanup_free_ uint64_t *id = NULL;
	size_t n = 0;
	if (store_rtxn_begin(st->h->store, &r) < 0)
		return;
	int err = ack_list_over(r, host_now(), &id, &n);
	store_rtxn_end(r);
	for (size_t i = 0; !err && i < n; i++)
		err = put(st, (uint32_t)id[i], (struct span){NULL, 0});
}

static int ack(struct storer *st, const struct query_job *j, char **ret_text)
{
	struct ack a;
	uint32_t id;
	if (!take_id(j, &id, ret_text) || !take_ack(j, &a, ret_text))
		return HDA_STATUS_ARGUMENT;
	struct enc e = {0};
	ack_encode(&a, &e);
	int err = put(st, id, (struct span){e.p, e.n});
	enc_done(&e);
	if (err)
		return failed(err, ret_text);
	acks_drop_over(st);
	struct span s = text_arg(j, "id");
	_cleanup_free_ char *name = xstrndup((const char *)s.p, s.n);
	log_event(LOG_leak_acknowledged, LOG_STR("id", name), LOG_STR("revision", a.rev), LOG_REAL("until", a.until), LOG_STR("note", a.note));
	*ret_text = xasprintf("%s is acknowledged", name);
	return HDA_STATUS_OK;
}

static int unack(struct storer *st, const struct query_job *j, char **ret_text)
{
	uint32_t id;
	if (!take_id(j, &id, ret_text))
		return HDA_STATUS_ARGUMENT;
	int err = put(st, id, (struct span){NULL, 0});
	if (err && err != HDA_ENOTFOUND)
		return failed(err, ret_text);
	char name[8];
	snprintf(name, sizeof(name), "%06x", id & 0xffffff);
	*ret_text = xasprintf(err ? "%s is not acknowledged" : "%s is no longer acknowledged", name);
	if (!err)
		log_event(LOG_leak_unacknowledged, LOG_STR("id", name));
	return err ? HDA_STATUS_NOTHING : HDA_STATUS_OK;
}

void acks_answer(struct storer *st, struct query_job *j)
{
	char *text = NULL;
	int status = strcmp(j->req.cmd, "ack") == 0 ? ack(st, j, &text) : unack(st, j, &text);
	answer_end(&j->answer, status, text);
	stats_add(&st->stats, STAT_queries, 1);
	free(text);
	j->msg.kind = MAIN_ANSWERED;
	inbox_post(&st->h->main_in, &j->msg);
}

bool acks_hold(struct storer *st, uint32_t id, const char *rev)
{
	struct store_rtxn *r;
	struct ack a;
	if (store_rtxn_begin(st->h->store, &r) < 0)
		return false;
	int state = ack_get(r, id, host_now(), &a);
	store_rtxn_end(r);
	return state == ACK_HOLDS && (a.rev[0] == '\0' || strcmp(a.rev, rev) != 0);
}
