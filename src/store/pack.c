/* Compression of records. SPDX-License-Identifier: BSD-2-Clause */
#include "store/pack.h"

#include <zstd.h>

#include "base/assert.h"
#include "base/mem.h"

enum {
	PLAIN = 0, ZSTD = 1,
	WINDOW_MIN = 10, WINDOW_MAX = 27, /* of zstd; the window must reach over prefix and record */
};

void pack_done(struct pack *k)
{
	ZSTD_freeCCtx(k->c);
	ZSTD_freeDCtx(k->d);
	*k = (struct pack){0};
}

static int window(size_t n)
{
	int log = WINDOW_MIN;
	while (log < WINDOW_MAX && (size_t)1 << log < n)
		log++;
	return log;
}

static size_t compress(struct pack *k, uint8_t *to, size_t room, struct span raw, struct span prefix)
{
	if (!k->c)
		k->c = ZSTD_createCCtx();
	HDA_ASSERT(k->c);
	ZSTD_CCtx_reset(k->c, ZSTD_reset_session_and_parameters);
	ZSTD_CCtx_setParameter(k->c, ZSTD_c_compressionLevel, raw.n > PACK_LARGE ? PACK_LEVEL_LARGE : PACK_LEVEL);
	ZSTD_CCtx_setParameter(k->c, ZSTD_c_checksumFlag, 1);
	ZSTD_CCtx_setParameter(k->c, ZSTD_c_windowLog, window(raw.n + prefix.n));
	if (prefix.n)
		ZSTD_CCtx_refPrefix(k->c, prefix.p, prefix.n);
	return ZSTD_compress2(k->c, to, room, raw.p, raw.n);
}

int pack_put(struct pack *k, struct enc *e, struct span raw, struct span prefix)
{
	if (raw.n > PACK_RAW_MAX)
		return HDA_ELIMIT;
	size_t room = ZSTD_compressBound(raw.n);
	_cleanup_free_ uint8_t *out = xmalloc(room);
	size_t n = compress(k, out, room, raw, prefix);
	if (ZSTD_isError(n) || n >= raw.n) {
		enc_u8(e, PLAIN);
		enc_raw(e, raw.p, raw.n);
		return 0;
	}
	enc_u8(e, ZSTD);
	enc_raw(e, out, n);
	return 0;
}

int pack_get(struct pack *k, struct enc *raw, struct span packed, struct span prefix)
{
	enc_clear(raw);
	if (packed.n < 1)
		return HDA_ECORRUPT;
	const uint8_t *p = packed.p + 1;
	size_t n = packed.n - 1;
	if (packed.p[0] == PLAIN) {
		enc_raw(raw, p, n);
		return 0;
	}
	unsigned long long size = ZSTD_getFrameContentSize(p, n);
	if (packed.p[0] != ZSTD || size > PACK_RAW_MAX) /* errors are huge numbers */
		return HDA_ECORRUPT;
	if (!k->d)
		k->d = ZSTD_createDCtx();
	HDA_ASSERT(k->d);
	ZSTD_DCtx_reset(k->d, ZSTD_reset_session_only);
	if (prefix.n)
		ZSTD_DCtx_refPrefix(k->d, prefix.p, prefix.n);
	uint8_t *to = enc_room(raw, size);
	size_t got = ZSTD_decompressDCtx(k->d, to, size, p, n);
	if (!ZSTD_isError(got) && got == size)
		return 0;
	enc_clear(raw);
	return HDA_ECORRUPT;
}
