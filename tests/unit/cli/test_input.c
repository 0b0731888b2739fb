/* Inputs: kinds of file, damage, names, folders. SPDX-License-Identifier: BSD-2-Clause */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "base/mem.h"
#include "cli/input.h"
#include "cli/window.h"

static char dir[] = "/tmp/hda-test-input-XXXXXX";
static uint8_t *dump; /* what each good file holds */
static size_t dump_n;

static const char *at(const char *name)
{
	static char path[256];
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static const char *put(const char *name, const void *p, size_t n)
{
	FILE *f = fopen(at(name), "w");
	assert_non_null(f);
	assert_int_equal(fwrite(p, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
	return at(name);
}

/* More than three buffers of lines, badly compressible. */
static int make(void **state)
{
	(void)state;
	uint64_t seed = 3;
	FILE *f = open_memstream((char **)&dump, &dump_n);
	if (!mkdtemp(dir) || !f)
		return -1;
	for (int i = 0; i < 12000; i++)
		fprintf(f, "{\"address\":\"0x%016llx\", \"type\":\"STRING\", \"value\":\"%llx\"}\n", (unsigned long long)unit_rnd(&seed),
		    (unsigned long long)unit_rnd(&seed));
	return fclose(f);
}

static int clear(void **state)
{
	(void)state;
	static const char *const names[] = {"a.dump", "a.gz", "two.gz", "pad.gz", "junk.gz", "a.zst", "two.zst", "wide.zst", "cut", "bad", "empty",
	    "notes.txt", "heap-7-1700000100-20.dump", "heap-7-1700000000-3.dump", "heap-7-1700000100-3.json.gz", "late.dump", ".hidden", "big.dump"};
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		unlink(at(names[i]));
	rmdir(at("sub"));
	free(dump);
	return rmdir(dir);
}

/* Reads all of path; returns the last answer of input_read, or of input_open. */
static ssize_t slurp(const char *path, uint8_t **ret, size_t *ret_n, char **ret_why)
{
	struct input *in;
	*ret = NULL;
	*ret_n = 0;
	int r = input_open(path, &in, ret_why);
	if (r < 0)
		return r;
	const uint8_t *p;
	ssize_t n;
	while ((n = input_read(in, &p)) > 0) {
		assert_true((size_t)n <= INPUT_CHUNK);
		*ret = xreallocarray(*ret, *ret_n + (size_t)n, 1);
		memcpy(*ret + *ret_n, p, (size_t)n);
		*ret_n += (size_t)n;
	}
	uint64_t total, done = input_done(in, &total);
	if (n == 0)
		assert_int_equal(done, total);
	*ret_why = n < 0 ? xstrdup(input_error(in)) : NULL;
	if (n < 0)
		assert_int_equal(input_read(in, &p), n);
	input_free(in);
	return n;
}

static void expect_dump(const char *path, size_t times)
{
	uint8_t *p;
	size_t n;
	char *why;
	assert_int_equal(slurp(path, &p, &n, &why), 0);
	assert_int_equal(n, times * dump_n);
	for (size_t i = 0; i < times; i++)
		assert_memory_equal(p + i * dump_n, dump, dump_n);
	free(p);
}

/* Damaged or torn: the error, a line that names the file, and at least `least` good bytes before it. (What comes between the
 * damage and the place where it shows may be anything.) */
static void expect_error(const char *path, int err, const char *text, size_t least)
{
	uint8_t *p;
	size_t n;
	char *why = NULL;
	assert_int_equal(slurp(path, &p, &n, &why), err);
	assert_non_null(why);
	assert_ptr_equal(strstr(why, path), why);
	assert_non_null(strstr(why, text));
	assert_true(n >= least);
	assert_true(err != HDA_EPARTIAL || n <= dump_n);
	if (least)
		assert_memory_equal(p, dump, err == HDA_EPARTIAL ? n : least);
	free(p);
	free(why);
}

static uint8_t *gzip(size_t *ret_n)
{
	z_stream z = {0};
	assert_int_equal(deflateInit2(&z, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	size_t cap = deflateBound(&z, dump_n);
	uint8_t *out = xmalloc(cap);
	z.next_in = dump;
	z.avail_in = (uInt)dump_n;
	z.next_out = out;
	z.avail_out = (uInt)cap;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	*ret_n = cap - z.avail_out;
	deflateEnd(&z);
	return out;
}

static uint8_t *zstd(int window_log, size_t *ret_n)
{
	size_t cap = ZSTD_compressBound(dump_n);
	uint8_t *out = xmalloc(cap);
	ZSTD_CCtx *c = ZSTD_createCCtx();
	ZSTD_CCtx_setParameter(c, ZSTD_c_contentSizeFlag, 0);
	ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1);
	if (window_log)
		ZSTD_CCtx_setParameter(c, ZSTD_c_windowLog, window_log);
	ZSTD_inBuffer in = {dump, dump_n, 0};
	ZSTD_outBuffer to = {out, cap, 0};
	/* Two steps: in one the size is known and the window shrinks to it. */
	assert_false(ZSTD_isError(ZSTD_compressStream2(c, &to, &in, ZSTD_e_continue)));
	assert_int_equal(ZSTD_compressStream2(c, &to, &in, ZSTD_e_end), 0);
	ZSTD_freeCCtx(c);
	*ret_n = to.pos;
	return out;
}

static uint8_t *twice(const uint8_t *p, size_t n)
{
	uint8_t *out = xmalloc(2 * n);
	memcpy(out, p, n);
	memcpy(out + n, p, n);
	return out;
}

static void test_plain(void **state)
{
	(void)state;
	expect_dump(put("a.dump", dump, dump_n), 1);
	/* The name says nothing about the kind. */
	expect_dump(put("a.zst", dump, dump_n), 1);
}

static void test_gzip(void **state)
{
	(void)state;
	size_t n;
	uint8_t *z = gzip(&n), *zz = twice(z, n);
	expect_dump(put("a.gz", z, n), 1);
	expect_dump(put("two.gz", zz, 2 * n), 2);
	memset(zz + n, 0, n);
	expect_dump(put("pad.gz", zz, n + 512), 1);
	zz[n] = 'x';
	expect_error(put("junk.gz", zz, n + 1), HDA_EFORMAT, "garbage", dump_n);
	expect_error(put("cut", z, n / 2), HDA_EPARTIAL, "truncated", dump_n / 3);
	expect_error(put("cut", z, n - 3), HDA_EPARTIAL, "truncated", dump_n);
	z[n / 2] ^= 0xff;
	z[n / 2 + 1] ^= 0xff;
	expect_error(put("bad", z, n), HDA_EFORMAT, "damaged gzip", dump_n / 3);
	free(z);
	free(zz);
}

static void test_zstd(void **state)
{
	(void)state;
	size_t n;
	uint8_t *z = zstd(0, &n), *zz = twice(z, n);
	expect_dump(put("a.zst", z, n), 1);
	expect_dump(put("two.zst", zz, 2 * n), 2);
	expect_error(put("cut", z, n / 2), HDA_EPARTIAL, "truncated", dump_n / 4);
	expect_error(put("cut", z, n - 1), HDA_EPARTIAL, "truncated", dump_n);
	z[n - 2] ^= 1; /* its checksum */
	expect_error(put("bad", z, n), HDA_EFORMAT, "damaged zstd", 0);
	free(z);
	free(zz);
	/* --long=31 asks for windows that are refused by default (over 27); 28 is enough to see it taken. */
	z = zstd(28, &n);
	expect_dump(put("wide.zst", z, n), 1);
	free(z);
}

static void expect_refused(const char *path, int err, const char *text)
{
	struct input *in;
	char *why = NULL;
	assert_int_equal(input_open(path, &in, &why), err);
	assert_ptr_equal(strstr(why, path), why);
	assert_non_null(strstr(why, text));
	free(why);
}

static void test_foreign(void **state)
{
	(void)state;
	static const uint8_t gz_of_nothing[] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0};
	expect_refused(put("empty", "", 0), HDA_EFOREIGN, "empty");
	expect_refused(put("empty", gz_of_nothing, sizeof(gz_of_nothing)), HDA_EFOREIGN, "empty");
	expect_refused(put("notes.txt", "my notes {}\n", 12), HDA_EFOREIGN, "not a heap dump");
	static const char code[] = "#!/usr/bin/python3\nimport json\n"
		"GOOD = '{\"address\":\"0x10\", \"type\":\"STRING\", \"memsize\":40}'\nfor line in open(0):\n\tprint(line)\nx = 1\ny = 2\nz = 3\n";
	expect_refused(put("oracle.py", code, sizeof(code) - 1), HDA_EFOREIGN, "not a heap dump");
	static const char facts[] = "{\"address\": 7, \"type\": \"facts\", \"root\": \"ROOT\"}\n";
	expect_refused(put("facts.json", facts, sizeof(facts) - 1), HDA_EFOREIGN, "not a heap dump");
	expect_refused(at("absent"), -ENOENT, strerror(ENOENT));
	expect_refused(dir, -EISDIR, strerror(EISDIR));
}

static void expect_taken(const char *path)
{
	struct input *in;
	char *why = NULL;
	assert_int_equal(input_open(path, &in, &why), 0);
	input_free(in);
}

/* A dump however it begins: garbage before the first record, a first line longer than what is looked at, no end of line. */
static void test_beginnings(void **state)
{
	(void)state;
	static const char torn[] = "4b18\", \"0x7f\"], \"memsize\":40}\n{\"address\":\"0x10\", \"type\":\"STRING\"}\n";
	expect_taken(put("torn", torn, sizeof(torn) - 1));
	static const char one[] = "{\"type\":\"ROOT\", \"root\":\"vm\"}";
	expect_taken(put("one", one, sizeof(one) - 1));
	size_t n = 4 * INPUT_PEEK, at = 0;
	char *line = malloc(n);
	assert_non_null(line);
	at = (size_t)snprintf(line, n, "garbage\n{\"address\":\"0x10\", \"type\":\"ARRAY\", \"references\":[\"0x20\"");
	while (at + 16 < n)
		at += (size_t)snprintf(line + at, n - at, ", \"0x20\"");
	expect_taken(put("long", line, at));
	free(line);
}

static void expect_name(const char *path, uint64_t pid, uint64_t time, uint64_t jobs)
{
	struct input_name n = input_parse_name(path);
	assert_int_equal(n.pid, pid);
	assert_int_equal(n.time, time);
	assert_int_equal(n.jobs, jobs);
}

static void test_names(void **state)
{
	(void)state;
	const uint64_t no = HEADER_UNKNOWN;
	expect_name("/x/heap-4121-1700000000-3000.dump", 4121, 1700000000, 3000);
	expect_name("heap-4121-1700000000-3000.dump.zst", 4121, 1700000000, 3000);
	expect_name("heap-4121-1700000000-0.json.gz", 4121, 1700000000, 0);
	expect_name("heap-4121-1700000000.dump", 4121, 1700000000, no);
	expect_name("heap-1700000000.dump", no, 1700000000, no);
	expect_name("heap-1700000000-12.dump", no, 1700000000, 12);
	expect_name("web1-heap-4121-1700000000-3000.dump", 4121, 1700000000, 3000);
	expect_name("cheap-4121-1700000000-3000.dump", no, 1700000000, no);
	expect_name("dump_1700000000.json", no, 1700000000, no);
	expect_name("12.1700000000", no, 1700000000, no);
	expect_name("1700000000/heap.dump", no, no, no);
	expect_name("heap-17000000001.dump", no, no, no);      /* eleven digits */
	expect_name("heap-0999999999.dump", no, no, no);       /* before 2001 */
	expect_name("heap-4133980800.dump", no, no, no);       /* 2101 */
	expect_name("heap-4133980799.dump", no, 4133980799, no);
	expect_name("heap-99999999999999999999-1700000000-5.dump", no, 1700000000, no);
	expect_name("heap-12-1700000000-99999999999999999999.dump", 12, 1700000000, no);
	expect_name("20240101120000.dump", no, no, no);
	expect_name("-", no, no, no);
	expect_name("", no, no, no);
}

static void test_header(void **state)
{
	(void)state;
	struct dump_header h;
	struct input_name over = {HEADER_UNKNOWN, 1800000000, 5};
	assert_int_equal(input_header("heap-4121-1700000000-3000.dump", NULL, false, &h), 0);
	assert_int_equal(h.who.pid, 4121);
	assert_int_equal(h.jobs, 3000);
	assert_true(h.time == 1700000000.0 && !h.time_from_mtime);
	dump_header_done(&h);
	assert_int_equal(input_header("heap-4121-1700000000-3000.dump", &over, false, &h), 0);
	assert_int_equal(h.who.pid, 4121);
	assert_int_equal(h.jobs, 5);
	assert_true(h.time == 1800000000.0);
	dump_header_done(&h);
	put("a.dump", dump, dump_n);
	assert_int_equal(input_header(at("a.dump"), NULL, false, &h), HDA_EREFUSED);
	assert_int_equal(input_header(at("a.dump"), NULL, true, &h), 0);
	struct stat st;
	assert_int_equal(stat(at("a.dump"), &st), 0);
	assert_true(h.time_from_mtime && (uint64_t)h.time == (uint64_t)st.st_mtim.tv_sec);
	assert_int_equal(h.jobs, HEADER_UNKNOWN);
	dump_header_done(&h);
	assert_int_equal(input_header(at("absent"), NULL, true, &h), -ENOENT);
}

static const char *base(const char *path) { return strrchr(path, '/') + 1; }

static void test_folder(void **state)
{
	(void)state;
	struct input_list l = {0};
	char *why = NULL;
	size_t n;
	uint8_t *z = gzip(&n);
	for (size_t i = 0; i < 2; i++)
		unlink(at(i ? "a.dump" : "a.gz"));
	static const char *const gone[] = {"two.gz", "pad.gz", "junk.gz", "a.zst", "two.zst", "wide.zst", "cut", "bad", "oracle.py", "facts.json",
		"torn", "one", "long"};
	for (size_t i = 0; i < sizeof(gone) / sizeof(*gone); i++)
		unlink(at(gone[i]));
	put("heap-7-1700000100-20.dump", dump, dump_n);
	put("heap-7-1700000000-3.dump", dump, dump_n);
	put("heap-7-1700000100-3.json.gz", z, n);
	put("late.dump", dump, dump_n);
	put(".hidden", dump, dump_n);
	put("empty", "", 0);
	put("notes.txt", "my notes\n", 9);
	mkdir(at("sub"), 0700);
	assert_int_equal(input_list_add(&l, dir, &why), 0);
	input_list_sort(&l);
	assert_int_equal(l.nfiles, 4);
	assert_string_equal(base(l.files[0].path), "heap-7-1700000000-3.dump");
	assert_string_equal(base(l.files[1].path), "heap-7-1700000100-3.json.gz");
	assert_string_equal(base(l.files[2].path), "heap-7-1700000100-20.dump");
	assert_string_equal(base(l.files[3].path), "late.dump");
	assert_int_equal(l.files[1].size, n);
	assert_int_equal(l.nskips, 3);
	assert_string_equal(base(l.skips[0].path), "empty");
	assert_string_equal(l.skips[0].why, "empty");
	assert_string_equal(l.skips[1].why, "not a heap dump");
	assert_string_equal(l.skips[2].why, "a folder");
	/* A file that is named is taken, whatever it is; reading it will say. */
	assert_int_equal(input_list_add(&l, at("notes.txt"), &why), 0);
	assert_int_equal(l.nfiles, 5);
	assert_int_equal(input_list_add(&l, at("absent"), &why), -ENOENT);
	assert_non_null(strstr(why, "absent: "));
	free(why);
	free(z);
	input_list_done(&l);
}

/* Several windows of lines; the file is open for writing. */
static int put_big(uint64_t *ret_n)
{
	put("big.dump", dump, dump_n);
	FILE *f = fopen(at("big.dump"), "a");
	assert_non_null(f);
	for (*ret_n = dump_n; *ret_n < 3 * WINDOW; *ret_n += dump_n)
		assert_int_equal(fwrite(dump, 1, dump_n, f), dump_n);
	assert_int_equal(fclose(f), 0);
	return open(at("big.dump"), O_RDWR | O_CLOEXEC);
}

static struct input *open_mapped(const char *path)
{
	struct input *in;
	char *why;
	assert_int_equal(input_open(path, &in, &why), 0);
	input_map(in);
	assert_int_equal(input_rest(in), -1);
	return in;
}

/* Reads on, and compares with the dump over and over; the last answer. */
static ssize_t follow(struct input *in, uint64_t *at)
{
	const uint8_t *p;
	ssize_t n;
	while ((n = input_read(in, &p)) > 0)
		for (ssize_t i = 0; i < n; i++, (*at)++)
			if (p[i] != dump[*at % dump_n])
				fail_msg("byte %lu", (unsigned long)*at);
	return n;
}

static void test_mapped(void **state)
{
	(void)state;
	uint64_t n, total, got = 0;
	int fd = put_big(&n);
	struct input *in = open_mapped(at("big.dump"));
	assert_int_equal(follow(in, &got), 0);
	assert_int_equal(got, n);
	assert_int_equal(input_done(in, &total), n);
	input_free(in);
	/* It has grown since it was opened. */
	in = open_mapped(at("big.dump"));
	assert_int_equal(pwrite(fd, dump, dump_n, (off_t)n), dump_n);
	got = 0;
	assert_int_equal(follow(in, &got), 0);
	assert_int_equal(got, n + dump_n);
	input_free(in);
	/* It stops within a line. */
	assert_int_equal(ftruncate(fd, (off_t)n - 5), 0);
	in = open_mapped(at("big.dump"));
	got = 0;
	assert_int_equal(follow(in, &got), HDA_EPARTIAL);
	assert_int_equal(got, n - 5);
	assert_non_null(strstr(input_error(in), "middle of a line"));
	input_free(in);
	close(fd);
	unlink(at("big.dump"));
}

static void test_mapped_shorter(void **state)
{
	(void)state;
	uint64_t n;
	const uint8_t *p;
	int fd = put_big(&n);
	struct input *in = open_mapped(at("big.dump"));
	assert_true(input_read(in, &p) > 0);
	assert_true(input_read(in, &p) > INPUT_CHUNK);
	assert_int_equal(ftruncate(fd, INPUT_CHUNK), 0);
	assert_int_equal(p[INPUT_CHUNK], 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(input_read(in, &p), HDA_EPARTIAL);
		assert_non_null(strstr(input_error(in), "big.dump: has become shorter while it was read"));
	}
	input_free(in);
	close(fd);
	unlink(at("big.dump"));
}

/* Nothing changes for what is compressed. */
static void test_mapped_packed(void **state)
{
	(void)state;
	size_t size = ZSTD_compressBound(dump_n);
	_cleanup_free_ uint8_t *z = xmalloc(size);
	char *why;
	struct input *in;
	uint64_t got = 0;
	size = ZSTD_compress(z, size, dump, dump_n, 1);
	assert_int_equal(input_open(put("a.zst", z, size), &in, &why), 0);
	input_map(in);
	assert_int_equal(follow(in, &got), 0);
	assert_int_equal(got, dump_n);
	input_free(in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_mapped),
		cmocka_unit_test(test_mapped_shorter),
		cmocka_unit_test(test_mapped_packed),
		cmocka_unit_test(test_gzip),
		cmocka_unit_test(test_zstd),
		cmocka_unit_test(test_foreign),
		cmocka_unit_test(test_beginnings),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_folder),
	};
	return cmocka_run_group_tests(tests, make, clear);
}
