/* When the garbage was born: (generation x key) of what the walk did not reach. SPDX-License-Identifier: BSD-2-Clause
 *
 * An object that a bounded cache lets go of lives on, promoted, until the next major GC, and by its generation it looks like one that was
 * kept. Only who knows the dead of each generation knows how many of its births have survived. */
#include "graph/dead.h"

#include "graph/internal.h"

bool dead_begin(struct dead *d, struct conclusion *c)
{
	struct dump_summary *s = c->s;
	*d = (struct dead){.mem = &c->g->mem, .born = c->g->born.p, .s = s, .nslots = c->rows.nslots};
	if (c->g->born.n < c->rows.n) { /* nobody had a generation */
		d->born = NULL;
		return true;
	}
	d->from = gmem_alloc(d->mem, s->ngens + 1, sizeof(*d->from));
	d->memo = gmem_alloc(d->mem, d->nslots, sizeof(*d->memo));
	if (!d->from || (d->nslots && !d->memo)) {
		dead_end(d);
		return false;
	}
	for (size_t i = 0, row = 0; i <= s->ngens; i++) {
		while (row < s->ngenkeys && i < s->ngens && s->genkeys[row].generation < s->gens[i].generation)
			row++;
		d->from[i] = i < s->ngens ? row : s->ngenkeys;
	}
	s->genkeys_dead = true;
	return true;
}

/* Index of the generation in s->gens, ngens: it is not there. */
static size_t find_generation(const struct dump_summary *s, uint64_t generation)
{
	size_t a = 0, b = s->ngens;
	while (a < b) {
		size_t m = (a + b) / 2;
		if (s->gens[m].generation < generation)
			a = m + 1;
		else
			b = m;
	}
	return a < s->ngens && s->gens[a].generation == generation ? a : s->ngens;
}

/* Its row + 1; 0: the reducer had no room for the pair. */
static uint32_t find_row(const struct dead *d, uint32_t generation, uint32_t key)
{
	const struct dump_summary *s = d->s;
	size_t g = find_generation(s, generation);
	if (g == s->ngens)
		return 0;
	uint64_t a = d->from[g], b = d->from[g + 1], end = b;
	while (a < b) {
		uint64_t m = (a + b) / 2;
		if (s->genkeys[m].key < key)
			a = m + 1;
		else
			b = m;
	}
	return a < end && s->genkeys[a].key == key ? (uint32_t)a + 1 : 0;
}

void dead_count(struct dead *d, uint32_t id, uint32_t slot, uint32_t key)
{
	if (!d->born || d->born[id] == GRAPH_UNBORN || slot >= d->nslots)
		return;
	struct dead_row *memo = &d->memo[slot];
	if (!memo->row || memo->generation != d->born[id])
		*memo = (struct dead_row){d->born[id], find_row(d, d->born[id], key)};
	if (memo->row && d->s->genkeys[memo->row - 1].dead < d->s->genkeys[memo->row - 1].t.count)
		d->s->genkeys[memo->row - 1].dead++;
}

void dead_end(struct dead *d)
{
	gmem_free(d->mem, d->from, d->s->ngens + 1, sizeof(*d->from));
	gmem_free(d->mem, d->memo, d->nslots, sizeof(*d->memo));
	*d = (struct dead){0};
}
