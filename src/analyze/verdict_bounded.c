/* Verdict: what grows like a cache, a line each. SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>

#include "analyze/verdict_fold.h"
#include "base/mem.h"

enum { BOUNDED_MIN = 30 /* objects that a bounded grower has kept before it is worth a line */ };

bool verdict_is_bounded(const struct verdict_fused *f)
{
	return f->label == VERDICT_SLOW && f->line < 0 && f->judged.survivors >= BOUNDED_MIN;
}

/* Of n bounded containers the one nearest to the root that f is in; NULL: none. */
static const struct verdict_fused *around(const struct verdict_fused *const *c, size_t n, const struct verdict_fused *f)
{
	const struct verdict_fused *best = NULL;
	for (size_t i = 0; i < n; i++) {
		if (verdict_under(f->entry, c[i]->entry) && (!best || verdict_by_depth(&c[i], &best) < 0))
			best = c[i];
	}
	return best;
}

size_t verdict_bounded(const struct verdict *v, struct verdict_bounded *ret)
{
	size_t n = 0, nboxes = 0;
	_cleanup_free_ uint32_t *at = xcalloc(v->nfused + 1, sizeof(*at)); /* of a container its place in ret, from 1 */
	_cleanup_free_ const struct verdict_fused **box = xcalloc(v->nfused + 1, sizeof(*box));
	for (size_t i = 0; i < v->nfused; i++) {
		if (v->fused[i].entry->key->len >= 0 && verdict_is_bounded(&v->fused[i]))
			box[nboxes++] = &v->fused[i];
	}
	for (size_t i = 0; i < v->nfused; i++) {
		const struct verdict_fused *f = &v->fused[i];
		if (!verdict_is_bounded(f))
			continue;
		const struct verdict_fused *c = around(box, nboxes, f), *top = c ? c : f;
		uint32_t *have = &at[top - v->fused];
		if (!*have) {
			ret[n] = (struct verdict_bounded){.top = top, .head = top};
			*have = (uint32_t)++n;
		}
		struct verdict_bounded *whole = &ret[*have - 1];
		if (c && f->entry->key->len < 0)
			whole->pace += f->rate * f->size;
		if (verdict_names(f, top, whole->head))
			whole->head = f;
	}
	for (size_t i = 0; i < n; i++) {
		if (!(ret[i].pace > 0))
			ret[i].pace = ret[i].top->rate * ret[i].top->size;
	}
	return n;
}
