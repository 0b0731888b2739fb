/* Names of classes. SPDX-License-Identifier: BSD-2-Clause
 *
 * The way up is one step per class (ICLASS lines are passed over), so what a class answers is what the class above
 * it answers, plus one step; each line is walked once in all, and a cycle answers nothing. */
#include "reduce/classes.h"

#include <stdlib.h>

#include "base/cursor.h"
#include "base/mem.h"

enum { CLASS_NEW, CLASS_ON_WAY, CLASS_KNOWN, CLASS_NAMED };

void classes_done(struct classes *c)
{
	u64map_done(&c->index);
	free(c->lines);
	*c = (struct classes){0};
}

void classes_add(struct classes *c, const struct class_line *line)
{
	bool fresh;
	uint32_t *i = u64map_put(&c->index, line->addr, &fresh);
	if (fresh) {
		c->lines = xgrow(c->lines, c->n, &c->cap, sizeof(*c->lines));
		*i = (uint32_t)c->n++;
	} else if (c->lines[*i].order <= line->order) {
		return;
	}
	c->lines[*i] = *line;
}

static struct class_line *line_at(struct classes *c, uint64_t addr)
{
	uint32_t *i = u64map_get(&c->index, addr);
	return i ? &c->lines[*i] : NULL;
}

static struct class_line *above(struct classes *c, const struct class_line *l)
{
	return l->flags & OBJ_HAS_SUPERCLASS ? line_at(c, l->super) : NULL;
}

/* The name of the line itself, 0 = it has none. */
static uint32_t own_name(const struct class_line *l, const struct reduce_names *names, struct dump_summary *s)
{
	if (l->type == HEAP_ICLASS)
		return 0;
	if (l->name)
		return reduce_name(names, l->name, s);
	return l->flags & OBJ_SINGLETON ? reduce_name(names, l->real, s) : 0;
}

/* Fills base and wraps of l from the line above it (NULL: nothing answers there). */
static void learn(struct class_line *l, const struct class_line *up)
{
	bool counts = l->type != HEAP_ICLASS && !(l->flags & OBJ_SINGLETON);
	l->state = CLASS_KNOWN;
	if (!up || !up->base)
		return;
	l->base = up->base;
	l->wraps = up->wraps + (counts && up->wraps < CLASSES_WRAPS_MAX);
}

/* Makes base and wraps of l known: up to a line that is known, named, missing or already on the way (a cycle), then down. */
static void climb(struct classes *c, struct class_line *l, const struct reduce_names *names, struct dump_summary *s)
{
	uint32_t *way = NULL;
	size_t n = 0, cap = 0;
	while (l && l->state == CLASS_NEW) {
		uint32_t name = own_name(l, names, s);
		if (name) {
			l->base = name;
			l->state = CLASS_KNOWN;
			break;
		}
		l->state = CLASS_ON_WAY;
		way = xgrow(way, n, &cap, sizeof(*way));
		way[n++] = (uint32_t)(l - c->lines);
		l = above(c, l);
	}
	if (l && l->state == CLASS_ON_WAY)
		l = NULL;
	while (n > 0) {
		struct class_line *down = &c->lines[way[--n]];
		learn(down, l);
		l = down;
	}
	free(way);
}

static uint32_t wrap(struct span base, uint32_t wraps, struct dump_summary *s)
{
	struct enc e = {0};
	for (uint32_t i = 0; i < wraps; i++)
		enc_raw(&e, "#<Class < ", 10);
	enc_raw(&e, base.p, base.n);
	for (uint32_t i = 0; i < wraps; i++)
		enc_u8(&e, '>');
	uint32_t id = strtab_intern(&s->names, (struct span){e.p, e.n});
	enc_done(&e);
	return id;
}

/* The nearest line that is no ICLASS; NULL when there is none, a cycle of them, or more than anybody mixes in. */
static struct class_line *real_line(struct classes *c, struct class_line *l)
{
	for (size_t steps = 0; l && l->type == HEAP_ICLASS; steps++)
		l = steps < CLASSES_ICLASS_MAX ? above(c, l) : NULL;
	return l;
}

static uint32_t name_of(struct classes *c, struct class_line *l, const struct reduce_names *names, struct dump_summary *s)
{
	struct class_line *r = real_line(c, l);
	if (!r)
		return 0;
	if (r->state == CLASS_NEW)
		climb(c, r, names, s);
	if (r->base)
		return r->wraps ? wrap(strtab_get(&s->names, r->base), r->wraps, s) : r->base;
	return r->flags & OBJ_SINGLETON ? 0 : strtab_intern(&s->names, SPAN_LIT("#<Class>"));
}

uint32_t classes_name(struct classes *c, uint64_t addr, const struct reduce_names *names, struct dump_summary *s)
{
	struct class_line *l = line_at(c, addr);
	if (!l)
		return 0;
	if (l->state != CLASS_NAMED) {
		l->text = name_of(c, l, names, s);
		if (l->state == CLASS_NEW) /* an ICLASS that no way up has passed yet */
			climb(c, l, names, s);
		l->state = CLASS_NAMED;
	}
	return l->text;
}
