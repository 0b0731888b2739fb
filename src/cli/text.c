/* Texts that fit: safe, shortened, drawn. SPDX-License-Identifier: BSD-2-Clause */
#include "cli/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "base/mem.h"

size_t text_utf8(const uint8_t *p, size_t n)
{
	if (!n)
		return 0;
	if (p[0] < 0x80)
		return 1;
	size_t len = p[0] >= 0xc2 && p[0] <= 0xdf ? 2 : p[0] >= 0xe0 && p[0] <= 0xef ? 3 : p[0] >= 0xf0 && p[0] <= 0xf4 ? 4 : 0;
	if (!len || n < len)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	/* Overlong forms, surrogates and what lies above U+10FFFF (RFC 3629, section 4). */
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return len;
}

/* C0, DEL and C1 controls, and the marks that turn the direction of the text around. */
static bool is_control(const uint8_t *p, size_t len)
{
	if (len == 1)
		return p[0] < 0x20 || p[0] == 0x7f;
	if (len == 2)
		return p[0] == 0xc2 && p[1] < 0xa0;
	/* U+200B..200F, U+2028..202E, U+2066..2069 */
	return len == 3 && p[0] == 0xe2 && ((p[1] == 0x80 && ((p[2] >= 0x8b && p[2] <= 0x8f) || (p[2] >= 0xa8 && p[2] <= 0xae))) ||
	    (p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9));
}

/* Can the locale's terminal show it? Also libsmartcols never returns from a table with a character that is not the locale's
 * (2.38). */
static bool is_shown(const uint8_t *p, size_t len)
{
	wchar_t wc;
	mbstate_t st = {0};
	return len == 1 || (mbrtowc(&wc, (const char *)p, len, &st) == len && wcwidth(wc) >= 0);
}

char *text_safe(struct span s)
{
	char *out = xmalloc(s.n * 4 + 1), *w = out;
	for (size_t i = 0; i < s.n;) {
		size_t len = text_utf8(s.p + i, s.n - i);
		bool good = len && !is_control(s.p + i, len) && is_shown(s.p + i, len);
		if (!len)
			len = 1;
		for (size_t k = 0; k < len; k++) {
			if (good)
				*w++ = (char)s.p[i + k];
			else
				w += snprintf(w, 5, "\\x%02X", s.p[i + k]);
		}
		i += len;
	}
	*w = '\0';
	return out;
}

/* One character: its bytes and its columns. Controls and strange bytes take one. */
static size_t step(const char *s, size_t *columns)
{
	wchar_t wc;
	mbstate_t st = {0};
	size_t n = mbrtowc(&wc, s, strlen(s), &st);
	int w = n && n < (size_t)-2 ? wcwidth(wc) : 1;
	if (!n || n >= (size_t)-2) {
		/* Not the locale's: step over a whole UTF-8 character all the same. */
		n = text_utf8((const uint8_t *)s, strlen(s));
		n = n ? n : 1;
	}
	*columns = w < 0 ? 1 : (size_t)w;
	return n;
}

size_t text_width(const char *s)
{
	size_t width = 0, w;
	while (*s) {
		s += step(s, &w);
		width += w;
	}
	return width;
}

static const char *ellipsis(bool utf8)
{
	return utf8 ? "…" : "~";
}

char *text_cut_left(const char *s, size_t width, bool utf8)
{
	size_t have = text_width(s), w;
	if (have <= width)
		return xstrdup(s);
	while (*s && have + 1 > width) {
		s += step(s, &w);
		have -= w;
	}
	return width ? xasprintf("%s%s", ellipsis(utf8), s) : xstrdup("");
}

char *text_cut_right(const char *s, size_t width, bool utf8)
{
	if (text_width(s) <= width)
		return xstrdup(s);
	size_t have = 0, n = 0, w;
	while (s[n]) {
		size_t bytes = step(s + n, &w);
		if (have + w + 1 > width)
			break;
		have += w;
		n += bytes;
	}
	return width ? xasprintf("%.*s%s", (int)n, s, ellipsis(utf8)) : xstrdup("");
}

/* The last path of the form .../DIR/REST; returns where the name after DIR begins, or NULL. */
static const char *after_last(const char *path, const char *dir)
{
	const char *found = NULL;
	for (const char *p = path; (p = strstr(p, dir)); p++)
		found = p + strlen(dir);
	return found;
}

/* A file of the application: from app/, lib/ or config/ on, the folders that Rails and gems have at their top, else its last parts. */
static char *short_app_path(const char *path, bool utf8)
{
	static const char *const tops[] = {"/app/", "/lib/", "/config/"};
	for (size_t i = 0; *path == '/' && i < sizeof(tops) / sizeof(tops[0]); i++) {
		const char *top = strstr(path, tops[i]);
		if (top)
			return xstrdup(top + 1);
	}
	const char *from = path + strlen(path);
	for (int parts = 0; from > path && (parts += *from == '/') < TEXT_PATH_PARTS;)
		from--;
	return *path == '/' && from > path ? xasprintf("%s%s", utf8 ? "…" : "~", from) : xstrdup(path);
}

char *text_short_path(const char *path, bool utf8)
{
	const char *gem = after_last(path, "/gems/");
	const char *prefix = "";
	if (!gem) {
		gem = after_last(path, "/lib/ruby/");
		/* vendor_ruby, site_ruby and 3.1.0 are the names that follow. */
		prefix = gem && *gem >= '0' && *gem <= '9' ? "ruby-" : "";
	}
	const char *slash = gem ? strchr(gem, '/') : NULL;
	const char *base = slash ? strrchr(slash, '/') : NULL;
	if (!base || !base[1])
		return short_app_path(path, utf8);
	const char *cut = base == slash ? "" : utf8 ? "…" : "~";
	return xasprintf("%s%.*s %s%s", prefix, (int)(slash - gem), gem, cut, base == slash ? base + 1 : base);
}

static const char *const marks_utf8[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
static const char *const marks_ascii[] = {"_", ".", "-", "~", "=", "+", "*", "#"};
enum { MARKS = 8 };

/* Mean of the values of group g of `groups`, NAN left out; NAN when none is left. */
static double group_mean(const double *v, size_t n, size_t g, size_t groups)
{
	size_t from = g * n / groups, to = (g + 1) * n / groups, k = 0;
	double sum = 0;
	for (size_t i = from; i < to; i++) {
		if (!isnan(v[i])) {
			sum += v[i];
			k++;
		}
	}
	return k ? sum / (double)k : NAN;
}

/* The lowest mark stands for lo, or for what is less. */
static char *draw(const double *v, size_t n, size_t width, double lo, bool utf8)
{
	size_t groups = n < width ? n : width;
	char *out = xmalloc(groups * 4 + 1), *w = out;
	double hi = -INFINITY;
	for (size_t g = 0; g < groups; g++) {
		double m = group_mean(v, n, g, groups);
		lo = m < lo ? m : lo;
		hi = m > hi ? m : hi;
	}
	for (size_t g = 0; g < groups; g++) {
		double m = group_mean(v, n, g, groups);
		size_t level = hi > lo && !isnan(m) ? (size_t)((m - lo) / (hi - lo) * MARKS) : 0;
		const char *mark = isnan(m) ? " " : (utf8 ? marks_utf8 : marks_ascii)[level < MARKS ? level : MARKS - 1];
		size_t len = strlen(mark);
		memcpy(w, mark, len);
		w += len;
	}
	*w = '\0';
	return out;
}

char *text_sparkline(const double *v, size_t n, size_t width, bool utf8) { return draw(v, n, width, INFINITY, utf8); }

char *text_bars(const double *v, size_t n, size_t width, bool utf8) { return draw(v, n, width, 0, utf8); }

char *text_bar(double share, size_t width)
{
	double filled = share > 0 ? rint((share < 1 ? share : 1) * (double)width) : 0;
	size_t n = share > 0.005 && filled < 1 ? 1 : (size_t)filled;
	char *out = xmalloc(n + 1);
	memset(out, '#', n);
	out[n] = '\0';
	return out;
}
