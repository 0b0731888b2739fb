/* verdict-json: scenarios (one JSON document a line) on standard input, verdicts on standard output, in order.
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The same analyze code as in hdad, behind the JSON of the verdict's specification, so that anyone can score it. Reads only
 * procs; never id (but to repeat it), family or truth. */
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
	struct verdict_dump d = {.jobs = num(j, "jobs"), .t = num(j, "t"), .gc = (uint64_t)num(j, "gc"), .major = (uint64_t)num(j, "major"),
	    .compact = (uint64_t)num(j, "compact"), .partial = json_is_true(json_object_get(j, "partial")), .memsize = num(j, "memsize"),
	    .rss = num(j, "rss")};
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

/* base: by recorded dump the number of the mark before its births, -1 none. */
static void give_row(const struct verdict_proc *p, struct verdict_key *k, const json_t *r, size_t rec, const int64_t *base)
{
	struct verdict_row row = {.n = at(r, "n", rec), .b = at(r, "b", rec), .len = at(r, "len", rec), .gone = at(r, "gone", rec)};
	json_t *c = json_object_get(r, "c");
	double *births = NULL;
	if (p->traced && json_is_array(c)) {
		births = xcalloc(p->nmarks, sizeof(*births));
		const json_t *list = json_array_get(c, rec);
		for (size_t i = 0; i < json_array_size(list); i++) {
			const json_t *e = json_array_get(list, i);
			size_t j = (size_t)json_number_value(json_array_get(e, 0));
			for (unsigned q = 0; q + 1 < json_array_size(e); q++) {
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
	const char *root = json_string_value(json_object_get(r, "root"));
	struct verdict_entry e = {.id = (uint32_t)num(r, "id"), .type = json_string_value(json_object_get(r, "type")),
	    .klass = json_string_value(json_object_get(r, "cls")), .site = json_string_value(json_object_get(r, "site")),
	    .stack = root && strcmp(root, "stack") == 0, .key = xmalloc(sizeof(*e.key))};
	verdict_key_init(e.key);
	if (json_is_array(path)) {
		const char **names = xcalloc(json_array_size(path), sizeof(*names));
		for (size_t i = 0; i < json_array_size(path); i++)
			names[e.npath++] = json_string_value(json_array_get(path, i));
		e.path = names;
	}
	return e;
}

static void read_life(struct verdict_life *l, json_t *h)
{
	const char *ruby = json_string_value(json_object_get(h, "ruby"));
	json_t *dumps = json_object_get(h, "dumps"), *keys = json_object_get(h, "keys");
	struct verdict_proc *p = l->proc = xmalloc(sizeof(*p));
	verdict_proc_init(p);
	p->traced = json_is_true(json_object_get(h, "traced"));
	p->graph = json_is_true(json_object_get(h, "graph"));
	p->limit = num(h, "limit");
	const char *rev = json_string_value(json_object_get(h, "rev"));
	for (; rev && *rev; rev++)
		p->rev = p->rev * 31 + (unsigned char)*rev;
	p->ruby = ruby ? strtod(ruby, NULL) : 0;
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
		json_array_append_new(rows, json_integer(l->rows[i]));
	for (int c = 0; c < STORIES; c++) {
		if (top->posterior[c] > 0)
			json_object_set_new(why, verdict_story_name((enum verdict_story)c), json_real(top->posterior[c]));
	}
	json_object_set_new(o, "label", json_string(verdict_label_name(l->label)));
	json_object_set_new(o, "conf", json_real(l->conf));
	json_object_set_new(o, "head", json_integer(head->entry->id));
	json_object_set_new(o, "rows", rows);
	json_object_set_new(o, "obj_per_1000", json_real(l->obj_per_1000));
	json_object_set_new(o, "bytes_per_1000", json_real(l->bytes_per_1000));
	json_object_set_new(o, "low", json_real(l->low));
	json_object_set_new(o, "high", json_real(l->high));
	json_object_set_new(o, "bytes_per_hour", json_real(l->bytes_per_hour));
	json_object_set_new(o, "hours_to_limit",
	    l->has_limit ? json_pack("[fff]", l->hours_to_limit[0], l->hours_to_limit[1], l->hours_to_limit[2]) : json_null());
	json_object_set_new(o, "how", json_string(how));
	json_object_set_new(o, "why", why);
	json_object_set_new(o, "hazard", json_real(top->hazard));
	return o;
}

static json_t *verdict_json(const struct verdict *v)
{
	json_t *lines = json_array(), *other = json_object();
	for (size_t i = 0; i < v->nlines; i++)
		json_array_append_new(lines, line_json(v, &v->lines[i]));
	for (size_t i = 0; i < v->nfused; i++) {
		char id[16];
		snprintf(id, sizeof(id), "%u", v->fused[i].entry->id);
		if (v->fused[i].label == VERDICT_SLOW || v->fused[i].label == VERDICT_FAST)
			json_object_set_new(other, id, json_string(verdict_label_name(v->fused[i].label)));
	}
	json_t *native = NULL;
	if (v->native.label != NATIVE_NONE) {
		native = json_pack("{s:s,s:f,s:f,s:f,s:f}", "label", verdict_native_name(v->native.label), "conf", v->native.conf,
		    "bytes_per_1000", v->native.bytes_per_1000, "low", v->native.low, "high", v->native.high);
	}
	return json_pack("{s:o,s:o,s:o}", "lines", lines, "native", native ? native : json_null(), "other", other);
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
		json_object_set(out, "id", id);
	json_dumpf(out, stdout, JSON_COMPACT | JSON_REAL_PRECISION(12));
	putchar('\n');
	fflush(stdout);
	json_decref(out);
	verdict_free(v);
	for (size_t i = 0; i < n; i++)
		free_life(&lives[i]);
	free(lives);
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
		json_t *doc = json_loadb(line, (size_t)n, 0, &err);
		if (!doc) {
			fprintf(stderr, "verdict-json: column %d: %s\n", err.column, err.text);
			return 1;
		}
		one(doc);
		json_decref(doc);
	}
	free(line);
	return 0;
}
