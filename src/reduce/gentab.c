/* Tallies of (generation x slot). SPDX-License-Identifier: BSD-2-Clause */
#include "reduce/gentab.h"

#include <stdlib.h>

#include "base/mem.h"

enum { GENTAB_FIRST = 16 };

void gentab_done(struct gentab *t)
{
	for (size_t i = 0; i < 1 << GENTAB_PARTS_LOG2; i++)
		free(t->part[i].p);
	free(t->spill);
	*t = (struct gentab){0};
}

/* Multiplicative hashing (Knuth, TAOCP 3, 6.4); the constant is 2^64 / golden ratio. */
static inline uint64_t hash_of(uint32_t gen, uint32_t slot)
{
	uint64_t h = ((uint64_t)gen << 32 | slot) * 0x9e3779b97f4a7c15ull;
	return (h ^ h >> 32) * 0x9e3779b97f4a7c15ull;
}

static inline struct gentab_part *part_of(struct gentab *t, uint64_t h)
{
	return &t->part[h >> (64 - GENTAB_PARTS_LOG2)];
}

/* The home of h in a partition of any size: a multiplication instead of a division (Lemire, "Fast random integer
 * generation in an interval", 2019). */
static inline uint32_t home_of(const struct gentab_part *p, uint64_t h)
{
	return (uint32_t)((h & UINT32_MAX) * p->cap >> 32);
}

static struct gen_pair *place_of(struct gentab_part *p, uint64_t h, uint32_t gen, uint32_t slot)
{
	for (uint32_t i = home_of(p, h);;) {
		struct gen_pair *e = &p->p[i];
		if (e->count == 0 || (e->slot == slot && e->gen == gen))
			return e;
		if (++i == p->cap)
			i = 0;
	}
}

/* By a half, so that the table is never emptier than 53 %. */
static void grow(struct gentab_part *p)
{
	struct gentab_part old = *p;
	p->cap = old.cap ? old.cap + old.cap / 2 : GENTAB_FIRST;
	p->p = xarray0(p->cap, sizeof(*p->p));
	for (uint32_t i = 0; i < old.cap; i++) {
		const struct gen_pair *e = &old.p[i];
		if (e->count)
			*place_of(p, hash_of(e->gen, e->slot), e->gen, e->slot) = *e;
	}
	free(old.p);
}

static void spill(struct gentab *t, uint32_t gen, uint32_t slot, struct tally more)
{
	t->spill = xgrow(t->spill, t->nspill, &t->cap_spill, sizeof(*t->spill));
	t->spill[t->nspill++] = (struct gen_spill){slot, gen, more};
}

void gentab_add_tally(struct gentab *t, uint32_t gen, uint32_t slot, struct tally more)
{
	uint64_t h = hash_of(gen, slot);
	struct gentab_part *p = part_of(t, h);
	if ((uint64_t)p->n * 5 >= (uint64_t)p->cap * 4)
		grow(p);
	struct gen_pair *e = place_of(p, h, gen, slot);
	if (e->count == 0) {
		if (t->n >= GENTAB_MAX) {
			t->cut = true;
			return;
		}
		p->n++;
		t->n++;
		*e = (struct gen_pair){slot, gen, 0, 0};
	}
	if (__builtin_expect(more.count + e->count > UINT32_MAX || more.bytes > UINT32_MAX - e->bytes, 0)) {
		/* The pair itself stays (count 1 at least marks it), the rest goes to the list. */
		if (e->count == 0) {
			e->count = 1;
			more.count--;
		}
		if (more.bytes || more.count)
			spill(t, gen, slot, more);
		return;
	}
	e->count += (uint32_t)more.count;
	e->bytes += (uint32_t)more.bytes;
}

void gentab_flush(struct gentab *t)
{
	for (uint32_t i = 0; i < t->npending; i++)
		gentab_add_tally(t, t->pending[i].gen, t->pending[i].slot, t->pending[i].t);
	t->npending = 0;
}

void gentab_add(struct gentab *t, uint32_t gen, uint32_t slot, struct tally more)
{
	uint64_t h = hash_of(gen, slot);
	struct gentab_part *p = part_of(t, h);
	if (p->cap)
		__builtin_prefetch(&p->p[home_of(p, h)], 1);
	uint32_t i = t->npending++;
	t->pending[i].slot = slot;
	t->pending[i].gen = gen;
	t->pending[i].t = more;
	if (t->npending == GENTAB_RING)
		gentab_flush(t);
}

void gentab_each(const struct gentab *t, void (*fn)(void *ctx, uint32_t gen, uint32_t slot, struct tally t), void *ctx)
{
	for (size_t i = 0; i < 1 << GENTAB_PARTS_LOG2; i++) {
		const struct gentab_part *p = &t->part[i];
		for (uint32_t k = 0; k < p->cap; k++)
			if (p->p[k].count)
				fn(ctx, p->p[k].gen, p->p[k].slot, (struct tally){p->p[k].count, p->p[k].bytes});
	}
	for (size_t i = 0; i < t->nspill; i++)
		fn(ctx, t->spill[i].gen, t->spill[i].slot, t->spill[i].t);
}
