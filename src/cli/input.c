/* Opening and decompressing dump files. SPDX-License-Identifier: BSD-2-Clause */
#include "cli/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/mem.h"
#include "cli/window.h"
#include "scan/scanner.h"

enum kind { KIND_PLAIN, KIND_GZIP, KIND_ZSTD };

struct input {
	char *name;             /* for people */
	int fd;
	struct window *window;  /* input_map: the file behind done, as far as it is mapped */
	enum kind kind;
	uint64_t done, total;   /* bytes of the file */
	/* Bytes of the file not yet decompressed (plain: given out directly). */
	uint8_t *raw;
	size_t raw_at, raw_n;
	bool raw_end;
	/* Bytes of the dump, INPUT_CHUNK + SCAN_PAD. */
	uint8_t *out;
	size_t peeked;          /* bytes of out that were read ahead by input_open */
	int err;
	char *why;
	bool regular;           /* a file, no pipe */
	bool in_frame;          /* a compressed stream has begun and not ended */
	bool line_ends;         /* the last byte given out is the end of a line */
	uint8_t last;           /* the last byte given out that is no blank */
	z_stream z;
	ZSTD_DStream *zstd;
};

static int fail(struct input *in, int err, const char *what)
{
	in->err = err;
	free(in->why);
	in->why = xasprintf("%s: %s", in->name, what);
	return err;
}

/* Reads until n bytes are there or the file ends. */
static ssize_t read_full(int fd, uint8_t *p, size_t n)
{
	size_t got = 0;
	while (got < n) {
		ssize_t r = read(fd, p + got, n - got);
		if (r == 0)
			break;
		if (r < 0 && errno != EINTR)
			return got ? (ssize_t)got : -errno;
		if (r > 0)
			got += (size_t)r;
	}
	return (ssize_t)got;
}

/* More raw bytes when all are used. */
static int raw_fill(struct input *in)
{
	if (in->raw_at < in->raw_n || in->raw_end)
		return 0;
	ssize_t n = read_full(in->fd, in->raw, INPUT_CHUNK);
	if (n < 0)
		return fail(in, (int)n, strerror((int)-n));
	in->raw_at = 0;
	in->raw_n = (size_t)n;
	in->raw_end = n == 0;
	in->done += (size_t)n;
	return 0;
}

/* --- the three kinds: each fills p with up to n bytes. An error behind good bytes waits in in->err. --- */

static size_t read_plain(struct input *in, uint8_t *p, size_t n)
{
	size_t left = in->raw_n - in->raw_at;
	if (left) { /* what was read to see the kind */
		n = left < n ? left : n;
		memcpy(p, in->raw + in->raw_at, n);
		in->raw_at += n;
		return n;
	}
	/* What there is: a pipe that is slow must not look as if it stood still. */
	ssize_t r = 0;
	while (!in->raw_end && (r = read(in->fd, p, n)) < 0 && errno == EINTR)
		continue;
	if (r < 0) {
		fail(in, -errno, strerror(errno));
		return 0;
	}
	in->done += (size_t)r;
	return (size_t)r;
}

/* Between two gzip members: another one, padding with zeros (tape, block devices), or damage. */
static int gzip_between(struct input *in)
{
	while (in->raw_at < in->raw_n && in->raw[in->raw_at] == 0)
		in->raw_at++;
	if (in->raw_at == in->raw_n)
		return 0;
	if (in->raw[in->raw_at] != 0x1f)
		return fail(in, HDA_EFORMAT, "damaged gzip data (garbage behind the end)");
	inflateReset(&in->z);
	in->in_frame = true;
	return 0;
}

static size_t read_gzip(struct input *in, uint8_t *p, size_t n)
{
	in->z.next_out = p;
	in->z.avail_out = (uInt)n;
	while (in->z.avail_out > 0) {
		int r = raw_fill(in);
		if (r == 0 && !in->in_frame)
			r = gzip_between(in);
		if (r < 0)
			break;
		bool dry = in->raw_at == in->raw_n;
		if (dry && !in->raw_end)
			continue;
		if (dry && !in->in_frame)
			break;
		in->z.next_in = in->raw + in->raw_at;
		in->z.avail_in = (uInt)(in->raw_n - in->raw_at);
		uInt before = in->z.avail_out;
		int z = inflate(&in->z, Z_NO_FLUSH); /* also without input: it may hold back output */
		in->raw_at = in->raw_n - in->z.avail_in;
		if (z == Z_STREAM_END) {
			in->in_frame = false;
		} else if (z != Z_OK && z != Z_BUF_ERROR) {
			fail(in, HDA_EFORMAT, "damaged gzip data");
			break;
		} else if (dry && in->z.avail_out == before) {
			fail(in, HDA_EPARTIAL, "gzip data ends early (truncated file)");
			break;
		}
	}
	return n - in->z.avail_out;
}

static size_t read_zstd(struct input *in, uint8_t *p, size_t n)
{
	ZSTD_outBuffer out = {p, n, 0};
	while (out.pos < n) {
		if (raw_fill(in) < 0 || (in->raw_at == in->raw_n && in->raw_end && !in->in_frame))
			break;
		ZSTD_inBuffer raw = {in->raw, in->raw_n, in->raw_at};
		size_t before = out.pos;
		size_t z = ZSTD_decompressStream(in->zstd, &out, &raw);
		in->raw_at = raw.pos;
		if (ZSTD_isError(z)) {
			fail(in, HDA_EFORMAT, ZSTD_getErrorCode(z) == ZSTD_error_frameParameter_windowTooLarge
			    ? "zstd window too large" : "damaged zstd data");
			break;
		}
		in->in_frame = z != 0;
		if (in->raw_end && in->raw_at == in->raw_n && in->in_frame && out.pos == before) {
			fail(in, HDA_EPARTIAL, "zstd data ends early (truncated file)");
			break;
		}
	}
	return out.pos;
}

static ssize_t read_out(struct input *in, uint8_t *p, size_t n)
{
	if (in->err)
		return in->err;
	size_t got = in->kind == KIND_GZIP ? read_gzip(in, p, n) : in->kind == KIND_ZSTD ? read_zstd(in, p, n) : read_plain(in, p, n);
	return got > 0 ? (ssize_t)got : in->err;
}

/* The same of what is mapped: the bytes where they lie. 0: the rest is to be read. */
static ssize_t read_mapped(struct input *in, const uint8_t **ret)
{
	const uint8_t *p;
	ssize_t n = window_next(in->window, in->done, &p);
	if (n > 0) {
		in->done += (size_t)n;
		*ret = p;
		return n;
	}
	window_free(in->window);
	in->window = NULL;
	if (n == 0 && lseek(in->fd, (off_t)in->done, SEEK_SET) < 0)
		n = -errno;
	return n == 0 ? 0 : fail(in, (int)n, n == HDA_EPARTIAL ? "has become shorter while it was read" : strerror((int)-n));
}

/* Remembers how the bytes given out so far end. */
static void note_tail(struct input *in, const uint8_t *p, size_t n)
{
	in->line_ends = n > 0 && p[n - 1] == '\n';
	while (n > 0 && (p[n - 1] == '\n' || p[n - 1] == '\r' || p[n - 1] == ' ' || p[n - 1] == '\t'))
		n--;
	if (n > 0)
		in->last = p[n - 1];
}

/* A dump has no mark at its end; but Ruby ends each line, so one that stops before the end of a record was cut off. */
static ssize_t at_end(struct input *in)
{
	return in->line_ends || in->last == '}' ? 0 : fail(in, HDA_EPARTIAL, "ends in the middle of a line (truncated file)");
}

ssize_t input_read(struct input *in, const uint8_t **ret)
{
	ssize_t n = (ssize_t)in->peeked;
	*ret = in->out;
	in->peeked = 0;
	if (n == 0 && in->window)
		n = read_mapped(in, ret);
	if (n == 0)
		n = read_out(in, in->out, INPUT_CHUNK);
	if (n == 0)
		n = at_end(in);
	if (n > 0)
		note_tail(in, *ret, (size_t)n);
	return n;
}

void input_map(struct input *in)
{
	if (in->regular && in->kind == KIND_PLAIN && in->raw_at == in->raw_n && in->total > in->done && !in->window)
		in->window = window_new(in->fd, in->total);
}

int input_rest(const struct input *in)
{
	return in->regular && in->kind == KIND_PLAIN && !in->peeked && !in->window && in->raw_at == in->raw_n && !in->err ? in->fd : -1;
}

void input_passed(struct input *in, uint64_t n)
{
	uint8_t tail[16];
	off_t at = lseek(in->fd, 0, SEEK_CUR);
	ssize_t got = at < 0 ? -1 : pread(in->fd, tail, sizeof(tail), at < (off_t)sizeof(tail) ? 0 : at - (off_t)sizeof(tail));
	in->done += n;
	if (got > 0)
		note_tail(in, tail, (size_t)got);
}

const char *input_error(const struct input *in) { return in->why; }

const char *input_kind(const struct input *in)
{
	static const char *const names[] = {[KIND_PLAIN] = "plain", [KIND_GZIP] = "gzip", [KIND_ZSTD] = "zstd"};
	return names[in->kind];
}

uint64_t input_done(const struct input *in, uint64_t *ret_total)
{
	*ret_total = in->total;
	return in->done;
}

/* --- opening --- */

/* By RFC 1952 2.3.1 and RFC 8878 3.1.1 (and 3.1.2: a skippable frame may come first). */
static enum kind kind_of(const uint8_t *p, size_t n)
{
	if (n >= 3 && p[0] == 0x1f && p[1] == 0x8b && p[2] == 8)
		return KIND_GZIP;
	if (n >= 4 && ((p[0] == 0x28 && p[1] == 0xb5) || (p[0] >> 4 == 5 && p[1] == 0x2a)) && p[2] == (p[0] == 0x28 ? 0x2f : 0x4d) &&
	    p[3] == (p[0] == 0x28 ? 0xfd : 0x18))
		return KIND_ZSTD;
	return KIND_PLAIN;
}

/* Is the last line, which goes on behind what was read (an Array's has no bound), the beginning of a record? */
static bool ends_in_record(const uint8_t *p, size_t n)
{
	const uint8_t *lf = memrchr(p, '\n', n), *end = p + n;
	p = lf ? lf + 1 : p;
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\r'))
		p++;
	n = (size_t)(end - p);
	return n > 0 && *p == '{' && (memmem(p, n, "\"ROOT\"", 6) || memmem(p, n, "\"address\"", 9));
}

static void no_object(void *ctx, const struct heap_obj *o) { (void)ctx, (void)o; }

/* Is this the beginning of a heap dump? The scanner says so: whole or torn, in any key order, with garbage in front. Programs and
 * notes that merely quote a record are mostly bad lines. p has SCAN_PAD bytes behind it. */
static bool looks_like_dump(const uint8_t *p, size_t n)
{
	struct scan_sink sink = {.object = no_object};
	struct scanner *s = scanner_new(&(struct scanner_opts){0}, &sink);
	n = n < INPUT_PEEK ? n : INPUT_PEEK;
	scanner_feed(s, p, n);
	const struct scan_stats *st = scanner_stats(s);
	uint64_t good = st->objects + st->roots + st->shapes + st->free_slots;
	bool yes = good > 0 ? st->bad_lines <= good * INPUT_BAD_SHARE : ends_in_record(p, n);
	if (!yes && n < INPUT_PEEK) { /* a last line without its end: only the end of the file makes it one */
		scanner_finish(s);
		yes = good == 0 && st->objects + st->roots + st->shapes + st->free_slots > 0;
	}
	scanner_free(s);
	return yes;
}

static int start(struct input *in)
{
	struct stat st;
	if (fstat(in->fd, &st) < 0)
		return fail(in, -errno, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return fail(in, -EISDIR, strerror(EISDIR));
	in->regular = S_ISREG(st.st_mode);
	if (in->regular)
		in->total = (uint64_t)st.st_size;
	/* Only a hint: a pipe has no such thing. */
	(void)posix_fadvise(in->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	int r = raw_fill(in);
	if (r < 0)
		return r;
	in->kind = kind_of(in->raw, in->raw_n);
	if (in->kind == KIND_GZIP) {
		in->in_frame = true;
		/* 15 + 16: the largest window, gzip's header (zlib.h, inflateInit2). */
		if (inflateInit2(&in->z, 15 + 16) != Z_OK)
			return fail(in, -ENOMEM, strerror(ENOMEM));
	} else if (in->kind == KIND_ZSTD) {
		in->zstd = ZSTD_createDStream();
		if (!in->zstd || ZSTD_isError(ZSTD_DCtx_setParameter(in->zstd, ZSTD_d_windowLogMax, INPUT_WINDOW_LOG)))
			return fail(in, -ENOMEM, strerror(ENOMEM));
	}
	ssize_t n = read_out(in, in->out, INPUT_CHUNK);
	if (n < 0)
		return (int)n;
	if (n == 0)
		return fail(in, HDA_EFOREIGN, "empty");
	if (!looks_like_dump(in->out, (size_t)n))
		return fail(in, HDA_EFOREIGN, "not a heap dump");
	in->peeked = (size_t)n;
	return 0;
}

int input_open(const char *path, struct input **ret, char **ret_why)
{
	bool is_stdin = strcmp(path, "-") == 0;
	struct input *in = xcalloc(1, sizeof(*in));
	in->name = xstrdup(is_stdin ? "standard input" : path);
	in->raw = xmalloc(INPUT_CHUNK);
	in->out = xcalloc(INPUT_CHUNK + SCAN_PAD, 1);
	in->fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int r = in->fd < 0 ? fail(in, -errno, strerror(errno)) : start(in);
	if (r < 0) {
		*ret_why = in->why;
		in->why = NULL;
		input_free(in);
		return r;
	}
	*ret = in;
	return 0;
}

void input_free(struct input *in)
{
	if (!in)
		return;
	window_free(in->window);
	if (in->fd > STDIN_FILENO)
		close(in->fd);
	if (in->kind == KIND_GZIP)
		inflateEnd(&in->z);
	ZSTD_freeDStream(in->zstd);
	free(in->name);
	free(in->raw);
	free(in->out);
	free(in->why);
	free(in);
}
