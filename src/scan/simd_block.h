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

/* Are the n bytes equal? n >= 32; both can be read to their n-th byte. */
TARGET static inline bool FN(equal)(const uint8_t *a, const uint8_t *b, size_t n)
{
#if SCAN_AVX2
	for (size_t i = 0;; i = i + 64 < n ? i + 32 : n - 32) { /* the last block overlaps the one before */
		__m256i va = _mm256_loadu_si256((const __m256i_u *)(const void *)(a + i));
		__m256i vb = _mm256_loadu_si256((const __m256i_u *)(const void *)(b + i));
		if (_mm256_movemask_epi8(_mm256_cmpeq_epi8(va, vb)) != -1)
			return false;
		if (i + 32 >= n)
			return true;
	}
#else
	return memcmp(a, b, n) == 0;
#endif
}

/* The address behind a `0x` at p: its 1 to 16 digits into *ret_addr, and their number; 0 when there is no digit or a 17th.
 * Sixteen characters at a time: each to its nibble, then pairs to bytes, then the big-endian number. */
TARGET static inline unsigned FN(hex)(const uint8_t *p, uint64_t *ret_addr)
{
	const __m128i v = _mm_loadu_si128((const __m128i_u *)(const void *)p);
	const __m128i lower = _mm_or_si128(v, _mm_set1_epi8(0x20));
	const __m128i from_0 = _mm_sub_epi8(v, _mm_set1_epi8('0')), from_a = _mm_sub_epi8(lower, _mm_set1_epi8('a'));
	const __m128i digit = _mm_cmpeq_epi8(_mm_min_epu8(from_0, _mm_set1_epi8(9)), from_0);
	const __m128i letter = _mm_cmpeq_epi8(_mm_min_epu8(from_a, _mm_set1_epi8(5)), from_a);
	const __m128i nibble = _mm_or_si128(_mm_and_si128(digit, from_0),
					    _mm_and_si128(letter, _mm_add_epi8(from_a, _mm_set1_epi8(10))));
	uint32_t bad = ~(uint32_t)_mm_movemask_epi8(_mm_or_si128(digit, letter));
	unsigned n = (unsigned)__builtin_ctz(bad); /* bit 16 is always set */
	const __m128i pair = _mm_or_si128(_mm_slli_epi16(nibble, 4), _mm_srli_epi16(nibble, 8));
	const __m128i bytes = _mm_packus_epi16(_mm_and_si128(pair, _mm_set1_epi16(0xff)), _mm_setzero_si128());
	*ret_addr = __builtin_bswap64((uint64_t)_mm_cvtsi128_si64(bytes)) >> (64 - 4 * n) % 64;
	return n == 0 || p[n] != '"' ? 0 : n;
}
