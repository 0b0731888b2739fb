/* Reads a dump from standard input and prints its summary in the form of the oracle. SPDX-License-Identifier: BSD-2-Clause
 *
 *	reduce_json [plain|simd] [CHUNK] [SEED] [graph] < DUMP
 *
 * CHUNK: bytes fed at a time at most; with SEED != 0 each piece has a random length from 1 to CHUNK. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "daemon/pipeline.h"
#include "names_json.h"

static const char *sep = "";

static void text(const struct dump_summary *s, uint32_t id) { print_name(&s->names, id); }

static void line_number(uint32_t line)
{
	if (line)
		printf("%" PRIu32, line);
	else
		printf("null");
}

static void number(const char *name, uint64_t v) { printf("\"%s\":%" PRIu64 ",\n", name, v); }

static void open_list(const char *name)
{
	printf("\"%s\":[", name);
	sep = "";
}

static void keys(const struct dump_summary *s)
{
	open_list("by_key");
	for (size_t i = 0; i < s->nkeys; i++, sep = ",\n") {
		const struct sum_key *k = &s->keys[i];
		printf("%s[", sep);
		text(s, k->type);
		putchar(',');
		text(s, k->klass);
		putchar(',');
		text(s, k->file);
		putchar(',');
		line_number(k->line);
		printf(",%" PRIu64 ",%" PRIu64 "]", k->all.count, k->all.bytes);
	}
	printf("],\n");
}

static void generations(const struct dump_summary *s)
{
	open_list("by_generation");
	for (size_t i = 0; i < s->ngens; i++, sep = ",")
		printf("%s[%" PRIu64 ",%" PRIu64 ",%" PRIu64 "]", sep, s->gens[i].generation, s->gens[i].t.count, s->gens[i].t.bytes);
	printf("],\n");
	open_list("by_generation_key");
	for (size_t i = 0; i < s->ngenkeys; i++, sep = ",")
		printf("%s[%" PRIu64 ",%" PRIu32 ",%" PRIu64 ",%" PRIu64 "]", sep, s->genkeys[i].generation, s->genkeys[i].key,
		    s->genkeys[i].t.count, s->genkeys[i].t.bytes);
	printf("],\n");
}

static void duplicates(const struct dump_summary *s)
{
	printf("\"duplicate_strings\":{");
	number("groups", s->dup_groups);
	number("copies", s->dup_copies);
	number("bytes", s->dup_bytes);
	printf("\"estimated\":%d,", s->dup_estimated);
	open_list("top");
	for (size_t i = 0; i < s->ndups; i++, sep = ",")
		printf("%s[%" PRIu64 ",%" PRIu64 ",%" PRIu64 "]", sep, s->dups[i].copies, s->dups[i].bytes, s->dups[i].length);
	printf("]},\n");
}

static void roots(const struct dump_summary *s)
{
	printf("\"roots_by_name\":{");
	sep = "";
	for (size_t i = 0; i < s->nroot_names; i++, sep = ",") {
		printf("%s", sep);
		text(s, s->root_names[i].name);
		printf(":%" PRIu64, s->root_names[i].count);
	}
	printf("},\n");
}

static void objects(const struct dump_summary *s, const char *name, const struct sum_object *o, size_t n)
{
	open_list(name);
	for (size_t i = 0; i < n; i++, sep = ",\n") {
		printf("%s[\"0x%" PRIx64 "\",", sep, o[i].addr);
		text(s, o[i].type);
		putchar(',');
		text(s, o[i].klass);
		printf(",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 "]", o[i].bytes, o[i].refs, o[i].generation, o[i].length);
	}
	printf("],\n");
}

static void print_summary(const struct dump_summary *s)
{
	printf("{");
	number("objects", s->objects);
	number("bytes", s->bytes);
	number("edges", s->edges);
	number("roots", s->roots);
	number("root_references", s->root_refs);
	number("shapes", s->shapes);
	number("free_slots", s->free_slots);
	number("bad_lines", s->bad_lines);
	roots(s);
	keys(s);
	generations(s);
	duplicates(s);
	objects(s, "refs", s->refs, s->nrefs);
	objects(s, "largest", s->largest, s->nlargest);
	objects(s, "long", s->long_, s->nlong);
	if (s->has_graph) {
		printf("\"graph\":{");
		number("reachable_objects", s->reachable.count);
		number("reachable_bytes", s->reachable.bytes);
		number("garbage_objects", s->garbage.count);
		number("garbage_bytes", s->garbage.bytes);
		number("dangling_references", s->dangling);
		objects(s, "top_retained", s->top_retained, s->ntop_retained);
		printf("\"end\":0},\n");
	}
	number("input_bytes", s->input_bytes);
	printf("\"since\":%d}\n", s->since);
}

static uint64_t next_random(uint64_t *state)
{
	*state = *state * 6364136223846793005ull + 1442695040888963407ull;
	return *state >> 33;
}

int main(int argc, char **argv)
{
	struct pipeline_opts opts = {.scan = {.impl = SCAN_AUTO, .hash_values = true, .hash_key = "reduce_json 1234"}};
	if (argc > 1)
		opts.scan.impl = strcmp(argv[1], "plain") == 0 ? SCAN_PLAIN : SCAN_SIMD;
	size_t chunk = argc > 2 ? strtoul(argv[2], NULL, 10) : 65536;
	uint64_t seed = argc > 3 ? strtoull(argv[3], NULL, 10) : 0;
	opts.graph = argc > 4;
	opts.graph_memory = UINT64_C(1) << 32;
	if (chunk == 0)
		return 2;
	uint8_t *buf = xcalloc(chunk + SCAN_PAD, 1);
	struct pipeline *p = pipeline_new(&opts);
	for (size_t n;;) {
		size_t want = seed ? 1 + next_random(&seed) % chunk : chunk;
		n = fread(buf, 1, want, stdin);
		if (n == 0)
			break;
		pipeline_feed(p, buf, n);
	}
	struct dump_header head;
	dump_header_init(&head);
	struct dump_summary *s = pipeline_finish(p, &head, false);
	print_summary(s);
	summary_free(s);
	pipeline_free(p);
	free(buf);
	return 0;
}
