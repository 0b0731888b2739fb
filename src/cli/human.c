/* Numbers as people read them. SPDX-License-Identifier: BSD-2-Clause */
#include "cli/human.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "proto/header.h"

/* From here on counts are shown in millions: more digits say nothing more. */
static const double COUNT_GROUPED_MAX = 1e7;

const char *human_bytes(char buf[HUMAN_MAX], double bytes, bool exact)
{
	static const char unit[] = "KMGTPE";
	if (exact || fabs(bytes) < 1024) {
		snprintf(buf, HUMAN_MAX, "%.0f", bytes);
		return buf;
	}
	size_t u = 0;
	double v = bytes / 1024;
	/* 1023.95 would be printed as 1024.0. */
	while (fabs(v) >= 1023.95 && u + 2 < sizeof(unit)) {
		v /= 1024;
		u++;
	}
	snprintf(buf, HUMAN_MAX, "%.1f%c", v, unit[u]);
	return buf;
}

/* Digits in groups of three, with blanks between. */
static void group(char buf[HUMAN_MAX], double v)
{
	char digits[HUMAN_MAX];
	int n = snprintf(digits, sizeof(digits), "%.0f", fabs(v));
	char *w = buf;
	if (v < 0 && strcmp(digits, "0") != 0)
		*w++ = '-';
	for (int i = 0; i < n; i++) {
		if (i && (n - i) % 3 == 0)
			*w++ = ' ';
		*w++ = digits[i];
	}
	*w = '\0';
}

const char *human_count(char buf[HUMAN_MAX], double count, bool exact)
{
	if (exact)
		snprintf(buf, HUMAN_MAX, "%.0f", count);
	else if (fabs(count) < COUNT_GROUPED_MAX)
		group(buf, count);
	else if (fabs(count) < 9.995e8)
		snprintf(buf, HUMAN_MAX, "%.1fM", count / 1e6);
	else if (fabs(count) < 9.995e11)
		snprintf(buf, HUMAN_MAX, "%.1fG", count / 1e9);
	else
		snprintf(buf, HUMAN_MAX, "%.3g", count);
	return buf;
}

const char *human_delta(char buf[HUMAN_MAX], double change, bool bytes, bool exact)
{
	char t[HUMAN_MAX];
	if (bytes)
		human_bytes(t, change, exact);
	else
		human_count(t, change, exact);
	snprintf(buf, HUMAN_MAX, "%s%.46s", change > 0 && strcmp(t, "0") != 0 ? "+" : "", strcmp(t, "-0") == 0 ? "0" : t);
	return buf;
}

const char *human_duration(char buf[HUMAN_MAX], double s, bool exact)
{
	if (exact) {
		snprintf(buf, HUMAN_MAX, "%.3f", s);
		return buf;
	}
	const char *sign = s < 0 ? "-" : "";
	s = fabs(s);
	unsigned long long n = s < 1e15 ? (unsigned long long)(s + 0.5) : 0;
	if (s >= 1e15)
		snprintf(buf, HUMAN_MAX, "%sfor ever", sign);
	else if (s < 9.95)
		snprintf(buf, HUMAN_MAX, "%s%.1fs", sign, s);
	else if (n < 120)
		snprintf(buf, HUMAN_MAX, "%s%llus", sign, n);
	else if (n < 3600)
		snprintf(buf, HUMAN_MAX, "%s%llum", sign, n / 60);
	else if (n < 86400)
		snprintf(buf, HUMAN_MAX, "%s%lluh%llum", sign, n / 3600, n % 3600 / 60);
	else
		snprintf(buf, HUMAN_MAX, "%s%llud%lluh", sign, n / 86400, n % 86400 / 3600);
	return buf;
}

const char *human_time(char buf[HUMAN_MAX], double t, bool exact)
{
	/* Far beyond any year that localtime takes. */
	static const double TIME_MAX = 1e12;
	time_t whole = t > 0 && t < TIME_MAX ? (time_t)t : 0;
	struct tm tm;
	if (exact)
		snprintf(buf, HUMAN_MAX, "%.3f", t);
	else if (!whole || !localtime_r(&whole, &tm) || !strftime(buf, HUMAN_MAX, "%Y-%m-%d %H:%M:%S", &tm))
		snprintf(buf, HUMAN_MAX, "-");
	return buf;
}

const char *human_share(char buf[HUMAN_MAX], double share, bool exact)
{
	double p = share * 100;
	if (exact)
		snprintf(buf, HUMAN_MAX, "%.6g", share);
	else if (fabs(p) < 9.95 && fabs(p - rint(p)) >= 0.05)
		snprintf(buf, HUMAN_MAX, "%.1f%%", p);
	else
		snprintf(buf, HUMAN_MAX, "%.0f%%", p);
	return buf;
}

int human_parse_time(const char *text, double *ret)
{
	char *end;
	double t = strtod(text, &end);
	if (end != text && !*end && t > 0 && t < HEADER_TIME_END) {
		*ret = t;
		return 0;
	}
	static const char *const forms[] = {"%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d"};
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct tm tm = {.tm_isdst = -1};
		const char *rest = strptime(text, forms[i], &tm);
		if (!rest || *rest)
			continue;
		int month = tm.tm_mon, day = tm.tm_mday;
		time_t whole = mktime(&tm); /* makes 3 March of 31 February */
		if (whole <= 0 || (double)whole >= HEADER_TIME_END || tm.tm_mon != month || tm.tm_mday != day)
			return HDA_EUSAGE;
		*ret = (double)whole;
		return 0;
	}
	return HDA_EUSAGE;
}
