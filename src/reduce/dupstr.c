/* The table of strings seen. SPDX-License-Identifier: BSD-2-Clause */
#include "reduce/dupstr.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/assert.h"
#include "base/mem.h"

/* info, from the top: bytes + 1 (14 bits, 0 = waits in bigs, all ones = a group), site (20), gen + 1 (14, 0 = unknown),
 * length (16). With all ones on top the low 32 bits are the group, with all zeros the place in bigs. */
enum {
	BYTES_BITS = 14, SITE_BITS = 20, GEN_BITS = 14, LENGTH_BITS = 16,
	GEN_SHIFT = LENGTH_BITS, SITE_SHIFT = GEN_SHIFT + GEN_BITS, BYTES_SHIFT = SITE_SHIFT + SITE_BITS,
	HASH_BYTES = 6,
	INDEX_FIRST = 1024,
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

static inline bool info_big(uint64_t info) { return info >> BYTES_SHIFT == 0; }
static inline bool info_group(uint64_t info) { return info >> BYTES_SHIFT == ONES(BYTES_BITS); }
static inline uint64_t info_of_group(size_t g) { return ONES(BYTES_BITS) << BYTES_SHIFT | g; }

/* The packed string, or 0 (which none packs to) when it does not fit. */
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

/* What the log keeps of a hash: all that the rest of this file knows of it. */
static inline uint64_t known_hash(uint64_t hash)
{
	return hash & ~(ONES(64 - DUP_PARTS_LOG2) & ~HASH_MASK);
}

static inline uint64_t full_hash(const struct dupstr *d, const struct dup_part *p, const struct dup_entry *e)
{
	return (uint64_t)(p - d->part) << (64 - DUP_PARTS_LOG2) | entry_hash(e);
}

static inline struct dup_entry *entry_at(const struct dup_part *p, uint32_t i)
{
	return &p->chunks[i / DUP_CHUNK][i % DUP_CHUNK];
}

static inline uint32_t part_n(const struct dup_part *p)
{
	return p->nchunks * DUP_CHUNK - (uint32_t)(p->end - p->at);
}

/* Makes the log n entries long; chunks beyond stay for later ones. */
static void set_n(struct dup_part *p, uint32_t n)
{
	p->nchunks = (n + DUP_CHUNK - 1) / DUP_CHUNK;
	p->end = p->nchunks ? p->chunks[p->nchunks - 1] + DUP_CHUNK : NULL;
	p->at = p->nchunks ? p->end - (p->nchunks * DUP_CHUNK - n) : NULL;
}

static struct dup_entry *new_chunk(struct dupstr *d)
{
	enum { CHUNKS = DUP_SLAB / (DUP_CHUNK * sizeof(struct dup_entry)) };
	if (d->slab_left == 0) {
		void *slab = xaligned(DUP_SLAB, DUP_SLAB);
#ifdef MADV_HUGEPAGE
		(void)madvise(slab, DUP_SLAB, MADV_HUGEPAGE); /* refused: small pages */
#endif
		d->slabs = xgrow(d->slabs, d->nslabs, &d->cap_slabs, sizeof(*d->slabs));
		d->slabs[d->nslabs++] = slab;
		d->slab_left = CHUNKS;
	}
	return (struct dup_entry *)d->slabs[d->nslabs - 1] + (CHUNKS - d->slab_left--) * DUP_CHUNK;
}

static void next_chunk(struct dupstr *d, struct dup_part *p)
{
	if (p->nchunks == p->held) {
		p->chunks = xgrow(p->chunks, p->held, &p->cap, sizeof(*p->chunks));
		p->chunks[p->held++] = new_chunk(d);
	}
	p->at = p->chunks[p->nchunks++];
	p->end = p->at + DUP_CHUNK;
}

static inline void log_add(struct dupstr *d, struct dup_part *p, uint64_t hash, uint64_t info)
{
	if (__builtin_expect(p->at == p->end, 0))
		next_chunk(d, p);
	entry_set(p->at++, hash, info);
}

void dupstr_done(struct dupstr *d)
{
	for (size_t i = 0; i < 1 << DUP_PARTS_LOG2; i++) {
		struct dup_part *p = &d->part[i];
		free(p->chunks);
		free(p->bigs);
	}
	for (size_t i = 0; i < d->nslabs; i++)
		free(d->slabs[i]);
	free(d->slabs);
	free(d->groups);
	free(d->index);
	u64map_done(&d->sites);
	u64map_done(&d->texts);
	if (d->seen)
		strtab_done(&d->values);
	free(d->seen);
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

/* Takes the entries out of a log that `drop` drops; bigs stay until it is settled. */
static void thin_part(struct dup_part *p, uint64_t drop, const uint32_t *renumber)
{
	uint32_t n = part_n(p), kept = 0, settled = 0;
	for (uint32_t i = 0; i < n; i++) {
		const struct dup_entry *e = entry_at(p, i);
		uint64_t hash = entry_hash(e), info = entry_info(e);
		if (hash & drop)
			continue;
		settled += i < p->settled;
		entry_set(entry_at(p, kept++), hash, info_group(info) ? info_of_group(renumber[info & UINT32_MAX]) : info);
	}
	set_n(p, kept);
	p->settled = settled;
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
		thin_part(&d->part[i], drop, renumber);
		d->n += d->part[i].settled;
	}
}

static void sample_if_full(struct dupstr *d)
{
	size_t max = d->max ? d->max : DUP_DISTINCT_MAX;
	while ((d->n > max || d->ngroups > DUP_GROUPS_MAX) && d->sample < LENGTH_BITS)
		sample_harder(d);
}

static inline bool followed(const struct dupstr *d, uint64_t hash) { return (hash & ONES(d->sample)) == 0; }

/* --- groups --- */

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

/* --- settling --- */

static void index_clear(struct dupstr *d, uint32_t entries)
{
	uint32_t size = d->index_size ? d->index_size : INDEX_FIRST;
	while (size < 2 * entries)
		size *= 2;
	if (size != d->index_size) {
		free(d->index);
		d->index = xcalloc(size, sizeof(*d->index));
		d->index_size = size;
	} else {
		memset(d->index, 0, size * sizeof(*d->index));
	}
}

/* The place of a hash in the index: 0 there when it is new. */
static inline uint32_t *index_place(const struct dupstr *d, const struct dup_part *p, uint64_t hash)
{
	hash &= HASH_MASK;
	uint32_t i = (uint32_t)((hash >> 16 & UINT32_MAX) * d->index_size >> 32);
	while (d->index[i] && entry_hash(entry_at(p, d->index[i] - 1)) != hash)
		i = (i + 1) & (d->index_size - 1);
	return &d->index[i];
}

/* The group of an entry, which becomes one if it is none yet. */
static size_t group_of(struct dupstr *d, const struct dup_part *p, struct dup_entry *e)
{
	uint64_t hash = full_hash(d, p, e), info = entry_info(e);
	if (info_group(info))
		return info & UINT32_MAX;
	size_t g = new_group(d, hash);
	struct dup_string first = info_big(info) ? p->bigs[info & UINT32_MAX] : info_unpack(hash, info);
	add_to_group(d, g, &first);
	entry_set(e, hash, info_of_group(g));
	return g;
}

/* One entry of a log that comes after the settled ones; out is where it goes when it is new. Returns whether it is. */
static inline bool settle_entry(struct dupstr *d, struct dup_part *p, const struct dup_entry *e, uint32_t out)
{
	struct dup_entry now = *e; /* out may be e */
	uint32_t *place = index_place(d, p, entry_hash(&now));
	if (*place == 0) {
		*place = out + 1;
		*entry_at(p, out) = now;
		if (info_big(entry_info(&now)))
			group_of(d, p, entry_at(p, out));
		return true;
	}
	uint64_t info = entry_info(&now);
	struct dup_string s = info_big(info) ? p->bigs[info & UINT32_MAX] : info_unpack(entry_hash(&now), info);
	add_to_group(d, group_of(d, p, entry_at(p, *place - 1)), &s);
	return false;
}

/* Leaves one entry of each value in a log, in its index too, which has room for `more` entries then. */
static void settle(struct dupstr *d, struct dup_part *p, uint32_t more)
{
	uint32_t n = part_n(p), out = 0;
	if (n == p->settled && more == 0)
		return;
	index_clear(d, n + more);
	for (uint32_t i = 0; i < n; i++)
		out += settle_entry(d, p, entry_at(p, i), out);
	set_n(p, out);
	d->n += out - p->settled;
	p->settled = out;
	p->nbigs = 0;
	/* A quarter more before the next time, so that it costs a few looks per entry at the most. */
	p->limit = p->nchunks + p->nchunks / 4 + 1;
	if (p->limit < DUP_SETTLE / DUP_CHUNK)
		p->limit = DUP_SETTLE / DUP_CHUNK;
}

void dupstr_flush(struct dupstr *d)
{
	for (size_t i = 0; i < 1 << DUP_PARTS_LOG2; i++)
		settle(d, &d->part[i], 0);
	sample_if_full(d);
}

/* --- adding --- */

static void keep_value(struct dupstr *d, uint64_t hash, struct span value)
{
	hash = known_hash(hash);
	if (!d->seen) {
		d->seen = xcalloc((size_t)1 << (DUP_SEEN_BITS_LOG2 - 6), sizeof(*d->seen));
		strtab_init(&d->values);
	}
	/* The top bits of what is kept: the low ones are all zero when sampling. */
	uint64_t bit = (hash >> (64 - DUP_PARTS_LOG2) << (DUP_SEEN_BITS_LOG2 - DUP_PARTS_LOG2)) |
	    (hash & HASH_MASK) >> (48 - (DUP_SEEN_BITS_LOG2 - DUP_PARTS_LOG2));
	uint64_t *word = &d->seen[bit / 64], mask = UINT64_C(1) << bit % 64;
	if ((*word & mask) && d->values.text.bytes + value.n <= DUP_VALUES_BYTES) {
		uint32_t *id = u64map_put(&d->texts, hash, NULL);
		if (*id == 0)
			*id = strtab_intern(&d->values, value);
	}
	*word |= mask;
}

/* Before one more entry that starts a chunk, or fills bigs. */
static void settle_if_full(struct dupstr *d, struct dup_part *p)
{
	if (p->nchunks < (p->limit ? p->limit : DUP_SETTLE / DUP_CHUNK) && p->nbigs < DUP_BIGS)
		return;
	settle(d, p, 0);
	sample_if_full(d);
}

static void add_big(struct dupstr *d, struct dup_part *p, const struct dup_string *s)
{
	if (!p->bigs)
		p->bigs = xcalloc(DUP_BIGS, sizeof(*p->bigs));
	settle_if_full(d, p);
	if (!followed(d, s->hash))
		return;
	p->bigs[p->nbigs] = *s;
	log_add(d, p, s->hash, p->nbigs++);
}

void dupstr_add(struct dupstr *d, const struct dup_string *s, struct span value)
{
	if (!followed(d, s->hash))
		return;
	if (value.p)
		keep_value(d, s->hash, value);
	struct dup_part *p = part_of(d, s->hash);
	uint64_t info = info_pack(s);
	if (__builtin_expect(!info, 0)) {
		add_big(d, p, s);
		return;
	}
	if (__builtin_expect(p->at == p->end, 0)) {
		settle_if_full(d, p);
		if (!followed(d, s->hash))
			return;
	}
	log_add(d, p, s->hash, info);
}

/* --- merging --- */

static void merge_singles(struct dupstr *d, const struct dup_part *p, uint64_t top, const uint32_t *sites, const uint32_t *gens)
{
	for (uint32_t i = 0; i < part_n(p); i++) {
		const struct dup_entry *e = entry_at(p, i);
		if (info_group(entry_info(e)))
			continue;
		struct dup_string s = info_unpack(top | entry_hash(e), entry_info(e));
		s.site = sites ? sites[s.site] : s.site;
		s.gen = s.gen == UINT32_MAX ? UINT32_MAX : gens[s.gen];
		dupstr_add(d, &s, (struct span){0});
	}
}

/* The group of a hash in the partition settled last, made when there is none. */
static size_t group_for(struct dupstr *d, struct dup_part *p, uint64_t hash)
{
	uint32_t *place = index_place(d, p, hash);
	if (*place)
		return group_of(d, p, entry_at(p, *place - 1));
	size_t g = new_group(d, known_hash(hash));
	log_add(d, p, hash, info_of_group(g));
	*place = ++p->settled;
	d->n++;
	return g;
}

/* Adds the groups of a partition; here[its number there] becomes its number here. */
static void merge_groups(struct dupstr *d, const struct dupstr *from, size_t part, uint32_t *here)
{
	const struct dup_part *p = &from->part[part];
	settle(d, &d->part[part], part_n(p) + 1);
	for (uint32_t i = 0; i < part_n(p); i++) {
		uint64_t info = entry_info(entry_at(p, i));
		if (!info_group(info))
			continue;
		const struct dup_group *g = &from->groups[info & UINT32_MAX];
		if (!followed(d, g->hash))
			continue;
		size_t to = group_for(d, &d->part[part], g->hash);
		struct dup_group *t = &d->groups[to];
		t->copies += g->copies;
		t->bytes += g->bytes;
		if (g->length > t->length)
			t->length = g->length;
		if (g->generation != UINT64_MAX && (t->generation == UINT64_MAX || g->generation > t->generation))
			t->generation = g->generation;
		here[info & UINT32_MAX] = (uint32_t)to;
	}
}

static void merge_values(struct dupstr *d, const struct dupstr *from)
{
	for (size_t i = 0; i < from->texts.cap; i++) {
		if (!from->texts.used[i] || !followed(d, from->texts.keys[i]))
			continue;
		struct span value = strtab_get(&from->values, from->texts.values[i]);
		/* Twice: this is one that may have a second copy. */
		keep_value(d, from->texts.keys[i], value);
		keep_value(d, from->texts.keys[i], value);
	}
}

void dupstr_merge(struct dupstr *d, const struct dupstr *from, const uint32_t *sites, const uint32_t *gens)
{
	while (d->sample < from->sample)
		sample_harder(d);
	for (size_t i = 0; i < 1 << DUP_PARTS_LOG2; i++)
		merge_singles(d, &from->part[i], (uint64_t)i << (64 - DUP_PARTS_LOG2), sites, gens);
	/* No sampling from here on, which would give groups new numbers. */
	_cleanup_free_ uint32_t *here = xcalloc(from->ngroups + 1, sizeof(*here));
	memset(here, 0xff, from->ngroups * sizeof(*here));
	for (size_t i = 0; i < 1 << DUP_PARTS_LOG2; i++)
		merge_groups(d, from, i, here);
	for (size_t i = 0; i < from->sites.cap; i++) {
		if (!from->sites.used[i] || here[from->sites.keys[i] >> 32] == UINT32_MAX)
			continue;
		uint32_t site = (uint32_t)from->sites.keys[i];
		add_site(d, here[from->sites.keys[i] >> 32], sites ? sites[site] : site, from->sites.values[i]);
	}
	merge_values(d, from);
	sample_if_full(d);
}
