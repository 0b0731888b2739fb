/* A life as bytes: time, what was weighed, what is known. SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/life_code.h"
#include "analyze/verdict_impl.h"
#include "base/mem.h"

/* Times and jobs lie on a grid (verdict_time.c), so they are whole numbers of its parts: written as steps. */
static void code_steps(struct enc *e, const double *v, size_t n, double parts)
{
	int64_t before = 0;
	for (size_t i = 0; i < n; i++) {
		int64_t now = llround(v[i] * parts);
		enc_sv(e, now - before);
		before = now;
	}
}

static void decode_steps(struct dec *d, double *v, size_t n, double parts)
{
	uint64_t now = 0;
	for (size_t i = 0; i < n; i++) {
		now += (uint64_t)dec_sv(d);
		v[i] = (double)(int64_t)now / parts;
	}
}

static double decode_f64(struct dec *d)
{
	double v = dec_f64(d);
	if (!isfinite(v))
		d->err = HDA_EFORMAT;
	return d->err ? 0 : v;
}

static void code_u32s(struct enc *e, const uint32_t *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		enc_sv(e, (int64_t)v[i] - (i ? v[i - 1] : 0));
}

/* max: numbers above it are an error. */
static void decode_u32s(struct dec *d, uint32_t *v, size_t n, uint32_t max)
{
	int64_t now = 0;
	for (size_t i = 0; i < n; i++) {
		now += dec_sv(d) % ((int64_t)UINT32_MAX + 1);
		if (now < 0 || now > max)
			d->err = HDA_EFORMAT;
		v[i] = d->err ? 0 : (uint32_t)now;
	}
}

static void code_marks(const struct verdict_proc *p, struct enc *e)
{
	double col[VERDICT_MARKS];
	enc_uv(e, p->nmarks);
	code_u32s(e, p->no, p->nmarks);
	code_u32s(e, p->dump, p->nmarks);
	code_steps(e, p->x, p->nmarks, VERDICT_JOB_PARTS);
	code_steps(e, p->t, p->nmarks, VERDICT_SECOND_PARTS);
	code_steps(e, p->gc, p->nmarks, 1);
	code_steps(e, p->bx, p->nmarks, VERDICT_JOB_PARTS);
	for (unsigned c = 0; c < p->nclasses; c++) {
		for (size_t i = 0; i < p->nmarks; i++)
			col[i] = p->mix[i][c];
		code_steps(e, col, p->nmarks, VERDICT_JOB_PARTS);
	}
}

static void decode_marks(struct dec *d, struct verdict_proc *p)
{
	double col[VERDICT_MARKS];
	p->nmarks = dec_count(d, 5);
	if (p->nmarks > VERDICT_MARKS)
		d->err = HDA_EFORMAT;
	if (d->err)
		p->nmarks = 0;
	decode_u32s(d, p->no, p->nmarks, UINT32_MAX);
	decode_u32s(d, p->dump, p->nmarks, UINT32_MAX);
	decode_steps(d, p->x, p->nmarks, VERDICT_JOB_PARTS);
	decode_steps(d, p->t, p->nmarks, VERDICT_SECOND_PARTS);
	decode_steps(d, p->gc, p->nmarks, 1);
	decode_steps(d, p->bx, p->nmarks, VERDICT_JOB_PARTS);
	for (unsigned c = 0; c < p->nclasses; c++) {
		decode_steps(d, col, p->nmarks, VERDICT_JOB_PARTS);
		for (size_t i = 0; i < p->nmarks; i++)
			p->mix[i][c] = col[i];
	}
}

static void code_bounds(struct enc *e, const uint32_t *bound, uint32_t n, uint32_t unit)
{
	enc_uv(e, n);
	enc_uv(e, unit);
	code_u32s(e, bound, n);
}

static void decode_bounds(struct dec *d, uint32_t *bound, uint32_t *n, uint32_t *unit, uint32_t max)
{
	*n = (uint32_t)dec_count(d, 1);
	*unit = (uint32_t)dec_uv(d);
	if (*n > VERDICT_BOUNDS || *n == 0 || *unit == 0)
		d->err = HDA_EFORMAT;
	if (d->err)
		*n = 0;
	decode_u32s(d, bound, *n, max);
}

static void code_unit(struct enc *e, const struct verdict_unit *u, unsigned nclasses)
{
	enc_f64(e, u->w);
	enc_f64(e, u->sec);
	enc_f64(e, u->x);
	for (unsigned c = 0; c < nclasses; c++)
		enc_f64(e, u->mix[c]);
}

static void decode_unit(struct dec *d, struct verdict_unit *u, unsigned nclasses)
{
	*u = (struct verdict_unit){.w = decode_f64(d), .sec = decode_f64(d), .x = decode_f64(d)};
	for (unsigned c = 0; c < nclasses; c++)
		u->mix[c] = decode_f64(d);
}

static void code_proc(const struct verdict_proc *p, struct enc *e)
{
	enc_f64(e, p->ruby);
	enc_u64be(e, p->rev);
	enc_f64(e, p->limit);
	enc_uv(e, p->nclasses);
	for (unsigned c = 0; c < p->nclasses; c++) {
		enc_str(e, span_of(p->classes[c]));
		enc_f64(e, p->last.mix[c]);
		enc_f64(e, p->offmix[c]);
	}
	enc_uv(e, p->ndumps);
	code_marks(p, e);
	if (p->nmarks == 0)
		return;
	code_bounds(e, p->bound, p->nbound, p->unit);
	code_bounds(e, p->lbound, p->nlbound, p->lunit);
	const uint32_t at[] = {p->e0, p->cut, p->before};
	code_u32s(e, at, 3);
	enc_uv(e, p->major);
	enc_f64(e, p->last.jobs);
	enc_f64(e, p->last.t);
	enc_uv(e, p->last.gc);
	enc_uv(e, p->last.compact);
	const double now[] = {p->off, p->rss, p->high, p->oldmalloc_first, p->oldmalloc_most, p->slots_now, p->old_now};
	for (size_t i = 0; i < sizeof(now) / sizeof(*now); i++)
		enc_f64(e, now[i]);
	enc_uv(e, p->nfrozen);
	for (unsigned i = 0; i < p->nfrozen; i++)
		code_unit(e, &p->frozen[i], p->nclasses);
	enc_uv(e, p->nnative);
	for (uint32_t i = 0; i < p->nnative; i++) {
		enc_f64(e, p->native[i].rss);
		enc_f64(e, p->native[i].high);
		enc_f64(e, p->native[i].live);
		enc_uv(e, p->native[i].at);
	}
	lows_encode(&p->slots, 0, e);
	lows_encode(&p->old, 0, e);
	lows_encode(&p->dead, 0, e);
	enc_uv(e, p->last_major);
	enc_u8(e, p->last.no_majors);
}

static void decode_classes(struct dec *d, struct life *l)
{
	struct verdict_proc *p = &l->proc;
	size_t n = dec_count(d, 17);
	if (n > VERDICT_CLASSES)
		d->err = HDA_EFORMAT;
	for (size_t c = 0; !d->err && c < n; c++) {
		p->classes[c] = strtab_str(&l->names, strtab_intern(&l->names, dec_str(d)));
		p->last.mix[c] = decode_f64(d);
		p->offmix[c] = decode_f64(d);
		p->nclasses++;
	}
}

static void decode_proc(struct dec *d, struct life *l)
{
	struct verdict_proc *p = &l->proc;
	double *const now[] = {&p->off, &p->rss, &p->high, &p->oldmalloc_first, &p->oldmalloc_most, &p->slots_now, &p->old_now};
	uint32_t at[3] = {0};
	p->ruby = decode_f64(d);
	p->rev = dec_u64be(d);
	p->limit = decode_f64(d);
	decode_classes(d, l);
	p->ndumps = dec_uv(d);
	decode_marks(d, p);
	if (p->nmarks == 0)
		return;
	decode_bounds(d, p->bound, &p->nbound, &p->unit, (uint32_t)p->nmarks - 1);
	decode_bounds(d, p->lbound, &p->nlbound, &p->lunit, UINT32_MAX);
	decode_u32s(d, at, 3, (uint32_t)p->nmarks - 1);
	p->e0 = at[0];
	p->cut = at[1];
	p->before = at[2];
	p->major = dec_uv(d);
	p->last.jobs = decode_f64(d);
	p->last.t = decode_f64(d);
	p->last.gc = dec_uv(d);
	p->last.compact = dec_uv(d);
	p->have_last = true;
	for (size_t i = 0; i < sizeof(now) / sizeof(*now); i++)
		*now[i] = decode_f64(d);
	size_t n = dec_count(d, 24);
	for (size_t i = 0; i < n && i < VERDICT_FROZEN; i++)
		decode_unit(d, &p->frozen[p->nfrozen++], p->nclasses);
	size_t m = dec_count(d, 25);
	for (size_t i = 0; i < m && i < VERDICT_LEVELS; i++, p->nnative++) {
		p->native[i].rss = decode_f64(d);
		p->native[i].high = decode_f64(d);
		p->native[i].live = decode_f64(d);
		p->native[i].at = (uint32_t)dec_uv(d);
	}
	lows_decode(d, 0, &p->slots);
	lows_decode(d, 0, &p->old);
	lows_decode(d, 0, &p->dead);
	p->last_major = (uint32_t)dec_uv(d);
	p->last.no_majors = dec_u8(d) & 1;
	if (n > VERDICT_FROZEN || m > VERDICT_LEVELS)
		d->err = HDA_EFORMAT;
}

/* Number of a text of an entry in the record's own table; 0 null. */
static uint32_t text_number(const struct life *l, const char *s) { return s ? strtab_find(&l->texts, span_of(s)) : 0; }

static void code_judged(const struct verdict_judged *j, struct enc *e)
{
	enc_uv(e, j->m);
	if (j->m == 0)
		return;
	enc_u8(e, (uint8_t)(j->by_births | j->still << 1 | (unsigned)j->how << 2));
	enc_uv(e, j->how_arg);
	for (int c = 0; c < STORIES; c++)
		code_f32(e, j->evidence[c]);
	for (int c = 0; c < KINDS; c++)
		code_f32(e, j->kinds[c]);
	const double v[] = {j->survivors, j->hazard, j->rate, j->se, j->df, j->more, j->more_jobs, j->late, j->tailed};
	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++)
		code_f32(e, v[i]);
	enc_uv(e, j->nunits);
	for (unsigned i = 0; i < j->nunits; i++)
		code_f32(e, j->units[i]);
}

static void decode_judged(struct dec *d, struct verdict_judged *j)
{
	j->m = (unsigned)dec_uv(d);
	if (j->m == 0)
		return;
	uint8_t flags = dec_u8(d);
	j->by_births = flags & 1;
	j->still = flags >> 1 & 1;
	j->how = (enum verdict_how)(flags >> 2);
	j->how_arg = (unsigned)dec_uv(d);
	for (int c = 0; c < STORIES; c++)
		j->evidence[c] = decode_f32(d);
	for (int c = 0; c < KINDS; c++)
		j->kinds[c] = decode_f32(d);
	double *const v[] = {&j->survivors, &j->hazard, &j->rate, &j->se, &j->df, &j->more, &j->more_jobs, &j->late, &j->tailed};
	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++)
		*v[i] = decode_f32(d);
	size_t n = dec_count(d, 4);
	if (n > VERDICT_UNITS || j->m > VERDICT_UNITS || j->how > HOW_OTHER || (j->how == HOW_CLASS && j->how_arg >= VERDICT_CLASSES))
		d->err = HDA_EFORMAT;
	for (size_t i = 0; !d->err && i < n; i++)
		j->units[j->nunits++] = decode_f32(d);
}

static void code_entries(const struct life *l, struct enc *e)
{
	enc_uv(e, l->texts.n);
	for (uint32_t i = 1; i <= l->texts.n; i++)
		enc_str(e, strtab_get(&l->texts, i));
	enc_uv(e, l->out.nentries);
	for (size_t i = 0; i < l->out.nentries; i++) {
		const struct verdict_entry *x = &l->out.entries[i];
		enc_uv(e, text_number(l, x->type));
		enc_uv(e, text_number(l, x->klass));
		enc_uv(e, text_number(l, x->site));
		enc_u8(e, (uint8_t)(x->stack | (x->labels != NULL) << 1));
		enc_uv(e, x->npath);
		for (size_t k = 0; k < x->npath; k++)
			enc_uv(e, text_number(l, x->path[k]));
		for (size_t k = 0; x->labels && k <= x->npath; k++)
			enc_uv(e, text_number(l, x->labels[k]));
		enc_f64(e, x->key->n);
		enc_f64(e, x->key->b);
		enc_f64(e, x->key->len);
		enc_uv(e, (uint64_t)x->one);
		code_judged(x->judged, e);
	}
}

static const char *decode_text(struct dec *d, struct life *l)
{
	uint64_t n = dec_uv(d);
	if (n > l->texts.n)
		d->err = HDA_EFORMAT;
	return d->err ? NULL : strtab_str(&l->texts, (uint32_t)n);
}

static void decode_entry(struct dec *d, struct life *l, struct verdict_entry *x, struct verdict_judged *j)
{
	x->type = decode_text(d, l);
	x->klass = decode_text(d, l);
	x->site = decode_text(d, l);
	uint8_t flags = dec_u8(d);
	x->stack = flags & 1;
	size_t n = dec_count(d, 1);
	const char **path = n ? arena_alloc(&l->arena, n * sizeof(*path)) : NULL;
	for (size_t k = 0; k < n; k++) {
		path[k] = decode_text(d, l);
		if (!path[k])
			d->err = HDA_EFORMAT;
	}
	x->path = path;
	x->npath = d->err ? 0 : n;
	const char **labels = flags >> 1 ? arena_alloc(&l->arena, (n + 1) * sizeof(*labels)) : NULL;
	for (size_t k = 0; labels && k <= n; k++)
		labels[k] = decode_text(d, l);
	x->labels = labels;
	x->key = arena_alloc(&l->arena, sizeof(*x->key));
	verdict_key_init(x->key);
	x->key->n = decode_f64(d);
	x->key->b = decode_f64(d);
	x->key->len = decode_f64(d);
	x->one = (double)dec_uv(d);
	x->judged = j;
	decode_judged(d, j);
}

static void decode_entries(struct dec *d, struct life *l)
{
	size_t n = dec_count(d, 1);
	for (size_t i = 0; i < n && !d->err; i++) {
		if (strtab_intern(&l->texts, dec_str(d)) != i + 1)
			d->err = HDA_EFORMAT;
	}
	n = dec_count(d, 20);
	if (d->err || n > LIFE_JUDGED) {
		d->err = HDA_EFORMAT;
		return;
	}
	l->out.entries = xcalloc(n, sizeof(*l->out.entries));
	l->judged = xcalloc(n, sizeof(*l->judged));
	for (size_t i = 0; i < n && !d->err; i++) {
		struct verdict_entry *x = &l->out.entries[l->out.nentries++];
		x->id = (uint32_t)i;
		decode_entry(d, l, x, &l->judged[i]);
	}
}

static void code_known(const struct life *l, struct enc *e)
{
	enc_uv(e, l->nknown);
	for (size_t i = 0; i < l->nknown; i++) {
		const struct life_known *k = &l->known[i];
		enc_u32be(e, k->id);
		enc_u8(e, k->label);
		enc_f64(e, k->first_seen);
		enc_f64(e, k->gone);
		enc_str(e, span_of(k->rev));
	}
}

static void decode_known(struct dec *d, struct life *l)
{
	size_t n = dec_count(d, 22);
	if (n > LIFE_KNOWN)
		d->err = HDA_EFORMAT;
	for (size_t i = 0; i < n && !d->err; i++) {
		bool fresh;
		struct life_known *k = life_know(l, dec_u32be(d), &fresh);
		k->label = dec_u8(d);
		k->first_seen = decode_f64(d);
		k->gone = decode_f64(d);
		struct span rev = dec_str(d);
		size_t len = rev.n < sizeof(k->rev) ? rev.n : sizeof(k->rev) - 1;
		if (len)
			memcpy(k->rev, rev.p, len);
		if (k->label > VERDICT_LEAK)
			d->err = HDA_EFORMAT;
	}
}

void life_encode_head(const struct life *l, struct enc *e)
{
	enc_u8(e, LIFE_VERSION);
	enc_uv(e, l->dump);
	enc_u8(e, (uint8_t)(l->traced | l->knows_jobs << 1 | l->proc.graph << 2));
	enc_uv(e, l->nkeys);
	enc_uv(e, l->other.rows);
	enc_f64(e, l->other.n);
	enc_f64(e, l->other.b);
	enc_uv(e, l->compactions);
	enc_f64(e, l->sited);
	enc_f64(e, l->siteless);
	const double births[] = {l->allocated, l->born, l->cycle, l->pace};
	for (size_t i = 0; i < 4; i++)
		enc_f64(e, births[i]);
	code_proc(&l->proc, e);
	code_entries(l, e);
	code_known(l, e);
}

struct life *life_decode(struct span head, struct span rows)
{
	struct life *l = life_new();
	struct dec d;
	dec_init(&d, head.p, head.n);
	if (dec_u8(&d) != LIFE_VERSION) {
		life_free(l);
		return NULL;
	}
	l->dump = dec_uv(&d);
	uint8_t flags = dec_u8(&d);
	l->started = true;
	l->traced = l->proc.traced = flags & 1;
	l->knows_jobs = flags >> 1 & 1;
	l->proc.graph = flags >> 2 & 1;
	l->nkeys = dec_uv(&d);
	l->other.rows = dec_uv(&d);
	l->other.n = decode_f64(&d);
	l->other.b = decode_f64(&d);
	l->compactions = dec_uv(&d);
	l->sited = decode_f64(&d);
	l->siteless = decode_f64(&d);
	double *const births[] = {&l->allocated, &l->born, &l->cycle, &l->pace};
	for (size_t i = 0; i < 4; i++)
		*births[i] = decode_f64(&d);
	decode_proc(&d, l);
	decode_entries(&d, l);
	decode_known(&d, l);
	if (dec_finish(&d) != 0 || (rows.p && !life_decode_rows(l, rows))) {
		life_free(l);
		return NULL;
	}
	return l;
}
