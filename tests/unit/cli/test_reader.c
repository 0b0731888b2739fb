/* Reading many dump files at once. SPDX-License-Identifier: BSD-2-Clause */
#include "unit.h"

#include <unistd.h>

#include "base/mem.h"
#include "cli/reader.h"

enum {
	FILES = 24,
	MANY = 700000,                /* objects of the dump whose graph needs more than its file's size */
	MANY_FILE = 6,                /* which that is */
	TORN = 9, FOREIGN = 14, ABSENT = 19, /* what is wrong with these */
	ROOM = 512 << 20,             /* graph_memory for all of it */
};

static char dir[] = "/tmp/hda-test-reader-XXXXXX";

static char *path_of(int i) { return xasprintf("%s/heap-7-%d-%d.dump", dir, 1700000000 + i, i); }

/* One root that holds a chain; shorter lines than Ruby's. */
static void put_dump(FILE *f, int objects)
{
	fputs("{\"type\":\"ROOT\",\"root\":\"vm\",\"references\":[\"0x10000\"]}\n", f);
	for (int i = 0; i < objects; i++)
		fprintf(f, "{\"address\":\"0x%x\",\"type\":\"ARRAY\",\"references\":[\"0x%x\"]}\n", 0x10000 + 0x28 * i, 0x10000 + 0x28 * (i + 1));
}

static int make(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	for (int i = 0; i < FILES; i++) {
		_cleanup_free_ char *path = path_of(i);
		FILE *f = i == ABSENT ? NULL : fopen(path, "w");
		if (!f)
			continue;
		if (i == FOREIGN)
			fputs("notes, no dump\n", f);
		else /* a few large ones first, so that later ones are read before them */
			put_dump(f, i == MANY_FILE ? MANY : i < 4 ? 40000 : 100 + i);
		if (i == TORN)
			fputs("{\"address\":\"0x99", f);
		fclose(f);
	}
	return 0;
}

static int clear(void **state)
{
	(void)state;
	for (int i = 0; i < FILES; i++) {
		_cleanup_free_ char *path = path_of(i);
		unlink(path);
	}
	return rmdir(dir);
}

struct taken {
	size_t n;
	bool graph[FILES], none[FILES], partial[FILES];
	uint64_t objects[FILES], reachable[FILES];
	char *why[FILES], *no_graph[FILES];
	size_t noted;
};

static void take(void *ctx, struct reader_dump *d)
{
	struct taken *t = ctx;
	_cleanup_free_ char *path = path_of((int)t->n);
	assert_string_equal(d->file->path, path); /* in their order, whichever was read first */
	t->why[t->n] = d->why ? xstrdup(d->why) : NULL;
	t->none[t->n] = !d->sum;
	if (d->sum) {
		const char *why = strtab_str(&d->sum->names, d->sum->no_graph_why);
		assert_non_null(d->pipeline);
		t->graph[t->n] = d->sum->has_graph;
		t->partial[t->n] = d->sum->partial;
		t->objects[t->n] = d->sum->objects;
		t->reachable[t->n] = d->sum->reachable.count;
		t->no_graph[t->n] = why ? xstrdup(why) : NULL;
	}
	t->noted += d->census != NULL;
	t->n++;
	census_dump_free(d->census);
	summary_free(d->sum);
}

static void read_all(struct taken *t, uint64_t memory, bool census)
{
	struct input_list l = {.nfiles = 0};
	_cleanup_free_ char *why = NULL;
	for (int i = 0; i < FILES; i++) {
		_cleanup_free_ char *path = path_of(i);
		if (i == ABSENT) { /* it was there when the folder was looked at */
			l.files = xgrow(l.files, l.nfiles, &l.cap_files, sizeof(*l.files));
			l.files[l.nfiles++] = (struct input_file){.path = xstrdup(path), .name = input_parse_name(path), .size = 99};
		} else {
			assert_int_equal(input_list_add(&l, path, &why), 0);
		}
	}
	*t = (struct taken){.n = 0};
	struct reader_opts o = {.pipeline = {.graph = true, .graph_memory = memory}, .census = census,
	    .over = {HEADER_UNKNOWN, HEADER_UNKNOWN, HEADER_UNKNOWN}};
	reader_run(&l, &o, take, t);
	assert_int_equal(t->n, FILES);
	input_list_done(&l);
}

static void done(struct taken *t)
{
	for (int i = 0; i < FILES; i++) {
		free(t->why[i]);
		free(t->no_graph[i]);
	}
}

static uint64_t objects_of(int i) { return i == MANY_FILE ? MANY : i < 4 ? 40000 : 100 + (uint64_t)i; }

static void test_order_and_faults(void **state)
{
	(void)state;
	struct taken t;
	read_all(&t, ROOM, true);
	for (int i = 0; i < FILES; i++) {
		bool bad = i == FOREIGN || i == ABSENT;
		assert_int_equal(t.none[i], bad);
		assert_int_equal(t.why[i] != NULL, bad || i == TORN);
		assert_int_equal(t.partial[i], i == TORN);
		assert_int_equal(t.objects[i], bad ? 0 : objects_of(i));
	}
	assert_int_equal(t.noted, FILES - 2);
	assert_non_null(strstr(t.why[ABSENT], "heap-7-1700000019-19.dump"));
	assert_non_null(strstr(t.why[TORN], "partial"));
	done(&t);
}

/* The file whose graph needs more than its share while others are read has one all the same: it is read again alone. */
static void test_alone(void **state)
{
	(void)state;
	struct taken t;
	read_all(&t, ROOM, false);
	for (int i = 0; i < FILES; i++) {
		assert_int_equal(t.graph[i], !t.none[i]);
		assert_int_equal(t.reachable[i], t.objects[i]);
	}
	assert_int_equal(t.objects[MANY_FILE], MANY);
	done(&t);
}

/* One that needs more than there is has none, and the reason names what there is, not the share. */
static void test_limit(void **state)
{
	(void)state;
	enum { LITTLE = READER_SHARE_LEAST + (1 << 20) };
	_cleanup_free_ char *room = xasprintf("(%d bytes)", LITTLE);
	struct taken t;
	read_all(&t, LITTLE, false);
	for (int i = 0; i < FILES; i++)
		assert_int_equal(t.graph[i], !t.none[i] && i != MANY_FILE);
	assert_int_equal(t.objects[MANY_FILE], MANY);
	assert_non_null(t.no_graph[MANY_FILE]);
	assert_non_null(strstr(t.no_graph[MANY_FILE], room));
	done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_order_and_faults), cmocka_unit_test(test_alone), cmocka_unit_test(test_limit)};
	return cmocka_run_group_tests(tests, make, clear);
}
