/* Holders: where retained bytes accumulate, said as people say it. SPDX-License-Identifier: BSD-2-Clause
 *
 * A node of the dominator tree is a holder when it retains enough (GRAPH_HOLDER_SHARE, _MIN) and none of its children carries on most of
 * it (GRAPH_HOLDER_CARRY_PERCENT). A class whose only weight is one Hash is therefore passed over for the Hash, which is
 * then called "class PriceCache -> Hash". */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "graph/conclude.h"

/* --- names --- */

static const char *step_text(const struct conclusion *c, uint32_t sig)
{
	const char *text = strtab_str(&c->s->names, c->s->sigs[sig].klass);
	return text ? text : "";
}

static bool names_holder(const char *step)
{
	return !strncmp(step, "class ", 6) || !strncmp(step, "module ", 7) || !strcmp(step, "Thread") || !strcmp(step, "Fiber");
}

/* What a person calls a root; the rest go by their own names. */
static const char *root_text(const char *step)
{
	static const struct { const char *root, *text; } known[] = {
		{"root finalizers", "finalizer table"},
		{"root global_tbl", "global variable"},
		{"root global_list", "C global"},
		{"root machine_context", "machine stack"},
		{"root end_proc", "at_exit"},
	};
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (!strcmp(step, known[i].root))
			return known[i].text;
	return step;
}

/* Signatures from the one that names the holder (the last class, module, thread on the way, else the root) down to `sig`. Returns how
 * many; the first GRAPH_HOLDER_STEPS - 1 from below and the first one from above are in path[], lowest first. */
static uint32_t path_to(const struct conclusion *c, uint32_t sig, uint32_t *path)
{
	uint32_t n = 0;
	for (;; sig = c->s->sigs[sig].parent) {
		path[n < GRAPH_HOLDER_STEPS - 1 ? n : GRAPH_HOLDER_STEPS - 1] = sig;
		n++;
		if (names_holder(step_text(c, sig)) || c->s->sigs[sig].parent == UINT32_MAX)
			return n;
	}
}

/* "class PriceCache -> Hash", "class A -> ... -> Node (x 12) -> Array". The caller frees. */
static char *path_text(const struct conclusion *c, uint32_t sig, const char *last)
{
	uint32_t path[GRAPH_HOLDER_STEPS], n = path_to(c, sig, path);
	uint32_t shown = n < GRAPH_HOLDER_STEPS ? n : GRAPH_HOLDER_STEPS;
	char *text = NULL;
	for (uint32_t i = shown; i-- > 0;) {
		const struct sum_sig *s = &c->s->sigs[path[i]];
		const char *step = s->parent == UINT32_MAX ? root_text(step_text(c, path[i])) : step_text(c, path[i]);
		const char *gap = !text ? "" : i == shown - 2 && n > shown ? " -> ... -> " : " -> ";
		if (i == 0 && last)
			step = last;
		char *next = s->repeat > 1 && i > 0 ? /* the last step is this one object, wherever in its chain */
		    xasprintf("%s%s%s (x %u)", text ? text : "", gap, step, s->repeat) :
		    xasprintf("%s%s%s", text ? text : "", gap, step);
		free(text);
		text = next;
	}
	return text;
}

/* A block is known by where it was written, when allocations were traced. NULL for all other objects. */
static char *proc_text(const struct conclusion *c, uint32_t id)
{
	const struct sum_key *k = conclusion_key(c, id);
	const char *klass = strtab_str(&c->s->names, k->klass), *file = strtab_str(&c->s->names, k->file);
	if (!klass || !file || strcmp(klass, "Proc"))
		return NULL;
	return xasprintf("proc at %s:%u", file, k->line);
}

static uint32_t holder_text(struct conclusion *c, uint32_t id)
{
	char *proc = proc_text(c, id), *text = path_text(c, c->sig[id], proc);
	uint32_t name = strtab_intern(&c->s->names, span_of(text));
	free(text);
	free(proc);
	return name;
}

/* --- which --- */

static uint64_t largest_child(const struct conclusion *c, uint32_t p)
{
	uint64_t most = 0;
	for (uint32_t k = p + 1, end = p + c->dom.sub[p]; k < end; k += c->dom.sub[k]) {
		uint64_t bytes = conclusion_retained(c, k).bytes;
		most = bytes > most ? bytes : most;
	}
	return most;
}

static uint64_t threshold(const struct conclusion *c)
{
	uint64_t share = c->s->reachable.bytes / GRAPH_HOLDER_SHARE;
	return share > GRAPH_HOLDER_MIN ? share : GRAPH_HOLDER_MIN;
}

bool conclude_holders(struct conclusion *c)
{
	struct top_row *rows = xcalloc(SUM_HOLDERS, sizeof(*rows));
	struct top top = {.row = rows, .cap = SUM_HOLDERS};
	uint64_t least = threshold(c);
	for (uint32_t p = 1; p <= c->dom.n; p++) {
		struct tally t = conclusion_retained(c, p);
		if (t.bytes < least || (top.n == top.cap && t.bytes < rows[0].a))
			continue;
		if (largest_child(c, p) <= t.bytes / 100 * GRAPH_HOLDER_CARRY_PERCENT)
			top_offer(&top, (struct top_row){.a = t.bytes, .b = t.count, .id = c->dom.id[p]});
	}
	top_sort(&top);
	c->s->holders = xcalloc(top.n, sizeof(*c->s->holders));
	c->s->nholders = top.n;
	for (size_t i = 0; i < top.n; i++) {
		uint32_t id = rows[i].id;
		c->s->holders[i] = (struct sum_holder){
			.sig = c->sig[id],
			.text = holder_text(c, id),
			.addr = conclusion_addr(c, id),
			.own = {.count = 1, .bytes = conclusion_size(c, id)},
			.retained = {.count = rows[i].b, .bytes = rows[i].a},
		};
	}
	free(rows);
	return true;
}
