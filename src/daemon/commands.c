/* Commands of the daemon itself: status, config, backup; and the names of those that main answers. SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "daemon/host.h"
#include "daemon/querier.h"
#include "hda/version.h"

enum { BACKUP_MS = 3600000 /* how long a backup may take before the watchdog thinks that it hangs */ };

static void put_fact(struct answer *a, const char *group, const char *name, struct val v, const char *text)
{
	static const char *const cols[] = {"group", "name", "value", "text"};
	const struct val cells[] = {val_str(group), val_str(name), v, val_str(text)};
	answer_cells(a, cols, cells, 4);
}

static struct val known(uint64_t n) { return n == HEADER_UNKNOWN ? val_null() : val_uint(n); }

static void put_store(struct hdad *h, struct answer *a)
{
	struct store_stats st;
	store_stats(h->store, &st);
	put_fact(a, "store", "engine", val_str(st.engine), "where summaries are kept");
	put_fact(a, "store", "used_bytes", known(st.used_bytes), "bytes of the file in use");
	put_fact(a, "store", "max_bytes", known(st.max_bytes), "bytes that may be in use (store_size)");
	put_fact(a, "store", "map_bytes", known(st.map_bytes), "bytes of address space (map_size)");
	put_fact(a, "store", "dumps", known(st.dumps), "dumps stored");
	put_fact(a, "store", "processes", known(st.procs), "process lives known");
	put_fact(a, "store", "names", known(st.names), "distinct texts in the dictionary");
	put_fact(a, "store", "readers", known(st.readers), "read transactions open or ready");
	put_fact(a, "store", "oldest_reader_txns", known(st.oldest_reader_txns), "transactions since the oldest reader began");
	put_fact(a, "store", "reopened", known(st.reopened), "times it was opened anew after a write that failed");
	put_fact(a, "store", "oldest_dump_time", st.oldest_dump_time > 0 ? val_real(st.oldest_dump_time) : val_null(),
	    "when the dump was made that came first of those stored");
}

static int run_status(struct query_job *j, struct answer *a, char **ret_text)
{
	struct hdad *h = j->h;
	(void)ret_text;
	put_fact(a, "daemon", "version", val_str(HDA_VERSION), "version of hdad");
	put_fact(a, "daemon", "pid", val_uint((uint64_t)getpid()), "process id of hdad");
	put_fact(a, "daemon", "uptime_s", val_real(host_now() - h->start_time), "seconds since it started");
	put_fact(a, "daemon", "rss", val_uint(host_rss()), "bytes resident");
	put_fact(a, "daemon", "state_dir", val_str(h->state_dir), "where the store is");
	put_fact(a, "daemon", "config", val_str(h->config_path), "configuration file");
	put_fact(a, "daemon", "workers", val_uint(h->nworkers), "threads that read dumps");
	put_fact(a, "daemon", "store_full", val_bool(atomic_load(&h->store_full)), "the last commit found no room");
	put_store(h, a);
	for (enum stat_id id = 0; id < STAT_N; id++)
		put_fact(a, "counters", stat_rows[id].name, val_uint(hdad_stat(h, id)), stat_rows[id].text);
	return HDA_STATUS_OK;
}

static bool flag(const struct query_job *j, const char *name)
{
	const struct val *v = job_arg(&j->req, name);
	return v && !(v->kind == VAL_BOOL && !v->b);
}

static int run_config(struct query_job *j, struct answer *a, char **ret_text)
{
	static const char *const cols[] = {"section", "name", "value", "default", "unit", "lowest", "highest", "changed", "reload", "text"};
	bool defaults = flag(j, "default"), changed_only = flag(j, "changed"), restart_only = flag(j, "needs-restart");
	size_t shown = 0;
	for (enum config_id id = 0; id < CFG_N; id++) {
		const struct config_row *r = &config_rows[id];
		bool is_default = false;
		uint64_t def;
		char *why = NULL;
		if (config_value(id, r->def, &def, &is_default, &why) == 0)
			is_default = j->cfg->is_auto[id] || def == config_get(j->cfg, id);
		free(why);
		if ((changed_only && is_default) || (restart_only && r->reloadable))
			continue;
		_cleanup_free_ char *value = defaults ? xstrdup(r->def) : config_format(id, config_get(j->cfg, id));
		const struct val cells[] = {val_str(r->section), val_str(r->name), val_str(value), val_str(r->def),
		    val_str(config_unit(r->kind)), val_str(r->lo), val_str(r->hi), val_bool(!is_default), val_bool(r->reloadable),
		    val_str(r->text)};
		answer_cells(a, cols, cells, sizeof(cells) / sizeof(cells[0]));
		shown++;
	}
	if (!shown)
		*ret_text = xasprintf("no option%s differs from its built-in value", restart_only ? " that needs a restart" : "");
	return HDA_STATUS_OK;
}

/* Is it the folder that was named, the disk, or hdad? */
static int backup_status(int err)
{
	if (hda_no_room(err))
		return HDA_STATUS_FULL;
	switch (err) {
	case -EEXIST:
	case -ENOENT:
	case -ENOTDIR:
	case -EACCES:
	case -EPERM:
	case -EROFS:
	case -ENAMETOOLONG:
		return HDA_STATUS_REFUSED;
	default:
		return HDA_STATUS_INTERNAL;
	}
}

static int run_backup(struct query_job *j, struct answer *a, char **ret_text)
{
	const struct val *dir = job_arg(&j->req, "dir");
	(void)a;
	if (!dir || dir->kind != VAL_STR || dir->s.n == 0 || dir->s.p[0] != '/' || memchr(dir->s.p, '\0', dir->s.n)) {
		*ret_text = xstrdup("backup: dir must be an absolute path, as hdad sees it");
		return HDA_STATUS_ARGUMENT;
	}
	if (atomic_exchange(&j->h->backup_running, true)) {
		*ret_text = xstrdup("a backup is running already");
		return HDA_STATUS_BUSY;
	}
	_cleanup_free_ char *path = xstrndup((const char *)dir->s.p, dir->s.n);
	_cleanup_free_ char *why = NULL;
	heartbeat_long(&j->q->heart, host_mono_ms() + BACKUP_MS);
	int err = store_backup(j->h->store, path, &why);
	heartbeat_long(&j->q->heart, 0);
	atomic_store(&j->h->backup_running, false);
	if (err < 0) {
		log_event(LOG_backup_failed, LOG_STR("dir", path), LOG_STR("why", why ? why : hda_strerror(err)));
		*ret_text = xasprintf("backup to %s: %s", path, why ? why : hda_strerror(err));
		return backup_status(err);
	}
	log_event(LOG_backup_done, LOG_STR("dir", path));
	*ret_text = xasprintf("backup written to %s", path);
	return HDA_STATUS_OK;
}

static const char *const no_args[] = {NULL};
static const char *const config_args[] = {"default", "changed", "needs-restart", NULL};
static const char *const backup_args[] = {"dir", NULL};
static const char *const dump_args[] = {"pid", "trace", "wait", NULL};
static const char *const ack_args[] = {"id", "until", "revision", "note", NULL};
static const char *const unack_args[] = {"id", NULL};
static const char *const watch_args[] = {"since", NULL};

static const struct daemon_cmd cmds[] = {
    {"status", "the daemon, its store, and all counters", no_args, false, BY_QUERIER, run_status},
    {"config", "every option with its value", config_args, false, BY_QUERIER, run_config},
    {"backup", "a compacted copy of the store", backup_args, true, BY_QUERIER, run_backup},
    {"ack", "mark a leak as known", ack_args, true, BY_STORER, NULL},
    {"unack", "take the mark of a known leak away", unack_args, true, BY_STORER, NULL},
    {"reload", "take over the configuration file", no_args, true, BY_MAIN, NULL},
    {"watch", "a row per event", watch_args, false, BY_MAIN, NULL},
    {"dump", "ask a process to dump", dump_args, false, BY_MAIN, NULL},
};

const struct daemon_cmd *daemon_cmd_find(const char *name)
{
	for (size_t i = 0; i < sizeof(cmds) / sizeof(cmds[0]); i++) {
		if (!strcmp(cmds[i].name, name))
			return &cmds[i];
	}
	return NULL;
}
