/* Nothing of a value gets out of the scanner: not by a bad line's sample, not by a name. SPDX-License-Identifier: BSD-2-Clause */
#include "unit.h"

#include "base/mem.h"
#include "scan/scanner.h"
#include "scan_dumps.h"

#define SECRET "hunter2KEY"
#define S(addr) "{\"address\":\"0x" addr "\", \"type\":\"STRING\", "
#define GOOD(addr) S(addr) "\"value\":\"" SECRET "\", \"memsize\":40}"

static const char *const dumps[] = {
	GOOD("8") "\n",
	S("8") "\"value\":\"" SECRET, /* torn in the value */
	S("8") "\"value\":\"" SECRET "\", \"memsi\n" GOOD("10") "\n",
	S("8") "\"value\":\"x" GOOD("10") "\n", /* glued behind a torn value */
	S("8") "\"value\":\"x" S("10") "\"file\":\"" SECRET "\n" GOOD("18"),
	S("8") "\"value\":\"" SECRET GOOD("10") "\n",
	S("8") "\"value\":\"" SECRET "\\" GOOD("10") "\n",
	GOOD("8") GOOD("10") GOOD("18") "\n",
	SECRET "\", \"memsize\":40}\n", /* torn at the front */
	SECRET "\", \"type\":\"STRING\", \"value\":\"" SECRET "\", \"memsize\":40}" GOOD("8") "\n",
	"\"" SECRET "\"\n" SECRET "\n" SECRET ":" SECRET "\n[" SECRET "]\n{" SECRET "}\n",
	S("8") "\"value\":\"a\\\"" SECRET "\\\"\\n\\u0041" SECRET "\", \"mem\n",
	"\\\"" SECRET "\\\": \\\"" SECRET "\\\"\", \"memsize\":40}\n",
	"\"type\\\":\\\"" SECRET "\\\", \\\"file\\\":\\\"" SECRET "\\\"\", \"memsize\":40}\n",
	S("8") "\"value\":" SECRET ", \"memsize\"}\n",
	S("8") "\"memsize\":" SECRET "}\n" S("8") "\"memsize\":" SECRET "x\n",
	S("8") "\"value\":[\"" SECRET "\", " SECRET ", {\"a\":\"" SECRET "\"}], x}\n",
	S("8") "\"" SECRET "\":1, x}\n",
	S("8") "\"method\":\"" SECRET "\", x}\n",
	S("8") "\"value\":\"" SECRET "\" \"" SECRET "\", \"memsize\":40}\n",
	"{\"type\":\"ROOT\", \"root\":5, \"value\":\"" SECRET "\"}\n",
	"{\"address\":\"" SECRET "\", \"type\":\"STRING\", \"value\":\"" SECRET "\"}\n",
	S("8") "\"value\":\"\xff\x01\x7f" SECRET "\x1b[31m\", \"\xc3\xbc\":\"\r\t\", \x01}\n",
	"{\"address\":\"0x8\", \"type\":\"SYMBOL\", \"value\":\"" SECRET "\", \"frozen\":true, }\n",
};
enum { NDUMPS = sizeof(dumps) / sizeof(*dumps) };

static void ignore(void *ctx, const struct heap_obj *o)
{
	(void)ctx;
	assert_int_equal(o->value.n, 0); /* without keep_values */
}

/* Any four bytes of the secret in a row are too many. */
static bool shows(const char *text, size_t n)
{
	enum { PART = 4 };
	for (size_t i = 0; i + PART <= n; i++)
		for (size_t k = 0; k + PART < sizeof(SECRET); k++)
			if (memcmp(text + i, &SECRET[k], PART) == 0)
				return true;
	return false;
}

static void check_sample(const char *sample)
{
	size_t n = strnlen(sample, SCAN_SAMPLE_MAX);
	assert_true(n > 0 && n < SCAN_SAMPLE_MAX);
	for (size_t i = 0; i < n; i++)
		assert_in_range((uint8_t)sample[i], ' ', '~');
	if (shows(sample, n))
		fail_msg("the sample %s shows the secret", sample);
}

static void check_names(const struct strtab *names)
{
	for (uint32_t id = 1; id <= names->n; id++)
		if (shows(strtab_str(names, id), strtab_get(names, id).n))
			fail_msg("the name %s shows the secret", strtab_str(names, id));
}

/* Returns the number of bad lines. */
static uint64_t check(enum scan_impl impl, const uint8_t *p, size_t n, size_t piece, bool in_names)
{
	struct scanner_opts opts = {.impl = impl, .hash_values = true, .want_refs = true};
	struct scan_sink sink = {.object = ignore};
	struct scanner *s = scanner_new(&opts, &sink);
	for (size_t i = 0; i < n; i += piece)
		scanner_feed(s, p + i, piece < n - i ? piece : n - i);
	scanner_finish(s);
	const struct scan_stats *t = scanner_stats(s);
	assert_int_equal(t->nsamples, t->bad_lines < SCAN_BAD_SAMPLES ? t->bad_lines : SCAN_BAD_SAMPLES);
	for (uint32_t i = 0; i < t->nsamples; i++)
		check_sample(t->samples[i]);
	if (!in_names)
		check_names(scanner_names(s));
	uint64_t bad = t->bad_lines;
	scanner_free(s);
	return bad;
}

static const enum scan_impl impls[] = {SCAN_PLAIN, SCAN_SSE2, SCAN_SIMD};

static void no_secret_gets_out(void **state)
{
	(void)state;
	uint64_t bad = 0;
	for (int i = 0; i < NDUMPS; i++) {
		struct dump_bytes d = dump_copy(dumps[i], strlen(dumps[i]));
		for (int k = 0; k < 3; k++) {
			bad += check(impls[k], d.p, d.n, d.n, false);
			check(impls[k], d.p, d.n, 1, false);
		}
		free(d.p);
	}
	assert_true(bad >= NDUMPS);
}

/* A line torn at every byte and glued to itself torn at every other: what is left of the value shows nowhere. Only when
 * the middle of a dump is lost from inside a type to inside a value is what is left a good type, by R3 and R6. */
static void no_secret_gets_out_of_any_tear(void **state)
{
	(void)state;
	static const char line[] = S("8") "\"bytesize\":10, \"value\":\"" SECRET "\", \"memsize\":40}";
	const size_t n = sizeof(line) - 1, type = (size_t)(strstr(line, "type") - line);
	size_t seen = 0;
	for (size_t head = 1; head <= n; head++) {
		for (size_t tail = 0; tail < n; tail++) {
			char text[2 * sizeof(line)];
			int k = snprintf(text, sizeof(text), "%.*s%s\n", (int)head, line, line + tail);
			struct dump_bytes d = dump_copy(text, (size_t)k);
			seen += check(impls[tail % 3], d.p, d.n, d.n, head >= type && head <= type + strlen("type\":\"STRING"));
			free(d.p);
		}
	}
	assert_true(seen > n);
}

/* The sample still tells what the line was. */
static void a_sample_is_of_use(void **state)
{
	(void)state;
	static const char line[] = S("8") "\"value\":\"" SECRET "\", \"memsize\":40\n";
	struct dump_bytes d = dump_copy(line, sizeof(line) - 1);
	struct scan_sink sink = {.object = ignore};
	struct scanner *s = scanner_new(&(struct scanner_opts){0}, &sink);
	scanner_feed(s, d.p, d.n);
	scanner_finish(s);
	assert_string_equal(scanner_stats(s)->samples[0],
			    "{\"address\":\"0x8\", \"type\":\"STRING\", \"value\":\"<10>\", \"memsize\":<2>");
	scanner_free(s);
	free(d.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_secret_gets_out),
		cmocka_unit_test(no_secret_gets_out_of_any_tear),
		cmocka_unit_test(a_sample_is_of_use),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
