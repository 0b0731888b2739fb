/* An answer as one JSON document. SPDX-License-Identifier: BSD-2-Clause */
#include "cli/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "cli/text.h"

void json_text(FILE *out, struct span s)
{
	putc('"', out);
	for (size_t i = 0; i < s.n;) {
		size_t len = text_utf8(s.p + i, s.n - i);
		uint8_t c = s.p[i];
		if (!len) {
			fputs("\xef\xbf\xbd", out); /* U+FFFD */
			len = 1;
		} else if (c == '"' || c == '\\') {
			fprintf(out, "\\%c", c);
		} else if (c == '\n') {
			fputs("\\n", out);
		} else if (c == '\t') {
			fputs("\\t", out);
		} else if (c < 0x20 || c == 0x7f) {
			fprintf(out, "\\u%04x", c);
		} else {
			fwrite(s.p + i, 1, len, out);
		}
		i += len;
	}
	putc('"', out);
}

enum { DIGITS = 20 /* of UINT64_MAX */ };
#define REAL_WHOLE 1e15 /* below it %.15g writes a whole number as an integer: 15 digits, no exponent */

static void json_uint(FILE *out, uint64_t u)
{
	char buf[DIGITS], *p = buf + DIGITS;
	do
		*--p = (char)('0' + u % 10);
	while (u /= 10);
	fwrite(p, 1, (size_t)(buf + DIGITS - p), out);
}

/* The shortest decimal that reads back as the same number. */
static void json_real(FILE *out, double r)
{
	if (!isfinite(r)) {
		fputs("null", out);
		return;
	}
	/* Most numbers of long lists are whole: their digits need no search. */
	if (fabs(r) < REAL_WHOLE && r == trunc(r) && !(r == 0 && signbit(r))) {
		if (r < 0)
			putc('-', out);
		json_uint(out, (uint64_t)fabs(r));
		return;
	}
	char buf[40];
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(buf, sizeof(buf), "%.*g", digits, r);
		if (strtod(buf, NULL) == r)
			break;
	}
	fputs(buf, out);
}

void json_val(FILE *out, const struct val *v)
{
	switch (v->kind) {
	case VAL_NULL:
		fputs("null", out);
		break;
	case VAL_BOOL:
		fputs(v->b ? "true" : "false", out);
		break;
	case VAL_UINT:
		json_uint(out, v->u);
		break;
	case VAL_INT:
		fprintf(out, "%" PRId64, v->i);
		break;
	case VAL_REAL:
		json_real(out, v->r);
		break;
	case VAL_STR:
		if (v->s.n)
			json_text(out, v->s);
		else
			fputs("null", out);
		break;
	case VAL_LIST:
		putc('[', out);
		for (size_t i = 0; i < v->list.n; i++) {
			if (i)
				putc(',', out);
			json_val(out, &v->list.p[i]);
		}
		putc(']', out);
		break;
	}
}

void json_row(FILE *out, const struct report_row *row)
{
	putc('{', out);
	for (size_t i = 0; i < row->n; i++) {
		if (i)
			putc(',', out);
		json_text(out, span_of(row->f[i].name));
		putc(':', out);
		json_val(out, &row->f[i].v);
	}
	putc('}', out);
}

void json_report(FILE *out, const char *report, const struct report *a)
{
	fputs("{\"hda\":1,\"report\":", out);
	json_text(out, span_of(report));
	fputs(",\"dump\":", out);
	if (a->has_dump)
		json_row(out, &a->dump);
	else
		fputs("null", out);
	fputs(",\"rows\":[", out);
	for (size_t i = 0; i < a->nrows; i++) {
		fputs(i ? ",\n" : "\n", out);
		json_row(out, &a->rows[i]);
	}
	fputs(a->nrows ? "\n]}\n" : "]}\n", out);
}
