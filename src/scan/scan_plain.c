/* The obvious reader: one byte, one step. SPDX-License-Identifier: BSD-2-Clause
 *
 * README.md beside this file states the rules R1 to R7. The state is all in struct scanner, so the bytes may be cut
 * anywhere. scan_simd.c hands over here whatever is not in Ruby's exact form, and must agree with this file. */
#include <string.h>

#include "base/mem.h"
#include "scan/scan_impl.h"

static const char start_object[START_LEN + 1] = "{\"address\":\"0x", start_root[START_LEN + 1] = "{\"type\":\"ROOT\"";

/* --- strings of a value */

static void string_begin(struct scanner *s)
{
	s->str_len = 0;
	s->word_len = 0;
	s->state = s->key->raw ? ST_RAW : ST_STR;
}

void scan_string_bytes(struct scanner *s, const uint8_t *p, size_t n)
{
	if (s->text) {
		size_t room = s->str_len < SCAN_TOKEN_MAX ? (size_t)(SCAN_TOKEN_MAX - s->str_len) : 0;
		text_append(s->text, p, n < room ? n : room);
	} else if (s->key->kind == KEY_VALUE) {
		if (s->opts.hash_values)
			value_hash_add(&s->rec.value, p, n);
		for (size_t i = 0; s->opts.keep_values && i < n && s->rec.nkept < SCAN_VALUE_KEEP; i++)
			s->rec.kept[s->rec.nkept++] = p[i];
	} else {
		for (size_t i = 0; i < n && s->word_len + i < WORD_MAX; i++)
			s->word[s->word_len + i] = p[i];
	}
	s->word_len += n;
	s->str_len += n;
}

/* R4: the string ended at the quote that was looked ahead from. */
static void raw_end(struct scanner *s)
{
	if (s->text && s->text->n > s->quote_at)
		s->text->n = s->quote_at;
	record_string_end(s);
}

/* --- brackets (R5) */

static void nest_begin(struct scanner *s, uint8_t c)
{
	s->depth = 1;
	s->collect = s->key->kind == KEY_REFS && c == '[';
	s->state = ST_NEST;
}

/* A string or bare word inside brackets ended. */
static void nest_token(struct scanner *s, const uint8_t *p, size_t n)
{
	uint64_t addr;
	if (s->collect && s->depth == 1 && text_address(p, n, &addr))
		record_ref(s, addr);
}

static void again_token(struct scanner *s, uint64_t depth, const uint8_t *p, size_t n)
{
	uint64_t addr;
	if (!s->collect || depth != 1 || !text_address(p, n, &addr))
		return;
	s->again = xgrow(s->again, s->nagain, &s->cap_again, sizeof(*s->again));
	s->again[s->nagain++] = addr;
}

/* The record ends inside a string inside brackets: no string then, its quote is noise and what follows is read as bare
 * words and brackets. All later quotes were escaped in the string, so they are noise as well. Good when the brackets
 * close and only the record's } follows. A string over SCAN_TOKEN_MAX has no second reading. */
static bool nest_reread(struct scanner *s, size_t n)
{
	const uint8_t *p = s->nest.p;
	uint64_t depth = s->depth;
	size_t i = 0;
	s->nagain = 0;
	if (s->str_len > SCAN_TOKEN_MAX)
		return false;
	while (i < n && depth) {
		size_t from = i;
		while (i < n && !is_delim(p[i]))
			i++;
		again_token(s, depth, p + from, i - from);
		if (i == n)
			return false;
		depth += (p[i] == '[' || p[i] == '{') - (p[i] == ']' || p[i] == '}');
		i++;
	}
	while (i < n && is_blank(p[i]))
		i++;
	if (depth || i == n || p[i] != '}')
		return false;
	for (i++; i < n; i++)
		if (!is_blank(p[i]))
			return false;
	return true;
}

static void nest_string_byte(struct scanner *s, uint8_t c)
{
	if (s->str_len++ < SCAN_TOKEN_MAX)
		text_put(&s->nest, c);
}

static void step_nest(struct scanner *s, uint8_t c)
{
	switch (c) {
	case '[': case '{':
		s->depth++;
		break;
	case ']': case '}':
		if (--s->depth == 0)
			s->state = ST_AFTER;
		break;
	case '"':
		s->nest.n = 0;
		s->str_len = 0;
		s->state = ST_NEST_STR;
		break;
	case ',': case ':': case ' ': case '\t': case '\r':
		break;
	default:
		s->word[0] = c;
		s->word_len = 1;
		s->state = ST_NEST_BARE;
	}
}

/* --- the record */

static void key_begin(struct scanner *s)
{
	s->key_len = 0;
	s->state = ST_KEY;
}

static void key_byte(struct scanner *s, uint8_t c)
{
	if (s->key_len < KEY_MAX)
		s->key_buf[s->key_len] = c;
	s->key_len++;
}

static void key_colon(struct scanner *s)
{
	s->key = scan_key(s->key_buf, s->key_len <= KEY_MAX ? s->key_len : 0);
	s->state = ST_VALUE;
}

static void bare_byte(struct scanner *s, uint8_t c)
{
	if (s->word_len < WORD_MAX)
		s->word[s->word_len] = c;
	s->word_len++;
	if (c < '0' || c > '9' || s->number > ((uint64_t)INT64_MAX - (c - '0')) / 10)
		s->number_bad = true;
	if (!s->number_bad)
		s->number = s->number * 10 + (c - '0');
}

static void step_value(struct scanner *s, uint8_t c)
{
	if (is_blank(c))
		return;
	record_value(s);
	if (c == '"') {
		string_begin(s);
	} else if (c == '[' || c == '{') {
		nest_begin(s, c);
	} else if (is_delim(c)) {
		s->state = ST_BAD;
	} else {
		s->word_len = 0;
		s->number = 0;
		s->number_bad = false;
		bare_byte(s, c);
		s->state = ST_BARE;
	}
}

static void step_after(struct scanner *s, uint8_t c)
{
	if (c == ',')
		s->state = ST_NEXT;
	else if (c == '}')
		s->state = ST_DONE;
	else if (!is_blank(c))
		s->state = ST_BAD;
}

/* R4: a quote in a raw string is its end when a key or the record's end follows; what is looked at meanwhile goes into
 * the string and is taken back when the quote was the end. Only two quotes can be in question at a time: the one at
 * quote_at, and the one at later_at, which began or ended what looked like a key. `was` is s->start before c. */
static void step_raw(struct scanner *s, uint8_t c, unsigned was);

/* The quote at quote_at was not the end; the one at `at` may be, and c follows it. */
static void raw_retry(struct scanner *s, uint64_t at, uint8_t c)
{
	s->quote_at = at;
	s->state = ST_RAW_QUOTE;
	step_raw(s, c, 0);
}

static void step_raw_key(struct scanner *s, uint8_t c)
{
	if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_') {
		key_byte(s, c);
	} else if (s->key_len == 0) {
		raw_retry(s, s->later_at, c);
		return;
	} else if (c == '"') {
		s->later_at = s->str_len;
		s->state = ST_RAW_KEY_END;
	} else {
		s->state = ST_RAW;
	}
	scan_string_bytes(s, &c, 1);
}

static void step_raw_key_end(struct scanner *s, uint8_t c)
{
	if (c == ':') {
		raw_end(s);
		key_colon(s);
	} else if (is_blank(c)) {
		scan_string_bytes(s, &c, 1);
	} else {
		raw_retry(s, s->later_at, c);
	}
}

static void step_raw_start(struct scanner *s, uint8_t c, unsigned was)
{
	if (s->start > 1) {
		scan_string_bytes(s, &c, 1);
	} else if ((s->start_root ? start_root : start_object)[was - 1] == '"') {
		raw_retry(s, s->str_len - 1, c);
	} else {
		s->state = ST_RAW;
		step_raw(s, c, 0);
	}
}

static void step_raw(struct scanner *s, uint8_t c, unsigned was)
{
	switch (s->state) {
	case ST_RAW_KEY:
		step_raw_key(s, c);
		return;
	case ST_RAW_KEY_END:
		step_raw_key_end(s, c);
		return;
	case ST_RAW_START:
		step_raw_start(s, c, was);
		return;
	case ST_RAW_QUOTE:
		if (c == ',' || c == '}')
			s->state = c == ',' ? ST_RAW_COMMA : ST_RAW_CLOSE;
		else if (!is_blank(c) && c != '"')
			s->state = ST_RAW;
		break;
	case ST_RAW_COMMA:
		if (c == '"') {
			key_begin(s);
			s->later_at = s->str_len;
			s->state = ST_RAW_KEY;
			scan_string_bytes(s, &c, 1);
			return;
		}
		if (!is_blank(c))
			s->state = ST_RAW;
		break;
	case ST_RAW_CLOSE:
		if (c == '{' || c == '"')
			s->state = c == '{' ? ST_RAW_START : ST_RAW_QUOTE;
		else if (!is_blank(c))
			s->state = ST_RAW;
		break;
	default: /* ST_RAW */
		if (c == '"')
			s->state = ST_RAW_QUOTE;
	}
	if (c == '"')
		s->quote_at = s->str_len;
	scan_string_bytes(s, &c, 1);
}

static void step_string(struct scanner *s, uint8_t c)
{
	if (s->state == ST_STR && c == '"') {
		record_string_end(s);
		s->state = ST_AFTER;
		return;
	}
	s->state = s->state == ST_STR && c == '\\' ? ST_STR_ESC : ST_STR;
	scan_string_bytes(s, &c, 1);
}

static void step_nest_string(struct scanner *s, uint8_t c)
{
	if (s->state == ST_NEST_STR && c == '"') {
		if (s->str_len <= SCAN_TOKEN_MAX)
			nest_token(s, s->nest.p, s->nest.n);
		s->state = ST_NEST;
		return;
	}
	s->state = s->state == ST_NEST_STR && c == '\\' ? ST_NEST_ESC : ST_NEST_STR;
	nest_string_byte(s, c);
}

static void step_nest_bare(struct scanner *s, uint8_t c)
{
	if (is_delim(c)) {
		nest_token(s, s->word, s->word_len);
		s->state = ST_NEST;
		step_nest(s, c);
		return;
	}
	if (s->word_len < WORD_MAX)
		s->word[s->word_len++] = c;
}

static void step_key(struct scanner *s, uint8_t c)
{
	if (s->state == ST_KEY && c == '"') {
		s->state = ST_COLON;
		return;
	}
	s->state = s->state == ST_KEY && c == '\\' ? ST_KEY_ESC : ST_KEY;
	key_byte(s, c);
}

/* Between the tokens of a record. */
static void step_between(struct scanner *s, uint8_t c)
{
	if (is_blank(c))
		return;
	switch (s->state) {
	case ST_LINE:
		record_begin(s);
		s->state = c == '{' ? ST_OPEN : ST_BAD;
		break;
	case ST_OPEN:
	case ST_NEXT:
		if (c == '"')
			key_begin(s);
		else
			s->state = c == '}' && s->state == ST_OPEN ? ST_DONE : ST_BAD;
		break;
	case ST_COLON:
		if (c == ':')
			key_colon(s);
		else
			s->state = ST_BAD;
		break;
	default: /* ST_DONE */
		s->state = c == '{' ? ST_DONE_START : ST_BAD;
	}
}

static void step(struct scanner *s, uint8_t c, unsigned was)
{
	switch (s->state) {
	case ST_LINE: case ST_OPEN: case ST_NEXT: case ST_COLON: case ST_DONE:
		step_between(s, c);
		break;
	case ST_KEY: case ST_KEY_ESC:
		step_key(s, c);
		break;
	case ST_VALUE:
		step_value(s, c);
		break;
	case ST_STR: case ST_STR_ESC:
		step_string(s, c);
		break;
	case ST_RAW: case ST_RAW_QUOTE: case ST_RAW_COMMA: case ST_RAW_KEY: case ST_RAW_KEY_END:
	case ST_RAW_CLOSE: case ST_RAW_START:
		step_raw(s, c, was);
		break;
	case ST_BARE:
		if (is_delim(c)) {
			record_bare_end(s);
			s->state = ST_AFTER;
			step_after(s, c);
		} else {
			bare_byte(s, c);
		}
		break;
	case ST_NEST:
		step_nest(s, c);
		break;
	case ST_NEST_BARE:
		step_nest_bare(s, c);
		break;
	case ST_NEST_STR: case ST_NEST_ESC:
		step_nest_string(s, c);
		break;
	case ST_AFTER:
		step_after(s, c);
		break;
	case ST_DONE_START:
		if (s->start <= 1)
			s->state = ST_BAD;
		break;
	case ST_BAD:
		break;
	}
}

/* --- pieces and lines (R1, R2) */

/* A piece of a line ended: at another record's beginning, or with the line. */
static void piece_end(struct scanner *s, bool at_start)
{
	bool good = s->state == (at_start ? ST_DONE_START : ST_DONE);
	if (s->state == (at_start ? ST_RAW_START : ST_RAW_CLOSE)) {
		raw_end(s);
		good = true;
	} else if (at_start ? s->again_good
			    : (s->state == ST_NEST_STR || s->state == ST_NEST_ESC) && nest_reread(s, s->nest.n)) {
		for (size_t i = 0; i < s->nagain; i++)
			record_ref(s, s->again[i]);
		good = true;
	}
	if (good && record_end(s)) {
		s->stats.lines++;
	} else {
		record_drop(s);
		s->line_bad = true;
	}
}

/* A record begins inside the line: what came before is a piece by itself. */
static void split(struct scanner *s)
{
	const char *bytes = s->start_root ? start_root : start_object;
	piece_end(s, true);
	s->line_bad = true;
	s->state = ST_LINE;
	for (int i = 0; i < START_LEN; i++)
		step(s, (uint8_t)bytes[i], 0);
}

/* Keeps s->start: how much of a record's beginning the last bytes are. */
static void watch_start(struct scanner *s, uint8_t c)
{
	unsigned n = s->start;
	if (n == 2)
		s->start_root = c == 't';
	if (n && c == (uint8_t)(s->start_root ? start_root : start_object)[n]) {
		s->start++;
		if (n == 1) /* here a string inside brackets ends that perhaps was none */
			s->again_good = s->state == ST_NEST_STR && nest_reread(s, s->nest.n - 1);
		return;
	}
	s->start = c == '{';
	s->start_at_line = s->state == ST_LINE;
	s->again_good = false;
}

static void line_byte(struct scanner *s, uint8_t c)
{
	unsigned was = s->start;
	watch_start(s, c);
	if (scan_wants_head(s) && (s->nhead || !is_blank(c)))
		s->head[s->nhead++] = c;
	if (s->start == START_LEN) {
		s->start = 0;
		if (!s->start_at_line) {
			split(s);
			return;
		}
	}
	step(s, c, was);
}

void scan_line_end(struct scanner *s)
{
	if (s->state == ST_LINE)
		return;
	piece_end(s, false);
	if (s->line_bad) {
		s->stats.bad_lines++;
		s->stats.lines++;
		if (s->stats.nsamples < SCAN_BAD_SAMPLES)
			scan_sample(s->stats.samples[s->stats.nsamples++], s->head, s->nhead);
	}
	s->line_bad = s->again_good = false;
	s->start = 0;
	s->nhead = 0;
	s->state = ST_LINE;
}

size_t scan_plain_line(struct scanner *s, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i] == '\n') {
			scan_line_end(s);
			return i + 1;
		}
		line_byte(s, p[i]);
	}
	return n;
}

void scan_plain_feed(struct scanner *s, const uint8_t *p, size_t n)
{
	for (size_t done = 0; done < n;)
		done += scan_plain_line(s, p + done, n - done);
}
