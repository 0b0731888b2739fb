/* Addresses to dense numbers. SPDX-License-Identifier: BSD-2-Clause
 *
 * While scanning, each address becomes a 32-bit *code*:
 *
 *     code < ADDR_ODD:  page number << 11 | (address % 16 KiB) / 8      pages numbered as they are first seen
 *     else:             ADDR_ODD + k                                    the k-th address that fits no page
 *
 * Ruby's pages are 16 or 64 KiB and its slots multiples of 8 bytes (gc.c, 2.7 to 4.0), so a bit for each 8 bytes of 16 KiB is exact for
 * every Ruby, whatever its slot sizes. "Odd" are addresses that are no multiple of 8, and all when there are too many pages.
 *
 * An object's *id* is its place among the objects of the dump. Ruby writes one page after the other, in whatever order, and each in the
 * order of addresses; so an id is that of the page's first object and the rank of its bit: a sum kept a word and a popcount. 360 bytes a
 * page of up to 409 objects, which stay in the cache, where a table of u32 would not. A page that is written in another way (by other
 * tools) gets such a table. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/u64map.h"
#include "graph/glog.h"
#include "graph/gmem.h"

enum { ADDR_PAGE_BITS = 14, ADDR_SLOT_BITS = ADDR_PAGE_BITS - 3, ADDR_SLOTS = 1 << ADDR_SLOT_BITS };
enum { ADDR_WORDS = ADDR_SLOTS / 64 };

#define ADDR_ODD 0xE0000000u  /* codes from here on are odd ones: leaves room for 28 GiB of pages */
#define ADDR_NONE 0xFFFFFFFFu /* no object there (as an id), or no code could be made */

/* A page with objects. */
struct addr_page {
	uint64_t bits[ADDR_WORDS];
	uint16_t rank[ADDR_WORDS]; /* objects before a word that has some */
	uint64_t number;           /* address >> ADDR_PAGE_BITS */
	uint32_t *ids;             /* by slot, once an object came out of order; NULL: base and rank tell */
	uint32_t base;             /* id of its first object */
	uint16_t n, last;          /* objects that came in order; the slot of the last of these */
};

/* What a code finds first: small enough for the nearest cache. */
struct addr_ref {
	struct addr_page *page; /* NULL: no object there so far */
	uint32_t base;          /* that of the page, ADDR_NONE: ask its table */
};

enum { ADDR_REGION_BITS = 26, ADDR_REGION_CACHE = 64 };

struct addr_region {
	uint64_t number;  /* address >> ADDR_REGION_BITS */
	uint32_t *pages;  /* page + 1, 0 = none; 4096 */
};

/* Embedded; addrmap_init before use. */
struct addrmap {
	struct gmem *mem;
	struct addr_ref *page;          /* by the number in a code */
	uint64_t *number;               /* the same: address >> ADDR_PAGE_BITS */
	uint32_t npages, cap, number_cap;
	struct glog with_objects;       /* struct addr_page: in the order of their bases */
	struct glog strays;             /* (id, code) of objects out of order, in the order of their ids */
	struct u64map regions;          /* region number -> index */
	struct addr_region *region;
	uint32_t nregions, region_cap;
	struct addr_region cache[ADDR_REGION_CACHE]; /* direct-mapped by number; pages NULL = empty */
	struct u64map odd;              /* address -> k */
	uint64_t *odd_addr;             /* by k */
	uint32_t nodd, odd_cap;
	uint32_t *odd_id;               /* by k: id + 1, 0 = no object */
	uint64_t odd_charge;            /* bytes charged for the two maps */
	uint32_t nobjects;
};

void addrmap_init(struct addrmap *m, struct gmem *mem);
void addrmap_done(struct addrmap *m);
/* The code of an address, new or old; ADDR_NONE without memory. */
uint32_t addrmap_code(struct addrmap *m, uint64_t addr);
/* Notes that an object lies at this code; its id is the number of those noted before. 1 when it is the first there, 0 when there is one
 * already, -1 without memory. */
int addrmap_add(struct addrmap *m, uint32_t code);
/* The address of an id. Some hundred steps, many more for an odd one. */
uint64_t addrmap_addr(const struct addrmap *m, uint32_t id);
/* The id of a code, ADDR_NONE when no object lies there. */
static inline uint32_t addrmap_id(const struct addrmap *m, uint32_t code)
{
	if (__builtin_expect(code >= ADDR_ODD, 0))
		return m->odd_id[code - ADDR_ODD] - 1;
	const struct addr_ref *ref = &m->page[code >> ADDR_SLOT_BITS];
	const struct addr_page *p = ref->page;
	if (__builtin_expect(!p, 0))
		return ADDR_NONE;
	uint32_t slot = code & (ADDR_SLOTS - 1), w = slot / 64;
	uint64_t word = p->bits[w], bit = (uint64_t)1 << slot % 64;
	if (!(word & bit))
		return ADDR_NONE;
	if (__builtin_expect(ref->base == ADDR_NONE, 0))
		return p->ids[slot];
	return ref->base + p->rank[w] + (uint32_t)__builtin_popcountll(word & (bit - 1));
}
/* Soon addrmap_id is going to be asked for this code. */
FETCHES void addrmap_fetch(const struct addrmap *m, uint32_t code)
{
	if (__builtin_expect(code >= ADDR_ODD, 0))
		return;
	const struct addr_page *p = m->page[code >> ADDR_SLOT_BITS].page;
	uint32_t w = (code & (ADDR_SLOTS - 1)) / 64;
	if (!p)
		return;
	__builtin_prefetch(&p->bits[w]);
	__builtin_prefetch(&p->rank[w]);
}
/* The id of the object at an address, or ADDR_NONE. */
uint32_t addrmap_find(const struct addrmap *m, uint64_t addr);
