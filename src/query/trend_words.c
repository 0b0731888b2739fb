/* What the verdict says of a group of a trend. SPDX-License-Identifier: BSD-2-Clause */
#include "query/trend_words.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct trend_words {
	struct life *life;
	struct verdict *v;
};

struct trend_words *trend_words_new(struct store_rtxn *r, const struct store_proc *p, size_t walk_dumps)
{
	struct life *life = NULL;
	if ((p->ndumps > walk_dumps && !series_fits(r, p)) || series_load(r, p, NULL, NULL, &life) < 0 || !life)
		return NULL;
	struct trend_words *l = xcalloc(1, sizeof(*l));
	l->life = life;
	l->v = verdict_new(life_verdict(life), 1);
	return l;
}

void trend_words_free(struct trend_words *l)
{
	if (!l)
		return;
	verdict_free(l->v);
	life_free(l->life);
	free(l);
}

static bool same(const char *a, const char *b) { return a && b && strcmp(a, b) == 0; }

static bool at_site(const struct verdict_entry *e, const struct trend_group *g)
{
	size_t n = g->file ? strlen(g->file) : 0;
	if (!g->file)
		return !e->site;
	char line[16];
	snprintf(line, sizeof(line), ":%u", g->line);
	return e->site && strncmp(e->site, g->file, n) == 0 && strcmp(e->site + n, line) == 0;
}

static const char step[] = " -> ";

/* The way to it in the words of a trend: no labels, from the root on, the container itself at the end. */
static void path_text(const struct verdict_entry *e, char *buf, size_t n)
{
	size_t k = 0, steps = e->npath + (e->key->len >= 0 && e->klass);
	buf[0] = '\0';
	for (size_t i = 0; i < steps && k < n; i++)
		k += (size_t)snprintf(buf + k, n - k, "%s%s", k ? step : "", summary_step_text(i < e->npath ? e->path[i] : e->klass));
}

/* Is name a part of path, step by step? */
static bool leads_by(const char *path, const char *name)
{
	size_t n = strlen(name), m = sizeof(step) - 1;
	for (const char *p = strstr(path, name); p; p = strstr(p + 1, name)) {
		bool from = p == path || ((size_t)(p - path) >= m && strncmp(p - m, step, m) == 0);
		if (from && (!p[n] || strncmp(p + n, step, m) == 0))
			return true;
	}
	return false;
}

/* Is `name` ("class PriceCache -> Hash", or with what more is known of a step) a part of the way to it? Everything hangs from a root, so
 * that alone says nothing. */
static bool held_by(const struct verdict_entry *e, const char *name)
{
	char path[SERIES_TEXT];
	if (e->npath && strcmp(name, summary_step_text(e->path[0])) == 0)
		return false;
	path_text(e, path, sizeof(path));
	if (leads_by(path, name))
		return true;
	series_shown(e, path, sizeof(path));
	return leads_by(path, name);
}

/* The end of its path names a container. */
static bool is_container(const struct verdict_entry *e, const char *name)
{
	char path[SERIES_TEXT];
	path_text(e, path, sizeof(path));
	size_t n = strlen(path), m = name ? strlen(name) : 0;
	return e->key->len >= 0 && m && n >= m && strcmp(path + n - m, name) == 0;
}

static bool in_group(const struct verdict_entry *e, const struct trend_group *g)
{
	switch (g->by) {
	case TREND_TYPE: return same(e->type, g->type);
	case TREND_CLASS: case TREND_RETAINED: return same(e->klass, g->klass);
	case TREND_SITE: return g->file && at_site(e, g);
	case TREND_STRING: return same(e->type, g->type) && same(e->klass, g->klass) && at_site(e, g);
	case TREND_DATA: return same(e->type, g->type) && same(e->klass, g->klass);
	case TREND_HOLDER: return g->name && held_by(e, g->name);
	case TREND_CONTAINER: return is_container(e, g->name);
	}
	return false;
}

/* The line it belongs to says it, else its own label. */
static struct trend_word word_of(const struct trend_words *l, const struct verdict_fused *f)
{
	struct trend_word w = {.label = f->label, .confidence = NAN};
	if (f->line < 0)
		return w;
	const struct verdict_line *line = &l->v->lines[f->line];
	w.label = line->label;
	w.confidence = line->conf;
	snprintf(w.id, sizeof(w.id), "%06x", series_id(l->v->fused[line->head].entry, series_path(l->v, (size_t)f->line)) & 0xffffff);
	return w;
}

/* Entries are counted where containers are asked for, objects elsewhere. */
static bool counts_alike(const struct verdict_entry *e, const struct trend_group *g)
{
	return g->by == TREND_CONTAINER ? e->key->len >= 0 : g->by != TREND_HOLDER && g->by != TREND_RETAINED && e->key->len < 0;
}

/* The ends of all that grows, together. */
static void add_end(const struct verdict_fused *f, const struct trend_group *g, enum verdict_label label, struct trend_word *w)
{
	if (label < VERDICT_SLOW)
		return;
	bool knows = label == VERDICT_SLOW && counts_alike(f->entry, g) && f->judged.more >= 0;
	w->leads |= label > VERDICT_SLOW;
	w->more += knows ? f->judged.more : NAN;
	w->more_bytes += knows ? f->judged.more * f->size : NAN;
}

bool trend_words_find(const struct trend_words *l, const struct trend_group *g, struct trend_word *ret)
{
	bool found = false;
	struct trend_word ends = {.more = 0};
	for (size_t i = 0; i < l->v->nfused; i++) {
		const struct verdict_fused *f = &l->v->fused[i];
		if (!f->entry || !in_group(f->entry, g))
			continue;
		struct trend_word w = word_of(l, f);
		add_end(f, g, w.label, &ends);
		/* The labels stand by gravity. */
		if (found && (w.label < ret->label || (w.label == ret->label && !(w.confidence > ret->confidence))))
			continue;
		*ret = w;
		found = true;
	}
	if (found) {
		bool told = !ends.leads && ret->label == VERDICT_SLOW;
		ret->leads = ends.leads;
		ret->more = told ? ends.more : NAN;
		ret->more_bytes = told ? ends.more_bytes : NAN;
	}
	return found;
}
