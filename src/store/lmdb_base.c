/* Which dump the tables of another are a difference from. SPDX-License-Identifier: BSD-2-Clause
 *
 * The dumps of a process have places 0, 1, 2 ... since its last whole one. Place p is a difference from the place with p's lowest
 * digit that is not 0 cleared to the one before, in base DB_RADIX: 9 from 8, 16 from 8, 64 from 0. So a run of DB_RUN_MAX dumps
 * pays for one whole table, none is more than DB_RADIX * log(DB_RUN_MAX) differences away from it, and at most log(DB_RUN_MAX)
 * others hang on any one dump: that many must be written anew when retention takes it. What changes between two dumps mostly
 * changes back (requests in flight), so a difference over 64 dumps is little larger than one over one. */
#include "store/lmdb_int.h"

uint64_t lmdb_base_place(uint64_t place)
{
	uint64_t step = 1;
	if (!place)
		return 0;
	while (place / step % DB_RADIX == 0)
		step *= DB_RADIX;
	return place - step;
}

unsigned lmdb_base_level(uint64_t place)
{
	unsigned level = 0;
	for (; level < DB_LEVELS && place % DB_RADIX == 0; place /= DB_RADIX)
		level++;
	return level;
}

static bool is_link(const struct lmdb_row *r, uint64_t proc) { return r->d.proc == proc && !r->d.partial && !r->d.thinned; }

void lmdb_base_choose(struct lmdb_row *row, const struct lmdb_row *old, size_t n)
{
	row->base = row->place = 0;
	if (row->d.partial || row->d.thinned)
		return;
	while (n && !is_link(&old[n - 1], row->d.proc))
		n--;
	if (!n || old[n - 1].place + 1 >= DB_RUN_MAX)
		return;
	row->place = old[n - 1].place + 1;
	uint64_t want = lmdb_base_place(row->place), above = row->place;
	/* Back to that place, or, when retention took it, to the next one that is left. */
	for (size_t i = n; i-- > 0;) {
		if (!is_link(&old[i], row->d.proc))
			continue;
		if (old[i].place >= above || old[i].place < want)
			break;
		above = old[i].place;
		row->base = old[i].d.dump;
	}
}
