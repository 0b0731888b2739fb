/* Leaks that somebody knows already. SPDX-License-Identifier: BSD-2-Clause */
#include "query/ack.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { ACK_VERSION = 1 };

void ack_encode(const struct ack *a, struct enc *e)
{
	enc_u8(e, ACK_VERSION);
	enc_f64(e, a->made);
	enc_f64(e, a->until);
	enc_str(e, span_of(a->rev));
	enc_str(e, span_of(a->note));
}

static void take_text(struct dec *d, char *buf, size_t n)
{
	struct span s = dec_str(d);
	if (s.n >= n)
		d->err = HDA_EFORMAT;
	if (!d->err && s.n)
		memcpy(buf, s.p, s.n);
}

int ack_decode(struct span bytes, struct ack *ret)
{
	struct dec d;
	*ret = (struct ack){.made = 0};
	dec_init(&d, bytes.p, bytes.n);
	if (dec_u8(&d) != ACK_VERSION)
		return HDA_EFORMAT;
	ret->made = dec_f64(&d);
	ret->until = dec_f64(&d);
	take_text(&d, ret->rev, sizeof(ret->rev));
	take_text(&d, ret->note, sizeof(ret->note));
	if (!isfinite(ret->made) || !isfinite(ret->until))
		d.err = HDA_EFORMAT;
	return dec_finish(&d);
}

/* When a process of that revision first dumped; 0: none has. */
static int seen_at(struct store_rtxn *r, const char *rev, double *ret)
{
	_cleanup_free_ struct store_proc *p = NULL;
	size_t n = 0;
	int err = store_rtxn_procs(r, &p, &n);
	*ret = 0;
	for (size_t i = 0; !err && i < n; i++) {
		if (p[i].ndumps && strcmp(p[i].who.rev, rev) == 0 && (*ret <= 0 || p[i].first_time < *ret))
			*ret = fmax(p[i].first_time, 1);
	}
	return err;
}

/* *ret_over: when it ended, 0: it holds. */
static int get(struct store_rtxn *r, uint32_t id, double now, struct ack *ret, double *ret_over)
{
	struct enc e = {0};
	int err = store_rtxn_memo(r, STORE_MEMO_ACK, id, &e);
	int bad = err ? err : ack_decode((struct span){e.p, e.n}, ret);
	enc_done(&e);
	*ret_over = 0;
	if (err && err != HDA_ENOTFOUND)
		return err;
	if (bad)
		return ACK_NONE;
	if (ret->until > 0 && now >= ret->until)
		*ret_over = ret->until;
	else if (ret->rev[0])
		err = seen_at(r, ret->rev, ret_over);
	return err ? err : *ret_over > 0 ? ACK_OVER : ACK_HOLDS;
}

int ack_get(struct store_rtxn *r, uint32_t id, double now, struct ack *ret)
{
	double over;
	return get(r, id, now, ret, &over);
}

int ack_list_over(struct store_rtxn *r, double now, uint64_t **ret, size_t *ret_n)
{
	size_t n = 0, m = 0;
	int state = store_rtxn_memo_ids(r, STORE_MEMO_ACK, ret, &n);
	for (size_t i = 0; state >= 0 && i < n; i++) {
		struct ack a;
		double over;
		state = get(r, (uint32_t)(*ret)[i], now, &a, &over);
		/* a revision may have been there already when it was named: it is told from then on */
		if (state == ACK_NONE || (state == ACK_OVER && now - fmax(over, a.made) >= ACK_KEEP_S))
			(*ret)[m++] = (*ret)[i];
	}
	*ret_n = m;
	if (state >= 0)
		return 0;
	free(*ret);
	*ret = NULL;
	*ret_n = 0;
	return state;
}
