/* verdict-json: scenarios (one JSON document a line) on standard input, verdicts on standard output, in order.
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The same analyze code as in hdad, behind the JSON of the verdict's specification, so that anyone can score it. Reads only
 * procs; never id (but to repeat it), family or truth. */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "analyze/verdict.h"
#include "base/mem.h"

static double num(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);
	return json_is_number(v) ? json_number_value(v) : 0;
}

/* A count; less than none and more than can be counted are its ends. */
static uint64_t count(const json_t *v)
{
	double d = json_is_number(v) ? json_number_value(v) : 0;
	return d >= 1 ? (uint64_t)fmin(d, 1e18) : 0;
}

/* What JSON has no word for is 0. */
static json_t *real(double v) { return json_real(isfinite(v) ? v : 0); }

/* A number as it was written: all are read as reals. */
static json_t *number(double v)
{
	return v == floor(v) && fabs(v) < 1e15 ? json_integer((json_int_t)v) : real(v);
}

/* The ids of the document's keys, borrowed: in the verdict a key is its index here. */
static struct { json_t **of; size_t n; } ids;

static uint32_t add_id(const json_t *row)
{
	ids.of = xreallocarray(ids.of, ids.n + 1, sizeof(*ids.of));
	ids.of[ids.n] = json_object_get(row, "id");
	return (uint32_t)ids.n++;
}

/* One that has none is called by its place. */
static json_t *id_json(uint32_t key)
{
	json_t *id = ids.of[key];
	return json_is_real(id) ? number(json_real_value(id)) : json_is_string(id) ? json_incref(id) : json_integer(key);
}

static void id_text(uint32_t key, char *buf, size_t n)
{
	json_t *id = id_json(key);
	if (json_is_integer(id))
		snprintf(buf, n, "%" JSON_INTEGER_FORMAT, json_integer_value(id));
	else if (json_is_real(id))
		snprintf(buf, n, "%.17g", json_real_value(id));
	else
		snprintf(buf, n, "%s", json_string_value(id));
	json_decref(id);
}

static const char *text(const json_t *o, const char *key) { return json_string_value(json_object_get(o, key)); }

static unsigned class_of(struct verdict_proc *p, const char *name)
{
	for (unsigned c = 0; c < p->nclasses; c++) {
		if (strcmp(p->classes[c], name) == 0)
			return c;
	}
	if (p->nclasses == VERDICT_CLASSES)
		return VERDICT_CLASSES - 1;
	p->classes[p->nclasses] = name;
	return p->nclasses++;
}

static struct verdict_dump read_dump(struct verdict_proc *p, json_t *j)
{
	struct verdict_dump d = {.jobs = num(j, "jobs"), .t = num(j, "t"), .gc = count(json_object_get(j, "gc")),
	    .major = count(json_object_get(j, "major")), .compact = count(json_object_get(j, "compact")),
	    .partial = json_is_true(json_object_get(j, "partial")), .memsize = num(j, "memsize"), .live = num(j, "memsize"), .rss = num(j, "rss")};
	json_t *marks = json_object_get(j, "marks"), *v;
	for (size_t i = 0; i < json_array_size(marks) && d.nmarks < VERDICT_SUB - 1; i++) {
		const json_t *m = json_array_get(marks, i);
		d.marks[d.nmarks][0] = json_number_value(json_array_get(m, 0));
		d.marks[d.nmarks++][1] = json_number_value(json_array_get(m, 1));
	}
	const char *name;
	json_object_foreach(json_object_get(j, "mix"), name, v)
		d.mix[class_of(p, name)] += json_number_value(v);
	return d;
}

/* Element rec of the array `key` of row r, or -1. */
static double at(const json_t *r, const char *key, size_t rec)
{
	const json_t *v = json_array_get(json_object_get(r, key), rec);
	return json_is_number(v) ? json_number_value(v) : -1;
}

/* Length of the container: of a dump that does not say it, what it was. */
static double length(const struct verdict_key *k, const json_t *r, size_t rec)
{
	double len = at(r, "len", rec);
	return len >= 0 || !json_is_array(json_object_get(r, "len")) ? len : fmax(k->len, 0);
}

/* base: by recorded dump the number of the mark before its births, -1 none. */
static void give_row(const struct verdict_proc *p, struct verdict_key *k, const json_t *r, size_t rec, const int64_t *base)
{
	struct verdict_row row = {.n = fmax(at(r, "n", rec), 0), .b = fmax(at(r, "b", rec), 0),
	    .len = length(k, r, rec), .gone = at(r, "gone", rec)};
	json_t *c = json_object_get(r, "c");
	double *births = NULL;
	if (p->traced && json_is_array(c)) {
		births = xcalloc(p->nmarks, sizeof(*births));
		const json_t *list = json_array_get(c, rec);
		for (size_t i = 0; i < json_array_size(list); i++) {
			const json_t *e = json_array_get(list, i);
			uint64_t j = count(json_array_get(e, 0));
			for (unsigned q = 0; q < VERDICT_SUB && q + 1 < json_array_size(e); q++) {
				size_t mark = j <= rec && base[j] >= 0 ? verdict_mark_at(p, (uint32_t)base[j] + 1 + q) : 0;
				if (mark < p->nmarks)
					births[mark] += json_number_value(json_array_get(e, q + 1));
			}
		}
	}
	struct verdict_birth *some = births ? xcalloc(p->nmarks, sizeof(*some)) : NULL;
	for (uint32_t i = 0; births && i < p->nmarks; i++) {
		if (births[i] > 0)
			some[row.nbirths++] = (struct verdict_birth){births[i], i};
	}
	row.born = births != NULL;
	row.births = some;
	free((void *)(uintptr_t)k->births);
	verdict_key_update(p, k, &row);
	free(births);
}

static int by_site(const void *a, const void *b)
{
	const struct verdict_entry *x = a, *y = b;
	int c = strcmp(x->site ? x->site : "", y->site ? y->site : "");
	return c ? c : x->id < y->id ? -1 : x->id > y->id;
}

static struct verdict_entry read_entry(const json_t *r)
{
	const json_t *path = json_object_get(r, "path");
	const char *root = text(r, "root");
	struct verdict_entry e = {.id = add_id(r), .type = text(r, "type"), .klass = text(r, "cls"), .site = text(r, "site"),
	    .stack = root && strcmp(root, "stack") == 0, .key = xmalloc(sizeof(*e.key))};
	verdict_key_init(e.key);
	if (json_is_array(path)) {
		const char **names = xcalloc(json_array_size(path), sizeof(*names));
		for (size_t i = 0; i < json_array_size(path); i++) {
			const char *step = json_string_value(json_array_get(path, i));
			names[e.npath++] = step ? step : "";
		}
		e.path = names;
	}
	return e;
}

static void read_life(struct verdict_life *l, json_t *h)
{
	const char *ruby = text(h, "ruby");
	json_t *dumps = json_object_get(h, "dumps"), *keys = json_object_get(h, "keys");
	struct verdict_proc *p = l->proc = xmalloc(sizeof(*p));
	verdict_proc_init(p);
	p->traced = json_is_true(json_object_get(h, "traced"));
	p->graph = json_is_true(json_object_get(h, "graph"));
	p->limit = num(h, "limit");
	const char *rev = text(h, "rev");
	for (; rev && *rev; rev++)
		p->rev = p->rev * 31 + (unsigned char)*rev;
	p->ruby = ruby ? strtod(ruby, NULL) : num(h, "ruby");
	l->nentries = json_array_size(keys);
	l->entries = xcalloc(l->nentries, sizeof(*l->entries));
	for (size_t i = 0; i < l->nentries; i++)
		l->entries[i] = read_entry(json_array_get(keys, i));
	int64_t *base = xcalloc(json_array_size(dumps), sizeof(*base));
	for (size_t rec = 0; rec < json_array_size(dumps); rec++) {
		base[rec] = p->nmarks ? (int64_t)p->no[p->nmarks - 1] : -1;
		struct verdict_dump d = read_dump(p, json_array_get(dumps, rec));
		if (!verdict_proc_update(p, &d))
			continue;
		for (size_t i = 0; p->epoch && i < l->nentries; i++)
			verdict_key_freeze(p, l->entries[i].key);
		verdict_proc_advance(p);
		for (size_t i = 0; i < l->nentries; i++)
			give_row(p, l->entries[i].key, json_array_get(keys, i), rec, base);
	}
	free(base);
	qsort(l->entries, l->nentries, sizeof(*l->entries), by_site);
}

static void free_life(struct verdict_life *l)
{
	for (size_t i = 0; i < l->nentries; i++) {
		const char *const *path = l->entries[i].path;
		free((void *)(uintptr_t)l->entries[i].key->births);
		verdict_key_done(l->entries[i].key);
		free(l->entries[i].key);
		free((void *)(uintptr_t)path);
	}
	free(l->entries);
	verdict_proc_done(l->proc);
	free(l->proc);
}

static void how_text(const struct verdict_fused *f, char *buf, size_t n)
{
	switch (f->judged.how) {
	case HOW_JOB: snprintf(buf, n, "per job"); break;
	case HOW_HOUR: snprintf(buf, n, "per hour"); break;
	case HOW_CLASS: snprintf(buf, n, "per %s", f->proc->classes[f->judged.how_arg]); break;
	case HOW_SINCE: snprintf(buf, n, "since %u", f->judged.how_arg); break;
	case HOW_ACCELERATING: snprintf(buf, n, "accelerating"); break;
	default: snprintf(buf, n, "other"); break;
	}
}

static json_t *line_json(const struct verdict *v, const struct verdict_line *l)
{
	const struct verdict_fused *top = &v->fused[l->top], *head = &v->fused[l->head];
	char how[160];
	how_text(top, how, sizeof(how));
	json_t *rows = json_array(), *why = json_object(), *o = json_object();
	for (size_t i = 0; i < l->nrows; i++)
		json_array_append_new(rows, id_json(l->rows[i]));
	for (int c = 0; c < STORIES; c++) {
		if (top->posterior[c] > 0)
			json_object_set_new(why, verdict_story_name((enum verdict_story)c), real(top->posterior[c]));
	}
	json_object_set_new(o, "label", json_string(verdict_label_name(l->label)));
	json_object_set_new(o, "conf", real(l->conf));
	json_object_set_new(o, "head", id_json(head->entry->id));
	json_object_set_new(o, "rows", rows);
	json_object_set_new(o, "obj_per_1000", real(l->obj_per_1000));
	json_object_set_new(o, "bytes_per_1000", real(l->bytes_per_1000));
	json_object_set_new(o, "low", real(l->low));
	json_object_set_new(o, "high", real(l->high));
	json_object_set_new(o, "bytes_per_hour", real(l->bytes_per_hour));
	json_object_set_new(o, "hours_to_limit",
	    l->has_limit ? json_pack("[ooo]", real(l->hours_to_limit[0]), real(l->hours_to_limit[1]), real(l->hours_to_limit[2]))
	                 : json_null());
	json_object_set_new(o, "how", json_string(how));
	json_object_set_new(o, "why", why);
	json_object_set_new(o, "hazard", real(top->hazard));
	return o;
}

static json_t *verdict_json(const struct verdict *v)
{
	json_t *lines = json_array(), *other = json_object();
	for (size_t i = 0; i < v->nlines; i++)
		json_array_append_new(lines, line_json(v, &v->lines[i]));
	for (size_t i = 0; i < v->nfused; i++) {
		char id[64];
		id_text(v->fused[i].entry->id, id, sizeof(id));
		if (v->fused[i].label == VERDICT_SLOW || v->fused[i].label == VERDICT_FAST)
			json_object_set_new(other, id, json_string(verdict_label_name(v->fused[i].label)));
	}
	json_t *native = NULL;
	if (v->native.label != NATIVE_NONE) {
		native = json_pack("{s:s,s:o,s:o,s:o,s:o}", "label", verdict_native_name(v->native.label), "conf", real(v->native.conf),
		    "bytes_per_1000", real(v->native.bytes_per_1000), "low", real(v->native.low), "high", real(v->native.high));
	}
	return json_pack("{s:o,s:o,s:o}", "lines", lines, "native", native ? native : json_null(), "other", other);
}

static void answer(json_t *out)
{
	json_dumpf(out, stdout, JSON_COMPACT | JSON_REAL_PRECISION(12));
	putchar('\n');
	fflush(stdout);
	json_decref(out);
}

/* A line that is no JSON has its answer, too: nothing leaks, and why nothing is known. */
static void refuse(const json_error_t *err)
{
	fprintf(stderr, "verdict-json: column %d: %s\n", err->column, err->text);
	answer(json_pack("{s:[],s:n,s:{},s:s}", "lines", "native", "other", "error", err->text));
}

static void one(json_t *doc)
{
	json_t *procs = json_object_get(doc, "procs");
	size_t n = json_array_size(procs);
	struct verdict_life *lives = xcalloc(n, sizeof(*lives));
	for (size_t i = 0; i < n; i++)
		read_life(&lives[i], json_array_get(procs, i));
	struct verdict *v = verdict_new(lives, n);
	json_t *out = verdict_json(v);
	json_t *id = json_object_get(doc, "id");
	if (id)
		json_object_set_new(out, "id", json_is_real(id) ? number(json_real_value(id)) : json_incref(id));
	answer(out);
	verdict_free(v);
	for (size_t i = 0; i < n; i++)
		free_life(&lives[i]);
	free(lives);
	free(ids.of);
	ids.of = NULL;
	ids.n = 0;
}

int main(void)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	while ((n = getline(&line, &cap, stdin)) > 0) {
		json_error_t err;
		if (strspn(line, " \t\r\n") == (size_t)n)
			continue;
		json_t *doc = json_loadb(line, (size_t)n, JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL | JSON_DECODE_ANY, &err);
		if (doc)
			one(doc);
		else
			refuse(&err);
		json_decref(doc);
	}
	free(line);
	return 0;
}
