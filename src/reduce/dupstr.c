/* The table of strings seen. SPDX-License-Identifier: BSD-2-Clause */
#include "reduce/dupstr.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/mem.h"

/* info, from the top: bytes + 1 (14 bits, 0 = empty, all ones = a group), site (20), gen + 1 (14, 0 = unknown), length (16).
 * With all ones on top the low 32 bits are the group. */
enum {
	BYTES_BITS = 14, SITE_BITS = 20, GEN_BITS = 14, LENGTH_BITS = 16,
	GEN_SHIFT = LENGTH_BITS, SITE_SHIFT = GEN_SHIFT + GEN_BITS, BYTES_SHIFT = SITE_SHIFT + SITE_BITS,
	DUP_FIRST = 20,
	HASH_BYTES = 6,
};
#define ONES(bits) ((UINT64_C(1) << (bits)) - 1)
#define HASH_MASK ONES(48)

static inline uint64_t entry_hash(const struct dup_entry *e)
{
	uint64_t v;
	memcpy(&v, e->w, sizeof(v));
	return v & HASH_MASK;
}

static inline uint64_t entry_info(const struct dup_entry *e)
{
	uint64_t v;
	memcpy(&v, (const uint8_t *)e->w + HASH_BYTES, sizeof(v));
	return v;
}

static inline void entry_set(struct dup_entry *e, uint64_t hash, uint64_t info)
{
	hash &= HASH_MASK;
	memcpy(e->w, &hash, sizeof(hash)); /* two bytes too many, which info overwrites */
	memcpy((uint8_t *)e->w + HASH_BYTES, &info, sizeof(info));
}

static inline bool info_empty(uint64_t info) { return info >> BYTES_SHIFT == 0; }
static inline bool info_group(uint64_t info) { return info >> BYTES_SHIFT == ONES(BYTES_BITS); }
static inline uint64_t info_of_group(size_t g) { return ONES(BYTES_BITS) << BYTES_SHIFT | g; }

/* The packed string, or 0 when it does not fit. */
static inline uint64_t info_pack(const struct dup_string *s)
{
	uint64_t gen = s->gen == UINT32_MAX ? 0 : (uint64_t)s->gen + 1;
	if (s->bytes + 1 >= ONES(BYTES_BITS) || s->site > ONES(SITE_BITS) || gen > ONES(GEN_BITS) || s->length > ONES(LENGTH_BITS))
		return 0;
	return (s->bytes + 1) << BYTES_SHIFT | (uint64_t)s->site << SITE_SHIFT | gen << GEN_SHIFT | s->length;
}

static struct dup_string info_unpack(uint64_t hash, uint64_t info)
{
	return (struct dup_string){
		.hash = hash,
		.bytes = (info >> BYTES_SHIFT) - 1,
		.length = info & ONES(LENGTH_BITS),
		.site = info >> SITE_SHIFT & ONES(SITE_BITS),
		.gen = (uint32_t)(info >> GEN_SHIFT & ONES(GEN_BITS)) - 1,
	};
}

static inline struct dup_part *part_of(struct dupstr *d, uint64_t hash)
{
	return &d->part[hash >> (64 - DUP_PARTS_LOG2)];
}

/* From bits that the entry keeps, so that a partition can grow. */
static inline uint32_t home_of(const struct dup_part *p, uint64_t hash)
{
	return (uint32_t)((hash >> 16 & UINT32_MAX) * p->cap >> 32);
}

static struct dup_entry *place_of(const struct dup_part *p, uint64_t hash)
{
	hash &= HASH_MASK;
	for (uint32_t i = home_of(p, hash);;) {
		struct dup_entry *e = &p->p[i];
		if (info_empty(entry_info(e)) || entry_hash(e) == hash)
			return e;
		if (++i == p->cap)
			i = 0;
	}
}

/* Rehashes into cap entries, without those that `sample` drops. */
static void rehash(struct dup_part *p, uint32_t cap, uint64_t drop)
{
	struct dup_part old = *p;
	p->cap = cap;
	p->n = 0;
	p->p = xcalloc(cap, sizeof(*p->p));
	for (uint32_t i = 0; i < old.cap; i++) {
		uint64_t hash = entry_hash(&old.p[i]);
		if (info_empty(entry_info(&old.p[i])) || (hash & drop))
			continue;
		*place_of(p, hash) = old.p[i];
		p->n++;
	}
	free(old.p);
}

void dupstr_done(struct dupstr *d)
{
	for (size_t i = 0; i < 1 << DUP_PARTS_LOG2; i++)
		free(d->part[i].p);
	free(d->groups);
	u64map_done(&d->sites);
	if (d->has_values)
		strtab_done(&d->values);
	*d = (struct dupstr){.gens = d->gens, .max = d->max};
}

/* --- sampling --- */

/* Forgets the (group, site) pairs of dropped groups; renumber[old group] is the new one, UINT32_MAX dropped. */
static void renumber_sites(struct dupstr *d, const uint32_t *renumber)
{
	struct u64map old = d->sites;
	d->sites = (struct u64map){0};
	for (size_t i = 0; i < old.cap; i++) {
		if (!old.used[i] || renumber[old.keys[i] >> 32] == UINT32_MAX)
			continue;
		*u64map_put(&d->sites, (uint64_t)renumber[old.keys[i] >> 32] << 32 | (old.keys[i] & UINT32_MAX), NULL) = old.values[i];
	}
	u64map_done(&old);
}

/* Follows half as many values from now on. */
static void sample_harder(struct dupstr *d)
{
	uint64_t drop = ONES(++d->sample);
	_cleanup_free_ uint32_t *renumber = xcalloc(d->ngroups + 1, sizeof(*renumber));
	size_t kept = 0;
	for (size_t g = 0; g < d->ngroups; g++) {
		renumber[g] = d->groups[g].hash & drop ? UINT32_MAX : (uint32_t)kept;
		if (renumber[g] != UINT32_MAX)
			d->groups[kept++] = d->groups[g];
	}
	d->ngroups = kept;
	renumber_sites(d, renumber);
	d->n = 0;
	for (size_t i = 0; i < 1 << DUP_PARTS_LOG2; i++) {
		struct dup_part *p = &d->part[i];
		if (!p->cap)
			continue;
		rehash(p, p->cap, drop);
		d->n += p->n;
		for (uint32_t k = 0; k < p->cap; k++) {
			uint64_t info = entry_info(&p->p[k]);
			if (info_group(info))
				entry_set(&p->p[k], entry_hash(&p->p[k]), info_of_group(renumber[info & UINT32_MAX]));
		}
	}
}

static void sample_if_full(struct dupstr *d)
{
	size_t max = d->max ? d->max : DUP_DISTINCT_MAX;
	while ((d->n > max || d->ngroups > DUP_GROUPS_MAX) && d->sample < LENGTH_BITS)
		sample_harder(d);
}

static inline bool followed(const struct dupstr *d, uint64_t hash) { return (hash & ONES(d->sample)) == 0; }

/* --- adding --- */

static void add_site(struct dupstr *d, size_t g, uint32_t site, uint32_t copies)
{
	if (site == 0)
		return;
	uint64_t key = (uint64_t)g << 32 | site;
	uint32_t *v = d->sites.n < DUP_PAIRS_MAX ? u64map_put(&d->sites, key, NULL) : u64map_get(&d->sites, key);
	if (v)
		*v = copies > UINT32_MAX - *v ? UINT32_MAX : *v + copies;
}

static void add_to_group(struct dupstr *d, size_t g, const struct dup_string *s)
{
	struct dup_group *to = &d->groups[g];
	to->copies++;
	to->bytes += s->bytes;
	/* Equal bytes have one length; of a dump that lies the larger stands, whatever the order. */
	if (s->length > to->length)
		to->length = s->length;
	if (s->gen != UINT32_MAX && (to->generation == UINT64_MAX || (*d->gens)[s->gen] > to->generation))
		to->generation = (*d->gens)[s->gen];
	add_site(d, g, s->site, 1);
}

static size_t new_group(struct dupstr *d, uint64_t hash)
{
	d->groups = xgrow(d->groups, d->ngroups, &d->cap_groups, sizeof(*d->groups));
	d->groups[d->ngroups] = (struct dup_group){.hash = hash, .generation = UINT64_MAX};
	return d->ngroups++;
}

/* The entry of a hash, made empty when new. */
static struct dup_entry *entry_for(struct dupstr *d, uint64_t hash)
{
	struct dup_part *p = part_of(d, hash);
	if ((uint64_t)p->n * 6 >= (uint64_t)p->cap * 5)
		rehash(p, p->cap ? p->cap + p->cap / 5 : DUP_FIRST, 0);
	struct dup_entry *e = place_of(p, hash);
	if (info_empty(entry_info(e))) {
		p->n++;
		d->n++;
	}
	return e;
}

/* The group of an entry, which becomes one if it is none yet. */
static size_t group_of(struct dupstr *d, struct dup_entry *e, uint64_t hash)
{
	uint64_t info = entry_info(e);
	if (info_group(info))
		return info & UINT32_MAX;
	size_t g = new_group(d, hash);
	if (!info_empty(info)) {
		struct dup_string first = info_unpack(hash, info);
		add_to_group(d, g, &first);
	}
	entry_set(e, hash, info_of_group(g));
	return g;
}

static void keep_value(struct dupstr *d, size_t g, struct span value)
{
	if (!value.p || d->groups[g].value)
		return;
	if (!d->has_values) {
		strtab_init(&d->values);
		d->has_values = true;
	}
	if (d->values.text.bytes + value.n <= DUP_VALUES_BYTES)
		d->groups[g].value = strtab_intern(&d->values, value);
}

static void add_now(struct dupstr *d, const struct dup_string *s, struct span value)
{
	if (!followed(d, s->hash))
		return;
	struct dup_entry *e = entry_for(d, s->hash);
	uint64_t packed;
	if (info_empty(entry_info(e)) && (packed = info_pack(s))) {
		entry_set(e, s->hash, packed);
	} else {
		size_t g = group_of(d, e, s->hash);
		add_to_group(d, g, s);
		keep_value(d, g, value);
	}
	sample_if_full(d);
}

void dupstr_flush(struct dupstr *d)
{
	for (uint32_t i = 0; i < d->npending; i++)
		add_now(d, &d->pending[i], (struct span){0});
	d->npending = 0;
}

void dupstr_add(struct dupstr *d, const struct dup_string *s, struct span value)
{
	if (value.p) { /* only borrowed: it cannot wait */
		add_now(d, s, value);
		return;
	}
	const struct dup_part *p = part_of(d, s->hash);
	if (p->cap) { /* a walk from there is a hundred bytes or two long */
		const struct dup_entry *e = &p->p[home_of(p, s->hash & HASH_MASK)];
		__builtin_prefetch(e, 1);
		__builtin_prefetch((const uint8_t *)e + 64, 1);
		__builtin_prefetch((const uint8_t *)e + 128, 1);
	}
	d->pending[d->npending++] = *s;
	if (d->npending == DUP_RING)
		dupstr_flush(d);
}

/* --- merging --- */

static void merge_group(struct dupstr *d, const struct dupstr *from, const struct dup_group *g)
{
	if (!followed(d, g->hash))
		return;
	size_t to = group_of(d, entry_for(d, g->hash), g->hash);
	struct dup_group *t = &d->groups[to];
	t->copies += g->copies;
	t->bytes += g->bytes;
	if (g->length > t->length)
		t->length = g->length;
	if (g->generation != UINT64_MAX && (t->generation == UINT64_MAX || g->generation > t->generation))
		t->generation = g->generation;
	if (g->value)
		keep_value(d, to, strtab_get(&from->values, g->value));
}

static void merge_sites(struct dupstr *d, const struct dupstr *from, const uint32_t *sites)
{
	for (size_t i = 0; i < from->sites.cap; i++) {
		if (!from->sites.used[i])
			continue;
		uint64_t hash = from->groups[from->sites.keys[i] >> 32].hash;
		uint32_t site = (uint32_t)from->sites.keys[i];
		if (followed(d, hash))
			add_site(d, group_of(d, entry_for(d, hash), hash), sites ? sites[site] : site, from->sites.values[i]);
	}
}

void dupstr_merge(struct dupstr *d, const struct dupstr *from, const uint32_t *sites, const uint32_t *gens)
{
	HDA_ASSERT(d->npending == 0 && from->npending == 0);
	while (d->sample < from->sample)
		sample_harder(d);
	for (size_t i = 0; i < 1 << DUP_PARTS_LOG2; i++) {
		const struct dup_part *p = &from->part[i];
		for (uint32_t k = 0; k < p->cap; k++) {
			uint64_t info = entry_info(&p->p[k]);
			if (info_empty(info) || info_group(info))
				continue;
			struct dup_string s = info_unpack((uint64_t)i << (64 - DUP_PARTS_LOG2) | entry_hash(&p->p[k]), info);
			s.site = sites ? sites[s.site] : s.site;
			s.gen = s.gen == UINT32_MAX ? UINT32_MAX : gens[s.gen];
			add_now(d, &s, (struct span){0});
		}
	}
	for (size_t g = 0; g < from->ngroups; g++) {
		merge_group(d, from, &from->groups[g]);
		sample_if_full(d);
	}
	merge_sites(d, from, sites);
}
