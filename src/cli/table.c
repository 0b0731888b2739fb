/* Rows as a table for people. SPDX-License-Identifier: BSD-2-Clause */
#include "cli/table.h"

#include <ctype.h>
#include <libsmartcols.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "cli/human.h"
#include "cli/text.h"

enum {
	COLUMNS_MAX = QUERY_COLUMNS + 2, /* all fields of a row, and site */
	FLEX_MIN = 10,  /* a text column is not cut below this */
	GAP = 2,        /* blanks between columns */
	BAR = 24,       /* longest bar */
	SPARK = 40,     /* longest sparkline */
	NARROW = 100,   /* below so many columns it is SPARK_NARROW: it would crowd out the figures */
	SPARK_NARROW = 16,
	HEADING = 32,
};

enum kind {
	K_AUTO,
	K_ID,
	K_COUNT,
	K_BYTES,
	K_COUNT_CHANGE,
	K_BYTES_CHANGE,
	K_DURATION,
	K_TIME,
	K_SHARE,
	K_TEXT,
	K_NAME, /* a text that is never left out */
	K_PATH,
	K_SITE,
	K_FLAG,
	K_FLAG_OR_COUNT,
	K_SERIES,
	K_BAR
};

struct column {
	char name[HEADING], heading[HEADING];
	enum kind kind;
	bool right, keep; /* keep: neither cut nor left out */
	size_t width;
};

static const struct {
	const char *name, *heading;
	enum kind kind;
} known[] = {
#define X(name, heading, kind) {#name, heading, K_##kind},
#include "cli/columns.def"
#undef X
};

static void column_init(struct column *c, const char *name, size_t n)
{
	memset(c, 0, sizeof(*c));
	snprintf(c->name, sizeof(c->name), "%.*s", (int)n, name);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(known[i].name, c->name) == 0) {
			c->kind = known[i].kind;
			snprintf(c->heading, sizeof(c->heading), "%s", known[i].heading);
			return;
		}
	}
	for (size_t i = 0; c->name[i]; i++)
		c->heading[i] = c->name[i] == '_' ? ' ' : (char)toupper((unsigned char)c->name[i]);
	size_t len = strlen(c->name);
	if (len > 6 && strcmp(c->name + len - 6, "_bytes") == 0)
		c->kind = K_BYTES;
	else if (len > 2 && strcmp(c->name + len - 2, "_s") == 0)
		c->kind = K_DURATION;
	else if (len > 5 && strcmp(c->name + len - 5, "_time") == 0)
		c->kind = K_TIME;
}

static char *join_list(const struct table_style *st, const struct val *v);

/* "types" and "sites": texts apart by commas; rows of lists as "a b c". */
static char *plain(const struct table_style *st, const struct val *v)
{
	char buf[HUMAN_MAX];
	switch (v->kind) {
	case VAL_STR:
		return text_safe(v->s);
	case VAL_BOOL:
		return xstrdup(v->b ? "yes" : "no");
	case VAL_UINT:
	case VAL_INT:
		return xstrdup(human_count(buf, val_as_num(v), st->exact));
	case VAL_REAL:
		return fabs(v->r) >= 100 ? xstrdup(human_count(buf, v->r, st->exact)) : xasprintf("%.3g", v->r);
	case VAL_LIST:
		return join_list(st, v);
	default:
		return xstrdup("-");
	}
}

static char *join_list(const struct table_style *st, const struct val *v)
{
	char *all = xstrdup("");
	for (size_t i = 0; i < v->list.n; i++) {
		const struct val *item = &v->list.p[i];
		_cleanup_free_ char *one = plain(st, item);
		char *more = xasprintf("%s%s%s", all, i ? ", " : "", one);
		free(all);
		all = more;
	}
	return all;
}

static char *series(const struct table_style *st, const struct val *v)
{
	double *d = xcalloc(v->list.n + 1, sizeof(*d));
	for (size_t i = 0; i < v->list.n; i++)
		d[i] = val_as_num(&v->list.p[i]);
	char *s = text_sparkline(d, v->list.n, st->width && st->width < NARROW ? SPARK_NARROW : SPARK, st->utf8);
	free(d);
	return s;
}

/* "file:line"; the file shortened unless exact. NULL when unknown. */
static char *site(const struct table_style *st, const struct report_row *row)
{
	const struct val *file = report_get(row, "file");
	if (!file || file->kind != VAL_STR)
		return NULL;
	_cleanup_free_ char *safe = text_safe(file->s);
	char *path = st->exact ? xstrdup(safe) : text_short_path(safe, st->utf8);
	double line = report_num(row, "line");
	if (isnan(line))
		return path;
	char *both = xasprintf("%s:%.0f", path, line);
	free(path);
	return both;
}

static char *number(const struct table_style *st, enum kind kind, double d)
{
	char buf[HUMAN_MAX];
	switch (kind) {
	case K_ID:
		return xasprintf("%.0f", d);
	case K_BYTES:
		return xstrdup(human_bytes(buf, d, st->exact));
	case K_COUNT_CHANGE:
	case K_BYTES_CHANGE:
		return xstrdup(human_delta(buf, d, kind == K_BYTES_CHANGE, st->exact));
	case K_DURATION:
		return xstrdup(human_duration(buf, d, st->exact));
	case K_TIME:
		return xstrdup(human_time(buf, d, st->exact));
	case K_SHARE:
		return xstrdup(human_share(buf, d, st->exact));
	case K_BAR:
		return text_bar(d, BAR);
	default:
		return xstrdup(human_count(buf, d, st->exact));
	}
}

/* Text of a cell, NULL when unknown. */
static char *cell(const struct table_style *st, const struct report_row *row, const struct column *c)
{
	if (strcmp(c->name, "site") == 0 && !report_get(row, "site"))
		return site(st, row);
	const struct val *v = report_get(row, c->name);
	if (!v || v->kind == VAL_NULL)
		return NULL;
	if (c->kind == K_SITE && v->kind == VAL_STR && !st->exact) {
		_cleanup_free_ char *safe = text_safe(v->s);
		return text_short_path(safe, st->utf8);
	}
	if (v->kind == VAL_LIST)
		return c->kind == K_SERIES ? series(st, v) : join_list(st, v);
	if (v->kind == VAL_STR || v->kind == VAL_BOOL || c->kind == K_AUTO || c->kind == K_TEXT || c->kind == K_NAME || c->kind == K_PATH)
		return plain(st, v);
	/* Ids keep all their digits: a double does not above 2^53. */
	if (c->kind == K_ID && v->kind == VAL_UINT)
		return xasprintf("%llu", (unsigned long long)v->u);
	return number(st, c->kind, val_as_num(v));
}

char *table_cell(const struct table_style *st, const struct report_row *row, const char *column)
{
	struct column c;
	column_init(&c, column, strlen(column));
	char *s = cell(st, row, &c);
	return s ? s : xstrdup("-");
}

/* The rows of one list. */
struct part {
	const struct report_row *rows;
	size_t n;
};

static bool all_null(const struct part *p, const char *name)
{
	if (strcmp(name, "site") == 0)
		name = p->n && report_get(&p->rows[0], "site") ? "site" : "file";
	for (size_t i = 0; i < p->n; i++) {
		const struct val *v = report_get(&p->rows[i], name);
		if (v && v->kind != VAL_NULL && !(v->kind == VAL_LIST && v->list.n == 0))
			return false;
	}
	return true;
}

static void heading_of(struct column *c, const char *text, size_t n)
{
	snprintf(c->heading, sizeof(c->heading), "%.*s", (int)n, text);
	for (char *p = c->heading; *p; p++)
		*p = *p == '%' ? ' ' : *p;
}

/* Columns by the report's text. */
static size_t columns_of_text(const struct part *p, const char *text, size_t len, struct column *cols)
{
	size_t n = 0;
	const char *end = text + len;
	while (text < end && n < COLUMNS_MAX) {
		size_t word = strcspn(text, " ;");
		if (text + word > end)
			word = (size_t)(end - text);
		size_t name = strcspn(text, " ;:#$&~!");
		if (word) {
			struct column *c = &cols[n];
			column_init(c, text, name < word ? name : word);
			char how = name < word ? text[name] : ' ';
			const char *colon = memchr(text, ':', word);
			c->keep = how == '!';
			c->kind = how == '#' ? K_BAR : how == '$' ? K_BYTES : how == '&' ? K_BYTES_CHANGE : how == '~' ? K_COUNT_CHANGE : c->kind;
			if (colon)
				heading_of(c, colon + 1, (size_t)(text + word - colon - 1));
			if (!all_null(p, c->name))
				n++;
		}
		text += word + (text + word < end);
	}
	return n;
}

/* Every column that has a value somewhere; file and line together as site. */
static size_t columns_of_rows(const struct part *p, struct column *cols)
{
	size_t n = 0;
	const struct report_row *first = &p->rows[0];
	for (size_t i = 0; i < first->n && n < COLUMNS_MAX; i++) {
		const char *name = first->f[i].name;
		bool is_file = strcmp(name, "file") == 0;
		if (strcmp(name, "list") == 0 || strcmp(name, "line") == 0 || all_null(p, name))
			continue;
		name = is_file ? "site" : name;
		column_init(&cols[n++], name, strlen(name));
	}
	return n;
}

static bool is_text(const struct column *c) { return c->kind == K_TEXT || c->kind == K_NAME || c->kind == K_PATH || c->kind == K_SITE; }

static bool flexible(const struct column *c) { return !c->right && !c->keep && (is_text(c) || c->kind == K_AUTO); }

/* Columns that a narrow terminal can be without: all but the first, those to keep, and the places. */
static bool droppable(const struct column *c, size_t i)
{
	return i > 0 && !c->keep && c->kind != K_PATH && c->kind != K_SITE && c->kind != K_NAME;
}

/* Takes away columns, the last first, until the others fit with their text cut as far as it may be; their headings, apart by
 * commas, or NULL. Returns how many stay. */
static size_t drop(struct column *cols, size_t n, size_t width, char **ret_dropped)
{
	size_t total = 0;
	for (size_t i = 0; i < n; i++)
		total += GAP + (flexible(&cols[i]) && cols[i].width > FLEX_MIN ? FLEX_MIN : cols[i].width);
	for (size_t i = n; width && total > width + GAP && i-- > 0;) {
		if (!droppable(&cols[i], i))
			continue;
		char *names = xasprintf("%s%s%s", cols[i].heading, *ret_dropped ? ", " : "", *ret_dropped ? *ret_dropped : "");
		free(*ret_dropped);
		*ret_dropped = names;
		total -= GAP + (flexible(&cols[i]) && cols[i].width > FLEX_MIN ? FLEX_MIN : cols[i].width);
		memmove(&cols[i], &cols[i + 1], (--n - i) * sizeof(*cols));
	}
	return n;
}

/* Narrows the widest text columns until the table fits. */
static void fit(struct column *cols, size_t n, size_t width)
{
	size_t total = n ? GAP * (n - 1) : 0;
	for (size_t i = 0; i < n; i++)
		total += cols[i].width;
	while (width && total > width) {
		struct column *widest = NULL;
		for (size_t i = 0; i < n; i++)
			if (flexible(&cols[i]) && cols[i].width > FLEX_MIN && (!widest || cols[i].width > widest->width))
				widest = &cols[i];
		if (!widest)
			break;
		widest->width--;
		total--;
	}
}

static char *cut(const struct table_style *st, const struct column *c, char *s)
{
	if (!st->width || !flexible(c) || text_width(s) <= c->width)
		return s;
	char *t = c->kind == K_PATH || c->kind == K_SITE ? text_cut_left(s, c->width, st->utf8) : text_cut_right(s, c->width, st->utf8);
	free(s);
	return t;
}

static bool is_right(const struct part *p, const struct column *c)
{
	if (is_text(c) || c->kind == K_SERIES || c->kind == K_BAR || c->kind == K_FLAG)
		return false;
	for (size_t i = 0; i < p->n; i++) {
		const struct val *v = report_get(&p->rows[i], c->name);
		if (v && v->kind != VAL_NULL)
			return v->kind == VAL_UINT || v->kind == VAL_INT || v->kind == VAL_REAL;
	}
	return false;
}

/* Alignment, and widths as the cells want them. */
static void measure(const struct table_style *st, const struct part *p, struct column *cols, size_t n)
{
	for (size_t k = 0; k < n; k++) {
		cols[k].right = is_right(p, &cols[k]);
		cols[k].width = text_width(cols[k].heading);
		for (size_t i = 0; i < p->n; i++) {
			_cleanup_free_ char *s = cell(st, &p->rows[i], &cols[k]);
			size_t w = s ? text_width(s) : 1;
			cols[k].width = w > cols[k].width ? w : cols[k].width;
		}
	}
}

/* A line ends with its text: libsmartcols fills an empty last cell. */
static void print_lines(FILE *out, const char *text)
{
	while (*text) {
		size_t n = strcspn(text, "\n"), end = n;
		while (end && text[end - 1] == ' ')
			end--;
		fprintf(out, "%.*s\n", (int)end, text);
		text += n + (text[n] == '\n');
	}
}

static void print_columns(FILE *out, const struct table_style *st, const struct part *p, struct column *cols, size_t n)
{
	_cleanup_free_ char *dropped = NULL;
	measure(st, p, cols, n);
	n = drop(cols, n, st->width, &dropped);
	fit(cols, n, st->width);
	struct libscols_table *tb = scols_new_table();
	scols_table_enable_noencoding(tb, 1); /* text_safe was there before */
	scols_table_set_termforce(tb, SCOLS_TERMFORCE_NEVER);
	scols_table_set_column_separator(tb, "  ");
	for (size_t k = 0; k < n; k++)
		scols_table_new_column(tb, cols[k].heading, 0, cols[k].right ? SCOLS_FL_RIGHT : 0);
	for (size_t i = 0; i < p->n; i++) {
		struct libscols_line *ln = scols_table_new_line(tb, NULL);
		for (size_t k = 0; k < n; k++) {
			char *s = cell(st, &p->rows[i], &cols[k]);
			scols_line_refer_data(ln, k, cut(st, &cols[k], s ? s : xstrdup("-")));
		}
	}
	char *text = NULL;
	HDA_ASSERT(scols_print_table_to_string(tb, &text) == 0 && text);
	print_lines(out, text);
	free(text);
	scols_unref_table(tb);
	if (dropped)
		fprintf(out, "for want of width without %s; --json has all\n", dropped);
}

/* The text of one list: "list=title columns;". NULL when it has none. */
static const char *list_text(const char *columns, const char *list, size_t *ret_len, char title[64])
{
	size_t n = strlen(list);
	for (const char *p = columns; p && *p;) {
		p += strspn(p, " ;");
		size_t len = strcspn(p, ";");
		if (strncmp(p, list, n) == 0 && p[n] == '=') {
			size_t t = strcspn(p + n + 1, " ;");
			snprintf(title, 64, "%.*s", (int)t, p + n + 1);
			for (char *c = title; *c; c++)
				*c = *c == '%' ? ' ' : *c;
			*ret_len = len - n - 1 - t;
			return p + n + 1 + t;
		}
		p += len;
	}
	snprintf(title, 64, "%.63s", list);
	for (char *c = title; *c; c++)
		*c = *c == '_' ? ' ' : *c;
	return NULL;
}

static void print_part(FILE *out, const struct table_style *st, const struct part *p, const char *columns, bool first)
{
	struct column cols[COLUMNS_MAX];
	const char *list = report_str(&p->rows[0], "list");
	size_t len = columns ? strlen(columns) : 0, n;
	if (list) {
		char title[64];
		columns = list_text(columns, list, &len, title);
		if (!first)
			putc('\n', out);
		if (*title)
			fprintf(out, "%s\n", title);
	}
	n = columns ? columns_of_text(p, columns, len, cols) : columns_of_rows(p, cols);
	if (n)
		print_columns(out, st, p, cols, n);
}

static bool same_list(const struct report_row *a, const struct report_row *b)
{
	const char *x = report_str(a, "list"), *y = report_str(b, "list");
	return x && y ? strcmp(x, y) == 0 : x == y;
}

void table_print(FILE *out, const struct table_style *st, const struct report *a, const char *columns)
{
	for (size_t i = 0, k; i < a->nrows; i = k) {
		for (k = i + 1; k < a->nrows && same_list(&a->rows[i], &a->rows[k]); k++)
			continue;
		struct part p = {a->rows + i, k - i};
		print_part(out, st, &p, columns, i == 0);
	}
}
