/* From the logs of the scan to flat arrays by id. SPDX-License-Identifier: BSD-2-Clause */
#include "graph/internal.h"

void csr_free_in(struct csr *c)
{
	gmem_free(c->mem, c->in, c->n, 4);
	c->in = NULL;
}

void csr_done(struct csr *c)
{
	if (!c->mem)
		return;
	csr_free_in(c);
	gmem_free(c->mem, c->slot, c->n, 4);
	gmem_free(c->mem, c->size, c->n, 4);
	gmem_free(c->mem, c->off, (uint64_t)c->n + 1, 4);
	gmem_free(c->mem, c->to, c->m, 4);
	*c = (struct csr){0};
}

/* Pass 1: off[id] = number of edges (so far with the dangling ones). */
static void degrees(struct csr *c, const struct graph *g)
{
	for (uint64_t i = 0; i < g->objs.n;) {
		uint64_t run = glog_run(&g->objs, i);
		const uint32_t *rec = glog_at(&g->objs, i);
		for (uint64_t k = 0; k < run; k++, rec += REC_WIDTH)
			c->off[addrmap_id(&g->map, rec[REC_CODE])] = rec[REC_NREFS] + (rec[REC_CLASS] != ADDR_NONE);
		i += run;
	}
	uint32_t sum = 0;
	for (uint32_t v = 0; v <= c->n; v++) {
		uint32_t d = v < c->n ? c->off[v] : 0;
		c->off[v] = sum;
		sum += d;
	}
	c->m = sum;
}

static bool csr_alloc(struct csr *c, struct graph *g)
{
	*c = (struct csr){.mem = &g->mem, .n = (uint32_t)g->objs.n};
	c->off = gmem_raw(c->mem, (uint64_t)c->n + 1, 4);
	if (!c->off)
		return false;
	degrees(c, g);
	c->slot = gmem_raw(c->mem, c->n, 4);
	c->size = gmem_raw(c->mem, c->n, 4);
	c->to = gmem_raw(c->mem, c->m, 4);
	c->in = gmem_alloc(c->mem, c->n, 4);
	return c->slot && c->size && c->to && c->in;
}

/* A reader of the reference log. */
struct ref_reader {
	struct glog *log;
	uint64_t at;
	const uint32_t *p;
	uint64_t left; /* side by side from p */
};

static void next_run(struct ref_reader *r)
{
	glog_free_before(r->log, r->at);
	r->left = r->at < r->log->n ? glog_run(r->log, r->at) : 0;
	r->p = r->left ? glog_at(r->log, r->at) : NULL;
}

/* Resolves n references to out (ADDR_NONE where nothing lies). The body is compiled twice, with and without popcnt. */
__attribute__((always_inline)) static inline void resolve_body(const struct addrmap *m, const uint32_t *codes, uint64_t n, uint32_t *out)
{
	for (uint64_t i = 0; i < n; i++)
		out[i] = addrmap_id(m, codes[i]);
}

static void resolve_plain(const struct addrmap *m, const uint32_t *codes, uint64_t n, uint32_t *out)
{
	resolve_body(m, codes, n, out);
}

#ifdef __x86_64__
__attribute__((target("popcnt"))) static void resolve_popcnt(const struct addrmap *m, const uint32_t *codes, uint64_t n, uint32_t *out)
{
	resolve_body(m, codes, n, out);
}
#endif

/* One of the two: which this processor can. */
struct resolver {
	void (*run)(const struct addrmap *m, const uint32_t *codes, uint64_t n, uint32_t *out);
};

static struct resolver resolver(void)
{
#ifdef __x86_64__
	__builtin_cpu_init();
	if (__builtin_cpu_supports("popcnt"))
		return (struct resolver){resolve_popcnt};
#endif
	return (struct resolver){resolve_plain};
}

/* The references of one object, resolved to `to`. */
static void take_refs(struct ref_reader *r, const struct addrmap *m, struct resolver fn, uint32_t n, uint32_t *to)
{
	while (n) {
		if (r->left == 0)
			next_run(r);
		uint64_t k = n < r->left ? n : r->left;
		fn.run(m, r->p, k, to);
		r->p += k;
		r->at += k;
		r->left -= k;
		to += k;
		n -= (uint32_t)k;
	}
}

static void count_in(struct csr *c, const uint32_t *to, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		if (to[i] == ADDR_NONE)
			c->dangling++;
		else
			c->in[to[i]]++;
	}
}

/* Pass 2: everything to its place. */
static void scatter(struct csr *c, struct graph *g)
{
	struct ref_reader refs = {.log = &g->refs};
	struct resolver fn = resolver();
	for (uint64_t i = 0; i < g->objs.n;) {
		uint64_t run = glog_run(&g->objs, i);
		const uint32_t *rec = glog_at(&g->objs, i);
		for (uint64_t k = 0; k < run; k++, rec += REC_WIDTH) {
			uint32_t id = addrmap_id(&g->map, rec[REC_CODE]);
			uint32_t *to = c->to + c->off[id], klass = ADDR_NONE;
			take_refs(&refs, &g->map, fn, rec[REC_NREFS], to);
			count_in(c, to, rec[REC_NREFS]);
			if (rec[REC_CLASS] != ADDR_NONE)
				to[rec[REC_NREFS]] = klass = addrmap_id(&g->map, rec[REC_CLASS]);
			c->slot[id] = rec[REC_SLOT] | (klass != ADDR_NONE ? CSR_HAS_CLASS : 0);
			c->size[id] = rec[REC_SIZE];
		}
		i += run;
		glog_free_before(&g->objs, i);
	}
	glog_done(&g->refs);
	glog_done(&g->objs);
}

/* Pass 3: squeezes out what dangles. */
static void squeeze(struct csr *c)
{
	uint32_t w = 0, from = 0;
	if (c->m == 0 || c->n == 0)
		return;
	for (uint32_t v = 0; v < c->n; v++) {
		uint32_t end = c->off[v + 1];
		c->off[v] = w;
		for (uint32_t e = from; e < end; e++)
			if (c->to[e] != ADDR_NONE)
				c->to[w++] = c->to[e];
		from = end;
	}
	c->off[c->n] = w;
}

bool csr_build(struct csr *c, struct graph *g)
{
	if (!addrmap_finish(&g->map) || !csr_alloc(c, g))
		return false;
	scatter(c, g);
	squeeze(c);
	return true;
}
