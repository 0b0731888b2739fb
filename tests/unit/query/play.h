/* A process that the tests of leaks play. SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include "sample.h"

#define NOW 2e9

/* A process that the tests play: one site, and a static one beside it. */
struct play {
	uint64_t pid, start;
	const char *rev, *file;
	bool untraced;
	unsigned files;                                  /* more sites, each in a file of its own */
	double (*alive)(uint64_t born, uint64_t k);      /* objects born before dump `born` (after the one before it) that are there at dump k */
	uint64_t (*jobs)(uint64_t k);                    /* NULL: 1000 a dump */
	double (*time)(uint64_t k);                      /* NULL: a minute a dump */
	uint64_t (*gc)(uint64_t k);                      /* NULL: 10 a dump */
};

uint32_t name(struct dump_summary *s, const char *text);
/* Dump k of it, as the reducer would make it. */
struct dump_summary *play_dump(const struct play *p, uint64_t k);
extern double host_memory; /* what put_dump says of the host; 0 */
/* Stores the dump and frees it; the verdict goes along. */
void put_dump(struct store *st, struct dump_summary *s);
/* All dumps from 0 on. */
void play(struct store *st, const struct play *p, uint64_t dumps);
void ask_at(struct caught *c, struct store *st, double now, const char *line);

/* What may be alive. */
double keeps(uint64_t born, uint64_t k);
double keeps_much(uint64_t born, uint64_t k);
double early(uint64_t born, uint64_t k);
double young(uint64_t born, uint64_t k);
/* The objects are there, but for three dumps. */
double hides(uint64_t born, uint64_t k);

/* Neither leaks nor ps says leak. */
void no_leak(struct store *st);
/* The first line is a leak at about this many objects a job (NAN: any). Its evidence can be asked for. */
void one_leak(struct store *st, double rate);
