/* hda.conf: parsed, checked, immutable. SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/config.h"

#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/mem.h"
#include "daemon/host.h"

const struct config_row config_rows[CFG_N] = {
#define X(section, name, kind, def, lo, hi, reloadable, text)                                      \
	[CFG_##name] = {#section, #name, def, lo, hi, text, CONFIG_##kind, reloadable},
#include "daemon/config.def"
#undef X
};

struct unit {
	const char *suffix;
	uint64_t factor;
};

/* Largest first: config_format takes the first that divides. */
static const struct unit size_units[] = {
	{"T", 1ull << 40}, {"G", 1ull << 30}, {"M", 1ull << 20}, {"K", 1ull << 10}, {"", 1}, {NULL, 0}};
static const struct unit time_units[] = {
	{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}, {NULL, 0}};
static const struct unit no_units[] = {{"", 1}, {NULL, 0}};

static const struct unit *units_of(enum config_kind kind)
{
	return kind == CONFIG_SIZE ? size_units : kind == CONFIG_TIME ? time_units : no_units;
}

const char *config_unit(enum config_kind kind)
{
	static const char *const texts[] = {
	    [CONFIG_COUNT] = "number",
	    [CONFIG_SIZE] = "bytes (K M G T)",
	    [CONFIG_TIME] = "time (ms s m h d)",
	    [CONFIG_BOOL] = "yes/no",
	};
	return texts[kind];
}

/* The same in a sentence. */
static const char *wanted(enum config_kind kind)
{
	static const char *const texts[] = {
	    [CONFIG_COUNT] = "a number",
	    [CONFIG_SIZE] = "a number of bytes (K M G T)",
	    [CONFIG_TIME] = "a time (ms s m h d)",
	    [CONFIG_BOOL] = "yes or no",
	};
	return texts[kind];
}

/* --- single values --- */

static bool parse_bool(const char *text, uint64_t *ret)
{
	static const char *const words[2][4] = {{"no", "off", "false", "0"}, {"yes", "on", "true", "1"}};
	for (uint64_t v = 0; v < 2; v++) {
		for (size_t i = 0; i < 4; i++) {
			if (!strcasecmp(text, words[v][i])) {
				*ret = v;
				return true;
			}
		}
	}
	return false;
}

/* A decimal number with a suffix of the row's kind; no sign, no blanks, no overflow. A bare 0 needs no unit. */
static bool parse_number(enum config_kind kind, const char *text, uint64_t *ret)
{
	uint64_t n = 0;
	const char *p = text;
	for (; *p >= '0' && *p <= '9'; p++) {
		if (__builtin_mul_overflow(n, 10u, &n) || __builtin_add_overflow(n, (uint64_t)(*p - '0'), &n))
			return false;
	}
	if (p == text)
		return false;
	if (n == 0 && !*p) {
		*ret = 0;
		return true;
	}
	for (const struct unit *u = units_of(kind); u->suffix; u++) {
		if (!strcasecmp(p, u->suffix))
			return !__builtin_mul_overflow(n, u->factor, ret);
	}
	return false;
}

static bool parse_raw(enum config_kind kind, const char *text, uint64_t *ret)
{
	return kind == CONFIG_BOOL ? parse_bool(text, ret) : parse_number(kind, text, ret);
}

/* What "auto" means on this host. */
static uint64_t auto_value(enum config_id id)
{
	switch (id) {
	case CFG_ingest_workers:
		return host_cpus() < 8 ? host_cpus() : 8;
	case CFG_graph_memory: {
		uint64_t half = host_memory() / 2;
		uint64_t least = 16ull << 20;
		return half > least ? half : least;
	}
	default:
		HDA_ASSERT(!"no automatic value");
		return 0;
	}
}

int config_value(enum config_id id, const char *text, uint64_t *ret, bool *ret_auto, char **ret_why)
{
	const struct config_row *row = &config_rows[id];
	uint64_t v, lo, hi;
	bool is_auto = !strcmp(text, "auto") && !strcmp(row->def, "auto");
	if (is_auto) {
		*ret = auto_value(id);
		*ret_auto = true;
		return 0;
	}
	if (!parse_raw(row->kind, text, &v)) {
		*ret_why = xasprintf("\"%.64s\" is not %s", text, wanted(row->kind));
		return HDA_EFORMAT;
	}
	if (!parse_raw(row->kind, row->lo, &lo) || !parse_raw(row->kind, row->hi, &hi))
		HDA_ASSERT(!"a range in config.def is malformed");
	if (v < lo || v > hi) {
		*ret_why = v < lo ? xasprintf("%s is below %s", text, row->lo) : xasprintf("%s is above %s", text, row->hi);
		return HDA_EFORMAT;
	}
	*ret = v;
	*ret_auto = false;
	return 0;
}

char *config_format(enum config_id id, uint64_t value)
{
	const struct config_row *row = &config_rows[id];
	if (row->kind == CONFIG_BOOL)
		return xstrdup(value ? "yes" : "no");
	const struct unit *u = units_of(row->kind);
	while (u[1].suffix && (value == 0 || value % u->factor))
		u++;
	/* Nought of anything reads best in the usual unit. */
	if (value == 0)
		return xstrdup(row->kind == CONFIG_TIME ? "0s" : "0");
	return xasprintf("%" PRIu64 "%s", value / u->factor, u->suffix);
}

/* --- a whole file --- */

struct config *config_new(void)
{
	struct config *c = xcalloc(1, sizeof(*c));
	atomic_init(&c->refs, 1);
	for (enum config_id id = 0; id < CFG_N; id++) {
		char *why = NULL;
		if (config_value(id, config_rows[id].def, &c->v[id], &c->is_auto[id], &why) < 0)
			HDA_ASSERT(!"a default in config.def is out of its range");
	}
	return c;
}

struct config *config_ref(struct config *c)
{
	atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
	return c;
}

void config_unref(struct config *c)
{
	if (c && atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) == 1)
		free(c);
}

/* inih gives no line number to its handler; our reader hands it one line at a time, so its count is the line. */
struct parse {
	const char *file, *p, *end;
	unsigned line;
	struct config *c;
	unsigned seen[CFG_N]; /* line on which an option stood */
	char *why;
};

__attribute__((format(printf, 2, 3))) static void fail(struct parse *ps, const char *fmt, ...)
{
	if (ps->why)
		return; /* the first error is the one to mend */
	va_list ap;
	char *text = NULL;
	va_start(ap, fmt);
	int n = vasprintf(&text, fmt, ap);
	va_end(ap);
	HDA_ASSERT(n >= 0);
	ps->why = xasprintf("%s:%u: %s", ps->file, ps->line, text);
	free(text);
}

/* inih tells of a section only when an option stands in it: an empty one of a wrong name would pass. */
static bool section_ok(struct parse *ps, const char *line)
{
	line += strspn(line, " \t\r");
	size_t n = *line == '[' ? strcspn(++line, "]\n") : 0;
	if (n == 0 || line[n] != ']')
		return true;
	for (enum config_id id = 0; id < CFG_N; id++)
		if (strlen(config_rows[id].section) == n && memcmp(config_rows[id].section, line, n) == 0)
			return true;
	fail(ps, "[%.*s]: no such section", (int)(n < 64 ? n : 64), line);
	return false;
}

/* ini_reader: the next line, as fgets. Ends the parse by an end of file after the first error. */
static char *read_line(char *str, int num, void *stream)
{
	struct parse *ps = stream;
	if (ps->why || ps->p == ps->end)
		return NULL;
	const char *nl = memchr(ps->p, '\n', (size_t)(ps->end - ps->p));
	size_t n = (size_t)((nl ? nl + 1 : ps->end) - ps->p);
	ps->line++;
	if (n > CONFIG_LINE_MAX || n >= (size_t)num) {
		fail(ps, "a line of more than %d bytes", CONFIG_LINE_MAX);
		return NULL;
	}
	if (memchr(ps->p, '\0', n)) {
		fail(ps, "a NUL byte");
		return NULL;
	}
	memcpy(str, ps->p, n);
	str[n] = '\0';
	ps->p += n;
	return section_ok(ps, str) ? str : NULL;
}

static enum config_id find_row(const char *name)
{
	enum config_id id = 0;
	while (id < CFG_N && strcmp(config_rows[id].name, name) != 0)
		id++;
	return id;
}

static int on_option(void *user, const char *section, const char *name, const char *value)
{
	struct parse *ps = user;
	if (ps->why)
		return 0;
	enum config_id id = find_row(name);
	if (id == CFG_N) {
		fail(ps, "%.64s: no such option", name);
		return 0;
	}
	const struct config_row *row = &config_rows[id];
	if (*section && strcmp(section, row->section) != 0)
		fail(ps, "%s belongs in [%s], not in [%.64s]", name, row->section, section);
	else if (ps->seen[id])
		fail(ps, "%s stands twice, first in line %u", name, ps->seen[id]);
	if (ps->why)
		return 0;
	ps->seen[id] = ps->line;
	char *why = NULL;
	if (config_value(id, value, &ps->c->v[id], &ps->c->is_auto[id], &why) < 0) {
		fail(ps, "%s: %s", name, why);
		free(why);
		return 0;
	}
	ps->c->given[id] = true;
	return 1;
}

/* What no single row can say. */
static void check_together(struct parse *ps)
{
	const uint64_t *v = ps->c->v;
	if (v[CFG_store_size] > v[CFG_map_size]) {
		ps->line = ps->seen[CFG_store_size] ? ps->seen[CFG_store_size] : ps->seen[CFG_map_size];
		fail(ps, "store_size is above map_size");
	}
}

int config_parse(const char *file, const char *text, size_t n, struct config **ret, char **ret_why)
{
	const char *slash = strrchr(file, '/');
	struct parse ps = {.file = slash ? slash + 1 : file, .p = text, .end = text + n, .c = config_new()};
	int line = ini_parse_stream(read_line, &ps, on_option, &ps);
	if (line != 0 && !ps.why) {
		ps.line = line > 0 ? (unsigned)line : ps.line;
		fail(&ps, "neither \"name = value\" nor \"[section]\" nor a comment");
	}
	check_together(&ps);
	if (ps.why) {
		*ret_why = ps.why;
		config_unref(ps.c);
		return HDA_EFORMAT;
	}
	*ret = ps.c;
	return 0;
}

/* A descriptor, or an error with *ret_why. Of a pipe a reload would wait for a writer, and with it all of hdad. */
static int open_file(const char *path, char **ret_why)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0 && fstat(fd, &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode))) {
		close(fd);
		*ret_why = xasprintf("%s: is a pipe, not a file", path);
		return HDA_EFORMAT;
	}
	if (fd >= 0)
		return fd;
	int err = -errno;
	*ret_why = xasprintf("%s: %s", path, hda_strerror(err));
	return err;
}

int config_load(const char *path, struct config **ret, char **ret_why)
{
	if (!path) {
		*ret = config_new();
		return 0;
	}
	int fd = open_file(path, ret_why);
	if (fd < 0)
		return fd;
	_cleanup_free_ char *text = xmalloc(CONFIG_FILE_MAX + 1);
	size_t n = 0;
	ssize_t got;
	do {
		got = read(fd, text + n, CONFIG_FILE_MAX + 1 - n);
		if (got > 0)
			n += (size_t)got;
	} while ((got > 0 && n <= CONFIG_FILE_MAX) || (got < 0 && errno == EINTR));
	int err = got < 0 ? -errno : n > CONFIG_FILE_MAX ? HDA_ELIMIT : 0;
	close(fd);
	if (err < 0) {
		*ret_why = xasprintf("%s: %s", path, hda_strerror(err));
		return err;
	}
	return config_parse(path, text, n, ret, ret_why);
}

char *config_restart_rows(const struct config *old, const struct config *new_)
{
	char *list = NULL;
	for (enum config_id id = 0; id < CFG_N; id++) {
		if (config_rows[id].reloadable || old->v[id] == new_->v[id])
			continue;
		char *longer = xasprintf("%s%s%s", list ? list : "", list ? ", " : "", config_rows[id].name);
		free(list);
		list = longer;
	}
	return list;
}

void config_keep_fixed(struct config *fresh, const struct config *old)
{
	for (enum config_id id = 0; id < CFG_N; id++) {
		if (config_rows[id].reloadable)
			continue;
		fresh->v[id] = old->v[id];
		fresh->given[id] = old->given[id];
		fresh->is_auto[id] = old->is_auto[id];
	}
}
