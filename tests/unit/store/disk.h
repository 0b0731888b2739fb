/* Stores in temporary directories, for the tests of what lies on disk. SPDX-License-Identifier: BSD-2-Clause
 *
 * Include unit.h first. Failures end the running test; the functions are for the test's own process, not for its children. */
#pragma once

#include <sys/stat.h>
#include <unistd.h>

#include "series.h"
#include "store/store.h"

static inline char *disk_temp(void)
{
	char *dir = xstrdup("/tmp/hda-test-store-XXXXXX");
	assert_non_null(mkdtemp(dir));
	return dir;
}

/* Removes a store's directory. */
static inline void disk_remove(const char *dir)
{
	static const char *const files[] = {"data.mdb", "lock.mdb", "hdad.lock"};
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		_cleanup_free_ char *path = xasprintf("%s/%s", dir, files[i]);
		unlink(path);
	}
	rmdir(dir);
}

static inline struct store *disk_open(const char *dir, const struct store_opts *o)
{
	struct store_opts opts = *o;
	struct store *s = NULL;
	char *why = NULL;
	opts.dir = dir;
	int err = store_open(&s, &opts, &why);
	if (err)
		fail_msg("store_open %s: %s", dir, why ? why : hda_strerror(err));
	return s;
}

/* One dump, one transaction: as hdad does it. No assertions: children call it too. */
static inline int disk_put(struct store *s, const struct dump_summary *d, uint64_t *ret)
{
	struct store_wtxn *w;
	int err = store_wtxn_begin(s, &w);
	if (err)
		return err;
	err = store_wtxn_put(w, d, ret);
	int committed = store_wtxn_commit(w);
	return err ? err : committed;
}

static inline int disk_retain(struct store *s, double now, bool hard)
{
	struct store_wtxn *w;
	int err = store_wtxn_begin(s, &w);
	if (err)
		return err;
	err = store_wtxn_retain(w, now, hard);
	int committed = store_wtxn_commit(w);
	return err ? err : committed;
}

static inline struct dump_summary *disk_load(struct store *s, uint64_t dump)
{
	struct store_rtxn *r;
	struct dump_summary *d = NULL;
	assert_int_equal(store_rtxn_begin(s, &r), 0);
	int err = store_rtxn_load(r, dump, STORE_ALL, &d);
	store_rtxn_end(r);
	if (err)
		fail_msg("dump %llu: %s", (unsigned long long)dump, hda_strerror(err));
	return d;
}

/* All dumps of a process (0: of all), rising. The caller frees. */
static inline struct store_dump *disk_list(struct store *s, uint64_t proc, size_t *n)
{
	struct store_rtxn *r;
	struct store_dump *d = NULL;
	assert_int_equal(store_rtxn_begin(s, &r), 0);
	assert_int_equal(store_rtxn_dumps(r, proc, &d, n), 0);
	store_rtxn_end(r);
	return d;
}
