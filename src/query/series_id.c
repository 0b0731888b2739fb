/* Names of leaks. SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/gem.h"
#include "query/series.h"
#include "reduce/summary.h"

/* Who holds an entry, as ids have it: "class PriceCache -> Hash -> Array". */
static void holder_of(const struct verdict_entry *e, char *buf, size_t n)
{
	size_t k = 0;
	buf[0] = '\0';
	for (size_t i = 0; i < e->npath && k < n; i++) {
		if (i == 0 && e->npath > 1 && strncmp(e->path[0], "root ", 5) == 0)
			continue; /* everything hangs from a root: it names nobody */
		k += (size_t)snprintf(buf + k, n - k, "%s%s", k ? " -> " : "", e->path[i]);
	}
	if (e->key->len >= 0 && e->klass && k < n) /* the container itself is the end of the holder */
		snprintf(buf + k, n - k, "%s%s", k ? " -> " : "", e->klass);
}

/* "class PriceCache" before "class PriceCache @prices -> Hash": the second says it all. */
static bool said_below(const char *step, const char *below)
{
	size_t n = strlen(step);
	return below && strncmp(step, below, n) == 0 && ((below[n] == ' ' && below[n + 1] == '@') || below[n] == '[');
}

/* What is known of a step by more than its class; NULL: nothing. */
static const char *label_of(const struct verdict_entry *e, size_t i) { return e->labels ? e->labels[i] : NULL; }

/* The i-th of so many steps for people, the container itself as the one behind its path; NULL: the next one says it, too. */
static const char *step_text(const struct verdict_entry *e, size_t i, size_t steps)
{
	const char *label = label_of(e, i), *step = label ? label : i < e->npath ? e->path[i] : e->klass;
	return i + 1 < steps && said_below(step, label_of(e, i + 1)) ? NULL : summary_step_text(step);
}

const char *series_step(const struct verdict_entry *e, size_t i) { return step_text(e, i, e->npath); }

void series_shown(const struct verdict_entry *e, char *buf, size_t n)
{
	size_t k = 0, steps = e->npath + (e->key->len >= 0 && e->klass), from = 0;
	for (size_t i = 0; i + 1 < steps; i++) { /* what names itself ("constant Foo::LIST") needs nothing before it */
		const char *step = label_of(e, i) ? label_of(e, i) : e->path[i];
		from = summary_names_itself(summary_step_text(step)) ? i : from;
	}
	/* Everything hangs from it: it names nobody. */
	if (from == 0 && steps > 1 && !label_of(e, 0) && strcmp(e->path[0], "root vm") == 0)
		from = 1;
	buf[0] = '\0';
	for (size_t i = from; i < steps && k < n; i++) {
		const char *step = step_text(e, i, steps);
		if (step)
			k += (size_t)snprintf(buf + k, n - k, "%s%s", k ? " -> " : "", step);
	}
}

void series_where(const struct verdict_entry *e, const struct verdict_entry *path, char *buf, size_t n)
{
	char shown[SERIES_TEXT] = "";
	if (!e->site)
		series_shown(path, shown, sizeof(shown));
	snprintf(buf, n, "%s", e->site ? e->site : shown);
}

/* Does an entry of container c know which of several of one signature it is in, which c, that stands for them all, does not? */
static bool knows_better(const struct verdict_entry *e, const struct verdict_entry *c)
{
	bool inside = c->key->len >= 0 && e->npath == c->npath + 1 && verdict_under(e, c);
	return inside && label_of(e, c->npath) && !label_of(c, c->npath);
}

const struct verdict_entry *series_path(const struct verdict *v, size_t line)
{
	const struct verdict_entry *top = v->fused[v->lines[line].top].entry;
	for (size_t i = 0; !top->npath && i < v->nfused; i++) {
		if (v->fused[i].line == (int)line && v->fused[i].entry->npath)
			top = v->fused[i].entry;
	}
	const struct verdict_entry *head = v->fused[v->lines[line].head].entry;
	return knows_better(head, top) ? head : top;
}

/* The head's own holders: what is nearer to a root joins the line and leaves it from dump to dump, a container for one once it is long
 * enough to be listed. */
uint32_t series_id(const struct verdict_entry *head, const struct verdict_entry *path)
{
	char holder[SERIES_TEXT];
	holder_of(head->npath ? head : path, holder, sizeof(holder));
	uint64_t h = XXH3_64bits(holder, strlen(holder));
	const char *text[] = {head->type, head->klass};
	for (size_t i = 0; i < 2; i++)
		h = XXH3_64bits_withSeed(text[i] ? text[i] : "", text[i] ? strlen(text[i]) : 0, h + i + 1);
	const char *colon = head->site ? strrchr(head->site, ':') : NULL;
	struct span file = colon ? gem_relative((struct span){(const uint8_t *)head->site, (size_t)(colon - head->site)})
	                         : (struct span){NULL, 0};
	h = XXH3_64bits_withSeed(file.n ? (const char *)file.p : "", file.n, h);
	return (uint32_t)(h & 0xffffff);
}
