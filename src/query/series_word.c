/* One word for a process. SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "query/series.h"

/* path: the entry whose holders are said. */
static void set_place(struct series_word *w, const struct verdict_entry *e, const struct verdict_entry *path)
{
	series_where(e, path, w->where, sizeof(w->where));
	snprintf(w->id, sizeof(w->id), "%06x", series_id(e, path) & 0xffffff);
}

static void set_line(struct series_word *w, const struct verdict *v, size_t i, const char *word)
{
	set_place(w, v->fused[v->lines[i].head].entry, series_path(v, i));
	snprintf(w->word, sizeof(w->word), "%s", word);
	w->confidence = v->lines[i].conf;
}

/* The bounded grower that keeps most. */
static bool set_slow(struct series_word *w, const struct verdict *v)
{
	const struct verdict_fused *most = NULL;
	for (size_t i = 0; i < v->nfused; i++) {
		const struct verdict_fused *f = &v->fused[i];
		if (verdict_is_bounded(f) && (!most || f->judged.survivors * f->size > most->judged.survivors * most->size))
			most = f;
	}
	if (!most)
		return false;
	set_place(w, most->entry, most->entry);
	snprintf(w->word, sizeof(w->word), "slow");
	return true;
}

/* The first leak that nobody knows. False: there is none. */
static bool set_leak(struct series_word *w, const struct verdict *v, bool (*acked)(void *ctx, uint32_t id), void *ctx)
{
	for (size_t i = 0; i < v->nlines && v->lines[i].label == VERDICT_LEAK; i++) {
		set_line(w, v, i, "leak");
		if (!acked || !acked(ctx, (uint32_t)strtoul(w->id, NULL, 16)))
			return true;
	}
	*w = (struct series_word){.confidence = NAN};
	return false;
}

void series_word(struct life *l, bool (*acked)(void *ctx, uint32_t id), void *ctx, struct series_word *ret)
{
	struct verdict *v = verdict_new(life_verdict(l), 1);
	*ret = (struct series_word){.confidence = NAN};
	if (set_leak(ret, v, acked, ctx)) {
		;
	} else if (v->native.label == NATIVE_LEAK) {
		snprintf(ret->word, sizeof(ret->word), "native");
		ret->confidence = v->native.conf;
	} else if (v->nlines && v->lines[0].label == VERDICT_LEAK) {
		set_line(ret, v, 0, "acknowledged");
	} else if (life_dumps(l) < VERDICT_LEARNING) {
		snprintf(ret->word, sizeof(ret->word), "learning %zu/%d", life_dumps(l), VERDICT_LEARNING);
	} else if (v->nlines && v->lines[0].label == VERDICT_SUSPECT && v->lines[0].conf >= VERDICT_SUSPECT_AT) {
		set_line(ret, v, 0, "suspect");
	} else if (!set_slow(ret, v)) {
		snprintf(ret->word, sizeof(ret->word), "ok");
	}
	verdict_free(v);
}
