/* Windows of a mapped file: every byte once, and a file that changes under it. SPDX-License-Identifier: BSD-2-Clause */
#include "unit.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/window.h"
#include "scan/scanner.h"

enum { PAGE = 4096 };

static int made(uint64_t size)
{
	char path[] = "/tmp/hda-test-window-XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	unlink(path);
	_cleanup_free_ uint8_t *p = xmalloc(size + 1);
	for (uint64_t i = 0; i < size; i++)
		p[i] = (uint8_t)(i * 7 + i / 251 + 1);
	assert_int_equal(write(fd, p, size), size);
	return fd;
}

static void test_bytes(void **state)
{
	(void)state;
	static const uint64_t sizes[] = {1, SCAN_PAD, SCAN_PAD + 1, PAGE, PAGE + 1, WINDOW, WINDOW + SCAN_PAD - 1, WINDOW + SCAN_PAD,
	    WINDOW + SCAN_PAD + 1, 2 * WINDOW + PAGE, 2 * WINDOW + PAGE + 77};
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		int fd = made(sizes[i]);
		struct window *w = window_new(fd, sizes[i]);
		assert_non_null(w);
		const uint8_t *p;
		uint64_t at = i % 2 && sizes[i] > 1000 ? 1000 : 0;
		ssize_t n;
		while ((n = window_next(w, at, &p)) > 0) {
			for (ssize_t k = 0; k < n + SCAN_PAD; k++) /* the pad, too */
				if (p[k] != (uint8_t)((at + (uint64_t)k) * 7 + (at + (uint64_t)k) / 251 + 1))
					fail_msg("size %lu: byte %lu", (unsigned long)sizes[i], (unsigned long)at + (unsigned long)k);
			at += (uint64_t)n;
			assert_true(at % WINDOW == 0 || at == sizes[i] - SCAN_PAD);
		}
		assert_int_equal(n, 0);
		assert_int_equal(at, sizes[i] > SCAN_PAD ? sizes[i] - SCAN_PAD : 0);
		window_free(w);
		close(fd);
	}
}

/* The file ends in the middle of what was given out, and of what comes. */
static void test_shorter(void **state)
{
	(void)state;
	int fd = made(3 * WINDOW);
	struct window *w = window_new(fd, 3 * WINDOW);
	const uint8_t *p;
	assert_int_equal(window_next(w, 0, &p), WINDOW);
	assert_int_equal(ftruncate(fd, 2 * PAGE), 0);
	assert_int_equal(p[2 * PAGE - 1], (uint8_t)((2 * PAGE - 1) * 7 + (2 * PAGE - 1) / 251 + 1));
	for (size_t i = 2 * PAGE; i < WINDOW + SCAN_PAD; i++)
		assert_int_equal(p[i], 0);
	assert_int_equal(window_next(w, WINDOW, &p), HDA_EPARTIAL);
	assert_int_equal(ftruncate(fd, 3 * WINDOW), 0); /* its bytes do not come back */
	assert_int_equal(window_next(w, WINDOW, &p), HDA_EPARTIAL);
	window_free(w);
	close(fd);
}

/* Two files, and one of them is shorter: the other one's reader knows nothing of it. */
static void test_two(void **state)
{
	(void)state;
	int a = made(2 * WINDOW), b = made(2 * WINDOW);
	struct window *wa = window_new(a, 2 * WINDOW), *wb = window_new(b, 2 * WINDOW);
	const uint8_t *p;
	assert_int_equal(window_next(wb, 0, &p), WINDOW);
	assert_int_equal(window_next(wa, 0, &p), WINDOW);
	assert_int_equal(ftruncate(a, 0), 0);
	assert_int_equal(p[WINDOW - 1], 0);
	assert_int_equal(window_next(wa, WINDOW, &p), HDA_EPARTIAL);
	assert_int_equal(window_next(wb, WINDOW, &p), WINDOW - SCAN_PAD);
	window_free(wa);
	window_free(wb);
	close(a);
	close(b);
}

/* What is no file cannot be mapped. */
static void test_none(void **state)
{
	(void)state;
	int fds[2];
	assert_int_equal(pipe(fds), 0);
	assert_null(window_new(fds[0], 100));
	int fd = made(1);
	assert_null(window_new(fd, 0));
	close(fd);
	close(fds[0]);
	close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_shorter),
		cmocka_unit_test(test_two),
		cmocka_unit_test(test_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
