/* Questions to the host: processors, memory, time. SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/host.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <time.h>
#include <unistd.h>

enum { HOST_MEMORY_LEAST = 64 << 20 };

uint64_t host_cpus(void)
{
	cpu_set_t set;
	if (sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) > 0)
		return (uint64_t)CPU_COUNT(&set);
	long n = sysconf(_SC_NPROCESSORS_ONLN);
	return n > 0 ? (uint64_t)n : 1;
}

/* A file that holds one number; UINT64_MAX when it holds none ("max") or is not there. */
static uint64_t read_limit(const char *path)
{
	FILE *f = fopen(path, "re");
	if (!f)
		return UINT64_MAX;
	char line[64];
	uint64_t v = UINT64_MAX;
	if (fgets(line, sizeof(line), f) && line[0] >= '0' && line[0] <= '9')
		v = strtoull(line, NULL, 10);
	fclose(f);
	return v;
}

/* The least limit from this group up to the root. */
static uint64_t group_limit(const char *mount, char *group, const char *file)
{
	uint64_t least = UINT64_MAX;
	for (;;) {
		char path[4096];
		snprintf(path, sizeof(path), "%s%s/%s", mount, group, file);
		uint64_t v = read_limit(path);
		least = v < least ? v : least;
		char *slash = strrchr(group, '/');
		if (!slash)
			return least;
		*slash = '\0';
	}
}

static uint64_t cgroup_memory(void)
{
	uint64_t least = UINT64_MAX;
	FILE *f = fopen("/proc/self/cgroup", "re");
	if (!f)
		return least;
	char line[4096];
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		char *controllers = strchr(line, ':');
		char *group = controllers ? strchr(controllers + 1, ':') : NULL;
		if (!group)
			continue;
		*group++ = '\0';
		uint64_t v = UINT64_MAX;
		if (controllers[1] == '\0') /* "0::/path" is version 2 */
			v = group_limit("/sys/fs/cgroup", group, "memory.max");
		else if (strstr(controllers, "memory"))
			v = group_limit("/sys/fs/cgroup/memory", group, "memory.limit_in_bytes");
		least = v < least ? v : least;
	}
	fclose(f);
	return least;
}

uint64_t host_total_memory(void)
{
	struct sysinfo si;
	return sysinfo(&si) == 0 ? (uint64_t)si.totalram * si.mem_unit : 0;
}

uint64_t host_memory(void)
{
	uint64_t total = host_total_memory(), all = total ? total : UINT64_C(1) << 30;
	uint64_t group = cgroup_memory();
	uint64_t least = group < all ? group : all;
	return least > HOST_MEMORY_LEAST ? least : HOST_MEMORY_LEAST;
}

uint64_t host_mono_us(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

uint64_t host_mono_ms(void) { return host_mono_us() / 1000; }

double host_now(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_REALTIME, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

uint64_t host_rss(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	if (!f)
		return 0;
	unsigned long size, rss;
	int n = fscanf(f, "%lu %lu", &size, &rss);
	fclose(f);
	return n == 2 ? (uint64_t)rss * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

void host_trim(void)
{
#ifdef __GLIBC__
	malloc_trim(0);
#endif
}
