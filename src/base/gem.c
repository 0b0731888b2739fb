/* Which library a source file belongs to. SPDX-License-Identifier: BSD-2-Clause */
#include "base/gem.h"

#include <stdio.h>

static bool digit(uint8_t c) { return c >= '0' && c <= '9'; }

static bool hex(uint8_t c) { return digit(c) || (c >= 'a' && c <= 'f'); }

/* Takes the next path component, false at the end. The separator is eaten. */
static bool component(struct span *path, struct span *ret)
{
	while (path->n && *path->p == '/') {
		path->p++;
		path->n--;
	}
	if (path->n == 0)
		return false;
	const uint8_t *slash = memchr(path->p, '/', path->n);
	size_t n = slash ? (size_t)(slash - path->p) : path->n;
	*ret = (struct span){path->p, n};
	path->p += n;
	path->n -= n;
	return true;
}

/* NAME-1.2.3 and NAME-1.2.3-x86_64-linux: a dash before a digit, a name before it. */
static bool has_version(struct span c)
{
	for (size_t i = 1; i + 1 < c.n; i++) {
		if (c.p[i] == '-' && digit(c.p[i + 1]))
			return true;
	}
	return false;
}

/* NAME-COMMIT, as bundler calls the checkout of a git source: 7 hex digits or more behind the last dash. */
static bool has_commit(struct span c)
{
	enum { COMMIT_MIN = 7 };
	size_t n = 0;
	while (n < c.n && hex(c.p[c.n - 1 - n]))
		n++;
	return n >= COMMIT_MIN && n + 1 < c.n && c.p[c.n - 1 - n] == '-';
}

/* 3.1.0, 3.1, 2.7.0+0 */
static bool is_version(struct span c)
{
	bool dot = false;
	if (c.n == 0 || !digit(c.p[0]))
		return false;
	for (size_t i = 0; i < c.n; i++)
		dot |= c.p[i] == '.';
	return dot;
}

static size_t put(char *buf, const char *before, struct span name, const char *after)
{
	int most = name.n < GEM_NAME ? (int)name.n : GEM_NAME;
	int n = snprintf(buf, GEM_NAME, "%s%.*s%s", before, most, name.p ? (const char *)name.p : "", after);
	return n < GEM_NAME ? (size_t)n : GEM_NAME - 1;
}

/* A library outside gems/: its first directory or file below the place, without the suffix. */
static size_t vendored(struct span path, char *buf)
{
	struct span c;
	if (!component(&path, &c) || (is_version(c) && !component(&path, &c)))
		return put(buf, "", SPAN_LIT("app"), "");
	const uint8_t *dot = path.n == 0 ? memchr(c.p, '.', c.n) : NULL;
	if (dot && dot > c.p)
		c.n = (size_t)(dot - c.p);
	return put(buf, "", c, " vendor");
}

size_t gem_name(struct span file, char *buf)
{
	buf[0] = '\0';
	if (file.n == 0)
		return 0;
	if (file.p[0] == '<')
		return put(buf, "", SPAN_LIT("ruby core"), "");
	if (file.p[0] == '(')
		return put(buf, "", SPAN_LIT("eval"), "");
	struct span rest = file, c, prev = {0}, before = {0}, gem = {0}, vendor = {0}, stdlib = {0}, site = {0};
	while (component(&rest, &c)) {
		bool dir = rest.n > 0;
		if (dir && span_eq(prev, SPAN_LIT("gems")) &&
		    (has_version(c) || (span_eq(before, SPAN_LIT("bundler")) && has_commit(c))))
			gem = c;
		if (span_eq(c, SPAN_LIT("vendor_ruby")))
			vendor = rest;
		if (dir && is_version(c) && span_eq(prev, SPAN_LIT("ruby")) && !span_eq(before, SPAN_LIT("bundle")))
			stdlib = c;
		if (dir && is_version(c) && span_eq(prev, SPAN_LIT("site_ruby")))
			site = c;
		before = prev;
		prev = c;
	}
	if (gem.n)
		return put(buf, "", gem, "");
	if (vendor.n)
		return vendored(vendor, buf);
	if (site.n)
		return put(buf, "ruby-", site, " site_ruby");
	if (stdlib.n)
		return put(buf, "ruby-", stdlib, " stdlib");
	return put(buf, "", SPAN_LIT("app"), "");
}

static bool is_commit(struct span c, size_t least)
{
	size_t n = 0;
	while (n < c.n && hex(c.p[n]))
		n++;
	return n == c.n && n >= least;
}

/* Names of directories below which an application keeps its releases, one directory each. */
static bool is_releases(struct span c) { return span_eq(c, SPAN_LIT("releases")) || span_eq(c, SPAN_LIT("revisions")); }

struct span gem_relative(struct span file)
{
	enum { RELEASE_DIGITS = 7 }; /* 3fa9c1d, 20261124100000 */
	const uint8_t *end = file.p + file.n, *keep = file.p, *from = file.p;
	struct span before = {NULL, 0};
	while (from < end) {
		const uint8_t *slash = memchr(from, '/', (size_t)(end - from));
		if (!slash)
			break;
		struct span c = {from, (size_t)(slash - from)};
		if (span_eq(before, SPAN_LIT("gems")))
			keep = from;           /* gems/NAME-VERSION/...: the last one decides */
		else if (is_releases(before) || (before.p && is_commit(c, RELEASE_DIGITS)))
			keep = slash + 1;      /* what comes below the release */
		else if (span_eq(c, SPAN_LIT("current")) && before.p)
			keep = slash + 1;
		before = c;
		from = slash + 1;
	}
	return (struct span){keep, (size_t)(end - keep)};
}
