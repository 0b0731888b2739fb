/* Signatures (merged paths from a root) as rows. SPDX-License-Identifier: BSD-2-Clause */
#include "query/sigs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/u64map.h"

/* How a step is shown, without the number of links. */
static const char *step_name(const struct dump_summary *s, uint32_t sig)
{
	const struct sum_sig *g = &s->sigs[sig];
	const char *name = strtab_str(&s->names, g->label ? g->label : g->klass);
	return name ? summary_step_text(name) : "?";
}

char *sig_step(const struct dump_summary *s, uint32_t sig)
{
	if (sig >= s->nsigs)
		return xstrdup("?");
	const char *name = step_name(s, sig);
	return s->sigs[sig].repeat > 1 ? xasprintf("%s (x %u)", name, s->sigs[sig].repeat) : xstrdup(name);
}

uint32_t sig_depth(const struct dump_summary *s, uint32_t sig)
{
	uint32_t n = 0;
	while (sig < s->nsigs && s->sigs[sig].parent < s->nsigs && n < SIGS_DEPTH) {
		sig = s->sigs[sig].parent;
		n++;
	}
	return n;
}

/* "class PriceCache" before "class PriceCache @prices -> Hash": the second says it all. */
static bool said_below(const char *step, const char *below)
{
	size_t n = strlen(step);
	return strncmp(step, below, n) == 0 && ((below[n] == ' ' && below[n + 1] == '@') || below[n] == '[');
}

char *sig_path(const struct dump_summary *s, uint32_t sig, bool full)
{
	uint32_t at[SIGS_DEPTH];
	size_t n = 0;
	for (; sig < s->nsigs && n < SIGS_DEPTH; sig = s->sigs[sig].parent) {
		if (n && said_below(step_name(s, sig), step_name(s, at[n - 1])))
			continue;
		at[n++] = sig;
		if (!full && summary_names_itself(step_name(s, sig)))
			break;
	}
	char *path = n < SIGS_DEPTH || sig >= s->nsigs ? NULL : xstrdup("...");
	while (n--) {
		_cleanup_free_ char *step = sig_step(s, at[n]);
		char *longer = path ? xasprintf("%s -> %s", path, step) : xstrdup(step);
		free(path);
		path = longer;
	}
	return path ? path : xstrdup("?");
}

const char *sigs_missing(const struct dump_summary *s)
{
	const char *why = strtab_str(&s->names, s->no_graph_why);
	if (why)
		return why;
	return s->since ? "it has no ROOT lines (since:, or torn before them)" : "it was read without one (--no-graph)";
}

/* --- what grew --- */

struct grown {
	uint64_t sig;   /* id */
	uint32_t index; /* in its summary's list of holders; of containers, of its signature */
	int64_t bytes, objects, length;
};

static int grown_cmp(const void *a, const void *b)
{
	const struct grown *x = a, *y = b;
	if (x->bytes != y->bytes)
		return x->bytes > y->bytes ? -1 : 1;
	return (x->sig > y->sig) - (x->sig < y->sig);
}

static uint64_t id_of(const struct dump_summary *s, uint32_t sig) { return sig < s->nsigs ? s->sigs[sig].id : 0; }

/* Holders by signature: when two share one, the larger comes first and stands for both. */
static size_t holder_growth(const struct dump_summary *old, const struct dump_summary *now, struct grown *g)
{
	struct u64map was = {0}, seen = {0};
	size_t n = 0;
	for (size_t i = old->nholders; i-- > 0;)
		*u64map_put(&was, id_of(old, old->holders[i].sig), NULL) = (uint32_t)i;
	for (size_t i = 0; i < now->nholders; i++) {
		const struct sum_holder *h = &now->holders[i];
		uint64_t id = id_of(now, h->sig);
		bool fresh;
		u64map_put(&seen, id, &fresh);
		const uint32_t *at = u64map_get(&was, id);
		struct tally before = at ? old->holders[*at].retained : (struct tally){0, 0};
		int64_t bytes = (int64_t)(h->retained.bytes - before.bytes);
		if (fresh && bytes > 0)
			g[n++] = (struct grown){id, (uint32_t)i, bytes, (int64_t)(h->retained.count - before.count), 0};
	}
	u64map_done(&was);
	u64map_done(&seen);
	return n;
}

/* The sum of the containers of a signature. */
static struct grown *sum_of(const struct dump_summary *s, uint32_t sig, struct u64map *at, struct grown *sum, size_t *n)
{
	bool fresh;
	uint32_t *k = u64map_put(at, id_of(s, sig), &fresh);
	if (fresh) {
		*k = (uint32_t)(*n)++;
		sum[*k] = (struct grown){.sig = id_of(s, sig), .index = sig};
	}
	return &sum[*k];
}

/* Containers of one signature are summed up: many small ones may grow where one does not. all: those too short to be listed, too. */
static void container_sums(const struct dump_summary *s, bool all, struct u64map *at, struct grown *sum, size_t *n)
{
	_cleanup_free_ bool *several = summary_several(s);
	for (size_t i = 0; all && i < s->ncontents; i++) {
		const struct sum_content *c = &s->contents[i];
		if (!several[c->sig])
			continue;
		const struct tally *t = &s->sigs[c->sig].retained;
		struct grown *g = sum_of(s, c->sig, at, sum, n);
		g->bytes = (int64_t)t->bytes;
		g->objects = (int64_t)t->count;
		g->length = (int64_t)summary_content_length(s, c);
	}
	for (size_t i = 0; i < s->ncontainers; i++) {
		const struct sum_container *c = &s->containers[i];
		if (all && c->sig < s->nsigs && several[c->sig])
			continue;
		struct grown *g = sum_of(s, c->sig, at, sum, n);
		g->bytes += (int64_t)c->retained.bytes;
		g->objects += (int64_t)c->retained.count;
		if (c->length != UINT64_MAX)
			g->length += (int64_t)c->length;
	}
}

static size_t container_growth(const struct dump_summary *old, const struct dump_summary *now, struct grown *g)
{
	struct u64map was_at = {0}, at = {0};
	struct grown *was = xcalloc(old->ncontainers + old->ncontents, sizeof(*was));
	size_t nwas = 0, n = 0, kept = 0;
	bool all = old->ncontents && now->ncontents; /* else one of them is from an older store, which knows the long ones only */
	container_sums(old, all, &was_at, was, &nwas);
	container_sums(now, all, &at, g, &n);
	for (size_t i = 0; i < n; i++) {
		const uint32_t *k = u64map_get(&was_at, g[i].sig);
		if (k) {
			g[i].bytes -= was[*k].bytes;
			g[i].objects -= was[*k].objects;
			g[i].length -= was[*k].length;
		}
		if (g[i].length > 0)
			g[kept++] = g[i];
	}
	u64map_done(&was_at);
	u64map_done(&at);
	free(was);
	return kept;
}

static bool say(struct query_run *r, const struct dump_summary *s, const char *list, const char *name, uint32_t sig, const struct grown *g,
    bool length)
{
	struct row row = {.n = 0};
	_cleanup_free_ char *path = sig_path(s, sig, true);
	row_cstr(&row, "list", list);
	row_cstr(&row, "name", name);
	row_cstr(&row, "path", path);
	row_int(&row, "retained_change", g->bytes);
	row_int(&row, "retained_objects_change", g->objects);
	row_put(&row, "length_change", length ? val_int(g->length) : val_null());
	return run_row(r, &row);
}

void sigs_growth(struct query_run *r, const struct dump_summary *old, const struct dump_summary *now, uint64_t most)
{
	size_t cap = now->ncontainers + now->ncontents;
	cap = now->nholders > cap ? now->nholders : cap;
	struct grown *g = xcalloc(cap, sizeof(*g));
	size_t n = holder_growth(old, now, g);
	qsort(g, n, sizeof(*g), grown_cmp);
	for (size_t i = 0; i < n && i < most; i++) {
		const struct sum_holder *h = &now->holders[g[i].index];
		if (!say(r, now, "holders", strtab_str(&now->names, h->text), h->sig, &g[i], false))
			break;
	}
	run_note_cut(r, n < most ? n : most, n, "holder that grew", "holders that grew");
	n = container_growth(old, now, g);
	qsort(g, n, sizeof(*g), grown_cmp);
	for (size_t i = 0; i < n && i < most && run_ok(r); i++) {
		_cleanup_free_ char *name = sig_path(now, g[i].index, false);
		if (!say(r, now, "containers", name, g[i].index, &g[i], true))
			break;
	}
	run_note_cut(r, n < most ? n : most, n, "container that grew", "containers that grew");
	free(g);
}
