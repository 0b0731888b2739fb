/* Addresses to dense numbers. SPDX-License-Identifier: BSD-2-Clause */
#include "graph/addrmap.h"

#include <stdlib.h>

enum { REGION_PAGES = 1 << (ADDR_REGION_BITS - ADDR_PAGE_BITS) };
enum { PAGE_BYTES = ADDR_WORDS * (8 + 2) };
/* What a u64map takes per entry at worst: half full after doubling, and both tables alive while it grows. */
enum { MAP_BYTES = 13 * 5 };

void addrmap_init(struct addrmap *m, struct gmem *mem) { *m = (struct addrmap){.mem = mem}; }

void addrmap_done(struct addrmap *m)
{
	struct gmem *mem = m->mem;
	for (uint32_t i = 0; i < m->npages; i++) {
		if (m->pages[i].bits) {
			free(m->pages[i].bits);
			gmem_charge(mem, -PAGE_BYTES);
		}
	}
	for (uint32_t i = 0; i < m->nregions; i++)
		gmem_free(mem, m->region[i].pages, REGION_PAGES, sizeof(uint32_t));
	gmem_free(mem, m->pages, m->cap, sizeof(*m->pages));
	gmem_free(mem, m->region, m->region_cap, sizeof(*m->region));
	gmem_free(mem, m->odd_addr, m->odd_cap, sizeof(*m->odd_addr));
	gmem_free(mem, m->odd_id, m->odd_cap, sizeof(*m->odd_id));
	gmem_free(mem, m->by_base, m->nby_base, sizeof(*m->by_base));
	gmem_charge(mem, -(int64_t)m->odd_charge);
	u64map_done(&m->regions);
	u64map_done(&m->odd);
	addrmap_init(m, mem);
}

/* Room for one more in an array of the given element size. */
static bool room(struct gmem *mem, void *arrayp, uint32_t n, uint32_t *cap, size_t size)
{
	if (n < *cap)
		return true;
	uint32_t next = *cap ? *cap * 2 : 256;
	void **array = arrayp;
	void *p = gmem_grow(mem, *array, *cap, next, size);
	if (!p)
		return false;
	*array = p;
	*cap = next;
	return true;
}

static uint32_t *region_pages(struct addrmap *m, uint64_t number)
{
	struct addr_region *c = &m->cache[number % ADDR_REGION_CACHE];
	if (__builtin_expect(c->pages && c->number == number, 1))
		return c->pages;
	uint32_t *at = u64map_get(&m->regions, number);
	if (at) {
		*c = m->region[*at];
		return c->pages;
	}
	if (!gmem_charge(m->mem, MAP_BYTES))
		return NULL;
	m->odd_charge += MAP_BYTES;
	if (!room(m->mem, &m->region, m->nregions, &m->region_cap, sizeof(*m->region)))
		return NULL;
	uint32_t *pages = gmem_alloc(m->mem, REGION_PAGES, sizeof(*pages));
	if (!pages)
		return NULL;
	*u64map_put(&m->regions, number, NULL) = m->nregions;
	m->region[m->nregions++] = *c = (struct addr_region){.number = number, .pages = pages};
	return pages;
}

static uint32_t odd_code(struct addrmap *m, uint64_t addr)
{
	uint32_t *at = u64map_get(&m->odd, addr);
	if (at)
		return ADDR_ODD + *at;
	if (m->nodd >= ADDR_NONE - ADDR_ODD - 1) {
		m->mem->failed = true;
		return ADDR_NONE;
	}
	uint32_t cap = m->odd_cap;
	if (!gmem_charge(m->mem, MAP_BYTES))
		return ADDR_NONE;
	m->odd_charge += MAP_BYTES;
	if (m->nodd == cap) { /* two arrays of one capacity: the second is grown first, so that both stay consistent on failure */
		uint32_t next = cap ? cap * 2 : 256;
		uint32_t *id = gmem_grow(m->mem, m->odd_id, cap, next, sizeof(*id));
		if (!id)
			return ADDR_NONE;
		m->odd_id = id;
		uint64_t *addrs = gmem_grow(m->mem, m->odd_addr, cap, next, sizeof(*addrs));
		if (!addrs) { /* cannot shrink back without failing; give the array up, the graph gives up as well */
			gmem_free(m->mem, m->odd_id, next, sizeof(*m->odd_id));
			m->odd_id = NULL;
			return ADDR_NONE;
		}
		m->odd_addr = addrs;
		m->odd_cap = next;
	}
	*u64map_put(&m->odd, addr, NULL) = m->nodd;
	m->odd_addr[m->nodd] = addr;
	m->odd_id[m->nodd] = 0;
	return ADDR_ODD + m->nodd++;
}

uint32_t addrmap_code(struct addrmap *m, uint64_t addr)
{
	if (__builtin_expect(addr & 7, 0))
		return odd_code(m, addr);
	uint32_t *pages = region_pages(m, addr >> ADDR_REGION_BITS);
	if (__builtin_expect(!pages, 0))
		return ADDR_NONE;
	uint32_t *page = &pages[addr >> ADDR_PAGE_BITS & (REGION_PAGES - 1)];
	if (__builtin_expect(*page == 0, 0)) {
		if (m->npages == ADDR_ODD >> ADDR_SLOT_BITS)
			return odd_code(m, addr);
		if (!room(m->mem, &m->pages, m->npages, &m->cap, sizeof(*m->pages)))
			return ADDR_NONE;
		m->pages[m->npages] = (struct addr_page){.number = addr >> ADDR_PAGE_BITS};
		*page = ++m->npages;
	}
	return (*page - 1) << ADDR_SLOT_BITS | (uint32_t)(addr >> 3 & ((1u << ADDR_SLOT_BITS) - 1));
}

int addrmap_add(struct addrmap *m, uint32_t code)
{
	if (code >= ADDR_ODD) {
		if (m->odd_id[code - ADDR_ODD])
			return 0;
		m->odd_id[code - ADDR_ODD] = 1;
		m->nobjects++;
		return 1;
	}
	struct addr_page *p = &m->pages[code >> ADDR_SLOT_BITS];
	if (!p->bits) {
		if (!gmem_charge(m->mem, PAGE_BYTES))
			return -1;
		p->bits = calloc(1, PAGE_BYTES);
		if (!p->bits) {
			gmem_charge(m->mem, -PAGE_BYTES);
			m->mem->failed = true;
			return -1;
		}
	}
	uint32_t slot = code & ((1u << ADDR_SLOT_BITS) - 1);
	uint64_t bit = (uint64_t)1 << slot % 64;
	if (p->bits[slot / 64] & bit)
		return 0;
	p->bits[slot / 64] |= bit;
	m->nobjects++;
	return 1;
}

struct page_ref {
	uint64_t number;
	uint32_t index;
};

static int by_number(const void *a, const void *b)
{
	uint64_t x = ((const struct page_ref *)a)->number, y = ((const struct page_ref *)b)->number;
	return (x > y) - (x < y);
}

static uint32_t rank_page(struct addr_page *p, uint32_t base)
{
	uint16_t *rank = (uint16_t *)(p->bits + ADDR_WORDS);
	uint32_t sum = 0;
	p->base = base;
	for (int w = 0; w < ADDR_WORDS; w++) {
		rank[w] = (uint16_t)sum;
		sum += (uint32_t)__builtin_popcountll(p->bits[w]);
	}
	return base + sum;
}

bool addrmap_finish(struct addrmap *m)
{
	struct page_ref *refs = gmem_alloc(m->mem, m->npages, sizeof(*refs));
	if (!refs)
		return false;
	uint32_t n = 0;
	for (uint32_t i = 0; i < m->npages; i++)
		if (m->pages[i].bits)
			refs[n++] = (struct page_ref){.number = m->pages[i].number, .index = i};
	qsort(refs, n, sizeof(*refs), by_number);
	m->by_base = gmem_alloc(m->mem, n, sizeof(*m->by_base));
	m->nby_base = m->by_base ? n : 0;
	uint32_t base = 0;
	for (uint32_t i = 0; i < m->nby_base; i++) {
		m->by_base[i] = refs[i].index;
		base = rank_page(&m->pages[refs[i].index], base);
	}
	gmem_free(m->mem, refs, m->npages, sizeof(*refs));
	m->first_odd = base;
	for (uint32_t k = 0; k < m->nodd; k++)
		if (m->odd_id[k])
			m->odd_id[k] = ++base; /* id + 1 */
	return m->by_base != NULL;
}

static uint64_t odd_addr_of(const struct addrmap *m, uint32_t id)
{
	for (uint32_t k = 0; k < m->nodd; k++)
		if (m->odd_id[k] == id + 1)
			return m->odd_addr[k];
	return 0;
}

uint64_t addrmap_addr(const struct addrmap *m, uint32_t id)
{
	if (id >= m->first_odd)
		return odd_addr_of(m, id);
	uint32_t lo = 0, hi = m->nby_base; /* the last page whose base is not above id */
	while (hi - lo > 1) {
		uint32_t mid = lo + (hi - lo) / 2;
		if (m->pages[m->by_base[mid]].base <= id)
			lo = mid;
		else
			hi = mid;
	}
	const struct addr_page *p = &m->pages[m->by_base[lo]];
	const uint16_t *rank = (const uint16_t *)(p->bits + ADDR_WORDS);
	uint32_t want = id - p->base, w = ADDR_WORDS - 1;
	while (rank[w] > want)
		w--;
	uint64_t word = p->bits[w];
	for (uint32_t k = want - rank[w]; k; k--)
		word &= word - 1;
	return p->number << ADDR_PAGE_BITS | (uint64_t)w << 9 | (uint64_t)__builtin_ctzll(word) << 3;
}

uint32_t addrmap_find(const struct addrmap *m, uint64_t addr)
{
	if (!(addr & 7)) {
		uint32_t *at = u64map_get(&m->regions, addr >> ADDR_REGION_BITS);
		if (!at)
			return ADDR_NONE;
		uint32_t page = m->region[*at].pages[addr >> ADDR_PAGE_BITS & (REGION_PAGES - 1)];
		if (page)
			return addrmap_id(m, (page - 1) << ADDR_SLOT_BITS | (uint32_t)(addr >> 3 & ((1u << ADDR_SLOT_BITS) - 1)));
	}
	uint32_t *k = u64map_get(&m->odd, addr);
	return k ? m->odd_id[*k] - 1 : ADDR_NONE;
}
