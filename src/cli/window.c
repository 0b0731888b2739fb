/* Windows of a mapped file. SPDX-License-Identifier: BSD-2-Clause */
#include "cli/window.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/mem.h"
#include "scan/scanner.h"

struct window {
	int fd;
	uint8_t *map;
	uint64_t size, page;
	uint64_t given, end;          /* what was given out last */
	volatile sig_atomic_t lost;   /* a page of it was not there: zeros are */
};

/* Whose bytes this thread reads. SIGBUS comes to the thread that touched the page. */
static _Thread_local struct window *volatile reading;

/* Puts zeros where the file was, so that the reader goes on to the end of its piece and asks for the next. Only mmap is called, which
 * is one system call. A fault elsewhere ends the process, as without a handler. */
static void on_bus(int sig, siginfo_t *info, void *ctx)
{
	(void)ctx;
	struct window *w = reading;
	uintptr_t at = (uintptr_t)info->si_addr, map = w ? (uintptr_t)w->map : 0;
	int saved = errno;
	if (w && at >= map && at - map < w->size &&
	    mmap((void *)(at & ~(uintptr_t)(w->page - 1)), w->page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED)
		w->lost = 1;
	else
		sigaction(sig, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
	errno = saved;
}

static void take_signal(void)
{
	struct sigaction a = {.sa_sigaction = on_bus, .sa_flags = SA_SIGINFO};
	sigemptyset(&a.sa_mask);
	sigaction(SIGBUS, &a, NULL);
}

struct window *window_new(int fd, uint64_t size)
{
	void *map = size > 0 && size <= SIZE_MAX ? mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
	if (map == MAP_FAILED)
		return NULL;
	take_signal(); /* each time: a test's framework takes it, too */
	(void)madvise(map, size, MADV_SEQUENTIAL);
	struct window *w = xcalloc(1, sizeof(*w));
	w->fd = fd;
	w->map = map;
	w->size = size;
	w->page = (uint64_t)sysconf(_SC_PAGESIZE);
	return w;
}

void window_free(struct window *w)
{
	if (!w)
		return;
	if (reading == w)
		reading = NULL;
	munmap(w->map, w->size);
	free(w);
}

/* What became of the bytes: read(2) tells what a signal cannot. Are they all there, the file was shorter for a while. */
static ssize_t lost(const struct window *w)
{
	uint8_t byte;
	for (uint64_t at = w->given; at < w->end; at += w->page)
		if (pread(w->fd, &byte, 1, (off_t)at) < 0)
			return -errno;
	return HDA_EPARTIAL;
}

ssize_t window_next(struct window *w, uint64_t at, const uint8_t **ret)
{
	if (w->lost)
		return lost(w);
	/* What has been read is no longer a part of this process's memory. */
	uint64_t from = w->given & ~(w->page - 1), to = at & ~(w->page - 1);
	if (to > from)
		(void)madvise(w->map + from, to - from, MADV_DONTNEED);
	uint64_t end = (at / WINDOW + 1) * WINDOW, all = w->size > SCAN_PAD ? w->size - SCAN_PAD : 0;
	end = end < all ? end : all;
	w->given = at;
	w->end = end > at ? end : at;
	reading = w;
	/* Mapping reads ahead less than read(2) does. */
	(void)posix_fadvise(w->fd, (off_t)end, WINDOW, POSIX_FADV_WILLNEED);
	*ret = w->map + at;
	return (ssize_t)(w->end - at);
}
