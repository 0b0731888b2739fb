/* What the names of dump files say, and folders of them. SPDX-License-Identifier: BSD-2-Clause */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/input.h"

enum { DIGITS_MAX = 18, TIME_DIGITS = 10 };
/* 9 Sep 2001, where Unix time got its tenth digit, and the end of 2100. */
#define TIME_MIN UINT64_C(1000000000)
#define TIME_MAX UINT64_C(4133980799)

/* --- names --- */

/* A run of digits at p: its length, with its value; 0 when there is none or it is too long to be meant. */
static size_t digits(const char *p, uint64_t *ret)
{
	size_t n = 0;
	uint64_t v = 0;
	for (; isdigit((unsigned char)p[n]); n++)
		if (n < DIGITS_MAX)
			v = v * 10 + (uint64_t)(p[n] - '0');
	*ret = v;
	return n <= DIGITS_MAX ? n : 0;
}

static bool time_at(const char *p, uint64_t *ret)
{
	return digits(p, ret) == TIME_DIGITS && *ret >= TIME_MIN && *ret <= TIME_MAX;
}

/* PID-TIME-COUNTER, PID-TIME, TIME-COUNTER or TIME, where "heap-" has gone before. */
static bool classic(const char *p, struct input_name *name)
{
	uint64_t pid = HEADER_UNKNOWN, time, jobs;
	if (!time_at(p, &time)) {
		size_t n = digits(p, &pid);
		if (n == 0 || p[n] != '-' || !time_at(p + n + 1, &time))
			return false;
		p += n + 1;
	}
	name->pid = pid;
	name->time = time;
	p += TIME_DIGITS;
	if (*p == '-' && digits(p + 1, &jobs) > 0)
		name->jobs = jobs;
	return true;
}

struct input_name input_parse_name(const char *path)
{
	struct input_name name = {HEADER_UNKNOWN, HEADER_UNKNOWN, HEADER_UNKNOWN};
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	for (const char *p = strstr(base, "heap-"); p; p = strstr(p + 1, "heap-"))
		if ((p == base || !isalnum((unsigned char)p[-1])) && classic(p + strlen("heap-"), &name))
			return name;
	for (const char *p = base; *p; p++) {
		uint64_t time;
		if (!isdigit((unsigned char)*p))
			continue;
		if (time_at(p, &time)) {
			name.time = time;
			return name;
		}
		while (isdigit((unsigned char)p[1]))
			p++;
	}
	return name;
}

static uint64_t either(uint64_t first, uint64_t second) { return first != HEADER_UNKNOWN ? first : second; }

int input_header(const char *path, const struct input_name *over, bool mtime_ok, struct dump_header *ret)
{
	struct input_name name = input_parse_name(path);
	if (over)
		name = (struct input_name){either(over->pid, name.pid), either(over->time, name.time), either(over->jobs, name.jobs)};
	struct stat st = {0};
	bool from_mtime = name.time == HEADER_UNKNOWN;
	if (from_mtime) {
		if (!mtime_ok)
			return HDA_EREFUSED;
		if ((strcmp(path, "-") == 0 ? fstat(STDIN_FILENO, &st) : stat(path, &st)) < 0)
			return -errno;
	}
	dump_header_init(ret);
	ret->who.pid = name.pid == HEADER_UNKNOWN ? 0 : name.pid;
	ret->jobs = name.jobs;
	ret->time = from_mtime ? (double)st.st_mtim.tv_sec + (double)st.st_mtim.tv_nsec / 1e9 : (double)name.time;
	ret->time_from_mtime = from_mtime;
	return 0;
}

/* --- lists --- */

void input_list_done(struct input_list *l)
{
	for (size_t i = 0; i < l->nfiles; i++)
		free(l->files[i].path);
	for (size_t i = 0; i < l->nskips; i++)
		free(l->skips[i].path);
	free(l->files);
	free(l->skips);
	*l = (struct input_list){0};
}

static void skip(struct input_list *l, char *path, const char *why)
{
	l->skips = xgrow(l->skips, l->nskips, &l->cap_skips, sizeof(*l->skips));
	l->skips[l->nskips++] = (struct input_skip){path, why};
}

static void take(struct input_list *l, char *path, const struct stat *st)
{
	struct input_name name = input_parse_name(path);
	double mtime = (double)st->st_mtim.tv_sec + (double)st->st_mtim.tv_nsec / 1e9;
	l->files = xgrow(l->files, l->nfiles, &l->cap_files, sizeof(*l->files));
	l->files[l->nfiles++] = (struct input_file){
		.path = path,
		.name = name,
		.size = S_ISREG(st->st_mode) ? (uint64_t)st->st_size : 0,
		.order = name.time != HEADER_UNKNOWN ? (double)name.time : mtime,
	};
}

/* A file of a folder: a dump, as far as can be told without reading it all, or not. Takes path. */
static void add_entry(struct input_list *l, char *path)
{
	struct stat st;
	if (stat(path, &st) < 0) {
		skip(l, path, "cannot be read");
		return;
	}
	if (!S_ISREG(st.st_mode)) {
		skip(l, path, S_ISDIR(st.st_mode) ? "a folder" : "not a regular file");
		return;
	}
	struct input *in;
	_cleanup_free_ char *why = NULL;
	int r = input_open(path, &in, &why);
	if (r == 0)
		input_free(in);
	if (r == HDA_EFOREIGN)
		skip(l, path, st.st_size == 0 ? "empty" : "not a heap dump");
	else /* good, or broken in a way that reading it will report */
		take(l, path, &st);
}

static int add_folder(struct input_list *l, const char *path, char **ret_why)
{
	DIR *d = opendir(path);
	if (!d) {
		int err = -errno;
		*ret_why = xasprintf("%s: %s", path, strerror(-err));
		return err;
	}
	size_t len = strlen(path), before = l->nfiles + l->nskips;
	for (struct dirent *e; (e = readdir(d));)
		if (e->d_name[0] != '.')
			add_entry(l, xasprintf("%s%s%s", path, len && path[len - 1] == '/' ? "" : "/", e->d_name));
	closedir(d);
	if (l->nfiles + l->nskips == before)
		skip(l, xstrdup(path), "an empty folder");
	return 0;
}

int input_list_add(struct input_list *l, const char *path, char **ret_why)
{
	struct stat st;
	if ((strcmp(path, "-") == 0 ? fstat(STDIN_FILENO, &st) : stat(path, &st)) < 0) {
		int err = -errno;
		*ret_why = xasprintf("%s: %s", path, strerror(-err));
		return err;
	}
	if (S_ISDIR(st.st_mode))
		return add_folder(l, path, ret_why);
	take(l, xstrdup(path), &st);
	return 0;
}

static int file_cmp(const void *va, const void *vb)
{
	const struct input_file *a = va, *b = vb;
	if (a->order != b->order)
		return a->order < b->order ? -1 : 1;
	if (a->name.jobs != b->name.jobs)
		return a->name.jobs < b->name.jobs ? -1 : 1;
	return strcmp(a->path, b->path);
}

static int skip_cmp(const void *va, const void *vb)
{
	const struct input_skip *a = va, *b = vb;
	return strcmp(a->path, b->path);
}

void input_list_sort(struct input_list *l)
{
	if (l->nfiles)
		qsort(l->files, l->nfiles, sizeof(*l->files), file_cmp);
	if (l->nskips)
		qsort(l->skips, l->nskips, sizeof(*l->skips), skip_cmp);
}
