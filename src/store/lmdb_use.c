/* Who is in the environment, and opening it anew when LMDB has given it up. SPDX-License-Identifier: BSD-2-Clause
 *
 * One failed write of a meta page (a worn disk, a full disk that copies on write) makes LMDB refuse every later transaction with
 * MDB_PANIC until the file is opened anew (mdb.c, MDB_FATAL_ERROR; lmdb.h, "must be shut down"). Its file is whole: the commit that
 * failed is not in it. So the next one who comes while nobody is in a transaction closes it and opens it again. Nobody waits for
 * that: who comes while an older reader is still there gets -EIO, and the next may succeed. */
#include <errno.h>

#include "base/assert.h"
#include "store/lmdb_int.h"

int lmdb_join(struct lmdb *m)
{
	pthread_mutex_lock(&m->lock);
	if (m->broken && m->users == 0 && lmdb_open_again(m) == 0) {
		m->broken = false;
		m->reopened++;
	}
	bool good = !m->broken;
	m->users += good;
	pthread_mutex_unlock(&m->lock);
	return good ? 0 : -EIO;
}

static void leave(struct lmdb *m, bool broken)
{
	pthread_mutex_lock(&m->lock);
	HDA_ASSERT(m->users);
	m->users--;
	m->broken = m->broken || broken;
	pthread_mutex_unlock(&m->lock);
}

void lmdb_leave(struct lmdb *m) { leave(m, false); }

/* Not under the mutex: a second writer waits here for the first. */
static int begin(struct lmdb *m, unsigned flags, MDB_txn **ret)
{
	int dead, rc = mdb_txn_begin(m->env, NULL, flags, ret);
	if (rc != MDB_READERS_FULL)
		return rc;
	mdb_reader_check(m->env, &dead);
	return mdb_txn_begin(m->env, NULL, flags, ret);
}

int lmdb_enter(struct lmdb *m, unsigned flags, MDB_txn **ret)
{
	for (int turn = 0;; turn++) {
		int err = lmdb_join(m);
		if (err)
			return err;
		int rc = begin(m, flags, ret);
		if (rc == 0)
			return 0;
		leave(m, rc == MDB_PANIC);
		if (rc != MDB_PANIC || turn)
			return db_err(rc);
	}
}
