/* Lines that are longer than memory should be: streamed, counted right, in little memory. SPDX-License-Identifier: BSD-2-Clause */
#include "unit.h"

#include <unistd.h>

#include "base/mem.h"
#include "scan/scanner.h"

#ifndef HDA_SANITIZED
#define HDA_SANITIZED 0
#endif

enum {
	PIECE = 64 * 1024,
	LONG_MB = HDA_SANITIZED ? 30 : 300,
	OTHER_MB = HDA_SANITIZED ? 5 : 50,
	RSS_GROWTH_MAX_MB = 8,
	NESTED = 100000,
	REFS = HDA_SANITIZED ? 500000 : 5000000,
};

/* What a run said, to compare. */
struct said {
	uint64_t objects, value_hash, memsize, bytesize, name_len, file_len;
	uint64_t refs, refs_total, refs_sum, drops, roots, root_refs, batch_max;
	uint64_t lines, bad;
	char sample[SCAN_SAMPLE_MAX];
};

/* A scanner fed through one buffer of PIECE bytes. */
struct feed {
	struct scanner *s;
	struct said said;
	uint8_t *buf;
	size_t n;
	size_t rss, rss_max; /* bytes, at the beginning and at most */
};

static size_t rss_now(void)
{
	unsigned long all, rss;
	FILE *f = fopen("/proc/self/statm", "r");
	if (!f)
		return 0;
	int got = fscanf(f, "%lu %lu", &all, &rss);
	fclose(f);
	return got == 2 ? rss * (size_t)sysconf(_SC_PAGESIZE) : 0;
}

static void count_refs(struct said *r, const uint64_t *addr, size_t n)
{
	for (size_t i = 0; i < n; i++)
		r->refs_sum = r->refs_sum * 31 + addr[i];
	r->refs += n;
	r->batch_max = n > r->batch_max ? n : r->batch_max;
}

static void on_object(void *ctx, const struct heap_obj *o)
{
	struct feed *f = ctx;
	f->said.objects++;
	f->said.value_hash = o->value_hash;
	f->said.memsize = o->memsize;
	f->said.bytesize = o->bytesize;
	f->said.name_len = strtab_get(scanner_names(f->s), o->name).n;
	f->said.file_len = o->site ? strtab_get(scanner_names(f->s), scanner_site(f->s, o->site).file).n : 0;
	f->said.refs_total = o->refs_total;
	count_refs(&f->said, o->refs, o->nrefs);
}

static void on_refs(void *ctx, const uint64_t *addr, size_t n)
{
	struct feed *f = ctx;
	assert_int_equal(n, SCAN_REFS_BATCH);
	count_refs(&f->said, addr, n);
}

static void on_drop(void *ctx)
{
	struct feed *f = ctx;
	f->said.drops++;
	f->said.refs = f->said.refs_sum = 0;
}

static void on_root(void *ctx, uint32_t name, const uint64_t *addr, size_t n, bool last)
{
	struct feed *f = ctx;
	assert_true(name > 0);
	count_refs(&f->said, addr, n);
	f->said.roots += last;
	f->said.root_refs += n;
}

static void feed_begin(struct feed *f, enum scan_impl impl)
{
	*f = (struct feed){.buf = xmalloc(PIECE + SCAN_PAD)};
	memset(f->buf, 0, PIECE + SCAN_PAD);
	struct scan_sink sink = {.ctx = f, .object = on_object, .refs = on_refs, .drop = on_drop, .root = on_root};
	f->s = scanner_new(&(struct scanner_opts){.impl = impl, .hash_values = true, .want_refs = true}, &sink);
	f->rss = f->rss_max = rss_now();
}

static void flush(struct feed *f)
{
	scanner_feed(f->s, f->buf, f->n);
	f->n = 0;
	size_t rss = rss_now();
	f->rss_max = rss > f->rss_max ? rss : f->rss_max;
}

static void put(struct feed *f, const void *p, size_t n)
{
	for (const uint8_t *q = p; n;) {
		size_t k = PIECE - f->n < n ? PIECE - f->n : n;
		memcpy(f->buf + f->n, q, k);
		f->n += k;
		q += k;
		n -= k;
		if (f->n == PIECE)
			flush(f);
	}
}

static void put_text(struct feed *f, const char *text) { put(f, text, strlen(text)); }

static struct said feed_end(struct feed *f)
{
	flush(f);
	scanner_finish(f->s);
	const struct scan_stats *t = scanner_stats(f->s);
	f->said.lines = t->lines;
	f->said.bad = t->bad_lines;
	assert_int_equal(t->edges + t->root_refs, f->said.refs);
	if (t->nsamples)
		memcpy(f->said.sample, t->samples[0], SCAN_SAMPLE_MAX);
	scanner_free(f->s);
	free(f->buf);
	return f->said;
}

static void check_memory(const struct feed *f)
{
	size_t grown = f->rss_max - f->rss;
	print_message("# RSS grew by %zu KiB\n", grown / 1024);
	if (!HDA_SANITIZED)
		assert_true(grown < (size_t)RSS_GROWTH_MAX_MB << 20);
}

static const enum scan_impl impls[] = {SCAN_PLAIN, SCAN_SSE2, SCAN_SIMD};

#define OBJECT(type) "{\"address\":\"0x8\", \"type\":\"" type "\", "

/* before, mb MiB of filler, after; the same in all implementations and in little memory. */
static struct said long_line(const char *before, const char *fill, int mb, const char *after)
{
	struct said first = {0};
	size_t nfill = strlen(fill);
	char *block = xmalloc(PIECE);
	for (size_t i = 0; i < PIECE; i++)
		block[i] = fill[i % nfill];
	for (int k = 0; k < 3; k++) {
		struct feed f;
		feed_begin(&f, impls[k]);
		put_text(&f, before);
		for (int i = 0; i < mb * 16; i++)
			put(&f, block, PIECE);
		put_text(&f, after);
		struct said said = feed_end(&f);
		if (k == 0)
			first = said;
		assert_memory_equal(&said, &first, sizeof(said));
		check_memory(&f);
	}
	free(block);
	return first;
}

static void a_long_value(void **state)
{
	(void)state;
	struct said a = long_line(OBJECT("STRING") "\"bytesize\":9, \"value\":\"", "abcdefg\\\"", LONG_MB, "\", \"memsize\":40}\n");
	assert_int_equal(a.objects, 1);
	assert_int_equal(a.bad, 0);
	assert_int_equal(a.memsize, 40);
	assert_int_equal(a.bytesize, 9);
	struct said b = long_line(OBJECT("STRING") "\"value\":\"", "abcdefg\\\"", 1, "\"}\n");
	assert_int_not_equal(a.value_hash, b.value_hash);
}

static void a_long_torn_value(void **state)
{
	(void)state;
	struct said a = long_line(OBJECT("STRING") "\"value\":\"", "secret ", OTHER_MB, "");
	assert_int_equal(a.objects, 0);
	assert_int_equal(a.bad, 1);
	assert_null(strstr(a.sample, "secret"));
	a = long_line(OBJECT("STRING") "\"value\":\"", "secret ", OTHER_MB, OBJECT("HASH") "\"memsize\":1}\n");
	assert_int_equal(a.objects, 1);
	assert_int_equal(a.bad, 1);
}

static void a_long_name(void **state)
{
	(void)state;
	struct said a = long_line(OBJECT("CLASS") "\"name\":\"", "A:", OTHER_MB, "\", \"memsize\":40}\n");
	assert_int_equal(a.objects, 1);
	assert_int_equal(a.name_len, SCAN_TOKEN_MAX);
	assert_int_equal(a.memsize, 40);
	a = long_line(OBJECT("STRING") "\"file\":\"", "a\"}", OTHER_MB, "\", \"line\":1}\n");
	assert_int_equal(a.file_len, SCAN_TOKEN_MAX);
}

static void long_odds_and_ends(void **state)
{
	(void)state;
	assert_int_equal(long_line("", "x", OTHER_MB, "\n").bad, 1);
	assert_int_equal(long_line("", " \t\r", OTHER_MB, OBJECT("HASH") "\"memsize\":1}\n").objects, 1);
	assert_int_equal(long_line(OBJECT("HASH") "\"memsize\":", "7", OTHER_MB, "}\n").memsize, 0);
	assert_int_equal(long_line(OBJECT("HASH") "\"", "k", OTHER_MB, "\":1, \"memsize\":1}\n").memsize, 1);
	assert_int_equal(long_line(OBJECT("HASH") "\"x\":[\"", "k{", OTHER_MB, "\"], \"memsize\":1}\n").memsize, 1);
	assert_int_equal(long_line(OBJECT("HASH") "\"x\":[", "{\"", OTHER_MB, "\n").bad, 1);
	assert_int_equal(long_line("{\"address\":\"", "0x", OTHER_MB, "\", \"type\":\"HASH\"}\n").bad, 1);
}

static void deep_brackets(void **state)
{
	(void)state;
	char *open = xmalloc(NESTED + 1), *close = xmalloc(NESTED + 1);
	for (int i = 0; i < NESTED; i++) {
		open[i] = i % 2 ? '{' : '[';
		close[NESTED - 1 - i] = i % 2 ? '}' : ']';
	}
	open[NESTED] = close[NESTED] = '\0';
	for (int k = 0; k < 3; k++) {
		struct feed f;
		feed_begin(&f, impls[k]);
		put_text(&f, OBJECT("HASH") "\"x\":");
		put_text(&f, open);
		put_text(&f, close);
		put_text(&f, ", \"memsize\":7}\n" OBJECT("HASH") "\"references\":");
		put_text(&f, open);
		put_text(&f, close + 1); /* one too few: the record's end closes it, and then the line ends */
		put_text(&f, "}\n" OBJECT("HASH") "\"memsize\":8}\n");
		struct said said = feed_end(&f);
		assert_int_equal(said.objects, 2);
		assert_int_equal(said.bad, 1);
		assert_int_equal(said.memsize, 8);
		assert_int_equal(said.refs, 0);
	}
	free(open);
	free(close);
}

static void put_refs(struct feed *f, unsigned n, const char *sep)
{
	static const char digit[] = "0123456789abcdef";
	char text[40], *end = text + sizeof(text);
	for (unsigned i = 0; i < n; i++) { /* from its end; printf would take longer than all that reads it */
		char *p = end;
		*--p = '"';
		for (unsigned v = 8 + 8 * i; v; v /= 16)
			*--p = digit[v % 16];
		p -= 3;
		memcpy(p, "\"0x", 3);
		size_t k = i ? strlen(sep) : 0;
		p -= k;
		memcpy(p, sep, k);
		put(f, p, (size_t)(end - p));
	}
}

static uint64_t refs_sum(unsigned n)
{
	uint64_t sum = 0;
	for (unsigned i = 0; i < n; i++)
		sum = sum * 31 + 8 + 8 * i;
	return sum;
}

static void many_references(void **state)
{
	(void)state;
	for (int k = 0; k < 6; k++) {
		struct feed f;
		feed_begin(&f, impls[k % 3]);
		put_text(&f, OBJECT("ARRAY") "\"references\":[");
		put_refs(&f, REFS, k < 3 ? ", " : ",");
		put_text(&f, "], \"memsize\":40}\n");
		struct said said = feed_end(&f);
		assert_int_equal(said.objects, 1);
		assert_int_equal(said.bad, 0);
		assert_int_equal(said.drops, 0);
		assert_int_equal(said.refs, REFS);
		assert_int_equal(said.refs_total, REFS);
		assert_true(said.refs_sum == refs_sum(REFS));
		assert_true(said.batch_max <= SCAN_REFS_BATCH);
		check_memory(&f);
	}
}

/* Batches that went out are taken back: by a second array, by a torn line, by what turns out to be no object. */
static void references_taken_back(void **state)
{
	(void)state;
	enum { MANY = 3 * SCAN_REFS_BATCH + 5 };
	static const struct { const char *after; uint64_t objects, bad, refs; } cases[] = {
		{"], \"references\":[\"0x8\"]}\n", 1, 0, 1},
		{"], \"references\":7}\n", 1, 0, 0},
		{"], \"memsize\n", 0, 1, 0},
		{", \n", 0, 1, 0},
		{"], \"type\":\"NONE\"}\n", 0, 0, 0},
		{"], \"type\":\"SHAPE\"}\n", 0, 0, 0},
		{"], \"type\":\"ROOT\", \"root\":\"vm\"}\n", 0, 1, 0}, /* was handed over as an object's: cannot be turned round */
		{"], \"address\":null}\n", 0, 1, 0},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases) * 3; i++) {
		struct feed f;
		feed_begin(&f, impls[i % 3]);
		put_text(&f, OBJECT("ARRAY") "\"references\":[");
		put_refs(&f, MANY, ", ");
		put_text(&f, cases[i / 3].after);
		struct said said = feed_end(&f);
		assert_int_equal(said.objects, cases[i / 3].objects);
		assert_int_equal(said.bad, cases[i / 3].bad);
		assert_int_equal(said.refs, cases[i / 3].refs);
		assert_int_equal(said.drops, 1);
	}
}

/* A ROOT line's wait for its name, wherever that stands, and so do those that stand before the type. */
static void references_before_the_type(void **state)
{
	(void)state;
	enum { MANY = 50 * SCAN_REFS_BATCH };
	for (int k = 0; k < 6; k++) {
		struct feed f;
		feed_begin(&f, impls[k % 3]);
		put_text(&f, "{\"references\":[");
		put_refs(&f, MANY, ", ");
		put_text(&f, k < 3 ? "], \"root\":\"vm\", \"type\":\"ROOT\"}\n" : "], \"address\":\"0x8\", \"type\":\"ARRAY\"}\n");
		struct said said = feed_end(&f);
		assert_int_equal(said.bad, 0);
		assert_int_equal(said.roots, k < 3);
		assert_int_equal(said.root_refs, k < 3 ? MANY : 0);
		assert_int_equal(said.refs, MANY);
		assert_true(said.refs_sum == refs_sum(MANY));
		assert_true(said.batch_max <= SCAN_REFS_BATCH);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_long_value),
		cmocka_unit_test(a_long_torn_value),
		cmocka_unit_test(a_long_name),
		cmocka_unit_test(long_odds_and_ends),
		cmocka_unit_test(deep_brackets),
		cmocka_unit_test(many_references),
		cmocka_unit_test(references_taken_back),
		cmocka_unit_test(references_before_the_type),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
