/* What the files of the scanner share; nobody else includes it. SPDX-License-Identifier: BSD-2-Clause
 *
 * scan_plain.c  the obvious reader: one byte, one step
 * scan_simd.c   the fast reader of lines in Ruby's exact form; hands everything else to scan_plain.c
 * record.c      keys and values of the record being read, to a callback
 * text.c        names as text, addresses, keys; sample.c: bad lines made safe to show; value_hash.c */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/u64map.h"
#include "scan/scanner.h"
#include "scan/value_hash.h"

enum {
	KEY_MAX = 32,         /* bytes of a key that are looked at; no known key is that long */
	WORD_MAX = 24,        /* bytes of a bare word or an address that are kept: 0x and 16 digits, and room to see that there is more */
	HEAD_MAX = 1024,      /* bytes of a line kept for the sample of a bad one */
	START_LEN = 14,       /* both beginnings of a record (R2) are that long */
	HELD_REFS_MAX = 1 << 22, /* references held back while it is open whether they are a ROOT's: 32 MiB */
};

/* What a value is good for. */
enum key_kind { KEY_UNKNOWN, KEY_SKIP, KEY_TEXT, KEY_NUMBER, KEY_ADDRESS, KEY_EITHER, KEY_TRUE, KEY_REFS, KEY_VALUE };

enum text_field { TEXT_TYPE, TEXT_ROOT, TEXT_NAME, TEXT_REAL, TEXT_STRUCT, TEXT_IMEMO, TEXT_FILE, TEXT_EDGE, TEXTS };
enum num_field { NUM_LINE, NUM_GENERATION, NUM_MEMSIZE, NUM_BYTESIZE, NUM_LENGTH, NUM_SIZE, NUM_SHAPE, NUM_ID, NUM_PARENT, NUMS };
enum addr_field { ADDR_SELF, ADDR_CLASS, ADDR_SUPER, ADDRS };

struct key_def {
	const char *name;
	uint8_t len;
	uint8_t kind;  /* enum key_kind */
	uint8_t field; /* of that kind */
	bool raw;      /* R4: its string is not escaped */
};

/* A string as it stands, the first SCAN_TOKEN_MAX bytes. All-zero is empty. */
struct raw_text {
	uint8_t *p;
	size_t n, cap;
	bool set;
};

/* The record being read. */
struct record {
	struct raw_text texts[TEXTS];
	uint64_t nums[NUMS], addrs[ADDRS];
	uint32_t num_set, addr_set; /* bit by field */
	bool singleton;
	bool has_value;
	bool streamed;       /* batches of references went out already */
	uint32_t nkept;
	uint32_t unknown;    /* unknown keys */
	uint64_t *refs;
	size_t nrefs, cap_refs;
	uint64_t refs_total;
	struct value_hash value;
	uint8_t kept[SCAN_VALUE_KEEP];
};

/* States of the plain reader: what the next byte means. */
enum scan_state {
	ST_LINE,     /* only blanks so far on this line */
	ST_OPEN,     /* after the record's { */
	ST_NEXT,     /* after a comma: a key must come */
	ST_KEY,      /* inside a key */
	ST_KEY_ESC,
	ST_COLON,    /* after a key */
	ST_VALUE,    /* after the colon */
	ST_STR,      /* inside an escaped string */
	ST_STR_ESC,
	ST_RAW,      /* inside a raw string; the RAW_ states below look ahead from a quote in it */
	ST_RAW_QUOTE,    /* blanks, then a comma or the record's end may follow */
	ST_RAW_COMMA,    /* blanks, then the quote of a key */
	ST_RAW_KEY,      /* inside that key */
	ST_RAW_KEY_END,  /* blanks, then a colon */
	ST_RAW_CLOSE,    /* after }: blanks, then the record's end */
	ST_RAW_START,    /* after } and the first bytes of another record */
	ST_BARE,     /* a bare word */
	ST_NEST,     /* inside brackets, between tokens */
	ST_NEST_BARE,
	ST_NEST_STR,
	ST_NEST_ESC,
	ST_AFTER,    /* after a value */
	ST_DONE,     /* after the record's } */
	ST_DONE_START, /* and the first bytes of another record */
	ST_BAD,      /* this piece of the line is no record */
};

struct scanner {
	struct scanner_opts opts;
	struct scan_sink sink;
	enum scan_state state;
	uint8_t start;        /* bytes of a record's beginning just seen (R2), 0 .. START_LEN */
	bool start_root;      /* it is the ROOT one */
	bool start_at_line;   /* it is the line's own beginning */
	bool line_bad;
	const struct key_def *key;
	uint8_t key_buf[KEY_MAX];
	size_t key_len;       /* in full, may be more than kept */
	uint8_t word[WORD_MAX];
	size_t word_len;      /* in full */
	uint64_t number;      /* of a bare word */
	bool number_bad;      /* it is not a number below 2^63 */
	struct raw_text *text; /* where a string goes, or NULL */
	uint64_t str_len;     /* bytes of the string so far */
	uint64_t quote_at;    /* where in the string the quote stands that is looked ahead from */
	uint64_t later_at;    /* and a later one that is next in question */
	uint64_t depth;       /* of brackets */
	bool collect;         /* inside references */
	struct raw_text nest; /* the string inside brackets, for a second reading (nest_reread) */
	uint64_t *again;      /* the references of that second reading */
	size_t nagain, cap_again;
	bool again_good;
	struct record rec;
	uint8_t head[HEAD_MAX];
	size_t nhead;
	struct scan_stats stats;
	struct strtab names;
	struct u64map site_ids; /* file id << 32 | line to site */
	struct scan_site *sites;
	uint32_t nsites;
	size_t cap_sites;
	struct raw_text clean;  /* scratch of text.c's callers */
	struct scan_fast *fast; /* of scan_simd.c; lies in fast_memory */
	void *fast_memory;
	void (*feed)(struct scanner *s, const uint8_t *p, size_t n);
	const char *impl_name;
};

/* --- scan_plain.c */
void scan_plain_feed(struct scanner *s, const uint8_t *p, size_t n);
/* The bytes up to and with the next LF, or all n; returns how many. */
size_t scan_plain_line(struct scanner *s, const uint8_t *p, size_t n);
/* The next n bytes of the string in s->state ST_STR. */
void scan_string_bytes(struct scanner *s, const uint8_t *p, size_t n);
/* The end of the current line. */
void scan_line_end(struct scanner *s);

/* --- scan_simd.c */
/* Sets s->feed to the fast reader, where the processor has one. */
void scan_simd_init(struct scanner *s);
void scan_simd_done(struct scanner *s);

/* --- record.c */
void record_begin(struct scanner *s);
/* A value of s->key begins, of whatever kind: what the key said before does not count any more (R5). */
void record_value(struct scanner *s);
/* The value of s->key was this string, or this bare word (s->word, s->number). */
void record_string_end(struct scanner *s);
void record_bare_end(struct scanner *s);
void record_ref(struct scanner *s, uint64_t addr);
/* The record's braces closed: calls back. False when it is not a good one (R6). */
bool record_end(struct scanner *s);
/* The record is bad: takes back what was handed over. */
void record_drop(struct scanner *s);
uint32_t scan_site_id(struct scanner *s, uint32_t file, uint32_t line);
/* Id of a type by its text, 0 for none of Ruby's. */
uint32_t scan_type_id(const uint8_t *p, size_t n);

/* --- text.c */
void text_clear(struct raw_text *t);
void text_put(struct raw_text *t, uint8_t c);
void text_append(struct raw_text *t, const void *p, size_t n);
/* R7: the text of n raw bytes into *out: escapes undone when `escapes`, invalid UTF-8 to U+FFFD. */
void text_clean(struct raw_text *out, const uint8_t *p, size_t n, bool escapes);
/* R7: drops :0x and 6-16 hex digits from a cleaned name. */
void text_drop_addresses(struct raw_text *t);
/* 0x or 0X and 1-16 hex digits, nothing else. */
bool text_address(const uint8_t *p, size_t n, uint64_t *ret);
/* Never NULL: the unknown key has a row of its own. */
const struct key_def *scan_key(const uint8_t *p, size_t n);

/* --- sample.c */
/* A line's first bytes as printable ASCII without any value, NUL-terminated. */
void scan_sample(char out[SCAN_SAMPLE_MAX], const uint8_t *p, size_t n);

/* Are the line's bytes still kept for a sample? */
static inline bool scan_wants_head(const struct scanner *s)
{
	return s->nhead < HEAD_MAX && s->stats.nsamples < SCAN_BAD_SAMPLES;
}

static inline bool is_blank(uint8_t c) { return c == ' ' || c == '\t' || c == '\r'; }

/* Ends a bare word (R5). */
static inline bool is_delim(uint8_t c)
{
	switch (c) {
	case '[': case ']': case '{': case '}': case '"': case ',': case ':': case ' ': case '\t': case '\r':
		return true;
	default:
		return false;
	}
}
