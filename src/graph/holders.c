/* Holders: where retained bytes accumulate, said as people say it. SPDX-License-Identifier: BSD-2-Clause
 *
 * A node of the dominator tree is a holder when it retains enough (GRAPH_HOLDER_SHARE, _MIN) and none of its children carries on most of
 * it (GRAPH_HOLDER_CARRY_PERCENT). A class whose only weight is one Hash is therefore passed over for the Hash, which is
 * then called "class PriceCache -> Hash". */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "graph/labels.h"

/* --- names --- */

static const char *step_text(const struct conclusion *c, uint32_t sig)
{
	const struct sum_sig *s = &c->s->sigs[sig];
	const char *text = strtab_str(&c->s->names, s->label ? s->label : s->klass);
	return text ? summary_step_text(text) : "";
}

/* Signatures from the one that names the holder (the last class, module, constant, thread on the way, else the root) down to `sig`, which
 * goes by `last`. Returns how many; the first GRAPH_HOLDER_STEPS - 1 from below and the first one from above are in path[], lowest first.
 */
static uint32_t path_to(const struct conclusion *c, uint32_t sig, const char *last, uint32_t *path)
{
	uint32_t n = 0;
	for (;; sig = c->s->sigs[sig].parent) {
		path[n < GRAPH_HOLDER_STEPS - 1 ? n : GRAPH_HOLDER_STEPS - 1] = sig;
		if (summary_names_itself(n++ ? step_text(c, sig) : last) || c->s->sigs[sig].parent == UINT32_MAX)
			return n;
	}
}

/* "class PriceCache -> Hash", "class A -> ... -> Node (x 12) -> Array"; last: how the last step is called. The caller frees. */
static char *path_text(const struct conclusion *c, uint32_t sig, const char *last)
{
	uint32_t path[GRAPH_HOLDER_STEPS], n = path_to(c, sig, last, path);
	uint32_t shown = n < GRAPH_HOLDER_STEPS ? n : GRAPH_HOLDER_STEPS;
	char *text = NULL;
	for (uint32_t i = shown; i-- > 0;) {
		const struct sum_sig *s = &c->s->sigs[path[i]];
		const char *step = step_text(c, path[i]);
		const char *gap = !text ? "" : i == shown - 2 && n > shown ? " -> ... -> " : " -> ";
		if (i == 0 && s->parent != UINT32_MAX)
			step = last;
		char *next = s->repeat > 1 && i > 0 ? /* the last step is this one object, wherever in its chain */
		    xasprintf("%s%s%s (x %u)", text ? text : "", gap, step, s->repeat) :
		    xasprintf("%s%s%s", text ? text : "", gap, step);
		free(text);
		text = next;
	}
	return text;
}

static uint32_t holder_text(struct conclusion *c, uint32_t id, uint32_t label)
{
	const struct sum_sig *s = &c->s->sigs[c->sig[id]];
	char *text = path_text(c, c->sig[id], summary_step_text(strtab_str(&c->s->names, label ? label : s->klass)));
	uint32_t name = strtab_intern(&c->s->names, span_of(text));
	free(text);
	return name;
}

/* --- which --- */

static uint64_t threshold(const struct conclusion *c)
{
	uint64_t share = c->s->reachable.bytes / GRAPH_HOLDER_SHARE;
	return share > GRAPH_HOLDER_MIN ? share : GRAPH_HOLDER_MIN;
}

/* What a search for holders has. */
struct search {
	const struct conclusion *c;
	struct top *top;
	uint64_t least;
	uint8_t *carried; /* by id of inner ones: a child carries on most of it */
};

/* bytes: retained. */
static inline void look_at(struct search *f, uint32_t id, uint64_t bytes, bool carried)
{
	const struct conclusion *c = f->c;
	if (bytes < f->least / 100 * GRAPH_HOLDER_CARRY_PERCENT) /* too little for its dominator or itself */
		return;
	uint32_t up = c->up[id];
	if (up && bytes > c->bytes[up - 1] / 100 * GRAPH_HOLDER_CARRY_PERCENT)
		f->carried[up - 1] = 1;
	if (bytes >= f->least && !carried && top_wants(f->top, bytes))
		top_offer(f->top, (struct top_row){.a = bytes, .b = conclusion_retained(c, id).count, .tie = conclusion_path_tie(c, id),
		    .addr = conclusion_addr(c, id), .ref = id});
}

/* Offers the holders: leaves first, then from the last id to the first, so that an object comes when all it dominates has come. */
static void find(struct search *f)
{
	for (uint32_t id = f->c->walk.leaf; id < f->c->walk.cap; id++)
		look_at(f, id, conclusion_size(f->c, id), false);
	for (uint32_t id = f->c->walk.n; id-- > 0;)
		look_at(f, id, f->c->bytes[id], f->carried[id]);
}

static struct sum_holder holder_row(struct conclusion *c, const struct top_row *row, uint32_t label)
{
	return (struct sum_holder){
		.sig = c->sig[row->ref],
		.text = holder_text(c, row->ref, label),
		.addr = conclusion_addr(c, row->ref),
		.own = {.count = 1, .bytes = conclusion_size(c, row->ref)},
		.retained = {.count = row->b, .bytes = row->a},
	};
}

bool conclude_holders(struct conclusion *c)
{
	struct top_row *rows = xcalloc(SUM_HOLDERS, sizeof(*rows));
	struct top top = {.row = rows, .cap = SUM_HOLDERS};
	uint8_t *carried = gmem_alloc(&c->g->mem, c->walk.n, 1);
	if (!carried) {
		free(rows);
		return false;
	}
	find(&(struct search){.c = c, .top = &top, .least = threshold(c), .carried = carried});
	gmem_free(&c->g->mem, carried, c->walk.n, 1);
	top_sort(&top);
	struct labels *labels = labels_new(c, rows, top.n);
	if (labels) {
		c->s->holders = xcalloc(top.n, sizeof(*c->s->holders));
		c->s->nholders = top.n;
		for (size_t i = 0; i < top.n; i++)
			c->s->holders[i] = holder_row(c, &rows[i], labels_holder(labels, i));
		labels_free(labels);
	}
	free(rows);
	return labels != NULL;
}
