/* Tests of src/base. SPDX-License-Identifier: BSD-2-Clause */
#include "unit.h"

#include "base/first.h"
#include "base/arena.h"
#include "base/cursor.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strtab.h"
#include "base/u64map.h"

static void test_errors_have_texts(void **state)
{
	(void)state;
#define X(name, number, text) assert_string_equal(hda_strerror(HDA_##name), text);
	HDA_ERR_TABLE(X)
#undef X
	assert_string_equal(hda_strerror(0), "no error");
	assert_string_equal(hda_strerror(-2), "No such file or directory");
	assert_string_equal(hda_strerror(-99999), "unknown error");
}

static void test_arena_aligns_and_keeps(void **state)
{
	(void)state;
	struct arena a = {0};
	uint64_t rnd = 1;
	char *kept[500];
	for (size_t i = 0; i < 500; i++) {
		char text[64];
		int n = snprintf(text, sizeof(text), "text %zu", i);
		kept[i] = arena_copy(&a, text, (size_t)n);
		assert_int_equal((uintptr_t)arena_alloc(&a, unit_below(&rnd, 40000)) % 16, 0);
	}
	for (size_t i = 0; i < 500; i++) {
		char text[64];
		snprintf(text, sizeof(text), "text %zu", i);
		assert_string_equal(kept[i], text);
	}
	arena_done(&a);
	assert_null(a.blocks);
}

/* All sizes around the two bounds: zero where promised also after something else lay there, and whole. */
static void test_arrays_of_all_sizes(void **state)
{
	(void)state;
	const size_t sizes[] = {0, 1, MEM_POPULATE - 1, MEM_POPULATE, 100001, MEM_HUGE - 1, MEM_HUGE, 3 * MEM_HUGE + 5};
	for (size_t i = 0; i < 3 * sizeof(sizes) / sizeof(*sizes); i++) {
		size_t n = sizes[i / 3];
		uint8_t *p = xarray(n, 1);
		memset(p, 0xaa, n);
		free(p);
		p = xarray0(n, 1);
		for (size_t k = 0; k < n; k++)
			assert_int_equal(p[k], 0);
		memset(p, 0x55, n);
		free(p);
	}
}

static void test_strtab_round_trip(void **state)
{
	(void)state;
	struct strtab t;
	strtab_init(&t);
	for (int round = 0; round < 2; round++) {
		for (uint32_t i = 0; i < 5000; i++) {
			char text[32];
			int n = snprintf(text, sizeof(text), "s%u", i);
			assert_int_equal(strtab_intern(&t, (struct span){(uint8_t *)text, (size_t)n}), i + 1);
		}
	}
	assert_int_equal(t.n, 5000);
	assert_string_equal(strtab_str(&t, 17), "s16");
	assert_null(strtab_str(&t, 0));
	assert_int_equal(strtab_find(&t, SPAN_LIT("s4999")), 5000);
	assert_int_equal(strtab_find(&t, SPAN_LIT("absent")), 0);
	uint32_t nul = strtab_intern(&t, SPAN_LIT("a\0b"));
	assert_int_not_equal(nul, strtab_intern(&t, SPAN_LIT("a")));
	uint32_t empty = strtab_intern(&t, SPAN_LIT(""));
	assert_int_equal(strtab_get(&t, empty).n, 0);
	assert_int_equal(strtab_intern(&t, (struct span){NULL, 0}), empty);
	strtab_done(&t);
}

static void test_u64map(void **state)
{
	(void)state;
	struct u64map m = {0};
	bool fresh;
	assert_null(u64map_get(&m, 0));
	for (uint64_t i = 0; i < 20000; i++) {
		*u64map_put(&m, i * 40, &fresh) = (uint32_t)i;
		assert_true(fresh);
	}
	*u64map_put(&m, UINT64_MAX, NULL) = 7;
	for (uint64_t i = 0; i < 20000; i++)
		assert_int_equal(*u64map_get(&m, i * 40), i);
	assert_int_equal(*u64map_get(&m, UINT64_MAX), 7);
	assert_null(u64map_get(&m, 41));
	u64map_put(&m, 0, &fresh);
	assert_false(fresh);
	assert_int_equal(m.n, 20001);
	u64map_done(&m);
}

static void test_cursor_round_trip(void **state)
{
	(void)state;
	static const uint64_t numbers[] = {0, 1, 127, 128, 16383, 16384, UINT32_MAX, INT64_MAX, UINT64_MAX};
	struct enc e = {0};
	for (size_t i = 0; i < 9; i++) {
		enc_uv(&e, numbers[i]);
		enc_sv(&e, (int64_t)numbers[i]);
		enc_u64be(&e, numbers[i]);
	}
	enc_f64(&e, -1.5e300);
	enc_str(&e, SPAN_LIT("text"));
	enc_str(&e, (struct span){NULL, 0});
	enc_str(&e, SPAN_LIT(""));
	struct dec d;
	dec_init(&d, e.p, e.n);
	for (size_t i = 0; i < 9; i++) {
		assert_true(dec_uv(&d) == numbers[i]);
		assert_true(dec_sv(&d) == (int64_t)numbers[i]);
		assert_true(dec_u64be(&d) == numbers[i]);
	}
	assert_true(dec_f64(&d) == -1.5e300);
	assert_true(span_eq(dec_str(&d), SPAN_LIT("text")));
	assert_null(dec_str(&d).p);
	struct span empty = dec_str(&d);
	assert_true(empty.p && empty.n == 0);
	assert_int_equal(dec_finish(&d), 0);
	enc_done(&e);
}

/* Numbers of every length, whatever follows: those of up to eight bytes are read at once where as many are there. */
static void test_cursor_numbers(void **state)
{
	(void)state;
	for (unsigned bit = 0; bit < 64; bit++) {
		for (int off = -1; off <= 1; off++) {
			uint64_t v = (UINT64_C(1) << bit) + (uint64_t)off;
			for (unsigned more = 0; more <= 9; more++) {
				struct enc e = {0};
				struct dec d;
				enc_uv(&e, v);
				size_t n = e.n;
				for (unsigned i = 0; i < more; i++)
					enc_u8(&e, i % 2 ? 0xff : 0);
				dec_init(&d, e.p, e.n);
				assert_true(dec_uv(&d) == v);
				assert_int_equal(d.err, 0);
				assert_ptr_equal(d.p, e.p + n);
				for (size_t cut = 0; cut < n; cut++) {
					dec_init(&d, e.p, cut);
					assert_true(dec_uv(&d) == 0);
					assert_int_equal(d.err, HDA_EFORMAT);
				}
				enc_done(&e);
			}
		}
	}
}

/* What is made ready is free to be asked for. */
static void test_ready(void **state)
{
	(void)state;
	for (size_t n = 0; n < 1 << 20; n = 3 * n + 4096) {
		mem_ready(n);
		char *p = xmalloc(n + 1);
		memset(p, 1, n + 1);
		free(p);
	}
}

static void test_cursor_error_sticks(void **state)
{
	(void)state;
	struct dec d;
	static const uint8_t over[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 1};
	dec_init(&d, over, sizeof(over));
	assert_int_equal(dec_uv(&d), 0);
	assert_int_equal(dec_u8(&d), 0);
	assert_int_equal(dec_finish(&d), HDA_EFORMAT);
	static const uint8_t lying[] = {200, 1, 'x'}; /* says 199 bytes, has 1 */
	dec_init(&d, lying, sizeof(lying));
	assert_null(dec_str(&d).p);
	assert_int_equal(dec_finish(&d), HDA_EFORMAT);
	dec_init(&d, lying, sizeof(lying));
	assert_int_equal(dec_count(&d, 1), 0);
	assert_int_equal(dec_finish(&d), HDA_EFORMAT);
	dec_init(&d, "\x01\x02", 2);
	dec_u8(&d);
	assert_int_equal(dec_finish(&d), HDA_EFORMAT); /* bytes left */
}

static int by_value(const void *a, const void *b)
{
	const int *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

/* The first few are those that a whole sort has there, and nothing is lost. */
static void test_sort_first(void **state)
{
	(void)state;
	uint64_t rnd = 3;
	for (size_t n = 0; n < 60; n++) {
		for (size_t first = 0; first <= n + 1; first++) {
			int v[60], want[60];
			for (size_t i = 0; i < n; i++)
				want[i] = v[i] = (int)unit_below(&rnd, 20) - 10;
			qsort(want, n, sizeof(*want), by_value);
			sort_first(v, n, sizeof(*v), first, by_value);
			for (size_t i = 0; i < n && i < first; i++)
				assert_int_equal(v[i], want[i]);
			qsort(v, n, sizeof(*v), by_value);
			assert_memory_equal(v, want, n * sizeof(*v));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_errors_have_texts), cmocka_unit_test(test_arena_aligns_and_keeps), cmocka_unit_test(test_arrays_of_all_sizes),
	    cmocka_unit_test(test_strtab_round_trip), cmocka_unit_test(test_u64map),
	    cmocka_unit_test(test_cursor_round_trip), cmocka_unit_test(test_cursor_error_sticks),
	    cmocka_unit_test(test_cursor_numbers), cmocka_unit_test(test_ready),
	    cmocka_unit_test(test_sort_first)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
