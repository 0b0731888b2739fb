/* Dump files: opening, decompressing, what their names say, folders of them. SPDX-License-Identifier: BSD-2-Clause
 *
 * For file mode and import. Compression is told by the first bytes, never by the name alone. One thread at a time. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "proto/header.h"

/* --- one file --- */

struct input;

enum {
	INPUT_CHUNK = 256 * 1024, /* bytes per input_read at most, but for input_map */
	INPUT_WINDOW_LOG = 31,    /* the largest zstd window taken: --long=31, 2 GiB */
	INPUT_PEEK = 64 * 1024,   /* a dump shows its first record within so many bytes */
	INPUT_BAD_SHARE = 4,      /* more bad lines than so many times the good ones there: this is no dump */
};

/* Opens a dump, "-" is standard input, and looks at its first bytes. On error *ret_why is one line that names the file
 * (caller frees): -errno; HDA_EFOREIGN, this is no heap dump (or empty); HDA_EFORMAT, bad compressed data. */
HDA_MUST_CHECK int input_open(const char *path, struct input **ret, char **ret_why);
void input_free(struct input *in);
/* The next bytes: their number with *ret pointing at them (valid until the next call; SCAN_PAD readable bytes lie
 * behind), 0 at the end. Negative: HDA_EPARTIAL the data ends early (compressed, or within a line), HDA_EFORMAT it is damaged, -errno; then
 * input_error() says so, every later call gives the same, and what came before counts as a partial dump. */
HDA_MUST_CHECK ssize_t input_read(struct input *in, const uint8_t **ret);
/* From here on input_read gives a plain file's bytes where they lie in the page cache, a WINDOW at a time (cli/window.h), to the
 * thread that calls it; of other inputs nothing changes. They are to be looked at, not to be given to a system call. */
void input_map(struct input *in);
/* A descriptor whose bytes from its place on are the rest of the dump, as they are: a plain file after the first input_read. -1: there is
 * none (compressed, a pipe, something read ahead). The input's own; tell input_passed what was taken from it. */
int input_rest(const struct input *in);
void input_passed(struct input *in, uint64_t n);
/* After an error of input_read: the line for people, naming the file. */
const char *input_error(const struct input *in);
/* "plain", "gzip" or "zstd". */
const char *input_kind(const struct input *in);
/* How far it is, in bytes of the file (compressed ones); *ret_total is 0 when unknown (a pipe). */
uint64_t input_done(const struct input *in, uint64_t *ret_total);

/* --- what a name says --- */

/* HEADER_UNKNOWN where the name (or the user) says nothing. */
struct input_name {
	uint64_t pid, time, jobs; /* time: seconds since 1970 */
};

/* heap-PID-TIME-COUNTER.dump, heap-PID-TIME.dump, heap-TIME.dump, and any name with a Unix time (a run of 10 digits from
 * 2001 to 2100), whatever its extensions. Only the part behind the last slash counts. */
struct input_name input_parse_name(const char *path);
/* A header from name, overrides (HEADER_UNKNOWN: none; may be NULL) and, with mtime_ok, the time of last modification
 * (time_from_mtime is then set). *ret is overwritten. HDA_EREFUSED: there is no time. -errno: stat failed. */
HDA_MUST_CHECK int input_header(const char *path, const struct input_name *over, bool mtime_ok, struct dump_header *ret);

/* --- several --- */

struct input_file {
	char *path;
	struct input_name name;
	uint64_t size;  /* bytes on disk, 0 unknown */
	double order;   /* its time, or its modification time */
};

struct input_skip {
	char *path;
	const char *why; /* static */
};

/* Embedded; all-zero is empty. */
struct input_list {
	struct input_file *files; size_t nfiles, cap_files;
	struct input_skip *skips; size_t nskips, cap_skips;
};

void input_list_done(struct input_list *l);
/* Adds a file, "-", or what lies in a folder (not below it). What is plainly no dump in a folder is skipped with a reason; a
 * file that was named is always taken. -errno (with *ret_why, caller frees) when path cannot be read. */
HDA_MUST_CHECK int input_list_add(struct input_list *l, const char *path, char **ret_why);
/* By time, then counter, then name. */
void input_list_sort(struct input_list *l);
