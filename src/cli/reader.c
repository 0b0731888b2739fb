/* Dump files through pipelines, several at once. SPDX-License-Identifier: BSD-2-Clause */
#include "cli/reader.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/thread.h"
#include "cli/progress.h"
#include "daemon/host.h"

struct reader {
	const struct input_list *list;
	const struct reader_opts *o;
	void (*take)(void *ctx, struct reader_dump *d);
	void *ctx;
	pthread_mutex_t lock;    /* all below */
	pthread_cond_t changed;
	size_t next, turn;       /* the next file to read, and to be taken */
	size_t reading;          /* files being read ... */
	uint64_t shares;         /* ... and what they have of graph_memory */
	bool alone;              /* one waits to be read alone: no other begins */
	struct progress progress;
	uint64_t done;           /* bytes */
};

/* A file on its way. */
struct file {
	struct reader *r;
	struct reader_dump d;
	struct input *in;
	uint64_t share, done;
	bool again;              /* its graph needs more than its share */
};

static void on_object(void *ctx, const struct heap_obj *o, uint32_t slot)
{
	census_dump_add(ctx, o->addr, slot, o->generation, o->memsize);
}

static bool open_file(struct file *f)
{
	int err = input_open(f->d.file->path, &f->in, &f->d.why);
	if (err < 0 && !f->d.why)
		f->d.why = xstrdup(hda_strerror(err));
	if (err >= 0)
		input_map(f->in);
	return err >= 0;
}

/* A pipe's length is not known: it gets all. */
static uint64_t share_of(const struct file *f)
{
	uint64_t all = f->r->o->pipeline.graph_memory, size = f->d.file->size, times = READER_SHARE_PACKED;
	if (strcmp(input_kind(f->in), "plain") == 0)
		times = 1;
	uint64_t share = size && size < all / times ? size * times : all;
	share = share < READER_SHARE_LEAST ? READER_SHARE_LEAST : share;
	return share < all ? share : all;
}

/* With the lock or without. */
static void drop(struct file *f)
{
	census_dump_free(f->d.census);
	pipeline_free(f->d.pipeline);
	summary_free(f->d.sum);
	input_free(f->in);
	f->d.census = NULL;
	f->d.pipeline = NULL;
	f->d.sum = NULL;
	f->in = NULL;
}

static void advance(struct file *f, uint64_t done)
{
	struct reader *r = f->r;
	pthread_mutex_lock(&r->lock);
	r->done += done - f->done;
	f->done = done;
	progress_update(&r->progress, r->done, f->d.file->path);
	pthread_mutex_unlock(&r->lock);
}

/* It could have a graph if it had more than its share. */
static bool needs_more(const struct file *f)
{
	return f->share < f->r->o->pipeline.graph_memory && pipeline_over_memory(f->d.pipeline);
}

/* All bytes, and the conclusions. */
static void read_bytes(struct file *f, const struct dump_header *head, double start)
{
	struct pipeline *p = f->d.pipeline;
	const uint8_t *bytes;
	ssize_t n = 0;
	uint64_t total;
	while (!f->again && (n = input_read(f->in, &bytes)) > 0) {
		pipeline_feed(p, bytes, (size_t)n);
		f->again = needs_more(f);
		advance(f, input_done(f->in, &total));
	}
	if (f->again)
		return;
	if (n < 0)
		f->d.why = xasprintf("%s; what came before is read as a partial dump", input_error(f->in));
	f->d.sum = pipeline_finish(p, head, n < 0);
	f->d.sum->took_s = progress_clock() - start; /* with the graph, as hdad counts it */
	f->again = needs_more(f);
}

static void read_file(struct file *f)
{
	const struct reader_opts *o = f->r->o;
	struct dump_header head;
	struct input_name over = o->over;
	double start = progress_clock();
	if (o->pid_of_name && f->d.file->name.pid != HEADER_UNKNOWN)
		over.pid = HEADER_UNKNOWN;
	int err = input_header(f->d.file->path, &over, true, &head);
	if (err < 0) {
		f->d.why = xasprintf("%s: %s", f->d.file->path, hda_strerror(err));
		return;
	}
	struct pipeline_opts p = o->pipeline;
	p.graph_memory = f->share;
	if (o->census) {
		p.census = on_object;
		p.census_ctx = f->d.census = census_dump_new();
	}
	f->d.pipeline = pipeline_new(&p);
	read_bytes(f, &head, start);
	dump_header_done(&head);
}

/* Waits until its share is free. With the lock. */
static void begin(struct reader *r, struct file *f)
{
	f->share = share_of(f);
	while (r->alone || (r->reading && r->shares + f->share > r->o->pipeline.graph_memory))
		pthread_cond_wait(&r->changed, &r->lock);
	r->reading++;
	r->shares += f->share;
}

static void end(struct reader *r, struct file *f)
{
	r->reading--;
	r->shares -= f->share;
	pthread_cond_broadcast(&r->changed);
}

/* Anew with all there is, when nobody else reads. With the lock, which others need meanwhile. */
static void read_alone(struct reader *r, struct file *f)
{
	drop(f);
	free(f->d.why);
	f->d.why = NULL;
	f->again = false;
	r->alone = true;
	while (r->reading)
		pthread_cond_wait(&r->changed, &r->lock);
	pthread_mutex_unlock(&r->lock);
	f->share = r->o->pipeline.graph_memory;
	if (open_file(f))
		read_file(f);
	pthread_mutex_lock(&r->lock);
	r->alone = false;
	pthread_cond_broadcast(&r->changed);
}

/* From the first byte to `take`. Called and left with the lock. */
static void one_file(struct reader *r, size_t i)
{
	struct file f = {.r = r, .d.file = &r->list->files[i]};
	pthread_mutex_unlock(&r->lock);
	bool opened = open_file(&f);
	pthread_mutex_lock(&r->lock);
	if (opened) {
		begin(r, &f);
		pthread_mutex_unlock(&r->lock);
		read_file(&f);
		pthread_mutex_lock(&r->lock);
		end(r, &f);
	}
	while (r->turn != i)
		pthread_cond_wait(&r->changed, &r->lock);
	if (f.again)
		read_alone(r, &f);
	r->done += f.d.file->size - f.done;
	progress_end(&r->progress);
	r->take(r->ctx, &f.d);
	f.d.sum = NULL;
	f.d.census = NULL;
	drop(&f);
	free(f.d.why);
	r->turn++;
	pthread_cond_broadcast(&r->changed);
}

static void *run(void *ctx)
{
	struct reader *r = ctx;
	pthread_mutex_lock(&r->lock);
	while (r->next < r->list->nfiles)
		one_file(r, r->next++);
	pthread_mutex_unlock(&r->lock);
	return NULL;
}

void reader_run(const struct input_list *l, const struct reader_opts *o, void (*take)(void *ctx, struct reader_dump *d), void *ctx)
{
	struct reader r = {.list = l, .o = o, .take = take, .ctx = ctx, .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
	pthread_t threads[READER_AT_ONCE];
	uint64_t total = 0, cpus = host_cpus();
	size_t n = l->nfiles < cpus ? l->nfiles : (size_t)cpus, started = 0;
	for (size_t i = 0; i < l->nfiles; i++)
		total += l->files[i].size;
	progress_init(&r.progress, total);
	n = n < READER_AT_ONCE ? n : READER_AT_ONCE;
	/* This thread is one of them; where no more can be started, it reads alone. */
	while (started + 1 < n && thread_start(&threads[started], "hdactl-file", run, &r) == 0)
		started++;
	run(&r);
	for (size_t i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	progress_end(&r.progress);
	pthread_mutex_destroy(&r.lock);
	pthread_cond_destroy(&r.changed);
}
