/* Looking at 64 bytes at once, in two variants. SPDX-License-Identifier: BSD-2-Clause
 *
 * Included by scan_simd.c once for each instruction set, with FN and TARGET set; no include guard for that reason.
 * Everything here may read FAST_WINDOW bytes from p on, and p lies before the end of what was fed. */

/* Bit i is set where p[i] is a or b. */
TARGET static inline uint64_t FN(find2)(const uint8_t *p, uint8_t a, uint8_t b)
{
#if SCAN_AVX2
	const __m256i va = _mm256_set1_epi8((char)a), vb = _mm256_set1_epi8((char)b);
	uint64_t m[2];
	for (int i = 0; i < 2; i++) {
		__m256i v = _mm256_loadu_si256((const __m256i_u *)(const void *)(p + 32 * i));
		m[i] = (uint32_t)_mm256_movemask_epi8(_mm256_or_si256(_mm256_cmpeq_epi8(v, va), _mm256_cmpeq_epi8(v, vb)));
	}
	return m[0] | m[1] << 32;
#else
	const __m128i va = _mm_set1_epi8((char)a), vb = _mm_set1_epi8((char)b);
	uint64_t m = 0;
	for (int i = 0; i < 4; i++) {
		__m128i v = _mm_loadu_si128((const __m128i_u *)(const void *)(p + 16 * i));
		m |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_or_si128(_mm_cmpeq_epi8(v, va), _mm_cmpeq_epi8(v, vb))) << (16 * i);
	}
	return m;
#endif
}

TARGET static inline uint64_t FN(find4)(const uint8_t *p, uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
	return FN(find2)(p, a, b) | FN(find2)(p, c, d);
}

/* The first a or b from p on; end when there is none before it. */
TARGET static inline const uint8_t *FN(next2)(const uint8_t *p, const uint8_t *end, uint8_t a, uint8_t b)
{
	for (; p < end; p += FAST_WINDOW) {
		uint64_t m = FN(find2)(p, a, b);
		if (m) {
			p += __builtin_ctzll(m);
			return p < end ? p : end;
		}
	}
	return end;
}

TARGET static inline const uint8_t *FN(next4)(const uint8_t *p, const uint8_t *end, uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
	for (; p < end; p += FAST_WINDOW) {
		uint64_t m = FN(find4)(p, a, b, c, d);
		if (m) {
			p += __builtin_ctzll(m);
			return p < end ? p : end;
		}
	}
	return end;
}

/* Bit i is set where p[i] is c. */
TARGET static inline uint64_t FN(find1)(const uint8_t *p, uint8_t c) { return FN(find2)(p, c, c); }

/* The place of the first c among the 128 bytes at p, which must all be readable; 128 when there is none. No branch: how long
 * a path or the flags are cannot be guessed. */
TARGET static inline size_t FN(find128)(const uint8_t *p, uint8_t c)
{
	uint64_t low = FN(find1)(p, c), high = FN(find1)(p + FAST_WINDOW, c);
#if SCAN_AVX2
	uint64_t n = _tzcnt_u64(low); /* 64 for none */
	return n + (_tzcnt_u64(high) & -(n >> 6));
#else
	return low ? (size_t)__builtin_ctzll(low) : high ? (size_t)__builtin_ctzll(high) + FAST_WINDOW : 2 * FAST_WINDOW;
#endif
}

/* Are the n bytes equal? n >= 32; both can be read to their n-th byte. Up to 128 bytes without a branch on n: blocks that
 * would reach beyond overlap the ones before. */
TARGET static inline bool FN(equal)(const uint8_t *a, const uint8_t *b, size_t n)
{
#if SCAN_AVX2
	enum { BLOCK = sizeof(__m256i) };
	const size_t last = n - BLOCK;
#define SAME(i) _mm256_cmpeq_epi8(_mm256_loadu_si256((const __m256i_u *)(const void *)(a + (i))), \
				  _mm256_loadu_si256((const __m256i_u *)(const void *)(b + (i))))
	__m256i all = _mm256_and_si256(SAME(0), SAME(last));
	all = _mm256_and_si256(all, SAME(last < BLOCK ? last : BLOCK));
	all = _mm256_and_si256(all, SAME(last < 2 * BLOCK ? last : 2 * BLOCK));
	for (size_t i = 3 * BLOCK; __builtin_expect(i < last, 0); i += BLOCK)
		all = _mm256_and_si256(all, SAME(i));
#undef SAME
	return _mm256_movemask_epi8(all) == -1;
#else
	return memcmp(a, b, n) == 0;
#endif
}

/* Sixteen characters at p as hex digits: the big-endian number of all into *ret, what is no digit into the bits returned.
 * Each to its nibble (0..9, 10..15, else more; Mula, "SIMD-ized parsing of hex numbers", 2022), then pairs to bytes. */
TARGET static inline uint32_t FN(hex16)(const uint8_t *p, uint64_t *ret)
{
	const __m128i v = _mm_loadu_si128((const __m128i_u *)(const void *)p);
	/* Digits to 0xf6 .. 0xff, then to 0 .. 9; what stands higher than them or far below stays above 9. */
	const __m128i high = _mm_add_epi8(v, _mm_set1_epi8((char)(0xff - '9')));
	const __m128i digit = _mm_sub_epi8(_mm_subs_epu8(high, _mm_set1_epi8(6)), _mm_set1_epi8((char)0xf0));
	const __m128i upper = _mm_and_si128(v, _mm_set1_epi8((char)0xdf));
	const __m128i letter = _mm_adds_epu8(_mm_sub_epi8(upper, _mm_set1_epi8('A')), _mm_set1_epi8(10));
	const __m128i any = _mm_min_epu8(digit, letter), nibble = _mm_and_si128(any, _mm_set1_epi8(15));
	const uint32_t bad = (uint32_t)_mm_movemask_epi8(_mm_adds_epu8(any, _mm_set1_epi8(127 - 15)));
#if SCAN_AVX2
	const __m128i pair = _mm_maddubs_epi16(nibble, _mm_set1_epi16(0x0110));
#else
	const __m128i both = _mm_or_si128(_mm_slli_epi16(nibble, 4), _mm_srli_epi16(nibble, 8));
	const __m128i pair = _mm_and_si128(both, _mm_set1_epi16(0xff));
#endif
	*ret = __builtin_bswap64((uint64_t)_mm_cvtsi128_si64(_mm_packus_epi16(pair, pair)));
	return bad;
}

/* The address behind a `0x` at p: its 1 to 16 digits into *ret_addr, and their number; 0 when there is no digit or a 17th. */
TARGET static inline unsigned FN(hex)(const uint8_t *p, uint64_t *ret_addr)
{
	uint64_t all;
	unsigned n = (unsigned)__builtin_ctz(FN(hex16)(p, &all) | 1u << 16);
	*ret_addr = all >> (64 - 4 * n) % 64;
	return n == 0 || p[n] != '"' ? 0 : n;
}
