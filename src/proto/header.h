/* What a process says about itself and about one dump. SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
	HEADER_LABEL = 64,     /* bytes of app, role, revision, host with the NUL; longer is cut */
	HEADER_MIX = 200,      /* job classes of the mix; the rest is summed as "other" */
	HEADER_CLASS = 128,    /* bytes of a job class name with the NUL */
	HEADER_MARKS = 2,
};

#define HEADER_UNKNOWN UINT64_MAX /* a figure that was not said */
#define HEADER_TIME_END 253402300800.0 /* seconds: the year 10000, which nobody can write */

/* Identity of one process life: a pid alone is reused. */
struct proc_ident {
	char boot[40];        /* /proc/sys/kernel/random/boot_id, "" unknown */
	uint64_t pidns;       /* inode of /proc/self/ns/pid, 0 unknown */
	uint64_t pid;         /* what the process calls itself */
	uint64_t start;       /* field 22 of /proc/self/stat, clock ticks, 0 unknown */
	uint64_t host_pid;    /* SO_PEERCRED's, the view of hdad; 0 unknown */
	char host[HEADER_LABEL], app[HEADER_LABEL], role[HEADER_LABEL], rev[HEADER_LABEL];
};

struct mix_entry {
	char klass[HEADER_CLASS];
	uint64_t jobs;
};

struct mark {
	uint64_t jobs;
	double time; /* seconds since 1970 */
	uint64_t gc_count;
};

/* The header of a dump (BEGIN). Plain data; figures not said are HEADER_UNKNOWN, texts "". */
struct dump_header {
	struct proc_ident who;
	char ruby[32], platform[64], reason[16];
	uint64_t jobs;        /* job counter at the dump */
	uint64_t seq;         /* counts the dumps of one process life; (identity, seq) is unique */
	double time;          /* seconds since 1970; 0 unknown */
	double uptime_s;      /* 0 unknown */
	bool traced, full;
	bool time_from_mtime; /* file mode: no time in the name */
	double traced_since;  /* 0: from the start, or not traced */
	uint64_t threads;
	uint64_t gc_count, major_gc_count, heap_live_slots, heap_free_slots, old_objects, total_allocated_objects,
	    total_freed_objects, malloc_increase_bytes, oldmalloc_increase_bytes, heap_allocated_pages, compact_count;
	uint64_t rss, pss, swap, cgroup_usage, cgroup_limit; /* bytes */
	uint32_t nmarks, nmix;
	struct mark marks[HEADER_MARKS];
	struct mix_entry *mix; /* nmix entries, owned; free() */
};

/* All figures unknown, all texts empty. */
void dump_header_init(struct dump_header *h);
/* Frees what it owns; the header is as after init. */
void dump_header_done(struct dump_header *h);
/* Copies everything, mix included, into *ret (which is overwritten). */
void dump_header_copy(struct dump_header *ret, const struct dump_header *h);
