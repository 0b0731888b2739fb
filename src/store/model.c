/* Rules that both backends share. SPDX-License-Identifier: BSD-2-Clause */
#include "store/model.h"

#include <string.h>

static void copy_text(char *to, size_t cap, const char *from)
{
	size_t n = strnlen(from, cap - 1);
	memcpy(to, from, n);
	memset(to + n, 0, cap - n);
}

void model_ident(struct enc *e, const struct proc_ident *who)
{
	enc_u64be(e, who->pid);
	enc_u64be(e, who->start);
	enc_u64be(e, who->pidns);
	enc_raw(e, who->boot, strnlen(who->boot, sizeof(who->boot)));
	enc_u8(e, 0);
	if (who->start == 0)
		enc_raw(e, who->app, strnlen(who->app, sizeof(who->app)));
}

/* A file whose name does not say both process and counter shares its second with others: then what was read decides. */
static bool same_contents(const struct store_dump *old, const struct dump_summary *sum)
{
	return old->partial == sum->partial && old->objects == sum->objects && old->bytes == sum->bytes && old->roots == sum->roots &&
	    old->edges == sum->edges && old->bad_lines == sum->bad_lines;
}

bool model_same_dump(const struct store_dump *old, const struct dump_summary *sum)
{
	if (old->partial && !sum->partial)
		return false;
	const struct dump_header *h = &sum->head;
	if (h->seq != HEADER_UNKNOWN)
		return old->seq == h->seq;
	if (h->time_from_mtime || old->time_from_mtime || old->seq != HEADER_UNKNOWN)
		return false;
	bool named = h->who.pid && h->jobs != HEADER_UNKNOWN;
	return old->jobs == h->jobs && old->time == h->time && (named || same_contents(old, sum));
}

void model_dump(struct store_dump *ret, const struct dump_summary *sum, uint64_t dump, uint64_t proc)
{
	const struct dump_header *h = &sum->head;
	*ret = (struct store_dump){
	    .dump = dump,
	    .proc = proc,
	    .pid = h->who.pid,
	    .host_pid = h->who.host_pid,
	    .jobs = h->jobs,
	    .seq = h->seq,
	    .objects = sum->objects,
	    .bytes = sum->bytes,
	    .garbage_bytes = sum->has_graph ? sum->garbage.bytes : HEADER_UNKNOWN,
	    .rss = h->rss,
	    .bad_lines = sum->bad_lines,
	    .roots = sum->roots,
	    .edges = sum->edges,
	    .input_bytes = sum->input_bytes,
	    .gc_count = h->gc_count,
	    .compact_count = h->compact_count,
	    .max_generation = sum->max_generation,
	    .time = h->time,
	    .took_s = sum->took_s,
	    .received = sum->received,
	    .partial = sum->partial,
	    .traced = h->traced || sum->traced_objects_known,
	    .full = h->full,
	    .since = sum->since,
	    .has_graph = sum->has_graph,
	    .time_from_mtime = h->time_from_mtime,
	};
	copy_text(ret->ruby, sizeof(ret->ruby), h->ruby);
}

int model_dump_cmp(const struct store_dump *a, const struct store_dump *b)
{
	if (a->time > 0 && b->time > 0 && a->time != b->time)
		return a->time < b->time ? -1 : 1;
	if (a->jobs != HEADER_UNKNOWN && b->jobs != HEADER_UNKNOWN && a->jobs != b->jobs)
		return a->jobs < b->jobs ? -1 : 1;
	return a->dump < b->dump ? -1 : a->dump > b->dump;
}

int model_life_cmp(const struct store_dump *a, const struct store_dump *b)
{
	if (a->seq != HEADER_UNKNOWN && b->seq != HEADER_UNKNOWN && a->seq != b->seq)
		return a->seq < b->seq ? -1 : 1;
	return model_dump_cmp(a, b);
}

void model_proc_recount(struct store_proc *p, const struct store_dump *d, size_t n)
{
	const struct store_dump *first = NULL, *last = NULL, *any = NULL;
	p->ndumps = p->npartial = 0;
	for (size_t i = 0; i < n; i++) {
		any = &d[i];
		if (d[i].partial) {
			p->npartial++;
			continue;
		}
		p->ndumps++;
		if (!first || model_life_cmp(&d[i], first) < 0)
			first = &d[i];
		if (!last || model_life_cmp(&d[i], last) > 0)
			last = &d[i];
	}
	p->first_dump = first ? first->dump : 0;
	p->last_dump = last ? last->dump : 0;
	/* A process of which only torn dumps came still has times and a Ruby. */
	const struct store_dump *f = first ? first : any, *l = last ? last : any;
	p->first_time = f ? f->time : 0;
	p->last_time = l ? l->time : 0;
	p->jobs = l ? l->jobs : HEADER_UNKNOWN;
	p->heap_bytes = last ? last->bytes : HEADER_UNKNOWN;
	p->rss = last ? last->rss : HEADER_UNKNOWN;
	if (l)
		copy_text(p->ruby, sizeof(p->ruby), l->ruby);
}
