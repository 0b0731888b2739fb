/* When the garbage was born: (generation x key) of what the walk did not reach. SPDX-License-Identifier: BSD-2-Clause
 *
 * An object that a bounded cache lets go of lives on, promoted, until the next major GC, and by its generation it looks like one that was
 * kept. Only who knows the dead of each generation knows how many of its births have survived. */
#include "graph/dead.h"

#include "graph/internal.h"

bool dead_begin(struct dead *d, struct conclusion *c)
{
	*d = (struct dead){.mem = &c->g->mem, .s = c->s, .nslots = c->rows.nslots};
	if (c->g->born.n < c->rows.n) /* nobody had a generation */
		return true;
	d->born = c->g->born.p;
	d->memo = gmem_alloc(d->mem, d->nslots, sizeof(*d->memo));
	c->s->genkeys_dead = d->memo || !d->nslots;
	return c->s->genkeys_dead;
}

/* Its row + 1; 0: the reducer had no room for the pair. */
static uint32_t find_row(const struct dump_summary *s, uint32_t generation, uint32_t key)
{
	size_t a = 0, b = s->ngenkeys;
	while (a < b) {
		size_t m = (a + b) / 2;
		const struct sum_genkey *g = &s->genkeys[m];
		if (g->generation < generation || (g->generation == generation && g->key < key))
			a = m + 1;
		else
			b = m;
	}
	return a < s->ngenkeys && s->genkeys[a].generation == generation && s->genkeys[a].key == key ? (uint32_t)a + 1 : 0;
}

void dead_count(struct dead *d, uint32_t id, uint32_t slot, uint32_t key)
{
	if (!d->born || d->born[id] == GRAPH_UNBORN || slot >= d->nslots)
		return;
	struct dead_row *memo = &d->memo[slot];
	if (!memo->row || memo->generation != d->born[id])
		*memo = (struct dead_row){d->born[id], find_row(d->s, d->born[id], key)};
	if (memo->row && d->s->genkeys[memo->row - 1].dead < d->s->genkeys[memo->row - 1].t.count)
		d->s->genkeys[memo->row - 1].dead++;
}

void dead_end(struct dead *d)
{
	gmem_free(d->mem, d->memo, d->nslots, sizeof(*d->memo));
	*d = (struct dead){0};
}
