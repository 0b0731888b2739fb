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

/* A process of that revision has dumped. */
static int is_seen(struct store_rtxn *r, const char *rev, bool *ret)
{
	_cleanup_free_ struct store_proc *p = NULL;
	size_t n = 0;
	int err = store_rtxn_procs(r, &p, &n);
	*ret = false;
	for (size_t i = 0; !err && i < n && !*ret; i++)
		*ret = p[i].ndumps && strcmp(p[i].who.rev, rev) == 0;
	return err;
}

int ack_get(struct store_rtxn *r, uint32_t id, double now, struct ack *ret)
{
	struct enc e = {0};
	bool seen = false;
	int err = store_rtxn_memo(r, STORE_MEMO_ACK, id, &e);
	int bad = err ? err : ack_decode((struct span){e.p, e.n}, ret);
	enc_done(&e);
	if (err && err != HDA_ENOTFOUND)
		return err;
	if (bad)
		return ACK_NONE;
	if (ret->until > 0 && now >= ret->until)
		return ACK_OVER;
	err = ret->rev[0] ? is_seen(r, ret->rev, &seen) : 0;
	return err ? err : seen ? ACK_OVER : ACK_HOLDS;
}
