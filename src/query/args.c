/* What was asked. SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "query/run.h"

const struct val *arg_get(const struct query_args *a, const char *name, size_t i)
{
	for (size_t k = 0; k < a->n; k++) {
		if (a->a[k].v.kind != VAL_NULL && strcmp(a->a[k].name, name) == 0 && i-- == 0)
			return &a->a[k].v;
	}
	return NULL;
}

size_t arg_count(const struct query_args *a, const char *name)
{
	size_t n = 0;
	while (arg_get(a, name, n))
		n++;
	return n;
}

struct span arg_text(const struct query_args *a, const char *name)
{
	const struct val *v = arg_get(a, name, 0);
	return v && v->kind == VAL_STR ? v->s : (struct span){NULL, 0};
}

bool arg_flag(const struct query_args *a, const char *name)
{
	const struct val *v = arg_get(a, name, 0);
	if (!v)
		return false;
	if (v->kind == VAL_BOOL)
		return v->b;
	return v->kind == VAL_UINT ? v->u != 0 : true;
}

bool parse_u64(struct span s, uint64_t *ret)
{
	uint64_t n = 0;
	if (s.n == 0)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		uint64_t d = (uint64_t)s.p[i] - '0';
		if (d > 9 || n > (UINT64_MAX - d) / 10)
			return false;
		n = n * 10 + d;
	}
	*ret = n;
	return true;
}

/* Any value as text for a message. */
static void show(const struct val *v, char *buf, size_t n)
{
	if (v->kind == VAL_STR)
		snprintf(buf, n, "%.*s", v->s.n < 60 ? (int)v->s.n : 60, v->s.p ? (const char *)v->s.p : "");
	else if (v->kind == VAL_UINT)
		snprintf(buf, n, "%llu", (unsigned long long)v->u);
	else if (v->kind == VAL_INT)
		snprintf(buf, n, "%lld", (long long)v->i);
	else if (v->kind == VAL_REAL)
		snprintf(buf, n, "%g", v->r);
	else
		snprintf(buf, n, "no value");
}

bool arg_number(struct query_run *r, const char *name, uint64_t other, uint64_t *ret)
{
	const struct val *v = arg_get(r->args, name, 0);
	*ret = other;
	if (!v)
		return true;
	if (v->kind == VAL_UINT) {
		*ret = v->u;
		return true;
	}
	if (v->kind == VAL_INT && v->i >= 0) {
		*ret = (uint64_t)v->i;
		return true;
	}
	if (v->kind == VAL_STR && parse_u64(v->s, ret))
		return true;
	char buf[SELECT_BUF];
	show(v, buf, sizeof(buf));
	run_fail(r, HDA_STATUS_ARGUMENT, "%s must be a whole number from 0, not \"%s\"", name, buf);
	return false;
}

bool arg_word(struct query_run *r, const char *name, const char *const *words, size_t other, size_t *ret)
{
	const struct val *v = arg_get(r->args, name, 0);
	*ret = other;
	if (!v)
		return true;
	for (size_t i = 0; v->kind == VAL_STR && words[i]; i++) {
		if (span_eq(v->s, span_of(words[i]))) {
			*ret = i;
			return true;
		}
	}
	char buf[SELECT_BUF], list[256];
	size_t n = 0;
	show(v, buf, sizeof(buf));
	list[0] = '\0';
	for (size_t i = 0; words[i] && n < sizeof(list); i++)
		n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%s", i ? ", " : "", words[i]);
	run_fail(r, HDA_STATUS_ARGUMENT, "%s must be one of %s, not \"%s\"", name, list, buf);
	return false;
}

bool arg_site(struct query_run *r, const char *name, struct span *ret_file, uint32_t *ret_line)
{
	struct span s = arg_text(r->args, name);
	if (!arg_get(r->args, name, 0))
		return false;
	size_t colon = s.n;
	while (colon && s.p[colon - 1] != ':')
		colon--;
	uint64_t line = 0;
	if (colon < 2 || !parse_u64((struct span){s.p + colon, s.n - colon}, &line) || line > UINT32_MAX) {
		run_fail(r, HDA_STATUS_ARGUMENT, "%s must be FILE:LINE, as in app/lib/price_cache.rb:14", name);
		return false;
	}
	*ret_file = (struct span){s.p, colon - 1};
	*ret_line = (uint32_t)line;
	return true;
}

bool arg_rows(struct query_run *r, uint64_t other, uint64_t *ret)
{
	if (!arg_number(r, "n", other, ret))
		return false;
	if (*ret == 0)
		*ret = UINT64_MAX;
	return true;
}
