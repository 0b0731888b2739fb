/* Addresses to dense numbers. SPDX-License-Identifier: BSD-2-Clause */
#include "graph/addrmap.h"

#include <string.h>

enum { REGION_PAGES = 1 << (ADDR_REGION_BITS - ADDR_PAGE_BITS) };
enum { PAGE_NUMBERS = sizeof(struct addr_page) / 4 };
/* What a u64map takes per entry at worst: half full after doubling, and both tables alive while it grows. */
enum { MAP_BYTES = 13 * 5 };

void addrmap_init(struct addrmap *m, struct gmem *mem)
{
	*m = (struct addrmap){.mem = mem};
	glog_init(&m->with_objects, mem, PAGE_NUMBERS);
	glog_init(&m->strays, mem, 2);
}

static struct addr_page *page_at(const struct addrmap *m, uint64_t i) { return (void *)glog_at(&m->with_objects, i); }

void addrmap_done(struct addrmap *m)
{
	struct gmem *mem = m->mem;
	for (uint64_t i = 0; i < m->with_objects.n; i++)
		gmem_free(mem, page_at(m, i)->ids, ADDR_SLOTS, 4);
	glog_done(&m->with_objects);
	glog_done(&m->strays);
	for (uint32_t i = 0; i < m->nregions; i++)
		gmem_free(mem, m->region[i].pages, REGION_PAGES, sizeof(uint32_t));
	gmem_free(mem, m->page, m->cap, sizeof(*m->page));
	gmem_free(mem, m->number, m->number_cap, sizeof(*m->number));
	gmem_free(mem, m->region, m->region_cap, sizeof(*m->region));
	gmem_free(mem, m->odd_addr, m->odd_cap, sizeof(*m->odd_addr));
	gmem_free(mem, m->odd_id, m->odd_cap, sizeof(*m->odd_id));
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
		if (!room(m->mem, &m->page, m->npages, &m->cap, sizeof(*m->page)) ||
		    !room(m->mem, &m->number, m->npages, &m->number_cap, sizeof(*m->number)))
			return ADDR_NONE;
		m->page[m->npages] = (struct addr_ref){0};
		m->number[m->npages] = addr >> ADDR_PAGE_BITS;
		*page = ++m->npages;
	}
	return (*page - 1) << ADDR_SLOT_BITS | (uint32_t)(addr >> 3 & (ADDR_SLOTS - 1));
}

/* A page's first object is coming. */
static struct addr_page *new_page(struct addrmap *m, uint32_t index)
{
	struct addr_page *p = (void *)glog_push(&m->with_objects);
	if (p) {
		memset(p, 0, sizeof(*p));
		p->number = m->number[index];
		p->base = m->nobjects;
		m->page[index] = (struct addr_ref){.page = p, .base = p->base};
	}
	return p;
}

/* An object comes out of order: from now on the page has a table. */
static bool make_table(struct addrmap *m, struct addr_ref *ref)
{
	struct addr_page *p = ref->page;
	p->ids = gmem_raw(m->mem, ADDR_SLOTS, 4);
	if (!p->ids)
		return false;
	uint32_t id = p->base;
	for (uint32_t w = 0; w < ADDR_WORDS; w++)
		for (uint64_t word = p->bits[w]; word; word &= word - 1)
			p->ids[w * 64 + (uint32_t)__builtin_ctzll(word)] = id++;
	ref->base = ADDR_NONE;
	return true;
}

static bool add_stray(struct addrmap *m, uint32_t code)
{
	struct addr_ref *ref = &m->page[code >> ADDR_SLOT_BITS];
	if (ref->base != ADDR_NONE && !make_table(m, ref))
		return false;
	uint32_t *stray = glog_push(&m->strays);
	if (!stray)
		return false;
	stray[0] = ref->page->ids[code & (ADDR_SLOTS - 1)] = m->nobjects;
	stray[1] = code;
	return true;
}

static int add_odd(struct addrmap *m, uint32_t k)
{
	if (m->odd_id[k])
		return 0;
	m->odd_id[k] = ++m->nobjects;
	return 1;
}

int addrmap_add(struct addrmap *m, uint32_t code)
{
	if (__builtin_expect(code >= ADDR_ODD, 0))
		return add_odd(m, code - ADDR_ODD);
	struct addr_page *p = m->page[code >> ADDR_SLOT_BITS].page;
	if (__builtin_expect(!p, 0) && !(p = new_page(m, code >> ADDR_SLOT_BITS)))
		return -1;
	uint32_t slot = code & (ADDR_SLOTS - 1), w = slot / 64;
	uint64_t bit = (uint64_t)1 << slot % 64;
	if (__builtin_expect((p->bits[w] & bit) != 0, 0))
		return 0;
	if (__builtin_expect(p->base + p->n == m->nobjects && (slot > p->last || p->n == 0), 1)) {
		if (!p->bits[w])
			p->rank[w] = p->n;
		p->n++;
		p->last = (uint16_t)slot;
	} else if (!add_stray(m, code)) {
		return -1;
	}
	p->bits[w] |= bit;
	m->nobjects++;
	return 1;
}

static uint64_t code_addr(const struct addrmap *m, uint32_t code)
{
	return m->number[code >> ADDR_SLOT_BITS] << ADDR_PAGE_BITS | (uint64_t)(code & (ADDR_SLOTS - 1)) << 3;
}

static uint64_t odd_addr_of(const struct addrmap *m, uint32_t id)
{
	for (uint32_t k = 0; k < m->nodd; k++)
		if (m->odd_id[k] == id + 1)
			return m->odd_addr[k];
	return 0;
}

static uint64_t stray_addr_of(const struct addrmap *m, uint32_t id)
{
	uint64_t lo = 0, hi = m->strays.n;
	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;
		const uint32_t *s = glog_at(&m->strays, mid);
		if (s[0] == id)
			return code_addr(m, s[1]);
		if (s[0] < id)
			lo = mid + 1;
		else
			hi = mid;
	}
	return odd_addr_of(m, id);
}

/* The slot of the object of a page that has this id, which came in order; ADDR_SLOTS: none. */
static uint32_t page_slot_of(const struct addr_page *p, uint32_t id)
{
	uint32_t left = id - p->base; /* without a table: objects before it */
	for (uint32_t w = 0; w < ADDR_WORDS; w++) {
		uint32_t here = (uint32_t)__builtin_popcountll(p->bits[w]);
		if (!p->ids && left >= here) {
			left -= here;
			continue;
		}
		for (uint64_t word = p->bits[w]; word; word &= word - 1) {
			uint32_t slot = w * 64 + (uint32_t)__builtin_ctzll(word);
			if (p->ids ? p->ids[slot] == id : left-- == 0)
				return slot;
		}
	}
	return ADDR_SLOTS;
}

uint64_t addrmap_addr(const struct addrmap *m, uint32_t id)
{
	uint64_t lo = 0, hi = m->with_objects.n; /* the last page whose base is not above id */
	while (hi - lo > 1) {
		uint64_t mid = lo + (hi - lo) / 2;
		if (page_at(m, mid)->base <= id)
			lo = mid;
		else
			hi = mid;
	}
	const struct addr_page *p = hi ? page_at(m, lo) : NULL;
	if (p && p->base <= id && id - p->base < p->n) {
		uint32_t slot = page_slot_of(p, id);
		return slot < ADDR_SLOTS ? p->number << ADDR_PAGE_BITS | (uint64_t)slot << 3 : 0;
	}
	return stray_addr_of(m, id);
}

uint32_t addrmap_find(const struct addrmap *m, uint64_t addr)
{
	if (!(addr & 7)) {
		uint32_t *at = u64map_get(&m->regions, addr >> ADDR_REGION_BITS);
		if (!at)
			return ADDR_NONE;
		uint32_t page = m->region[*at].pages[addr >> ADDR_PAGE_BITS & (REGION_PAGES - 1)];
		if (page)
			return addrmap_id(m, (page - 1) << ADDR_SLOT_BITS | (uint32_t)(addr >> 3 & (ADDR_SLOTS - 1)));
	}
	uint32_t *k = u64map_get(&m->odd, addr);
	return k ? m->odd_id[*k] - 1 : ADDR_NONE;
}
