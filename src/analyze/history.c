/* Changes of numbers as varints. SPDX-License-Identifier: BSD-2-Clause
 *
 * A change is (how far its number is from that of the change before, zigzag) + 1, then by how much it moves, zigzag; a step ends with 0.
 * Only this file writes and reads it, so nothing is checked. */
#include "analyze/history.h"

enum { CHANGE_BYTES = 20 }; /* two numbers of at most 10 */

void history_done(struct history *h)
{
	enc_done(&h->e);
	*h = (struct history){0};
}

static uint64_t zigzag(uint64_t v) { return v << 1 ^ -(v >> 63); }
static uint64_t unzigzag(uint64_t v) { return v >> 1 ^ -(v & 1); }

static uint8_t *put(uint8_t *p, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		*p++ = (uint8_t)(v | 0x80);
	*p++ = (uint8_t)v;
	return p;
}

static inline uint64_t get(const uint8_t **p)
{
	uint64_t v = *(*p)++;
	if (v < 0x80)
		return v;
	v &= 0x7f;
	for (unsigned shift = 7;; shift += 7) {
		uint64_t b = *(*p)++;
		v |= (b & 0x7f) << shift;
		if (b < 0x80)
			return v;
	}
}

void history_move(struct history *h, uint32_t i, uint64_t change)
{
	uint8_t *from = enc_room(&h->e, CHANGE_BYTES);
	uint8_t *to = put(put(from, zigzag((uint64_t)i - h->last) + 1), zigzag(change));
	h->e.n -= (size_t)(from + CHANGE_BYTES - to);
	h->last = i;
}

void history_step(struct history *h) { enc_u8(&h->e, 0); }

void history_next(struct history_walk *w, uint64_t *numbers)
{
	for (uint64_t step; (step = get(&w->p)) != 0;) {
		w->last += (uint32_t)unzigzag(step - 1);
		numbers[w->last] += unzigzag(get(&w->p));
	}
}
