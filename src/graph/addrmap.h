/* Addresses to dense numbers. SPDX-License-Identifier: BSD-2-Clause
 *
 * While scanning, each address becomes a 32-bit *code*:
 *
 *     code < ADDR_ODD:  page number << 13 | (address % 64 KiB) / 8      pages numbered as they are first seen
 *     else:             ADDR_ODD + k                                    the k-th address that fits no page
 *
 * Ruby's pages are 16 or 64 KiB and its slots multiples of 8 bytes (DUMP-FORMAT 19, 20), so a bit for each 8 bytes of 64 KiB is exact for
 * every Ruby, whatever its slot sizes. "Odd" are addresses that are no multiple of 8, and all when there are too many pages.
 *
 * At the end a code becomes an *id*: the rank of its bit, so ids 0 .. n-1 follow the addresses (odd ones last). Rank is a prefix
 * sum a word and a popcount: 1.3 kB per page of up to 1 638 objects, which stays in the cache, where a table of u32 would not. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/u64map.h"
#include "graph/gmem.h"

enum { ADDR_PAGE_BITS = 16, ADDR_SLOT_BITS = ADDR_PAGE_BITS - 3 };
enum { ADDR_WORDS = (1 << ADDR_SLOT_BITS) / 64 };

#define ADDR_ODD 0xE0000000u  /* codes from here on are odd ones: leaves room for 28 GiB of pages */
#define ADDR_NONE 0xFFFFFFFFu /* no object there (as an id), or no code could be made */

struct addr_page {
	uint64_t number;  /* address >> ADDR_PAGE_BITS */
	uint64_t *bits;   /* ADDR_WORDS words, then as many u16 ranks; NULL: no object here so far */
	uint32_t base;    /* id of its first object, after addrmap_finish */
};

enum { ADDR_REGION_BITS = 28, ADDR_REGION_CACHE = 16 };

struct addr_region {
	uint64_t number;  /* address >> ADDR_REGION_BITS */
	uint32_t *pages;  /* page index + 1, 0 = none; 4096 */
};

/* Embedded; addrmap_init before use. */
struct addrmap {
	struct gmem *mem;
	struct addr_page *pages;
	uint32_t npages, cap;
	struct u64map regions;          /* region number -> index */
	struct addr_region *region;
	uint32_t nregions, region_cap;
	struct addr_region cache[ADDR_REGION_CACHE]; /* direct-mapped by number; pages NULL = empty */
	struct u64map odd;              /* address -> k */
	uint64_t *odd_addr;             /* by k */
	uint32_t nodd, odd_cap;
	uint32_t *odd_id;               /* by k, 0 = no object, else 1, and after addrmap_finish its id + 1 */
	uint32_t *by_base;              /* pages with objects, by address, after addrmap_finish */
	uint32_t nby_base;
	uint64_t odd_charge;            /* bytes charged for the two maps */
	uint32_t nobjects;
	uint32_t first_odd;             /* ids from here on are odd ones, after addrmap_finish */
};

void addrmap_init(struct addrmap *m, struct gmem *mem);
void addrmap_done(struct addrmap *m);
/* The code of an address, new or old; ADDR_NONE without memory. */
uint32_t addrmap_code(struct addrmap *m, uint64_t addr);
/* Notes that an object lies at this code. 1 when it is the first there, 0 when there is one already, -1 without memory. */
int addrmap_add(struct addrmap *m, uint32_t code);
/* Ids are fixed now. false without memory. */
bool addrmap_finish(struct addrmap *m);
/* The address of an id. After addrmap_finish. */
uint64_t addrmap_addr(const struct addrmap *m, uint32_t id);
/* The id of a code, ADDR_NONE when no object lies there. After addrmap_finish. */
static inline uint32_t addrmap_id(const struct addrmap *m, uint32_t code)
{
	if (__builtin_expect(code >= ADDR_ODD, 0))
		return m->odd_id[code - ADDR_ODD] - 1;
	const struct addr_page *p = &m->pages[code >> ADDR_SLOT_BITS];
	if (!p->bits)
		return ADDR_NONE;
	uint32_t slot = code & ((1u << ADDR_SLOT_BITS) - 1), w = slot / 64;
	uint64_t word = p->bits[w], bit = (uint64_t)1 << slot % 64;
	if (!(word & bit))
		return ADDR_NONE;
	const uint16_t *rank = (const uint16_t *)(p->bits + ADDR_WORDS);
	return p->base + rank[w] + (uint32_t)__builtin_popcountll(word & (bit - 1));
}
/* Soon addrmap_id is going to be asked for this code. */
FETCHES void addrmap_fetch(const struct addrmap *m, uint32_t code)
{
	if (__builtin_expect(code >= ADDR_ODD, 0))
		return;
	const uint64_t *bits = m->pages[code >> ADDR_SLOT_BITS].bits;
	uint32_t w = (code & ((1u << ADDR_SLOT_BITS) - 1)) / 64;
	__builtin_prefetch(&bits[w]);
	__builtin_prefetch((const uint16_t *)(bits + ADDR_WORDS) + w);
}
/* The id of the object at an address, or ADDR_NONE. After addrmap_finish. */
uint32_t addrmap_find(const struct addrmap *m, uint64_t addr);
