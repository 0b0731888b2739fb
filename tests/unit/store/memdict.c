/* A dictionary in memory. SPDX-License-Identifier: BSD-2-Clause */
#include "memdict.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static int name_put(struct dict *d, struct span text, uint32_t *ret)
{
	*ret = strtab_intern(&((struct memdict *)d)->names, text);
	return 0;
}

static int name_get(struct dict *d, uint32_t name, struct span *ret)
{
	struct memdict *m = (struct memdict *)d;
	if (name == 0 || name > m->names.n)
		return HDA_ENOTFOUND;
	*ret = strtab_get(&m->names, name);
	return 0;
}

static int key_put(struct dict *d, const uint32_t key[4], uint32_t *ret)
{
	struct memdict *m = (struct memdict *)d;
	for (size_t i = 0; i < m->nkeys; i++) {
		if (memcmp(m->keys[i], key, sizeof(m->keys[i])) == 0) {
			*ret = (uint32_t)i + 1;
			return 0;
		}
	}
	m->keys = xgrow(m->keys, m->nkeys, &m->cap_keys, sizeof(*m->keys));
	memcpy(m->keys[m->nkeys++], key, sizeof(*m->keys));
	*ret = (uint32_t)m->nkeys;
	return 0;
}

static int key_get(struct dict *d, uint32_t id, uint32_t ret[4])
{
	struct memdict *m = (struct memdict *)d;
	if (id == 0 || id > m->nkeys)
		return HDA_ENOTFOUND;
	memcpy(ret, m->keys[id - 1], sizeof(*m->keys));
	return 0;
}

static int sig_put(struct dict *d, uint64_t hash, uint32_t *ret, bool *ret_new)
{
	struct memdict *m = (struct memdict *)d;
	size_t i = 0;
	while (i < m->nsigs && m->sigs[i].hash != hash)
		i++;
	*ret = (uint32_t)i + 1;
	*ret_new = i == m->nsigs;
	if (*ret_new) {
		m->sigs = xgrow(m->sigs, m->nsigs, &m->cap_sigs, sizeof(*m->sigs));
		m->sigs[m->nsigs++] = (struct dict_sig){.hash = hash};
	}
	return 0;
}

static int sig_def(struct dict *d, uint32_t id, const struct dict_sig *sig)
{
	((struct memdict *)d)->sigs[id - 1] = *sig;
	return 0;
}

static int sig_get(struct dict *d, uint32_t id, struct dict_sig *ret)
{
	struct memdict *m = (struct memdict *)d;
	if (id == 0 || id > m->nsigs)
		return HDA_ENOTFOUND;
	*ret = m->sigs[id - 1];
	return 0;
}

void memdict_init(struct memdict *m)
{
	*m = (struct memdict){.d = {.name_put = name_put, .name_get = name_get, .key_put = key_put, .key_get = key_get,
				  .sig_put = sig_put, .sig_def = sig_def, .sig_get = sig_get}};
	strtab_init(&m->names);
}

void memdict_done(struct memdict *m)
{
	strtab_done(&m->names);
	free(m->keys);
	free(m->sigs);
}

static bool names_fit(const struct dump_summary *s, const uint32_t *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (names[i] > s->names.n)
			return false;
	return true;
}

static const char *object_fault(const struct dump_summary *s)
{
	const struct {
		const struct sum_object *x;
		size_t n;
	} lists[] = {{s->refs, s->nrefs}, {s->referenced, s->nreferenced}, {s->largest, s->nlargest}, {s->long_, s->nlong},
	    {s->gen_refs, s->ngen_refs}, {s->top_retained, s->ntop_retained}};
	for (size_t l = 0; l < sizeof(lists) / sizeof(*lists); l++)
		for (size_t i = 0; i < lists[l].n; i++)
			if (!names_fit(s, (uint32_t[]){lists[l].x[i].type, lists[l].x[i].klass, lists[l].x[i].file}, 3))
				return "an object's names";
	return NULL;
}

static const char *graph_fault(const struct dump_summary *s)
{
	for (size_t i = 0; i < s->nsigs; i++) {
		if (s->sigs[i].parent >= s->nsigs && s->sigs[i].parent != UINT32_MAX)
			return "a signature's parent";
		if (s->sigs[i].klass > s->names.n)
			return "a signature's name";
	}
	for (size_t i = 0; i < s->nholders; i++)
		if ((s->holders[i].sig >= s->nsigs && s->holders[i].sig != UINT32_MAX) || s->holders[i].text > s->names.n)
			return "a holder";
	for (size_t i = 0; i < s->ncontainers; i++) {
		const struct sum_container *c = &s->containers[i];
		if ((c->sig >= s->nsigs && c->sig != UINT32_MAX) || !names_fit(s, (uint32_t[]){c->type, c->klass, c->file}, 3))
			return "a container";
	}
	for (size_t i = 0; i < s->ncontents; i++)
		if (s->contents[i].sig >= s->nsigs || s->contents[i].type > s->names.n)
			return "a signature's contents";
	for (size_t i = 0; i < s->nret_class; i++)
		if (s->ret_class[i].name > s->names.n)
			return "a retaining class";
	for (size_t i = 0; i < s->nret_site; i++)
		if (s->ret_site[i].name > s->names.n)
			return "a retaining site";
	for (size_t i = 0; i < s->nret_type; i++)
		if (s->ret_type[i].name > s->names.n)
			return "a retaining type";
	return NULL;
}

const char *summary_fault(const struct dump_summary *s)
{
	const char *why = object_fault(s);
	if (!why)
		why = graph_fault(s);
	if (why)
		return why;
	if (s->head.nmarks > HEADER_MARKS || s->nsamples > sizeof(s->samples) / sizeof(*s->samples))
		return "counts of the header";
	if (!names_fit(s, s->samples, s->nsamples) || s->no_graph_why > s->names.n)
		return "names of the header";
	for (size_t i = 0; i < s->nkeys; i++)
		if (!names_fit(s, (uint32_t[]){s->keys[i].type, s->keys[i].klass, s->keys[i].file}, 3) ||
		    (i && s->keys[i].all.bytes > s->keys[i - 1].all.bytes))
			return "a key";
	for (size_t i = 1; i < s->ngens; i++)
		if (s->gens[i].generation <= s->gens[i - 1].generation)
			return "order of the generations";
	for (size_t i = 0; i < s->ngenkeys; i++)
		if (s->genkeys[i].key >= s->nkeys || s->genkeys[i].dead > s->genkeys[i].t.count || (i && s->genkeys[i].generation < s->genkeys[i - 1].generation))
			return "generation x key";
	for (size_t i = 0; i < s->nedge_addrs; i++)
		if (s->edge_keys[i] >= s->nkeys || (i && s->edge_addrs[i] < s->edge_addrs[i - 1]))
			return "newest addresses";
	for (size_t i = 0; i < s->ndups; i++)
		if (s->dups[i].value > s->names.n)
			return "a duplicate";
	for (size_t i = 0; i < s->nroot_names; i++)
		if (s->root_names[i].name > s->names.n)
			return "a root";
	return NULL;
}
