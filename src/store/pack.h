/* Compression of records. SPDX-License-Identifier: BSD-2-Clause Private to src/store/. */
#pragma once

#include "base/cursor.h"

enum {
	PACK_LEVEL = 9,            /* zstd: the writer has time, the disk has not */
	PACK_LARGE = 256 << 10,    /* bytes: over it a dump would wait for its ACK (40 ms for 2.6 MB at level 9), */
	PACK_LEVEL_LARGE = 3,      /* ... so faster */
	PACK_RAW_MAX = 64 << 20,   /* bytes of one part before compression; a damaged record asks for no more */
};

/* Contexts of the library, made when first needed. All-zero is ready; pack_done frees. One thread at a time. */
struct pack {
	struct ZSTD_CCtx_s *c;
	struct ZSTD_DCtx_s *d;
};

void pack_done(struct pack *k);
/* Appends raw, compressed where that helps; prefix (n 0: none) is what it probably resembles. HDA_ELIMIT over PACK_RAW_MAX. */
HDA_MUST_CHECK int pack_put(struct pack *k, struct enc *e, struct span raw, struct span prefix);
/* The raw bytes into *raw (emptied first); prefix as at pack_put. HDA_ECORRUPT. */
HDA_MUST_CHECK int pack_get(struct pack *k, struct enc *raw, struct span packed, struct span prefix);
