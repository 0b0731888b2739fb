/* Copies and thin copies of summaries. SPDX-License-Identifier: BSD-2-Clause */
#include "store/copy.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/u64map.h"
#include "store/store.h"

/* Everything but names and the arrays. */
static struct dump_summary *copy_scalars(const struct dump_summary *s)
{
	struct dump_summary *c = xmalloc(sizeof(*c));
	*c = *s;
#define X(field, n, flags)                                                                         \
	c->field = NULL;                                                                           \
	c->n = 0;
	SUMMARY_ARRAYS(X)
#undef X
	dump_header_copy(&c->head, &s->head);
	return c;
}

static void *copy_array(const void *p, size_t n, size_t size)
{
	if (!n)
		return NULL;
	void *c = xreallocarray(NULL, n, size);
	memcpy(c, p, n * size);
	return c;
}

struct sum_type *summary_types(const struct dump_summary *s, size_t *ret_n)
{
	struct sum_type *t = NULL;
	size_t n = 0, cap = 0;
	struct u64map at = {0};
	for (size_t i = 0; i < s->nkeys; i++) {
		bool fresh;
		uint32_t *place = u64map_put(&at, s->keys[i].type, &fresh);
		if (fresh) {
			t = xgrow(t, n, &cap, sizeof(*t));
			*place = (uint32_t)n;
			t[n++] = (struct sum_type){.type = s->keys[i].type};
		}
		t[*place].all.count += s->keys[i].all.count;
		t[*place].all.bytes += s->keys[i].all.bytes;
	}
	u64map_done(&at);
	*ret_n = n;
	return t;
}

struct dump_summary *summary_copy(const struct dump_summary *s, unsigned parts)
{
	struct dump_summary *c = copy_scalars(s);
	strtab_clone(&c->names, &s->names);
#define X(field, n, flags)                                                                         \
	if (parts & (flags)) {                                                                     \
		c->field = copy_array(s->field, s->n, sizeof(*s->field));                          \
		c->n = s->n;                                                                       \
	}
	SUMMARY_ARRAYS(X)
#undef X
	if (parts & STORE_TYPES && !c->types)
		c->types = summary_types(s, &c->ntypes);
	if (!(parts & STORE_TRACE))
		c->nsamples = 0;
	return c;
}

static int key_cmp(const void *pa, const void *pb)
{
	const struct sum_key *a = pa, *b = pb;
	if (a->all.bytes != b->all.bytes)
		return a->all.bytes > b->all.bytes ? -1 : 1;
	if (a->all.count != b->all.count)
		return a->all.count > b->all.count ? -1 : 1;
	return 0;
}

static uint32_t rename_id(struct dump_summary *c, const struct dump_summary *s, uint32_t id)
{
	return id ? strtab_intern(&c->names, strtab_get(&s->names, id)) : 0;
}

/* Rows for what the keys from `from` on hold, one a type; appended to c->keys. */
static void sum_rest(struct dump_summary *c, const struct dump_summary *s, size_t from)
{
	struct u64map rows = {0};
	for (size_t i = 0; i < c->nkeys; i++) /* a kept key may itself be a type without class and site */
		if (!c->keys[i].klass && !c->keys[i].file && !c->keys[i].line)
			*u64map_put(&rows, c->keys[i].type, NULL) = (uint32_t)i;
	for (size_t i = from; i < s->nkeys; i++) {
		const struct sum_key *k = &s->keys[i];
		uint32_t type = rename_id(c, s, k->type);
		bool fresh;
		uint32_t *row = u64map_put(&rows, type, &fresh);
		if (fresh) {
			*row = (uint32_t)c->nkeys++;
			c->keys = xreallocarray(c->keys, c->nkeys, sizeof(*c->keys));
			c->keys[*row] = (struct sum_key){.type = type};
		}
		struct sum_key *sum = &c->keys[*row];
		sum->all.count += k->all.count;
		sum->all.bytes += k->all.bytes;
		sum->garbage.count += k->garbage.count;
		sum->garbage.bytes += k->garbage.bytes;
	}
	u64map_done(&rows);
}

static int mix_cmp(const void *pa, const void *pb)
{
	const struct mix_entry *a = pa, *b = pb;
	return a->jobs != b->jobs ? (a->jobs > b->jobs ? -1 : 1) : strcmp(a->klass, b->klass);
}

struct dump_summary *summary_thin(const struct dump_summary *s)
{
	struct dump_summary *c = copy_scalars(s);
	strtab_init(&c->names);
	c->nsamples = 0;
	c->no_graph_why = rename_id(c, s, s->no_graph_why);
	if (c->head.nmix > THIN_MIX) {
		qsort(c->head.mix, c->head.nmix, sizeof(*c->head.mix), mix_cmp);
		c->head.nmix = THIN_MIX;
	}
	size_t n = s->nkeys < THIN_KEYS ? s->nkeys : THIN_KEYS;
	c->keys = xreallocarray(NULL, n + 1, sizeof(*c->keys));
	c->nkeys = n;
	for (size_t i = 0; i < n; i++) {
		const struct sum_key *k = &s->keys[i];
		c->keys[i] = *k;
		c->keys[i].type = rename_id(c, s, k->type);
		c->keys[i].klass = rename_id(c, s, k->klass);
		c->keys[i].file = rename_id(c, s, k->file);
		c->keys[i].retained = (struct tally){0}; /* does not sum over keys: would be wrong beside summed rows */
	}
	sum_rest(c, s, n);
	qsort(c->keys, c->nkeys, sizeof(*c->keys), key_cmp);
	return c;
}
