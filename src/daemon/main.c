/* hdad: options, and the state of a process before its first thread. SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "base/mem.h"
#include "daemon/hdad.h"
#include "hda/schema.h"
#include "hda/version.h"

enum {
	EXIT_USAGE = 2,
	EXIT_CONFIG = 78,        /* sysexits.h: systemd does not restart for it (RestartPreventExitStatus) */
	FILES_WANTED = 65536,    /* descriptors: 20 000 idle gems, and room */
	ARENAS = 4,              /* malloc arenas: with one per thread freed memory is found by nobody */
	MMAP_FROM = 8 << 20,     /* blocks of this size go back to the system when freed; fixed, else glibc raises it to 32 MiB */
	KEEP_FREE = 32 << 20,    /* freed memory kept per arena, until nothing was asked for TRIM_AFTER_S (hdad.c) */
};

static const char usage[] =
    "usage: hdad [-c FILE] [--state-dir DIR] [--runtime-dir DIR] [--check-config]\n"
    "       hdad migrate FROM TO\n"
    "  -c, --config FILE      configuration (default: built in; see hda.conf(5))\n"
    "      --state-dir DIR    where the store is (default: $STATE_DIRECTORY, else /var/lib/hda)\n"
    "      --runtime-dir DIR  where the sockets are (default: $RUNTIME_DIRECTORY, else /run/hda)\n"
    "      --check-config     check the configuration, say what is wrong, and end\n"
    "      --version          print the version and end\n"
    "  -h, --help             print this and end\n"
    "hdad stays in the foreground. SIGTERM finishes the dumps in flight, a second one stops at once, SIGHUP reloads.\n"
    "hdad migrate copies a store of an older schema, offline, into the new directory TO.\n";

enum { OPT_STATE = 256, OPT_RUNTIME, OPT_CHECK, OPT_VERSION };

static const struct option options[] = {
    {"config", required_argument, NULL, 'c'},
    {"state-dir", required_argument, NULL, OPT_STATE},
    {"runtime-dir", required_argument, NULL, OPT_RUNTIME},
    {"check-config", no_argument, NULL, OPT_CHECK},
    {"version", no_argument, NULL, OPT_VERSION},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

/* One line is read, a page is not. */
static int wrong(const char *what, const char *word)
{
	fprintf(stderr, "hdad: %s%s%s%s; see hdad --help\n", what, word ? " \"" : "", word ? word : "", word ? "\"" : "");
	return EXIT_USAGE;
}

/* A closed standard descriptor would become the store's data file, and the next log line would overwrite it. */
static void fill_standard_fds(void)
{
	int fd;
	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= 2);
	if (fd > 2)
		close(fd);
}

static void raise_files(void)
{
	struct rlimit rl;
	if (getrlimit(RLIMIT_NOFILE, &rl) < 0)
		return;
	rlim_t want = rl.rlim_max < FILES_WANTED ? rl.rlim_max : FILES_WANTED;
	if (rl.rlim_cur < want) {
		rl.rlim_cur = want;
		if (setrlimit(RLIMIT_NOFILE, &rl) < 0)
			errno = 0; /* then accepting pauses earlier */
	}
}

static void harden(void)
{
	/* Dumps hold secrets, and a core of hdad would hold dumps. LimitCORE=0 says the same for the unit. */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	sigaction(SIGPIPE, &ignore, NULL);
	raise_files();
#ifdef __GLIBC__
	mallopt(M_ARENA_MAX, ARENAS);
	mallopt(M_MMAP_THRESHOLD, MMAP_FROM);
	mallopt(M_TRIM_THRESHOLD, KEEP_FREE);
#endif
}

/* The first directory of a list that systemd may have set ("a:b"), or the default. */
static char *dir_from(const char *option, const char *env, const char *fallback)
{
	if (option)
		return xstrdup(option);
	const char *v = getenv(env);
	return v && *v ? xstrndup(v, strcspn(v, ":")) : xstrdup(fallback);
}

static int migrate(int argc, char **argv)
{
	if (argc != 2)
		return wrong("migrate needs FROM and TO", NULL);
	char *why = NULL;
	int err = store_migrate(argv[0], argv[1], &why);
	if (err < 0)
		fprintf(stderr, "hdad: migrate %s: %s\n", argv[0], why ? why : hda_strerror(err));
	else
		printf("%s: copied to %s with schema %d.%d; move it into place while hdad is stopped\n", argv[0], argv[1],
		    HDA_SCHEMA_MAJOR, HDA_SCHEMA_MINOR);
	free(why);
	return err < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int serve(const char *config, const char *state, const char *runtime)
{
	char *why = NULL;
	struct config *cfg;
	if (config_load(config, &cfg, &why) < 0) {
		log_event(LOG_config_bad, LOG_STR("why", why));
		free(why);
		return EXIT_CONFIG;
	}
	log_set_level((unsigned)config_get(cfg, CFG_log_level));
	log_route_libevent();
	_cleanup_free_ char *state_dir = dir_from(state, "STATE_DIRECTORY", "/var/lib/hda");
	_cleanup_free_ char *runtime_dir = dir_from(runtime, "RUNTIME_DIRECTORY", "/run/hda");
	log_event(LOG_start, LOG_STR("version", HDA_VERSION), LOG_STR("config", config ? config : "(built in)"),
	    LOG_STR("state_dir", state_dir));
	struct hdad *h;
	struct hdad_opts opts = {.config_path = config, .state_dir = state_dir, .runtime_dir = runtime_dir};
	if (hdad_start(&h, &opts, cfg, &why) < 0) {
		log_event(LOG_start_failed, LOG_STR("why", why));
		free(why);
		return EXIT_FAILURE;
	}
	return hdad_run(h);
}

static int check_config(const char *path)
{
	struct config *cfg;
	char *why = NULL;
	if (config_load(path, &cfg, &why) < 0) {
		fprintf(stderr, "%s\n", why);
		free(why);
		return EXIT_CONFIG;
	}
	config_unref(cfg);
	printf("%s: ok\n", path ? path : "built-in configuration");
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	const char *config = NULL, *state = NULL, *runtime = NULL;
	bool check = false;
	fill_standard_fds();
	harden();
	for (int o; (o = getopt_long(argc, argv, "c:h", options, NULL)) != -1;) {
		switch (o) {
		case 'c':
			config = optarg;
			break;
		case OPT_STATE:
			state = optarg;
			break;
		case OPT_RUNTIME:
			runtime = optarg;
			break;
		case OPT_CHECK:
			check = true;
			break;
		case OPT_VERSION:
			printf("hdad %s (protocol %d..%d, schema %d.%d)\n", HDA_VERSION, HDA_PROTOCOL_MIN, HDA_PROTOCOL_MAX,
			    HDA_SCHEMA_MAJOR, HDA_SCHEMA_MINOR);
			return EXIT_SUCCESS;
		case 'h':
			fputs(usage, stdout);
			return EXIT_SUCCESS;
		default:
			return wrong("wrong options", NULL); /* getopt said which */
		}
	}
	if (optind < argc && !strcmp(argv[optind], "migrate"))
		return migrate(argc - optind - 1, argv + optind + 1);
	if (optind < argc)
		return wrong("no such command:", argv[optind]);
	return check ? check_config(config) : serve(config, state, runtime);
}
