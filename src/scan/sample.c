/* Bad lines made safe to show. SPDX-License-Identifier: BSD-2-Clause
 *
 * A torn line may begin or end anywhere in somebody's password, so nothing is shown because it looks harmless: only what
 * is recognised is. That is punctuation, known keys, and the values of a few keys when they are whole and made of the
 * characters such values are made of. All else becomes <n>, its length. */
#include <stdio.h>
#include <string.h>

#include "scan/scan_impl.h"

struct writer {
	char *out;
	size_t n, hidden; /* hidden: bytes left out since the last one shown */
};

static void put(struct writer *w, const void *p, size_t n)
{
	if (w->n + n < SCAN_SAMPLE_MAX) {
		memcpy(w->out + w->n, p, n);
		w->n += n;
	}
}

static void flush_hidden(struct writer *w)
{
	char text[32];
	if (!w->hidden)
		return;
	int n = snprintf(text, sizeof(text), "<%zu>", w->hidden);
	w->hidden = 0;
	put(w, text, (size_t)n);
}

static void show(struct writer *w, const void *p, size_t n)
{
	flush_hidden(w);
	put(w, p, n);
}

static bool all_of(const uint8_t *p, size_t n, const char *set)
{
	for (size_t i = 0; i < n; i++)
		if (!p[i] || !strchr(set, p[i]))
			return false;
	return n > 0;
}

#define DIGITS "0123456789"
#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* May the value of this key be shown? */
static bool may_show(const struct key_def *k, const uint8_t *p, size_t n)
{
	uint64_t addr;
	switch ((enum key_kind)k->kind) {
	case KEY_ADDRESS:
	case KEY_EITHER:
		return text_address(p, n, &addr);
	case KEY_NUMBER:
		return n <= 20 && all_of(p, n, DIGITS);
	case KEY_TEXT:
		if (k->field == TEXT_TYPE)
			return n <= 16 && (scan_type_id(p, n) || all_of(p, n, UPPER "_"));
		if (k->field == TEXT_FILE)
			return all_of(p, n, LOWER UPPER DIGITS "/._-");
		return false;
	case KEY_UNKNOWN: case KEY_SKIP: case KEY_TRUE: case KEY_REFS: case KEY_VALUE:
		return false;
	}
	return false;
}

/* The end of the string that begins behind the quote at p: its closing quote, or n when there is none. */
static size_t string_end(const uint8_t *p, size_t n)
{
	size_t i = 1;
	while (i < n && p[i] != '"')
		i += p[i] == '\\' ? 2 : 1;
	return i < n ? i : n;
}

static bool is_key(const uint8_t *p, size_t n, size_t end)
{
	size_t i = end + 1;
	while (i < n && is_blank(p[i]))
		i++;
	return i < n && p[i] == ':';
}

/* A string at p; returns its bytes. */
static size_t sample_string(struct writer *w, const struct key_def **key, const uint8_t *p, size_t n)
{
	size_t end = string_end(p, n);
	const struct key_def *k = scan_key(p + 1, end - 1);
	bool whole = end < n, name = whole && is_key(p, n, end);
	show(w, "\"", 1);
	if (name ? k->kind != KEY_UNKNOWN : whole && *key && may_show(*key, p + 1, end - 1))
		show(w, p + 1, end - 1);
	else
		w->hidden += end - 1;
	if (whole)
		show(w, "\"", 1);
	*key = name ? k : NULL;
	return whole ? end + 1 : n;
}

static size_t sample_bare(struct writer *w, const struct key_def *key, const uint8_t *p, size_t n)
{
	size_t end = 0;
	while (end < n && !is_delim(p[end]))
		end++;
	if (end < n && key && may_show(key, p, end))
		show(w, p, end);
	else
		w->hidden += end;
	return end;
}

void scan_sample(char out[SCAN_SAMPLE_MAX], const uint8_t *p, size_t n)
{
	struct writer w = {out, 0, 0};
	const struct key_def *key = NULL;
	for (size_t i = 0; i < n && w.n + 1 < SCAN_SAMPLE_MAX;) {
		if (p[i] == '"') {
			i += sample_string(&w, &key, p + i, n - i);
		} else if (!is_delim(p[i])) {
			i += sample_bare(&w, key, p + i, n - i);
			key = NULL;
		} else {
			show(&w, p[i] == '\t' || p[i] == '\r' ? (const uint8_t *)" " : p + i, 1);
			i++;
		}
	}
	flush_hidden(&w);
	out[w.n] = '\0';
}
